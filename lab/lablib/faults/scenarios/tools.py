# SPDX-License-Identifier: GPL-2.0-or-later
"""Scenarios of tools that are slow or hang."""
from ..scenario import BACK, NOBODY, scenario
from ..wrappers import TOOLS, hang, restore, slow


@scenario("slow-tools", "every tool of node2 takes ten times as long", fencing=NOBODY, stall=20, writers=("node1",))
def slow_tools(stage):
    """Still to standby and back."""
    stage.mark("every tool of node2 is slowed")
    slow(stage.two, TOOLS)
    try:
        stage.standby(stage.two)
        stage.stopped(stage.two, 400)
        stage.standby(stage.two, on=False)
        stage.whole(500)
        stage.check("nothing failed", not stage.seen().failures, stage.seen().failures)
    finally:
        restore(stage.two, *TOOLS)


def _limit(stage, resource, seconds):
    """Gives a resource's start and stop so many seconds."""
    for name in ("start", "stop"):
        stage.one.ok(["cibadmin", "--modify", "--xml-text", f'<op id="{resource}-{name}-0s" timeout="{seconds}s"/>'])


@scenario("lvm-hangs", "every LVM command on node2 hangs and ignores SIGTERM", fencing=NOBODY, stall=20, writers=("node1",))
def lvm_hangs(stage):
    """Its monitor lives on; stop gets the LVs away without LVM; start fails with a reason before its timeout expires."""
    daemon = stage.agents.locking[1].name
    _limit(stage, "vg0", 40)
    _limit(stage, daemon, 40)
    stage.mark("LVM commands on node2 hang")
    hang(stage.two, "lvm")
    try:
        stage.standby(stage.two)
        stage.stopped(stage.two, 150)
        stage.mark("node2 has stopped everything")
        stage.standby(stage.two, on=False)
        told = stage.reported(daemon, "vg0", timeout=150, node=stage.two)
        stage.check("the reason is the agent's own", "Timed Out" not in told, told)
        stage.check("the reason names the command", "lvm" in told or "vgs" in told, told)
    finally:
        restore(stage.two, "lvm")
    stage.mark("LVM commands work again")
    stage.refresh()
    stage.whole(BACK)


@scenario("drbd-tools-hang", "drbdadm on node2 hangs and ignores SIGTERM", fencing=NOBODY, stall=20, writers=("node1",))
def drbd_tools_hang(stage):
    """Monitors do without it; start fails with a reason; node1 continues."""
    stage.mark("drbdadm on node2 hangs")
    stage.standby(stage.two)
    stage.stopped(stage.two, 150)
    hang(stage.two, "drbdadm")
    _limit(stage, "drbd", 40)
    try:
        stage.standby(stage.two, on=False)
        told = stage.reported("drbd", timeout=150, node=stage.two)
        stage.check("the reason is the agent's own", "Timed Out" not in told, told)
        stage.check("the reason names the command", "drbdadm" in told, told)
    finally:
        restore(stage.two, "drbdadm")
    stage.mark("drbdadm works again")
    stage.refresh()
    stage.whole(BACK)
