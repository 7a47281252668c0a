# SPDX-License-Identifier: GPL-2.0-or-later
"""What hacluster sees, and what is left out because root alone may see it."""

import pytest

from dualstor.alerts import letter, sight
from dualstor.command.status import advice, observe
from dualstor.command.status.advised import Advice
from dualstor.command.status.report import Silent
from unit.cluster.helpers import PaperHost
from unit.drbd.helpers import golden as drbd_golden

from .stage import ALONE, WELL

PROC = drbd_golden("survivor", "node1", "proc_drbd.out")
LINK = {"/dev/drbd/by-res/r0": "../../drbd0"}
LOCKD = {"/proc/7/stat": "7 (lvmlockd) S 1 7 7 0 -1 4194560 0 0 0 0 0 0 0 0 20 0 3 0 500 0 0\n"}
SPACE = {"/sys/kernel/dlm/lvm_vg0/recover_status": "0\n", "/sys/kernel/dlm/lvm_vg0/nodeid": "1\n"}


def seen(answers=WELL, files=(), links=()):
    host = PaperHost(answers, dict(files), dict(links))
    return sight.look(lambda: host, observe.one_by_one)


def told(*arguments, **more):
    return letter.said(advice.advise(seen(*arguments, **more)))


def test_drbd_is_seen_by_its_links_and_proc():
    report = seen(files={"/proc/drbd": PROC}, links=LINK)
    ((name, state),) = report.drbd.resources
    assert name == "r0" and state.primary and not state.connected


def test_drbd_9_is_asked_by_its_own_program_which_anyone_may_ask():
    status = drbd_golden("..", "drbd9", "reconnected", "node2", "drbdsetup-status-json.out")
    report = seen(dict(WELL, **{"drbdsetup status r0 --json": status}),
                  {"/proc/drbd": drbd_golden("..", "drbd9", "reconnected", "node2",
                                             "proc-drbd.out")}, LINK)
    ((_, state),) = report.drbd.resources
    assert state.peers


def test_devices_without_a_link_are_not_taken_for_none():
    assert isinstance(seen(files={"/proc/drbd": PROC}).drbd, Silent)


def test_a_lock_daemon_is_seen_as_a_process_and_not_asked():
    report = seen(files=dict(LOCKD, **SPACE))
    assert (report.locking.daemon, report.locking.problem) == ("lvmlockd", None)
    assert [space.name for space in report.locking.lockspaces] == ["lvm_vg0"]


def test_lockspaces_without_a_daemon_are_said():
    assert any("no LVM lock daemon runs" in what for what in told(files=SPACE))


def test_a_node_that_stops_has_neither_and_that_is_no_trouble():
    assert told(files={"/proc/drbd": "version: 8.4.11 (api:1/proto:86-101)\n"}) == ()


def test_what_status_says_of_a_lost_node_is_said():
    assert "node2 is down; node1 works alone" in told(ALONE)


def some(number, severity="error"):
    return tuple(Advice(severity=severity, what=f"trouble {each}", do="x" * 3000)
                 for each in range(number))


def test_a_letter_is_of_limited_size():
    found = letter.compose("node1", (), some(50), ())
    assert len(found.body) <= letter.BODY + 100 and len(found.subject) <= letter.SUBJECT
    assert found.subject.endswith("(and 49 more)")
    assert "the rest: `dualstor status`" in found.body and len(found.lines) == letter.ADVICES


@pytest.mark.parametrize("severity, sent", [("error", True), ("warning", True), ("unseen", False)])
def test_what_could_not_be_seen_is_no_reason_to_write(severity, sent):
    assert (letter.compose("node1", (), some(1, severity), ()) is not None) is sent


def test_a_text_of_the_cluster_forges_no_line():
    found = letter.compose("node1", (), (Advice(severity="error", what="a\nBcc: b", do="c"),), ())
    assert "\n" not in found.subject and "1. a?Bcc: b.\n" in found.body
