# SPDX-License-Identifier: GPL-2.0-or-later
"""The programs of cman and clvmd say what their transcripts say.

On the simulator, or with ``--real SITUATION`` on this machine, which must be in that situation
(``"SITUATION; CHANGE"`` with one of the changes that a case may have as given): then the cases
that are about it, its LVM and its engine are run for real, and nothing else is. Each is played
from a clean state: with ``--reset COMMAND`` that is run before each; without, those that change
the machine are left out, as the simulator tells which do. It needs pytest, not hypothesis:

    python3 -m pytest tests/contract/test_programs.py --real "nothing started" --reset ./reset.sh
"""

import pickle

import pytest

from contract import real, situations, transcripts
from dualstor.errors import ToolHung
from dualstor.host.deadline import Deadline
from dualstor.host.host import Host

SECONDS = 20.0      # after which a program counts as hanging
CASES = [case for program in transcripts.programs() for case in transcripts.load(program)]


def changes(case):
    """Whether a Case leaves the cluster in another state than it found: the simulator tells."""
    simulation = situations.make(case)
    simulation.advance(0.0)
    before = _state(simulation)
    for command in case.commands:
        try:
            simulation.host(command.node, 1000.0).run(command.argv, SECONDS)
        except ToolHung:
            return True
    return _state(simulation) != before


def _state(simulation):
    cluster = simulation.cluster
    return pickle.dumps((cluster.nodes, cluster.groups, cluster.conf_version,
                         cluster.expected_votes))


def pytest_generate_tests(metafunc):
    """Of the cases only those that are played are tests, so no other can pass."""
    if "case" not in metafunc.fixturenames:
        return
    where = metafunc.config.where
    if where is None:
        metafunc.parametrize("case", CASES, ids=str)
        return
    played, metafunc.config.not_played = real.choose(CASES, where, changes)
    metafunc.parametrize("case", [
        pytest.param(case, marks=pytest.mark.real(where.situation)) for case in played] or [None],
        ids=str)     # None has no mark, so it is no test


def _play(host, command):
    """Run a command and compare."""
    if command.code == transcripts.HANGS:
        with pytest.raises(ToolHung):
            host(command.node).run(command.argv, SECONDS)
        return
    done = host(command.node).run(command.argv, SECONDS * 4)
    said = (done.stdout, done.stderr, done.returncode)
    if not (transcripts.matches(command.stdout, done.stdout)
            and transcripts.matches(command.stderr, done.stderr)):
        assert said == (command.stdout, command.stderr, command.code)
    assert done.returncode == command.code, said


def test_says_what_its_transcript_says(case, pytestconfig):
    where = pytestconfig.where
    if where is None:
        simulation = situations.make(case)
        for command in case.commands:
            _play(lambda name: simulation.host(name, 1000.0), command)
    else:
        real.restore(where)
        for command in case.commands:
            _play(lambda _: Host(Deadline(1000.0)), command)


@pytest.mark.parametrize("program", transcripts.programs())
def test_every_case_tells_its_source_and_has_a_title_of_its_own(program):
    cases = transcripts.load(program)
    assert all(case.source for case in cases)
    titles = [str(case) for case in cases]
    assert len(set(titles)) == len(titles)


@pytest.mark.parametrize("wanted, said, same", [
    ("a <n>\n", "a 12\n", True), ("a <n>\n", "a b\n", False), ("<...>\nend\n", "x\ny\nend\n", True),
    ("a.c\n", "abc\n", False), ("M <n> x\n", "M     36 x\n", True),
    ("at <time>!\n", "at 2026-11-24 05:10:55!\n", True), ("at <time>!\n", "at noon!\n", False),
    ("pid <...>, ok\n", "pid 7 of 8, ok\n", True)])
def test_placeholders(wanted, said, same):
    assert transcripts.matches(wanted, said) is same


@pytest.mark.parametrize("text", ["== t\nin: active\nfrom: x\nnode1$ true\n",
                                  "== t\nnode1$ a\n? b\n",
                                  "== t\nwhat: is\n"])
def test_a_transcript_that_is_cut_or_foreign_is_refused(text):
    with pytest.raises((AssertionError, ValueError, KeyError)):
        transcripts.parse("x", text)
