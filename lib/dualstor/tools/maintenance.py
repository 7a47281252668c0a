# SPDX-License-Identifier: GPL-2.0-or-later
"""Maintenance mode of the whole cluster: Pacemaker then starts, stops and monitors nothing.

Source: Pacemaker Explained, "Cluster Options"; crm_attribute(8), crm_resource(8).
"""

from dualstor.errors import DualstorError, ToolFailed, ToolHung, listed
from dualstor.tools import cib, pacemaker

TYPE_CHECKING = False   # only mypy sees what is imported there
if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

    from dualstor.host.host import Host

_NAME = "maintenance-mode"
_TRIES, _PAUSE = 20, 0.5    # looks whether it is so; seconds between them
_SETTLED = 60.0             # seconds for the probes
_PENDING = "-1"             # an action that has not ended


def is_on(host: "Host") -> bool:
    """Whether the cluster is in maintenance mode, as this node's CIB has it.

    :raises DualstorError: Pacemaker does not answer
    """
    return _is_on(cib.ask(host))


def _is_on(root: "Element") -> bool:
    return pacemaker.is_true(cib.option(root, (_NAME,)))


def _change(host: "Host", wanted: bool, *words: str) -> None:
    completed = host.run(("crm_attribute", "--name", _NAME) + words)
    if not completed.ok:
        raise ToolFailed(completed)
    for _ in range(_TRIES):
        if is_on(host) == wanted:
            return
        host.sleep(_PAUSE)
    raise DualstorError(f"maintenance mode was {'set' if wanted else 'ended'}, and the CIB of this "
                        "node does not have that")


def _known(root: "Element") -> "set[tuple[str, str]]":
    """(node, resource) of what Pacemaker knows the state of: an action or a probe has ended."""
    return {(state.get("uname") or "", resource.get("id") or "")
            for state in root.iter("node_state") for resource in state.iter("lrm_resource")
            if any(done.get("op-status") != _PENDING for done in resource.iter("lrm_rsc_op"))}


def begin(host: "Host") -> None:
    """Set it, and see that it is set.

    :raises DualstorError: it is not
    """
    _change(host, True, "--update", "true")


def end(host: "Host") -> None:
    """End it; failures of the time before are forgotten first, and all is probed again.

    Before that has ended Pacemaker takes what it has forgotten for stopped: it would start it, and
    restart all that needs it.

    :raises DualstorError: it is not ended
    """
    before = _known(cib.ask(host))
    completed = host.run(("crm_resource", "--cleanup"))
    if not completed.ok:
        raise ToolFailed(completed)
    try:
        host.run(("crm_resource", "--wait"), _SETTLED)
    except ToolHung:
        pass    # in maintenance mode it may wait for what is not to be done: the CIB decides
    root = cib.ask(host)
    lost = before - _known(root)
    if lost:
        raise DualstorError("Pacemaker has not probed yet: " + listed(
            f"{resource} on {node}" for node, resource in sorted(lost)))
    if _is_on(root):
        _change(host, False, "--delete")
