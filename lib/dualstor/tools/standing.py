# SPDX-License-Identifier: GPL-2.0-or-later
"""Whether the cluster or a person wants a resource left alone: maintenance, standby, unmanaged.

Source: Pacemaker Explained, "Cluster Options", "Nodes", "Resource Meta-Attributes".
"""

from dualstor.tools.pacemaker import is_true

TYPE_CHECKING = False   # only mypy sees what is imported there
if TYPE_CHECKING:
    from typing import Iterable
    from xml.etree.ElementTree import Element


def _given(elements: "Iterable[Element]", name: str, value: bool) -> bool:
    """Whether an nvpair *name* in one of the elements is *value*, whichever of them counts."""
    return any(nvpair.get("name") == name and is_true(nvpair.get("value")) == value
               for element in elements for nvpair in element.iter("nvpair"))


def _attributes(root: "Element", node: str) -> "list[Element]":
    """The elements with attributes of a node: permanent ones, and those until it reboots."""
    return [part for path, kind in (("configuration/nodes/node", "instance_attributes"),
                                    ("status/node_state", "transient_attributes"))
            for element in root.iterfind(path) if element.get("uname") == node
            for part in element.iterfind(kind)]


def _around(element: "Element", resource: str) -> "list[Element]":
    """The resource of that id below *element*, and the groups and clones in which it is."""
    for child in element:
        if child.get("id") == resource:
            return [child]
        inner = _around(child, resource)
        if inner:
            return [child] + inner
    return []


def found(root: "Element", node: str, resource: str) -> str:
    """Why agents are to leave *resource* alone on *node*; "" if they need not.

    If a value is there twice, the one counts that has them leave it alone.

    :param root: of the CIB
    :param resource: its id, without the number of a clone's instance
    """
    if _given(root.iterfind("configuration/crm_config"), "maintenance-mode", True):
        return "the cluster is in maintenance mode"
    attributes = _attributes(root, node)
    for name, words in (("maintenance", "maintenance mode"), ("standby", "standby")):
        if _given(attributes, name, True):
            return f"{node} is in {words}"
    around = [each for part in root.iterfind("configuration/resources")
              for each in _around(part, resource)]
    templates = {each.get("template") for each in around} - {None}
    around += [each for each in root.iterfind("configuration/resources/template")
               if each.get("id") in templates]
    metas = [meta for each in around for meta in each.iterfind("meta_attributes")]
    metas += root.iterfind("configuration/rsc_defaults")
    if _given(metas, "is-managed", False) or _given(metas, "maintenance", True):
        return f"{resource} is not managed by the cluster"
    return ""
