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
    return state.but(volumes=tuple(v.but(resync=None) for v in state.volumes),
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


@pytest.mark.parametrize("where, generation", [
    (host("reconnected"), 9), (kernel_host(golden("proc-8.3.11.txt")), 8), (PaperHost(), None),
    (PaperHost({"/sys/module/drbd/version": "9.1.14\n"}), 9),
    (PaperHost({"/sys/module/drbd/version": "\n"}), None)])
def test_which_drbd_is_loaded_is_the_kernels_word(where, generation):
    assert drbd.generation(where) == generation
