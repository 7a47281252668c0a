# SPDX-License-Identifier: GPL-2.0-or-later
"""For how long a connection had been there, from the kernel's log of 8.4 and 9."""

import pytest

from dualstor.kernel import drbdlog

#: As captured from DRBD 9.2.18 (times, names), and as drbd_state.c of 8.4 writes it.
NINE = ("6,900,52282721,-;drbd r0 node2: conn( Disconnecting -> StandAlone ) [disconnected]",
        "6,901,134865924,-;drbd r0: Preparing cluster-wide state change 3571355932: 0->1 conn( Connected )",
        "6,902,135323819,-;drbd r0 node2: conn( Connecting -> Connected ) peer( Unknown -> Secondary ) [connected]\n"
        " SUBSYSTEM=block\n DEVICE=b147:0",
        "6,903,318490722,-;drbd r0 node2: helper command: /sbin/drbdadm disconnected exit code 0",
        "6,904,325323819,-;drbd r0 node2: helper command: /sbin/drbdadm fence-peer")
EIGHT = ("6,10,100000000,-;drbd r0: conn( WFConnection -> WFReportParams )",
         "6,11,100200000,-;block drbd0: conn( WFReportParams -> Connected )",
         "6,12,290000000,-;drbd r0: helper command: /sbin/drbdadm fence-peer r0")


@pytest.mark.parametrize("records", [NINE, EIGHT])
def test_seconds_from_the_last_connecting_to_the_call(records):
    assert drbdlog.parse(records, "r0", "node2") == pytest.approx(190.0)


def test_the_last_connecting_before_the_last_call_counts():
    again = ("6,20,300000000,-;drbd r0: conn( WFConnection -> WFReportParams )",
             "6,21,310000000,-;drbd r0: helper command: /sbin/drbdadm fence-peer r0",
             "6,22,311000000,-;drbd r0: helper command: /sbin/drbdadm fence-peer r0 exit code 1 (0x100)",
             "6,23,400000000,-;drbd r0: conn( WFConnection -> WFReportParams )")
    assert drbdlog.parse(EIGHT + again, "r0", "node2") == pytest.approx(10.0)


@pytest.mark.parametrize("records", [
    (), NINE[-1:],                                          # it does not go back that far
    NINE[:-1],                                              # nobody was called
    tuple(each.replace("drbd r0", "drbd r01") for each in NINE),        # another resource
    tuple(each.replace("node2", "node3") for each in NINE),             # another peer
    ("", ";", "6,1", "6,1,x,-;drbd r0: conn( A -> Connected )", "\x00" * 9)])
def test_what_it_does_not_say_is_not_known(records):
    assert drbdlog.parse(records, "r0", "node2") is None
