# SPDX-License-Identifier: GPL-2.0-or-later
"""Fencing and quorum in Pacemaker's configuration."""

import re

from dualstor.command.check.rules.registry import CIB, ERROR, WARNING, found, rule
from dualstor.command.check.view.cib import is_true, seconds
from dualstor.command.check.view.seen import Unavailable

#: Fence agents that power nobody off.
_NO_FENCING = ("fence_manual", "fence_ack_manual", "fence_null", "fence_dummy", "meatware",
               "external/ssh", "ssh", "null", "external/null")
_FENCING = ("fencing-enabled", "stonith-enabled")


@rule("PCMK-XML", ERROR, "Pacemaker's configuration is well-formed XML",
      why="Pacemaker does not load what is not well-formed.",
      fix="close what is open, then `crm_verify -V -x FILE`", scope=CIB)
def well_formed(cib):
    for problem in cib.problems:
        yield found(problem.where, problem.text)


@rule("PCMK-FENCING", ERROR, "the cluster's fencing is enabled",
      why="Without it a lost node goes on writing while its disks are taken over.",
      fix="`pcs property set stonith-enabled=true` (crmsh: `crm configure property "
          "stonith-enabled=true`)", scope=CIB)
def fencing(cib):
    value, where = cib.option(*_FENCING)
    if value is not None and not is_true(value):
        yield found(where, "fencing is disabled")


def _targets(cib, device):
    """The nodes that a fence device fences; all, when it finds that out itself."""
    parameters = device.parameters
    listed = re.split(r"[\s,;]+", parameters.get("pcmk_host_list", "").strip())
    mapped = [item.partition(":")[0] for item in
              re.split(r"[\s;]+", parameters.get("pcmk_host_map", "").strip())]
    names = {name for name in listed + mapped if name}
    return names or set(cib.nodes)


def _real(cib):
    return [d for d in cib.fence_devices if d.type not in _NO_FENCING]


@rule("PCMK-FENCE-DEVICE", ERROR, "each node has a fence device",
      why="A node that cannot be fenced stops the storage of the other for ever when it is lost.",
      fix="`pcs stonith create fence-{node} fence_ipmilan ip=... username=... password=... "
          "pcmk_host_list={node}`", scope=CIB)
def device(cib):
    if not cib.nodes:
        raise Unavailable(f"{cib.here}: names no node")
    devices = _real(cib)
    for node in cib.nodes:
        if not any(node in _targets(cib, one) for one in devices):
            yield found(cib.here, f"node {node} has no fence device", node=node)


@rule("PCMK-FENCE-MANUAL", ERROR, "fencing is done by a machine",
      why="Such a device powers nobody off: the cluster takes a node for dead that still writes.",
      fix="take {device} out and define a device that cuts the node's power", scope=CIB)
def manual(cib):
    for one in cib.fence_devices:
        if one.type in _NO_FENCING:
            yield found(one.where, f"fence device {one.id} is {one.type}", device=one.id)


def _delay(one, node):
    """The fixed delay of a device for a node in seconds."""
    text = one.parameters.get("pcmk_delay_base") or one.parameters.get("delay") or "0"
    for item in re.split(r"[\s;]+", text):
        name, colon, value = item.partition(":")
        if colon and name == node:
            return seconds(value) or 0.0
    return seconds(text) or 0.0


@rule("PCMK-FENCE-DELAY", WARNING, "the two nodes' fence delays differ",
      why="When only the link between them is lost both shoot at once, and both are gone.",
      fix="`pcs stonith update {device} pcmk_delay_base=10s`, for the device of the node that is "
          "to survive", scope=CIB)
def delay(cib):
    nodes, devices = cib.nodes, _real(cib)
    if len(nodes) != 2 or seconds(cib.option("priority-fencing-delay")[0] or "0"):
        return
    first = [next((d for d in devices if node in _targets(cib, d)), None) for node in nodes]
    if None in first or any(seconds(d.parameters.get("pcmk_delay_max", "0")) for d in first):
        return
    delays = [_delay(one, node) for one, node in zip(first, nodes)]
    if delays[0] == delays[1]:
        yield found(first[0].where, f"both delays are {delays[0]:g} s", device=first[0].id)


@rule("PCMK-QUORUM-POLICY", ERROR, "without quorum nothing is started and nothing ignored",
      why="ignore lets each half of a broken cluster run everything: both write on.",
      fix="`pcs property set no-quorum-policy=freeze`", scope=CIB)
def quorum_policy(cib):
    value, where = cib.option("no-quorum-policy")
    if value == "ignore" and not _plugin(cib):
        yield found(where, "no-quorum-policy is ignore")


def _plugin(cib):
    """Whether corosync 1 runs Pacemaker as its plugin, which cannot count two nodes."""
    for host in cib.cluster.hosts:
        text = host.tree.files.get("/etc/corosync/corosync.conf", "")
        if re.search(r"^[ \t]*name:\s*pacemaker\s*$", text, re.MULTILINE):
            return True
    return False


@rule("PCMK-QUORUM-FREEZE", WARNING, "without quorum what runs is kept",
      why="Stopping needs locks that are not granted without quorum: the stop fails and the node "
          "is fenced for nothing.",
      fix="`pcs property set no-quorum-policy=freeze`", scope=CIB)
def quorum_freeze(cib):
    cib.ours()
    value, where = cib.option("no-quorum-policy")
    if value not in ("freeze", "ignore"):
        yield found(where, f"no-quorum-policy is {value or 'not set, that is stop'}")
