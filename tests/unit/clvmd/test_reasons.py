# SPDX-License-Identifier: GPL-2.0-or-later
"""clvmd's exit reasons: those that are waited for fit with the seconds, too."""

import pytest

from dualstor.agents.clvmd import options, reasons
from dualstor.ocf.reason import LIMIT, QUOTES, Reason, recognised
from unit.command.test_reasons import spoken, value

#: Each entry that some action of clvmd may wait for.
WAITED = (
    reasons.NO_MEMBERSHIP, reasons.NO_QUORUM, reasons.QUORUM_UNKNOWN, reasons.NOT_IN_FENCE_DOMAIN,
    reasons.FENCE_DOMAIN_UNKNOWN, reasons.FENCE_DOMAIN_WAITS, reasons.FENCING,
    reasons.FENCING_WAITS, reasons.DLM_WAITS, reasons.NO_DLM, reasons.NO_CMAN_DLM,
    reasons.NOT_READY, reasons.NOT_THERE, reasons.START_FAILED, reasons.NO_CLUSTER, reasons.SEVERAL,
    reasons.IN_KERNEL, reasons.STOPPED, reasons.NO_CONNECTION, reasons.NO_LOCKSPACE,
    reasons.NO_DLM_CONTROLD, reasons.LEFT_NO_QUORUM, reasons.IN_LOCKSPACES, reasons.NOT_ENDED,
    reasons.PEER_WITHOUT, reasons.HELD_BACK, reasons.NOT_REPLACED, reasons.NOT_JOINED)


@pytest.mark.parametrize("reason", WAITED, ids=lambda each: each.id)
def test_what_is_waited_for_fits_with_the_seconds(reason):
    text = spoken(reason).after(1200).fitted(LIMIT)
    kept = recognised(text, [reason])
    assert ", waited 1200 s" in text and kept is not None, text
    assert {place: kept.values[place] for place in set(reason.places) - QUOTES} == \
        {place: value(place) for place in set(reason.places) - QUOTES}


def test_with_cman_nothing_points_at_a_resource_of_dlm_or_at_dlm_4():
    """dlm_controld belongs to the service cman, and dlm_tool of dlm 3 has no status."""
    assert "resource" not in reasons.NO_CMAN_DLM.step
    shared = [each for each in vars(reasons).values() if isinstance(each, Reason)]
    assert shared and not [each.id for each in shared if "dlm_tool status" in each.step]


@pytest.mark.parametrize("option", sorted({o for each in options.ADMITTED.values() for o in each}))
def test_the_options_that_a_daemon_may_have_are_named(option):
    assert option in reasons.OPTION.topic.todo
