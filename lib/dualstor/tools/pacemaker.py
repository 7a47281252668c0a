# SPDX-License-Identifier: GPL-2.0-or-later
"""Pacemaker: promotion scores, which nodes are down, whether fencing is enabled.

Formats: Pacemaker xml/api/crm_mon-*.rng and nodes-*.rng (2.x, ``--output-as=xml``),
tools/crm_mon.c (1.1, ``-X``); crm_attribute(8), crm_node(8), include/crm/common/results.h.
"""

from dualstor.errors import ParseError, ToolError, ToolFailed, ToolHung
from dualstor.host.deadline import QUERY
from dualstor.record import Record, whole
from dualstor.tools import cman, dlm_tool, fence_tool, xmltext

TYPE_CHECKING = False   # only mypy sees what is imported there
if TYPE_CHECKING:
    from typing import Iterator
    from xml.etree.ElementTree import Element

    from dualstor.host.host import Host
    from dualstor.host.run import Completed

#: The score that Pacemaker writes INFINITY.
INFINITY = 1000000

_MON = ("crm_mon", "-1", "--output-as=xml")
_OLD_MON = ("crm_mon", "-1", "-X")
#: How option parsers of crm_mon 1.1 and 2.0 refuse --output-as.
_UNKNOWN_OPTION = ("unrecognized option", "unknown option", "invalid option")
#: Exit codes for an attribute that is not set: CRM_EX_NOSUCH, and ENXIO of 1.1.
_UNSET = (105, 6)
#: "&" last: it begins the others.
_ENTITIES = (("&lt;", "<"), ("&gt;", ">"), ("&quot;", '"'), ("&apos;", "'"), ("&#xA;", " "),
             ("&amp;", "&"))
#: Cluster options by both names, old ones first; Pacemaker has the new ones from 3.0.2 on, and
#: prefers them.
FENCING = ("stonith-enabled", "fencing-enabled")
ACTION = ("stonith-action", "fencing-action")

#: Who keeps a node's attributes: Pacemaker 2, and before.
ATTRIBUTE_DAEMONS = ("pacemaker-attrd", "attrd")

#: What is in crm_mon's words for 190 and 191: up to Pacemaker 2.1, and of 3.0.
_DEGRADED = ("degraded", "might fail soon")

#: What the cluster does to a node that it fences, Pacemaker's default first.
REBOOT, OFF = "reboot", "off"
#: As crm_str_to_boolean() has them. Parameters of agents have more (ocf.environment): those of
#: ocf_is_true in ocf-shellfuncs.
_TRUE = ("true", "on", "yes", "y", "1")
_PUBLISHED = r'\bhost="([^"]*)".*?\bvalue="([^"]*)"'
_HOSTNAME = "/proc/sys/kernel/hostname"


class PacemakerNode(Record):
    """A node as the scheduler sees it. What crm_mon left out is None."""

    name: str
    online: bool
    id: "str | None" = None
    unclean: "bool | None" = None
    pending: "bool | None" = None
    standby: "bool | None" = None
    maintenance: "bool | None" = None
    shutdown: "bool | None" = None
    expected_up: "bool | None" = None
    type: "str | None" = None
    rest: "tuple[tuple[str, str], ...]" = ()  # (attribute, value) of further attributes

    @property
    def down(self) -> "bool | None":
        """Whether it has left or has been fenced, for sure; None when that is not known.

        With fencing disabled a lost node counts as clean at once; it is still expected up.
        """
        if self.online or self.unclean or self.pending:
            return False
        return None if self.unclean is None or self.expected_up else True


class Instance(Record):
    """A resource on a node, or nowhere (``node`` None). ``role`` e.g. "Promoted", "Started"."""

    resource: str
    agent: "str | None"
    node: "str | None"
    role: "str | None"
    failed: bool = False
    blocked: bool = False  # it cannot be stopped: Pacemaker leaves it alone


class Failure(Record):
    """An action that failed and was not cleaned up; ``when`` and ``code`` as printed."""

    operation: str  # e.g. "r0_promote_0"
    node: "str | None"
    code: "str | None"
    reason: str = ""
    when: "str | None" = None

    @property
    def degraded(self) -> bool:
        """Whether it is none: a monitor that reported less than full service (190, 191)."""
        return any(word in (self.code or "").lower() for word in _DEGRADED)


class ClusterState(Record):
    """What crm_mon shows of the cluster."""

    nodes: "tuple[PacemakerNode, ...]"
    dc: "str | None" = None        # name; None while there is none, and then nodes are out of date
    quorate: "bool | None" = None
    fencing: "bool | None" = None  # whether it is enabled, as Pacemaker sees it
    version: "str | None" = None
    properties: "tuple[tuple[str, str], ...]" = ()  # (name, value) of cluster_options
    instances: "tuple[Instance, ...]" = ()
    failures: "tuple[Failure, ...]" = ()

    def node(self, name: str) -> "PacemakerNode | None":
        """The PacemakerNode of that name; None when there is none."""
        return next((node for node in self.nodes if node.name == name), None)


class KnownNode(Record):
    """A node that the membership layer knows; ``state`` is member, lost or ""."""

    id: int
    name: str
    state: str = ""


def is_true(text: "str | None") -> bool:
    """Whether Pacemaker takes a text for true."""
    return (text or "").strip().lower() in _TRUE


def _truth(value: "str | None") -> "bool | None":
    """True or False of Pacemaker's boolean text; None of None."""
    return None if value is None else is_true(value)


def _node(element: "Element") -> "PacemakerNode":
    values = dict(element.attrib)
    if "name" not in values or "online" not in values:
        raise ParseError("crm_mon", str(sorted(values.items())), "a node without name or state")
    name, online = values.pop("name"), is_true(values.pop("online"))
    number, kind = values.pop("id", None), values.pop("type", None)
    states = {field: _truth(values.pop(field, None)) for field in (
        "unclean", "pending", "standby", "maintenance", "shutdown", "expected_up")}
    return PacemakerNode(name=name, online=online, id=number, type=kind,
                rest=tuple(sorted(values.items())), **states)


def _instances(root: "Element") -> "Iterator[Instance]":
    """The Instances; the number of a clone's instance is left out of its name."""
    for element in root.iterfind("resources//resource"):
        on = [node.get("name") for node in element.findall("node")] or [None]
        for node in on:
            yield Instance(resource=element.get("id", "").partition(":")[0], node=node,
                           agent=element.get("resource_agent"), role=element.get("role"),
                           failed=is_true(element.get("failed")),
                           blocked=is_true(element.get("blocked")))


def _once(text: str) -> str:
    """A reason that crm_mon has escaped twice (pcmk__xml_escape() of its own, then libxml2's)."""
    for entity, letter in _ENTITIES:
        text = text.replace(entity, letter)
    return text


def _failures(root: "Element") -> "Iterator[Failure]":
    for element in root.iterfind("failures/failure"):
        yield Failure(operation=element.get("op_key", ""), node=element.get("node"),
                      code=element.get("exitstatus"), reason=_once(element.get("exitreason") or ""),
                      when=element.get("last-rc-change"))


def parse_mon(text: str) -> "ClusterState":
    """The ClusterState in the XML of ``crm_mon``, of Pacemaker 1.1 and later.

    :raises ParseError: it is cut off, something else, or only an error
    """
    root = xmltext.parse("crm_mon", text)
    listed = root.find("nodes")
    if root.tag not in ("pacemaker-result", "crm_mon") or listed is None:
        said = " ".join(e.text.strip() for e in root.iter("error") if e.text)
        raise ParseError("crm_mon", said or (text.splitlines() or [""])[0], "shows no nodes")
    options = root.find("summary/cluster_options")
    properties = () if options is None else tuple(sorted(options.attrib.items()))
    fencing = next((_truth(value) for name, value in properties if name in FENCING), None)
    dc = root.find("summary/current_dc")
    if dc is not None and not is_true(dc.get("present")):
        dc = None
    return ClusterState(nodes=tuple(_node(e) for e in listed.findall("node")),
                   dc=None if dc is None else dc.get("name"),
                   quorate=None if dc is None else _truth(dc.get("with_quorum")),
                   fencing=fencing, version=None if dc is None else dc.get("version"),
                   properties=properties, instances=tuple(_instances(root)),
                   failures=tuple(_failures(root)))


def cluster(host: "Host", timeout: float = QUERY) -> "ClusterState":
    """The ClusterState now.

    :raises ToolMissing, ToolHung: as Host.run
    :raises ToolFailed: Pacemaker does not run here, or does not answer
    :raises ParseError: the output is not understood
    """
    completed = host.run(_MON, timeout)
    said = (completed.stderr + completed.stdout).lower()
    if not completed.ok and any(text in said for text in _UNKNOWN_OPTION):
        completed = host.run(_OLD_MON, timeout)
    if not completed.ok:
        raise ToolFailed(completed)
    return parse_mon(completed.stdout)


def _cluster(host: "Host") -> "ClusterState | None":
    """The ClusterState, None when it is not known: no Pacemaker, no DC, no answer.

    It takes half of the time, so that there is time to ask others when crm_mon hangs.
    """
    try:
        seen = host.within(2, lambda: cluster(host))
    except (ToolError, ParseError):
        return None
    return seen if seen.dc else None


def _down_by_cman(host: "Host", name: str) -> "bool | None":
    """As ``node_down``, by cman and its fence domain."""
    try:
        status = cman.status(host)
        node = next((n for n in cman.nodes(host) if n.name == name), None)
        domain = fence_tool.ls(host)
    except (ToolError, ParseError):
        return None
    if node is None or not status.quorate:
        return None
    if node.member:
        return False
    if domain is None:
        return None
    # fenced learns of a lost node some seconds after cman does
    return not (domain.pending or node.id in domain.members)


def node_down(host: "Host", node: str) -> "bool | None":
    """Whether another node is down for sure.

    :param node: its name
    :returns: True when the cluster says that it has left or has been fenced; False when it
        is up, joining, or still to be fenced; None when the cluster does not know
    """
    seen = _cluster(host)
    if seen is None:
        return _down_by_cman(host, node)
    known = seen.node(node)
    return None if known is None else known.down


def _option(host: "Host", name: str) -> "str | None":
    """A cluster option as text; None when it is not set.

    :raises ToolError: Pacemaker does not answer
    """
    completed = host.run(("crm_attribute", "-t", "crm_config", "-n", name, "-G", "--quiet"),
                         QUERY)
    if completed.returncode in _UNSET:
        return None
    return completed.answer().strip()


def action(value: "str | None") -> str:
    """REBOOT or OFF, of the value of an ACTION option; None: it is not set."""
    return OFF if value in (OFF, "poweroff") else REBOOT


def fencing_enabled(host: "Host") -> "bool | None":
    """Whether the cluster fences: True (also when nothing is set), False, None (not known).

    If it is set by both names, neither may disable it: which one counts depends on the version.
    Under cman without Pacemaker: whether this node has joined the fence domain.
    """
    try:
        values = [_option(host, name) for name in reversed(FENCING)]
        return all(value is None or is_true(value) for value in values)
    except ToolHung:
        return None
    except ToolError:
        pass
    try:
        cman.status(host)
        return fence_tool.ls(host) is not None
    except (ToolError, ParseError):
        return None


def local_node(host: "Host") -> str:
    """The name of this node in the cluster; the kernel's host name where no cluster answers."""
    try:
        completed = host.run(("crm_node", "-n"), QUERY)
    except ToolError:
        completed = None
    if completed is not None and completed.ok and completed.stdout.strip():
        return completed.stdout.split()[0]
    import os
    return (host.read(_HOSTNAME) or os.uname()[1]).strip()


def parse_peers(text: str) -> "tuple[KnownNode, ...]":
    """The Peers in the output of ``crm_node -l``: lines ``ID NAME [STATE]``.

    :raises ParseError: a line has another form
    """
    found = []
    for line in text.splitlines():
        words = line.split()
        number = whole(words[0]) if len(words) in (2, 3) else None
        if number is None:
            raise ParseError("crm_node -l", line, "expected \"ID NAME STATE\"")
        found.append(KnownNode(id=number, name=words[1], state="".join(words[2:])))
    return tuple(found)


def node_number(host: "Host", name: str) -> "int | None":
    """The number that the cluster has given to a node, which dlm uses, too; None: not known.

    :raises ToolMissing, ToolHung: as Host.run
    :raises ToolFailed: Pacemaker is down
    :raises ParseError: the output is not understood
    """
    completed = host.run(("crm_node", "-l"), QUERY)
    return next((node.id for node in parse_peers(completed.answer()) if node.name == name), None)


def in_dlm(host: "Host", name: str, number: "int | None" = None
           ) -> "tuple[dlm_tool.DlmStatus, dlm_tool.Known] | None":
    """dlm's status and what it knows of a node, on its own clock; None: it knows nothing.

    :param number: of the node, if that is known
    """
    try:
        number = node_number(host, name) if number is None else number
        status = None if number is None else dlm_tool.status(host)
    except (ToolError, ParseError):
        return None
    known = [node for node in status.nodes if node.id == number] if status else []
    return (status, known[0]) if status and known else None


def known_nodes(host: "Host") -> "tuple[str, ...] | None":
    """The names of all nodes of the cluster, as a tuple; None when it is not known."""
    seen = _cluster(host)
    if seen is not None:
        return tuple(node.name for node in seen.nodes)
    try:
        completed = host.run(("crm_node", "-l"), QUERY)
        return tuple(peer.name for peer in parse_peers(completed.answer()))
    except (ToolError, ParseError):
        pass
    try:
        return tuple(node.name for node in cman.nodes(host) if not node.disk)
    except (ToolError, ParseError):
        return None


def _score(host: "Host", instance: str, arguments: "tuple[str, ...]",
           promoted_known: bool) -> "Completed":
    """Run crm_attribute or crm_master for an instance's promotion score: Completed."""
    program = ("crm_attribute", "--promotion") if promoted_known else \
        ("crm_master", "-l", "reboot")
    return host.run(program + arguments, QUERY, {"OCF_RESOURCE_INSTANCE": instance})


def set_promotion_score(host: "Host", instance: str, score: "int | None",
                        promoted_known: bool) -> None:
    """Set the promotion score of an instance on this node until it reboots.

    :param instance: OCF_RESOURCE_INSTANCE
    :param score: an integer, or None to delete it
    :param promoted_known: whether this Pacemaker speaks of "Promoted" (2.1, CRM feature set
        3.10.0); older ones have crm_master instead of ``crm_attribute --promotion``
    :raises ToolError: it could not be set
    """
    arguments = ("-D",) if score is None else ("-v", str(score))
    completed = _score(host, instance, arguments, promoted_known)
    if not completed.ok and not (score is None and completed.returncode in _UNSET):
        raise ToolFailed(completed)


def resend_attributes(host: "Host") -> None:
    """Have this node's attribute daemon write all that it has to the CIB once more.

    It writes what changes only, and does not see when the CIB loses a value.

    :raises ToolError: it could not be asked
    """
    completed = host.run(("attrd_updater", "--refresh"), QUERY)
    if not completed.ok:
        raise ToolFailed(completed)


def publish(host: "Host", name: str, value: str) -> None:
    """Have the cluster's nodes know an attribute of this node, until it leaves the cluster.

    It is private: kept by the attribute daemons, not in the CIB (attrd_updater(8), -p).

    :raises ToolError: it could not be done
    """
    completed = host.run(("attrd_updater", "-n", name, "-U", value, "-p"), QUERY)
    if not completed.ok:
        raise ToolFailed(completed)


def withdraw(host: "Host", name: str) -> None:
    """Take back what ``publish`` has published.

    :raises ToolError: it could not be done
    """
    completed = host.run(("attrd_updater", "-n", name, "-D"), QUERY)
    if not completed.ok and completed.returncode not in _UNSET:
        raise ToolFailed(completed)


def parse_published(text: str) -> "dict[str, str]":
    """{node: value} in the output of ``attrd_updater -Q -A``.

    Lines are ``name="NAME" host="NODE" value="VALUE"``, in XML attributes of an element.

    :raises ParseError: a line has another form
    """
    import re
    found = {}
    for line in text.splitlines():
        match = re.search(_PUBLISHED, line)
        if match:
            found[match.group(1)] = _once(match.group(2))
        elif "host=" in line:
            raise ParseError("attrd_updater", line, "expected a name, a host and a value")
    return found


def published(host: "Host", name: str) -> "dict[str, str]":
    """What the nodes of the cluster have published as *name*: {node: value}.

    :raises ToolError: the attribute daemon does not answer
    :raises ParseError: its answer is not understood
    """
    completed = host.run(("attrd_updater", "-n", name, "-Q", "-A"), QUERY)
    if completed.returncode in _UNSET:
        return {}
    if not completed.ok:
        raise ToolFailed(completed)
    return parse_published(completed.stdout)


def parse_score(text: str) -> int:
    """The number of a score: digits with a sign, or INFINITY.

    :raises ParseError: it is something else
    """
    word = text.strip()
    score = whole(word.replace("INFINITY", str(INFINITY), 1), signed=True)
    if score is None:
        raise ParseError("promotion score", word, "expected a number or INFINITY")
    return score


def promotion_score(host: "Host", instance: str, promoted_known: bool) -> "int | None":
    """The promotion score of an instance on this node; None when it has none.

    :raises ToolError, ParseError: it could not be read
    """
    completed = _score(host, instance, ("-G", "--quiet"), promoted_known)
    if completed.returncode in _UNSET:
        return None
    return parse_score(completed.answer())
