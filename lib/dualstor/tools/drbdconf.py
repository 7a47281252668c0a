# SPDX-License-Identifier: GPL-2.0-or-later
"""DRBD's configuration of one resource, as ``drbdadm dump`` prints it (8.3, 8.4, 9).

Format: drbd.conf(5). ``dump`` prints the section ``common`` apart and does not copy
it into resources, so that is done here. Options were moved in later versions: ``protocol`` from
the resource and ``fencing`` from ``disk``, both to ``net``; ``allow-two-primaries`` has
had a value since 8.4.
"""

import re

from dualstor.errors import ParseError
from dualstor.record import Record, whole

TYPE_CHECKING = False   # only mypy sees what is imported there
if TYPE_CHECKING:
    from typing import Iterator, NoReturn, Optional, Tuple
    Device = Tuple[Optional[str], Optional[int], Optional[str], Optional[str]]
    Words = Tuple[str, ...]
else:
    Words = tuple

_SOURCE = "drbdadm dump"
_TOKEN = re.compile(r'\s*(?:(#[^\n]*)|("(?:\\.|[^"\\])*")|([{};])|([^\s{};"]+)|($))')
_DEVICE = "/dev/drbd"
_SHOWN = 120  # characters of a line in an error
_HOSTS = 64   # of a resource; DRBD has 32 at most
_DEPTH = 10   # sections within sections; DRBD has four
_TRUE = ("", "yes", "true", "on")
_AFTER_SB = ("after-sb-0pri", "after-sb-1pri", "after-sb-2pri")
_PINGS = {"ping-int": 10, "ping-timeout": 5}    # DRBD's own: seconds, tenths of a second
_OF_NET = frozenset(_AFTER_SB + ("protocol", "fencing", "allow-two-primaries") + tuple(_PINGS))

#: From the weakest to the one that freezes I/O until the peer is fenced.
FENCING = ("dont-care", "resource-only", "resource-and-stonith")


class OnSection(Record):
    """A node of the resource.

    ``address`` e.g. "10.0.0.1:7788". ``devices``: one (device, minor, backing device,
    meta-disk) per volume, None for what is not there; a disk of None is diskless.
    """

    name: str
    address: "str | None" = None
    devices: "tuple[Device, ...]" = ()


class Configuration(Record):
    """A resource as configured.

    ``fencing`` and ``fence_peer`` (a command line) are None when not set, ``after_sb``
    holds the policies for none, one and two Primaries. ``notice``: seconds after which a lost
    connection is noticed at the latest. ``options``: all options of the resource, ``common``
    included, as (section, name, value); "" is the resource itself.
    """

    resource: str
    protocol: "str | None" = None
    allow_two_primaries: bool = False
    fencing: "str | None" = None
    fence_peer: "str | None" = None
    after_sb: "tuple[str, ...]" = ("disconnect", "disconnect", "disconnect")
    hosts: "tuple[OnSection, ...]" = ()
    notice: float = 2.0 * _PINGS["ping-int"] + _PINGS["ping-timeout"] / 10.0
    options: "tuple[tuple[str, str, str], ...]" = ()

    def option(self, section: str, name: str) -> "str | None":
        """The value of an option, None when it is not set."""
        return dict(((s, n), v) for s, n, v in self.options).get((section, name))

    @property
    def quorum(self) -> "str | None":
        """DRBD 9's own quorum, None when it is off."""
        value = self.option("options", "quorum")
        return None if value == "off" else value

    @property
    def auto_promote(self) -> "str | None":
        """Whether DRBD 9 promotes when a device is opened: "yes", "no", None when not set."""
        value = self.option("options", "auto-promote")
        return None if value is None else "yes" if value in _TRUE else "no"

    @property
    def witnesses(self) -> "tuple[str, ...]":
        """The nodes that have no disk: they only vote in DRBD 9's quorum."""
        return tuple(host.name for host in self.hosts
                     if host.devices and all(disk is None for _, _, disk, _ in host.devices))

    def host(self, name: "str | None") -> "OnSection | None":
        """The OnSection of node *name*; None when there is none (the domain may differ)."""
        short = (name or "").partition(".")[0]
        exact = [host for host in self.hosts if host.name == name]
        close = [host for host in self.hosts if host.name.partition(".")[0] == short]
        return next(iter(exact + close), None)


class Statement(Words):
    """The words of ``key value;``; ``line`` is the number of the line it begins on."""

    line = 0


class DrbdSection:
    """A block of the file: its head's words, ``key value;`` statements, inner sections.

    ``line`` is the number of the line that its head begins on.
    """

    def __init__(self, head: "tuple[str, ...]", line: int = 0) -> None:
        self.head = head
        self.line = line
        self.statements: "list[Statement]" = []
        self.sections: "list[DrbdSection]" = []

    def named(self, *kinds: str) -> "list[DrbdSection]":
        """The inner sections of these kinds."""
        return [s for s in self.sections if s.head[0] in kinds]

    def value(self, key: str) -> "tuple[str, ...] | None":
        """The words after *key* in its last statement; None when there is none."""
        found = [words[1:] for words in self.statements if words[0] == key]
        return found[-1] if found else None

    def options(self) -> "dict[str, str]":
        """{key: value as text}; the value of a bare key is ""."""
        return {words[0]: " ".join(words[1:]) for words in self.statements}


class _Scanner:
    """The words and marks of a text, and the line that is being read, for errors."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._position = 0
        self._counted, self._line = 0, 1

    @property
    def line(self) -> int:
        """The number of the line on which the word or mark just read ends."""
        self._line += self._text.count("\n", self._counted, self._position)
        self._counted = self._position
        return self._line

    def refuse(self, what: str) -> "NoReturn":
        """Raise ParseError with the line that the scanner is at."""
        start = self._text.rfind("\n", 0, max(0, self._position - 1)) + 1
        line = self._text[start:].partition("\n")[0]
        raise ParseError(_SOURCE, line.strip()[:_SHOWN], what, self.line)

    def tokens(self) -> "Iterator[tuple[str, bool]]":
        """(token, whether it is a word) one after the other."""
        while self._position < len(self._text):
            match = _TOKEN.match(self._text, self._position)
            if match is None:
                self.refuse("a quote is not closed")
            self._position = match.end()
            _, quoted, mark, word, _ = match.groups()
            if quoted is not None:
                yield re.sub(r"\\(.)", r"\1", quoted[1:-1]), True
            elif mark or word:
                yield mark or word, not mark


def tree(text: str) -> "DrbdSection":
    """The whole text as a DrbdSection; a ParseError has the line's number.

    :raises ParseError: braces or semicolons are missing: cut off, or another format
    """
    top = DrbdSection(("",))
    open_sections, scanner, line = [top], _Scanner(text.rstrip()), 1
    words: "list[str]" = []
    for token, is_word in scanner.tokens():
        if is_word:
            line = line if words else scanner.line
            words.append(token)
        elif token == ";" and words:
            statement = Statement(words)
            statement.line = line
            open_sections[-1].statements.append(statement)
            words = []
        elif token == "{" and len(open_sections) > _DEPTH:
            scanner.refuse("sections are nested too deeply")
        elif token == "{" and words:
            section = DrbdSection(tuple(words), line)
            open_sections[-1].sections.append(section)
            open_sections.append(section)
            words = []
        elif token == "}" and not words and len(open_sections) > 1:
            open_sections.pop()
        elif token != ";":
            scanner.refuse(f"unexpected \"{token}\"")
    if words or len(open_sections) > 1:
        scanner.refuse("cut off")
    return top


def _merged(common: "DrbdSection | None", resource: "DrbdSection") -> "dict[str, dict[str, str]]":
    """{section: {key: value}} of the options in effect: the resource's own go first."""
    found = {"": resource.options()}
    for part in ([common] if common else []) + [resource]:
        for section in part.sections:
            if len(section.head) == 1:
                found.setdefault(section.head[0], {}).update(section.options())
    if common:
        for key, value in common.options().items():
            found[""].setdefault(key, value)
    return found


def _device(volume: "DrbdSection", shared: "DrbdSection | None") -> "Device":
    """(device, minor, backing device, meta-disk) of a volume; what it lacks is *shared*'s."""
    def value(*keys: str) -> "tuple[str, ...]":
        for section in (volume, shared):
            for key in keys:
                words = section.value(key) if section else None
                if words:
                    return words
        return ()
    words = value("device")
    path = words[0] if words and words[0] != "minor" else None
    minor = whole(path[len(_DEVICE):]) if path and path.startswith(_DEVICE) else None
    if "minor" in words:
        minor = whole("".join(words[words.index("minor") + 1:][:1]))
        if minor is None:
            raise ParseError(_SOURCE, "device " + " ".join(words), "no minor number")
    disk = " ".join(value("disk")) or None
    return (path, minor, None if disk == "none" else disk,
            " ".join(value("meta-disk", "flexible-meta-disk")) or None)


def _volumes(section: "DrbdSection") -> "dict[str, DrbdSection]":
    """{number: DrbdSection} of the inner sections ``volume N``."""
    return {" ".join(s.head[1:]): s for s in section.named("volume")}


def _order(number: str) -> "tuple[int, str]":
    return (len(number), number)


def _hosts(resource: "DrbdSection") -> "tuple[OnSection, ...]":
    """The Hosts of a resource; 8.3 has their one volume's settings right in ``on``."""
    shared = _volumes(resource)
    found: "list[OnSection]" = []
    for section in resource.named("on"):
        own = _volumes(section)
        numbers = sorted(set(own) | set(shared), key=_order)
        devices = [_device(own.get(n, DrbdSection((n,))), shared.get(n)) for n in numbers]
        if not devices and (section.value("device") or resource.value("device")):
            devices = [_device(section, resource)]
        if len(found) > _HOSTS:
            raise ParseError(_SOURCE, "on " + " ".join(section.head[1:]), "too many hosts")
        address = section.value("address")
        found.extend(OnSection(name=name, address=address[-1] if address else None,
                          devices=tuple(devices)) for name in section.head[1:])
    return tuple(found)


def _nets(resource: "DrbdSection", net: "dict[str, str]") -> "list[dict[str, str]]":
    """The net options of each connection, as far as they matter; 9 can set them per connection."""
    net = {key: value for key, value in net.items() if key in _OF_NET}
    return [dict(net, **_first_net(c))
            for c in resource.named("connection", "connection-mesh")] or [net]


def _first_net(connection: "DrbdSection") -> "dict[str, str]":
    for section in connection.named("net"):
        return {key: value for key, value in section.options().items() if key in _OF_NET}
    return {}


def _weakest(values: "list[str | None]") -> "str | None":
    """The policy that protects least, of those that connections have."""
    known = [v for v in values if v in FENCING]
    if len(known) < len(values):
        unknown = [v for v in values if v not in FENCING]
        return unknown[0]
    return min(known, key=FENCING.index)


def _notice(net: "dict[str, str]") -> float:
    """Seconds after which a lost connection is noticed at the latest.

    The peer is asked for a sign of life when nothing came for ping-int; that wait begins once more
    if data came meanwhile. Then it has ping-timeout to answer (drbd_receiver.c of 8.4,
    drbd_ack_receiver()).
    """
    values = {}
    for name, default in _PINGS.items():
        given = whole(net.get(name, ""))
        values[name] = default if given is None else given
    return 2.0 * values["ping-int"] + values["ping-timeout"] / 10.0


def _riskiest(nets: "list[dict[str, str]]", key: str) -> str:
    values = [net.get(key, "disconnect") for net in nets]
    return ([v for v in values if v != "disconnect"] or values)[0]


def parse(text: str, name: "str | None" = None) -> "Configuration":
    """The Configuration in the output of ``drbdadm dump NAME``.

    :param name: the resource; None when the text has just one
    :raises ParseError: it is cut off, not of that form, or has no such resource
    """
    top = tree(text)
    found = [s for s in top.named("resource") if len(s.head) > 1 and name in (None, s.head[1])]
    if not found:
        raise ParseError(_SOURCE, text.strip().partition("\n")[0],
                         f"no section \"resource {name or 'NAME'}\"")
    resource = found[0]
    common = next(iter(top.named("common")), None)
    options = _merged(common, resource)
    nets = _nets(resource, options.get("net", {}))
    handlers = options.get("handlers", {})
    fencing = [net.get("fencing", options.get("disk", {}).get("fencing")) for net in nets]
    return Configuration(
        resource=resource.head[1],
        protocol=nets[0].get("protocol") or options[""].get("protocol"),
        allow_two_primaries=all(net.get("allow-two-primaries", "no") in _TRUE for net in nets),
        fencing=_weakest(fencing),
        fence_peer=handlers.get("fence-peer") or handlers.get("outdate-peer"),
        after_sb=tuple(_riskiest(nets, key) for key in _AFTER_SB),
        hosts=_hosts(resource),
        notice=max(map(_notice, nets)),
        options=tuple((section, key, value) for section in sorted(options)
                      for key, value in sorted(options[section].items())))
