# SPDX-License-Identifier: GPL-2.0-or-later
"""The settings in /etc/lvm/lvm.conf, and how they get into a file that is there already.

Format: lvm.conf(5). A device is taken when any of its names is accepted, so a pattern of the
file's own like "a|.*|" would let DRBD's backing device in by another name: filters are
replaced, not extended.
"""

from dualstor.tools import lvmconf

TYPE_CHECKING = False   # only mypy sees what is imported there
if TYPE_CHECKING:
    from typing import Tuple, Union

    from dualstor.command.configure.model import Pair
    Value = Union[int, str, Tuple[str, ...]]

PATH = lvmconf.MAIN


def _patterns(pair: "Pair") -> "tuple[str, ...]":
    """Filter patterns: DRBD's devices, never their backing devices, which hold the same labels."""
    return tuple(f"a|^{drbd.device}$|" for drbd in pair.resources) + tuple(
        f"r|^{disk.replace('.', '[.]').replace('+', '[+]')}$|" for disk in pair.disks)


def settings(pair: "Pair") -> "dict[str, dict[str, Value]]":
    """{section: {name: value}}; a value is an int, text or a tuple of texts."""
    patterns = _patterns(pair)
    devices: "dict[str, Value]" = {"filter": patterns, "global_filter": patterns}
    if pair.generation.locking == "lvmlockd":
        devices["use_devicesfile"] = 0
        return {"devices": devices, "global": {"use_lvmlockd": 1, "event_activation": 0}}
    devices["write_cache_state"] = 0
    return {"devices": devices, "global": {
        "locking_type": 3, "fallback_to_clustered_locking": 0, "fallback_to_local_locking": 0,
        "use_lvmetad": 0}}


def _text(value: "Value") -> str:
    if isinstance(value, tuple):
        return f"[ {', '.join(_text(each) for each in value)} ]"
    if isinstance(value, int):
        return str(value)
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def render(pair: "Pair") -> str:
    """The settings alone, as text."""
    return merged("", pair)


def merged(text: str, pair: "Pair") -> str:
    """The text of an lvm.conf with our settings in it; all else stays as it is.

    :raises ParseError: it is not understood
    """
    found = lvmconf.understood(text, PATH)
    edits, added = [], ""     # (begin, end, the text in their place); sections that it lacks
    for section, values in settings(pair).items():
        lacking = dict(values)
        for setting in found.settings:
            place, _, name = setting.name.rpartition("/")
            if place == section and name in lacking:
                written = text[setting.begin:setting.end].partition("=")[0].rstrip()
                edits.append((setting.begin, setting.end,
                              f"{written} = {_text(lacking.pop(name))}"))
            elif place == section and name in values:
                edits.append(_without(text, setting))
        lines = "".join(f"\t{name} = {_text(value)}\n" for name, value in lacking.items())
        ends = [each.end for each in found.sections if each.name == section]
        if ends and lines:
            edits.append(_before(text, ends[0], lines))
        elif lines:
            added += f"{section} {{\n{lines}}}\n"
    for begin, end, new in sorted(edits, reverse=True):
        text = text[:begin] + new + text[end:]
    return text + ("\n" if added and text and not text.endswith("\n") else "") + added


def _without(text: str, setting: lvmconf.LvmconfSetting) -> "tuple[int, int, str]":
    """The edit that takes a setting out, with its line where nothing else is on it."""
    begin = text.rfind("\n", 0, setting.begin) + 1
    end = text.find("\n", setting.end) + 1 or len(text)
    if text[begin:setting.begin].strip() or text[setting.end:end].strip()[:1] not in ("", "#"):
        return setting.begin, setting.end, ""
    return begin, end, ""


def _before(text: str, brace: int, lines: str) -> "tuple[int, int, str]":
    """The edit that puts lines before the closing brace of a section."""
    begin = text.rfind("\n", 0, brace) + 1
    if not text[begin:brace].strip():
        return begin, begin, lines
    return len(text[:brace].rstrip()), brace, "\n" + lines
