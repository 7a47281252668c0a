# SPDX-License-Identifier: GPL-2.0-or-later
"""Each rule: silent on good pairs, finds what is spoilt, and says what to do."""

import os
import re
import subprocess
import sys

import pytest

from dualstor.agents import catalogue
from dualstor.command.check.rules import registry, rules

from . import trees
from .spoilt import SPOILT

RULES = {rule.id: rule for rule in rules()}
CASES = [(identifier, number) for identifier, ways in sorted(SPOILT.items())
         for number in range(len(ways))]


@pytest.mark.parametrize("name", ["corosync", "cman"])
def test_a_good_pair_has_no_finding_and_nothing_is_left_unseen(good, name):
    verdict = good(name).verdict()
    assert [(f.rule.id, f.text) for f in verdict.findings] == []
    assert [(u.rule.id, u.reason) for u in verdict.unseen] == []


def test_every_rule_is_broken_by_some_pair():
    assert set(SPOILT) == set(RULES)


@pytest.mark.parametrize("identifier, number", CASES)
def test_the_rule_finds_what_is_spoilt(good, identifier, number):
    name, spoil = SPOILT[identifier][number]
    verdict = spoil(good(name)).verdict([RULES[identifier]])
    assert verdict.findings, f"{identifier} finds nothing"
    for finding in verdict.findings:
        assert finding.rule.id == identifier
        assert finding.text and finding.where.source
        assert not re.search(r"\bNone\b", finding.text + finding.fix)


@pytest.mark.parametrize("identifier", sorted(RULES))
def test_the_fix_is_exact_as_each_finding_fills_it_in(good, identifier):
    """No value that the fix names is left open."""
    rule = RULES[identifier]
    open_values = {word.upper() for word in re.findall(r"\{(\w+)\}", rule.fix)}
    for name, spoil in SPOILT[identifier]:
        for finding in spoil(good(name)).verdict([rule]).findings:
            assert not [w for w in open_values if re.search(rf"\b{w}\b", finding.fix)], finding.fix


@pytest.mark.parametrize("identifier", sorted(RULES))
def test_a_rule_says_what_it_is_why_and_what_to_do(identifier):
    rule = RULES[identifier]
    assert re.match(r"^[A-Z]+(-[A-Z0-9]+)+$", rule.id)
    assert rule.severity in registry.SEVERITIES
    assert rule.title and not rule.title.endswith(".")
    assert rule.why.endswith(".") and rule.why.count(". ") == 0, "one sentence"
    assert rule.fix and not rule.fix.endswith(".")
    assert rule.area


def test_what_lvm_hides_from_a_user_is_not_taken_for_nothing(good):
    pair = good("cman").answer("vgs", "", 0,
                               "WARNING: Running as a non-root user. Functionality may")
    verdict = pair.verdict([RULES["LVM-VG-UNLOCKED"]])
    assert "only root" in verdict.unseen[0].reason


def test_two_rules_cannot_share_an_id():
    with pytest.raises(ValueError):
        registry.rule("DRBD-SYNTAX", registry.ERROR, title="t", why="w.", fix="f")(lambda host: ())


def test_a_rule_in_trouble_does_not_hide_the_others(good):
    def broken(host):
        raise KeyError(host.name)
    trouble = RULES["DRBD-PROTOCOL"].but(id="BROKEN-RULE", check=broken)
    pair = good("corosync").edit("/etc/drbd.d/r0.res", "allow-two-primaries yes;", "").alone()
    verdict = pair.verdict([trouble, RULES["DRBD-TWO-PRIMARIES"]])
    assert [f.rule.id for f in verdict.findings] == ["DRBD-TWO-PRIMARIES"]
    assert [(u.rule.id, "KeyError: 'node1'" in u.reason) for u in verdict.unseen] == [
        ("BROKEN-RULE", True)]


def test_the_advice_is_the_agents_own():
    from dualstor.command.check.rules.pacemaker_clones import INTERFACES
    assert INTERFACES == {name: catalogue.load(name).interface for name in catalogue.NAMES}


def test_the_order_of_the_rules_does_not_depend_on_who_imported_one_before():
    listed = "from dualstor.command.check.rules import rules; print(*[rule.id for rule in rules()])"
    answers = {subprocess.run([sys.executable, "-c", before + listed], env={"PYTHONPATH": os.path.join(trees.TREE, "lib")},
                              check=True, capture_output=True, text=True).stdout
               for before in ("", "import dualstor.command.check.rules.packages; ")}
    assert len(answers) == 1
