# SPDX-License-Identifier: GPL-2.0-or-later
"""Pacemaker's configuration (CIB) as the rules see it.

Format: Pacemaker xml/*.rng. Resource sets and templates are read as far as the rules need.
"""

import re

from dualstor.command.check.parsers import xml
from dualstor.command.check.parsers.where import Where
from dualstor.command.check.view.lazy import lazy
from dualstor.command.check.view.seen import Unavailable
from dualstor.record import Record, whole

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
PROMOTED = ("Promoted", "Master")
_CONTAINERS = ("group", "clone", "master", "bundle")
_UNITS = {"": 1.0, "s": 1.0, "sec": 1.0, "ms": 0.001, "msec": 0.001, "m": 60.0, "min": 60.0,
          "h": 3600.0, "hr": 3600.0, "us": 0.000001, "usec": 0.000001}


def seconds(text: "str | None") -> "float | None":
    """A time of Pacemaker in seconds; None if it is not one."""
    match = re.match(r"^\s*([0-9]{1,9})\s*([a-z]*)\s*$", text or "")
    if not match or match.group(2) not in _UNITS:
        return None
    number = whole(match.group(1))
    return None if number is None else number * _UNITS[match.group(2)]


class CibOperation(Record):
    """An operation of a resource; times in seconds, None if they are not set."""

    name: str
    role: str
    interval: "float | None"
    timeout: "float | None"
    depth: int
    where: Where


class CibClone(Record):
    """A clone; ``meta``: its meta attributes."""

    id: str
    where: Where
    meta: "dict[str, str]"


class Resource(Record):
    """A primitive. ``ids``: its own id and those of what it is in, outwards."""

    id: str
    kind: str             # CLASS:PROVIDER:TYPE
    ids: "tuple[str, ...]"
    parameters: "dict[str, str]"
    operations: "tuple[CibOperation, ...]"
    where: Where
    clone: "CibClone | None" = None    # the one it is in
    group: "str | None" = None      # id of the group it is in
    position: int = 0               # within it

    @property
    def type(self) -> str:
        """The agent's name."""
        return self.kind.rpartition(":")[2]


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

    def at(self, element: "Element") -> Where:
        """Where an element is."""
        return xml.at(element, self.cluster.cib_document[2])

    @property
    def here(self) -> Where:
        """The CIB as a whole."""
        return Where(self.cluster.cib_document[2])

    @lazy
    def properties(self) -> "dict[str | None, tuple[str, Where]]":
        """{name: (value, Where)} of the cluster's options."""
        return {pair.get("name"): (pair.get("value", ""), self.at(pair))
                for pair in self.root.iterfind("configuration/crm_config//nvpair")}

    def option(self, *names: str) -> "tuple[str | None, Where]":
        """(value, Where) of the first of these options that is set; (None, the CIB)."""
        return next((self.properties[name] for name in names if name in self.properties),
                    (None, self.here))

    @lazy
    def nodes(self) -> "tuple[str, ...]":
        """The names of the cluster's nodes."""
        found = [node.get("uname", "") for node in self.root.iterfind("configuration/nodes/node")
                 if node.get("uname") and node.get("type") not in ("remote", "ping")]
        return tuple(found or [host.name for host in self.cluster.hosts])

    def _pairs(self, element: "Element", kind: str) -> "dict[str, str]":
        return {pair.get("name", ""): pair.get("value", "")
                for pair in element.iterfind(kind + "/nvpair") if pair.get("name")}

    def _operation(self, op: "Element") -> CibOperation:
        depth = next((pair.get("value") for pair in op.iter("nvpair")
                      if pair.get("name") == "OCF_CHECK_LEVEL"), "0")
        return CibOperation(name=op.get("name", ""), role=op.get("role", ""),
                         interval=seconds(op.get("interval")), timeout=seconds(op.get("timeout")),
                         depth=whole(depth) or 0, where=self.at(op))

    def _clone(self, element: "Element") -> CibClone:
        meta = self._pairs(element, "meta_attributes")
        if element.tag == "master":  # Pacemaker 1.1
            meta.setdefault("promotable", "true")
        return CibClone(id=element.get("id", ""), where=self.at(element), meta=meta)

    def _resource(self, element: "Element") -> Resource:
        around = [up for up in element.iterancestors() if up.tag in _CONTAINERS]
        clone = next((self._clone(up) for up in around if up.tag in ("clone", "master")), None)
        above = next(element.iterancestors())
        return Resource(
            id=element.get("id", ""), position=above.index(element), clone=clone,
            group=above.get("id", "") if above.tag == "group" else None,
            kind=":".join(element.get(key, "") for key in ("class", "provider", "type")
                          if element.get(key)),
            ids=tuple(e.get("id", "") for e in [element] + around),
            parameters=self._pairs(element, "instance_attributes"),
            operations=tuple(self._operation(op) for op in element.iterfind("operations/op")),
            where=self.at(element))

    @lazy
    def resources(self) -> "tuple[Resource, ...]":
        """All primitives."""
        return tuple(self._resource(element)
                     for element in self.root.iterfind("configuration/resources//primitive"))

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

    @lazy
    def default_timeout(self) -> "float | None":
        """The timeout of an operation that sets none, in seconds; None if it is not valid."""
        for pair in self.root.iterfind("configuration/op_defaults//nvpair"):
            if pair.get("name") == "timeout":
                return seconds(pair.get("value"))
        return 20.0
