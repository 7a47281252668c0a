# SPDX-License-Identifier: GPL-2.0-or-later
"""DRBD as this kernel has it, from /proc/drbd, debugfs and /dev/drbd: never blocks.

Sources: Linux drivers/block/drbd/drbd_proc.c (8.3 and 8.4: one line a minor; 9 lists
no minor there), drbd_debugfs.c (minors/N is a link to ../resources/NAME/volumes/V; in 9
resources/NAME/connections/PEER/VOLUME/proc_drbd has such a line, with the state of the
replication in place of that of the connection, and "openers" of a volume), drbd_strings.c (the words); the udev rules
of drbd-utils (/dev/drbd/by-res).
"""

from dualstor.record import Record, fraction, whole

_PROC = "/proc/drbd"
_MODULE = "/sys/module/drbd"
_VERSION = "/sys/module/drbd/version"
_MINORS = "/sys/kernel/debug/drbd/minors"
_RESOURCES = "/sys/kernel/debug/drbd/resources"
_BY_RES = "/dev/drbd/by-res"
_MAJOR = 147

#: Connection states in which no peer answers, in the words of 8.x and 9.
DISCONNECTED = frozenset((
    "StandAlone", "Disconnecting", "Unconnected", "Timeout", "BrokenPipe", "NetworkFailure",
    "ProtocolError", "TearDown", "WFConnection", "Connecting", "WFReportParams"))

#: Replication states of a resync, from the exchange of bitmaps on.
RESYNCING = frozenset((
    "StartingSyncS", "StartingSyncT", "WFBitMapS", "WFBitMapT", "WFSyncUUID", "SyncSource",
    "SyncTarget", "PausedSyncS", "PausedSyncT"))


class _Unknown:
    def __repr__(self):
        return "UNKNOWN"


#: What ``state`` returns when the kernel's files do not tell: ask the tools.
UNKNOWN = _Unknown()


class Minor(Record):
    """One device of /proc/drbd; ``protocol`` is None when StandAlone.

    ``flags`` as printed, e.g. "r-----": of 5 letters in 8.3.8, 6 later. ``resync``:
    percent done, None when it does not resync; ``left``: the kernel's guess of the seconds
    until that ends. ``rest``: (key, value) of all else.
    """

    minor: int
    cstate: str
    role: str = None
    peer_role: str = None
    dstate: str = None
    peer_dstate: str = None
    protocol: str = None
    flags: str = None
    resync: float = None
    left: int = None
    rest: tuple = ()

    @property
    def configured(self):
        """Whether it has a disk, a connection or the role Primary."""
        return self.cstate != "Unconfigured"

    @property
    def suspended(self):
        """Whether its I/O is frozen."""
        return (self.flags or "").startswith("s")


class Kernel(Record):
    """/proc/drbd; ``minors`` is always () with DRBD 9."""

    version: str
    minors: tuple = ()

    @property
    def generation(self):
        """The first number of the version, 8 or 9; None when it has none."""
        return whole(self.version.partition(".")[0])

    @property
    def lists_minors(self):
        """Whether /proc/drbd of this version lists the minors."""
        return self.generation is not None and self.generation < 9


class Volume(Record):
    """A volume of a resource; ``number`` is 0 when unknown.

    ``resync``: percent done or None; ``left``: seconds until it ends, None when not known.
    """

    number: int
    minor: int
    dstate: str
    resync: float = None
    left: int = None


class Peer(Record):
    """What is known of the other side; ``name`` None on 8.x, ``dstates`` one a volume."""

    name: str
    cstate: str
    role: str
    dstates: tuple

    @property
    def connected(self):
        """Whether it answers."""
        return self.cstate not in DISCONNECTED


class State(Record):
    """A resource that the kernel has; ``suspended``: I/O is frozen."""

    resource: str
    role: str
    volumes: tuple
    peers: tuple
    suspended: bool = False

    @property
    def primary(self):
        return self.role == "Primary"

    @property
    def connected(self):
        """Whether there are peers, and all answer."""
        return bool(self.peers) and all(peer.connected for peer in self.peers)

    @property
    def standalone(self):
        """Whether the connection to a peer was given up."""
        return any(peer.cstate == "StandAlone" for peer in self.peers)

    @property
    def up_to_date(self):
        """Whether all volumes are UpToDate on this node."""
        return bool(self.volumes) and all(v.dstate == "UpToDate" for v in self.volumes)


# -- /proc/drbd ---------------------------------------------------------------


def _wrong(*words):
    """A ParseError of these words."""
    from dualstor.errors import ParseError
    return ParseError(*words)


def _pair(line, value):
    """("Primary", "Secondary") of "Primary/Secondary"."""
    ours, slash, theirs = value.partition("/")
    if not (slash and ours.isalpha() and theirs.isalpha()):
        raise _wrong(_PROC, line, "expected two words with a slash, cut off?")
    return ours, theirs


def _first_line(line):
    """The Minor of a line like " 0: cs:Connected ro:...", None when it is another line."""
    number, colon, tail = line.strip().partition(":")
    minor = whole(number)
    if minor is None or not colon:
        return None
    values, words = [], []
    for word in tail.split():
        key, colon, value = word.partition(":")
        if colon:
            values.append((key, value))
        else:
            words.append(word)
    known = dict(values)
    cstate = known.get("cs", "")
    if not cstate.isalpha():
        raise _wrong(_PROC, line, "no connection state")
    rest = tuple(item for item in values if item[0] not in ("cs", "ro", "ds"))
    if cstate == "Unconfigured":
        return Minor(minor=minor, cstate=cstate, rest=rest)
    role, peer_role = _pair(line, known.get("ro", ""))
    dstate, peer_dstate = _pair(line, known.get("ds", ""))
    protocol = words.pop(0) if words and words[0] in ("A", "B", "C") else None
    if not words:
        raise _wrong(_PROC, line, "no flags at the end, cut off?")
    return Minor(minor=minor, cstate=cstate, role=role, peer_role=peer_role, dstate=dstate,
                 peer_dstate=peer_dstate, protocol=protocol, flags=words[0], rest=rest)


def _further_line(minor, line, rest):
    """The Minor with what an indented line below it says; to *rest* goes what there is besides."""
    _, synced, tail = line.partition("sync'ed:")
    if synced:
        percent, sign, _ = tail.strip().partition("%")
        if not sign or fraction(percent) is None:
            raise _wrong(_PROC, line, "no percentage")
        return minor.but(resync=fraction(percent))
    words = line.split()
    if words[:1] == ["finish:"]:
        clock = [whole(part) for part in "".join(words[1:2]).split(":")]
        if len(clock) == 3 and None not in clock:
            return minor.but(left=(clock[0] * 60 + clock[1]) * 60 + clock[2])
    rest.extend((word.partition(":")[0], word.partition(":")[2])
                for word in line.split()
                if word.partition(":")[0].isalpha() and word.partition(":")[2])
    return minor


def parse(text):
    """The Kernel that the text of /proc/drbd tells of.

    :raises ParseError: it is cut off, or another file
    """
    lines = text.splitlines()
    head = lines[0].split() if lines else []
    if len(head) < 2 or head[0] != "version:":
        raise _wrong(_PROC, lines[0] if lines else "", "expected \"version:\" first")
    minors, rest = [], []
    for line in lines[1:]:
        minor = _first_line(line)
        if minor is not None:
            minors.append(minor)
            rest.append(list(minor.rest))
        elif minors and line[:1] in (" ", "\t"):
            minors[-1] = _further_line(minors[-1], line, rest[-1])
        elif minors and line.strip():
            raise _wrong(_PROC, line)
    return Kernel(version=head[1], minors=tuple(
        minor.but(rest=tuple(more)) for minor, more in zip(minors, rest)))


def read(host):
    """What /proc/drbd says now, as Kernel; None when the module is not loaded.

    :raises ParseError: as ``parse``
    """
    text = host.read(_PROC)
    return None if text is None else parse(text)


def generation(host):
    """The first number of the loaded module's version, 8 or 9; None when none is loaded.

    :raises ParseError: as ``parse``
    """
    kernel = read(host)
    if kernel is not None:
        return kernel.generation
    return whole((host.read(_VERSION) or "").partition(".")[0])


# -- who has a device open ------------------------------------------------------


def parse_openers(text):
    """Who has a device open, as words like "sh[220]", from the text of a file ``openers`` (DRBD 9).

    A line has the program's name, its number and for how many milliseconds; a "+" before it
    is that of the program for which the device was promoted. What has another form is left out.
    """
    found = []
    for line in text.splitlines():
        fields = line.rsplit("\t", 2)
        if len(fields) == 3 and whole(fields[1]) is not None:
            word = f"{fields[0].lstrip('+')}[{fields[1]}]"
            if word not in found:
                found.append(word)
    return tuple(found)


def openers(host, name):
    """As ``parse_openers``, of all volumes of a resource; () where the kernel does not tell.

    A program that has ended since stands there too, when what it made of the device is still
    there: a mount, a device above.
    """
    from dualstor.errors import HostUnreadable
    found = []
    try:
        for volume in host.list(f"{_RESOURCES}/{name}/volumes"):
            text = host.read(f"{_RESOURCES}/{name}/volumes/{volume}/openers")
            found.extend(word for word in parse_openers(text or "") if word not in found)
    except HostUnreadable:
        pass    # a kernel that is locked down
    return tuple(found)


# -- which minors are a resource's ---------------------------------------------


def _from_debugfs(host, minor):
    """(resource, volume) of a minor as the kernel has it; None where debugfs cannot be seen."""
    parts = (host.link(f"{_MINORS}/{minor}") or "").split("/")
    if len(parts) < 4 or parts[-4] != "resources" or parts[-2] != "volumes":
        return None
    volume = whole(parts[-1])
    return None if volume is None else (parts[-3], volume)


def _linked_minor(host, name):
    """The minor that the link *name* leads to; None when it is no DRBD device."""
    target = (host.link(name) or "").rpartition("/")[2]
    if target.startswith("drbd"):
        minor = whole(target[len("drbd"):])
        if minor is not None:
            return minor
    number = host.device(name)
    return number[1] if number is not None and number[0] == _MAJOR else None


def _by_res(host, name):
    """The (volume, minor) pairs that udev's links tell of a resource.

    One volume: by-res/NAME is a link; several: a folder of links.
    """
    path = f"{_BY_RES}/{name}"
    minor = _linked_minor(host, path)
    if minor is not None:
        return ((0, minor),)
    found = []
    for entry in host.list(path):
        volume, minor = whole(entry), _linked_minor(host, f"{path}/{entry}")
        if volume is not None and minor is not None:
            found.append((volume, minor))
    return tuple(sorted(found))


def _remembered(host, name):
    """The (volume, minor) pairs kept by ``remember``, () when there are none."""
    found = []
    for line in (host.recall("drbd", name, "minors") or "").splitlines():
        numbers = tuple(whole(word) for word in line.split())
        if len(numbers) == 2 and None not in numbers:
            found.append(numbers)
    return tuple(found)


def remember(host, name, pairs):
    """Keep the (volume, minor) *pairs* of a resource, for a time when nothing else tells."""
    host.remember("".join("%d %d\n" % pair for pair in pairs), "drbd", name, "minors")


def _owners(host, kernel, name):
    """{minor: (resource, volume)} of the minors of /proc/drbd; some may be missing.

    debugfs is the kernel's own word. udev's links can be old ones: a minor with two
    owners has none. What we remember counts last, and only for *name*.
    """
    owners = {}
    for minor in kernel.minors:
        owner = _from_debugfs(host, minor.minor)
        if owner is not None:
            owners[minor.minor] = owner
    nameless = {m.minor for m in kernel.minors} - set(owners)
    claims = {}
    if nameless:
        for resource in host.list(_BY_RES):
            for volume, minor in _by_res(host, resource):
                claims.setdefault(minor, []).append((resource, volume))
    for volume, minor in _remembered(host, name) if nameless else ():
        if minor not in claims:
            claims[minor] = [(name, volume)]
    for minor in nameless:
        if len(claims.get(minor, ())) == 1:
            owners[minor] = claims[minor][0]
    return owners


def minors(host, name, kernel=None):
    """The (volume, minor) pairs of a resource that the kernel has, as a sorted tuple.

    :param kernel: what ``read`` returned, if it was just asked
    :returns: () when it provably has none, None when that cannot be told
    """
    kernel = kernel or read(host)
    if kernel is None:
        return None if host.exists(_MODULE) else ()
    if not kernel.lists_minors:
        return _by_res(host, name) or _remembered(host, name) or None
    owners = _owners(host, kernel, name)
    mine = tuple(sorted((volume, minor) for minor, (resource, volume) in owners.items()
                        if resource == name))
    if not mine and any(m.configured and m.minor not in owners for m in kernel.minors):
        return None
    return mine


def resource_minors(host, name):
    """The minors of a resource, in order of volumes; () when there are none or nobody tells."""
    return tuple(minor for _, minor in minors(host, name) or ())


# -- the state of a resource ----------------------------------------------------


def _worst(cstates):
    """The connection state that stands for several: a lost one, else one that is busy."""
    lost = [c for c in cstates if c in DISCONNECTED]
    busy = [c for c in cstates if c != "Connected"]
    return (lost or busy or list(cstates))[0]


def _first(words, wanted):
    return wanted if wanted in words else words[0]


def state_of(kernel, name, pairs):
    """The State of a resource with these (volume, minor) *pairs*; None when the kernel has none.

    :param kernel: what ``read`` returned
    """
    configured = {m.minor: m for m in kernel.minors if m.configured} if kernel else {}
    found = [(volume, configured[minor]) for volume, minor in pairs if minor in configured]
    if not found:
        return None
    each = [minor for _, minor in found]
    return State(
        resource=name, role=_first([m.role for m in each], "Primary"),
        volumes=tuple(Volume(number=volume, minor=m.minor, dstate=m.dstate, resync=m.resync,
                             left=m.left)
                      for volume, m in found),
        peers=(Peer(name=None, cstate=_worst([m.cstate for m in each]),
                    role=_first([m.peer_role for m in each], "Primary"),
                    dstates=tuple(m.peer_dstate for m in each)),),
        suspended=any(m.suspended for m in each))


# -- DRBD 9 -------------------------------------------------------------------------


def _lines_of_nine(host, name):
    """{peer: {volume: its line}} of a resource of DRBD 9.

    :returns: None where debugfs does not show all of it: no right, not mounted, another form
    """
    home = f"{_RESOURCES}/{name}"
    volumes = host.list(home + "/volumes")
    found = {}
    for peer in host.list(home + "/connections"):
        lines = [(host.read(f"{home}/connections/{peer}/{volume}/proc_drbd") or "")
                 .partition("\n")[0] for volume in volumes]
        if not all(lines):
            return None
        found[peer] = dict(zip(volumes, lines))
    return found if volumes and found and all(whole(v) is not None for v in volumes) else None


def connections_text(host, name):
    """The state of a resource of DRBD 9 as text, the same for as long as the state is the same.

    :returns: None where debugfs does not show it
    """
    lines = _lines_of_nine(host, name)
    return lines and "; ".join(f"{peer}/{volume} {line.strip()}"
                               for peer, of_peer in sorted(lines.items())
                               for volume, line in sorted(of_peer.items()))


def _state_of_nine(host, name):
    """The State of a resource whose peers are all connected, None of one that is not there.

    What stands still or is not connected has more to it than these lines tell: UNKNOWN.
    """
    known = host.list(_RESOURCES)
    if known and name not in known:
        return None
    lines = _lines_of_nine(host, name)
    if lines is None:
        return UNKNOWN
    peers, found = [], {}
    for peer, of_peer in lines.items():
        minors = {volume: _first_line(line) for volume, line in of_peer.items()}
        if any(m is None or m.cstate in ("Off", "Unconfigured") or (m.flags or "s").strip("r-")
               for m in minors.values()):
            return UNKNOWN
        peers.append(Peer(name=peer, cstate=_worst([m.cstate if m.cstate != "Established"
                                                    else "Connected" for m in minors.values()]),
                          role=_first([m.peer_role for m in minors.values()], "Primary"),
                          dstates=tuple(m.peer_dstate for m in minors.values())))
        found.update(minors)
    return State(resource=name, role=_first([m.role for m in found.values()], "Primary"),
                 volumes=tuple(Volume(number=whole(volume), minor=m.minor, dstate=m.dstate)
                               for volume, m in sorted(found.items(), key=lambda v: whole(v[0]))),
                 peers=tuple(peers))


def sights(host, name):
    """What the state of a resource stands on, as (kind, argument) of dualstor.look.sights.

    :returns: () where the kernel's files do not tell
    """
    kernel = read(host)
    if kernel is None:
        return ()
    if not kernel.lists_minors:
        return (("connections", name),)
    return tuple(("minor", f"{minor}") for _, minor in minors(host, name, kernel) or ())
def held_back(host):
    """The minors whose I/O stands still, as a tuple: for fencing, quorum, good data or a person.

    Whoever reads from one or writes to it waits in the kernel, and cannot be ended.

    :returns: None when the kernel's files do not tell (DRBD 9)
    :raises ParseError: /proc/drbd is in no known form
    """
    kernel = read(host)
    if kernel is None:
        return None if host.exists(_MODULE) else ()
    return tuple(m.minor for m in kernel.minors if m.suspended) if kernel.lists_minors else None


def state(host, name):
    """What the kernel has of the resource *name*.

    :returns: State; None when it is provably not configured in the kernel; UNKNOWN when
        the tools must be asked (DRBD 9, or nothing tells whose a minor is)
    :raises ParseError: /proc/drbd is in no known form
    """
    kernel = read(host)
    if kernel is None:
        return UNKNOWN if host.exists(_MODULE) else None
    if not kernel.lists_minors:
        return _state_of_nine(host, name)
    if not any(m.configured for m in kernel.minors):
        return None
    pairs = minors(host, name, kernel)
    return UNKNOWN if pairs is None else state_of(kernel, name, pairs)
