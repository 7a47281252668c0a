# SPDX-License-Identifier: GPL-2.0-or-later
"""Which fence device fences which node, from where, and after which delay.

Sources: Pacemaker daemons/fenced (fenced_scheduler.c: what is no device; fenced_commands.c:
target_list_type, can_fence_host_with_device, build_port_aliases, get_action_delay_base;
fenced_remote.c: topology). A device need not run: only target-role=Stopped, a negative score
and a target that it does not list keep it from being used; is-managed and maintenance do not.
A target does not fence itself while another node can.
"""

import re

from dualstor.command.check.parsers.where import Where
from dualstor.command.check.view import locations, pacetime
from dualstor.record import Record

TYPE_CHECKING = False   # only mypy sees what is imported there
if TYPE_CHECKING:
    from dualstor.command.check.parsers.xml import Element
    from dualstor.command.check.view.cib import Cib
    from dualstor.command.check.view.resources import Resource

LIST, MAP, CHECK = "pcmk_host_list", "pcmk_host_map", "pcmk_host_check"
CHECKS = ("static-list", "dynamic-list", "status", "none")
#: Parameters by which plug-ins of cluster-glue list the hosts that they fence.
_PLUGIN_HOSTS = ("hostlist", "hostname")
#: Agents that power no node off.
NO_FENCING = ("fence_manual", "fence_ack_manual", "fence_null", "fence_dummy", "meatware",
              "external/ssh", "ssh", "null", "external/null")
#: Agents that only help another device in the same topology: alone they fence nobody.
HELPERS = ("fence_heuristics_ping", "fence_kdump")


def _split(text: "str | None", separators: str) -> "list[str]":
    return [word for word in re.split(f"[{separators}]+", text or "") if word]


def listed(device: "Resource") -> "list[str]":
    """The names in a device's list of hosts."""
    return _split(device.parameters.get(LIST), r"\s,;")


def mapped(device: "Resource") -> "dict[str, str]":
    """{node: plug} of a device's map."""
    pairs = [re.split("[:=]", item, maxsplit=1)
             for item in _split(device.parameters.get(MAP), r"\s;")]
    return {pair[0]: pair[1] for pair in pairs if len(pair) == 2 and all(pair)}


def _has(names: "list[str]", node: str) -> bool:
    return node.lower() in [name.lower() for name in names]


def fences(device: "Resource", node: str) -> bool:
    """Whether a device takes a node for one that it can fence; so if only the device knows."""
    parameters = device.parameters
    check = parameters.get(CHECK)
    if check is None and not (LIST in parameters or MAP in parameters):
        own = [name for key in _PLUGIN_HOSTS if not device.type.startswith("fence_")
               for name in _split(parameters.get(key), r"\s,;")]
        return not own or _has(own, node)
    check = (check or CHECKS[0]).lower()
    if check == CHECKS[0]:
        return _has(listed(device) + list(mapped(device)) + list(mapped(device).values()), node)
    return check in CHECKS


def targets(cib: "Cib", device: "Resource") -> "list[str]":
    """The nodes that a device fences."""
    return [node for node in cib.nodes if fences(device, node)]


def devices(cib: "Cib") -> "list[Resource]":
    """The fence devices that power nodes off."""
    return [each for each in cib.fence_devices if each.type not in NO_FENCING + HELPERS]


def obstacle(cib: "Cib", device: "Resource", node: str) -> "tuple[str, Where] | None":
    """(why a device that exists does not fence a node, Where); None if it does."""
    role = device.meta.get("target-role", "")
    if role.lower() == "stopped":
        return f"{device.id} is disabled (target-role={role})", device.meta.where("target-role")
    check = device.parameters.get(CHECK)
    if check is not None and check.lower() not in CHECKS:
        return f"{device.id} has {CHECK}={check}, which Pacemaker does not know", \
            device.parameters.where(CHECK)
    if not fences(device, node):
        return f"{device.id} does not fence {node}", device.parameters.where(MAP, LIST)
    barriers = [(other, locations.barrier(cib, device, other))
                for other in cib.nodes if other != node]
    blocked = [(other, where) for other, where in barriers if where is not None]
    if blocked and len(blocked) == len(barriers):
        names = " or ".join(other for other, _ in blocked)
        return f"{device.id} may not be used on {names}", blocked[0][1]
    return None


class Level(Record):
    """A level of the fencing topology; ``devices``: ids."""

    index: str
    devices: "list[str]"
    element: "Element"
    where: Where


def levels(cib: "Cib") -> "list[Level]":
    """The levels of the fencing topology."""
    return [Level(index=element.get("index", ""), devices=_split(element.get("devices"), r"\s,"),
                  element=element, where=cib.at(element))
            for element in cib.root.iterfind("configuration/fencing-topology/fencing-level")]


def _has_attribute(cib: "Cib", node: str, name: str, value: str) -> bool:
    return any((each.get("uname") or "").lower() == node.lower() and any(
        pair.get("name") == name and pair.get("value") == value
        for pair in each.iterfind("instance_attributes/nvpair"))
        for each in cib.root.iterfind("configuration/nodes/node"))


def meant(cib: "Cib", level: Level) -> "list[str] | None":
    """The nodes that a level is for; None if that cannot be said."""
    get = level.element.get
    if get("target") is not None:
        return [node for node in cib.nodes if node.lower() == get("target", "").lower()]
    if get("target-pattern") is not None:
        try:
            return [node for node in cib.nodes if re.search(get("target-pattern", ""), node)]
        except (re.error, OverflowError, RecursionError):
            return None
    if cib.root.find("configuration/nodes/node") is None:
        return None
    return [node for node in cib.nodes if _has_attribute(
        cib, node, get("target-attribute", ""), get("target-value", ""))]


def levels_of(cib: "Cib", node: str) -> "list[Level]":
    """The levels that are used for a node, in their order: those that name it, if any does."""
    own = [level for level in levels(cib) if node in (meant(cib, level) or [])]
    exact = [level for level in own if level.element.get("target") is not None]
    return sorted(exact or own, key=lambda level: level.index)


def first(cib: "Cib", node: str) -> "list[str]":
    """The ids of the devices that are used first for a node."""
    own = levels_of(cib, node)
    if own:
        return own[0].devices
    return [each.id for each in devices(cib) if obstacle(cib, each, node) is None][:1]


def delay(device: "Resource", node: str) -> "float | None":
    """The fixed delay in seconds before a device fences a node; None if it is random."""
    own = pacetime.seconds(device.parameters.get("delay")) or 0.0
    text = (device.parameters.get("pcmk_delay_base") or "").strip()
    pairs = [item.partition(":") for item in _split(text, r"; \t")] if ":" in text else []
    text = next((value for name, _, value in pairs if name.lower() == node.lower()), text)
    base = pacetime.duration(text) or 0.0
    most = pacetime.duration(device.parameters.get("pcmk_delay_max")) or 0.0
    if most > base:
        return None
    return own + (most or base)
