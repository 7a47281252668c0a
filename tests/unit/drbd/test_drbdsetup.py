# SPDX-License-Identifier: GPL-2.0-or-later
"""drbdsetup: events2, status --json, what refusals mean, going down without configuration."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dualstor.errors import ParseError, ToolFailed, ToolMissing
from dualstor.host.run import Completed
from dualstor.kernel import drbd
from dualstor.tools import drbdsetup

from .helpers import CAPTURES, PaperHost, captured, golden, kernel_host, mangled

EVENTS9, JSON9 = golden("events2-9.txt"), golden("status-9.json")
EVENTS = [golden(s, n, "drbdsetup_events2_now.out") for s, n in CAPTURES] + [EVENTS9]


def failed(code, stderr, stdout=""):
    return drbdsetup.outcome(Completed(argv=("drbdsetup",), returncode=code, stdout=stdout,
                                       stderr=stderr))


# -- events2 ------------------------------------------------------------------

#: The words of 8.4 that its events2 tells in those of 9.
IN_NINE = {"WFConnection": "Connecting"}


@pytest.mark.parametrize("capture, node", CAPTURES)
def test_events2_of_a_capture_says_what_the_kernel_said(capture, node):
    state = drbdsetup.state(
        drbdsetup.parse_events2(golden(capture, node, "drbdsetup_events2_now.out")), "r0")
    text = golden(capture, node, "proc_drbd.out")
    kernel = drbd.state(kernel_host(text, {"r0": "drbd0"}), "r0") if text else None
    if kernel is None:
        assert state is None
        return
    assert (state.role, state.suspended) == (kernel.role, kernel.suspended)
    assert [(v.number, v.minor, v.dstate) for v in state.volumes] == \
        [(v.number, v.minor, v.dstate) for v in kernel.volumes]
    ours, theirs = state.peers[0], kernel.peers[0]
    assert ours.cstate == IN_NINE.get(theirs.cstate, theirs.cstate)
    assert (ours.role, ours.dstates) == (theirs.role, theirs.dstates)
    assert (state.connected, state.standalone) == (kernel.connected, kernel.standalone)


def test_events2_of_9():
    events = drbdsetup.parse_events2(EVENTS9)
    assert events[0].get("promotion_score") == "10102" and events[0].get("nothing") is None
    assert events[4].get("local") == "ipv4:10.43.70.115:7788"
    assert drbdsetup.state(events, "foo") == drbd.State(
        resource="foo", role="Primary",
        volumes=(drbd.Volume(number=0, minor=1000, dstate="UpToDate"),),
        peers=(drbd.Peer(name="bar", cstate="Connected", role="Primary", dstates=("UpToDate",)),))
    assert drbdsetup.state(events, "r0") is None


@pytest.mark.parametrize("word, suspended", [
    ("no", False), ("user", True), ("fencing", True), ("no-data,quorum", True)])
def test_suspended(word, suspended):
    text = EVENTS9.replace("suspended:no may", f"suspended:{word} may")
    assert drbdsetup.state(drbdsetup.parse_events2(text), "foo").suspended is suspended


@pytest.mark.parametrize("replication, cstate, connected", [
    ("SyncTarget", "SyncTarget", True), ("Off", "Connected", True), ("Ahead", "Ahead", True)])
def test_replication_tells_more_than_connected(replication, cstate, connected):
    text = EVENTS9.replace("replication:Established", f"replication:{replication} done:42.10")
    state = drbdsetup.state(drbdsetup.parse_events2(text), "foo")
    assert (state.peers[0].cstate, state.connected) == (cstate, connected)
    assert state.volumes[0].resync == (42.1 if replication == "SyncTarget" else None)


@pytest.mark.parametrize("text, shown", [
    ("", "''"),
    (EVENTS9.replace("exists -\n", ""), "established:yes"),
    ("exists resource name:r0 role:Pri", "role:Pri"),
    ("exists resource role:Primary\nexists -\n", "exists resource role:Primary"),
    ("change resource name:r0\nexists -\n", "change resource"),
    (golden("status-9.txt"), "drbd0 role:Primary"),
    (golden("down", "node1", "drbdsetup_status_json.out"), "USAGE"),
    (JSON9, "["),
])
def test_events2_cut_off_or_foreign_is_refused_with_the_line(text, shown):
    with pytest.raises(ParseError) as caught:
        drbdsetup.parse_events2(text)
    assert shown in str(caught.value) and "events2" in str(caught.value)


@pytest.mark.parametrize("old, new", [("minor:1000", "minor:x"), (" minor:1000", ""),
                                      ("volume:0 minor", "volume:-1 minor")])
def test_a_device_without_its_numbers_is_refused(old, new):
    with pytest.raises(ParseError) as caught:
        drbdsetup.state(drbdsetup.parse_events2(EVENTS9.replace(old, new)), "foo")
    assert "disk:UpToDate" in str(caught.value)


@given(mangled(EVENTS), st.sampled_from(["r0", "foo"]))
def test_any_events2_are_parsed_or_refused(text, name):
    try:
        state = drbdsetup.state(drbdsetup.parse_events2(text), name)
    except ParseError:
        return
    assert state is None or state.resource == name


# -- status --json -----------------------------------------------------------------


def test_json_of_two_resources():
    events = drbdsetup.parse_status(JSON9)
    state = drbdsetup.state(events, "r0")
    assert state.primary and state.connected and state.up_to_date and not state.suspended
    assert [(v.number, v.minor, v.resync) for v in state.volumes] == [(0, 0, None), (1, 1, 3.55)]
    assert state.peers == (drbd.Peer(name="node2", cstate="SyncSource", role="Secondary",
                                     dstates=("UpToDate", "Inconsistent")),)
    other = drbdsetup.state(events, "r1")
    assert other.standalone and other.suspended and not other.up_to_date
    assert other.peers[0].dstates == ("DUnknown",)
    assert drbdsetup.state(events, "r2") is None


def test_json_keeps_what_is_not_known():
    resource = drbdsetup.parse_status(JSON9)[0]
    assert resource.get("write-ordering") == "flush"
    assert resource.get("suspended-quorum") == "no"


def test_json_of_nothing():
    assert drbdsetup.parse_status("[\n]\n") == ()


@pytest.mark.parametrize("text, shown", [
    ("", "''"),
    (JSON9[:JSON9.index('orum": true')], '"qu'),
    (golden("down", "node1", "drbdsetup_status_json.out"), "status --json"),
    (EVENTS9, "exists resource"),
    ("{}", "{}"), ("[1]", "[1]"), ("[{}]", "{}"), ('[{"name": 1}]', "1"),
    ('[{"name": "r0", "devices": {"volume": 0}}]', "devices"),
    ('[{"name": "r0", "connections": [{"peer_devices": 1}]}]', "peer_devices"),
    ("[" * 100000, "[[["),
])
def test_json_cut_off_or_foreign_is_refused_with_the_line(text, shown):
    with pytest.raises(ParseError) as caught:
        drbdsetup.parse_status(text)
    assert shown in str(caught.value)


@given(mangled([JSON9]))
def test_any_json_is_parsed_or_refused(text):
    try:
        drbdsetup.state(drbdsetup.parse_status(text), "r0")
    except ParseError:
        pass


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(
        ["name", "role", "devices", "connections", "peer_devices", "volume", "minor",
         "percent-in-sync", "replication-state", "peer-node-id"]), inner, max_size=5),
    max_leaves=20)


@given(st.lists(st.dictionaries(st.sampled_from(["devices", "connections", "role", "suspended"]),
                                VALUES).map(lambda d: dict(d, name="r0")), max_size=2))
def test_json_of_any_shape_is_parsed_or_refused(whole):
    try:
        drbdsetup.state(drbdsetup.parse_status(json.dumps(whole)), "r0")
    except ParseError:
        pass


# -- outcomes ---------------------------------------------------------------------


@pytest.mark.parametrize("code, text, transient, held_open", [
    (11, "0: State change failed: (-18) In transient state, retry after next state change",
     True, False),
    (11, "0: State change failed: (-19) Concurrent state changes detected and aborted",
     True, False),
    (11, "0: State change failed: (-10) State change was refused by peer node", True, False),
    (11, "0: State change failed: (-12) Device is held open by someone", True, True),
    (11, "0: State change failed: (-1) Multiple primaries not allowed by config", False, False),
    (11, "0: State change failed: (-13) Have no net/connection configuration", False, False),
    (17, "0: State change failed: (-2) Need access to UpToDate data", False, False),
    (16, "0: State change failed: (-11) Device is diskless, the requested operation requires "
     "a disk", False, False),
    (5, "0: State change failed: (-16) Disk state is lower than outdated", False, False),
    (10, "0: Failure: (127) Device minor not allocated", False, False),
    (20, "Cannot determine minor device number of device 'r0'", False, False),
])
def test_what_a_refusal_means(code, text, transient, held_open):
    outcome = failed(
        code, f"{text}\nCommand 'drbdsetup-84 primary 0' terminated with exit code {code}\n")
    assert (outcome.ok, outcome.code) == (False, code)
    assert (outcome.transient, outcome.held_open) == (transient, held_open)
    assert (outcome.no_up_to_date, outcome.no_disk) == (code == 17, code == 16)
    assert text in outcome.says and "terminated" not in outcome.says


def test_what_went_well():
    outcome = failed(0, "0: State change failed: (-12) Device is held open by someone\n")
    assert outcome.ok and not outcome.transient and not outcome.held_open and not outcome.says


def test_who_holds_it_open_is_said():
    outcome = failed(11, golden("held-open-9.txt"))
    assert outcome.held_open
    assert outcome.says.startswith("r0: State change failed: (-12) Device is held open by someone;")
    assert "opened by mount (pid 4711)" in outcome.says and "\n" not in outcome.says


def test_says_is_one_line_without_the_kernels_words_too():
    assert failed(1, "a\n\nb is wrong\n").says == "b is wrong (exit code 1)"
    assert failed(-11, "").says == "killed by signal 11"
    assert failed(20, "Command 'drbdmeta' terminated with exit code 20\n").says == \
        "Command 'drbdmeta' terminated with exit code 20 (exit code 20)"


@given(st.integers(-15, 255), st.text(), st.text())
def test_any_end_has_an_outcome_of_one_line(code, stderr, stdout):
    outcome = failed(code, stderr, stdout)
    assert outcome.ok is (code == 0)
    assert len(outcome.says.splitlines()) == (0 if code == 0 else 1)


# -- without configuration ------------------------------------------------------------

THREE, FOUR = golden("proc-8.3.11.txt"), golden("both-primary", "node1", "proc_drbd.out")
NINE = golden("proc-9.1.txt")


@pytest.mark.parametrize("proc, downs, secondaries", [
    (THREE, [("/dev/drbd0", "down"), ("/dev/drbd1", "down")],
     [("/dev/drbd0", "secondary"), ("/dev/drbd1", "secondary")]),
    (FOUR, [("down", "r0")], [("secondary", "0"), ("secondary", "1")]),
    (NINE, [("down", "r0")], [("secondary", "r0")]),
])
def test_each_generation_takes_it_otherwise(proc, downs, secondaries):
    host = kernel_host(proc, programs={"drbdsetup": lambda words: (0, "", "")})
    assert drbdsetup.down(host, "r0", (0, 1)).ok
    assert host.calls == [("drbdsetup",) + words for words in downs]
    del host.calls[:]
    assert drbdsetup.secondary(host, "r0", (0, 1)).ok
    assert host.calls == [("drbdsetup",) + words for words in secondaries]


def test_one_minor_that_fails_does_not_keep_the_others_and_is_told():
    def program(words):
        return (11, "", "1: State change failed: (-12) Device is held open by someone\n") \
            if "1" in words else (0, "", "")
    host = kernel_host(FOUR, programs={"drbdsetup": program})
    outcome = drbdsetup.secondary(host, "r0", (0, 1, 2))
    assert not outcome.ok and outcome.held_open and len(host.calls) == 3


@pytest.mark.parametrize("deed, proc", [("down", THREE), ("secondary", THREE),
                                        ("secondary", FOUR)])
def test_doing_nothing_is_no_success(deed, proc):
    outcome = getattr(drbdsetup, deed)(kernel_host(proc), "r0", ())
    assert not outcome.ok and "minors" in outcome.says


def test_a_missing_drbdsetup_raises():
    with pytest.raises(ToolMissing):
        drbdsetup.down(kernel_host(FOUR), "r0", (0,))


def test_no_answer_of_a_drbdsetup_without_the_option():
    host = kernel_host(FOUR, programs={
        "drbdsetup": lambda words: captured("down", "node1", "drbdsetup_status_json")})
    with pytest.raises(ToolFailed, match="unrecognized option") as caught:
        drbdsetup.status(host, "r0")
    assert caught.value.completed.returncode == 20


# -- why I/O is suspended -------------------------------------------------------

SUSPENDED = golden("events2-suspended-8.4.txt")


@pytest.mark.parametrize("text, causes", [
    (SUSPENDED, ("fencing",)),
    (SUSPENDED.replace(":fencing", ":user,no-data"), ("no-data", "user")),
    (SUSPENDED.replace(":fencing", ":user,quorum,fencing,other"), ("fencing", "quorum", "user", "other")),
    (SUSPENDED.replace("suspended:fencing", "suspended:no"), ()),
    (SUSPENDED.replace(" suspended:fencing", ""), None),
    (SUSPENDED.replace("name:r0", "name:other"), None)])
def test_the_causes_of_a_suspension(text, causes):
    host = PaperHost(programs={"drbdsetup": lambda *arguments: (0, text, "")})
    assert drbdsetup.suspension(host, "r0") == causes


def test_a_suspension_is_not_told_by_a_drbdsetup_without_events2():
    host = PaperHost(programs={"drbdsetup": lambda *arguments: (20, "", "unknown command\n")})
    assert drbdsetup.suspension(host, "r0") is None
