# SPDX-License-Identifier: GPL-2.0-or-later
"""The kernel's side of the distributed lock manager: sysfs and configfs, which never block.

Sources: Linux fs/dlm/lockspace.c (/sys/kernel/dlm/NAME/...), fs/dlm/config.c
(/sys/kernel/config/dlm/cluster/comms/NODEID/...), fs/dlm/dlm_internal.h.
"""

_LOCKSPACES = "/sys/kernel/dlm"
_COMMS = "/sys/kernel/config/dlm/cluster/comms"

#: The bit of recover_status for "this node is done" (DLM_RS_DONE). Only the node with the
#: lowest id sets the bits for "all nodes" too: recovered is ff there and 55 elsewhere.
_DONE = 0x40


def loaded(host):
    """Whether the kernel has dlm (module loaded or built in)."""
    return host.exists(_LOCKSPACES)


def lockspaces(host):
    """Names of the lockspaces of this node, as a tuple."""
    return host.list(_LOCKSPACES)


def recovered(host, name):
    """Whether a lockspace has finished recovery; None when the kernel does not say.

    False while nodes join or leave, and for as long as a failed node is not fenced.
    """
    text = (host.read("%s/%s/recover_status" % (_LOCKSPACES, name)) or "").strip()
    try:
        return bool(int(text, 16) & _DONE)
    except ValueError:
        return None


def nodes(host):
    """Ids (int) of the nodes that dlm_controld has told the kernel, as a tuple.

    Empty until dlm_controld is a member of the cluster. A node counts once it
    has an address: before that, locking fails.
    """
    return tuple(sorted(
        int(name) for name in host.list(_COMMS)
        if name.isdigit() and _address(host, name)))


def _address(host, node):
    """Whether the kernel has an address of the node; old kernels have no addr_list to read."""
    folder = "%s/%s" % (_COMMS, node)
    if not host.exists(folder + "/addr_list"):
        return True
    return bool((host.read(folder + "/addr_list") or "").strip())


def ready(host):
    """Whether a lockspace can be made: dlm is loaded and dlm_controld has set it up."""
    return loaded(host) and bool(nodes(host))
