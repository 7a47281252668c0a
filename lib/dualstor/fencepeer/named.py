# SPDX-License-Identifier: GPL-2.0-or-later
"""Where DRBD's configuration names our fence-peer handler: then it must not be removed.

DRBD would look for it when the peer is lost, and keep I/O frozen for want of it. Every way of
removing dualstor asks here; the scripts of packages run this file alone, as a program:

    named.py DIRECTORY      exit code 3 and an explanation when a file below it names the handler

So it imports nothing of ours, and what it cannot read refuses nothing.
"""

import glob
import os
import re
import sys

TYPE_CHECKING = False       # only mypy sees what is imported there
if TYPE_CHECKING:
    from typing import Iterator

NAMED = 3       # the exit code; a Python that fails has another one

_HANDLER = "dualstor-fence-peer"

#: Without drbdadm, which the kernel calls, DRBD runs no handler; the last one is of DRBD 8.3.
_DRBDADM = ("usr/sbin/drbdadm", "usr/bin/drbdadm", "sbin/drbdadm")

#: What drbdadm reads, of which the first that exists is all (drbd-utils: conf_file[]).
_MAIN = tuple(f"etc/drbd{version}.conf" for version in ("-90", "-84", "-83", "-82", "-08", ""))

_INCLUDE = re.compile(r"\binclude\s+\"?([^\s\";]+)\"?\s*;")
_FILES = 10000      # more is no configuration


def _lines(top: str, path: str, seen: "set[str]") -> "Iterator[tuple[str, int, str]]":
    """(path, number, text) of each line of a file below *top*, and of those that it includes."""
    if path in seen or len(seen) > _FILES:
        return
    seen.add(path)
    try:
        with open(os.path.join(top, path), encoding="utf-8", errors="replace") as stream:
            texts = stream.read().split("\n")
    except OSError:
        return
    for number, text in enumerate(texts, 1):
        text = text.partition("#")[0]
        yield path, number, text
        for pattern in _INCLUDE.findall(text):
            # an absolute one is of the host that *top* stands for
            full = os.path.join("/", os.path.dirname(path), pattern).lstrip("/")
            for name in sorted(glob.glob(os.path.join(glob.escape(top), full))):
                yield from _lines(top, os.path.normpath(os.path.relpath(name, top)), seen)


def places(top: str = "/") -> "list[str]":
    """The lines of DRBD's configuration that name our handler, as "/etc/drbd.d/r0.res:7".

    :param top: the directory that stands for /
    """
    if not any(os.path.exists(os.path.join(top, path)) for path in _DRBDADM):
        return []
    seen: "set[str]" = set()
    return [f"/{path}:{number}" for main in _MAIN for path, number, text in _lines(top, main, seen)
            if _HANDLER in text]


def refusal(found: "list[str]") -> str:
    """What to say, and what to do, where there are such places."""
    return (f"{_HANDLER} cannot be removed: {', '.join(found)} "
            f"{'names' if len(found) == 1 else 'name'} it as DRBD's handler. Without it nobody "
            "fences a lost peer, and I/O stays frozen. Stop the cluster on this node, delete that "
            "line or name another handler, then remove it again.")


def script() -> int:
    """The program; returns its exit code."""
    found = places(*sys.argv[1:2])
    if not found:
        return 0
    print("dualstor: " + refusal(found), file=sys.stderr)
    return NAMED


if __name__ == "__main__":
    sys.exit(script())
