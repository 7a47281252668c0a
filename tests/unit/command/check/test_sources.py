# SPDX-License-Identifier: GPL-2.0-or-later
"""Where a tree comes from: copied files, a record, the peer over ssh, this host."""

import os
import stat
import subprocess
import sys

import pytest

from dualstor.command.check.sources import collect, peer, tree, wanted
from dualstor.errors import DualstorError

from . import trees

#: Programs that change something, or that take LVM's locks; none of them is ever asked.
_CHANGING = ("vgchange", "lvchange", "pvscan", "vgscan", "crm_resource", "systemctl")


def test_a_copied_tree_is_read_with_its_recorded_answers(tmp_path):
    seen = collect.copied(trees.lay_out("cman", "node1", str(tmp_path / "n")))
    assert seen.name == "node1"
    assert "fence_ipmilan" in seen.files["/etc/cluster/cluster.conf"]
    assert seen.commands["vgs"]["stdout"].strip() == "vg0|wz--nc"
    assert "locking_type=0" in seen.commands["vgs"]["argv"], "LVM of then has no --readonly"
    assert "no /dualstor-commands/firewalld.out" in seen.silent["firewalld"]
    assert seen.programs == {}


def test_exit_codes_and_complaints_are_recorded_too(tmp_path):
    directory = tmp_path / "dualstor-commands"
    directory.mkdir()
    (directory / "vgs.err").write_text("no locks\n")
    (directory / "vgs.rc").write_text("5\n")
    (directory / "pvs.out").write_text("")
    (directory / "pvs.rc").write_text("five\n")
    seen = collect.copied(str(tmp_path))
    assert seen.commands["vgs"]["returncode"] == 5
    assert seen.commands["vgs"]["stderr"] == "no locks\n"
    assert seen.commands["pvs"]["returncode"] == 1


@pytest.mark.parametrize("make, says", [
    (lambda path: path.mkdir(), "not a regular file"),
    (lambda path: os.mkfifo(path), "not a regular file"),
    (lambda path: path.write_bytes(b"x" * ((4 << 20) + 1)), "larger"),
])
def test_what_is_no_readable_file_is_told(tmp_path, make, says):
    (tmp_path / "etc").mkdir()
    make(tmp_path / "etc" / "drbd.conf")
    seen = collect.copied(str(tmp_path))
    assert says in seen.unreadable["/etc/drbd.conf"]


def test_patterns_stand_for_directories_and_parts_of_names_too(tmp_path):
    for name in ("sys/block/dm-0/dm/name", "sys/block/sda/size", "etc/lvm/lvm_a.conf",
                 "etc/lvm/other.conf", "etc/nftables.d/a", "etc/nftables.d/sub/b",
                 "etc/sysconfig/network-scripts/ifcfg-eth0",
                 "etc/sysconfig/network-scripts/ifup-eth", "etc/drbd.d/.hidden.res"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("x")
    seen = collect.copied(str(tmp_path))
    assert sorted(seen.files) == [
        "/etc/lvm/lvm_a.conf", "/etc/nftables.d/a", "/etc/sysconfig/network-scripts/ifcfg-eth0",
        "/sys/block/dm-0/dm/name"]
    assert seen.unreadable == {}


def test_what_nftables_includes_is_read_wherever_it_is(tmp_path):
    for name, text in (("etc/nftables.conf", 'include "/opt/rules/*.nft"\n include "x.nft"\n'),
                       ("opt/rules/a.nft", 'include "/opt/deep.nft"'), ("opt/rules/b.txt", ""),
                       ("opt/deep.nft", 'include "nftables.conf"'), ("etc/x.nft", "")):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    assert sorted(collect.copied(str(tmp_path)).files) == [
        "/etc/nftables.conf", "/etc/x.nft", "/opt/deep.nft", "/opt/rules/a.nft"]


def test_a_device_is_known_by_all_its_names(monkeypatch):
    numbers = {"/dev/sdb": (8, 16), "/dev/sda": (8, 0), "/dev/disk/by-id/x": (8, 16)}

    class Devices:
        device = staticmethod(numbers.get)

        @staticmethod
        def list(directory):
            return [name.rpartition("/")[2] for name in numbers
                    if name.rpartition("/")[0] == directory]
    assert collect._aliases(Devices, {"/dev/sdb": "device", "/x": "file"}) == {
        "/dev/sdb": "/dev/disk/by-id/x"}


def test_a_record_is_the_same_tree(tmp_path):
    seen = collect.copied(trees.lay_out("corosync", "node1", str(tmp_path / "n")))
    assert tree.from_json(seen.to_json(), seen.source) == seen


@pytest.mark.parametrize("text", ["", "{}", "[]", "null", '{"format": "dualstor.tree/1"}',
                                  '{"format": "dualstor.tree/9"}', "\\x00",
                                  '{"format": "dualstor.tree/1", "name": 1, "files": 2}'])
def test_another_text_is_no_record(text):
    with pytest.raises(DualstorError, match="not a recorded tree"):
        tree.from_json(text, "file")


def test_the_record_is_for_its_owner_alone(tmp_path):
    from dualstor.command.main import main
    path = tmp_path / "record"
    assert main(["check", "--record", str(path)]) == 0
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert tree.from_json(path.read_text(), "record").name
    assert main(["check", "--record", str(path)], stderr=open(os.devnull, "w")) == 1


@pytest.mark.parametrize("version, free", [
    ((2, 2, 84), "--config global{locking_type=0}"), ((2, 2, 107), "--readonly"),
    ((2, 2, 188), "--readonly --shared --config global{use_lvmlockd=0}"),
    ((2, 3, 16), "--nolocking")])
def test_lvm_is_asked_without_its_locks(version, free):
    """--readonly alone would do for clvmd; of lvmlockd it still asks shared locks."""
    for name, argv in wanted.lvm_commands(version):
        assert name == "lvm-settings" or free + " --noheadings" in " ".join(argv)


def test_nothing_that_is_asked_changes_anything():
    files = {"/etc/drbd.d/r.res": "resource r0 {\nresource \"-x\" {", "/etc/cluster/cluster.conf":
             '<clusternode name="n1"/><clusternode nodeid="2" name="--evil"/>'}
    asked = list(wanted.COMMANDS) + list(wanted.lvm_commands((2, 3, 16))) \
        + list(wanted.named_commands(files, ["clvmd", "lvm_vg0", "other", "lvm_-x"]))
    assert not {argv[0] for _, argv in asked} & set(_CHANGING)
    names = [name for name, _ in asked]
    assert {"drbd-gi-r0", "getent-n1", "lockdump-clvmd", "lockdump-lvm_vg0"} <= set(names)
    assert not [name for name in names if "evil" in name or "-x" in name or "other" in name]


FAKE_SSH = """\
#!%s
import os, sys
words = sys.argv[1:]
assert "BatchMode=yes" in words and words[-2] == "node2", words
assert os.environ["SSH_AUTH_SOCK"] == "/run/agent"
os.environ["PATH"] = "/nonexistent"
os.execv("/bin/sh", ["sh", "-c", words[-1].replace("python3", "%s")])
"""


@pytest.fixture
def ssh(tmp_path, monkeypatch):
    """Put a program in ssh's place."""
    def put(text):
        program = tmp_path / "bin" / "ssh"
        program.parent.mkdir()
        program.write_text(text)
        program.chmod(0o755)
        monkeypatch.setattr("dualstor.command.check.sources.peer.run",
                            lambda argv, timeout, environment: real_run(
                                argv, timeout, (str(program.parent),), environment))
    from dualstor.host.run import run as real_run
    return put


def test_the_peer_is_read_in_one_round_trip_with_nothing_installed_there(ssh, monkeypatch):
    monkeypatch.setenv("SSH_AUTH_SOCK", "/run/agent")
    ssh(FAKE_SSH % (sys.executable, sys.executable))
    seen = peer.look("node2")
    assert seen.source == "peer node2"
    assert seen.name and "lvm-version" in set(seen.commands) | set(seen.silent)


def test_what_travels_needs_no_module_of_ours_there(tmp_path):
    done = subprocess.run([sys.executable, "-IS", "-c", peer.program()], cwd=str(tmp_path),
                          env={"PATH": "/usr/bin"}, capture_output=True, text=True, check=True)
    assert tree.from_json(done.stdout, "test").name
    assert list(tmp_path.iterdir()) == []


def test_the_remote_shell_sees_one_quoted_word():
    text = peer.program()
    assert "'" not in text
    assert len(peer.command("node2")[-1]) < 128 << 10, "one argument of a command is not longer"


@pytest.mark.parametrize("text, says", [
    ("#!/bin/sh\necho 'node2: Permission denied (publickey).' >&2; exit 255\n",
     "Permission denied"),
    ("#!/bin/sh\necho 'sh: python3: not found' >&2; exit 127\n", "python3: not found"),
    ("#!/bin/sh\necho welcome\n", "not a recorded tree"),
])
def test_a_peer_that_cannot_be_reached_leaves_its_items_unseen(ssh, text, says):
    import io
    import json

    from dualstor.command.main import main
    ssh(text)
    out = io.StringIO()
    main(["check", "--json", "--peer", "node2"], out, io.StringIO())
    reasons = {u["reason"] for u in json.loads(out.getvalue())["not_looked"]
               if u["id"] == "DRBD-SAME-FILE"}
    assert len(reasons) == 1 and says in reasons.pop()


def test_a_host_is_no_option_of_ssh():
    with pytest.raises(DualstorError, match="not the name of a host"):
        peer.look("-oProxyCommand=x")
