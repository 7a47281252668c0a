# SPDX-License-Identifier: GPL-2.0-or-later
"""A program that ends with 0 and says nothing has not answered a question that has an answer.

corosync-quorumtool of corosync 1 does so when nothing runs, as do others below a shell script, or
when their stdout was lost.
"""

import pytest

from dualstor.errors import DualstorError, ParseError, ToolFailed
from dualstor.host.run import Completed
from dualstor.kernel import drbd
from dualstor.tools import (
    ccs,
    cman,
    corosync,
    drbdadm,
    drbdsetup,
    fence_tool,
    lvm,
    lvmsettings,
    pacemaker,
    stonith,
)
from unit.cluster.helpers import PaperHost as Cluster
from unit.drbd.helpers import PaperHost, kernel_host


def silent(*programs):
    """A host on which these end with 0 and say nothing, and no other is installed."""
    return Cluster(dict.fromkeys(programs, ""))


def test_a_silent_program_is_told_from_one_that_failed():
    done = Completed(argv=("ask",), returncode=0)
    with pytest.raises(ToolFailed, match="^ask: no answer, though it ended with 0$"):
        done.answer()
    with pytest.raises(ToolFailed, match="^ask: is it loaded"):
        done.but(stderr="is it loaded?\n", stdout=" \n").answer()
    with pytest.raises(ToolFailed, match=r"^ask: no \(exit code 3\)$"):
        done.but(stdout="no\n", returncode=3).answer()
    assert done.but(stdout="yes\n").answer() == "yes\n"


@pytest.mark.parametrize("program, question", [
    ("cman_tool", cman.status), ("cman_tool", cman.nodes), ("cman_tool", cman.version),
    ("corosync-quorumtool", corosync.status), ("fence_tool", fence_tool.ls),
    ("drbdadm", drbdadm.version), ("drbdadm", drbdadm.backing_devices),
    ("drbdadm", lambda host: drbdadm.configuration(host, "r0")),
    ("drbdsetup", lambda host: drbdsetup.status(host, "r0")),
    ("drbdsetup", lambda host: drbdsetup.events2(host, "r0")),
    ("drbdsetup", lambda host: drbdsetup.suspension(host, "r0")),
    ("lvm", lvm.version),
    ("lvm", lambda host: lvmsettings.setting(host, "global/use_lvmlockd", (2, 3, 16))),
    ("crm_mon", pacemaker.cluster), ("stonith_admin", stonith.history),
    ("crm_attribute", lambda host: pacemaker.promotion_score(host, "r0", True))])
def test_such_a_question_is_not_answered(program, question):
    with pytest.raises((ToolFailed, ParseError)):
        question(silent(program))


def test_what_is_not_told_is_not_known():
    assert pacemaker.fencing_enabled(silent("crm_attribute", "cman_tool", "fence_tool")) is None
    assert pacemaker.node_down(silent("crm_mon", "cman_tool", "fence_tool"), "node2") is None
    assert pacemaker.known_nodes(silent("crm_mon", "crm_node", "cman_tool")) is None
    assert ccs.validate(silent("ccs_config_validate")).ok is None
    assert drbdadm.unknown(silent("drbdadm"), "r0") is None


def test_a_resource_whose_minors_nobody_tells_is_not_taken_for_one_that_is_down():
    """stop of a resource that is up would end with 0."""
    host = kernel_host("version: 8.3.11 (api:88/proto:86-96)\n"
                       " 0: cs:Connected ro:Primary/Primary ds:UpToDate/UpToDate C r-----\n",
                       programs={"drbdadm": lambda _: (0, "", ""),
                                 "drbdsetup": lambda _: (20, "", "unknown command\n")})
    assert drbd.state(host, "r0") is drbd.UNKNOWN
    with pytest.raises(DualstorError):
        drbdadm.resource_state(host, "r0")


def test_a_group_that_vgs_does_not_list_was_not_told():
    report = lvm.group(PaperHost(programs={"vgs": lambda _: (0, "", "")}), "vg0")
    assert report.group is None and not report.outcome.ok and "no answer" in report.outcome.says
