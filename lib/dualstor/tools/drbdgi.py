# SPDX-License-Identifier: GPL-2.0-or-later
"""DRBD's generation identifiers: which of two copies is the newer one, as DRBD itself decides it.

Sources: ``drbdadm get-gi`` prints "CURRENT:BITMAP:HISTORY:HISTORY:flags" (drbd-utils
user/shared/drbdmeta.c, user/v9/drbdtool_common.c; show-gi names the flags), of a resource that is
up or down, with DRBD 9 for each peer;
drbd-8.4 drbd_receiver.c, drbd_uuid_compare(); the lowest bit says Primary and is no part of an
identifier.
"""

from dualstor.errors import ParseError
from dualstor.record import Record, whole

TYPE_CHECKING = False   # only mypy sees what is imported there
if TYPE_CHECKING:
    from dualstor.host.host import Host

#: What two copies are to each other, from the point of view of the first.
EQUAL, NEWER, OLDER, PARTED, UNRELATED = "equal", "newer", "older", "parted", "unrelated"

_COMMAND = ("drbdadm", "get-gi")
_WORD, _LEAST = 16, 4
#: {how many flags: (which says ``crashed``, which says ``peer_outdated``)}: DRBD 8, and DRBD 9
#: where it has all of them; early versions of 9 have fewer, and they do not say which.
_FLAGS = {7: (6, 5), 12: (3, 8)}
_HEX = "0123456789ABCDEF"


class Generation(Record):
    """The identifiers of one copy, as hexadecimal words, and what its metadata says further.

    ``bitmap``: the generation since which this copy was written without its peer, "" where it was
    not. ``crashed``: it was Primary and went down without a demote; ``peer_outdated``: so the
    peer's copy is known to be, or inconsistent. Both are None where it is not known which flags
    these are. (That it was connected is overwritten when it comes up.)
    """

    current: str
    bitmap: str = ""
    history: "tuple[str, ...]" = ()
    crashed: "bool | None" = None
    peer_outdated: "bool | None" = None


def _identifier(word: str) -> str:
    """The identifier in a word, without the bit that says Primary; "" for none."""
    number = (whole(word, 16) or 0) & ~1
    return f"{number:016X}" if number > 1 else ""


def parse(text: str) -> Generation:
    """The Generation in the output of ``drbdadm get-gi``, of the first volume and peer.

    :raises ParseError: there is none in it
    """
    for line in text.splitlines():
        words = line.strip().split(":")
        identifiers = [word for word in words if len(word) == _WORD and not word.strip(_HEX)]
        if len(identifiers) < _LEAST or words[:len(identifiers)] != identifiers:
            continue
        flags = [word == "1" for word in words[len(identifiers):]]
        known = _FLAGS.get(len(flags)) if len(identifiers) == _LEAST else None
        current, bitmap, *history = (_identifier(word) for word in identifiers)
        return Generation(
            current=current, bitmap=bitmap, history=tuple(each for each in history if each),
            crashed=flags[known[0]] if known else None,
            peer_outdated=flags[known[1]] if known else None)
    raise ParseError(" ".join(_COMMAND), (text.splitlines() or [""])[0], "no identifiers")


def ask(host: "Host", name: str, timeout: float) -> Generation:
    """The Generation of this node's copy of a resource.

    :raises ToolError, ParseError: it has no metadata, is hung, or answers in another form
    """
    return parse(host.run(_COMMAND + (name,), timeout).answer())


def compare(one: Generation, other: Generation) -> str:
    """What *one* is to *other*: EQUAL, NEWER, OLDER, PARTED or UNRELATED."""
    if one.current == other.current:
        return EQUAL
    mine, theirs = {one.bitmap, *one.history} - {""}, {other.bitmap, *other.history} - {""}
    if one.current in theirs:
        return OLDER
    if other.current in mine:
        return NEWER
    return PARTED if mine & theirs else UNRELATED
