# SPDX-License-Identifier: GPL-2.0-or-later
"""What drbd-dualprimary looks like to the cluster manager and to an administrator."""

from dualstor.kernel.drbd import is_path, is_resource_name
from dualstor.ocf import parameters
from dualstor.ocf.parameters import Action, Interface, Parameter


class Parameters(parameters.Parameters):
    """Their values, typed as INTERFACE declares them."""

    drbd_resource: str
    drbdconf: "str | None"
    require_fencing: bool
    connect_timeout: int
    split_brain: str


INTERFACE = Interface(
    name="drbd-dualprimary",
    shortdesc="Manages a DRBD resource that is Primary on both nodes",
    longdesc="""\
Attaches, connects and promotes a DRBD resource on two nodes at once, as a disk for LVM with
cluster locking. DRBD 8.3, 8.4 and 9, two nodes.

Run it as a promotable clone with promoted-max=2, clone-max=2, notify=true and interleave=true.

A node is promoted with an UpToDate disk only, and when its peer is either connected or known by
the cluster to be down. Dual primary without fencing loses data: the promotion is refused unless
DRBD has "fencing resource-and-stonith" with a fence-peer handler, and the cluster's fencing is
enabled. The resource also needs protocol C, allow-two-primaries, and after-sb-2pri disconnect.

A split brain is reported, and "dualstor status" shows how to end it; a connection that DRBD or a
person has given up is left as it is. The agent never discards data.

A monitor at check level 10 also asks drbdadm for the fence-peer handler, and counts a promoted
instance as degraded whose handler cannot work with the DRBD that is loaded.""",
    parameters=(
        Parameter(
            name="drbd_resource", required=True, unique_group="resource",
            pattern=is_resource_name,
            shortdesc="Name of the DRBD resource",
            longdesc="Name of the DRBD resource, as in its file below /etc/drbd.d/."),
        Parameter(
            name="drbdconf", pattern=is_path,
            shortdesc="Configuration file of DRBD, if not the usual one",
            longdesc="Absolute path of the configuration file that drbdadm reads (its option -c). "
                     "Unset: the usual /etc/drbd.conf."),
        Parameter(
            name="require_fencing", type="boolean", default=True, reloadable=True,
            shortdesc="Whether promotion without working fencing is refused",
            longdesc="Whether promotion is refused unless DRBD and the cluster fence a lost peer. "
                     "Setting this to false risks the data: both nodes write on when they lose "
                     "sight of each other, and one side's writes will have to be thrown away."),
        Parameter(
            name="connect_timeout", type="integer", default=15, minimum=0, maximum=600,
            reloadable=True,
            shortdesc="Seconds that start waits for the peer",
            longdesc="Seconds that start waits for the peer to connect and for a short resync to "
                     "end, but never more than half of the operation's time. A peer that does not "
                     "come is no failure: promotion waits for it, or for the cluster's word that "
                     "it is down."),
        Parameter(
            name="split_brain", type="select", options=("failed", "degraded"), default="failed",
            reloadable=True,
            shortdesc="What monitor says of a resource that is StandAlone",
            longdesc="What monitor answers when DRBD has given up the connection (StandAlone), as "
                     "after a split brain. failed: the resource counts as failed and is not "
                     "started again before a person has fixed it, so the two copies do not grow "
                     "further apart. degraded: it continues on this node's copy."),
    ),
    actions=(
        Action("start", timeout=120),
        Action("promote", timeout=90),
        Action("demote", timeout=90),
        Action("stop", timeout=100),
        Action("monitor", timeout=30, interval=20, depth=0, role="Promoted"),
        Action("monitor", timeout=30, interval=31, depth=0, role="Unpromoted"),
        Action("monitor", timeout=60, interval=300, depth=10, role="Promoted"),
        Action("notify", timeout=60),
        Action("validate-all", timeout=20, depth=0),
        Action("validate-all", timeout=30, depth=10),
        Action("reload-agent", timeout=20),
        Action("meta-data", timeout=5),
    ),
    check_levels=(0, 10),
    clone=(("interleave", "true"), ("notify", "true"), ("promoted-max", "2"),
           ("clone-max", "2")),
    values=Parameters)
