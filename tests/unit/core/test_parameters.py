# SPDX-License-Identifier: GPL-2.0-or-later
"""Parameters: typed, defaulted, and every problem told in a sentence."""

import pytest

from dualstor.ocf.environment import Environment
from dualstor.ocf.parameters import Interface, Parameter, parse

DECLARED = Interface("sample", "s", "l", (
    Parameter("vgname", "s", "l", required=True, pattern=str.isalnum),
    Parameter("wait", "s", "l", type="integer", default=5, minimum=0, maximum=60),
    Parameter("fencing", "s", "l", type="boolean", default=True),
    Parameter("mode", "s", "l", type="select", default="shared", options=("shared", "exclusive"))), ())


def values(**texts):
    return parse(DECLARED, Environment({"OCF_RESKEY_" + n: t for n, t in texts.items()}))


def test_unset_and_empty_mean_the_default():
    parsed = values(vgname="vg0", wait="", mode="")
    assert (parsed.vgname, parsed.wait, parsed.fencing, parsed.mode) == ("vg0", 5, True, "shared")
    assert parsed.problems == () and parsed.lacking == ()


def test_values_are_typed():
    parsed = values(vgname="vg0", wait=" 7 ", fencing="NO", mode="exclusive")
    assert (parsed.wait, parsed.fencing, parsed.mode) == (7, False, "exclusive")


@pytest.mark.parametrize("name, text, says", [
    ("wait", "soon", "whole number"), ("wait", "61", "between 0 and 60"),
    ("wait", "-1", "between 0 and 60"), ("fencing", "perhaps", "true or false"),
    ("mode", "tagged", "one of shared, exclusive"), ("vgname", "a b", "not valid")])
def test_a_wrong_value_is_told_and_the_default_stands(name, text, says):
    parsed = values(**dict({"vgname": "vg0"}, **{name: text}))
    (problem,) = parsed.problems
    assert says in problem and problem.startswith(name + " is ")
    assert parsed.lacking == (("vgname",) if name == "vgname" else ())
    assert getattr(parsed, name) == {p.name: p.default for p in DECLARED.parameters}[name]


def test_a_missing_required_one_is_lacking():
    parsed = values()
    assert parsed.lacking == ("vgname",) and "vgname is not set" in parsed.problems[0]
