# SPDX-License-Identifier: GPL-2.0-or-later
"""cman_tool's commands: what they say, and what of it counts."""

import pytest

from dualstor.tools import cman_member
from unit.cluster.helpers import CMAN_DOWN, PaperHost, golden

TIMED_OUT = (2, "", "Timed-out waiting for cluster\n")
BUSY = (1, "", "cman_tool: Error leaving cluster: Device or resource busy\n")


def test_without_cman_nothing_is_waited_for():
    host = PaperHost({"cman_tool": CMAN_DOWN})
    for outcome in (cman_member.wait(host, 30), cman_member.leave(host, 5),
                    cman_member.reload(host, 5)):
        assert not outcome.ok and not outcome.running and not outcome.busy


def test_wait():
    host = PaperHost({"cman_tool": ""})
    assert cman_member.wait(host, 30).ok
    assert host.lines == ["cman_tool -t 30 -q wait"] and host.calls[0][1] > 30
    outcome = cman_member.wait(PaperHost({"cman_tool": TIMED_OUT}), 30)
    assert not outcome.ok and outcome.timed_out and "Timed-out" in outcome.says


def test_join():
    outcome = cman_member.join(PaperHost({"cman_tool": (
        1, "", "cman_tool: Node is already active\n")}), 60)
    assert not outcome.ok and outcome.already and outcome.running
    host = PaperHost({"cman_tool": ""})
    assert cman_member.join(host, 60).ok and cman_member.join(host, 60, "none").ok
    assert host.lines == ["cman_tool -t 60 -w -Dfail join", "cman_tool -t 60 -w -Dnone join"]
    outcome = cman_member.join(PaperHost({"cman_tool": (
        1, "", "cman_tool: Not joining, configuration is not valid\n\n")}), 60)
    assert outcome.invalid and not outcome.already


def test_leave_is_never_by_force():
    host = PaperHost({"cman_tool leave": ""})
    assert cman_member.leave(host, 10).ok and cman_member.leave(host, 10, remove=True).ok
    assert host.lines == ["cman_tool leave", "cman_tool leave remove"]


def test_leave_names_what_is_in_the_way():
    host = PaperHost({"cman_tool leave": BUSY, "fence_tool ls": golden("fence-ls.txt"),
                      "cman_tool status": golden("cman-status-two-node.txt")},
                     files={"/sys/kernel/dlm/clvmd/id": "1"})
    outcome = cman_member.leave(host, 10)
    assert outcome.busy == ("dlm lockspace clvmd", "fenced (fence domain)", "clvmd (port 11)")
    assert outcome.says.endswith("in use by dlm lockspace clvmd, fenced (fence domain), "
                                 "clvmd (port 11)")


def test_leave_that_is_refused_for_what_does_not_show():
    host = PaperHost({"cman_tool leave": BUSY, "fence_tool ls": (1, "", ""),
                      "cman_tool status": golden("cman-status-el6.txt")})
    assert cman_member.leave(host, 10).busy == ("one of 8 subsystems",)
    assert cman_member.leave(PaperHost({"cman_tool leave": BUSY}), 10).busy == (
        "an unknown subsystem",)


def test_votes():
    host = PaperHost({"cman_tool votes": "", "cman_tool expected": (
        1, "", "cman_tool: can't set expected votes: Invalid argument\n")})
    assert cman_member.set_votes(host, 2).ok and not cman_member.expected(host, 0).ok
    assert host.lines == ["cman_tool votes -v 2", "cman_tool expected -e 0"]


@pytest.mark.parametrize("said", ["Can't kill node nosuch : No such file or directory\n",
                                  "kill node failed: Invalid argument\n"])
def test_kill_that_failed_with_exit_code_0(said):
    assert not cman_member.kill(PaperHost({"cman_tool kill": (0, "", said)}), "nosuch").ok
    assert cman_member.kill(PaperHost({"cman_tool kill": ""}), "node2").ok


@pytest.mark.parametrize("said, already, invalid", [
    ("Not reloading, config version older or equal the running config", True, False),
    ("Not reloading, configuration is not valid", False, True),
    ("Error loading configuration in corosync/cman", False, False)])
def test_reload(said, already, invalid):
    host = PaperHost({"cman_tool version": (1, "", f"cman_tool: {said}\n")})
    outcome = cman_member.reload(host, 20)
    assert (outcome.ok, outcome.already, outcome.invalid) == (False, already, invalid)
    assert cman_member.reload(PaperHost({"cman_tool": ""}), 20, distribute=True).ok
    assert host.lines == ["cman_tool version -r -S"]
