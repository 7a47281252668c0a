# SPDX-License-Identifier: GPL-2.0-or-later
"""The agents over real processes: when every program hangs and ignores SIGTERM, nothing is left behind."""

import contextlib
import io
import os
import shutil
import tempfile

import pytest

from dualstor.deadline import Deadline
from dualstor.main import conclude, load, perform
from dualstor.ocf.codes import MONITOR_ONLY
from model import actions
from model.actions import DAEMON, DRBD, GROUP
from simulator import faults, path, world

SECONDS = 4.0


@pytest.fixture
def lab():
    folder = tempfile.mkdtemp(prefix="sim", dir="/tmp")    # short: sockets lie below it
    made = path.Lab(folder, world.reach("active"))
    yield made
    made.close()
    shutil.rmtree(folder)


def _run(lab, agent, action):
    """Exit code and exit reasons of an action on node1."""
    said = io.StringIO()
    environ = actions.environ(agent, action, "node1", SECONDS)
    with contextlib.redirect_stderr(said):
        code = conclude(agent, action, lambda: perform(
            load(agent), action, environ, lambda _: lab.host("node1", Deadline(SECONDS))))
    return code, [line for line in said.getvalue().splitlines()
                  if line.startswith("ocf-exit-reason:")]


def _programs(lab):
    """Pids of the simulated programs that still run: their command line names the lab."""
    found = []
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                with open("/proc/%s/cmdline" % name, "rb") as stream:
                    words = stream.read().decode("utf-8", "replace").split("\0")
            except OSError:
                continue
            if any(word.startswith(lab.folder + "/node") and "/bin/" in word for word in words):
                found.append(int(name))
    return found


@pytest.mark.parametrize("agent, action", [
    (GROUP, "start"), (GROUP, "stop"), (DAEMON, "start"), (DAEMON, "stop"), (DRBD, "promote"),
    (DRBD, "stop")])
def test_nothing_is_left_when_every_program_hangs(lab, agent, action):
    lab.inject(faults.fault("*", faults.HANG_HARD))
    files = len(os.listdir("/proc/self/fd"))
    code, reasons = _run(lab, agent, action)
    assert code not in MONITOR_ONLY
    assert len(reasons) == (code != 0)
    assert "unexpected" not in "".join(reasons)
    assert _programs(lab) == []
    assert len(os.listdir("/proc/self/fd")) == files
    drafts = [name for _, _, names in os.walk(os.path.join(lab.folder, "node1", "root", "run"))
              for name in names if name.endswith(".%d" % os.getpid())]
    assert drafts == []


@pytest.mark.parametrize("agent", [GROUP, DAEMON, DRBD])
def test_what_runs_is_seen_running_with_real_programs(lab, agent):
    code, reasons = _run(lab, agent, "monitor")
    assert code == (8 if agent == DRBD else 0), reasons
