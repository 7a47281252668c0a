# SPDX-License-Identifier: GPL-2.0-or-later
"""The catalogue of exit reasons: each fits, is used as declared, and docs/operations.md has it."""

import ast
import importlib
import os
import re

import pytest

from dualstor.agents import catalogue
from dualstor.command.check.rules import rules
from dualstor.command.documents import reasons
from dualstor.fencepeer import reasons as fencepeer
from dualstor.ocf.destructive import destructive
from dualstor.ocf.reason import LIMIT, QUOTES, Reason, entries, recognised

TREE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(__file__))))
LIBRARY = os.path.join(TREE, "lib", "dualstor")

FENCE_PEER = "fence-peer"
EVERY = [(FENCE_PEER, each) for each in entries(fencepeer)] + [
    (name, each) for name in (*catalogue.NAMES, None) for each in catalogue.reasons(name)]
ENTRIES = list(dict.fromkeys(each for _, each in EVERY))

#: Where entries are declared, and the rooms that use them.
DECLARED = {"action.reasons": ("action", "main.py"), "agents.lvmversion": ("agents",),
            "fencepeer.reasons": ("fencepeer",)}
DECLARED.update((f"agents.{room}.reasons", (f"agents/{room}",)) for room in (
    name.replace("-", "_") for name in catalogue.NAMES))

#: Names that an administrator has chosen, and the longest usual value of each other place.
NAMES = ("drbd", "vg", "lv", "peer", "node")
LONGEST = {
    "attribute": "promoted-node-max", "value": "2", "right": "2", "number": "16", "protocol": "A",
    "policy": "discard-younger-primary", "program": "/usr/lib/drbd/dualstor-fence-peer",
    "agent": "drbd-dualprimary", "action": "migrate_from", "subject": "DRBD " + "n" * 20,
    "signal": "SIGTERM", "version": "2.03.16", "daemon": "lock daemon", "running": "lvmlockd", "option": "-asy",
    "device": "/dev/mapper/mpatha-part1", "pid": "4194304", "package": "lvm2-cluster",
    "lines": "locking_type = 3, fallback_to_local_locking = 0, use_lvmetad = 0",
}


def value(place):
    """What a place holds at its longest."""
    if place in QUOTES:
        return "a program may say anything, " * 12
    return "n" * 20 if place in NAMES else LONGEST[place]


def spoken(reason):
    """A sentence of an entry at its longest."""
    return reason(**{place: value(place) for place in reason.places})


def trees(room):
    """(path, syntax tree) of each module below a room that declares no entries for agents."""
    top = os.path.join(LIBRARY, room)
    for folder, _, files in os.walk(top) if os.path.isdir(top) else [(LIBRARY, (), (room,))]:
        for name in files:
            if name.endswith(".py") and (room == "action" or name != "reasons.py"):
                path = os.path.join(folder, name)
                with open(path, encoding="utf-8") as stream:
                    yield path, ast.parse(stream.read())


def uses(module):
    """(constant, path, call) of each mention of a module's entries, with the innermost call."""
    declared = {name for name, each in vars(importlib.import_module(f"dualstor.{module}")).items()
                if isinstance(each, Reason)}
    for room in DECLARED[module]:
        for path, tree in trees(room):
            around = {}
            for call in ast.walk(tree):     # from outside in: the innermost call stays
                if isinstance(call, ast.Call):
                    around.update((id(part), call) for part in ast.walk(call))
            for node in ast.walk(tree):
                name = node.attr if isinstance(node, ast.Attribute) else \
                    node.id if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) else ""
                if name in declared:
                    yield name, path, around.get(id(node))


def waited():
    """The entries that an action may wait for."""
    for module in DECLARED:
        for name, _, call in uses(module):
            function = getattr(call, "func", None)
            if getattr(function, "attr", "") in ("wait", "again"):
                yield getattr(importlib.import_module(f"dualstor.{module}"), name)


WAITED = set(waited())


def test_each_has_an_id_of_its_own():
    assert len({each.id for each in ENTRIES}) == len(ENTRIES)
    assert [each.id for each in ENTRIES if not re.fullmatch("[a-z0-9]+(-[a-z0-9]+)*", each.id)] == []


@pytest.mark.parametrize("reason", ENTRIES, ids=lambda each: each.id)
def test_each_says_what_is_wrong_with_what_and_what_to_do(reason):
    assert reason.step or reason.logged or reason.id == "drbd-primary"
    assert reason.places and not reason.template.endswith((".", ":"))
    assert destructive(reason.template) is None   # status and the page have those, in their state


@pytest.mark.parametrize("reason", ENTRIES, ids=lambda each: each.id)
def test_no_step_has_a_command_that_may_be_cut(reason):
    cut = [command for command in reason.step.split("`")[1::2]
           if any("{" + place + "}" in command for place in QUOTES)]
    assert reason.short or reason.logged or not cut


@pytest.mark.parametrize("reason", [each for each in ENTRIES if not each.logged],
                         ids=lambda each: each.id)
def test_each_is_whole_within_what_pacemaker_keeps(reason):
    said = spoken(reason)
    for each in (said, said.after(1200))[:1 + (reason in WAITED)]:
        text = each.fitted(LIMIT)
        kept = recognised(text, [reason])
        assert kept is not None and len(text.encode()) <= LIMIT, text
        assert {place: kept.values[place] for place in set(reason.places) - QUOTES} == \
            {place: value(place) for place in set(reason.places) - QUOTES}


@pytest.mark.parametrize("agent, reason", [pair for pair in EVERY if not pair[1].logged],
                         ids=lambda each: getattr(each, "id", str(each)))
def test_each_is_recognised_where_the_cluster_shows_it(agent, reason):
    said = spoken(reason)
    for text in (str(said), said.fitted(LIMIT)):
        found = catalogue.recognised(text, agent or catalogue.CLVMD)
        assert found is not None and found.reason.id == reason.id and str(found) == text


@pytest.mark.parametrize("module", DECLARED)
def test_each_is_used_with_the_values_that_it_takes(module):
    found = importlib.import_module(f"dualstor.{module}")
    given = {"subject", "drbd", "vg", "daemon"}     # what a case adds itself
    seen = set()
    for name, path, call in uses(module):
        seen.add(name)
        if call is None or not call.keywords or any(k.arg is None for k in call.keywords):
            continue
        keywords = {keyword.arg for keyword in call.keywords}
        assert set(getattr(found, name).places) - given <= keywords, (path, call.lineno, name)
    assert {name for name, each in vars(found).items() if isinstance(each, Reason)} == seen


def test_the_page_in_the_tree_is_the_rendered_one():
    with open(os.path.join(TREE, "docs", "operations.md"), encoding="utf-8") as stream:
        page = stream.read()
    assert page == reasons.render(), "run: make docs"
    assert all(rule.id in page for rule in rules())
    assert all(f"`[{each.id}]`" in page for each in ENTRIES)
