# SPDX-License-Identifier: GPL-2.0-or-later
"""The rule set that ``nft -j list ruleset`` prints (libnftables-json(5))."""

import json

from dualstor.command.check.filters import chains, nftstate
from dualstor.command.check.filters.nftmatch import Match, Set
from dualstor.command.check.filters.nftrule import VERDICTS, NftRule
from dualstor.command.check.filters.nfttokens import NotUnderstood
from dualstor.command.check.parsers.where import Where

TYPE_CHECKING = False   # only mypy sees what is imported there
if TYPE_CHECKING:
    from typing import Any

    from dualstor.command.check.filters.nftmatch import Element, Selector

#: Statements that decide nothing, and those that stop some packets.
_PLAIN = frozenset(("counter", "log", "notrack", "mangle", "ct helper", "ct timeout",
                    "ct expectation", "set", "map", "comment", "dup", "flow", "secmark"))
_LIMITING = frozenset(("limit", "quota", "ct count", "meter"))
_LAST_PORT = 65535


class _Odd(Exception):
    """A form that is not known here."""


def _only(value: "Any") -> "tuple[str, Any]":
    """(key, value) of an object with one key."""
    if not isinstance(value, dict) or len(value) != 1:
        raise _Odd()
    (key, inner), = value.items()
    return key, inner


def _text(value: "Any") -> str:
    """A value, a range or a prefix, as one text."""
    if isinstance(value, bool):
        return "exists" if value else "missing"
    if isinstance(value, (int, str)):
        return str(value)
    key, inner = _only(value)
    if key == "range" and len(inner) == 2:
        return f"{_text(inner[0])}-{_text(inner[1])}"
    if key == "prefix":
        return f"{inner['addr']}/{inner['len']}"
    if key == "elem":
        return _text(inner["val"])
    raise _Odd()


def _element(value: "Any") -> "Element":
    while isinstance(value, dict) and "elem" in value:
        value = value["elem"]["val"]
    if isinstance(value, dict) and "concat" in value:
        return tuple(_text(part) for part in value["concat"])
    return (_text(value),)


def _verdict(value: "Any") -> str:
    if value == "continue" or not isinstance(value, dict):
        raise _Odd()
    key, inner = _only(value)
    if key in ("jump", "goto"):
        return f"{chains.JUMP if key == 'jump' else chains.GOTO}{inner['target']}"
    if key not in VERDICTS:
        raise _Odd()
    return VERDICTS[key]


def _set(items: "Any") -> Set:
    """A set or a map: in a map each item is [element, verdict or value]."""
    elements, verdicts = [], []
    for item in items if isinstance(items, list) else [items]:
        if isinstance(item, list) and len(item) == 2:
            elements.append(_element(item[0]))
            try:
                verdicts.append(_verdict(item[1]))
            except _Odd:
                verdicts.append(chains.OBSCURE)
        else:
            elements.append(_element(item))
    return Set(elements=tuple(elements), verdicts=tuple(verdicts))


def _selector(value: "Any") -> "Selector":
    key, inner = _only(value)
    if key == "payload" and "protocol" in inner:
        return inner["protocol"], inner["field"]
    if key in ("meta", "ct"):
        return key, inner["key"].split()[-1]    # "ip saddr" of ct
    if key == "fib":
        named = inner["flags"]
        return ("fib",) + tuple(named if isinstance(named, list) else [named]) + (inner["result"],)
    if key in ("tcp option", "ip option", "exthdr", "rt", "socket", "osf", "numgen", "ipsec"):
        return key, "any"
    raise _Odd()


def _selectors(value: "Any") -> "tuple[Selector, ...]":
    if isinstance(value, dict) and "concat" in value:
        return tuple(_selector(part) for part in value["concat"])
    return (_selector(value),)


def _flags(value: "Any") -> "tuple[str, ...]":
    """Flags: one, a list, or {"|": [...]}."""
    if isinstance(value, dict):
        key, value = _only(value)
        if key != "|":
            raise _Odd()
    return tuple(_text(each) for each in (value if isinstance(value, list) else [value]))


def _match(value: "Any") -> Match:
    sign, left, right = value["op"], value["left"], value["right"]
    if isinstance(left, dict) and "&" in left:
        selector, mask = left["&"]
        if sign not in ("==", "!="):
            raise _Odd()
        return Match((_selector(selector),), (_flags(right),), negated=sign == "!=",
                     mask=_flags(mask))
    selectors = _selectors(left)
    if isinstance(right, str) and right.startswith("@"):
        return Match(selectors, negated=sign == "!=", name=right[1:])
    if sign in ("<", "<=", ">", ">=") and isinstance(right, int):
        low, high = {"<": (0, right - 1), "<=": (0, right), ">": (right + 1, _LAST_PORT),
                     ">=": (right, _LAST_PORT)}[sign]
        return Match(selectors, ((f"{low}-{high}",),))
    if sign not in ("==", "!=", "in"):
        raise _Odd()
    if isinstance(right, dict) and "set" in right:
        right = right["set"]
    elif isinstance(right, dict) and "|" in right:
        right = list(_flags(right))
    values = tuple(_element(each) for each in (right if isinstance(right, list) else [right]))
    return Match(selectors, values, negated=sign == "!=")


def _rule(expressions: "Any", where: Where) -> NftRule:
    found, matches = NftRule(where=where), []   # type: NftRule, list[Match]
    for expression in expressions:
        try:
            key, value = _only(expression)
            if key == "match":
                matches.append(_match(value))
            elif key == "vmap":
                data = value["data"]
                named = isinstance(data, str) and data.startswith("@")
                found = found.but(vmap=(_selectors(value["key"]),
                                        data[1:] if named else _set(data["set"])))
            elif key in _LIMITING or (key == "set" and "stmt" in value):
                found = found.but(unsure=True)
            elif key not in _PLAIN:
                found = found.but(verdict=_verdict(expression))
        except (_Odd, KeyError, TypeError, ValueError, AttributeError):
            found = found.but(obscure=True)
            if "vmap" in expression or "xt" in expression:
                found = found.but(verdict=chains.OBSCURE)
    return found.but(matches=tuple(matches))


def _add(ruleset: nftstate.Ruleset, kind: str, value: "Any", where: Where) -> None:
    """Add one object of the document."""
    if kind == "table":
        flags = value.get("flags", [])
        ruleset.table(value["family"], value["name"]).dormant = "dormant" in flags
        return
    if kind not in ("chain", "rule", "set", "map"):
        return
    table = ruleset.table(value["family"], value["table"])
    if kind == "rule":
        table.chain(value["chain"]).rules.append(_rule(value["expr"], where))
    elif kind == "chain":
        chain = table.chain(value["name"])
        chain.type, chain.hook = value.get("type", ""), value.get("hook", "")
        chain.policy = VERDICTS.get(value.get("policy", "accept"), chains.ACCEPT)
        named = value.get("dev", [])
        chain.devices = tuple(named if isinstance(named, list) else [named])
        chain.where = where
    else:
        try:
            found = _set(value.get("elem", []))
        except (_Odd, KeyError, TypeError):
            found = Set(obscure=True)
        changing = {"dynamic", "timeout"} & set(value.get("flags", []))
        table.sets[value["name"]] = found.but(changing=bool(changing))


def parse(text: str, source: str) -> nftstate.Ruleset:
    """The Ruleset in a JSON document.

    :param source: the command that printed it
    :raises NotUnderstood: it is something else
    """
    ruleset = nftstate.Ruleset()
    try:
        for item in json.loads(text)["nftables"]:
            for kind, value in item.items():
                names = [str(value[key]) for key in ("family", "table", "chain", "handle")
                         if key in value] if isinstance(value, dict) else []
                _add(ruleset, kind, value, Where(f"{source}: {kind} {' '.join(names)}".strip()))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as problem:
        raise NotUnderstood(Where(source), "not the JSON of nft") from problem
    return ruleset
