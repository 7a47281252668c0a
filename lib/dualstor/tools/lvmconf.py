# SPDX-License-Identifier: GPL-2.0-or-later
"""LVM's settings in effect: asked of LVM as its version allows, or read from lvm.conf.

Until 2.02.127 ``lvm dumpconfig`` takes LVM's locks like any other command: it is
refused with locking_type 3 while clvmd does not run, and hangs while that has no
quorum, which are the very moments at which the settings must be known. Then lvm.conf
itself is read.
Sources: LVM2 tools/{dumpconfig,lvmcmdline,commands.h}, libdm/libdm-config.c,
lib/config/{defaults.h,config_settings.h}, lvm.conf(5).
"""

import re

from dualstor.errors import ParseError, ToolHung
from dualstor.tools import lvm_messages

#: Later files rule; tags' files (lvm_TAG.conf) are not looked at.
FILES = ("/etc/lvm/lvm.conf", "/etc/lvm/lvmlocal.conf")

#: First versions with ``lvmconfig``, and with its ``--type full`` that shows defaults too.
_LVMCONFIG, _FULL = (2, 2, 119), (2, 2, 123)

#: First version that tells a setting without a lock.
_LOCKLESS = (2, 2, 128)

#: What an older LVM takes for a setting that lvm.conf does not have.
_DEFAULTS = {"global/locking_type": "1", "global/fallback_to_local_locking": "1",
             "global/use_lvmetad": "0"}

_NOT_SET = "Configuration node"
_DEPTH = 20     # sections within sections; LVM has three

_TOKEN = re.compile(r"""
    (?P<skip> \s+ | \#[^\n]* )
  | "(?P<quoted> (?: [^"\\] | \\. )* )"
  | '(?P<plain> [^']* )'
  | (?P<mark> [{}=\[\],] )
  | (?P<word> [^\s{}=\[\],\#"']+ )
""", re.VERBOSE)


def _tokens(text, source):
    """(kind, text, line number) of the tokens of a configuration: word, quoted or mark."""
    position, line = 0, 1
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            raise ParseError(source, text[position:].partition("\n")[0],
                             f"line {line} is not understood")
        kind = match.lastgroup
        if kind != "skip":
            yield "quoted" if kind == "plain" else kind, match.group(kind), line
        line += match.group().count("\n")
        position = match.end()


def parse(text, source=FILES[0]):
    """The settings in the text of an lvm.conf, as a dict of "section/name" to text.

    A list stands as it is written, without blanks. Of two settings of one name the last rules.

    :raises ParseError: it is cut off or something else
    """
    found, path, key, listed = {}, [], None, None
    for kind, word, line in _tokens(text, source):
        if listed is not None:          # within [ ... ]
            listed.append(f"\"{word}\"" if kind == "quoted" else word)
            if kind == "mark" and word == "]":
                found["/".join(path + [key])] = "".join(listed)
                key = listed = None
        elif kind != "mark":
            if key is None:
                key, equals = word, False
            elif equals:
                found["/".join(path + [key])] = word
                key = None
            else:
                raise ParseError(source, f"{key} {word}", f"line {line} lacks a \"=\"")
        elif word == "=" and key is not None:
            equals = True
        elif word == "[" and key is not None:
            listed = [word]
        elif word == "{" and len(path) >= _DEPTH:
            raise ParseError(source, word, f"line {line}: sections are nested too deeply")
        elif word == "{" and key is not None:
            path.append(key)
            key = None
        elif word == "}" and key is None and path:
            path.pop()
        else:
            raise ParseError(source, word, f"line {line} does not expect this")
    if path or key is not None:
        raise ParseError(source, "/".join(path + [key or ""]), "cut off within")
    return found


def read(host):
    """The settings in lvm.conf of this host, as ``parse`` gives them; {} when there is none.

    :raises ParseError: a file is not understood
    """
    found = {}
    for path in FILES:
        found.update(parse(host.read(path) or "", path))
    return found


def parse_setting(text):
    """The value in ``name=value`` as dumpconfig prints it, quotes removed.

    :raises ParseError: it is something else
    """
    line = text.strip().partition("\n")[0]
    _, equals, value = line.partition("=")
    if not equals:
        raise ParseError("lvm dumpconfig", line, "expected \"name=value\"")
    return value.strip().strip('"')


def setting(host, name, lvm_version, timeout=5.0):
    """The value in effect of a setting, e.g. "devices/use_devicesfile"; takes no lock.

    :returns: text, None where this LVM has no such setting
    :raises ToolError: lvm is missing or hung, or gives no answer
    :raises ParseError: its answer has another form, or LVM refused the question and its
        lvm.conf is not understood
    """
    command = ("lvm", "lvmconfig" if lvm_version >= _LVMCONFIG else "dumpconfig")
    if lvm_version >= _FULL:
        command += ("--type", "full")
    default = _DEFAULTS.get(name) if lvm_version < _FULL else None
    try:
        completed = host.within(2, lambda: host.run(command + (name,), timeout))
    except ToolHung:
        if lvm_version >= _LOCKLESS:
            raise
        return read(host).get(name, default)
    if completed.ok:
        return parse_setting(completed.answer())
    if "no daemon" in lvm_messages.kinds(lvm_messages.classify(completed.stderr)):
        return read(host).get(name, default)
    return default if _NOT_SET in completed.stderr else None
