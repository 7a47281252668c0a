# SPDX-License-Identifier: GPL-2.0-or-later
"""Pacemaker: promotion scores, which nodes are down, whether fencing is enabled.

Formats: Pacemaker xml/api/crm_mon-*.rng and nodes-*.rng (2.x, ``--output-as=xml``),
tools/crm_mon.c (1.1, ``-X``); crm_attribute(8), crm_node(8), include/crm/common/results.h.
"""

from dualstor.errors import ParseError, ToolError, ToolFailed, ToolHung
from dualstor.record import Record, whole
from dualstor.tools import cman, fence_tool, xmltext

#: Seconds; crm_mon of a Pacemaker that is not up yet may wait for long.
TIMEOUT = 5.0

#: The score that Pacemaker writes INFINITY.
INFINITY = 1000000

_MON = ("crm_mon", "-1", "--output-as=xml")
_OLD_MON = ("crm_mon", "-1", "-X")
#: How option parsers of crm_mon 1.1 and 2.0 refuse --output-as.
_UNKNOWN_OPTION = ("unrecognized option", "unknown option", "invalid option")
#: Exit codes for an attribute that is not set: CRM_EX_NOSUCH, and ENXIO of 1.1.
_UNSET = (105, 6)
_FENCING = ("stonith-enabled", "fencing-enabled")
_ACTION = ("stonith-action", "fencing-action")

#: What the cluster does to a node that it fences, Pacemaker's default first.
REBOOT, OFF = "reboot", "off"
_TRUE = ("true", "on", "yes", "y", "1")
_HOSTNAME = "/proc/sys/kernel/hostname"


class Node(Record):
    """A node as the scheduler sees it. What crm_mon left out is None."""

    name: str
    online: bool
    id: str = None
    unclean: bool = None
    pending: bool = None
    standby: bool = None
    maintenance: bool = None
    shutdown: bool = None
    expected_up: bool = None
    type: str = None
    rest: tuple = ()          # (attribute, value) of further attributes

    @property
    def down(self):
        """Whether it has left or has been fenced, for sure; None when that cannot be told.

        With fencing disabled a lost node counts as clean at once; it is still expected up.
        """
        if self.online or self.unclean or self.pending:
            return False
        return None if self.unclean is None or self.expected_up else True


class Instance(Record):
    """A resource on a node, or nowhere (``node`` None). ``role`` e.g. "Promoted", "Started"."""

    resource: str
    agent: str
    node: str
    role: str
    failed: bool = False
    blocked: bool = False     # it cannot be stopped: Pacemaker leaves it alone


class Failure(Record):
    """An action that failed and was not cleaned up; ``when`` and ``code`` as printed."""

    operation: str            # e.g. "r0_promote_0"
    node: str
    code: str
    reason: str = ""
    when: str = None

    @property
    def degraded(self):
        """Whether it is none: a monitor that told of less than full service (190, 191)."""
        return "degraded" in (self.code or "").lower()


class Cluster(Record):
    """What crm_mon shows of the cluster."""

    nodes: tuple
    dc: str = None            # name; None while there is none, and then nodes are out of date
    quorate: bool = None
    fencing: bool = None      # whether it is enabled, as Pacemaker sees it
    version: str = None
    properties: tuple = ()    # (name, value) of cluster_options
    instances: tuple = ()
    failures: tuple = ()

    def node(self, name):
        """The Node of that name; None when there is none."""
        return next((node for node in self.nodes if node.name == name), None)


class Peer(Record):
    """A node that the membership layer knows; ``state`` is member, lost or ""."""

    id: int
    name: str
    state: str = ""


def _truth(value):
    """True or False of Pacemaker's boolean text; None of None."""
    return None if value is None else value.strip().lower() in _TRUE


def _node(element):
    values = dict(element.attrib)
    if "name" not in values or "online" not in values:
        raise ParseError("crm_mon", str(sorted(values.items())), "a node without name or state")
    name, online = values.pop("name"), _truth(values.pop("online"))
    number, kind = values.pop("id", None), values.pop("type", None)
    states = {field: _truth(values.pop(field, None)) for field in (
        "unclean", "pending", "standby", "maintenance", "shutdown", "expected_up")}
    return Node(name=name, online=online, id=number, type=kind,
                rest=tuple(sorted(values.items())), **states)


def _instances(root):
    """The Instances; the number of a clone's instance is left out of its name."""
    for element in root.iterfind("resources//resource"):
        on = [node.get("name") for node in element.findall("node")] or [None]
        for node in on:
            yield Instance(resource=element.get("id", "").partition(":")[0], node=node,
                           agent=element.get("resource_agent"), role=element.get("role"),
                           failed=_truth(element.get("failed", "false")),
                           blocked=_truth(element.get("blocked", "false")))


def _failures(root):
    for element in root.iterfind("failures/failure"):
        yield Failure(operation=element.get("op_key", ""), node=element.get("node"),
                      code=element.get("exitstatus"), reason=element.get("exitreason") or "",
                      when=element.get("last-rc-change"))


def parse_mon(text):
    """The Cluster in the XML of ``crm_mon``, of Pacemaker 1.1 and later.

    :raises ParseError: it is cut off, something else, or only an error
    """
    root = xmltext.parse("crm_mon", text)
    listed = root.find("nodes")
    if root.tag not in ("pacemaker-result", "crm_mon") or listed is None:
        said = " ".join(e.text.strip() for e in root.iter("error") if e.text)
        raise ParseError("crm_mon", said or (text.splitlines() or [""])[0], "shows no nodes")
    options = root.find("summary/cluster_options")
    properties = () if options is None else tuple(sorted(options.attrib.items()))
    fencing = next((_truth(value) for name, value in properties if name in _FENCING), None)
    dc = root.find("summary/current_dc")
    present = dc is not None and _truth(dc.get("present"))
    return Cluster(nodes=tuple(_node(e) for e in listed.findall("node")),
                   dc=dc.get("name") if present else None,
                   quorate=_truth(dc.get("with_quorum")) if present else None,
                   fencing=fencing, version=dc.get("version") if present else None,
                   properties=properties, instances=tuple(_instances(root)),
                   failures=tuple(_failures(root)))


def cluster(host, timeout=TIMEOUT):
    """The Cluster now.

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


def _cluster(host):
    """The Cluster, None when it cannot be told: no Pacemaker, no DC, no answer.

    When crm_mon hangs there is time left for whom else to ask.
    """
    try:
        seen = host.within(2, lambda: cluster(host))
    except (ToolError, ParseError):
        return None
    return seen if seen.dc else None


def _down_by_cman(host, name):
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


def node_down(host, node):
    """Whether another node is down for sure.

    :param node: its name
    :returns: True when the cluster says that it has left or has been fenced; False when it
        is up, joining, or still to be fenced; None when the cluster cannot tell
    """
    seen = _cluster(host)
    if seen is None:
        return _down_by_cman(host, node)
    known = seen.node(node)
    return None if known is None else known.down


def _option(host, name):
    """A cluster option as text; None when it is not set.

    :raises ToolError: Pacemaker does not answer
    """
    completed = host.run(("crm_attribute", "-t", "crm_config", "-n", name, "-G", "--quiet"),
                         TIMEOUT)
    if completed.returncode in _UNSET:
        return None
    return completed.answer().strip()


def _first_option(host, names):
    """The value of an option of several names, the newest of which counts; None: none is set.

    :raises ToolError: as ``_option``
    """
    for name in reversed(names):
        value = _option(host, name)
        if value is not None:
            return value
    return None


def fencing_action(host):
    """How the cluster fences a node: REBOOT or OFF.

    :raises ToolError: Pacemaker does not answer
    """
    value = _first_option(host, _ACTION)
    return OFF if value in (OFF, "poweroff") else REBOOT


def fencing_enabled(host):
    """Whether the cluster fences: True (also when nothing is set), False, None (cannot tell).

    Under cman without Pacemaker: whether this node has joined the fence domain.
    """
    try:
        value = _first_option(host, _FENCING)
        return True if value is None else _truth(value)
    except ToolHung:
        return None
    except ToolError:
        pass
    try:
        cman.status(host)
        return fence_tool.ls(host) is not None
    except (ToolError, ParseError):
        return None


def local_node(host):
    """The name of this node in the cluster; the kernel's host name where no cluster answers."""
    try:
        completed = host.run(("crm_node", "-n"), TIMEOUT)
    except ToolError:
        completed = None
    if completed is not None and completed.ok and completed.stdout.strip():
        return completed.stdout.split()[0]
    import os
    return (host.read(_HOSTNAME) or os.uname()[1]).strip()


def parse_peers(text):
    """The Peers in the output of ``crm_node -l``: lines ``ID NAME [STATE]``.

    :raises ParseError: a line has another form
    """
    found = []
    for line in text.splitlines():
        words = line.split()
        if len(words) not in (2, 3) or whole(words[0]) is None:
            raise ParseError("crm_node -l", line, "expected \"ID NAME STATE\"")
        found.append(Peer(id=whole(words[0]), name=words[1], state="".join(words[2:])))
    return tuple(found)


def known_nodes(host):
    """The names of all nodes of the cluster, as a tuple; None when it cannot be told."""
    seen = _cluster(host)
    if seen is not None:
        return tuple(node.name for node in seen.nodes)
    try:
        completed = host.run(("crm_node", "-l"), TIMEOUT)
        return tuple(peer.name for peer in parse_peers(completed.answer()))
    except (ToolError, ParseError):
        pass
    try:
        return tuple(node.name for node in cman.nodes(host) if not node.disk)
    except (ToolError, ParseError):
        return None


def _score(host, instance, arguments, promoted_known):
    """Run crm_attribute or crm_master for an instance's promotion score: Completed."""
    program = ("crm_attribute", "--promotion") if promoted_known else \
        ("crm_master", "-l", "reboot")
    return host.run(program + arguments, TIMEOUT, {"OCF_RESOURCE_INSTANCE": instance})


def set_promotion_score(host, instance, score, promoted_known):
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


def resend_attributes(host):
    """Have this node's attribute daemon write all that it has to the CIB once more.

    It writes what changes only, and does not see when the CIB loses a value.

    :raises ToolError: it could not be asked
    """
    completed = host.run(("attrd_updater", "--refresh"), TIMEOUT)
    if not completed.ok:
        raise ToolFailed(completed)


def parse_score(text):
    """The number of a score: digits with a sign, or INFINITY.

    :raises ParseError: it is something else
    """
    word = text.strip()
    score = whole(word.replace("INFINITY", str(INFINITY), 1), signed=True)
    if score is None:
        raise ParseError("promotion score", word, "expected a number or INFINITY")
    return score


def promotion_score(host, instance, promoted_known):
    """The promotion score of an instance on this node; None when it has none.

    :raises ToolError, ParseError: it could not be read
    """
    completed = _score(host, instance, ("-G", "--quiet"), promoted_known)
    if completed.returncode in _UNSET:
        return None
    return parse_score(completed.answer())
