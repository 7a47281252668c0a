# SPDX-License-Identifier: GPL-2.0-or-later
"""The word list of CONTRIBUTING.md, and what a text has of the words that it replaces."""

import re

from unit.docs import markdown

HEADING = "### Words"

#: What is not prose: blocks, comments, code and quotations within two lines, targets of links.
_QUOTED = re.compile(
    r"^```.*?^```$|<!--.*?-->|``[^`]+``|`[^`\n]*(?:\n[^`\n]+)?`|\"[^\"\n]*(?:\n[^\"\n]+)?\""
    r"|\]\([^)\s]*\)", re.MULTILINE | re.DOTALL)


def word_list():
    """((the word to use, (pattern of a phrase that it replaces, ...)), ...) of CONTRIBUTING.md."""
    rows = markdown.rows(markdown.read("CONTRIBUTING.md"), HEADING)
    return tuple((row[0].strip("*"), tuple(pattern(phrase) for phrase in row[1].split("`")[1::2]))
                 for row in rows)


def pattern(phrase):
    """The pattern of a phrase: whole words, any space between, ``*`` an ending, ``...`` a word."""
    words = (r"\w+" if word == "..." else re.escape(word).replace(r"\*", r"\w*")
             for word in phrase.split())
    return re.compile(r"(?<![\w-])" + r"\s+".join(words) + r"(?![\w-])", re.IGNORECASE)


def prose(text):
    """The text with a blank for each piece of code and each quotation; lines keep their numbers."""
    return _QUOTED.sub(lambda match: " " + "\n" * match.group().count("\n"), text)


def found(text, words):
    """What *text* has of the phrases that a word list replaces.

    :param words: what ``word_list`` returns
    :returns: ((line number, the phrase as it is there, the word to use), ...), in order
    """
    plain = prose(text)
    return tuple(sorted(
        (plain.count("\n", 0, match.start()) + 1, " ".join(match.group().split()), use)
        for use, patterns in words for each in patterns for match in each.finditer(plain)))
