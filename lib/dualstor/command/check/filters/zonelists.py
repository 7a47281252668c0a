# SPDX-License-Identifier: GPL-2.0-or-later
"""What firewall-cmd lists (firewall-cmd(1), firewalld.richlanguage(5))."""

import re

from dualstor.command.check.filters.zones import RichRule, Settings, priority
from dualstor.command.check.parsers.where import Where

TYPE_CHECKING = False   # only mypy sees what is imported there
if TYPE_CHECKING:
    from typing import Iterator

_WORD = re.compile(r'([A-Za-z-]+)(?:=(?:"([^"]*)"|\'([^\']*)\'|(\S+)))?')
_KEY = re.compile(r"^ {1,4}([a-z][a-z -]*):(.*)$")
_INVERTED = ("not", "NOT")


def listed_direct(text: str, source: str) -> "tuple[tuple[Where, tuple[str, ...]], ...]":
    """The rules that ``firewall-cmd --direct --get-all-rules`` prints."""
    found = []
    for number, line in enumerate(text.split("\n"), 1):
        words = line.split()
        if len(words) > 3:
            found.append((Where(source, number), tuple(words[:3] + words[4:])))
    return tuple(found)


def rich_rule(text: str, where: Where) -> RichRule:
    """A rich rule as text."""
    parts: "list[tuple[str, dict[str, str]]]" = []
    of_log = False
    for match in _WORD.finditer(text):
        name, *quoted = match.groups("")
        if "=" in match.group() and parts:
            parts[-1][1][name] = "".join(quoted)
        elif name in _INVERTED and parts:
            parts[-1][1]["invert"] = "true"
        elif name != "limit" or not of_log:     # that of a log limits only the log
            parts.append((name, {}))
            of_log = name in ("log", "nflog", "audit")
    return RichRule(where=where, parts=tuple(parts))


def _sections(text: str) -> "Iterator[tuple[int, str, list[str], list[str]]]":
    """(number of the line, name, attributes, lines) of each zone or policy in a list."""
    number, head, lines = 0, "", []     # type: int, str, list[str]
    for count, line in enumerate(text.split("\n"), 1):
        if line[:1].strip():
            if head:
                yield (number,) + _head(head) + (lines,)
            number, head, lines = count, line, []
        else:
            lines.append(line)
    if head:
        yield (number,) + _head(head) + (lines,)


def _head(line: str) -> "tuple[str, list[str]]":
    name, _, attributes = line.partition("(")
    return name.strip(), [each.strip() for each in attributes.rstrip(") ").split(",")]


def _values(lines: "list[str]", where: Where) \
        -> "tuple[dict[str, list[str]], tuple[RichRule, ...]]":
    """({key: words}, rich rules) of the lines of a zone or policy that begins at *where*."""
    values: "dict[str, list[str]]" = {}
    rules: "list[RichRule]" = []
    key = ""
    for number, line in enumerate(lines, (where.line or 0) + 1):
        match = _KEY.match(line)
        key, words = match.groups() if match else (key, line)
        if key == "rich rules" and words.strip():
            rules.append(rich_rule(words, where.but(line=number)))
        else:
            values.setdefault(key, []).extend(words.split())
    return values, tuple(rules)


def listed(text: str, source: str) -> "tuple[tuple[Settings, ...], str | None]":
    """(the zones or policies of a list, name of the default zone if it is said)."""
    found, default = [], None
    for number, name, attributes, lines in _sections(text):
        default = name if "default" in attributes else default
        where = Where(source, number)
        values, rules = _values(lines, where)

        def words(key: str, values: "dict[str, list[str]]" = values) -> "tuple[str, ...]":
            return tuple(values.get(key, ()))
        if "disabled" in attributes or words("disable") == ("yes",):
            continue
        found.append(Settings(
            name=name, where=where, rules=rules, target=(words("target") or ("default",))[0],
            services=words("services"), ports=_slashed(words("ports")),
            protocols=words("protocols"), source_ports=_slashed(words("source-ports")),
            forwarded=tuple(_forward(each) for each in words("forward-ports")),
            interfaces=words("interfaces"), sources=words("sources"),
            ingress=words("ingress-zones"), egress=words("egress-zones"),
            priority=priority((words("priority") or ("",))[0])))
    return tuple(found), default


def _slashed(words: "tuple[str, ...]") -> "tuple[tuple[str, str], ...]":
    """((protocol, ports), ...) of words such as 7788-7799/tcp."""
    return tuple((kind, ports) for ports, slash, kind in (word.partition("/") for word in words)
                 if slash)


def _forward(text: str) -> "tuple[str, str]":
    """(protocol, ports) of ``port=22:proto=tcp:toport=2222:toaddr=``."""
    values = dict(part.partition("=")[::2] for part in text.split(":"))
    return values.get("proto", ""), values.get("port", "")
