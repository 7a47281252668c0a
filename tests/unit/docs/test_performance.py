# SPDX-License-Identifier: GPL-2.0-or-later
"""docs/performance.md shows the recorded figures, and has a figure wherever there should be one."""

import os
import sys

from sourcetree import TREE

sys.path.append(TREE)

from bench import page  # noqa: E402

DOCS = os.path.join(TREE, "docs")


def test_the_page_shows_the_newest_figures():
    with open(os.path.join(DOCS, "performance.md"), encoding="utf-8") as stream:
        text = stream.read()
    found = page.blocks(os.path.join(DOCS, "bench"))
    assert set(found) >= {"host", "growth", "lab", "operations"}
    assert page.filled(text, found) == text
    assert "@" not in text and "-->\n<!-- end" not in text
