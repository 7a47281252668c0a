# SPDX-License-Identifier: GPL-2.0-or-later
"""LVM of one host as the rules see it: settings with lines, version, reports."""

import re

from dualstor.command.check.parsers.where import Problem, Where
from dualstor.command.check.sources.wanted import REPORTS
from dualstor.command.check.view.lazy import lazy
from dualstor.command.check.view.seen import Unavailable
from dualstor.errors import ParseError
from dualstor.record import Record
from dualstor.tools.lvm import NO_CLVMD, parse_rows, parse_version
from dualstor.tools.lvmconf import Scan
from dualstor.tools.lvmsettings import FILES, LvmFiles, merged

TYPE_CHECKING = False   # only mypy sees what is imported there
if TYPE_CHECKING:
    from dualstor.command.check.view.seen import Seen
    from dualstor.tools.lvmconf import LvmconfSetting

CONF = FILES[0]
DEVICES = "/etc/lvm/devices/system.devices"

#: What LVM uses if nothing is set (lib/config/config_settings.h, defaults.h).
DEFAULTS = {
    "global/locking_type": "1", "global/fallback_to_local_locking": "1",
    "global/fallback_to_clustered_locking": "1", "global/use_lvmetad": "0",
    "global/use_lvmlockd": "0", "global/system_id_source": "none",
    "devices/write_cache_state": "1", "global/event_activation": "1", "devices/scan_lvs": "0",
}

#: Settings that are numbers, and those that are on or off: a number in quotes counts for nothing,
#: but for the latter LVM knows words.
_NUMBERS = ("global/locking_type",)
_SWITCHES = ("global/fallback_to_local_locking", "global/fallback_to_clustered_locking",
             "global/use_lvmetad", "global/use_lvmlockd", "global/event_activation",
             "devices/write_cache_state", "devices/use_devicesfile", "devices/scan_lvs")
_WORDS = {"y": "1", "yes": "1", "on": "1", "true": "1",
          "n": "0", "no": "0", "off": "0", "false": "0"}

#: What LVM says, with success, to a user who may not see anything.
_NOT_ROOT = "non-root user"

#: The first versions with global_filter, and with scan_lvs, which is off.
GLOBAL_FILTER, SCAN_LVS = (2, 2, 98), (2, 2, 182)



class Setting(Record):
    """A setting in effect: text, a tuple of text for a list, None if it is not set."""

    value: "str | tuple[str, ...] | None"
    where: Where
    given: bool

    @property
    def entries(self) -> "tuple[str, ...]":
        """The value as a list."""
        return (self.value,) if isinstance(self.value, str) else self.value or ()

    @property
    def origin(self) -> str:
        """What a finding adds to the value."""
        return "" if self.given else " (the default)"


class Lvm:
    """LVM of a host."""

    def __init__(self, host: "Seen") -> None:
        self._host = host

    @lazy
    def version(self) -> "tuple[int, ...] | None":
        """Its version as three numbers; None if it is not known."""
        try:
            return parse_version(self._host.output("lvm-version"))
        except (Unavailable, ParseError):
            return None

    @lazy
    def _files(self) -> LvmFiles:
        """What LVM makes of its files."""
        return merged(self._host.text, self._host.name)

    @property
    def problems(self) -> "tuple[Problem, ...]":
        """What could not be parsed: in each file the first, at which LVM gives up.

        :raises Unavailable: there is no lvm.conf
        """
        self._host.need(CONF)
        return tuple(Problem(Where(path, scan.problems[0].line), scan.problems[0].text)
                     for path, scan in self._files.scans.items() if scan.problems)

    @lazy
    def _effective(self) -> "dict[str, LvmconfSetting]":
        """The settings that LVM itself reports, including defaults; {} if it did not answer."""
        try:
            scan = Scan(self._host.output("lvm-settings"))
        except Unavailable:
            return {}
        return {setting.name: setting for setting in scan.settings}

    def setting(self, name: str) -> Setting:
        """The Setting *name*, e.g. "global/locking_type".

        :raises Unavailable: there is no file, and LVM did not answer
        """
        where, given = Where(CONF), name in self._files.settings
        if given:
            placed = self._files.settings[name]
            where = Where(placed.path, placed.setting.line)
            value, given_text = placed.setting.value, placed.setting.quoted
            if name in _SWITCHES and isinstance(value, str) and value.lower() in _WORDS:
                value, given_text = _WORDS[value.lower()], False
            if not (given_text and name in _NUMBERS + _SWITCHES):
                return Setting(value=value, where=where, given=True)
        elif name in self._effective:
            return Setting(value=self._effective[name].value, where=where, given=False)
        self._host.need(CONF)
        return Setting(value=DEFAULTS.get(name), where=where, given=False)

    def is_on(self, name: str) -> bool:
        """Whether a setting of 0 or 1 is 1."""
        return self.setting(name).value == "1"

    @property
    def old(self) -> bool:
        """Whether it is LVM 2.02, which has clvmd.

        :raises Unavailable: neither its version nor its settings are known
        """
        if self.version is not None:
            return self.version < NO_CLVMD
        if self.is_on("global/use_lvmlockd"):
            return False
        if self.setting("global/locking_type").given:
            return True
        return self._host.engine == "cman"

    @property
    def uses_devices_file(self) -> bool:
        """Whether a devices file replaces the filters: it is switched on, and there."""
        setting = self.setting("devices/use_devicesfile")
        return setting.value != "0" and self._host.text(DEVICES) is not None

    @property
    def scans_lvs(self) -> bool:
        """Whether LVM takes an LV for a PV; versions without the setting do."""
        if self.version is not None and self.version < SCAN_LVS:
            return True
        if self.version is None and self.old:
            return True
        return self.is_on("devices/scan_lvs")

    @lazy
    def device_names(self) -> "dict[str, Where]":
        """The device names in the devices file, with lines: {name: Where}."""
        found = {}
        for number, line in enumerate((self._host.text(DEVICES) or "").split("\n"), 1):
            for name in re.findall(r"\b(?:IDNAME|DEVNAME)=(/\S+)", line.partition("#")[0]):
                found[name] = Where(DEVICES, number)
        return found

    def rows(self, report: str) -> "list[dict[str, str]]":
        """The rows of vgs, pvs or lvs, each {column: text}.

        :raises Unavailable: it did not answer, or not in that form
        """
        columns = dict(REPORTS)[report]
        try:
            rows = parse_rows(report, self._host.output(report), len(columns))
        except ParseError as problem:
            raise Unavailable(str(problem)) from problem
        if not rows and _NOT_ROOT in self._host.answer(report)["stderr"]:
            raise Unavailable(f"{report}: only root sees what it reports")
        return [dict(zip(columns, row)) for row in rows]

    @property
    def groups(self) -> "dict[str, str]":
        """{name: attr} of the VGs that are on DRBD devices.

        :raises Unavailable: LVM did not answer
        """
        attrs = {row["vg_name"]: row["vg_attr"] for row in self.rows("vgs")}
        on_drbd = {row["vg_name"] for row in self.rows("pvs")
                   if row["pv_name"].startswith("/dev/drbd")}
        return {name: attrs[name] for name in sorted(on_drbd) if name in attrs}
