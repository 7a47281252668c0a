# SPDX-License-Identifier: GPL-2.0-or-later
"""Fencing and quorum in Pacemaker's configuration."""

import math
import re

from dualstor import fencepeer
from dualstor.command.check.rules.registry import CIB, ERROR, WARNING, found, rule
from dualstor.command.check.view import fencing, outlets, pacetime
from dualstor.command.check.view.values import score
from dualstor.tools import pacemaker

TYPE_CHECKING = False   # only mypy sees what is imported there
if TYPE_CHECKING:
    from dualstor.command.check.rules.registry import Findings
    from dualstor.command.check.view.cib import Cib
    from dualstor.command.check.view.resources import Resource


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
def enabled(cib: "Cib") -> "Findings":
    for name in pacemaker.FENCING:   # which one counts depends on the version of Pacemaker
        value, where = cib.option(name)
        if value is not None and not pacemaker.is_true(value):
            yield found(where, f"fencing is disabled ({name})")


@rule("PCMK-STARTUP-FENCING", ERROR, "startup-fencing is true",
      why="With false a node that starts alone takes the other for down without fencing it: both "
          "write.",
      fix="`pcs property unset startup-fencing`", scope=CIB)
def startup(cib: "Cib") -> "Findings":
    value, where = cib.option("startup-fencing")
    if value is not None and not pacemaker.is_true(value):
        yield found(where, f"startup-fencing is {value}")


def _by_priority(cib: "Cib") -> bool:
    """Whether priority-fencing-delay delays one of two fence actions.

    It does so for the node with the higher sum of priorities: a clone that runs on both nodes
    does not count (Pacemaker lib/pengine/pe_actions.c, node_priority_fencing_delay).
    """
    return bool(pacetime.duration(cib.option("priority-fencing-delay")[0])) and any(
        one.clone is None and score(one.meta.get("priority")) for one in cib.resources)


def _race(cib: "Cib") -> "tuple[list[Resource], list[float | None]] | None":
    """(first device, its delay) of both nodes; None if no fence race is possible or both lose."""
    known = {one.id: one for one in fencing.devices(cib)}
    firsts = [fencing.first(cib, node) for node in cib.nodes]
    devices = [known[name] for names in firsts for name in names[:1] if name in known]
    if len(devices) < 2 or any(len(names) != len([n for n in names if n in known])
                               for names in firsts):
        return None     # heuristics decide, or a topology is wrong
    if outlets.outlet(devices[0], cib.nodes[0]) == outlets.outlet(devices[1], cib.nodes[1]):
        return None     # PCMK-FENCE-SHARED
    return devices, [fencing.delay(one, node) for one, node in zip(devices, cib.nodes)]


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
    if len(cib.nodes) != 2 or _by_priority(cib):
        return
    race = _race(cib)
    if race is None or None in race[1]:
        return
    devices, delays = race
    if delays[0] == delays[1]:
        also = "; priority-fencing-delay counts only with a priority of a resource that runs on " \
            "one node" if cib.option("priority-fencing-delay")[0] else ""
        yield found(devices[0].where, f"both delays are {delays[0]:g} s{also}",
                    device=devices[0].id, delay=f"{_DELAY:g}")
        return
    known = [each for each in delays if each is not None]
    longer, difference = devices[delays.index(max(known))], abs(known[0] - known[1])
    late = {resource.configuration.notice: resource.name for host in cib.cluster.hosts
            for resource in host.resources
            if fencepeer.ours(resource.configuration.fence_peer)}
    if late and max(late) > difference:
        yield found(longer.where, f"the delays differ by {difference:g} s, and the nodes may "
                    f"notice a lost link of DRBD {late[max(late)]} {max(late):g} s apart",
                    device=longer.id, delay=math.ceil(min(known) + max(late)))


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
            devices = [one.id for one in fencing.devices(cib)] or ["DEVICE"]
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
