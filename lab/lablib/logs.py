# SPDX-License-Identifier: GPL-2.0-or-later
"""The logs of a node, for people."""
from .errors import LabError

SOURCES = (
    ("kernel", "dmesg | tail -n {lines}"),
    ("syslog", "tail -n {lines} /var/log/syslog"),
    ("corosync", "tail -n {lines} /var/log/corosync/corosync.log"),
    ("dlm", "tail -n {lines} /var/log/dlm_controld/dlm_controld.log"),
    ("Pacemaker", "tail -n {lines} /var/log/pacemaker/pacemaker.log"),
)


def collect(node, lines=40):
    """Returns [(name, text)] of the node's logs; of a machine that is off or silent, what its console said last."""
    try:
        return [(name, node.run(command.format(lines=lines)).stdout) for name, command in SOURCES]
    except LabError as error:
        try:
            text = node.machine.file("console.log").read_text(errors="replace")
        except OSError:
            text = ""
        last = "\n".join(text.splitlines()[-lines:])
        return [("console", f"{error}\n{last}\n")]


def show(node, lines=40):
    """Prints them."""
    for name, text in collect(node, lines):
        print(f"=== {node.name}: {name}\n{text}", end="" if text.endswith("\n") else "\n")
