# SPDX-License-Identifier: GPL-2.0-or-later
"""drbdadm 9.22, with drbdsetup-84 on the in-tree DRBD 8.4.11, or with drbdsetup on DRBD 9.2.18."""

import json

from simulator import blocks, drbd, kernelfiles
from simulator.programs import program
from simulator.state import Disk

_USAGE = """
USAGE: drbdsetup command device arguments options

Device is usually /dev/drbdX or /dev/drbd/X.

Commands are:
    primary             secondary           attach              
    disk-options        detach              connect             
    net-options         disconnect          resize              
    resource-options    new-current-uuid    invalidate          
    invalidate-remote   pause-sync          resume-sync         
    suspend-io          resume-io           outdate             
    verify              down                state               
    role                sh-status           cstate              
    dstate              show-gi             get-gi              
    show                status              check-resize        
    events              events2             wait-connect        
    wait-sync           new-resource        new-minor           
    del-minor           del-resource        

To get more details about a command issue 'drbdsetup help cmd'.

"""

_VERSION = """DRBDADM_BUILDTAG=GIT-hash:\\ 409097fe02187f83790b88ac3e0d94f3c167adab\\ reproducible\\ build\\,\\ 2023-01-09\\ 14:51:18
DRBDADM_API_VERSION=1
DRBD_KERNEL_VERSION_CODE=0x%06x
DRBDADM_VERSION_CODE=0x091600
DRBDADM_VERSION=9.22.0"""

#: Exit codes of drbdsetup for a refused state change; any other is 11.
_EXIT = {-2: 17, -4: 16, -16: 5}


def _drbdsetup(call):
    """The name of the program that drbdadm calls."""
    return "drbdsetup" if call.cluster.drbd_9 else "drbdsetup-84"


def _peer_role(call, name):
    each = call.node.drbd[name]
    other = call.peer.drbd.get(name)
    return other.role if drbd.connected(each) and other else "Unknown"


def _connection(cstate):
    """cstate in the words of the 9 tools: connection, replication."""
    if cstate in drbd.CONNECTED:
        return "Connected", "Established" if cstate == "Connected" else cstate
    return "Connecting" if cstate == "WFConnection" else cstate, "Off"


def _status_json(call, names):
    """``status --json`` of DRBD 9."""
    found = []
    for name in names:
        each = call.node.drbd[name]
        connection, replication = _connection(each.cstate)
        found.append({
            "name": name, "node-id": call.node.id - 1, "role": each.role,
            "suspended": bool(each.causes), "suspended-user": "user" in each.causes,
            "suspended-no-data": "no-data" in each.causes,
            "suspended-fencing": each.suspended, "suspended-quorum": "quorum" in each.causes,
            "devices": [{"volume": 0, "minor": call.node.config[name].minor,
                         "disk-state": each.dstate, "client": False, "quorum": each.quorum}],
            "connections": [{
                "peer-node-id": call.peer.id - 1, "name": call.peer.name,
                "connection-state": connection, "congested": False,
                "peer-role": _peer_role(call, name),
                "peer_devices": [{"volume": 0, "replication-state": replication,
                                  "peer-disk-state": each.peer_dstate, "peer-client": False,
                                  "percent-in-sync": each.synced or 100.0,
                                  "out-of-sync": drbd.changed(call.node, name),
                                  **_estimate(replication)}]}]
            if each.connection else []})
    call.out(json.dumps(found, indent=1))


def _estimate(replication):
    return {"estimated-seconds-to-finish": 39} if replication in ("SyncSource", "SyncTarget") else {}


def _status(call, name):
    each = call.node.drbd[name]
    call.out("%s role:%s%s" % (name, each.role, " suspended:" + ",".join(each.causes)
                               if each.causes else ""))
    call.out("  disk:%s%s" % (each.dstate, "" if each.quorum else " quorum:no"))
    connection, replication = _connection(each.cstate)
    peer = call.peer.name if call.cluster.drbd_9 else "peer"
    if not each.connection:
        pass
    elif connection == "Connected":
        call.out("  %s role:%s" % (peer, _peer_role(call, name)))
        done = " done:%.2f" % each.synced if replication.startswith("Sync") else ""
        call.out("    replication:%s peer-disk:%s%s" % (replication, each.peer_dstate, done))
    elif connection != "StandAlone" or call.cluster.drbd_9:
        call.out("  %s connection:%s" % (peer, connection))
    call.out("")


def _events2(call, wanted):
    for name, each in call.node.drbd.items():
        if wanted and name != wanted:
            continue
        connection, replication = _connection(each.cstate)
        peer = " conn-name:" + call.peer.name if call.cluster.drbd_9 else \
            "" if connection == "StandAlone" else " conn-name:peer"
        minor = call.node.config[name].minor
        call.out("exists resource name:%s role:%s suspended:%s" % (
            name, each.role, ",".join(each.causes) or "no"))
        if each.connection:
            call.out("exists connection name:%s peer-node-id:0%s connection:%s role:%s" % (
                name, peer, connection, _peer_role(call, name)))
        call.out("exists device name:%s volume:0 minor:%d disk:%s%s" % (
            name, minor, each.dstate, "" if not call.cluster.drbd_9 else
            " client:no quorum:" + ("yes" if each.quorum else "no")))
        if each.connection:
            call.out("exists peer-device name:%s peer-node-id:0%s volume:0 replication:%s "
                     "peer-disk:%s resync-suspended:no" % (name, peer, replication,
                                                          each.peer_dstate))
    call.out("exists -")


def _show(call):
    for name, each in call.node.drbd.items():
        config = call.node.config[name]
        call.out("resource %s {\n    options {\n    }" % name)
        if each.net:
            call.out("    net {\n        allow-two-primaries\tyes;\n    }"
                     if config.net.get("allow-two-primaries") == "yes" else "    net {\n    }")
            call.out("    _remote_host {\n        address\t\t\tipv4 10.78.0.%d:7788;\n    }"
                     % call.peer.id)
        call.out("    _this_host {\n        address\t\t\tipv4 10.78.0.%d:7788;" % call.node.id)
        call.out("        volume 0 {\n            device\t\t\tminor %d;" % config.minor)
        if each.dstate != "Diskless":
            call.out("            disk\t\t\t\"%s\";\n            meta-disk\t\t\tinternal;"
                     % config.lower)
            fencing = "" if config.fencing == "dont-care" else \
                "                fencing         \t%s;\n" % config.fencing
            call.out("            disk {\n%s            }" % fencing)
        call.out("        }\n    }\n}")


def _dump(call, config):
    call.out("# /etc/drbd.conf\nglobal {\n    usage-count no;\n    cmd-timeout-medium 600;\n"
             "    cmd-timeout-long 0;\n}\n\ncommon {\n}\n")
    call.out("# resource %s on %s: not ignored, not stacked\n# defined at /etc/drbd.d/%s.res:1"
             % (config.name, call.node.name, config.name))
    call.out("resource %s {" % config.name)
    for node in call.cluster.nodes.values():
        call.out("    on %s {\n        device           /dev/drbd%d minor %d;\n"
                 "        disk             %s;\n        meta-disk        internal;\n"
                 "        address          ipv4 10.78.0.%d:7788;\n    }"
                 % (node.name, config.minor, config.minor, config.lower, node.id))
    for section, options in _sections(config):
        if options:
            call.out("    %s {" % section)
            for key, value in options.items():
                call.out("        %-16s %3s;" % (key, value))
            call.out("    }")
    call.out("}\n")


def _sections(config):
    return (("options", config.options), ("net", config.net), ("disk", config.disk),
            ("startup", {"wfc-timeout": "30", "degr-wfc-timeout": "30"}),
            ("handlers", config.handlers))


def _dump_xml(call, configs):
    call.out('<config file="/etc/drbd.conf">\n    <common>\n    </common>')
    for config in configs:
        call.out('    <resource name="%s" conf-file-line="/etc/drbd.d/%s.res:1">'
                 % (config.name, config.name))
        for node in call.cluster.nodes.values():
            call.out('        <host name="%s">\n            <volume vnr="0">\n'
                     '                <device minor="%d">/dev/drbd%d</device>\n'
                     '                <disk>%s</disk>\n'
                     '                <meta-disk>internal</meta-disk>\n            </volume>\n'
                     '            <address family="ipv4" port="7788">10.78.0.%d</address>\n'
                     '        </host>' % (node.name, config.minor, config.minor, config.lower,
                                         node.id))
        for section, options in _sections(config):
            if options:
                call.out('        <section name="%s">' % section)
                for item in options.items():
                    call.out('            <option name="%s" value="%s"/>' % item)
                call.out('        </section>')
        call.out('    </resource>')
    call.out('</config>')


def _sh_status(call, config):
    each = call.node.drbd.get(config.name)
    call.out("\n_conf_res_name=%s\n_conf_file_line=/etc/drbd.d/%s.res:1\n\n_stacked_on=\n"
             "_stacked_on_device=\n_stacked_on_minor=\n_conf_volume=0\n_minor=%d"
             % (config.name, config.name, config.minor))
    if each is None:
        call.out("_res_name=\n_volume=-1\n_known=NA # not available or not yet created\n\n"
                 "_cstate=Unconfigured\n_role=\n_peer=\n_disk=\n_pdsk=\n_flags_susp=\n"
                 "_flags_aftr_isp=\n_flags_peer_isp=\n_flags_user_isp=\n_resynced_percent=\n\n"
                 "_sh_status_process\n\n")
    else:
        call.out("_res_name=%s\n_volume=0\n_known=Configured\n\n_cstate=%s\n_role=%s\n_peer=%s\n"
                 "_disk=%s\n_pdsk=%s" % (config.name, each.cstate, each.role,
                                         _peer_role(call, config.name), each.dstate,
                                         each.peer_dstate))
        percent = "%.2f" % each.synced if each.cstate.startswith("Sync") else ""
        call.out("\n_flags_susp=\n_flags_aftr_isp=\n_flags_peer_isp=\n_flags_user_isp=\n\n"
                 "_resynced_percent=%s\n\n_sh_status_process\n\n" % percent)


def _refused(call, what, refusal, extra=()):
    """Print the kernel's refusal; the exit code of drbdsetup."""
    if refusal[0] > 0:
        call.err("%s: Failure: (%d) %s" % ((what,) + tuple(refusal)))
        return 10
    call.err("%s: State change failed: (%d) %s" % ((what,) + tuple(refusal)))
    for line in extra:
        call.err(line)
    return _EXIT.get(refusal[0], 11)


def _refused_with_users(call, name, refusal):
    """As ``_refused``, by DRBD 9, which tells who has the device open."""
    device = "drbd%d" % call.node.config[name].minor
    lines = ["%s opened by %s (pid %d) at 2026-11-26 23:39:21.557" % ((device,) + user)
             for user in kernelfiles.users(call.node, "/dev/" + device)]
    return _refused(call, name, refusal, ["additional info from kernel:"] + lines if lines else ())


def _not_there(call, minor):
    call.err("%d: Failure: (127) Device minor not allocated\nadditional info from kernel:\n"
             "unknown minor" % minor)
    return 10


def _setup(call, command, name, discard=False):
    """drbdsetup on one resource; a generator that returns the exit code."""
    node, cluster = call.node, call.cluster
    config = node.config.get(name)
    minor = config.minor if config else 0
    each = node.drbd.get(name)
    if command == "down":
        if each is None:
            return 0
        refusal = drbd.down(cluster, node, name)
        if refusal is not None and cluster.drbd_9:
            return _refused_with_users(call, name, refusal)
        if refusal is not None:
            return _refused(call, name, refusal, ("additional info from kernel:",
                                                  "failed to demote"))
        return 0
    if each is None:
        return _not_there(call, minor)
    if command == "primary":
        refusal = yield from drbd.promote(cluster, node, name)
        if refusal == drbd.NO_QUORUM:
            return _refused(call, name, refusal, ("additional info from kernel:",
                                                  "1 of 2 nodes visible, need 2 for quorum"))
        return _refused(call, minor, refusal) if refusal else 0
    if command == "secondary":
        refusal = drbd.demote(cluster, node, name)
        if refusal and cluster.drbd_9:
            return _refused_with_users(call, name, refusal)
        return _refused(call, minor, refusal) if refusal else 0
    if command == "connect":
        if not each.connection:
            call.err("%s: Failure: (162) Invalid configuration request\n"
                     "additional info from kernel:\nunknown connection" % name)
            return 10
        refusal = drbd.connect(cluster, node, name, discard)
        return _refused(call, name, refusal) if refusal else 0
    if command == "disconnect":
        refusal = drbd.disconnect(cluster, node, name)
        return _refused(call, "??", refusal) if refusal else 0
    if command == "attach":
        if node.disks.get(name) is None:
            call.err("No valid meta data found")
            return 1
        if each.dstate != "Diskless":
            call.err("%d: Failure: (124) Device is attached to a disk (use detach first)" % minor)
            return 10
        drbd.attach(cluster, node, name)
    elif command == "detach":
        each.dstate = "Diskless"
        if drbd.connected(each):
            call.peer.drbd[name].peer_dstate = "Diskless"
    elif command == "outdate":
        node.disks[name].outdated = True
        each.dstate = "Outdated"
    elif command == "resume-io":
        each.also = []
        if each.suspended and not drbd.connected(each):
            drbd.new_generation(cluster, node, name)
        drbd.resume(cluster, node, name, "resume-io")
    elif command == "suspend-io":
        each.also = each.also + ["user"] * ("user" not in each.also)
    elif command == "role":
        call.out("%s/%s" % (each.role, _peer_role(call, name)))
    elif command == "cstate":
        call.out(each.cstate)
    elif command == "dstate":
        call.out("%s/%s" % (each.dstate, each.peer_dstate))
    elif command == "verify":
        refusal = drbd.start_verify(cluster, node, name)
        return _refused(call, minor, refusal) if refusal else 0
    elif command == "wait-connect":
        while not drbd.connected(call.node.drbd[name]):
            yield 0.2
            if name not in call.node.drbd or call.node.drbd[name].cstate == "StandAlone":
                return 5
    else:
        call.err("drbdsetup: '%s' is not simulated" % command)
        return 20
    return 0


def _resource_of(call, word):
    """Name of the resource that a minor, device or name stands for; None when there is none."""
    word = word.rpartition("/")[2].replace("drbd", "")
    for config in call.node.config.values():
        if word in (str(config.minor), config.name):
            return config.name
    return None


@program("drbdsetup", "drbdsetup-84")
def drbdsetup(call):
    """drbdsetup-84: the kernel's interface."""
    yield 0.01
    command = call.args.pop(0) if call.args else "help"
    timeout = call.value("--wfc-timeout", "-t")
    flags = [a for a in call.args if a.startswith("-")]
    words = [a for a in call.args if not a.startswith("-")]
    if "--force" in flags or "--overwrite-data-of-peer" in flags or "--discard-my-data" in flags:
        call.cluster.harm.append("%s: %s" % (call.node.name, " ".join(call.argv)))
    if command == "status":
        if "--json" in flags and call.cluster.drbd_9:
            there = [n for n in call.node.drbd if n in words[:1] or not words]
            if words and not there:
                call.err("%s: No such resource" % words[0])
                return 10
            _status_json(call, there)
            return 0
        if "--json" in flags:
            for line in _USAGE.splitlines():
                call.out(line)
            call.err("status: unrecognized option '--json'")
            return 20
        found = [n for n in call.node.drbd if not words or n == words[0]]
        for name in found:
            _status(call, name)
        if words and not found:
            call.err("%s: No such resource" % words[0])
            return 10
        if not words and not found:
            call.out("# No currently configured DRBD found.")
        return 0
    if command == "events2":
        _events2(call, words[0] if words else None)
        return 0
    if command == "show":
        _show(call)
        return 0
    name = _resource_of(call, words[0]) if words else None
    by_name = command in ("down", "connect", "disconnect") \
        or command == "secondary" and call.cluster.drbd_9
    if name is None or (not by_name and words[0] == name):
        call.err("Cannot determine minor device number of device '%s'" % (words or [""])[0])
        return 20
    if command == "wait-connect" and timeout:
        end = call.cluster.now + float(timeout)
        waiting = _setup(call, command, name)
        while call.cluster.now < end:
            try:
                yield next(waiting)
            except StopIteration as ended:
                return ended.value or 0
        return 5
    return (yield from _setup(call, command, name))


def _adjustments(call, config):
    """drbdsetup commands that would make the kernel equal to the configuration."""
    each = call.node.drbd.get(config.name)
    wanted = []
    if each is None:
        wanted += ["new-resource", "new-minor"]
    if each is None or each.dstate == "Diskless":
        wanted.append("attach")
    if each is not None and not each.connection:
        wanted += ["new-peer", "new-path"]
    if each is None or each.cstate == "StandAlone":
        wanted.append("connect")
    return wanted


def _bring_up(call, config, wanted):
    """Carry out ``_adjustments``; the exit code. Generator."""
    name = config.name
    drbd.create(call.node, name)
    for command in wanted:
        yield 0.05
        if name not in call.node.drbd:
            drbd.create(call.node, name)
        if command == "new-peer":
            call.node.drbd[name].connection = True
        if command in ("attach", "connect"):
            code = yield from _setup(call, command, name)
            if code:
                what = "attach %d %s %s internal" % (config.minor, config.lower, config.lower) \
                    if command == "attach" else \
                    "connect %s ipv4:10.78.0.%d:7788 ipv4:10.78.0.%d:7788" % (
                        name, call.node.id, call.peer.id)
                call.err("Command '%s %s' terminated with exit code %d"
                         % (_drbdsetup(call), what, code))
                return code
    return 0


@program("drbdadm")
def drbdadm(call):
    """drbdadm 9.22."""
    yield 0.02
    if call.args == ["--version"] or call.args == ["-V"]:
        major, minor, patch = (int(part) for part in call.cluster.drbd_version.split("."))
        call.out(_VERSION % (major << 16 | minor << 8 | patch))
        return 0
    call.value("-c", "--config-file")
    dry_run = call.flag("-d", "--dry-run")
    call.flag("-v", "--verbose", "-S", "--stacked")
    old = [c.name for c in call.node.config.values() if call.cluster.drbd_9 and "fencing" in c.disk]
    if old:
        call.err("/etc/drbd.d/%s.res:10: Parse error: 'resync-rate | c-plan-ahead | c-delay-target | "
                 "c-fill-target | c-max-rate | c-min-rate | bitmap' expected,\n\tbut got 'fencing'"
                 % old[0])
        return 10
    harmful = [a for a in call.args if a.startswith("--") and a.lstrip("-") in (
        "force", "overwrite-data-of-peer", "discard-my-data", "clear-bitmap")]
    words = [a for a in call.args if not a.startswith("-")]
    if not words:
        call.err("USAGE: drbdadm COMMAND [OPTION...] {all|RESOURCE...}")
        return 1
    command, wanted = words[0], words[1:]
    if command == "dump-md":
        return _dump_md(call, words[1] if wanted else "", call.flag("--force"))
    if harmful or command in ("create-md", "invalidate", "invalidate-remote", "wipe-md",
                              "new-current-uuid"):
        call.cluster.harm.append("%s: %s" % (call.node.name, " ".join(call.argv)))
        for name in wanted:
            code = yield from _by_hand(call, command, name, harmful)
            if code:
                return code
        return 0
    configs = list(call.node.config.values())
    if wanted and wanted != ["all"]:
        for word in wanted:
            if word.partition("/")[0] not in call.node.config:
                call.err("'%s' not defined in your config (for this host)." % word)
                return 1
        configs = [call.node.config[word.partition("/")[0]] for word in wanted]
    if command == "sh-nop":
        return 0
    if command == "sh-resources":
        call.out(" ".join(c.name for c in configs))
        return 0
    if command == "dump-xml":
        _dump_xml(call, configs)
        return 0
    if command == "sh-status":
        call.out("_drbd_version=9.22.0\n_drbd_api=1\n_config_file=/etc/drbd.conf\n")
    for config in configs:
        code = yield from _one(call, command, config, dry_run)
        if code:
            return code
    return 0


def _identifiers(call, name):
    """``get-gi``: the generations, and the flags of the metadata."""
    disk, each = call.node.disks[name], call.node.drbd.get(name)
    primary = each is not None and each.role == "Primary"
    lone = each is None or not drbd.connected(each)
    known = [disk.generation, disk.ancestors[0] if lone and disk.ancestors else 0] + (
        disk.ancestors[lone:] + [0, 0])[:2]
    if blocks.counted(disk):
        known[1] = disk.parted
    flags = (disk.consistent, disk.consistent and not disk.outdated, primary)
    if call.cluster.drbd_9:
        flags += (disk.primary_at_crash, True, False, False, not lone, disk.peer_outdated, lone, False, True)
    else:
        flags += (not lone, False, disk.peer_outdated, disk.primary_at_crash)
    return ":".join(["%016X" % (number << 8 | (primary and not place))
                     for place, number in enumerate(known)] + [str(int(flag)) for flag in flags])


def _dump_md(call, word, forced):
    """``drbdadm [-- --force] dump-md RESOURCE/VOLUME``, as drbdmeta prints it; the exit code."""
    name = word.partition("/")[0]
    config, disk, each = call.node.config[name], call.node.disks.get(name), \
        call.node.drbd.get(name)
    if each is not None and each.dstate != "Diskless" and not forced:
        call.err("Device '%d' is configured!\nCommand 'drbdmeta %d v08 %s internal dump-md' "
                 "terminated with exit code 20" % (config.minor, config.minor, config.lower))
        return 20
    identifiers = _identifiers(call, name).split(":")[:4]
    call.out("# DRBD meta data dump\n# 2026-11-26 23:50:22 +0000 [1795737022]\n"
             "# %s> drbdmeta --force %d v08 %s internal dump-md\n#\n\nversion \"v08\";\n"
             % (call.node.name, config.minor, config.lower))
    if each is not None and disk.hot:
        call.out("This_is_an_unclean_meta_data_dump._Don't_trust_the_bitmap.\n"
                 "# You should \"apply-al\" first, if you plan to restore this.\n")
    call.out("uuid {\n    %s\n    flags 0x00000000;\n}\n# al-extents 1237;\nla-size-sect %d;\n"
             "bm-byte-per-bit %d;\ndevice-uuid 0x5B6B2BEA8B2C5695;\nla-peer-max-bio-size 1048576;\n"
             "al-stripes 1;\nal-stripe-size-4k 8;\n# bm-bytes 4096;\nbm {\n   # at 0kB" % (
                 " ".join("0x%s;" % each for each in identifiers), blocks.SECTORS, blocks.BLOCK))
    for line in blocks.words(disk.flushed):
        call.out(line)
    call.out("}\n# bits-set %d;" % len(disk.flushed))
    return 0


def _by_hand(call, command, name, harmful):
    """What only a person does: new metadata, one copy is the good one, or is given up. Generator."""
    if command == "create-md":
        call.node.disks[name] = Disk(consistent=False)
    elif command == "primary" and ("--force" in harmful or "--overwrite-data-of-peer" in harmful):
        if name not in call.node.drbd:
            return _not_there(call, call.node.config[name].minor)
        drbd.overwrite_peer(call.cluster, call.node, name)
    elif command == "connect" and harmful == ["--discard-my-data"]:
        return (yield from _setup(call, command, name, discard=True))
    return 0


def _one(call, command, config, dry_run):
    """A drbdadm command on one resource; generator of the exit code."""
    name, minor = config.name, config.minor
    each = call.node.drbd.get(name)
    simple = {"sh-dev": "/dev/drbd%d" % minor, "sh-minor": str(minor), "sh-ll-dev": config.lower,
              "sh-md-dev": config.lower, "sh-dev-ll": config.lower}
    if command in simple:
        call.out(simple[command])
        return 0
    if command == "dump":
        _dump(call, config)
        return 0
    if command == "get-gi":
        if call.node.disks.get(name) is None:
            call.err("No valid meta data found")
            return 1
        call.out(_identifiers(call, name))
        return 0
    if command == "sh-status":
        _sh_status(call, config)
        return 0
    if command == "status":
        if each is None:
            call.err("%s: No such resource" % name)
            call.err("Command '%s status %s' terminated with exit code 10"
                     % (_drbdsetup(call), name))
            return 10
        _status(call, name)
        return 0
    if command == "dstate" and each is None:
        disk = call.node.disks.get(name)
        if disk is None:
            call.err("No valid meta data found")
            return 1
        call.out("Inconsistent" if not disk.consistent else
                 "Outdated" if disk.outdated else "Consistent")
        return 0
    if command in ("adjust", "up"):
        if call.node.disks.get(name) is None:
            if call.cluster.drbd_9:
                drbd.create(call.node, name)    # it had begun
            call.err("No valid meta data found")
            return 1
        todo = _adjustments(call, config) if command == "adjust" else \
            ["new-resource", "new-minor", "attach", "connect"]
        if dry_run:
            for step in todo:
                call.out("%s %s %s" % (_drbdsetup(call), step, name if step != "attach" else minor))
            return 0
        return (yield from _bring_up(call, config, todo))
    if dry_run:
        call.out("%s %s %s" % (_drbdsetup(call), command, minor))
        return 0
    code = yield from _setup(call, command, name)
    if code:
        by_name = call.cluster.drbd_9 or command in ("down", "connect", "disconnect")
        whole = name if by_name else minor
        call.err("Command '%s %s %s' terminated with exit code %d"
                 % (_drbdsetup(call), command, whole, code))
    return code
