# SPDX-License-Identifier: GPL-2.0-or-later
"""What clvmd sees of its host, as values that a decision can be made of."""

from dualstor.record import Record

LVMLOCKD, CLVMD = "lvmlockd", "clvmd"
PROGRAMS = (LVMLOCKD, CLVMD)
CMIRRORD, LVMETAD = "cmirrord", "lvmetad"


class Version(Record):
    """LVM's version; ``number`` is None where it is missing or does not answer."""

    number: tuple = None
    missing: bool = False
    says: str = ""


class Settings(Record):
    """Settings of LVM in effect, as text; None for one that this LVM does not have."""

    use_lvmlockd: str = None
    locking_type: str = None
    fallback: str = None     # global/fallback_to_local_locking
    use_lvmetad: str = None


class Sockets(Record):
    """Names of the daemons whose socket accepts a connection; ``says`` why others do not.

    ``busy``: those that live and take nobody just now, as clvmd does without quorum.
    """

    accepting: tuple = ()
    busy: tuple = ()
    says: str = ""


class Active(Record):
    """An LV that is active here; ``on_drbd``: it lies on DRBD devices alone."""

    vg: str
    lv: str
    on_drbd: bool = False

    def __str__(self):
        return f"{self.vg}/{self.lv}"


class Dlm(Record):
    """dlm on this node: whether a lockspace can be made, and what it waits for (None: nothing)."""

    ready: bool
    pending: str = None


class Attempt(Record):
    """How a command went. ``code`` is its exit code, None when it hung.

    ``missing``: there is no such program. ``peer`` names the node whose clvmd was missing for
    it. ``exclusive``: names of the locks that were exclusive before it, None when not known.
    """

    code: int = 0
    says: str = ""
    missing: bool = False
    peer: str = None
    exclusive: object = None

    @property
    def hung(self):
        return self.code is None


def needing(lockspaces, programs=PROGRAMS):
    """Names of the *lockspaces* that one of the daemons *programs* has made."""
    return tuple(name for name in lockspaces
                 if (name == CLVMD and CLVMD in programs)
                 or (name.startswith("lvm_") and LVMLOCKD in programs))
