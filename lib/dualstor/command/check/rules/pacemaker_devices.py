# SPDX-License-Identifier: GPL-2.0-or-later
"""Fence devices: whether each node can be fenced, and by what.

Sources: as in view/fencing.py and view/outlets.py.
"""

import re

from dualstor.command.check.rules.registry import CIB, ERROR, WARNING, found, rule
from dualstor.command.check.view import fencing, outlets, pacetime, sbd
from dualstor.command.check.view.seen import Unavailable
from dualstor.record import whole
from dualstor.tools import pacemaker

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


def _named(one: "Resource") -> "Iterator[tuple[str, str]]":
    """(parameter, name of a node in it) of a device."""
    check = one.parameters.get(fencing.CHECK, fencing.CHECKS[0])
    if check == fencing.CHECKS[0]:
        yield from ((fencing.LIST, name) for name in fencing.listed(one))
    yield from ((fencing.MAP, name) for name in fencing.mapped(one))
    base = one.parameters.get("pcmk_delay_base", "")
    for item in re.split(r"[; \t]+", base) if not base.startswith("P") else ():
        if ":" in item:
            yield "pcmk_delay_base", item.partition(":")[0]


@rule("PCMK-FENCE-HOSTS", WARNING, "fence devices name nodes of the cluster",
      why="A name that is misspelt is no node: the node that is meant is not fenced, or with the "
          "wrong plug or delay.",
      fix="`pcs stonith update {device} {parameter}=...` with the nodes' names: {nodes}", scope=CIB)
def hosts(cib: "Cib") -> "Findings":
    known = cib.all_nodes
    lower = {name.lower() for name in known}
    for one in cib.fence_devices:
        for parameter, name in dict.fromkeys(_named(one)):
            if name.lower() not in lower:
                yield found(one.parameters.where(parameter), f"{parameter} of {one.id} names "
                            f"{name}, which is no node of the cluster",
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
        elif not meant:
            if name.lower() not in [each.lower() for each in cib.all_nodes]:
                yield found(level.where, f"level {level.index} is for {name}, which is no node of "
                            "the cluster", index=level.index, node=name)
        for node in meant or ():
            for text in _wrong(cib, level, node):
                yield found(level.where, f"level {level.index} of {node}: {text}",
                            index=level.index, node=node)
    if unsure:
        raise Unavailable(unsure)


_TIMEOUT = ("fencing-timeout", "stonith-timeout")
_LIMIT = 60.0           # Pacemaker's default
_SPARE = 1.2            # by which Pacemaker extends it for the whole of a request
#: From this version on Pacemaker adds pcmk_delay_base to the timeout; pcmk_delay_max it always has.
_ADDS_BASE = (2, 1, 6)


def _version(cib: "Cib") -> "tuple[int, ...]":
    text = cib.option("dc-version")[0] or ""
    return tuple(whole(word) or 0 for word in re.findall(r"[0-9]+", text.partition("-")[0]))


@rule("PCMK-FENCE-TIMEOUT", ERROR, "fencing has the time that its devices take",
      why="Pacemaker kills the agent when the timeout expires and counts the request as failed: "
          "the node is never taken for fenced.",
      fix="`pcs property set {option}=...` or `pcs stonith update {device} "
          "pcmk_{action}_timeout=...`, longer than {least} s, or shorten the waits of {device}",
      scope=CIB)
def slow(cib: "Cib") -> "Findings":
    default = cib.option(*_TIMEOUT)[0]
    limit = _LIMIT if default is None else pacetime.duration(default) or _LIMIT
    action = pacemaker.action(cib.option(*reversed(pacemaker.ACTION))[0])
    option = _TIMEOUT[0] if _TIMEOUT[0] in cib.properties else _TIMEOUT[1]
    for one in fencing.devices(cib):
        values = one.parameters
        own = f"pcmk_{action}_timeout"
        given = pacetime.seconds(values.get(own))
        least = sum(pacetime.seconds(values.get(name)) or 0.0 for name in ("delay", "power_wait"))
        total = least
        if _version(cib) < _ADDS_BASE and "pcmk_delay_max" not in values:
            total += max([fencing.delay(one, node) or 0.0 for node in fencing.targets(cib, one)]
                         or [0.0]) - (pacetime.seconds(values.get("delay")) or 0.0)
        seconds = limit if given is None else given
        if least >= seconds or total >= seconds * _SPARE:
            yield found(values.where("delay", "power_wait", "pcmk_delay_base"),
                        f"{one.id} waits {max(least, total):g} s before it is done, and "
                        f"{option if given is None else own} is {seconds:g} s",
                        device=one.id, option=option, action=action, least=f"{max(least, total):g}")
