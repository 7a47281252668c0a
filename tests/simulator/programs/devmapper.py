# SPDX-License-Identifier: GPL-2.0-or-later
"""dmsetup 1.02."""

from simulator import kernelfiles
from simulator.programs import program
from simulator.volumes import MAJOR


def _rows(call):
    return sorted(call.node.mappings.items())


def _info(call):
    separator = call.value("--separator") or " "
    fields = call.value("-o", "--options")
    bare = call.flag("--noheadings")
    call.flag("--noflush", "-c", "-C", "--columns", "--noopencount", "--nolockfs")
    wanted = [a for a in call.args if not a.startswith("-")]
    rows = [(n, m) for n, m in _rows(call) if not wanted or n in wanted]
    if wanted and not rows:
        call.err("Device %s not found\nCommand failed." % wanted[0])
        return 1
    if not rows:
        call.out("No devices found")
        return 0
    if fields and bare:
        for name, mapping in rows:
            values = {"name": name, "uuid": mapping.uuid, "open": str(len(mapping.openers)),
                      "attr": "L--w" if not mapping.suspended else "L-sw",
                      "major": str(MAJOR), "minor": str(mapping.minor),
                      "suspended": "Suspended" if mapping.suspended else "Active",
                      "vg_name": mapping.vg, "lv_name": mapping.lv}
            call.out(separator.join(values.get(f, "") for f in fields.split(",")))
        return 0
    call.out("%-16s Maj Min Stat Open Targ Event  %-68s" % ("Name", "UUID"))
    for name, mapping in rows:
        call.out("%-16s %3d %3d %s %4d %4d %6d %s" % (
            name, MAJOR, mapping.minor, "L-sw" if mapping.suspended else "L--w",
            len(mapping.openers), 1, 0, mapping.uuid))
    return 0


@program("dmsetup")
def dmsetup(call):
    """dmsetup ls, info, table, status, deps, remove, resume."""
    yield 0.02
    command = call.args.pop(0) if call.args else "help"
    if command == "info":
        return _info(call)
    if command in ("remove", "resume", "suspend"):
        names = [a for a in call.args if not a.startswith("-")]
        return _change(call, command, names)
    if command not in ("ls", "table", "status", "deps"):
        call.err("Unknown command.")
        return 1
    if not call.node.mappings:
        call.out("No devices found")
        return 0
    for name, mapping in _rows(call):
        group = call.cluster.groups[mapping.vg]
        volume = group.volumes.get(mapping.lv)
        sectors = (volume.mib if volume else 16) * 2048
        if command == "ls":
            call.out("%s\t(%d:%d)" % (name, MAJOR, mapping.minor))
        elif command == "deps":
            call.out("%s: 1 dependencies\t: (%s)" % (name, mapping.below))
        else:
            call.out("%s: 0 %d linear %s" % (name, sectors, "" if command == "status" else
                                             "%d:%d %d" % (kernelfiles.number(mapping.below)
                                                           + (volume.start if volume else 0,))))
    return 0


def _change(call, command, names):
    for name in names:
        mapping = call.node.mappings.get(name)
        if mapping is None:
            call.err("Device %s not found\nCommand failed." % name)
            return 1
        if command != "remove":
            mapping.suspended = command == "suspend"
        elif mapping.openers:
            call.err("device-mapper: remove ioctl on %s  failed: Device or resource busy\n"
                     "Command failed." % name)
            return 1
        else:
            del call.node.mappings[name]
    return 0
