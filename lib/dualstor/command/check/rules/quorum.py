# SPDX-License-Identifier: GPL-2.0-or-later
"""Quorum now, where the cluster runs."""

from dualstor.command.check.parsers.where import Where
from dualstor.command.check.rules.registry import ERROR, WARNING, found, rule
from dualstor.command.check.view.seen import Unavailable
from dualstor.errors import ParseError
from dualstor.tools import cman, corosync

_PARSERS = {"cman": ("cman-status", cman.parse_status),
            "corosync": ("corosync-quorum", corosync.parse_status)}


def _status(host):
    """(what the engine says, Where)."""
    command, parse = _PARSERS[host.engine]
    answer = host.answer(command)
    if host.engine == "corosync" and answer["returncode"] == corosync.NOT_QUORATE:
        text = answer["stdout"]  # it tells that it is not quorate by that code
    else:
        text = host.output(command)
    try:
        return parse(text), Where(answer["argv"])
    except ParseError as problem:
        raise Unavailable(str(problem))


@rule("QUORUM-NOW", ERROR, "this node has quorum now",
      why="Without quorum no lock is granted: every LVM command hangs until it is back.",
      fix="start the other node's cluster or mend the link between them; look at `{command}`")
def now(host):
    status, where = _status(host)
    if not status.quorate:
        yield found(where, "this node is not quorate", command=where.source)


@rule("QUORUM-TWO-NODE", WARNING, "the running cluster counts as one of two nodes",
      why="What runs has not read the configuration of two nodes: one node alone loses quorum.",
      fix="set two_node in the configuration, then restart the cluster on both hosts in turn")
def running_two_node(host):
    status, where = _status(host)
    if status.two_node is False and status.expected in (None, 2):
        yield found(where, "the flag of two nodes is not set")
