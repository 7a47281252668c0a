# SPDX-License-Identifier: GPL-2.0-or-later
"""The table of a split brain: which LVs each side has changed, and what each choice costs."""

import io
import json
import os
import sys

import jsonschema
import pytest

from dualstor.command.recover import command, parted
from dualstor.command.status import advised
from dualstor.command.status.report import DrbdReport, Listed
from dualstor.host.deadline import Deadline
from dualstor.recover import bitmap, link
from dualstor.recover.journal import Store
from model.test_healing import Story
from paper import PaperHost
from simulator import world
from simulator.host import Simulation
from unit.command.recover.player import schema
from sourcetree import TREE
from unit.recover.helpers import golden
from unit.recover.pair import FakeSide
from unit.recover.test_heal import Case
from unit.recover.test_link import SCRIPT
from unit.command.recover import test_command
from unit.status.typist import Typist

run = test_command.run

LISTED = (Listed(vg="vg0", lv="a", id="x", attr="", vg_attr="wz--ns"),)


def report(**more):
    """What status sees on node1 of a split brain, whose DRBD is 8.4.11."""
    seen = Typist(Simulation(world.reach("active"))).report("node1", "node2")
    state = dict(seen.drbd.resources)["r0"]
    state = state.but(peers=tuple(each.but(cstate="StandAlone") for each in state.peers))
    return seen.but(**{"drbd": DrbdReport(loaded=True, resources=(("r0", state),), version="8.4.11"),
                       "listed": LISTED, **more})


def quiet(case):
    """Nothing has been written since DRBD wrote its bitmap."""
    for node in case.pair.nodes.values():
        node.flushed = set(node.bits)
    case.pair.meanwhile = None


@pytest.fixture
def case(tmp_path, monkeypatch):
    made = Case(tmp_path)
    made.seen = report()
    monkeypatch.setattr(command.status, "look", lambda arguments: made.seen)
    monkeypatch.setattr(parted, "group", lambda host, resource: "vg0")
    monkeypatch.setattr(parted, "store", lambda resource: made.store())
    monkeypatch.setattr(parted, "side", lambda node, *_: FakeSide(made.pair.nodes[node]))
    return made


def state_of(case):
    return repr([(bytes(n.disk), n.cstate, n.role, n.bits, n.flushed, n.active, n.lvs, n.written,
                  n.held, n.guarded) for n in case.pair.nodes.values()])


def test_the_table_and_the_choices(case):
    quiet(case)
    case.two.users["c"] = "mounted on /srv"
    before = state_of(case)
    code, out, _ = run("r0", "--peer", "node2", "--plan")
    assert code == 1 and state_of(case) == before
    rows = {line.split()[0]: line.split()[1:] for line in out.splitlines() if line.startswith("vg0/")
            and "KiB" in line}
    assert rows["vg0/a"] == ["8", "KiB", "0", "KiB", "0", "KiB", "-"]
    assert rows["vg0/b"] == ["0", "KiB", "12", "KiB", "0", "KiB", "-"]
    assert rows["vg0/c"][:6] == ["4", "KiB", "8", "KiB", "4", "KiB"]
    assert rows["vg0/c"][6:] == ["node2:", "mounted", "on", "/srv"]
    assert "node1 gets from node2: b (12 KiB)" in out and "node2 gets from node1: a (8 KiB)" in out
    assert "what node2 wrote to c (8 KiB)" in out
    assert "vg0/c is open on node2 (mounted on /srv): stop what uses it there" in out
    assert "node1: `dualstor recover r0 --peer node2 --winner node1`" in out
    assert "node2: `dualstor recover r0 --peer node1 --winner node2`" in out
    assert "If the writes of node2 are to be lost" in out, "the old way is still there"


def test_as_json(case):
    quiet(case)
    told = json.loads(run("r0", "--peer", "node2", "--json")[1])
    jsonschema.validate(told, schema())
    found = told["split_brain"]
    assert found["current"] is True and found["why_not"] is None
    assert [row["lv"] for row in found["rows"]] == ["a", "b", "c"]
    assert found["rows"][2]["changed"] == {"node1": 4096, "node2": 8192}
    assert [(each["carried"], each["lost"]) for each in found["choices"]] == [
        (["b"], ["c"]), (["a"], ["c"])]
    assert told["healing"] is None


def test_bitmaps_that_are_old_are_said_to_be_and_not_flushed(case):
    before = case.one.flushed, case.two.flushed
    code, out, _ = run("r0", "--peer", "node2")
    assert code == 1 and (case.one.flushed, case.two.flushed) == before
    assert "As of the last time that DRBD wrote its bitmap" in out
    assert "on node2 counts 0 KiB, the kernel 20 KiB" in out
    assert "needs a disconnect" in out and "If node1 wins" not in out
    told = json.loads(run("r0", "--peer", "node2", "--json")[1])
    jsonschema.validate(told, schema())
    assert told["split_brain"]["current"] is False and told["split_brain"]["choices"] == []


@pytest.mark.parametrize("version", ["9.2.8", "8.3.16", None])
def test_with_another_drbd_there_is_only_the_plan(case, version):
    case.seen = report(drbd=case.seen.drbd.but(version=version))
    code, out, _ = run("r0", "--peer", "node2", "--plan")
    assert code == 1 and "with DRBD 8.4 only" in out and case.pair.requests == 0
    assert "are to be lost" in out


def test_without_a_peer_or_a_resource_there_is_no_table(case):
    for words in (("r0",), ("--peer", "node2")):
        assert "What each side has changed" not in run(*words)[1]
    assert case.pair.requests == 0


def test_lvm_that_would_wait_is_not_asked(case):
    case.seen = case.seen.but(listed=None)
    assert "it would have to wait for its locks" in run("r0", "--peer", "node2")[1]
    assert case.pair.requests == 0


def test_a_peer_that_is_silent(case):
    case.two.alive = False
    out = run("r0", "--peer", "node2")[1]
    assert "Not known: node2 does not answer" in out and "are to be lost" in out


def test_one_that_is_down_and_one_that_is_connected_cannot_be_compared(case):
    case.two.cstate = None
    assert "not up with its disk on node2" in run("r0", "--peer", "node2")[1]
    case.two.cstate = "Connected"
    assert "no split brain any more" in run("r0", "--peer", "node2")[1]


def test_the_same_host_twice(case, monkeypatch):
    monkeypatch.setattr(parted, "side", lambda node, *_: FakeSide(case.one))
    assert "are one host" in run("r0", "--peer", "node1")[1]


def test_policies_that_discard_are_refused(case, monkeypatch):
    quiet(case)
    look = FakeSide._look
    monkeypatch.setattr(FakeSide, "_look", lambda self: look(self).but(
        policies=("discard-zero-changes", "disconnect", "disconnect")))
    out = run("r0", "--peer", "node2")[1]
    assert "after-sb-* is discard-zero-changes on node1: to connect would discard a copy" in out


def test_what_was_begun_comes_first(case):
    case.begin()
    requests = case.pair.requests
    out = run("r0", "--peer", "node2")[1]
    assert "a healing with node1 as winner was begun" in out and case.pair.requests == requests


@pytest.mark.parametrize("groups, says", [
    (["vg0"], "vg0"), ([], "0 volume groups"), (["vg0", "vg1"], "2 volume groups")])
def test_the_vg_of_a_resource(groups, says):
    rows = "".join(f"  /dev/drbd{n}|{vg}\n" for n, vg in enumerate(groups)) + "  /dev/sda|other\n"
    host = PaperHost(
        Deadline(60), files={"/proc/drbd": "version: 8.4.11 (api:1/proto:86-101)\n", **{
            f"/sys/block/drbd{n}/dev": f"147:{n}" for n in range(2)}},
        links={f"/dev/drbd/by-res/r0/{n}": f"../../../drbd{n}" for n in range(2)},
        devices={"/dev/drbd0": (147, 0), "/dev/drbd1": (147, 1), "/dev/sda": (8, 0)},
        programs={"pvs": lambda argv: (0, rows, "")})
    host.files["/proc/drbd"] += "".join(
        f" {n}: cs:StandAlone ro:Primary/Unknown ds:UpToDate/DUnknown   r-----\n"
        "    ns:0 nr:0 dw:0 dr:0 al:0 bm:0 lo:0 pe:0 ua:0 ap:0 ep:1 wo:f oos:0\n" for n in range(2))
    if len(groups) == 1:
        assert parted.group(host, "r0") == says
    else:
        with pytest.raises(parted.DualstorError, match=says):
            parted.group(host, "r0")


@pytest.mark.parametrize("node, words, says", [
    ("node1", "secondary", "DRBD r0 is Secondary on this node, so LVM cannot read what is on it: "
     "the node on which it is Primary can win, and shows the table"),
    ("node1", "down", "DRBD r0 is not up on this node, so its LVs cannot be read here: keep one "
     "copy as a whole: `dualstor recover r0 --plan`")])
def test_a_node_on_which_lvm_can_read_nothing_says_why(node, words, says):
    story = Story()
    story._run(node, "vgchange", "-aln", "vg0")
    story._run(node, "drbdadm", words, "r0")
    assert says in story.recovering.type(node, "r0", "--peer", "node2")[1]
    code, _, err = story.recovering.type(node, "r0", "--peer", "node2", "--winner", node, "--yes")
    assert code == 1 and says in err and not story.cluster.maintenance
    if words == "secondary":        # as it says
        assert "vg0/a" in story.recovering.type("node2", "r0", "--peer", node)[1]
        assert story.recovering.type(
            "node2", "r0", "--peer", node, "--winner", "node2", "--yes")[0] == 0


def test_of_one_that_was_undone_only_the_same_node_can_win_now():
    """The flag of an LV was set and taken back, so LVM's metadata have changed there."""
    story = Story()
    assert story.heal("gets what node2")[0] is None and story.undo()[0] == 0
    said = "LVM's metadata of vg0 were changed on node1 alone: node1 can win"
    found = story.recovering.type("node2", "r0", "--peer", "node1", "--winner", "node2", "--yes")
    assert found[0] == 1 and said in found[2]
    assert story.heal()[0] == 0 and story.census.healings["survived"]


@pytest.mark.parametrize("size, text", [
    (0, "0 KiB"), (4096, "4 KiB"), (1 << 20, "1 MiB"), (5 << 29, "2.5 GiB"), (1536 << 30, "1.5 TiB")])
def test_sizes(size, text):
    assert parted.amount(size) == text


def test_a_healthy_pair_has_no_table(case):
    case.seen = Typist(Simulation(world.reach("active"))).report("node1", "node2").but(
        holds=())
    assert advised.SPLIT_BRAIN not in run("r0", "--peer", "node2", "--json")[1]
    assert case.pair.requests == 0


def test_the_captured_pair_through_both_programs(tmp_path, monkeypatch):
    """The bitmaps of a healing by hand, each asked of a process as on a node, over its pipes."""
    size, links = 196528 * 512, []
    for name in ("node1", "node2"):
        (tmp_path / name).mkdir()
        (tmp_path / name / name).touch()
        with open(tmp_path / name / "vdb", "wb") as disk:
            disk.truncate(size)
            for block in bitmap.parse(golden(f"dump-8-{name}.txt").splitlines()).slot().blocks:
                disk.seek(block * 4096)
                disk.write(name.encode() * 512)

    def side(node, host, resource, vg, winner):
        assert not winner
        paths = [os.path.join(TREE, each) for each in ("tests", "lib")]
        script = SCRIPT.format(paths, str(tmp_path / node))
        links.append(link.Link((sys.executable, "-c", script), node, resource, vg, winner))
        return links[-1]
    seen = report()
    monkeypatch.setattr(command.status, "look", lambda arguments: seen)
    monkeypatch.setattr(parted, "group", lambda host, resource: "vg0")
    monkeypatch.setattr(parted, "store", lambda resource: Store(resource, str(tmp_path)))
    monkeypatch.setattr(parted, "side", side)
    code, out, _ = run("r0", "--peer", "node2", "--json")
    told = json.loads(out)["split_brain"]
    assert code == 1 and told["why_not"] is None and told["current"]
    changed = {row["lv"]: (row["changed"]["node1"] // 4096, row["changed"]["node2"] // 4096)
               for row in told["rows"]}
    assert sum(one for one, _ in changed.values()) + told["metadata"]["node1"] // 4096 \
        + told["free"]["node1"] // 4096 == 88
    assert sum(two for _, two in changed.values()) + told["metadata"]["node2"] // 4096 \
        + told["free"]["node2"] // 4096 == 112
    assert {row["lv"]: row["open"]["node1"] for row in told["rows"]}.get("lvA") == "mounted on /srv"
    assert all(each._talk is None for each in links), "no session is left"
    for name in ("node1", "node2"):
        words = [json.loads(line)[0] for line in (tmp_path / name / "asked").read_text().splitlines()]
        assert set(words) <= {"lvs", "vgs", "lvm", "drbdadm"}
        typed = [json.loads(line) for line in (tmp_path / name / "asked").read_text().splitlines()]
        assert {line[1] for line in typed if line[0] == "drbdadm"} <= {
            "get-gi", "--dry-run", "sh-dev", "sh-ll-dev"}, "nothing is changed"
