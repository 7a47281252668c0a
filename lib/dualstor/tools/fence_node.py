# SPDX-License-Identifier: GPL-2.0-or-later
"""fence_node of cman 3: fences a node as cluster.conf says, and lets fenced know.

So fenced does not fence it again. Exit codes: cluster STABLE3 fence/fence_node/fence_node.c:
0 fenced, 1 not, 2 cluster.conf has no fence device for the node.
"""

from dualstor.errors import ToolFailed

TYPE_CHECKING = False   # only mypy sees what is imported there
if TYPE_CHECKING:
    from dualstor.host.host import Host

_UNDEFINED = 2


def fence(host: "Host", node: str, timeout: "float | None" = None) -> bool:
    """Have a node fenced; False when cluster.conf names no device for it.

    For the fence-peer handler only: no agent asks for this.

    :raises ToolFailed: it was not fenced
    :raises ToolMissing, ToolHung: as Host.run
    """
    completed = host.run(("fence_node", node), timeout)
    if completed.returncode == _UNDEFINED:
        return False
    if not completed.ok:
        raise ToolFailed(completed)
    return True
