# SPDX-License-Identifier: GPL-2.0-or-later
"""drbdsetup: the kernel's DRBD without any configuration, and what its answers mean.

Formats: drbdsetup(8), ``events2 --now`` (drbd-utils 8.9.5 and later) and ``status
--json`` (with the DRBD 9 module only). Exit codes: check_error() in drbd-utils
user/v9/drbdsetup.c; drbdadm hands them on. Texts: drbd_strings.c of the module.
"""

import json

from dualstor.errors import ParseError, shown
from dualstor.kernel import drbd
from dualstor.record import Record, fraction, whole

_EVENTS2, _JSON = "drbdsetup events2 --now", "drbdsetup status --json"
_QUIET = {"DRBD_DONT_WARN_ON_VERSION_MISMATCH": "1"}

NO_DISK, NO_UP_TO_DATE_DISK = 16, 17

#: What the kernel refuses now and may grant later.
_TRANSIENT = ("In transient state", "Concurrent state changes",
              "refused by peer node", "held open by someone")
_HELD_OPEN = "held open by someone"
_OPENED = " opened by "     # 9, of each who has the device open
_TELLING = ("State change failed:", "Failure:")
_INFO = "additional info from kernel:"
_PEERS = 64      # of a resource; DRBD has 31 at most
_INFO_LINES = 3  # 9 lists all who hold the device open
_ECHO = ("Command '", _INFO)


class Outcome(Record):
    """What a command that changes something came to.

    ``says``: what it said, one line. ``transient``: may be tried again. ``held_open``: a
    program or a device above has the device open. ``no_up_to_date``: no UpToDate disk can be
    reached; in 9 the kernel says this, too, of a Secondary that somebody reads and that would
    lose its data by ``down``. ``no_disk``: it has no local disk. ``completed``: run.Completed.
    """

    ok: bool
    code: int
    says: str = ""
    transient: bool = False
    held_open: bool = False
    no_up_to_date: bool = False
    no_disk: bool = False
    completed: object = None


def _says(completed):
    """The kernel's own words in one line, else the last line that tells anything."""
    lines = [shown(l) for l in (completed.stderr or completed.stdout).splitlines() if l.strip()]
    for number, line in enumerate(lines):
        if any(mark in line for mark in _TELLING):
            info = [l for l in lines[number + 1:] if not l.startswith(_ECHO)]
            wanted = info if _INFO in lines[number + 1:number + 2] else []
            return "; ".join([line] + wanted[:_INFO_LINES])
    telling = [line for line in lines if not line.startswith(_ECHO)]
    return f"{telling[-1]} ({completed.outcome})" if telling else completed.complaint()


def outcome(completed):
    """The Outcome of a run.Completed of drbdsetup or drbdadm.

    The exit code of a refused state change is mostly 11, so the text decides.
    """
    if completed.ok:
        return Outcome(ok=True, code=0, completed=completed)
    text = completed.stderr + completed.stdout
    return Outcome(
        ok=False, code=completed.returncode, says=_says(completed), completed=completed,
        transient=any(mark in text for mark in _TRANSIENT),
        held_open=_HELD_OPEN in text or _OPENED in text,
        no_up_to_date=completed.returncode == NO_UP_TO_DATE_DISK,
        no_disk=completed.returncode == NO_DISK)


#: Nothing was done, which must not pass for success.
_NO_MINORS = Outcome(ok=False, code=1, says="drbdsetup: the resource's minors are not known")


# -- what the kernel has -------------------------------------------------------


class Event(Record):
    """One object of a resource.

    ``kind``: "resource", "connection", "device", "peer-device", or another word that a
    newer drbdsetup knows. ``values``: all its (key, value) pairs, as text.
    """

    kind: str
    values: tuple

    def get(self, key):
        """The value of a key, the last of several; None when it is not there."""
        return next((value for name, value in reversed(self.values) if name == key), None)


def parse_events2(text):
    """The Events in the output of ``drbdsetup events2 --now``, as a tuple.

    :raises ParseError: the last line "exists -" is missing, or a line is not of that form
    """
    events, line = [], ""
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


def _text(value):
    """A JSON value in the words of events2."""
    return ("yes" if value else "no") if isinstance(value, bool) else str(value)


def _event(kind, item, renamed, more=()):
    """An Event of a JSON object; its plain values, under the names that events2 has."""
    values = tuple((renamed.get(key, key), _text(value)) for key, value in item.items()
                   if not isinstance(value, (dict, list)))
    return Event(kind=kind, values=tuple(more) + values)


def _objects(item, key):
    """The JSON objects in the list *key*, none when it is not there.

    :raises ParseError: it holds something else
    """
    found = item.get(key, [])
    if not isinstance(found, list) or not all(isinstance(each, dict) for each in found):
        raise ParseError(_JSON, f"{key}: {found!r}", "expected a list of objects")
    return found


def _whole(text):
    """The int of a number in JSON; ValueError for one that is no number of anything."""
    number = whole(text, signed=True)
    if number is None:
        raise ValueError(shown(text))
    return number


def parse_status(text):
    """The Events that tell the same as the output of ``drbdsetup status --json``.

    :raises ParseError: it is no JSON, or other JSON
    """
    try:
        document = json.loads(text, parse_int=_whole)
    except (ValueError, RecursionError) as problem:
        line = getattr(problem, "lineno", 1)
        raise ParseError(_JSON, (text.split("\n")[line - 1:] or [""])[0],
                         "no JSON, or cut off") from None
    events = []
    for item in _objects({"all": document}, "all"):
        if not isinstance(item.get("name"), str):
            raise ParseError(_JSON, f"{item!r}", "a resource without a name")
        name = (("name", item["name"]),)
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


def _number(event, key):
    """The int of a value.

    :raises ParseError: it is none, or not there
    """
    value = whole(event.get(key))
    if value is None:
        raise ParseError("drbdsetup", f"{event.kind} "
                                      f"{' '.join( '%s:%s' % pair for pair in event.values)}", f"no number as {key}")
    return value


def _percent(event):
    """Percent done while the peer-device resyncs, else None."""
    if "Sync" not in (event.get("replication") or ""):
        return None
    done = fraction(event.get("done"))
    return None if done is None else min(100.0, done)


def _by_peer(peer_devices):
    """{peer-node-id: {volume: peer-device}}."""
    found = {}
    for event in peer_devices:
        found.setdefault(event.get("peer-node-id"), {})[_number(event, "volume")] = event
    return found


def _peer(connection, mine, numbers):
    """The Peer of a connection with the peer-devices *mine*, by volume.

    A resync is told by its volumes, as 8.x tells it.
    """
    cstate = connection.get("connection") or "Unknown"
    if cstate == "Connected":
        busy = [e.get("replication") for e in mine.values()
                if e.get("replication") not in (None, "Off", "Established")]
        cstate = busy[0] if busy else cstate
    return drbd.Peer(name=connection.get("conn-name"), cstate=cstate,
                     role=connection.get("role") or "Unknown",
                     dstates=tuple((mine[n].get("peer-disk") if n in mine else None) or "DUnknown"
                                   for n in numbers))


def state(events, name):
    """The drbd.State of resource *name*; None when no Event is of it.

    :raises ParseError: a device has no volume or minor number
    """
    own = {}
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
    by_peer, done = _by_peer(peer_devices), {}
    for event in peer_devices:
        percent = _percent(event)
        if percent is not None:
            done.setdefault(_number(event, "volume"), []).append(percent)
    return drbd.State(
        resource=name, role=resource.get("role") or "Unknown",
        volumes=tuple(drbd.Volume(number=_number(e, "volume"), minor=_number(e, "minor"),
                                  dstate=e.get("disk") or "DUnknown",
                                  resync=min(done.get(_number(e, "volume"), ()), default=None))
                      for e in devices),
        peers=tuple(_peer(e, by_peer.get(e.get("peer-node-id"), {}), numbers)
                    for e in links),
        suspended=(resource.get("suspended") or "no") != "no")


def _absent(completed):
    return "No such resource" in completed.stderr


def status(host, name, timeout=10.0):
    """What ``status --json`` tells of a resource.

    :returns: (True, drbd.State or None: not in the kernel), or (False, Outcome) when this
        drbdsetup or module has no such command or it fails
    :raises ToolMissing, ToolHung, ParseError:
    """
    return _ask(host, ("drbdsetup", "status", name, "--json"), name, parse_status, timeout)


def events2(host, name, timeout=10.0):
    """What ``events2 --now`` tells of a resource, as ``status``."""
    return _ask(host, ("drbdsetup", "events2", "--now", name), name, parse_events2, timeout)


def suspension(host, name, timeout=10.0):
    """Why the I/O of a resource is suspended: () for not at all, None when it is not told.

    :returns: tuple of "user", "no-data", "fencing", "quorum" (drbd-utils, user/v9/drbdsetup.c)
    :raises ToolMissing, ToolHung, ParseError:
    """
    completed = host.run(("drbdsetup", "events2", "--now", name), timeout, _QUIET)
    if not completed.ok:
        return None
    for event in parse_events2(completed.stdout):
        if event.kind == "resource" and event.get("name") == name:
            causes = event.get("suspended")
            return None if causes is None else () if causes == "no" else tuple(causes.split(","))
    return None


def held_back(host, timeout=5.0):
    """As kernel.drbd.held_back, where the kernel's files do not tell by asking the kernel.

    :raises ToolError, ParseError: it could not be asked, or answers in another form
    """
    minors = drbd.held_back(host)
    if minors is not None:
        return minors
    events = parse_events2(host.run(("drbdsetup", "events2", "--now"), timeout, _QUIET).answer())
    names = {e.get("name") for e in events
             if e.kind == "resource" and e.get("suspended") not in (None, "no")}
    return tuple(_number(e, "minor") for e in events
                 if e.kind == "device" and e.get("name") in names)


def _ask(host, argv, name, parser, timeout):
    completed = host.run(argv, timeout, _QUIET)
    if completed.ok:
        return True, state(parser(completed.stdout), name)
    return (True, None) if _absent(completed) else (False, outcome(completed))


# -- without configuration -------------------------------------------------------


def _by_device(host):
    """Whether the module is 8.3 or older, where drbdsetup takes the device first."""
    kernel = drbd.read(host)
    numbers = [whole(n) for n in (kernel.version if kernel else "").split(".")[:2]]
    return None not in numbers and numbers < [8, 4]


def _each(host, commands, timeout):
    """The Outcome of all commands: the first that failed, else the last."""
    outcomes = [outcome(host.run(argv, timeout, _QUIET)) for argv in commands]
    return ([o for o in outcomes if not o.ok] or outcomes or [_NO_MINORS])[0]


def down(host, name, minors, timeout=None):
    """Take a resource out of the kernel; works without its configuration.

    :param minors: its minors; 8.3 knows no names and takes each
    :returns: Outcome
    :raises ToolMissing, ToolHung: drbdsetup is missing or hung
    """
    if _by_device(host):
        return _each(host, [("drbdsetup", f"/dev/drbd{m}", "down") for m in minors], timeout)
    return _each(host, [("drbdsetup", "down", name)], timeout)


def secondary(host, name, minors, timeout=None):
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
