# SPDX-License-Identifier: GPL-2.0-or-later
"""Scenarios of tools that are slow or hang, by a wrapper in the place of the program; and a wrapper that only takes notes."""
from .power import BACK
from .scenario import NOBODY, scenario

# Every program that one of the agents, ours or stock, may call, with its folder.
TOOLS = (
    "/usr/sbin/lvm", "/usr/sbin/lvmlockctl", "/usr/sbin/dmsetup", "/usr/sbin/drbdadm", "/usr/sbin/drbdsetup",
    "/usr/sbin/dlm_tool", "/usr/sbin/corosync-quorumtool", "/usr/sbin/corosync-cmapctl", "/usr/sbin/crm_attribute",
    "/usr/sbin/crm_mon", "/usr/sbin/crm_node", "/usr/sbin/crm_resource", "/usr/sbin/stonith_admin",
)  # fmt: skip

_AUDIT_LOG = "/var/log/audit-of-tools"
# lvm is one program with many names: the name it was called by is handed on.
_AUDIT = f"""#!/bin/bash
echo "${{0##*/}} $*" >>{_AUDIT_LOG}
exec -a "${{0##*/}}" REAL "$@"
"""
_SLOW = """#!/bin/bash
began=${EPOCHREALTIME/./}
(exec -a "${0##*/}" REAL "$@")
code=$?
pause=$(((${EPOCHREALTIME/./} - began) * (TIMES - 1)))
sleep $((pause / 1000000)).$(printf %06d $((pause % 1000000)))
exit $code
"""
_HANG = """#!/bin/bash
trap '' TERM
while :; do sleep 1000; done
"""


def _wrap(node, program, script):
    path = program if program.startswith("/") else f"/usr/sbin/{program}"
    real = path + ".real"
    # Linked, and replaced by a move: an agent that runs just now must not take the program for not installed.
    node.ok(f"[ -e {real} ] || ln {path} {real}")
    node.push(path, script.replace("REAL", real).encode(), 0o755)


def audit(node, program):
    """Notes every call of a program, in a file of the node."""
    _wrap(node, program, _AUDIT)
    clear_audit(node)


def clear_audit(node):
    """Forgets the calls noted so far."""
    node.ok(f": >{_AUDIT_LOG}")


def audited(node):
    """Returns the calls noted, each as "name arguments"."""
    return node.ok(["cat", _AUDIT_LOG]).splitlines()


def slow(node, programs, times=10):
    """Makes programs take so many times as long."""
    for program in programs:
        _wrap(node, program, _SLOW.replace("TIMES", str(times)))


def hang(node, program):
    """Makes a program hang, whatever signal but SIGKILL it gets."""
    _wrap(node, program, _HANG)


def restore(node, *programs):
    """Puts the real programs back; hanging ones are ended."""
    for program in programs:
        path = program if program.startswith("/") else f"/usr/sbin/{program}"
        node.ok(f"[ ! -e {path}.real ] || mv {path}.real {path}")
        node.run(f"for pid in $(grep -sl {path} /proc/[0-9]*/cmdline | cut -d/ -f3); do"
                 f" [ $pid = $$ ] || [ $pid = $PPID ] || kill -KILL $pid; done")  # fmt: skip


@scenario("slow-tools", "every tool of node2 takes ten times as long", fencing=NOBODY, stall=20, writers=("node1",))
def slow_tools(stage):
    """To standby and back all the same."""
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
    """Its monitor lives on; stop gets the LVs away without LVM; start fails with a reason before its time is over."""
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
    """Monitors do without it; start fails with a reason; node1 goes on."""
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
