# SPDX-License-Identifier: GPL-2.0-or-later
"""The cluster's configuration for Pacemaker, as XML: stonith, DRBD, locking, the VG. Rendering only, no commands."""
import xml.etree.ElementTree as ET
from collections import namedtuple

Agent = namedtuple("Agent", "name spec parameters operations")
Operation = namedtuple("Operation", "name interval timeout role on_fail", defaults=(None, None))
AgentSet = namedtuple("AgentSet", "name drbd locking vg")

VG = "vg0"
NODES = ("node1", "node2")

PROPERTIES = {
    "cluster-name": "lab",
    "cluster-infrastructure": "corosync",
    "stonith-enabled": "true",
    "stonith-timeout": "60s",
    "no-quorum-policy": "freeze",
    # How long the first node waits for another coordinator; the default of 20 s is most of a cluster's start.
    "dc-deadtime": "2s",
    # Emulated machines are always busy: without these Pacemaker holds back to one action at a time. Eight resources
    # that start at once are too much for them: drbdadm gives up a command that takes 5 s.
    "load-threshold": "1000%",
    "node-action-limit": "6",
}

DRBD_OPERATIONS = (
    Operation("start", "0s", "240s"),
    Operation("promote", "0s", "120s"),
    Operation("demote", "0s", "120s"),
    Operation("stop", "0s", "120s"),
    Operation("notify", "0s", "90s"),
    Operation("monitor", "20s", "60s", role="Promoted"),
    Operation("monitor", "31s", "60s", role="Unpromoted"),
)
DLM = Agent(
    "dlm",
    "ocf:pacemaker:controld",
    {},
    (
        Operation("start", "0s", "90s"),
        Operation("stop", "0s", "100s"),
        Operation("monitor", "30s", "60s", on_fail="fence"),
    ),
)
DAEMON_OPERATIONS = (
    Operation("start", "0s", "120s"),
    Operation("stop", "0s", "120s"),
    Operation("monitor", "30s", "60s"),
)
VG_OPERATIONS = (
    Operation("start", "0s", "120s"),
    Operation("stop", "0s", "120s"),
    Operation("monitor", "10s", "90s"),
)

DUALSTOR = AgentSet(
    "dualstor",
    Agent("drbd", "ocf:dualstor:drbd-dualprimary", {"drbd_resource": "r0"}, DRBD_OPERATIONS),
    (DLM, Agent("clvmd", "ocf:dualstor:clvmd", {}, DAEMON_OPERATIONS)),
    Agent(VG, "ocf:dualstor:clustered-vg", {"vgname": VG}, VG_OPERATIONS),
)
STOCK = AgentSet(
    "stock",
    Agent("drbd", "ocf:linbit:drbd", {"drbd_resource": "r0"}, DRBD_OPERATIONS),
    (DLM, Agent("lvmlockd", "ocf:heartbeat:lvmlockd", {}, DAEMON_OPERATIONS)),
    Agent(
        VG,
        "ocf:heartbeat:LVM-activate",
        {"vgname": VG, "vg_access_mode": "lvmlockd", "activation_mode": "shared"},
        VG_OPERATIONS,
    ),
)
SETS = {each.name: each for each in (DUALSTOR, STOCK)}


def drbd(agents, number):
    """Returns the agent of one of several DRBD resources: of r0 as ever, then drbd1 of r1 and so on."""
    return agents.drbd if number == 0 else agents.drbd._replace(
        name=f"{agents.drbd.name}{number}", parameters={**agents.drbd.parameters, "drbd_resource": f"r{number}"}
    )


def vg(agents, number):
    """Returns the agent of the VG on the DRBD resource of that number: vg0, vg1 and so on."""
    name = f"vg{number}"
    return agents.vg._replace(name=name, parameters={**agents.vg.parameters, "vgname": name})


def _pairs(parent, kind, name, values):
    if values:
        holder = ET.SubElement(parent, kind, id=f"{name}-{kind.partition('_')[0]}")
        for key, value in values.items():
            ET.SubElement(holder, "nvpair", id=f"{name}-{key}", name=key, value=value)


def _primitive(parent, agent):
    standard, _, rest = agent.spec.partition(":")
    attributes = {"id": agent.name, "class": standard}
    if ":" in rest:
        attributes["provider"], _, attributes["type"] = rest.partition(":")
    else:
        attributes["type"] = rest
    element = ET.SubElement(parent, "primitive", attributes)
    _pairs(element, "instance_attributes", agent.name, agent.parameters)
    operations = ET.SubElement(element, "operations")
    for operation in agent.operations:
        values = {
            "id": f"{agent.name}-{operation.name}-{operation.interval}",
            "name": operation.name,
            "interval": operation.interval,
            "timeout": operation.timeout,
        }
        if operation.role:
            values["role"] = operation.role
        if operation.on_fail:
            values["on-fail"] = operation.on_fail
        ET.SubElement(operations, "op", values)
    return element


def _clone(parent, name, **meta):
    clone = ET.SubElement(parent, "clone", id=name)
    values = {"interleave": "true", **{key.replace("_", "-"): value for key, value in meta.items()}}
    _pairs(clone, "meta_attributes", name, values)
    return clone


def _stonith(resources, constraints):
    for victim in NODES:
        name = f"fence-{victim}"
        # Without a head start for one node, both would kill each other when only their link is lost.
        parameters = {
            "serial_device": "/dev/ttyS1",
            "port": victim,
            "pcmk_host_list": victim,
            "pcmk_host_check": "static-list",
            # A machine stays off; the request is still a reboot, so that it is one with dlm's.
            "pcmk_reboot_action": "off",
            "pcmk_delay_base": "5s" if victim == NODES[0] else "0s",
        }
        _primitive(resources, Agent(name, "stonith:fence_virt", parameters, (Operation("monitor", "60s", "20s"),)))
        ET.SubElement(
            constraints, "rsc_location", {"id": f"{name}-elsewhere", "rsc": name, "node": victim, "score": "-INFINITY"}
        )


def base(agents, count=1):
    """Returns the CIB of a new cluster as text: fencing, `count` DRBD resources and locking, but no VG yet."""
    root = ET.Element(
        "cib",
        {
            "crm_feature_set": "3.16.1",
            "validate-with": "pacemaker-3.9",
            "admin_epoch": "1",
            "epoch": "10",
            "num_updates": "0",
        },
    )
    configuration = ET.SubElement(root, "configuration")
    crm_config = ET.SubElement(configuration, "crm_config")
    properties = ET.SubElement(crm_config, "cluster_property_set", id="cib-bootstrap-options")
    limits = {"node-action-limit": "2"} if count > 1 else {}
    for key, value in {**PROPERTIES, **limits}.items():
        ET.SubElement(properties, "nvpair", id=f"cib-bootstrap-options-{key}", name=key, value=value)
    nodes = ET.SubElement(configuration, "nodes")
    for number, name in enumerate(NODES, 1):
        ET.SubElement(nodes, "node", id=str(number), uname=name)
    resources = ET.SubElement(configuration, "resources")
    constraints = ET.SubElement(configuration, "constraints")
    _stonith(resources, constraints)
    for number in range(count):
        each = drbd(agents, number)
        meta = {"promotable": "true", "promoted_max": "2", "clone_max": "2", "notify": "true"}
        _primitive(_clone(resources, f"{each.name}-clone", **meta), each)
    locking = ET.SubElement(_clone(resources, "locking-clone"), "group", id="locking")
    for agent in agents.locking:
        _primitive(locking, agent)
    ET.SubElement(root, "status")
    return _text(root)


def vg_addition(agents, count=1):
    """Returns the clones of `count` VGs with order and colocation, as a <configuration> to merge into the CIB."""
    configuration = ET.Element("configuration")
    resources = ET.SubElement(configuration, "resources")
    constraints = ET.SubElement(configuration, "constraints")
    for number in range(count):
        _vg(resources, constraints, vg(agents, number), f"{drbd(agents, number).name}-clone")
    return _text(configuration)


def _vg(resources, constraints, agent, below):
    _primitive(_clone(resources, f"{agent.name}-clone"), agent)
    name, clone = agent.name, f"{agent.name}-clone"
    order = {"id": f"{name}-after-drbd", "first": below, "first-action": "promote", "then": clone, "then-action": "start"}
    ET.SubElement(constraints, "rsc_order", order)
    ET.SubElement(constraints, "rsc_order", {"id": f"{name}-after-locking", "first": "locking-clone", "then": clone})
    with_drbd = {"id": f"{name}-with-drbd", "rsc": clone, "with-rsc": below, "with-rsc-role": "Promoted"}
    ET.SubElement(constraints, "rsc_colocation", {**with_drbd, "score": "INFINITY"})
    with_locking = {"id": f"{name}-with-locking", "rsc": clone, "with-rsc": "locking-clone", "score": "INFINITY"}
    ET.SubElement(constraints, "rsc_colocation", with_locking)


def file_system(device, folder):
    """Returns a clone that mounts a device with GFS2 on both nodes, below the writers; to merge into the CIB."""
    configuration = ET.Element("configuration")
    resources = ET.SubElement(configuration, "resources")
    operations = (Operation("start", "0s", "90s"), Operation("stop", "0s", "90s"), Operation("monitor", "20s", "60s"))
    parameters = {"device": device, "directory": folder, "fstype": "gfs2", "options": "noatime"}
    _primitive(_clone(resources, "files-clone"), Agent("files", "ocf:heartbeat:Filesystem", parameters, operations))
    constraints = ET.SubElement(configuration, "constraints")
    vg = f"{VG}-clone"
    for first, then in ((vg, "files-clone"), ("files-clone", "writers")):
        ET.SubElement(constraints, "rsc_order", {"id": f"{then}-after-{first}", "first": first, "then": then})
        together = {"id": f"{then}-with-{first}", "rsc": then, "with-rsc": first, "score": "INFINITY"}
        ET.SubElement(constraints, "rsc_colocation", together)
    return _text(configuration)


def writers(path):
    """Returns a clone of writers to a device or file, as what a user would run on the VG; to merge into the CIB."""
    configuration = ET.Element("configuration")
    resources = ET.SubElement(configuration, "resources")
    operations = (Operation("start", "0s", "40s"), Operation("stop", "0s", "60s"), Operation("monitor", "10s", "30s"))
    _primitive(_clone(resources, "writers"), Agent("witness", "ocf:lab:witness", {"path": path}, operations))
    constraints = ET.SubElement(configuration, "constraints")
    vg = f"{VG}-clone"
    ET.SubElement(constraints, "rsc_order", {"id": "writers-after-vg", "first": vg, "then": "writers"})
    ET.SubElement(constraints, "rsc_colocation", {"id": "writers-with-vg", "rsc": "writers", "with-rsc": vg, "score": "INFINITY"})
    return _text(configuration)


def alone(path):
    """Returns a group of an exclusive LV and a writer to it, on one node at a time, as `dualstor configure` writes it for a file
    system of one host; to merge into the CIB. What failed is tried again, as nobody cleans up.
    """
    configuration = ET.Element("configuration")
    resources = ET.SubElement(configuration, "resources")
    group = ET.SubElement(resources, "group", id="alone")
    _pairs(group, "meta_attributes", "alone", {"failure-timeout": "20s"})
    # The LV's lock keeps the other node out, not the cluster: an agent that cannot deactivate it is no reason to fence.
    stop = Operation("stop", "0s", "90s", on_fail="ignore")
    operations = (Operation("start", "0s", "90s"), stop, Operation("monitor", "20s", "60s"))
    parameters = {"vgname": VG, "lvname": path.rpartition("/")[2], "vg_access_mode": "lvmlockd", "activation_mode": "exclusive"}
    _primitive(group, Agent("alone-lv", "ocf:heartbeat:LVM-activate", parameters, operations))
    _primitive(group, Agent("alone-writer", "ocf:lab:witness", {"path": path, "port": "exclusive"}, operations))
    constraints = ET.SubElement(configuration, "constraints")
    vg = f"{VG}-clone"
    ET.SubElement(constraints, "rsc_order", {"id": "alone-after-vg", "first": vg, "then": "alone"})
    ET.SubElement(constraints, "rsc_colocation", {"id": "alone-with-vg", "rsc": "alone", "with-rsc": vg, "score": "INFINITY"})
    return _text(configuration)


def lasting(name, seconds):
    """Returns a clone's meta attribute with which the cluster forgets failures after so long; to merge into the CIB."""
    configuration = ET.Element("configuration")
    resources = ET.SubElement(configuration, "resources")
    _pairs(ET.SubElement(resources, "clone", id=name), "meta_attributes", name, {"failure-timeout": f"{seconds}s"})
    return _text(configuration)


def _text(root):
    ET.indent(root)
    return ET.tostring(root, encoding="unicode") + "\n"
