# SPDX-License-Identifier: GPL-2.0-or-later
"""The state of the lab, as data and as text for people."""
from .errors import LabError
from .machine import LINKS


def gather(lab):
    """Returns the state as a dictionary that JSON can hold. Never raises because a node is off or silent."""
    state = lab.state()
    return {
        "folder": str(lab.folder),
        "image": state.get("image"),
        "accelerator": state.get("accelerator"),
        "accelerator_why": state.get("why"),
        "agents": state.get("agents"),
        "resources": state.get("resources", 1),
        "fencing_process": lab.fencer.pid(),
        "links": {link: "cut" if link in state.get("cut", []) else "up" for link in LINKS},
        "nodes": {node.name: _node(node) for node in lab.nodes},
        "fenced": lab.fenced(),
    }


def _node(node):
    about = {"machine": "running" if node.alive() else "off", "pid": node.machine.pidfile.pid()}
    if not node.alive():
        return about
    try:
        drbd = node.drbd()
    except LabError as error:
        return {**about, "silent": str(error)}
    about["drbd"] = drbd._asdict() if drbd else None
    try:
        seen = node.cluster(timeout=8)
    except LabError:
        return {**about, "cluster": None}
    about["cluster"] = {
        "quorate": seen.quorate,
        "online": sorted(seen.online),
        "standby": sorted(seen.standby),
        "unclean": sorted(seen.unclean),
        "resources": {each.resource: each.role for each in seen.instances if each.node == node.name and each.active},
        "failures": [each._asdict() for each in seen.failures],
        "degraded": [each._asdict() for each in seen.degraded],
    }
    return about


def lines(state):
    """Returns the lines of a gathered state for people."""
    if not state["image"]:
        return [f"no lab in {state['folder']}: `lab/lab up` starts one"]
    text = [
        f"lab       {state['folder']}, image {state['image']}",
        f"machines  {state['accelerator']} ({state['accelerator_why']})",
        f"fencing   {'process ' + str(state['fencing_process']) if state['fencing_process'] else 'NOT RUNNING: lab/lab up'}",
        f"links     {', '.join(f'{link} {how}' for link, how in state['links'].items())}",
        f"agents    {state['agents'] or 'not formed yet: lab/lab form'}",
    ]
    if state["resources"] > 1:
        text.append(f"resources {state['resources']} of DRBD, each with its VG; r0 is shown")
    for name, node in state["nodes"].items():
        text += _node_lines(name, node)
    for event in state["fenced"][-3:]:
        text.append(f"fenced    {event['target']} by {event['by']} ({event['operation']}), killed: {event['killed']}")
    return text


def _node_lines(name, node):
    if node["machine"] == "off":
        return [f"{name}     off: lab/lab start {name}"]
    if "silent" in node:
        return [f"{name}     {node['silent']}"]
    drbd = node["drbd"]
    shown = "{connection} {role}/{peer_role} {disk}/{peer_disk}".format(**drbd) if drbd else "not configured"
    text = [f"{name}     process {node['pid']}, DRBD {shown}"]
    seen = node["cluster"]
    if seen is None:
        return [*text, "          Pacemaker does not answer"]
    quorum = "quorate" if seen["quorate"] else "WITHOUT QUORUM"
    resources = ", ".join(f"{resource} {role}" for resource, role in sorted(seen["resources"].items()))
    text += [f"          {quorum}, online: {', '.join(seen['online']) or 'nobody'}", f"          {resources or 'no resources'}"]
    for kind, key in (("failed", "failures"), ("degraded", "degraded")):
        text += [f"          {kind}: {each['operation']} on {each['node']}: {each['code']} {each['reason']}" for each in seen[key]]
    return text
