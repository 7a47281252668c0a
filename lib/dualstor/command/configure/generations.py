# SPDX-License-Identifier: GPL-2.0-or-later
"""The generations of the stack that can be configured, and how they differ."""

from dualstor.record import Record


class Generation(Record):
    """One set of programs that a distribution ships together.

    ``engine`` runs membership: "corosync" or "cman"; ``knet``: with the transport of corosync 3.
    ``locking`` is LVM's lock daemon. ``schema`` is the CIB's, which all Pacemakers of that
    generation have. ``promotable``: clones can be (Pacemaker 2.0), else there is a kind of its
    own, with masters and slaves. ``promoted``: the roles have their new names (2.1).
    ``dlm_resource``: Pacemaker starts dlm_controld; cman does it by itself.
    ``since``: its versions and distributions, for the help.
    """

    name: str
    engine: str
    locking: str
    schema: str
    promotable: bool
    promoted: bool
    knet: bool
    dlm_resource: bool
    since: str

    @property
    def alerts(self) -> bool:
        """Whether its CIB surely can have alerts: some of Pacemaker 1.1 cannot."""
        return self.promotable

    @property
    def roles(self) -> "tuple[str, str]":
        """The cluster's words for the two roles: the one that writes, and the other."""
        return ("Promoted", "Unpromoted") if self.promoted else ("Master", "Slave")

    @property
    def promoted_max(self) -> str:
        """Name of the meta attribute for the number of promoted instances."""
        return "promoted-max" if self.promotable else "master-max"


GENERATIONS = (
    Generation(name="lvmlockd", engine="corosync", locking="lvmlockd", schema="pacemaker-3.7",
               promotable=True, promoted=True, knet=True, dlm_resource=True,
               since="LVM 2.03, corosync 3, Pacemaker 2.1 or 3: EL 8.5 to 9, SLES 16, Debian 12 "
                     "and 13, Ubuntu 22.04"),
    # its tools refuse the new role names and the operation reload-agent
    Generation(name="lvmlockd-pacemaker2.0", engine="corosync", locking="lvmlockd",
               schema="pacemaker-3.0", promotable=True, promoted=False, knet=True,
               dlm_resource=True,
               since="LVM 2.03, corosync 3, Pacemaker 2.0: EL 8.0 to 8.4, Debian 11, "
                     "Ubuntu 20.04"),
    Generation(name="lvmlockd-corosync2", engine="corosync", locking="lvmlockd",
               schema="pacemaker-3.7", promotable=True, promoted=True, knet=False,
               dlm_resource=True, since="LVM 2.03, corosync 2, Pacemaker 2.1: SLES 15 SP4 to SP7"),
    Generation(name="clvmd", engine="corosync", locking="clvmd", schema="pacemaker-2.0",
               promotable=False, promoted=False, knet=False, dlm_resource=True,
               since="LVM 2.02 with clvmd, corosync 2, Pacemaker 1.1: EL 7, SLES 12, Debian 9"),
    Generation(name="cman", engine="cman", locking="clvmd", schema="pacemaker-1.2",
               promotable=False, promoted=False, knet=False, dlm_resource=False,
               since="LVM 2.02 with clvmd, cman 3, Pacemaker 1.1: EL 6, Fedora 15"),
)

BY_NAME = {generation.name: generation for generation in GENERATIONS}
