# SPDX-License-Identifier: GPL-2.0-or-later
"""What each exit reason of the agents means and what to do: the prose of docs/operations.md.

A topic covers all sentences in the agents' source that hold one of its ``keys``; a test
fails for a sentence without a topic and for a key without a sentence.
"""

import re

from dualstor import recipes
from dualstor.agents import catalogue
from dualstor.record import Record

#: A place in a sentence of the source.
PLACE = re.compile(r"%[-.0-9]*[a-zA-Z]")


class Topic(Record):
    """``area`` is an agent's name or "any"; ``keys`` are pieces of sentences in the source.

    ``parts``: the recipe that belongs to it, recipes.Stages.
    """

    area: str
    title: str
    keys: tuple
    means: str
    todo: str
    parts: tuple = ()


DRBD, LOCK, VG, ANY = catalogue.NAMES + ("any",)

#: Pieces that only stand inside other sentences.
FRAGMENTS = (
    "not a step: %s", "disagree on %s", "is needed to see %s", "killed by signal", "%s, disk %s",
    "no valid meta",
    "end that, then `crm_resource", "see the kernel's log", "it has just ended", "locking_type = 3",
    "use_lvmetad = 0", "lock start in progress", "a DRBD device",
    "start the clvmd resource of this node",
    "`dlm_tool ls` shows what it waits for", "start the cluster on this node",
    "use_lvmlockd = 1", "its socket is missing", "it ended and did not leave them",
    "there is no quorum: %s", "dlm_controld does not run", "`drbdadm attach %s` after",
"see the kernel's log and `drbdadm -d adjust", "held open by",
    "see `drbdadm status %s` and the kernel's log", "look at `dlm_tool ls` and `lvmlockctl --info`",
    "`lvs -a -o+lv_active", "the fence-peer handler may have failed", "and could not be activated",
    "could not be made shared", "could not be activated here", "no tool said why",
    "another VG's lock start does not end", "it failed in its initialisation",
    "it could not make its socket", "it could not connect to the cluster manager",
    "it lacks memory or root's", "did not come up in time", "ended right after its start",
    "set `%s = [", "something that does not show", "and %s more LVs are held", "fallback_to_local",
    "(stop lvmetad, pid", "nor can %s more", "not defined in your config",
    "this node to join the fence domain", "the fence domain, which waits",
    "; it said: ", "it cannot be killed (state", "no answer in", "no answer, though it",
    "start the other node, or look at the", "it takes no connection just now",
    "look at `dlm_tool ls` and the system log of this node",
)

TOPICS = (
    # -- drbd-dualprimary: the configuration ------------------------------------------------
    Topic(DRBD, "The clone is not set up for two Primaries",
          ("the clone has", "it does not run as a promotable clone"),
          "The resource needs to be a promotable clone with promoted-max=2 (master-max=2 before "
          "Pacemaker 2), one instance a node, and notify=true.",
          "Set the meta attribute that is named. `dualstor configure` writes the whole clone."),
    Topic(DRBD, "DRBD's configuration cannot be read",
          ("drbdadm cannot be asked", "it is not in this node's configuration"),
          "drbdadm is missing, or refuses a file below /etc/drbd.d/, or has no resource of that "
          "name.",
          "Run `drbdadm dump all` on this node and mend what it names; both nodes need the same "
          "file."),
    Topic(DRBD, "DRBD is not set up for two Primaries",
          (": set `%s` in its %s section", "it has %s hosts", "its protocol is",
           "two primaries are not",
           "which throws data away", "net (before DRBD 9", "there is no fence-peer"),
          "Dual primary is safe with protocol C, allow-two-primaries, after-sb-2pri disconnect, "
          "fencing resource-and-stonith and a fence-peer handler only.",
          "Write the line that is named into the resource's file on both nodes, then "
          "`drbdadm adjust RESOURCE` on both. `dualstor check` shows all such lines at once."),
    Topic(DRBD, "The fence-peer handler cannot work with DRBD 9",
          ("cannot work with DRBD 9", "it will not be promoted"),
          "stonith_admin-fence-peer.sh of drbd-utils was made for DRBD 8.4: it waits for variables "
          "that DRBD 9 does not set, and always fails. When the link between the nodes is lost, "
          "both freeze and nobody is fenced. Nothing is lost, and nothing works, until the link is "
          "back.",
          "Write `fence-peer \"/usr/lib/drbd/dualstor-fence-peer\";` into the handlers section of "
          "the resource's file on both nodes. DRBD reads it each time, nothing has to be stopped."),
    Topic(DRBD, "The fence-peer handler is missing",
          ("its fence-peer handler %s is not an executable",),
          "DRBD would call a program that is not there, and freeze its I/O when the peer is lost.",
          "Install the package that has the handler (resource-agents-dualstor has "
          "dualstor-fence-peer, drbd-utils the others), or correct its path."),
    Topic(DRBD, "The cluster does not fence",
          ("the cluster's fencing is disabled",),
          "With stonith-enabled=false nobody makes sure that a lost peer has stopped writing: two "
          "Primaries that do not see each other lose the writes of one.",
          "Configure a fence device for each node, test it with `stonith_admin --reboot NODE`, set "
          "stonith-enabled=true. require_fencing=false lifts the refusal; then you accept the "
          "loss."),
    Topic(DRBD, "A setting that risks data is waived",
          ("require_fencing=false: when",),
          "Only a warning in the log: somebody has set require_fencing=false.",
          "Take the parameter out as soon as fencing works."),
    # -- drbd-dualprimary: coming up ----------------------------------------------------------
    Topic(DRBD, "DRBD does not come up",
          ("`drbdadm %s %s` (", "`drbdadm %s %s` failed: %s; see the kernel's log"),
          "Attaching the disk or connecting failed; what drbdadm said is in the sentence.",
          "`drbdadm -d adjust RESOURCE` shows what it would do, `dmesg` what the kernel objects "
          "to."),
    Topic(DRBD, "The disk has no meta-data", ("its disk has no meta-data",),
          "DRBD finds none of its own data on the disk, so it cannot tell how old the copy is. It "
          "is a new disk, or the wrong one (names change over a boot), or something has written "
          "over it.",
          "Look first whether it is the right disk (`drbdadm dump RESOURCE`, `lsblk`), and why its "
          "meta-data is gone. What is written over is lost.",
          recipes.new_disk("R", "this node", "the other node", up=False)),
    Topic(DRBD, "There is no connection at all",
          ("it has no connection to its peer, also", "has no connection to its peer in the kernel"),
          "DRBD 9 takes the connection away when `down` is asked for, also where it then refuses "
          "as somebody reads the device. The copies go out of step until there is a connection.",
          "`drbdadm adjust RESOURCE` on this node makes it again, as does the next start."),
    Topic(DRBD, "Waiting for the peer",
          ("the peer of DRBD resource", "the handshake of DRBD", "to connect, or to be fenced"),
          "One copy alone is not promoted while it is unknown what the other node does. The wait "
          "ends when the peer connects, or when the cluster knows that it is down.",
          "Mend the replication link, start the other node, or let fencing work. Only if you have "
          "seen yourself that the other node is off: `stonith_admin --confirm NODE`."),
    Topic(DRBD, "One copy alone, and nobody knows which is newer", ("to hear of its peer's copy",),
          "Both nodes went down and one came back: its copy is whole (Consistent), but the other "
          "node may have written on for longer. It is not promoted by itself, as that could lose "
          "those writes.",
          "Bring the other node back: they compare, and the newer copy wins by itself. Where that "
          "cannot be, somebody has to take the loss upon him.",
          recipes.lone_copy("R", recipes.Side(node="this node"), "the other node")),
    Topic(DRBD, "The disk is not up to date",
          ("an UpToDate disk of", "the resync of DRBD", "its disk is not UpToDate",
           "disk is not UpToDate",
           "Primary without good data"),
          "This node's copy is older than the peer's, or its resync is not finished.",
          "Bring the peer back and let the resync end; `dualstor status` shows how far it is. "
          "Never force the old copy to be Primary: that throws the newer one away."),
    Topic(DRBD, "The disk is gone",
          ("it has no disk on this node", "no disk here", "works on the peer's disk"),
          "The lower disk failed and DRBD has detached it. With a peer the node works on over the "
          "network; without one there is no good data here.",
          "Look for the error in `dmesg`, repair or replace the disk.",
          recipes.new_disk("R", "this node", "the other node", up=True)),
    Topic(DRBD, "It cannot be promoted", ("`drbdadm primary %s`",),
          "DRBD refused, or waited for its fence-peer handler.",
          "Look at `drbdadm status`, the kernel's log and `stonith_admin --history '*'`."),
    Topic(DRBD, "It is not there", ("it is not configured in the kernel",
                                    "not configured in the kernel of this node"),
          "Nothing of this resource runs here. For a monitor that expects nothing that is the "
          "right answer.",
          "If it should run: `crm_resource --cleanup` starts it anew."),
    Topic(DRBD, "There is nothing to demote", ("there is nothing to demote",),
          "Pacemaker demotes after a failed start, too. Where the reason of that start is still "
          "known it is told once more; this sentence says that it is not, or that nobody started "
          "the resource.",
          "Look for the failed start in Pacemaker's log on this node, mend what it names, then "
          "`crm_resource --cleanup`."),
    # -- drbd-dualprimary: running and going down ----------------------------------------------
    Topic(DRBD, "StandAlone, as after a split brain", ("StandAlone, as after",),
          "DRBD has given up the connection, mostly as both sides wrote alone. Nothing is lost "
          "yet, but the copies differ and one side's writes since then will be lost.",
          "`dualstor status` prints the steps for the state of the nodes; those below are right in "
          "any (before DRBD 8.4: `drbdadm -- --discard-my-data connect R`). First "
          f"{recipes.DECIDE}. Afterwards find out why fencing did not prevent it.",
          recipes.split_brain("R", (recipes.Side(node="LOSER"), recipes.Side(node="WINNER")),
                              ("LOSER",))),
    Topic(DRBD, "I/O is suspended", ("I/O is suspended until",),
          "DRBD freezes writes until the lost peer is fenced. That is right; it is the fencing "
          "that hangs.",
          "See `stonith_admin --history '*'` and mend the fence device. Only if you have seen "
          "yourself that the peer is off: `stonith_admin --confirm NODE`."),
    Topic(DRBD, "Running without its peer", ("runs without its peer", "resync runs"),
          "The data is good here, but there is one copy only until the peer is back and the resync "
          "done.",
          "Bring the other node or the link back. Nothing needs to be done for the resync."),
    Topic(DRBD, "The device is held open",
          ("to let go of the device", "is refused while its device", "`drbdadm secondary %s`",
           "`drbdadm down %s`"),
          "Something still uses the device: an active LV, a mount, a process of the sentence. DRBD "
          "9 does not go down while somebody reads it, either.",
          "End that use. If LVs hold it, the clustered-vg clone must stop first: look at the "
          "order."),
    # -- clvmd ----------------------------------------------------------------------------------
    Topic(LOCK, "lvm.conf does not ask for cluster locks",
          ("LVM is not set up for", "this LVM has no clvmd"),
          "LVM would work without locks, so two nodes could change a volume group at once.",
          "Write the named settings into the global section of lvm.conf on both nodes."),
    Topic(LOCK, "Something is not installed",
          ("is not installed on this node: install", "LVM is not installed", "no cluster engine is",
           "cmirrord is not installed"),
          "The program that is named is not on this node.",
          "Install the named package, then `crm_resource --cleanup`."),
    Topic(LOCK, "LVM does not tell its version", ("LVM does not tell its version",),
          "`lvm version` failed, so it is unknown which lock daemon belongs to this LVM.",
          "Run `lvm version` and mend what it complains about, mostly lvm.conf."),
    Topic(LOCK, "A daemon option is not allowed", ("daemon_options has",),
          "The option would keep the daemon from being supervised.",
          "Take it out of daemon_options."),
    Topic(LOCK, "cluster.conf is invalid", ("cluster.conf does not validate",),
          "cman's configuration breaks its schema.",
          "Run `ccs_config_validate` and correct the line."),
    Topic(LOCK, "Waiting for membership, quorum or fencing",
          ("the membership of this node", "quorum (%s)", "the fence domain (%s)",
           "dlm, which waits for",
           "%s, which waits for"),
          "Locks are granted only in a quorate cluster in which every lost node has been fenced.",
          "Start the other node, mend the network or the fencing. `dlm_tool ls`, `fence_tool ls` "
          "(cman) and `stonith_admin --history '*'` tell what is pending. Only if you have seen "
          "yourself that the lost node is off: `stonith_admin --confirm NODE` (cman: "
          "`fence_ack_manual NODE`)."),
    Topic(LOCK, "Waiting for dlm", ("dlm to be set up on",),
          "dlm_controld does not run on this node.",
          "Start the dlm clone (ocf:pacemaker:controld) and order it before this one; cman starts "
          "it itself."),
    Topic(LOCK, "The daemon does not come up",
          ("to become ready", "clvmd to find its cluster manager", "%s %s: look at the system log",
           "this to pass", "cmirrord %s: look", "cmirrord to appear"),
          "It was started, but has not answered yet or has ended.",
          "The system log of this node has the daemon's own words."),
    Topic(LOCK, "It is not running", ("no lock daemon runs on this node", "has ended by itself",
                                      "cmirrord has ended"),
          "The daemon is not there. If nobody stopped it, it crashed or was killed.",
          "Look at the system log (and for an out-of-memory kill); Pacemaker starts it again."),
    Topic(LOCK, "It has died and left lockspaces",
          ("no lock daemon runs but it has left", "no lock daemon runs but its dlm lockspaces"),
          "The daemon was killed while it held dlm lockspaces: other nodes still believe in its "
          "locks.",
          "The stop of this resource clears them. If it cannot, reboot this node."),
    Topic(LOCK, "Several daemons run at once", ("lock daemons run at once",),
          "Somebody, or a unit of the system, has started one besides the cluster's.",
          "`systemctl disable --now lvmlockd clvmd` (as far as they are there) and stop the extra "
          "one."),
    Topic(LOCK, "The daemon hangs",
          ("hangs in the kernel", "has died but the kernel still holds", "is stopped by a signal",
           "runs but takes no connection", "accepts connections but gives no answer",
           "runs without its dlm lockspace"),
          "It is there but does not serve: every LVM command that takes a lock would hang.",
          "Follow the sentence: `dlm_tool ls` tells whether dlm waits for fencing, `dmesg` whether "
          "a disk hangs."),
    Topic(LOCK, "The cluster died under the daemon",
          ("runs but dlm_controld has ended", "runs but the cluster engine does not"),
          "corosync or dlm_controld has ended below it. No lock is granted and nothing ends it "
          "cleanly.",
          "Stop what uses the storage, then reboot this node; it is fenced otherwise."),
    Topic(LOCK, "It cannot be stopped while LVs are active", ("would lose cluster locks",),
          "Without the daemon their locks are lost, and another node could take them.",
          "Stop the clustered-vg clone first (order!), or `vgchange -aln VG` on this node."),
    Topic(LOCK, "It does not end",
          ("does not end even after SIGKILL", "lvmlockd to leave", "%s to end", "cmirrord to end",
           "does not end, mostly as a cluster mirror"),
          "The kernel holds it, mostly as dlm waits, or something still uses its lockspaces.",
          "`dlm_tool ls`, `lvmlockctl --info`; a process in state D that outlives SIGKILL is ended "
          "by a reboot only."),
    Topic(LOCK, "Reloading failed",
          ("clvmd was not refreshed", "clvmd could not be restarted", "the new clvmd",
           "clvmd on %s", "clvmd does not run on", "clvmd of LVM before",
           "clvmd runs without daemon_timeout"),
          "reload-agent could not make clvmd read its configuration anew, or did it with a "
          "reservation.",
          "Follow the sentence; the resource itself runs on. A lost exclusive lock needs a look at "
          "once."),
    # -- clustered-vg -----------------------------------------------------------------------------
    Topic(VG, "The clone and activation_mode do not fit", ("activation_mode=exclusive cannot",),
          "An exclusive VG is active on one node, a clone on both.",
          "Set activation_mode=shared or take the resource out of its clone."),
    Topic(VG, "Something is not installed", ("LVM is not installed", "%s: install lvm2"),
          "LVM's programs are not on this node.", "Install lvm2 and its lock daemon."),
    Topic(VG, "LVM does not tell its version", ("LVM does not tell its version",),
          "`lvm version` failed.", "Run it and mend what it complains about, mostly lvm.conf."),
    Topic(VG, "LVM does not lock across the cluster",
          ("LVM on this node does not lock", "LVM fell back to local",
           "LVM skips it as it is clustered",
           "locking_type = 3 (for"),
          "lvm.conf of this node asks for local locks, or falls back to them.",
          "Write the named setting into lvm.conf on both nodes."),
    Topic(VG, "The VG is of the other kind, or of none",
          ("it is clustered for clvmd", "it is not %s, so nothing", "it has the system ID",
           "it is exported",
           "but %s runs here"),
          "A VG is shared by lvmlockd (`s` in `vgs`), clustered by clvmd (`c`), or local. Only the "
          "kind whose daemon runs here can be run.",
          "Convert it, but only while its LVs are inactive on all nodes (`dmsetup ls`); moving.md "
          "tells the whole way from clvmd. With a system ID: on the host that has that ID, once "
          "its LVs are inactive, `vgchange --systemid '' VG`, then `vgchange --lock-type dlm VG`."),
    Topic(VG, "LVM sees the disk below DRBD", ("LVM sees %s, the disk below",
                                               "is not a DRBD device"),
          "What LVM writes past DRBD is not replicated: the copies differ and DRBD does not know.",
          "Set the filter (or the devices file) that the sentence names, on both nodes. Where "
          "DRBD's configuration was lost, nothing tells that a disk is DRBD's: restore /etc/drbd.d "
          "from the other node before any command of LVM. If it was written to already: `drbdadm "
          "verify`. Only if it is surely none of DRBD's disks is it to be emptied and taken out, "
          "with pvmove and vgreduce."),
    Topic(VG, "LVM does not find the VG, or a part of it",
          ("LVM does not see it", "a physical volume is missing"),
          "Its DRBD device is not Primary here, is hidden by the filter, or a disk is missing.",
          "`drbdadm role all`, `pvs -a`. Check that this clone is ordered after the promotion of "
          "DRBD. partial_activation=true starts it without a missing disk; then what was on that "
          "is missing."),
    Topic(VG, "The lock is not granted",
          ("LVM's lock on VG", "locks are not granted", "the lock daemon does not serve",
           "the lock daemon (%s)", "dlm to recover", "the lockspace of VG", "there is no %s",
           "%s to take connections again", "%s takes no connection just now"),
          "LVM cannot get its lock: the daemon does not run or serves nobody, there is no quorum, "
          "dlm recovers, or another command holds it.",
          "`dlm_tool ls`, `lvmlockctl --info`; a dlm that waits for fencing needs fencing."),
    Topic(VG, "DRBD holds I/O back",
          ("which DRBD holds back", "DRBD holds the I/O of %s back",
           "`drbdadm status` shows what it waits",
           "not read, as DRBD"),
          "DRBD has lost its peer and lets no I/O go on before that is fenced; or good data, its "
          "quorum or a person is what it waits for. Whoever reads from the device or writes to it "
          "waits in the kernel and cannot be ended: no LVM command is run and no LV is read "
          "meanwhile.",
          "`drbdadm status` tells the cause, the monitor of drbd-dualprimary what to do about it. "
          "All goes on by itself once I/O does."),
    Topic(VG, "An LV is suspended", ("device-mapper has it suspended",),
          "An LVM command was cut off between suspending the LV and resuming it: its users wait.",
          "`dmsetup info` shows it. The same LVM command again ends it, or `dmsetup resume` of "
          "that LV."),
    Topic(VG, "Waiting", ("%s, to start VG", "%s, before VG"),
          "The sentence names what is missing: quorum, the daemon or dlm. LVM is not called before "
          "it is there, as its commands would hang.",
          "Start what is missing; check the order clvmd, then this clone."),
    Topic(VG, "The lockspace does not start",
          ("made no dlm lockspace", "its lockspace could not be started"),
          "`vgchange --lockstart` did not lead to a dlm lockspace.",
          "`vgs -o+locktype VG` must say dlm; look at lvmlockd's lines in the system log."),
    Topic(VG, "LVs do not become active",
          ("its LVs could not be listed", "its LVs could not be activated",
           "did not become active here",
           "is active on another node", "an LV is active here without a lock", "not exclusively",
           "is exclusively active on another", "is exclusively active here",
           "cannot be active on several"),
          "Another node holds an LV exclusively, an LV is active without its lock, or LVM refused.",
          "Deactivate it where the sentence says with `lvchange -aln`, then `crm_resource "
          "--cleanup`. Snapshots, thin pools and the like cannot be shared: give them a resource "
          "of their own."),
    Topic(VG, "Not started", ("not started on this node",),
          "None of its LVs is active here. For a monitor that expects nothing that is the right "
          "answer.",
          "If it should run: `crm_resource --cleanup`."),
    Topic(VG, "The lock is lost under active LVs", ("but their lockspace is gone",),
          "The lock daemon was killed: this node writes, and another could take the locks.",
          "Stop what uses the LVs, look at the clvmd resource, then `crm_resource --cleanup`."),
    Topic(VG, "An LV is no longer active",
          ("is no longer active here", "should be active and is not",
           "look at `dmsetup info -c` and the system log",
           "is new and %s"),
          "It was active and is not, mostly as somebody deactivated it by hand; or a new LV could "
          "not be picked up.",
          "`lvs -o+lv_active VG` on both nodes, then activate it with `lvchange -ay` or clean up."),
    Topic(VG, "An LV cannot be read", ("cannot be read",),
          "Reading its first block failed: the disk below, or the peer that serves it, has a "
          "fault.",
          "`drbdadm status` and `dmesg`."),
    Topic(VG, "It is held open, so it cannot be stopped",
          ("is held open by", "to be closed", "end that use, then clean up", "stays active (",
           "a command hung"),
          "A mount, a virtual machine or a process uses an LV. Pacemaker fences a node whose stop "
          "fails.",
          "End the use. What uses the LVs should be a resource that is ordered after this clone."),
    Topic(VG, "The lockspace stays", ("the lockspace to go", "but its lockspace is left"),
          "No LV is active any more, but LVM could not leave the lockspace.",
          "`dlm_tool ls`; `vgchange --lockstop VG` when dlm answers again."),
    # -- any ---------------------------------------------------------------------------------------
    Topic(ANY, "Time was used up", ("still waiting for", "no time was left"),
          "The action ended itself shortly before Pacemaker would have killed it. The sentence "
          "names what it waited for and what to do about that.",
          "Do what it says first. Raise the operation's timeout only if the wait is normal on "
          "these machines."),
    Topic(ANY, "Ended by SIGTERM", ("ended by SIGTERM",),
          "The cluster manager's own timeout was over, or the node went down.",
          "If it recurs, raise the operation's timeout to what the agent advises at least."),
    Topic(ANY, "A parameter is wrong", ("parameter %s is",),
          "A value is not what the parameter takes, or a required one is missing.",
          "Set it in the resource's definition; the agent's manual page lists what it takes."),
    Topic(ANY, "No such action", ("has no action",),
          "The agent was called with an action that it does not have.",
          "Look at who called it; Pacemaker calls only what the metadata lists."),
    Topic(ANY, "The installation is damaged", ("no metadata in",),
          "A file of the package is missing.", "Reinstall dualstor."),
    Topic(ANY, "An error that nobody expected", ("the traceback is in the system log",),
          "A defect of dualstor.", "Report it with the traceback from the system log."),
    Topic(ANY, "A program is missing, hangs or cannot be started",
          ("not found; install the package", "is not executable", "could not be started",
           "cannot be executed",
           "not found; ocf-tester", "no right to send signal", "; run it by hand to see"),
          "The command that is named could not be run, failed or gave no answer, or the agent "
          "lacks rights.",
          "Install its package; run agents as root. Run one that failed or hung by hand, with "
          "`timeout -k 5 20` before it; when it hangs there, too, `dmesg` and the state of its "
          "process in `ps` tell for what."),
)


def explained(reason, agent):
    """The Topic that explains an exit reason as an agent printed it; None where none is found.

    :param reason: the text, cut or not
    :param agent: its name, e.g. "clvmd"; None for another one's
    """
    found = None
    for each in TOPICS if agent else ():
        for key in each.keys if each.area in (agent, ANY) else ():
            pattern = ".*".join(re.escape(piece) for piece in PLACE.split(key))
            if re.search(pattern, reason) and (found is None or len(key) > len(found[1])):
                found = each, key
    return found and found[0]
