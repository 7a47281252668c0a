# SPDX-License-Identifier: GPL-2.0-or-later
"""A node through its two ends: what is asked here is done there, and silence is an error."""

import hashlib
import json
import os
import re
import signal
import sys

import pytest

from dualstor.recover import bitmap, deeds, link, serve, side
from dualstor.recover.diskio import Disk, NotDone
from dualstor.recover.side import Failed, Half, Unreachable
from sourcetree import TREE
from unit.recover.test_segments import layout

CONTENT = bytes(range(256)) * (16 * 800)     # 800 blocks
SCRIPT = "import sys, runpy; sys.path[:0] = {!r}; sys.argv[1:] = [{!r}]; " \
         "runpy.run_module('unit.recover.served', run_name='__main__')"


@pytest.fixture
def node(tmp_path):
    """A function that makes a Link to a node whose devices are files."""
    for name in ("drbd0", "vdb"):
        (tmp_path / name).write_bytes(CONTENT)
    made = []

    def link_to(winner=True, program=None):
        paths = [os.path.join(TREE, name) for name in ("tests", "lib")]
        argv = (sys.executable, "-c", program or SCRIPT.format(paths, str(tmp_path)))
        made.append(link.Link(argv, "node1", "r0", "vg0", winner))
        return made[-1]
    yield link_to
    for each in made:
        each.close()


def asked(tmp_path):
    """The commands that changed something."""
    lines = [json.loads(line) for line in (tmp_path / "asked").read_text().splitlines()]
    quiet = ("get-gi", "--dry-run", "sh-dev", "sh-ll-dev")
    return [" ".join(words) for words in lines
            if words[0] not in ("lvs", "vgs", "lvm") and words[1] not in quiet]


def test_what_it_is_like(node):
    found = node().look()
    assert found.halves == (Half(number=0, cstate="StandAlone", role="Primary", dstate="UpToDate",
                                 oos=352, written=34655, current=0xC9E8219B1C3DB724,
                                 parent=0x098BCFFA96149B64),)
    assert (found.boot, found.version, found.active) == ("b00t", "8.4.11", ("lvA",))
    assert found.users == {"lvA": "mounted on /srv"} and found.verifies
    assert found.policies == ("disconnect",) * 3
    assert found.standalone and found.primary and found.up_to_date and not found.connected


def test_what_the_section_common_says_counts(node, tmp_path):
    """To connect with another policy would discard a copy, whichever section has it."""
    (tmp_path / "policy").touch()
    assert node().look().policies == ("disconnect", "disconnect", "violently-as0p")


def test_layout_and_bitmap(node):
    there = node()
    assert there.layout() == layout() and there.disks() == {0: "/dev/drbd0"}
    kept = []
    dump = deeds.dumped(there, 0, kept.extend)
    assert dump == bitmap.parse(open(os.path.join(
        TREE, "tests/data/recover/dump-8-node1.txt"), encoding="ascii"))
    import zlib
    assert b"bits-set 88;" in zlib.decompress(b"".join(kept))
    seen = deeds.seen(there, there.look(), "r0")
    assert seen.copies[0].agrees and seen.copies[0].disk == "pv0"
    assert seen.users == {"PUajU4": "mounted on /srv"}


def test_a_secondary_whose_device_nobody_can_open_is_read_on_its_backing_device(node, tmp_path):
    """As the loser is after a crash, and until it has its role back."""
    (tmp_path / "secondary").touch()
    there = node(False)
    assert not there.look().primary
    found, disks = there.layout(), there.disks()
    assert found.pieces == layout().pieces and found.volumes == layout().volumes
    assert disks == {0: "/dev/vdb"} and found.disk("pv0").name == "/dev/vdb"
    assert deeds.seen(there, there.look(), "r0").copies[0].disk == "pv0"
    with pytest.raises(Failed, match="not found"):
        node(True).layout()     # nothing is ever read past DRBD on the winner


def test_the_metadata_of_the_vg(node, tmp_path):
    there = node()
    assert there.metadata() == b"vg0 {\nseqno = 10\n}\n"
    (asked_for,) = asked(tmp_path)
    assert re.fullmatch(r"vgcfgbackup -f /run/dualstor/recover~[0-9]+~r0 vg0", asked_for)
    there._first["vg"] = "vg9"
    there.close()
    with pytest.raises(Failed, match='vgcfgbackup vg9: Volume group "vg9" not found'):
        there.metadata()


@pytest.mark.parametrize("winner", [True, False])
def test_a_resource_with_two_volumes(node, tmp_path, winner):
    """Each is found by its number, by LVM's name for it, and on its own device."""
    (tmp_path / "twofold").touch()
    for name in ("drbd1", "vdc"):
        (tmp_path / name).write_bytes(name.encode() * 2048)
    if not winner:
        (tmp_path / "secondary").touch()
    there = node(winner)
    assert [(half.number, half.oos, half.current) for half in there.look().halves] == [
        (volume, 352, 0xC9E8219B1C3DB724) for volume in (0, 1)]
    disks = ("/dev/drbd0", "/dev/drbd1") if winner else ("/dev/vdb", "/dev/vdc")
    assert there.disks() == dict(enumerate(disks))
    found = there.layout()
    assert [disk.name for disk in found.disks] == list(disks)
    assert {disk for disk, _, _ in found.regions("uuid-s")} == {"pv0", "pv1"}
    name = b"drbd1" if winner else b"vdc"
    assert b"".join(there.read(1, [(0, 4096)])) == (name * 2048)[:4096]
    assert b"".join(there.read(0, [(0, 4096)])) == CONTENT[:4096]
    list(there.dump(1))
    assert [copy.volume for copy in deeds.seen(there, there.look(), "r0").copies] == [0, 1]
    lines = [json.loads(line) for line in (tmp_path / "asked").read_text().splitlines()]
    assert ["drbdadm", "get-gi", "r0/1"] in lines
    if winner:
        there.write(1, 4096, b"x" * 4096)
        assert (tmp_path / "drbd1").read_bytes()[4096:8192] == b"x" * 4096
        assert (tmp_path / "drbd0").read_bytes() == CONTENT
    else:
        there.do(side.HOLD)


RANGES = [(0, 4096), (8192, 8192 + (3 << 20) // 4096 * 4096 - 8192)]


def test_blocks(node, tmp_path):
    for winner, name in ((True, "drbd0"), (False, "vdb")):
        content = bytearray(CONTENT)
        content[4096:8192] = name.encode().ljust(4096)
        (tmp_path / name).write_bytes(content)
        there = node(winner)
        wanted = b"".join(content[begin:end] for begin, end in RANGES)
        parts = list(deeds.located(RANGES, there.read(0, RANGES)))
        assert b"".join(data for _, data in parts) == wanted
        assert max(len(data) for _, data in parts) <= 1 << 20 and parts[1][0] == 8192
        assert there.digest(0, [(0, 8192)]) == hashlib.sha256(content[:8192]).digest()
        assert list(there.digests(0, [(0, 8192)], 4096)) == [
            hashlib.sha256(content[at:at + 4096]).digest() for at in (0, 4096)]


def test_an_answer_of_which_only_a_part_was_taken(node):
    there = node()
    assert next(there.read(0, RANGES)) == CONTENT[:4096]
    assert there.disks() == {0: "/dev/drbd0"}, "in the same session: it holds something"
    process = there._talk._child.pid
    zip((), there.digests(0, RANGES, 4096))
    next(there.digests(0, RANGES, 4096))
    there.look()
    assert there._talk._child.pid == process


def test_it_writes_on_the_winner_only(node, tmp_path):
    there = node()
    there.write(0, 8192, b"x" * 8192)
    assert (tmp_path / "drbd0").read_bytes() == CONTENT[:8192] + b"x" * 8192 + CONTENT[16384:]
    with pytest.raises(Failed, match="no whole blocks"):
        there.write(0, 1, b"x" * 4096)
    with pytest.raises(Failed, match="nothing is written on the loser"):
        node(False).write(0, 8192, b"y" * 4096)
    assert (tmp_path / "vdb").read_bytes() == CONTENT


def test_deeds(node, tmp_path):
    there = node(False)
    for deed, words in (
            (side.UP, ()), (side.DISCONNECT, ()), (side.CONNECT, ()), (side.DISCARD, ()),
            (side.PRIMARY, ()), (side.VERIFY, ()), (side.ACTIVATE, ("lvA", "lvE")),
            (side.DEACTIVATE, ("lvA",)), (side.GUARD, ("lvA", "lvB")), (side.UNGUARD, ("lvB",)),
            (side.CREATE, ("lvC.node2", "8388608")), (side.CREATE, ("lvA", "8388608")),
            (side.REMOVE, ("lvA", "none")), (side.HOLD, ()), (side.RELEASE, ())):
        there.do(deed, words)
    assert asked(tmp_path) == [
        "drbdadm up r0", "drbdadm connect r0", "drbdadm connect --discard-my-data r0",
        "drbdadm primary r0", "drbdadm verify r0", "lvchange -asy vg0/lvA", "lvchange -aey vg0/lvE",
        "lvchange -aln vg0/lvA", "lvchange -ky vg0/lvA", "lvchange -kn vg0/lvB",
        "lvcreate --yes -W n -Z n -an -ky -L 8388608b -n lvC.node2 vg0", "lvremove --yes vg0/lvA"]
    with pytest.raises(Failed, match=r"`drbdadm secondary r0`: .*held open by someone"):
        there.do(side.SECONDARY)
    with pytest.raises(Failed, match="the winner's copy is not discarded"):
        node(True).do(side.DISCARD)
    with pytest.raises(Failed, match="no deed"):
        there.do("format")


def test_after_a_reboot_lvm_has_to_lock_again(node, tmp_path):
    """Agents keep off, so nobody else starts the lockspace of the VG."""
    (tmp_path / "rebooted").touch()
    there = node()
    for deed, words in ((side.UNGUARD, ("lvB",)), (side.ACTIVATE, ("lvA",)),
                        (side.REMOVE, ("lvA",))):
        there.do(deed, words)
    assert asked(tmp_path) == [
        "vgchange --lockstart vg0", "lvchange -kn vg0/lvB", "vgchange --lockstart vg0",
        "lvchange -asy vg0/lvA", "vgchange --lockstart vg0", "lvremove --yes vg0/lvA"]
    (tmp_path / "no-lvmlockd").touch()
    with pytest.raises(Failed, match="lvmlockd not available: start dlm and lvmlockd there"):
        there.do(side.ACTIVATE, ("lvA",))


def test_a_volume_that_is_not_there(node):
    with pytest.raises(Failed, match="r0/7 is not up"):
        list(node().read(7, RANGES))


@pytest.mark.parametrize("program, says", [
    ("import sys; sys.exit('ssh: connect to host node2 port 22: No route to host')",
     "No route to host"),
    ("print('Welcome to node2')", "b'Welcome to node2' is no answer of dualstor"),
    ("print('{}')", "does not answer"),
    ("import time; time.sleep(60)", "no answer in 1 s")])
def test_silence(node, monkeypatch, program, says):
    monkeypatch.setattr(link, "_SILENCE", 1.0)
    with pytest.raises(Unreachable, match=says):
        node(program=program).look()


@pytest.mark.parametrize("says, same", [
    ("node2", True), ("node2.example.com", True), ("NODE2", True), ("node9", False),
    ("node9.example.com", False), (None, False)])
def test_a_peer_that_is_another_host_is_not_touched(says, same):
    """Each pair has an r0: another cluster's must not be held, brought up or discarded."""
    program = "import sys, json\nfor line in sys.stdin:" \
        " print(json.dumps({'value': %r}), flush=True)" % says
    there = link.Link((sys.executable, "-c", program), "node2", "r0", "vg0", False, host="10.0.0.7")
    try:
        if same:
            there.do(side.UP)
            return
        with pytest.raises(Failed, match=f"--peer 10.0.0.7 is {says}, not node2"):
            there.do(side.UP)
        assert there._talk is None
    finally:
        there.close()


def test_a_peer_in_another_domain_is_another_host():
    assert not link._same_name("node2.a.example", "node2.b.example")
    assert link._same_name("node2", "node2.b.example")


#: What follows the name in place of an answer that a Link can use.
GARBAGE = ["[]", "7", '"data"', "null", "[" * 100000, '{"data": -1}', '{"data": 1e9}',
           '{"data": "x"}', '{"data": 99999999999}', '{"value": null}', '{"value": []}',
           '{"value": {"segments": 7, "extents": 1}}', '{"value": {"halves": [1]}}',
           '{"value": {"0": 7}}', "\xff", '{"failed": {}}']


@pytest.mark.parametrize("garbage", GARBAGE)
@pytest.mark.parametrize("what", ["look", "layout", "disks", "read", "do"])
def test_garbage(garbage, what):
    program = "import sys\nsays = ['{\"value\": \"node1\"}', %r]\nfor line in sys.stdin:\n" \
        "    print(says.pop(0), flush=True)\n    if not says: break" % garbage
    there = link.Link((sys.executable, "-c", program), "node1", "r0", "vg0", False)
    asks = {"look": there.look, "layout": there.layout, "disks": there.disks,
            "read": lambda: list(there.read(0, [(0, 4096)])), "do": lambda: there.do(side.UP)}
    try:
        asks[what]()
        assert what in ("do", "read") and '"value"' in garbage, "that is done, and no data"
    except (Unreachable, Failed):
        pass
    finally:
        there.close()


def test_no_program_and_no_host(tmp_path):
    with pytest.raises(Unreachable, match="not found"):
        link.Link(("/no/such",), "node1", "r0", "vg0", True).look()
    with pytest.raises(Unreachable, match="is no host"):
        link.remote("-oProxyCommand=x")
    assert link.remote("node2")[-5:] == ("--", "node2", "dualstor", "recover", "--serve")


def test_one_that_died_is_begun_again(node):
    there = node()
    there.look()
    os.kill(there._talk._child.pid, signal.SIGKILL)
    with pytest.raises(Unreachable):
        there.look()
    assert there.look().boot == "b00t"


def test_all_volumes_are_held_or_none():
    """One that was refused on the second volume is asked for again later."""
    opened, busy = [], {"/dev/drbd1"}

    class Opened:
        def __init__(self, path, alone):
            if path in busy:
                raise NotDone(f"{path} cannot be opened: Device or resource busy")
            opened.append(path)

        def close(self):
            opened.pop()
    server = serve.Server(None, lambda seconds: None, Opened)
    server.host = type("Host", (), {"file": lambda self, path: path})()
    server._minors = lambda: ((0, 0), (1, 1))
    with pytest.raises(NotDone):
        server._do_hold()
    assert opened == []
    busy.clear()
    server._do_hold()
    assert opened == ["/dev/drbd0", "/dev/drbd1"]


def test_the_command_serves():
    there = link.Link((sys.executable, os.path.join(TREE, "bin", "dualstor"), "recover", "--serve"),
                      "node1", "r0", "vg0", False)
    try:
        with pytest.raises(Failed, match="node1: there is no deed format"):
            there.do("format")
    finally:
        there.close()


# -- disks ----------------------------------------------------------------------------------------

def test_a_disk_is_written_by_one_of_ours(tmp_path):
    path = tmp_path / "disk"
    path.write_bytes(CONTENT)
    one = Disk(str(path), writing=True)
    with pytest.raises(NotDone, match="cannot be opened"):
        Disk(str(path), writing=True)
    one.write(4096, CONTENT[:2 << 20])
    one.flush()
    assert b"".join(one.read([(4096, 4096 + (2 << 20))])) == CONTENT[:2 << 20]
    one.close()
    with pytest.raises(NotDone):
        Disk(str(tmp_path / "none"))


def test_the_end_of_a_disk(tmp_path):
    path = tmp_path / "disk"
    path.write_bytes(CONTENT[:8192])
    disk = Disk(str(path))
    with pytest.raises(NotDone, match="ends before 12288"):
        list(disk.read([(4096, 12288)]))
    with pytest.raises(NotDone, match="cannot be written"):
        disk.write(0, b"x" * 4096)
    with pytest.raises(NotDone, match="no whole blocks"):
        list(disk.read([(1, 4097)]))
    with pytest.raises(NotDone, match="no multiple"):
        list(disk.digests([(0, 4096)], 8192))
    assert len(list(disk.digests([(0, 8192)], 8192))) == 1


def test_what_keeps_agents_off_is_kept_on_the_disk_and_lifted(node, tmp_path):
    there = node()
    there.do(side.KEEP_OFF, ("node1", "node2"))
    kept = tmp_path / "var/lib/dualstor/recover/r0/held.json"
    assert json.loads(kept.read_text()) == {"vg": "vg0", "winner": "node1", "loser": "node2"}
    there.close()       # a later session takes it again
    kept.unlink()
    assert there.look().up and kept.exists()
    with pytest.raises(Failed, match="node1 as winner was begun and has not ended"):
        node().do(side.KEEP_OFF, ("node2", "node1"))
    there.do(side.ADMIT, ("node2",))
    assert kept.exists(), "it is another healing's"
    there.do(side.ADMIT, ("node1",))
    assert not kept.exists()
    there.close()
    assert there.look().up and not kept.exists()
