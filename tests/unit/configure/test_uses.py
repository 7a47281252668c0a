# SPDX-License-Identifier: GPL-2.0-or-later
"""What stands on the LVs: answers, the cluster's configuration, and the steps before."""

import argparse

import pytest

from dualstor.command import volume
from dualstor.command.configure import answers, pacemaker, steps
from dualstor.command.configure.answers import AnswersWrong
from dualstor.command.configure.generations import BY_NAME
from dualstor.command.configure.render import pcs
from simulator.state import CLVMD, LVMLOCKD
from unit.configure.pairs import GFS2, MAIL, WEB, good, pair, uses
from unit.volumes.pair import NODES, Pair

GENERATIONS = tuple(BY_NAME)


def made(generation="lvmlockd", **more):
    return pair(generation=generation, use=uses(generation), **more)


def part(generation="lvmlockd"):
    return pacemaker.uses.part(made(generation))


def members(generation="lvmlockd"):
    return {member.id: member for of in part(generation).clones + part(generation).alone
            for member in of.members}


# -- answers --------------------------------------------------------------------------


def wrong(*found, **more):
    with pytest.raises(AnswersWrong) as caught:
        answers.pair(good(use=list(found), **more))
    return str(caught.value)


@pytest.mark.parametrize("use, sentence", [
    (dict(GFS2, kind="ocfs2"), "kind 'ocfs2' is unknown: choose one of gfs2, filesystem, vm"),
    ({"kind": "gfs2", "lv": "a"}, "use a size is missing"),
    (dict(GFS2, size="100%FREE"), "is no size: e.g. 10G or 500M"),
    (dict(GFS2, name="a-name-of-17-char"), "name has at most 16 characters"),
    (dict(GFS2, filesystem="xfs"), "has no 'filesystem', only kind, lv, mountpoint, name, size"),
    (dict(MAIL, filesystem="vfat"), "choose one of xfs, ext4"),
    (dict(MAIL, mountpoint="/etc/mail"), "is in a directory of the system"),
    (dict(MAIL, mountpoint="/srv/../etc"), "is no path of a directory"),
    (dict(MAIL, mountpoint="srv"), "is no path of a directory"),
    (dict(MAIL, lv="-L"), "is no name for a logical volume"),
    (dict(WEB, disks=[]), "use web has no disks"),
    (dict(WEB, config="/etc/libvirt/qemu/web.xml"), "is in libvirt's own directory"),
    (dict(WEB, config="/etc/pacemaker/web"), "end it with .xml"),
    (dict(WEB, transport="tcp"), "choose one of ssh, tls"),
    (dict(GFS2, name="dlm"), "is a name that the cluster's configuration uses"),
    (dict(GFS2, name="a b"), "is no name for a resource of the cluster"),
    ("gfs2", "use: expected NAME = VALUE pairs")])
def test_what_is_wrong_is_said(use, sentence):
    assert sentence in wrong(use)


def test_what_is_named_twice_is_said():
    assert "use: LV lv0 is named twice" in wrong(dict(GFS2, lv="lv0"))
    assert "use: mount point /srv/files is named twice" in wrong(
        GFS2, dict(MAIL, mountpoint="/srv/files"))
    assert "use: file /etc/pacemaker/a.xml is named twice" in wrong(
        dict(WEB, config="/etc/pacemaker/a.xml"),
        dict(WEB, name="other", disks=[{"lv": "x", "size": "1G"}], config="/etc/pacemaker/a.xml"))


@pytest.mark.parametrize("name", ["vg0", "r0", "lv-after-vg0"])
def test_an_id_of_the_cluster_that_would_be_there_twice_is_said(name):
    found = [dict(GFS2, name=name)] + ([dict(MAIL, lv="lv")] if "after" in name else [])
    assert f"the cluster would have the id {name} twice" in wrong(*found)


def test_a_file_system_of_one_node_is_refused_where_no_agent_can_activate_it():
    assert "needs ocf:heartbeat:LVM-activate" in wrong(MAIL, generation="cman")


def test_what_is_left_out_has_a_default():
    told = [{"kind": "gfs2", "lv": "a", "size": "1G"}, {"kind": "filesystem", "lv": "b",
                                                       "size": "1G"}, WEB]
    shared, alone, guest = pair(use=told).uses
    assert (shared.name, shared.mountpoint, shared.filesystem) == ("a", "/srv/a", "gfs2")
    assert (alone.filesystem, alone.mountpoint) == ("xfs", "/srv/b")
    assert (guest.config, guest.transport) == ("/etc/pacemaker/web.xml", "ssh")


# -- the cluster's configuration ------------------------------------------------------


def test_without_a_use_there_is_no_such_part():
    assert list(pacemaker.parts(pair())) == ["base", "group"]
    assert list(pacemaker.parts(made())) == ["base", "group", "uses"]


@pytest.mark.parametrize("generation", GENERATIONS)
def test_each_use_starts_after_the_clone_of_the_vg_and_runs_with_it(generation):
    found = part(generation)
    outer = {each.id for each in found.clones + found.alone}
    assert {each.then for each in found.orders} == {each.resource
                                                    for each in found.colocations} == outer
    assert {(each.first, each.first_action) for each in found.orders} == {("vg0-clone", "start")}
    assert {(each.other, each.role) for each in found.colocations} == {("vg0-clone", None)}


def test_gfs2_is_cloned_and_interleaved():
    (clone,) = part().clones
    assert clone.id == "files-clone" and dict(clone.meta) == {"interleave": "true"}
    assert dict(clone.members[0].parameters)["device"] == "/dev/vg0/files"


@pytest.mark.parametrize("generation, mode", [
    ("lvmlockd", "lvmlockd"), ("lvmlockd-pacemaker2.0", "lvmlockd"),
    ("lvmlockd-corosync2", "lvmlockd"), ("clvmd", "clvmd")])
def test_a_file_system_of_one_node_is_activated_exclusively_first(generation, mode):
    group = next(each for each in part(generation).alone if each.group)
    assert group.id == "mail" and [each.type for each in group.members] == [
        "LVM-activate", "Filesystem"]
    assert dict(group.members[0].parameters) == {
        "vgname": "vg0", "lvname": "mail", "vg_access_mode": mode, "activation_mode": "exclusive"}


@pytest.mark.parametrize("generation", GENERATIONS)
def test_a_guest_migrates_live_and_has_time_to(generation):
    guest = members(generation)["web"]
    times = {each.name: int(each.timeout[:-1]) for each in guest.operations}
    assert guest.agent == "ocf:heartbeat:VirtualDomain"
    assert dict(guest.meta) == {"allow-migrate": "true", "resource-stickiness": "100"}
    assert dict(guest.parameters)["migration_transport"] == "ssh"
    # its agent suggests 90, 90, 30, 120 and 60 s
    assert times["start"] >= 90 and times["stop"] >= 90 and times["monitor"] >= 30
    assert times["migrate_to"] >= 120 and times["migrate_from"] >= 60


def test_no_pcs_warns_of_the_commands():
    """0.11.6 wants "meta" before meta attributes; a group is made of what is there (0.12)."""
    found = list(pcs.commands(part(), BY_NAME["lvmlockd"]))
    assert ("resource", "group", "add", "mail", "mail-lv", "mail-fs") in found
    assert [words[words.index("meta"):] for words in found if "meta" in words
            and words[1] == "create"] == [
        ("meta", "resource-stickiness=100"), ("meta", "resource-stickiness=100"),
        ("meta", "allow-migrate=true", "resource-stickiness=100")]
    assert not [words for words in found if "--group" in words]


# -- the steps ------------------------------------------------------------------------


def told(generation="lvmlockd", form="pcs", **more):
    return [" ".join(words) for step in steps.steps(made(generation, **more), form)
            for words in step.commands]


def test_the_steps_come_after_the_vg_runs_and_end_with_loading():
    found = told()
    for earlier, later in (
            ("sh pacemaker-group.pcs.sh", "dualstor volume create vg0/files -L 8M"),
            ("dualstor volume create vg0/files -L 8M",
             "mkfs.gfs2 -p lock_dlm -t lab:files -j 2 /dev/vg0/files"),
            ("dualstor volume create vg0/mail -L 8M --exclusive", "mkfs.xfs /dev/vg0/mail"),
            ("mkfs.xfs /dev/vg0/mail", "lvchange -aln vg0/mail"),
            ("dualstor volume create vg0/web1 -L 4M", "sh pacemaker-uses.pcs.sh"),
            ("virsh --connect qemu+ssh://node2/system list --all", "sh pacemaker-uses.pcs.sh"),
            ("sh pacemaker-uses.pcs.sh", "dualstor check")):
        assert found.index(earlier) < found.index(later)


def test_a_guests_disk_is_never_exclusive():
    assert not [text for text in told() if "web" in text and "--exclusive" in text]


def test_what_makes_a_file_system_is_left_to_a_person():
    for step in steps.steps(made(), "cib"):
        if any(words[0].startswith("mkfs") for words in step.commands):
            assert step.name is None


def test_cman_has_no_systemctl():
    assert not [text for text in told("cman") if text.startswith("systemctl")]


# -- the steps, typed -------------------------------------------------------------------


def typed(stage, words):
    """Types a command on node1; False for a program that is not simulated."""
    if words[:2] == ("dualstor", "volume"):
        parser = argparse.ArgumentParser()
        volume.add_arguments(parser)
        arguments = parser.parse_args(list(words[2:]))
        assert volume._usage(arguments) is None
        return volume._work(arguments, stage.volumes())()
    return words[0] == "lvchange" and stage.run("node1", *words) == 0


@pytest.mark.parametrize("generation, simulated", [("lvmlockd", LVMLOCKD), ("clvmd", CLVMD)])
def test_they_leave_each_lv_as_its_resource_wants_it(generation, simulated):
    stage = Pair(simulated)
    for step in steps.steps(made(generation), "pcs"):
        if step.name is None:
            for words in step.commands:
                if words[0] in ("dualstor", "lvchange") and "check" not in words:
                    assert typed(stage, words), words
    for node in NODES:
        stage.act("monitor", node)
    assert [stage.active(name) for name in ("files", "mail", "web0", "web1")] == [
        NODES, (), NODES, NODES]
    # what LVM-activate does, on either node
    assert stage.run("node2", "lvchange", "-aey", "vg0/mail") == 0
    if simulated is LVMLOCKD:
        assert stage.run("node1", "lvchange", "-aey", "vg0/mail") != 0
    for node in NODES:
        stage.act("monitor", node)
    assert stage.active("mail") == ("node2",)
