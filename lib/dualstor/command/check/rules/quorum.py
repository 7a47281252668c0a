# SPDX-License-Identifier: GPL-2.0-or-later
"""Quorum, if the cluster is running."""

from dualstor.command.check.parsers.where import Where
from dualstor.command.check.rules.registry import ERROR, WARNING, found, rule
from dualstor.command.check.view.seen import CMAN, Unavailable
from dualstor.errors import ParseError
from dualstor.tools import cman, corosync

TYPE_CHECKING = False   # only mypy sees what is imported there
if TYPE_CHECKING:
    from dualstor.command.check.rules.registry import Findings
    from dualstor.command.check.view.host import HostView


def _status(host: "HostView") -> "tuple[cman.CmanStatus | corosync.QuorumStatus, Where]":
    """(what the engine reports, Where)."""
    command = "cman-status" if host.engine == CMAN else "corosync-quorum"
    answer = host.answer(command)
    where = Where(answer["argv"])
    try:
        if host.engine == CMAN:
            return cman.parse_status(host.output(command)), where
        if answer["returncode"] == corosync.NOT_QUORATE:  # with it corosync reports just that
            return corosync.parse_status(answer["stdout"]), where
        return corosync.parse_status(host.output(command)), where
    except ParseError as problem:
        raise Unavailable(str(problem)) from problem


@rule("QUORUM-NOW", ERROR, "this node has quorum now",
      why="Without quorum no lock is granted: every LVM command hangs until it is back.",
      fix="start the cluster on the other node or fix the link between them; see `{command}`")
def now(host: "HostView") -> "Findings":
    status, where = _status(host)
    if not status.quorate:
        yield found(where, "this node is not quorate", command=where.source)


@rule("QUORUM-TWO-NODE", WARNING, "the running cluster is in two-node mode",
      why="The running cluster has not read the two-node configuration: one node alone loses "
          "quorum.",
      fix="set two_node in the configuration, then restart the cluster on both hosts in turn")
def running_two_node(host: "HostView") -> "Findings":
    status, where = _status(host)
    if status.two_node is False and status.expected in (None, 2):
        yield found(where, "the flag for two nodes is not set")
