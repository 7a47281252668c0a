# SPDX-License-Identifier: GPL-2.0-or-later
"""Fence devices: whether each node can be fenced, and by what.

Sources: as in view/fencing.py and view/outlets.py.
"""

import re

from dualstor.command.check.rules.registry import CIB, ERROR, WARNING, found, rule
from dualstor.command.check.view import fencing, nodes, outlets, sbd
from dualstor.command.check.view.seen import Unavailable
from dualstor.record import whole

TYPE_CHECKING = False   # only mypy sees what is imported there
if TYPE_CHECKING:
    from typing import Iterator

    from dualstor.command.check.rules.registry import Findings
    from dualstor.command.check.view.cib import Cib
    from dualstor.command.check.view.fencing import Level
    from dualstor.command.check.view.resources import Resource


@rule("PCMK-FENCE-DEVICE", ERROR, "each node has a fence device that another node can use",
      why="A lost node that cannot be fenced blocks the other's storage forever.",
      fix="enable it (`pcs stonith enable DEVICE`), let the other node use it (`pcs constraint "
          "location`), or `pcs stonith create fence-{node} fence_ipmilan ip=... username=... "
          "password=... pcmk_host_list={node}`", scope=CIB)
def device(cib: "Cib") -> "Findings":
    if not cib.nodes:
        raise Unavailable(f"{cib.here}: names no node")
    devices = fencing.devices(cib)
    for node in cib.nodes:
        obstacles = [fencing.obstacle(cib, one, node) for one in devices]
        if None in obstacles or sbd.covers(cib, node):
            continue
        reasons = [each for each in obstacles if each is not None
                   and not each[0].endswith(f"does not fence {node}")]
        where = reasons[0][1] if reasons else cib.here
        why = f": {'; '.join(text for text, _ in reasons)}" if reasons else ""
        yield found(where, f"node {node} has no fence device{why}", node=node)


@rule("PCMK-FENCE-MANUAL", ERROR, "the fence devices power nodes off",
      why="Such a device powers nobody off: the cluster takes a node for dead that still writes.",
      fix="remove {device} and define a device that cuts the node's power", scope=CIB)
def manual(cib: "Cib") -> "Findings":
    for one in cib.fence_devices:
        if one.type in fencing.NO_FENCING:
            yield found(one.where, f"fence device {one.id} is {one.type}", device=one.id)


@rule("PCMK-FENCE-SHARED", ERROR, "each node's fence device switches that node",
      why="The controller of one machine switches that machine, whichever node is meant: the wrong "
          "node is powered off, and the lost one is taken for dead while it writes.",
      fix="one device per node: `pcs stonith update {device} pcmk_host_list={node}`, and `pcs "
          "stonith create` with the address (or plug) of the other node", scope=CIB)
def shared(cib: "Cib") -> "Findings":
    taken: "dict[tuple[object, ...], tuple[str, Resource]]" = {}
    reported = set()
    for node in cib.nodes:
        for one in outlets.used(cib, node):
            key = outlets.outlet(one, node)
            other, first = taken.setdefault(key, (node, one))
            if other == node or (first.id, one.id) in reported:
                continue
            reported.add((first.id, one.id))
            place = outlets.address(one)
            what = f"{one.type} at {place}" if place else one.type
            if first.id == one.id:
                yield found(one.where, f"{one.id} ({what}) switches one machine, and fences "
                            f"{other} and {node}", device=one.id, node=other)
            else:
                yield found(one.where, f"{first.id} for {other} and {one.id} for {node} switch the "
                            f"same machine ({what})", device=one.id, node=node)


def _named(one: "Resource") -> "dict[str, list[str]]":
    """{parameter: the names of nodes in it} of a device."""
    found = {fencing.MAP: list(fencing.mapped(one))}
    if one.parameters.get(fencing.CHECK, fencing.CHECKS[0]) == fencing.CHECKS[0]:
        found[fencing.LIST] = fencing.listed(one)
    base = one.parameters.get("pcmk_delay_base", "")
    if not base.startswith("P"):
        found["pcmk_delay_base"] = [item.partition(":")[0] for item in re.split(r"[; \t]+", base)
                                    if ":" in item]
    return found


@rule("PCMK-FENCE-HOSTS", WARNING, "fence devices name nodes of the cluster",
      why="A name that is misspelt is no node: the node that is meant is not fenced, or with the "
          "wrong plug or delay.",
      fix="`pcs stonith update {device} {parameter}=...` with the nodes' names: {nodes}", scope=CIB)
def hosts(cib: "Cib") -> "Findings":
    known = cib.all_nodes
    lower = {name.lower() for name in known}
    listed = {name.lower() for one in cib.fence_devices
              for name in fencing.listed(one) + list(fencing.mapped(one))}
    for one in cib.fence_devices:
        for parameter, names in sorted(_named(one).items()):
            # a node that has no entry, of those that should; a device may serve others, too
            missing = [node for node in known if node.lower() not in (
                listed if parameter == fencing.LIST else {name.lower() for name in names})
                and (parameter == fencing.LIST or fencing.fences(one, node))]
            for name in dict.fromkeys(names):
                meant = None if name.lower() in lower else nodes.alike(name, missing)
                if meant is not None:
                    yield found(one.parameters.where(parameter), f"{parameter} of {one.id} names "
                                f"{name}, which is no node of the cluster, and not {meant}",
                                device=one.id, parameter=parameter, nodes=" ".join(known))
        for name, plug in fencing.mapped(one).items():
            merged = re.search(r",([^,:=]+)[:=]", plug)
            if merged and merged.group(1).lower() in lower:
                yield found(one.parameters.where(fencing.MAP), f"{fencing.MAP} of {one.id} gives "
                            f"{name} the plug {plug}: nodes are separated by ;, not by a comma",
                            device=one.id, parameter=fencing.MAP, nodes=" ".join(known))


def _wrong(cib: "Cib", level: "Level", node: str) -> "Iterator[str]":
    """What is wrong with the devices of a level for a node."""
    known = {one.id: one for one in cib.fence_devices}
    for name in level.devices:
        if name == sbd.DEVICE and sbd.timeout(cib) is not None:
            continue
        if name not in known:
            yield f"there is no fence device {name}"
        elif known[name].type not in fencing.NO_FENCING:   # PCMK-FENCE-MANUAL says so
            obstacle = fencing.obstacle(cib, known[name], node)
            if obstacle is not None:
                yield obstacle[0]
    types = [known[name].type for name in level.devices if name in known]
    if types and len(types) == len(level.devices) and all(
            kind == "fence_heuristics_ping" for kind in types):
        yield f"{', '.join(level.devices)} powers nobody off"
    if not level.devices:
        yield "it has no device"


@rule("PCMK-FENCE-TOPOLOGY", ERROR, "each level of the fencing topology can fence its node",
      why="Of a node with a topology only its levels are used, and a level succeeds only with all "
          "of its devices: the node is not fenced, and blocks the other's storage.",
      fix="`pcs stonith level remove {index} target {node}`, then `pcs stonith level add {index} "
          "{node} DEVICE` with a device that fences {node}", scope=CIB)
def topology(cib: "Cib") -> "Findings":
    unsure = None
    for level in fencing.levels(cib):
        meant = fencing.meant(cib, level)
        name = level.element.get("target") or level.element.get("target-pattern") or "=".join(
            (level.element.get(key) or "") for key in ("target-attribute", "target-value"))
        index = whole(level.index)
        if index is None or not 1 <= index <= 9:
            yield found(level.where, f"level {level.index} of {name} is not used: levels are 1 to "
                        "9", index=level.index, node=name)
        elif meant is None:
            unsure = f"{level.where}: the nodes that {name} stands for are not known"
        elif not meant and name.lower() not in [each.lower() for each in cib.all_nodes]:
            without = [node for node in cib.nodes if not fencing.levels_of(cib, node)]
            if nodes.alike(name, without) or level.element.get("target") is None:
                yield found(level.where, f"level {level.index} is for {name}, which is no node of "
                            "the cluster", index=level.index, node=name)
        for node in meant or ():
            for text in _wrong(cib, level, node):
                yield found(level.where, f"level {level.index} of {node}: {text}",
                            index=level.index, node=node)
    if unsure:
        raise Unavailable(unsure)
