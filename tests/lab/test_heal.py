# SPDX-License-Identifier: GPL-2.0-or-later
"""A split brain healed by `dualstor recover` while node1, the winner, continues to write: nothing acknowledged is lost.

On one pair for all of it, which is whole again after each test that passed.
"""
import re
import time

import pytest

from lablib import cib
from lablib.faults import apart
from lablib.faults.stage import Stage
from lablib.waiting import Unmet

pytestmark = [pytest.mark.lab, pytest.mark.long]

DONE, REFUSED, UNFINISHED = 0, 1, 4  # exit codes
# What a healing says before a step, of one step of each kind: on either node, before and after the last that can be undone.
STEPS = ["bitmaps are written", "gets what", "becomes a new LV", "becomes Secondary", "gives up its copy",
         "the copies are compared", "active before are activated"]  # fmt: skip


class Pairs:
    """Gives the pair that is whole, or a new one."""

    def __init__(self, lab):
        self.lab, self.pair, self.used = lab, None, False

    def give(self):
        if self.pair is None or self.used:
            self.close()
            stage = Stage(self.lab, cib.DUALSTOR)
            stage.set()
            self.pair = apart.Apart(stage)
        self.pair.stage.checks.clear()
        self.pair.forget()
        self.used = True
        return self.pair

    def close(self):
        if self.pair is not None:
            self.pair.stage.close()
        self.pair = None


@pytest.fixture(scope="module")
def pairs(ground):
    """Of machines with OpenSSH, in the directory of the lab of all tests, which gets its own machines back later."""
    lab = ground.other("trixie-heal")
    made = Pairs(lab)
    yield made
    made.close()
    lab.down()


@pytest.fixture
def pair(pairs):
    return pairs.give()


@pytest.fixture
def good(pairs, pair):
    """Called at the end of a test: all checks are so, and the next test may have the pair."""

    def is_good():
        wrong = [check for check in pair.stage.checks if not check.ok]
        assert not wrong, wrong
        pairs.used = False

    return is_good


def test_what_either_side_wrote_is_on_both_in_the_end(pair, good):
    pair.part()
    apart.meet(pair.stage)
    began = time.time()
    told = pair.heal()
    assert told.rc == DONE, told
    assert "Healed: both nodes have the same again." in told.stdout and "node1 has got from node2: b" in told.stdout
    pair.as_before()
    pair.judge(began)
    # Pacemaker's hands are free again.
    pair.stage.standby(pair.two)
    pair.stage.stopped(pair.two)
    pair.stage.standby(pair.two, on=False)
    pair.stage.whole()
    good()


def test_killed_in_the_middle_of_a_step_and_typed_again(pair, good):
    """And of what both wrote, the other version becomes an LV."""
    pair.part()
    apart.meet(pair.stage)
    began = time.time()
    for words in STEPS:
        told = pair.during(words, "kill -KILL $PID", "--keep-both", seconds=0.2)
        assert told.rc == 137, (words, told)
        held = pair.two.run("ls /run/dualstor | grep ^hold").stdout
        assert held, (words, "agents keep off meanwhile")
    told = pair.heal("--keep-both")
    assert told.rc == DONE, told
    pair.as_before()
    pair.judge(began)
    new = f"c.{pair.two.name}"
    for node in pair.stage.lab.nodes:
        node.ok(f"lvchange -asy {cib.VG}/{new}", 60)
        pair.stage.holds(node, pair.path(new), pair.aside)
    for node in pair.stage.lab.nodes:
        node.ok(f"lvchange -an {cib.VG}/{new}", 60)
    pair.one.ok(f"lvremove --yes {cib.VG}/{new}", 60)
    good()


def test_a_writer_that_sneaks_in_is_refused(pair, good):
    """Before the LVs are quiet it is named, afterwards it gets in nowhere, and the same command finishes."""
    pair.part()
    apart.meet(pair.stage)
    opened = "ssh node2 'exec 3<>/dev/vg0/b; exec >/dev/null 2>&1; setsid sleep 1000 & echo $! >/run/holder.pid'"
    pair.one.ok(opened)
    told = pair.heal()
    assert told.rc == REFUSED and "vg0/b is open on node2" in told.stderr and "sleep" in told.stderr, told
    assert not pair.stage.seen().maintenance
    pair.two.ok("kill -KILL $(cat /run/holder.pid)")
    began = time.time()
    told = pair.during(apart.TAKEN, opened)
    assert told.rc in (REFUSED, UNFINISHED) and "sleep" in told.stdout, told
    pair.two.ok("kill -KILL $(cat /run/holder.pid)")
    late = "ssh node2 'lvchange -asy vg0/b; lvchange -aey -K vg0/b'; lvchange -asy vg0/b"
    told = pair.during("compared as a whole", f"({late}) 2>&1; ls /dev/vg0/b; ssh node2 ls /dev/vg0/b")
    assert told.rc == DONE, told
    assert "cannot access '/dev/vg0/b'" in told.stdout and not re.search("^/dev/vg0/b$", told.stdout, re.MULTILINE), told
    pair.as_before()
    pair.judge(began)
    good()


# Of a file system: how it is made, checked, and mounted so that nothing is written. XFS makes no small one without a word.
EXT4 = ("mkfs.ext4 -q -F", "fsck.ext4 -fn", "-o ro,noload")
XFS = ("mkfs.xfs -q -f --unsupported -d agcount=1", "xfs_repair -n -o force_geometry", "-o ro,norecovery,nouuid")


@pytest.mark.parametrize("make, check, mount, one, two", [(*EXT4, "a", "b"), (*XFS, "x", "y")], ids=["ext4", "xfs"])
def test_file_systems_are_clean_and_have_their_files(pair, good, make, check, mount, one, two):
    """That of the first LV stays mounted and written on the winner."""
    stage = pair.stage
    if one not in pair.places:
        pair.more({"x": "14-18", "y": "6-7:9-10:19"})
    pair.one.ok(f"{make} /dev/vg0/{one} && {make} /dev/vg0/{two}", 60)
    for node, name in ((pair.one, one), (pair.two, two)):
        node.ok(f"mkdir -p /srv/{name} && mount /dev/vg0/{name} /srv/{name} && {files(name, 'before')}", 60)
    pair.part(write=False)
    for node, name in ((pair.one, one), (pair.two, two)):
        node.ok(f"{files(name, 'apart')} && rm /srv/{name}/before.1 && sync", 60)
    pair.two.ok(f"umount /srv/{two}")
    apart.meet(stage)
    began = time.time()
    told = pair.during("gets what", files(one, "meanwhile"))
    assert told.rc == DONE, told
    pair.one.ok(f"umount /srv/{one}")
    for node in stage.lab.nodes:
        for name, sets in ((one, ("before", "apart", "meanwhile")), (two, ("before", "apart"))):
            checked = node.run(f"{check} /dev/vg0/{name}", 60)
            stage.check(f"{name} on {node.name} is clean", checked.rc == 0, checked)
            node.ok(f"mount {mount} /dev/vg0/{name} /mnt && cd /mnt && " + " && ".join(
                f"grep -v '{each}.1$' {each}.sums | sha256sum --quiet -c" for each in sets) + " && cd / && umount /mnt", 60)
    pair.as_before()
    pair.judge(began, kept=False)
    good()


def files(name, what):
    """The shell's command that writes files with their checksums into a file system, and syncs."""
    return (f"cd /srv/{name} && for n in 1 2 3 4 5; do head -c 50000 /dev/urandom >{what}.$n; done"
            f" && sha256sum {what}.[0-9] >{what}.sums && sync && cd /")


def test_after_a_crash_of_the_loser(pair, good):
    """DRBD then says of whole extents that they have changed; their content settles it."""
    stage = pair.stage
    pair.part()
    stage.kill(pair.two)
    stage.confirmed(pair.two)
    pair.fill(pair.one, "a", 3 << 20)
    stage.property("maintenance-mode", "true")
    stage.mark("node2 on again, without its cluster")
    pair.two.start(rejoin=False)
    stage.watch(pair.two)
    pair.two.ok("modprobe drbd")
    apart.waive(stage, pair.two)    # which brings it up
    apart.ssh.between(stage.lab)
    apart.meet(stage)
    assert pair.two.drbd().role == "Secondary"
    began = time.time()
    told = pair.heal()
    assert told.rc == DONE, told
    assert stage.seen().maintenance, "it was set before"
    pair.two.ok("cluster start", 120)
    stage.wait(lambda: pair.two.name in stage.seen().online or Unmet("it is offline"), "node2 to be online", 120)
    # Pacemaker takes what it has not probed yet for stopped, and restarts all that needs it.
    stage.wait(lambda: "drbd" in {each.resource for each in stage.seen().instances if each.node == pair.two.name
                                  and each.active} or Unmet("not probed"), "node2 to be probed", 120)
    stage.property("maintenance-mode", "false")
    pair.judge(began)
    good()


def test_of_a_resource_with_two_volumes(pair):
    """One LV is on both of them, one on the second alone. Not for later tests: the second is in memory."""
    pair.second_volume()
    pair.more({"d": "20", "e": ""}, {"d": "0", "e": "1-2"})
    pair.part()
    apart.meet(pair.stage)
    for node in pair.stage.lab.nodes:
        told = apart.second(node)
        pair.stage.check(f"{node.name} knows of changes on the second volume", "oos:0" not in told, told)
    began = time.time()
    told = pair.heal()
    assert told.rc == DONE, told
    assert "node1 has got from node2: b, d" in told.stdout, told
    pair.as_before()
    pair.judge(began)
    for node in pair.stage.lab.nodes:
        told = apart.second(node)
        pair.stage.check(f"no block of the second volume is out of sync on {node.name}", "oos:0" in told, told)
    wrong = [check for check in pair.stage.checks if not check.ok]
    assert not wrong, wrong
