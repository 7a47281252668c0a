# SPDX-License-Identifier: GPL-2.0-or-later
"""DRBD's metadata as ``drbdadm dump-md`` prints it: which blocks have changed since both parted.

The text of DRBD 8 has one bitmap; that of DRBD 9 one for each slot, and says by node-id which
peer has which slot. Words are 64 bits, the lowest bit first, each bit for ``bm-byte-per-bit``
bytes; the kernel's own bitmap may be newer than the disk's: see ``Dump.agrees``.

Sources: drbd-utils user/shared/drbdmeta.c (meta_dump_md, printf_bm); outputs of 9.22 for v08.

A dump is read line by line. That of 1 TiB with changes at random, the worst there is, has 88 MB
in a million lines: that takes 6 s (drbdmeta takes 7 to write it) and 36 MB of memory.
"""

import re
import struct

from dualstor.errors import ParseError
from dualstor.record import Record, whole
from dualstor.recover.blocks import CHUNK, Blocks

TYPE_CHECKING = False       # only mypy sees what is imported there
if TYPE_CHECKING:
    from typing import Iterable, Iterator, NoReturn

    from dualstor.recover.blocks import Chunks

_SOURCE = "drbdadm dump-md"
#: Version words of the metadata of DRBD 8 and 9.
EIGHT, NINE = "v08", "v09"
SECTOR = 512

_UNCLEAN = "This_is_an_unclean_meta_data_dump"
_WORD = 64                  # bits
_WORDS = re.compile(r"(?:0x[0-9A-Fa-f]{16}; ?){1,64}")
_TIMES = re.compile(r"([0-9]{1,15}) times (0x[0-9A-Fa-f]{16});")
_SECTION = re.compile(r"(uuid|bm|(?:peer|bitmap)\[([0-9]{1,3})\]|history-uuids) \{")
_VALUE = re.compile(r"(?:# )?([a-z][a-z0-9-]*) \"?([^;\"]*)\"?;")
_ANY_WORD = re.compile(r"0x[0-9A-Fa-f]+")
_CHUNK_WORDS = CHUNK // _WORD
_ZERO, _ONES = 0, (1 << _WORD) - 1
_MOST_PER_BIT = 1 << 20     # bytes: DRBD 9.2
_MOST_WORDS = 1 << 34       # 4 EiB in blocks of 4 KiB
#: Bytes beyond the device's end whose bits ``apply-al`` may set: one extent of the activity log.
_EXTENT = 4 << 20


class Slot(Record):
    """One bitmap. ``peer``: the node-id whose changes it counts, None in DRBD 8 and when unused.

    ``uuid``: of the data that both had when they parted, 0 when they have not. ``blocks``: those
    that have changed since; numbers of blocks of ``Dump.granularity`` bytes.
    """

    peer: "int | None"
    uuid: int
    blocks: Blocks

    @property
    def parent(self) -> int:
        """``uuid`` without its lowest bit, which only says that the node was Primary."""
        return self.uuid & ~1


class Dump(Record):
    """What a text of ``dump-md`` says.

    ``version``: EIGHT or NINE; ``current``: the UUID of the data; ``sectors``: of 512 bytes, the
    size that both nodes agreed on; ``granularity``: bytes per bit; ``bits_set``: as the text
    counts them. ``unclean``: the activity log has changes that the bitmap may lack, which is the
    rule while the disk is attached.
    """

    version: str
    current: int
    sectors: int
    granularity: int
    slots: "tuple[Slot, ...]"
    bits_set: int
    unclean: bool = False

    def slot(self, peer: "int | None" = None) -> Slot:
        """The bitmap for a peer.

        :param peer: its node-id; None where there is only one bitmap
        :raises ParseError: there is none, or several and no *peer* was named
        """
        found = [each for each in self.slots if peer is None or each.peer == peer]
        if len(found) != 1:
            raise ParseError(_SOURCE, "", f"{len(found)} bitmaps for peer {peer}")
        return found[0]

    def agrees(self, oos_kib: int, peer: "int | None" = None) -> bool:
        """Whether the bitmap on the disk is the kernel's: it counts as much as ``oos:``.

        A dump that does not agree says nothing: without a flush it can show no change at all.

        :param oos_kib: KiB out of sync, of the same volume in /proc/drbd
        :param peer: as ``slot``
        """
        return len(self.slot(peer).blocks) * self.granularity == oos_kib << 10


def _wrong(line: str, text: str, number: "int | None" = None) -> "NoReturn":
    raise ParseError(_SOURCE, line, text, number)


class _Words:
    """A bitmap in the making: takes words in their order."""

    def __init__(self) -> None:
        self.chunks: "Chunks" = {}
        self.words = 0
        self._part: "list[bytes]" = []      # of the chunk that is not full
        self._count = 0                     # words in it

    def several(self, line: str) -> None:
        """The words of a line like "0x...; 0x...;"."""
        raw = bytes.fromhex(line.replace("0x", "").replace(";", ""))
        count = len(raw) // 8
        if count > _CHUNK_WORDS - self._count:      # they end in the next chunk
            for word in struct.unpack(f">{count}Q", raw):
                self.repeated(1, word)
            return
        self._add(struct.pack(f"<{count}Q", *struct.unpack(f">{count}Q", raw)), count)

    def repeated(self, times: int, word: int) -> None:
        """The same word *times* times."""
        data = struct.pack("<Q", word)
        while times:
            if not self._count and times >= _CHUNK_WORDS and word in (_ZERO, _ONES):
                chunks = times // _CHUNK_WORDS
                if word:
                    first = self.words // _CHUNK_WORDS
                    self.chunks.update(dict.fromkeys(range(first, first + chunks),
                                                     (1 << CHUNK) - 1))
                self.words += chunks * _CHUNK_WORDS
                times -= chunks * _CHUNK_WORDS
                continue
            fit = min(times, _CHUNK_WORDS - self._count)
            self._add(data * fit, fit)
            times -= fit

    def _add(self, data: bytes, count: int) -> None:
        self._part.append(data)
        self._count += count
        self.words += count
        if self._count == _CHUNK_WORDS:
            self._close()

    def _close(self) -> None:
        bits = int.from_bytes(b"".join(self._part), "little")
        if bits:
            self.chunks[(self.words - 1) // _CHUNK_WORDS] = bits
        self._part, self._count = [], 0

    def blocks(self) -> Blocks:
        """All that were set."""
        if self._count:
            self._close()
        return Blocks(self.chunks)


class _Reader:
    """The lines of a dump, and what they have said so far."""

    def __init__(self, lines: "Iterable[str]") -> None:
        self._lines = enumerate(lines, 1)
        self.values: "dict[str, str]" = {}
        self.uuids: "list[int]" = []
        self.peers: "dict[int, dict[str, str]]" = {}
        self.bitmaps: "dict[int | None, _Words]" = {}
        self.unclean = False

    def _lines_of(self, section: str) -> "Iterator[tuple[int, str]]":
        """The lines up to the end of a section."""
        for number, line in self._lines:
            line = line.strip()
            if line == "}":
                return
            if line and not line.startswith("#"):
                yield number, line
        _wrong(section, "cut off")

    def read(self) -> None:
        """Read all lines."""
        for number, line in self._lines:
            line = line.strip()
            section = _SECTION.fullmatch(line)
            value = _VALUE.fullmatch(line)
            if section is not None:
                self._section(section.group(1), whole(section.group(2)))
            elif value is not None:
                if value.group(1) in self.values:
                    _wrong(line, "said twice", number)
                self.values[value.group(1)] = value.group(2)
            elif line.startswith(_UNCLEAN):
                self.unclean = True
            elif line and not line.startswith("#"):
                _wrong(line, "not understood", number)

    def _section(self, name: str, index: "int | None") -> None:
        if name == "uuid":
            for _, line in self._lines_of(name):
                if not line.startswith("flags "):
                    self.uuids += [whole(word, 16) or 0 for word in _ANY_WORD.findall(line)]
        elif name.startswith("peer") and index is not None:
            self.peers[index] = {found.group(1): found.group(2)
                                 for _, line in self._lines_of(name)
                                 for found in [_VALUE.fullmatch(line)] if found}
        elif name == "history-uuids":
            for _ in self._lines_of(name):
                pass
        else:
            self._bitmap(name, index)

    def _bitmap(self, name: str, index: "int | None") -> None:
        if index in self.bitmaps:
            _wrong(name, "said twice")
        words = self.bitmaps[index] = _Words()
        for number, line in self._lines_of(name):
            if _WORDS.fullmatch(line):
                words.several(line)
                continue
            times = _TIMES.fullmatch(line)
            if times is None:
                _wrong(line, "no words of a bitmap", number)
            words.repeated(whole(times.group(1)) or 0, whole(times.group(2), 16) or 0)
            if words.words > _MOST_WORDS:
                _wrong(line, "longer than any bitmap", number)

    def number(self, name: str, least: int = 0, most: int = 1 << 62) -> int:
        """The number that a line "NAME NUMBER;" has."""
        found = whole(self.values.get(name))
        if found is None or not least <= found <= most:
            _wrong(self.values.get(name, ""), f"{name} is not there, or not possible")
        return found


def _within(words: _Words, bits: int, granularity: int) -> Blocks:
    """The blocks of a bitmap that the device of *bits* blocks has.

    ``apply-al`` sets those of whole extents, so some beyond the end are no error.
    """
    found = words.blocks()
    beyond = bits + max(_EXTENT // granularity, _WORD)
    if found.within(beyond, max(beyond, words.words * _WORD)):
        _wrong(f"{bits} blocks", "blocks have changed beyond the device's end")
    if words.words * _WORD < bits:
        _wrong(f"{words.words} words", f"the bitmap is too short for {bits} blocks")
    return found.within(0, bits)


def parse(lines: "Iterable[str]") -> Dump:
    """The Dump that the lines of ``drbdadm dump-md`` describe.

    :param lines: e.g. an open text file
    :raises ParseError: it is cut off or no such text; it counts other bits than it has, or has
        some beyond the end of the device
    """
    reader = _Reader(lines)
    reader.read()
    version = reader.values.get("version", "")
    if version not in (EIGHT, NINE):
        _wrong(version, "not the metadata of DRBD 8 or 9")
    sectors = reader.number("la-size-sect")
    granularity = reader.number("bm-byte-per-bit", 4096, _MOST_PER_BIT)
    claimed = reader.number("bits-set")
    if granularity & granularity - 1:
        _wrong(f"{granularity}", "bm-byte-per-bit is no power of two")
    counted = {index: len(words.blocks()) for index, words in reader.bitmaps.items()}
    last = max(counted, key=lambda index: -1 if index is None else index) if counted else None
    if not counted or (version == EIGHT) != (set(counted) == {None}):
        _wrong(version, "its bitmap is not there")
    if counted[last] != claimed:
        _wrong(f"bits-set {claimed}", f"{counted[last]} bits are set")
    bits = -(-sectors * SECTOR // granularity)
    found = {index: _within(words, bits, granularity) for index, words in reader.bitmaps.items()}
    slots, current = (_eight if version == EIGHT else _nine)(reader, found)
    return Dump(version=version, current=current, sectors=sectors, granularity=granularity,
                slots=slots, bits_set=claimed, unclean=reader.unclean)


def _eight(reader: _Reader,
           found: "dict[int | None, Blocks]") -> "tuple[tuple[Slot, ...], int]":
    """(slots, current UUID) in the format of DRBD 8."""
    if len(reader.uuids) != 4:
        _wrong("uuid", f"{len(reader.uuids)} UUIDs where DRBD 8 has 4")
    return (Slot(peer=None, uuid=reader.uuids[1], blocks=found[None]),), reader.uuids[0]


def _nine(reader: _Reader,
          found: "dict[int | None, Blocks]") -> "tuple[tuple[Slot, ...], int]":
    """(slots, current UUID) in the format of DRBD 9: peer[N] is that with node-id N."""
    current = whole(reader.values.get("current-uuid"), 16)
    if current is None:
        _wrong(reader.values.get("current-uuid", ""), "current-uuid is not there")
    owners: "dict[int, tuple[int, int]]" = {}
    for peer, values in reader.peers.items():
        index = whole(values.get("bitmap-index"), signed=True)
        uuid = whole(values.get("bitmap-uuid"), 16)
        if index is None or uuid is None:
            _wrong(f"peer[{peer}]", "its bitmap-index or bitmap-uuid is not there")
        if index < 0:
            continue
        if index in owners or index not in found:
            _wrong(f"peer[{peer}]", f"bitmap[{index}] is not there, or another peer's")
        owners[index] = (peer, uuid)
    return tuple(Slot(peer=owners[index][0] if index in owners else None,
                      uuid=owners[index][1] if index in owners else 0, blocks=found[index])
                 for index in sorted(index for index in found if index is not None)), current
