# SPDX-License-Identifier: GPL-2.0-or-later
"""What a DRBD resource needs so that drbdadm takes it: hosts, addresses, devices, node ids.

Source: drbd-utils user/v9/drbdadm_postparse.c, user/v84/drbdadm_parser.c (8.3 as 8.4).
"""

TYPE_CHECKING = False   # only mypy sees what is imported there
if TYPE_CHECKING:
    from typing import Iterator, Tuple

    from dualstor.tools.drbdtree import DrbdSection, Word

    Missing = Iterator[Tuple[int, str]]

_HOSTS = ("on", "floating", "stacked-on-top-of")
_OF_VOLUME = ("device", "disk", "meta-disk", "flexible-meta-disk")
_UNNUMBERED = "0"   # the number of 8.3's one volume, which has none


def _unnumbered(section: "DrbdSection") -> bool:
    """Whether a section has a volume without a number, as 8.3 has."""
    return any(section.value(word) is not None for word in _OF_VOLUME)


def _volumes(section: "DrbdSection") -> "dict[str, DrbdSection]":
    """{number: section} of volumes."""
    found = {_UNNUMBERED: section} if _unnumbered(section) else {}
    found.update({"".join(one.head[1:]): one for one in section.named("volume")})
    return found


def _has(word: str, *sections: "DrbdSection | None") -> bool:
    words = (word, "flexible-meta-disk") if word == "meta-disk" else (word,)
    return any(section is not None and section.value(one) is not None
               for section in sections for one in words)


def _lacks(host: "DrbdSection", resource: "DrbdSection", generation: str) -> "Iterator[str]":
    """What a host section lacks."""
    nine, stacked = generation == "9", host.head[0] == "stacked-on-top-of"
    if not nine and host.head[0] != "floating" and not _has("address", host):
        yield "address"
    own, shared = _volumes(host), _volumes(resource)
    numbers = sorted(set(own) | set(shared))
    for number in numbers or ([_UNNUMBERED] if generation == "8.3" else []):
        both = own.get(number), shared.get(number)
        if not _has("device", *both):
            yield "device"
        if stacked:
            continue
        disk, meta_disk = _has("disk", *both), _has("meta-disk", *both)
        if not disk and (meta_disk or not nine):
            yield "disk"
        if not meta_disk and not nine:
            yield "meta-disk"


def _node_ids(resource: "DrbdSection", hosts: "list[DrbdSection]") -> "Missing":
    """Host sections of DRBD 9 that need a node-id, or have one that another has.

    Only two hosts with addresses and no connection of their own get theirs by themselves.
    """
    without = [host for host in hosts if host.value("node-id") is None]
    implicit = len(hosts) == 2 == len(without) and not resource.named("connection") and all(
        host.head[0] == "floating" or host.value("address") is not None for host in hosts)
    first: "dict[str, int]" = {}
    for host in hosts:
        number = " ".join(host.value("node-id") or ())
        if not number and not implicit:
            yield host.line, f"{' '.join(host.head)} has no node-id"
        elif number and first.setdefault(number, host.line) != host.line:
            yield host.line, f"{' '.join(host.head)} has node-id {number}, as the host on line " \
                             f"{first[number]} has"


def _connections(resource: "DrbdSection", hosts: "list[DrbdSection]") -> "Missing":
    """What connections and meshes of DRBD 9 lack; stacked, they name the hosts below."""
    stacked = any(host.head[0] == "stacked-on-top-of" for host in hosts)
    names = {str(name) for host in hosts for name in host.head[1:]}
    for mesh in resource.named("connection-mesh"):
        for one in mesh.value("hosts") or ():
            if not stacked and not _known(one, names):
                yield mesh.line, f"host {one} has no section \"on {one}\""
    for connection in resource.named("connection"):
        parts = connection.named("path")
        own = _ends(connection)
        if own and parts:
            yield connection.line, "a connection has hosts of its own and paths"
        if not own and not parts:
            yield connection.line, "a connection has neither hosts nor paths"
        for part in parts + ([connection] if own else []):
            ends = _ends(part)
            if len(ends) != 2:
                yield part.line, f"a {part.head[0]} has {len(ends)} ends: it needs two"
            for line, words in ends:
                if words[0] == "host" and not stacked and not _known(words[1], names):
                    yield line, f"host {words[1]} has no section \"on {words[1]}\""


def _known(name: str, names: "set[str]") -> bool:
    """Whether a host section is meant; a domain may be missing."""
    short = name.lower().partition(".")[0]
    return any(one.lower() == name.lower() or one.lower().partition(".")[0] == short
               for one in names)


def _ends(part: "DrbdSection") -> "list[tuple[int, tuple[Word, ...]]]":
    """(line, words) of the ends that a connection or a path names."""
    found = [(words.line, tuple(words)) for words in part.statements]
    found += [(inner.line, inner.head) for inner in part.sections]
    return [(line, words) for line, words in found
            if words[0] in ("host", "address") and len(words) > 1]


def missing(resource: "DrbdSection", generation: str, common: "DrbdSection | None") -> "Missing":
    """(line, what is missing, or does not fit) in a section ``resource``.

    :param common: the section that it inherits from
    """
    hosts = resource.named(*_HOSTS)
    floating = [words for words in resource.statements if words[0] == "floating"]
    nine = generation == "9"
    name = " ".join(resource.head[1:])
    if generation == "8.3" and not _has("protocol", resource, common):
        yield resource.line, f"resource {name} has no protocol"
    if not hosts and not floating:
        if nine:
            yield resource.line, f"resource {name} has no section for a host"
        return
    for host in hosts:
        for what in _lacks(host, resource, generation):
            yield host.line, f"{' '.join(host.head)} has no {what}"
    yield from _volume_sets(hosts, resource)
    if not nine:
        yield from _primaries(resource, hosts, common)
    elif not floating:
        yield from _node_ids(resource, hosts)
        yield from _connections(resource, hosts)


def _primaries(resource: "DrbdSection", hosts: "list[DrbdSection]",
               common: "DrbdSection | None") -> "Missing":
    """What is wrong before DRBD 9 with the hosts that are to become Primary at boot."""
    known = {name for host in hosts for name in host.head[1:]} | {"both"}
    nets = [net for one in (resource, common) if one is not None for net in one.named("net")]
    two = _has("allow-two-primaries", *nets)
    for startup in resource.named("startup"):
        for words in startup.statements:
            for name in words[1:] if words[0] == "become-primary-on" else ():
                if name not in known:
                    yield words.line, f"become-primary-on: host {name} has no section " \
                                      f"\"on {name}\""
                elif name == "both" and not two:
                    yield words.line, "become-primary-on both without allow-two-primaries"


def _volume_sets(hosts: "list[DrbdSection]", resource: "DrbdSection") -> "Missing":
    """Volumes that not all hosts have, or that are partly numbered."""
    shared = set(_volumes(resource))
    for host in hosts[1:]:
        lacking = sorted((set(_volumes(host)) | shared) ^ (set(_volumes(hosts[0])) | shared))
        if lacking and host.head[0] != "stacked-on-top-of":
            yield host.line, f"{' '.join(hosts[0].head)} and {' '.join(host.head)}: only one " \
                             f"has volume {lacking[0]}"
    numbered = set().union(*(_volumes(one) for one in [resource, *hosts])) - {_UNNUMBERED}
    for one in [resource, *hosts]:
        lines = [words.line for words in one.statements if words[0] in _OF_VOLUME]
        if lines and (numbered or any(volume.line < max(lines) for volume in one.named("volume"))):
            yield one.line, f"section {' '.join(one.head)} has a volume without a number next to " \
                            "others"
