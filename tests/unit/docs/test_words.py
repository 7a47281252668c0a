# SPDX-License-Identifier: GPL-2.0-or-later
"""Documents written by hand, and the source, use the words of the list in CONTRIBUTING.md."""

import pytest

from sourcetree import SHIPPED, sources
from unit.docs import markdown, words

LIST = words.word_list()
#: Made from the source, which has the words in them.
MADE = {"docs/operations.md", "docs/findings.md", "docs/metrics.md", "docs/faults/faults.md",
        "docs/faults/nemesis.md"}

#: What programs print, our own, too.
OUTPUT = ("Nothing: all is well.",)


def in_source(path):
    return words.found_in_source(markdown.read(path), LIST, OUTPUT)


SOURCE = sorted({*SHIPPED, *sources("lab/lablib")})


@pytest.mark.parametrize("path", SOURCE)
def test_source_has_none_of_them(path):
    assert in_source(path) == ()


@pytest.mark.parametrize("page", sorted(set(markdown.pages()) - MADE))
def test_a_page_has_none_of_the_words_that_the_list_replaces(page):
    assert words.found(markdown.read(page), LIST) == ()


def test_each_entry_replaces_something_and_no_entry_another():
    assert len(LIST) > 20
    assert [use for use, patterns in LIST if not patterns] == []
    assert [found for use, _ in LIST for found in words.found(use, LIST)] == []


def test_a_phrase_is_found_in_any_case_and_over_the_end_of_a_line():
    entries = (("fix", (words.pattern("mend*"),)), ("one per", (words.pattern("one a"),)))
    assert words.found("Mending it.\nThere is one\na line.", entries) == (
        (1, "Mending", "fix"), (2, "one a", "one per"))
    assert words.found("commend amend one-a, done a, on a", entries) == ()
    assert words.found("each policy but one; each node, but", (
        ("every ... except", (words.pattern("each ... but"),)),)) == (
            (1, "each policy but", "every ... except"),)


def test_code_and_quotations_are_left_alone():
    entries = (("fix", (words.pattern("mend"),)),)
    text = ("```sh\nmend\n```\n`mend` ``mend`` it says \"mend\nthat\" [x](mend.md) <!-- mend -->\n"
            "and mend it\n")
    assert words.found(text, entries) == ((6, "mend", "fix"),)


def test_docstrings_messages_and_comments_of_source_are_found_code_is_not():
    entries = (("fix", (words.pattern("mend"),)), ("one per", (words.pattern("one a"),)))
    text = ('"""Mends.\n\nmend it\n"""\n'
            "mend = {'mend': 1}\n"
            "#: one\n# a line, ``mend``\n"
            "print('mend it', f'{mend} mend {\"to mend\"}')   # mend\n")
    assert words.found_in_source(text, entries) == (
        (3, "mend", "fix"), (6, "one a", "one per"),
        (8, "mend", "fix"), (8, "mend", "fix"), (8, "mend", "fix"), (8, "mend", "fix"))
    assert words.found_in_source("'all: mend it'", entries, ("mend it",)) == ()
