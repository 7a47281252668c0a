# SPDX-License-Identifier: GPL-2.0-or-later
"""Reads what is wanted of a host: this one, or a copied tree."""

import os
import stat

from dualstor.command.check.sources import wanted
from dualstor.command.check.sources.answers import Live, Recorded
from dualstor.command.check.sources.tree import Tree
from dualstor.errors import DualstorError, ParseError
from dualstor.host.deadline import Deadline
from dualstor.host.host import Host
from dualstor.host.run import PATH
from dualstor.tools import drbdinclude
from dualstor.tools.lvm import parse_version

TYPE_CHECKING = False   # only mypy sees what is imported there
if TYPE_CHECKING:
    from dualstor.command.check.sources.answers import Answers

#: Seconds for everything on a host.
SECONDS = 60.0

#: Files and patterns that others include; more are no configuration.
_INCLUDES = 200

#: Bytes; a longer file is not a configuration.
_LIMIT = 4 << 20


def _files(host: Host) -> "tuple[dict[str, str], dict[str, str]]":
    """(files, unreadable) of wanted.FILES and of what these include."""
    texts: "dict[str, str]" = {}
    unreadable: "dict[str, str]" = {}
    waiting, done = list(wanted.FILES), set()   # type: list[str], set[str]
    while waiting and len(done) < len(wanted.FILES) + _INCLUDES:
        for pattern in waiting:
            _read(host, pattern, texts, unreadable)
        done.update(waiting)
        waiting = sorted(wanted.included(texts) - done)[:_INCLUDES]
    return texts, unreadable


def _read(host: Host, pattern: str, texts: "dict[str, str]", unreadable: "dict[str, str]") -> None:
    """Read the files that a pattern stands for."""
    try:
        for path in drbdinclude.expanded(pattern, host.list):
            if path in texts or path in unreadable:
                continue
            if pattern.endswith("/*") and kind(host, path) == "directory":
                continue    # that is meant by no program
            try:
                text = _text(host, path)
            except OSError as problem:
                unreadable[path] = problem.strerror or str(problem)
                continue
            if text is not None:
                texts[path] = text
    except OSError as problem:
        unreadable[pattern] = problem.strerror or str(problem)


def _text(host: Host, path: str) -> "str | None":
    """The text of a regular file; None if it does not exist.

    :raises OSError: it cannot be read, or is something else
    """
    try:
        status = os.stat(host.file(path))
    except (FileNotFoundError, NotADirectoryError):
        return None
    if not stat.S_ISREG(status.st_mode):
        raise OSError(None, "not a regular file")
    if status.st_size > _LIMIT:
        raise OSError(None, "larger than any configuration")
    return host.read(path)


def kind(host: Host, path: str) -> str:
    """What is at a path, as Tree.paths has it."""
    try:
        mode = os.stat(host.file(path)).st_mode
    except OSError:
        return ""
    if stat.S_ISBLK(mode):
        return "device"
    if stat.S_ISDIR(mode):
        return "directory"
    return "program" if mode & 0o111 else "file"


def _aliases(host: Host, paths: "dict[str, str]") -> "dict[str, str]":
    """{path of a block device: its other names in /dev}, as LVM sees it under all of them."""
    found: "dict[str, list[str]]" = {path: [] for path in paths if paths[path] == "device"}
    numbers = {path: host.device(path) for path in found}
    for directory in wanted.ALIASES if found else ():
        for name in host.list(directory):
            other = f"{directory}/{name}"
            number = host.device(other)
            for path in found:
                if number is not None and number == numbers[path] and other != path:
                    found[path].append(other)
    return {path: " ".join(names) for path, names in found.items()}


def _program(host: Host, name: str) -> str:
    """The path of an installed program; "" if there is none."""
    for directory in PATH:
        if kind(host, f"{directory}/{name}") == "program":
            return f"{directory}/{name}"
    return ""


def _hostname(files: "dict[str, str]", otherwise: str) -> str:
    for path in ("/proc/sys/kernel/hostname", "/etc/hostname"):
        words = files.get(path, "").split()
        if words:
            return words[0]
    return otherwise


def _stdout(answers: "Answers", name: str) -> str:
    return answers.commands[name]["stdout"] if name in answers.commands else ""


def _lvm_version(answers: "Answers") -> "tuple[int, ...]":
    """The version that ``lvm version`` reports; else the oldest, whose options all have."""
    try:
        return parse_version(_stdout(answers, "lvm-version"))
    except ParseError:
        return (2, 2, 84)


def _enabling(host: Host) -> "list[str]":
    """The links by which systemd starts units at boot."""
    try:
        return wanted.enabling(host.list)
    except DualstorError:
        return []       # only root may read them, and more than these


def _collect(host: Host, answers: "Answers", source: str, name: str) -> Tree:
    files, unreadable = _files(host)
    paths = {path: kind(host, path)
             for path in list(wanted.PATHS) + wanted.named_paths(files)}
    # a link in a copied tree leads out of it, so it is not followed
    paths.update({path: "link" for path in wanted.named_links(files) + _enabling(host)
                  if os.path.islink(host.file(path))})
    for command, argv in wanted.COMMANDS:
        answers.ask(command, argv)
    for command, argv in wanted.lvm_commands(_lvm_version(answers)):
        answers.ask(command, argv)
    for command, argv in wanted.named_commands(files, answers.lockspaces()):
        answers.ask(command, argv)
    answers.local()
    cib = _stdout(answers, "cib")
    programs: "dict[str, str]" = {}
    if paths["/usr/sbin"] and paths["/usr/bin"]:
        programs = {program: _program(host, program)
                    for program in list(wanted.PROGRAMS) + wanted.named_programs(files, cib)}
    return Tree(name=_hostname(files, name), source=source, files=files, unreadable=unreadable,
                paths=paths, aliases=_aliases(host, paths), programs=programs,
                commands=answers.commands, silent=answers.silent)


def this_host(host: "Host | None" = None) -> Tree:
    """The Tree of this host.

    :param host: another way to it
    """
    host = host or Host(Deadline(SECONDS))
    return _collect(host, Live(host), "this host", "this host")


def copied(directory: str) -> Tree:
    """The Tree of a host's copied files.

    :param directory: the copy of ``/``
    :raises DualstorError: it is no directory
    """
    if not os.path.isdir(directory):
        raise DualstorError(f"--root {directory}: no such directory; name a copy of a host's files")
    host = Host(Deadline(SECONDS), root=os.path.abspath(directory))
    name = os.path.basename(host.root)
    return _collect(host, Recorded(host), f"tree {directory}", name)


if __name__ == "__main__":
    print(this_host().to_json())
