# SPDX-License-Identifier: GPL-2.0-or-later
"""--real: which transcripts are played on a machine, and that no other counts."""

import os
import subprocess
import sys

import pytest

from contract import real, test_programs, transcripts

TREE = os.path.abspath(os.path.join(os.path.dirname(__file__), os.pardir, os.pardir))
_WITHOUT = """import sys


class Refusing:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == "hypothesis":
            raise ModuleNotFoundError("No module named hypothesis", name=name)


sys.meta_path.insert(0, Refusing())
import pytest
sys.exit(pytest.main(sys.argv[1:]))
"""
CLVMD = transcripts.Case(program="clvmd", title="t", situation="clvmd runs", source="seen",
                         commands=(transcripts.Command(node="node1", argv=("clvmd", "-R")),))
HERE = real.Machine(situation="clvmd runs", lvm="2.02.188")


@pytest.mark.parametrize("case, where, why", [
    (CLVMD, HERE, None),
    (CLVMD.but(situation="nothing started"), HERE, real.OTHER_SITUATION),
    (CLVMD.but(given=("no quorum",)), HERE, real.OTHER_SITUATION),
    (CLVMD.but(given=("no quorum",)), HERE.but(given=("no quorum",)), None),
    (CLVMD, HERE.but(given=("no quorum",)), real.OTHER_SITUATION),
    (CLVMD, HERE.but(lvm="2.02.84"), real.OTHER_LVM),
    (CLVMD.but(program="fence_tool"), HERE.but(lvm="2.02.84"), None),
    (CLVMD, HERE.but(engine="corosync"), real.OTHER_ENGINE),
    (CLVMD, HERE.but(node="node2"), real.BOTH_NODES),
    (CLVMD.but(commands=CLVMD.commands + (CLVMD.commands[0].but(node="node2"),)), HERE,
     real.BOTH_NODES),
    (CLVMD.but(title="changes"), HERE, real.CHANGES),
    (CLVMD.but(title="changes"), HERE.but(reset="true"), None)])
def test_what_is_played(case, where, why):
    assert real.obstacle(case, where, lambda each: each.title == "changes") == why
    played, others = real.choose([case], where, lambda each: each.title == "changes")
    assert (played, others) == (([case], []) if why is None else ([], [(case, why)]))


@pytest.mark.parametrize("program, title, changing", [
    ("cman_tool", "version", False), ("cman_tool", "without cman", False),
    ("cman_tool", "join", True), ("cman_tool", "expected", True), ("cman_tool", "votes", True),
    ("clvmd", "ready", True), ("clvmd", "a failed start leaves its socket behind", True),
    ("clvmd", "-V", False), ("cmirrord", "starts", True), ("ccs_config_validate", "one that is not",
                                                           False),
    ("lvm", "version takes no lock", False), ("lvm", "a new volume is active on both nodes at once",
                                              True)])
def test_the_simulator_tells_what_changes_the_machine(program, title, changing):
    case = next(c for c in transcripts.load(program) if c.title == title)
    assert test_programs.changes(case) is changing


def test_the_machine_is_found_out():
    assert real.version("  LVM version:     2.02.188(2) (2021-05-07)\n") == "2.02.188"
    assert real.version("  LVM version:     2.02.84(2)-cvs (2011-02-09)\n") == "2.02.84"
    assert real.version("lvm: not found\n") is None
    made = real.machine("active on both; no quorum;x", "2.02.98", "cman")
    assert (made.situation, made.given) == ("active on both", ("no quorum", "x"))
    assert (made.lvm, made.engine, made.node) == ("2.02.98", "cman", "node1")


def test_a_reset_that_fails_is_an_error():
    real.restore(HERE)
    real.restore(HERE.but(reset="true"))
    with pytest.raises(RuntimeError, match="ended with 3: why"):
        real.restore(HERE.but(reset="echo why; exit 3"))


def collected(*options):
    """(exit code, titles of the tests that would run, the rest of what is said), without
    hypothesis."""
    done = subprocess.run(
        [sys.executable, "-c", _WITHOUT, "-p", "no:cacheprovider", "-q", "--collect-only",
         "tests/contract/test_programs.py", "tests/contract/test_sockets.py", *options],
        cwd=TREE, capture_output=True, text=True, check=False,
        env=dict(os.environ, PYTEST_DISABLE_PLUGIN_AUTOLOAD="1"))
    lines = done.stdout.splitlines()
    return done.returncode, [line for line in lines if "::" in line], done.stdout + done.stderr


LVM_188 = ("--real-lvm", "2.02.188", "--real-engine", "cman")


def test_with_real_only_what_is_played_is_a_test_and_hypothesis_is_not_needed():
    code, titles, text = collected("--real", "nothing started", *LVM_188)
    assert code == 0 and titles, text
    assert all("test_says_what_its_transcript_says" in each for each in titles)
    assert not [each for each in titles if "2.02.84" in each or "join]" in each]
    more = collected("--real", "nothing started", "--reset", "true", *LVM_188)[1]
    assert set(titles) < set(more)
    assert real.OTHER_LVM in text and real.CHANGES in text


def test_the_sockets_are_tried_only_where_clvmd_has_no_quorum():
    code, titles, text = collected("--real", "clvmd has no quorum", *LVM_188)
    assert (code, len(titles)) == (0, 1) and "test_on_this_machine" in titles[0], text


def test_where_nothing_can_be_played_nothing_passes():
    assert collected("--real", "no such situation", *LVM_188)[0] == 5
    code, _, text = collected("--real", "nothing started")      # there is no LVM 2.02 here
    assert code == 4 and "give --real-lvm" in text or code in (0, 5)
