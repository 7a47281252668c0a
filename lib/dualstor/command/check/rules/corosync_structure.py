# SPDX-License-Identifier: GPL-2.0-or-later
"""corosync.conf as such: braces, sections, nodes, quorum of two, and the same on both hosts."""

from dualstor.command.check.parsers.where import Where
from dualstor.command.check.rules.registry import ERROR, PAIR, found, rule
from dualstor.command.check.view.host import COROSYNC_CONF
from dualstor.command.check.view.seen import Irrelevant


@rule("COROSYNC-SYNTAX", ERROR, "corosync.conf can be read",
      why="corosync does not start with a file that it cannot read.",
      fix="give every section its closing brace on a line of its own, then `corosync -t` "
          "(corosync 1: start it and read its log)")
def syntax(host):
    for problem in host.corosync_conf[1]:
        yield found(problem.where, problem.text)


@rule("COROSYNC-TOTEM", ERROR, "there is a totem section with version 2",
      why="2 is the only version of the protocol that corosync knows; it does not start without.",
      fix="set `version: 2` in the totem section")
def totem(host):
    section = host.corosync_conf[0].first("totem")
    if section.get("version") != "2":
        yield found(section.at("version"), f"version is {section.get('version', 'not set')}")


@rule("COROSYNC-SAME-FILE", ERROR, "both hosts have the same corosync.conf",
      why="Nodes that differ in token, transport or quorum do not form one cluster.",
      fix="copy {file} from one host to the other, then `corosync-cfgtool -R`", scope=PAIR)
def same_file(cluster):
    first, second = cluster.hosts[:2]
    texts = []
    for host in (first, second):
        host.corosync_conf  # who does not use the file is left alone
        lines = [line.strip() for line in host.need(COROSYNC_CONF).split("\n")]
        texts.append([line for line in lines if line and not line.startswith("#")])
    if texts[0] != texts[1] and not _own_address_only(texts[0], texts[1]):
        yield found(Where(COROSYNC_CONF), f"the content differs between {first.name} and "
                                          f"{second.name}", file=COROSYNC_CONF)


def _own_address_only(mine, theirs):
    """Whether they differ in bindnetaddr alone, which corosync 1 lets name an address."""
    return len(mine) == len(theirs) and all(
        a == b or (a.startswith("bindnetaddr") and b.startswith("bindnetaddr"))
        for a, b in zip(mine, theirs))


def _nodelist(host):
    """The node sections; of corosync 2 and later."""
    if host.corosync_version < 2:
        raise Irrelevant()
    return host.corosync_conf[0].first("nodelist").named("node")


@rule("COROSYNC-NODES", ERROR, "the node list has two nodes with ids and addresses of their own",
      why="A node without an id of its own is not let in, or throws the other out.",
      fix="give each of two `node {{ }}` sections in nodelist a ring0_addr and a nodeid of its own")
def nodes(host):
    listed = _nodelist(host)
    if host.corosync_version == 2 and not listed:
        return  # multicast finds the nodes
    if len(listed) != 2:
        yield found(host.corosync_conf[0].first("nodelist").where, f"{len(listed)} node sections")
    for key in ("nodeid", "ring0_addr"):
        taken = set()
        for node in listed:
            value = node.get(key)
            if value is None or value in taken:
                yield found(node.at(key), "%s is %s" % (
                    key, "missing" if value is None else f"{value}, which another node has"))
            taken.add(value)


@rule("COROSYNC-TWO-NODE", ERROR, "quorum is counted, with two_node",
      why="Without it the survivor of two nodes has no quorum, or each half of the cluster thinks "
          "that it has.",
      fix="set `provider: corosync_votequorum` and `two_node: 1` in the quorum section")
def two_node(host):
    if host.corosync_version < 2:
        raise Irrelevant()
    quorum = host.corosync_conf[0].first("quorum")
    if quorum.get("provider") != "corosync_votequorum":
        yield found(quorum.at("provider"), f"provider is {quorum.get('provider', 'not set')}")
    elif quorum.get("two_node") != "1" and not quorum.named("device") \
            and len(_nodelist(host)) in (0, 2):
        yield found(quorum.at("two_node"), f"two_node is {quorum.get('two_node', 'not set')}")


@rule("COROSYNC-WAIT-FOR-ALL", ERROR, "wait_for_all is not switched off",
      why="Without it a node that boots alone has quorum at once and fences the one that works.",
      fix="take `wait_for_all: 0` out: two_node switches it on")
def wait_for_all(host):
    if host.corosync_version < 2:
        raise Irrelevant()
    quorum = host.corosync_conf[0].first("quorum")
    if quorum.get("wait_for_all") == "0":
        yield found(quorum.at("wait_for_all"), "wait_for_all is 0")
