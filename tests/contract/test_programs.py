# SPDX-License-Identifier: GPL-2.0-or-later
"""The programs of cman and clvmd say what their transcripts say.

On the simulator, or with ``--real SITUATION`` on this machine, which must be in that situation:
then the commands of cases in it that change nothing are run for real.
"""

import pytest

from contract import situations, transcripts
from dualstor.errors import ToolHung
from dualstor.host.deadline import Deadline
from dualstor.host.host import Host

SECONDS = 20.0      # after which a program counts as hanging
CASES = [case for program in transcripts.programs() for case in transcripts.load(program)]


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


@pytest.mark.parametrize("case", CASES, ids=str)
def test_says_what_its_transcript_says(case, pytestconfig):
    real = pytestconfig.getoption("--real")
    if real is None:
        simulation = situations.make(case)
        for command in case.commands:
            _play(lambda name: simulation.host(name, 1000.0), command)
    elif case.situation == real and not case.given:
        for command in case.commands:
            if command.node == "node1":
                _play(lambda _: Host(Deadline(1000.0)), command)


@pytest.mark.parametrize("program", transcripts.programs())
def test_every_case_tells_its_source_and_has_a_title_of_its_own(program):
    cases = transcripts.load(program)
    assert all(case.source for case in cases)
    titles = [str(case) for case in cases]
    assert len(set(titles)) == len(titles)


@pytest.mark.parametrize("wanted, said, same", [
    ("a <n>\n", "a 12\n", True), ("a <n>\n", "a b\n", False), ("<...>\nend\n", "x\ny\nend\n", True),
    ("a.c\n", "abc\n", False), ("pid <...>, ok\n", "pid 7 of 8, ok\n", True)])
def test_placeholders(wanted, said, same):
    assert transcripts.matches(wanted, said) is same


@pytest.mark.parametrize("text", ["== t\nin: active\nfrom: x\nnode1$ true\n",
                                  "== t\nnode1$ a\n? b\n",
                                  "== t\nwhat: is\n"])
def test_a_transcript_that_is_cut_or_foreign_is_refused(text):
    with pytest.raises((AssertionError, ValueError, KeyError)):
        transcripts.parse("x", text)
