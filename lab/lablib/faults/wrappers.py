# SPDX-License-Identifier: GPL-2.0-or-later
"""Wrappers in the place of a node's programs: slow ones, hanging ones, and one that only takes notes."""

# Every program that one of the agents, ours or stock, may call, with its directory.
TOOLS = (
    "/usr/sbin/lvm", "/usr/sbin/lvmlockctl", "/usr/sbin/dmsetup", "/usr/sbin/drbdadm", "/usr/sbin/drbdsetup",
    "/usr/sbin/dlm_tool", "/usr/sbin/corosync-quorumtool", "/usr/sbin/corosync-cmapctl", "/usr/sbin/crm_attribute",
    "/usr/sbin/crm_mon", "/usr/sbin/crm_node", "/usr/sbin/crm_resource", "/usr/sbin/stonith_admin",
)  # fmt: skip

_AUDIT_LOG = "/var/log/audit-of-tools"
# lvm is one program with many names: the name it was called by is passed on.
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
