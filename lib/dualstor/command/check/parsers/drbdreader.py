# SPDX-License-Identifier: GPL-2.0-or-later
"""Reads DRBD's files as drbdadm does: each once, included ones in their place."""

from dualstor.command.check.parsers.where import Problem, Where
from dualstor.errors import ParseError
from dualstor.tools import drbdgrammar, drbdinclude
from dualstor.tools.drbdtree import OPEN_ENDED, DrbdSection, read

TYPE_CHECKING = False   # only mypy sees what is imported there
if TYPE_CHECKING:
    from typing import Mapping

    from dualstor.tools.drbdgrammar import Mistake

_FILES = 1000   # more is no configuration


class DrbdProblem(Problem):
    """What DRBD refuses; ``by_drbdadm``: drbdadm itself, not only drbdsetup or the kernel."""

    by_drbdadm: bool = True


class Reader:
    """The sections of all files that drbdadm reads, and what is wrong with each file."""

    def __init__(self, files: "Mapping[str, str]", broken: "Mapping[str, str]",
                 generation: str) -> None:
        self._files, self._broken, self._generation = files, broken, generation
        self._seen: "set[str]" = set()
        self.sections: "list[DrbdSection]" = []
        self.problems: "list[DrbdProblem]" = []
        self.templates: "dict[str, DrbdSection]" = {}

    def _problem(self, path: str, line: int, text: str, by_drbdadm: bool = True) -> None:
        self.problems.append(DrbdProblem(where=Where(path, line), text=text,
                                         by_drbdadm=by_drbdadm))

    def read(self, path: str) -> None:
        """Read a file and those that it includes, in its place; each is read once."""
        if path in self._seen or len(self._seen) > _FILES:
            return
        self._seen.add(path)
        top, unclosed, broken = read(self._files[path], path)
        mistakes = drbdgrammar.mistakes(top, self._generation)
        if len(unclosed) == 1 and unclosed[0].head[0] in OPEN_ENDED \
                and not any(mistake.misplaced for mistake in mistakes):
            unclosed = []
        if unclosed or broken:
            self._cut_off(path, top, unclosed, broken, mistakes)
        else:
            for mistake in mistakes:
                self._problem(path, mistake.line, mistake.text, mistake.by_drbdadm)
        bad = unclosed[:1]
        for item in drbdinclude.top_level(top):
            if isinstance(item, DrbdSection):
                if item not in bad:
                    self.sections.append(item)
                    self._template(path, item)
            elif item[0] == "include" and len(item) == 2:
                self._include(path, item.line, item[1])

    def _cut_off(self, path: str, top: DrbdSection, unclosed: "list[DrbdSection]",
                 broken: "ParseError | None", mistakes: "list[Mistake]") -> None:
        """A file whose braces, quotes or semicolons are wrong: one problem, the first cause."""
        first = next((one for one in mistakes if one.by_drbdadm), None)
        if broken is not None and (first is None or first.line >= (broken.number or 1)):
            self._problem(path, broken.number or 1, str(broken).partition(": ")[2])
        elif first is not None and not first.misplaced:
            self._problem(path, first.line, first.text)
        else:
            section = drbdgrammar.culprit(unclosed, top, self._generation)
            self._problem(path, section.line,
                          f"section {' '.join(section.head)[:80]} is not closed")

    def _include(self, path: str, line: int, named: str) -> None:
        pattern = drbdinclude.absolute(path, named)
        found = drbdinclude.matching(pattern, list(self._files) + list(self._broken)) \
            if drbdinclude.is_pattern(pattern) else [pattern]
        for one in found:
            if one in self._files:
                self.read(one)
            else:
                why = self._broken.get(one, "there is no such file")
                self._problem(path, line, f"include \"{named}\": {one}: {why}")

    def _template(self, path: str, section: DrbdSection) -> None:
        """Read the file that a resource of DRBD 9 uses instead of ``common``."""
        named = section.value("template-file")
        if section.head[0] != "resource" or not named:
            return
        template = drbdinclude.absolute(path, named[0])
        if template not in self._files:
            self._problem(path, section.line, f"template-file \"{named[0]}\" cannot be read")
            return
        common = read(self._files[template], template)[0].named("common")
        if common:
            self.templates[section.head[1]] = common[0]
