# SPDX-License-Identifier: GPL-2.0-or-later
"""A virtual machine on an LV, as a resource that migrates live, while it writes numbered records: nothing lost, one writer.

Real libvirt and QEMU inside the lab's machines, so emulation in emulation: what is true of the order of things, not of times.
From blank machines by the steps of `dualstor configure`.
"""
import re
import time
from collections import namedtuple
from pathlib import Path

import labsteps
import pytest

from lablib import LabError, Unmet, ssh, wait_until
from lablib.faults import records

pytestmark = [pytest.mark.lab, pytest.mark.long]

ANSWERS = (Path(__file__).parents[1] / "data" / "configure" / "lab.toml").read_text() + """
[[use]]
kind = "vm"
name = "web"
disks = [{lv = "web", size = "8M"}]
"""
CONFIG, INITRAMFS = "/etc/pacemaker/web.xml", "/var/lib/inner.cpio"
DOMAIN = f"""<domain type='qemu'>
  <name>web</name>
  <memory unit='MiB'>96</memory>
  <vcpu>1</vcpu>
  <os>
    <type arch='x86_64' machine='pc'>hvm</type>
    <kernel>/boot/vmlinuz</kernel>
    <initrd>{INITRAMFS}</initrd>
    <cmdline>console=tty0 quiet mitigations=off random.trust_cpu=on tsc=unstable nokaslr</cmdline>
  </os>
  <features><acpi/></features>
  <devices>
    <disk type='block' device='disk'>
      <driver name='qemu' type='raw' cache='none' io='native'/>
      <source dev='/dev/vg0/web'/>
      <target dev='vda' bus='virtio'/>
    </disk>
    <serial type='file'><source path='/dev/virtio-ports/exclusive' append='on'/></serial>
    <controller type='usb' model='none'/>
    <memballoon model='none'/>
  </devices>
</domain>
"""
TIMES = 10
RESOURCES = {"r0": "Promoted", **dict.fromkeys(("dlm", "lvm-lock-daemon", "vg0"), "Started")}

#: A line of the virtual machine: when it came, from which node, its words.
Said = namedtuple("Said", "time node words")


class Pair:
    """The pair, and what the virtual machine has said over the ports of either node."""

    def __init__(self, lab):
        self.lab = lab
        self.ports = {node.name: records.Port(node.machine, "exclusive") for node in lab.nodes}
        for port in self.ports.values():
            port.start()

    def close(self):
        for port in self.ports.values():
            port.stop()

    def said(self, word=None):
        """All lines, oldest first; word: only those that begin with it."""
        found = [Said(line.time, name, line.words) for name, port in self.ports.items() for line in port.lines]
        return sorted((each for each in found if word in (None, each.words[0])), key=lambda each: each.time)

    def writes(self, node=None, since=0.0, seconds=600):
        """Waits until the virtual machine writes, on a node, after a time; returns the node's name."""
        def met():
            new = [each for each in self.said("ack") if each.time > since and (node is None or each.node == node.name)]
            return new[-1].node if new else Unmet(self.said()[-1:])

        return wait_until(met, f"web to write on {node.name if node else 'any node'}", seconds, 1)

    def here(self):
        """The names of the nodes on which QEMU runs the virtual machine's CPU."""
        found = []
        for node in self.lab.nodes:
            if node.alive() and node.run("virsh --quiet domstate web 2>/dev/null", 60).stdout.strip() == "running":
                found.append(node.name)
        return found

    def anywhere(self, command, timeout=60):
        for node in self.lab.nodes:
            if node.alive():
                return node.ok(command, timeout)
        raise LabError("no node runs")

    def move(self, node):
        self.anywhere(["crm_resource", "--resource", "web", "--move", "--node", node.name], 120)

    def clear(self):
        self.anywhere(["crm_resource", "--resource", "web", "--clear"], 120)

    def judge(self):
        """Nothing lost, never two writers: numbers only grow, in the order of time, whoever says them."""
        last, runs = 0, []
        for each in self.said():
            if each.words[0] == "found":
                assert int(each.words[1]) >= last, f"{each}: acknowledged was {last}"
            elif each.words[0] == "ack":
                run, number = each.words[1], int(each.words[2])
                if run not in runs:
                    runs.append(run)
                assert run == runs[-1], f"{each}: a run that had ended writes again"
                assert number > last, f"{each}: after {last}"
                last = number
            assert each.words[0] != "failed", each
        return last


@pytest.fixture(scope="module")
def pair(ground):
    lab = ground.other("trixie-vm")
    lab.blank()
    ssh.between(lab)
    for node in lab.nodes:
        node.ok("modprobe -a sr_mod cdrom 2>/dev/null; systemctl start libvirtd", 120)
        node.ok(["/usr/local/lib/lab/inner", INITRAMFS], 120)
    for step in labsteps.written(lab, ANSWERS):
        if not step["commands"]:
            lab.node(1).push(CONFIG, DOMAIN.encode())
        labsteps.take(lab, step)
    made = Pair(lab)
    made.writes()
    yield made
    made.close()
    lab.down()


def test_it_migrates_back_and_forth_without_a_pause(pair):
    for turn in range(TIMES):
        source = pair.lab.node(pair.here()[0])
        began = time.time()
        pair.move(source.peer)
        pair.writes(source.peer, began)
        assert pair.here() == [source.peer.name], turn
    pair.clear()
    pair.judge()
    assert len(pair.said("found")) == 1, "it was never started again"
    assert not pair.lab.node(1).cluster().failures


def abort_job(pair, source):
    source.ok("virsh domjobabort web", 60)


def kill_command(pair, source):
    source.ok("kill -KILL $(pgrep -f '^virsh.* migrate ')")


def kill_target(pair, source):
    source.peer.ok("kill -KILL $(pidof qemu-system-x86_64)")


@pytest.mark.parametrize("abort", [abort_job, kill_command, kill_target])
def test_a_migration_that_is_aborted_leaves_one_writer(pair, abort):
    source = pair.lab.node(pair.here()[0])
    # so slow that it is in the middle of copying
    source.ok("virsh migrate-setspeed web 1", 60)
    began = time.time()
    pair.move(source.peer)

    def copying():
        told = source.run("virsh domjobinfo web", 60).stdout
        done = re.search(r"Memory processed: +([0-9.]+)", told)
        return (done and float(done[1]) > 0) or Unmet(told)

    wait_until(copying, "memory to be copied", 240, 1)
    abort(pair, source)
    time.sleep(5)
    pair.clear()
    wait_until(lambda: len(pair.here()) == 1 or Unmet(pair.here()), "it to run on one node", 400, 2)
    pair.writes(since=max(began, time.time()))
    pair.judge()
    pair.anywhere("crm_resource --cleanup --resource web", 60)


def test_the_node_under_it_is_killed(pair):
    source = pair.lab.node(pair.here()[0])
    began = time.time()
    source.kill()
    pair.writes(source.peer, began)
    pair.judge()
    labels = {(resource, node.name): role for resource, role in RESOURCES.items() for node in pair.lab.nodes}
    source.start()
    wait_until(lambda: labsteps.running(source.peer, labels), "the pair to be whole", 400, 2)
    assert pair.here() == [source.peer.name], "it stays where it is"
    pair.judge()
