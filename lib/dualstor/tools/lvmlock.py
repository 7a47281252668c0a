# SPDX-License-Identifier: GPL-2.0-or-later
"""lvmlockctl: which locks this host's lvmlockd holds.

Sources: LVM2 daemons/lvmlockd/lvmlockctl.c (format_info_ls, format_info_r, format_info_lk;
setup_dump_socket).
"""

import errno
import re

from dualstor.errors import ParseError, ToolFailed
from dualstor.host.deadline import QUERY
from dualstor.record import Record

TYPE_CHECKING = False   # only mypy sees what is imported there
if TYPE_CHECKING:
    from dualstor.host.host import Host
    from dualstor.host.run import Completed

_INFO = ("lvmlockctl", "--info")
_TAKEN = f"socket error -{errno.EADDRINUSE}"
_PAUSE = 0.2    # seconds until it is asked again


class VgLockspace(Record):
    """One lockspace of lvmlockd.

    ``volumes`` are the locks of LVs: (id without hyphens, "sh", "ex" or "un").
    ``vg`` is "" for the global lockspace.
    """

    vg: str
    uuid: str       # of the VG, with hyphens
    lock_type: str  # "dlm", "sanlock"
    name: str       # e.g. "lvm_vg0"
    volumes: "tuple[tuple[str, str], ...]" = ()


def plain_id(uuid: str) -> str:
    """An LVM uuid without its hyphens, as device-mapper writes it."""
    return uuid.replace("-", "")


def _group(words: "list[str]", line: str) -> "tuple[str, str, str]":
    """(vg, lock type, uuid) of a line ``VG vg0 lock_type=dlm smkfDs-...``."""
    named = dict(w.partition("=")[::2] for w in words if "=" in w)
    if "lock_type" not in named:
        raise ParseError("lvmlockctl --info", line)
    plain = [w for w in words if "=" not in w]
    if "vg_uuid" in named:  # the global lockspace belongs to no VG
        return "", named["lock_type"], named["vg_uuid"]
    if len(plain) not in (1, 2):
        raise ParseError("lvmlockctl --info", line)
    return plain[0], named["lock_type"], plain[1] if len(plain) == 2 else ""


def parse_info(text: str) -> "tuple[VgLockspace, ...]":
    """The Lockspaces in the output of ``lvmlockctl --info``, as a tuple.

    Lines of other kinds (clients, waiting and running operations) are left out.

    :raises ParseError: a line of a known kind has another form
    """
    found: "list[tuple[VgLockspace, list[tuple[str, str]]]]" = []
    group = None
    for line in text.splitlines():
        words = line.split()
        if not words:
            continue
        if words[0] == "VG":
            group = _group(words[1:], line)
        elif words[0] == "LS":
            if group is None or len(words) < 2:
                raise ParseError("lvmlockctl --info", line)
            found.append((VgLockspace(vg=group[0], lock_type=group[1], uuid=group[2],
                                    name=words[-1]), []))
        elif words[:2] == ["LK", "LV"]:
            if not found or len(words) < 4 or words[2] not in ("sh", "ex", "un"):
                raise ParseError("lvmlockctl --info", line)
            found[-1][1].append((plain_id(words[3]), words[2]))
    return tuple(space.but(volumes=tuple(held)) for space, held in found)


def _about(text: str, vg: str) -> str:
    """The lines of ``lvmlockctl --info`` about one VG, and those that belong to none."""
    head, *groups = re.split(r"^[ \t]*VG[ \t]", text, flags=re.MULTILINE)
    return head + "".join([f"VG {each}" for each in groups
                           if vg in each.partition("\n")[0].split()])


def ask(host: "Host", timeout: float) -> "Completed":
    """The Completed of ``lvmlockctl --info``; takes no lock.

    lvmlockd sends its answer to a socket whose name is the same for the whole host, so of
    several that ask at once all but one end at once with "address in use". They ask again.
    """
    end = host.deadline.elapsed + timeout
    while True:
        completed = host.run(_INFO, end - host.deadline.elapsed)
        if completed.ok or _TAKEN not in completed.stdout + completed.stderr:
            return completed
        if host.deadline.elapsed + _PAUSE >= end:
            raise ToolFailed(completed, f"another lvmlockctl got no answer either in {timeout:.0f} "
                                        f"s ({completed.complaint()})")
        host.sleep(_PAUSE)


def _answer(host: "Host", timeout: float) -> str:
    """The output of ``lvmlockctl --info``; a round trip to lvmlockd, no lock is taken.

    :raises ToolError: lvmlockctl is missing, hung or failed
    """
    completed = ask(host, timeout)
    if not completed.ok:
        raise ToolFailed(completed)
    return completed.stdout


def lockspaces(host: "Host", timeout: float = QUERY) -> "tuple[VgLockspace, ...]":
    """The Lockspaces of this host's lvmlockd.

    :raises ToolError, ParseError: lvmlockctl is missing, hung or failed, or speaks another form
    """
    return parse_info(_answer(host, timeout))


def modes(host: "Host", vg: str, timeout: float = QUERY) -> "tuple[tuple[str, str], ...]":
    """The locks on LVs of *vg*, as a tuple of (id without hyphens, mode).

    :raises ToolError, ParseError: as ``lockspaces``
    """
    for lockspace in parse_info(_about(_answer(host, timeout), vg)):
        if lockspace.vg == vg:
            return lockspace.volumes
    return ()
