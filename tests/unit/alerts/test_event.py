# SPDX-License-Identifier: GPL-2.0-or-later
"""What Pacemaker passes to an alert agent."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dualstor.alerts import event
from dualstor.alerts.place import is_address

#: As lrmd_alerts.c sets them.
RESOURCE = {"kind": "resource", "node": "node1", "rsc": "r0", "task": "start", "rc": "0",
            "target_rc": "0", "status": "0", "desc": "ok", "interval": "0"}
FENCING = {"kind": "fencing", "node": "node2", "task": "reboot", "rc": "0",
           "desc": "Operation reboot of node2 by node1 for pacemaker-controld.7@node1: OK"}


def parsed(values):
    return event.parse({"CRM_alert_" + name: value for name, value in values.items()})


@pytest.mark.parametrize("values, text, notable", [
    ({"kind": "node", "node": "node2", "desc": "lost"}, "node2 is lost to the cluster", True),
    ({"kind": "node", "node": "node2", "desc": "member"}, "node2 has joined the cluster", True),
    ({"kind": "node", "node": "node2", "desc": "other"}, "node2 is now 'other'", True),
    (FENCING, "fencing of node2 (reboot) succeeded: " + FENCING["desc"], True),
    (dict(FENCING, rc="-62"), "fencing of node2 (reboot) failed: " + FENCING["desc"], True),
    (dict(FENCING, task="on"), "fencing of node2 (on) succeeded: " + FENCING["desc"], False),
    (dict(FENCING, task="on", rc="1"), "fencing of node2 (on) failed: " + FENCING["desc"], True),
    (RESOURCE, "start of r0 on node1: ok", False),
    (dict(RESOURCE, rc="1", desc="error"), "start of r0 on node1 failed: error (1)", True),
    (dict(RESOURCE, status="2", rc="1", desc="Timed Out"),
     "start of r0 on node1 failed: Timed Out (1)", True),
    (dict(RESOURCE, task="monitor", rc="7", desc="not running", interval="10000"),
     "monitor of r0 on node1 failed: not running (7)", True),
    (dict(RESOURCE, task="monitor", rc="0", target_rc="7"), "monitor of r0 on node1: ok", False),
    (dict(RESOURCE, task="monitor", rc="190", interval="10000"),
     "monitor of r0 on node1: degraded (190)", False)])
def test_an_event_is_a_sentence(values, text, notable):
    assert parsed(values) == event.Event(text=text, notable=notable)


def test_its_time_goes_first():
    found = parsed(dict(RESOURCE, timestamp="10:20:30.123456"))
    assert found.text == "10:20:30.123456 start of r0 on node1: ok"


@pytest.mark.parametrize("values", [
    {}, {"kind": "attribute", "attribute_name": "a"}, {"kind": "?"}, dict(RESOURCE, status="1")])
def test_what_is_of_no_interest_is_none(values):
    assert parsed(values) is None


@given(st.dictionaries(st.sampled_from(("node", "desc", "rc", "task", "rsc", "status", "target_rc",
                                        "interval", "timestamp")), st.text(max_size=500)),
       st.sampled_from(("node", "fencing", "resource")))
def test_whatever_it_is_a_line_of_limited_length(values, kind):
    found = parsed(dict(values, kind=kind))
    assert found is None or (found.text.isprintable() and len(found.text) <= 300)


@given(st.text())
def test_an_address_is_neither_an_option_nor_a_header(text):
    if is_address(text):
        assert not text.startswith("-") and not set(text) & set(" \n\r,;|/\"'")


def test_addresses():
    assert all(map(is_address, ("root", "ops@example.org", "a.b+c@host", "a@b-c.example")))
