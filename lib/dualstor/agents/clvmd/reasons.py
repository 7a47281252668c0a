# SPDX-License-Identifier: GPL-2.0-or-later
"""The exit reasons of clvmd, and what a person should know about each.

``daemon`` is the one that is named in the parameters or runs: lvmlockd, clvmd or cmirrord.
"""

from dualstor.ocf.reason import Reason, Topic

# -- the configuration ----------------------------------------------------------------------

_LVM_CONF = Topic(
    "lvm.conf does not ask for cluster locks",
    "LVM would work without locks, so two nodes could change a volume group at once. clvmd cannot "
    "work with lvmetad either, which sees only the changes of its own node.",
    "Write the settings that are named into the global section of lvm.conf on both nodes, and "
    "stop lvmetad with its socket (`systemctl disable --now lvm2-lvmetad.socket "
    "lvm2-lvmetad.service`) where it is named. `dualstor check` shows what else is wrong.")
SETTINGS = Reason(
    "clvmd-lvm-conf", _LVM_CONF, "LVM is not set up for {daemon}",
    "in /etc/lvm/lvm.conf set {lines}")
LVMETAD = Reason(
    "clvmd-lvmetad", _LVM_CONF, "LVM uses lvmetad (pid {pid})",
    "stop it, and in lvm.conf set {lines}")
NO_CLVMD = Reason(
    "clvmd-no-clvmd", Topic(
        "This LVM has no clvmd",
        "clvmd ended with LVM 2.02; LVM 2.03 and later have lvmlockd instead.",
        "Set the parameter daemon to lvmlockd or auto, and lvm.conf for lvmlockd on both nodes."),
    "LVM {version} has no clvmd", "set daemon=lvmlockd or auto")
OPTION = Reason(
    "clvmd-option", Topic(
        "An option of the daemon is not allowed",
        "With that option the agent could not supervise the daemon, or it is set by a parameter "
        "of its own, as the cluster manager and the timeout are.",
        "Remove it from daemon_options. clvmd may have -d0 or -d2, lvmlockd -S or "
        "--syslog-priority with err, warning or debug."),
    "daemon_options has {says}, which would hide {daemon} from the agent", "remove it")

_INSTALL = Topic(
    "A program is not installed",
    "The program that is named is not on this node, or cannot be executed.",
    "Install its package, then `crm_resource --cleanup`.")
NOT_INSTALLED = Reason(
    "clvmd-not-installed", _INSTALL, "{daemon} is not installed on this node",
    "install {package}")
NO_CMIRRORD = Reason(
    "clvmd-no-cmirrord", _INSTALL, "cmirrord cannot be run on this node ({says})",
    "install {package}, or set with_cmirrord=false")
NO_ENGINE = Reason(
    "clvmd-no-engine", _INSTALL, "{daemon}: no cluster engine is installed on this node ({says})",
    "install corosync or cman")
CLUSTER_CONF = Reason(
    "clvmd-cluster-conf", Topic(
        "cluster.conf is not valid",
        "Only a warning in the log: cman's configuration breaks its schema. cman starts with it, "
        "but may ignore the part that is wrong.",
        "Run `ccs_config_validate` and correct the line."),
    "cluster.conf is not valid ({says})", "run `ccs_config_validate`", logged=True)

# -- what it needs of the cluster -----------------------------------------------------------

_CLUSTER = Topic(
    "Waiting for membership, quorum or fencing",
    "Locks are granted only in a quorate cluster in which every lost node has been fenced.",
    "Start the other node, fix the network or the fencing. `dlm_tool ls`, `fence_tool ls` (cman) "
    "and `stonith_admin --history '*'` show what is pending. Only if you have checked yourself "
    "that the lost node is off: `stonith_admin --confirm NODE` (cman: `fence_ack_manual NODE`).")
NO_MEMBERSHIP = Reason(
    "clvmd-no-membership", _CLUSTER,
    "{daemon}: this node's cluster engine does not answer ({says})", "start it, or see its log")
NO_QUORUM = Reason(
    "clvmd-no-quorum", _CLUSTER, "{daemon}: there is no quorum ({says})",
    "start the other node, or check the network")
QUORUM_UNKNOWN = Reason(
    "clvmd-quorum-unknown", _CLUSTER, "{daemon}: it is unknown whether there is quorum ({says})",
    "run `dualstor status`")
NOT_IN_FENCE_DOMAIN = Reason(
    "clvmd-not-in-fence-domain", _CLUSTER,
    "{daemon}: this node has not joined the fence domain",
    "see `fence_tool ls` and `dualstor status`")
FENCE_DOMAIN_UNKNOWN = Reason(
    "clvmd-fence-domain-unknown", _CLUSTER, "{daemon}: the fence domain is unknown ({says})",
    "see `fence_tool ls` and `dualstor status`")
FENCE_DOMAIN_WAITS = Reason(
    "clvmd-fence-domain-waits", _CLUSTER, "{daemon}: the fence domain waits for {state}",
    "see `fence_tool ls` and `dualstor status`")
FENCING = Reason(
    "clvmd-fencing", _CLUSTER, "{daemon}: {peer} is not fenced yet",
    "fix fencing, see `fence_tool ls` and `dualstor status`")
FENCING_WAITS = Reason(
    "clvmd-fencing-waits", _CLUSTER, "{daemon}: fencing of {peer} waits for {state}",
    "see `fence_tool ls`, `dualstor status`")
DLM_WAITS = Reason(
    "clvmd-dlm-waits", _CLUSTER, "{daemon}: dlm waits for {state}",
    "fix that, see `dlm_tool ls` and `dualstor status`")
_NO_DLM = Topic(
    "Waiting for dlm", "dlm_controld does not run on this node.",
    "With corosync, start the dlm clone (ocf:pacemaker:controld) and order it before this one. "
    "With cman there is no such resource, as dlm_controld belongs to the service cman: see its "
    "log, then stop Pacemaker on this node, restart cman, and start Pacemaker.")
NO_DLM = Reason(
    "clvmd-no-dlm", _NO_DLM,
    "{daemon}: dlm is not set up on this node", "start dlm's resource, order it before this one")
NO_CMAN_DLM = Reason(
    "clvmd-no-cman-dlm", _NO_DLM,
    "{daemon}: cman's dlm_controld does not run on this node",
    "see its log, restart Pacemaker and cman")

# -- coming up ------------------------------------------------------------------------------

_COMING = Topic(
    "The daemon does not come up",
    "It was started, but has not answered yet, or has ended.",
    "The system log of this node has the daemon's own words.")
NOT_READY = Reason(
    "clvmd-not-ready", _COMING, "{daemon} (pid {pid}) is not ready",
    "see `dlm_tool ls` and the system log of this node")
NOT_THERE = Reason(
    "clvmd-not-there", _COMING, "{daemon} was started, but its process is not there",
    "see the system log of this node")
ENDED_AT_ONCE = Reason(
    "clvmd-ended-at-once", _COMING, "{daemon} ended right after its start",
    "see the system log of this node")
START_HUNG = Reason(
    "clvmd-start-hung", _COMING, "{daemon} did not come up in time ({says})",
    "see the system log of this node")
START_FAILED = Reason(
    "clvmd-start-failed", _COMING, "{daemon} failed to start ({says})",
    "see the system log of this node")
NO_CLUSTER = Reason(
    "clvmd-no-cluster", _COMING, "clvmd cannot connect to the cluster manager or to dlm ({says})",
    "see `dlm_tool ls` and the log")
INITIALISATION = Reason(
    "clvmd-initialisation", _COMING, "clvmd failed in its initialisation ({says})",
    "does another one hold its pid file? see the system log")
SOCKET = Reason(
    "clvmd-socket", _COMING, "clvmd could not create its socket, or read its options ({says})",
    "see the system log")
RIGHTS = Reason(
    "clvmd-rights", _COMING, "clvmd lacks memory or root privileges ({says})",
    "see the system log of this node")

# -- running --------------------------------------------------------------------------------

_ABSENT = Topic(
    "It is not running",
    "The daemon is not there. If nobody stopped it, it crashed or was killed.",
    "See the system log, also for the kernel's OOM killer; Pacemaker starts it again.")
NOT_RUNNING = Reason(
    "clvmd-not-running", _ABSENT, "no {daemon} runs on this node", "start this resource")
ENDED = Reason(
    "clvmd-ended", _ABSENT, "{daemon} (pid {pid}) has ended by itself or was killed",
    "see the system log of this node")
CMIRRORD_ENDED = Reason(
    "clvmd-cmirrord-ended", _ABSENT, "{daemon} (pid {pid}) runs, but cmirrord has ended",
    "see the system log (writes to cluster mirrors hang)")

_LEFT = Topic(
    "It has died, and its lockspaces remain",
    "The daemon was killed while it had dlm lockspaces: for the other nodes its locks are still "
    "held.",
    "The stop of this resource clears them: it has dlm leave those of lvmlockd; where that fails, "
    "and with clvmd, the daemon is started again, which leaves them. If it cannot, reboot the "
    "node.")
LEFT = Reason(
    "clvmd-left-lockspaces", _LEFT, "{daemon} has died, its lockspaces remain ({lockspaces})",
    "see the system log; a stop clears them")
LEFT_NO_QUORUM = Reason(
    "clvmd-left-no-quorum", _LEFT,
    "without quorum ({says}) {daemon} cannot clear its lockspaces ({lockspaces})",
    "restore quorum, or reboot it")
LEFT_NO_DLM = Reason(
    "clvmd-left-no-dlm", _LEFT,
    "without dlm_controld {daemon} cannot clear its lockspaces ({lockspaces})",
    "reboot the node")
LEFT_FAILED = Reason(
    "clvmd-left-failed", _LEFT,
    "lockspaces remain ({lockspaces}), and {daemon} cannot be started to clear them ({says})",
    "reboot the node")
LEFT_AGAIN = Reason(
    "clvmd-left-again", _LEFT,
    "{daemon} was started again, but its lockspaces remain ({lockspaces})",
    "reboot the node")

SEVERAL = Reason(
    "clvmd-several", Topic(
        "Several daemons run at once",
        "Somebody, or a unit of the system, has started one in addition to the cluster's.",
        "`systemctl list-units '*lvmlock*' '*clvmd*'` lists such units: disable what is there "
        "(EL 6: `chkconfig clvmd off`) and stop the daemon that the cluster did not start."),
    "{number} lock daemons run at once ({holders})", "stop those that the cluster did not start")

_HANGS = Topic(
    "The daemon hangs",
    "It is there but does not work: every LVM command that takes a lock would hang, usually "
    "because dlm does not answer.",
    "Do what the exit reason says: `dlm_tool ls` shows whether dlm waits for fencing, `dmesg` "
    "whether a disk hangs. A daemon that a debugger has stopped continues once that is detached.")
DEAD_THREAD = Reason(
    "clvmd-dead-thread", _HANGS,
    "{daemon} (pid {pid}) has died, but a thread of it hangs in the kernel",
    "reboot the node when its storage is idle")
IN_KERNEL = Reason(
    "clvmd-in-kernel", _HANGS, "{daemon} (pid {pid}) hangs in the kernel (state D)",
    "see `dlm_tool ls` and `dmesg`")
STOPPED = Reason(
    "clvmd-stopped", _HANGS, "{daemon} (pid {pid}) is stopped by a signal or a debugger",
    "continue it with `kill -CONT {pid}`")
NO_CONNECTION = Reason(
    "clvmd-no-connection", _HANGS, "{daemon} (pid {pid}) runs, but accepts no connections ({says})",
    "see the log; the cluster restarts it")
NO_LOCKSPACE = Reason(
    "clvmd-no-lockspace", _HANGS,
    "{daemon} (pid {pid}) runs without its dlm lockspace, so it cannot lock",
    "see `dlm_tool ls` and the log")
NO_ANSWER = Reason(
    "clvmd-no-answer", _HANGS,
    "{daemon} (pid {pid}) accepts connections, but does not answer ({says})",
    "LVM commands hang, see `dlm_tool ls`")

_LOST = Topic(
    "The cluster died under the daemon",
    "corosync or dlm_controld has ended, usually because corosync crashed. No lock is granted, and "
    "the daemon cannot be ended cleanly.",
    "Stop what uses the storage, then reboot the node; otherwise it will be fenced. If "
    "stopping hangs, power it off.")
NO_DLM_CONTROLD = Reason(
    "clvmd-no-dlm-controld", _LOST, "{daemon} (pid {pid}) runs, but dlm_controld has ended",
    "stop what uses the storage, reboot the node")
ENGINE_ENDED = Reason(
    "clvmd-engine-ended", _LOST,
    "{daemon} (pid {pid}) runs, but the cluster engine does not ({says})",
    "stop what uses the storage, reboot the node")

# -- going down -----------------------------------------------------------------------------

IN_USE = Reason(
    "clvmd-in-use", Topic(
        "It cannot be stopped while LVs are active",
        "Without the daemon their locks are lost, and another node could take them.",
        "Stop the clustered-vg clone first (check the order), or `vgchange -aln VG` on this node."),
    "VG {vg} has active LVs here ({holders})",
    "stop its clustered-vg, or `vgchange -aln {vg}`")

_ENDING = Topic(
    "It does not end",
    "The kernel holds it, usually because dlm waits, or something still uses its lockspaces.",
    "See `dlm_tool ls` and `lvmlockctl --info`, for cmirrord `dmsetup table --target mirror`. Only "
    "a reboot ends a process in state D that outlives SIGKILL.")
IN_LOCKSPACES = Reason(
    "clvmd-in-lockspaces", _ENDING, "{daemon} is still in its lockspaces ({lockspaces})",
    "`lvmlockctl --info` shows who uses them")
NOT_ENDED = Reason(
    "clvmd-not-ended", _ENDING, "{daemon} (pid {pid}) has not ended",
    "see the system log of this node")
MIRROR_IN_USE = Reason(
    "clvmd-mirror-in-use", _ENDING,
    "cmirrord (pid {pid}) does not end, usually because a cluster mirror is active",
    "see `dmsetup table --target mirror`")
UNKILLABLE = Reason(
    "clvmd-unkillable", _ENDING,
    "{daemon} (pid {pid}) does not end even after SIGKILL (state {state})",
    "only a reboot of the node ends it")

# -- reload ---------------------------------------------------------------------------------

NOTHING_TO_RELOAD = Reason(
    "clvmd-nothing-to-reload", _ABSENT,
    "no {daemon} runs on this node, so there is nothing to reload", "start this resource")

_RELOAD = Topic(
    "Reloading failed",
    "reload-agent could not make clvmd read its configuration again, or did so with a "
    "restriction.",
    "Do what the exit reason says; the resource itself keeps running. A lost exclusive lock must "
    "be checked at once, as another node may take it: `lvchange -aey VG/LV` on the node that uses "
    "the LV, `lvchange -aln VG/LV` on the other.")
NOT_REFRESHED = Reason(
    "clvmd-not-refreshed", _RELOAD, "clvmd was not refreshed ({says})",
    "see `dlm_tool ls` and the system log")
HELD_BACK = Reason(
    "clvmd-io-held-back", _RELOAD, "{daemon}: DRBD holds back the I/O of {devices}",
    "see `drbdadm status`, usually it waits for fencing")
PEER_WITHOUT = Reason(
    "clvmd-peer-without", _RELOAD, "clvmd does not run on {peer}",
    "start it there, or stop the cluster there")
NOBODY_REFRESHED = Reason(
    "clvmd-nobody-refreshed", _RELOAD,
    "clvmd does not run on {peer}, so no node read its configuration again",
    "run `clvmd -R` when it does", logged=True)
ONLY_REFRESHED = Reason(
    "clvmd-only-refreshed", _RELOAD,
    "clvmd of LVM {version} was only refreshed: before 2.02.89, a restart with -S loses exclusive "
    "locks", logged=True)
NOT_RESTARTED = Reason(
    "clvmd-not-restarted", _RELOAD, "clvmd could not be restarted ({says})",
    "see the system log of this node")
NOT_REPLACED = Reason(
    "clvmd-not-replaced", _RELOAD, "clvmd (pid {pid}) has not been replaced by a new one",
    "see the log, then restart this resource")
NOT_JOINED = Reason(
    "clvmd-not-joined", _RELOAD, "the new clvmd (pid {pid}) has not joined its lockspace",
    "see `dlm_tool ls`")
LOCKS_LOST = Reason(
    "clvmd-locks-lost", _RELOAD, "the new clvmd has lost exclusive locks ({says})",
    "compare `lvs -o+lv_uuid,lv_active` on both nodes")
TIMEOUT_LOST = Reason(
    "clvmd-timeout-lost", _RELOAD,
    "clvmd (pid {pid}) runs without daemon_timeout until the next start of this resource: a "
    "restart with -S does not pass it on", logged=True)
