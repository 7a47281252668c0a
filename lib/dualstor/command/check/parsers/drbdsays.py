# SPDX-License-Identifier: GPL-2.0-or-later
"""What ``drbdadm dump`` says of files that it refuses, with the places.

Source: drbd-utils, user/v9/drbdadm_parser.c and drbdadm_postparse.c (8.3 and 8.4 alike): a line
begins with FILE:LINE:, and what follows without it belongs to it.
"""

import posixpath
import re

from dualstor.command.check.parsers.where import Problem, Where
from dualstor.record import whole

TYPE_CHECKING = False   # only mypy sees what is imported there
if TYPE_CHECKING:
    from typing import Iterator

_PLACE = re.compile(r"^(\S+?):([0-9]{1,9}): ?(.*)$")
_DIRECTORY = "/etc"     # from where drbdadm shows a file that another includes

#: What other rules report, with a fix that fits.
_ELSEWHERE = re.compile(
    r"conflicting use of '?(resource section|global section|disk|device|device-minor|meta-disk|IP|"
    r"stacked-on-top-of)\b|is also used |not found on this host|first used here|both endpoints")
_NO_REFUSAL = re.compile(r"^(WARN|Warning)|should put the global|deprecated|no longer generated|"
                         r"explicitly named connections")


def elsewhere(said: str) -> bool:
    """Whether it says something that other rules report."""
    return bool(_ELSEWHERE.search(said))


def problems(said: str) -> "Iterator[Problem]":
    """The Problems in what drbdadm says, those that other rules have left out."""
    found: "list[tuple[Where, list[str]]]" = []
    for line in said.split("\n"):
        match = _PLACE.match(line)
        if match:
            path = posixpath.normpath(posixpath.join(_DIRECTORY, match.group(1)))
            found.append((Where(path, whole(match.group(2)) or None), [match.group(3)]))
        elif found and line.strip():
            found[-1][1].append(line)
    for where, lines in found:
        text = " ".join(" ".join(lines).split())
        if not _ELSEWHERE.search(text) and not _NO_REFUSAL.search(text):
            yield Problem(where=where, text=text.replace("Parse error: ", "", 1)[:300])
