# SPDX-License-Identifier: GPL-2.0-or-later
"""What clvmd sees of its host, as values that a decision can be made of."""

from dualstor.agents import heldback
from dualstor.kernel.locksocket import CLVMD, LVMLOCKD, PROGRAMS, Sockets
from dualstor.record import Record

TYPE_CHECKING = False   # only mypy sees what is imported there
if TYPE_CHECKING:
    from typing import Iterable

    from dualstor.agents.clvmd.interface import Parameters
    from dualstor.kernel.process import Process
    from dualstor.ocf.reason import Said
    from dualstor.tools.quorum import Quorum


class Settings(Record):
    """Settings of LVM in effect, as text; None for one that this LVM does not have."""

    use_lvmlockd: "str | None" = None
    locking_type: "str | None" = None
    fallback: "str | None" = None     # global/fallback_to_local_locking
    use_lvmetad: "str | None" = None


class ActiveVolume(Record):
    """An LV that is active here; ``on_drbd``: it is on DRBD devices alone."""

    vg: str
    lv: str
    on_drbd: bool = False

    def __str__(self) -> str:
        return f"{self.vg}/{self.lv}"


class Dlm(Record):
    """dlm on this node: whether a lockspace can be made, and what it waits for (None: nothing)."""

    ready: bool
    pending: "str | None" = None


class Attempt(Record):
    """How a command went. ``code`` is its exit code, None when it hung.

    ``missing``: there is no such program. ``peer`` names the node whose clvmd was missing for
    it. ``exclusive``: names of the locks that were exclusive before it, None when not known.
    """

    code: "int | None" = 0
    says: str = ""
    missing: bool = False
    peer: "str | None" = None
    exclusive: "frozenset[str] | None" = None

    @property
    def hung(self) -> bool:
        """Whether the command hung."""
        return self.code is None


def needing(lockspaces: "Iterable[str]",
            programs: "tuple[str, ...]" = PROGRAMS) -> "tuple[str, ...]":
    """Names of the *lockspaces* that one of the daemons *programs* has made."""
    return tuple(name for name in lockspaces
                 if (name == CLVMD and CLVMD in programs)
                 or (name.startswith("lvm_") and LVMLOCKD in programs))


class Case(heldback.Case):
    """What clvmd decides on, and may observe for it."""

    if TYPE_CHECKING:
        parameters: Parameters

    # the kernel
    processes: "tuple[Process, ...]"        # lock daemons that run here, without their helpers
    lockspaces: "tuple[str, ...]"           # of dlm
    remembered: "Process | None"            # what start has left
    sockets: Sockets
    mirror_logs: "tuple[Process, ...]"      # of cmirrord
    metadata_cache: "tuple[Process, ...]"   # of lvmetad
    configured: bool                        # dlm_controld has configured the kernel
    exclusive: "frozenset[str] | None"      # clvmd's exclusive locks; None: not known
    recovering: "tuple[str, ...]"           # lockspaces that grant no locks yet
    active: "tuple[ActiveVolume, ...]"
    remaining: float                        # seconds that are left for work
    # tools
    quorum: "Quorum"
    dlm: Dlm
    fence_domain: "Said | None"             # why cman's fence domain is not at rest
    configuration: str                      # what is wrong with cluster.conf, "" for nothing
    settings: Settings
    installed: "tuple[str, ...]"            # names of the daemons whose program is here
    answer: "str | None"                    # what the daemon did instead of answering

    @property
    def names(self) -> "dict[str, str]":
        """As of any case: the daemon, by its name where the parameters have one."""
        daemon = self.parameters.daemon
        name = "lock daemon" if daemon == "auto" else daemon
        return {"subject": name, "daemon": name}
