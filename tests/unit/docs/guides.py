# SPDX-License-Identifier: GPL-2.0-or-later
"""The two guides from bare hosts to a running pair, as a test takes them apart."""

from dualstor.command.configure import answers, sources
from unit.docs import markdown

#: Page -> (generation, how it loads Pacemaker's configuration).
GUIDES = {"docs/guide-lvmlockd.md": ("lvmlockd", "pcs"), "docs/guide-clvmd.md": ("cman", "cib")}


def steps(page):
    """((nodes, commands), ...) of the steps on a page."""
    return tuple((block.words[2:], block.commands)
                 for block in markdown.blocks(markdown.read(page), "sh", "step"))


def answers_text(page):
    """The answers on a page, as the text of a file."""
    (block,) = markdown.blocks(markdown.read(page), "toml", "pair.toml")
    return block.text


def pair(page, folder):
    """The Pair of a page's answers, by way of a file in *folder*."""
    (folder / "pair.toml").write_text(answers_text(page))
    return answers.pair(sources.read_file(str(folder / "pair.toml")))
