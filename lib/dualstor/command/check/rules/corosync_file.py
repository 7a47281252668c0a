# SPDX-License-Identifier: GPL-2.0-or-later
"""corosync.conf as such: lines, values, the same on both hosts."""

import re

from dualstor.command.check.parsers import corosynckeys
from dualstor.command.check.parsers.corosyncconf import STORED
from dualstor.command.check.parsers.where import Where
from dualstor.command.check.rules.registry import ERROR, PAIR, WARNING, found, rule
from dualstor.command.check.view.corosync import KNET, UDP
from dualstor.command.check.view.seen import COROSYNC_CONF
from dualstor.record import whole

TYPE_CHECKING = False   # only mypy sees what is imported there
if TYPE_CHECKING:
    from typing import Any, Iterator

    from dualstor.command.check.parsers.corosyncconf import CorosyncSection
    from dualstor.command.check.rules.registry import Findings
    from dualstor.command.check.view.cluster import ClusterView
    from dualstor.command.check.view.host import HostView

_COMMENT = re.compile(r"(^|[ \t])#")
_RING = re.compile(r"^nodelist\.node\.ring[0-9]+_addr$")
#: Sections in which corosync 2 and 3 refuse other keys, and sections that need a key.
_ONLY = {"uidgid": ("uid", "gid"), "totem.interface.member": ("memberaddr",)}
_NEEDS = {"logging.logger_subsys": "subsys", "logging.logging_daemon": "name"}


def walk(section: "CorosyncSection", path: str = "") \
        -> "Iterator[tuple[str, CorosyncSection]]":
    """(path, section) of a section and of all in it."""
    yield path, section
    for inner in section.sections:
        yield from walk(inner, f"{path}.{inner.name}" if path else inner.name)


def _values(host: "HostView") -> "Iterator[tuple[str, str, Where]]":
    """(path, value, Where) of all values that count."""
    for path, section in walk(host.corosync.parsed[0]):
        for key, (value, where) in section.values.items():
            yield f"{path}.{key}" if path else key, value, where


def _overwritten(host: "HostView") -> "Iterator[tuple[str, str, Where]]":
    """The same of those that later ones overwrite, which corosync checks, too."""
    for path, section in walk(host.corosync.parsed[0]):
        for key, value, where, _ in section.replaced:
            full = f"{path}.{key}" if path else key
            if full not in corosynckeys.LATE and not _RING.match(full):
                yield full, value, where


@rule("COROSYNC-SYNTAX", ERROR, "corosync.conf can be parsed",
      why="corosync does not start with a file that it cannot parse.",
      fix="put each section's opening brace at the end of a line and its closing brace on a line "
          "of its own, then run `corosync -t` (corosync 1: start it and read its log)")
def syntax(host: "HostView") -> "Findings":
    for problem in () if host.corosync.accepted else host.corosync.parsed[1]:
        yield found(problem.where, problem.text)


def _refused(path: str, value: str, version: int) -> "str | None":
    """Why corosync refuses a value; None if it does not, or another rule reports it."""
    if path == "totem.version":
        return None     # COROSYNC-TOTEM
    if version >= 2 and _RING.match(path) and re.search(r"[ \t#]", value):
        return "it is no address"
    if version >= 3 and path == "logging.logger_subsys.subsys" and not STORED.match(value):
        return "it cannot be part of a key"
    return corosynckeys.refused(path, value, version)


@rule("COROSYNC-VALUE", ERROR, "corosync accepts each value",
      why="corosync does not start with a value that it refuses.",
      fix="correct the value as corosync.conf(5) has it, on both hosts; put comments on lines of "
          "their own: corosync takes a `#` behind a value as a part of it")
def value(host: "HostView") -> "Findings":
    version = host.corosync.version
    if host.corosync.accepted:
        return
    for path, text, where in list(_values(host)) + list(_overwritten(host)):
        reason = _refused(path, text, version)
        if reason:
            yield found(where, f'{path.rpartition(".")[2]} is "{text[:60]}": {reason}')
    for key, right in (("ttl", UDP), ("knet_link_priority", KNET)):
        for each in host.corosync.totem.named("interface"):
            if whole(each.get(key, "1")) not in (1, None) and host.corosync.transport != right:
                yield found(each.at(key),
                            f"{key} is {each.get(key)}: only transport {right} has it")
    for path, section in walk(host.corosync.parsed[0]) if version >= 2 else ():
        for key in section.values:
            if key not in _ONLY.get(path, (key,)):
                yield found(section.at(key), f"{key} is no key of section {section.name}")
        if path in _NEEDS and section.get(_NEEDS[path]) is None:
            yield found(section.where, f"section {section.name} has no {_NEEDS[path]}")


@rule("COROSYNC-NO-EFFECT", WARNING, "each line of corosync.conf does what it seems to",
      why="corosync ignores what it does not know without a message: an option that is misspelt or "
          "overwritten keeps another value than the file seems to say.",
      fix="correct or remove the line, on both hosts")
def no_effect(host: "HostView") -> "Findings":
    version = host.corosync.version
    for problem in host.corosync.parsed[0].unheeded:
        yield found(problem.where, problem.text)
    sections = list(walk(host.corosync.parsed[0]))
    for section in [each for _, each in sections] + list(host.corosync.interfaces.values()):
        for key, text, where, later in section.replaced:
            if text != section.get(key) and key not in ("linknumber", "ringnumber"):
                yield found(where, f"{key}: {text[:60]} has no effect: {key} in line {later.line} "
                                   "counts")
    for path, section in sections:
        if path == "totem.interface" and version >= 3 and section.get("linknumber") is None \
                and section.get("ringnumber", "0") != "0":
            yield found(section.at("ringnumber"), "corosync 3 ignores ringnumber: the section is "
                                                  "about link 0 until it has a linknumber")
    for path, text, where in _values(host):
        wrong = corosynckeys.astray(path, version)
        if wrong:
            yield found(where, wrong)
        elif _COMMENT.search(text) and not _refused(path, text, version) \
                and path not in corosynckeys.NUMBERS[version]:
            yield found(where, f'{path.rpartition(".")[2]} is "{text[:60]}": a # behind a value is '
                               "part of it")


@rule("COROSYNC-TOTEM", ERROR, "the totem section has version 2",
      why="2 is the only protocol version that corosync knows; it does not start without it.",
      fix="set `version: 2` in the totem section")
def totem(host: "HostView") -> "Findings":
    section = host.corosync.totem
    if section.get("version") != "2":
        yield found(section.at("version"), f"version is {section.get('version', 'not set')}")


#: Sections that may differ between hosts: they are about the host alone.
_OWN_SECTIONS = ("logging", "system", "uidgid", "resources", "pload", "qb", "aisexec")
#: Keys that may differ: corosync accepts an own address there, or wants an own number.
_OWN_KEYS = ("totem.interface.bindnetaddr", "totem.nodeid")


def _meaning(section: "CorosyncSection", path: str = "") -> "tuple[Any, ...]":
    """What a section says, whatever the order of keys and sections and the comments."""
    dotted = path + "." if path else ""
    values = sorted((key, text.lower() if "addr" in key else text)
                    for key, (text, _) in section.values.items() if dotted + key not in _OWN_KEYS)
    inner = sorted(_meaning(each, dotted + each.name) for each in section.sections
                   if path or each.name not in _OWN_SECTIONS)
    return (section.name, values, inner)


def _difference(mine: "CorosyncSection", theirs: "CorosyncSection", names: "tuple[str, str]") \
        -> str:
    """The first option that differs, as text."""
    both = [{f"{path}.{key}" if path else key: text for path, section in walk(top)
             if path.partition(".")[0] not in _OWN_SECTIONS
             for key, (text, _) in section.values.items()} for top in (mine, theirs)]
    for key in sorted(set(both[0]) | set(both[1])):
        one, other = (each.get(key, "not set") for each in both)
        if one != other and key not in _OWN_KEYS and not key.startswith("nodelist."):
            return f"{key} is {one[:40]} on {names[0]} and {other[:40]} on {names[1]}"
    return f"the content differs between {names[0]} and {names[1]}"


@rule("COROSYNC-SAME-FILE", ERROR, "both hosts have the same corosync.conf",
      why="Nodes with a different token, transport or quorum do not form one cluster.",
      fix="copy {file} from one host to the other, then `corosync-cfgtool -R`", scope=PAIR)
def same_file(cluster: "ClusterView") -> "Findings":
    first, second = cluster.hosts[:2]
    mine, theirs = first.corosync.parsed[0], second.corosync.parsed[0]
    if _meaning(mine) != _meaning(theirs):
        yield found(Where(COROSYNC_CONF), _difference(mine, theirs, (first.name, second.name)))


@rule("COROSYNC-SAME-NODEID", ERROR, "the hosts have different node ids",
      why="Two nodes with the same id expel each other from the cluster.",
      fix="give each host its own `nodeid:` in the totem section, or remove both: corosync makes "
          "one of the IPv4 address", scope=PAIR)
def same_nodeid(cluster: "ClusterView") -> "Findings":
    first, second = (host.corosync for host in cluster.hosts[:2])
    mine, theirs = first.totem.get("nodeid"), second.totem.get("nodeid")
    if first.version <= 2 and not first.addresses and mine is not None and mine == theirs:
        yield found(first.totem.at("nodeid"), f"both hosts have nodeid {mine}")
