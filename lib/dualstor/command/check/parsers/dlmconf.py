# SPDX-License-Identifier: GPL-2.0-or-later
"""Options of dlm_controld: dlm.conf, its command line, and the files that hold the latter.

Sources: dlm.conf(5), dlm_controld(8); dlm_controld/config.c (set_opt_file) and main.c
(set_opt_cli) of dlm 4; the init script of cman and dlm.service (DLM_CONTROLD_OPTS).
"""

import re
import shlex

from dualstor.command.check.parsers.where import Where
from dualstor.record import whole

#: Short options of the ones that are read here.
_LETTERS = {"f": "enable_fencing", "r": "protocol"}
_SETTING = re.compile(r"^(\w+)[ \t]*=[ \t]*(\S+)")
_VARIABLE = re.compile(r"^[ \t]*(?:export[ \t]+)?DLM_CONTROLD_OPTS=(.*)$")
_AGENT = re.compile(r"^(?:fence_all|device[ \t]+\S+)[ \t]+(\S+)")
#: Programs that fence nobody and succeed.
_NOTHING = ("true", "fence_null", "fence_dummy", "fence_manual")


def parse(text: str, path: str) -> "dict[str, tuple[str, Where]]":
    """{option: (value, Where)} of dlm.conf; of two the later counts."""
    found = {}
    for number, line in enumerate(text.split("\n"), 1):
        match = _SETTING.match(line)    # a blank or # before it makes it no option
        if match:
            found[match.group(1)] = (match.group(2), Where(path, number))
    return found


def idle_agents(text: str, path: str) -> "list[tuple[str, Where]]":
    """(program, Where) of the fence agents in dlm.conf that do nothing."""
    matches = [(_AGENT.match(line), Where(path, number))
               for number, line in enumerate(text.split("\n"), 1)]
    return [(match.group(1), where) for match, where in matches
            if match and match.group(1).rpartition("/")[2] in _NOTHING]


def command_line(words: "list[str]", where: Where) -> "dict[str, tuple[str, Where]]":
    """{option: (value, Where)} of dlm_controld's arguments."""
    found, rest = {}, list(words)
    while rest:
        word = rest.pop(0)
        if word.startswith("--"):
            name, equals, value = word[2:].partition("=")
        elif word.startswith("-") and word[1:2] in _LETTERS:
            name, value = _LETTERS[word[1]], word[2:].lstrip("=")
            equals = value
        else:
            continue
        if not equals and rest and not rest[0].startswith("-"):
            value = rest.pop(0)
        if value:
            found[name] = (value, where)
    return found


def split(text: str) -> "list[str]":
    """The words of a command line; quotes may be broken."""
    try:
        return shlex.split(text)
    except ValueError:
        return text.replace('"', " ").replace("'", " ").split()


def variables(text: str, path: str) -> "dict[str, tuple[str, Where]]":
    """{option: (value, Where)} of DLM_CONTROLD_OPTS in a file of shell variables."""
    found: "dict[str, tuple[str, Where]]" = {}
    for number, line in enumerate(text.split("\n"), 1):
        match = _VARIABLE.match(line)
        if match:
            words = [inner for word in split(match.group(1).partition(" #")[0])
                     for inner in word.split()]
            found = command_line(words, Where(path, number))
    return found


def number(text: str) -> int:
    """A number as atoi(3) reads it: what is none is 0, so "yes" switches off."""
    match = re.match(r"[ \t]*([+-]?[0-9]{1,9})", text)
    return whole(match.group(1), signed=True) or 0 if match else 0
