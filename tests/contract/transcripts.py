# SPDX-License-Identifier: GPL-2.0-or-later
"""Transcripts of programs: what each says and how it ends, as data that a person can read.

A file below ``tests/conformance/programs`` is one program. ``#`` begins a remark, a case begins
with ``==`` and its title, then come lines ``name: value``, then commands and what became of them:

    in: active                  the situation, see ``situations``
    given: no quorum            changes to it, separated by ";"
    lvm: 2.02.84                versions it is about, the latest when not given; "all" for each
    engine: corosync            cman when not given
    from: seen; clvmd.c main()  where it is known from: "seen" when it ran, else the source
    node1$ cman_tool version    a command, as words (quotes as in a shell)
    | 6.2.0 config 1            a line of stdout
    ! text                      a line of stderr; "!~" when it does not end the line
    => 0                        exit code; "=> hangs" when only SIGKILL ends it

Within lines ``<n>`` is any number with the blanks before it that align it, ``<time>`` a date and
time, ``<...>`` any text; a line ``| <...>`` is any number of lines.
"""

import os
import re
import shlex

from dualstor.record import Record

FOLDER = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "conformance",
                      "programs")
HANGS = "hangs"
VERSIONS = ("2.02.84", "2.02.98", "2.02.118", "2.02.188")


class Command(Record):
    """One command; ``code`` is its exit code or HANGS."""

    node: str
    argv: tuple
    stdout: str = ""
    stderr: str = ""
    code: object = None


class Case(Record):
    """What a program does in one situation."""

    program: str
    title: str
    situation: str
    source: str
    given: tuple = ()
    lvm: str = VERSIONS[-1]
    engine: str = "cman"
    commands: tuple = ()

    def __str__(self):
        return f"{self.program}: {self.title} (LVM {self.lvm})"


_FIELDS = {"in": "situation", "given": "given", "lvm": "lvm", "engine": "engine", "from": "source"}
_PROMPT = re.compile(r"(node[12])\$ (.+)")


def _line(command, line, number):
    """*command* with one more line of what became of it."""
    if line.startswith("| ") or line == "|":
        return command.but(stdout=command.stdout + line[2:] + "\n")
    if line.startswith("!~ "):
        return command.but(stderr=command.stderr + line[3:])
    if line.startswith("! ") or line == "!":
        return command.but(stderr=command.stderr + line[2:] + "\n")
    if line.startswith("=> "):
        return command.but(code=HANGS if line[3:] == HANGS else int(line[3:]))
    raise ValueError(f"line {number}: {line}")


def parse(program, text):
    """The Cases of a file, those of several versions one by one.

    :raises ValueError: a line is none of those above
    """
    found, values, commands = [], None, []

    def end():
        if values is not None:
            assert commands and all(c.code is not None for c in commands), values
            versions = values.pop("lvm", VERSIONS[-1])
            for version in VERSIONS if versions == "all" else versions.split():
                found.append(Case(program=program, commands=tuple(commands), lvm=version, **values))

    for number, line in enumerate(text.splitlines(), 1):
        prompt = _PROMPT.match(line)
        if line.startswith("== "):
            end()
            values, commands = {"title": line[3:]}, []
        elif not line or line.startswith("#"):
            continue
        elif prompt:
            commands.append(Command(node=prompt.group(1), argv=tuple(shlex.split(prompt.group(2)))))
        elif commands:
            commands[-1] = _line(commands[-1], line, number)
        else:
            name, _, value = line.partition(": ")
            values[_FIELDS[name]] = tuple(v.strip() for v in value.split(";")) \
                if name == "given" else value
    end()
    return tuple(found)


def load(program):
    """The Cases of a program's file."""
    with open(os.path.join(FOLDER, program + ".transcript"), encoding="utf-8") as stream:
        return parse(program, stream.read())


def programs():
    """Names of the programs that have a file."""
    return sorted(name.rpartition(".")[0] for name in os.listdir(FOLDER)
                  if name.endswith(".transcript"))


def matches(wanted, said):
    """Whether *said* is what *wanted* describes."""
    pattern = re.escape(wanted).replace(re.escape("<n>"), r" *\d+")
    pattern = pattern.replace(re.escape("<time>"), r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d")
    pattern = pattern.replace(re.escape("<...>\n"), r"(?:.*\n)*")
    return re.fullmatch(pattern.replace(re.escape("<...>"), r".*"), said) is not None
