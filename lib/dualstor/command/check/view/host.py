# SPDX-License-Identifier: GPL-2.0-or-later
"""One host as the rules see it: the tree's texts, parsed when they are needed."""

import ipaddress
import re

from dualstor.command.check.parsers import drbdfiles, xml
from dualstor.command.check.parsers.where import Where
from dualstor.command.check.view.corosync import Corosync
from dualstor.command.check.view.firewall import Firewall
from dualstor.command.check.view.lazy import lazy
from dualstor.command.check.view.lvm import Lvm
from dualstor.command.check.view.seen import (
    CLUSTER_CONF,
    CMAN,
    COROSYNC,
    COROSYNC_CONF,
    Irrelevant,
    Seen,
    Unavailable,
)
from dualstor.record import Record

TYPE_CHECKING = False   # only mypy sees what is imported there
if TYPE_CHECKING:
    from typing import Protocol  # novm

    from dualstor.command.check.parsers.corosyncconf import CorosyncSection
    from dualstor.command.check.parsers.where import Problem
    from dualstor.command.check.parsers.xml import Element

    class Cluster(Protocol):
        """What a host asks of its cluster."""

        @property
        def starts_dlm(self) -> bool: ...

        @property
        def dual_primary(self) -> "frozenset[str] | None": ...

    Address = ipaddress.IPv4Address | ipaddress.IPv6Address
    Interface = ipaddress.IPv4Interface | ipaddress.IPv6Interface
    Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class Disk(Record):
    """The backing device ``lower`` of the DRBD device ``upper`` on this host.

    ``names``: all names of the backing device, ``lower`` first.
    """

    resource: drbdfiles.DrbdResource
    upper: str
    lower: str
    names: "tuple[str, ...]"


class HostView(Seen):
    """One host: what its files and commands mean."""

    #: The cluster that it is in, which sets this.
    cluster: "Cluster | None" = None

    @property
    def pairs(self) -> "tuple[drbdfiles.DrbdResource, ...]":
        """The DRBD resources that are to have two Primaries: those that allow it, or that the CIB
        gives to our agent; all, if there is no such CIB.

        :raises Unavailable: as ``resources``
        """
        named = self.cluster.dual_primary if self.cluster else None
        return tuple(one for one in self.resources if named is None or one.name in named
                     or one.configuration.allow_two_primaries)

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

    # -- DRBD -----------------------------------------------------------------------

    @lazy
    def drbd_files(self) -> "tuple[tuple[drbdfiles.DrbdResource, ...], tuple[Problem, ...]]":
        """(Resources, Problems) of DRBD's files.

        :raises Unavailable: there are none
        """
        files = {path: self.need(path) for path in self.tree.files
                 if path.startswith("/etc/drbd")}
        if not files:
            raise Unavailable("neither /etc/drbd.conf nor /etc/drbd.d exists")
        return drbdfiles.parse(files)

    @lazy
    def resources(self) -> "tuple[drbdfiles.DrbdResource, ...]":
        """The DRBD resources.

        :raises Unavailable: there are none that can be parsed
        """
        found, problems = self.drbd_files
        if not found:
            what = problems[0].text if problems else "no resource is configured"
            raise Unavailable(f"DRBD: {what}")
        return found

    @lazy
    def disks(self) -> "tuple[Disk, ...]":
        """The backing devices of DRBD on this host.

        :raises Unavailable: no resource names this host
        """
        found = []
        for resource in self.resources:
            own = resource.configuration.host(self.name)
            for device, minor, lower, _ in own.devices if own else ():
                if lower:
                    names = (lower,) + tuple(self.tree.aliases.get(lower, "").split())
                    found.append(Disk(resource=resource, lower=lower, names=names,
                                      upper=device or f"/dev/drbd{minor}"))
        if not found:
            raise Unavailable(f"no DRBD resource names a backing device of host {self.name}")
        return tuple(found)

    @lazy
    def drbd_module(self) -> "tuple[str, Where]":
        """(version of DRBD's kernel module as text, Where it is reported).

        :raises Unavailable: nothing reports it
        """
        for path, pattern in (("/proc/drbd", r"^version:\s*([0-9]+(?:\.[0-9]+)+)"),
                              ("/sys/module/drbd/version", r"^([0-9]+(?:\.[0-9]+)+)")):
            match = re.search(pattern, self.text(path) or "", re.MULTILINE)
            if match:
                return match.group(1), Where(path)
        match = re.search(r"^version:\s*([0-9]+(?:\.[0-9]+)+)", self.output("modinfo-drbd"),
                          re.MULTILINE)
        if not match:
            raise Unavailable("modinfo drbd prints no version")
        return match.group(1), Where("modinfo drbd")

    # -- the network ------------------------------------------------------------------

    @lazy
    def interfaces(self) -> "tuple[Interface, ...]":
        """The addresses of this host, with their networks.

        :raises Unavailable: ``ip addr`` was not run
        """
        found = []
        for word in re.findall(r"\binet6? (\S+)", self.output("ip-addr")):
            try:
                found.append(ipaddress.ip_interface(word))
            except ValueError:
                continue
        return tuple(found)

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

    @lazy
    def lvm(self) -> Lvm:
        """The Lvm of this host."""
        return Lvm(self)
