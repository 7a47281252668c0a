# SPDX-License-Identifier: GPL-2.0-or-later
"""Every relative link in every document leads somewhere; README.md leads to every document."""

import os

import pytest

from sourcetree import TREE
from unit.docs import markdown


@pytest.mark.parametrize("page", markdown.pages())
def test_every_link_leads_somewhere(page):
    lost = []
    for target in markdown.links(markdown.read(page)):
        path, _, anchor = target.partition("#")
        if "://" in target or target.startswith("mailto:"):
            continue
        there = os.path.normpath(os.path.join(TREE, os.path.dirname(page), path)) if path \
            else os.path.join(TREE, page)
        if not os.path.exists(there):
            lost.append(target)
        elif anchor and anchor not in markdown.anchors(markdown.read(there)):
            lost.append(target)
    assert lost == []


def test_from_the_readme_one_gets_to_every_document():
    seen, new = set(), {"README.md"}
    while new:
        page = new.pop()
        seen.add(page)
        for target in markdown.links(markdown.read(page)):
            path = os.path.normpath(os.path.join(os.path.dirname(page), target.partition("#")[0]))
            if path.endswith(".md") and path not in seen and os.path.exists(
                    os.path.join(TREE, path)):
                new.add(path)
    assert set(markdown.pages()) - seen == set()


def test_a_lost_link_is_found():
    text = "# A b: `c`\n[x](y.md#z) `[no](no.md)`\n```sh\n[no](no.md)\n```\n"
    assert markdown.links(text) == ("y.md#z",)
    assert markdown.anchors(text) == {"a-b-c"}
