# SPDX-License-Identifier: GPL-2.0-or-later
"""That `dualstor recover` works on a DRBD resource, so that agents and the watcher keep off.

A hold is a file of our private directory for the resource, and one for each VG on it, with the
process that has taken it. It does not end with that process: what was begun is not finished then,
so agents keep off until a person has run `dualstor recover` again, and say so.

These files are gone after a reboot. A healing has begun more than a reboot ends, so on either node
it leaves a file in PLACE as well, and on the winner's its journal: as long as one of them says that
it has not ended, that is a hold, too.
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

#: Where a healing keeps what survives a reboot, in a directory for each resource.
PLACE = "/var/lib/dualstor/recover"
#: Files in there: that this node is held; what a healing has done, on the winner.
KEPT, JOURNAL = "held.json", "journal.json"

#: What is held.
DRBD, VG = "drbd", "vg"

_FIRST = "hold"         # word of the names of all these files
_LINES = 5
_HEALS = "heals a split brain"
_WAIT = 5.0             # seconds for another one that takes or lifts a hold


class Held(DualstorError):
    """Somebody else holds it."""


class Hold(Record):
    """A hold on the DRBD resource ``resource``.

    ``pid``: of the process that has taken it, None where the file does not say; ``since``: seconds
    since 1970; ``groups``: the VGs on the resource. ``begun``: something has been changed that is
    to be finished or undone. ``dead``: the process has ended, or that cannot be said. ``winner``,
    ``loser``: the nodes of a healing, where they are known.
    """

    resource: str
    pid: "int | None" = None
    since: "int | None" = None
    why: str = ""
    groups: "tuple[str, ...]" = ()
    begun: bool = False
    dead: bool = True
    winner: str = ""
    loser: str = ""


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
    if text is None:
        return _kept(host, kind, name)
    found = _from_text(host, text, name)
    kept = _kept(host, kind, name) if found.dead and found.begun else None
    return found if kept is None else found.but(winner=kept.winner, loser=kept.loser)


def of_healing(resource: str, vg: str, winner: str, loser: str) -> Hold:
    """The Hold that a healing takes on either node."""
    return Hold(resource=resource, why=_HEALS, groups=(vg,), begun=True, winner=winner,
                loser=loser)


# -- what survives a reboot ---------------------------------------------------------------------


def kept_text(hold: Hold) -> str:
    """A Hold as it is kept in the file KEPT."""
    import json
    return json.dumps({"vg": "".join(hold.groups[:1]), "winner": hold.winner, "loser": hold.loser})


def _kept(host: "Files", kind: str, name: str) -> "Hold | None":
    """The Hold of a healing that has not ended, whatever its process is by now."""
    if host.identity(PLACE) is None:
        return None
    try:
        names = (name,) if kind == DRBD else host.list(PLACE)
    except DualstorError:
        return None
    for resource in names:
        found = _unended(host, resource)
        # of a file that cannot be read it is not known which VG is meant
        if found is not None and (kind == DRBD or name in found.groups or not found.groups):
            return found
    return None


def healings(host: "Files") -> "tuple[Hold, ...]":
    """The Holds of all healings that have not ended, of this node as winner or as loser."""
    if host.identity(PLACE) is None:
        return ()
    found = [_unended(host, resource) for resource in sorted(host.list(PLACE))]
    return tuple(each for each in found if each is not None)


def _unended(host: "Files", resource: str) -> "Hold | None":
    import json
    for name in (KEPT, JOURNAL):
        try:
            text = host.read(f"{PLACE}/{resource}/{name}")
            if text is None:
                continue
            found = json.loads(text)
            if not found.get("end"):
                return Hold(resource=resource, why=_HEALS, groups=(found["vg"],), begun=True,
                            winner=found["winner"], loser=found["loser"])
        except (DualstorError, ValueError, KeyError, AttributeError, TypeError, RecursionError):
            return Hold(resource=resource, why="its file cannot be read", begun=True)
    return None


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
