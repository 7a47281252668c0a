# SPDX-License-Identifier: GPL-2.0-or-later
"""The exit reasons of clustered-vg, and what a person should know about each."""

from dualstor.ocf.reason import Reason, Topic

# -- the configuration ----------------------------------------------------------------------

EXCLUSIVE_CLONE = Reason(
    "vg-exclusive-clone", Topic(
        "The clone and activation_mode do not fit",
        "An exclusive VG is active on one node, a clone on both.",
        "Set activation_mode=shared, or take the resource out of its clone."),
    "VG {vg} has activation_mode=exclusive in a clone",
    "set activation_mode=shared, or do not clone it")

_LOCAL = Topic(
    "LVM does not lock across the cluster",
    "lvm.conf of this node asks for local locks, or falls back to them when the lock daemon does "
    "not answer. Two nodes could then change the VG at once.",
    "Put the setting that is named into the global section of /etc/lvm/lvm.conf on both nodes. "
    "After a fallback also see why the clvmd resource of this node does not answer.")
NO_CLUSTER_LOCKS = Reason(
    "vg-no-cluster-locks", _LOCAL, "VG {vg}: LVM does not lock across the cluster",
    "set use_lvmlockd = 1 in lvm.conf on this node")
NO_CLUSTER_LOCKS_CLVMD = Reason(
    "vg-no-cluster-locks-clvmd", _LOCAL, "VG {vg}: LVM does not lock across the cluster",
    "set locking_type = 3 (clvmd) or use_lvmlockd = 1 in lvm.conf")
FELL_BACK = Reason(
    "vg-fell-back", _LOCAL, "VG {vg}: LVM fell back to local locking",
    "check clvmd, set fallback_to_local_locking = 0 in lvm.conf")
SKIPPED = Reason(
    "vg-skipped", _LOCAL, "VG {vg} is clustered, so LVM skips it",
    "set locking_type = 3 in lvm.conf on this node")

_KIND = Topic(
    "The VG is of the other kind, or of none",
    "A VG is shared by lvmlockd (`s` in `vgs`), clustered by clvmd (`c`), or local. It can only "
    "be started where the daemon of its kind runs.",
    "Convert it, but only while its LVs are inactive on all nodes (`dmsetup ls`); moving.md has "
    "the whole way from clvmd. With a system ID: on the host that has that ID, once its LVs are "
    "inactive, `vgchange --systemid '' VG`, then `vgchange --lock-type dlm VG`.")
NOT_SHARED = Reason(
    "vg-not-shared", _KIND, "VG {vg} is not shared",
    "with its LVs inactive on both nodes, run `vgchange --lock-type dlm {vg}`")
NOT_CLUSTERED = Reason(
    "vg-not-clustered", _KIND, "VG {vg} is not clustered",
    "with its LVs inactive on both nodes, run `vgchange -c y {vg}`")
CLUSTERED = Reason(
    "vg-clustered", _KIND, "VG {vg} is clustered for clvmd, which LVM {version} does not have",
    "convert it, `dualstor check` shows how")
OTHER_DAEMON = Reason(
    "vg-other-daemon", _KIND, "VG {vg} needs {daemon}, but {running} runs here",
    "set daemon={daemon} in the clvmd resource")
SYSTEM_ID = Reason(
    "vg-system-id", _KIND, "VG {vg} has the system ID of one host ({says})",
    "share it there, `dualstor status` shows how")
EXPORTED = Reason(
    "vg-exported", _KIND, "VG {vg} is exported, so no host may use it", "run `vgimport {vg}`")

_BELOW = Topic(
    "LVM sees DRBD's backing device",
    "What LVM writes past DRBD is not replicated: the copies diverge and DRBD does not notice.",
    "Set the filter (or correct the devices file) as the exit reason says, on both nodes; "
    "`dualstor check` shows it, too. Where DRBD's configuration was lost, nothing shows that a "
    "disk is DRBD's: restore /etc/drbd.d from the other node before any command of LVM. If "
    "something was written to the backing device already: `drbdadm verify`. Only if it is surely "
    "no backing device of DRBD, empty it with pvmove and take it out of the VG with vgreduce.")
BELOW_FILTER = Reason(
    "vg-backing-device", _BELOW, "VG {vg}: LVM sees DRBD's backing device {devices}",
    "set `{command}` in lvm.conf", short="filter it out as `dualstor check` shows")
BELOW_LISTED = Reason(
    "vg-backing-device-listed", _BELOW,
    "VG {vg}: LVM's devices file has DRBD's backing device {devices}", "run `{command}`",
    short="swap it as `dualstor check` shows")
NOT_DRBD = Reason(
    "vg-not-drbd", _BELOW, "VG {vg}: its PV {device} is not a DRBD device",
    "run `dualstor status` before any command of LVM")

_ABSENT = Topic(
    "LVM does not find the VG, or a part of it",
    "Its DRBD device is not Primary here, is hidden by LVM's filter, or a disk is missing.",
    "`drbdadm role all` must say Primary, `pvs -a` must show the DRBD device. Check that this "
    "clone is ordered after the promotion of DRBD. partial_activation=true starts a VG without a "
    "missing disk; what was on that disk is missing then.")
NOT_FOUND = Reason(
    "vg-not-found", _ABSENT, "VG {vg}: LVM does not see it ({says})",
    "check `drbdadm role all` and LVM's filter (`pvs -a`)")
PV_MISSING = Reason(
    "vg-pv-missing", _ABSENT, "VG {vg}: a physical volume is missing",
    "see `pvs -a` and `drbdadm status`")

# -- locks ----------------------------------------------------------------------------------

_LOCK = Topic(
    "Locks are not granted",
    "LVM cannot get its lock: the lock daemon does not run or does not serve requests, there is no "
    "quorum, dlm is recovering, or another command holds the lock. No LVM command is run "
    "meanwhile, as it would hang.",
    "Start what is missing: the cluster, the other node, the clvmd resource, which has to be "
    "ordered before this one. `dlm_tool ls` shows whether dlm waits for fencing: then fix the "
    "fencing. With lvmlockd `lvmlockctl --info` shows who holds a lock.")
NO_DAEMON = Reason(
    "vg-no-lock-daemon", _LOCK, "VG {vg}: no LVM lock daemon runs on this node",
    "start the clvmd resource, order it before this one")
DAEMON_REFUSES = Reason(
    "vg-lock-daemon-refuses", _LOCK, "VG {vg}: the lock daemon accepts no connections ({says})",
    "start the clvmd resource on this node")
DAEMON_BUSY = Reason(
    "vg-lock-daemon-busy", _LOCK, "VG {vg}: {daemon} is alive but accepts no connections",
    "see `dlm_tool ls` and the system log")
DAEMON_SERVES_NOBODY = Reason(
    "vg-lock-daemon-serves-nobody", _LOCK, "VG {vg}: the lock daemon does not serve LVM ({says})",
    "see the clvmd resource on this node")
NO_QUORUM = Reason(
    "vg-no-quorum", _LOCK, "VG {vg}: there is no quorum ({says})",
    "start the other node, or fix the cluster network")
NO_CLUSTER = Reason(
    "vg-no-cluster", _LOCK, "VG {vg}: the cluster does not run on this node ({says})",
    "start the cluster here")
RECOVERING = Reason(
    "vg-dlm-recovering", _LOCK, "VG {vg}: dlm is recovering",
    "usually it waits for fencing, see `dlm_tool ls`")
LOCK_HELD = Reason(
    "vg-lock-held", _LOCK, "VG {vg}: LVM does not get its lock ({says})",
    "see `lvmlockctl --info` and `dlm_tool ls`")
LVM_HANGS = Reason(
    "vg-lvm-hangs", _LOCK, "VG {vg}: LVM does not answer ({says})",
    "see `dlm_tool ls` and `drbdadm status`")
HELD_BACK = Reason(
    "vg-io-held-back", Topic(
        "DRBD holds I/O back",
        "DRBD has lost its peer and holds all I/O until the peer is fenced; or it waits for "
        "good data, for its quorum or for a person. Whoever reads from the device or writes to it "
        "waits in the kernel and cannot be ended: no LVM command is run and no LV is read "
        "meanwhile.",
        "`drbdadm status` shows the cause, the monitor of drbd-dualprimary says what to do about "
        "it. Everything continues by itself once I/O does."),
    "VG {vg}: DRBD holds back the I/O of {devices}",
    "see `drbdadm status`, is fencing pending?")

_LOCKSPACE = Topic(
    "The lockspace does not start",
    "`vgchange --lockstart` did not lead to a dlm lockspace.",
    "`vgs -o+locktype VG` must say dlm, and activation/lock_start_list in lvm.conf must be unset "
    "or have the VG. Read lvmlockd's lines in the system log, and `dlm_tool ls`.")
NOT_LOCKED = Reason(
    "vg-lockspace-not-started", _LOCKSPACE, "VG {vg}: its lockspace does not start ({says})",
    "see `lvmlockctl --info` and `dlm_tool ls`")
NO_LOCKSPACE = Reason(
    "vg-no-lockspace", _LOCKSPACE, "VG {vg}: `vgchange --lockstart` made no dlm lockspace",
    "see `vgs -o+locktype`, lock_start_list in lvm.conf")

# -- activation -----------------------------------------------------------------------------

_INACTIVE = Topic(
    "LVs do not become active",
    "Another node holds an LV exclusively, an LV is active without its lock, or LVM refused.",
    "Where an LV is active in the wrong place or mode: end its use there and deactivate it there "
    "with `lvchange -aln VG/LV`, then `crm_resource --cleanup`. Snapshots, thin pools and the "
    "like cannot be shared: give them a resource of their own. `lvs -a -o+lv_active VG` shows "
    "where each is active. If LVM reports no error: "
    "activation/volume_list in lvm.conf may leave the LV out.")
NOT_LISTED = Reason(
    "vg-lvs-not-listed", _INACTIVE, "VG {vg}: LVM does not list its LVs ({says})",
    "run `lvs {vg}` to see why")
ELSEWHERE = Reason(
    "vg-lv-elsewhere", _INACTIVE, "VG {vg}: another node has LV {lvs} active",
    "`lvchange -aln` it there, then `crm_resource --cleanup`")
LOCKED_ELSEWHERE = Reason(
    "vg-lv-locked-elsewhere", _INACTIVE,
    "VG {vg} has an active LV whose lock another node has ({says})",
    "`lvchange -aln` it on one of the nodes")
NOT_EXCLUSIVE = Reason(
    "vg-not-exclusive", _INACTIVE, "VG {vg} is active here, but not exclusively ({says})",
    "end its use, `vgchange -aln {vg}`")
ACTIVATION_HANGS = Reason(
    "vg-activation-hangs", _INACTIVE, "VG {vg}: the activation of its LVs hangs ({says})",
    "see `dlm_tool ls`, `dualstor status`")
NOT_ACTIVATED = Reason(
    "vg-not-activated", _INACTIVE, "VG {vg}: LVM cannot activate its LVs ({says})",
    "see `lvs -a {vg}`")
NOT_IN_KERNEL = Reason(
    "vg-not-in-kernel", _INACTIVE, "VG {vg}: LVM left LV {lvs} inactive without an error",
    "see `dmsetup info -c`, volume_list in lvm.conf")
UNSHAREABLE = Reason(
    "vg-unshareable", _INACTIVE,
    "VG {vg}: the agent leaves LV {lvs} alone, as several nodes cannot share that type",
    "give it to a resource of its own", logged=True)
EXCLUSIVE_ELSEWHERE = Reason(
    "vg-exclusive-elsewhere", _INACTIVE, "VG {vg}: another node has LV {lvs} exclusively active",
    "it becomes active here once it is shared there", logged=True)
EXCLUSIVE_HERE = Reason(
    "vg-exclusive-here", _INACTIVE,
    "VG {vg}: an LV is exclusively active here, so other nodes cannot use it ({says})",
    "deactivate it with `lvchange -aln` when it is not in use, the next monitor shares it",
    logged=True)

# -- running --------------------------------------------------------------------------------

NOT_STARTED = Reason(
    "vg-not-started", Topic(
        "Not started",
        "None of its LVs is active here. For a monitor that expects nothing that is the right "
        "answer.",
        "If it should run: `crm_resource --cleanup` starts it again."),
    "VG {vg} is not started, none of its LVs is active here", "start the resource")
LOCKSPACE_GONE = Reason(
    "vg-lockspace-gone", Topic(
        "The locks of active LVs are lost",
        "The lock daemon was killed, or stopped outside the cluster: this node writes, and "
        "another one could take the locks.",
        "Stop what uses the LVs, see what ended the clvmd resource, then `crm_resource "
        "--cleanup`."),
    "VG {vg} has active LVs, but its lockspace is gone", "see the clvmd resource on this node")

_LOST = Topic(
    "An LV is not active",
    "It was active and is not, usually because somebody deactivated it by hand; or a new LV could "
    "not be picked up.",
    "`lvs -o+lv_active VG` on both nodes, then activate it with the command that the exit reason "
    "names or with `lvchange -asy VG/LV` (clvmd: `-aly`), or run `crm_resource --cleanup`.")
LOST = Reason(
    "vg-lv-lost", _LOST, "VG {vg} no longer has LV {lvs} active here",
    "see `dmsetup info -c` and the system log")
LOST_TRIED = Reason(
    "vg-lv-lost-tried", _LOST, "VG {vg} cannot get LV {lvs} active here again ({says})",
    "see `dmsetup info -c` and the log")
REACTIVATED = Reason(
    "vg-lv-reactivated", Topic(
        "An LV was deactivated by hand",
        "It is to be active on every node, so the monitor has activated it again.",
        "To use it on one node only, or to keep it off: `dualstor volume exclusive VG/LV`, or the "
        "tag dualstor.exclusive. To work on the VG: set the resource to maintenance mode first. "
        "The next monitor reports nothing any more."),
    "VG {vg}: LV {lvs} was inactive and is active again",
    "tag it dualstor.exclusive to keep it off")
LOST_UNASKED = Reason(
    "vg-lv-lost-unasked", _LOST,
    "VG {vg} no longer has LV {lvs} active, LVM cannot be asked ({says})",
    "see `dmsetup info -c`")
NEW_NOT_SHARED = Reason(
    "vg-new-lv-not-shared", _LOST, "VG {vg}: LVM cannot share its new LV {lvs} ({says})",
    "run `lvchange {option}` on it here")
NEW_NOT_ACTIVE = Reason(
    "vg-new-lv-not-active", _LOST, "VG {vg}: LVM cannot activate its new LV {lvs} ({says})",
    "run `lvchange {option}` on it here")

UNREADABLE = Reason(
    "vg-lv-unreadable", Topic(
        "An LV cannot be read",
        "Reading its first block failed: DRBD's backing device, or the peer that serves it, has a "
        "fault.",
        "See `drbdadm status` and `dmesg`."),
    "LV {vg}/{lv} cannot be read ({says})", "see `drbdadm status` and `dmesg`")
SUSPENDED = Reason(
    "vg-lv-suspended", Topic(
        "An LV is suspended",
        "An LVM command was interrupted between suspending the LV and resuming it: its users "
        "wait.",
        "`dmsetup info` shows it. The same LVM command once more ends it, or `dmsetup resume` of "
        "that LV."),
    "VG {vg}: device-mapper has LV {lvs} suspended", "see `dmsetup info`, repeat the LVM command")
NOT_READ = Reason(
    "vg-lv-not-read", HELD_BACK.topic,
    "VG {vg}: the level 10 monitor does not read LV {lvs}, as DRBD holds back the I/O of {devices}",
    "see `drbdadm status`", logged=True)
SILENT_DISK = Reason(
    "vg-silent-disk", UNREADABLE.topic, "VG {vg}: disk {device} does not answer",
    "see `dmesg` and `drbdadm status`", logged=True)

# -- the watcher ----------------------------------------------------------------------------

_WATCHER = Topic(
    "Changes are not taken over at once",
    "The process of this node that waits for changes of the VG (propagation=at-once) could not do "
    "all, or is not there.",
    "The log says what it waits for; it tries again by itself, and monitors do the same. `dualstor "
    "status` shows what is active on which node.")
WATCHER_REPLACED = Reason(
    "vg-watcher-replaced", _WATCHER,
    "VG {vg}: the process that takes changes over {says}, another one is started",
    "see the log for what ended it", logged=True)
NO_WATCHER = Reason(
    "vg-no-watcher", _WATCHER,
    "VG {vg}: the process that takes changes over cannot be started ({says})",
    "monitors take them over meanwhile", logged=True)
_HOLD = Topic(
    "`dualstor recover` works below the VG",
    "While it works on the DRBD resource, agents leave the VG as it is: monitor only reports, "
    "start refuses, the watcher changes nothing. If it was killed, that stays so.",
    "Wait for it. If it has died, run `dualstor recover RESOURCE` again on the same node: it lifts "
    "the hold, or says how what was begun is finished or undone.")
HELD = Reason(
    "vg-held", _HOLD, "VG {vg} is held by `dualstor recover` of DRBD {drbd}",
    "wait until that has ended")
HELD_DEAD = Reason(
    "vg-held-dead", _HOLD, "VG {vg} is held by a dead `dualstor recover`",
    "run `dualstor recover {drbd}`")
LEFT_ALONE = Reason(
    "vg-left-alone", _WATCHER, "VG {vg}: changes are not taken over here: {says}",
    "end that when you are done", logged=True)
NOT_TAKEN_OVER = Reason(
    "vg-not-taken-over", _WATCHER, "VG {vg}: changes are not taken over here yet ({says})",
    "it is tried again", logged=True)
NOT_YET_ACTIVE = Reason(
    "vg-not-yet-active", _WATCHER, "VG {vg}: LV {lvs} is not active here yet ({says})",
    "it is tried again", logged=True)
NOT_YET_INACTIVE = Reason(
    "vg-not-yet-inactive", _WATCHER,
    "VG {vg}: LV {lvs} is to become inactive for a change, but is in use here",
    "end its use: `dualstor status` names who has it open", logged=True)
NOT_PUBLISHED = Reason(
    "vg-not-published", _WATCHER,
    "VG {vg}: the other node does not learn what is active here ({says})",
    "see the cluster manager's log", logged=True)

# -- stopping -------------------------------------------------------------------------------

_OPEN = Topic(
    "It is held open, so it cannot be stopped",
    "A mount, a virtual machine or a process uses an LV. Pacemaker fences a node whose stop fails.",
    "End that use. What uses the LVs should be a resource that is ordered after this clone. Where "
    "nobody is named: `dmsetup ls --tree` shows what is on top of the LV.")
IN_USE = Reason(
    "vg-lv-in-use", _OPEN, "LV {vg}/{lv} is in use by {holders}",
    "end that, then `crm_resource --cleanup`")
STILL_OPEN = Reason(
    "vg-still-open", _OPEN, "VG {vg}: its LVs are still open", "`dmsetup info -c` shows which")
STAYS_ACTIVE = Reason(
    "vg-lv-stays-active", _OPEN, "VG {vg}: LV {lvs} cannot be deactivated ({says})",
    "see `dmsetup info -c` and `dmsetup ls --tree`")

_LEFT = Topic(
    "The lockspace stays",
    "No LV is active any more, but LVM could not leave the VG's lockspace.",
    "See `dlm_tool ls`; `vgchange --lockstop VG` once dlm answers again.")
LEAVING = Reason(
    "vg-lockspace-leaving", _LEFT, "VG {vg} has not left its lockspace yet", "see `dlm_tool ls`")
LOCKSPACE_LEFT = Reason(
    "vg-lockspace-left", _LEFT, "VG {vg} has no active LV, but its lockspace remains ({says})",
    "run `vgchange --lockstop {vg}` when dlm answers", logged=True)
