# SPDX-License-Identifier: GPL-2.0-or-later
"""An action that ends before it is done: one reason, in time, and no program of its own is left.

Nothing here measures seconds: what is asserted is that it ends at all, and by what.
"""

import errno
import os
import resource
import signal
import subprocess
import sys
import time

import psutil
import pytest

from dualstor.action import reasons
from dualstor.action.engine import Agent, pursue
from dualstor.action.steps import Case, Request
from dualstor.errors import HostUnreadable, TimeExpired
from dualstor.host import ending, files, run
from dualstor.host.deadline import Deadline
from dualstor.host.host import Host
from dualstor.main import conclude
from sourcetree import TREE

#: An agent in whose only action a tool runs that no signal ends, or our own code without an end.
PROGRAM = """#!%(python)s
import sys
sys.path[:0] = [%(library)r]
from dualstor import main
from dualstor.action.engine import Agent
from dualstor.action.steps import Finish
from dualstor.host.host import Host
from dualstor.ocf.parameters import Action, Interface


class Odd(Agent):
    interface = Interface("odd", "s", "l", (), tuple(
        Action(name, 20) for name in ("start", "stop", "monitor")))

    @staticmethod
    def decide(case):
        return case.forever

    class case_type(Agent.case_type):
        forever: object

    def see_forever(self):
        if %(tool)r:
            self.host.run(("deaf",))
            return Finish(0)
        self.host.run(("true",))
        while True:
            pass


main.catalogue.load = lambda name: Odd
main.script("odd", lambda deadline: Host(deadline, path=(%(folder)r, "/bin", "/usr/bin")))
"""
DEAF = """#!/bin/sh
trap '' HUP INT QUIT TERM USR1 USR2
echo $$ > %s/pid
while :; do sleep 100; done
"""


def _install(path, text):
    path.write_text(text)
    path.chmod(0o755)
    return str(path)


@pytest.fixture
def begin(tmp_path):
    """A function that starts the odd agent; what it leaves behind is killed."""
    _install(tmp_path / "deaf", DEAF % tmp_path)
    started = []

    def work(tool=True, timeout=600.0, **options):
        agent = _install(tmp_path / "odd", PROGRAM % {
            "python": sys.executable, "library": os.path.join(TREE, "lib"), "tool": tool,
            "folder": str(tmp_path)})
        started.append(subprocess.Popen(
            [agent, "start"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, universal_newlines=True, env={
                "OCF_RESOURCE_INSTANCE": "vg0",
                "OCF_RESKEY_CRM_meta_timeout": f"{timeout * 1000:.0f}"},
            preexec_fn=_defaults, **options))
        return started[-1]
    yield work
    for process in started:
        process.kill()
        process.wait()
    pid = tmp_path / "pid"
    if pid.exists() and pid.read_text().strip():
        try:
            os.killpg(int(pid.read_text()), signal.SIGKILL)
        except ProcessLookupError:
            pass


def _defaults():
    for number in ending.SIGNALS:
        signal.signal(number, signal.SIG_DFL)


def _running(tmp_path):
    """The pid of the tool, once it runs."""
    pid = tmp_path / "pid"
    for _ in range(3000):
        if pid.exists() and pid.read_text().strip():
            break
        time.sleep(0.02)
    return int(pid.read_text())


def _gone(pid):
    """Whether a process that was killed has ended, be it that nobody has waited for it yet."""
    for _ in range(3000):
        try:
            if psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
                return True
        except psutil.NoSuchProcess:
            return True
        time.sleep(0.02)
    return False


def _reasons(text):
    return [line[len("ocf-exit-reason:"):] for line in text.splitlines()
            if line.startswith("ocf-exit-reason:")]


@pytest.mark.parametrize("number", ending.SIGNALS, ids=ending.SIGNALS.get)
def test_a_signal_ends_the_running_tool_and_is_named(begin, tmp_path, number):
    agent = begin()
    tool = _running(tmp_path)
    agent.send_signal(number)
    out, err = agent.communicate()
    assert (agent.returncode, out) == (1, "") and "Traceback" not in err
    assert _reasons(err) == [
        f"vg0 was ended by {ending.SIGNALS[number]} before it was done: if this recurs, raise its timeout"]
    assert _gone(tool)


def test_a_signal_that_the_caller_ignores_stays_ignored(monkeypatch):
    set_to = {}
    monkeypatch.setattr(ending.signal, "getsignal", lambda number: signal.SIG_IGN)
    monkeypatch.setattr(ending.signal, "signal", set_to.__setitem__)
    ending.listen()
    assert set(set_to) == {signal.SIGTERM}


def test_the_time_of_an_action_ends_our_own_code(begin):
    _, err = begin(tool=False, timeout=4.0).communicate()
    assert _reasons(err) == ["vg0: the time expired before the answer of `true` was evaluated: "
                             "see how much it prints"]


def test_so_it_does_without_any_command():
    class Slow(Agent):
        class case_type(Case):
            forever: object

        decide = staticmethod(lambda case: case.forever)

        def see_forever(self):
            raise TimeExpired
    agent = Slow(Host(Deadline(20)), Request(action="start", resource="vg0"), None)
    with pytest.raises(TimeExpired) as caught:
        pursue(agent)
    assert str(caught.value.said).startswith("vg0: the time expired while dualstor's own code")


def test_a_short_action_ends_with_a_reason_before_its_time_does(begin, tmp_path):
    """Of 1 s, what the interpreter took counts, and a tool has parts of the reserve to end."""
    agent = begin(timeout=1.0)
    _, err = agent.communicate()
    assert agent.returncode == 1 and len(_reasons(err)) == 1


@pytest.mark.parametrize("seconds", [0.2, 1.0, 2.0, 4.0, 20.0, 300.0])
@pytest.mark.parametrize("used", [0.0, 0.1, 5.0, 1000.0])
def test_all_parts_of_the_time_add_up(seconds, used):
    now = [100.0]
    deadline = Deadline(seconds, lambda: now[0], used)
    counted = min(used, seconds / 4)
    assert deadline.remaining > 0 and deadline.elapsed == pytest.approx(counted)
    left = seconds - counted
    assert deadline.remaining + 2 * deadline.grace < deadline.last < left
    assert deadline.grace <= 0.5 and deadline.share(3).grace == deadline.grace


def test_a_tool_gets_the_grace_of_its_action(monkeypatch):
    given = []
    monkeypatch.setattr(run, "run", lambda *_, grace: given.append(grace))
    for seconds in (1.0, 20.0):
        Host(Deadline(seconds)).run(("true",))
    assert given == [0.125, 0.5]


@pytest.mark.parametrize("seconds", [-1.0, 0.0, 1e-9, 1e6, 1e15, float("inf")])
def test_any_time_can_be_set(monkeypatch, seconds):
    """A timeout that is a number of 18 digits is one, too."""
    monkeypatch.setattr(ending, "_LEAST", 500.0)
    before = signal.getsignal(signal.SIGALRM)
    try:
        ending.limit(seconds)
        assert 400 < signal.getitimer(signal.ITIMER_REAL)[0] <= 1e6
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def test_a_process_knows_its_age():
    began = psutil.Process().create_time()
    assert abs(time.time() - began - ending.age()) < 60


# -- a node that gives no more --------------------------------------------------------------------

@pytest.mark.parametrize("problem", [
    OSError(errno.EMFILE, "Too many open files"), OSError(errno.ENFILE, "x"), MemoryError(),
    OSError(errno.EAGAIN, "x"),
    HostUnreadable("/proc/drbd", OSError(errno.EMFILE, "Too many open files"))])
def test_what_the_system_refuses_is_said_to_be_its_limit(problem):
    assert reasons.of(problem, "vg0").reason is reasons.EXHAUSTED


@pytest.mark.parametrize("problem", [OSError(errno.EMFILE, "x"), KeyError("x")])
def test_the_reason_is_printed_though_no_module_can_be_imported(monkeypatch, capsys, problem):
    for name in ("logging", "traceback"):
        monkeypatch.delitem(sys.modules, name, raising=False)

    def nothing(name, *_):
        if name in ("logging", "traceback"):
            raise OSError(errno.EMFILE, "Too many open files")
        return found(name, *_)
    found = __import__
    monkeypatch.setattr("builtins.__import__", nothing)

    def work():
        raise problem
    code = conclude("clvmd", "start", work)
    monkeypatch.undo()
    assert code == 1 and len(_reasons(capsys.readouterr().err)) == 1


@pytest.mark.parametrize("agent", ["drbd-dualprimary", "clvmd", "clustered-vg"])
@pytest.mark.parametrize("action", ["start", "stop", "monitor"])
def test_with_few_descriptors_there_is_one_reason(agent, action):
    """Below four a Python does not even start."""
    for number in (4, 5, 6, 7, 9, 12):
        done = subprocess.run(
            [os.path.join(TREE, "ocf", agent), action], stdin=subprocess.DEVNULL,
            capture_output=True, text=True, check=False, env={
                "OCF_RESKEY_vgname": "no-such-vg", "OCF_RESKEY_drbd_resource": "none"},
            preexec_fn=lambda most=number: resource.setrlimit(resource.RLIMIT_NOFILE, (most, most)))
        assert done.returncode not in (1, 2, 3, 4, 5, 6) or len(_reasons(done.stderr)) == 1, done
        assert "Traceback" not in done.stderr.replace("ERROR: Traceback", ""), done


def test_a_file_without_an_end_is_not_read_to_it(tmp_path, monkeypatch):
    """300,000 lines of /proc/drbd took a minute."""
    monkeypatch.setattr(files, "_MOST", 1 << 17)
    (tmp_path / "big").write_bytes(b"x" * (1 << 18))
    (tmp_path / "whole").write_bytes(b"x" * (1 << 17))
    here = files.Files(str(tmp_path))
    assert len(here.read("/whole")) == 1 << 17
    with pytest.raises(HostUnreadable, match="larger than"):
        here.read("/big")


def test_of_a_deed_that_is_repeated_only_the_last_output_is_kept():
    from dualstor.action.steps import Done
    from dualstor.tools.lvm import LvmOutcome
    from dualstor.tools.lvm_messages import classify
    case = Case(Request(action="start"), None)
    for number in range(5):
        said = LvmOutcome(ok=False, says="no", messages=classify("a\nb\n"))
        case = case.aged(float(number), lambda *_: False, Done(classify, (), said, float(number)))
    assert [len(done.outcome.messages) for done in case.history] == [0, 0, 0, 0, 2]
    assert {done.outcome.says for done in case.history} == {"no"}
