# SPDX-License-Identifier: GPL-2.0-or-later
"""The state machine of healings: a split brain, writes on either side, ``recover``, and bad luck.

The nodes are simulated, the command is the real one. A person boots what is off, and types what
recover prints; agents and users of the LVs do what they do meanwhile.
"""

import contextlib
import re
import shlex

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from dualstor.command.codes import ExitStatus
from dualstor.errors import DualstorError
from dualstor.recover.journal import ALONE, HEALED, from_json
from model import actions, invariants
from model.actions import DRBD, GROUP
from model.census import Census
from simulator import blocks, drbd, volumes, world
from simulator.healing import Recovering
from simulator.host import Killed, NodeDied, Simulation
from unit.status.typist import Typist

NODES = st.sampled_from(world.NODES)
LVS = ("a", "b", "c", "d")
NAMES = st.sampled_from(LVS)
BLOCKS = st.sampled_from((0, 1, 2, 1023))
_PATIENCE = 14      # attempts after which a healing has to have ended
_USER = 0.31        # seconds from one write of a user that never stops to the next


def parted(fencing="dont-care", verifies=True):
    """A Simulation of two nodes that use VG vg0, whose content is kept; connected as yet."""
    cluster = world.make()
    world._daemons(cluster)
    group = volumes.create_group(cluster, "vg0")
    for name in LVS:
        volumes.create_volume(cluster, group, name, 4)
    more = volumes.create_volume(cluster, group, "tail", 4)     # c has two segments
    group.volumes["c"].more, group.volumes["c"].mib = [[more.start, 4]], 8
    del group.volumes["tail"]
    blocks.begin(cluster)
    for node in cluster.nodes.values():
        world.start_group(cluster, node)
        node.config["r0"].fencing = fencing
        if verifies:
            node.config["r0"].net["verify-alg"] = "crc32c"
    cluster.resync_seconds = 2.0
    return Simulation(cluster)


class Interruption:
    """What ends or disturbs a command: ``kind``, and when: after so many steps, or seconds."""

    def __init__(self, kind, steps, node):
        self.kind, self.steps, self.node = kind, steps, node
        self.until = None       # words of the step before which it happens
        self.then = None        # of a later one, before which the command is killed

    def __repr__(self):
        return f"Interruption({self.kind!r}, {self.steps}, {self.node!r})"


KINDS = ("", "", "kill", "kill", "crash", "replication", "ssh", "full", "session", "open", "lock")


@st.composite
def interruptions(draw):
    return Interruption(draw(st.sampled_from(KINDS)), draw(st.integers(1, 1500)), draw(NODES))


class Healings(RuleBasedStateMachine):
    """Two nodes that part, write, and are healed."""

    census = Census()

    @initialize(fencing=st.sampled_from(("dont-care", "dont-care", "resource-and-stonith")),
                verifies=st.sampled_from((True, True, False)))
    def begin(self, fencing, verifies):
        self.begins(fencing, verifies)

    def begins(self, fencing, verifies):
        """They part; node1 has written to all LVs before."""
        self.simulation = parted(fencing, verifies)
        self.typist = Typist(self.simulation)
        self.recovering = Recovering(self.simulation, self._report)
        self.written = {}
        self.expected = {name: {} for name in world.NODES}
        self.number, self.winner, self.keep_both, self.ended = 0, None, False, True
        self.checked = True     # what has survived of the last healing
        for lv in LVS:
            self._write("node1", lv, 0)
        self.part()

    def _report(self, node, peer):
        other = self.cluster.peer(self.cluster.nodes[node])
        answers = other.up and self.cluster.cluster_link
        report = self.typist.report(node, other.name if peer and answers else None)
        return report

    @property
    def cluster(self):
        return self.simulation.cluster

    @property
    def group(self):
        return self.cluster.groups["vg0"]

    def _journal(self):
        """Of the healing that was begun on the winner."""
        if self.winner is None:
            return None
        try:
            text = self.cluster.nodes[self.winner].durable.get(
                "/var/lib/dualstor/recover/r0/journal.json")
            return None if text is None else from_json(text)
        except DualstorError:
            raise AssertionError("the journal cannot be read") from None

    def _healed(self):
        """Whether a healing has ended well, and what has survived was not checked yet."""
        journal = None if self.checked else self._journal()
        return journal is not None and journal.end == HEALED

    def _split(self):
        """Whether each copy has what the other one lacks, as DRBD sees it."""
        one, two = (node.disks["r0"] for node in self.cluster.nodes.values())
        return bool(one.parted and two.parted and one.generation not in two.ancestors
                    and two.generation not in one.ancestors)

    def _one_again(self):
        """Whether both are connected, and neither is being synced."""
        return all(node.up and "r0" in node.drbd and node.drbd["r0"].cstate == "Connected"
                   and node.drbd["r0"].dstate == "UpToDate" for node in self.cluster.nodes.values())

    # -- users of the LVs -------------------------------------------------------------------------

    def _write(self, name, lv, block):
        """A write that is acknowledged, or is not done."""
        node = self.cluster.nodes[name]
        if not node.up or volumes.mapping(node, "vg0", lv) is None:
            return
        if not blocks.replicates(node.drbd["r0"]) and self._healed():
            return      # whose copy that is was not seen yet
        self.number += 1
        text = "%s %s %d %d" % (name, lv, block, self.number)
        place = blocks.place(self.group.volumes[lv], block)
        if not blocks.write(self.cluster, node, "r0", place, text):
            return
        if blocks.replicates(node.drbd["r0"]):
            for each in world.NODES:
                self.written.pop((each, lv, block), None)
                self.expected[each][lv, block] = text
        else:
            self.written[name, lv, block] = text
            self.expected[name][lv, block] = text

    @rule(name=NODES, lv=NAMES, block=BLOCKS)
    def writes(self, name, lv, block):
        self._write(name, lv, block)

    @rule(name=NODES, lv=NAMES)
    def opens(self, name, lv):
        mapping = volumes.mapping(self.cluster.nodes[name], "vg0", lv)
        if mapping is not None:
            mapping.openers.append("qemu")

    @rule(name=NODES, lv=NAMES)
    def closes(self, name, lv):
        mapping = volumes.mapping(self.cluster.nodes[name], "vg0", lv)
        if mapping is not None:
            mapping.openers.clear()

    def _run(self, name, *words):
        """A command that a person types, who does not give up when it fails."""
        if self.cluster.nodes[name].up:
            with contextlib.suppress(NodeDied, DualstorError):
                self.simulation.host(name, 60).run(words, 60)

    @rule(name=NODES, lv=NAMES, how=st.sampled_from(("-asy", "-aey", "-aln")))
    def activates(self, name, lv, how):
        """A person, or a program that uses one."""
        self._run(name, "lvchange", how, "vg0/" + lv)

    def locks(self, node):
        """Somebody wants b for himself; where it cannot be activated, LVM's lock of it stays."""
        self._run(node.name, "lvchange", "-aey", "vg0/b")

    @rule(name=NODES)
    def creates_a_volume(self, name):
        if len(self.group.volumes) < 8 and self.ended:
            self._run(name, "lvcreate", "-an", "-L", "4m", "-n", "new%d" % self.number, "vg0")

    # -- bad luck ------------------------------------------------------------------------------

    @rule(name=NODES)
    def crashes(self, name):
        world.crash(self.cluster, self.cluster.nodes[name])

    @rule(name=NODES, primary=st.booleans())
    def boots(self, name, primary):
        """And what a person does then: the resource is up, Primary where that is possible."""
        node = self.cluster.nodes[name]
        if not node.up:
            world.boot(self.cluster, node)
            world.start_cluster(self.cluster, node)
            world.start_daemon(self.cluster, node)
            self._run(name, "drbdadm", "up", "r0")
        if primary:
            self._make_primary(name)

    def _make_primary(self, name):
        self._run(name, "drbdadm", "primary", "r0")
        node = self.cluster.nodes[name]
        if node.up and "r0" in node.drbd and node.drbd["r0"].role == "Primary":
            self._run(name, "vgchange", "--lockstart", "vg0")
            self._run(name, "vgchange", "-asy", "vg0")

    @rule(replication=st.booleans(), ssh=st.booleans())
    def links(self, replication, ssh):
        self.cluster.replication_link, self.cluster.cluster_link = replication, ssh
        world.settle(self.cluster)

    @rule(name=NODES, full=st.booleans())
    def disk_fills(self, name, full):
        self.cluster.nodes[name].var_full = full

    @rule()
    def part(self):
        """Replication is lost, fencing waived: both write on; then they find out."""
        nodes = self.cluster.nodes.values()
        if not self.ended or not all(
                node.up and "r0" in node.drbd and node.drbd["r0"].cstate == "Connected"
                and node.drbd["r0"].role == "Primary" for node in nodes):
            return
        self.written = {}
        for node in nodes:
            node.drbd["r0"].cstate, node.drbd["r0"].peer_dstate = "StandAlone", "DUnknown"
            drbd.new_generation(self.cluster, node, "r0")

    @rule(pair=st.sampled_from(((DRBD, "monitor"), (DRBD, "start"), (DRBD, "promote"),
                                (GROUP, "monitor"), (GROUP, "start"))), name=NODES)
    def agent_acts(self, pair, name):
        """While a hold is there: only looks."""
        node = self.cluster.nodes[name]
        if not node.up or not invariants.held(node):
            return
        before = self._state()
        actions.act(self.simulation, *pair, name)
        assert self._state() == before, pair

    def _state(self):
        return repr([(node.name, node.up, [(each.cstate, each.role, each.dstate) for each in
                                           node.drbd.values()], sorted(node.mappings),
                      node.disks["r0"].blocks) for node in self.cluster.nodes.values()])

    # -- recover -----------------------------------------------------------------------------------

    def _disturbed(self, interruption):
        """What happens while a command runs."""
        kind, at = interruption.kind, self.cluster.now + interruption.steps / 50
        cluster, node = self.cluster, self.cluster.nodes[interruption.node]
        happens = {
            "crash": lambda: world.crash(cluster, node),
            "replication": lambda: self.links(False, cluster.cluster_link),
            "ssh": lambda: self.links(cluster.replication_link, False),
            "lock": lambda: self.locks(node),
            "full": lambda: setattr(node, "var_full", True),
            "open": lambda: self.opens(node.name, "b")}
        if kind == "kill":
            self.simulation.doom = [interruption.steps, Killed()]
        elif kind in happens:
            self.simulation.meanwhile.append([at, happens[kind]])

    def _said(self, line, interruption):
        """Whether this line is of the step before which it is interrupted; then it is."""
        journal = self._journal()
        running = journal is not None and not journal.end   # before, the steps are only listed
        if interruption.until not in line or not (running or line.startswith("Agents")):
            return
        self.recovering.said = None
        if interruption.kind == "kill":
            raise Killed
        if interruption.kind == "lock":
            self.locks(self.cluster.nodes[interruption.node])
            if interruption.then is not None:
                later = Interruption("kill", 0, interruption.node)
                later.until = interruption.then
                self.recovering.said = lambda line: self._said(line, later)
            return
        world.crash(self.cluster, self.cluster.nodes[
            "node1" if interruption.kind == "winner" else "node2"])

    def _type(self, name, *words, interruption=None):
        self.simulation.meanwhile = []
        for number in range(60):
            self.simulation.meanwhile.append([
                self.cluster.now + number * _USER,
                lambda number=number: self._write(name, "a", number % 3)])
        self.recovering.said = None
        if interruption is not None and interruption.until is not None:
            self.recovering.said = lambda line: self._said(line, interruption)
        elif interruption is not None:
            self._disturbed(interruption)
        self.simulation.meanwhile.sort(key=lambda each: each[0])
        found = self.recovering.type(name, "r0", "--peer", self.cluster.peer(
            self.cluster.nodes[name]).name, *words)
        self.simulation.meanwhile, self.simulation.doom = [], None
        code = "killed" if found[0] is None else "exit code %d" % found[0]
        self.census.healings["%s %s" % (words[0], code)] += 1
        return found

    @rule(name=NODES)
    def looks(self, name):
        if not self.cluster.nodes[name].up:
            return
        before = [dict(node.disks["r0"].blocks) for node in self.cluster.nodes.values()]
        self.recovering.type(name, "r0", "--peer", self.cluster.peer(
            self.cluster.nodes[name]).name, "--plan")
        assert before == [node.disks["r0"].blocks for node in self.cluster.nodes.values()]

    @rule(name=NODES, keep_both=st.booleans(), interruption=interruptions())
    def heals(self, name, keep_both, interruption):
        if not self.cluster.nodes[name].up:
            return
        if not self.ended and name != self.winner:
            self._type(name, "--winner", name, "--yes")     # refused: it was begun elsewhere
            return
        if self.ended:
            self.keep_both = keep_both
        self._begun(name)
        code, _, err = self._type(name, *self._words(), interruption=interruption)
        self._seen(code, err)

    @rule(interruption=interruptions())
    def undoes(self, interruption):
        if self.ended or not self.cluster.nodes[self.winner].up:
            return
        code, _, err = self._type(self.winner, "--undo", "--yes", interruption=interruption)
        self._seen(code, err)

    def _words(self):
        return ("--winner", self.winner) + ("--keep-both",) * self.keep_both + ("--yes",)

    def _begun(self, name):
        if self.ended:
            self.ended, self.winner, self.maintained = False, name, self.cluster.maintenance
            self.checked = False

    def _seen(self, code, err):
        """What is so after a command that has ended."""
        journal = self._journal()
        if code == ExitStatus.ERROR and (journal is None or journal.end):
            self.ended = True       # refused
        elif code == ExitStatus.OK:
            self.ended = True
        if self.ended:
            self.census.healings[journal.end if code == ExitStatus.OK and journal else
                                 "refused"] += 1
            invariants.nothing_held(self.cluster, self.group, self.maintained)
            if code == ExitStatus.OK and journal is not None and journal.end == ALONE:
                self._continues_alone(journal)
            self.checked = self.checked or not self._healed()

    def _kept(self):
        kept = {}
        for offset, data in self.recovering.store(self.winner).blocks(
                "blocks-%s-0" % self._journal().loser):
            for at in range(0, len(data), blocks.BLOCK):
                kept[(offset + at) // blocks.BLOCK] = blocks.to_text(data[at:at + blocks.BLOCK])
        return kept

    def _continues_alone(self, journal):
        """The winner has what it was to get of the loser, which is gone."""
        found = invariants.of_volumes(self.group, self.cluster.nodes[journal.winner].disks["r0"])
        for (name, lv, block), text in self.written.items():
            if name == journal.winner or lv in journal.named(journal.carried):
                assert found.get((lv, block)) == text, (name, lv, block, text)
        self.expected[journal.winner] = found

    # -- what must be so ---------------------------------------------------------------------------

    @invariant()
    def nothing_is_lost(self):
        if not hasattr(self, "simulation"):
            return
        journal = self._journal()
        invariants.half_copied_is_closed(self.cluster, self.group, journal)
        if self._one_again():
            if self._healed():
                invariants.survives(self.cluster, self.group, self.written, journal, self._kept())
                self.census.healings["survived"] += 1
            elif not self.ended:
                return      # DRBD is one again, the healing has not ended yet
            self.checked, self.written = True, {}
            for name, node in self.cluster.nodes.items():
                self.expected[name] = invariants.of_volumes(self.group, node.disks["r0"])
        elif self._split():
            for name, node in self.cluster.nodes.items():
                if self.ended or name != self.winner:
                    invariants.as_before(self.group, node, self.expected[name])

    def teardown(self):
        if hasattr(self, "simulation"):
            self.census.sequences += 1
            if not self.ended:
                self.finish()

    def finish(self):
        """A person brings all back, and types the command again until it has ended."""
        said, words = [], self._words()
        for _ in range(_PATIENCE):
            self.cluster.replication_link = self.cluster.cluster_link = True
            journal = self._journal()
            for name, node in self.cluster.nodes.items():
                node.var_full = False
                self.boots(name, name == self.winner and not (journal and journal.discarding))
                for mapping in node.mappings.values():
                    mapping.openers.clear()
            self.simulation.advance(5)
            if not all(node.up for node in self.cluster.nodes.values()):
                continue
            journal = self._journal()
            if journal is not None and journal.undoing and not journal.end:
                words = ("--undo", "--yes")
            code, out, err = self._type(self.winner, *words)
            said.append((code, err))
            self._seen(code, err)
            if self.ended:
                self.simulation.advance(5)
                self.nothing_is_lost()
                return
            asked = re.findall(r"`dualstor recover ([^`]*)`", err)
            if asked:
                words = tuple(shlex.split(asked[-1])[3:]) + ("--yes",)
        raise AssertionError("it does not come to an end: %s" % said)
