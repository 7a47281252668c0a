# SPDX-License-Identifier: GPL-2.0-or-later
"""lvm.conf with line numbers; takes any text.

Format: lvm.conf(5), libdm/libdm-config.c: ``section { key = value }``, ``section/key = value``,
values are numbers, strings in double quotes, or lists in brackets; ``#`` begins a comment.
"""

import re

from dualstor.command.check.parsers.where import Problem, Where

_TOKEN = re.compile(
    r'\s+|(#[^\n]*)|"((?:\\.|[^"\\])*)"|([][{}=,])|([^\s\[\]{}=,"#]+)|(.)', re.DOTALL)


def _tokens(text):
    """(kind, text, line): kind is "mark", "string", "word" or "odd"."""
    line, position = 1, 0
    for match in _TOKEN.finditer(text):
        line += text.count("\n", position, match.start())
        position = match.start()
        comment, string, mark, word, odd = match.groups()
        if string is not None:
            yield "string", re.sub(r"\\(.)", r"\1", string), line
        elif mark:
            yield "mark", mark, line
        elif word:
            yield "word", word, line
        elif odd:
            yield "odd", odd, line


class _Reader:
    def __init__(self, text, path):
        self.tokens = list(_tokens(text))
        self.position = 0
        self.path = path
        self.settings, self.problems = {}, []

    def peek(self):
        if self.position < len(self.tokens):
            return self.tokens[self.position]
        return "end", "", self.tokens[-1][2] if self.tokens else 1

    def take(self):
        token = self.peek()
        self.position += 1
        return token

    def wrong(self, line, text):
        self.problems.append(Problem(Where(self.path, line), text))

    def value(self):
        """One value: text, or a tuple of text for a list."""
        kind, text, line = self.take()
        if (kind, text) != ("mark", "["):
            if kind not in ("string", "word"):
                self.wrong(line, "a value is missing")
            return text
        items = []
        while True:
            kind, text, line = self.take()
            if (kind, text) == ("mark", "]"):
                return tuple(items)
            if kind in ("string", "word"):
                items.append(text)
            elif text != ",":
                self.wrong(line, "a list is not closed")
                return tuple(items)

    def read(self):
        open_sections = []
        while True:
            kind, text, line = self.take()
            if kind == "end":
                break
            if (kind, text) == ("mark", "}"):
                if open_sections:
                    open_sections.pop()
                else:
                    self.wrong(line, "a closing brace that nothing opened")
            elif kind not in ("word", "string"):
                self.wrong(line, f"unexpected \"{text}\"")
            elif self.peek()[:2] == ("mark", "{"):
                self.take()
                open_sections.append((text, line))
            elif self.peek()[:2] == ("mark", "="):
                self.take()
                name = "/".join([section for section, _ in open_sections] + [text])
                self.settings[name] = (self.value(), Where(self.path, line))
            else:
                self.wrong(line, f"neither a setting nor a section: {text[:60]}")
        for section, line in open_sections:
            self.wrong(line, f"no closing brace for the section \"{section}\"")


def parse(text, path):
    """({"section/key": (value, Where)}, tuple of Problems); of two the later one counts."""
    reader = _Reader(text, path)
    reader.read()
    return reader.settings, tuple(reader.problems)
