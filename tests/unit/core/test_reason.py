# SPDX-License-Identifier: GPL-2.0-or-later
"""An exit reason of 127 bytes still says what is wrong and what to do, and does no harm."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dualstor.ocf import destructive as commands
from dualstor.ocf.destructive import destructive
from dualstor.ocf.reason import LIMIT, recognised, stands_for
from sentences import entry

LOST = entry("DRBD {drbd} runs without {peer} ({says})", "bring {peer} back, see `dmesg`", "lost")
PLAIN = entry("DRBD {drbd} is dark", "light it", "plain")

_TEXT = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=400)


def test_the_fact_comes_first_then_the_step():
    said = LOST(drbd="r0", peer="node2", says="WFConnection")
    assert said == "DRBD r0 runs without node2 (WFConnection): bring node2 back, see `dmesg`"
    assert said.fact == "DRBD r0 runs without node2 (WFConnection)"
    assert said.fitted(LIMIT) == said.fitted(None) == said


def test_a_place_without_a_value_is_a_mistake_of_ours():
    with pytest.raises(KeyError):
        LOST(drbd="r0")


def test_whoever_waited_says_how_long():
    said = PLAIN(drbd="r0").after(84.7)
    assert said == "DRBD r0 is dark, waited 85 s: light it" and said.reason.id == "plain"


def test_a_quotation_is_shortened_before_any_name():
    said = LOST(drbd="r0", peer="node2", says="blah " * 100)
    assert said.fitted(LIMIT).startswith("DRBD r0 runs without node2 (blah blah")
    assert said.fitted(LIMIT).endswith("...): bring node2 back, see `dmesg`")


def test_then_names_in_their_middle_and_never_what_is_fixed():
    said = LOST(drbd="a-resource-with-a-very-long-name", peer="node-of-rack-12.example.org",
                says="blah " * 100)
    text = said.fitted(LIMIT)
    assert LIMIT - 2 <= len(text) <= LIMIT
    kept = recognised(text, [LOST])
    assert stands_for(kept.values["drbd"], said.values["drbd"])
    assert stands_for(kept.values["peer"], said.values["peer"])
    assert not stands_for(kept.values["peer"], "another.example.com")


def test_half_a_command_is_none():
    typed = entry("VG {vg} is not shared", "run `vgchange --lock-type dlm {vg}`")
    assert typed(vg="vg0").fitted(LIMIT).endswith("run `vgchange --lock-type dlm vg0`")
    long = typed(vg="production-storage-eu-west-1-of-the-second-rack")
    assert long.fitted(LIMIT) == str(long)[:len(long.fact)] + ": run `dualstor status`"
    assert recognised(long.fitted(LIMIT), [PLAIN, typed]).reason.id == typed.id
    given_short = typed.but(short="share it")(vg="v" * 60)
    assert given_short.fitted(LIMIT) == f"VG {'v' * 60} is not shared: share it"


def test_a_shortened_name_stands_for_none_that_is_shorter():
    assert stands_for("ab...bc", "abxxxxxbc") and not stands_for("ab...bc", "abc")
    assert stands_for("r0", "r0") and not stands_for("r0", "r00")


@given(_TEXT, _TEXT, _TEXT)
def test_anything_fits_and_does_no_harm(drbd, peer, says):
    said = LOST(drbd=drbd, peer=peer, says=says)
    for limit in (LIMIT, None):
        text = said.fitted(limit)
        assert limit is None or len(text.encode()) <= limit
        if destructive(says):
            assert says not in text
    assert recognised(str(said), [PLAIN, LOST]).reason.id == "lost"


@given(st.text(max_size=300))
def test_letters_of_all_scripts_fit(text):
    assert len(LOST(drbd=text, peer=text, says=text).fitted(LIMIT).encode(errors="replace")) <= LIMIT


def test_a_program_that_says_a_million_takes_no_time_worth_mentioning():
    assert len(LOST(drbd="r0", peer="n", says="a: `b; (c) " * 200000).fitted(LIMIT)) <= LIMIT


def test_of_several_entries_the_most_exact_one_is_recognised():
    loose, exact = entry("{subject} failed ({says})", "look"), \
        entry("{subject} failed (disk {says})", "look", "exact")
    assert recognised("VG v failed (disk full): look", [loose, exact]).reason.id == "exact"
    assert recognised("VG v failed (disk full): look, waited", [loose, exact]) is None


@pytest.mark.parametrize("listed", commands.DESTRUCTIVE)
@pytest.mark.parametrize("limit", [LIMIT, None])
def test_a_destructive_command_never_stays_whoever_said_it(listed, limit):
    """drbdmeta says "==> Use 'drbdadm create-md res' to initialize meta-data area. <=="."""
    for before in ("", "x " * 60):
        said = LOST(drbd="r0", peer="n", says=f"{before}==> Use '{listed} r0' <==")
        assert destructive(said) is not None and destructive(said.fitted(limit)) is None
        assert said.fitted(limit).startswith("DRBD r0 runs without n (see the log)")


@pytest.mark.parametrize("text, found", [
    ("`stonith_admin --confirm node2`", "--confirm"), ("`kill 4711`", "kill"),
    ("`vgchange --lock-type none --lockopt force vg0`", "--lockopt force"),
    ("use \"drbdadm create-md\".", "create-md"), ("`vgchange -an vg0`", "vgchange -an"),
    ("`vgchange -aln vg0`", None), ("`kill -CONT 4711`", None), ("do not kill it", None),
    ("killed by signal 9", None), ("`drbdadm -d adjust r0`", None)])
def test_what_is_destructive(text, found):
    assert destructive(text) == found


def test_the_trouble_is_the_fact_without_its_object_whatever_the_name():
    hangs = entry("VG {vg}: LVM hangs ({says})", "see `dlm_tool ls`", "hangs")
    assert hangs(vg="a: b", says="lvs: killed").trouble == "LVM hangs (lvs: killed)"
    whole = entry("VG {vg} is exported", "import it", "exported")
    assert whole(vg="a: b").trouble == "VG a: b is exported"
