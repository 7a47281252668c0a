# SPDX-License-Identifier: GPL-2.0-or-later
"""DRBD's fence-peer handler: what DRBD runs when a peer is lost, and waits for with frozen I/O."""

#: Where it is installed, and what the handlers section of a resource names.
PROGRAM = "/usr/lib/drbd/dualstor-fence-peer"

_STOCK, _STOCK_ENDS_WITH = "stonith_admin-fence-peer.sh", 9


def stock(command: "str | None") -> bool:
    """Whether a handler's command line is drbd-utils' own that asks Pacemaker to fence.

    :param command: None or "" where there is no handler
    """
    return any(word.rpartition("/")[2] == _STOCK for word in (command or "").split())


def requests_fencing(command: "str | None") -> bool:
    """Whether a handler has the lost peer fenced: ours, and stonith_admin-fence-peer.sh.

    crm-fence-peer.sh only waits for what the cluster does by itself.

    :param command: the handler's command line, None or "" where there is none
    """
    return stock(command) or PROGRAM in (command or "").split()


def unfit(command: "str | None", generation: "int | None") -> bool:
    """Whether DRBD of this generation cannot work with a handler: it fails whatever happens.

    The stock one takes the peer's name from DRBD_PEERS, which DRBD 9 does not set, and the
    disk's state from /proc/drbd, which lists nothing there.

    :param command: the handler's command line, None or "" where there is none
    :param generation: the first number of the loaded module's version, None when not known
    """
    return generation is not None and generation >= _STOCK_ENDS_WITH and stock(command)
