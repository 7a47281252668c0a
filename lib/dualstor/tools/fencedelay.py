# SPDX-License-Identifier: GPL-2.0-or-later
"""By how much Pacemaker's fence devices delay the fencing of each node.

In a fence race the node with the longer delay survives: that is whom the administrator prefers.
Sources: pacemaker-fenced(7), pcmk_delay_base, which may name nodes since 2.1.2, pcmk_host_list,
pcmk_host_map; ``delay`` of the fence agents themselves.
"""

import re

from dualstor.record import fraction

TYPE_CHECKING = False   # only mypy sees what is imported there
if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

_SPLIT = re.compile(r"[\s,;]+")
_UNITS = {"": 1.0, "s": 1.0, "sec": 1.0, "ms": 0.001, "m": 60.0, "min": 60.0}
_TIME = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*([a-z]*)")


def _seconds(text: str) -> "float | None":
    """Seconds of a text such as "5s"; None when it is none."""
    found = _TIME.fullmatch(text.strip().lower())
    number = fraction(found.group(1)) if found else None
    unit = _UNITS.get(found.group(2)) if found else None
    return None if number is None or unit is None else number * unit


def _parameters(device: "Element") -> "dict[str, str]":
    return {pair.get("name", ""): pair.get("value", "")
            for pair in device.iterfind("instance_attributes/nvpair")}


def _names(parameters: "dict[str, str]") -> "set[str]":
    """The nodes that a device names; {} when it does not say."""
    listed = _SPLIT.split(parameters.get("pcmk_host_list", ""))
    mapped = [item.partition(":")[0] for item in _SPLIT.split(parameters.get("pcmk_host_map", ""))]
    return {name for name in listed + mapped if name}


def _delay(parameters: "dict[str, str]", node: str) -> "float | None":
    """A device's delay for a node, None when it is random or has an unknown form."""
    if _seconds(parameters.get("pcmk_delay_max", "0")) != 0.0:
        return None
    text = parameters.get("pcmk_delay_base") or parameters.get("delay") or "0"
    if ":" not in text:
        return _seconds(text)
    of_nodes = dict(item.split(":", 1) for item in _SPLIT.split(text) if ":" in item)
    return _seconds(of_nodes.get(node, "0"))


def delay(root: "Element", node: str) -> "float | None":
    """The longest delay, in seconds, of the devices that fence a node; None: not known.

    :param root: of the CIB
    """
    devices = [_parameters(each) for each in root.iterfind("configuration/resources//primitive")
               if each.get("class") == "stonith"]
    if any(not _names(each) for each in devices):
        return None     # they are asked for their nodes
    delays = [_delay(each, node) for each in devices if node in _names(each)]
    known = [delay for delay in delays if delay is not None]
    return max(known) if known and len(known) == len(delays) else None

