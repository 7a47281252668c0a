# SPDX-License-Identifier: GPL-2.0-or-later
"""``dualstor check``: finds what is wrong before the cluster does."""

import os

from dualstor.command import interface, site
from dualstor.command.check import choice, judge, report
from dualstor.command.check.sources import collect, peer, tree
from dualstor.command.check.view.cluster import ClusterView
from dualstor.command.codes import ExitStatus
from dualstor.errors import DualstorError

TYPE_CHECKING = False   # only mypy sees what is imported there
if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from dualstor.command.check.sources.tree import Tree
    from dualstor.command.console import Console

SUMMARY = "find what is wrong in the configuration before the cluster does"

DESCRIPTION = """\
Reads this host and, with --peer or --root, the other one, and compares them. Each finding says
what is wrong, where, why it matters and how to fix it. It changes nothing, takes no LVM lock
and needs no running cluster; what could not be checked is listed."""

_ENGINES = {"auto": None, "cman": "cman", "lvmlockd": "corosync"}
_CIB_LIMIT = 16 << 20


def add_arguments(parser: "ArgumentParser") -> None:
    """Declare the arguments of ``check``."""
    parser.add_argument("--peer", metavar="HOST", action="append", default=[],
                        help="also check HOST, over key-based SSH; it needs Python 3.6 there")
    parser.add_argument("--root", metavar="DIR", action="append", default=[],
                        help="instead of this host check the copied files of a host in DIR (or "
                             "what --record wrote)")
    parser.add_argument("--cib", metavar="FILE",
                        help="read Pacemaker's configuration from FILE")
    parser.add_argument("--generation", choices=tuple(_ENGINES), default="auto",
                        help="the stack: cman with clvmd, or corosync with lvmlockd; auto "
                             "decides by the files that exist")
    parser.add_argument("--record", metavar="FILE",
                        help="only write what is read from this host to FILE, for --root "
                             "elsewhere; it holds configuration, including passwords")
    for added in (
            parser.add_argument("--only", metavar="ID", action="append", default=[],
                                help="only look for the finding ID"),
            parser.add_argument("--ignore", metavar="ID", action="append", default=[],
                                help="count the finding ID, but do not report it (see also "
                                     "/etc/dualstor.toml)"),
            parser.add_argument("--explain", metavar="ID",
                                help="only print what the finding ID means and what to do")):
        interface.completed_by(added, choice.ids)
    parser.add_argument("--quiet", action="store_true",
                        help="leave out what could not be checked")


def _copied(path: str) -> "Tree":
    """The Tree of a directory, or of a file that --record wrote."""
    if os.path.isfile(path):
        return tree.from_json(_read(path), "record " + path)
    return collect.copied(path)


def _read(path: str) -> str:
    """The text of a file that is named on the command line.

    :raises DualstorError: it cannot be read
    """
    try:
        if os.path.getsize(path) > _CIB_LIMIT:
            raise DualstorError(f"{path}: larger than any configuration")
        with open(path, "rb") as stream:
            return stream.read().decode("utf-8", "backslashreplace")
    except OSError as problem:
        raise DualstorError(f"{path}: {problem.strerror}") from problem


def _trees(arguments: "Namespace") -> "tuple[list[Tree], list[str]]":
    """(Trees asked for, why peers were not reached); copied ones replace this host."""
    found = [_copied(path) for path in arguments.root] or [collect.this_host()]
    absent = []
    for host in arguments.peer:
        try:
            found.append(peer.look(host))
        except DualstorError as problem:
            absent.append(str(problem))
    return found, absent


def _record(path: str) -> None:
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as problem:
        raise DualstorError(f"--record {path}: {problem.strerror}") from problem
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        stream.write(collect.this_host().to_json())


def run(arguments: "Namespace", console: "Console") -> ExitStatus:
    """Read the hosts, apply the rules, report."""
    if arguments.record:
        _record(arguments.record)
        return ExitStatus.OK
    if arguments.explain:
        if arguments.json:
            raise DualstorError("--explain prints text: leave out --json")
        choice.explain(arguments.explain, console)
        return ExitStatus.OK
    chosen = choice.choice(arguments.only, arguments.ignore, site.read())
    cib = (_read(arguments.cib), arguments.cib) if arguments.cib else None
    trees, absent = _trees(arguments)
    cluster = ClusterView(trees, cib, _ENGINES[arguments.generation], absent)
    verdict = judge.judge(cluster, chosen.rules, chosen.ignored)
    console.document(report.document(cluster, verdict), report.SCHEMA)
    report.show(console, cluster, verdict, arguments.quiet)
    return report.exit_code(verdict)
