# SPDX-License-Identifier: GPL-2.0-or-later
"""That `dualstor recover` works on a DRBD resource, so that agents and the watcher keep off.

A hold is a file of our private directory for the resource, and one for each VG on it, with the
process that has taken it. It does not end with that process: what was begun is not finished then,
so agents keep off until a person has run `dualstor recover` again, and say so.
"""

from dualstor.errors import DualstorError
from dualstor.kernel import process
from dualstor.record import Record, whole

TYPE_CHECKING = False       # only mypy sees what is imported there
if TYPE_CHECKING:
    from typing import Iterable

    from dualstor.host.files import Files
    from dualstor.host.host import Host
    from dualstor.kernel.process import Process

#: What is held.
DRBD, VG = "drbd", "vg"

_FIRST = "hold"         # word of the names of all these files
_LINES = 5
_WAIT = 5.0             # seconds for another one that takes or lifts a hold


class Held(DualstorError):
    """Somebody else holds it."""


class Hold(Record):
    """A hold on the DRBD resource ``resource``.

    ``pid``: of the process that has taken it, None where the file does not say; ``since``: seconds
    since 1970; ``groups``: the VGs on the resource. ``begun``: something has been changed that is
    to be finished or undone. ``dead``: the process has ended, or that cannot be said.
    """

    resource: str
    pid: "int | None" = None
    since: "int | None" = None
    why: str = ""
    groups: "tuple[str, ...]" = ()
    begun: bool = False
    dead: bool = True


def _words(kind: str, name: str) -> "tuple[str, str, str]":
    return _FIRST, kind, name


def _to_text(host: "Files", hold: Hold, holder: "Process") -> str:
    lines = (process.to_text(host, holder).strip(), f"{hold.since} {hold.begun:d}",
             hold.resource, " ".join(hold.groups), " ".join(hold.why.split()))
    return "\n".join(lines) + "\n"


def _runs(host: "Files", holder: "Process | None") -> bool:
    """Whether a process that was noted is still the one of that number."""
    now = None if holder is None else process.look(host, holder.pid)
    return holder is not None and now is not None and not now.over \
        and now.start_time == holder.start_time


def _from_text(host: "Files", text: str, name: str) -> Hold:
    """The Hold that ``_to_text`` wrote; of another text one whose holder is dead."""
    lines = text.splitlines()
    if len(lines) != _LINES:
        return Hold(resource=name, why="its file cannot be read")
    holder = process.from_text(host, lines[0])
    since, _, begun = lines[1].partition(" ")
    return Hold(resource=lines[2], pid=whole(lines[0].partition(" ")[0]), since=whole(since),
                why=lines[4], groups=tuple(lines[3].split()), begun=begun == "1",
                dead=not _runs(host, holder))


def look(host: "Files", kind: str, name: str) -> "Hold | None":
    """The Hold on a resource or VG of this host; None when there is none.

    :param kind: DRBD or VG
    """
    text = host.recall(*_words(kind, name))
    return None if text is None else _from_text(host, text, name)


def _all(hold: Hold) -> "list[tuple[str, str, str]]":
    """The names of its files."""
    return [_words(DRBD, hold.resource)] + [_words(VG, vg) for vg in hold.groups]


def take(host: "Host", hold: Hold, holder: "Process", over: bool = False) -> None:
    """Hold a resource and the VGs on it; one that the same process has is changed.

    :param over: whether to take over what a dead one has left
    :raises Held: another process holds it
    :raises DualstorError: it could not be kept
    """
    lock = host.lock(_FIRST, _WAIT)
    if lock is None:
        raise DualstorError("another `dualstor recover` begins on this host")
    with lock:
        there = look(host, DRBD, hold.resource)
        if there is not None and not (over if there.dead else there.pid == holder.pid):
            raise Held(words(there))
        text = _to_text(host, hold, holder)
        for name in _all(hold):
            host.remember(text, *name)
        if any(host.recall(*name) != text for name in _all(hold)):
            raise DualstorError(f"{hold.resource} cannot be held: see the system log")


def lift(host: "Host", hold: Hold) -> None:
    """End a hold: agents and the watcher do all again."""
    for name in reversed(_all(hold)):
        host.forget(*name)


def words(hold: Hold) -> str:
    """Who holds it, for a sentence."""
    if hold.dead:
        return f"a `dualstor recover` of {hold.resource} that has died holds it"
    return f"`dualstor recover` of {hold.resource} (pid {hold.pid}) works on it"


def of(host: "Files", resources: "Iterable[str]",
       groups: "Iterable[str]" = ()) -> "tuple[Hold, ...]":
    """The Holds on these resources and VGs, each once."""
    found = [look(host, kind, name) for kind, names in ((DRBD, resources), (VG, groups))
             for name in names]
    return tuple({each.resource: each for each in reversed(found) if each}.values())
