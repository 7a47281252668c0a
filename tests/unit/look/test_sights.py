# SPDX-License-Identifier: GPL-2.0-or-later
"""What an answer can stand on: the same text for the same state, and none in doubt."""

import os

import pytest

import paper
from dualstor.host import freshread
from dualstor.host.deadline import Deadline
from dualstor.kernel import drbd
from dualstor.look import sights
from dualstor.tools import drbdsetup
from unit.drbd.helpers import CAPTURES, golden

NINE = os.path.join(os.path.dirname(__file__), "..", "..", "data", "drbd9")
STATES = sorted((os.path.basename(state), node) for state, nodes, _ in os.walk(NINE)
                for node in nodes
                if os.path.exists(os.path.join(state, node, "drbdsetup-status-json.out")))
_HOME = "/sys/kernel/debug/drbd/resources/"


def host(files=(), links=()):
    return paper.PaperHost(Deadline(20.0), files, links)


# -- processes ------------------------------------------------------------------------------


def stat(state="S", start_time="4711", comm="a) (b"):
    return (f"100 ({comm}) {state} 1 100 100 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 1 0 "
            f"{start_time} 1 1\n")


def test_a_process_is_told_by_its_start():
    files = {"/proc/100/stat": stat()}
    assert sights.process(host(files), "100") == "4711"
    files["/proc/100/stat"] = stat(start_time="4712")
    assert sights.process(host(files), "100") == "4712"


@pytest.mark.parametrize("state", "DZTtXx")
def test_a_process_that_hangs_or_is_stopped_is_in_doubt(state):
    assert sights.process(host({"/proc/100/stat": stat(state)}), "100") is None


@pytest.mark.parametrize("text", ["", "100", "100 (x) S", "\x00"])
def test_a_process_that_is_gone_is_in_doubt(text):
    assert sights.process(host({"/proc/100/stat": text}), "100") is None
    assert sights.process(host(), "100") is None


# -- DRBD 8 -----------------------------------------------------------------------------------


@pytest.mark.parametrize("state, node", CAPTURES)
def test_the_counters_of_a_minor_do_not_count(state, node):
    """Of the lines of a minor the first alone: the others change with each write."""
    text = golden(state, node, "proc_drbd.out")
    for minor in drbd.parse(text).minors if text else ():
        found = sights.minor(host({"/proc/drbd": text}), str(minor.minor))
        assert "cs:" + minor.cstate in found
        assert " ns:" not in found
        assert (minor.dstate or "") in found and (minor.flags or "") in found


def test_a_minor_that_is_another_resources_now_looks_different():
    text = ("version: 8.4.11 (api:1/proto:86-101)\n"
            " 0: cs:Connected ro:Primary/Primary ds:UpToDate/UpToDate C r-----\n")
    owner = "/sys/kernel/debug/drbd/minors/0"
    seen = {sights.minor(host({"/proc/drbd": text}, links), "0")
            for links in ({}, {owner: "../resources/r0/volumes/0"},
                          {owner: "../resources/r1/volumes/0"})}
    assert len(seen) == 3 and None not in seen
    assert sights.minor(host({"/proc/drbd": text}), "1") is None
    assert sights.minor(host({"/proc/drbd": text.replace(" 0:", "10:")}), "0") is None
    assert sights.minor(host(), "0") is None


# -- DRBD 9, held to captures of the real module --------------------------------------------


def captured(state, node):
    """(host with the debugfs files of a capture, the resource or None, its State by JSON)."""
    folder, files, resource = os.path.join(NINE, state, node), {}, None

    def text(name):
        with open(os.path.join(folder, name), encoding="utf-8") as stream:
            return stream.read()
    told = drbdsetup.parse_status(text("drbdsetup-status-json.out") or "[]")
    names = [e.get("name") for e in told if e.kind == "resource"]
    resource = names[0] if names else "r0"
    for name in os.listdir(folder):
        if name.endswith(".proc_drbd.out"):
            _, _, peer, volume, _, _ = name.split(".")
            files[_HOME + f"{resource}/connections/{peer}/{volume}/proc_drbd"] = text(name)
            files[_HOME + f"{resource}/volumes/{volume}/openers"] = ""
    files["/proc/drbd"] = text("proc-drbd.out") or "version: 9.2.18 (api:2/proto:118-124)\n"
    return host(files), resource, drbdsetup.state(told, resource)


def test_there_are_captures_of_every_kind():
    assert len(STATES) > 50


@pytest.mark.parametrize("state, node", STATES)
def test_what_debugfs_tells_of_drbd_9_is_what_drbdsetup_tells(state, node):
    """Either the same State as the program's JSON has, or nothing that could be taken for one."""
    files, resource, told = captured(state, node)
    found = drbd.state(files, resource)
    if found is drbd.UNKNOWN:
        return
    if told is None:
        assert found is None
        return
    assert found.role == told.role and not found.suspended and not told.suspended
    assert [(v.number, v.minor, v.dstate) for v in found.volumes] \
        == [(v.number, v.minor, v.dstate) for v in told.volumes]
    assert {(p.name, p.cstate, p.role, p.dstates) for p in found.peers} \
        == {(p.name, p.cstate, p.role, p.dstates) for p in told.peers}


@pytest.mark.parametrize("state", [
    "both-primary", "both-secondary", "primary-secondary", "replication-healed",
    "two-volumes-secondary"])
def test_a_healthy_resource_of_drbd_9_needs_no_program(state):
    files, resource, _ = captured(state, "node1")
    assert isinstance(drbd.state(files, resource), drbd.State)
    assert sights.connections(files, resource)


@pytest.mark.parametrize("state, node", STATES)
def test_what_stands_still_or_is_alone_is_never_known_from_debugfs(state, node):
    files, resource, told = captured(state, node)
    if told is not None and (told.suspended or not told.connected):
        assert drbd.state(files, resource) is drbd.UNKNOWN


def test_each_state_of_drbd_9_looks_different_and_counters_do_not_count():
    files, resource, _ = captured("both-primary", "node1")
    seen = sights.connections(files, resource)
    (path,) = [p for p in files.files if p.endswith("proc_drbd")]
    text = files.files[path]
    files.files[path] = text.replace("ns:", "ns:1")
    assert sights.connections(files, resource) == seen
    for old, new in (("Established", "Off"), ("Primary/Primary", "Primary/Secondary"),
                     ("UpToDate/UpToDate", "Diskless/UpToDate"), ("r-----", "s-----")):
        files.files[path] = text.replace(old, new)
        assert sights.connections(files, resource) not in (seen, None)
    files.files[path] = ""
    assert sights.connections(files, resource) is None
    del files.files[path]
    assert sights.connections(files, resource) is None


def test_without_debugfs_drbd_9_is_for_the_tools():
    files = host({"/proc/drbd": "version: 9.2.18 (api:2/proto:118-124)\n"})
    assert drbd.state(files, "r0") is drbd.UNKNOWN and sights.connections(files, "r0") is None


# -- disks ------------------------------------------------------------------------------------


class Disk(paper.PaperHost):
    """A host with one disk that answers with *content*, or does not."""

    def __init__(self, content, files=()):
        super().__init__(Deadline(20.0), files)
        self.content, self.asked = content, 0

    def read_fresh(self, name, offset, length, seconds):
        self.asked += 1
        if isinstance(self.content, bytes):
            return self.content[offset:offset + length]
        return self.content


def test_the_header_is_what_the_disk_has_now():
    disk = Disk(b"\0" * 4096 + b"header".ljust(512, b"\0"))
    assert sights.header(disk, "vdb 4096") == b"header".hex()


def test_a_disk_that_gives_no_answer_is_told_from_one_that_cannot_be_read_so():
    assert sights.header(Disk(freshread.SILENT), "vdb 4096") is freshread.SILENT
    assert sights.header(Disk(freshread.IMPOSSIBLE), "vdb 4096") is None


@pytest.mark.parametrize("flying, places, asked", [
    ("  100  200\n", "256\n", 0), ("  10  20\n", "256\n", 1), ("\u00b2 1\n", "256\n", 1),
    ("1 2\n", "", 1), ("", "256\n", 1)])
def test_a_disk_with_a_full_queue_is_not_read(flying, places, asked):
    disk = Disk(b"\0" * 8192, {"/sys/class/block/vdb/inflight": flying,
                               "/sys/class/block/vdb/queue/nr_requests": places})
    assert (sights.header(disk, "vdb 4096") is freshread.SILENT) == (not asked)
    assert disk.asked == asked


# -- all together -----------------------------------------------------------------------------


def test_in_doubt_of_one_nothing_is_kept():
    files = host({"/proc/100/stat": stat(), "/run/x": ""})
    assert sights.see(files, (("process", "100"), ("node", "/run/y"), ("folder", "/run"))) == (
        ("process", "100", "4711"), ("node", "/run/y", ""), ("folder", "/run", "x"))
    assert sights.see(files, (("process", "100"), ("process", "101"))) is None
    assert sights.see(Disk(freshread.SILENT), (("header", "vdb 4096"),)) is None
