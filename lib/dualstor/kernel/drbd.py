# SPDX-License-Identifier: GPL-2.0-or-later
"""DRBD as this kernel has it, from /proc/drbd, debugfs and /dev/drbd: never blocks.

Sources: Linux drivers/block/drbd/drbd_proc.c (8.3 and 8.4: one line per minor; 9 lists
no minor there), drbd_debugfs.c (minors/N is a link to ../resources/NAME/volumes/V; in 9
resources/NAME/connections/PEER/VOLUME/proc_drbd has such a line, with the state of the
replication instead of that of the connection, and "openers" of a volume), drbd_strings.c
(the words); the udev rules of drbd-utils (/dev/drbd/by-res).
"""

from dualstor.record import Record, fraction, whole

TYPE_CHECKING = False       # only mypy sees what is imported there
if TYPE_CHECKING:
    from typing import Collection, Dict, Iterable, List, Sequence, Tuple, Union

    from dualstor.errors import ParseError
    from dualstor.host.files import Files
    from dualstor.host.host import Host

    Pairs = Tuple[Tuple[int, int], ...]             # (volume, minor)
    Claims = List[Tuple[str, int, str]]             # (resource, volume, minor in digits)
    Owners = Dict[str, Tuple[str, int]]             # {minor in digits: (resource, volume)}
    KnownState = Union["State", "Unknown", None]    # see ``state``

_PROC = "/proc/drbd"
_MODULE = "/sys/module/drbd"
_VERSION = "/sys/module/drbd/version"
_MINORS = "/sys/kernel/debug/drbd/minors"
_RESOURCES = "/sys/kernel/debug/drbd/resources"
_BY_RES = "/dev/drbd/by-res"

#: As ocf:linbit:drbd checks a resource's name, but for "/", which the kernel refuses.
_NAME_LETTERS = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-%+.:=@_")
_NAME_LIMIT = 127   # linux/drbd_genl.h, ctx_resource_name
_PATH_LETTERS = _NAME_LETTERS | frozenset("/,~")
_PATH_LIMIT = 4095

#: Connection states in which no peer answers, in the words of 8.x and 9.
DISCONNECTED = frozenset((
    "StandAlone", "Disconnecting", "Unconnected", "Timeout", "BrokenPipe", "NetworkFailure",
    "ProtocolError", "TearDown", "WFConnection", "Connecting", "WFReportParams"))

#: Replication states of a resync, from the exchange of bitmaps on.
RESYNCING = frozenset((
    "StartingSyncS", "StartingSyncT", "WFBitMapS", "WFBitMapT", "WFSyncUUID", "SyncSource",
    "SyncTarget", "PausedSyncS", "PausedSyncT"))

#: Why I/O can be suspended, in DRBD's words and in the order in which they are to be dealt with:
#: `drbdadm resume-io` lifts all of them at once, so what a person has suspended comes last.
CAUSES = ("fencing", "no-data", "quorum", "user")

_NO_WORD = "DUnknown"       # DRBD's word for the state of a disk that it does not know


def is_resource_name(text: str) -> bool:
    """Whether *text* can be the name of one DRBD resource (drbdadm takes "all" for all of them)."""
    return (0 < len(text) <= _NAME_LIMIT and set(text) <= _NAME_LETTERS
            and not text.startswith("-") and text not in (".", "..", "all"))


def is_path(text: str) -> bool:
    """Whether *text* is an absolute path without blanks and without ".."."""
    return (text.startswith("/") and len(text) <= _PATH_LIMIT and set(text) <= _PATH_LETTERS
            and ".." not in text.split("/"))


class Unknown:
    """The type of UNKNOWN."""

    def __repr__(self) -> str:
        return "UNKNOWN"


#: What ``state`` returns when the kernel's files do not say: ask the tools.
UNKNOWN = Unknown()


class Minor(Record):
    """One device of /proc/drbd; ``protocol`` is None when StandAlone.

    All but ``cstate`` is None when it is Unconfigured. ``flags`` as printed, e.g. "r-----": of
    5 letters in 8.3.8, 6 later. ``resync``: percent done, None when it does not resync;
    ``left``: the kernel's guess of the seconds until that ends. ``rest``: (key, value) of all
    else.
    """

    minor: int
    cstate: str
    role: "str | None" = None
    peer_role: "str | None" = None
    dstate: "str | None" = None
    peer_dstate: "str | None" = None
    protocol: "str | None" = None
    flags: "str | None" = None
    resync: "float | None" = None
    left: "int | None" = None
    rest: "tuple[tuple[str, str], ...]" = ()

    @property
    def configured(self) -> bool:
        """Whether it has a disk, a connection or the role Primary."""
        return self.cstate != "Unconfigured"

    @property
    def suspended(self) -> bool:
        """Whether its I/O is frozen."""
        return (self.flags or "").startswith("s")

    @property
    def well(self) -> bool:
        """Whether a line of DRBD 9 shows nothing that is wrong or under way."""
        return (self.cstate == "Established" and self.dstate == self.peer_dstate == "UpToDate"
                and not (self.flags or "s").strip("r-"))


class Kernel(Record):
    """/proc/drbd, cut at its minors: each is parsed when it is asked for, the others cost nothing.

    ``texts``: (its number in digits, what follows: the rest of its line and indented ones) of each
    minor; always () with DRBD 9.
    """

    version: str
    texts: "tuple[tuple[str, str], ...]" = ()

    @property
    def generation(self) -> "int | None":
        """The first number of the version, 8 or 9; None when it has none."""
        return whole(self.version.partition(".")[0])

    @property
    def lists_minors(self) -> bool:
        """Whether /proc/drbd of this version lists the minors."""
        return self.generation is not None and self.generation < 9

    @property
    def minors(self) -> "tuple[Minor, ...]":
        """All of them.

        :raises ParseError: one of them is cut off, or has another form
        """
        return tuple(_minor(number, text) for number, text in self.texts)

    @property
    def up_to_date(self) -> bool:
        """Whether all that are configured are UpToDate on this node; False where none is listed.

        :raises ParseError: as ``minors``
        """
        listed = [minor for minor in self.minors if minor.configured]
        return bool(listed) and all(minor.dstate == "UpToDate" for minor in listed)

    def of(self, numbers: "Iterable[Union[int, str]]") -> "tuple[Minor, ...]":
        """Those with these numbers, also in digits, that are there; raises as ``minors``."""
        texts, digits = dict(self.texts), map(str, numbers)
        return tuple(_minor(number, texts[number]) for number in digits if number in texts)

    def suspended(self) -> "tuple[int, ...]":
        """The numbers of those whose I/O is frozen, sorted.

        Minors in the same state have the same line, which is parsed once.

        :raises ParseError: as ``minors``, or the flags of one do not say whether it is frozen
        """
        lines = [(number, text.partition("\n")[0]) for number, text in self.texts]
        states = {line: _first_line(number, line)
                  for line, number in {line: number for number, line in lines}.items()}
        odd = [line for line, each in states.items() if (each.flags or "r")[0] not in "rs"]
        if odd:
            raise _wrong(odd[0], "neither r nor s as the first flag")
        frozen = {line for line, each in states.items() if each.suspended}
        found = [whole(number) for number, line in lines if line in frozen] if frozen else []
        return tuple(sorted({number for number in found if number is not None}))


class Volume(Record):
    """A volume of a resource; ``number`` is 0 when unknown.

    ``resync``: percent done or None; ``left``: seconds until it ends, None when not known.
    ``quorum``: whether DRBD's own quorum (9) lets it be written, True where there is none.
    """

    number: int
    minor: int
    dstate: str
    resync: "float | None" = None
    left: "int | None" = None
    quorum: bool = True


class Peer(Record):
    """What is known of the other side; ``name`` is None on 8.x, ``dstates`` one per volume.

    ``client``: it has no disk by configuration, as a witness.
    """

    name: "str | None"
    cstate: str
    role: str
    dstates: "tuple[str, ...]"
    client: bool = False

    @property
    def connected(self) -> bool:
        """Whether it answers."""
        return self.cstate not in DISCONNECTED


class State(Record):
    """A resource that the kernel has; ``suspended``: I/O is frozen.

    ``causes``: why, some of CAUSES; () also where whoever was asked does not say.
    """

    resource: str
    role: str
    volumes: "tuple[Volume, ...]"
    peers: "tuple[Peer, ...]"
    suspended: bool = False
    causes: "tuple[str, ...]" = ()

    @property
    def primary(self) -> bool:
        """Whether it is Primary on this node."""
        return self.role == "Primary"

    @property
    def connected(self) -> bool:
        """Whether there are peers, and all answer."""
        return bool(self.peers) and all(peer.connected for peer in self.peers)

    @property
    def standalone(self) -> bool:
        """Whether the connection to a peer was given up."""
        return any(peer.cstate == "StandAlone" for peer in self.peers)

    @property
    def up_to_date(self) -> bool:
        """Whether all volumes are UpToDate on this node."""
        return bool(self.volumes) and all(v.dstate == "UpToDate" for v in self.volumes)

    @property
    def quorate(self) -> bool:
        """Whether DRBD's own quorum lets all volumes be written."""
        return all(v.quorum for v in self.volumes)


# -- /proc/drbd ---------------------------------------------------------------


def _wrong(line: str, text: str = "not understood") -> "ParseError":
    """Of /proc/drbd."""
    from dualstor.errors import ParseError
    return ParseError(_PROC, line, text)


def _pair(line: str, value: str) -> "tuple[str, str]":
    """("Primary", "Secondary") of "Primary/Secondary"."""
    ours, slash, theirs = value.partition("/")
    if not (slash and ours.isalpha() and theirs.isalpha()):
        raise _wrong(line, "expected two words with a slash, cut off?")
    return ours, theirs


def _first_line(number: str, tail: str) -> Minor:
    """The Minor of a line like " 0: cs:Connected ro:...", of which *tail* follows the number."""
    line, words, minor = f"{number}:{tail}", tail.split(), whole(number)
    if minor is None:
        raise _wrong(line, "no number of a minor")
    values = [word.partition(":")[::2] for word in words if ":" in word]
    plain = [word for word in words if ":" not in word]
    known = dict(values)
    cstate = known.get("cs", "")
    if not cstate.isalpha():
        raise _wrong(line, "no connection state")
    rest = tuple(item for item in values if item[0] not in ("cs", "ro", "ds"))
    if cstate == "Unconfigured":
        return Minor(minor=minor, cstate=cstate, rest=rest)
    role, peer_role = _pair(line, known.get("ro", ""))
    dstate, peer_dstate = _pair(line, known.get("ds", ""))
    protocol = plain.pop(0) if plain and plain[0] in ("A", "B", "C") else None
    if not plain:
        raise _wrong(line, "no flags at the end, cut off?")
    return Minor(minor=minor, cstate=cstate, role=role, peer_role=peer_role, dstate=dstate,
                 peer_dstate=peer_dstate, protocol=protocol, flags=plain[0], rest=rest)


def _further_line(minor: Minor, line: str, rest: "list[tuple[str, str]]") -> Minor:
    """The Minor with what an indented line below it says; everything else goes to *rest*."""
    _, synced, tail = line.partition("sync'ed:")
    if synced:
        percent, sign, _ = tail.strip().partition("%")
        if not sign or fraction(percent) is None:
            raise _wrong(line, "no percentage")
        return minor.but(resync=fraction(percent))
    words = line.split()
    if words[:1] == ["finish:"]:
        parts = "".join(words[1:2]).split(":")
        clock = [number for number in map(whole, parts) if number is not None]
        if len(clock) == len(parts) == 3:
            return minor.but(left=(clock[0] * 60 + clock[1]) * 60 + clock[2])
    pairs = [word.partition(":")[::2] for word in words]
    rest.extend((key, value) for key, value in pairs if key.isalpha() and value)
    return minor


def _minor(number: str, text: str) -> Minor:
    """The Minor that a text of ``Kernel.texts`` describes.

    :raises ParseError: it is cut off, or has another form
    """
    first, _, further = text.partition("\n")
    minor = _first_line(number, first)
    rest = list(minor.rest)
    for line in further.splitlines():
        if line[:1] in (" ", "\t"):
            minor = _further_line(minor, line, rest)
        elif line.strip():
            raise _wrong(line)
    return minor.but(rest=tuple(rest))


def _cut(text: str) -> "tuple[tuple[str, str], ...]":
    """The ``texts`` of a Kernel."""
    import re  # here: with DRBD 9 most looks do without it
    _, *pieces = re.split(r"^[ \t]*([0-9]+):", text, flags=re.MULTILINE)
    return tuple(zip(pieces[::2], pieces[1::2]))


def parse(text: str) -> Kernel:
    """The Kernel that the text of /proc/drbd describes.

    :raises ParseError: it ends within a line, or is another file
    """
    first = text.partition("\n")[0]
    words = first.split()
    if len(words) < 2 or words[0] != "version:":
        raise _wrong(first, "expected \"version:\" first")
    if not text.endswith("\n"):
        raise _wrong(text.rpartition("\n")[2], "no end of the line, cut off?")
    kernel = Kernel(version=words[1])
    return kernel.but(texts=_cut(text)) if kernel.lists_minors else kernel


def read(host: "Files") -> "Kernel | None":
    """What /proc/drbd says now; None when the module is not loaded.

    :raises ParseError: as ``parse``
    """
    text = host.read(_PROC)
    return None if text is None else parse(text)


def generation(host: "Files") -> "int | None":
    """The first number of the loaded module's version, 8 or 9; None when none is loaded.

    :raises ParseError: as ``parse``
    """
    kernel = read(host)
    if kernel is not None:
        return kernel.generation
    return whole((host.read(_VERSION) or "").partition(".")[0])


# -- who has a device open ------------------------------------------------------


def parse_openers(text: str) -> "tuple[str, ...]":
    """Who has a device open, as words like "sh[220]", from the text of a file ``openers`` (DRBD 9).

    A line has the program's name, its PID and the milliseconds since; a "+" before it marks the
    program for which the device was promoted. Lines in another form are left out.
    """
    found: "list[str]" = []
    for line in text.splitlines():
        fields = line.rsplit("\t", 2)
        if len(fields) == 3 and whole(fields[1]) is not None:
            word = f"{fields[0].lstrip('+')}[{fields[1]}]"
            if word not in found:
                found.append(word)
    return tuple(found)


def openers(host: "Files", name: str) -> "tuple[str, ...]":
    """As ``parse_openers``, of all volumes of a resource; () if the kernel does not say.

    A program that has ended since is included if what it made of the device still exists:
    a mount, a device above.
    """
    from dualstor.errors import HostUnreadable
    found: "list[str]" = []
    try:
        for volume in host.list(f"{_RESOURCES}/{name}/volumes"):
            text = host.read(f"{_RESOURCES}/{name}/volumes/{volume}/openers")
            found.extend(word for word in parse_openers(text or "") if word not in found)
    except HostUnreadable:
        pass    # a kernel that is locked down
    return tuple(found)


# -- which minors are a resource's ---------------------------------------------


def _from_debugfs(host: "Files", minor: str) -> "tuple[str, int] | None":
    """(resource, volume) of a minor as the kernel has it; None if debugfs does not show it."""
    parts = (host.link(f"{_MINORS}/{minor}") or "").split("/")
    if len(parts) < 4 or parts[-4] != "resources" or parts[-2] != "volumes":
        return None
    volume = whole(parts[-1])
    return None if volume is None else (parts[-3], volume)


def _linked_minor(host: "Host", name: str) -> "int | None":
    """The minor of the target of the link *name*; None when it is no DRBD device."""
    target = (host.link(name) or "").rpartition("/")[2]
    if target.startswith("drbd"):
        minor = whole(target[len("drbd"):])
        if minor is not None:
            return minor
    from dualstor.kernel.block import DRBD_MAJOR
    number = host.device(name)
    return number[1] if number is not None and number[0] == DRBD_MAJOR else None


def _by_res(host: "Host", name: str) -> "Pairs":
    """The (volume, minor) pairs of a resource according to udev's links.

    One volume: by-res/NAME is a link; several: a directory of links.
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


def _remembered(host: "Files", name: str) -> "Pairs":
    """The (volume, minor) pairs kept by ``remember``, () when there are none."""
    found = []
    for line in (host.recall("drbd", name, "minors") or "").splitlines():
        numbers = [whole(word) for word in line.split()]
        if len(numbers) == 2:
            volume, minor = numbers
            if volume is not None and minor is not None:
                found.append((volume, minor))
    return tuple(found)


def remember(host: "Host", name: str, pairs: "Iterable[tuple[int, int]]") -> None:
    """Keep the (volume, minor) *pairs* of a resource, for when nothing else has them."""
    host.remember("".join(f"{volume} {minor}\n" for volume, minor in pairs),
                  "drbd", name, "minors")


def _proven(host: "Host", name: str, numbers: "Collection[str]") -> "Pairs | None":
    """The (volume, minor) pairs of a resource if debugfs shows all of them, else None.

    It shows a resource's volumes, and whose a minor is; which minor to ask about is known from
    elsewhere. So the other resources are not read.

    :param numbers: the minors of /proc/drbd, in digits
    """
    if not host.exists(_RESOURCES) or not set(numbers).issubset(_listed(host, _MINORS)):
        return None
    if not host.exists(f"{_RESOURCES}/{name}"):
        return ()
    candidates = {minor for _, minor in _by_res(host, name) + _remembered(host, name)}
    owners = [(minor, _from_debugfs(host, f"{minor}")) for minor in candidates]
    found = sorted((owner[1], minor) for minor, owner in owners if owner and owner[0] == name)
    whole_resource = len(found) == len(host.list(f"{_RESOURCES}/{name}/volumes"))
    return tuple(found) if found and whole_resource else None


def _listed(host: "Files", directory: str) -> "tuple[str, ...]":
    """The names in a directory of debugfs; () where it is not mounted, or only root may see it."""
    return host.list(directory) if host.exists(directory) else ()


def _claims(host: "Host") -> "Claims":
    """What udev's links say of all resources."""
    import re
    names = host.list(_BY_RES)
    text = "".join([f"{name} {host.link(f'{_BY_RES}/{name}')}\n" for name in names])
    plain = re.findall(r"^(\S+) (?:\S*/)?drbd([0-9]+)$", text, re.MULTILINE)
    found = [(name, 0, digits) for name, digits in plain]
    found.extend((name, volume, f"{minor}") for name in sorted(set(names).difference(dict(plain)))
                 for volume, minor in _by_res(host, name))
    return found


def _owners(host: "Host", name: str, numbers: "Collection[str]") -> "Owners":
    """Whose minors are; some of those of /proc/drbd may be missing, others may be included.

    debugfs shows the kernel's own state. udev's links can be old ones: a minor with two
    owners has none. What we remember counts last, and only for *name*.
    """
    shown = set(numbers).intersection(_listed(host, _MINORS))
    asked = [(minor, _from_debugfs(host, minor)) for minor in shown]
    known = {minor: owner for minor, owner in asked if owner is not None}
    if len(known) == len(numbers):
        return known
    claims = _claims(host)
    owners = {minor: (resource, volume) for resource, volume, minor in claims}
    more = {f"{minor}": (name, volume) for volume, minor in _remembered(host, name)
            if f"{minor}" not in owners}
    if len(owners) < len(claims):
        first = {minor: (resource, volume) for resource, volume, minor in reversed(claims)}
        owners = dict(first.items() & owners.items())
    owners.update(more)
    owners.update(known)
    return owners


def minors(host: "Host", name: str, kernel: "Kernel | None" = None) -> "Pairs | None":
    """The (volume, minor) pairs of a resource that the kernel has, sorted.

    :param kernel: what ``read`` returned, if that was just called
    :returns: () when it provably has none, None when that is not known
    :raises ParseError: /proc/drbd is in no known form
    """
    kernel = kernel or read(host)
    if kernel is None:
        return None if host.exists(_MODULE) else ()
    if not kernel.lists_minors:
        return _by_res(host, name) or _remembered(host, name) or None
    if not kernel.texts:
        return ()
    numbers = dict(kernel.texts)
    proven = _proven(host, name, numbers)
    if proven is not None:
        return proven
    owners = _owners(host, name, numbers)
    mine = [(owner[1], whole(minor)) for minor, owner in owners.items()
            if owner[0] == name and minor in numbers]
    found = tuple(sorted((volume, minor) for volume, minor in mine if minor is not None))
    if not found and any(m.configured for m in kernel.of(set(numbers).difference(owners))):
        return None
    return found


# -- the state of a resource ----------------------------------------------------


def _worst(cstates: "Sequence[str]") -> str:
    """The connection state that represents several: a lost one, else one that is busy."""
    lost = [c for c in cstates if c in DISCONNECTED]
    busy = [c for c in cstates if c != "Connected"]
    return (lost or busy or list(cstates))[0]


def _role(roles: "Sequence[str | None]") -> str:
    """The role that represents several: Primary if one is."""
    return "Primary" if "Primary" in roles else roles[0] or "Unknown"


def state_of(kernel: "Kernel | None", name: str,
             pairs: "Iterable[tuple[int, int]]") -> "State | None":
    """The State of a resource with these (volume, minor) *pairs*; None when the kernel has none.

    :param kernel: what ``read`` returned
    :raises ParseError: one of the minors is in no known form
    """
    pairs = tuple(pairs)
    own = kernel.of(minor for _, minor in pairs) if kernel else ()
    configured = {m.minor: m for m in own if m.configured}
    found = [(volume, configured[minor]) for volume, minor in pairs if minor in configured]
    if not found:
        return None
    each = [minor for _, minor in found]
    return State(
        resource=name, role=_role([m.role for m in each]),
        volumes=tuple(Volume(number=volume, minor=m.minor, dstate=m.dstate or _NO_WORD,
                             resync=m.resync, left=m.left)
                      for volume, m in found),
        peers=(Peer(name=None, cstate=_worst([m.cstate for m in each]),
                    role=_role([m.peer_role for m in each]),
                    dstates=tuple(m.peer_dstate or _NO_WORD for m in each)),),
        suspended=any(m.suspended for m in each))


# -- DRBD 9 -------------------------------------------------------------------------


def _lines_of_nine(host: "Files", name: str) -> "dict[str, dict[str, str]] | None":
    """{peer: {volume: its line}} of a resource of DRBD 9.

    :returns: None if debugfs does not show all of it: no right, not mounted, another form
    """
    home = f"{_RESOURCES}/{name}"
    volumes = host.list(home + "/volumes")
    found: "dict[str, dict[str, str]]" = {}
    for peer in host.list(home + "/connections"):
        lines = [(host.read(f"{home}/connections/{peer}/{volume}/proc_drbd") or "")
                 .partition("\n")[0] for volume in volumes]
        if not all(lines):
            return None
        found[peer] = dict(zip(volumes, lines))
    return found if volumes and found and all(whole(v) is not None for v in volumes) else None


def _line_of_nine(line: str) -> "Minor | None":
    """The Minor of such a line; None when it is in another form."""
    from dualstor.errors import ParseError
    number, _, tail = line.strip().partition(":")
    try:
        return _first_line(number, tail)
    except ParseError:
        return None


def connections_text(host: "Files", name: str) -> "str | None":
    """The state of a resource of DRBD 9 as text, the same as long as the state is the same.

    :returns: None if debugfs does not show it
    """
    lines = _lines_of_nine(host, name)
    if lines is None:
        return None
    return "; ".join(f"{peer}/{volume} {line.strip()}"
                     for peer, of_peer in sorted(lines.items())
                     for volume, line in sorted(of_peer.items()))


def _state_of_nine(host: "Files", name: str) -> "KnownState":
    """The State of a resource that is healthy, None of one that does not exist.

    UNKNOWN for any other: these lines say neither how a resync proceeds nor why I/O is suspended,
    nothing of a quorum that is lost, and of a peer that is not connected only that.
    """
    if name not in host.list(_RESOURCES) and host.exists(_RESOURCES):
        return None
    lines = _lines_of_nine(host, name)
    if lines is None:
        return UNKNOWN
    peers: "list[Peer]" = []
    found: "dict[int, Minor]" = {}
    for peer, of_peer in lines.items():
        minors = {whole(volume) or 0: _line_of_nine(line) for volume, line in of_peer.items()}
        shown = {volume: m for volume, m in minors.items() if m is not None and m.well}
        if len(shown) < len(of_peer):
            return UNKNOWN
        peers.append(Peer(name=peer, cstate="Connected",
                          role=_role([m.peer_role for m in shown.values()]),
                          dstates=tuple(m.peer_dstate or _NO_WORD for m in shown.values())))
        found.update(shown)
    return State(resource=name, role=_role([m.role for m in found.values()]),
                 volumes=tuple(Volume(number=volume, minor=m.minor, dstate=m.dstate or _NO_WORD)
                               for volume, m in sorted(found.items())),
                 peers=tuple(peers))


def sights(host: "Host", name: str) -> "tuple[tuple[str, str], ...]":
    """What the state of a resource depends on, as (kind, argument) of dualstor.look.sights.

    :returns: () if the kernel's files do not say
    """
    kernel = read(host)
    if kernel is None:
        return ()
    if not kernel.lists_minors:
        return (("connections", name),)
    return tuple(("minor", f"{minor}") for _, minor in minors(host, name, kernel) or ())


def _all_of_nine(host: "Files", kernel: Kernel) -> "Kernel | None":
    """The Kernel of DRBD 9 with the minors, one for each peer; None when debugfs does not say."""
    texts = [[host.read(f"{home}/connections/{peer}/{volume}/proc_drbd") or ""
              for volume in host.list(home + "/volumes")
              for peer in host.list(home + "/connections")]
             for home in [f"{_RESOURCES}/{name}" for name in host.list(_RESOURCES)]]
    lines = [text.partition("\n")[0] for each in texts for text in each or [""]]
    shown = _cut("\n".join(lines))
    return kernel.but(texts=shown) if shown and len(shown) == len(lines) else None


def held_back(host: "Files") -> "tuple[int, ...] | None":
    """The minors whose I/O is suspended: for fencing, quorum, good data or an administrator.

    A process that reads from one or writes to it waits in the kernel, and cannot be killed.

    :returns: None when the kernel's files do not say
    :raises ParseError: /proc/drbd is in no known form
    """
    from dualstor.errors import ParseError
    kernel = read(host)
    if kernel is None:
        return None if host.exists(_MODULE) else ()
    if kernel.lists_minors:
        return kernel.suspended()
    shown = _all_of_nine(host, kernel)
    try:
        return None if shown is None else shown.suspended()
    except ParseError:
        return None


def current(host: "Files", names: "Iterable[str]") -> bool:
    """Whether the backing devices *names* (the kernel's) have all that DRBD has acknowledged.

    Another copy may be read through DRBD's device, and not here.

    :raises ParseError: /proc/drbd is in no known form
    """
    above = [host.list(f"/sys/class/block/{name}/holders") for name in names]
    kernel = read(host)
    if kernel is None:
        return False
    if kernel.lists_minors:
        found = kernel.of(name[len("drbd"):] for each in above for name in each)
    else:
        shown = _all_of_nine(host, kernel)
        found = () if shown is None else shown.minors
    good = {f"drbd{m.minor}" for m in found if m.dstate == "UpToDate"}
    return bool(above) and all(len(each) == 1 and each[0] in good for each in above)


def state(host: "Host", name: str) -> "KnownState":
    """What the kernel has of the resource *name*.

    :returns: None when it is provably not configured in the kernel; UNKNOWN when
        the tools must be asked (DRBD 9, or it is not known whose a minor is)
    :raises ParseError: /proc/drbd is in no known form
    """
    kernel = read(host)
    if kernel is None:
        return UNKNOWN if host.exists(_MODULE) else None
    if not kernel.lists_minors:
        return _state_of_nine(host, name)
    pairs = minors(host, name, kernel)
    return UNKNOWN if pairs is None else state_of(kernel, name, pairs)
