# SPDX-License-Identifier: GPL-2.0-or-later
"""``dualstor check``: find what is wrong before the cluster does."""

import os

from dualstor.command.check import judge, report
from dualstor.command.check.sources import collect, peer, tree
from dualstor.command.check.view.cluster import Cluster
from dualstor.command.codes import ExitCode
from dualstor.errors import DualstorError

SUMMARY = "find what is wrong in the configuration before the cluster does"

DESCRIPTION = """\
Reads this host and, with --peer or --root, the other one, and compares. Each finding says
what is wrong, where, why it matters and how to mend it. Nothing is ever changed, no LVM lock
is taken, and no cluster needs to run; what cannot be looked at is said."""

_ENGINES = {"auto": None, "cman": "cman", "lvmlockd": "corosync"}
_CIB_LIMIT = 16 << 20


def add_arguments(parser):
    """What ``check`` takes."""
    parser.add_argument("--peer", metavar="HOST", action="append", default=[],
                        help="also look at HOST, over ssh; it needs a key without a password, and "
                             "Python 3.6 there")
    parser.add_argument("--root", metavar="DIR", action="append", default=[],
                        help="look at the copied files of a host in DIR (or at what --record "
                             "wrote), and not at this host")
    parser.add_argument("--cib", metavar="FILE",
                        help="take Pacemaker's configuration from FILE")
    parser.add_argument("--generation", choices=tuple(_ENGINES), default="auto",
                        help="which stack is meant: cman with clvmd, or corosync with lvmlockd; "
                             "auto finds out by the files that are there")
    parser.add_argument("--record", metavar="FILE",
                        help="only write what is looked at on this host to FILE, for --root "
                             "elsewhere; it holds configuration, with the passwords in it")
    parser.add_argument("--quiet", action="store_true",
                        help="leave out what could not be looked at")


def _copied(path):
    """The Tree of a folder, or of a file that --record wrote."""
    if os.path.isfile(path):
        return tree.from_json(_read(path), "record " + path)
    return collect.copied(path)


def _read(path):
    """The text of a file that was named on the command line.

    :raises DualstorError: it cannot be read
    """
    try:
        if os.path.getsize(path) > _CIB_LIMIT:
            raise DualstorError(f"{path}: larger than any configuration")
        with open(path, "rb") as stream:
            return stream.read().decode("utf-8", "backslashreplace")
    except OSError as problem:
        raise DualstorError(f"{path}: {problem.strerror}")


def _trees(arguments):
    """(Trees asked for, why peers were not reached); copied ones stand in for this host."""
    found = [_copied(path) for path in arguments.root] or [collect.this_host()]
    absent = []
    for host in arguments.peer:
        try:
            found.append(peer.look(host))
        except DualstorError as problem:
            absent.append(problem.reason)
    return found, absent


def _record(path):
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as problem:
        raise DualstorError(f"--record {path}: {problem.strerror}")
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        stream.write(collect.this_host().to_json())


def run(arguments, console):
    """Look, judge, tell; returns an ExitCode."""
    if arguments.record:
        _record(arguments.record)
        return ExitCode.OK
    cib = (_read(arguments.cib), arguments.cib) if arguments.cib else None
    trees, absent = _trees(arguments)
    cluster = Cluster(trees, cib, _ENGINES[arguments.generation], absent)
    verdict = judge.judge(cluster)
    console.document(report.document(cluster, verdict), report.SCHEMA)
    report.show(console, cluster, verdict, arguments.quiet)
    return report.exit_code(verdict)
