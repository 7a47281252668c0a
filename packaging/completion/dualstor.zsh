#compdef dualstor
# zsh completion of dualstor; made by: dualstor completion zsh
_dualstor() {
    local state
    local -a subcommands
    subcommands=(
        'check:find what is wrong in the configuration before the cluster does'
        'configure:write the configuration of a pair of nodes'
        'status:show what is going on, and what to do now'
        'recover:say what happened to the pair, what each node has, and what can be done; heal it'
        'metrics:print the state of the pair as metrics for Prometheus'
        'report:write one archive of what somebody who helps needs'
        'volume:make, grow, rename or remove volumes on both nodes'
        'completion:print the completion of this command for a shell'
        'install-agents:put the agents where Pacemaker looks, after pip install'
    )
    _arguments -C \
        '-h[show this help message and exit]' \
        '--help[show this help message and exit]' \
        '--version[show program'\''s version number and exit]' \
        '1: :->subcommand' '*:: :->rest'
    case $state in
    subcommand) _describe 'sub-command' subcommands ;;
    rest)
        case $words[1] in
        check) _arguments \
            '-h[show this help message and exit]' \
            '--help[show this help message and exit]' \
            '--json[print one JSON document (described in docs/json.md) and nothing else]' \
            '--color[colour and progress\: auto is on a terminal only]:COLOR:(auto always never)' \
            '*--peer[also check HOST, over key-based SSH; it needs Python 3.6 there]:HOST:_hosts' \
            '*--root[instead of this host check the copied files of a host in DIR (or what --record wrote)]:DIR:_files -/' \
            '--cib[read Pacemaker'\''s configuration from FILE]:FILE:_files' \
            '--generation[the stack\: cman with clvmd, or corosync with lvmlockd; auto decides by the files that exist]:GENERATION:(auto cman lvmlockd)' \
            '--record[only write what is read from this host to FILE, for --root elsewhere; it holds configuration, including passwords]:FILE:_files' \
            '*--only[only look for the finding ID]:ID:(FILES-READABLE DRBD-SYNTAX DRBD-FILE-VERSION DRBD-HOSTNAME DRBD-SAME-FILE DRBD-GENERATION DRBD-GENERATION-PAIR DRBD-TWO-PRIMARIES DRBD-PROTOCOL DRBD-FENCING DRBD-HANDLER DRBD-HANDLER-GENERATION DRBD-HANDLER-HEARTBEAT DRBD-HANDLER-PROGRAM DRBD-HANDLER-OTHER DRBD-HANDLER-SELINUX DRBD-UNFENCE DRBD-AFTER-SB-2PRI DRBD-AFTER-SB-DISCARD DRBD-BECOME-PRIMARY DRBD-AUTO-PROMOTE DRBD-QUORUM DRBD-THREE-NODES DRBD-STACKED DRBD-ADDRESS DRBD-DEVICE DRBD-DISK DRBD-METADATA DRBD-TWICE LVM-SYNTAX LVM-LOCKING-TYPE-0 LVM-LOCKING-TYPE-1 LVM-LOCKING-TYPE-2 LVM-LOCKING-TYPE-3 LVM-LOCKING-TYPE-4 LVM-LOCKING-TYPE-UNKNOWN LVM-LOCKING-LIBRARY LVM-FALLBACK-LOCAL LVM-FALLBACK-CLUSTERED LVM-ONE-SIDED LVM-LVMETAD LVM-BOTH-DAEMONS LVM-BOTH-RUNNING LVM-LVMLOCKD LVM-LVMLOCKD-MODE LVM-SYSTEM-ID LVM-FILTER-SYNTAX LVM-FILTER LVM-GLOBAL-FILTER LVM-FILTER-DRBD LVM-DEVICES-FILE LVM-WRITE-CACHE LVM-CACHE-FILE LVM-PV-BELOW LVM-VG-UNLOCKED LVM-VG-CLUSTERED LVM-LV-EXCLUSIVE LVM-VOLUME-LIST LVM-AUTO-ACTIVATION CMAN-XML CMAN-SCHEMA CMAN-CLUSTERNODES CMAN-FENCEDEVICES CMAN-NAME CMAN-CONFIG-VERSION CMAN-SAME-VERSION CMAN-SAME-FILE CMAN-COROSYNC-CONF CMAN-TWO-NODE CMAN-QUORUM-DISK CMAN-QUORUM-DISK-PLACE CMAN-NODE-COUNT CMAN-NODE-IDS CMAN-SELF CMAN-NAME-RESOLVES CMAN-NAME-LOCAL CMAN-LOOPBACK CMAN-MULTICAST CMAN-FENCE-METHOD CMAN-FENCE-DEVICE CMAN-FENCE-SAME-PLUG CMAN-FENCE-MANUAL CMAN-CLEAN-START CMAN-POST-JOIN-DELAY CMAN-POST-FAIL-DELAY CMAN-FENCE-DELAY COROSYNC-SYNTAX COROSYNC-VALUE COROSYNC-NO-EFFECT COROSYNC-TOTEM COROSYNC-SAME-FILE COROSYNC-SAME-NODEID COROSYNC-NODES COROSYNC-LINKS COROSYNC-RING COROSYNC-TWO-NODE COROSYNC-QDEVICE COROSYNC-WAIT-FOR-ALL COROSYNC-BINDNETADDR COROSYNC-BINDNETADDR-NETWORK COROSYNC-RING-REPLICATION COROSYNC-MCASTADDR COROSYNC-TRANSPORT COROSYNC-TOKEN COROSYNC-TIMEOUTS COROSYNC-CRYPTO COROSYNC-CRYPTO-OPTIONS COROSYNC-AUTHKEY COROSYNC-TEST DLM-FENCING DLM-STONITH DLM-FENCING-ARGS DLM-LINKS QUORUM-NOW QUORUM-TWO-NODE FIREWALL-COROSYNC FIREWALL-MULTICAST FIREWALL-DRBD FIREWALL-DLM PORTS-TAKEN BOOT-ENABLED BOOT-ORDER BOOT-STOP-TIME BOOT-WATCHDOG BOOT-FSTAB PCMK-XML PCMK-FENCING PCMK-STARTUP-FENCING PCMK-FENCE-DELAY PCMK-FENCE-ACTION PCMK-QUORUM-POLICY PCMK-QUORUM-FREEZE PCMK-FENCE-DEVICE PCMK-FENCE-MANUAL PCMK-FENCE-SHARED PCMK-FENCE-HOSTS PCMK-FENCE-TOPOLOGY PCMK-FENCE-TIMEOUT PCMK-SBD-QUORUM PCMK-SBD-TIMEOUT PCMK-SBD-DISK PCMK-SBD-OFF PCMK-CLONE PCMK-PROMOTABLE PCMK-PROMOTED-MAX PCMK-CLONE-MAX PCMK-NOTIFY PCMK-INTERLEAVE PCMK-UNIQUE PCMK-PARAMETERS PCMK-FENCING-WAIVED PCMK-LOCK-DAEMON PCMK-DLM PCMK-ORDER PCMK-ORDER-SYMMETRIC PCMK-COLOCATION PCMK-LEFT-OVER PCMK-FENCED-BY-HANDLER PCMK-TWO-NODES PCMK-TIMEOUT PCMK-MONITOR PCMK-MONITOR-INTERVAL PCMK-ON-FAIL PCMK-DRBD-RESOURCE PCMK-DRBD-TWICE PCMK-VG-TWICE PCMK-VG PCMK-VG-DRBD PCMK-USE-ORDER PCMK-USE-COLOCATION PCMK-USE-LOCAL-FS PCMK-USE-GFS2 PCMK-USE-MIGRATE-EXCLUSIVE PCMK-USE-MIGRATE-DISK PCMK-ALERT-AGENT PCMK-ALERT-MAIL PCMK-VERIFY PCMK-VERIFY-WARNING LIBVIRT-CACHE LIBVIRT-AUTOSTART PACKAGES-NO-DLM PACKAGES-MISSING PACKAGES-FENCE-AGENT PACKAGES-CLUSTER-SHELL PACKAGES-DRBD-MODULE PACKAGES-DLM-MODULE)' \
            '*--ignore[count the finding ID, but do not report it (see also /etc/dualstor.toml)]:ID:(FILES-READABLE DRBD-SYNTAX DRBD-FILE-VERSION DRBD-HOSTNAME DRBD-SAME-FILE DRBD-GENERATION DRBD-GENERATION-PAIR DRBD-TWO-PRIMARIES DRBD-PROTOCOL DRBD-FENCING DRBD-HANDLER DRBD-HANDLER-GENERATION DRBD-HANDLER-HEARTBEAT DRBD-HANDLER-PROGRAM DRBD-HANDLER-OTHER DRBD-HANDLER-SELINUX DRBD-UNFENCE DRBD-AFTER-SB-2PRI DRBD-AFTER-SB-DISCARD DRBD-BECOME-PRIMARY DRBD-AUTO-PROMOTE DRBD-QUORUM DRBD-THREE-NODES DRBD-STACKED DRBD-ADDRESS DRBD-DEVICE DRBD-DISK DRBD-METADATA DRBD-TWICE LVM-SYNTAX LVM-LOCKING-TYPE-0 LVM-LOCKING-TYPE-1 LVM-LOCKING-TYPE-2 LVM-LOCKING-TYPE-3 LVM-LOCKING-TYPE-4 LVM-LOCKING-TYPE-UNKNOWN LVM-LOCKING-LIBRARY LVM-FALLBACK-LOCAL LVM-FALLBACK-CLUSTERED LVM-ONE-SIDED LVM-LVMETAD LVM-BOTH-DAEMONS LVM-BOTH-RUNNING LVM-LVMLOCKD LVM-LVMLOCKD-MODE LVM-SYSTEM-ID LVM-FILTER-SYNTAX LVM-FILTER LVM-GLOBAL-FILTER LVM-FILTER-DRBD LVM-DEVICES-FILE LVM-WRITE-CACHE LVM-CACHE-FILE LVM-PV-BELOW LVM-VG-UNLOCKED LVM-VG-CLUSTERED LVM-LV-EXCLUSIVE LVM-VOLUME-LIST LVM-AUTO-ACTIVATION CMAN-XML CMAN-SCHEMA CMAN-CLUSTERNODES CMAN-FENCEDEVICES CMAN-NAME CMAN-CONFIG-VERSION CMAN-SAME-VERSION CMAN-SAME-FILE CMAN-COROSYNC-CONF CMAN-TWO-NODE CMAN-QUORUM-DISK CMAN-QUORUM-DISK-PLACE CMAN-NODE-COUNT CMAN-NODE-IDS CMAN-SELF CMAN-NAME-RESOLVES CMAN-NAME-LOCAL CMAN-LOOPBACK CMAN-MULTICAST CMAN-FENCE-METHOD CMAN-FENCE-DEVICE CMAN-FENCE-SAME-PLUG CMAN-FENCE-MANUAL CMAN-CLEAN-START CMAN-POST-JOIN-DELAY CMAN-POST-FAIL-DELAY CMAN-FENCE-DELAY COROSYNC-SYNTAX COROSYNC-VALUE COROSYNC-NO-EFFECT COROSYNC-TOTEM COROSYNC-SAME-FILE COROSYNC-SAME-NODEID COROSYNC-NODES COROSYNC-LINKS COROSYNC-RING COROSYNC-TWO-NODE COROSYNC-QDEVICE COROSYNC-WAIT-FOR-ALL COROSYNC-BINDNETADDR COROSYNC-BINDNETADDR-NETWORK COROSYNC-RING-REPLICATION COROSYNC-MCASTADDR COROSYNC-TRANSPORT COROSYNC-TOKEN COROSYNC-TIMEOUTS COROSYNC-CRYPTO COROSYNC-CRYPTO-OPTIONS COROSYNC-AUTHKEY COROSYNC-TEST DLM-FENCING DLM-STONITH DLM-FENCING-ARGS DLM-LINKS QUORUM-NOW QUORUM-TWO-NODE FIREWALL-COROSYNC FIREWALL-MULTICAST FIREWALL-DRBD FIREWALL-DLM PORTS-TAKEN BOOT-ENABLED BOOT-ORDER BOOT-STOP-TIME BOOT-WATCHDOG BOOT-FSTAB PCMK-XML PCMK-FENCING PCMK-STARTUP-FENCING PCMK-FENCE-DELAY PCMK-FENCE-ACTION PCMK-QUORUM-POLICY PCMK-QUORUM-FREEZE PCMK-FENCE-DEVICE PCMK-FENCE-MANUAL PCMK-FENCE-SHARED PCMK-FENCE-HOSTS PCMK-FENCE-TOPOLOGY PCMK-FENCE-TIMEOUT PCMK-SBD-QUORUM PCMK-SBD-TIMEOUT PCMK-SBD-DISK PCMK-SBD-OFF PCMK-CLONE PCMK-PROMOTABLE PCMK-PROMOTED-MAX PCMK-CLONE-MAX PCMK-NOTIFY PCMK-INTERLEAVE PCMK-UNIQUE PCMK-PARAMETERS PCMK-FENCING-WAIVED PCMK-LOCK-DAEMON PCMK-DLM PCMK-ORDER PCMK-ORDER-SYMMETRIC PCMK-COLOCATION PCMK-LEFT-OVER PCMK-FENCED-BY-HANDLER PCMK-TWO-NODES PCMK-TIMEOUT PCMK-MONITOR PCMK-MONITOR-INTERVAL PCMK-ON-FAIL PCMK-DRBD-RESOURCE PCMK-DRBD-TWICE PCMK-VG-TWICE PCMK-VG PCMK-VG-DRBD PCMK-USE-ORDER PCMK-USE-COLOCATION PCMK-USE-LOCAL-FS PCMK-USE-GFS2 PCMK-USE-MIGRATE-EXCLUSIVE PCMK-USE-MIGRATE-DISK PCMK-ALERT-AGENT PCMK-ALERT-MAIL PCMK-VERIFY PCMK-VERIFY-WARNING LIBVIRT-CACHE LIBVIRT-AUTOSTART PACKAGES-NO-DLM PACKAGES-MISSING PACKAGES-FENCE-AGENT PACKAGES-CLUSTER-SHELL PACKAGES-DRBD-MODULE PACKAGES-DLM-MODULE)' \
            '--explain[only print what the finding ID means and what to do]:ID:(FILES-READABLE DRBD-SYNTAX DRBD-FILE-VERSION DRBD-HOSTNAME DRBD-SAME-FILE DRBD-GENERATION DRBD-GENERATION-PAIR DRBD-TWO-PRIMARIES DRBD-PROTOCOL DRBD-FENCING DRBD-HANDLER DRBD-HANDLER-GENERATION DRBD-HANDLER-HEARTBEAT DRBD-HANDLER-PROGRAM DRBD-HANDLER-OTHER DRBD-HANDLER-SELINUX DRBD-UNFENCE DRBD-AFTER-SB-2PRI DRBD-AFTER-SB-DISCARD DRBD-BECOME-PRIMARY DRBD-AUTO-PROMOTE DRBD-QUORUM DRBD-THREE-NODES DRBD-STACKED DRBD-ADDRESS DRBD-DEVICE DRBD-DISK DRBD-METADATA DRBD-TWICE LVM-SYNTAX LVM-LOCKING-TYPE-0 LVM-LOCKING-TYPE-1 LVM-LOCKING-TYPE-2 LVM-LOCKING-TYPE-3 LVM-LOCKING-TYPE-4 LVM-LOCKING-TYPE-UNKNOWN LVM-LOCKING-LIBRARY LVM-FALLBACK-LOCAL LVM-FALLBACK-CLUSTERED LVM-ONE-SIDED LVM-LVMETAD LVM-BOTH-DAEMONS LVM-BOTH-RUNNING LVM-LVMLOCKD LVM-LVMLOCKD-MODE LVM-SYSTEM-ID LVM-FILTER-SYNTAX LVM-FILTER LVM-GLOBAL-FILTER LVM-FILTER-DRBD LVM-DEVICES-FILE LVM-WRITE-CACHE LVM-CACHE-FILE LVM-PV-BELOW LVM-VG-UNLOCKED LVM-VG-CLUSTERED LVM-LV-EXCLUSIVE LVM-VOLUME-LIST LVM-AUTO-ACTIVATION CMAN-XML CMAN-SCHEMA CMAN-CLUSTERNODES CMAN-FENCEDEVICES CMAN-NAME CMAN-CONFIG-VERSION CMAN-SAME-VERSION CMAN-SAME-FILE CMAN-COROSYNC-CONF CMAN-TWO-NODE CMAN-QUORUM-DISK CMAN-QUORUM-DISK-PLACE CMAN-NODE-COUNT CMAN-NODE-IDS CMAN-SELF CMAN-NAME-RESOLVES CMAN-NAME-LOCAL CMAN-LOOPBACK CMAN-MULTICAST CMAN-FENCE-METHOD CMAN-FENCE-DEVICE CMAN-FENCE-SAME-PLUG CMAN-FENCE-MANUAL CMAN-CLEAN-START CMAN-POST-JOIN-DELAY CMAN-POST-FAIL-DELAY CMAN-FENCE-DELAY COROSYNC-SYNTAX COROSYNC-VALUE COROSYNC-NO-EFFECT COROSYNC-TOTEM COROSYNC-SAME-FILE COROSYNC-SAME-NODEID COROSYNC-NODES COROSYNC-LINKS COROSYNC-RING COROSYNC-TWO-NODE COROSYNC-QDEVICE COROSYNC-WAIT-FOR-ALL COROSYNC-BINDNETADDR COROSYNC-BINDNETADDR-NETWORK COROSYNC-RING-REPLICATION COROSYNC-MCASTADDR COROSYNC-TRANSPORT COROSYNC-TOKEN COROSYNC-TIMEOUTS COROSYNC-CRYPTO COROSYNC-CRYPTO-OPTIONS COROSYNC-AUTHKEY COROSYNC-TEST DLM-FENCING DLM-STONITH DLM-FENCING-ARGS DLM-LINKS QUORUM-NOW QUORUM-TWO-NODE FIREWALL-COROSYNC FIREWALL-MULTICAST FIREWALL-DRBD FIREWALL-DLM PORTS-TAKEN BOOT-ENABLED BOOT-ORDER BOOT-STOP-TIME BOOT-WATCHDOG BOOT-FSTAB PCMK-XML PCMK-FENCING PCMK-STARTUP-FENCING PCMK-FENCE-DELAY PCMK-FENCE-ACTION PCMK-QUORUM-POLICY PCMK-QUORUM-FREEZE PCMK-FENCE-DEVICE PCMK-FENCE-MANUAL PCMK-FENCE-SHARED PCMK-FENCE-HOSTS PCMK-FENCE-TOPOLOGY PCMK-FENCE-TIMEOUT PCMK-SBD-QUORUM PCMK-SBD-TIMEOUT PCMK-SBD-DISK PCMK-SBD-OFF PCMK-CLONE PCMK-PROMOTABLE PCMK-PROMOTED-MAX PCMK-CLONE-MAX PCMK-NOTIFY PCMK-INTERLEAVE PCMK-UNIQUE PCMK-PARAMETERS PCMK-FENCING-WAIVED PCMK-LOCK-DAEMON PCMK-DLM PCMK-ORDER PCMK-ORDER-SYMMETRIC PCMK-COLOCATION PCMK-LEFT-OVER PCMK-FENCED-BY-HANDLER PCMK-TWO-NODES PCMK-TIMEOUT PCMK-MONITOR PCMK-MONITOR-INTERVAL PCMK-ON-FAIL PCMK-DRBD-RESOURCE PCMK-DRBD-TWICE PCMK-VG-TWICE PCMK-VG PCMK-VG-DRBD PCMK-USE-ORDER PCMK-USE-COLOCATION PCMK-USE-LOCAL-FS PCMK-USE-GFS2 PCMK-USE-MIGRATE-EXCLUSIVE PCMK-USE-MIGRATE-DISK PCMK-ALERT-AGENT PCMK-ALERT-MAIL PCMK-VERIFY PCMK-VERIFY-WARNING LIBVIRT-CACHE LIBVIRT-AUTOSTART PACKAGES-NO-DLM PACKAGES-MISSING PACKAGES-FENCE-AGENT PACKAGES-CLUSTER-SHELL PACKAGES-DRBD-MODULE PACKAGES-DLM-MODULE)' \
            '--quiet[leave out what could not be checked]' ;;
        configure) _arguments \
            '-h[show this help message and exit]' \
            '--help[show this help message and exit]' \
            '--json[print one JSON document (described in docs/json.md) and nothing else]' \
            '--color[colour and progress\: auto is on a terminal only]:COLOR:(auto always never)' \
            '--answers[a TOML file with the answers]:FILE:_files' \
            '*--node[a node; also replication=ADDRESS for DRBD'\''s link, disk=PATH]:NAME=ADDRESS[,...]:' \
            '*--fence[the device that fences a node\: its agent, the agent'\''s options as OPTION=VALUE, delay=SECONDS]:NODE=AGENT[,...]:' \
            '--generation[lvmlockd\: LVM 2.03, corosync 3, Pacemaker 2.1 or 3\: EL 8.5 to 9, SLES 16, Debian 12 and 13, Ubuntu 22.04; lvmlockd-pacemaker2.0\: LVM 2.03, corosync 3, Pacemaker 2.0\: EL 8.0 to 8.4, Debian 11, Ubuntu 20.04; lvmlockd-corosync2\: LVM 2.03, corosync 2, Pacemaker 2.1\: SLES 15 SP4 to SP7; clvmd\: LVM 2.02 with clvmd, corosync 2, Pacemaker 1.1\: EL 7, SLES 12, Debian 9; cman\: LVM 2.02 with clvmd, cman 3, Pacemaker 1.1\: EL 6, Fedora 15]:GENERATION:(lvmlockd lvmlockd-pacemaker2.0 lvmlockd-corosync2 clvmd cman)' \
            '--drbd[version of DRBD (the one of this host)]:DRBD:(8.3 8.4 9)' \
            '--first-sync[full\: the first node'\''s disk is copied to the other (the default); skip\: both count as equal]:FIRST_SYNC:(full skip)' \
            '--cluster[name of the cluster]:NAME:' \
            '--resource[name of the DRBD resource (r0)]:NAME:' \
            '--disk[backing device of DRBD, if it is the same on both nodes]:PATH:' \
            '--minor[number of the DRBD device (0)]:NUMBER:' \
            '--port[TCP port of the replication (7788)]:NUMBER:' \
            '--vg[name of the volume group (vg0)]:NAME:' \
            '--lv[name of a first logical volume]:NAME:' \
            '--size[its size, e.g. 10G or 100%FREE]:SIZE:' \
            '*--property[a further property of the cluster]:NAME=VALUE:' \
            '--format[how the Pacemaker configuration is written (pcs)]:FORMAT:(pcs crm cib)' \
            '--migrate[print instead how to migrate a volume group from clvmd to lvmlockd]:VG:' \
            '--output[write files into this directory]:DIR:_files -/' \
            '--apply[write this host'\''s files]' \
            '--steps[with --apply\: also take this host'\''s steps; run it on both nodes]' \
            '*--step[with --steps\: take this one only, by its name in --json]:NAME:' \
            '--dry-run[with --apply\: print what would be written and which steps are due]' \
            '--yes[with --apply\: do not ask]' \
            '--root[with --apply\: the directory that stands for / when files are written]:DIR:_files -/' ;;
        status) _arguments \
            '-h[show this help message and exit]' \
            '--help[show this help message and exit]' \
            '--json[print one JSON document (described in docs/json.md) and nothing else]' \
            '--color[colour and progress\: auto is on a terminal only]:COLOR:(auto always never)' \
            '--watch[refresh until interrupted]' \
            '--interval[between two refreshes of --watch (2)]:SECONDS:' \
            '--wait[how long each part may take to answer, on a busy host (5)]:SECONDS:' \
            '--peer[also ask the other node, over ssh\: shows its lock modes, and what to do about DRBD for the state that both are in]:HOST:_hosts' ;;
        recover) _arguments \
            '-h[show this help message and exit]' \
            '--help[show this help message and exit]' \
            '--json[print one JSON document (described in docs/json.md) and nothing else]' \
            '--color[colour and progress\: auto is on a terminal only]:COLOR:(auto always never)' \
            '1:RESOURCE:' \
            '--peer[also ask the other node, over ssh\: what both have is compared, and fewer steps are printed]:HOST:_hosts' \
            '--plan[change nothing at all, not even the hold of a recover that has died]' \
            '--winner[heal the split brain\: keep the copy of this node, which gets what only the other one has written; to be typed on that node]:NODE:' \
            '--keep-both[with --winner\: of LVs that both have written, the other version becomes a new LV]' \
            '--undo[undo a healing that was interrupted, if that is still possible]' \
            '--yes[with --winner or --undo\: do not ask]' \
            '--wait[how long each part may take to answer, on a busy host (5)]:SECONDS:' ;;
        metrics) _arguments \
            '-h[show this help message and exit]' \
            '--help[show this help message and exit]' \
            '--json[print one JSON document (described in docs/json.md) and nothing else]' \
            '--color[colour and progress\: auto is on a terminal only]:COLOR:(auto always never)' \
            '--wait[how long each part may take to answer, on a busy host (5)]:SECONDS:' \
            '--output[write to FILE, all at once or not at all, instead of printing]:FILE:_files' ;;
        report) _arguments \
            '-h[show this help message and exit]' \
            '--help[show this help message and exit]' \
            '--json[print one JSON document (described in docs/json.md) and nothing else]' \
            '--color[colour and progress\: auto is on a terminal only]:COLOR:(auto always never)' \
            '--output[the archive, which must not exist yet (dualstor-report-NODE-TIME.tar.gz in the current directory); - for stdout]:FILE:_files' \
            '--wait[how long each part of the status may take to answer (5)]:SECONDS:' ;;
        volume) _arguments \
            '-h[show this help message and exit]' \
            '--help[show this help message and exit]' \
            '--json[print one JSON document (described in docs/json.md) and nothing else]' \
            '--color[colour and progress\: auto is on a terminal only]:COLOR:(auto always never)' \
            '1:ACTION:(create grow rename remove exclusive shared list wait)' \
            '1:VG/LV:' \
            '1:WORD:' \
            '-L[create\: the size, e.g. 8G; grow\: +4G by that much, 12G to that]:SIZE:' \
            '--size[create\: the size, e.g. 8G; grow\: +4G by that much, 12G to that]:SIZE:' \
            '--exclusive[create\: for this node only, e.g. for a file system of one host]' \
            '--timeout[how long to wait for the nodes (60)]:SECONDS:' ;;
        completion) _arguments \
            '-h[show this help message and exit]' \
            '--help[show this help message and exit]' \
            '--json[print one JSON document (described in docs/json.md) and nothing else]' \
            '--color[colour and progress\: auto is on a terminal only]:COLOR:(auto always never)' \
            '1:SHELL:(bash zsh fish)' ;;
        install-agents) _arguments \
            '-h[show this help message and exit]' \
            '--help[show this help message and exit]' \
            '--json[print one JSON document (described in docs/json.md) and nothing else]' \
            '--color[colour and progress\: auto is on a terminal only]:COLOR:(auto always never)' \
            '--root[the directory that stands for / (to make an image)]:DIR:_files -/' \
            '--remove[remove what was put there]' ;;
        esac ;;
    esac
}
compdef _dualstor dualstor
