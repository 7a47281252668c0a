# SPDX-License-Identifier: GPL-2.0-or-later
"""What a healthy monitor imports and starts: exactly this, and another module is a decision.

Times are measured by `make bench`, never here.
"""

import os
import subprocess
import sys

import pytest

from dualstor import bytecode
from model import actions
from simulator import world
from simulator.stage import Stage, healthy

#: Modules that are part of the interpreter, or files of C without any Python above them.
_BUILT_IN = {actions.DRBD: {"_stat", "gc"}, actions.DAEMON: {"_socket", "_stat", "gc"},
             actions.GROUP: {"_stat", "gc"}}


@pytest.fixture(scope="module")
def stage():
    made = Stage(healthy(), python=sys.executable)
    made.settle()
    yield made
    made.close()


@pytest.fixture(scope="module")
def empty():
    made = Stage(world.reach("cluster-up"), python=sys.executable)
    yield made
    made.close()


def imported(argv, environment=None):
    """Names of all modules that a Python program imports, in a set."""
    done = subprocess.run([sys.executable, "-IS", "-v"] + argv, env=environment or {}, check=False,
                          stdin=subprocess.DEVNULL, capture_output=True, text=True)
    return {line.split("'")[1] for line in done.stderr.splitlines()
            if line.startswith("import '")}


@pytest.mark.parametrize("agent", sorted(actions.ACTIONS))
def test_a_healthy_monitor_imports_exactly_its_bundle(stage, agent):
    bare = imported(["-c", "pass"])
    argv, environment = stage.call(agent, "monitor")
    more = imported(argv, environment) - bare
    expected = {"dualstor." + name for name in bytecode.MODULES[agent]} \
        | {"dualstor", "dualstor.quickstart"} | _BUILT_IN[agent]
    optional = {"_posixsubprocess", "fcntl", "encodings.ascii"}    # built in or not, by the distribution
    assert more - optional == expected


@pytest.mark.parametrize("agent", sorted(actions.ACTIONS))
def test_a_probe_that_finds_nothing_imports_no_more_than_a_monitor(empty, agent):
    argv, environment = empty.call(agent, "probe")
    bare = imported(["-c", "pass"])
    more = {name for name in imported(argv, environment) - bare if name.startswith("dualstor.")}
    extra = more - {"dualstor." + name for name in bytecode.MODULES[agent]} - {"dualstor.quickstart"}
    assert extra == set()


@pytest.mark.parametrize("agent, code", [(actions.DRBD, 8), (actions.DAEMON, 0),
                                         (actions.GROUP, 0)])
def test_a_healthy_monitor_runs_no_program(stage, agent, code):
    """Whatever an agent runs is a program of the stage, and each notes that it was run."""
    with stage.lab.state() as cluster:
        before = list(cluster.calls)
    for _ in range(3):
        done = stage.run(agent, "monitor")
        assert (done.returncode, "Traceback" in done.stderr) == (code, False), done.stderr
    with stage.lab.state() as cluster:
        assert cluster.calls == before


@pytest.mark.parametrize("agent", sorted(actions.ACTIONS))
def test_a_probe_that_finds_nothing_runs_no_program(empty, agent):
    with empty.lab.state() as cluster:
        before = list(cluster.calls)
    done = empty.run(agent, "probe")
    assert done.returncode == 7 and done.stderr.count("ocf-exit-reason:") == 1
    with empty.lab.state() as cluster:
        assert cluster.calls == before


def test_the_score_is_written_only_when_it_changes(stage):
    def writes():
        with stage.lab.state() as cluster:
            return [call for call in cluster.calls if call[1] in ("crm_attribute", "crm_master")]
    before = len(writes())
    for _ in range(3):
        stage.run(actions.DRBD, "monitor")
    assert len(writes()) == before
    for name in os.listdir(os.path.join(stage.home, "root", "run", "dualstor")):
        if name.endswith(".score"):
            os.unlink(os.path.join(stage.home, "root", "run", "dualstor", name))
    stage.run(actions.DRBD, "monitor")
    assert len(writes()) == before + 1
    stage.run(actions.DRBD, "monitor")
    assert len(writes()) == before + 1
