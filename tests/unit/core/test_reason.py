# SPDX-License-Identifier: GPL-2.0-or-later
"""An exit reason of 127 characters still says what is wrong and what to do, and does no harm."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dualstor.ocf import reason
from dualstor.ocf.reason import LIMIT, commands, destructive, fitted, harmless

LONG = ("drbd monitor: DRBD resource r0: runs without its peer (Primary, disk UpToDate, "
        "WFConnection): bring the other node or the replication link back")


def test_a_long_one_keeps_what_is_wrong_and_the_whole_next_step():
    assert fitted(LONG) == ("drbd monitor: DRBD resource r0: runs without its peer (Primary, disk "
                            "... bring the other node or the replication link back")


def test_a_short_one_is_left_alone():
    assert fitted(LONG[:LIMIT]) == LONG[:LIMIT]


@given(st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=400))
def test_any_fits_and_begins_and_ends_as_it_did(text):
    fit = fitted(text)
    assert len(fit) <= LIMIT and destructive(fit) is None
    if fit == text:
        return
    head, _, tail = fit.partition(" ... ")
    assert text.startswith(head.rstrip())
    assert text.endswith(fit.rpartition(" ... ")[2]) or tail == "the system log has the rest"


_WORDS = st.lists(st.sampled_from(("r0", "Secondary", "the", "peer's", "disk", "StandAlone",
                                   "(-12)", "/dev/drbd0", "a: b", "c; d", "e, f")),
                  min_size=1, max_size=30)


@given(_WORDS, _WORDS)
def test_no_word_and_no_command_is_cut(wrong, step):
    text = (f"drbd start: DRBD resource r0: {' '.join(wrong)}: run `drbdadm adjust r0`, "
            f"{' '.join(step)}")
    fit = fitted(text)
    assert fit.count("`") % 2 == 0
    known = {word.strip("(,;") for word in text.split()}
    assert {word.strip("(,;") for word in fit.split()} <= known | {
        "...", "system", "log", "has", "rest", "the"}


#: How a next step names what its command depends on.
STEPS = ("if {c}, `{x}`", "`{x}` if {c}", "{c}; then `{x}`", "{c}; there `{x}`, on the other `{x}`",
         "with {c}, run `{x}`", "once {c}: `{x}`", "`{x}` after {c}, and see `drbdadm status r0`")


@given(st.sampled_from(STEPS), st.integers(1, 30), st.integers(1, 30),
       st.sampled_from(("drbdadm adjust r0", "vgchange -aln vg0", "drbdadm attach r0")))
def test_a_command_never_stays_without_its_condition(step, wrong, words, command):
    condition = " ".join(f"c{number}" for number in range(words))
    said = step.format(c=condition, x=command)
    fit = fitted(f"drbd start: DRBD resource r0: {' '.join(['wrong'] * wrong)}: {said}")
    assert command not in fit or condition in fit, fit


@pytest.mark.parametrize("entry", reason.DESTRUCTIVE)
def test_a_destructive_command_never_stays_whoever_said_it(entry):
    """drbdmeta says "==> Use 'drbdadm create-md res' to initialize meta-data area. <=="."""
    for before, after in itertools.product(("", "x " * 10, "x " * 60),
                                           ("", "; see `dmesg`", " y" * 60)):
        text = f"drbd start: DRBD resource r0: {before}`drbdadm up r0` failed: ==> Use " \
               f"'{entry} r0' <=={after}"
        assert destructive(text) is not None and destructive(fitted(text)) is None, fitted(text)
        assert fitted(text).startswith("drbd start: DRBD resource r0: ")


def test_what_is_asked_for_after_it_is_kept():
    assert fitted("drbd start: DRBD resource r0: `drbdadm up r0` failed: use drbdadm create-md; "
                  "see `dmesg`") \
        == "drbd start: DRBD resource r0: `drbdadm up r0` failed: ... see `dmesg`"


@pytest.mark.parametrize("text, entry", [
    ("`stonith_admin --confirm node2`", "--confirm"), ("`kill 4711`", "kill"),
    ("`vgchange --lock-type none --lockopt force vg0`", "--lockopt force"),
    ("use \"drbdadm create-md\".", "create-md"), ("`vgchange -an vg0`", "vgchange -an"),
    ("`vgchange -aln vg0`", None), ("`kill -CONT 4711`", None), ("do not kill it", None),
    ("killed by signal 9", None), ("`drbdadm -d adjust r0`", None)])
def test_what_is_destructive(text, entry):
    assert destructive(text) == entry


def test_what_only_looks():
    assert commands("see `dmesg` and `dlm_tool ls`") == ("dmesg", "dlm_tool ls")
    assert all(harmless(c) for c in ("dmesg", "drbdadm status r0", "lvs -o+lv_active"))
    assert not any(harmless(c) for c in ("drbdadm adjust r0", "lvsx", "dlm_tool leave x"))


def test_a_long_answer_of_a_program_takes_no_time_worth_mentioning():
    assert len(fitted("drbd start: " + "a: `b; (c, d) " * 20000)) <= LIMIT
