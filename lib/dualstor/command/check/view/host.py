# SPDX-License-Identifier: GPL-2.0-or-later
"""One host as the rules see it: the tree's texts, parsed when they are needed."""

from dualstor.command.check.parsers import xml
from dualstor.command.check.view import devices
from dualstor.command.check.view.corosync import Corosync
from dualstor.command.check.view.drbd import DrbdView
from dualstor.command.check.view.firewall import Firewall
from dualstor.command.check.view.lazy import lazy
from dualstor.command.check.view.lvm import Lvm
from dualstor.command.check.view.seen import (
    CLUSTER_CONF,
    CMAN,
    COROSYNC,
    COROSYNC_CONF,
    Irrelevant,
)
from dualstor.command.check.view.units import Units

TYPE_CHECKING = False   # only mypy sees what is imported there
if TYPE_CHECKING:
    import ipaddress
    from typing import Protocol, Sequence  # novm

    from dualstor.command.check.parsers.corosyncconf import CorosyncSection
    from dualstor.command.check.parsers.drbdfiles import DrbdResource
    from dualstor.command.check.parsers.where import Problem
    from dualstor.command.check.parsers.xml import Element

    class Cluster(Protocol):
        """What a host asks of its cluster."""

        @property
        def starts_dlm(self) -> bool: ...

        @property
        def dual_primary(self) -> "frozenset[str] | None": ...

    Address = ipaddress.IPv4Address | ipaddress.IPv6Address
    Network = ipaddress.IPv4Network | ipaddress.IPv6Network



class HostView(DrbdView):
    """One host: what its files and commands mean."""

    #: The cluster that it is in, which sets this.
    cluster: "Cluster | None" = None

    @property
    def pairs(self) -> "tuple[DrbdResource, ...]":
        """The DRBD resources that are to have two Primaries: those that allow it, or that the CIB
        gives to our agent; all that are not stacked, if there is no such CIB.

        :raises Unavailable: as ``resources``
        """
        named = self.cluster.dual_primary if self.cluster else None
        return tuple(one for one in self.resources if not one.stacked and (
            named is None or one.name in named or one.configuration.allow_two_primaries))

    # -- the cluster engine -------------------------------------------------------

    @lazy
    def cluster_conf(self) -> "tuple[Element | None, tuple[Problem, ...]]":
        """(root element or None, Problems) of cluster.conf.

        :raises Irrelevant: the host uses corosync alone, which ignores the file
        :raises Unavailable: there is no file
        """
        if self.engine != CMAN:
            raise Irrelevant()
        return xml.parse(self.need(CLUSTER_CONF), CLUSTER_CONF)

    @property
    def corosync_text(self) -> str:
        """The text of corosync.conf.

        :raises Irrelevant: the host uses cman, which ignores the file
        :raises Unavailable: there is no file
        """
        if self.engine != COROSYNC and (self.text(COROSYNC_CONF) is None or self._cman_starts()):
            raise Irrelevant()
        return self.need(COROSYNC_CONF)

    def _cman_starts(self) -> bool:
        """Whether cluster.conf is XML: else cman does not start, and which engine is to is open."""
        return not self.cluster_conf[1]

    @lazy
    def corosync(self) -> Corosync:
        """The Corosync of this host."""
        return Corosync(self)

    @property
    def corosync_conf(self) -> "tuple[CorosyncSection, tuple[Problem, ...]]":
        """(Section, Problems) of corosync.conf; raises as ``corosync_text``."""
        return self.corosync.parsed

    @property
    def corosync_nodes(self) -> "list[CorosyncSection]":
        """The node sections of corosync.conf; raises as ``corosync_text``."""
        return self.corosync.nodes

    # -- the network ------------------------------------------------------------------

    @lazy
    def hosts_file(self) -> "dict[str, list[str]]":
        """{name: addresses} of /etc/hosts."""
        found: "dict[str, list[str]]" = {}
        for line in (self.text("/etc/hosts") or "").split("\n"):
            words = line.partition("#")[0].split()
            for name in words[1:]:
                found.setdefault(name, []).append(words[0])
        return found

    @lazy
    def addresses(self) -> "dict[str, str]":
        """{name: address} of /etc/hosts, the first of each name."""
        return {name: found[0] for name, found in self.hosts_file.items()}

    @lazy
    def firewall(self) -> Firewall:
        """The Firewall of this host."""
        return Firewall(self)

    def is_lv(self, names: "Sequence[str]") -> "bool | None":
        """Whether a device is an LV, by device-mapper's uuid or its name; None if not known.

        :param names: all names of the device that are known
        """
        return devices.is_lv(self.tree.files, names)

    @lazy
    def units(self) -> Units:
        """The Units of this host."""
        return Units(self)

    @lazy
    def lvm(self) -> Lvm:
        """The Lvm of this host."""
        return Lvm(self)
