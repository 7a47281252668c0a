# SPDX-License-Identifier: GPL-2.0-or-later
"""lvm.conf, and LVM's settings in effect: asked of LVM as its version allows, or read from it.

Until 2.02.127 ``lvm dumpconfig`` takes LVM's locks like any other command: it is
refused with locking_type 3 while clvmd does not run, and hangs while that has no
quorum, which are the very moments at which the settings must be known. Then lvm.conf
itself is read.
Sources: LVM2 tools/{dumpconfig,lvmcmdline,commands.h}, libdm/libdm-config.c (the format),
libdm-string.c (dm_unescape_double_quotes), lib/config/{defaults.h,config_settings.h},
lvm.conf(5).
"""

import re

from dualstor.errors import ParseError, ToolHung
from dualstor.host.deadline import QUERY
from dualstor.record import Record
from dualstor.tools import lvm_messages

TYPE_CHECKING = False   # only mypy sees what is imported there
if TYPE_CHECKING:
    from typing import Match

    from dualstor.host.host import Host

#: Later files rule; tags' files (lvm_TAG.conf) are not read.
FILES = ("/etc/lvm/lvm.conf", "/etc/lvm/lvmlocal.conf")

#: First versions with ``lvmconfig``, and with its ``--type full`` that shows defaults too.
_LVMCONFIG, _FULL = (2, 2, 119), (2, 2, 123)

#: First version that answers without a lock.
_LOCKLESS = (2, 2, 128)

#: What an older LVM takes for a setting that lvm.conf does not have.
_DEFAULTS = {"global/locking_type": "1", "global/fallback_to_local_locking": "1",
             "global/use_lvmetad": "0"}

_NOT_SET = "Configuration node"
_DEPTH = 20     # sections within sections; LVM has three
_SHOWN = 60     # characters of a word in a problem

_TOKEN = re.compile(r"""
    (?P<skip> (?: \s+ | \#[^\n]* )+ )
  | "(?P<quoted> (?: [^"\\] | \\. )* )"
  | '(?P<plain> [^']* )'
  | (?P<mark> [{}=\[\],] )
  | (?P<word> [^\s{}=\[\],\#"']+ )
  | (?P<odd> . )
""", re.VERBOSE | re.DOTALL)
_ESCAPED = re.compile(r'\\(["\\])')     # a backslash before anything else stands for itself


# -- the file ----------------------------------------------------------------------


class LvmconfSetting(Record):
    """A setting where it stands: from ``begin`` to ``end`` in the text, name and value."""

    name: str                       # "section/name"
    value: "str | tuple[str, ...]"  # quotes removed; a tuple is a list
    line: int                       # the number of the line that it begins on
    begin: int
    end: int


class LvmconfSection(Record):
    """A section; ``end`` is the place of its closing brace in the text."""

    name: str
    line: int
    end: int


class LvmconfProblem(Record):
    """What LVM would not understand, and the number of its line."""

    line: int
    text: str


class Scan:
    """All that the text of an lvm.conf has, in order; takes any text.

    ``settings``, ``sections`` and ``problems`` are lists of LvmconfSetting, LvmconfSection
    and LvmconfProblem.
    """

    def __init__(self, text: str) -> None:
        self.settings: "list[LvmconfSetting]" = []
        self.sections: "list[LvmconfSection]" = []
        self.problems: "list[LvmconfProblem]" = []
        self._text = text
        self._counted, self._line = 0, 1
        self._tokens = (token for token in _TOKEN.finditer(text) if token.lastgroup != "skip")
        self._next = next(self._tokens, None)
        self._scan()

    def _take(self) -> "Match[str] | None":
        """The next token; None at the end. ``_next`` is the one after it."""
        token, self._next = self._next, next(self._tokens, None)
        return token

    def _number(self, place: int) -> int:
        """The number of the line at *place*, which is not before the last one asked for."""
        self._line += self._text.count("\n", self._counted, place)
        self._counted = place
        return self._line

    def _wrong(self, token: "Match[str] | None", text: str) -> None:
        place = len(self._text.rstrip()) if token is None else token.start()
        self.problems.append(LvmconfProblem(line=self._number(place), text=text))

    def _scan(self) -> None:
        inside: "list[tuple[str, int]]" = []    # the open sections: name, number of the line
        while self._next is not None:
            token = self._next
            self._take()
            name = "/".join([section for section, _ in inside] + [_text(token)])
            if _mark(token) == "}" and inside:
                section, line = inside.pop()
                self.sections.append(LvmconfSection(
                    name="/".join([outer for outer, _ in inside] + [section]), line=line,
                    end=token.start()))
            elif _mark(token) == "}":
                self._wrong(token, "a closing brace that nothing opened")
            elif not _is_text(token):
                self._wrong(token, f"unexpected \"{token.group()}\"")
            elif _mark(self._next) == "{" and len(inside) >= _DEPTH:
                self._wrong(token, "sections are nested too deeply")
                return
            elif _mark(self._next) == "{":
                inside.append((_text(token), self._number(token.start())))
                self._take()
            elif _mark(self._next) == "=":
                self._take()
                self._setting(name, token.start())
            else:
                self._wrong(token, f"neither a setting nor a section: {_text(token)[:_SHOWN]}")
        for section, line in inside:
            self.problems.append(LvmconfProblem(
                line=line, text=f"no closing brace for the section \"{section}\""))

    def _setting(self, name: str, begin: int) -> None:
        """Take a value and add its LvmconfSetting."""
        line, token = self._number(begin), self._next
        if token is None or not (_is_text(token) or _mark(token) == "["):
            self._wrong(token, "a value is missing")
            return
        self._take()
        value: "str | tuple[str, ...]" = _text(token)
        if _mark(token) == "[":
            items = []
            token = self._take()
            while token is not None and (_is_text(token) or _mark(token) == ","):
                items += [_text(token)] if _is_text(token) else []
                token = self._take()
            if token is None or _mark(token) != "]":
                self._wrong(token, "a list is not closed")
                return
            value = tuple(items)
        self.settings.append(LvmconfSetting(name=name, value=value, line=line, begin=begin,
                                     end=token.end()))


def parse(text: str, source: str = FILES[0]) -> "dict[str, str | tuple[str, ...]]":
    """The settings in the text of an lvm.conf, as a dict of "section/name" to the value.

    A list is a tuple. Of two settings of one name the last rules.

    :raises ParseError: it is cut off or something else
    """
    return {setting.name: setting.value for setting in understood(text, source).settings}


def understood(text: str, source: str = FILES[0]) -> Scan:
    """The Scan of a text that has no problem.

    :raises ParseError: it has one: it is cut off or something else
    """
    found = Scan(text)
    for problem in found.problems:
        raise ParseError(source, text.split("\n")[problem.line - 1],
                         f"line {problem.line}: {problem.text}", problem.line)
    return found


def _mark(token: "Match[str] | None") -> "str | None":
    """The mark that a token is; None when it is something else."""
    return token.group("mark") if token else None


def _is_text(token: "Match[str] | None") -> bool:
    """Whether a token is a word or a string."""
    return token is not None and token.lastgroup in ("word", "quoted", "plain")


def _text(token: "Match[str]") -> str:
    """A word, or a string without its quotes."""
    kind = token.lastgroup or ""
    text = token.group(kind)
    return _ESCAPED.sub(r"\1", text) if kind == "quoted" else text


def read(host: "Host") -> "dict[str, str | tuple[str, ...]]":
    """The settings in lvm.conf of this host, as ``parse`` returns them; {} when there is none.

    :raises ParseError: a file is not understood
    """
    found: "dict[str, str | tuple[str, ...]]" = {}
    for path in FILES:
        found.update(parse(host.read(path) or "", path))
    return found


# -- the settings in effect --------------------------------------------------------


def parse_setting(text: str) -> str:
    """The value in ``name=value`` as dumpconfig prints it, quotes removed.

    :raises ParseError: it is something else
    """
    line = text.strip().partition("\n")[0]
    _, equals, value = line.partition("=")
    if not equals:
        raise ParseError("lvm dumpconfig", line, "expected \"name=value\"")
    return value.strip().strip('"')
def setting(host: "Host", name: str, lvm_version: "tuple[int, ...]",
            timeout: float = QUERY) -> "str | None":
    """The value in effect of a setting, e.g. "devices/use_devicesfile"; takes no lock.

    :returns: text, None where this LVM has no such setting
    :raises ToolError: lvm is missing or hung, or gives no answer
    :raises ParseError: its answer has another form, or LVM refused the question and its
        lvm.conf is not understood
    """
    command: "tuple[str, ...]" = ("lvm", "lvmconfig" if lvm_version >= _LVMCONFIG else "dumpconfig")
    if lvm_version >= _FULL:
        command += ("--type", "full")
    default = _DEFAULTS.get(name) if lvm_version < _FULL else None
    try:
        completed = host.within(2, lambda: host.run(command + (name,), timeout))
    except ToolHung:
        if lvm_version >= _LOCKLESS:
            raise
        return _in_files(host, name, default)
    if completed.ok:
        return parse_setting(completed.answer())
    if "no daemon" in lvm_messages.kinds(lvm_messages.classify(completed.stderr)):
        return _in_files(host, name, default)
    return default if _NOT_SET in completed.stderr else None


def _in_files(host: "Host", name: str, default: "str | None") -> "str | None":
    """A setting's text in the files; LVM does not take a list for one either."""
    value = read(host).get(name)
    return value if isinstance(value, str) else default
