# SPDX-License-Identifier: GPL-2.0-or-later
"""cluster.conf as a document: XML, schema, and that both hosts have the same."""

import os

from lxml import etree

from dualstor.command.check.parsers import xml
from dualstor.command.check.parsers.where import Where
from dualstor.command.check.rules.registry import ERROR, PAIR, WARNING, found, rule
from dualstor.command.check.view import clusterconf
from dualstor.command.check.view.host import CLUSTER_CONF, COROSYNC_CONF
from dualstor.command.check.view.seen import Irrelevant
from dualstor.record import whole

_SCHEMA = os.path.join(os.path.dirname(os.path.dirname(__file__)), "data", "cluster.rng")
_NAME_LIMIT = 15


@rule("CMAN-XML", ERROR, "cluster.conf is well-formed XML",
      why="cman does not read a file that is not well-formed, and the node does not join.",
      fix="close what is open, then `xmllint --noout {file}` until it is silent")
def well_formed(host):
    for problem in host.cluster_conf[1]:
        yield found(problem.where, problem.text, file=CLUSTER_CONF)


@rule("CMAN-SCHEMA", ERROR, "cluster.conf follows cman's schema",
      why="cman refuses what its schema does not admit, or takes no notice of it.",
      fix="correct the line, then `ccs_config_validate` until it says \"Configuration validates\"")
def schema(host):
    root, problems = host.cluster_conf
    if problems or root is None:
        return  # CMAN-XML says it; what was repaired says nothing
    validator = etree.RelaxNG(etree.parse(_SCHEMA))
    if not validator.validate(root):
        errors = list(validator.error_log)
        for line in sorted({error.line for error in errors}):
            said = [error.message for error in errors if error.line == line]
            yield found(Where(CLUSTER_CONF, line), said[0])


def _outside(host, name, around):
    return [e for e in xml.elements(clusterconf.root(host), name)
            if e.getparent() is None or e.getparent().tag != around]


@rule("CMAN-CLUSTERNODES", ERROR, "the nodes stand within <clusternodes>",
      why="cman looks for nodes there only: it finds none and does not start.",
      fix="put all <clusternode> elements between <clusternodes> and </clusternodes>")
def clusternodes(host):
    for element in _outside(host, "clusternode", "clusternodes"):
        yield found(clusterconf.at(element), f"node {element.get('name', '(no name)')} does not "
                                             "stand within <clusternodes>")


@rule("CMAN-FENCEDEVICES", ERROR, "the fence devices stand within <fencedevices>",
      why="fenced looks for devices there only: it finds none and fences nobody.",
      fix="put all <fencedevice> elements between <fencedevices> and </fencedevices>, right "
          "below <cluster>")
def fencedevices(host):
    for element in _outside(host, "fencedevice", "fencedevices"):
        yield found(clusterconf.at(element), f"device {element.get('name', '(no name)')} does not "
                                             "stand within <fencedevices>")


@rule("CMAN-NAME", ERROR, "the cluster has a name of at most 15 characters",
      why="cman cuts or refuses a longer name, and GFS2 and dlm know the cluster by it.",
      fix="set the attribute name of <cluster> to a shorter one, on both hosts")
def cluster_name(host):
    root = clusterconf.root(host)
    name = root.get("name", "")
    if not 0 < len(name) <= _NAME_LIMIT:
        yield found(clusterconf.at(root), f"the name {name[:40]!r} has {len(name)} characters")


@rule("CMAN-CONFIG-VERSION", ERROR, "cluster.conf has a version number",
      why="cman takes a changed file only when the number has grown.",
      fix="set config_version=\"1\" in <cluster>, and raise it with every change")
def config_version(host):
    root = clusterconf.root(host)
    if whole(root.get("config_version")) is None:
        yield found(clusterconf.at(root), "config_version is "
                                          f"{root.get('config_version') or 'missing'}")


@rule("CMAN-SAME-VERSION", ERROR, "both hosts have the same config_version",
      why="A node with an older version is not let into the cluster.",
      fix="copy {file} from the host with the greater config_version, then `cman_tool version -r`",
      scope=PAIR)
def same_version(cluster):
    first, second = cluster.hosts[:2]
    mine, theirs = clusterconf.root(first), clusterconf.root(second)
    if mine.get("config_version") != theirs.get("config_version"):
        yield found(clusterconf.at(mine), f"config_version is {mine.get('config_version')} on "
                                          f"{first.name} and {theirs.get('config_version')} on "
                                          f"{second.name}",
            file=CLUSTER_CONF)


def _shape(element):
    """What an element says, comments and blanks apart."""
    return (element.tag, sorted(element.items()),
            [_shape(inner) for inner in element if isinstance(inner.tag, str)])


@rule("CMAN-SAME-FILE", ERROR, "both hosts have the same cluster.conf",
      why="Nodes that read different things of fencing and quorum act against each other.",
      fix="copy {file} to the other host with a greater config_version, then "
          "`cman_tool version -r`",
      scope=PAIR)
def same_file(cluster):
    first, second = cluster.hosts[:2]
    mine, theirs = clusterconf.root(first), clusterconf.root(second)
    if _shape(mine) != _shape(theirs):
        yield found(Where(CLUSTER_CONF), f"the content differs between {first.name} and "
                                         f"{second.name}", file=CLUSTER_CONF)


@rule("CMAN-COROSYNC-CONF", WARNING, "there is no corosync.conf next to cluster.conf",
      why="cman takes no notice of it, but starting corosync by itself does, and forms another "
          "cluster.",
      fix="`mv {file} {file}.unused`, and see that the service corosync is not started at boot")
def corosync_conf(host):
    if host.engine != "cman":
        raise Irrelevant()
    if host.text(CLUSTER_CONF) is not None and host.text(COROSYNC_CONF) is not None:
        yield found(Where(COROSYNC_CONF), "both configurations are there", file=COROSYNC_CONF)
