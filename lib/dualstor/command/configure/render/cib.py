# SPDX-License-Identifier: GPL-2.0-or-later
"""The cluster's configuration as CIB XML (Pacemaker xml/*.rng)."""

from lxml import etree

TYPE_CHECKING = False   # only mypy sees what is imported there
if TYPE_CHECKING:
    from typing import Sequence, Union
    from xml.etree.ElementTree import Element

    from dualstor.command.configure.generations import Generation
    from dualstor.command.configure.parts import Clone, Part, Primitive

HEAD = "Load it with: cibadmin --modify --allow-create --xml-file FILE"


def _pairs(parent: "etree._Element", kind: str, owner: str,
           values: "Sequence[tuple[str, str]]") -> None:
    if values:
        holder = etree.SubElement(parent, kind, id=f"{owner}-{kind}")
        for name, value in values:
            etree.SubElement(holder, "nvpair", id=f"{owner}-{kind}-{name}", name=name,
                             value=value)


def _primitive(parent: "etree._Element", primitive: "Primitive") -> None:
    element = etree.SubElement(parent, "primitive", {"id": primitive.id,
                                                     "class": primitive.standard})
    if primitive.provider:
        element.set("provider", primitive.provider)
    element.set("type", primitive.type)
    _pairs(element, "meta_attributes", primitive.id, primitive.meta)
    _pairs(element, "instance_attributes", primitive.id, primitive.parameters)
    operations = etree.SubElement(element, "operations")
    for operation in primitive.operations:
        etree.SubElement(operations, "op", dict(
            (("id", f"{primitive.id}-{operation.name}-interval-{operation.interval}"),
             ("name", operation.name)) + operation.values))


def _clone(parent: "etree._Element", clone: "Clone", modern: bool) -> None:
    """A clone; the promotable one of Pacemaker 1.1 is a <master>."""
    old_master = clone.promotable and not modern
    element = etree.SubElement(parent, "master" if old_master else "clone", id=clone.id)
    _pairs(element, "meta_attributes", clone.id, clone.attributes(modern))
    if clone.group:
        element = etree.SubElement(element, "group", id=clone.group)
    for member in clone.members:
        _primitive(element, member)


def _constraints(parent: "etree._Element", part: "Part") -> None:
    for ban in part.bans:
        etree.SubElement(parent, "rsc_location", {
            "id": ban.id, "rsc": ban.resource, "node": ban.node, "score": "-INFINITY"})
    for order in part.orders:
        etree.SubElement(parent, "rsc_order", {
            "id": order.id, "first": order.first, "first-action": order.first_action,
            "then": order.then, "then-action": "start", "kind": "Mandatory"})
    for colocation in part.colocations:
        element = etree.SubElement(parent, "rsc_colocation", {
            "id": colocation.id, "rsc": colocation.resource, "with-rsc": colocation.other,
            "score": "INFINITY"})
        if colocation.role:
            element.set("rsc-role", "Started")
            element.set("with-rsc-role", colocation.role)


def configuration(part: "Part", generation: "Generation") -> "etree._Element":
    """The element <configuration> of a Part."""
    root = etree.Element("configuration")
    if part.properties:
        options = etree.SubElement(root, "crm_config")
        holder = etree.SubElement(options, "cluster_property_set", id="cib-bootstrap-options")
        for name, value in part.properties:
            etree.SubElement(holder, "nvpair", id="cib-bootstrap-options-" + name, name=name,
                             value=value)
    resources = etree.SubElement(root, "resources")
    for fence in part.fences:
        _primitive(resources, fence)
    for clone in part.clones:
        _clone(resources, clone, generation.promotable)
    for one in part.alone:
        holder = etree.SubElement(resources, "group", id=one.group) if one.group else resources
        for member in one.members:
            _primitive(holder, member)
    _constraints(etree.SubElement(root, "constraints"), part)
    if part.alerts:
        holder = etree.SubElement(root, "alerts")
        for alert in part.alerts:
            element = etree.SubElement(holder, "alert", id=alert.id, path=alert.path)
            for identity, value in alert.numbered:
                etree.SubElement(element, "recipient", id=identity, value=value)
    return root


def _text(root: "etree._Element") -> str:
    etree.indent(root)
    return etree.tostring(root, encoding="unicode") + "\n"


def render(part: "Part", generation: "Generation") -> str:
    """A Part as text: what ``cibadmin --modify --allow-create`` merges into a CIB."""
    return _text(configuration(part, generation))


def _identified(root: "Union[Element, etree._Element]") -> "dict[object, set[object]]":
    """{(tag, id): the attributes} of the elements that have an id."""
    return {(element.tag, element.get("id")): set(element.items())
            for element in root.iter() if element.get("id")}


def contains(live: "Element", part: str) -> bool:
    """Whether a CIB (tools.cib) has each element of a rendered Part that has an id, with its
    attributes.
    """
    there = _identified(live)
    return all(attributes <= there.get(identity, set())
               for identity, attributes in _identified(etree.fromstring(part)).items())


def document(part: "Part", generation: "Generation") -> str:
    """A Part as a whole CIB: what ``crm_verify --xml-file`` takes."""
    root = etree.Element("cib", {"validate-with": generation.schema, "admin_epoch": "0",
                                 "epoch": "1", "num_updates": "0"})
    body = configuration(part, generation)
    if body.find("crm_config") is None:
        body.insert(0, etree.Element("crm_config"))
    body.insert(1, etree.Element("nodes"))
    root.append(body)
    etree.SubElement(root, "status")
    return _text(root)
