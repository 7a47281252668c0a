# SPDX-License-Identifier: GPL-2.0-or-later
"""The lvm commands, 2.02.84 to 2.03: reports with typed rows, activation, locking.

Every command here but ``version`` and ``setting`` takes LVM's locks and hangs
where these are not granted: run them only when the node is quorate and the
lock daemon lives. LVM blocks SIGTERM meanwhile; the runner's SIGKILL ends it.
Sources: LVM2 lib/report/columns.h, lib/commands/errors.h, man/{vgs,lvs,pvs}.8.
"""

import re

from dualstor.errors import ParseError, ToolHung, ToolMissing
from dualstor.host.deadline import QUERY
from dualstor.record import Record, whole
from dualstor.tools import lvm_messages
from dualstor.tools.lvmsettings import setting as setting  # one more question to LVM

TYPE_CHECKING = False   # only mypy sees what is imported there
if TYPE_CHECKING:
    from typing import Iterable

    from dualstor.host.host import Host
    from dualstor.host.run import Completed

_SEPARATOR = "|"  # not in any name, tag or uuid
_FORMAT = ("--noheadings", "--nosuffix", "--units", "b", "--separator", _SEPARATOR)

#: First versions with a feature.
_ACTIVE_COLUMN, _GLOBAL_FILTER = (2, 2, 108), (2, 2, 98)

#: First version with lvmlockd; first without clvmd and clustered VGs.
WITH_LVMLOCKD, NO_CLVMD = (2, 2, 130), (2, 3, 0)
_DEVICES_FILE = (2, 3, 12)


class LvmOutcome(Record):
    """How a command went that may be tried again or done without.

    ``ok``: it did all it was asked, with cluster locks. ``hung`` and
    ``missing`` (no such program) are not ok. ``says``: what it said, one line.
    """

    ok: bool
    messages: "tuple[lvm_messages.Message, ...]" = ()
    says: str = ""
    hung: bool = False
    missing: bool = False

    def brief(self) -> "LvmOutcome":
        """The same without what it said line by line."""
        return self.but(messages=())

    @property
    def kinds(self) -> "frozenset[str]":
        """The kinds of its messages."""
        return lvm_messages.kinds(self.messages)

    @property
    def transient(self) -> bool:
        """Whether it failed of something that passes."""
        return not self.ok and bool(self.kinds & lvm_messages.TRANSIENT)


class LvmReport(Record):
    """What vgs, lvs or pvs answered: an LvmOutcome and rows of str, in the order asked for."""

    outcome: LvmOutcome
    rows: "tuple[tuple[str, ...], ...]" = ()


class VolumeGroup(Record):
    """A volume group; ``attr`` as vgs writes it, of 6 or more letters."""

    name: str
    uuid: str
    attr: str
    pv_count: int
    lv_count: int

    def _letter(self, position: int) -> str:
        return self.attr[position:position + 1]

    @property
    def exported(self) -> bool:
        """Whether no host may use it (vgexport)."""
        return self._letter(2) == "x"

    @property
    def partial(self) -> bool:
        """Whether a PV is missing."""
        return self._letter(3) == "p"

    @property
    def clustered(self) -> bool:
        """Whether clvmd locks it."""
        return self._letter(5) == "c"

    @property
    def shared(self) -> bool:
        """Whether lvmlockd locks it."""
        return self._letter(5) == "s"


class PhysicalVolume(Record):
    """A physical volume; ``name`` is a device, or e.g. "[unknown]" where it is missing."""

    name: str
    uuid: str
    attr: str
    vg: str

    @property
    def missing(self) -> bool:
        """Whether LVM does not find its device."""
        return self.attr[2:3] == "m" or not self.name.startswith("/")

    @property
    def duplicate(self) -> bool:
        """Whether another device has the same PV id."""
        return self.attr[:1] == "d"


class LogicalVolume(Record):
    """A visible logical volume; ``attr`` as lvs writes it, of 6 or more letters.

    ``active`` is where it is active, if LVM knows: "active", "locally",
    "remotely", "local exclusive", "remote exclusive" or "". ``size`` is in bytes.
    """

    name: str
    uuid: str
    attr: str
    size: int = 0
    tags: "tuple[str, ...]" = ()
    segment_types: "tuple[str, ...]" = ()
    active: "str | None" = None

    @property
    def id(self) -> str:
        """The uuid without hyphens, as device-mapper has it."""
        return self.uuid.replace("-", "")

    @property
    def type(self) -> str:
        """First letter of attr: "-" for plain volumes."""
        return self.attr[:1]

    @property
    def active_here(self) -> bool:
        """Whether it is active on this host."""
        return self.attr[4:5] not in ("-", "")

    @property
    def open(self) -> bool:
        """Whether something on this host has it open."""
        return self.attr[5:6] == "o"

    @property
    def skipped(self) -> bool:
        """Whether activation leaves it out (lvchange --setactivationskip)."""
        return self.attr[9:10] == "k"


def parse_version(text: str) -> "tuple[int, ...]":
    """(2, 3, 16) of the output of ``lvm version``.

    :raises ParseError: it holds no version
    """
    match = re.search(r"LVM version:\s*([0-9]+)\.([0-9]+)\.([0-9]+)", text)
    parts = (whole(part) for part in (match.groups() if match else ()))
    found = tuple(part for part in parts if part is not None)
    if len(found) < 3:
        raise ParseError("lvm version", text.strip().partition("\n")[0])
    return found


def version(host: "Host", timeout: float = QUERY) -> "tuple[int, ...]":
    """The version of LVM, as a tuple of three ints.

    :raises ToolError, ParseError: lvm is missing, hung, or says no version
    """
    return parse_version(host.run(("lvm", "version"), timeout).stdout)


def filter_name(lvm_version: "tuple[int, ...]") -> str:
    """The setting that keeps devices from all of LVM."""
    return "global_filter" if lvm_version >= _GLOBAL_FILTER else "filter"


def parse_rows(command: str, text: str, count: int) -> "tuple[tuple[str, ...], ...]":
    """The rows of a report, each a tuple of *count* str.

    Lines without any separator are LVM's remarks and left out.

    :raises ParseError: a row has another number of columns
    """
    rows: "list[tuple[str, ...]]" = []
    for line in text.splitlines():
        if _SEPARATOR not in line:
            if count == 1 and line.strip():
                rows.append((line.strip(),))
            continue
        row = tuple(field.strip() for field in line.split(_SEPARATOR))
        if len(row) != count:
            raise ParseError(command, line, f"{len(row)} columns where {count} were asked for")
        rows.append(row)
    return tuple(rows)


def _outcome(completed: "Completed") -> "LvmOutcome":
    messages = lvm_messages.classify(completed.stderr)
    unsafe = lvm_messages.kinds(messages) & lvm_messages.UNSAFE
    telling = [m.text for m in messages if m.kind not in lvm_messages.CONSEQUENCE]
    says = telling[0] if telling else completed.complaint()
    return LvmOutcome(ok=completed.ok and not unsafe, messages=messages, says=says)


def _run(host: "Host", argv: "tuple[str, ...]",
         timeout: "float | None") -> "tuple[LvmOutcome, str]":
    """(LvmOutcome, stdout) of a command; hanging and missing are outcomes too."""
    try:
        completed = host.run(argv, timeout)
    except ToolHung as problem:
        return LvmOutcome(ok=False, hung=True, says=str(problem)), ""
    except ToolMissing as problem:
        return LvmOutcome(ok=False, missing=True, says=str(problem)), ""
    return _outcome(completed), completed.stdout


def report(host: "Host", command: str, columns: "tuple[str, ...]", name: "str | None" = None,
           timeout: "float | None" = None, options: "tuple[str, ...]" = ()) -> "LvmReport":
    """Ask vgs, lvs or pvs for *columns*, of everything or of *name*.

    :param options: more options of the command
    :returns: LvmReport; rows may be there though the outcome is not ok
    :raises ParseError: the answer has another form
    """
    argv = (command,) + _FORMAT + options + ("-o", ",".join(columns)) + ((name,) if name else ())
    outcome, stdout = _run(host, argv, timeout)
    return LvmReport(outcome=outcome, rows=parse_rows(command, stdout, len(columns)))


class GroupReport(Record):
    """A volume group with its PVs; ``group`` is None when LVM does not show it."""

    outcome: LvmOutcome
    group: "VolumeGroup | None" = None
    devices: "tuple[PhysicalVolume, ...]" = ()


def _count(command: str, row: "tuple[str, ...]", text: str) -> int:
    number = whole(text)
    if number is None:
        raise ParseError(command, _SEPARATOR.join(row), f"not a number: {text}")
    return number


def group(host: "Host", vg: str, timeout: "float | None" = None) -> "GroupReport":
    """The volume group *vg* and its PVs in one question, as GroupReport."""
    columns = ("vg_name", "vg_uuid", "vg_attr", "pv_count", "lv_count",
               "pv_name", "pv_uuid", "pv_attr")
    answer = report(host, "vgs", columns, vg, timeout)
    if not answer.rows:
        outcome = answer.outcome
        return GroupReport(outcome=outcome if not outcome.ok else outcome.but(
            ok=False, says=f"vgs {vg}: no answer, though it ended with 0"))
    first = answer.rows[0]
    return GroupReport(
        outcome=answer.outcome,
        group=VolumeGroup(name=first[0], uuid=first[1], attr=first[2],
                          pv_count=_count("vgs", first, first[3]),
                          lv_count=_count("vgs", first, first[4])),
        devices=tuple(PhysicalVolume(name=r[5], uuid=r[6], attr=r[7], vg=r[0])
                      for r in answer.rows))


class VolumesReport(Record):
    """The visible LVs of a volume group; () with an outcome that is not ok says nothing.

    ``sequence``: the number that each change of the group's metadata increases; None without LVs.
    """

    outcome: LvmOutcome
    volumes: "tuple[LogicalVolume, ...]" = ()
    sequence: "int | None" = None


def volumes(host: "Host", vg: str, lvm_version: "tuple[int, ...]",
            timeout: "float | None" = None) -> "VolumesReport":
    """The visible logical volumes of *vg*, as VolumesReport."""
    columns: "tuple[str, ...]" = ("lv_name", "lv_uuid", "lv_attr", "lv_tags", "segtype",
                                  "lv_size", "vg_seqno")
    if lvm_version >= _ACTIVE_COLUMN:
        columns += ("lv_active",)
    answer = report(host, "lvs", columns, vg, timeout)
    found: "dict[str, tuple[tuple[str, ...], list[str]]]" = {}
    for row in answer.rows:  # one row per segment type
        found.setdefault(row[1], (row, []))[1].append(row[4])
    volumes_ = [LogicalVolume(name=row[0], uuid=row[1], attr=row[2], segment_types=tuple(types),
                              tags=tuple(t for t in row[3].split(",") if t),
                              size=_count("lvs", row, row[5]),
                              active=row[7] if len(row) > 7 else None)
                for row, types in found.values()]
    sequences = [_count("lvs", row, row[6]) for row in answer.rows]
    return VolumesReport(outcome=answer.outcome, sequence=max(sequences, default=None),
                         volumes=tuple(sorted(volumes_, key=lambda lv: lv.name)))


#: First letters of lv_attr of an LV that is a snapshot, or is being merged (lvs(8)).
_SNAPSHOTS = ("s", "S")


class Segment(Record):
    """A segment of a logical volume, also of a hidden one, whose ``lv`` is in brackets then.

    ``start`` and ``size`` in bytes of the LV; ``stripe``: bytes of a stripe, 0 where there are
    none. ``areas``: for each stripe (PV, first extent, last extent); for other types than linear
    and striped a hidden LV may be named in place of the PV.
    """

    lv: str
    uuid: str
    type: str
    start: int
    size: int
    stripe: int
    areas: "tuple[tuple[str, int, int], ...]"


class SegmentsReport(Record):
    """All segments of a VG; () with an outcome that is not ok says nothing."""

    outcome: LvmOutcome
    segments: "tuple[Segment, ...]" = ()


def _area(row: "tuple[str, ...]", word: str) -> "tuple[str, int, int]":
    """("/dev/drbd0", 4, 5) of "/dev/drbd0:4-5"."""
    name, _, range_ = word.rpartition(":")
    first, _, last = range_.partition("-")
    begin, end = whole(first), whole(last)
    if not name or begin is None or end is None or end < begin:
        raise ParseError("lvs", _SEPARATOR.join(row), f"no range of extents: {word}")
    return name, begin, end


def past_drbd(devices: "Iterable[str]", lvm_version: "tuple[int, ...]") -> "tuple[str, ...]":
    """Options of a command that reads a VG on these backing devices, without locks.

    For a node that is Secondary: nobody can open its DRBD device (lvmcmdline: "--readonly").
    """
    # not re.escape, which escapes "/" before Python 3.7
    names = [re.sub(r"[^\w/-]", r"\\\g<0>", each) for each in devices]
    wanted = ", ".join([f'"a|^{name}$|"' for name in names] + ['"r|.*|"'])
    settings = f"filter=[ {wanted} ] global_filter=[ {wanted} ]"
    if lvm_version >= _DEVICES_FILE:
        settings += " use_devicesfile=0"
    return ("--readonly", "--config", f"devices {{ {settings} }}")


def segments(host: "Host", vg: str, timeout: "float | None" = None,
             options: "tuple[str, ...]" = ()) -> "SegmentsReport":
    """Where the LVs of *vg* are on its PVs, as SegmentsReport.

    The segments of a snapshot are those in which LVM keeps what has changed, and linear for lvs:
    here they are of the type snapshot.

    :param options: more options of the command
    """
    columns = ("lv_name", "lv_uuid", "segtype", "seg_start", "seg_size", "stripesize",
               "seg_pe_ranges", "lv_attr")
    answer = report(host, "lvs", columns, vg, timeout, ("-a",) + options)
    return SegmentsReport(outcome=answer.outcome, segments=tuple(
        Segment(lv=row[0], uuid=row[1], start=_count("lvs", row, row[3]),
                type="snapshot" if row[7][:1] in _SNAPSHOTS else row[2],
                size=_count("lvs", row, row[4]), stripe=_count("lvs", row, row[5] or "0"),
                areas=tuple(_area(row, word) for word in row[6].split()))
        for row in answer.rows))


class Extents(Record):
    """A PV as its VG divides it, all in bytes but ``count``, the number of its extents.

    ``start``: where the first extent is; ``size``: of the device.
    """

    pv: str
    uuid: str
    start: int
    count: int
    size: int


class ExtentsReport(Record):
    """The PVs of a VG; () with an outcome that is not ok says nothing.

    ``sequence``: the number that each change of the VG's metadata increases; ``extent``: bytes;
    ``free``: bytes that no LV has.
    """

    outcome: LvmOutcome
    sequence: int = 0
    extent: int = 0
    free: int = 0
    devices: "tuple[Extents, ...]" = ()


def extents(host: "Host", vg: str, timeout: "float | None" = None,
            options: "tuple[str, ...]" = ()) -> "ExtentsReport":
    """How *vg* divides its PVs, as ExtentsReport; *options* as of ``segments``."""
    columns = ("vg_seqno", "vg_extent_size", "vg_free", "pv_name", "pv_uuid", "pe_start",
               "pv_pe_count", "dev_size")
    answer = report(host, "vgs", columns, vg, timeout, options)
    if not answer.rows:
        return ExtentsReport(outcome=answer.outcome.but(ok=False))
    first = answer.rows[0]
    return ExtentsReport(
        outcome=answer.outcome, sequence=_count("vgs", first, first[0]),
        extent=_count("vgs", first, first[1]), free=_count("vgs", first, first[2]),
        devices=tuple(Extents(pv=row[3], uuid=row[4], start=_count("vgs", row, row[5]),
                              count=_count("vgs", row, row[6]), size=_count("vgs", row, row[7]))
                      for row in answer.rows))


_DEACTIVATE = "-aln"  # on this host only


def activate(host: "Host", vg: str, how: str, names: "Iterable[str]", partial: bool = False,
             timeout: "float | None" = None) -> "LvmOutcome":
    """Activate the LVs *names* of *vg* on this host, in one command; active ones may be among them.

    :param how: "-asy", "-aly" or "-aey"
    :returns: LvmOutcome; ok does not prove that an LV is active here, device-mapper does
    """
    argv = ("lvchange", how) + (("--partial",) if partial else ())
    return _run(host, argv + tuple(f"{vg}/{name}" for name in names), timeout)[0]


def command(host: "Host", argv: "tuple[str, ...]", timeout: "float | None" = None) -> "LvmOutcome":
    """Run a command that a person has asked for, e.g. lvcreate with its options."""
    return _run(host, argv, timeout)[0]


def refresh(host: "Host", vg: str, names: "Iterable[str]",
            timeout: "float | None" = None) -> "LvmOutcome":
    """Have the active LVs *names* of *vg* on this host be as the metadata have them now."""
    argv = ("lvchange", "--refresh") + tuple(f"{vg}/{name}" for name in names)
    return _run(host, argv, timeout)[0]


def deactivate(host: "Host", vg: str, names: "Iterable[str]",
               timeout: "float | None" = None) -> "LvmOutcome":
    """Deactivate the LVs *names* of *vg* on this host; one that fails does not stop the rest."""
    argv = ("lvchange", _DEACTIVATE) + tuple(f"{vg}/{name}" for name in names)
    return _run(host, argv, timeout)[0]


def deactivate_group(host: "Host", vg: str, timeout: "float | None" = None) -> "LvmOutcome":
    """Deactivate all LVs of *vg* on this host; LVM does nothing where one of them is open."""
    return _run(host, ("vgchange", _DEACTIVATE, vg), timeout)[0]


def start_locking(host: "Host", vg: str, timeout: "float | None" = None) -> "LvmOutcome":
    """Join the lockspace of the shared *vg* and wait for it."""
    return _run(host, ("vgchange", "--lockstart", vg), timeout)[0]


def stop_locking(host: "Host", vg: str, timeout: "float | None" = None) -> "LvmOutcome":
    """Leave the lockspace of the shared *vg*."""
    return _run(host, ("vgchange", "--lockstop", vg), timeout)[0]
