# SPDX-License-Identifier: GPL-2.0-or-later
"""Takes secrets out of texts. Pure.

First all texts are searched for secrets by the names under which they are written; then each is
taken out wherever it is, also where no name precedes it, as in a quotation of a program.
"""

import re

from dualstor.record import whole

TYPE_CHECKING = False   # only mypy sees what is imported there
if TYPE_CHECKING:
    from typing import Any, Iterable, Iterator

#: What is in place of a secret.
MARK = "REMOVED"

#: Parts of names whose values are secrets: parameters of fence agents, settings of DRBD,
#: corosync, cman, network scripts.
_WORD = (r"(?:passw(?:or)?d|passphrase|passwd|secret|token|community|credential|"
         r"api[_-]?key|access[_-]?key|private[_-]?key|auth[_-]?key|psk)[\w.-]{0,64}")
_NAME = r"[\w.-]{0,64}?" + _WORD
_VALUE = r"\"(?P<a>(?:[^\"\\\n]|\\.)*)\"|'(?P<b>[^'\n]*)'|(?P<c>[^\s\"';,<>&|)\]}]+)"
_SHORTEST = 5       # characters of a secret that is looked for without its name

#: corosync's and cman's token, token_retransmit and the like are times: no secrets.
_TIME = re.compile(r"token", re.IGNORECASE)
_SECRET = re.compile(_NAME + r"\Z", re.IGNORECASE)
_PAIR = r"<(?:nvpair|param|parameter)\b[^>]{0,2000}?"

_PATTERNS = tuple(re.compile(pattern, re.IGNORECASE) for pattern in (
    # name=value, name: value, --name=value; also as JSON
    rf"(?P<name>{_WORD})[\"']?\s*[=:]\s*(?:{_VALUE})",
    # the same in a text that is quoted in JSON
    rf"{_WORD}\\+[\"']\s*[=:]\s*\\+[\"'](?P<c>[^\"'\\\n]+)",
    # name value: DRBD's settings, crmsh, options of fence agents
    rf"(?<![\w-])(?:shared-secret|--{_NAME})[ \t]+(?:{_VALUE})",
    # a pair of the CIB or of cluster.conf, its attributes in either order
    rf"{_PAIR}\bname\s*=\s*[\"']{_NAME}[\"'][^>]{{0,2000}}?\bvalue\s*=\s*(?:{_VALUE})",
    rf"{_PAIR}\bvalue\s*=\s*(?:{_VALUE})[^>]{{0,2000}}?\bname\s*=\s*[\"']{_NAME}[\"']",
    # corosync.conf's key, and ifcfg's KEY, KEY1 ...
    rf"(?:^|(?<=\n))[ \t]*key[0-9]?[ \t]*[:=][ \t]*(?:{_VALUE})",
    # a password in a URL
    r"://[^/\s:@\"']{0,256}:(?P<c>[^/\s@\"']{1,256})@",
    # a private key
    r"-----BEGIN [A-Z ]*PRIVATE KEY-----(?P<c>.*?)(?:-----END|\Z)".replace(".*?", r"[\s\S]*?")))


def _values(text: str) -> "Iterator[tuple[int, int]]":
    """(begin, end) of each secret that a name precedes."""
    for pattern in _PATTERNS:
        for found in pattern.finditer(text):
            groups = found.groupdict()
            name = groups.pop("name", None) or ""
            for group, value in groups.items():
                number = whole(value) is not None and _TIME.search(name)
                if value and value != MARK and not number:
                    yield found.span(group)


def secrets(texts: "Iterable[str]") -> "tuple[str, ...]":
    """The secrets in texts, the longest first."""
    found = {line.strip() for text in texts for begin, end in _values(text)
             for line in text[begin:end].splitlines()}
    return tuple(sorted((each for each in found if len(each) >= _SHORTEST),
                        key=lambda each: (-len(each), each)))


def clean(text: str, known: "Iterable[str]" = ()) -> str:
    """A text without secrets.

    :param known: what ``secrets`` has found in all texts
    """
    pieces, ended = [], 0
    for begin, end in sorted(_values(text), key=lambda span: (span[0], -span[1])):
        if begin >= ended:
            pieces += [text[ended:begin], MARK]
        ended = max(ended, end)
    text = "".join(pieces) + text[ended:]
    for each in known:
        text = text.replace(each, MARK)
    return text


def texts(value: "Any") -> "Iterator[str]":
    """All texts in a value as JSON has it, also keys; a named secret with its name."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for name, each in value.items():
            yield name
            if isinstance(each, str) and _SECRET.match(name):
                yield f"{name}={each}"
            yield from texts(each)
    elif isinstance(value, (list, tuple)):
        for each in value:
            yield from texts(each)


def cleaned(value: "Any", known: "Iterable[str]" = ()) -> "Any":
    """A value as JSON has it, with all its texts cleaned."""
    if isinstance(value, str):
        return clean(value, known)
    if isinstance(value, dict):
        return {clean(name, known): MARK if isinstance(each, str) and _SECRET.match(name)
                else cleaned(each, known) for name, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [cleaned(each, known) for each in value]
    return value
