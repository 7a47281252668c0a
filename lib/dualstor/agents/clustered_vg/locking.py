# SPDX-License-Identifier: GPL-2.0-or-later
"""Whether LVM's locks are granted now: the precondition of every command that takes one."""

from dualstor.agents.clustered_vg.seen import CLVMD, LVMLOCKD
from dualstor.record import Record


class Obstacle(Record):
    """Why locks are not granted. ``passes``: waiting may help.

    ``what`` is what is missing, to stand after "waiting for"; ``hint`` the next step.
    """

    what: str
    hint: str
    passes: bool = True
    recovery: bool = False


def obstacle(facts):
    """The Obstacle, None when locks are granted. Looks at the kernel first."""
    daemons = facts.daemons
    if not daemons.answering:
        return Obstacle(
            passes=False, what="the lock daemon (%s)" % (daemons.says or "none runs"),
            hint="start the clvmd resource of this node and order it before this one")
    if facts.lockspaces.recovered is False:
        return Obstacle(
            recovery=True, what="dlm to recover",
            hint="`dlm_tool ls` shows what it waits for, mostly the fencing of the other node")
    quorum = facts.quorum
    if quorum.quorate is True:
        return None
    return Obstacle(
        passes=bool(quorum.running), what="quorum (%s)" % quorum.says,
        hint="start the other node, or look at the membership on this one" if quorum.running
        else "start the cluster on this node")


def kind(group):
    """Who locks a VolumeGroup: LVMLOCKD, CLVMD, or None."""
    return LVMLOCKD if group.shared else CLVMD if group.clustered else None
