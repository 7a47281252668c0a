# SPDX-License-Identifier: GPL-2.0-or-later
"""The history of fencing, as stonith_admin prints it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dualstor.errors import ParseError, ToolFailed
from dualstor.tools import stonith

from .helpers import PaperHost, golden

PENDING = ('<pacemaker-result><list><fence_event action="reboot" target="node1" status="pending" '
           'extended-status="waiting"/></list></pacemaker-result>')


def test_a_captured_history():
    (event,) = stonith.parse_history(golden("stonith-history.xml"))
    assert event == stonith.FenceEvent(
        target="node2", action="off", status="success", client="(null).drbd.2585", origin="node1",
        delegate="node1", completed="2026-11-24 04:49:56Z")
    assert not event.pending


def test_what_is_missing_is_none_and_what_is_unknown_is_kept():
    (event,) = stonith.parse_history(PENDING)
    assert event.pending and event.delegate is None and event.completed is None
    assert event.rest == (("extended-status", "waiting"),)


@pytest.mark.parametrize("text, line", [
    (golden("stonith-history.xml")[:200], "fence_event"), ("not XML", "not XML"),
    ("<crm_mon/>", "crm_mon"), (PENDING.replace(' target="node1"', ""), "fence_event")])
def test_cut_off_and_foreign_output_shows_the_line(text, line):
    with pytest.raises(ParseError) as caught:
        stonith.parse_history(text)
    assert line in caught.value.line


@given(st.text())
def test_any_text_is_parsed_or_refused(text):
    try:
        stonith.parse_history(text)
    except ParseError:
        pass


def test_the_command_asks_and_never_fences():
    host = PaperHost({"stonith_admin --history": golden("stonith-history.xml")})
    assert len(stonith.history(host, "node2")) == 1
    assert host.calls[0][0] == ("stonith_admin", "--history", "node2", "--output-as=xml")
    with pytest.raises(ToolFailed):
        stonith.history(PaperHost({"stonith_admin": (102, "", "Connection failed")}))
