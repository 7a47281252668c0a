# SPDX-License-Identifier: GPL-2.0-or-later
"""Several DRBD resources and volume groups on one pair: answers, what is written, steps."""

import pytest

from dualstor.command.configure import (
    answers,
    files,
    loaded,
    migrate,
    pacemaker,
    sources,
    steps,
    take,
)
from dualstor.command.configure.answers import AnswersWrong
from dualstor.command.configure.generations import BY_NAME
from dualstor.command.configure.render import lvmconf
from dualstor.errors import DualstorError
from dualstor.tools import drbdconf
from simulator import world
from simulator.host import Simulation
from unit.configure.pairs import GFS2, MAIL, WEB, good, many

GENERATIONS = tuple(BY_NAME)

#: Two resources in one volume group, one in another.
DRBD = [{"resource": "r0", "disk": "/dev/sdb"}, {"resource": "r1", "disk": "/dev/sdc"},
        {"resource": "r2", "disk": {"node1": "/dev/sdd", "node2": "/dev/nvme0n1"}}]
VG = [{"name": "vg0", "drbd": ["r0", "r1"], "lv": "lv0", "size": "1G"},
      {"name": "vg1", "drbd": "r2"}]


def told(**changes):
    found = dict(good(), drbd=DRBD, vg=VG)
    del found["lvm"]
    return dict(found, **changes)


def made(**changes):
    return answers.pair(told(**changes))


def changed(tables, number, **changes):
    """*tables* with one of them changed."""
    return [dict(each, **changes) if at == number else each for at, each in enumerate(tables)]


# -- answers --------------------------------------------------------------------------


def test_each_resource_has_its_own_minor_port_and_disk():
    pair = made()
    assert [(one.resource, one.minor, one.port, one.disks) for one in pair.resources] == [
        ("r0", 0, 7788, ("/dev/sdb", "/dev/sdb")), ("r1", 1, 7789, ("/dev/sdc", "/dev/sdc")),
        ("r2", 2, 7790, ("/dev/sdd", "/dev/nvme0n1"))]
    assert [(one.vg, one.resources, one.lv) for one in pair.groups] == [
        ("vg0", ("r0", "r1"), "lv0"), ("vg1", ("r2",), None)]


def test_one_volume_group_is_on_all_resources():
    lvm = {"vg": "data"}
    found = dict(told(lvm=lvm), vg=None)
    del found["vg"]
    assert answers.pair(found).groups[0].resources == ("r0", "r1", "r2")
    (group,) = made(vg=[{"name": "data"}]).groups
    assert group.resources == ("r0", "r1", "r2")


def test_a_list_of_one_is_the_single_form():
    """All that is written is the same, byte for byte."""
    listed = dict(good(), drbd=[{"resource": "r0", "disk": "/dev/vdb"}],
                  vg=[{"name": "vg0", "drbd": "r0", "lv": "lv0", "size": "16M"}])
    del listed["lvm"]
    assert answers.pair(listed) == answers.pair(good())


@pytest.mark.parametrize("changes, sentence", [
    ({"drbd": []}, "drbd: expected 1 to 32 resources, not 0"),
    ({"drbd": many(33)["drbd"], "vg": many(33)["vg"]}, "expected 1 to 32 resources, not 33"),
    ({"vg": []}, "vg: expected 1 to 32 volume groups, not 0"),
    ({"vg": "vg0"}, "vg: expected a list"),
    ({"drbd": changed(DRBD, 1, resource="r0")}, "two resources have the name r0"),
    ({"drbd": [{"disk": "/dev/sdb"}] + DRBD[1:]}, "drbd 1 resource is missing"),
    ({"drbd": [{"resource": "r0"}] + DRBD[1:]}, "drbd r0 on node node1 disk is missing"),
    ({"drbd": changed(DRBD, 1, minor=0)}, "drbd: r0 and r1 have the minor 0: each needs its own"),
    ({"drbd": changed(DRBD, 1, port=7788)}, "drbd: r0 and r1 have the port 7788"),
    ({"drbd": changed(DRBD, 1, disk="/dev/sdb")},
     "drbd: r0 and r1 have the disk /dev/sdb of node node1"),
    ({"drbd": changed(DRBD, 1, disk={"node1": "/dev/sdc", "node2": "/dev/nvme0n1"})},
     "drbd: r1 and r2 have the disk /dev/nvme0n1 of node node2"),
    ({"drbd": changed(DRBD, 1, disk="/dev/sdb1")},
     "disk /dev/sdb1 of r1 is a partition of /dev/sdb of r0 on node node1"),
    ({"drbd": changed(DRBD, 1, disk="/dev/drbd2")},
     "node node1 disk /dev/drbd2 is DRBD's own device"),
    ({"drbd": changed(DRBD, 1, disk={"node3": "/dev/sdc"})}, "disk: there is no node 'node3'"),
    ({"drbd": changed(DRBD, 1, disk={"node1": "/dev/sdc"})},
     "drbd r1 on node node2 disk is missing"),
    ({"drbd": changed(DRBD, 1, quorum="majority")}, "drbd r1 quorum is 'majority'"),
    ({"drbd": changed(DRBD, 1, version="9", minor="x")}, "drbd r1 minor is 'x'"),
    ({"drbd": changed(changed(DRBD, 0, version="8.4"), 1, version="9")},
     "drbd: version '8.4' and '9': a pair has one DRBD"),
    ({"nodes": [dict(node, disk="/dev/sdx") for node in good()["nodes"]]},
     "node node1 disk: each DRBD resource has its own"),
    ({"lvm": {"vg": "vg0"}}, "lvm and vg are both given"),
    ({"vg": changed(VG, 1, name="vg0")}, "two volume groups have the name vg0"),
    ({"vg": changed(VG, 1, name="r0")}, "DRBD resource and volume group are both r0"),
    ({"vg": changed(VG, 1, drbd="r7")}, "vg vg1: there is no DRBD resource 'r7'"),
    ({"vg": changed(VG, 1, drbd=["r2", "r0"])}, "vg: DRBD resource r0 is given to vg0 and vg1"),
    ({"vg": changed(VG, 1, drbd=["r2", "r2"])}, "vg: DRBD resource r2 is given to vg1 and vg1"),
    ({"vg": changed(VG, 0, drbd="r0")}, "DRBD resource r1 is in no volume group"),
    ({"vg": changed(VG, 1, drbd=[])}, "vg vg1 drbd is empty"),
    ({"vg": [VG[0], {"name": "vg1"}]}, "vg vg1 drbd is missing"),
    ({"vg": changed(VG, 1, vg="x")}, "vg has no 'vg', only drbd, lv, name, size"),
    ({"vg": changed(VG, 1, lv="lv0")}, "vg vg1 size is missing"),
    ({"use": [GFS2]}, "use files vg is missing"),
    ({"use": [dict(GFS2, vg="vg9")]}, "use files: there is no volume group 'vg9'"),
    ({"use": [dict(GFS2, vg="vg0", lv="lv0")]}, "use: LV vg0/lv0 is named twice")])
def test_what_cannot_be_is_said(changes, sentence):
    with pytest.raises(AnswersWrong) as caught:
        made(**changes)
    assert sentence in str(caught.value)


def test_an_id_that_would_be_there_twice_is_said():
    """The constraint of vg0 with r0, and a resource of that name."""
    with pytest.raises(AnswersWrong, match="would have the id vg0-after-r0 twice"):
        made(drbd=changed(DRBD, 2, resource="vg0-after-r0"),
             vg=changed(VG, 1, drbd="vg0-after-r0"))


def test_an_lv_of_each_group_may_have_the_same_name():
    assert [use.device for use in made(use=[dict(GFS2, vg="vg1", lv="lv0")]).uses] == [
        "/dev/vg1/lv0"]


def test_an_option_for_all_resources_gets_into_each():
    merged = sources.merged(told(), {"drbd": {"version": "9", "first_sync": "skip"}})
    assert {(one.version, one.first_sync) for one in answers.pair(merged).resources} == {
        ("9", "skip")}


@pytest.mark.parametrize("option", ["minor", "port", "resource", "disk"])
def test_an_option_for_one_resource_is_refused(option):
    with pytest.raises(AnswersWrong, match=f"--{option}: the file has a list of drbd"):
        sources.merged(told(), {"drbd": {option: "1"}})


def test_the_version_is_decided_for_all_of_them(monkeypatch):
    monkeypatch.setattr(loaded, "module", lambda host: None)
    found = loaded.decide(told(drbd=changed(DRBD, 2, version="9")), None, False)
    assert found.version == "9"
    with pytest.raises(AnswersWrong, match="a pair has one DRBD"):
        loaded.decide(told(drbd=changed(changed(DRBD, 1, version="8.4"), 2, version="9")),
                      None, False)


# -- what is written ------------------------------------------------------------------


def test_each_resource_has_its_file():
    found = files.all_files(made())
    seen = [drbdconf.parse(found[f"/etc/drbd.d/{name}.res"], name) for name in ("r0", "r1", "r2")]
    assert [[host.devices for host in each.hosts] for each in seen] == [
        [((f"/dev/drbd{minor}", minor, disk, "internal"),) for disk in disks]
        for minor, disks in enumerate((("/dev/sdb",) * 2, ("/dev/sdc",) * 2,
                                       ("/dev/sdd", "/dev/nvme0n1")))]
    assert len({host.address for each in seen for host in each.hosts}) == 6


def test_lvm_sees_drbds_devices_alone():
    assert lvmconf.settings(made())["devices"]["filter"] == (
        "a|^/dev/drbd0$|", "a|^/dev/drbd1$|", "a|^/dev/drbd2$|", "r|^/dev/nvme0n1$|",
        "r|^/dev/sdb$|", "r|^/dev/sdc$|", "r|^/dev/sdd$|")


@pytest.mark.parametrize("generation", GENERATIONS)
def test_each_volume_group_depends_on_its_own_resources_and_on_locking(generation):
    found = pacemaker.whole(made(generation=generation))
    after = {(each.then, each.first, each.first_action) for each in found.orders}
    assert after == {
        ("vg0-clone", "r0-clone", "promote"), ("vg0-clone", "r1-clone", "promote"),
        ("vg1-clone", "r2-clone", "promote"), ("vg0-clone", "locking-clone", "start"),
        ("vg1-clone", "locking-clone", "start")}
    assert {(each.resource, each.other) for each in found.colocations} == {
        (then, first) for then, first, _ in after}
    promoted = BY_NAME[generation].roles[0]
    assert {each.role for each in found.colocations if each.other != "locking-clone"} == {promoted}


def test_locking_is_there_once():
    found = [member.type for clone in pacemaker.whole(answers.pair(many(32))).clones
             for member in clone.members]
    assert (found.count("controld"), found.count("clvmd")) == (1, 1)
    assert (found.count("drbd-dualprimary"), found.count("clustered-vg")) == (32, 32)


def test_a_use_depends_on_its_own_groups():
    found = pacemaker.uses.part(made(use=[
        dict(GFS2, vg="vg1"), dict(MAIL, vg="vg0"),
        dict(WEB, disks=[{"vg": "vg0", "lv": "a", "size": "1G"},
                         {"vg": "vg1", "lv": "a", "size": "1G"}])]))
    assert [(each.first, each.then) for each in found.orders] == [
        ("vg1-clone", "files-clone"), ("vg0-clone", "mail"), ("vg0-clone", "web"),
        ("vg1-clone", "web")]
    assert {(each.other, each.resource) for each in found.colocations} == {
        (each.first, each.then) for each in found.orders}


def test_what_is_written_grows_with_the_number_and_no_faster():
    def size(count):
        found = answers.pair(many(count))
        return sum(map(len, [*files.all_files(found).values(), *(
            repr(part) for part in pacemaker.parts(found).values())]))
    one, several = size(2) - size(1), size(32) - size(31)
    assert several <= 1.5 * one


# -- the steps ------------------------------------------------------------------------


def commands(pair, name):
    return [" ".join(words) for step in steps.steps(pair, "cib") if step.name == name
            for words in step.commands]


def test_a_step_has_the_commands_of_all_resources_and_groups():
    pair = made(drbd=changed(DRBD, 1, first_sync="skip"))
    assert commands(pair, "create-md") == [f"drbdadm create-md r{number}" for number in range(3)]
    assert commands(pair, "first-sync") == [
        "drbdadm primary --force r0", "drbdadm secondary r0", "drbdadm primary --force r2",
        "drbdadm secondary r2", "drbdadm new-current-uuid --clear-bitmap r1/0"]
    assert commands(pair, "vgcreate") == ["vgcreate --shared vg0 /dev/drbd0 /dev/drbd1",
                                          "vgcreate --shared vg1 /dev/drbd2"]
    assert commands(pair, "lvcreate") == ["lvcreate -an -L 1G -n lv0 vg0"]


def test_only_what_is_due_is_done():
    """r0 runs already and r1 has just been written."""
    cluster = world.reach("both-secondary")
    world.second_resource(cluster)
    for node in cluster.nodes.values():
        del node.drbd["r1"]
    simulation = Simulation(cluster)
    pair = answers.pair(many(2))
    taker = take.Taker(pair, "node1", lambda seconds: simulation.host("node1", seconds),
                       lambda question: True)
    up = next(step for step in steps.steps(pair, "cib") if step.name == "up")
    assert taker.take(up) == take.TAKEN
    asked = [words for words in simulation.calls() if words[:2] == ("drbdadm", "up")]
    assert asked == [("drbdadm", "up", "r1")]
    with pytest.raises(DualstorError, match="waited 600 s for DRBD resource r1 to be connected"):
        taker.take(next(step for step in steps.steps(pair, "cib") if step.name == "connected"))


def test_the_migration_of_a_group_is_that_of_its_resources():
    found = [" ".join(words) for step in migrate.steps(made(), "vg0") for words in step.commands]
    assert "drbdadm status r0" in found and "drbdadm status r1" in found
    assert "drbdadm status r2" not in found
    assert any('filter=["a|^/dev/drbd0$|","a|^/dev/drbd1$|","r|.*|"]' in each for each in found)
    with pytest.raises(DualstorError, match="vg9: the answers have no such volume group"):
        migrate.steps(made(), "vg9")
