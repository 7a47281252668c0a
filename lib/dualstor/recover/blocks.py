# SPDX-License-Identifier: GPL-2.0-or-later
"""Sets of block numbers, as bitmaps have them: small where there are runs, bounded where not.

A set is kept in chunks of 32768 blocks, each a whole number whose bit N is block N of the chunk;
chunks without a block are left out. So a set never needs more memory than a bitmap, 32 MiB for
1 TiB in blocks of 4 KiB, and an empty or a full one needs next to none.
"""

TYPE_CHECKING = False       # only mypy sees what is imported there
if TYPE_CHECKING:
    from typing import Dict, Iterable, Iterator, Tuple

    Run = Tuple[int, int]       # (first block, the block after the last)
    Chunks = Dict[int, int]

#: Blocks in a chunk.
CHUNK = 1 << 15

_FULL = (1 << CHUNK) - 1


class Blocks:
    """An immutable set of block numbers.

    :param chunks: {chunk number: bits}, none of them 0; made by ``of_runs`` or a parser
    """

    __slots__ = ("_chunks",)

    def __init__(self, chunks: "Chunks | None" = None) -> None:
        self._chunks = chunks or {}

    @classmethod
    def of_runs(cls, runs: "Iterable[Run]") -> "Blocks":
        """The set of all blocks in *runs*, in any order, each (first, the one after the last)."""
        chunks: "Chunks" = {}
        for begin, end in runs:
            while begin < end:
                number, low = divmod(begin, CHUNK)
                high = min(end - number * CHUNK, CHUNK)
                bits = _FULL if high - low == CHUNK else ((1 << high - low) - 1) << low
                chunks[number] = chunks.get(number, 0) | bits
                begin = number * CHUNK + high
        return cls(chunks)

    def __bool__(self) -> bool:
        return bool(self._chunks)

    def __len__(self) -> int:
        """How many blocks are in it."""
        return sum(CHUNK if bits == _FULL else bin(bits).count("1")
                   for bits in self._chunks.values())

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Blocks) and self._chunks == other._chunks

    def __hash__(self) -> int:
        return hash(tuple(sorted(self._chunks.items())))

    def __repr__(self) -> str:
        return f"<{len(self)} blocks>"

    def __contains__(self, block: int) -> bool:
        return bool(self._chunks.get(block // CHUNK, 0) >> block % CHUNK & 1)

    def __or__(self, other: "Blocks") -> "Blocks":
        chunks = dict(self._chunks)
        for number, bits in other._chunks.items():
            chunks[number] = chunks.get(number, 0) | bits
        return Blocks(chunks)

    def __and__(self, other: "Blocks") -> "Blocks":
        return Blocks({number: bits for number, mine in self._chunks.items()
                       for bits in [mine & other._chunks.get(number, 0)] if bits})

    def __sub__(self, other: "Blocks") -> "Blocks":
        return Blocks({number: bits for number, mine in self._chunks.items()
                       for bits in [mine & ~other._chunks.get(number, 0)] if bits})

    def within(self, begin: int, end: int) -> "Blocks":
        """Those of its blocks that are in the range from *begin* to before *end*."""
        chunks: "Chunks" = {}
        first, last = begin // CHUNK, (end - 1) // CHUNK
        inside = range(first, last + 1) if begin < end else range(0)
        for number in inside if len(inside) < len(self._chunks) else self._chunks:
            bits = self._chunks.get(number, 0) if first <= number <= last else 0
            if number == first:
                bits = bits >> begin % CHUNK << begin % CHUNK
            if number == last:
                bits &= (1 << end - last * CHUNK) - 1
            if bits:
                chunks[number] = bits
        return Blocks(chunks if begin < end else {})

    def runs(self) -> "Iterator[Run]":
        """Its runs (first, the one after the last) in order: as long as they can be."""
        begin = end = -1
        for number in sorted(self._chunks):
            for low, high in _runs(self._chunks[number]):
                low, high = number * CHUNK + low, number * CHUNK + high
                if low != end:
                    if begin < end:
                        yield begin, end
                    begin = low
                end = high
        if begin < end:
            yield begin, end

    def __iter__(self) -> "Iterator[int]":
        for begin, end in self.runs():
            yield from range(begin, end)


def _runs(bits: int) -> "Iterator[Run]":
    """The runs in one chunk, found in a text of its bits, the lowest first."""
    if bits == _FULL:
        yield 0, CHUNK
        return
    text = f"{bits:b}"[::-1]
    end = 0
    while True:
        begin = text.find("1", end)
        if begin < 0:
            return
        end = text.find("0", begin)
        if end < 0:
            end = len(text)
        yield begin, end


#: No block at all.
NONE = Blocks()
