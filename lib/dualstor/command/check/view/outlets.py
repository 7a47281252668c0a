# SPDX-License-Identifier: GPL-2.0-or-later
"""What a fence device switches for a node: a management controller, or an outlet of a switch.

Sources: the metadata of fence-agents 4 (tests/data/metadata; lib/fencing.py: port_as_ip) and of
cluster-glue's plug-ins; Pacemaker lib/fencing/st_client.c (the plug is the node's alias unless it
is set).
"""

from dualstor.command.check.view import fencing
from dualstor.tools.pacemaker import is_true

TYPE_CHECKING = False   # only mypy sees what is imported there
if TYPE_CHECKING:
    from dualstor.command.check.view.cib import Cib
    from dualstor.command.check.view.resources import Resource

#: Agents whose device is the controller of one machine: whatever the plug, they switch that one.
ONE_MACHINE = tuple("fence_" + name for name in (
    "alom", "amt", "amt_ws", "bullpap", "drac", "idrac", "ilo", "ilo2", "ilo3", "ilo4", "ilo5",
    "ilo6", "ilo7", "ilo_ssh", "ilo2_ssh", "ilo3_ssh", "ilo4_ssh", "ilo5_ssh", "ilo6_ssh",
    "ilo7_ssh", "ilo_mp", "imm", "ipmilan", "ipmilanplus", "redfish", "rsa", "rsb",
)) + ("external/ipmi", "external/ibmrsa", "external/ibmrsa-telnet", "external/riloe",
      "external/drac5", "ipmilan")

_ADDRESS = ("ip", "ipaddr", "ilo_hostname", "RI_HOST")
#: What distinguishes controllers of one address.
_WITHIN = ("ipport", "systems_uri", "target", "port_number")
#: Of agents of fence-agents; a plug-in's port is one of the network.
_PLUG = ("plug", "port")
#: Parameters that do not say what is switched, by their beginnings and ends.
_BESIDE = ("pcmk_", "delay", "login", "username", "passwd", "password", "userid", "method",
           "action", "verbose", "debug", "ssl", "ssh", "secure", "identity_file", "plug", "port",
           "power_", "shell_", "retry_", "cmd_prompt", "command_prompt")
_BESIDE_ENDS = ("_timeout", "_wait", "_path", "_file")


def address(device: "Resource") -> "str | None":
    """The address of a device; None if it has none."""
    return next((device.parameters[name] for name in _ADDRESS if name in device.parameters), None)


def of_one_machine(device: "Resource") -> bool:
    """Whether a device switches the same machine for each node."""
    return device.type in ONE_MACHINE and not is_true(device.parameters.get("port_as_ip"))


def outlet(device: "Resource", node: str) -> "tuple[object, ...]":
    """What is switched when *device* fences *node*; the same for two only if it is the same."""
    values = device.parameters
    within = tuple(values.get(name, "") for name in _WITHIN)
    plugs = {name.lower(): plug for name, plug in fencing.mapped(device).items()}
    fixed = [values[name] for name in _PLUG
             if device.type.startswith("fence_") and name in values]
    plug = fixed[0] if fixed else plugs.get(node.lower(), node)
    if device.type in ONE_MACHINE:
        where = address(device) if of_one_machine(device) else plug
        return ("", where.lower() if where else device.id) + within
    rest = tuple(sorted((name, value) for name, value in values.items()
                        if not name.startswith(_BESIDE) and not name.endswith(_BESIDE_ENDS)))
    return (device.type, plug.lower()) + rest


def used(cib: "Cib", node: str) -> "list[Resource]":
    """The devices that are used for a node: those of its topology, else all that fence it."""
    able = [each for each in fencing.devices(cib) if fencing.obstacle(cib, each, node) is None]
    own = fencing.levels_of(cib, node)
    chosen = {name for level in own for name in level.devices}
    return [each for each in able if not own or each.id in chosen]
