# SPDX-License-Identifier: GPL-2.0-or-later
"""Fencing and quorum in Pacemaker's configuration."""

import math
import re

from dualstor import fencepeer
from dualstor.command.check.rules.registry import CIB, ERROR, WARNING, found, rule
from dualstor.command.check.view.cib import seconds
from dualstor.command.check.view.seen import Unavailable
from dualstor.tools import pacemaker

TYPE_CHECKING = False   # only mypy sees what is imported there
if TYPE_CHECKING:
    from dualstor.command.check.rules.registry import Findings
    from dualstor.command.check.view.cib import Cib, Resource

#: Fence agents that power no node off.
_NO_FENCING = ("fence_manual", "fence_ack_manual", "fence_null", "fence_dummy", "meatware",
               "external/ssh", "ssh", "null", "external/null")


@rule("PCMK-XML", ERROR, "Pacemaker's configuration is well-formed XML",
      why="Pacemaker does not load XML that is not well-formed.",
      fix="fix the XML; `crm_verify -V -x FILE` must report no error", scope=CIB)
def well_formed(cib: "Cib") -> "Findings":
    for problem in cib.problems:
        yield found(problem.where, problem.text)


@rule("PCMK-FENCING", ERROR, "fencing is enabled in the cluster",
      why="Without it a lost node continues to write while its disks are taken over.",
      fix="`pcs property set stonith-enabled=true` (crmsh: `crm configure property "
          "stonith-enabled=true`)", scope=CIB)
def fencing(cib: "Cib") -> "Findings":
    for name in pacemaker.FENCING:   # which one counts depends on the version of Pacemaker
        value, where = cib.option(name)
        if value is not None and not pacemaker.is_true(value):
            yield found(where, f"fencing is disabled ({name})")


def _targets(cib: "Cib", device: "Resource") -> "set[str]":
    """The nodes that a fence device fences; all, if it lists them itself."""
    parameters = device.parameters
    listed = re.split(r"[\s,;]+", parameters.get("pcmk_host_list", "").strip())
    mapped = [item.partition(":")[0] for item in
              re.split(r"[\s;]+", parameters.get("pcmk_host_map", "").strip())]
    names = {name for name in listed + mapped if name}
    return names or set(cib.nodes)


def _real(cib: "Cib") -> "list[Resource]":
    return [d for d in cib.fence_devices if d.type not in _NO_FENCING]


@rule("PCMK-FENCE-DEVICE", ERROR, "each node has a fence device",
      why="A lost node that cannot be fenced blocks the other's storage forever.",
      fix="`pcs stonith create fence-{node} fence_ipmilan ip=... username=... password=... "
          "pcmk_host_list={node}`", scope=CIB)
def device(cib: "Cib") -> "Findings":
    if not cib.nodes:
        raise Unavailable(f"{cib.here}: names no node")
    devices = _real(cib)
    for node in cib.nodes:
        if not any(node in _targets(cib, one) for one in devices):
            yield found(cib.here, f"node {node} has no fence device", node=node)


@rule("PCMK-FENCE-MANUAL", ERROR, "the fence devices power nodes off",
      why="Such a device powers nobody off: the cluster takes a node for dead that still writes.",
      fix="remove {device} and define a device that cuts the node's power", scope=CIB)
def manual(cib: "Cib") -> "Findings":
    for one in cib.fence_devices:
        if one.type in _NO_FENCING:
            yield found(one.where, f"fence device {one.id} is {one.type}", device=one.id)


def _delay(one: "Resource", node: str) -> float:
    """The fixed delay of a device for a node in seconds."""
    text = one.parameters.get("pcmk_delay_base") or one.parameters.get("delay") or "0"
    for item in re.split(r"[\s;]+", text):
        name, colon, value = item.partition(":")
        if colon and name == node:
            return seconds(value) or 0.0
    return seconds(text) or 0.0


#: What to advise where nothing calls for more; seconds.
_DELAY = 10.0


@rule("PCMK-FENCE-DELAY", WARNING,
      "the two nodes' fence delays differ by the time in which DRBD notices a lost link",
      why="When only the link between them breaks, both fence (a fence race), and one of them may "
          "notice 2 * ping-int + ping-timeout later (20.5 s if neither is set): with equal delays "
          "or a shorter difference both are off, or the wrong one.",
      fix="set `ping-int 2;` and `ping-timeout 10;` in DRBD's net section on both hosts, "
          "reconnect, and `pcs stonith update {device} pcmk_delay_base={delay}s` for the device of "
          "the preferred survivor", scope=CIB)
def delay(cib: "Cib") -> "Findings":
    nodes, devices = cib.nodes, _real(cib)
    if len(nodes) != 2 or seconds(cib.option("priority-fencing-delay")[0] or "0"):
        return
    first = [one for node in nodes for one in [d for d in devices if node in _targets(cib, d)][:1]]
    if len(first) < 2 or any(seconds(d.parameters.get("pcmk_delay_max", "0")) for d in first):
        return
    delays = [_delay(one, node) for one, node in zip(first, nodes)]
    if delays[0] == delays[1]:
        yield found(first[0].where, f"both delays are {delays[0]:g} s", device=first[0].id,
                    delay=f"{_DELAY:g}")
        return
    longer, difference = first[delays.index(max(delays))], abs(delays[0] - delays[1])
    late = {resource.configuration.notice: resource.name for host in cib.cluster.hosts
            for resource in host.resources
            if fencepeer.requests_fencing(resource.configuration.fence_peer)}
    if late and max(late) > difference:
        yield found(longer.where, f"the delays differ by {difference:g} s, and the nodes may "
                    f"notice a lost link of DRBD {late[max(late)]} {max(late):g} s apart",
                    device=longer.id, delay=math.ceil(min(delays) + max(late)))


@rule("PCMK-FENCE-ACTION", WARNING, "the cluster and dlm fence with the same action",
      why="dlm always asks for a reboot, and Pacemaker only merges equal requests: a node that "
          "boots fast is killed twice.",
      fix="`pcs property unset {option}`; to have nodes stay off, `pcs stonith update {device} "
          "pcmk_reboot_action=off` for each device", scope=CIB)
def action(cib: "Cib") -> "Findings":
    for option in pacemaker.ACTION:
        value, where = cib.option(option)
        if pacemaker.action(value) == pacemaker.OFF and any(
                one.kind == "ocf:pacemaker:controld" for one in cib.resources):
            devices = [one.id for one in _real(cib)] or ["DEVICE"]
            yield found(where, f"{option} is {value}", option=option, device=devices[0])


@rule("PCMK-QUORUM-POLICY", ERROR, "no-quorum-policy is not ignore",
      why="With ignore each half of a broken cluster runs everything: both write.",
      fix="`pcs property set no-quorum-policy=freeze`", scope=CIB)
def quorum_policy(cib: "Cib") -> "Findings":
    value, where = cib.option("no-quorum-policy")
    if value == "ignore" and not _plugin(cib):
        yield found(where, "no-quorum-policy is ignore")


def _plugin(cib: "Cib") -> bool:
    """Whether corosync 1 runs Pacemaker as its plugin, which has no two-node mode."""
    for host in cib.cluster.hosts:
        text = host.tree.files.get("/etc/corosync/corosync.conf", "")
        if re.search(r"^[ \t]*name:\s*pacemaker\s*$", text, re.MULTILINE):
            return True
    return False


@rule("PCMK-QUORUM-FREEZE", WARNING, "no-quorum-policy keeps what runs",
      why="Stopping needs locks that are not granted without quorum: the stop fails and the node "
          "is fenced for nothing.",
      fix="`pcs property set no-quorum-policy=freeze`", scope=CIB)
def quorum_freeze(cib: "Cib") -> "Findings":
    cib.ours()
    value, where = cib.option("no-quorum-policy")
    if value not in ("freeze", "ignore"):
        yield found(where, f"no-quorum-policy is {value or 'not set, which means stop'}")
