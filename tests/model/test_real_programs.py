# SPDX-License-Identifier: GPL-2.0-or-later
"""Faults that only real processes have, met by the real runner and the agents' wrappers.

The simulated programs run from PATH; what the runner returns and leaves
behind is what an agent on a broken host would get.
"""

import os
import signal
import time

import pytest

from dualstor.errors import ToolHung, ToolMissing
from dualstor.host.deadline import Deadline
from dualstor.kernel import devmapper, process
from simulator import faults


@pytest.fixture
def host(lab):
    return lab.host("node1", Deadline(60))


def _children():
    """Pids of processes whose parent we are."""
    me, found = os.getpid(), []
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                with open("/proc/%s/stat" % name, encoding="utf-8", errors="replace") as stream:
                    fields = stream.read().rpartition(")")[2].split()
            except OSError:
                continue
            if int(fields[1]) == me and fields[0] not in "ZX":
                found.append(int(name))
    return found


def test_programs_share_one_state(lab, host):
    made = host.run(("lvcreate", "-n", "lv2", "-L", "4m", "vg0"))
    assert made.ok, made.complaint()
    assert "lv2" in [v.lv for v in devmapper.volumes(host)]
    other = lab.host("node2", Deadline(60))
    assert "lv2" in other.run(("lvs", "--noheadings", "-o", "lv_name", "vg0")).stdout
    assert "lv2" not in [v.lv for v in devmapper.volumes(other)]


@pytest.mark.parametrize("kind", [faults.HANG, faults.HANG_HARD, faults.DRIP, faults.HANG_AFTER])
def test_what_hangs_is_ended(lab, host, kind):
    lab.inject(faults.fault("vgs", kind))
    before = _children()
    with pytest.raises(ToolHung) as caught:
        host.run(("vgs",), timeout=1.5)
    assert not caught.value.abandoned
    assert set(_children()) <= set(before)


def test_what_waits_for_quorum_is_ended(lab, host):
    with lab.state() as cluster:
        cluster.two_node = False
        cluster.cluster_link = cluster.fencing_works = False
        for node in cluster.nodes.values():
            node.members = [node.id]
    with pytest.raises(ToolHung):
        host.run(("vgs",), timeout=1.5)
    assert host.run(("corosync-quorumtool", "-s")).returncode == 2


def test_grandchild_with_the_pipe_does_not_delay(lab, host):
    lab.inject(faults.fault("vgs", faults.GRANDCHILD))
    daemons = set(lab.pids())
    done = host.run(("vgs",), timeout=30)
    assert done.ok and "vg0" in done.stdout
    assert set(lab.pids()) - daemons, "the grandchild is meant to be still there"


def test_flood_is_cut(lab, host):
    lab.inject(faults.fault("vgs", faults.FLOOD))
    done = host.run(("vgs",), timeout=30)
    assert done.truncated and len(done.stdout) <= 4 << 20


def test_flood_of_errors_alone_is_cut_and_the_work_is_done(lab, host):
    lab.inject(faults.fault("vgs", faults.FLOOD_ERRORS))
    done = host.run(("vgs",), timeout=30)
    assert done.ok and done.truncated and len(done.stderr) <= 4 << 20 and "vg0" in done.stdout


@pytest.mark.parametrize("kind, shows, says", [
    (faults.CLOSED, False, ""), (faults.EMPTY, False, ""), (faults.NOISE, True, "leaked"),
    (faults.MIXED, True, ""), (faults.SLOW, True, ""), (faults.LATE, True, "")])
def test_what_a_program_says_arrives_as_it_is(lab, host, kind, shows, says):
    lab.inject(faults.fault("vgs", kind, seconds=0.5))
    done = host.run(("vgs",), timeout=30)
    assert done.ok and ("vg0" in done.stdout) is shows and says in done.stderr
    assert ("leaked" in done.stdout) is (kind == faults.MIXED)


def test_half_an_output_ends_with_0(lab, host):
    whole = host.run(("lvs", "-o", "lv_name")).stdout
    lab.inject(faults.fault("lvs", faults.PARTIAL))
    half = host.run(("lvs", "-o", "lv_name"))
    assert half.ok and half.stdout == whole[:len(whole) // 2]


def test_another_language_is_not_understood_but_arrives(lab, host):
    lab.inject(faults.fault("*", faults.FOREIGN))
    assert "2,03" in host.run(("lvm", "version")).stdout
    assert "\u00e4" in host.run(("vgs", "no-such-vg")).stderr


@pytest.mark.parametrize("code", [1, 2, 3, 5, 10, 11, 17, 20, 42, 127, 255])
def test_every_exit_code_is_told(lab, host, code):
    lab.inject(faults.fault("vgs", faults.EXIT, code=code, text="why"))
    done = host.run(("vgs",))
    assert (done.returncode, done.complaint()) == (code, "why (exit code %d)" % code)


@pytest.mark.parametrize("kind, words", [
    (faults.ABSENT, "not found"), (faults.NOT_EXECUTABLE, "not executable"),
    (faults.BAD_FORMAT, "cannot be executed")])
def test_what_cannot_be_started_is_missing(lab, host, kind, words):
    lab.inject(faults.fault("vgs", kind))
    with pytest.raises(ToolMissing, match=words):
        host.run(("vgs",))


def test_killed_by_a_signal(lab, host):
    lab.inject(faults.fault("vgs", faults.KILLED, code=signal.SIGSEGV))
    assert host.run(("vgs",)).returncode == -signal.SIGSEGV


def test_bytes_that_are_not_text(lab, host):
    lab.inject(faults.fault("vgs", faults.GARBAGE))
    assert "\\xff" in host.run(("vgs",)).stdout


def _daemon(host):
    return process.look(host, int(host.read("/run/lvmlockd.pid")))


def test_daemon_that_is_stopped_answers_nobody_and_is_seen(lab, host):
    lab.signal("node1", "lvmlockd", signal.SIGSTOP)
    assert host.connect("/run/lvm/lvmlockd.socket", 2) is None
    with pytest.raises(ToolHung):
        host.run(("lvmlockctl", "--info"), timeout=1.5)
    assert _daemon(host).state == "T"


def _wait_gone(host, found):
    end = time.monotonic() + 20
    while not getattr(process.look(host, found.pid), "over", True):
        assert time.monotonic() < end, "the daemon does not end"
        time.sleep(0.02)


def test_daemon_ignores_sigterm_until_its_lockspaces_are_gone(lab):
    host = lab.host("node2", Deadline(60))
    found = _daemon(host)
    host.kill(found.pid, signal.SIGTERM)
    assert host.run(("lvmlockctl", "--info")).ok
    assert host.run(("vgchange", "-aln", "vg0")).ok
    assert host.run(("lvmlockctl", "--stop-lockspaces")).ok
    host.kill(found.pid, signal.SIGTERM)
    _wait_gone(host, found)
    assert host.read("/run/lvmlockd.pid") is None
    assert host.connect("/run/lvm/lvmlockd.socket", 2) == "No such file or directory"


def test_daemon_that_was_killed_leaves_its_files(lab, host):
    found = _daemon(host)
    lab.signal("node1", "lvmlockd", signal.SIGKILL)
    _wait_gone(host, found)
    assert host.read("/run/lvmlockd.pid") == "%d\n" % found.pid
    assert _daemon(host) is None
    assert host.connect("/run/lvm/lvmlockd.socket", 2) == "Connection refused"
    assert host.run(("lvmlockd",)).ok
    assert host.connect("/run/lvm/lvmlockd.socket", 2) is None
