# SPDX-License-Identifier: GPL-2.0-or-later
"""Every fault we know of has a place where it is tried; this is the table.

A place is a kind of fault that the model injects ("fault X"), an event of the
model ("event X"), a rule of the machine ("rule X"), a state it begins in
("start X"), surroundings of a process ("around X"), or a test ("FILE: TEST").
"""

import os
import re

import pytest

from model import events, machine, test_real_faults
from simulator import faults
from sourcetree import TREE

_HANGS, _REAL = "model/test_real_programs.py: test_what_hangs_is_ended", "model/test_real_faults.py: "
_RUN, _ENDS = "unit/core/test_run.py: ", _REAL + "test_whatever_every_program_does"

PROGRAMS = {
    "absent": ("fault absent", "model/test_real_programs.py: test_what_cannot_be_started"),
    "not executable": ("fault not-executable", _RUN + "test_one_that_cannot_be_executed_too"),
    "bad format, bad shebang": ("fault bad-format", _RUN + "test_an_exec_format_error_too"),
    "hangs for ever": ("fault hang", "fault hang-after", _HANGS),
    "hangs and ignores SIGTERM": (
        "fault hang-hard", "model/test_real_agents.py: test_nothing_is_left_when_every"),
    "not even SIGKILL ends it": ("fault unkillable", _RUN + "test_a_child_that_cannot_be_killed"),
    "grandchild holds the pipe": ("model/test_real_programs.py: test_grandchild_with", _ENDS),
    "a byte a second": ("fault drip", _HANGS, _ENDS),
    "100 MiB on stdout": ("fault flood", "model/test_real_programs.py: test_flood_is_cut", _ENDS),
    "100 MiB on stderr alone": (
        "fault flood-errors", "model/test_real_programs.py: test_flood_of_errors_alone",
        "unit/lvm/test_tools.py: test_of_a_flood_of_messages"),
    "closes stdout early": ("fault closed", _RUN + "test_one_that_closes_its_output", _ENDS),
    "exit codes": ("fault exit", "model/test_real_programs.py: test_every_exit_code_is_told"),
    "dies of a signal": ("fault killed", "model/test_real_programs.py: test_killed_by_a_signal"),
    "success, half the output": ("fault partial", _ENDS),
    "success, with warnings": ("fault noise", "fault mixed"),
    "bytes that are no text": ("fault garbage", _RUN + "test_bytes_that_are_not_utf8", _ENDS),
    "another language, decimal comma": (
        "fault foreign", "model/test_real_programs.py: test_another_language"),
    "JSON cut off": ("fault partial", "unit/drbd/test_drbdsetup.py: test_json_cut_off_or_foreign"),
    "attributes of 7 letters, flags of 4 dashes": ("event odd_formats",),
    "nothing said, exit code 0": (
        "fault empty", "unit/core/test_no_answer.py: test_such_a_question_is_not_answered"),
    "hangs, and another way would do": (
        "unit/drbd_dualprimary/test_hung_drbdadm.py: test_demote_and_stop_do_without_it",),
    "digits of other scripts, numbers without end": (
        "unit/core/test_numbers.py: test_no_parser_ends_in",),
    "one line of megabytes, megabytes of lines": (
        "unit/core/test_size.py: test_a_long_line", "unit/core/test_size.py: test_eight_times"),
    "as slow as the deadline just allows": ("fault late", "fault slow"),
    "the clock jumps": (_REAL + "test_the_clock_of_the_wall",
                        "unit/security/test_source.py: test_the_wall_clock_is_not_asked"),
    "only under an action": ("rule program_breaks_under",),
}

STATES = {
    "inquorate": ("start inquorate", "event lose_quorum"),
    "cman or corosync not running": ("event engine_stops",),
    "disallowed nodes": ("unit/cluster/test_cman.py: test_nodes_by_fields_with_two_rings_a_note_and_a_disk",),
    "fencing is waited for": ("event fencing_fails", "event crash"),
    "dlm in kern_stop": ("event lockspaces_stick",),
    "no dlm": ("event dlm_stops",),
    "clvmd missing on the peer": ("event kill_daemon", "start both-primary"),
    "socket missing": ("event socket_vanishes",),
    "socket refuses": ("event kill_daemon",),
    "socket accepts, no answer": ("event stop_daemon",),
    "socket takes nobody, its queue is full": (
        "event lose_quorum", "start inquorate",
        "unit/clvmd/test_inquorate.py: test_no_monitor_fails"),
    "pid file stale, or another program's": ("event stale_pidfile",),
    "two daemons": ("event second_daemon",),
    "clvmd ready only after its command gave up": ("event two_node", "event lose_quorum"),
    "no cluster locking in lvm.conf": ("event no_cluster_locking",),
    "fallback to local locking": ("event fallback_to_local_locking",),
    "VG missing": ("event group_is_gone",),
    "VG partial": ("event group_is_partial",),
    "VG exported": ("event group_is_exported",),
    "VG not clustered": ("event group_is_local",),
    "PV twice, or on the disk below": ("event lower_disk_is_visible",),
    "one of the LVs inactive": ("event volume_is_inactive",),
    "LV open at stop": ("event mount", "event start_guest"),
    "LV exclusive on the peer": ("start exclusive", "event create_exclusive"),
    "LV suspended": ("event suspend",),
    "DRBD module absent": ("start cluster-up", "fault exit"),
    "DRBD unconfigured": ("start cluster-up",),
    "StandAlone": ("event stand_alone", "start disconnected"),
    "both Primary and disconnected": ("start split-brain",),
    "waits for the connection": ("event cut_replication",),
    "Diskless": ("event disk_fails",),
    "Inconsistent": ("event disk_is_inconsistent",),
    "Outdated": ("event disk_is_outdated",),
    "SyncTarget": ("start syncing",),
    "Negotiating": ("event negotiating",),
    "I/O suspended": ("event io_is_suspended",),
    "I/O suspended by a person": ("event io_is_suspended_by_hand",),
    "DRBD 9: quorum lost, writes wait or fail": (
        "event quorum_of_drbd_suspends", "event quorum_of_drbd_fails_writes"),
    "DRBD 9: a reader keeps it from going down": ("event device_is_read",),
    "DRBD 9: the connection is gone": ("event connection_is_gone",),
    "DRBD 9: promoted by whoever opens it": (
        "event auto_promote_is_on", "event device_is_opened_to_write"),
    "readers hang in the kernel": (
        "event io_is_suspended", "unit/lvm/test_held_back.py: test_a_thorough_monitor_reads"),
    "resource not in the configuration": ("event resource_leaves_configuration",),
    "two primaries not allowed": ("event one_primary_only",),
    "after-sb-2pri loses data": ("event automatic_loss",),
    "no fencing policy, handler or program of it": (
        "event no_fencing_policy", "event no_fence_handler", "event no_handler_installed"),
    "held open at demote": ("event hold_drbd",),
    "state change refused some times": ("fault exit", "rule program_breaks"),
    "several peers, DRBD 9": ("unit/drbd_dualprimary/test_decide_cases.py: test_start_refuses_what_would_lose",),
}

SURROUNDINGS = {
    "each variable missing, empty, garbage, negative, huge": ("rule odd_variables",),
    "interval unset": ("rule odd_variables",),
    "notify lists of one blank": ("rule odd_variables",
                                  "unit/core/test_environment.py: test_notification_with_empty"),
    "state folder absent": ("event state_is_forgotten",),
    "state folder read-only, full, not safe": (
        "event run_is_full", _REAL + "test_without_a_folder_for_its_state",
        "unit/security/test_memory.py: test_a_file_system_that_takes_nothing"),
    "state overwritten": ("event state_is_garbage",),
    "/proc unreadable": ("event proc_is_unreadable", "event kernel_is_unreadable"),
    "working folder deleted": ("around working folder deleted",),
    "stdin closed": ("around stdin closed",),
    "stdout closed, broken, full": ("around stdout closed", "around stdout is a broken pipe",
                                    "around stdout is full"),
    "stderr closed, full": ("around stderr closed", "around stderr is full"),
    "16 open files": ("around few files",),
    "umask": ("around umask 077", "around umask 000"),
    "nobody": (_REAL + "test_as_nobody", "unit/core/test_main.py: test_metadata_as_nobody"),
    "two instances at once": (_REAL + "test_two_instances_at_once", "rule both_at_once"),
    "SIGTERM in each step": ("rule cut_short", _REAL + "test_after_an_end_in_the_middle"),
    "SIGKILL in the middle": ("rule cut_short", _REAL + "test_after_an_end_in_the_middle"),
}

PLACES = dict(PROGRAMS, **STATES, **SURROUNDINGS)


def _tests(path):
    with open(os.path.join(TREE, "tests", path), encoding="utf-8") as stream:
        return re.findall(r"^ *def (test_\w+)", stream.read(), re.M)


def _there(place):
    kind, _, name = place.partition(" ")
    if kind == "fault":
        return name in machine.KINDS
    if kind == "event":
        return name in {event.__name__
                        for event in events.EVENTS + events.OF_VOLUMES + events.OF_DRBD_9}
    if kind == "rule":
        return hasattr(machine.Cluster, name)
    if kind == "start":
        return name in machine.STARTS
    if kind == "around":
        return name in test_real_faults.SURROUNDINGS
    path, _, test = place.partition(": ")
    return any(re.match(test, found) for found in _tests(path))


@pytest.mark.parametrize("fault", sorted(PLACES))
def test_it_has_its_places(fault):
    assert PLACES[fault], "a fault without a place"
    assert [place for place in PLACES[fault] if not _there(place)] == []


def test_every_kind_and_every_surrounding_is_in_the_table():
    named = {place for places in PLACES.values() for place in places}
    kinds = {"fault " + kind for kind in faults.KINDS} - {"fault grandchild"}
    assert kinds <= named
    assert {"around " + name for name in test_real_faults.SURROUNDINGS} - named == {
        "around all closed", "around SIGPIPE ignored"}
