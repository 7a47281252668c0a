# SPDX-License-Identifier: GPL-2.0-or-later
"""What is checked after every scenario: records, both disks alike, the VG, fencing, the stall of writes."""
from .. import cib
from ..errors import LabError
from ..waiting import Unmet
from .records import greatest_stall
from .scenario import too_much_fencing
from .stage import PATH, WITNESS

RECORDED = 200  # of a failure's text in the table


def settle(stage):
    """Ends the writers, then compares all that was acknowledged with both nodes' devices."""
    end_writers(stage, {"writers": WITNESS})
    for node in stage.lab.nodes:
        stage.holds(node)
        stage.holds(node, node.ok("drbdadm sh-ll-dev r0").strip())
    compare_disks(stage)
    for node in stage.lab.nodes:
        result = node.run(["vgck", cib.VG], 60)
        stage.check(f"vgck {cib.VG} on {node.name} is clean", result.rc == 0 and not result.stderr.strip(), result.stderr)


def end_writers(stage, writers):
    """Ends writers, {resource to stop: name of its instances}, and waits until they have ended."""
    stage.mark("writers ended; checking")
    for name in writers:
        stage.one.ok(["crm_resource", "--resource", name, "--meta", "--set-parameter", "target-role", "--parameter-value", "Stopped"])

    def ended():
        left = [each.node for each in stage.seen().instances if each.resource in writers.values() and each.active]
        return not left or Unmet(f"writer still on {left}")

    stage.wait(ended, "the writers to end", 90)


def verify(stage):
    """Runs DRBD's online verify: every block of one disk against the other."""
    stage.one.ok("drbdadm verify r0", 30)

    def done():
        drbd = stage.one.drbd()
        return (drbd is not None and drbd.connection == "Connected") or Unmet(drbd)

    stage.wait(done, "drbdadm verify to end", 180)


def compare_disks(stage):
    with stage.checked("drbdadm verify ran"):
        verify(stage)
    for node in stage.lab.nodes:
        drbd = node.drbd()
        stage.check(f"no block is out of sync on {node.name}", drbd is not None and drbd.missing == 0, drbd)


def judge(stage, scenario):
    """Adds the check on who may be fenced; returns the figures for the table.

    For how long writes stood still is a figure, no check: it depends on what else the host does. `late` names the nodes
    that exceeded the limit.
    """
    fenced = {event["target"] for event in stage.fencing() if event["operation"] in ("off", "reboot")}
    wrong = too_much_fencing(scenario.fencing, fenced)
    stage.check(f"fencing: {scenario.fencing} at most", not wrong, wrong)
    lines = stage.lines("witness")
    stalls = {
        node.name: round(greatest_stall(lines, node.name, stage.began, stage.ended), 1)
        for node in stage.lab.nodes
        if node.name in scenario.writers
    }
    return {
        "fenced": sorted(fenced),
        "stall": stalls,
        "late": sorted(name for name, seconds in stalls.items() if scenario.stall is not None and seconds > scenario.stall),
        "acknowledged": sum(map(len, stage.owed().values())),
    }


def trouble(stage):
    """Returns what the cluster lists as failed in the end, for the report."""
    try:
        seen = stage.seen()
    except LabError as error:
        return [str(error)[:RECORDED]]
    return [f"{each.operation} on {each.node} ({each.code}): {each.reason}"[:RECORDED] for each in seen.failures + seen.degraded]


__all__ = ["PATH", "compare_disks", "end_writers", "judge", "settle", "trouble", "verify"]
