# SPDX-License-Identifier: GPL-2.0-or-later
"""All that was seen: the hosts and the cluster's configuration."""

from dualstor.command.check.parsers import xml
from dualstor.command.check.view.cib import Cib
from dualstor.command.check.view.host import Host
from dualstor.command.check.view.lazy import lazy
from dualstor.command.check.view.seen import Unavailable

#: Where Pacemaker keeps its configuration on disk; as root, or in a copied tree.
_CIB_FILES = ("/var/lib/pacemaker/cib/cib.xml", "/var/lib/heartbeat/crm/cib.xml")


class Cluster:
    """One or two hosts, and the CIB.

    :param trees: sources.tree.Trees
    :param cib: (text, path) of a CIB that was given, or None
    :param engine: "cman" or "corosync" where it was chosen
    :param absent: why further hosts could not be looked at, sentences
    """

    def __init__(self, trees, cib=None, engine=None, absent=()):
        self.hosts = tuple(Host(tree, engine) for tree in trees)
        self.absent = tuple(absent)
        self._given = cib

    def _source(self):
        """(text, name of the source) of the CIB; what runs goes before what lies on disk."""
        if self._given:
            return self._given
        reason = "no host"
        for host in self.hosts:
            try:
                return host.output("cib"), "cibadmin --query"
            except Unavailable as problem:
                reason = str(problem)
        for host in self.hosts:
            for path in _CIB_FILES:
                if path in host.tree.files:
                    return host.tree.files[path], path
        raise Unavailable(f"no configuration of Pacemaker: {reason}; give it with --cib FILE")

    @lazy
    def pacemaker(self):
        """The Cib; what is missing about it shows when it is looked at."""
        return Cib(self)

    @lazy
    def cib_document(self):
        """(root element or None, Problems, name of the source).

        :raises Unavailable: there is no CIB anywhere
        """
        text, source = self._source()
        root, problems = xml.parse(text, source)
        return root, problems, source
