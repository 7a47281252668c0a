# SPDX-License-Identifier: GPL-2.0-or-later
"""What monitor says of each state in which DRBD 9.2.18 was captured."""

import os

import pytest

from dualstor.tools import drbdsetup

from .test_decide_cases import done, step

DATA = os.path.join(os.path.dirname(__file__), "..", "..", "data", "drbd9")

#: (state, node, resource or None for none, exit code, id of the exit reason).
VERDICTS = [
    ("after-resume-io", "node1", "r0", 190, "drbd-alone"),
    ("auto-promoted-open", "node1", "r0", 8, "drbd-primary"),
    ("both-consistent-connected", "node1", "r0", 190, "drbd-both-consistent"),
    ("both-consistent-resync-suspended-user", "node2", "r0", 190, "drbd-both-consistent"),
    ("both-diskless", "node1", "r0", 1, "drbd-no-disk-no-peer"),
    ("both-primary", "node1", "r0", 8, "drbd-primary"),
    ("both-primary", "node2", "r0", 8, "drbd-primary"),
    ("both-secondary", "node1", "r0", 0, None),
    ("both-secondary", "node2", "r0", 0, None),
    ("down", "node1", None, 7, "drbd-not-running"),
    ("down-refused-no-connection-left", "node2", "r0", 190, "drbd-unconnected"),
    ("down-refused-read-only-opener", "node2", "r0", 190, "drbd-unconnected"),
    ("fence-peer-handler-running", "node1", "r0", 191, "drbd-suspended"),
    ("fresh-inconsistent-alone", "node1", "r0", 190, "drbd-alone"),
    ("fresh-inconsistent-connected", "node1", "r0", 190, "drbd-dated"),
    ("fresh-inconsistent-connected", "node2", "r0", 190, "drbd-dated"),
    ("held-open-for-writing", "node2", "r0", 8, "drbd-primary"),
    ("module-loaded-nothing-configured", "node1", None, 7, "drbd-not-running"),
    ("module-not-loaded", "node1", None, 7, "drbd-not-running"),
    ("no-quorum-io-error", "node2", "r0", 9, "drbd-writes-fail"),
    ("open-read-only-secondary", "node2", "r0", 0, None),
    ("peer-diskless", "node1", "r0", 0, None),
    ("primary-diskless", "node2", "r0", 191, "drbd-detached"),
    ("primary-peer-standalone", "node1", "r0", 191, "drbd-alone"),
    ("primary-secondary", "node1", "r0", 8, "drbd-primary"),
    ("primary-secondary", "node2", "r0", 0, None),
    ("reconnected", "node2", "r0", 0, None),
    ("replication-cut-fencing-pending", "node1", "r0", 191, "drbd-suspended"),
    ("replication-cut-fencing-pending", "node2", "r0", 191, "drbd-suspended"),
    ("replication-cut-fencing-pending-later", "node1", "r0", 191, "drbd-suspended"),
    ("replication-cut-fencing-pending-later", "node2", "r0", 191, "drbd-suspended"),
    ("replication-healed", "node1", "r0", 8, "drbd-primary"),
    ("replication-healed", "node2", "r0", 8, "drbd-primary"),
    ("secondary-connecting", "node1", "r0", 190, "drbd-alone"),
    ("secondary-connecting-2", "node1", "r0", 190, "drbd-alone"),
    ("secondary-connecting-3", "node1", "r0", 190, "drbd-alone"),
    ("secondary-connecting-node2", "node2", "r0", 190, "drbd-alone"),
    ("secondary-diskless", "node2", "r0", 190, "drbd-detached"),
    ("secondary-restarted-alone", "node1", "r0", 190, "drbd-alone"),
    ("secondary-standalone-uptodate", "node2", "r0", 1, "drbd-split-brain"),
    ("split-brain", "node1", "r0", 9, "drbd-split-brain"),
    ("split-brain", "node2", "r0", 9, "drbd-split-brain"),
    ("split-brain-by-auto-promote", "node1", "r0", 1, "drbd-split-brain"),
    ("split-primary-connecting", "node1", "r0", 191, "drbd-alone"),
    ("split-primary-connecting", "node2", "r0", 191, "drbd-alone"),
    ("standalone-primary", "node1", "r0", 9, "drbd-split-brain"),
    ("standalone-secondary", "node2", "r0", 1, "drbd-split-brain"),
    ("start-failed-no-metadata", "node1", "r0", 1, "drbd-half-up"),
    ("suspended-quorum", "node1", "r0", 191, "drbd-suspended-quorum"),
    ("suspended-user", "node2", "r0", 191, "drbd-suspended-user"),
    ("sync-source", "node1", "r0", 190, "drbd-resync"),
    ("sync-target", "node2", "r0", 190, "drbd-resync"),
    ("three-nodes-two-connected", "node1", "r2", 191, "drbd-alone"),
    ("two-volumes-one-diskless", "node2", "r1", 191, "drbd-detached"),
    ("two-volumes-one-diskless-inconsistent", "node2", "r1", 1, "drbd-no-disk-no-peer"),
    ("two-volumes-one-syncing", "node2", "r1", 0, None),
    ("two-volumes-one-syncing-inconsistent", "node2", "r1", 190, "drbd-resync"),
    ("two-volumes-peer-syncing", "node1", "r1", 8, "drbd-primary"),
    ("two-volumes-peer-syncing-inconsistent", "node1", "r1", 190, "drbd-resync"),
    ("two-volumes-secondary", "node1", "r1", 0, None),
    ("two-volumes-secondary-inconsistent", "node1", "r1", 190, "drbd-dated"),
    ("verify-running-both-consistent", "node1", "r0", 190, "drbd-both-consistent"),
]


@pytest.mark.parametrize("state, node, name, code, reason", VERDICTS,
                         ids=["%s-%s" % each[:2] for each in VERDICTS])
def test_the_verdict_of_monitor(state, node, name, code, reason):
    with open(os.path.join(DATA, state, node, "drbdsetup-status-json.out"), encoding="utf-8") as file:
        text = file.read()
    found = drbdsetup.state(drbdsetup.parse_status(text), name) if text.strip() else None
    assert (found is None) == (name is None)
    verdict = step("monitor", state=found, suspension=found.causes if found else None,
                   history=[done("advise")], asked=dict(in_cluster=False))
    assert (verdict.code, verdict.reason and verdict.reason.reason.id) == (code, reason)


def test_each_capture_has_its_verdict():
    captured = {(state, node) for state in os.listdir(DATA)
                if os.path.isdir(os.path.join(DATA, state))
                for node in os.listdir(os.path.join(DATA, state))
                if os.path.exists(os.path.join(DATA, state, node, "drbdsetup-status-json.out"))}
    assert captured == {each[:2] for each in VERDICTS}
