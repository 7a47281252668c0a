# SPDX-License-Identifier: GPL-2.0-or-later
"""What pages name is there: files of the tree, targets of make, sub-commands and options."""

import glob
import os
import re

import pytest

from dualstor.command.main import build_parser
from sourcetree import TREE
from unit.docs import markdown

_CODE = re.compile(r"`([^`\n]+)`")
_TOPS = ("lib/", "tests/", "docs/", "lab/", "tools/", "metadata/", "ocf/", "bench/", "packaging/")
#: Pages that are written by hand.
PAGES = sorted(set(markdown.pages()) - {"docs/operations.md", "docs/findings.md",
                                           "docs/metrics.md"})


def code(page):
    """All that stands as code in a page: within lines, and the lines of its blocks."""
    text = markdown.read(page)
    found = _CODE.findall(re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL))
    for block in markdown.blocks(text):
        found += [line.partition("#")[0].strip() for line in block.text.splitlines()]
    return found


@pytest.mark.parametrize("page", PAGES)
def test_files_of_the_tree_are_there(page):
    named = {word.rstrip(",.:;") for text in code(page) for word in text.split()
             if word.startswith(_TOPS)}
    lost = [name for name in named if not glob.glob(os.path.join(TREE, name.partition("::")[0]))
            and "AGENT" not in name]
    assert lost == []


def _targets():
    text = markdown.read("Makefile") + markdown.read("packaging/package.mk")
    return set(re.findall(r"^([a-z-]+):", text, re.MULTILINE))


@pytest.mark.parametrize("page", PAGES)
def test_targets_of_make_are_there(page):
    wanted = {word for text in code(page) if text.startswith("make ")
              for word in text.split()[1:] if re.fullmatch("[a-z-]+", word)}
    assert wanted - _targets() == set()


def _options():
    """{sub-command: its options}."""
    parser = build_parser()
    (sub,) = [action for action in parser._actions if hasattr(action, "choices") and action.choices]
    return {name: {option for action in each._actions for option in action.option_strings}
            for name, each in sub.choices.items()}


@pytest.mark.parametrize("page", PAGES)
def test_the_command_takes_what_pages_give_it(page):
    known = _options()
    for text in code(page):
        words = text.split()
        if words[:1] != ["dualstor"] or len(words) < 2 or not re.fullmatch("[a-z-]+", words[1]):
            continue
        assert words[1] in known, text
        options = {word.partition("=")[0] for word in words[2:] if word.startswith("--")}
        assert options - known[words[1]] == set(), text


def test_what_is_not_there_is_found(monkeypatch):
    monkeypatch.setattr(markdown, "read", lambda page: "`tests/nothing.py` `make nothing`\n")
    assert code("x") == ["tests/nothing.py", "make nothing"]
    with pytest.raises(AssertionError):
        test_files_of_the_tree_are_there("x")
