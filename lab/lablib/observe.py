# SPDX-License-Identifier: GPL-2.0-or-later
"""What a cluster looks like, from the text of the guests' tools: parsers without commands.

They are the lab's own on purpose: the lab validates the product and must not see through its eyes.
"""
import html
import runpy
import xml.etree.ElementTree as ET
from collections import namedtuple
from types import SimpleNamespace

from . import paths

# connection: in the words of DRBD 8.4; suspended: whether I/O is; missing: KiB out of sync, None where nobody knows
Drbd = namedtuple("Drbd", "connection role peer_role disk peer_disk suspended missing")
Instance = namedtuple("Instance", "resource agent role node active failed blocked pending")
Failure = namedtuple("Failure", "operation node code reason")
Cluster = namedtuple("Cluster", "quorate online standby pending unclean instances failures degraded maintenance")

# What the guests' own programs make of DRBD's state.
drbdstate = SimpleNamespace(**runpy.run_path(str(paths.GUEST_FILES / "usr/local/lib/lab/drbdstate.py")))
# The kernel's files: DRBD 8.4 has all in the first one, 9 its version. A program would take a second on an emulated machine.
DRBD_FILES = "cat /proc/drbd /sys/kernel/debug/drbd/resources/*/connections/*/*/proc_drbd 2>/dev/null"
DRBD_ASKED = "/usr/local/lib/lab/witness drbd"


def drbd_incomplete(text):
    """Whether the text of DRBD_FILES leaves something open that DRBD_ASKED prints."""
    return drbdstate.incomplete(text, drbdstate.minors(text))


def drbd(text, minor=0):
    """Returns the Drbd of one minor from the text of either, or None when it is not configured."""
    state = drbdstate.minors(text).get(minor)
    if state is None:
        return None
    return Drbd(state.connection, *state.roles.split("/"), *state.disks.split("/"), state.suspended, state.missing)


def cluster(crm_mon_xml):
    """Returns the Cluster from the text of `crm_mon -1 --output-as=xml`. Raises ValueError when it is no such text."""
    try:
        root = ET.fromstring(crm_mon_xml)
    except ET.ParseError as error:
        raise ValueError(f"not crm_mon's XML ({error}): {crm_mon_xml[:200]!r}") from None
    nodes = [node for node in root.iterfind("./nodes/node")]

    def named(attribute):
        return frozenset(node.get("name") for node in nodes if node.get(attribute) == "true")

    current = root.find("./summary/current_dc")
    options = root.find("./summary/cluster_options")
    recorded = [
        Failure(each.get("op_key", ""), each.get("node"), each.get("exitstatus"), html.unescape(each.get("exitreason") or ""))
        for each in root.iterfind("./failures/failure")
    ]
    return Cluster(
        quorate=current is not None and current.get("with_quorum") == "true",
        online=named("online"),
        standby=named("standby"),
        pending=named("pending"),
        unclean=named("unclean"),
        instances=tuple(_instances(root)),
        failures=tuple(each for each in recorded if not _degraded(each)),
        degraded=tuple(each for each in recorded if _degraded(each)),
        maintenance=options is not None and options.get("maintenance-mode") == "true",
    )


def _degraded(failure):
    """Whether a record is of "OCF_DEGRADED", "promoted (degraded)" or, of Pacemaker 3, "Service is active but might fail soon".

    That is active, listed until a cleanup, never recovered.
    """
    code = (failure.code or "").lower()
    return "degraded" in code or "might fail soon" in code


def _instances(root):
    for resource in root.iterfind("./resources//resource"):
        on = resource.find("node")
        yield Instance(
            resource.get("id").partition(":")[0],
            resource.get("resource_agent"),
            resource.get("role"),
            on.get("name") if on is not None else None,
            resource.get("active") == "true",
            resource.get("failed") == "true",
            resource.get("blocked") == "true",
            resource.get("pending"),
        )


def hopeless(seen, wanted):
    """Returns the failures of starts that Pacemaker will not try again, of what is wanted and does not run.

    Pacemaker counts a failed start as failed forever on that node (start-failure-is-fatal).
    """
    runs = {(each.resource, each.node) for each in seen.instances if each.active}
    return [
        each
        for each in seen.failures
        for resource, node in wanted
        if each.operation == f"{resource}_start_0" and each.node == node and (resource, node) not in runs
    ]


def unsettled(seen, wanted):
    """Returns what a Cluster still lacks, as a text for people; empty when it is as wanted.

    wanted: {(resource, node): role}; a pending operation anywhere is something lacking too.
    """
    roles = {(each.resource, each.node): each.role for each in seen.instances if each.active}
    lacking = [
        f"{resource} on {node} is {roles.get((resource, node), 'Stopped')}, not {role}"
        for (resource, node), role in sorted(wanted.items())
        if roles.get((resource, node)) != role
    ]
    lacking += [f"{each.resource} on {each.node} is {each.pending}" for each in seen.instances if each.pending]
    if lacking:
        lacking += [f"{each.operation} on {each.node} failed ({each.code}): {each.reason}" for each in seen.failures]
    return "; ".join(lacking)
