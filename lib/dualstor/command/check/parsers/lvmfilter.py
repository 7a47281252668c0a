# SPDX-License-Identifier: GPL-2.0-or-later
"""LVM's filters (lvm.conf(5), devices/filter). Source: LVM2 lib/filters/filter-regex.c."""

from dualstor.command.check.parsers import dmregex
from dualstor.command.check.parsers.dmregex import Malformed

TYPE_CHECKING = False   # only mypy sees what is imported there
if TYPE_CHECKING:
    from typing import Iterable

_CLOSING = {"(": ")", "[": "]", "{": "}"}


def _regex(pattern: str) -> str:
    """The regular expression of a pattern such as "a|^/dev/drbd|".

    :raises Malformed: it is not of that form
    """
    delimiter = pattern[1:2]
    closing = _CLOSING.get(delimiter, delimiter)
    if pattern[:1] not in ("a", "r"):
        raise Malformed('it begins neither with "a" nor with "r"')
    if not delimiter or len(pattern) < 3 or not pattern.endswith(closing):
        raise Malformed(f'it does not end with "{closing or "|"}"')
    return pattern[2:-1]


def problem(pattern: str) -> "str | None":
    """Why LVM refuses a pattern; None if it does not."""
    try:
        dmregex.search(_regex(pattern), "/dev/null")
    except Malformed as why:
        return str(why)
    return None


def passes(patterns: "Iterable[str]", names: "Iterable[str]") -> bool:
    """Whether a filter accepts a device.

    For each name of the device the first pattern that matches decides. One accepted name
    is enough; otherwise one rejected name is.

    :param patterns: texts such as "a|^/dev/drbd|"
    :param names: all names of the device
    :raises Malformed: LVM refuses a pattern
    """
    patterns = tuple(patterns)
    expressions = [(pattern[:1], _regex(pattern)) for pattern in patterns]
    verdicts = {next((kind for kind, regex in expressions if dmregex.search(regex, name)), None)
                for name in names}
    return "a" in verdicts or "r" not in verdicts
