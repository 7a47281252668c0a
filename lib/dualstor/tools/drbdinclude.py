# SPDX-License-Identifier: GPL-2.0-or-later
"""Which other files a DRBD configuration file names, and which paths a pattern stands for.

Source: drbd.conf(5); drbd-utils user/v9/drbdadm_parser.c, include_stmt(): relative to the file's
directory, glob(7), and only a pattern may match nothing.
"""

import fnmatch
import posixpath

from dualstor.tools import drbdtree

TYPE_CHECKING = False   # only mypy sees what is imported there
if TYPE_CHECKING:
    from typing import Callable, Iterable, Iterator

    from dualstor.tools.drbdtree import DrbdSection

_MAGIC = "*?["


def is_pattern(text: str) -> bool:
    """Whether it may match nothing."""
    return any(mark in text for mark in _MAGIC)


def absolute(path: str, named: str) -> str:
    """The path or pattern that a file names, from the root.

    :param path: the file
    """
    return posixpath.normpath(posixpath.join(posixpath.dirname(path), named))


def named(path: str, text: str) -> "Iterator[str]":
    """The paths and patterns that a file includes, from the root, or uses as a template."""
    top = drbdtree.read(text)[0]
    for section in [top] + top.named("resource"):
        for words in section.statements:
            if len(words) == 2 and words[0] == ("template-file" if section.line else "include"):
                yield absolute(path, words[1])


def _fits(name: str, pattern: str) -> bool:
    """Whether a name fits one part of a pattern; one that begins with a dot must be meant."""
    return fnmatch.fnmatchcase(name, pattern) and (name[:1] != "." or pattern[:1] == ".")


def matching(pattern: str, paths: "Iterable[str]") -> "list[str]":
    """Those of the paths that a pattern stands for, sorted."""
    parts = pattern.split("/")
    return sorted(path for path in paths if len(path.split("/")) == len(parts)
                  and all(map(_fits, path.split("/"), parts)))


def expanded(pattern: str, entries: "Callable[[str], Iterable[str]]") -> "list[str]":
    """The paths on a host that a pattern stands for.

    :param entries: the names in a directory; none if it is no directory
    """
    if not is_pattern(pattern):
        return [pattern]
    found = [""]
    for part in pattern.split("/")[1:]:
        if is_pattern(part):
            found = [f"{folder}/{name}" for folder in found
                     for name in sorted(entries(folder or "/")) if _fits(name, part)]
        else:
            found = [f"{folder}/{part}" for folder in found]
    return found


def top_level(top: "DrbdSection") -> "list[DrbdSection | drbdtree.Statement]":
    """The sections and statements outside of all sections, in their order."""
    both: "list[DrbdSection | drbdtree.Statement]" = [*top.sections, *top.statements]
    return sorted(both, key=lambda one: one.line)
