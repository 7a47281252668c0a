# SPDX-License-Identifier: GPL-2.0-or-later
"""LVM: 2.03.16 with lvmlockd, and with clvmd any 2.02 from 84 to 188.

Which version has what: LVM2 tools/{args.h,commands.h,lvmcmdline.c,vgchange.c,dumpconfig.c} by tag.
"""

import shlex

from simulator import blocks, drbd, locking, membership, volumes
from simulator.programs import activation as activating
from simulator.programs import lvmsettings, program, report
from simulator.programs.activation import FAILED
from simulator.state import CLVMD

_COMMANDS = ("vgs", "lvs", "pvs", "vgchange", "lvchange", "lvcreate", "vgcreate", "lvremove",
             "lvextend", "lvrename", "vgscan", "pvscan", "vgck", "lvmconfig", "dumpconfig", "version", "lvmdevices",
             "vgdisplay", "vgcfgbackup")
_FLAGS = ("--nolocking", "--readonly", "--noheadings", "--nosuffix", "--nameprefixes",
          "--unquoted", "--ignorelockingfailure", "--ignoreskippedcluster", "--foreign",
          "--shared", "--yes", "-y", "-qq", "-q", "--noudevsync", "-a", "--all", "--partial",
          "-P", "--sysinit", "--refresh", "--lockstart", "--lockstop", "--lock-start",
          "--lock-stop", "-f", "--force", "--unbuffered", "--aligned", "-h", "--monitor",
          "--nohistory", "--mergedconfig", "-v", "--verbose", "--quiet", "--cache")

#: First versions with an option.
_SINCE = {"--ignoreskippedcluster": (2, 2, 105), "--select": (2, 2, 107), "-S": (2, 2, 107),
          "--readonly": (2, 2, 107), "--foreign": (2, 2, 118), "--activationmode": (2, 2, 118),
          "--lockstart": (2, 2, 130), "--lockstop": (2, 2, 130), "--lock-start": (2, 2, 130),
          "--lock-stop": (2, 2, 130), "--shared": (2, 2, 130), "--reportformat": (2, 2, 158),
          "--type": (2, 2, 99), "--mergedconfig": (2, 2, 99)}


def _unknown_option(call, command):
    """Whether an option is too new for this version; LVM says so."""
    version = locking.version(call.node)
    for word in call.args:
        name = word.partition("=")[0]
        if version < _SINCE.get(name, (0,)):
            call.err("%s: %s" % (command, "unrecognized option '%s'" % word if name.startswith("--")
                                 else "invalid option -- '%s'" % name[1:]))
            call.err("  Error during parsing of command line.\n"
                     "  Run `%s --help' for more information." % command)
            return True
    return False


class _Stop(Exception):
    """The command ends here with an exit code."""

    def __init__(self, code):
        super().__init__(code)
        self.code = code


class _Session:
    """What one LVM command knows: its configuration, and whether it has locks."""

    def __init__(self, call):
        self.call = call
        text = call.value("--config") or ""
        call.lower = next((config.lower for config in call.node.config.values()
                           if '"a|^%s$|"' % config.lower in text), None)
        self.conf = dict(call.node.lvm)
        for word in shlex.split(text.replace("{", " { ").replace("}", " } ")):
            key, equal, value = word.partition("=")
            if equal:
                name = key if "/" in key else "global/" + key
                self.conf[name] = int(value) if value.lstrip("-").isdigit() else value
        self.without_locks = call.flag("--nolocking", "--readonly") or \
            self.number("global/locking_type") == 0
        self.local_only = self.number("global/locking_type") == 1
        self.connected = False
        self.skipped = False

    def number(self, name):
        value = self.conf.get(name, 0)
        return int(value) if str(value).lstrip("-").isdigit() else 0

    def begin(self):
        """Reach the lock daemon and read the devices; waits when they do not answer. Generator."""
        yield from self._reach()
        call = self.call
        for name in list(call.node.drbd):
            while name in call.node.drbd and drbd.held_back(
                    call.node, "drbd%d" % call.node.config[name].minor):
                if call.name not in call.node.drbd[name].openers:
                    call.node.drbd[name].openers.append(call.name)
                call.unkillable = True
                yield 0.5
            if call.unkillable and name in call.node.drbd:
                openers = call.node.drbd[name].openers
                openers[:] = [who for who in openers if who != call.name]

    def _reach(self):
        call = self.call
        yield 0.1
        if self.number("global/locking_type") == 0 and "global/locking_type" in self.conf:
            call.err("  WARNING: Locking disabled. Be careful! This could corrupt your metadata.")
        if self.without_locks:
            return
        if call.cluster.generation == CLVMD:
            if self.number("global/locking_type") == 3:
                yield from self._clvmd()
        elif self.number("global/use_lvmlockd"):
            yield from self._lvmlockd()

    def _clvmd(self):
        call = self.call
        if locking.daemon(call.node, "clvmd") is None:
            gone = locking.SOCKET["clvmd"] not in call.node.sockets
            call.err("  connect() failed on local socket: %s\n"
                     "  Internal cluster locking initialisation failed." % (
                         "No such file or directory" if gone else "Connection refused"))
            if not self.number("global/fallback_to_local_locking"):
                raise _Stop(FAILED)
            call.err("  WARNING: Falling back to local file-based locking.\n"
                     "  Volume Groups with the clustered attribute will be inaccessible.")
            self.local_only = True
            return
        locking.knock(call.cluster, call.node, locking.daemon(call.node, "clvmd"))
        while not locking.answers(call.cluster, call.node, "clvmd"):
            yield 0.5
        self.connected = True

    def _lvmlockd(self):
        call = self.call
        if locking.daemon(call.node, "lvmlockd") is None:
            call.err("  WARNING: lvmlockd process is not running.\n"
                     "  Reading without shared global lock.")
            return
        while not locking.answers(call.cluster, call.node, "lvmlockd"):
            yield 0.5
        if locking.dlm_ready(call.node):
            while not membership.quorate(call.cluster, call.node):
                yield 0.5
            locking.join(call.cluster, call.node, locking.GLOBAL)
        while locking.frozen(call.cluster, call.node, locking.GLOBAL):
            yield 0.5
        self.connected = True

    def sees(self, group):
        """Whether its PV is on a device that this command may read."""
        if self.call.lower is not None:
            return group.resource in self.call.node.drbd and \
                self.call.node.config[group.resource].lower == self.call.lower
        return volumes.visible(self.call.cluster, self.call.node, group)

    def started(self, group):
        """Whether the group's lockspace is there."""
        return self.connected and "lvm_" + group.name in self.call.node.lockspaces

    def groups(self, wanted=()):
        """The groups this command works on, in order; unknown names are an error. Generator.

        Returns (list of groups, exit code so far).
        """
        call, found, code = self.call, [], 0
        for name in sorted(call.cluster.groups):
            group = call.cluster.groups[name]
            if wanted and name not in wanted or not self.sees(group):
                continue
            if volumes.duplicated(call.cluster, call.node, group):
                lower = call.node.config[group.resource].lower
                minor = call.node.config[group.resource].minor
                call.err("  WARNING: Not using device %s for PV %s.\n"
                         "  WARNING: PV %s prefers device /dev/drbd%d because device is used by LV."
                         % (lower, group.pv_uuid, group.pv_uuid, minor))
            if group.kind == "clustered" and self.local_only:
                call.err("  Skipping clustered volume group %s" % name)
                code = FAILED
                continue
            if group.kind == "clustered" and call.cluster.generation != CLVMD:
                call.err("  WARNING: Skipping clustered VG %s." % name)
                code = FAILED
                continue
            if group.kind == "shared" and not self.without_locks:
                space = "lvm_" + name
                if self.started(group):
                    while locking.frozen(call.cluster, call.node, space):
                        yield 0.5
                elif not self.for_change:
                    call.err("  Reading VG %s without a lock." % name)
            found.append(group)
        for name in wanted:
            group = call.cluster.groups.get(name)
            if group is None or not self.sees(group):
                call.err('  Volume group "%s" not found\n  Cannot process volume group %s'
                         % (name, name))
                code = FAILED
        return found, code

    for_change = False


def _names(words):
    """Group names of the arguments ``vg``, ``vg/lv``, ``/dev/vg/lv``; and the volumes asked for."""
    groups, wanted = [], {}
    for word in words:
        word = word[len("/dev/"):] if word.startswith("/dev/") else word
        vg, _, lv = word.partition("/")
        if vg not in groups:
            groups.append(vg)
        if lv:
            wanted.setdefault(vg, []).append(lv)
    return groups, wanted


def _report(call, command):
    """vgs, lvs, pvs."""
    session = _Session(call)
    fields, select = call.value("-o", "--options"), call.value("-S", "--select")
    units = call.value("--units") or "h"
    form = call.value("--reportformat")
    separator = call.value("--separator")
    call.value("-O", "--sort")
    every = call.flag("-a", "--all")
    if call.flag("--nosuffix"):
        units += "!"
    options = {"bare": call.flag("--noheadings"), "separator": separator, "json": form == "json",
               "prefixes": call.flag("--nameprefixes"), "unquoted": call.flag("--unquoted"),
               "select": select}
    ignore = call.flag("--ignoreskippedcluster")
    call.flag(*_FLAGS)
    unknown = [a for a in call.args if a.startswith("-")]
    if unknown:
        call.err("%s: unrecognized option '%s'\n  Error during parsing of command line.\n"
                 "  Run `%s --help' for more information." % (command, unknown[0], command))
        return 3
    listed = (fields or "").lstrip("+").split(",") if fields else []
    if not fields or fields.startswith("+"):
        listed = report.DEFAULTS[command].split(",") + listed
    options["fields"] = [report.full_name(command, f, locking.version(call.node))
                         for f in listed]
    if None in options["fields"]:
        call.err("  Unrecognised field: %s" % listed[options["fields"].index(None)])
        return FAILED
    yield from session.begin()
    names, wanted = _names(call.args) if command != "pvs" else ([], {})
    groups, code = yield from session.groups(names)
    rows = []
    for group in groups:
        if command == "lvs":
            for lv in wanted.get(group.name, []):
                if lv not in volumes.of(group, call.node):
                    call.err('  Failed to find logical volume "%s/%s"' % (group.name, lv))
                    code = FAILED
            by_segment = any(field.startswith(("seg", "stripe")) for field in options["fields"])
            rows += [report.Row(call, group, v, units=units, piece=piece)
                     for n, v in sorted(volumes.of(group, call.node).items())
                     if n in wanted.get(group.name, group.volumes)
                     for piece in range(len(v.pieces) if by_segment else 1)]
        else:
            rows.append(report.Row(call, group, units=units))
            if command == "pvs" and every and volumes.duplicated(call.cluster, call.node, group):
                rows.append(report.Row(call, group, device="duplicate", units=units))
    if command == "pvs" and call.args:
        rows = [r for r in rows if report.pv_name(r) in call.args]
        if not rows:
            call.err('  Failed to find physical volume "%s".' % call.args[0])
            code = FAILED
    report.show(call, command, rows, options)
    return 0 if ignore and session.local_only else code


def _group_command(call):
    """vgchange."""
    session = _Session(call)
    session.for_change = True
    start = call.flag("--lockstart", "--lock-start")
    stop = call.flag("--lockstop", "--lock-stop")
    call.value("--lockopt")
    call.partial = call.value("--activationmode") == "partial" or call.flag("--partial", "-P")
    clustered, lock_type = call.value("-c", "--clustered"), call.value("--lock-type", "--locktype")
    activation = activating.requested(call)
    call.flag(*_FLAGS)
    names, _ = _names(a for a in call.args if not a.startswith("-"))
    if any("/" in a.replace("/dev/", "") for a in call.args):
        call.err("  Invalid volume group name %s.\n  Run `vgchange --help' for more information."
                 % call.args[0])
        return 3
    yield from session.begin()
    if start or stop:
        return (yield from _lockspaces(call, session, names, start))
    groups, code = yield from session.groups(names)
    for group in groups:
        if lock_type:
            if any(m.vg == group.name for n in call.cluster.nodes.values() for m in n.mappings.values()):
                call.err("  Cannot change lock type with active LVs.")
                return FAILED
            group.kind = "shared" if lock_type == "dlm" else "local"
            call.out('  Volume group "%s" successfully changed' % group.name)
        elif clustered:
            state = "clustered" if clustered.startswith("y") else "not clustered"
            if (group.kind == "clustered") == (state == "clustered"):
                call.err('  Volume group "%s" is already %s' % (group.name, state))
                code = FAILED
            elif locking.version(call.node) >= (2, 2, 118) and _shared_volumes(call, group):
                call.err("  Can't change cluster attribute with active logical volume %s/%s.\n"
                         "  Conversion is supported only for locally exclusive volumes."
                         % (group.name, _shared_volumes(call, group)[0]))
                code = FAILED
            else:
                group.kind = "clustered" if state == "clustered" else "local"
                call.out('  Volume group "%s" successfully changed' % group.name)
        elif activation:
            result = yield from activating.change(
                call, session, group, list(volumes.of(group, call.node)), activation, True)
            code = result or code
            if not (group.exported or (activation[0] and group.kind == "shared"
                                       and not session.started(group))):
                if activation[0] or not result or group.kind == "clustered" and not any(
                        m.openers for m in call.node.mappings.values() if m.vg == group.name):
                    call.out('  %d logical volume(s) in volume group "%s" now active' % (
                        len(volumes.mapped(call.node, group.name)), group.name))
    return code


def _shared_volumes(call, group):
    """Names of the volumes that are active, and not exclusively on this node."""
    return sorted(m.lv for node in call.cluster.nodes.values() for m in node.mappings.values()
                  if m.vg == group.name and group.kind == "clustered"
                  and volumes.lock_of(call.node, group.name, m.lv) != "ex")


def _lockspaces(call, session, names, start):
    """vgchange --lockstart, --lockstop; generator of the exit code."""
    groups, code = yield from session.groups(names)
    started = []
    for group in groups:
        space = "lvm_" + group.name
        if group.kind != "shared":
            continue
        if start:
            if space in call.node.lockspaces:
                continue
            if not session.connected:
                call.err("  VG %s start failed: lvmlockd not available" % group.name)
                code = FAILED
            elif not locking.dlm_ready(call.node):
                call.err("  VG %s start failed: lock manager dlm is not running" % group.name)
                code = FAILED
            else:
                call.out("  VG %s starting dlm lockspace" % group.name)
                started.append(space)
        elif space in call.node.lockspaces and session.connected:
            if any(key.startswith(group.name + "/") for key in call.node.locks):
                call.err("  VG %s stop failed: LVs must first be deactivated" % group.name)
                code = FAILED
            else:
                locking.leave(call.cluster, call.node, space)
    if started:
        call.out("  Starting locking.  Waiting until locks are ready...")
        yield 0.5
        for space in started:
            while not membership.quorate(call.cluster, call.node) or call.node.unclean:
                yield 0.5
            locking.join(call.cluster, call.node, space)
    return code


def _volume_command(call):
    """lvchange."""
    session = _Session(call)
    session.for_change = True
    call.partial = call.value("--activationmode") == "partial" or call.flag("--partial", "-P")
    added, removed = _every(call, "--addtag"), _every(call, "--deltag")
    call.value("-S", "--select")
    activation = activating.requested(call)
    skip = call.value("-k", "--setactivationskip")
    refresh = call.flag("--refresh")
    call.flag(*_FLAGS)
    names, wanted = _names(a for a in call.args if not a.startswith("-"))
    yield from session.begin()
    groups, code = yield from session.groups(names)
    for group in groups:
        there = volumes.of(group, call.node)
        chosen = wanted.get(group.name, list(there))
        missing = [n for n in chosen if n not in there]
        if missing and locking.version(call.node) < (2, 2, 119):
            call.err("  One or more specified logical volume(s) not found.")
        elif missing:
            call.err("\n".join('  Failed to find logical volume "%s/%s"' % (group.name, name)
                               for name in missing))
        code = FAILED if missing else code
        chosen = [n for n in chosen if n in there]
        if skip and group.kind == "shared" and not session.started(group):
            call.err("  Cannot access VG %s due to failed lock." % group.name)
            return FAILED
        for name in chosen if skip else ():
            nodes = [call.node] if volumes.apart(call.cluster, call.node, group) else \
                list(call.cluster.nodes.values())
            kept = [each for each in group.volumes[name].skip
                    if each not in [node.name for node in nodes]]
            group.volumes[name].skip = kept + [node.name for node in nodes if skip == "y"]
            group.sequence += 1
            blocks.metadata(call.cluster, call.node, group)
            call.out("  Logical volume %s/%s changed." % (group.name, name))
        for name in chosen:
            tags = group.volumes[name].tags
            tags += [tag for tag in added if tag not in tags]
            tags[:] = [tag for tag in tags if tag not in removed]
            mapping = volumes.mapping(call.node, group.name, name)
            if refresh and mapping:
                mapping.mib = group.volumes[name].mib
            if added or removed:
                group.sequence += 1
                blocks.metadata(call.cluster, call.node, group)
                call.out("  Logical volume %s/%s changed." % (group.name, name))
        if activation:
            code = (yield from activating.change(call, session, group, chosen, activation,
                                               False)) or code
    return code


def _every(call, option):
    """The values of an option that may be given more than once, as a list."""
    found = []
    while True:
        value = call.value(option)
        if value is None:
            return found
        found.append(value.lstrip("@"))


def _exclusive(call, group, name):
    """Whether a change may be made that needs the exclusive lock of a volume; says why not."""
    if group.kind != "shared":
        return True
    if volumes.lock_of(call.node, group.name, name) == "sh":
        call.err("  LV is already locked with incompatible mode: %s/%s" % (group.name, name))
        return False
    return _free_elsewhere(call, group, name)


def _free_elsewhere(call, group, name):
    """Whether the other node has no lock on a volume of a shared group; says so if it has."""
    if group.kind == "shared" and volumes.conflict(call.cluster, call.node, group.name, name, "ex"):
        call.err("  LV locked by other host: %s/%s\n  Failed to lock logical volume %s/%s."
                 % ((group.name, name) * 2))
        return False
    return True


def _extend_volume(call):
    """lvextend: the size as it is to be, or +SIZE."""
    session = _Session(call)
    session.for_change = True
    size, lockopt = call.value("-L", "--size"), call.value("--lockopt")
    call.flag(*_FLAGS)
    names, wanted = _names(a for a in call.args if not a.startswith("-"))
    yield from session.begin()
    groups, code = yield from session.groups(names)
    for group in groups:
        for name in wanted.get(group.name, []):
            volume = group.volumes.get(name)
            if volume is None:
                call.err('  Failed to find logical volume "%s/%s"' % (group.name, name))
                return FAILED
            if lockopt != "shupdate" and not _exclusive(call, group, name):
                return FAILED
            mib = _mib(size.lstrip("+")) + (volume.mib if size.startswith("+") else 0)
            if mib == volume.mib:
                call.err("  New size (%d extents) matches existing size (%d extents)."
                         % ((mib // volumes.EXTENT_MIB,) * 2))
                return FAILED
            volume.mib = mib
            group.sequence += 1
            for node in call.cluster.nodes.values():
                mapping = volumes.mapping(node, group.name, name)
                if mapping and (node is call.node or group.kind == "clustered"):
                    mapping.mib = mib
            call.out("  Logical volume %s/%s successfully resized." % (group.name, name))
    return code


def _rename_volume(call):
    """lvrename VG OLD NEW."""
    session = _Session(call)
    session.for_change = True
    call.flag(*_FLAGS)
    vg, old, new = [a for a in call.args if not a.startswith("-")]
    yield from session.begin()
    groups, code = yield from session.groups([vg])
    for group in groups:
        if old not in group.volumes:
            call.err("  Existing logical volume \"%s\" not found in volume group \"%s\"" % (old, vg))
            return FAILED
        if new in group.volumes:
            call.err('  Logical Volume "%s" already exists in volume group "%s"' % (new, vg))
            return FAILED
        if not _exclusive(call, group, old):
            return FAILED
        volume = group.volumes.pop(old)
        volume.name = new
        group.volumes[new] = volume
        group.sequence += 1
        call.out('  Renamed "%s" to "%s" in volume group "%s"' % (old, new, vg))
    return code


def _mib(text):
    if text[-1:] in "bB" and text[:-1].isdigit():
        return int(text[:-1]) >> 20
    number, unit = text.rstrip("bBiI"), text.rstrip("bBiI")[-1:].lower()
    number = float(number.rstrip("kKmMgG"))
    return int(number * {"k": 1 / 1024, "g": 1024}.get(unit, 1))


def _create_volume(call):
    """lvcreate: a linear volume."""
    session = _Session(call)
    session.for_change = True
    name, size, extents = call.value("-n", "--name"), call.value("-L", "--size"), \
        call.value("-l", "--extents")
    tag = call.value("--addtag")
    for option in ("-W", "-Z", "--wipesignatures", "--zero"):
        call.value(option)
    skip = call.value("-k", "--setactivationskip") == "y"
    activation = activating.requested(call) or (True, None, False)
    call.flag(*_FLAGS)
    names, _ = _names(a for a in call.args if not a.startswith("-"))
    yield from session.begin()
    groups, code = yield from session.groups(names[:1])
    for group in groups:
        mib = _mib(size) if size else int(extents or 1) * volumes.EXTENT_MIB
        if group.kind == "shared" and not session.started(group):
            call.err("  Cannot access VG %s due to failed lock." % group.name)
            return FAILED
        if name in group.volumes:
            call.err('  Logical Volume "%s" already exists in volume group "%s"'
                     % (name, group.name))
            return FAILED
        if mib > volumes.free_extents(group) * volumes.EXTENT_MIB:
            call.err('  Volume group "%s" has insufficient free space (%d extents): %d required.'
                     % (group.name, volumes.free_extents(group), mib // volumes.EXTENT_MIB))
            return FAILED
        made = volumes.create_volume(call.cluster, group, name, mib, [tag] if tag else [])
        made.only = call.node.name if volumes.apart(call.cluster, call.node, group) else ""
        made.skip = [name for name in call.cluster.nodes if made.only in ("", name)] if skip else []
        blocks.metadata(call.cluster, call.node, group)
        if activation[0]:
            call.partial = False
            code = yield from activating.change(call, session, group, [name], activation, False)
        call.out('  Logical volume "%s" created.' % name)
    return code


def _remove_volume(call):
    """lvremove."""
    session = _Session(call)
    session.for_change = True
    call.flag(*_FLAGS)
    names, wanted = _names(a for a in call.args if not a.startswith("-"))
    yield from session.begin()
    groups, code = yield from session.groups(names)
    for group in groups:
        for name in wanted.get(group.name, []):
            if not (_free_elsewhere(call, group, name)
                    and activating.deactivate(call, group, name, False)):
                return FAILED
            group.volumes.pop(name, None)
            group.sequence += 1
            blocks.metadata(call.cluster, call.node, group)
            call.out('  Logical volume "%s" successfully removed.' % name)
    return code


def _create_group(call):
    """vgcreate on one DRBD device."""
    session = _Session(call)
    session.for_change = True
    shared, clustered = call.flag("--shared"), call.value("-c", "--clustered")
    call.flag(*_FLAGS)
    if clustered == "y" and session.local_only:
        call.err("  The --clustered option requires clvmd (locking_type=3).\n"
                 "  Run `vgcreate --help' for more information.")
        return 3
    yield from session.begin()
    words = [a for a in call.args if not a.startswith("-")]
    if shared and not session.connected:
        call.err("  Global lock failed: check that lvmlockd is running.")
        return FAILED
    resource = next((c.name for c in call.node.config.values()
                     if words[1].endswith("drbd%d" % c.minor)), None)
    if resource is None:
        call.err("  Cannot use %s: device is rejected by filter config" % words[1])
        return FAILED
    cluster_wide = call.cluster.generation == CLVMD and clustered != "n" and session.connected
    kind = "shared" if shared else "clustered" if cluster_wide else "local"
    volumes.create_group(call.cluster, words[0], resource, kind)
    call.out('  %solume group "%s" successfully created'
             % ("Clustered v" if kind == "clustered" else "V", words[0]))
    if kind == "shared":
        call.out("  VG %s starting dlm lockspace\n"
                 "  Starting locking.  Waiting until locks are ready..." % words[0])
        locking.join(call.cluster, call.node, "lvm_" + words[0])
    return 0


def _back_up(call):
    """vgcfgbackup -f FILE VG."""
    session = _Session(call)
    path = call.value("-f", "--file")
    call.flag(*_FLAGS)
    yield from session.begin()
    groups, code = yield from session.groups(call.args)
    for group in groups:
        call.node.files[path] = "%s {\nseqno = %d\n}\n# %s\n" % (
            group.name, group.sequence, " ".join(sorted(volumes.of(group, call.node))))
        call.out('  Volume group "%s" successfully backed up.' % group.name)
    return code


def _scan(call):
    session = _Session(call)
    yield from session.begin()
    return 0


@program("lvm", *_COMMANDS)
def lvm(call):
    """Every LVM command; ``lvm vgs`` is ``vgs``."""
    command = call.name
    if command == "lvm":
        command = call.args.pop(0) if call.args else "help"
        known = _COMMANDS if locking.version(call.node) >= (2, 2, 119) else \
            tuple(c for c in _COMMANDS if c != "lvmconfig")
        if command not in known and command not in ("--version", "config"):
            call.err("  No such command.  Try 'help'.")
            return 2
    if call.flag("--version"):
        command = "version"
    if _unknown_option(call, command):
        return 3
    try:
        if command in report.KIND:
            return (yield from _report(call, command))
        if command in ("lvmconfig", "dumpconfig", "config"):
            begin = _Session(call).begin()
            call.flag(*_FLAGS)
            return (yield from lvmsettings.configuration(call, command, begin))
        work = {"vgchange": _group_command, "lvchange": _volume_command,
                "lvcreate": _create_volume, "lvremove": _remove_volume,
                "lvextend": _extend_volume, "lvrename": _rename_volume,
                "vgcreate": _create_group, "version": lvmsettings.version,
                "vgcfgbackup": _back_up,
                "vgscan": _scan, "pvscan": _scan, "vgck": _scan}[command]
        return (yield from work(call))
    except _Stop as stop:
        return stop.code
