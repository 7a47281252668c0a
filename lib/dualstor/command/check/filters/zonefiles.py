# SPDX-License-Identifier: GPL-2.0-or-later
"""firewalld's files.

Sources: firewalld.zone(5), firewalld.policy(5), firewalld.service(5), firewalld.ipset(5),
firewalld.direct(5), firewalld.conf(5).
"""

import re

from dualstor.command.check.filters.ipset import IpSet
from dualstor.command.check.filters.zones import RichRule, Settings, priority
from dualstor.command.check.parsers import xml
from dualstor.command.check.parsers.where import Where

TYPE_CHECKING = False   # only mypy sees what is imported there
if TYPE_CHECKING:
    from typing import Mapping

    from dualstor.command.check.filters.zones import Services
    from dualstor.command.check.parsers.xml import Element

FOLDER = "/etc/firewalld/"


def _attributes(element: "Element") -> "dict[str, str]":
    return {str(name): str(value) for name, value in element.items()}


def _rich(element: "Element", path: str) -> RichRule:
    """A rich rule of a file."""
    parts = [("rule", _attributes(element))]
    for inner in element.iter():
        if inner is not element and isinstance(inner.tag, str):
            above = inner.getparent()
            of_log = above is not None and above.tag in ("log", "nflog", "audit")
            if not (inner.tag == "limit" and of_log):
                parts.append((inner.tag, _attributes(inner)))
    return RichRule(where=xml.at(element, path), parts=tuple(parts))


def _pairs(root: "Element", name: str) -> "tuple[tuple[str, str], ...]":
    """((protocol, ports), ...) of the elements of that name."""
    return tuple((each.get("protocol", ""), each.get("port", "")) for each in root.findall(name))


def _values(root: "Element", name: str, attribute: str) -> "tuple[str, ...]":
    return tuple(each.get(attribute, "") for each in root.findall(name))


def settings(text: str, path: str) -> "Settings | None":
    """A zone or a policy of a file; None if the file has neither."""
    root, problems = xml.parse(text, path)
    if root is None or problems or root.tag not in ("zone", "policy"):
        return None
    sources = [each.get("address") or each.get("mac") or "ipset:" + each.get("ipset", "")
               for each in root.findall("source")]
    return Settings(
        name=path.rpartition("/")[2].rpartition(".")[0], where=xml.at(root, path),
        target=root.get("target", "default"), services=_values(root, "service", "name"),
        ports=_pairs(root, "port"), protocols=_values(root, "protocol", "value"),
        source_ports=_pairs(root, "source-port"), forwarded=_pairs(root, "forward-port"),
        rules=tuple(_rich(each, path) for each in root.findall("rule")),
        interfaces=_values(root, "interface", "name"), sources=tuple(sources),
        ingress=_values(root, "ingress-zone", "name"), egress=_values(root, "egress-zone", "name"),
        priority=priority(root.get("priority")))


def services(files: "Mapping[str, str]") -> "Services":
    """The services of the host's own; one that includes others has their ports, too."""
    found: "dict[str, list[tuple[str, str]]]" = {}
    for path, text in files.items():
        if path.startswith(FOLDER + "services/"):
            root, _ = xml.parse(text, path)
            if root is not None and root.find("include") is None:
                name = path.rpartition("/")[2].rpartition(".")[0]
                narrow = root.find("destination") is not None
                found[name] = [] if narrow else list(_pairs(root, "port")) + [
                    (each, "") for each in _values(root, "protocol", "value")]
    return {name: tuple(pairs) for name, pairs in found.items()}


def ipsets(files: "Mapping[str, str]") -> "dict[str, IpSet]":
    """The sets of addresses in firewalld's files."""
    found = {}
    for path, text in files.items():
        if path.startswith(FOLDER + "ipsets/"):
            root, _ = xml.parse(text, path)
            if root is not None:
                parts = root.get("type", "").partition(":")[2].split(",")
                entries = tuple((each.text or "").strip() for each in root.findall("entry"))
                timed = any(each.get("name") == "timeout" for each in root.findall("option"))
                found[path.rpartition("/")[2].rpartition(".")[0]] = IpSet(
                    parts=tuple(parts), entries=entries, changing=timed)
    return found


def _placed(family: str, words: "list[str]") -> "tuple[str, ...]":
    """A command of iptables as (family, table, chain, words of the rule)."""
    table = "filter"
    if words[:1] in (["-t"], ["--table"]) and len(words) > 1:
        table, words = words[1], words[2:]
    if words[:1] and words[0] in ("-A", "-I", "--append", "--insert") and len(words) > 1:
        return (family, table, words[1]) + tuple(words[2:])
    return (family, table, "INPUT", "--other-command")


def direct(text: str, path: str) -> "tuple[tuple[Where, tuple[str, ...]], ...]":
    """The rules in direct.xml."""
    root, problems = xml.parse(text, path)
    found: "list[tuple[Where, tuple[str, ...]]]" = [
        (problem.where, ("ipv4", "filter", "INPUT", "--unreadable")) for problem in problems]
    for element in xml.elements(root, "rule", "passthrough"):
        words, family = (element.text or "").split(), element.get("ipv", "ipv4")
        found.append((xml.at(element, path), _placed(family, words)
                      if element.tag == "passthrough" else (
            family, element.get("table", "filter"), element.get("chain", "INPUT")) + tuple(words)))
    return tuple(found)


def value(text: str, name: str) -> "str | None":
    """A setting in firewalld.conf, or in a file for a shell."""
    match = re.search(rf"^[ \t]*{name}[ \t]*=[ \t]*[\"']?([^\s\"']+)", text, re.MULTILINE)
    return match.group(1) if match else None


def device(path: str, text: str) -> str:
    """The interface of a file ifcfg-NAME."""
    return value(text, "DEVICE") or path.rpartition("/ifcfg-")[2]
