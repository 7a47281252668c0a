# SPDX-License-Identifier: GPL-2.0-or-later
"""DRBD's fence-peer handler: what DRBD runs when a peer is lost, and waits for with frozen I/O."""

#: Where it is installed, and what the handlers section of a resource names.
PROGRAM = "/usr/lib/drbd/dualstor-fence-peer"

_STONITH_ADMIN, _CRM, _END_WITH = "stonith_admin-fence-peer.sh", "crm-fence-peer", 9


def _programs(command: "str | None") -> "list[str]":
    """The names of the programs in a handler's command line."""
    return [word.rpartition("/")[2] for word in (command or "").split()]


def ours(command: "str | None") -> bool:
    """Whether a handler's command line is dualstor's own."""
    return PROGRAM.rpartition("/")[2] in _programs(command)


def crm(command: "str | None") -> bool:
    """Whether a handler's command line is drbd-utils' that places a constraint in the cluster."""
    return any(name.startswith(_CRM + ".") or name == _CRM for name in _programs(command))


def stock(command: "str | None") -> bool:
    """Whether a handler's command line is one of drbd-utils' that ask Pacemaker.

    :param command: None or "" where there is no handler
    """
    return _STONITH_ADMIN in _programs(command) or crm(command)


def unfit(command: "str | None", generation: "int | None") -> bool:
    """Whether DRBD of this generation cannot be dual-primary with a handler.

    stonith_admin-fence-peer.sh fails whatever happens: it takes the peer's name from DRBD_PEERS,
    which DRBD 9 does not set, and the disk's state from /proc/drbd, which lists nothing there.
    crm-fence-peer.9.sh fences nobody: it restricts the promotable resource to one node and answers
    4, so that DRBD continues while the other node is Primary. It finds only a resource that the
    cluster calls a master, of the name of Pacemaker 1.

    :param command: the handler's command line, None or "" where there is none
    :param generation: the first number of the loaded module's version, None when not known
    """
    return generation is not None and generation >= _END_WITH and stock(command)
