# SPDX-License-Identifier: GPL-2.0-or-later
"""The settings in /etc/lvm/lvm.conf, and how they get into a file that is there already.

Format: lvm.conf(5). A device is taken when any of its names is accepted, so a pattern of the
file's own like "a|.*|" would let the disk below DRBD in by another name: filters are
replaced, not extended.
"""

import re

from dualstor.errors import ParseError

PATH = "/etc/lvm/lvm.conf"

_SECTION = re.compile(r"\s*(\w+)\s*\{\s*(?:#.*)?$")
_END = re.compile(r"\s*\}")
_SETTING = re.compile(r"(\s*)(\w+)\s*=")
_ELSEWHERE = re.compile(r"\s*(\w+)\s*(?:\{\s*[^#\s]|/\s*\w+\s*=)")


def _patterns(pair):
    """Filter patterns: DRBD's device, never the disk below it, which holds the same labels."""
    return (f"a|^{pair.drbd.device}$|",) + tuple(
        f"r|^{disk.replace('.', '[.]').replace('+', '[+]')}$|" for disk in pair.disks)


def settings(pair):
    """{section: {name: value}}; a value is an int, text or a tuple of texts."""
    patterns = _patterns(pair)
    devices = {"filter": patterns, "global_filter": patterns}
    if pair.generation.locking == "lvmlockd":
        devices["use_devicesfile"] = 0
        return {"devices": devices, "global": {"use_lvmlockd": 1, "event_activation": 0}}
    devices["write_cache_state"] = 0
    return {"devices": devices, "global": {
        "locking_type": 3, "fallback_to_clustered_locking": 0, "fallback_to_local_locking": 0,
        "use_lvmetad": 0}}


def _text(value):
    if isinstance(value, tuple):
        return f"[ {', '.join(_text(each) for each in value)} ]"
    if isinstance(value, int):
        return str(value)
    return '"%s"' % value.replace("\\", "\\\\").replace('"', '\\"')


def render(pair):
    """The settings alone, as text."""
    lines = []
    for section, values in settings(pair).items():
        lines += [f"{section} {{"]
        lines += [f"\t{name} = {_text(value)}" for name, value in values.items()]
        lines += ["}"]
    return "\n".join(lines) + "\n"


def _take(lines, start):
    """(the text after "=" of the setting at *start*, index of the line after it); lists may span."""
    text, end = lines[start].partition("=")[2], start + 1
    while text.count("[") > text.count("]") and end < len(lines):
        text += lines[end]
        end += 1
    return text, end


def merged(text, pair):
    """The text of an lvm.conf with our settings in it; all else stays as it is.

    :raises ParseError: it has a setting of ours in a form that is not edited here
    """
    wanted = settings(pair)
    done = {section: set() for section in wanted}
    lines, out, section, index = text.splitlines(True), [], None, 0
    while index < len(lines):
        line = lines[index]
        index += 1
        opens, names, other = (r.match(line) for r in (_SECTION, _SETTING, _ELSEWHERE))
        if section is None and other and other.group(1) in wanted:
            raise ParseError(PATH, line.strip(), "write this section on lines of their own first")
        if section is None and opens:
            section = opens.group(1)
        elif section is not None and _END.match(line):
            out += _missing(wanted.get(section, {}), done.get(section, set()))
            section = None
        elif names and names.group(2) in wanted.get(section, {}):
            indent, name = names.groups()
            index = _end(lines, index)
            if name not in done[section]:
                done[section].add(name)
                out.append(_line(indent, name, wanted[section][name]))
            continue
        out.append(line)
    if out and not out[-1].endswith("\n"):
        out.append("\n")
    for name, values in wanted.items():
        if set(values) - done[name]:
            out += [f"{name} {{\n"] + _missing(values, done[name]) + ["}\n"]
    return "".join(out)


def _end(lines, index):
    """Index of the line after the setting that ends or goes on before *index*: a list may span."""
    text = lines[index - 1]
    while text.count("[") > text.count("]") and index < len(lines):
        text += lines[index]
        index += 1
    return index


def _line(indent, name, value):
    return f"{indent}{name} = {_text(value)}\n"


def _missing(values, done):
    """Lines for the settings that a section lacks; they count as done then."""
    lines = [_line("\t", name, value) for name, value in values.items() if name not in done]
    done.update(values)
    return lines
