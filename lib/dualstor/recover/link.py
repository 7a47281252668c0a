# SPDX-License-Identifier: GPL-2.0-or-later
"""A Side on a node: the program that serve.py is, there by ssh or here, and the talk with it.

Here it is another process, too: a disk that does not answer then holds up that one, which can be
left behind.
"""

import json
import os

from dualstor.errors import ToolError
from dualstor.host.run import Talk
from dualstor.record import whole
from dualstor.recover import segments
from dualstor.recover.side import ADMIT, KEEP_OFF, Failed, Half, Look, Unreachable
from dualstor.tools import lvm

TYPE_CHECKING = False       # only mypy sees what is imported there
if TYPE_CHECKING:
    from typing import Any, Callable, Iterable, Iterator, Sequence, TypeVar

    from dualstor.recover.segments import Layout
    from dualstor.recover.side import Range

    _Made = TypeVar("_Made")

#: What is started, here as it is, on the peer by ssh.
PROGRAM = ("dualstor", "recover", "--serve")

_SILENCE = 150.0    # seconds without a word: a command of LVM or DRBD may take 120
_CONNECT = 10
_ANSWER = 1 << 20   # bytes of a line
_MOST = 64 << 20    # bytes of data behind one
_ROUND = 20000      # ranges in one request


def remote(host: str) -> "tuple[str, ...]":
    """The command that starts the program on *host*, as ssh takes it.

    :raises Unreachable: that would be an option of ssh
    """
    if not host or host.startswith("-"):
        raise Unreachable(f"{host!r} is no host")
    return ("ssh", "-o", "BatchMode=yes", "-o", f"ConnectTimeout={_CONNECT}", "-T", "--",
            host) + PROGRAM


def _agent() -> "dict[str, str]":
    """The variable by which ssh finds the caller's keys."""
    return {name: os.environ[name] for name in ("SSH_AUTH_SOCK",) if name in os.environ}


def _parsed(line: bytes) -> "dict[str, Any]":
    """A line of an answer.

    :raises ValueError: it is none
    """
    try:
        found = json.loads(line.decode("ascii"))
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise ValueError(f"{line[:60]!r} is no answer of dualstor; nothing else may be printed "
                         "when ssh runs a command there")
    return found


def _count(number: object) -> int:
    """:raises ValueError: *number* is no count of bytes that an answer can have"""
    if not isinstance(number, int) or not 0 <= number <= _MOST:
        raise ValueError(f"{number} bytes")
    return number


def _same_name(one: object, two: str) -> bool:
    """Whether two names may be those of one node: the domain may be left out in one of them."""
    names = f"{one}".lower(), two.lower()
    return names[0] == names[1] or names[0].partition(".")[0] == names[1].partition(".")[0] and (
        "." not in names[0] or "." not in names[1])


class Link:
    """A Side: one node, through a session that begins with the first request.

    :param argv: what to start: PROGRAM, or ``remote``
    :param node: the node's name
    :param winner: whether its copy is kept, and written
    :param watch: names of LVs of which it is to be known who has them open; None for all
    :param host: how the node was reached: with another one nothing is done; None: it is this one
    """

    def __init__(self, argv: "Sequence[str]", node: str, resource: str, vg: str, winner: bool,
                 watch: "Iterable[str] | None" = None, host: "str | None" = None) -> None:
        self.node = node
        self._host = host
        self._argv = tuple(argv)
        self._first: "dict[str, object]" = {
            "ask": "begin", "resource": resource, "vg": vg, "winner": winner,
            "watch": None if watch is None else list(watch), "hold": None}
        self._vg = vg
        self._talk: "Talk | None" = None
        self._busy = False      # an answer was not read to its end

    def close(self) -> None:
        """End the session."""
        if self._talk is not None:
            self._talk.close()
            self._talk = None

    # -- requests ---------------------------------------------------------------------------------

    def _answer(self, request: "dict[str, object]", data: bytes = b"") -> "Iterator[object]":
        """Parts of data as bytes, and at last the value.

        :raises Unreachable: no answer; the next request begins a new session
        :raises Failed: it was not done
        """
        try:
            if self._talk is None:
                self._talk = Talk(self._argv, environment=_agent())
                self._busy = False
                self._begin(self._talk)
            self._drain(self._talk)
            self._ask_for(self._talk, request, data)
            self._busy = True
            yield from self._rest(self._talk)
            self._busy = False
        except Failed:
            self._busy = False
            raise
        except (ToolError, ValueError, KeyError, TypeError) as problem:
            self._busy = False
            self.close()
            raise Unreachable(f"{self.node} does not answer: {problem}") from problem

    def _begin(self, talk: Talk) -> None:
        self._ask_for(talk, self._first, b"")
        try:
            named = [part for part in self._rest(talk)][-1]
            if self._host is not None and not _same_name(named, self.node):
                raise Failed(f"--peer {self._host} is {named}, not {self.node}: name the other "
                             "node of this pair")
        except Failed:
            self.close()    # nothing else may be asked in that session
            raise

    def _drain(self, talk: Talk) -> None:
        """Read what is left of an answer of which somebody has taken only a part."""
        if self._busy:
            try:
                for _ in self._rest(talk):
                    pass
            except Failed:
                pass
            self._busy = False

    def _ask_for(self, talk: Talk, request: "dict[str, object]", data: bytes) -> None:
        if data:
            request = dict(request, data=len(data))
        talk.write(json.dumps(request).encode("ascii") + b"\n" + data, _SILENCE)

    def _rest(self, talk: Talk) -> "Iterator[object]":
        while True:
            answer = _parsed(talk.line(_SILENCE, _ANSWER))
            if "data" in answer:
                yield talk.take(_count(answer["data"]), _SILENCE)
            elif "failed" in answer:
                raise Failed(f"{self.node}: {answer['failed']}")
            elif "alive" not in answer:
                yield answer["value"]
                return

    def _ask(self, what: str, *words: object) -> "Any":
        """The value of an answer without data."""
        return list(self._answer({"ask": what, "words": words}))[-1]

    def _made(self, what: str, make: "Callable[[Any], _Made]") -> "_Made":
        """What *make* makes of the value of an answer."""
        found = self._ask(what)
        try:
            return make(found)
        except (KeyError, TypeError, ValueError, AttributeError) as problem:
            raise Unreachable(f"{self.node} has another version of dualstor") from problem

    def _data(self, request: "dict[str, object]") -> "Iterator[bytes]":
        for part in self._answer(request):
            if isinstance(part, bytes):
                yield part

    def _ranged(self, what: str, ranges: "Iterable[Range]",
                *words: object) -> "Iterator[bytes]":
        """Data of many ranges, in as many requests as they need."""
        some: "list[Range]" = []
        for each in ranges:
            some.append(each)
            if len(some) >= _ROUND:
                yield from self._data({"ask": what, "words": words, "ranges": some})
                some = []
        if some:
            yield from self._data({"ask": what, "words": words, "ranges": some})

    # -- as side.Side says ------------------------------------------------------------------------

    def look(self) -> Look:
        """What the node is like now."""
        return self._made("look", lambda found: Look(
            node=self.node, boot=found["boot"], version=found["version"],
            halves=tuple(Half(**each) for each in found["halves"]),
            active=tuple(found["active"]), users=dict(found["users"]),
            policies=tuple(found["policies"]), verifies=found["verifies"],
            strays=tuple(found["strays"])))

    def layout(self) -> "Layout":
        """The VG as this node's copy has it."""
        return self._made("layout", self._laid_out)

    def _laid_out(self, found: "dict[str, Any]") -> "Layout":
        pieces = [lvm.Segment(**dict(each, areas=tuple((pv, first, last)
                                                      for pv, first, last in each["areas"])))
                  for each in found["segments"]]
        extents = lvm.ExtentsReport(**dict(
            found["extents"], outcome=lvm.LvmOutcome(ok=True),
            devices=tuple(lvm.Extents(**each) for each in found["extents"]["devices"])))
        return segments.layout(self._vg, pieces, extents)

    def disks(self) -> "dict[int, str]":
        """{volume: name of its DRBD device as LVM has it}."""
        return self._made("disks", lambda found: {
            whole(volume) or 0: os.fsdecode(name) for volume, name in found.items()})

    def dump(self, volume: int) -> "Iterator[bytes]":
        """The text of a dump, in parts."""
        return self._data({"ask": "dump", "words": [volume]})

    def metadata(self) -> bytes:
        """The VG's metadata as text."""
        return b"".join(self._data({"ask": "metadata"}))

    def read(self, volume: int, ranges: "Iterable[Range]") -> "Iterator[bytes]":
        """The bytes of ranges, in parts."""
        return self._ranged("read", ranges, volume)

    def digests(self, volume: int, ranges: "Iterable[Range]", step: int) -> "Iterator[bytes]":
        """SHA-256 of each *step* bytes of the ranges."""
        for part in self._ranged("digests", ranges, volume, step):
            for at in range(0, len(part), 32):
                yield part[at:at + 32]

    def digest(self, volume: int, ranges: "Iterable[Range]") -> bytes:
        """SHA-256 of all bytes of the ranges, which are few."""
        return b"".join(self._data({"ask": "digest", "words": [volume], "ranges": list(ranges)}))

    def write(self, volume: int, offset: int, data: bytes) -> None:
        """Write to the DRBD device."""
        for _ in self._answer({"ask": "write", "words": [volume, offset]}, data):
            pass

    def do(self, deed: str, words: "Sequence[str]" = ()) -> None:
        """Do one of side.DEEDS; what keeps agents off is taken again in each later session."""
        if deed == ADMIT:
            self._first["hold"] = None
        self._ask("do", deed, *words)
        if deed == KEEP_OFF:
            self._first["hold"] = list(words)
