# SPDX-License-Identifier: GPL-2.0-or-later
"""Reads what is wanted of a host: of this one, or of a copied tree."""

import os
import stat

from dualstor.command.check.sources import wanted
from dualstor.command.check.sources.answers import Live, Recorded
from dualstor.command.check.sources.tree import Tree
from dualstor.errors import DualstorError, ParseError
from dualstor.host.deadline import Deadline
from dualstor.host.host import Host
from dualstor.host.run import PATH
from dualstor.tools.lvm import parse_version

#: Seconds for all that is asked of a host.
SECONDS = 60.0

#: Bytes of a file beyond which it is not a configuration.
_LIMIT = 4 << 20


def _expand(host, pattern):
    """The paths that a pattern of wanted.FILES stands for."""
    folder, _, name = pattern.rpartition("/")
    if "*" not in name:
        return [pattern]
    ending = name.partition("*")[2]
    return [f"{folder}/{found}" for found in host.list(folder) if found.endswith(ending)]


def _files(host):
    """(files, unreadable) of wanted.FILES."""
    texts, unreadable = {}, {}
    for pattern in wanted.FILES:
        try:
            for path in _expand(host, pattern):
                try:
                    text = _text(host, path)
                except OSError as problem:
                    unreadable[path] = problem.strerror or str(problem)
                    continue
                if text is not None:
                    texts[path] = text
        except OSError as problem:
            unreadable[pattern] = problem.strerror or str(problem)
    return texts, unreadable


def _text(host, path):
    """The text of a regular file, None when it is not there."""
    try:
        status = os.stat(host.file(path))
    except (FileNotFoundError, NotADirectoryError):
        return None
    if not stat.S_ISREG(status.st_mode):
        raise OSError(None, "not a regular file")
    if status.st_size > _LIMIT:
        raise OSError(None, "larger than any configuration")
    return host.read(path)


def kind(host, path):
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


def _aliases(host, paths):
    """{path of a block device: its other names below /dev}, as LVM sees it by all of them."""
    found = {path: [] for path in paths if paths[path] == "device"}
    numbers = {path: host.device(path) for path in found}
    for folder in wanted.ALIASES if found else ():
        for name in host.list(folder):
            other = f"{folder}/{name}"
            number = host.device(other)
            for path in found:
                if number is not None and number == numbers[path] and other != path:
                    found[path].append(other)
    return {path: " ".join(names) for path, names in found.items()}


def _program(host, name):
    """The path of an installed program, "" when there is none."""
    for folder in PATH:
        if kind(host, f"{folder}/{name}") == "program":
            return f"{folder}/{name}"
    return ""


def _hostname(files, otherwise):
    for path in ("/proc/sys/kernel/hostname", "/etc/hostname"):
        words = files.get(path, "").split()
        if words:
            return words[0]
    return otherwise


def _lvm_version(answers):
    """The version that ``lvm version`` told; an old one, with what all know, otherwise."""
    try:
        return parse_version(answers.commands.get("lvm-version", {}).get("stdout", ""))
    except ParseError:
        return (2, 2, 84)


def _collect(host, answers, source, name):
    files, unreadable = _files(host)
    paths = {path: kind(host, path)
             for path in list(wanted.PATHS) + wanted.named_paths(files)}
    for command, argv in wanted.COMMANDS:
        answers.ask(command, argv)
    for command, argv in wanted.lvm_commands(_lvm_version(answers)):
        answers.ask(command, argv)
    for command, argv in wanted.named_commands(files, answers.lockspaces()):
        answers.ask(command, argv)
    answers.daemons()
    cib = answers.commands.get("cib", {}).get("stdout", "")
    programs = {}
    if paths["/usr/sbin"] and paths["/usr/bin"]:
        programs = {program: _program(host, program)
                    for program in list(wanted.PROGRAMS) + wanted.named_programs(files, cib)}
    return Tree(name=_hostname(files, name), source=source, files=files, unreadable=unreadable,
                paths=paths, aliases=_aliases(host, paths), programs=programs,
                commands=answers.commands, silent=answers.silent)


def this_host():
    """The Tree of this host."""
    host = Host(Deadline(SECONDS))
    return _collect(host, Live(host), "this host", "this host")


def copied(folder):
    """The Tree of a host's copied files.

    :param folder: what stands for ``/``
    :raises DualstorError: it is no folder
    """
    if not os.path.isdir(folder):
        raise DualstorError(f"--root {folder}: no such folder; give the copy of a host's files")
    host = Host(Deadline(SECONDS), root=os.path.abspath(folder))
    name = os.path.basename(host.root)
    return _collect(host, Recorded(host), "tree " + folder, name)


if __name__ == "__main__":
    print(this_host().to_json())
