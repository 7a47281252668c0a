# SPDX-License-Identifier: GPL-2.0-or-later
"""The word list of CONTRIBUTING.md, and what a text has of the words that it replaces."""

import ast
import io
import re
import tokenize

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


def _strings(node):
    """(line, text) of each docstring and message; a single word is a name, not prose."""
    if isinstance(node, ast.JoinedStr):
        yield node.lineno, "".join(part.value if isinstance(part, ast.Constant) else "\u2026"
                                   for part in node.values)
        for part in node.values:
            for child in () if isinstance(part, ast.Constant) else ast.iter_child_nodes(part):
                yield from _strings(child)
        return
    if isinstance(node, ast.Constant) and isinstance(node.value, str) and " " in node.value:
        yield node.lineno, node.value
    for child in ast.iter_child_nodes(node):
        yield from _strings(child)


def _comments(source):
    """(line, text) of each block of comments."""
    first, last, lines = None, None, []
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type != tokenize.COMMENT:
            continue
        if lines and token.start[0] != last + 1:
            yield first, "\n".join(lines)
            lines = []
        if not lines:
            first = token.start[0]
        last = token.start[0]
        lines.append(token.string.lstrip("#:"))
    if lines:
        yield first, "\n".join(lines)


def found_in_source(source, words, output=()):
    """What the docstrings, messages and comments of Python source have; as ``found``.

    :param output: texts of programs that may be anywhere
    """
    hits = []
    for line, text in [*_strings(ast.parse(source)), *_comments(source)]:
        for each in output:
            text = text.replace(each, "")
        hits += [(line + at - 1, phrase, use) for at, phrase, use in found(text, words)]
    return tuple(sorted(hits))
