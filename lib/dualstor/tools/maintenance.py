# SPDX-License-Identifier: GPL-2.0-or-later
"""Maintenance mode of the whole cluster: Pacemaker then starts, stops and monitors nothing.

Source: Pacemaker Explained, "Cluster Options"; crm_attribute(8), crm_resource(8).
"""

from dualstor.errors import DualstorError, ToolFailed
from dualstor.tools import cib, pacemaker

TYPE_CHECKING = False   # only mypy sees what is imported there
if TYPE_CHECKING:
    from dualstor.host.host import Host

_NAME = "maintenance-mode"
_TRIES, _PAUSE = 20, 0.5    # looks whether it is so; seconds between them


def is_on(host: "Host") -> bool:
    """Whether the cluster is in maintenance mode, as this node's CIB has it.

    :raises DualstorError: Pacemaker does not answer
    """
    return pacemaker.is_true(cib.option(cib.ask(host), (_NAME,)))


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
    for words in (("--cleanup",), ("--wait",)):
        completed = host.run(("crm_resource",) + words)
        if not completed.ok:
            raise ToolFailed(completed)
    if is_on(host):
        _change(host, False, "--delete")
