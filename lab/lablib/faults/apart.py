# SPDX-License-Identifier: GPL-2.0-or-later
"""A pair that goes apart because fencing was waived, what each side writes then, and its healing by `dualstor recover`."""
import time

from .. import cib, ssh
from ..waiting import Unmet
from . import records, verdict
from .stage import PATH, WITNESS

PROGRAM = "/usr/local/lib/lab/witness"
DURING = "/usr/local/lib/lab/during"
KEPT = "/var/lib/dualstor/recover/r0"
# What a healing says once all before it is only its plan.
TAKEN = "Agents and the watcher keep off"
# LVs of 8 MiB on extents of 4 MiB behind those of lv0; b has two segments that do not follow each other.
PLACES = {"a": "4-5", "b": "8-8:11-11", "c": "12-13"}
EXTENT = 4 << 20
MIDDLE = EXTENT     # of b: where its second segment begins
COUNT = 40  # records of one fill: 20 KiB
LIMIT = 500  # seconds for one run of recover
WAIT = 30  # seconds for each part of its look


def waive(stage, *nodes):
    """Has the pair continue without fencing when replication is lost."""
    for node in nodes or stage.lab.nodes:
        node.ok("sed -i 's/fencing resource-and-stonith/fencing dont-care/' /etc/drbd.d/r0.res && drbdadm adjust r0", 60)
    if stage.ours and not nodes:
        stage.one.ok("crm_resource --resource drbd --set-parameter require_fencing --parameter-value false")


def insist(stage):
    """Has replication that is lost end in fencing again."""
    for node in stage.lab.nodes:
        node.ok("sed -i 's/fencing dont-care/fencing resource-and-stonith/' /etc/drbd.d/r0.res && drbdadm adjust r0", 60)


def part(stage):
    """Cuts replication and waits until both sides are without each other."""
    stage.cut("replication")

    def alone():
        seen = [node.drbd() for node in stage.lab.nodes]
        return all(drbd.connection != "Connected" for drbd in seen) or Unmet(seen)

    stage.wait(alone, "DRBD to lose the connection", 60)


def _count(extents):
    """How many extents "4-5:9" are."""
    ends = [each.split("-") for each in extents.split(":")]
    return sum(int(each[-1]) - int(each[0]) + 1 for each in ends)


def meet(stage):
    """Heals replication and waits until both sides have found out, and gave the connection up."""
    stage.heal("replication")

    def standing_alone():
        seen = [node.drbd() for node in stage.lab.nodes]
        states = {drbd and drbd.connection for drbd in seen}
        return states <= {None, "StandAlone", "WFConnection"} and states != {"WFConnection"} or Unmet(seen)

    stage.wait(standing_alone, "both sides to give the connection up", 60)
    stage.mark("split brain: the connection is given up")


def second(node):
    """Returns what /proc/drbd of a node says of the second volume."""
    return node.ok("cat /proc/drbd").partition("\n 1: ")[2]


class Apart:
    """A stage with three more LVs: a is written by node1, the winner, b by node2, c by both; node1's writer has lv0.

    due: {LV: records that must be on both nodes in the end}; aside: those of node2 in c, which are kept apart from the LV.
    """

    def __init__(self, stage):
        self.stage = stage
        self.one, self.two = stage.one, stage.two
        self.places = {}
        self.forget()
        # Once and for all: with a changed parameter Pacemaker promotes DRBD again, and restarts all above it.
        waive(stage)
        # Else Pacemaker takes a resource down that is StandAlone, and its users with it.
        self.one.ok("crm_resource --resource drbd --set-parameter split_brain --parameter-value degraded")
        stage.idle(300)
        stage.whole()
        self.more(PLACES)

    def more(self, places, second=()):
        """Makes LVs, active on both nodes: {name: its extents on the DRBD device}, and on that of the second volume."""
        for name, extents in places.items():
            on = {"/dev/drbd0": extents, "/dev/drbd1": dict(second).get(name)}
            count = sum(_count(each) for each in on.values() if each)
            pvs = " ".join(f"{pv}:{each}" for pv, each in on.items() if each)
            self.one.ok(f"lvcreate --yes -W n -Z n -an -l {count} -n {name} {cib.VG} {pvs}", 60)
            self.places[name] = count * EXTENT
        self.active()

    def second_volume(self):
        """Gives the DRBD resource a second volume, in memory, for more LVs."""
        self.stage.property("maintenance-mode", "true")
        more = "volume 1 { device /dev/drbd1; disk /dev/ram0; meta-disk internal; }"
        for node in self.stage.lab.nodes:
            node.ok("modprobe brd rd_nr=1 rd_size=20480 && sed -i -e 's|device /dev/drbd0;|volume 0 { &|'"
                    f" -e 's|meta-disk internal;|& }} {more}|' /etc/drbd.d/r0.res && drbdadm create-md --force r0/1", 60)
        for node in self.stage.lab.nodes:
            node.ok("drbdadm adjust r0", 60)
        self.one.ok("drbdadm primary --force r0/1", 60)
        self.two.ok("drbdadm primary r0/1", 60)

        def copied():
            seen = [second(node) for node in self.stage.lab.nodes]
            return all("ro:Primary/Primary ds:UpToDate/UpToDate" in each for each in seen) or Unmet(seen)

        self.stage.wait(copied, "the second volume to be the same on both nodes", 120)
        self.stage.property("maintenance-mode", "false")
        self.one.ok(f"vgextend {cib.VG} /dev/drbd1", 90)
        self.stage.whole()

    def forget(self):
        """Nothing that was written before is due any more."""
        self.due = {name: {} for name in self.places}
        self.aside = {}

    def active(self):
        """Has the LVs active on both nodes."""
        names = " ".join(f"{cib.VG}/{name}" for name in self.places)
        for node in self.stage.lab.nodes:
            node.ok(f"lvchange -asy {names}", 90)

    @staticmethod
    def path(name):
        """The device of an LV."""
        return f"/dev/{cib.VG}/{name}"

    def fill(self, node, name, offset, due=None, path=None):
        """A node writes records into an LV (or path), which join those that are due (or `due`)."""
        told = node.ok([PROGRAM, "fill", str(node.number), path or self.path(name), str(COUNT), str(offset)], 60)
        (self.due.setdefault(name, {}) if due is None else due).update(records.held(told))

    # apart

    def part(self, write=True):
        """Both go apart, each writes, and they find out. The writer of node1 continues, that of node2 has ended before."""
        ssh.between(self.stage.lab)
        self.one.ok(["crm_resource", "--ban", "--resource", "writers", "--node", self.two.name])

        def ended():
            left = [each.node for each in self.stage.seen().instances if each.resource == WITNESS and each.active]
            return left == [self.one.name] or Unmet(f"the writer is on {left}")

        self.stage.wait(ended, "the writer of node2 to end", 90)
        if write:
            for node, name in ((self.one, "a"), (self.two, "b"), (self.two, "c")):
                self.fill(node, name, 0)
        part(self.stage)
        self.stage.mark("both write without each other")
        if write:
            self.write()
        self.run = self.writer()

    def write(self):
        """What each side writes while both are apart, some of it over the end of a segment."""
        self.fill(self.one, "a", 1 << 20)
        self.fill(self.two, "b", 1 << 20)
        self.fill(self.two, "b", MIDDLE - COUNT // 2 * 512)
        self.fill(self.one, "c", 2 << 20)
        self.fill(self.two, "c", 2 << 20, self.aside)
        self.fill(self.two, "c", 6 << 20, self.aside)
        for node, name in ((self.two, "d"), (self.one, "e")):
            if name in self.places:     # d: on the second volume, too
                self.fill(node, name, 1 << 20)
                self.fill(node, name, self.places[name] - (1 << 20))
        time.sleep(2)

    def writer(self):
        """(pid of node1's writer, its run): the same as long as it never stopped."""
        runs = [line.words[1] for line in self.stage.lines(WITNESS) if line.node == self.one.name and line.words[0] == "run"]
        return self.one.ok("cat /run/witness.pid").strip(), runs[-1]

    # healed

    def command(self, *options, winner=None, undo=False):
        """The command that heals, as it is typed on node1."""
        what = ["--undo"] if undo else ["--winner", winner or self.one.name]
        return ["dualstor", "recover", "r0", "--peer", self.two.name, *what, "--yes", "--wait", str(WAIT), *options]

    def heal(self, *options, **more):
        """Runs the command; returns its Result."""
        result = self.one.run(self.command(*options, **more), LIMIT)
        self.stage.mark(f"recover: exit code {result.rc}")
        return result

    def during(self, words, command, *options, seconds=0.0):
        """The same, and when it says `words` a command runs on node1, with the healing's pid in $PID."""
        result = self.one.run([DURING, TAKEN, words, str(seconds), command, *self.command(*options)], LIMIT)
        self.stage.mark(f"recover: exit code {result.rc}, {words!r}: {result.stdout.rpartition('during: ')[2][:80]}")
        return result

    def whole(self):
        """Node2's writer may start again; waits until the cluster is whole."""
        self.one.ok(["crm_resource", "--clear", "--resource", "writers", "--node", self.two.name])
        self.stage.whole()

    def as_before(self):
        """Checks that the healing itself has given back what it took: roles, LVs, the agents' freedom."""
        stage = self.stage
        for node in stage.lab.nodes:
            drbd = node.drbd()
            stage.check(f"{node.name} is connected, Primary and UpToDate", drbd is not None and (
                drbd.connection, drbd.role, drbd.disk) == ("Connected", "Primary", "UpToDate"), drbd)
            left = node.run("ls /run/dualstor/ | grep ^hold").stdout + node.run(f"cat {KEPT}/held.json").stdout
            stage.check(f"nothing holds anything on {node.name}", not left.strip(), left)
            there = node.run(f"ls {' '.join(map(self.path, self.places))}")
            stage.check(f"the LVs are active on {node.name}", there.rc == 0, there)
        stage.check("maintenance mode is over", not stage.seen().maintenance, "it is not")

    def judge(self, began, kept=True):
        """Checks what was written, before and after all is whole again; began: time.time() when the healing was typed.

        kept: whether c was written on both, and node2's version has to be in the file of blocks.
        """
        stage = self.stage
        lines = [line for line in stage.lines(WITNESS) if line.time > began]
        acks = [line for line in lines if line.node == self.one.name and line.words[0] == "ack"]
        stage.check("node1's writer never stopped", acks and self.writer() == self.run, (self.run, self.writer(), len(acks)))
        told = [line for line in lines if line.words[0] == "error"]
        stage.check("no write failed", not told, told[:3])
        if kept:
            there = records.held(self.one.ok(f"cat {KEPT}/blocks-{self.two.name}-0 >/run/kept && {PROGRAM} sift /run/kept"))
            lost = records.lost(self.aside, there)
            stage.check("node2's version of c is in the file of blocks", self.aside and not lost, lost[:3])
            there = records.held(self.one.ok([PROGRAM, "scan", self.path("c")], 60))
            stage.check("c is node1's version", not set(there) & set(self.aside), sorted(there))
        self.whole()
        for node in stage.lab.nodes:
            for name, due in self.due.items():
                if due:
                    stage.holds(node, self.path(name), due)
            stage.holds(node, PATH)
        verdict.compare_disks(stage)
        for node in stage.lab.nodes:
            result = node.run(["vgck", cib.VG], 60)
            stage.check(f"vgck on {node.name} is clean", result.rc == 0 and not result.stderr.strip(), result.stderr)
        fenced = [event for event in stage.fencing() if event["time"] > began]
        stage.check("nobody was fenced", not fenced, fenced)
        failures = stage.seen().failures
        stage.check("no action has failed", not failures, failures)
