# SPDX-License-Identifier: GPL-2.0-or-later
"""Agents as processes, in surroundings and with ends that only processes have."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import pytest

from dualstor.agents.catalogue import NAMES as AGENTS
from dualstor.host.memory import STATE_DIR
from dualstor.ocf.codes import MONITOR_ONLY
from model import actions, leftovers
from model.actions import DAEMON, DRBD, GROUP
from simulator import faults
from sourcetree import TREE

_LONG = 120     # seconds after which a test gives a process up

#: How a shell prepares the surroundings of the command in "$@".
SURROUNDINGS = {
    "working folder deleted": 'd=$(mktemp -d); cd "$d"; rmdir "$d"; exec "$@"',
    "stdin closed": 'exec "$@" <&-',
    "stdout closed": 'exec "$@" >&-',
    "stdout is a broken pipe": '"$@" | true; exit "${PIPESTATUS[0]}"',
    "stdout is full": 'exec "$@" >/dev/full',
    "stderr closed": 'exec "$@" 2>&-',
    "stderr is full": 'exec "$@" 2>/dev/full',
    "all closed": 'exec "$@" <&- >&- 2>&-',
    "few files": 'ulimit -n 16; exec "$@"',
    "umask 077": 'umask 077; exec "$@"',
    "umask 000": 'umask 000; exec "$@"',
    "SIGPIPE ignored": 'trap "" PIPE; exec "$@"',
}


def start(lab, agent, action, how='exec "$@"', timeout=60.0):
    """An agent's process on node1, as Popen."""
    patience = {"connect_timeout": "1"} if agent == DRBD else {}
    return subprocess.Popen(
        ["bash", "-c", how, "bash"] + lab.agent_command("node1", agent, action),
        env=dict(actions.environ(agent, action, "node1", timeout, **patience),
                 PATH=os.environ["PATH"]),
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def run(lab, agent, action, how='exec "$@"', timeout=60.0):
    """(exit code, exit reasons) of an agent's process on node1; no traceback, ever."""
    process = start(lab, agent, action, how, timeout)
    stdout, stderr = process.communicate(timeout=_LONG)
    assert stdout == "" and "Traceback" not in stderr, stderr
    reasons = [line for line in stderr.splitlines() if line.startswith("ocf-exit-reason:")]
    assert "unexpected" not in "".join(reasons)
    assert process.returncode >= 0
    if action != "monitor":
        assert process.returncode not in MONITOR_ONLY
    return process.returncode, reasons


@pytest.mark.parametrize("how", sorted(SURROUNDINGS))
def test_surroundings_have_no_say(lab, how):
    """Down and up again, as on a good day."""
    shell = SURROUNDINGS[how]
    for action in ("stop", "start"):
        assert run(lab, GROUP, action, shell) == (0, []), action
    assert run(lab, DRBD, "monitor", shell)[0] == 8
    assert leftovers.programs(lab) == [] and leftovers.drafts(lab) == []
    folder = lab.folder + "/node1/root" + STATE_DIR
    assert os.stat(folder).st_mode & 0o777 == 0o700


@pytest.mark.skipif(os.getuid() != 0, reason="root alone mounts")
@pytest.mark.parametrize("options", ["ro,mode=700", "size=4k,nr_inodes=2,mode=700", "mode=777"])
def test_without_a_folder_for_its_state_all_works(lab, options):
    """Read-only, full, or not safe to use."""
    mount = 'd="%s/node1/root%s"; mkdir -p "$d"; mount -t tmpfs -o %s none "$d"; exec "$@"' % (
        lab.folder, STATE_DIR, options)
    for action in ("stop", "start", "monitor"):
        shell = "exec unshare -m bash -c '%s' bash \"$@\"" % mount
        assert run(lab, GROUP, action, shell) == (0, []), action


@pytest.mark.parametrize("agent", AGENTS)
def test_as_nobody_it_says_what_it_lacks(agent):
    """From a copy: the tree itself may lie in a private folder."""
    copy = tempfile.mkdtemp(prefix="dualstor-test-")
    try:
        for part in ("ocf", "lib", "metadata"):
            shutil.copytree(os.path.join(TREE, part), os.path.join(copy, part))
        os.chmod(copy, 0o755)
        for action in ("start", "stop", "monitor", "validate-all"):
            done = subprocess.run(
                [os.path.join(copy, "ocf", agent), action], cwd="/",
                env=dict(actions.environ(agent, action, "node1", 20.0)),
                user="nobody" if os.getuid() == 0 else None, stdin=subprocess.DEVNULL,
                capture_output=True, text=True, timeout=_LONG, check=False)
            assert "Traceback" not in done.stderr and "unexpected" not in done.stderr
            assert done.stderr.count("ocf-exit-reason:") == (done.returncode != 0)
    finally:
        shutil.rmtree(copy)


@pytest.mark.parametrize("agent, action", [(GROUP, "start"), (DAEMON, "start"), (GROUP, "stop"),
                                           (DRBD, "monitor"), (GROUP, "monitor")])
def test_two_instances_at_once(lab, agent, action):
    if action == "start":
        assert run(lab, GROUP, "stop") == (0, [])
    if (agent, action) == (DAEMON, "start"):
        assert run(lab, DAEMON, "stop") == (0, [])
    both = [start(lab, agent, action) for _ in range(2)]
    for process in both:
        _, stderr = process.communicate(timeout=_LONG)
        assert process.returncode == (8 if agent == DRBD else 0), stderr
    code, reasons = run(lab, agent, "monitor")
    assert code == (7 if action == "stop" else 8 if agent == DRBD else 0), reasons
    assert leftovers.drafts(lab) == []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL], ids=["SIGTERM", "SIGKILL"])
@pytest.mark.parametrize("agent, state, action", [
    (GROUP, "group", "start"), (DAEMON, "both-primary", "start"), (DRBD, "cluster-up", "start"),
    (DRBD, "both-secondary", "promote"), (GROUP, "active", "stop")])
def test_after_an_end_in_the_middle_the_next_stop_and_start_succeed(make_lab, agent, state, action,
                                                                    number):
    lab = make_lab(state)
    for programs in (1, 4):
        begun = len(lab.calls()) + programs
        process = start(lab, agent, action)
        while process.poll() is None and len(lab.calls()) < begun:
            time.sleep(0.01)
        process.send_signal(number)
        _, stderr = process.communicate(timeout=_LONG)
        assert process.returncode in (0, 1, -number), stderr
        assert stderr.count("ocf-exit-reason:") == (process.returncode == 1)
        if process.returncode == 1:
            assert "SIGTERM" in stderr
        if number == signal.SIGTERM:
            assert leftovers.drafts(lab) == []
        assert run(lab, agent, "stop") == (0, [])
        assert run(lab, agent, "start") == (0, [])
        if action == "start":
            assert run(lab, agent, "stop") == (0, [])


@pytest.mark.parametrize("agent, action, kind", [
    (GROUP, "start", faults.FLOOD), (GROUP, "stop", faults.FLOOD_ERRORS),
    (DAEMON, "stop", faults.DRIP), (GROUP, "start", faults.GRANDCHILD),
    (DRBD, "demote", faults.CLOSED), (DRBD, "promote", faults.PARTIAL),
    (DAEMON, "start", faults.KILLED), (DRBD, "stop", faults.GARBAGE)])
def test_whatever_every_program_does_the_action_ends_and_says_why(lab, agent, action, kind):
    lab.inject(faults.fault("*", kind, code=signal.SIGSEGV))
    code, reasons = run(lab, agent, action, timeout=8.0)
    assert len(reasons) == (code != 0)
    assert leftovers.programs(lab) == [] or kind == faults.GRANDCHILD
    assert leftovers.drafts(lab) == []


def test_the_clock_of_the_wall_has_no_say(lab, monkeypatch):
    """It jumps by an hour at each look; deadlines are on the monotonic clock."""
    jumps = iter(range(0, 10 ** 9, 3600))
    monkeypatch.setattr(time, "time", lambda: float(next(jumps)))
    from dualstor.host.deadline import Deadline
    host = lab.host("node1", Deadline(30))
    assert host.run(("vgs",), timeout=20).ok
    assert 0 < host.deadline.remaining <= 30 and sys.modules["dualstor.host.run"]
