# SPDX-License-Identifier: GPL-2.0-or-later
"""What one host's files and commands say of DRBD."""

from dualstor.command.check.parsers import drbdfiles
from dualstor.command.check.parsers.where import Where
from dualstor.command.check.view import network
from dualstor.command.check.view.drbdversion import DrbdVersion
from dualstor.command.check.view.lazy import lazy
from dualstor.command.check.view.seen import Unavailable
from dualstor.record import Record
from dualstor.tools import drbdaddress

TYPE_CHECKING = False   # only mypy sees what is imported there
if TYPE_CHECKING:
    from typing import Iterator

    from dualstor.command.check.view.network import Interface
    from dualstor.tools.drbdaddress import DrbdAddress
    from dualstor.tools.drbdconf import OnSection

_NOT_OURS = ("Permission denied", "larger than any configuration")


class Disk(Record):
    """The backing device ``lower`` of the DRBD device ``upper`` on this host.

    ``names``: all names of the backing device, ``lower`` first.
    """

    resource: drbdfiles.DrbdResource
    upper: str
    lower: str
    names: "tuple[str, ...]"
    where: Where


class DrbdView(DrbdVersion):
    """DRBD's part of a HostView."""

    @lazy
    def drbd_files(self) -> "drbdfiles.DrbdFiles":
        """DRBD's files.

        :raises Unavailable: there are none, or one cannot be read here
        """
        named = {path for path in self.tree.files if path.startswith("/etc/drbd")}
        if not named and not any(path.startswith("/etc/drbd") for path in self.tree.unreadable):
            raise Unavailable("neither /etc/drbd.conf nor /etc/drbd.d exists")
        for path, why in sorted(self.tree.unreadable.items()):
            if path.startswith("/etc/drbd") and why in _NOT_OURS:
                raise Unavailable(f"{path}: {why}")
        return drbdfiles.parse(self.tree.files, self.tree.unreadable, self.drbd_generation)

    @lazy
    def resources(self) -> "tuple[drbdfiles.DrbdResource, ...]":
        """The DRBD resources.

        :raises Unavailable: there are none that can be parsed
        """
        files = self.drbd_files
        if not files.resources:
            what = files.problems[0].text if files.problems else "no resource is configured"
            raise Unavailable(f"DRBD: {what}")
        return files.resources

    # -- the host's own part ----------------------------------------------------------

    @lazy
    def interfaces(self) -> "tuple[Interface, ...]":
        """The addresses of this host, with their networks.

        :raises Unavailable: neither psutil nor ``ip`` was asked
        """
        return tuple(one for _, one in network.links(self))

    def own(self, resource: "drbdfiles.DrbdResource", depth: int = 0) -> "OnSection | None":
        """The section of a resource that is this host's; None if it has none.

        By name as ``uname -n`` prints it: DRBD 9 takes it in any case, and without its domain;
        by address if it is floating; stacked: if the lower resource has one.

        :raises Unavailable: the host's addresses are not known, or those of others come first
        """
        conf = resource.configuration
        exact = [host for host in conf.hosts if host.name == self.name]
        if not exact and self.drbd_generation == "9":
            exact = [host for host in conf.hosts if self._is_name(host.name)]
        for other in () if exact else conf.others:
            if other.kind == "stacked" and depth < 2:
                lower = [one for one in self.resources if one.name == other.name]
                if lower and self.own(lower[0], depth + 1):
                    return other
            elif other.kind == "floating":
                parsed = drbdaddress.parse(other.address)
                if parsed and parsed.ip in [i.ip for i in self.interfaces]:
                    return other
        return exact[0] if exact else None

    def _is_name(self, name: str) -> bool:
        """Whether DRBD 9 takes a name for this host's."""
        mine, theirs = self.name.lower(), name.lower()
        if "." in mine and "." in theirs:
            return mine == theirs
        return mine.partition(".")[0] == theirs.partition(".")[0]

    def drbd_ends(self, resource: "drbdfiles.DrbdResource") \
            -> "Iterator[tuple[DrbdAddress, DrbdAddress | None]]":
        """(this host's address, its peer's) of the connections of a resource: those of sections,
        or those that connections and paths name.

        :raises Unavailable: as ``own``
        """
        own = self.own(resource)
        if own is None:
            return
        conf = resource.configuration
        mine = [[text for name, text in ends if self._is_own(own, name)] for ends in conf.ends]
        found = [(text, peer) for ends, texts in zip(conf.ends, mine) for text in texts
                 for peer in [text for name, text in ends if not self._is_own(own, name)] or [""]]
        if not found:
            others = [one.address or "" for one in conf.hosts + conf.others if one is not own]
            found = [(own.address or "", peer) for peer in others or [""]]
        for text, peer in found:
            parsed = drbdaddress.parse(text)
            if parsed:
                yield parsed, drbdaddress.parse(peer)

    def _is_own(self, own: "OnSection", name: str) -> bool:
        return name == own.name or (own.kind == "on" and self._is_name(name))

    def drbd_addresses(self, resource: "drbdfiles.DrbdResource") -> "list[DrbdAddress]":
        """This host's addresses in a resource, each once; raises as ``drbd_ends``."""
        found: "list[DrbdAddress]" = []
        for one, _ in self.drbd_ends(resource):
            if one not in found:
                found.append(one)
        return found

    @lazy
    def disks(self) -> "tuple[Disk, ...]":
        """The backing devices of DRBD on this host.

        :raises Unavailable: no resource names this host
        """
        found = []
        for resource in self.resources:
            own = self.own(resource)
            for number, (device, minor, lower, _) in enumerate(own.devices if own else ()):
                if own and lower:
                    names = (lower,) + tuple(self.tree.aliases.get(lower, "").split())
                    found.append(Disk(resource=resource, lower=lower, names=names,
                                      upper=device or f"/dev/drbd{minor}",
                                      where=resource.spot(own, "disk", number)))
        if not found:
            raise Unavailable(f"no DRBD resource names a backing device of host {self.name}")
        return tuple(found)
