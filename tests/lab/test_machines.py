# SPDX-License-Identifier: GPL-2.0-or-later
"""The lab itself, on two blank machines: commands, plugs, links, disks, fencing, snapshots."""
import threading

import pytest

from lablib import CommandTimeout, LabError, NodeGone, wait_until

pytestmark = pytest.mark.lab


def test_code_and_outputs_of_a_command_apart(machines):
    result = machines.node(1).run("echo out; echo err >&2; exit 3")
    assert result == (3, "out\n", "err\n")


def test_a_list_is_run_without_a_shell(machines):
    assert machines.node(2).ok(["printf", "%s", "a b;c $HOME"]) == "a b;c $HOME"


def test_input_and_files_of_any_bytes(machines):
    content = bytes(range(256)) * 2000
    node = machines.node(1)
    node.push("/tmp/a folder/it's here", content, 0o750)
    assert node.pull("/tmp/a folder/it's here") == content
    assert node.ok(["stat", "-c", "%a %U", "/tmp/a folder/it's here"]) == "750 root\n"


def test_a_command_over_its_limit_is_ended_in_the_guest(machines):
    node = machines.node(1)
    with pytest.raises(CommandTimeout, match="not done after 1 s") as caught:
        node.run("echo begun; exec sleep 4711", timeout=1)
    assert caught.value.result.stdout == "begun\n"
    assert node.run("pgrep -f 'sleep 471[1]'").rc == 1


def test_threads_share_a_node_and_a_long_command_does_not_keep_it(machines):
    node = machines.node(1)
    long = threading.Thread(target=node.run, args=("while [ ! -e /tmp/go ]; do sleep 0.1; done",))
    long.start()
    # Would wait for the long command for ever if that kept the agent.
    node.ok("touch /tmp/go")
    long.join(30)
    assert not long.is_alive()


def test_each_node_has_its_name_and_reaches_the_other_over_both_links(machines):
    for node in machines.nodes:
        assert node.ok("hostname") == f"{node.name}\n"
        for network in ("10.77.0", "10.78.0"):
            node.ok(f"busybox ping -c 1 -w 20 {network}.{node.peer.number}", 30)


@pytest.mark.parametrize(("link", "network", "other"), [("cluster", "10.77.0", "10.78.0"), ("replication", "10.78.0", "10.77.0")])
def test_a_cut_link_is_cut_and_the_other_is_not(machines, link, network, other):
    node = machines.node(1)
    machines.cut(link)
    try:
        assert node.run(f"busybox ping -c 2 -w 3 {network}.2", 30).rc == 1
        node.ok(f"busybox ping -c 1 -w 20 {other}.2", 30)
    finally:
        machines.heal(link)
    node.ok(f"busybox ping -c 1 -w 20 {network}.2", 30)


def test_an_unknown_link_or_node_is_named(machines):
    with pytest.raises(LabError, match="cluster, replication"):
        machines.cut("eth0")
    with pytest.raises(LabError, match="node1, node2"):
        machines.node(3)


def test_the_disks_outlive_the_plug_and_the_rest_is_as_new(machines):
    node = machines.node(2)
    node.ok("echo kept | dd of=/dev/vdb conv=fsync status=none; echo kept >/var/log/kept; echo lost >/root/lost; sync")
    machines.cut("replication")
    assert node.kill()
    assert not node.kill(), "it was off already"
    with pytest.raises(NodeGone, match="lab/lab start node2"):
        node.run("true")
    node.start()
    assert node.ok("dd if=/dev/vdb bs=5 count=1 status=none; cat /var/log/kept") == "kept\nkept\n"
    assert node.run("test -e /root/lost").rc == 1
    assert node.run("busybox ping -c 2 -w 3 10.78.0.1", 30).rc == 1, "a cut link stays cut"
    machines.heal("replication")


def test_fence_virt_in_one_guest_kills_the_other_machine_and_leaves_it_off(machines):
    one, two = machines.nodes
    fence = "fence_virt -D /dev/ttyS1 -H node2 -o"
    before = len(machines.fenced())
    assert one.run(f"{fence} status").rc == 0
    one.ok(f"{fence} off")
    assert not two.alive()
    assert one.run(f"{fence} status").rc == 2
    (event,) = machines.fenced()[before:]
    assert (event["by"], event["target"], event["operation"], event["killed"]) == ("node1", "node2", "off", True)
    two.start()


def test_a_snapshot_brings_back_memory_and_disks_together(machines):
    for node in machines.nodes:
        node.ok("echo then >/run/mark; echo then | dd of=/dev/vdb seek=8 conv=fsync status=none")
    machines.snapshot("test-machines")
    boots = [node.ok("cat /proc/sys/kernel/random/boot_id") for node in machines.nodes]
    for node in machines.nodes:
        node.ok("echo later >/run/mark; echo later | dd of=/dev/vdb seek=8 conv=fsync status=none")
    machines.node(2).kill()
    machines.restore("test-machines")
    assert [node.ok("cat /proc/sys/kernel/random/boot_id") for node in machines.nodes] == boots
    for node in machines.nodes:
        assert node.ok("cat /run/mark; dd if=/dev/vdb skip=8 count=1 bs=512 status=none | head -c 4") == "then\nthen"
    machines.node(1).ok("busybox ping -c 1 -w 20 10.77.0.2", 30)


def test_a_foreign_snapshot_is_refused_and_nothing_is_touched(machines, monkeypatch):
    machines.snapshot("test-machines")
    monkeypatch.setenv("DUALSTOR_LAB_MEMORY", "1024")
    with pytest.raises(LabError, match="taken with other machines"):
        machines.restore("test-machines")
    assert all(node.alive() for node in machines.nodes)
    with pytest.raises(LabError, match="there is no snapshot nowhere"):
        machines.restore("nowhere")


def test_what_a_program_logs_is_in_the_syslog(machines):
    node = machines.node(1)
    node.ok("logger -t lab-test 'a line'")
    wait_until(lambda: node.run("grep 'lab-test: a line' /var/log/syslog").rc == 0, "the line in /var/log/syslog", 10)
    assert node.run("grep -c qemu-ga: /var/log/syslog").stdout == "0\n"


def test_forming_wants_machines_that_run(machines):
    machines.node(2).kill()
    with pytest.raises(LabError, match="lab/lab up --fresh"):
        machines.form()


COMMON = """\
global { usage-count no; }
common {
    disk { fencing resource-and-stonith; }
    handlers { fence-peer "/usr/lib/drbd/dualstor-fence-peer"; }
}
resource r0 {
    net { allow-two-primaries yes; }
    on node1 { device /dev/drbd0; disk /dev/vdb; meta-disk internal; address 10.78.0.1:7788; }
    on node2 { device /dev/drbd0; disk /dev/vdb; meta-disk internal; address 10.78.0.2:7788; }
}
"""
ASKS = """\
import sys
sys.path.insert(0, "/usr/lib/ocf/lib")
from dualstor.host.deadline import Deadline
from dualstor.host.host import Host
from dualstor.tools import drbdadm
found = drbdadm.configuration(Host(Deadline(60)), "r0", "/tmp/common.conf")
print(found.fencing, found.fence_peer, found.allow_two_primaries)
"""


def test_what_drbds_section_common_says_counts(machines):
    """`drbdadm dump` of one resource leaves it out."""
    node = machines.node(1)
    node.push("/tmp/common.conf", COMMON.encode())
    told = node.ok(["python3", "-ISc", ASKS], 90)
    assert told.split() == ["resource-and-stonith", "/usr/lib/drbd/dualstor-fence-peer", "True"]
