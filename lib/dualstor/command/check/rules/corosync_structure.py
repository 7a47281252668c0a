# SPDX-License-Identifier: GPL-2.0-or-later
"""corosync.conf as such: braces, sections, nodes, quorum of two, the same on both hosts."""

from dualstor.command.check.parsers.where import Where
from dualstor.command.check.rules.registry import ERROR, PAIR, found, rule
from dualstor.command.check.view.seen import COROSYNC_CONF, Irrelevant

TYPE_CHECKING = False   # only mypy sees what is imported there
if TYPE_CHECKING:
    from dualstor.command.check.parsers.corosyncconf import CorosyncSection
    from dualstor.command.check.rules.registry import Findings
    from dualstor.command.check.view.cluster import ClusterView
    from dualstor.command.check.view.host import HostView


@rule("COROSYNC-SYNTAX", ERROR, "corosync.conf can be parsed",
      why="corosync does not start with a file that it cannot parse.",
      fix="put each closing brace on a line of its own, then run `corosync -t` (corosync 1: start "
          "it and read its log)")
def syntax(host: "HostView") -> "Findings":
    for problem in host.corosync_conf[1]:
        yield found(problem.where, problem.text)


@rule("COROSYNC-TOTEM", ERROR, "the totem section has version 2",
      why="2 is the only protocol version that corosync knows; it does not start without it.",
      fix="set `version: 2` in the totem section")
def totem(host: "HostView") -> "Findings":
    section = host.corosync_conf[0].first("totem")
    if section.get("version") != "2":
        yield found(section.at("version"), f"version is {section.get('version', 'not set')}")


@rule("COROSYNC-SAME-FILE", ERROR, "both hosts have the same corosync.conf",
      why="Nodes with a different token, transport or quorum do not form one cluster.",
      fix="copy {file} from one host to the other, then `corosync-cfgtool -R`", scope=PAIR)
def same_file(cluster: "ClusterView") -> "Findings":
    first, second = cluster.hosts[:2]
    mine, theirs = ([line.strip() for line in host.corosync_text.split("\n")
                     if line.strip() and not line.strip().startswith("#")]
                    for host in (first, second))
    if mine != theirs and not _own_address_only(mine, theirs):
        yield found(Where(COROSYNC_CONF),
                    f"the content differs between {first.name} and {second.name}")


def _own_address_only(mine: "list[str]", theirs: "list[str]") -> bool:
    """Whether they differ only in bindnetaddr, in which corosync 1 allows an own address."""
    return len(mine) == len(theirs) and all(
        a == b or (a.startswith("bindnetaddr") and b.startswith("bindnetaddr"))
        for a, b in zip(mine, theirs))


def _nodelist(host: "HostView") -> "list[CorosyncSection]":
    """The node sections; of corosync 2 and later."""
    if host.corosync_version < 2:
        raise Irrelevant()
    return host.corosync_nodes


@rule("COROSYNC-NODES", ERROR, "the node list has two nodes with unique ids and addresses",
      why="A node without a unique id is not admitted, or expels the other.",
      fix="give each of two `node {{ }}` sections in nodelist its own ring0_addr and nodeid")
def nodes(host: "HostView") -> "Findings":
    listed = _nodelist(host)
    if host.corosync_version == 2 and not listed:
        return  # multicast finds the nodes
    if len(listed) != 2:
        yield found(host.corosync_conf[0].first("nodelist").where, f"{len(listed)} node sections")
    for key in ("nodeid", "ring0_addr"):
        taken: "set[str | None]" = set()
        for node in listed:
            value = node.get(key)
            if value is None:
                yield found(node.at(key), f"{key} is missing")
            elif value in taken:
                yield found(node.at(key), f"{key} is {value}, which another node has")
            taken.add(value)


@rule("COROSYNC-TWO-NODE", ERROR, "votequorum is on, with two_node",
      why="Without it the survivor of two nodes has no quorum, or each half of the cluster "
          "believes that it has.",
      fix="set `provider: corosync_votequorum` and `two_node: 1` in the quorum section")
def two_node(host: "HostView") -> "Findings":
    if host.corosync_version < 2:
        raise Irrelevant()
    quorum = host.corosync_conf[0].first("quorum")
    if quorum.get("provider") != "corosync_votequorum":
        yield found(quorum.at("provider"), f"provider is {quorum.get('provider', 'not set')}")
    elif quorum.get("two_node") != "1" and not quorum.named("device") \
            and len(_nodelist(host)) in (0, 2):
        yield found(quorum.at("two_node"), f"two_node is {quorum.get('two_node', 'not set')}")


@rule("COROSYNC-WAIT-FOR-ALL", ERROR, "wait_for_all is not switched off",
      why="Without it a node that boots alone has quorum at once and fences the working one.",
      fix="remove `wait_for_all: 0`: two_node switches it on")
def wait_for_all(host: "HostView") -> "Findings":
    if host.corosync_version < 2:
        raise Irrelevant()
    quorum = host.corosync_conf[0].first("quorum")
    if quorum.get("wait_for_all") == "0":
        yield found(quorum.at("wait_for_all"), "wait_for_all is 0")
