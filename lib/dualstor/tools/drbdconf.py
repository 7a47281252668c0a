# SPDX-License-Identifier: GPL-2.0-or-later
"""DRBD's configuration of one resource, as ``drbdadm dump`` prints it (8.3, 8.4, 9).

Format: drbd.conf(5). ``dump`` prints the section ``common`` apart and does not copy
it into resources, so that is done here. Options were moved in later versions: ``protocol`` from
the resource and ``fencing`` from ``disk``, both to ``net``; ``allow-two-primaries`` has
had a value since 8.4.
"""

from dualstor.errors import ParseError
from dualstor.record import Record, whole
from dualstor.tools.drbdtable import FAMILIES, NOT_TCP, choices
from dualstor.tools.drbdtree import DrbdSection, Word, tree

TYPE_CHECKING = False   # only mypy sees what is imported there
if TYPE_CHECKING:
    from typing import Iterable, Iterator, Optional, Tuple
    Device = Tuple[Optional[str], Optional[int], Optional[str], Optional[str]]

_SOURCE = "drbdadm dump"
_DEVICE = "/dev/drbd"
_HOSTS = 64   # of a resource; DRBD has 32 at most
_TRUE = ("", "yes", "true", "on")
_AFTER_SB = ("after-sb-0pri", "after-sb-1pri", "after-sb-2pri")
_PINGS = {"ping-int": 10, "ping-timeout": 5}    # DRBD's own: seconds, tenths of a second
_OF_NET = frozenset(_AFTER_SB + ("protocol", "fencing", "allow-two-primaries") + tuple(_PINGS))

#: From the weakest to the one that freezes I/O until the peer is fenced.
FENCING = choices("9", "net", "fencing")


class OnSection(Record):
    """A node of the resource.

    ``address`` e.g. "10.0.0.1:7788". ``devices``: one (device, minor, backing device,
    meta-disk) per volume, None for what is not there; a disk of None is diskless. ``kind``:
    "on"; "floating", whose name is its address; "stacked", whose name is the lower resource.
    """

    name: str
    address: "str | None" = None
    devices: "tuple[Device, ...]" = ()
    kind: str = "on"


class Configuration(Record):
    """A resource as configured.

    ``fencing`` and ``fence_peer`` (a command line) are None when not set, ``after_sb``
    holds the policies for none, one and two Primaries. ``notice``: seconds after which a lost
    connection is noticed at the latest. ``options``: all options of the resource, ``common``
    included, as (section, name, value); "" is the resource itself.
    ``others``: sections that name no host, floating and stacked. ``copies``: how many sections
    have a backing device. ``ends``: (host, address) of both hosts, of each connection and path
    that names addresses.
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
    others: "tuple[OnSection, ...]" = ()
    copies: int = 0
    ends: "tuple[tuple[tuple[str, str], ...], ...]" = ()

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
    if path and path.startswith("drbd"):
        path = "/dev/" + path
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


def _address(words: "Iterable[str]") -> "str | None":
    """The address as one text; the family only where it is not plain TCP."""
    found = list(words)
    family = found.pop(0) if found and found[0] in FAMILIES else ""
    text = "".join(found)
    return (f"{family} {text}" if family in NOT_TCP else text) or None


def _devices(section: "DrbdSection", resource: "DrbdSection") -> "tuple[Device, ...]":
    """The devices of a host; 8.3 has its one volume's settings right in ``on``."""
    own, shared = _volumes(section), _volumes(resource)
    numbers = sorted(set(own) | set(shared), key=_order)
    devices = [_device(own.get(n, DrbdSection((Word(n),))), shared.get(n)) for n in numbers]
    if not devices and (section.value("device") or resource.value("device")):
        devices = [_device(section, resource)]
    return tuple(devices)


def _sections(resource: "DrbdSection") -> "Iterator[tuple[OnSection, ...]]":
    """The OnSections of each host section, one for each of its names."""
    for section in resource.named("on", "floating", "stacked-on-top-of"):
        kind = section.head[0].partition("-")[0]
        names: "tuple[str, ...]" = section.head[1:]
        address = _address(names if kind == "floating" else section.value("address") or ())
        if kind == "floating":
            names = (address or "",)
        devices = _devices(section, resource)
        yield tuple(OnSection(name=name, address=address, devices=devices, kind=kind)
                    for name in names)
    for words in resource.statements:
        if words[0] == "floating":
            address = _address(words[1:])
            yield (OnSection(name=address or "", address=address, kind="floating",
                             devices=_devices(DrbdSection((Word(),)), resource)),)


def _ends(resource: "DrbdSection", hosts: "Iterable[OnSection]") \
        -> "Iterator[tuple[tuple[str, str], ...]]":
    """(host, address) that connections and their paths name; a port alone with its host's."""
    known = {host.name: host.address for host in hosts}
    connections = resource.named("connection")
    for part in connections + [path for one in connections for path in one.named("path")]:
        heads = [tuple(words) for words in part.statements] + [s.head for s in part.sections]
        found = []
        for words in (words for words in heads if words[0] == "host" and len(words) > 1):
            rest = words[2:words.index("via")] if "via" in words else words[2:]
            address = known.get(words[1])
            if rest[:1] == ("address",):
                address = _address(rest[1:])
            elif rest[:1] == ("port",) and address:
                address = f"{address.rpartition(':')[0]}:{''.join(rest[1:])}"
            if address:
                found.append((words[1], address))
        if found:
            yield tuple(found)


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


def configured(resource: "DrbdSection", common: "DrbdSection | None") -> "Configuration":
    """The Configuration of a section ``resource``, with what ``common`` adds.

    :raises ParseError: a minor number is none, or there are too many hosts
    """
    options = _merged(common, resource)
    nets = _nets(resource, options.get("net", {}))
    handlers = options.get("handlers", {})
    fencing = [net.get("fencing", options.get("disk", {}).get("fencing")) for net in nets]
    sections = list(_sections(resource))
    all_hosts = [host for section in sections for host in section]
    if len(all_hosts) > _HOSTS:
        raise ParseError(_SOURCE, " ".join(resource.head), "too many hosts")
    protocol = nets[0].get("protocol") or options[""].get("protocol")
    return Configuration(
        resource=resource.head[1],
        protocol=protocol.upper() if protocol else None,
        allow_two_primaries=all(net.get("allow-two-primaries", "no") in _TRUE for net in nets),
        fencing=_weakest(fencing),
        fence_peer=handlers.get("fence-peer") or handlers.get("outdate-peer"),
        after_sb=tuple(_riskiest(nets, key) for key in _AFTER_SB),
        hosts=tuple(host for host in all_hosts if host.kind == "on"),
        others=tuple(host for host in all_hosts if host.kind != "on"),
        copies=sum(any(disk is not None for _, _, disk, _ in section[0].devices) or
                   section[0].kind == "stacked" for section in sections if section),
        ends=tuple(_ends(resource, all_hosts)),
        notice=max(map(_notice, nets)),
        options=tuple((section, key, value) for section in sorted(options)
                      for key, value in sorted(options[section].items())))


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
    return configured(found[0], next(iter(top.named("common")), None))
