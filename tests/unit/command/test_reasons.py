# SPDX-License-Identifier: GPL-2.0-or-later
"""docs/operations.md: every exit reason of the source is explained, and the page is the rendered one."""

import os

from dualstor.command import explanations, reasons
from dualstor.command.check.registry import rules

TREE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(__file__))))


def test_every_sentence_is_explained():
    assert [(s.area, s.text) for s in reasons.unexplained()] == [], \
        "explain them in lib/dualstor/command/explanations.py"


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
    for name in ("main", "engine", "host", "run", "ocf/parameters"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / (name + ".py")).write_text("")
    for name in ("drbd_dualprimary", "clvmd", "clustered_vg"):
        (tmp_path / "agents" / name).mkdir(parents=True)
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


def test_the_page_in_the_tree_is_the_rendered_one():
    with open(os.path.join(TREE, "docs", "operations.md"), encoding="utf-8") as stream:
        page = stream.read()
    assert page == reasons.render(), "run: make docs"
    assert all(rule.id in page for rule in rules())
