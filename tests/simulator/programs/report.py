# SPDX-License-Identifier: GPL-2.0-or-later
"""The reports of vgs, lvs and pvs: columns, selection, and the forms LVM prints them in."""

from simulator import blocks, locking, volumes
from simulator.state import CLVMD

MIB = 1 << 20


class Row:
    """One line of a report: what its columns are made from."""

    def __init__(self, call, group=None, volume=None, device=None, units="", piece=0):
        self.call, self.group, self.volume, self.device = call, group, volume, device
        self.piece = piece      # which of the volume's segments
        self.units = units
        self.node, self.cluster = call.node, call.cluster

    def size(self, mib):
        """A size as the options ask for it."""
        if self.units.lower().startswith("b"):
            return "%d%s" % (mib * MIB, "" if "!" in self.units else "B")
        return "%.2f%s" % (mib, "" if "!" in self.units else "m")

    @property
    def mapping(self):
        return volumes.mapping(self.node, self.group.name, self.volume.name)

    @property
    def lock(self):
        return volumes.lock_of(self.node, self.group.name, self.volume.name)

    @property
    def their_lock(self):
        return volumes.lock_of(self.cluster.peer(self.node), self.group.name, self.volume.name)


#: First versions in which lv_attr and pv_attr have so many letters.
_LV_LETTERS = (((2, 2, 99), 10), ((2, 2, 98), 9), ((2, 2, 89), 8), ((0,), 6))
_PV_LETTERS = (((2, 2, 89), 3), ((0,), 2))


def _cut(row, text, letters):
    version = locking.version(row.node)
    return text[:next(count for since, count in letters if version >= since)]


def _lv_attr(row):
    mapping = row.mapping
    state = "-" if mapping is None else "s" if mapping.suspended else "a"
    return _cut(row, "-wi-%s%s---%s" % (state, "o" if mapping and mapping.openers else "-",
                                        "k" if row.node.name in row.volume.skip else "-"),
                _LV_LETTERS)


def _lv_active(row):
    if row.cluster.generation != CLVMD or row.group.kind != "clustered":
        return "active" if row.mapping else ""
    if row.mapping:
        return "local exclusive" if row.lock == "ex" else "locally"
    return {"ex": "remote exclusive", "sh": "remotely"}.get(row.their_lock, "")


def _remotely(row):
    if row.cluster.generation != CLVMD or row.group.kind != "clustered":
        return ""
    if row.mapping:
        return "unknown"
    return "active remotely" if row.their_lock else ""


def _exclusively(row):
    if row.cluster.generation == CLVMD and row.group.kind == "clustered":
        return "active exclusively" if "ex" in (row.lock, row.their_lock) else ""
    return "active exclusively" if row.mapping else ""


def _device_open(row):
    mapping = row.mapping
    if mapping is None:
        return "unknown"
    return "open" if mapping.openers else ""


def _vg_attr(row):
    group = row.group
    return "w%s%s%sn%s%s" % ("z", "x" if group.exported else "-",
                             "p" if group.missing_pv else "-",
                             {"shared": "s", "clustered": "c"}.get(group.kind, "-"),
                             "-" if row.node.odd_formats else "")


def _pv_attr(row):
    if row.device == "duplicate":
        return "d--"
    return _cut(row, "a-m" if row.group.missing_pv else "a--", _PV_LETTERS)


def pv_name(row):
    """The device on which LVM finds the group's physical volume."""
    if row.device == "duplicate":
        return "/dev/" + volumes.LOWER_DISK
    if row.group.missing_pv:
        return "[unknown]" if locking.version(row.node) >= (2, 2, 152) else "unknown device"
    return row.call.lower or "/dev/" + volumes.device(row.node, row.group)


def _pv_minor(row):
    name = pv_name(row)
    return name[len("/dev/drbd"):] if name.startswith("/dev/drbd") else "16"


def _free(row):
    return volumes.free_extents(row.group) * volumes.EXTENT_MIB


def _ranges(row):
    start, mib = row.volume.pieces[row.piece]
    first = (start - 2048) // 2048 // volumes.EXTENT_MIB
    return "%s:%d-%d" % (pv_name(row), first, first + mib // volumes.EXTENT_MIB - 1)


_SHARED = {"shared": "shared"}
_EMPTY = dict.fromkeys(
    ("pool_lv", "origin", "data_percent", "metadata_percent", "move_pv", "mirror_log",
     "copy_percent", "convert_lv", "vg_systemid", "lv_parent", "lv_health_status",
     "lv_skip_activation", "lv_host"), lambda row: "")

#: name -> what it shows; LVM also takes the names without ``vg_``/``lv_``/``pv_``.
_VALUES = dict(_EMPTY, **{
    "vg_name": lambda r: r.group.name,
    "vg_attr": _vg_attr,
    "vg_uuid": lambda r: r.group.uuid,
    "vg_size": lambda r: r.size(r.group.mib),
    "vg_free": lambda r: r.size(_free(r)),
    "vg_extent_size": lambda r: r.size(volumes.EXTENT_MIB),
    "vg_lock_type": lambda r: "dlm" if r.group.kind == "shared" else
                              "clvm" if r.group.kind == "clustered" else "",
    "vg_lock_args": lambda r: "1.0.0:lab" if r.group.kind == "shared" else "",
    "vg_shared": lambda r: _SHARED.get(r.group.kind, ""),
    "vg_clustered": lambda r: "clustered" if r.group.kind == "clustered" else "",
    "vg_partial": lambda r: "partial" if r.group.missing_pv else "",
    "vg_exported": lambda r: "exported" if r.group.exported else "",
    "vg_missing_pv_count": lambda r: str(int(r.group.missing_pv)),
    "vg_tags": lambda r: ",".join(r.group.tags),
    "vg_seqno": lambda r: str(r.group.sequence),
    "pv_count": lambda r: "1",
    "lv_count": lambda r: str(len(r.group.volumes)),
    "snap_count": lambda r: "0",
    "lv_name": lambda r: r.volume.name,
    "lv_full_name": lambda r: "%s/%s" % (r.group.name, r.volume.name),
    "lv_path": lambda r: "/dev/%s/%s" % (r.group.name, r.volume.name),
    "lv_dm_path": lambda r: "/dev/mapper/" + volumes.mapper_name(r.group.name, r.volume.name),
    "lv_uuid": lambda r: r.volume.uuid,
    "lv_attr": _lv_attr,
    "lv_size": lambda r: r.size(r.volume.mib),
    "lv_tags": lambda r: ",".join(r.volume.tags),
    "lv_active": _lv_active,
    "lv_active_locally": lambda r: "active locally" if r.mapping else "",
    "lv_active_remotely": _remotely,
    "lv_active_exclusively": _exclusively,
    "lv_lockargs": lambda r: "dlm" if r.group.kind == "shared" else "",
    "lv_role": lambda r: "public",
    "lv_layout": lambda r: "linear",
    "lv_device_open": _device_open,
    "lv_suspended": lambda r: "suspended" if r.mapping and r.mapping.suspended else "",
    "lv_kernel_major": lambda r: str(volumes.MAJOR) if r.mapping else "-1",
    "lv_kernel_minor": lambda r: str(r.mapping.minor) if r.mapping else "-1",
    "lv_permissions": lambda r: "writeable",
    "segtype": lambda r: "linear",
    "seg_type": lambda r: "linear",
    "devices": lambda r: "%s(%d)" % (pv_name(r), (r.volume.start - 2048) // 8192),
    "seg_start": lambda r: r.size(sum(mib for _, mib in r.volume.pieces[:r.piece])),
    "seg_size": lambda r: r.size(r.volume.pieces[r.piece][1]),
    "stripesize": lambda r: r.size(0),
    "seg_pe_ranges": _ranges,
    "pe_start": lambda r: r.size(1),
    "pv_pe_count": lambda r: str(r.group.mib // volumes.EXTENT_MIB),
    "dev_size": lambda r: r.size(0) if not r.units.lower().startswith("b")
    else str(blocks.SECTORS * 512),
    "pv_name": pv_name,
    "pv_uuid": lambda r: r.group.pv_uuid,
    "pv_fmt": lambda r: "lvm2",
    "pv_attr": _pv_attr,
    "pv_size": lambda r: r.size(r.group.mib),
    "pv_free": lambda r: r.size(_free(r)),
    "pv_missing": lambda r: "missing" if r.group.missing_pv else "",
    "pv_duplicate": lambda r: "duplicate" if r.device == "duplicate" else "",
    "pv_major": lambda r: "147" if pv_name(r).startswith("/dev/drbd") else "254",
    "pv_minor": _pv_minor,
    "pv_in_use": lambda r: "used",
})

#: name -> (heading, least width); other columns are as wide as what they hold.
_HEADINGS = {
    "vg_name": ("VG", 3), "vg_attr": ("Attr", 5), "vg_size": ("VSize", 5), "vg_free": ("VFree", 5),
    "pv_count": ("#PV", 3), "lv_count": ("#LV", 3), "snap_count": ("#SN", 3),
    "vg_clustered": ("Clustered", 10), "vg_shared": ("Shared", 6), "vg_lock_type": ("LockType", 8),
    "lv_name": ("LV", 4), "lv_attr": ("Attr", 5), "lv_size": ("LSize", 5), "pool_lv": ("Pool", 4),
    "origin": ("Origin", 6), "data_percent": ("Data%", 6), "metadata_percent": ("Meta%", 6),
    "move_pv": ("Move", 4), "mirror_log": ("Log", 3), "copy_percent": ("Cpy%Sync", 8),
    "convert_lv": ("Convert", 7), "lv_active": ("Active", 6), "lv_active_locally": ("ActLocal", 10),
    "lv_active_remotely": ("ActRemote", 10), "lv_active_exclusively": ("ActExcl", 10),
    "lv_lockargs": ("LLockArgs", 6), "lv_role": ("Role", 10), "lv_layout": ("Layout", 10),
    "lv_device_open": ("DevOpen", 10), "lv_uuid": ("LV UUID", 38), "vg_uuid": ("VG UUID", 38),
    "lv_tags": ("LV Tags", 7), "pv_name": ("PV", 10), "pv_fmt": ("Fmt", 3),
    "pv_attr": ("Attr", 4), "pv_size": ("PSize", 5), "pv_free": ("PFree", 5),
}
_NUMERIC = ("vg_size", "vg_free", "pv_count", "lv_count", "snap_count", "lv_size", "data_percent",
            "metadata_percent", "copy_percent", "pv_size", "pv_free", "lv_device_open",
            "lv_active_locally", "lv_active_remotely", "lv_active_exclusively", "vg_clustered")

DEFAULTS = {
    "vgs": "vg_name,pv_count,lv_count,snap_count,vg_attr,vg_size,vg_free",
    "lvs": "lv_name,vg_name,lv_attr,lv_size,pool_lv,origin,data_percent,metadata_percent,"
           "move_pv,mirror_log,copy_percent,convert_lv",
    "pvs": "pv_name,vg_name,pv_fmt,pv_attr,pv_size,pv_free",
}
KIND = {"vgs": "vg", "lvs": "lv", "pvs": "pv"}


#: First versions with a field.
_SINCE = dict.fromkeys(("lv_active", "lv_active_locally", "lv_active_remotely",
                        "lv_active_exclusively", "vg_clustered", "vg_partial", "vg_exported",
                        "lv_skip_activation"), (2, 2, 108))


def full_name(command, field, version=(2, 3, 16)):
    """The whole name of a field; None when that version of LVM does not know it.

    Underscores may be left out (lvmreport(7)).
    """
    asked = field.replace("_", "")
    for name in (field, *_VALUES):
        if name in _VALUES and version >= _SINCE.get(name, (0,)) and (
                name == field or name.replace("_", "") in (asked, KIND[command] + asked)):
            return name
    return None


def _selected(command, row, criteria):
    for criterion in criteria.replace("&&", ",").split(","):
        key, _, wanted = criterion.partition("=")
        value = _VALUES[full_name(command, key.strip())](row)
        wanted = wanted.strip().strip("\"'")
        if wanted in ("0", "1") and not value.isdigit():
            if bool(value) != (wanted == "1"):
                return False
        elif value != wanted:
            return False
    return True


def show(call, command, rows, options):
    """Print a report.

    :param options: dict of fields (list of whole names), bare, separator, json, prefixes,
        unquoted, select
    """
    rows = [r for r in rows if not options["select"] or
            _selected(command, r, options["select"])]
    fields = options["fields"]
    table = [[_VALUES[f](row) for f in fields] for row in rows]
    if options["json"]:
        _json(call, command, fields, table)
    elif options["prefixes"]:
        quote = "" if options["unquoted"] else "'"
        for line in table:
            call.out("  " + (options["separator"] or " ").join(
                "LVM2_%s=%s%s%s" % (f.upper(), quote, v, quote) for f, v in zip(fields, line)))
    else:
        _plain(call, fields, table, options)


def _json(call, command, fields, table):
    call.out('  {\n      "report": [\n          {\n              "%s": [' % KIND[command])
    for number, line in enumerate(table):
        cells = ", ".join('"%s":"%s"' % cell for cell in zip(fields, line))
        call.out("                  {%s}%s" % (cells, "," if number + 1 < len(table) else ""))
    call.out("              ]\n          }\n      ]\n  }")


def _plain(call, fields, table, options):
    if not table:
        return
    if options["separator"] is not None:
        if not options["bare"]:
            call.out("  " + options["separator"].join(_HEADINGS.get(f, (f, 0))[0] for f in fields))
        for line in table:
            call.out("  " + options["separator"].join(line))
        return
    headings = [_HEADINGS.get(f, (f, 0)) for f in fields]
    widths = []
    for column, (heading, least) in enumerate(headings):
        longest = max(len(line[column]) for line in table)
        widths.append(max(longest, least if not options["bare"] else 0,
                          0 if options["bare"] else len(heading)))
    if not options["bare"]:
        call.out("  " + " ".join(h.ljust(w) for (h, _), w in zip(headings, widths)))
    for line in table:
        cells = [v.rjust(w) if f in _NUMERIC else v.ljust(w)
                 for f, v, w in zip(fields, line, widths)]
        call.out("  " + " ".join(cells))
