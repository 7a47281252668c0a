# SPDX-License-Identifier: GPL-2.0-or-later
"""The kernel's side of the distributed lock manager: sysfs and configfs, which never block.

Sources: Linux fs/dlm/lockspace.c (/sys/kernel/dlm/NAME/...), fs/dlm/config.c
(/sys/kernel/config/dlm/cluster/comms/NODEID/...), fs/dlm/dlm_internal.h, fs/dlm/debug_fs.c
(/sys/kernel/debug/dlm/NAME_locks, where debugfs is mounted).
"""

from dualstor.record import whole

TYPE_CHECKING = False       # only mypy sees what is imported there
if TYPE_CHECKING:
    from dualstor.host.files import Files

_LOCKSPACES = "/sys/kernel/dlm"
#: A directory for each node that dlm_controld has set up in the kernel.
NODES = "/sys/kernel/config/dlm/cluster/comms"
_LOCKS = "/sys/kernel/debug/dlm/%s_locks"

#: The bit of recover_status for "this node is done" (DLM_RS_DONE). Only the node with the
#: lowest id sets the bits for "all nodes" too: recovered is ff there and 55 elsewhere.
_DONE = 0x40

#: Mode EX, and the flag of a lock that is another node's and only has its master here.
_EXCLUSIVE, _MASTER_COPY = 5, 0x10000
#: Columns of NAME_locks: flags, granted mode.
_FLAGS, _GRANTED = 6, 8


def loaded(host: "Files") -> bool:
    """Whether the kernel has dlm (module loaded or built in)."""
    return host.exists(_LOCKSPACES)


def lockspaces(host: "Files") -> "tuple[str, ...]":
    """Names of the lockspaces of this node."""
    return host.list(_LOCKSPACES)


def recovered(host: "Files", name: str) -> "bool | None":
    """Whether a lockspace has finished recovery; None when the kernel does not say.

    False while nodes join or leave, and for as long as a failed node is not fenced.
    """
    status = whole((host.read(f"{_LOCKSPACES}/{name}/recover_status") or "").strip(), 16)
    return None if status is None else bool(status & _DONE)


def nodes(host: "Files") -> "tuple[int, ...]":
    """Ids of the nodes that dlm_controld has set up in the kernel, sorted.

    Empty until dlm_controld is a member of the cluster. A node counts once it
    has an address: before that, locking fails.
    """
    listed = [(whole(name), name) for name in host.list(NODES)]
    return tuple(sorted(number for number, name in listed
                        if number is not None and _address(host, name)))


def _address(host: "Files", node: str) -> bool:
    """Whether the kernel has an address of the node; old kernels have no addr_list to read."""
    path = f"{NODES}/{node}/addr_list"
    return not host.exists(path) or bool((host.read(path) or "").strip())


def ready(host: "Files") -> bool:
    """Whether a lockspace can be made: dlm is loaded and dlm_controld has set it up."""
    return loaded(host) and bool(nodes(host))


def granted(host: "Files", name: str) -> "dict[str, int] | None":
    """{resource: mode} of the locks that this node has in a lockspace, NL left out.

    :returns: None when the kernel does not show it (no debugfs)
    """
    text = host.read(_LOCKS % name)
    if text is None:
        return None
    found: "dict[str, int]" = {}
    for line in text.splitlines():
        fields, quote, resource = line.partition('"')
        words = fields.split()
        if not quote or len(words) <= _GRANTED:
            continue    # the heading
        flags, mode = whole(words[_FLAGS], 16), whole(words[_GRANTED])
        if flags is not None and not flags & _MASTER_COPY and mode:
            key = resource.rstrip().rstrip('"')
            found[key] = max(mode, found.get(key, 0))
    return found


def exclusive(host: "Files", name: str) -> "frozenset[str] | None":
    """Names of the resources that this node has locked exclusively in a lockspace.

    :returns: None when the kernel does not show it (no debugfs)
    """
    found = granted(host, name)
    return None if found is None else frozenset(
        each for each, mode in found.items() if mode == _EXCLUSIVE)
