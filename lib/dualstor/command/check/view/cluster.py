# SPDX-License-Identifier: GPL-2.0-or-later
"""All that was read: the hosts and the cluster's configuration."""

from dualstor.agents.catalogue import DRBD_DUALPRIMARY
from dualstor.command.check.parsers import clustershell, xml
from dualstor.command.check.view.cib import Cib
from dualstor.command.check.view.host import HostView
from dualstor.command.check.view.lazy import lazy
from dualstor.command.check.view.seen import Unavailable

TYPE_CHECKING = False   # only mypy sees what is imported there
if TYPE_CHECKING:
    from typing import Iterable

    from dualstor.command.check.parsers.where import Problem
    from dualstor.command.check.parsers.xml import Element
    from dualstor.command.check.sources.tree import Tree

#: Where Pacemaker keeps its configuration on disk; for root, or in a copied tree.
_CIB_FILES = ("/var/lib/pacemaker/cib/cib.xml", "/var/lib/heartbeat/crm/cib.xml")


class ClusterView:
    """One or two hosts, and the CIB.

    :param cib: (text, path) of a CIB that was given
    :param engine: "cman" or "corosync" if it was chosen
    :param absent: why further hosts could not be read, sentences
    """

    def __init__(self, trees: "Iterable[Tree]", cib: "tuple[str, str] | None" = None,
                 engine: "str | None" = None, absent: "Iterable[str]" = ()) -> None:
        self.hosts = tuple(HostView(tree, engine) for tree in trees)
        for host in self.hosts:
            host.cluster = self
        self.absent = tuple(absent)
        self._given = cib
        for host in self.hosts:
            host.cluster = self

    @property
    def starts_dlm(self) -> bool:
        """Whether the CIB has a resource for dlm; False if there is no CIB."""
        try:
            return any(one.type == "controld" for one in self.pacemaker.resources)
        except Unavailable:
            return False

    def _source(self) -> "tuple[str, str]":
        """(text, name of the source) of the CIB: the running one, else that on disk."""
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
        raise Unavailable(f"no configuration of Pacemaker: {reason}; name it with --cib FILE")

    @lazy
    def pacemaker(self) -> Cib:
        """The Cib; its properties raise Unavailable if there is none."""
        return Cib(self)

    @lazy
    def dual_primary(self) -> "frozenset[str] | None":
        """The names of the DRBD resources that our agent makes Primary twice; None: not known."""
        try:
            return frozenset(one.parameters["drbd_resource"]
                             for one in self.pacemaker.ours(DRBD_DUALPRIMARY)
                             if "drbd_resource" in one.parameters)
        except Unavailable:
            return None

    @lazy
    def cib_document(self) -> "tuple[Element | None, tuple[Problem, ...], str]":
        """(root element or None, Problems, name of the source).

        :raises Unavailable: there is no CIB anywhere, or the text is a shell's
        """
        text, source = self._source()
        shell = clustershell.shell(text)
        if shell is not None:
            raise Unavailable(f"{source}: this is the text of {shell}, not the CIB; give the "
                              "output of `cibadmin --query`")
        root, problems = xml.parse(text, source)
        return root, problems, source
