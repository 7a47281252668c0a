# SPDX-License-Identifier: GPL-2.0-or-later
"""docs/operations.md: every exit reason of the source is explained, and the page is the rendered one."""

import ast
import os
import re

import pytest

from dualstor.command.check.rules import rules
from dualstor.command.documents import explanations, reasons
from dualstor.ocf import reason

TREE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(__file__))))


def test_every_sentence_is_explained():
    assert [(s.area, s.text) for s in reasons.unexplained()] == [], \
        "explain them in lib/dualstor/command/documents/explanations.py"


def test_no_explanation_is_left_behind():
    every = reasons.sentences()
    stale = [(each.area, key) for each in explanations.TOPICS for key in each.keys
             if not any(key in s.text for s in every if s.area == each.area)]
    assert stale == []
    assert [f for f in explanations.FRAGMENTS if not any(f in s.text for s in every)] == []


def test_each_topic_has_sentences_of_its_own():
    explained = {reasons.topic(s) for s in reasons.sentences()}
    assert [t.title for t in explanations.TOPICS if t not in explained] == []


def test_a_new_reason_is_noticed(tmp_path):
    for name in ("main", "action/engine", "host/host", "host/run", "ocf/parameters"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / (name + ".py")).write_text("")
    for name in ("drbd_dualprimary", "clvmd", "clustered_vg"):
        (tmp_path / "agents" / name).mkdir(parents=True)
    (tmp_path / "agents" / "lvmversion.py").write_text("")
    (tmp_path / "agents" / "clvmd" / "start.py").write_text('''
"""A docstring with many words."""
def decide(request):
    log.warning("this is told to the log alone")
    if request:
        return Wait("the moon to rise", "look at the sky")
    text = "the daemon sulks (%s): feed it" % why
    return refuse(request, 1, text + "; then try again")
''')
    found = reasons.sentences(str(tmp_path))
    assert [(s.text, s.hint) for s in found] == [
        ("the moon to rise", "look at the sky"), ("the daemon sulks (%s): feed it", None),
        ("%s; then try again", None)]
    assert reasons.topic(found[0]) is None


# -- what a reason may hold ---------------------------------------------------------------

#: What a sentence is filled with: an answer of a program, as long and as odd as they come.
ANSWER = "0: State change failed: (-12) Device is held open; by someone, `if` any"
_CONDITION = re.compile(r"\b(if|unless|only|(?<!at )once|choose|after|while|when|with its)\b")


def whole(sentence, filling):
    """A sentence as an agent tells it, with its places filled."""
    text = sentence.text if sentence.hint is None else \
        "still waiting for %s after 50 s; %s" % (sentence.text, sentence.hint)
    if not text.startswith("%s %s: "):
        text = "clustered-vg start: VG vg0: " + text
    text = re.sub(r"`[^`]*`", lambda m: re.sub(r"%[-.0-9]*[a-z]", "vg0", m.group()), text)
    return re.sub(r"%[-.0-9]*[a-z]", filling, text)


def test_no_reason_holds_a_destructive_command():
    """status, the log and the page have those, with their condition: a reason may be cut."""
    assert [(reason.destructive(text), s.area, text) for s in reasons.sentences()
            for text in (s.text, s.hint or "") if reason.destructive(text)] == []


def test_nor_does_any_piece_of_one():
    found = []
    for _, path in reasons.modules():
        with open(path, encoding="utf-8") as stream:
            tree = ast.parse(stream.read())
        skip = set(reasons._unspoken(tree))
        found += [(path, text) for node in ast.walk(tree) if id(node) not in skip
                  for text in (reasons._literal(node),) if text and reason.destructive(text)]
    assert found == []


@pytest.mark.parametrize("filling", ["r0", ANSWER, ANSWER * 3])
def test_what_is_left_of_a_reason_is_safe(filling):
    """A command that changes something stays with the whole next step that it is part of."""
    for sentence in reasons.sentences():
        text = whole(sentence, filling)
        fit = reason.fitted(text)
        assert len(fit) <= reason.LIMIT and fit.count("`") % 2 == 0, fit
        tail = fit.rpartition(" ... ")[2]
        changing = [c for c in reason.commands(tail) if not reason.harmless(c) and c != "if"]
        if fit != text and changing:
            before = text[:len(text) - len(tail)]
            assert before.endswith(": ") and text.endswith(tail), fit


def test_what_a_command_depends_on_stands_in_the_next_step():
    """Before the last colon stands what is wrong, and that part may be cut away."""
    for sentence in reasons.sentences():
        assert all(map(reason.harmless, reason.commands(sentence.hint or ""))), sentence
        wrong, _, step = sentence.text.rpartition(": ")
        if not all(map(reason.harmless, reason.commands(step))):
            assert not _CONDITION.search(wrong), sentence


def test_the_page_in_the_tree_is_the_rendered_one():
    with open(os.path.join(TREE, "docs", "operations.md"), encoding="utf-8") as stream:
        page = stream.read()
    assert page == reasons.render(), "run: make docs"
    assert all(rule.id in page for rule in rules())
