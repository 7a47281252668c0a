# SPDX-License-Identifier: GPL-2.0-or-later
"""One host as the rules see it: the tree's texts, parsed when they are needed."""

import ipaddress
import re

from dualstor.command.check.parsers import corosyncconf, drbdfiles, xml
from dualstor.command.check.parsers.where import Where
from dualstor.command.check.view import devices, network
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
from dualstor.record import Record, whole

TYPE_CHECKING = False   # only mypy sees what is imported there
if TYPE_CHECKING:
    from typing import Sequence

    from dualstor.command.check.parsers.where import Problem
    from dualstor.command.check.parsers.xml import Element
    from dualstor.command.check.view.network import Interface

    Address = ipaddress.IPv4Address | ipaddress.IPv6Address
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
    def corosync_conf(self) -> "tuple[corosyncconf.CorosyncSection, tuple[Problem, ...]]":
        """(Section, Problems) of corosync.conf; raises as ``corosync_text``."""
        return corosyncconf.parse(self.corosync_text, COROSYNC_CONF)

    @property
    def corosync_nodes(self) -> "list[corosyncconf.CorosyncSection]":
        """The node sections of corosync.conf; raises as ``corosync_text``."""
        return self.corosync_conf[0].first("nodelist").named("node")

    @lazy
    def corosync_version(self) -> int:
        """Major version of corosync, by its program, else by what its file holds."""
        try:
            match = re.search(r"version '?([0-9]{1,3})\.", self.output("corosync-version"))
            number = whole(match.group(1)) if match else None
            if number is not None:
                return number
        except Unavailable:
            pass
        conf = self.corosync_conf[0]
        totem, transport = conf.first("totem"), conf.first("totem").get("transport")
        if not conf.first("nodelist").sections and not conf.first("quorum").values:
            return 1
        if transport == "knet" or (transport is None and not totem.named("interface")):
            return 3
        encrypts = any(totem.get(key) for key in ("secauth", "crypto_cipher", "crypto_hash"))
        return 2 if totem.named("interface") or encrypts else 3

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

        :raises Unavailable: neither psutil nor ``ip`` was asked
        """
        return tuple(one for _, one in network.links(self))

    @lazy
    def addresses(self) -> "dict[str, str]":
        """{name: address} of /etc/hosts."""
        found: "dict[str, str]" = {}
        for line in (self.text("/etc/hosts") or "").split("\n"):
            words = line.partition("#")[0].split()
            for name in words[1:]:
                found.setdefault(name, words[0])
        return found

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
    def lvm(self) -> Lvm:
        """The Lvm of this host."""
        return Lvm(self)
