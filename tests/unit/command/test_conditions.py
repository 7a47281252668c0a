# SPDX-License-Identifier: GPL-2.0-or-later
"""Wherever a destructive command is printed, its condition stands with it."""

import itertools
import re

import pytest

from dualstor import recipes
from dualstor.agents import catalogue
from dualstor.command.check.rules import rules
from dualstor.kernel import drbd
from dualstor.ocf.destructive import destructive
from unit.docs import markdown

_CONDITION = re.compile(r"\b(if|only|unless|never|once|where|when|while|after|before|"
                        r"on a disk that|with its|needs?|refuses?|without|not)\b", re.IGNORECASE)
#: Pages by hand whose blocks of commands a test plays from bare disks, or on a volume of its own.
_PLAYED = ("docs/guide-clvmd.md", "docs/guide-lvmlockd.md", "docs/volumes.md", "docs/moving.md")


def bare(text):
    """The sentences of a text that hold a destructive command and no condition."""
    return [sentence for sentence in re.split(r"(?<=[.;])\s", text)
            if destructive(sentence) and not _CONDITION.search(sentence)]


@pytest.mark.parametrize("topic", sorted(
    {each.topic for name in (*catalogue.NAMES, None) for each in catalogue.reasons(name)},
    key=lambda topic: topic.title), ids=lambda topic: topic.title)
def test_topics(topic):
    assert bare(topic.means) + bare(topic.todo) == []


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: rule.id)
def test_findings(rule):
    assert bare(rule.fix) == []


def _recipes():
    up = drbd.State(resource="r0", role="Primary", peers=(), volumes=())
    for one, two in itertools.product((None, drbd.UNKNOWN, up), repeat=2):
        sides = recipes.Side(node="a", state=one), recipes.Side(node="b", state=two)
        yield recipes.split_brain("r0", sides)
        yield recipes.lone_copy("r0", sides[0], "b")
    for up in (False, True):
        yield recipes.new_disk("r0", "a", "b", up)


def test_recipes():
    """The title of its part says when a step is right."""
    for parts in _recipes():
        for part in parts:
            text = " ".join(recipes.typed(step) for step in part.steps)
            assert destructive(text) is None or part.title.startswith(("If ", "Only if ")), part


@pytest.mark.parametrize("page", [p for p in markdown.pages() if p.startswith(("docs/", "README"))
                                  and p not in _PLAYED and not p.startswith("docs/faults/")])
def test_pages(page):
    text = markdown.read(page)
    if page == "docs/operations.md":    # recipes are looked at above
        text = re.sub(r"^\d+\. .*$", "", text, flags=re.MULTILINE)
    assert [s for paragraph in text.split("\n\n") for s in bare(paragraph.replace("\n", " "))
            if not re.search(r"What must never be done|^- ", paragraph)] == []


def test_one_without_is_found():
    assert bare("Run `drbdadm create-md r0`. Then go on.") == ["Run `drbdadm create-md r0`."]
    assert bare("If this disk is new: `drbdadm create-md r0`.") == []
