# SPDX-License-Identifier: GPL-2.0-or-later
"""The operations of the agents: time-outs not below their advice, monitors for both roles."""

from dualstor.agents.catalogue import DRBD_DUALPRIMARY
from dualstor.command.check.rules.pacemaker_clones import INTERFACES
from dualstor.command.check.rules.registry import CIB, ERROR, WARNING, found, rule
from dualstor.command.check.view.cib import PROMOTED

#: Actions that Pacemaker does not run as operations with a time-out of their own.
_NOT_OPERATIONS = ("meta-data", "validate-all", "reload-agent")


def _promoted(role):
    return role in PROMOTED


def _operation(resource, action):
    """The resource's Operation for an advised action; None when none is defined."""
    for op in resource.operations:
        if op.name == action.name and op.depth == (action.depth or 0):
            if action.role is None or _promoted(op.role) == (action.role == "Promoted"):
                return op
    return None


def _advised(cib):
    """(resource, advised Action, its Operation or None) of all that the agents advise."""
    for resource in cib.ours():
        interface = INTERFACES.get(resource.type)  # PCMK-PARAMETERS says that there is none
        for action in interface.actions if interface else ():
            if action.name not in _NOT_OPERATIONS:
                yield resource, action, _operation(resource, action)


@rule("PCMK-TIMEOUT", WARNING, "no operation has less time than its agent advises",
      why="Pacemaker kills an agent whose time is over; after a killed stop the node is fenced.",
      fix="`pcs resource update {resource} op {action} timeout={advice}s`", scope=CIB)
def timeout(cib):
    for resource, action, op in _advised(cib):
        if op is None and action.name == "monitor":
            continue  # what is not defined does not run; PCMK-MONITOR
        given = op.timeout if op is not None else None
        value = cib.default_timeout if given is None else given
        if value is None or value < action.timeout:
            words = action.name + (f" ({action.role})" if action.role else "")
            yield found(op.where if op else resource.where, "%s of %s has %s, advised are %d s" % (
                words, resource.id, "no time-out that can be read" if value is None else
                "%g s%s" % (value, "" if given is not None else " (the cluster's default)"),
                action.timeout), resource=resource.id, action=action.name, advice=action.timeout)


def _monitors(resource):
    return [op for op in resource.operations if op.name == "monitor" and op.interval]


@rule("PCMK-MONITOR", ERROR, "each resource is monitored, DRBD in both roles",
      why="Without a monitor of its role a failed disk, link or daemon is not noticed.",
      fix="`pcs resource op add {resource} monitor interval={interval}s timeout={advice}s{role}`",
      scope=CIB)
def monitor(cib):
    for resource, action, op in _advised(cib):
        if action.name == "monitor" and not action.depth and (op is None or not op.interval):
            yield found(resource.where, f"{resource.id} has no "
                                        f"monitor{' for the role ' + action.role if action.role else ''}",
                resource=resource.id, interval=action.interval, advice=action.timeout,
                role=" role=" + action.role if action.role else "")


@rule("PCMK-MONITOR-INTERVAL", ERROR, "the monitors of the two roles have different intervals",
      why="Pacemaker tells operations apart by name and interval: of two equal ones one is lost.",
      fix="give the monitors of {resource} different intervals, e.g. 20s and 31s", scope=CIB)
def interval(cib):
    for resource in cib.ours(DRBD_DUALPRIMARY):
        taken = {}
        for op in _monitors(resource):
            if op.interval in taken and taken[op.interval] != op.role:
                yield found(op.where, f"two monitors of {resource.id} have the interval "
                                      f"{op.interval:g} s", resource=resource.id)
            taken[op.interval] = op.role
