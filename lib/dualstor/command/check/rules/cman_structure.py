# SPDX-License-Identifier: GPL-2.0-or-later
"""cluster.conf as a document: XML, schema, the same on both hosts."""

import os

from lxml import etree

from dualstor.command.check.parsers import xml
from dualstor.command.check.parsers.where import Where
from dualstor.command.check.rules.registry import ERROR, PAIR, WARNING, found, rule
from dualstor.command.check.view import clusterconf
from dualstor.command.check.view.seen import CLUSTER_CONF, COROSYNC_CONF, Irrelevant
from dualstor.record import whole

TYPE_CHECKING = False   # only mypy sees what is imported there
if TYPE_CHECKING:
    from typing import Any

    from dualstor.command.check.rules.registry import Findings
    from dualstor.command.check.view.cluster import ClusterView
    from dualstor.command.check.view.host import HostView

_SCHEMA = os.path.join(os.path.dirname(os.path.dirname(__file__)), "data", "cluster.rng")
_NAME_LIMIT = 15


@rule("CMAN-XML", ERROR, "cluster.conf is well-formed XML",
      why="cman does not read a file that is not well-formed, and the node does not join.",
      fix="fix the XML; `xmllint --noout {file}` must report no error")
def well_formed(host: "HostView") -> "Findings":
    for problem in host.cluster_conf[1]:
        yield found(problem.where, problem.text)


@rule("CMAN-SCHEMA", ERROR, "cluster.conf matches cman's schema",
      why="cman refuses or ignores what its schema does not allow.",
      fix="fix the line; `ccs_config_validate` must say \"Configuration validates\"")
def schema(host: "HostView") -> "Findings":
    root, problems = host.cluster_conf
    if problems or root is None:
        return  # CMAN-XML reports it; the schema does not apply to what was repaired
    validator = etree.RelaxNG(etree.parse(_SCHEMA))
    if not validator.validate(root):
        errors = list(validator.error_log)
        for line in sorted({error.line for error in errors}):
            said = [error.message for error in errors if error.line == line]
            yield found(Where(CLUSTER_CONF, line or None), said[0])


def _outside(host: "HostView", name: str, around: str) -> "list[etree._Element]":
    return [e for e in xml.elements(clusterconf.root(host), name)
            if [up.tag for up in e.iterancestors()][:1] != [around]]


@rule("CMAN-CLUSTERNODES", ERROR, "the nodes are inside <clusternodes>",
      why="cman looks for nodes only there: it finds none and does not start.",
      fix="put all <clusternode> elements inside <clusternodes>")
def clusternodes(host: "HostView") -> "Findings":
    for element in _outside(host, "clusternode", "clusternodes"):
        yield found(clusterconf.at(element),
                    f"node {element.get('name', '(no name)')} is not inside <clusternodes>")


@rule("CMAN-FENCEDEVICES", ERROR, "the fence devices are inside <fencedevices>",
      why="fenced looks for devices only there: it finds none and fences nobody.",
      fix="put all <fencedevice> elements inside <fencedevices>, directly in <cluster>")
def fencedevices(host: "HostView") -> "Findings":
    for element in _outside(host, "fencedevice", "fencedevices"):
        yield found(clusterconf.at(element),
                    f"device {element.get('name', '(no name)')} is not inside <fencedevices>")


@rule("CMAN-NAME", ERROR, "the cluster has a name of at most 15 characters",
      why="cman cuts or refuses a longer name, and GFS2 and dlm identify the cluster by it.",
      fix="shorten the name of <cluster>, on both hosts")
def cluster_name(host: "HostView") -> "Findings":
    root = clusterconf.root(host)
    name = root.get("name", "")
    if not 0 < len(name) <= _NAME_LIMIT:
        yield found(clusterconf.at(root), f"the name {name[:40]!r} has {len(name)} characters")


@rule("CMAN-CONFIG-VERSION", ERROR, "cluster.conf has a version number",
      why="cman loads a changed file only if its number is higher.",
      fix="set config_version=\"1\" in <cluster>, and raise it with every change")
def config_version(host: "HostView") -> "Findings":
    root = clusterconf.root(host)
    if whole(root.get("config_version")) is None:
        yield found(clusterconf.at(root),
                    f"config_version is {root.get('config_version') or 'missing'}")


@rule("CMAN-SAME-VERSION", ERROR, "both hosts have the same config_version",
      why="A node with an older version is not admitted to the cluster.",
      fix="copy {file} from the host with the higher config_version, then `cman_tool version -r`",
      scope=PAIR)
def same_version(cluster: "ClusterView") -> "Findings":
    first, second = cluster.hosts[:2]
    root = clusterconf.root(first)
    mine, theirs = (clusterconf.root(host).get("config_version") for host in (first, second))
    if mine != theirs:
        yield found(clusterconf.at(root), f"config_version is {mine} on {first.name} and {theirs} "
                                          f"on {second.name}")


#: Elements in which the order of what they hold matters: methods and devices are tried in turn.
_IN_ORDER = ("fence", "method", "unfence", "rm", "service")


def _shape(element: "etree._Element") -> "tuple[Any, ...]":
    """What an element says, without comments, blanks and order where none is meant."""
    inner = [_shape(each) for each in element if isinstance(each.tag, str)]
    within = [each.tag for each in element.iterancestors()]
    return (element.tag, sorted((str(key), str(value)) for key, value in element.items()
                                if key != "config_version"),     # CMAN-SAME-VERSION
            inner if element.tag in _IN_ORDER or "rm" in within else sorted(inner))


@rule("CMAN-SAME-FILE", ERROR, "both hosts have the same cluster.conf",
      why="Nodes with different settings for fencing and quorum work against each other.",
      fix="copy {file} to the other host with a higher config_version, then `cman_tool version -r`",
      scope=PAIR)
def same_file(cluster: "ClusterView") -> "Findings":
    first, second = cluster.hosts[:2]
    mine, theirs = clusterconf.root(first), clusterconf.root(second)
    if _shape(mine) != _shape(theirs):
        yield found(Where(CLUSTER_CONF),
                    f"the content differs between {first.name} and {second.name}")


@rule("CMAN-COROSYNC-CONF", WARNING, "there is no corosync.conf next to cluster.conf",
      why="cman ignores it, but the service corosync reads it and forms another cluster.",
      fix="`mv {file} {file}.unused`, and make sure that the service corosync is not started at "
          "boot")
def corosync_conf(host: "HostView") -> "Findings":
    if host.engine != "cman":
        raise Irrelevant()
    if host.text(CLUSTER_CONF) is not None and host.text(COROSYNC_CONF) is not None:
        yield found(Where(COROSYNC_CONF), "both files exist")
