# SPDX-License-Identifier: GPL-2.0-or-later
"""LVM's settings in effect: asked of LVM as its version allows, or read from its files.

Until 2.02.127 ``lvm dumpconfig`` takes LVM's locks like any other command: it is
refused with locking_type 3 while clvmd does not run, and hangs while that has no
quorum, which are the very moments at which the settings must be known. Then its files
themselves are read.
Sources: LVM2 tools/{dumpconfig,lvmcmdline,commands.h}, lib/commands/toolcontext.c (files, tags),
lib/config/config.c (merge_config_tree), lib/config/{defaults.h,config_settings.h}, lvm.conf(5).
"""

from dualstor.errors import ParseError, ToolHung
from dualstor.host.deadline import QUERY
from dualstor.record import Record
from dualstor.tools import lvm_messages, lvmconf

TYPE_CHECKING = False   # only mypy sees what is imported there
if TYPE_CHECKING:
    from typing import Callable, Iterator

    from dualstor.host.host import Host
    from dualstor.tools.lvmconf import LvmconfSetting, Scan

#: Read one after the other; then lvm_TAG.conf of each tag of the host.
FILES = (lvmconf.MAIN, "/etc/lvm/lvmlocal.conf")
_OF_TAG = "/etc/lvm/lvm_{}.conf"
_MOST_TAGS = 50
#: Lists of which a later file puts its own items in front; all else it replaces.
_PREPENDED = ("devices/filter", "devices/types", "activation/volume_list")

#: First versions with ``lvmconfig``, and with its ``--type full`` that shows defaults too.
_LVMCONFIG, _FULL = (2, 2, 119), (2, 2, 123)

#: First version that answers without a lock.
_LOCKLESS = (2, 2, 128)

#: What an older LVM takes for a setting that lvm.conf does not have.
_DEFAULTS = {"global/locking_type": "1", "global/fallback_to_local_locking": "1",
             "global/use_lvmetad": "0"}

_NOT_SET = "Configuration node"


# -- the files ---------------------------------------------------------------------


class Placed(Record):
    """A setting and the file that it is from; of a list that files share, the last of them."""

    setting: "LvmconfSetting"
    path: str


class LvmFiles(Record):
    """All files: ``settings`` by "section/name"; ``scans``: path -> Scan, in the order read."""

    settings: "dict[str, Placed]"
    scans: "dict[str, Scan]"


def merged(read: "Callable[[str], str | None]", hostname: str) -> LvmFiles:
    """What LVM makes of its files.

    :param read: returns the text of a file, None if there is none
    :param hostname: the name that decides about tags
    """
    found: "dict[str, Placed]" = {}
    scans: "dict[str, Scan]" = {}
    tags: "list[str]" = []
    for path in _paths(tags):
        text = read(path)
        if text is None:
            continue
        scans[path] = lvmconf.Scan(text)
        tags += [tag for tag in _tags(scans[path], hostname) if tag not in tags]
        for setting in _of_host(scans[path], tags):
            old = found.get(setting.name)
            if old is not None and old.path != path and setting.name in _PREPENDED:
                setting = setting.but(value=_items(setting) + _items(old.setting))
            found[setting.name] = Placed(setting, path)
    return LvmFiles(found, scans)


def _paths(tags: "list[str]") -> "Iterator[str]":
    """The files; *tags* may grow while they are read."""
    yield from FILES
    for number in range(_MOST_TAGS):
        if number < len(tags):
            yield _OF_TAG.format(tags[number])


def _items(setting: "LvmconfSetting") -> "tuple[str, ...]":
    """The value as a list."""
    return (setting.value,) if isinstance(setting.value, str) else setting.value


def _tags(scan: "Scan", hostname: str) -> "list[str]":
    """The tags that a file gives the host."""
    values = {setting.name: setting for setting in scan.settings}
    by_name = values.get("tags/hosttags")
    found = [hostname] if by_name is not None and by_name.value not in ("0", ()) else []
    for section in scan.sections:
        place, _, tag = section.name.partition("/")
        if place == "tags" and tag and "/" not in tag:
            hosts = [values[name] for name in (f"tags/{tag}/host_list", f"tags/{tag}/hostlist")
                     if name in values]
            if not hosts or any(hostname in _items(one) for one in hosts):
                found.append(tag.lstrip("@"))
    return found


def _of_host(scan: "Scan", tags: "list[str]") -> "Iterator[LvmconfSetting]":
    """The settings of a file in sections that are for all hosts, or for one of these tags."""
    asked = {setting.name.partition("/")[0]: [item.lstrip("@") for item in _items(setting)]
             for setting in scan.settings if setting.name.endswith("/tags")
             and setting.name.count("/") == 1}
    for setting in scan.settings:
        section = setting.name.partition("/")[0]
        if section not in asked or set(asked[section]) & set(tags):
            yield setting


def read(host: "Host") -> "dict[str, str | tuple[str, ...]]":
    """The settings in the files of this host, by "section/name"; {} when there is none.

    A list is a tuple.

    :raises ParseError: a file is not understood
    """
    def text(path: str) -> "str | None":
        found = host.read(path)
        if found is not None:
            lvmconf.understood(found, path)
        return found
    files = merged(text, (host.read("/proc/sys/kernel/hostname") or "").strip())
    return {name: placed.setting.value for name, placed in files.settings.items()}


# -- the settings in effect --------------------------------------------------------


def parse_setting(text: str) -> str:
    """The value in ``name=value`` as dumpconfig prints it, quotes removed.

    :raises ParseError: it is something else
    """
    line = text.strip().partition("\n")[0]
    _, equals, value = line.partition("=")
    if not equals:
        raise ParseError("lvm dumpconfig", line, "expected \"name=value\"")
    return value.strip().strip('"')


def setting(host: "Host", name: str, lvm_version: "tuple[int, ...]",
            timeout: float = QUERY) -> "str | None":
    """The value in effect of a setting, e.g. "devices/use_devicesfile"; takes no lock.

    :returns: text, None where this LVM has no such setting
    :raises ToolError: lvm is missing or hung, or gives no answer
    :raises ParseError: its answer has another form, or LVM refused the question and its
        lvm.conf is not understood
    """
    command: "tuple[str, ...]" = ("lvm", "lvmconfig" if lvm_version >= _LVMCONFIG else "dumpconfig")
    if lvm_version >= _FULL:
        command += ("--type", "full")
    default = _DEFAULTS.get(name) if lvm_version < _FULL else None
    try:
        completed = host.within(2, lambda: host.run(command + (name,), timeout))
    except ToolHung:
        if lvm_version >= _LOCKLESS:
            raise
        return _in_files(host, name, default)
    if completed.ok:
        return parse_setting(completed.answer())
    if "no daemon" in lvm_messages.kinds(lvm_messages.classify(completed.stderr)):
        return _in_files(host, name, default)
    return default if _NOT_SET in completed.stderr else None


def _in_files(host: "Host", name: str, default: "str | None") -> "str | None":
    """A setting's text in the files; LVM does not take a list for one either."""
    value = read(host).get(name)
    return value if isinstance(value, str) else default
