# SPDX-License-Identifier: GPL-2.0-or-later
"""Whether the words after an option of DRBD's configuration are such as ``drbdtable`` says.

Sources: drbd.conf(5) and drbd-utils: user/v9/drbdadm_parser.c, drbdadm_scanner.fl,
user/v9/config_flags.c, user/shared/shared_tool.c. Words count as they are written; only the
protocol may be in lower case. A number may have one of the units s, k, M, G, in either case.
"""

import re

from dualstor.record import whole
from dualstor.tools import drbdaddress, drbdwords
from dualstor.tools.drbdtable import FAMILIES

TYPE_CHECKING = False   # only mypy sees what is imported there
if TYPE_CHECKING:
    from typing import Callable, Sequence

    from dualstor.tools.drbdtree import Word

    Check = Callable[[Sequence[Word], str], "str | None"]

_NUMBER = re.compile(r"([0-9]+)([skKmMgG]?)$")
_SHIFTS = {"": 0, "s": 9, "k": 10, "m": 20, "g": 30}
_SCALES = {"": 0, "s": 9, "k": 10}
_RANGE = re.compile(r"(?:([ks]):)?([0-9]+)\.\.([0-9]+)$")
_DRBD = ("/dev/drbd", "drbd")


def _names(words: "Sequence[Word]", generation: str) -> "str | None":
    if not words:
        return "a name is missing"
    return next(filter(None, (drbdwords.name(word, generation) for word in words)), None)


def _name(words: "Sequence[Word]", generation: str) -> "str | None":
    return _one(words) or drbdwords.name(words[0], generation)


def _one(words: "Sequence[Word]") -> "str | None":
    if not words:
        return "a value is missing"
    if len(words) > 1:
        return f"no \";\" follows \"{words[0]}\""
    return None


def _integer(least: int, most: int) -> "Check":
    def check(words: "Sequence[Word]", generation: str) -> "str | None":
        wrong = _one(words)
        if wrong:
            return wrong
        if words[0].quoted or not drbdwords.INTEGER.match(words[0]):
            return f"\"{words[0]}\" is not a number"
        return _within(words[0], 0, least, most)
    return check


def _device(words: "Sequence[Word]", generation: str) -> "str | None":
    minor = words[-1:] if words[-2:-1] == ("minor",) else ()
    name = words[:-2] if minor else words
    if minor:
        wrong = _integer(0, (1 << 20) - 1)(minor, generation)
    else:
        wrong = _one(name)
    if wrong or not name:
        return wrong
    if len(name) > 1:
        return f"no \";\" follows \"{name[0]}\""
    return drbdwords.name(name[0], generation) or (_named(name[0], minor[0]) if minor else None)


def _named(name: str, minor: str) -> "str | None":
    """What is wrong with a device's name next to an explicit minor number."""
    number = name.rpartition("drbd")[2]
    if not name.startswith(_DRBD):
        return f"the name {name} does not begin with /dev/drbd"
    if number.startswith("_") or (whole(number) is not None and whole(number) == whole(minor)):
        return None
    return f"minor {minor} is not that of {name}"


def _meta_disk(words: "Sequence[Word]", generation: str) -> "str | None":
    path, bracket, index = " ".join(words).partition("[")
    path, index = path.strip(), index.replace(" ", "")
    if words and words[0].quoted and words[0] == "".join(words):
        return None
    if bracket:
        good = drbdwords.PLAIN.match(path) and re.match(r"[0-9]{1,8}\]$", index) \
            and path != "internal" and not drbdwords.keyword(words[0], generation)
        return None if good else f"\"{' '.join(words)}\" is neither DEVICE nor DEVICE[NUMBER]"
    if generation == "8.3" and len(words) == 1 and path != "internal":
        return f"DRBD 8.3 needs an index, as in {path}[0], or flexible-meta-disk"
    return _name(words, generation)


def _address(words: "Sequence[Word]", generation: str) -> "str | None":
    return drbdaddress.complaint(words)


def _host(words: "Sequence[Word]", generation: str) -> "str | None":
    """``host NAME [address ADDRESS | port NUMBER] [via ...]``, without its first word."""
    rest = list(words)
    plain = [str(word) for word in rest]
    if "via" in plain:
        rest = rest[:plain.index("via")]
    if rest and (drbdwords.IPV4.match(rest[0].partition(":")[0]) or plain[0] in FAMILIES):
        return drbdaddress.complaint(rest)      # of ``address ADDRESS via ...``
    wrong = _names(rest[:1], generation)
    if wrong or len(rest) == 1:
        return wrong
    if rest[1] == "address":
        return drbdaddress.complaint(rest[2:])
    if rest[1] == "port":
        return _integer(1, 65535)(rest[2:], generation)
    return f"no \";\" follows \"{rest[0]}\""


def _proxy(words: "Sequence[Word]", generation: str) -> "str | None":
    return _names(words[1:], generation) if words[:1] == ("on",) else "\"on HOST\" is missing"


def _anything(words: "Sequence[Word]", generation: str) -> "str | None":
    return None


def _optional(words: "Sequence[Word]", generation: str) -> "str | None":
    return _name(words, generation) if words else None


def _version(words: "Sequence[Word]", generation: str) -> "str | None":
    wrong = _one(words)
    if wrong or re.match(r"[0-9]+\.[0-9]+\.[0-9]+$", words[0]):
        return wrong
    return f"\"{words[0]}\" is no version such as 9.0.0"


def _after_sb(words: "Sequence[Word]", generation: str) -> "str | None":
    known = ("disconnect", "discard-younger-primary", "discard-older-primary",
             "discard-zero-changes", "discard-least-changes", "discard-local", "discard-remote")
    wrong = _one(words)
    if wrong or words[0].startswith("discard-node-"):
        return wrong
    return _choice(words[0], "|".join(known))


def _number(words: "Sequence[Word]", generation: str) -> "str | None":
    return _one(words) or _within(words[0], 0, 0, None)


_NAMED: "dict[str, Check]" = {
    "NAME": _name, "NAMES": _names, "STRING": _name, "DEVICE": _device, "METADISK": _meta_disk,
    "ADDRESS": _address, "HOST": _host, "PROXY": _proxy, "ANY": _anything, "VERSION": _version,
    "OPTIONAL": _optional, "AFTERSB0": _after_sb, "NUMBER": _number,
    "VOLUME": _integer(0, 65535), "NODE": _integer(0, 32)}


def _within(word: str, scale: int, least: int, most: "int | None") -> "str | None":
    match = _NUMBER.match(word)
    plain = whole(match.group(1)) if match else None
    if match is None or plain is None:
        return f"\"{word}\" is not a number"
    number = plain << _SHIFTS[match.group(2).lower()]
    value = -(-number >> scale) if match.group(2) else plain
    if value < least or (most is not None and value > most):
        return f"{word} is not within {least} and {most}"
    return None


def _choice(word: str, listed: str) -> "str | None":
    known = listed.rstrip("~").split("|")
    if word in known or (listed.endswith("~") and word.upper() in known):
        return None
    return f"\"{word}\" is none of {', '.join(known)}"


def _flag(words: "Sequence[Word]") -> "str | None":
    return f"no \";\" follows it, but \"{words[0]}\"" if words else None


def _kind(kind: str, words: "Sequence[Word]", generation: str) -> "str | None":
    """What is wrong with the words after an option that takes one value."""
    if kind == "flag" or (kind == "bool" and generation == "8.3"):
        return _flag(words)
    if kind == "bool":
        return _one(words) or _choice(words[0], "yes|no") if words else None
    wrong = _one(words)
    if wrong:
        return wrong
    word, span = words[0], _RANGE.match(kind.rpartition("|")[2])
    if kind.startswith("text"):
        if generation != "9" and drbdwords.keyword(word, generation):
            return f"\"{word}\" needs quotes"
        limit = whole(kind.partition("<")[2]) or 256
        return drbdwords.letters(word, generation) or (
            f"it is longer than {limit - 1} characters" if len(word) >= limit else None)
    if "|" in kind and (span is None or whole(word[:1]) is None):
        return _choice(word, kind)
    assert span is not None, kind
    return _within(word, _SCALES[span.group(1) or ""], whole(span.group(2)) or 0,
                   whole(span.group(3)))


def complaint(kind: str, words: "Sequence[Word]", generation: str) -> "str | None":
    """What is wrong with the words after an option, a sentence without its subject; or None.

    :param kind: as ``drbdtable`` has it
    """
    if not kind:
        return f"\"{words[0]}\" is unexpected" if words else None
    check = _NAMED.get(kind)
    return check(words, generation) if check else _kind(kind, words, generation)
