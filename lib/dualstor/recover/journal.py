# SPDX-License-Identifier: GPL-2.0-or-later
"""What a healing has done and what it keeps: in /var/lib, on the winner, so that it can continue.

``Journal`` is written before and after each step that changes something, and is the only thing
that a healing knows of itself. ``Store`` has it, and the files of blocks, in one directory.
"""

import json
import struct

from dualstor.errors import ParseError
from dualstor.host.durable import Durable
from dualstor.record import Record, whole
from dualstor.recover.blocks import Blocks
from dualstor.tools import hold

TYPE_CHECKING = False       # only mypy sees what is imported there
if TYPE_CHECKING:
    from typing import IO, Any, Iterable, Iterator

#: The directory of all healings on a node; each resource has one of its own in it.
PLACE = hold.PLACE

SCHEMA = "dualstor.recover/1"
_JOURNAL, _LOCK = hold.JOURNAL, "lock"
_HEAD = struct.Struct(">QI")    # of a part in a file of blocks: offset and length in bytes

#: How a healing ended: nothing is different on the winner, both nodes have the same again, or the
#: winner has all that was to survive, and the loser is gone.
UNDONE, HEALED, ALONE = "undone", "healed", "alone"


class Journal(Record):
    """A healing. LVs are named by uuid, and {uuid: name} is ``names``.

    ``carried``: LVs that the winner is to get, ``lost``: those whose version on the loser does not
    survive there: both as the plan had them when the winner was named. ``active``: {node: names
    of the LVs that were active}; ``uuids``: {node: {name of an LV: its uuid}}; ``boots``:
    {node: boot id} then; ``primary``: nodes that were Primary. ``guarded``: LVs that cannot be
    activated on the winner. ``mark``: of the loser when its dump was made, () as long as there
    is none that counts. ``generations``: {node: those of its data, then}. ``granularity``: bytes
    of a block. ``files``: {name: SHA-256} of what is kept; ``kept``: all of it is. ``wanted``:
    {LV: {volume: runs}} blocks to be copied. ``written``: LVs whose copying has begun, ``filled``:
    those that have all blocks, ``copied``: those that are equal on both nodes. ``beside``: {LV:
    name of the new one}, ``made``: those that are complete. ``discarding``: from here on there is
    no way back. ``tries``: how often the loser was connected. ``verifying``: it was begun.
    ``verified``: None when it was not possible. ``undoing``: a person wants it back; and with
    ``discarding`` to end it without the loser, as long as that is gone.
    ``returned``: {LV: SHA-256} of what was put back. ``end``: "", UNDONE, HEALED or ALONE.
    """

    resource: str
    vg: str
    winner: str
    loser: str
    carried: "tuple[str, ...]"
    lost: "tuple[str, ...]"
    names: "dict[str, str]"
    keep_both: bool = False
    active: "dict[str, list[str]]" = {}
    uuids: "dict[str, dict[str, str]]" = {}
    boots: "dict[str, str]" = {}
    primary: "tuple[str, ...]" = ()
    guarded: "tuple[str, ...]" = ()
    mark: "tuple[tuple[str, int, int], ...]" = ()
    generations: "dict[str, tuple[tuple[int, int, int], ...]]" = {}
    granularity: int = 4096
    files: "dict[str, str]" = {}
    kept: bool = False
    wanted: "dict[str, dict[str, list[list[int]]]]" = {}
    written: "tuple[str, ...]" = ()
    filled: "tuple[str, ...]" = ()
    copied: "tuple[str, ...]" = ()
    beside: "dict[str, str]" = {}
    made: "tuple[str, ...]" = ()
    discarding: bool = False
    tries: int = 0
    verifying: bool = False
    verified: "bool | None" = False
    undoing: bool = False
    returned: "dict[str, str]" = {}
    end: str = ""

    def named(self, uuids: "Iterable[str]") -> "tuple[str, ...]":
        """Names of LVs."""
        return tuple(self.names[uuid] for uuid in uuids)

    def blocks(self, uuid: str, volume: int) -> Blocks:
        """The blocks of a volume to be copied into an LV."""
        runs = self.wanted.get(uuid, {}).get(f"{volume}", [])
        return Blocks.of_runs((begin, end) for begin, end in runs)

    def volumes(self, uuid: str) -> "tuple[int, ...]":
        """The volumes that have blocks of an LV to be copied."""
        return tuple(whole(volume) or 0 for volume in self.wanted.get(uuid, {}))

    def to_json(self) -> str:
        """As text."""
        return json.dumps({"schema": SCHEMA, **dict(self.items())}, indent=1, sort_keys=True)


_TUPLES = ("carried", "lost", "primary", "guarded", "written", "filled", "copied", "made")


def from_json(text: str) -> Journal:
    """The Journal of a text that ``to_json`` wrote.

    :raises ParseError: it is another text, or of another version
    """
    try:
        found: "dict[str, Any]" = json.loads(text)
        if found.pop("schema") != SCHEMA:
            raise ValueError("schema")
        found.update({name: tuple(found[name]) for name in _TUPLES},
                     mark=tuple((boot, volume, written) for boot, volume, written in found["mark"]),
                     generations={node: tuple((volume, current, parent)
                                              for volume, current, parent in each)
                                  for node, each in found["generations"].items()})
        return Journal(**found)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as problem:
        raise ParseError(f"{PLACE}: {_JOURNAL}", str(problem),
                         "not the journal of this version of dualstor") from problem


class Store(Durable):
    """The directory of one resource's healing. Methods raise NotKept, as those of Durable.

    :param resource: its name
    :param place: directory in place of PLACE
    """

    def __init__(self, resource: str, place: str = PLACE) -> None:
        super().__init__(f"{place}/{resource}")
        self.path = self._directory

    def journal(self) -> "Journal | None":
        """The healing that was begun here last; None when there was none.

        :raises ParseError: as ``from_json``
        """
        text = self.text(_JOURNAL)
        return None if text is None else from_json(text)

    def note(self, journal: Journal) -> Journal:
        """Write the journal; *journal*."""
        self.keep(_JOURNAL, (journal.to_json().encode(),))
        return journal

    def lock(self) -> "IO[Any] | None":
        """An open file as long as which nobody else heals here; None when somebody does."""
        return self.locked(_LOCK)

    def keep_blocks(self, name: str, parts: "Iterable[tuple[int, bytes]]") -> str:
        """Keep blocks in a file; its SHA-256.

        :param parts: (offset in bytes on the DRBD volume, bytes)
        """
        return self.keep(name, (piece for offset, data in parts
                                for piece in (_HEAD.pack(offset, len(data)), data)))[1]

    def blocks(self, name: str) -> "Iterator[tuple[int, bytes]]":
        """The (offset, bytes) of a file of blocks.

        :raises ParseError: it is not there, or cut off
        """
        parts, held = self.parts(name), b""

        def take(count: int) -> bytes:
            nonlocal held
            while len(held) < count:
                part = next(parts, b"")
                if not part:
                    raise ParseError(f"{self.path}/{name}", "", "cut off")
                held += part
            found, held = held[:count], held[count:]
            return found
        try:
            while True:
                if not held:
                    held = next(parts, b"")
                    if not held:
                        return
                offset, length = _HEAD.unpack(take(_HEAD.size))
                yield offset, take(length)
        except FileNotFoundError as problem:
            raise ParseError(f"{self.path}/{name}", "", "not there") from problem
