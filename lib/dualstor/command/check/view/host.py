# SPDX-License-Identifier: GPL-2.0-or-later
"""One host as the rules look at it: the tree's texts, parsed when they are asked for."""

import ipaddress
import re

from dualstor.command.check.parsers import corosyncconf, drbdfiles, xml
from dualstor.command.check.parsers.where import Where
from dualstor.command.check.view.firewall import Firewall
from dualstor.command.check.view.lazy import lazy
from dualstor.command.check.view.lvm import Lvm
from dualstor.command.check.view.seen import Irrelevant, Seen, Unavailable
from dualstor.record import Record, whole

CLUSTER_CONF = "/etc/cluster/cluster.conf"
COROSYNC_CONF = "/etc/corosync/corosync.conf"

CMAN, COROSYNC = "cman", "corosync"


class Disk(Record):
    """A disk below DRBD on this host: ``lower`` and the DRBD device ``upper`` on it.

    ``names``: all names of the lower disk, ``lower`` first.
    """

    resource: drbdfiles.Resource
    upper: str
    lower: str
    names: tuple


class Host(Seen):
    """One host.

    :param tree: sources.tree.Tree
    :param engine: "cman" or "corosync" where it was chosen, None to find out
    """

    def __init__(self, tree, engine=None):
        super().__init__(tree)
        self._chosen = engine

    # -- the cluster engine -------------------------------------------------------

    @property
    def engine(self):
        """"cman" or "corosync", by the files that are there.

        :raises Unavailable: neither's is
        """
        if self._chosen:
            return self._chosen
        if self.text(CLUSTER_CONF) is not None:
            return CMAN
        if self.text(COROSYNC_CONF) is not None:
            return COROSYNC
        raise Unavailable(f"neither {CLUSTER_CONF} nor {COROSYNC_CONF} is there")

    @lazy
    def cluster_conf(self):
        """(root element or None, Problems) of cluster.conf.

        :raises Irrelevant: the host uses corosync alone
        :raises Unavailable: there is no file
        """
        if self.text(CLUSTER_CONF) is None and self.engine != CMAN:
            raise Irrelevant()
        return xml.parse(self.need(CLUSTER_CONF), CLUSTER_CONF)

    @lazy
    def corosync_conf(self):
        """(Section, Problems) of corosync.conf.

        :raises Irrelevant: the host uses cman, which has no use for the file
        :raises Unavailable: there is no file
        """
        if self.text(COROSYNC_CONF) is None and self.engine != COROSYNC:
            raise Irrelevant()
        return corosyncconf.parse(self.need(COROSYNC_CONF), COROSYNC_CONF)

    @lazy
    def corosync_version(self):
        """Major version of corosync; by its program, else by what its file holds."""
        try:
            match = re.search(r"version '?([0-9]{1,3})\.", self.output("corosync-version"))
            if match:
                return whole(match.group(1))
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
    def drbd_files(self):
        """(Resources, Problems) of DRBD's files.

        :raises Unavailable: there are none
        """
        files = {path: self.text(path) for path in self.tree.files
                 if path.startswith("/etc/drbd")}
        if not files:
            raise Unavailable("neither /etc/drbd.conf nor /etc/drbd.d is there")
        return drbdfiles.parse(files)

    @lazy
    def resources(self):
        """The DRBD resources.

        :raises Unavailable: there are none that can be read
        """
        found, problems = self.drbd_files
        if not found:
            raise Unavailable(f"DRBD: {problems[0].text if problems else 'no resource is configured'}")
        return found

    @lazy
    def disks(self):
        """The Disks of this host below DRBD.

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
            raise Unavailable(f"no DRBD resource names a disk of host {self.name}")
        return tuple(found)

    @lazy
    def drbd_module(self):
        """(version of DRBD's kernel module as text, Where it is said).

        :raises Unavailable: nothing tells
        """
        for path, pattern in (("/proc/drbd", r"^version:\s*([0-9]+(?:\.[0-9]+)+)"),
                              ("/sys/module/drbd/version", r"^([0-9]+(?:\.[0-9]+)+)")):
            match = re.search(pattern, self.text(path) or "", re.MULTILINE)
            if match:
                return match.group(1), Where(path)
        match = re.search(r"^version:\s*([0-9]+(?:\.[0-9]+)+)", self.output("modinfo-drbd"),
                          re.MULTILINE)
        if not match:
            raise Unavailable("modinfo drbd tells no version")
        return match.group(1), Where("modinfo drbd")

    # -- the network ------------------------------------------------------------------

    @lazy
    def interfaces(self):
        """The addresses of this host as ipaddress interfaces.

        :raises Unavailable: ``ip addr`` was not asked
        """
        found = []
        for word in re.findall(r"\binet6? (\S+)", self.output("ip-addr")):
            try:
                found.append(ipaddress.ip_interface(word))
            except ValueError:
                continue
        return tuple(found)

    @lazy
    def addresses(self):
        """{name: address} of /etc/hosts."""
        found = {}
        for line in (self.text("/etc/hosts") or "").split("\n"):
            words = line.partition("#")[0].split()
            for name in words[1:]:
                found.setdefault(name, words[0])
        return found

    @lazy
    def firewall(self):
        """The Firewall of this host."""
        return Firewall(self)

    @lazy
    def lvm(self):
        """The Lvm of this host."""
        return Lvm(self)
