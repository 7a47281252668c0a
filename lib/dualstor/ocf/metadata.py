# SPDX-License-Identifier: GPL-2.0-or-later
"""Metadata of the agents as XML, rendered from their declared interfaces.

OCF 1.1 follows Pacemaker's ocf-ra-1.1.rng, which has ``role`` on an action; OCF 1.0
follows ra-api-1.dtd of resource-agents, whose order and names of elements differ.
metadata.rng of resource-agents is neither: it has no ``reloadable`` and no
``unique-group``, and takes the roles of OCF 1.1 only; it is not meant to pass. Used
when the files under metadata/ are made, never by a running agent.
"""

from lxml import etree

from dualstor import __version__

TYPE_CHECKING = False       # only mypy sees what is imported there
if TYPE_CHECKING:
    from dualstor.ocf.parameters import Action, Interface, Parameter

#: What has another name in OCF 1.0.
_ROLES_1_0 = {"Promoted": "Master", "Unpromoted": "Slave"}
_TYPES_1_0 = {"select": "string"}


def _text(value: "str | bool | int") -> str:
    """A default as metadata shows it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _described(parent: "etree._Element", longdesc: str, shortdesc: str) -> None:
    etree.SubElement(parent, "longdesc", lang="en").text = longdesc
    etree.SubElement(parent, "shortdesc", lang="en").text = shortdesc


def _longdesc(parameter: "Parameter") -> str:
    """The parameter's text, with its range."""
    if parameter.minimum is not None and parameter.maximum is not None:
        return f"{parameter.longdesc}\nFrom {parameter.minimum} to {parameter.maximum}."
    return parameter.longdesc


def _parameter(parent: "etree._Element", parameter: "Parameter", modern: bool,
               old_reload: bool) -> None:
    element = etree.SubElement(parent, "parameter", name=parameter.name)
    if modern:
        if parameter.unique_group:
            element.set("unique-group", parameter.unique_group)
        element.set("required", "1" if parameter.required else "0")
        element.set("reloadable", "1" if parameter.reloadable else "0")
        _described(element, _longdesc(parameter), parameter.shortdesc)
        content = etree.SubElement(element, "content", type=parameter.type)
    else:
        fixed = old_reload and not parameter.reloadable
        element.set("unique", "1" if parameter.unique_group or fixed else "0")
        element.set("required", "1" if parameter.required else "0")
        longdesc = _longdesc(parameter)
        if parameter.options:
            longdesc += f"\nOne of: {', '.join(parameter.options)}."
        _described(element, longdesc, parameter.shortdesc)
        content = etree.SubElement(element, "content",
                                   type=_TYPES_1_0.get(parameter.type, parameter.type))
    if parameter.default is not None:
        content.set("default", _text(parameter.default))
    if modern and parameter.type == "select":
        for option in parameter.options:
            etree.SubElement(content, "option", value=option)


def _action(parent: "etree._Element", action: "Action", modern: bool) -> None:
    element = etree.SubElement(parent, "action", name=action.name, timeout=f"{action.timeout}s")
    if action.interval is not None:
        element.set("interval", f"{action.interval}s")
    if action.depth is not None:
        element.set("depth", str(action.depth))
    if action.role is not None:
        element.set("role", action.role if modern else _ROLES_1_0[action.role])


def render(interface: "Interface", version: str = "1.1") -> str:
    """The metadata of an agent.

    :param version: "1.1" or "1.0", of the OCF resource agent API
    :returns: the XML document as text, byte for byte the same for the same input
    """
    modern = version == "1.1"
    root = etree.Element("resource-agent", name=interface.name, version=__version__)
    etree.SubElement(root, "version").text = version
    _described(root, interface.longdesc, interface.shortdesc)
    parameters = etree.SubElement(root, "parameters")
    for parameter in interface.parameters:
        _parameter(parameters, parameter, modern, interface.old_reload)
    actions = etree.SubElement(root, "actions")
    for action in interface.actions:
        if modern or action.name != "reload-agent":
            _action(actions, action, modern)
        elif interface.old_reload:
            _action(actions, action.but(name="reload"), modern)
    etree.indent(root)
    head = '<?xml version="1.0"?>\n'
    if not modern:
        head += '<!DOCTYPE resource-agent SYSTEM "ra-api-1.dtd">\n'
    return head + etree.tostring(root, encoding="unicode") + "\n"
