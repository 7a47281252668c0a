# SPDX-License-Identifier: GPL-2.0-or-later
"""Pacemaker's configuration (CIB) as the rules see it.

Format: Pacemaker xml/*.rng; which of several values counts: ``values``. Meta attributes are a
resource's own, then those of the group and clone that it is in, inwards first, then
rsc_defaults; a clone has its own and rsc_defaults (complex.c, get_meta_attributes).
"""

from dualstor.command.check.parsers import xml
from dualstor.command.check.parsers.where import Where
from dualstor.command.check.view import nodes, pacetime
from dualstor.command.check.view.lazy import lazy
from dualstor.command.check.view.resources import CibClone, CibOperation, Resource
from dualstor.command.check.view.rules import Facts
from dualstor.command.check.view.seen import Unavailable
from dualstor.command.check.view.templates import expanded
from dualstor.command.check.view.values import Values, collect
from dualstor.tools.pacemaker import is_true

TYPE_CHECKING = False   # only mypy sees what is imported there
if TYPE_CHECKING:
    from typing import Protocol, Sequence  # novm

    from dualstor.command.check.parsers.where import Problem
    from dualstor.command.check.parsers.xml import Element
    from dualstor.command.check.view.host import HostView

    class Source(Protocol):
        """What has the CIB: a view.cluster.Cluster."""

        @property
        def hosts(self) -> Sequence[HostView]: ...

        @property
        def cib_document(self) -> "tuple[Element | None, tuple[Problem, ...], str]": ...

PROVIDER = "dualstor"
_CONTAINERS = ("group", "clone", "master", "bundle")
#: An agent and a meta attribute that make nodes of resources.
_REMOTE, _GUEST = "ocf:pacemaker:remote", "remote-node"


class Cib:
    """The CIB of a cluster."""

    def __init__(self, cluster: "Source") -> None:
        self.cluster = cluster

    @property
    def problems(self) -> "tuple[Problem, ...]":
        """What the XML parser could not parse."""
        return self.cluster.cib_document[1]

    @lazy
    def root(self) -> "Element":
        """The root element.

        :raises Unavailable: there is no CIB, or nothing of it could be parsed
        """
        root, _, source = self.cluster.cib_document
        if root is None or root.find("configuration") is None:
            raise Unavailable(f"{source}: no <configuration> in it")
        return root

    @lazy
    def ids(self) -> "dict[str, Element]":
        """The elements of the configuration by id."""
        return {element.get("id", ""): element
                for element in self.root.iterfind("configuration//*[@id]")}

    def at(self, element: "Element") -> Where:
        """Where an element is."""
        return xml.at(element, self.cluster.cib_document[2])

    @property
    def here(self) -> Where:
        """The CIB as a whole."""
        return Where(self.cluster.cib_document[2])

    def _collect(self, values: Values, element: "Element", tag: str,
                 facts: "Facts | None" = None) -> Values:
        return collect(values, element, tag, self.ids, self.at, facts)

    @lazy
    def properties(self) -> Values:
        """The cluster's options."""
        values = Values(self.here)
        for element in self.root.iterfind("configuration/crm_config"):
            self._collect(values, element, "cluster_property_set")
        return values

    def option(self, *names: str) -> "tuple[str | None, Where]":
        """(value, Where) of the first of these options that is set; (None, the CIB).

        :raises Unavailable: it depends on a rule
        """
        return next(((self.properties[name], self.properties.where(name)) for name in names
                     if name in self.properties), (None, self.here))

    @lazy
    def nodes(self) -> "tuple[str, ...]":
        """The names of the cluster's nodes, as far as they are known."""
        return nodes.names(self.root, self.cluster.hosts)[0]

    @property
    def all_nodes(self) -> "tuple[str, ...]":
        """The names of all nodes, remote ones, too.

        :raises Unavailable: they are not all known
        """
        found, complete = nodes.names(self.root, self.cluster.hosts)
        if not complete:
            raise Unavailable(f"{self.here}: names no node, and there are not two hosts")
        further = [node.get("uname", "") for node in
                   self.root.iterfind("configuration/nodes/node")]
        for resource in self.resources:
            further.append(resource.id if resource.kind == _REMOTE else "")
            further.append(resource.meta.get(_GUEST, ""))
        return found + tuple(name for name in further if name and name not in found)

    def defaults(self, section: str, facts: Facts) -> Values:
        """What ``rsc_defaults`` or ``op_defaults`` set."""
        values = Values(self.here)
        for element in self.root.iterfind("configuration/" + section):
            self._collect(values, element, "meta_attributes", facts)
        return values

    def _operation(self, op: "Element", facts: Facts) -> CibOperation:
        facts = facts.but(operation=op.get("name", ""))
        meta = Values(self.at(op))
        for name, value in sorted(op.attrib.items()):
            meta.offer(str(name), str(value), self.at(op))
        self._collect(meta, op, "meta_attributes", facts)
        parameters = self._collect(Values(self.at(op)), op, "instance_attributes", facts)
        return CibOperation(
            name=op.get("name", ""), role=op.get("role", ""), given=op.get("interval"),
            enabled=op.get("enabled") is None or is_true(op.get("enabled")),
            meta=meta.inherit(self.defaults("op_defaults", facts)), parameters=parameters,
            where=self.at(op))

    def _clone(self, element: "Element") -> CibClone:
        meta = self._collect(Values(self.at(element)), element, "meta_attributes", Facts())
        meta.inherit(self.defaults("rsc_defaults", Facts(standard="", provider="", type="")))
        if element.tag == "master":  # Pacemaker 1.1
            meta.offer("promotable", "true", self.at(element))
        return CibClone(id=element.get("id", ""), where=self.at(element), meta=meta)

    def _resource(self, element: "Element") -> Resource:
        around = [up for up in element.iterancestors() if up.tag in _CONTAINERS]
        clone = next((self._clone(up) for up in around if up.tag in ("clone", "master")), None)
        above = next(element.iterancestors())
        whole_element = expanded(element, self.ids)
        named = [whole_element.agent.get(key, "") for key in ("class", "provider", "type")]
        facts = Facts(standard=named[0], provider=named[1], type=named[2])
        where = self.at(element)
        meta, parameters = Values(where), Values(where)
        for part in whole_element.parts + around:
            self._collect(meta, part, "meta_attributes", facts)
            self._collect(parameters, part, "instance_attributes", facts)
        return Resource(
            id=element.get("id", ""), position=above.index(element), clone=clone,
            group=above.get("id", "") if above.tag == "group" else None,
            kind=":".join(name for name in named if name), parameters=parameters,
            ids=tuple(e.get("id", "") for e in [element] + around),
            meta=meta.inherit(self.defaults("rsc_defaults", facts)), where=where,
            operations=tuple(self._operation(op, facts) for op in whole_element.operations),
            template=element.get("template"))

    @lazy
    def resources(self) -> "tuple[Resource, ...]":
        """All primitives."""
        return tuple(self._resource(element)
                     for element in self.root.iterfind("configuration/resources//primitive"))

    @lazy
    def together(self) -> "dict[str, set[str]]":
        """{id: all ids of the same resource and of what it is in}."""
        found: "dict[str, set[str]]" = {}
        for resource in self.resources:
            for identifier in resource.ids:
                found.setdefault(identifier, set()).update(resource.ids)
        return found

    def ours(self, *types: str) -> "list[Resource]":
        """The resources of these agents of ours (of all, if none is named).

        :raises Unavailable: the CIB has no resource of ours at all
        """
        found = [r for r in self.resources if r.kind.startswith(f"ocf:{PROVIDER}:")]
        if not found:
            raise Unavailable(f"{self.here}: no resource of ocf:{PROVIDER}")
        return [r for r in found if not types or r.type in types]

    @property
    def fence_devices(self) -> "list[Resource]":
        """The fence devices."""
        return [r for r in self.resources if r.kind.startswith("stonith:")]

    def default_timeout(self, resource: Resource, operation: str) -> float:
        """The timeout of an operation that is not defined, in seconds."""
        standard, _, rest = resource.kind.partition(":")
        facts = Facts(standard=standard, provider=rest.rpartition(":")[0], type=resource.type,
                      operation=operation)
        text = self.defaults("op_defaults", facts).get("timeout")
        return pacetime.seconds(text) or pacetime.DEFAULT_TIMEOUT
