# SPDX-License-Identifier: GPL-2.0-or-later
"""The executables: a healthy monitor ends before the framework is imported, and starts nothing.

Times are measured by `make bench`, never here.
"""

import os
import subprocess
import sys

import pytest

from dualstor.look.well import LASTS, place
from model import actions
from paper import kept
from simulator import world
from simulator.stage import Stage, healthy

#: What a monitor of each agent exits with.
CODES = ((actions.DRBD, 8), (actions.DAEMON, 0), (actions.GROUP, 0))


@pytest.fixture(scope="module")
def stage():
    made = Stage(healthy(), python=sys.executable)
    made.settle()
    yield made
    made.close()


@pytest.fixture
def looked(stage):
    """The stage, on which a monitor of each agent has just had its full look."""
    for agent in actions.ACTIONS:
        for _ in range(2):      # the first may have something to do
            stage.run(agent, "monitor")
    return stage


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


#: Of the framework, what the healthy look is made of.
CHEAP = {"dualstor", "dualstor.script", "dualstor.record", "dualstor.host", "dualstor.host.files",
         "dualstor.host.memory", "dualstor.host.freshread"}


def dear(argv, environment):
    """What a run imports of our framework and of Python's library, beyond a bare interpreter's."""
    more = imported(argv, environment) - imported(["-c", "pass"])
    return {name for name in more
            if name.partition(".")[0] not in sys.builtin_module_names
            and not name.startswith(("dualstor.look", "dualstor.kernel", "encodings"))
            and name not in CHEAP | {"_posixsubprocess", "fcntl"}}


@pytest.mark.parametrize("agent", sorted(actions.ACTIONS))
def test_a_healthy_monitor_needs_no_framework(looked, agent):
    assert dear(*looked.call(agent, "monitor")) == set()


@pytest.mark.parametrize("agent", sorted(actions.ACTIONS))
def test_metadata_need_no_framework(stage, agent):
    argv, environment = stage.call(agent, "monitor")
    assert dear([argv[0], "meta-data"], environment) <= {"dualstor.ocf", "dualstor.ocf.document"}


def notified(stage, agent, kind):
    """The call of notify before or after something is done to the clone's instances."""
    argv, environment = stage.call(agent, "monitor")
    return [argv[0], "notify"], dict(environment, OCF_RESKEY_CRM_meta_notify_type=kind,
                                     OCF_RESKEY_CRM_meta_notify_operation="start")


def test_a_notification_of_what_will_be_done_needs_no_framework(stage):
    """Half of all notifications: two for each start, promotion, demotion and stop of each resource."""
    argv, environment = notified(stage, actions.DRBD, "pre")
    assert dear(argv, environment) == set()
    assert subprocess.run(argv, env=environment, check=False).returncode == 0
    assert "dualstor.main" in dear(*notified(stage, actions.DRBD, "post"))


@pytest.mark.parametrize("agent", [actions.DAEMON, actions.GROUP])
def test_what_takes_no_notifications_refuses_one(stage, agent):
    argv, environment = notified(stage, agent, "pre")
    assert subprocess.run(argv, env=environment, check=False, capture_output=True).returncode == 3


@pytest.mark.parametrize("agent", sorted(actions.ACTIONS))
def test_another_level_and_another_parameter_are_for_the_framework(stage, agent):
    argv, environment = stage.call(agent, "monitor")
    assert "dualstor.main" in dear(argv, dict(environment, OCF_CHECK_LEVEL="10"))
    assert "dualstor.main" in dear(argv, dict(environment, OCF_RESKEY_more="x"))


@pytest.mark.parametrize("agent, code", CODES)
def test_what_is_repeated_is_what_was_said(stage, agent, code):
    """The same code and the same one reason, on stderr alone."""
    argv, environment = stage.call(agent, "monitor")
    os.unlink(stage.home + "/root" + kept(*place(agent, agent)))
    first, second = (subprocess.run(argv, env=environment, capture_output=True, text=True,
                                    check=False) for _ in range(2))
    assert (first.returncode, first.stdout) == (second.returncode, second.stdout) == (code, "")
    reasons = [[line for line in done.stderr.splitlines() if line.startswith("ocf-exit-reason:")]
               for done in (first, second)]
    assert reasons[0] == reasons[1] and len(reasons[0]) == (code != 0)


@pytest.mark.parametrize("agent, code", CODES)
def test_an_answer_of_more_than_a_minute_ago_is_not_repeated(looked, agent, code):
    stage, path = looked, looked.home + "/root" + kept(*place(agent, agent))
    with open(path, encoding="utf-8") as stream:
        lines = stream.read().split("\n")
    lines[1] = "at\t%.3f" % (float(lines[1].split("\t")[1]) - LASTS - 1)
    with open(path, "w", encoding="utf-8") as stream:
        stream.write("\n".join(lines))
    argv, environment = stage.call(agent, "monitor")
    assert "dualstor.main" in dear(argv, environment)
    assert stage.run(agent, "monitor").returncode == code
    assert dear(argv, environment) == set(), "and what it found is kept again"


@pytest.mark.parametrize("agent", sorted(actions.ACTIONS))
def test_a_caller_who_listens_to_nothing_gets_the_code(stage, agent):
    argv, environment = stage.call(agent, "monitor")
    sound = stage.run(agent, "monitor").returncode
    done = subprocess.run(["/bin/sh", "-c", 'exec "$@" >&- 2>&- <&-', "sh"] + argv, env=environment,
                          check=False)
    assert done.returncode == sound
    with open("/dev/full", "wb") as full:
        assert subprocess.run(argv, env=environment, stdout=full, stderr=full,
                              check=False).returncode == sound


@pytest.mark.parametrize("agent, code", CODES)
def test_a_healthy_monitor_runs_no_program(looked, agent, code):
    """Whatever an agent runs is a program of the stage, and each notes that it was run."""
    with looked.lab.state() as cluster:
        before = list(cluster.calls)
    for _ in range(3):
        done = looked.run(agent, "monitor")
        assert (done.returncode, "Traceback" in done.stderr) == (code, False), done.stderr
    with looked.lab.state() as cluster:
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
        if name.endswith("~score") or name.startswith("well~"):
            os.unlink(os.path.join(stage.home, "root", "run", "dualstor", name))
    stage.run(actions.DRBD, "monitor")
    assert len(writes()) == before + 1
    stage.run(actions.DRBD, "monitor")
    assert len(writes()) == before + 1
