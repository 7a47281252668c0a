# SPDX-License-Identifier: GPL-2.0-or-later
"""The operations of the agents: timeouts as advised, monitors for both roles."""

from dualstor.agents.catalogue import DRBD_DUALPRIMARY
from dualstor.command.check.rules.pacemaker_clones import INTERFACES
from dualstor.command.check.rules.registry import CIB, ERROR, WARNING, found, rule
from dualstor.command.check.view import pacetime
from dualstor.command.check.view.resources import PROMOTED

TYPE_CHECKING = False   # only mypy sees what is imported there
if TYPE_CHECKING:
    from typing import Iterator

    from dualstor.command.check.rules.registry import Findings
    from dualstor.command.check.view.cib import Cib
    from dualstor.command.check.view.resources import CibOperation, Resource
    from dualstor.ocf.parameters import Action

#: Actions that Pacemaker does not run as operations with their own timeout.
_NOT_OPERATIONS = ("meta-data", "validate-all", "reload-agent")


def _operation(resource: "Resource", action: "Action") -> "CibOperation | None":
    """The resource's CibOperation for an advised action; None if none is defined.

    Of several monitors the first that runs.
    """
    fit = [op for op in resource.operations
           if op.name == action.name and op.depth == (action.depth or 0) and (
               action.role is None or (op.role in PROMOTED) == (action.role == "Promoted"))]
    return next((op for op in fit if op.recurs), fit[0] if fit else None)


def _advised(cib: "Cib") -> "Iterator[tuple[Resource, Action, CibOperation | None]]":
    """(resource, advised Action, its CibOperation or None) of all that the agents advise."""
    for resource in cib.ours():
        interface = INTERFACES.get(resource.type)  # if there is none, PCMK-PARAMETERS says so
        for action in interface.actions if interface else ():
            if action.name not in _NOT_OPERATIONS:
                yield resource, action, _operation(resource, action)


@rule("PCMK-TIMEOUT", WARNING, "no operation has a shorter timeout than its agent advises",
      why="Pacemaker kills an agent when its timeout expires; after a killed stop the node is "
          "fenced.",
      fix="`pcs resource update {resource} op {action} timeout={advice}s`", scope=CIB)
def timeout(cib: "Cib") -> "Findings":
    for resource, action, op in _advised(cib):
        if op is None and action.name == "monitor":
            continue  # it does not run: PCMK-MONITOR
        text = op.meta.get("timeout") if op is not None else None
        given = op.timeout if op is not None else None
        value = cib.default_timeout(resource, action.name) if given is None else given
        if value < action.timeout:
            default = " (the cluster's default)" if given is None else ""
            if text is not None and not pacetime.seconds(text):
                default = f" (Pacemaker's default: {text} is not valid)"
            role = f" ({action.role})" if action.role else ""
            yield found(op.where if op else resource.where,
                        f"{action.name}{role} of {resource.id} has a timeout of {value:g} s"
                        f"{default}; the agent advises {action.timeout} s",
                        resource=resource.id, action=action.name, advice=action.timeout)


@rule("PCMK-MONITOR", ERROR, "each resource is monitored, DRBD in both roles",
      why="Without a monitor for its role, a failed disk, link or daemon is not noticed.",
      fix="`pcs resource op add {resource} monitor interval={interval}s timeout={advice}s{role}`",
      scope=CIB)
def monitor(cib: "Cib") -> "Findings":
    for resource, action, op in _advised(cib):
        if action.name == "monitor" and not action.depth and (op is None or not op.recurs):
            role = f" for the role {action.role}" if action.role else ""
            off = op is not None and not op.enabled
            yield found(op.where if op is not None and off else resource.where,
                        f"{resource.id} has no monitor{role}{' (enabled=false)' if off else ''}",
                        resource=resource.id, interval=action.interval, advice=action.timeout,
                        role=f" role={action.role}" if action.role else "")


@rule("PCMK-MONITOR-INTERVAL", ERROR, "the monitors of the two roles have different intervals",
      why="Pacemaker identifies operations by name and interval: of two equal ones one is lost.",
      fix="give the monitors of {resource} different intervals, e.g. 20s and 31s", scope=CIB)
def interval(cib: "Cib") -> "Findings":
    for resource in cib.ours(DRBD_DUALPRIMARY):
        taken: "dict[float, str]" = {}
        for op in resource.operations:
            if op.name != "monitor" or not op.interval or not op.recurs:
                continue
            if op.interval in taken and taken[op.interval] != op.role:
                yield found(op.where, f"two monitors of {resource.id} have the interval "
                                      f"{op.interval:g} s", resource=resource.id)
            taken[op.interval] = op.role


#: What Pacemaker does about a failure that leaves the resource as it is.
_NOTHING = ("ignore", "block")
_MATTERS = ("monitor", "start", "promote", "demote", "stop")


@rule("PCMK-ON-FAIL", WARNING, "a failure of the storage makes Pacemaker act",
      why="With ignore or block Pacemaker does not restart, demote or fence after a failure: a "
          "lost disk, a split brain or a failed stop stays as it is.",
      fix="`pcs resource update {resource} op {action} interval={interval} on-fail={right}`",
      scope=CIB)
def on_fail(cib: "Cib") -> "Findings":
    cib.ours()
    reported = set()    # a default is one place
    for resource in cib.resources:
        if not resource.kind.startswith(("ocf:dualstor:", "ocf:pacemaker:controld")):
            continue
        for op in resource.operations:
            value = op.meta.get("on-fail", "")
            if value.lower() not in _NOTHING or op.name not in _MATTERS:
                continue
            if op.name == "monitor" and not op.recurs:
                continue    # PCMK-MONITOR
            where, role = op.meta.where("on-fail"), f" ({op.role})" if op.role else ""
            if where in reported:
                continue
            reported.add(where)
            yield found(where,
                        f"{op.name}{role} of {resource.id} has on-fail={value}",
                        resource=resource.id, action=op.name, interval=op.given or "0s",
                        right="fence" if op.name in ("stop", "demote") else "restart")
