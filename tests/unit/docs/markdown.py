# SPDX-License-Identifier: GPL-2.0-or-later
"""What stands in the documents: fenced blocks, links, tables.

A block that a test takes from a page says so in its first line, after the language:

    sh by-hand HOSTS      typed, but not checked: it depends on the hardware or the distribution
    sh configure HOSTS    ``dualstor configure``, which the test runs
    sh step HOSTS         a step that ``dualstor configure`` tells, or that the page's test plays
    toml pair.toml        the answers
    text PATH             what is written to PATH
    text screen           a screen of ``dualstor status``, shortened
"""

import glob
import os
import re
import shlex

from dualstor.record import Record
from sourcetree import TREE

DOCS = os.path.join(TREE, "docs")

_FENCE = re.compile(r"^```([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\]\(([^)\s]+)\)")
_CODE = re.compile(r"`[^`\n]*`")


class Block(Record):
    """A fenced block: the words of its first line, and its text."""

    words: tuple
    text: str

    @property
    def commands(self):
        """Its lines as tuples of words."""
        return tuple(tuple(shlex.split(line)) for line in self.text.splitlines())


def read(name):
    """The text of a document, by its path in the tree."""
    with open(os.path.join(TREE, name), encoding="utf-8") as stream:
        return stream.read()


def pages():
    """The paths of all documents in the tree, from its top."""
    found = glob.glob(os.path.join(TREE, "*.md"))
    for folder in ("ansible", "docs", "lab", "bench", "tests", "packaging"):
        found += glob.glob(os.path.join(TREE, folder, "**", "*.md"), recursive=True)
    return sorted(os.path.relpath(path, TREE) for path in found)


def blocks(text, *beginning):
    """The Blocks whose first line begins with these words, in order."""
    found = (Block(words=tuple(words.split()), text=inner) for words, inner in _FENCE.findall(text))
    return tuple(block for block in found if block.words[:len(beginning)] == beginning)


def prose(text):
    """The text without its blocks and without code within lines."""
    return _CODE.sub("", _FENCE.sub("", text))


def links(text):
    """The targets of all links in the prose."""
    return tuple(_LINK.findall(prose(text)))


def anchors(text):
    """What a link may name after "#": the headings, as the usual renderers make them."""
    heads = re.findall(r"^#+ (.+)$", _FENCE.sub("", text), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


def section(text, heading):
    """What stands below a heading, up to the next one of its level or above."""
    below = text[text.index(heading + "\n") + len(heading):]
    level = len(heading) - len(heading.lstrip("#"))
    return re.split(rf"^#{{1,{level}}} ", below, maxsplit=1, flags=re.MULTILINE)[0]


def rows(text, heading):
    """The body rows of the first table below a heading, as tuples of cells."""
    below = text[text.index(heading) + len(heading):]
    table = re.search(r"(?:^\|.*\n)+", below, re.MULTILINE).group()
    return tuple(tuple(cell.strip() for cell in line.strip("|").split("|"))
                 for line in table.splitlines()[2:])
