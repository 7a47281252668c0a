# SPDX-License-Identifier: GPL-2.0-or-later
"""DRBD 9.2.18 as it was captured: a refused `down`, who has the device open, which DRBD it is."""

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dualstor.errors import HostUnreadable
from dualstor.host.run import Completed
from dualstor.kernel import drbd
from dualstor.tools import drbdadm, drbdsetup

from .helpers import DATA, PaperHost, golden, kernel_host

FOLDER = os.path.join(DATA, "..", "drbd9")
CAPTURES = sorted((os.path.basename(state), node) for state, nodes, _ in os.walk(FOLDER)
                  for node in nodes
                  if os.path.exists(os.path.join(state, node, "drbdsetup-events2-now.out")))
#: Those of r0 alone, on the one node that was captured, with who has the device open.
STATES = sorted(state for state, node in CAPTURES
                if os.path.exists(os.path.join(
                    FOLDER, state, node, "debugfs.volumes.0.openers.out")))
OPENERS = "/sys/kernel/debug/drbd/resources/r0/volumes/0/openers"


def capture(state, name):
    (node,) = os.listdir(os.path.join(FOLDER, state))
    return golden("..", "drbd9", state, node, name)


def host(state):
    """A host with the files and the answers of a state."""
    return PaperHost(
        {"/proc/drbd": capture(state, "proc-drbd.out"), "/sys/module/drbd/version": "9.2.18\n",
         OPENERS: capture(state, "debugfs.volumes.0.openers.out")},
        programs={"drbdsetup": lambda words: (0, capture(
            state, "drbdsetup-status-json.out" if "--json" in words
            else "drbdsetup-events2-now.out"), "")})


@pytest.mark.parametrize("state, node", CAPTURES)
def test_json_and_events2_say_the_same_of_every_resource(state, node):
    json, events = (golden("..", "drbd9", state, node, name) for name in (
        "drbdsetup-status-json.out", "drbdsetup-events2-now.out"))
    both = [drbdsetup.parse_status(json) if json.strip() else (),
            drbdsetup.parse_events2(events) if events else ()]
    names = {event.get("name") for event in both[0] if event.kind == "resource"}
    assert names == {event.get("name") for event in both[1] if event.kind == "resource"}
    for name in names:
        one, other = (_at_rest(drbdsetup.state(each, name)) for each in both)
        assert one == other


def _at_rest(state):
    """A State without what went on between two captures, the peers in order."""
    return state.but(volumes=tuple(v.but(resync=None, left=None) for v in state.volumes),
                     peers=tuple(sorted(state.peers, key=lambda peer: peer.name)))


@pytest.mark.parametrize("state", STATES)
def test_json_and_events2_say_the_same(state):
    seen = drbdadm.resource_state(host(state), "r0")
    assert seen is not None and seen == drbdsetup.state(
        drbdsetup.parse_events2(capture(state, "drbdsetup-events2-now.out")), "r0")
    assert bool(seen.peers) is not state.startswith("down-refused")


def test_a_refused_down_leaves_a_disk_without_any_connection():
    seen = drbdadm.resource_state(host("down-refused-no-connection-left"), "r0")
    assert (seen.role, seen.up_to_date, seen.peers) == ("Secondary", True, ())
    assert not seen.connected and not seen.standalone


def test_down_refused_to_a_reader_is_a_device_held_open():
    outcome = drbdsetup.outcome(Completed(
        argv=("drbdadm", "down", "r0"), returncode=17,
        stderr=capture("down-refused-read-only-opener", "down.err")))
    assert outcome.held_open and outcome.no_up_to_date and not outcome.transient
    assert outcome.says == "r0: State change failed: (-2) Need access to UpToDate data; " \
        "drbd0 opened by sh (pid 220) at 2026-11-26 23:39:21.557"
    assert outcome.openers == ("sh[220]",)


@given(st.text())
def test_any_refusal_names_openers_or_none(text):
    said = "drbd0 opened by my (odd) prog (pid 7) at x\n" + text
    found = drbdsetup.outcome(Completed(argv=("drbdadm",), returncode=17, stderr=said)).openers
    assert found[0] == "my (odd) prog[7]" and all(word.endswith("]") for word in found)


@pytest.mark.parametrize("state, who", [
    ("down-refused-read-only-opener", ("sh[220]",)), ("open-read-only-secondary", ("sh[537]",)),
    ("held-open-for-writing", ("sh[359]",)), ("down-refused-no-connection-left", ()),
    ("reconnected", ())])
def test_the_kernel_tells_who_has_the_device_open(state, who):
    assert drbd.openers(host(state), "r0") == who


def test_each_opener_is_named_once():
    """After drbd_debugfs.c: "+" marks the one for which the device was promoted."""
    assert drbd.parse_openers("my prog\t12\t3\ndd\t7\t1\n+dd\t7\t1\n") == ("my prog[12]", "dd[7]")


def test_no_debugfs_tells_nobody():
    class LockedDown(PaperHost):
        def list(self, name):
            raise HostUnreadable(name, PermissionError(1, "Operation not permitted"))
    assert drbd.openers(LockedDown(), "r0") == drbd.openers(PaperHost(), "r0") == ()


@given(st.text())
def test_any_text_names_openers_or_none(text):
    assert all(word.endswith("]") and "[" in word for word in drbd.parse_openers(text))


def seen(state, node=None):
    """The State of the one resource of a capture, by JSON and events2, which agree."""
    node = node or os.listdir(os.path.join(FOLDER, state))[0]
    json, events = (golden("..", "drbd9", state, node, name) for name in (
        "drbdsetup-status-json.out", "drbdsetup-events2-now.out"))
    told = drbdsetup.parse_status(json)
    (name,) = {event.get("name") for event in told if event.kind == "resource"}
    by_json, by_events = (drbdsetup.state(each, name) for each in (
        told, drbdsetup.parse_events2(events)))
    assert _at_rest(by_json) == _at_rest(by_events)
    return by_json


@pytest.mark.parametrize("state, causes", [
    ("suspended-user", ("user",)), ("suspended-quorum", ("quorum",)),
    ("replication-cut-fencing-pending", ("fencing",)), ("fence-peer-handler-running", ("fencing",)),
    ("no-quorum-io-error", ()), ("both-secondary", ())])
def test_the_causes_of_a_suspension_are_told_apart(state, causes):
    found = seen(state)
    assert found.causes == causes and found.suspended == bool(causes)


@pytest.mark.parametrize("state, node", CAPTURES)
def test_only_what_has_lost_it_has_no_quorum(state, node):
    json = golden("..", "drbd9", state, node, "drbdsetup-status-json.out")
    events = drbdsetup.parse_status(json) if json.strip() else ()
    for name in {event.get("name") for event in events}:
        found = drbdsetup.state(events, name)
        assert found.quorate is (state not in ("suspended-quorum", "no-quorum-io-error"))


@pytest.mark.parametrize("text, causes", [
    ('"suspended": "fencing,user"', ("fencing", "user")), ('"suspended": "no"', ()),
    ('"suspended": false', ()), ('"suspended": true', ()),
    ('"suspended": true, "suspended-quorum": true, "suspended-no-data": true', ("no-data", "quorum")),
    ('"node-id": 1', ())])
def test_other_versions_tell_the_causes_in_another_form(text, causes):
    events = drbdsetup.parse_status('[{"name": "r0", "role": "Primary", %s}]' % text)
    found = drbdsetup.state(events, "r0")
    assert found.causes == causes and found.suspended == (bool(causes) or "true" in text)


@pytest.mark.parametrize("state, left", [
    ("sync-target", 46), ("sync-source", 23), ("two-volumes-one-syncing-inconsistent", None),
    ("verify-running-both-consistent", None), ("both-secondary", None)])
def test_how_long_a_resync_takes_is_the_kernels_guess(state, left):
    found = seen(state)
    assert max((v.left for v in found.volumes if v.left is not None), default=None) == left
    assert all(v.left is None or v.resync is not None for v in found.volumes)


def test_three_nodes_are_three_nodes():
    found = seen("three-nodes-two-connected")
    assert [(p.name, p.cstate, p.dstates) for p in found.peers] == [
        ("node2", "Connected", ("UpToDate",)), ("node3", "Connecting", ("DUnknown",))]
    assert found.up_to_date and found.quorate and not found.connected and not found.standalone


def test_a_witness_has_no_disk_by_configuration():
    """As drbdsetup shows `disk none;` of a third node: peer-client (drbd-utils, drbdsetup.c)."""
    text = capture("three-nodes-two-connected", "drbdsetup-status-json.out")
    head, third = text.split('"name": "node3"')
    third = third.replace('"peer-client": false', '"peer-client": true').replace(
        "DUnknown", "Diskless").replace("Connecting", "Connected").replace('"Off"', '"Established"')
    found = drbdsetup.state(drbdsetup.parse_status(head + '"name": "node3"' + third), "r2")
    assert [(p.name, p.client, p.dstates) for p in found.peers] == [
        ("node2", False, ("UpToDate",)), ("node3", True, ("Diskless",))]
    assert found.connected and found.up_to_date


@pytest.mark.parametrize("state, minors", [
    ("both-primary", ()), ("suspended-user", (0,)), ("suspended-quorum", (0,)),
    ("replication-cut-fencing-pending", (0,)), ("no-quorum-io-error", ()),
    ("start-failed-no-metadata", ())])
def test_debugfs_says_whose_io_stands_still(state, minors):
    node = os.listdir(os.path.join(FOLDER, state))[0]
    peer = "node2" if node == "node1" else "node1"
    line = golden("..", "drbd9", state, node, "debugfs.connections.%s.0.proc_drbd.out" % peer)
    home = "/sys/kernel/debug/drbd/resources/r0/"
    files = {"/proc/drbd": "version: 9.2.18 (api:2/proto:118-124)\n", home + "volumes/0/openers": "",
             home + "connections/" + peer + "/0/proc_drbd": line}
    assert drbd.held_back(PaperHost(files)) == minors
    for other in ("", "another form\n", " 0: cs:7\n", line.replace(" C ", " C x")):
        files[home + "connections/" + peer + "/0/proc_drbd"] = other
        assert drbd.held_back(PaperHost(files)) is None
        assert drbd.state(PaperHost(files), "r0") is drbd.UNKNOWN


@pytest.mark.parametrize("where, generation", [
    (host("reconnected"), 9), (kernel_host(golden("proc-8.3.11.txt")), 8), (PaperHost(), None),
    (PaperHost({"/sys/module/drbd/version": "9.1.14\n"}), 9),
    (PaperHost({"/sys/module/drbd/version": "\n"}), None)])
def test_which_drbd_is_loaded_is_the_kernels_word(where, generation):
    assert drbd.generation(where) == generation
