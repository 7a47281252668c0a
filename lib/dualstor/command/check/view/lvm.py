# SPDX-License-Identifier: GPL-2.0-or-later
"""LVM of one host as the rules look at it: settings with lines, version, reports."""

import re

from dualstor.command.check.parsers import lvmconf
from dualstor.command.check.parsers.where import Where
from dualstor.command.check.sources.wanted import REPORTS
from dualstor.command.check.view.lazy import lazy
from dualstor.command.check.view.seen import Unavailable
from dualstor.errors import ParseError
from dualstor.record import Record
from dualstor.tools.lvm import parse_rows, parse_version

CONF, LOCAL = "/etc/lvm/lvm.conf", "/etc/lvm/lvmlocal.conf"
DEVICES = "/etc/lvm/devices/system.devices"

#: What LVM takes where nothing is set (lib/config/config_settings.h, defaults.h).
DEFAULTS = {
    "global/locking_type": "1", "global/fallback_to_local_locking": "1",
    "global/fallback_to_clustered_locking": "1", "global/use_lvmetad": "0",
    "global/use_lvmlockd": "0", "global/system_id_source": "none",
    "devices/write_cache_state": "1", "global/event_activation": "1",
}

#: What LVM says, with success, to a user who may not see anything.
_NOT_ROOT = "non-root user"

NO_CLVMD, GLOBAL_FILTER = (2, 3, 0), (2, 2, 98)


class Setting(Record):
    """A setting in effect: text, a tuple of text for a list, None when it is not set."""

    value: object
    where: Where
    given: bool


class Lvm:
    """LVM of a host; ``host`` is a view.host.Host."""

    def __init__(self, host):
        self._host = host

    @lazy
    def version(self):
        """Its version as a tuple of three ints; None when it is not known."""
        try:
            return parse_version(self._host.output("lvm-version"))
        except (Unavailable, ParseError):
            return None

    @lazy
    def _files(self):
        """({name: (value, Where)}, Problems) of the files, the local one going first."""
        settings, problems = {}, []
        for path in (CONF, LOCAL):
            text = self._host.text(path)
            if text is not None:
                found, wrong = lvmconf.parse(text, path)
                settings.update(found)
                problems.extend(wrong)
        return settings, tuple(problems)

    @property
    def problems(self):
        """What the parser stumbled over.

        :raises Unavailable: there is no lvm.conf
        """
        self._host.need(CONF)
        return self._files[1]

    @lazy
    def _effective(self):
        """The settings that LVM itself tells, defaults included; {} when it was not asked."""
        try:
            return lvmconf.parse(self._host.output("lvm-settings"), "lvm dumpconfig")[0]
        except Unavailable:
            return {}

    def setting(self, name):
        """The Setting *name*, e.g. "global/locking_type".

        :raises Unavailable: neither a file nor LVM tells
        """
        settings = self._files[0]
        if name in settings:
            value, where = settings[name]
            return Setting(value=value, where=where, given=True)
        if name in self._effective:
            return Setting(value=self._effective[name][0], where=Where(CONF), given=False)
        self._host.need(CONF)
        return Setting(value=DEFAULTS.get(name), where=Where(CONF), given=False)

    def is_on(self, name):
        """Whether a setting of 0 or 1 is 1."""
        return self.setting(name).value == "1"

    @property
    def old(self):
        """Whether it is LVM 2.02, which has clvmd.

        :raises Unavailable: neither its version nor its settings tell
        """
        if self.version is not None:
            return self.version < NO_CLVMD
        if self.is_on("global/use_lvmlockd"):
            return False
        if self.setting("global/locking_type").given:
            return True
        return self._host.engine == "cman"

    @property
    def uses_devices_file(self):
        """Whether a devices file rules in place of the filters."""
        setting = self.setting("devices/use_devicesfile")
        if setting.value is not None:
            return setting.value == "1"
        return self._host.text(DEVICES) is not None

    @lazy
    def device_names(self):
        """The device names in the devices file, with lines: {name: Where}."""
        found = {}
        for number, line in enumerate((self._host.text(DEVICES) or "").split("\n"), 1):
            for name in re.findall(r"\b(?:IDNAME|DEVNAME)=(/\S+)", line.partition("#")[0]):
                found[name] = Where(DEVICES, number)
        return found

    def rows(self, report):
        """The rows of vgs, pvs or lvs, each {column: text}.

        :raises Unavailable: it did not answer, or not in that form
        """
        columns = dict(REPORTS)[report]
        try:
            rows = parse_rows(report, self._host.output(report), len(columns))
        except ParseError as problem:
            raise Unavailable(str(problem))
        if not rows and _NOT_ROOT in self._host.answer(report)["stderr"]:
            raise Unavailable(f"{report}: only root sees what it reports")
        return [dict(zip(columns, row)) for row in rows]

    @property
    def groups(self):
        """{name: attr} of the VGs that lie on DRBD devices.

        :raises Unavailable: LVM did not tell
        """
        attrs = {row["vg_name"]: row["vg_attr"] for row in self.rows("vgs")}
        on_drbd = {row["vg_name"] for row in self.rows("pvs")
                   if row["pv_name"].startswith("/dev/drbd")}
        return {name: attrs[name] for name in sorted(on_drbd) if name in attrs}


#: A pattern of a filter: a or r, a delimiter, a regular expression.
_PATTERN = re.compile(r"^([ar])(.)(.*)$", re.DOTALL)
_CLOSING = {"(": ")", "[": "]", "{": "}"}
#: What LVM's matcher does in a straight line and Python's may take ages for.
_REPEATED_GROUP = re.compile(r"\)[*+{]")
_LONGEST, _REPEATS = 200, 4


def passes(patterns, names):
    """Whether a filter lets a device through.

    For each name of the device the first pattern that fits decides. One name that is
    accepted is enough; otherwise one that is rejected is (lib/filters/filter-regex.c).

    :param patterns: texts such as "a|^/dev/drbd|"
    :param names: all names of the device
    :raises Unavailable: a pattern cannot be judged here
    """
    verdicts = {_first_fit(patterns, name) for name in names}
    return "a" in verdicts or "r" not in verdicts


def _first_fit(patterns, name):
    """"a" or "r" of the first pattern that fits a name; None when none does."""
    for text in (patterns,) if isinstance(patterns, str) else patterns:
        match = _PATTERN.match(text)
        closing = match and _CLOSING.get(match.group(2), match.group(2))
        if not match or not match.group(3).endswith(closing):
            raise Unavailable(f"lvm.conf: the pattern {text[:60]} of a filter is not of the form "
                            "\"a|regex|\"")
        regex = match.group(3)[:-len(closing)]
        if len(regex) > _LONGEST or _REPEATED_GROUP.search(regex) \
                or len(re.findall(r"[*+{]", regex)) > _REPEATS:
            raise Unavailable(f"lvm.conf: the pattern {text[:60]} of a filter is too involved")
        try:
            hit = re.search(regex, name)
        except (re.error, OverflowError, RecursionError):
            raise Unavailable(f"lvm.conf: the pattern {text[:60]} of a filter is not understood")
        if hit:
            return match.group(1)
    return None
