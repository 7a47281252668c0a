# SPDX-License-Identifier: GPL-2.0-or-later
"""Pacemaker's configuration (CIB) as the rules look at it.

Format: Pacemaker xml/*.rng. Resource sets and templates are read as far as the rules need.
"""

import re

from dualstor.command.check.parsers.where import Where
from dualstor.command.check.view.lazy import lazy
from dualstor.command.check.view.seen import Unavailable
from dualstor.record import Record, whole
from dualstor.tools.pacemaker import is_true as is_true

PROVIDER = "dualstor"
PROMOTED = ("Promoted", "Master")
_CONTAINERS = ("group", "clone", "master", "bundle")
_UNITS = {"": 1.0, "s": 1.0, "sec": 1.0, "ms": 0.001, "msec": 0.001, "m": 60.0, "min": 60.0,
          "h": 3600.0, "hr": 3600.0, "us": 0.000001, "usec": 0.000001}


def seconds(text):
    """A time of Pacemaker in seconds; None when it is none."""
    match = re.match(r"^\s*([0-9]{1,9})\s*([a-z]*)\s*$", text or "")
    if not match or match.group(2) not in _UNITS:
        return None
    return whole(match.group(1)) * _UNITS[match.group(2)]


class Operation(Record):
    """An operation of a resource; times in seconds, None where they are not set."""

    name: str
    role: str
    interval: float
    timeout: float
    depth: int
    where: Where


class Resource(Record):
    """A primitive. ``ids``: its own id and those of what it is in, outwards.

    ``clone`` is the element of the clone it is in, None when there is none.
    """

    id: str
    kind: str             # CLASS:PROVIDER:TYPE
    ids: tuple
    parameters: dict
    operations: tuple
    where: Where
    clone: object = None
    clone_where: Where = None
    meta: dict = {}
    group: str = None     # id of the group it is in
    position: int = 0     # within it

    @property
    def type(self):
        """The agent's name."""
        return self.kind.rpartition(":")[2]


class Cib:
    """The CIB of a view.cluster.Cluster."""

    def __init__(self, cluster):
        self.cluster = cluster

    @property
    def problems(self):
        """What the XML parser stumbled over."""
        return self.cluster.cib_document[1]

    @lazy
    def root(self):
        """The root element.

        :raises Unavailable: there is no CIB, or nothing of it could be read
        """
        root, _, source = self.cluster.cib_document
        if root is None or root.find("configuration") is None:
            raise Unavailable(f"{source}: no <configuration> in it")
        return root

    def at(self, element):
        """Where an element stands."""
        return Where(self.cluster.cib_document[2], element.sourceline)

    @property
    def here(self):
        """The CIB as a whole."""
        return Where(self.cluster.cib_document[2])

    @lazy
    def properties(self):
        """{name: (value, Where)} of the cluster's options."""
        return {pair.get("name"): (pair.get("value", ""), self.at(pair))
                for pair in self.root.iterfind("configuration/crm_config//nvpair")}

    def option(self, *names):
        """(value, Where) of the first of these options that is set; (None, the CIB)."""
        return next((self.properties[name] for name in names if name in self.properties),
                    (None, self.here))

    @lazy
    def nodes(self):
        """The names of the cluster's nodes."""
        found = [node.get("uname") for node in self.root.iterfind("configuration/nodes/node")
                 if node.get("uname") and node.get("type") not in ("remote", "ping")]
        return tuple(found or [host.name for host in self.cluster.hosts])

    def _pairs(self, element, kind):
        return {pair.get("name"): pair.get("value", "")
                for pair in element.iterfind(kind + "/nvpair") if pair.get("name")}

    def _operation(self, op):
        depth = next((pair.get("value") for pair in op.iter("nvpair")
                      if pair.get("name") == "OCF_CHECK_LEVEL"), "0")
        return Operation(name=op.get("name", ""), role=op.get("role", ""),
                         interval=seconds(op.get("interval")), timeout=seconds(op.get("timeout")),
                         depth=whole(depth) or 0,
                         where=self.at(op))

    def _resource(self, element):
        around = [up for up in element.iterancestors() if up.tag in _CONTAINERS]
        clone = next((up for up in around if up.tag in ("clone", "master")), None)
        meta = {} if clone is None else self._pairs(clone, "meta_attributes")
        if clone is not None and clone.tag == "master":  # Pacemaker 1.1
            meta.setdefault("promotable", "true")
        above = element.getparent()
        return Resource(
            id=element.get("id", ""), meta=meta, position=above.index(element),
            group=above.get("id", "") if above.tag == "group" else None,
            kind=":".join(element.get(key) for key in ("class", "provider", "type")
                          if element.get(key)),
            ids=tuple(e.get("id", "") for e in [element] + around),
            parameters=self._pairs(element, "instance_attributes"),
            operations=tuple(self._operation(op) for op in element.iterfind("operations/op")),
            where=self.at(element), clone=clone,
            clone_where=None if clone is None else self.at(clone))

    @lazy
    def resources(self):
        """All primitives."""
        return tuple(self._resource(element)
                     for element in self.root.iterfind("configuration/resources//primitive"))

    def ours(self, *types):
        """The resources of these agents of ours (of all, when none is named).

        :raises Unavailable: the CIB has no resource of ours at all
        """
        found = [r for r in self.resources if r.kind.startswith(f"ocf:{PROVIDER}:")]
        if not found:
            raise Unavailable(f"{self.here}: no resource of ocf:{PROVIDER}")
        return [r for r in found if not types or r.type in types]

    @property
    def fence_devices(self):
        """The fence devices."""
        return [r for r in self.resources if r.kind.startswith("stonith:")]

    @lazy
    def default_timeout(self):
        """The time-out of an operation that sets none, in seconds."""
        for pair in self.root.iterfind("configuration/op_defaults//nvpair"):
            if pair.get("name") == "timeout":
                return seconds(pair.get("value"))
        return 20.0
