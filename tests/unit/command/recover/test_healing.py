# SPDX-License-Identifier: GPL-2.0-or-later
"""A split brain healed by the command: on two nodes that are written down, interrupted anywhere."""

import io
import json
import os

import jsonschema
import pytest

from dualstor.command import console, main
from dualstor.command.codes import ExitStatus
from dualstor.command.recover import command, healing, parted
from dualstor.host.deadline import Deadline
from dualstor.recover.journal import ALONE, HEALED, UNDONE
from dualstor.recover.side import Failed, Unreachable
from dualstor.tools import hold
from paper import PaperHost
from sourcetree import TREE
from unit.command.recover.player import schema
from unit.command.recover.test_parted import quiet, report
from unit.recover.pair import FakeSide, Killed, text
from unit.recover.test_heal import Case

HEAL = ("r0", "--peer", "node2", "--winner", "node1")
UNDO = ("r0", "--peer", "node2", "--undo")
CIB = '<cib><configuration><crm_config><cluster_property_set id="x">%s</cluster_property_set>' \
      '</crm_config></configuration><status><node_state uname="node1"><lrm><lrm_resources><lrm_resource id="drbd">%s' \
      '</lrm_resource></lrm_resources></lrm></node_state></status></cib>'
SET = '<nvpair id="y" name="maintenance-mode" value="true"/>'


class Cluster:
    """Pacemaker, as far as maintenance mode goes."""

    def __init__(self):
        self.maintained, self.answers, self.obeys, self.asked = False, True, True, []
        self.probes = ["0"]     # op-status of what has ended of drbd on node1
        self.slow = False       # a cleanup is over before the probe

    def host(self, _seconds):
        return PaperHost(Deadline(60), programs={
            "cibadmin": self.cib, "crm_attribute": self.attribute, "crm_resource": self.resource})

    def resource(self, argv):
        self.asked.append(argv[1])
        if argv[1] == "--cleanup" and self.slow:
            self.probes = ["-1"]
        return 0, "", ""

    def cib(self, _argv):
        known = "".join(f'<lrm_rsc_op id="drbd_monitor_0" op-status="{each}"/>' for each in self.probes)
        return (0, CIB % (SET if self.maintained else "", known), "") if self.answers else (102, "", "no")

    def attribute(self, argv):
        self.asked.append(argv[3])
        if not self.answers:
            return 102, "", "Could not connect"
        if self.obeys:
            self.maintained = argv[3] == "--update"
        return 0, "", ""


class Healed(Case):
    """As a Case, by the command."""

    def __init__(self, path, monkeypatch, keep_both=False):
        super().__init__(path, keep_both)
        self.cluster, self.seen = Cluster(), report()
        monkeypatch.setattr(command.status, "look", lambda arguments: self.seen)
        monkeypatch.setattr(command.status, "host", self.cluster.host)
        monkeypatch.setattr(parted, "group", lambda host, resource: "vg0")
        monkeypatch.setattr(parted, "store", lambda resource: self.store())
        monkeypatch.setattr(parted, "side", self.side)
        monkeypatch.setattr(PaperHost, "sleep", lambda *_: None)
        monkeypatch.setattr(healing, "_sleep", lambda _: None)

    def side(self, node, host, resource, vg, winner):
        assert (resource, vg, winner) == ("r0", "vg0", node == "node1")
        assert (host is None) == (node == "node1")
        self.pair.nodes[node].held = False      # a new session
        return FakeSide(self.pair.nodes[node])

    def type(self, *words):
        """(exit code, stdout, stderr); a kill is None."""
        out, err = io.StringIO(), io.StringIO()
        words += ("--keep-both",) * (self.keep_both and "--winner" in words)
        try:
            return main.main(["recover", *words], out, err), out.getvalue(), err.getvalue()
        except Killed:
            return None, out.getvalue(), err.getvalue()

    def boot(self):
        """As ``resume``: what is off comes back, and a person makes the winner Primary."""
        for node in self.pair.nodes.values():
            node.alive = True
        journal = self.store().journal()
        if not self.one.up and journal is not None and journal.discarding:
            self.one.cstate = "WFConnection"
        elif not self.one.up:
            self.one.cstate, self.one.role = "StandAlone", "Primary"
            self.one.active = set(self.one.lvs) - self.one.guarded

    def assert_lifted(self):
        assert not self.one.kept_off and not self.two.kept_off and not self.cluster.maintained
        assert self.store().text("around.json") is None


@pytest.fixture
def case(tmp_path, monkeypatch):
    monkeypatch.setattr("os.fsync", lambda _: None)
    return Healed(tmp_path, monkeypatch)


def changed(case):
    return repr([(n.cstate, n.role, n.flushed, n.active, n.guarded, n.held, n.kept_off)
                 for n in case.pair.nodes.values()] + [case.cluster.maintained])


def test_maintenance_mode_does_not_end_before_all_is_probed(case):
    """What Pacemaker does not know counts as stopped: it would restart all that needs it."""
    case.cluster.slow = True
    code, _, err = case.type(*HEAL, "--yes")
    assert code == ExitStatus.INCOMPLETE and "Pacemaker has not probed yet: drbd on node1" in err
    assert case.cluster.maintained and "--delete" not in case.cluster.asked
    case.cluster.slow, case.cluster.probes = False, ["0"]
    assert case.type(*HEAL, "--yes")[0] == ExitStatus.OK
    case.assert_lifted()


def test_without_trouble(case):
    before = case.count
    code, out, err = case.type(*HEAL, "--yes")
    assert (code, err) == (ExitStatus.OK, "")
    case.assert_healed()
    case.assert_lifted()
    assert case.count > before + 20, "the winner's user never stopped"
    assert case.cluster.asked == ["--update", "--cleanup", "--wait", "--delete"]
    assert "Healed: both nodes have the same again." in out
    assert "node1 has got from node2: b" in out
    assert "c is that of node1; what node2 wrote to it is in the file of blocks below" in out
    done = [line for line in out.splitlines() if line.startswith(" 1. ")]
    assert done[-1] == " 1. node2: all LVs are deactivated"


def test_each_step_is_shown_before_with_the_last_that_can_be_undone(case):
    quiet(case)
    case.type(*HEAL)
    code, out, err = case.type(*HEAL)
    shown = out.partition("What is done")[2]
    assert code == ExitStatus.ERROR and "there is no terminal to ask on: add --yes" in err
    mark, last, first = (shown.index(words) for words in (
        "up to here all can be undone", "node2: becomes Secondary", "from here on there is no way"))
    assert last < mark < first
    for words in ("maintenance mode is set", "node1: b: gets what node2 wrote", "agents may work again"):
        assert words in shown
    assert "lost as LVs: what node2 wrote to c" in out


def test_nothing_is_done_without_an_answer(case):
    before = changed(case)
    assert case.type(*HEAL)[0] == ExitStatus.ERROR
    assert case.type(*HEAL, "--json")[0] == ExitStatus.ERROR
    assert changed(case) == before


@pytest.mark.parametrize("answers, end", [("n", 0), ("yn", 1), ("yy", 2)])
def test_on_a_terminal_it_asks(case, monkeypatch, answers, end):
    """Twice where the bitmaps were old, the second time with the plan as it is then."""
    left, asked = list(answers), []
    monkeypatch.setattr(console.Console, "interactive", True)
    monkeypatch.setattr(console.Console, "confirm", lambda self, question: (
        asked.append(question), left.pop(0) == "y")[1])
    before = changed(case).replace("set()", "")
    code, out, err = case.type(*HEAL)
    assert not left and len(asked) == len(answers)
    assert "The plan is shown again afterwards" in asked[0]
    case.assert_lifted()
    if end == 2:
        assert code == ExitStatus.OK and asked[1] == "Heal r0 so that node1 wins?"
        case.assert_healed()
        return
    assert code == ExitStatus.ERROR and "nothing was changed" in err
    assert case.store().journal() is None
    if not end:
        assert changed(case).replace("set()", "") == before


def test_it_runs_on_the_winner_alone_and_says_where(case):
    code, _, err = case.type("r0", "--peer", "node2", "--winner", "node2", "--yes")
    assert code == ExitStatus.ERROR and case.pair.requests == 0
    assert "there type `dualstor recover r0 --peer node1 --winner node2`" in err
    code, _, err = case.type("r0", "--peer", "node2", "--winner", "node7", "--yes")
    assert code == ExitStatus.ERROR and "there is no node node7: --winner is node1 or node2" in err


@pytest.mark.parametrize("words", [
    ("r0", "--winner", "node1"), ("--peer", "node2", "--winner", "node1"), ("r0", "--yes"),
    ("r0", "--keep-both"), HEAL + ("--plan",), HEAL + ("--undo",), ("r0", "--undo"),
    ("r0", "--peer", "node2", "--plan", "--undo")])
def test_options_that_do_not_go_together(case, words):
    assert case.type(*words)[0] == ExitStatus.USAGE and case.pair.requests == 0


# -- refused ------------------------------------------------------------------------------------------


def _open(case):
    case.two.users["b"] = "mounted on /srv"
    return "vg0/b is open on node2 (mounted on /srv): stop what uses it there"


def _metadata(case):
    case.two.bits.add(3)
    case.two.disk[3 * 4096:4 * 4096] = text("new metadata")
    return "LVM's metadata of vg0 were changed on node2 alone: node2 can win"


def _policy(case):
    look = FakeSide._look
    case.patch(FakeSide, "_look", lambda self: look(self).but(policies=("discard-zero-changes",)))
    return "after-sb-* is discard-zero-changes on node1: to connect would discard a copy"


def _old_disk(case):
    case.two.dstate = "Outdated"
    return "the disk of r0/0 on node2 is Outdated"


def _connected(case):
    case.two.cstate = "SyncTarget"
    return "DRBD r0 is connected on node2"


def _room(case):
    case.patch(healing.deeds, "_MARGIN", 1 << 60)
    return "are needed to keep what will be overwritten: make room there"


def _away(case):
    case.two.alive = False
    return "node2 does not answer"


def _version(case):
    case.seen = report(drbd=case.seen.drbd.but(version="9.2.8"))
    return "here is 9.2.8, with which it was not tried"


def _peer_version(case):
    look = FakeSide._look
    case.patch(FakeSide, "_look", lambda self: look(self).but(
        version="9.1.4" if self.node == "node2" else "8.4.11"))
    return "DRBD 9.1.4 on node2: healing was tried with 8.4 only"


def _lvm(case):
    case.seen = case.seen.but(listed=None)
    return "it would have to wait for its locks"


def _no_pacemaker(case):
    case.cluster.answers = False
    return "cibadmin"


def _disobeyed(case):
    case.cluster.obeys = False
    return "the CIB of this node does not have that"


def _held(case):
    def no(self, words):
        raise Failed("node2: `dualstor recover` of r0 (pid 7) works on it")
    case.patch(FakeSide, "_keep_off", no)
    return "(pid 7) works on it"


@pytest.mark.parametrize("why", [
    _open, _metadata, _policy, _old_disk, _connected, _room, _away, _version, _peer_version, _lvm,
    _no_pacemaker, _disobeyed, _held])
@pytest.mark.parametrize("old", [False, True])
def test_a_refusal_keeps_its_reason_and_leaves_all_as_it_was(case, monkeypatch, why, old):
    case.patch = monkeypatch.setattr
    if not old:
        quiet(case)
    says = why(case)
    if not old:
        quiet(case)
    disks = [bytes(n.disk) for n in case.pair.nodes.values()]
    code, out, err = case.type(*HEAL, "--yes")
    assert says in err
    assert code == ExitStatus.ERROR
    journal = case.store().journal()
    assert journal is None and case.two.disk == disks[1]
    assert all(n.active == set("abcd") and not n.guarded for n in case.pair.nodes.values())
    case.assert_lifted()


def test_too_little_room_is_seen_before_anything_is_set(case, monkeypatch):
    monkeypatch.setattr(healing.deeds, "_MARGIN", 1 << 60)
    code, out, err = case.type(*HEAL, "--yes")
    assert code == ExitStatus.ERROR and "make room there" in err
    assert case.cluster.asked == [] and "keep off" not in out


def test_maintenance_mode_that_was_set_before_stays(case):
    case.cluster.maintained = True
    assert case.type(*HEAL, "--yes")[0] == ExitStatus.OK
    assert case.cluster.maintained and case.cluster.asked == []


def test_without_pacemaker_there_is_none_to_set(case):
    case.cluster.answers = False
    case.seen = case.seen.but(quorum=case.seen.quorum.but(running=False))
    code, out, _ = case.type(*HEAL, "--yes")
    assert code == ExitStatus.OK and "maintenance" not in out
    case.assert_healed()


# -- interrupted ------------------------------------------------------------------------------------


def total(tmp_path, monkeypatch, keep_both):
    case = Healed(tmp_path / "whole", monkeypatch, keep_both)
    assert case.type(*HEAL, "--yes")[0] == ExitStatus.OK
    case.assert_lifted()
    return case.pair.requests * 2


def kill(case):
    raise Killed


def keyboard(case):
    raise KeyboardInterrupt


def loser_dies(case):
    case.two.crash(blur=range(16 + 16, 16 + 32))
    raise Unreachable("node2 is gone")


def winner_dies(case):
    case.one.crash()
    raise Killed


def interrupted(tmp_path, monkeypatch, blow, every):
    """(point, case, code, stderr) of the command interrupted at many points."""
    monkeypatch.setattr("os.fsync", lambda _: None)
    for point in range(0, total(tmp_path, monkeypatch, True), every):
        case = Healed(tmp_path / f"{point}", monkeypatch, True)
        case.pair.fuse, case.pair.blow = point, lambda case=case: blow(case)
        code, _, err = case.type(*HEAL, "--yes")
        case.pair.fuse = None
        case.boot()
        yield point, case, code, err


@pytest.mark.parametrize("blow", [kill, keyboard, loser_dies, winner_dies])
def test_interrupted_anywhere_the_same_command_continues(tmp_path, monkeypatch, blow):
    unfinished = 0
    for point, case, code, err in interrupted(tmp_path, monkeypatch, blow, 7):
        journal = case.store().journal()
        if blow not in (kill, winner_dies) and journal is not None and not journal.end:
            assert code == ExitStatus.INCOMPLETE, (point, err)
            assert "`dualstor recover r0 --peer node2 --winner node1 --keep-both` again" in err
            unfinished += 1
        if case.two.cstate is None and (journal is None or journal.end == ""):
            case.two.cstate, case.two.role = "StandAlone", "Primary"
        for _ in range(6):
            code, out, err = case.type(*HEAL, "--yes")
            if code == ExitStatus.OK:
                break
            case.boot()
        assert code == ExitStatus.OK, (point, err)
        assert case.store().journal().end == HEALED
        case.assert_healed()
        case.assert_lifted()
    assert blow in (kill, winner_dies) or unfinished > 5


@pytest.mark.parametrize("blow", [kill, loser_dies, winner_dies])
def test_interrupted_anywhere_it_is_undone_or_says_that_it_is_too_late(tmp_path, monkeypatch, blow):
    ends = set()
    for point, case, code, err in interrupted(tmp_path, monkeypatch, blow, 11):
        before = case.store().journal()
        code, out, err = case.type(*UNDO, "--yes")
        journal = case.store().journal()
        if before is None:      # nothing had been begun; what was taken is lifted
            assert code in (ExitStatus.OK, ExitStatus.ERROR) and journal is None, err
            case.assert_lifted()
        elif before.end == HEALED:
            ends.add(HEALED)
            assert code in (ExitStatus.OK, ExitStatus.ERROR)
        elif before.discarding:
            ends.add("late")
            assert code == ExitStatus.ERROR and "too late" in err
            assert case.one.kept_off, "it is still to be finished"
            continue
        else:
            ends.add(UNDONE)
            assert code == ExitStatus.OK and journal.end == UNDONE, (point, err)
            case.assert_undone()
        case.assert_lifted()
    assert ends >= {UNDONE, "late"}


def test_a_loser_that_is_gone_forever(case):
    """Once its copy is being discarded, --undo ends it without; its agents are let go when it is back."""
    case.pair.fuse, case.pair.blow = 240, lambda: loser_dies(case)
    point = 240
    while True:
        assert case.type(*HEAL, "--yes")[0] in (ExitStatus.INCOMPLETE, ExitStatus.OK)
        if case.store().journal().discarding:
            break
        case.boot()
        point += 4
        case.pair.fuse, case.pair.blow = point, lambda: loser_dies(case)
    code, _, err = case.type(*HEAL, "--yes")
    assert code == ExitStatus.INCOMPLETE
    assert "if it is gone forever, end it without: `dualstor recover r0 --peer node2 --undo`" in err
    code, _, err = case.type(*UNDO, "--yes")
    assert code == ExitStatus.INCOMPLETE and "agents still keep off on node2" in err
    assert case.store().journal().end == ALONE
    assert not case.one.kept_off and not case.one.guarded and not case.cluster.maintained
    case.two.alive = True
    code, out, err = case.type(*UNDO, "--yes")
    assert (code, err) == (ExitStatus.OK, "") and "Ended without node2" in out
    case.assert_lifted()


def test_what_cannot_be_lifted_yet_is_lifted_by_the_same_command(case):
    admit = FakeSide._admit

    def silent(self, words):
        if self.node == "node2":
            raise Unreachable("node2 does not answer")
        admit(self, words)
    FakeSide._admit = silent
    try:
        code, _, err = case.type(*HEAL, "--yes")
    finally:
        FakeSide._admit = admit
    assert code == ExitStatus.INCOMPLETE and "agents still keep off on node2" in err
    assert not case.one.kept_off and not case.cluster.maintained and case.two.kept_off
    code, out, err = case.type(*HEAL, "--yes")
    assert (code, err) == (ExitStatus.OK, "") and "Healed" in out
    case.assert_lifted()


def begun(case):
    """A healing that was killed in its middle."""
    case.pair.fuse, case.pair.blow = 200, lambda: kill(case)
    assert case.type(*HEAL, "--yes")[0] is None
    case.pair.fuse = None
    journal = case.store().journal()
    assert journal is not None and not journal.end and not journal.discarding
    return journal


def test_another_winner_of_what_was_begun_is_refused(case):
    begun(case)
    code, _, err = case.type("r0", "--peer", "node2", "--winner", "node2", "--yes")
    assert code == ExitStatus.ERROR and "with node1 as winner was begun" in err
    assert "`dualstor recover r0 --peer node2 --winner node1` continues it" in err


def test_two_at_once(case):
    with case.store().lock():
        code, _, err = case.type(*HEAL, "--yes")
    assert code == ExitStatus.ERROR and "another `dualstor recover` heals r0" in err


def test_nothing_to_undo(case):
    code, _, err = case.type(*UNDO, "--yes")
    assert code == ExitStatus.ERROR and "there is no healing of r0 on node1" in err


def test_one_that_is_being_undone_is_not_continued(case):
    journal = begun(case)
    case.store().note(journal.but(undoing=True))
    code, _, err = case.type(*HEAL, "--yes")
    assert code == ExitStatus.ERROR and "`dualstor recover r0 --peer node2 --undo` finishes that" in err
    assert case.type(*UNDO, "--yes")[0] == ExitStatus.OK
    case.assert_undone()


def test_an_lv_that_somebody_opens_meanwhile_stops_it_and_it_continues(case):
    begun(case)
    case.one.active.add("b")
    case.one.users["b"] = "qemu"
    code, _, err = case.type(*HEAL, "--yes")
    assert code == ExitStatus.INCOMPLETE
    assert "open on node1: vg0/b (qemu): stop what uses them there, then `dualstor recover" in err
    case.one.users.clear()
    assert case.type(*HEAL, "--yes")[0] == ExitStatus.OK
    case.assert_healed()


def test_the_plan_after_a_kill_says_how_it_ends(case):
    begun(case)
    shown = case.type("r0", "--peer", "node2")[1]
    assert "a healing with node1 as winner was begun and has not ended" in shown


# -- as JSON ------------------------------------------------------------------------------------------


def document(out):
    told = json.loads(out)
    jsonschema.validate(told, schema())
    return told["healing"]


def test_as_json(case):
    case.keep_both = True
    code, out, err = case.type(*HEAL, "--yes", "--json")
    assert (code, err) == (ExitStatus.OK, "")
    told = document(out)
    assert told == {
        "result": "healed", "winner": "node1", "loser": "node2", "carried": ["b"], "lost": ["c"],
        "beside": ["c.node2"], "verified": True, "kept": "/var/lib/dualstor/recover/r0", "fact": None,
        "step": None}


def test_a_refusal_and_an_interruption_as_json(case):
    told = document(case.type(*HEAL, "--json")[1])
    assert told["result"] == "refused" and told["winner"] is None
    assert (told["fact"], told["step"]) == ("there is no terminal to ask on",
                                            "add --yes once you have read the steps")
    case.pair.fuse, case.pair.blow = 200, lambda: keyboard(case)
    code, out, _ = case.type(*HEAL, "--json", "--yes")
    told = document(out)
    assert code == ExitStatus.INCOMPLETE and told["result"] == "unfinished"
    assert told["step"] == "`dualstor recover r0 --peer node2 --winner node1` again"


def test_a_store_that_cannot_be_used_is_a_refusal(case, monkeypatch):
    os.makedirs(os.path.dirname(case.store().path), exist_ok=True)
    monkeypatch.setattr(parted, "store", lambda resource: type(case.store())("r0", "/proc/nowhere"))
    code, _, err = case.type(*HEAL, "--yes")
    assert code == ExitStatus.ERROR and "/proc/nowhere" in err


def test_of_one_that_was_undone_a_new_one_can_be_begun_and_killed_before_it_begins(case):
    begun(case)
    assert case.type(*UNDO, "--yes")[0] == ExitStatus.OK
    case.assert_undone()
    keep_off = FakeSide._keep_off

    def dies(self, words):
        raise Killed
    FakeSide._keep_off = dies
    try:
        assert case.type(*HEAL, "--yes")[0] is None
    finally:
        FakeSide._keep_off = keep_off
    assert case.cluster.maintained
    code, out, _ = case.type(*HEAL, "--yes")
    assert code == ExitStatus.OK and "Healed" in out
    case.assert_healed()
    case.assert_lifted()


def test_the_documented_screen(case):
    """Rewrite it with DUALSTOR_GOLDEN=1 and read the difference."""
    quiet(case)
    out = case.type(*HEAL, "--yes")[1]
    path = os.path.join(TREE, "docs", "screens", "recover-heal.txt")
    if os.environ.get("DUALSTOR_GOLDEN"):
        with open(path, "w", encoding="utf-8") as written:
            written.write(out)
    with open(path, encoding="utf-8") as kept:
        assert out == kept.read()


def test_what_is_left_of_one_whose_directory_is_gone_is_lifted(case):
    case.seen = case.seen.but(holds=(hold.of_healing("r0", "vg0", "node1", "node2"),))
    case.one.kept_off = case.two.kept_off = True
    code, out, _ = case.type(*UNDO, "--yes")
    assert code == ExitStatus.OK and case.store().journal() is None
    case.assert_lifted()


def test_where_only_undoing_helps_that_is_the_next_command(case):
    """The loser wrote to one more LV after the winner was named, and before it was quiet."""
    case.pair.fuse, case.pair.blow = 85, lambda: kill(case)
    assert case.type(*HEAL, "--yes")[0] is None
    case.pair.fuse = None
    journal = case.store().journal()
    assert not journal.end and not journal.mark
    case.two.active.add("d")
    case.write(case.two, "d", 1, "late")
    code, _, err = case.type(*HEAL, "--yes")
    assert code == ExitStatus.INCOMPLETE, err
    assert "d changed since the plan was made: undo this, and make a new plan: " \
        "`dualstor recover r0 --peer node2 --undo`\n" in err
    assert case.type(*UNDO, "--yes")[0] == ExitStatus.OK
    case.before = case.before[0], bytes(case.two.disk)
    case.assert_undone()
    code, out, _ = case.type(*HEAL, "--yes")
    assert code == ExitStatus.OK and "b, d" in out
