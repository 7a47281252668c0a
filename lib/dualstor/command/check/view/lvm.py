# SPDX-License-Identifier: GPL-2.0-or-later
"""LVM of one host as the rules see it: settings with lines, version, reports."""

import re

from dualstor.command.check.parsers import lvmconf
from dualstor.command.check.parsers.where import Where
from dualstor.command.check.sources.wanted import REPORTS
from dualstor.command.check.view.lazy import lazy
from dualstor.command.check.view.seen import Unavailable
from dualstor.errors import ParseError
from dualstor.record import Record
from dualstor.tools.lvm import NO_CLVMD, parse_rows, parse_version

TYPE_CHECKING = False   # only mypy sees what is imported there
if TYPE_CHECKING:
    from typing import Iterable, Match

    from dualstor.command.check.parsers.where import Problem
    from dualstor.command.check.view.seen import Seen

CONF, LOCAL = "/etc/lvm/lvm.conf", "/etc/lvm/lvmlocal.conf"
DEVICES = "/etc/lvm/devices/system.devices"

#: What LVM uses if nothing is set (lib/config/config_settings.h, defaults.h).
DEFAULTS = {
    "global/locking_type": "1", "global/fallback_to_local_locking": "1",
    "global/fallback_to_clustered_locking": "1", "global/use_lvmetad": "0",
    "global/use_lvmlockd": "0", "global/system_id_source": "none",
    "devices/write_cache_state": "1", "global/event_activation": "1",
}

#: What LVM says, with success, to a user who may not see anything.
_NOT_ROOT = "non-root user"

#: The first version with global_filter.
GLOBAL_FILTER = (2, 2, 98)


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
    def _files(self) -> "tuple[lvmconf.Settings, tuple[Problem, ...]]":
        """({name: (value, Where)}, Problems) of the files; the local one overrides."""
        settings: "lvmconf.Settings" = {}
        problems: "list[Problem]" = []
        for path in (CONF, LOCAL):
            text = self._host.text(path)
            if text is not None:
                found, wrong = lvmconf.parse(text, path)
                settings.update(found)
                problems.extend(wrong)
        return settings, tuple(problems)

    @property
    def problems(self) -> "tuple[Problem, ...]":
        """What could not be parsed.

        :raises Unavailable: there is no lvm.conf
        """
        self._host.need(CONF)
        return self._files[1]

    @lazy
    def _effective(self) -> "lvmconf.Settings":
        """The settings that LVM itself reports, including defaults; {} if it did not answer."""
        try:
            return lvmconf.parse(self._host.output("lvm-settings"), "lvm dumpconfig")[0]
        except Unavailable:
            return {}

    def setting(self, name: str) -> Setting:
        """The Setting *name*, e.g. "global/locking_type".

        :raises Unavailable: there is no file, and LVM did not answer
        """
        settings = self._files[0]
        if name in settings:
            value, where = settings[name]
            return Setting(value=value, where=where, given=True)
        if name in self._effective:
            return Setting(value=self._effective[name][0], where=Where(CONF), given=False)
        self._host.need(CONF)
        return Setting(value=DEFAULTS.get(name), where=Where(CONF), given=False)

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
        """Whether a devices file replaces the filters."""
        setting = self.setting("devices/use_devicesfile")
        if setting.value is not None:
            return setting.value == "1"
        return self._host.text(DEVICES) is not None

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


#: A pattern of a filter: a or r, a delimiter, a regular expression.
_PATTERN = re.compile(r"^([ar])(.)(.*)$", re.DOTALL)
_CLOSING = {"(": ")", "[": "]", "{": "}"}
#: What LVM's matcher does in linear time, and for which Python's may need very long.
_REPEATED_GROUP = re.compile(r"\)[*+{]")
_LONGEST, _REPEATS = 200, 4


def passes(patterns: "Iterable[str]", names: "Iterable[str]") -> bool:
    """Whether a filter accepts a device.

    For each name of the device the first pattern that matches decides. One accepted name
    is enough; otherwise one rejected name is (lib/filters/filter-regex.c).

    :param patterns: texts such as "a|^/dev/drbd|"
    :param names: all names of the device
    :raises Unavailable: a pattern cannot be evaluated here
    """
    verdicts = {_first_fit(patterns, name) for name in names}
    return "a" in verdicts or "r" not in verdicts


def _first_fit(patterns: "Iterable[str]", name: str) -> "str | None":
    """"a" or "r" of the first pattern that matches a name; None if none does."""
    for text in patterns:
        filtering = f"lvm.conf: the pattern {text[:60]} of a filter is"
        match = _PATTERN.match(text)
        regex = match and _regex(match)
        if match is None or regex is None:
            raise Unavailable(f'{filtering} not of the form "a|regex|"')
        if len(regex) > _LONGEST or _REPEATED_GROUP.search(regex) \
                or len(re.findall(r"[*+{]", regex)) > _REPEATS:
            raise Unavailable(f"{filtering} too complex")
        try:
            hit = re.search(regex, name)
        except (re.error, OverflowError, RecursionError) as problem:
            raise Unavailable(f"{filtering} not a regular expression") from problem
        if hit:
            return match.group(1)
    return None


def _regex(match: "Match[str]") -> "str | None":
    """What is between the delimiters of a pattern; None if the second is missing."""
    delimiter, rest = match.group(2), match.group(3)
    closing = _CLOSING.get(delimiter, delimiter)
    return rest[:-len(closing)] if rest.endswith(closing) else None
