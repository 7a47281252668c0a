# SPDX-License-Identifier: GPL-2.0-or-later
"""An exit reason must survive Pacemaker's 127 characters with what is wrong and what to do."""

from hypothesis import given
from hypothesis import strategies as st

from dualstor.ocf.reason import LIMIT, fitted

LONG = ("drbd monitor: DRBD resource r0: runs without its peer (Primary, disk UpToDate, WFConnection): "
        "bring the other node or the replication link back")


def test_a_long_one_keeps_what_is_wrong_and_the_whole_next_step():
    assert fitted(LONG) == ("drbd monitor: DRBD resource r0: runs without its peer (Primary, disk UpTo ... "
                            "bring the other node or the replication link back")


def test_a_short_one_is_left_alone():
    assert fitted(LONG[:LIMIT]) == LONG[:LIMIT]


@given(st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=400))
def test_any_fits_and_begins_and_ends_as_it_did(text):
    fit = fitted(text)
    assert len(fit) <= LIMIT
    head, mark, tail = fit.partition(" ... ") if fit != text else (text, "", "")
    assert text.startswith(head.rstrip()) and text.endswith(fit.rpartition(" ... ")[2])
