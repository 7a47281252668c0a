# SPDX-License-Identifier: GPL-2.0-or-later
"""drbdsetup: the kernel's DRBD without any configuration, and what its answers mean.

Formats: drbdsetup(8), ``events2 --now`` (drbd-utils 8.9.5 and later) and ``status
--json`` (with the DRBD 9 module only). Exit codes: check_error() in drbd-utils
user/v9/drbdsetup.c; drbdadm passes them on. Texts: drbd_strings.c of the module.
"""

from dualstor.errors import DualstorError, ParseError, ToolFailed, shown
from dualstor.host.deadline import QUERY, Share
from dualstor.kernel import drbd
from dualstor.record import Record, fraction, whole

TYPE_CHECKING = False   # only mypy sees what is imported there
if TYPE_CHECKING:
    from typing import Callable, Iterable, Sequence

    from dualstor.host.host import Host
    from dualstor.host.run import Completed

_EVENTS2, _JSON = "drbdsetup events2 --now", "drbdsetup status --json"
QUIET = {"DRBD_DONT_WARN_ON_VERSION_MISMATCH": "1"}

#: For a question about one resource.
QUESTION = Share(10.0)

NO_DISK, NO_UP_TO_DATE_DISK = 16, 17

#: What the kernel refuses now and may grant later.
_TRANSIENT = ("In transient state", "Concurrent state changes",
              "refused by peer node", "held open by someone")
_HELD_OPEN = "held open by someone"
_OPENED = " opened by "     # 9, of each who has the device open
_TELLING = ("State change failed:", "Failure:")
_INFO = "additional info from kernel:"
_BECAUSE = "suspended-"     # in JSON, before each cause
_NEVER = 987654321      # seconds that the kernel gives for a resync that stands still
_PEERS = 64      # of a resource; DRBD has 31 at most
_INFO_LINES = 3  # 9 lists all who hold the device open
_MOST_OPENERS = 100     # a reason names the first ones
_ECHO = ("Command '", _INFO)


class DrbdOutcome(Record):
    """What a command that changes something came to.

    ``says``: what it said, one line. ``transient``: may be tried again. ``held_open``: a
    program or a device above has the device open. ``no_up_to_date``: no UpToDate disk can be
    reached; in 9 the kernel says this, too, of a Secondary that somebody reads and that would
    lose its data by ``down``. ``no_disk``: it has no local disk. ``openers``: who has the device
    open, if 9 says so, as words like "sh[220]".
    """

    ok: bool
    code: int
    says: str = ""
    transient: bool = False
    held_open: bool = False
    no_up_to_date: bool = False
    no_disk: bool = False
    openers: "tuple[str, ...]" = ()


def _openers(text: str) -> "tuple[str, ...]":
    """Those of lines like "drbd0 opened by sh (pid 220) at 2026-11-26 23:39:21.557", each once."""
    found: "dict[str, None]" = {}
    for line in text.splitlines():
        name, mark, rest = line.partition(_OPENED)[2].rpartition(" (pid ")
        pid = whole(rest.partition(")")[0])
        if mark and pid is not None:
            found[f"{shown(name)}[{pid}]"] = None
        if len(found) >= _MOST_OPENERS:
            break
    return tuple(found)


def _says(completed: "Completed") -> str:
    """The kernel's own words in one line, else the last line that says anything."""
    lines = [shown(line) for line in (completed.stderr or completed.stdout).splitlines()
             if line.strip()]
    for number, line in enumerate(lines):
        if any(mark in line for mark in _TELLING):
            info = [each for each in lines[number + 1:] if not each.startswith(_ECHO)]
            wanted = info if _INFO in lines[number + 1:number + 2] else []
            return "; ".join([line] + wanted[:_INFO_LINES])
    telling = [line for line in lines if not line.startswith(_ECHO)]
    return f"{telling[-1]} ({completed.outcome})" if telling else completed.complaint()


def outcome(completed: "Completed") -> "DrbdOutcome":
    """The DrbdOutcome of a run.Completed of drbdsetup or drbdadm.

    The exit code of a refused state change is usually 11, so the text decides.
    """
    if completed.ok:
        return DrbdOutcome(ok=True, code=0)
    text = completed.stderr + completed.stdout
    return DrbdOutcome(
        ok=False, code=completed.returncode, says=_says(completed),
        transient=any(mark in text for mark in _TRANSIENT),
        held_open=_HELD_OPEN in text or _OPENED in text,
        no_up_to_date=completed.returncode == NO_UP_TO_DATE_DISK,
        no_disk=completed.returncode == NO_DISK, openers=_openers(text))


def failed(completed: "Completed") -> ToolFailed:
    """The error of a command that failed, in the kernel's words."""
    return ToolFailed(completed, outcome(completed).says)


#: Nothing was done, which must not pass for success.
_NO_MINORS = DrbdOutcome(ok=False, code=1, says="drbdsetup: the resource's minors are not known")


# -- what the kernel has -------------------------------------------------------


class Event(Record):
    """One object of a resource.

    ``kind``: "resource", "connection", "device", "peer-device", or another word that a
    newer drbdsetup knows. ``values``: all its (key, value) pairs, as text.
    """

    kind: str
    values: "tuple[tuple[str, str], ...]"

    def get(self, key: str) -> "str | None":
        """The value of a key, the last of several; None when it is not there."""
        return next((value for name, value in reversed(self.values) if name == key), None)


def parse_events2(text: str) -> "tuple[Event, ...]":
    """The Events in the output of ``drbdsetup events2 --now``, as a tuple.

    :raises ParseError: the last line "exists -" is missing, or a line is not of that form
    """
    events: "list[Event]" = []
    line = ""
    for line in text.splitlines():
        words = line.split()
        if not words:
            continue
        if words == ["exists", "-"]:
            return tuple(events)
        pairs = tuple((w.partition(":")[0], w.partition(":")[2]) for w in words[2:])
        if words[0] != "exists" or not any(key == "name" and value for key, value in pairs):
            raise ParseError(_EVENTS2, line)
        events.append(Event(kind=words[1], values=pairs))
    raise ParseError(_EVENTS2, line, "cut off: no \"exists -\" at the end")


def _text(value: object) -> str:
    """A JSON value in the words of events2."""
    return ("yes" if value else "no") if isinstance(value, bool) else str(value)


def _event(kind: str, item: "dict[str, object]", renamed: "dict[str, str]",
           more: "tuple[tuple[str, str], ...]" = ()) -> "Event":
    """An Event of a JSON object; its plain values, under the names that events2 has."""
    values = tuple((renamed.get(key, key), _text(value)) for key, value in item.items()
                   if not isinstance(value, (dict, list)))
    return Event(kind=kind, values=tuple(more) + values)


def _objects(item: "dict[str, object]", key: str) -> "list[dict[str, object]]":
    """The JSON objects in the list *key*, none when it is not there.

    :raises ParseError: it holds something else
    """
    found = item.get(key, [])
    if not isinstance(found, list) or not all(isinstance(each, dict) for each in found):
        raise ParseError(_JSON, f"{key}: {found!r}", "expected a list of objects")
    return found


def _whole(text: str) -> int:
    """The int of a number in JSON; ValueError for one that is no number of anything."""
    number = whole(text, signed=True)
    if number is None:
        raise ValueError(shown(text))
    return number


def parse_status(text: str) -> "tuple[Event, ...]":
    """The Events in the output of ``drbdsetup status --json``, in the words of events2.

    :raises ParseError: it is no JSON, or other JSON
    """
    try:
        import json
        document = json.loads(text, parse_int=_whole)
    except (ValueError, RecursionError) as problem:
        line = getattr(problem, "lineno", 1)
        raise ParseError(_JSON, (text.split("\n")[line - 1:] or [""])[0],
                         "no JSON, or cut off") from None
    events = []
    for item in _objects({"all": document}, "all"):
        own = item.get("name")
        if not isinstance(own, str):
            raise ParseError(_JSON, f"{item!r}", "a resource without a name")
        name = (("name", own),)
        events.append(_event("resource", item, {}))
        for device in _objects(item, "devices"):
            events.append(_event("device", device, {"disk-state": "disk"}, name))
        for peer in _objects(item, "connections"):
            events.append(_event("connection", peer, {
                "connection-state": "connection", "peer-role": "role", "name": "conn-name"}, name))
            who = name + tuple((k, v) for k, v in events[-1].values
                               if k in ("peer-node-id", "conn-name"))
            for device in _objects(peer, "peer_devices"):
                events.append(_event("peer-device", device, {
                    "replication-state": "replication", "peer-disk-state": "peer-disk",
                    "percent-in-sync": "done"}, who))
    return tuple(events)


def _number(event: "Event", key: str) -> int:
    """The int of a value.

    :raises ParseError: it is none, or not there
    """
    value = whole(event.get(key))
    if value is None:
        words = " ".join(f"{name}:{text}" for name, text in event.values)
        raise ParseError("drbdsetup", f"{event.kind} {words}", f"no number as {key}")
    return value


def _percent(event: "Event") -> "float | None":
    """Percent done while the peer-device resyncs, else None."""
    if "Sync" not in (event.get("replication") or ""):
        return None
    done = fraction(event.get("done"))
    return None if done is None else min(100.0, done)


def _by_peer(peer_devices: "list[Event]") -> "dict[str | None, dict[int, Event]]":
    """{peer-node-id: {volume: peer-device}}."""
    found: "dict[str | None, dict[int, Event]]" = {}
    for event in peer_devices:
        found.setdefault(event.get("peer-node-id"), {})[_number(event, "volume")] = event
    return found


def _peer(connection: "Event", mine: "dict[int, Event]", numbers: "list[int]") -> "drbd.Peer":
    """The Peer of a connection with the peer-devices *mine*, by volume.

    A resync is shown for its volumes, as 8.x does.
    """
    cstate = connection.get("connection") or "Unknown"
    if cstate == "Connected":
        replications = [e.get("replication") for e in mine.values()]
        cstate = next((r for r in replications if r and r not in ("Off", "Established")), cstate)
    return drbd.Peer(name=connection.get("conn-name"), cstate=cstate,
                     role=connection.get("role") or "Unknown",
                     client=bool(mine) and all(e.get("peer-client") == "yes"
                                               for e in mine.values()),
                     dstates=tuple((mine[n].get("peer-disk") if n in mine else None) or "DUnknown"
                                   for n in numbers))


def _causes(resource: "Event") -> "tuple[str, ...] | None":
    """Why I/O is suspended: some of drbd.CAUSES, then words we do not know; () for not at all.

    events2 lists them as the value of "suspended"; JSON has a member for each.

    :returns: None when it does not say
    """
    text = resource.get("suspended")
    if text in (None, "no"):
        return None if text is None else ()
    words = [key[len(_BECAUSE):] for key, value in resource.values
             if key.startswith(_BECAUSE) and value == "yes"]
    words = words or [word for word in (text or "").split(",") if word and word != "yes"]
    order = [cause for cause in drbd.CAUSES if cause in words]
    return tuple(order + [word for word in words if word not in order]) or None


def _left(peer_devices: "Iterable[Event]") -> "int | None":
    """Seconds until the last of these resyncs ends; None when the kernel does not know."""
    found = [whole(event.get("estimated-seconds-to-finish")) for event in peer_devices
             if _percent(event) is not None]
    known = [seconds for seconds in found if seconds is not None and seconds < _NEVER]
    return max(known) if known and len(known) == len(found) else None


def state(events: "Iterable[Event]", name: str) -> "drbd.State | None":
    """The drbd.State of resource *name*; None when no Event is of it.

    :raises ParseError: a device has no volume or minor number
    """
    own: "dict[str, list[Event]]" = {}
    for event in events:
        if event.get("name") == name:
            own.setdefault(event.kind, []).append(event)
    if "resource" not in own:
        return None
    resource, peer_devices = own["resource"][0], own.get("peer-device", [])
    links = own.get("connection", [])
    if len(links) > _PEERS:
        raise ParseError("drbdsetup", name, "too many connections")
    devices = sorted(own.get("device", []), key=lambda e: _number(e, "volume"))
    numbers = [_number(e, "volume") for e in devices]
    by_peer = _by_peer(peer_devices)
    done: "dict[int, list[float]]" = {}
    of_volume: "dict[int, list[Event]]" = {}
    for event in peer_devices:
        of_volume.setdefault(_number(event, "volume"), []).append(event)
        percent = _percent(event)
        if percent is not None:
            done.setdefault(_number(event, "volume"), []).append(percent)
    return drbd.State(
        resource=name, role=resource.get("role") or "Unknown",
        volumes=tuple(drbd.Volume(number=_number(e, "volume"), minor=_number(e, "minor"),
                                  dstate=e.get("disk") or "DUnknown",
                                  resync=min(done.get(_number(e, "volume"), ()), default=None),
                                  left=_left(of_volume.get(_number(e, "volume"), ())),
                                  quorum=e.get("quorum") != "no")
                      for e in devices),
        peers=tuple(_peer(e, by_peer.get(e.get("peer-node-id"), {}), numbers)
                    for e in links),
        suspended=(resource.get("suspended") or "no") != "no", causes=_causes(resource) or ())


def status(host: "Host", name: str, timeout: float = QUESTION) -> "drbd.State | None":
    """What ``status --json`` shows of a resource.

    :returns: drbd.State; None when it is not in the kernel
    :raises ToolError, ParseError: drbdsetup is missing, hung or failing, has no such command,
        or answers in another form
    """
    return _ask(host, ("drbdsetup", "status", name, "--json"), name, parse_status, timeout)


def out_of_sync(host: "Host", name: str,
                timeout: float = QUESTION) -> "tuple[tuple[int, int], ...]":
    """(volume, KiB that are marked as changed) of a resource, of DRBD 9.

    :raises ToolError, ParseError: as ``status``
    """
    completed = host.run(("drbdsetup", "status", name, "--json", "--statistics"), timeout, QUIET)
    if not completed.ok:
        raise failed(completed)
    most: "dict[int, int]" = {}
    for event in parse_status(completed.stdout):
        volume, number = whole(event.get("volume")), whole(event.get("out-of-sync"))
        if event.kind == "peer-device" and volume is not None and number is not None:
            most[volume] = max(most.get(volume, 0), number)
    return tuple(sorted(most.items()))


def events2(host: "Host", name: str, timeout: float = QUESTION) -> "drbd.State | None":
    """What ``events2 --now`` shows of a resource, as ``status``."""
    return _ask(host, ("drbdsetup", "events2", "--now", name), name, parse_events2, timeout)


def suspension(host: "Host", name: str, timeout: float = QUESTION) -> "tuple[str, ...] | None":
    """Why the I/O of a resource is suspended: () for not at all, None when it is not known.

    :returns: tuple of drbd.CAUSES, in that order, and of words we do not know (drbd-utils,
        user/v9/drbdsetup.c)
    :raises ToolMissing, ToolHung, ParseError:
    """
    completed = host.run(("drbdsetup", "events2", "--now", name), timeout, QUIET)
    if not completed.ok:
        return None
    for event in parse_events2(completed.stdout):
        if event.kind == "resource" and event.get("name") == name:
            return _causes(event)
    return None


def causes(host: "Host", known: "drbd.State",
           timeout: float = QUESTION) -> "tuple[str, ...] | None":
    """Why I/O is suspended, as ``suspension``, which is only asked where the State does not say.

    :returns: None also where DRBD does not answer
    """
    if known.causes or not known.suspended:
        return known.causes
    try:
        return suspension(host, known.resource, timeout)
    except DualstorError:
        return None


def held_back(host: "Host", timeout: float = QUERY) -> "tuple[int, ...]":
    """As kernel.drbd.held_back, where the kernel's files do not say by asking the kernel.

    :raises ToolError, ParseError: it could not be asked, or answers in another form
    """
    minors = drbd.held_back(host)
    if minors is not None:
        return minors
    events = parse_events2(host.run(("drbdsetup", "events2", "--now"), timeout, QUIET).answer())
    names = {e.get("name") for e in events
             if e.kind == "resource" and e.get("suspended") not in (None, "no")}
    return tuple(_number(e, "minor") for e in events
                 if e.kind == "device" and e.get("name") in names)


def _ask(host: "Host", argv: "tuple[str, ...]", name: str,
         parser: "Callable[[str], tuple[Event, ...]]", timeout: float) -> "drbd.State | None":
    completed = host.run(argv, timeout, QUIET)
    if completed.ok:
        return state(parser(completed.stdout), name)
    if "No such resource" in completed.stderr:
        return None
    raise failed(completed)


# -- without configuration -------------------------------------------------------


def _by_device(host: "Host") -> bool:
    """Whether the module is 8.3 or older, where drbdsetup takes the device first."""
    kernel = drbd.read(host)
    numbers = [whole(n) for n in (kernel.version if kernel else "").split(".")[:2]]
    return None not in numbers and numbers < [8, 4]


def _each(host: "Host", commands: "Sequence[tuple[str, ...]]",
          timeout: "float | None") -> "DrbdOutcome":
    """The DrbdOutcome of all commands: the first that failed, else the last."""
    outcomes = [outcome(host.run(argv, timeout, QUIET)) for argv in commands]
    return ([o for o in outcomes if not o.ok] or outcomes or [_NO_MINORS])[0]


def down(host: "Host", name: str, minors: "Iterable[int]",
         timeout: "float | None" = None) -> "DrbdOutcome":
    """Take a resource out of the kernel; works without its configuration.

    :param minors: its minors; 8.3 knows no names and takes each
    :returns: DrbdOutcome
    :raises ToolMissing, ToolHung: drbdsetup is missing or hung
    """
    if _by_device(host):
        return _each(host, [("drbdsetup", f"/dev/drbd{m}", "down") for m in minors], timeout)
    return _each(host, [("drbdsetup", "down", name)], timeout)


def secondary(host: "Host", name: str, minors: "Iterable[int]",
              timeout: "float | None" = None) -> "DrbdOutcome":
    """Demote a resource without its configuration; parameters and result as ``down``.

    8.4 takes each minor, 9 the name.
    """
    kernel = drbd.read(host)
    if _by_device(host):
        commands = [("drbdsetup", f"/dev/drbd{m}", "secondary") for m in minors]
    elif kernel is not None and kernel.lists_minors:
        commands = [("drbdsetup", "secondary", str(m)) for m in minors]
    else:
        commands = [("drbdsetup", "secondary", name)]
    return _each(host, commands, timeout)
