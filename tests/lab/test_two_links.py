# SPDX-License-Identifier: GPL-2.0-or-later
"""Two links of corosync: what dlm makes of them on this kernel, over TCP and over SCTP.

What it sees is printed (``-s``), and kept as two-links.txt in the lab's directory:

    make lab-long TESTS='-k two_links -s'
"""
import re

import pytest

from lablib import wait_until

pytestmark = [pytest.mark.lab, pytest.mark.long]

CONF, DLM = "/etc/corosync/corosync.conf", "/etc/dlm/dlm.conf"
REFUSED = re.compile(r"multi-homed|invalid argument|cannot start|can't|not supported", re.IGNORECASE)


def two_links(text):
    """corosync.conf with knet and a second link over the replication network."""
    text = text.replace("transport: udpu", "transport: knet")
    return re.sub(r"(ring0_addr: 10\.77\.0\.([12]))", r"\1\n\t\tring1_addr: 10.78.0.\2", text)


def both_are_members(node):
    """Whether corosync has both links, and quorum with both nodes."""
    links, quorum = node.run("corosync-cfgtool -s").stdout, node.run("corosync-quorumtool -s").stdout
    return "10.78.0" in links and re.search(r"Total votes:\s+2", quorum)


def start(machines, protocol):
    """corosync with two links and dlm_controld on both nodes; fencing is off, as nothing here is to be fenced."""
    for node in machines.nodes:
        node.push(CONF, two_links(node.pull(CONF).decode()).encode())
        node.push(DLM, f"log_debug=1\nprotocol={protocol}\nenable_fencing=0\n".encode())
        node.run("dmesg -C; modprobe sctp")    # not every image has it: what dlm says then is seen, too
        node.ok("modprobe dlm; corosync -t && corosync", 60)
    for node in machines.nodes:
        wait_until(lambda node=node: both_are_members(node), f"both nodes and links on {node.name}", 90)
        node.ok("dlm_controld -s 0", 60)


@pytest.mark.parametrize("protocol", ["tcp", "sctp"])
def test_what_dlm_does_with_two_links(ground, protocol):
    ground.clean = False
    ground.lab.blank()
    machines = ground.lab
    start(machines, protocol)
    joined = [node.run("timeout 40 dlm_tool join trial", 60) for node in machines.nodes]
    said = [f"kernel {machines.node(1).ok('uname -r').strip()}, protocol {protocol}"]
    for node, done in zip(machines.nodes, joined):
        said += [f"{node.name}: dlm_tool join ends with {done.rc}: {(done.stdout + done.stderr).strip()}",
                 node.run("dmesg | grep -i -E 'dlm|sctp' | tail -n 20").stdout,
                 node.run("dlm_tool ls; busybox netstat -tln 2>/dev/null | grep 21064; cat /proc/net/sctp/eps").stdout]
    text = "\n".join(said)
    print(text)
    with open(machines.folder / "two-links.txt", "a", encoding="utf-8") as stream:
        stream.write(text + "\n")
    works = all(done.rc == 0 for done in joined)
    # Either dlm refuses two addresses and says so, or it starts: then the lockspace has both nodes.
    if works:
        members = machines.node(1).ok("dlm_tool ls")
        assert re.search(r"members\s+1 2", members), text
    else:
        assert REFUSED.search(text), text
