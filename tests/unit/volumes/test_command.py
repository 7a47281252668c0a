# SPDX-License-Identifier: GPL-2.0-or-later
"""``dualstor volume`` on a simulated pair: what it prints, and its exit codes."""

import io
import json

import pytest

from dualstor.command import main, volume
from dualstor.command.codes import ExitStatus

from .pair import NODES, Pair


class Typed:
    """The command as a person on node1 types it."""

    def __init__(self, monkeypatch):
        self.pair = Pair()
        monkeypatch.setattr(volume, "Volumes", lambda vg, timeout, progress: self.pair.volumes(seconds=timeout))

    def __call__(self, *words):
        stdout, stderr = io.StringIO(), io.StringIO()
        code = main.main(["volume", *words], stdout, stderr)
        return code, stdout.getvalue(), stderr.getvalue()

    def interrupted_at(self, program):
        """From now on the person interrupts it when a program is run."""
        def watch(_node, argv):
            if argv[0] == program:
                raise KeyboardInterrupt
        self.pair.simulation.watchers.append(watch)


@pytest.fixture
def typed(monkeypatch):
    return Typed(monkeypatch)


def test_what_is_done_is_told(typed):
    code, told, _ = typed("create", "vg0/new", "-L", "8M")
    assert code == ExitStatus.OK and told == "vg0/new is made, on node1 and node2\n"


@pytest.mark.parametrize("program, says", [
    ("lvs", "interrupted: nothing was changed\n"),
    ("lvcreate", "`lvcreate --yes -L 8M -n new vg0` was ended in mid-work; the same command again continues from here\n"),
    ("lvchange", "interrupted: vg0/new is made; the same command again continues from here\n")])
def test_an_interrupted_command_says_what_is_done(typed, program, says):
    typed.interrupted_at(program)
    code, told, complaint = typed("create", "vg0/new", "-L", "8M")
    assert code == ExitStatus.INTERRUPTED and not told and complaint.endswith(says)
    typed.pair.simulation.watchers.clear()
    assert typed("create", "vg0/new", "-L", "8M")[0] == ExitStatus.OK
    assert typed.pair.active("new") == NODES


def test_what_is_left_has_a_code_of_its_own(typed):
    typed.pair.cluster.nodes["node2"].processes.pop(str(typed.pair.watcher("node2").pid))
    code, told, complaint = typed("create", "vg0/new", "-L", "8M", "--timeout", "20", "--json")
    assert code == ExitStatus.INCOMPLETE and "not yet on node2" in complaint
    assert json.loads(told)["did"] == "vg0/new is made"


def test_a_refusal_changes_nothing(typed):
    typed.pair.cluster.nodes["node2"].mappings["vg0-lv0"].openers.append("mount:/srv")
    code, _, complaint = typed("remove", "vg0/lv0")
    assert code == ExitStatus.ERROR and "in use on node2" in complaint
    typed.pair.act("monitor", "node1")
    assert typed.pair.active("lv0") == NODES
