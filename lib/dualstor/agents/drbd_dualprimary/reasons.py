# SPDX-License-Identifier: GPL-2.0-or-later
"""The exit reasons of drbd-dualprimary, and what a person should know about each."""

from dualstor import fencepeer, recipes
from dualstor.ocf.reason import Reason, Topic

#: The line that names our own handler.
HANDLER_LINE = f"fence-peer \"{fencepeer.PROGRAM}\";"

# -- the configuration ----------------------------------------------------------------------

_CLONE = Topic(
    "The clone is not set up for two Primaries",
    "The resource must be a promotable clone with promoted-max=2 (master-max=2 before Pacemaker "
    "2), one instance per node, and notify=true.",
    "Set the meta attribute that is named. `dualstor configure` writes the whole clone.")
CLONE_ATTRIBUTE = Reason(
    "drbd-clone-attribute", _CLONE, "DRBD {drbd}: its clone has {attribute}={value}",
    "set the meta attribute {attribute}={right}")
NO_CLONE = Reason(
    "drbd-no-clone", _CLONE, "DRBD {drbd} is not a promotable clone",
    "clone it with promotable=true promoted-max=2 notify=true")
NO_NOTIFY = Reason(
    "drbd-no-notify", _CLONE, "DRBD {drbd}: its clone has no notify=true",
    "set that meta attribute")

_DRBDADM = Topic(
    "DRBD's configuration cannot be read",
    "drbdadm is missing, or refuses a file below /etc/drbd.d/, or has no resource of that name.",
    "Run `drbdadm dump all` on this node and fix what it names; both nodes need the same file.")
DRBDADM_HANGS = Reason(
    "drbd-drbdadm-hangs", _DRBDADM, "DRBD {drbd}: drbdadm does not answer ({says})",
    "see what `drbdadm dump {drbd}` waits for")
DRBDADM_FAILS = Reason(
    "drbd-drbdadm-fails", _DRBDADM, "DRBD {drbd}: drbdadm cannot be used ({says})",
    "install drbd-utils, or fix what it says")
NOT_CONFIGURED = Reason(
    "drbd-not-configured", _DRBDADM, "DRBD {drbd} is not configured here ({says})",
    "copy its file from the other node, or correct drbd_resource")

_SETTINGS = Topic(
    "DRBD is not set up for two Primaries",
    "Dual primary is only safe with protocol C, allow-two-primaries, after-sb-2pri disconnect, "
    "fencing resource-and-stonith and a fence-peer handler.",
    "Put the line that is named into the resource's file on both nodes, then `drbdadm adjust "
    "RESOURCE` on both. `dualstor check` shows all such lines at once.")
HOSTS = Reason(
    "drbd-hosts", _SETTINGS, "DRBD {drbd} has {number} hosts",
    "dual primary is for two, leave two `on` sections in its file")
_QUORUM = Topic(
    "DRBD's own quorum does not go with two Primaries",
    "DRBD 9 can guard one Primary with a quorum of its nodes, a diskless witness among them. With "
    "two Primaries fencing does that, and DRBD's makers advise fencing or quorum, not both: a lost "
    "witness would stop writes, or have a host fenced that the cluster cannot fence.",
    "Leave two `on` sections in the resource's file, set `quorum off;` in its options section on "
    "both nodes, then `drbdadm adjust RESOURCE` on both.")
WITNESS = Reason(
    "drbd-witness", _QUORUM, "DRBD {drbd} has the diskless witness {peer}",
    "fencing or quorum, not both: leave two `on` sections")
QUORUM_SET = Reason(
    "drbd-quorum-set", _QUORUM, "DRBD {drbd} has quorum {policy}",
    "fencing or quorum, not both: set `quorum off;` in options")
OTHER_FORM = Reason(
    "drbd-other-form", Topic(
        "The resource's file is written for another DRBD",
        "Options have moved: `fencing` is in the disk section for DRBD 8.4, in the net section for "
        "9; `node-id` and `auto-promote` are only in 9. drbdadm goes by the module that is loaded "
        "and refuses the rest.",
        "`dualstor configure --drbd VERSION` prints the file for that DRBD, `dualstor check` names "
        "the line. The file must be the same on both nodes."),
    "DRBD {drbd}: its file is for another DRBD ({says})",
    "see what `dualstor configure --drbd {version}` prints")
PROTOCOL = Reason(
    "drbd-protocol", _SETTINGS, "DRBD {drbd} has protocol {protocol}",
    "set `protocol C;` in net on both nodes, then adjust it")
ONE_PRIMARY = Reason(
    "drbd-one-primary", _SETTINGS, "DRBD {drbd} allows only one Primary",
    "set `allow-two-primaries yes;` in net on both nodes, then adjust it")
AFTER_SB = Reason(
    "drbd-after-sb-2pri", _SETTINGS,
    "DRBD {drbd} throws data away with after-sb-2pri {policy}",
    "set `after-sb-2pri disconnect;` in net")
FENCING_POLICY = Reason(
    "drbd-fencing-policy", _SETTINGS, "DRBD {drbd}: fencing is {policy}",
    "set `fencing resource-and-stonith;` in net (disk in DRBD 8)")
NO_HANDLER = Reason(
    "drbd-no-handler", _SETTINGS, "DRBD {drbd} has no fence-peer handler",
    f"set `{HANDLER_LINE}` in handlers")

HANDLER_UNFIT = Reason(
    "drbd-handler-unfit", Topic(
        "The fence-peer handler cannot work with DRBD 9",
        "stonith_admin-fence-peer.sh of drbd-utils was made for DRBD 8.4: it waits for variables "
        "that DRBD 9 does not set, and always fails. When the link between the nodes is lost, "
        "both freeze and nobody is fenced. Nothing is lost, and nothing works, until the link is "
        "back. crm-fence-peer.9.sh is for one Primary: it fences nobody but forbids the other node "
        "to be Primary, and DRBD continues on this one, while the other is Primary until the "
        "cluster has demoted or fenced it.",
        f"Put `{HANDLER_LINE}` into the handlers section of the resource's file on both nodes. "
        "DRBD reads it each time; nothing has to be stopped."),
    "DRBD {drbd}: fence-peer handler cannot work with DRBD 9",
    f"set `{HANDLER_LINE}`")
NOT_PROMOTABLE = Reason(
    "drbd-not-promotable", HANDLER_UNFIT.topic,
    "DRBD {drbd} will not be promoted, as its fence-peer handler {program} cannot work with DRBD "
    "9: a lost peer would not be fenced",
    f"set `{HANDLER_LINE}` in handlers on both nodes", logged=True)
HANDLER_MISSING = Reason(
    "drbd-handler-missing", Topic(
        "The fence-peer handler is missing",
        "DRBD would call a program that is not there, and freeze its I/O when the peer is lost.",
        "Install the package that has the handler (resource-agents-dualstor has "
        "dualstor-fence-peer, drbd-utils the others), or correct its path."),
    "DRBD {drbd} cannot run fence-peer handler {program}", "install or correct it")
_NO_FENCING = Topic(
    "The cluster does not fence",
    "With stonith-enabled=false nobody makes sure that a lost peer has stopped writing: two "
    "Primaries that do not see each other lose the writes of one. Where Pacemaker does not answer, "
    "it is unknown whether anybody does, and promote waits until it is known.",
    "Start Pacemaker if it does not run. Configure a fence device for each node, test it with "
    "`stonith_admin --reboot NODE` (which reboots that node), set stonith-enabled=true. "
    "require_fencing=false lifts the refusal; then you accept the loss.")
FENCING_UNKNOWN = Reason(
    "drbd-fencing-unknown", _NO_FENCING, "DRBD {drbd}: it is unknown whether the cluster fences",
    "start Pacemaker, or see its log")
FENCING_DISABLED = Reason(
    "drbd-fencing-disabled", _NO_FENCING,
    "DRBD {drbd}: the cluster does not fence",
    "add a fence device for each node, set stonith-enabled=true")

_WAIVED = Topic(
    "A setting that risks data",
    "Only a warning in the log: require_fencing=false was set, or a policy that throws data away.",
    "Remove the parameter as soon as fencing works; set the policy to disconnect.")
RISK_NO_FENCING = Reason(
    "drbd-risk-no-fencing", _WAIVED,
    "DRBD {drbd} has require_fencing=false: when the nodes lose sight of each other both keep "
    "writing, and the writes of one will have to be thrown away", logged=True)
RISK_AFTER_SB = Reason(
    "drbd-risk-after-sb", _WAIVED,
    "DRBD {drbd} has after-sb-{number}pri {policy}, which throws data away after a split brain",
    "disconnect is safe", logged=True)
RISK_SELINUX = Reason(
    "drbd-risk-selinux", Topic(
        "SELinux may stop the fence-peer handler",
        "Only a warning in the log. SELinux is enforcing, and the module is not loaded with which "
        "dualstor-fence-peer runs as the cluster does. In DRBD's own domain it may not ask the "
        "cluster to fence the peer, and I/O would stay frozen.",
        f"Install dualstor-selinux on both nodes, then `restorecon {fencepeer.PROGRAM}`. Test it: "
        "cut the replication link of a pair that may lose a node."),
    "DRBD {drbd}: SELinux is enforcing without the module of its fence-peer handler",
    "install dualstor-selinux", logged=True)
RISK_AUTO_PROMOTE = Reason(
    "drbd-risk-auto-promote", Topic(
        "DRBD promotes by itself",
        "Only a warning in the log. With auto-promote, the default of DRBD 9, whoever opens the "
        "device for writing makes the node Primary, unasked by Pacemaker.",
        "Set `auto-promote no;` in the options section of the resource's file on both nodes, then "
        "`drbdadm adjust RESOURCE` on both."),
    "DRBD {drbd} has auto-promote: whoever opens its device for writing makes this node Primary "
    "without the cluster", "set `auto-promote no;` in options", logged=True)

# -- coming up ------------------------------------------------------------------------------

NOT_UP = Reason(
    "drbd-not-up", Topic(
        "DRBD does not come up",
        "Attaching the disk or connecting failed; the sentence has what drbdadm said.",
        "`drbdadm -d adjust RESOURCE` shows what it would do, `dmesg` what the kernel objects to."),
    "DRBD {drbd} does not come up ({says})", "see `dmesg` and `dualstor status`")
NO_METADATA = Reason(
    "drbd-no-metadata", Topic(
        "The backing device has no DRBD metadata",
        "DRBD finds none of its own data on the disk, so it cannot tell how old the copy is. It "
        "is a new disk, or the wrong one (names change over a boot), or something has overwritten "
        "it.",
        "First check that it is the right disk (`drbdadm dump RESOURCE`, `lsblk`), and why its "
        "metadata is gone. What is overwritten is lost.",
        recipes.new_disk("R", "this node", "the other node", up=False)),
    "DRBD {drbd} has no metadata on its backing device ({says})",
    "first run `dualstor status`")

_UNCONNECTED = Topic(
    "There is no connection at all",
    "DRBD 9 removes the connection when `down` is asked for, even where it then refuses because "
    "somebody reads the device. The copies drift apart until there is a connection.",
    "`drbdadm adjust RESOURCE` on this node makes it again, as does the next start.")
UNCONNECTED = Reason(
    "drbd-unconnected", _UNCONNECTED, "DRBD {drbd} has no connection in the kernel ({state})",
    "`drbdadm adjust {drbd}` makes it")
STILL_UNCONNECTED = Reason(
    "drbd-still-unconnected", _UNCONNECTED,
    "DRBD {drbd} has no connection even after `{command}`",
    "its file must name both nodes")

_PEER = Topic(
    "Waiting for the peer",
    "One copy alone is not promoted while it is unknown what the other node does. The wait ends "
    "when the peer connects, or when the cluster knows that it is down.",
    "Fix the replication link, start the other node, or get fencing to work. Only if you have "
    "checked yourself that the other node is off: `stonith_admin --confirm NODE`.")
PEER_AWAY = Reason(
    "drbd-peer-away", _PEER, "DRBD {drbd} is not connected to its peer",
    "see `drbdadm cstate {drbd}` on both nodes")
HANDSHAKE = Reason(
    "drbd-handshake", _PEER, "DRBD {drbd} is in its handshake ({state})",
    "see `drbdadm status` on both nodes")
PEER_UNKNOWN = Reason(
    "drbd-peer-unknown", _PEER, "DRBD {drbd}: {peer} is neither connected nor fenced",
    "run `dualstor status`")
CONSISTENT = Reason(
    "drbd-consistent", Topic(
        "One copy alone, and nobody knows which is newer",
        "Both nodes went down and one came back: its copy is whole (Consistent), but the other "
        "node may have kept writing for longer. It is not promoted by itself, as that could lose "
        "those writes.",
        "Bring the other node back: they compare, and the newer copy wins by itself. Where that "
        "cannot be, somebody has to accept the loss.",
        recipes.lone_copy("R", recipes.Side(node="this node"), "the other node")),
    "DRBD {drbd} does not know whether its copy is the newer one ({state})",
    "run `dualstor status`")

BOTH_CONSISTENT = Reason(
    "drbd-both-consistent", Topic(
        "Both copies are Consistent, and neither is UpToDate",
        "The nodes are connected, but DRBD has not settled which copy is current: so after both "
        "disks were detached and attached again. It decides when it connects.",
        "Nothing is lost by connecting again; DRBD compares the copies then.",
        recipes.both_consistent("R", (recipes.Side(node="NODE", groups=()),
                                      recipes.Side(node="OTHER", groups=())))),
    "DRBD {drbd} is connected, and UpToDate on neither node ({state})", "run `dualstor status`")

_DATED = Topic(
    "The disk is not up to date",
    "This node's copy is older than the peer's, or its resync is not finished.",
    "Bring the peer back and let the resync end; `dualstor status` shows how far it is. Never "
    "force the old copy to be Primary: that throws the newer one away.")
NOT_UP_TO_DATE = Reason(
    "drbd-not-up-to-date", _DATED, "DRBD {drbd} has no UpToDate disk here ({state})",
    "bring the peer back, let the resync end")
OUTDATED = Reason(
    "drbd-outdated", _DATED, "DRBD {drbd} is not UpToDate here ({state})",
    "start the cluster on the node with the good copy")
DATED = Reason(
    "drbd-dated", _DATED, "DRBD {drbd} is not UpToDate ({state})", "see `drbdadm status {drbd}`")
NO_GOOD_DATA = Reason(
    "drbd-no-good-data", _DATED, "DRBD {drbd} is Primary without good data ({state})",
    "bring the peer back, or run `dualstor status`")

_DISK = Topic(
    "The disk is gone",
    "The backing device failed and DRBD has detached it. With a peer the node continues over the "
    "network; without one there is no good data here.",
    "Look for the error in `dmesg`, repair or replace the disk.",
    recipes.new_disk("R", "this node", "the other node", up=True))
NO_DISK = Reason(
    "drbd-no-disk", _DISK, "DRBD {drbd} has no disk on this node ({state})",
    "repair it, then `drbdadm attach {drbd}`")
NO_DISK_NO_PEER = Reason(
    "drbd-no-disk-no-peer", _DISK, "DRBD {drbd} has no disk and no peer with good data ({state})",
    "see `dmesg`, then attach its disk")
DETACHED = Reason(
    "drbd-detached", _DISK, "DRBD {drbd} uses its peer's disk",
    "repair the one here, then `drbdadm attach {drbd}`")

HALF_UP = Reason(
    "drbd-half-up", Topic(
        "Half of it has come up",
        "The resource is in the kernel, with neither a disk nor a connection: what a failed "
        "`drbdadm up` leaves. That is no split brain.",
        "See why its last start failed and fix that; then `crm_resource --cleanup`."),
    "DRBD {drbd} has neither disk nor connection ({state})",
    "see in `dualstor status` why it did not start")

_PROMOTION = Topic(
    "It cannot be promoted", "DRBD refused, or waited for its fence-peer handler.",
    "See `drbdadm status`, the kernel's log and `stonith_admin --history '*'`.")
NOT_PRIMARY = Reason(
    "drbd-not-primary", _PROMOTION, "DRBD {drbd} does not become Primary ({says})",
    "see `dmesg` and `dualstor status`")
NOT_PRIMARY_UNFENCED = Reason(
    "drbd-not-primary-unfenced", _PROMOTION, "DRBD {drbd} does not become Primary ({says})",
    "did fencing fail? see `stonith_admin --history '*'`")
NOT_PRIMARY_DISKLESS = Reason(
    "drbd-not-primary-diskless", _PROMOTION, "DRBD {drbd} does not become Primary ({says})",
    "repair its disk, then `drbdadm attach {drbd}`")

NOT_RUNNING = Reason(
    "drbd-not-running", Topic(
        "It is not there",
        "Nothing of this resource runs here. For a monitor that expects nothing that is the right "
        "answer.",
        "If it should run: see whether its target-role is Stopped or the node in standby; else "
        "`crm_resource --cleanup` starts it again after a failure."),
    "DRBD {drbd} is not configured in this node's kernel", "start the resource")
NOTHING_TO_DEMOTE = Reason(
    "drbd-nothing-to-demote", Topic(
        "There is nothing to demote",
        "Pacemaker demotes after a failed start, too. Where the reason of that start is still "
        "known it is reported again; this sentence says that it is not, or that nobody started "
        "the resource.",
        "Look for the failed start in Pacemaker's log on this node, fix what it names, then "
        "`crm_resource --cleanup`."),
    "DRBD {drbd} is not started here, so there is nothing to demote",
    "see the log for why its start failed")

# -- running and going down -----------------------------------------------------------------

_HOLD = Topic(
    "`dualstor recover` works on it",
    "While it works, agents leave the resource and the VG on it as they are: monitor only reports, "
    "start and promote refuse. If it was killed, that stays so, as what it had begun is neither "
    "finished nor undone.",
    "Wait for it; its log says how far it is. If it has died, run `dualstor recover RESOURCE` "
    "again on the same node: it lifts the hold, or says how what was begun is finished or "
    "undone.")
HELD = Reason(
    "drbd-held", _HOLD, "DRBD {drbd} is held by `dualstor recover` (pid {pid})",
    "wait until that has ended")
HELD_DEAD = Reason(
    "drbd-held-dead", _HOLD, "DRBD {drbd} is held by a `dualstor recover` that has died",
    "run `dualstor recover {drbd}`")

PRIMARY = Reason(
    "drbd-primary", Topic(
        "It is Primary", "The normal answer of a monitor, exit code 8.", "Nothing."),
    "DRBD {drbd} is Primary")
SPLIT_BRAIN = Reason(
    "drbd-split-brain", Topic(
        "StandAlone, as after a split brain",
        "DRBD has given up the connection, usually because both sides wrote alone. Nothing is "
        "lost yet, but the copies differ and one side's writes since then will be lost.",
        "`dualstor status` prints the steps for the state of the nodes; those in operations.md "
        "are right in any (before DRBD 8.4: `drbdadm -- --discard-my-data connect R`). First "
        f"{recipes.DECIDE}. Afterwards find out why fencing did not prevent it.",
        recipes.split_brain("R", (recipes.Side(node="LOSER"), recipes.Side(node="WINNER")),
                            ("LOSER",))),
    "DRBD {drbd} is StandAlone, as after a split brain", "run `dualstor status`")
SUSPENDED = Reason(
    "drbd-suspended", Topic(
        "I/O is suspended",
        "DRBD freezes all I/O until the lost peer is fenced. That is right; it is the fencing that "
        "hangs.",
        "See `stonith_admin --history '*'` and fix the fence device. Only if you have checked "
        "yourself that the peer is off: `stonith_admin --confirm NODE`."),
    "DRBD {drbd} has suspended I/O until its peer is fenced",
    "fix fencing, see `dualstor status`")

SUSPENDED_USER = Reason(
    "drbd-suspended-user", Topic(
        "Somebody has suspended I/O",
        "`drbdadm suspend-io` was run on this node, and I/O waits until a person lifts that. "
        "Fencing has nothing to do with it.",
        "Find out who did it and what for, e.g. a snapshot of the backing device. Once that is "
        "over:",
        recipes.resume("R", "this node")),
    "DRBD {drbd} has its I/O suspended by a person", "run `dualstor status`")
SUSPENDED_NO_DATA = Reason(
    "drbd-suspended-no-data", Topic(
        "I/O waits for good data",
        "Neither the disk here nor a connected peer is UpToDate, and DRBD is set to wait "
        "(on-no-data-accessible suspend-io).",
        "Bring the node with the good copy back, or attach the disk here once it works again "
        "(`dmesg`); I/O continues by itself."),
    "DRBD {drbd} has I/O suspended, as it reaches no good data ({state})",
    "see `dmesg`, then attach its disk")
_LOST_QUORUM = Topic(
    "DRBD's own quorum is lost",
    "DRBD 9 is configured with `quorum` and reaches too few of its nodes. Writes wait or fail, as "
    "on-no-quorum says, until it reaches them. That is not what the cluster calls quorum, and "
    "nobody is to be fenced for it.",
    "Bring the connections back: cable, address, firewall, `drbdadm status RESOURCE` on each node. "
    "With two Primaries `quorum off;` belongs into the options section: fencing takes its place.")
SUSPENDED_QUORUM = Reason(
    "drbd-suspended-quorum", _LOST_QUORUM,
    "DRBD {drbd} has I/O suspended, as its own quorum is lost ({state})",
    "reconnect its nodes")
NO_QUORUM = Reason(
    "drbd-no-quorum", _LOST_QUORUM, "DRBD {drbd} has lost its own quorum ({state})",
    "reconnect its nodes, see `drbdadm status`")
WRITES_FAIL = Reason(
    "drbd-writes-fail", _LOST_QUORUM,
    "DRBD {drbd} fails all writes, as its own quorum is lost ({state})",
    "reconnect its nodes")
SUSPENDED_UNKNOWN = Reason(
    "drbd-suspended-unknown", Topic(
        "I/O is suspended for a reason that is not known",
        "DRBD has frozen I/O, and drbdsetup did not say why.",
        "`drbdadm status RESOURCE` shows it after \"suspended:\"; this page has a section for "
        "each cause."),
    "DRBD {drbd} has suspended I/O, it is not known why", "see `drbdadm status {drbd}`")

_ALONE = Topic(
    "Running without its peer",
    "The data is good here, but there is only one copy until the peer is back and resynced.",
    "Bring the other node or the link back. Nothing needs to be done for the resync.")
ALONE = Reason(
    "drbd-alone", _ALONE, "DRBD {drbd} runs without its peer ({state})",
    "bring the other node or the link back")
RESYNC = Reason(
    "drbd-resync", _ALONE, "DRBD {drbd} is being resynced ({state})",
    "`dualstor status` shows how far it is")

_OPEN = Topic(
    "The device is held open",
    "Something still uses the device: an active LV, a mount, or a process, as named. DRBD 9 "
    "does not go down while somebody reads it, either.",
    "End that use. If LVs hold it, the clustered-vg clone must stop first: check the order "
    "constraint.")
IN_USE = Reason(
    "drbd-in-use", _OPEN, "DRBD {drbd} is in use by {holders}",
    "end that, then `crm_resource --cleanup`")
NOT_SECONDARY = Reason(
    "drbd-not-secondary", _OPEN, "DRBD {drbd} does not become Secondary ({says})",
    "see `dmesg` and `dualstor status`")
NOT_DOWN = Reason(
    "drbd-not-down", _OPEN, "DRBD {drbd} does not go down ({says})",
    "see `dmesg` and `dualstor status`")
