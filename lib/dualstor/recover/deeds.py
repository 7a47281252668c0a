# SPDX-License-Identifier: GPL-2.0-or-later
"""Does what ``heal.decide`` says, step by step, and writes the journal.

Each deed may be interrupted at any point, and done again: what it is about to change is noted
before, what it has done afterwards.
"""

import hashlib
import time
import zlib

from dualstor.record import Record
from dualstor.recover import bitmap, differ, heal
from dualstor.recover import side as sides
from dualstor.recover.blocks import NONE, Blocks
from dualstor.recover.heal import Do, End, Observation, Stop, Wait
from dualstor.recover.journal import ALONE, HEALED, UNDONE, Journal
from dualstor.recover.side import Failed, OnlyUndo, Unreachable

TYPE_CHECKING = False       # only mypy sees what is imported there
if TYPE_CHECKING:
    from typing import Callable, Iterable, Iterator

    from dualstor.recover.differ import Choice, Difference, OnDisks, Seen
    from dualstor.recover.journal import Store
    from dualstor.recover.segments import Layout, Piece
    from dualstor.recover.side import Look, Range, Side

_SETTLE = 15.0      # seconds for DRBD to leave or take a state
_PAUSE = 0.2        # seconds between two looks meanwhile
_MARGIN = 64 << 20  # bytes that have to be free on top of what is kept
_ENOUGH = 5         # times that a step without effect is done
#: How the version of a module begins with which healing was tried.
MODULE = "8.4."


class Outcome(Record):
    """How a run ended: ``how`` is UNDONE, HEALED or ALONE; None if it stopped, then ``stop``."""

    how: "str | None"
    stop: "Stop | None" = None


# -- reading both sides -------------------------------------------------------------------------


def ranges(blocks: Blocks, granularity: int) -> "tuple[Range, ...]":
    """Blocks as ranges of bytes."""
    return tuple((begin * granularity, end * granularity) for begin, end in blocks.runs())


def located(wanted: "Iterable[Range]",
            parts: "Iterator[bytes]") -> "Iterator[tuple[int, bytes]]":
    """(offset, bytes) of what ``Side.read`` gives for the ranges *wanted*.

    :raises Failed: it is less, or more in one part than is left of a range
    """
    for begin, end in wanted:
        while begin < end:
            data = next(parts, b"")
            if not 0 < len(data) <= end - begin:
                raise Failed(f"{len(data)} bytes instead of {end - begin} were read")
            yield begin, data
            begin += len(data)


def dumped(side: "Side", volume: int,
           keep: "Callable[[Iterator[bytes]], None] | None" = None) -> bitmap.Dump:
    """The Dump of a volume; *keep* gets its text, compressed, in parts."""
    packer = zlib.compressobj(6)
    reader = _Lines()
    if keep is None:
        for part in side.dump(volume):
            reader.add(part)
    else:
        def through() -> "Iterator[bytes]":
            for part in side.dump(volume):
                reader.add(part)
                yield packer.compress(part)
            yield packer.flush()
        keep(through())
    return bitmap.parse(reader.lines())


class _Lines:
    """Text that comes in parts, compressed until it is read line by line."""

    def __init__(self) -> None:
        self._packer = zlib.compressobj(1)
        self._packed: "list[bytes]" = []

    def add(self, part: bytes) -> None:
        self._packed.append(self._packer.compress(part))

    def lines(self) -> "Iterator[str]":
        """The lines, once."""
        unpacker, rest = zlib.decompressobj(), b""
        for packed in self._packed + [self._packer.flush()]:
            *whole, rest = (rest + unpacker.decompress(packed)).split(b"\n")
            for line in whole:
                yield line.decode("ascii", "replace")
        if rest:
            yield rest.decode("ascii", "replace")


def flush(side: "Side", sleep: "Callable[[float], None]" = time.sleep) -> None:
    """Have the kernel write its bitmap to the disk: it does so when it gives up a connection.

    The peer must not answer meanwhile: it has to be StandAlone.

    :raises Failed: the state is not taken in time
    """
    if side.look().standalone:
        side.do(sides.CONNECT)
        _until(side, lambda seen: not seen.standalone, "waits for its peer", sleep)
    side.do(sides.DISCONNECT)
    _until(side, lambda seen: seen.standalone, "is StandAlone", sleep)


def flush_both(one: "Side", two: "Side", sleep: "Callable[[float], None]" = time.sleep) -> None:
    """As ``flush``, of both nodes, neither of which may be connected to the other.

    :raises Failed: they are connected, or a state is not taken in time
    """
    for each in (one, two):
        look = each.look()
        if look.connected:
            raise Failed(f"{each.node} is connected: this is no split brain")
        if not look.standalone:
            each.do(sides.DISCONNECT)
            _until(each, lambda seen: seen.standalone, "is StandAlone", sleep)
    for each in (one, two):
        flush(each, sleep)


def _until(side: "Side", true: "Callable[[Look], bool]", what: str,
           sleep: "Callable[[float], None]") -> None:
    left = _SETTLE
    while not true(side.look()):
        if left <= 0:
            raise Failed(f"{side.node}: DRBD is asked for, but not that it {what}")
        sleep(_PAUSE)
        left -= _PAUSE


def seen(side: "Side", look: "Look", resource: str, users: "dict[str, str] | None" = None,
         put_back: "dict[str, OnDisks] | None" = None,
         keep: "Callable[[int, Iterator[bytes]], None] | None" = None) -> "Seen":
    """One side as differ takes it, from dumps of all its volumes; ``flush`` comes before.

    :param look: from before the dumps
    :param keep: called with a volume and its dump's text, compressed, in parts
    :raises Unreachable, Failed, ParseError: it cannot be read
    """
    layout, names = side.layout(), side.disks()
    by_name = {disk.name: disk.uuid for disk in layout.disks}
    copies, others = [], []
    for half in look.halves:
        uuid = by_name.get(names.get(half.number, ""))
        if uuid is None:
            others.append((resource, half.number))
            continue
        number = half.number
        dump = dumped(side, number, None if keep is None else
                      lambda parts, number=number: keep(number, parts))  # type: ignore[misc]
        copies.append(differ.Copy(disk=uuid, resource=resource, volume=number, dump=dump,
                                  oos=half.oos, dstate=half.dstate))
    uuids = {each.name: each.uuid for each in layout.volumes}
    return differ.Seen(node=side.node, layout=layout, copies=tuple(copies),
                       users={uuids[name]: who for name, who in (users or look.users).items()
                              if name in uuids}, put_back=put_back or {}, others=tuple(others))


def same_content(one: "Side", two: "Side", mine: "Seen", theirs: "Seen") -> "OnDisks":
    """{PV: blocks that have changed on either side and are the same on both}."""
    found: "OnDisks" = {}
    for copy in mine.copies:
        other = theirs.copy(copy.disk)
        if other is None or copy.dump.granularity != other.dump.granularity:
            continue
        step, blocks = copy.dump.granularity, copy.blocks | other.blocks
        wanted = ranges(blocks, step)
        found[copy.disk] = differ.equal(blocks, one.digests(copy.volume, wanted, step),
                                        two.digests(other.volume, wanted, step))
    return found


def put_back(store: "Store", side: "Side", layout: "Layout",
             look: "Look") -> "dict[str, OnDisks]":
    """``Seen.put_back`` of a side: LVs that a healing which was undone left as they were.

    :param store: of that side's node
    """
    journal = store.journal()
    if journal is None or journal.generations.get(side.node) != look.generations:
        return {}
    return {uuid: {} for uuid, digest in journal.returned.items()
            if layout.volume(uuid) and _digest(side, layout, uuid) == digest}


def _numbers(side: "Side", layout: "Layout", uuid: str) -> "dict[str, int]":
    """{PV: the volume that it is on} of the PVs that an LV is on.

    :raises Failed: one is on no volume of the resource
    """
    numbers = {name: number for number, name in side.disks().items()}
    found: "dict[str, int]" = {}
    for disk, _, _ in layout.regions(uuid):
        known = layout.disk(disk)
        number = numbers.get(known.name) if known else None
        if number is None:
            raise Failed(f"an LV of {layout.vg} is on no volume of the resource")
        found[disk] = number
    return found


def _regions(side: "Side", layout: "Layout", uuid: str) -> "dict[int, list[Range]]":
    """{volume: where the LV is on it}."""
    numbers = _numbers(side, layout, uuid)
    found: "dict[int, list[Range]]" = {}
    for disk, begin, end in layout.regions(uuid):
        found.setdefault(numbers[disk], []).append((begin, end))
    return found


def _pieces(side: "Side", layout: "Layout", uuid: str) -> "list[tuple[Piece, int]]":
    """(Piece, the volume that it is on) of an LV, in the order of the disks."""
    numbers = _numbers(side, layout, uuid)
    return [(piece, numbers[piece.disk]) for piece in layout.pieces if piece.volume == uuid]


def _digest(side: "Side", layout: "Layout", uuid: str) -> str:
    """SHA-256 of a whole LV, of its extents in the order of the disks."""
    found = hashlib.sha256()
    for number, wanted in sorted(_regions(side, layout, uuid).items()):
        found.update(side.digest(number, wanted))
    return found.hexdigest()


# -- a healing ------------------------------------------------------------------------------------


def begin(store: "Store", winner: "Side", loser: "Side", resource: str, vg: str,
          found: "Difference", choice: "Choice", keep_both: bool = False) -> Journal:
    """Write the journal of a healing as the plan has it; nothing else is changed.

    :raises Failed: it may not be begun
    """
    before = store.journal()
    if before is not None and not before.end:
        raise Failed(f"a healing of {resource} was begun and has not ended: run it again, "
                     "or undo it")
    looks = winner.look(), loser.look()
    for each in looks:
        if not each.version.startswith(MODULE):
            raise Failed(f"DRBD {each.version} on {each.node}: healing was tried with 8.4 only; "
                         f"keep one copy as a whole: `dualstor recover {resource} --plan`")
    if choice.refusals:
        raise Failed(f"{choice.refusals[0].fact}: {choice.refusals[0].step}")
    enough(store, choice.room)
    names = {row.uuid: row.name for row in found.rows}
    journal = Journal(
        resource=resource, vg=vg, winner=winner.node, loser=loser.node, names=names,
        carried=tuple(row.uuid for row in choice.carried), keep_both=keep_both,
        lost=tuple(row.uuid for row in choice.lost),
        primary=tuple(each.node for each in looks if each.primary),
        active={each.node: list(each.active) for each in looks},
        uuids={each.node: {volume.name: volume.uuid for volume in each.layout().volumes}
               for each in (winner, loser)},
        boots={each.node: each.boot for each in looks})
    if before is not None and before.end == UNDONE:
        journal = journal.but(returned=before.returned, generations=before.generations)
    return store.note(journal)


def undo(store: "Store", gone: bool = False) -> Journal:
    """Have the healing that was begun undone when it is run, or ended without the loser.

    :param gone: whether the loser does not answer
    :raises Failed: there is none, or it is too late
    """
    journal = store.journal()
    if journal is None or journal.end:
        raise Failed("there is no healing that could be undone")
    if journal.discarding and not gone:
        raise Failed(f"it is too late: the copy of {journal.loser} is discarded already; run it "
                     "to its end")
    return store.note(journal.but(undoing=True))


def enough(store: "Store", room: int) -> None:
    """Check that *store* has room for so many bytes, and some more.

    :raises Failed: it has not
    """
    free = store.room()
    if free < room + _MARGIN:
        raise Failed(f"{store.path} has {free >> 20} MiB free, and {room + _MARGIN >> 20} MiB are "
                     "needed to keep what will be overwritten: make room there")


class Healing:
    """Runs the healing whose journal is in *store*, on the winner's node.

    :param store: of the winner; its lock is the caller's
    :param winner, loser: the nodes
    :param sleep: waits so many seconds
    :param tell: called with each Do and Wait before it is done
    """

    def __init__(self, store: "Store", winner: "Side", loser: "Side",
                 sleep: "Callable[[float], None]" = time.sleep,
                 tell: "Callable[[Do | Wait], None] | None" = None) -> None:
        journal = store.journal()
        if journal is None:
            raise Failed("no healing was begun")
        self.store, self.winner, self.loser = store, winner, loser
        self.journal = journal
        self._sleep, self._tell = sleep, tell
        self._holds = False

    # -- observe, decide, act -------------------------------------------------------------------

    def observe(self) -> Observation:
        """What is so now."""
        looks = []
        for each in (self.winner, self.loser):
            try:
                looks.append(each.look())
            except Unreachable:
                looks.append(None)      # type: ignore[arg-type]
        return Observation(journal=self.journal, winner=looks[0], loser=looks[1],
                           holds=self._holds)

    def run(self, patience: float = 3600.0) -> Outcome:
        """Continue until it has ended, or cannot continue by itself.

        :param patience: seconds for one thing that is waited for
        :raises Unreachable, Failed, DualstorError: a step was not done; it can be run again
        """
        self._holds = False     # of an earlier session, perhaps
        waited, why = 0.0, ""
        last, times = None, 0
        while True:
            then = heal.decide(self.observe())
            last, times = (last, times + 1) if then == last else (then, 1)
            if isinstance(then, Do) and times > _ENOUGH:
                return Outcome(how=None, stop=Stop(
                    fact=f"\"{then.step}\" was done {_ENOUGH} times on {then.node or 'both'} and "
                    "changed nothing", step="see `dualstor status` and the kernel's log"))
            if isinstance(then, End):
                return Outcome(how=then.how)
            if isinstance(then, Stop):
                return Outcome(how=None, stop=then)
            if self._tell is not None:
                self._tell(then)
            if isinstance(then, Do):
                self.act(then)
                continue
            waited, why = (waited if why == then.why else 0.0), then.why
            if waited > patience:
                return Outcome(how=None, stop=Stop(fact=f"{patience:.0f} s were not enough: "
                                                   f"{why}", step=""))
            self._sleep(then.seconds)
            waited += then.seconds

    def act(self, step: Do) -> None:
        """Do one step."""
        at = self._side(step.node)
        deeds: "dict[str, Callable[[], object]]" = {
            heal.UP: lambda: at.do(sides.UP), heal.PART: lambda: at.do(sides.DISCONNECT),
            heal.QUIET_LOSER: lambda: at.do(sides.DEACTIVATE, at.look().active),
            heal.QUIET_WINNER: lambda: at.do(sides.DEACTIVATE, self._carried()),
            heal.HOLD: self._hold, heal.RELEASE: self._release, heal.GUARD: self._guard,
            heal.DUMP: self._dump, heal.KEEP: self._keep,
            heal.COPY: lambda: self._copy(step.uuid),
            heal.COMPARE: lambda: self._compare(step.uuid),
            heal.BESIDE: lambda: self._beside(step.uuid), heal.YIELD: self._yield,
            heal.COMMIT: lambda: self._note(discarding=True, tries=0),
            heal.UNCOMMIT: lambda: self._note(discarding=False),
            heal.ANSWER: lambda: at.do(sides.CONNECT), heal.DISCARD: self._discard,
            heal.VERIFY: self._verify, heal.CHECKED: self._checked,
            heal.UNGUARD: self._unguard, heal.RETURN: lambda: at.do(sides.PRIMARY),
            heal.UNLOCK: lambda: at.do(sides.UNLOCK),
            heal.REACTIVATE: lambda: self._reactivate(at),
            heal.FINISH: lambda: self._note(end=HEALED),
            heal.PUT_BACK: lambda: self._put_back(step.uuid),
            heal.TAKE_AWAY: lambda: self._take_away(step.uuid),
            heal.AGAIN: lambda: self._note(mark=(), kept=False, files={}, wanted={}),
            heal.CLOSE: lambda: self._note(end=UNDONE),
            heal.LEAVE: lambda: self._note(end=ALONE)}
        deeds[step.step]()

    def _side(self, node: str) -> "Side":
        return self.loser if node == self.loser.node else self.winner

    def _note(self, **changes: object) -> None:
        self.journal = self.store.note(self.journal.but(**changes))

    def _carried(self) -> "tuple[str, ...]":
        return self.journal.named(self.journal.carried)

    # -- quiet ----------------------------------------------------------------------------------

    def _hold(self) -> None:
        self.loser.do(sides.HOLD)
        self._holds = True

    def _release(self) -> None:
        self._holds = False
        self.loser.do(sides.RELEASE)

    def _guard(self) -> None:
        self._note(guarded=self.journal.carried)    # noted first: what may be is taken back
        self.winner.do(sides.GUARD, self._carried())

    def _unguard(self) -> None:
        self.winner.do(sides.UNGUARD, self.journal.named(self.journal.guarded))
        self._note(guarded=())

    def _reactivate(self, at: "Side") -> None:
        """Activate what was active: LVs that are still there, by the names that they have now."""
        now = {volume.uuid: volume.name for volume in at.layout().volumes}
        known = self.journal.uuids.get(at.node, {})
        names = [now[known[name]] if known.get(name) in now else name
                 for name in self.journal.active[at.node]]
        names = [name for name in names if name in now.values()]
        self._note(active=dict(self.journal.active, **{at.node: names}),
                   uuids=dict(self.journal.uuids, **{at.node: {
                       name: uuid for uuid, name in now.items()}}))
        if names:
            at.do(sides.ACTIVATE, names)

    def _yield(self) -> None:
        self._release()
        self.loser.do(sides.SECONDARY)

    # -- the dumps that count ---------------------------------------------------------------------

    def _dump(self) -> None:
        files: "dict[str, str]" = {}
        known: "list[Seen]" = []
        before = self.loser.look()
        flush_both(self.loser, self.winner, self._sleep)
        for each in (self.loser, self.winner):
            def keep(volume: int, parts: "Iterator[bytes]", node: str = each.node) -> None:
                name = f"dump-{node}-{volume}.zlib"
                files[name] = self.store.keep(name, parts)[1]
            look = each.look()
            back = put_back(self.store, each, each.layout(), look) if each is self.winner else {}
            known.append(seen(each, look, self.journal.resource, {}, back, keep))
        after = self.loser.look()
        if after.mark != before.mark or [half.oos for half in after.halves] != [
                half.oos for half in before.halves]:
            raise Failed(f"{self.loser.node} was written to meanwhile: stop what writes there, "
                         "and run it again")
        theirs, mine = known
        for refusal in differ.untrusted(theirs):
            raise Failed(f"{refusal.fact}: {refusal.step}")
        found = differ.compare(mine, theirs, same_content(self.winner, self.loser, mine, theirs))
        self._as_planned(found)
        numbers = {copy.disk: copy.volume for copy in mine.copies}
        self._note(
            mark=after.mark, files=files, granularity=found.granularity, kept=False,
            generations={each.node: each.look().generations for each in (self.winner, self.loser)},
            wanted={uuid: {f"{numbers[disk]}": [list(run) for run in pair[1].runs()]
                           for disk, pair in found.volumes.get(uuid, {}).items() if pair[1]}
                    for uuid in self.journal.carried})
        self._changes = {numbers[disk]: pair[1] for disk, pair in found.changes.items()}

    _changes: "dict[int, Blocks] | None" = None     # of the loser, by volume; only in this run

    def _as_planned(self, found: "Difference") -> None:
        """Check that a healing may do what the plan said.

        :raises Failed: something has changed since
        """
        journal = self.journal
        choice = differ.choose(found, journal.winner, journal.vg, {})
        if choice.refusals:
            raise Failed(f"{choice.refusals[0].fact}: {choice.refusals[0].step}")
        more = [row.name for row in choice.carried if row.uuid not in journal.carried] + \
            [row.name for row in choice.lost if row.uuid not in journal.lost]
        if more:
            raise OnlyUndo(f"{', '.join(sorted(more))} changed since the plan was made: undo this, "
                           "and make a new plan")

    # -- what is kept -------------------------------------------------------------------------

    def _keep(self) -> None:
        journal, step = self.journal, self.journal.granularity
        changes = self._changes
        if changes is None:     # another run has made the dumps
            self._note(mark=())
            return
        wanted = {volume: NONE for volume in changes}
        for uuid in journal.carried:
            for volume in journal.volumes(uuid):
                wanted[volume] = wanted[volume] | journal.blocks(uuid, volume)
        enough(self.store, sum(len(blocks) for each in (wanted, changes)
                                for blocks in each.values()) * step)
        files = dict(journal.files)
        for side, which in ((self.winner, wanted), (self.loser, changes)):
            for volume, blocks in which.items():
                name = f"blocks-{side.node}-{volume}"
                places = ranges(blocks, step)
                files[name] = self.store.keep_blocks(
                    name, located(places, side.read(volume, places)))
            name = f"metadata-{side.node}"
            files[name] = self.store.keep(name, (side.metadata(),))[1]
        self._intact(files)
        self._note(files=files, kept=True)

    def _intact(self, files: "dict[str, str]") -> None:
        """:raises Failed: what is kept is not what was kept"""
        for name, checksum in files.items():
            if self.store.checksum(name) != checksum:
                raise Failed(f"{self.store.path}/{name} is not what was written there")

    # -- copies -------------------------------------------------------------------------------

    def _pour(self, node: str, uuid: str) -> None:
        """Write what is kept of a node's blocks of an LV to the winner."""
        journal, step = self.journal, self.journal.granularity
        for volume in journal.volumes(uuid):
            name = f"blocks-{node}-{volume}"
            self._intact({name: journal.files[name]})
            blocks, written = journal.blocks(uuid, volume), 0
            for offset, data in self.store.blocks(name):
                first = offset // step
                for begin, end in blocks.within(first, first + len(data) // step).runs():
                    self.winner.write(volume, begin * step,
                                      data[begin * step - offset:end * step - offset])
                    written += end - begin
            if written != len(blocks):
                raise Failed(f"{self.store.path}/{name} lacks blocks")

    def _copy(self, uuid: str) -> None:
        if uuid not in self.journal.written:
            self._note(written=self.journal.written + (uuid,))
        self._pour(self.journal.loser, uuid)
        self._note(filled=self.journal.filled + (uuid,))

    def _compare(self, uuid: str) -> None:
        layouts = self.winner.layout(), self.loser.layout()
        if not layouts[0].same_place(layouts[1], uuid):
            raise OnlyUndo(f"{self.journal.names[uuid]} is not at the same place on both nodes "
                           "any more: undo this, and make a new plan")
        if _digest(self.winner, layouts[0], uuid) != _digest(self.loser, layouts[1], uuid):
            raise OnlyUndo(f"{self.journal.names[uuid]} is not the same on both nodes after it "
                           "was copied: undo this, and make a new plan")
        self._note(copied=self.journal.copied + (uuid,))

    def _beside(self, uuid: str) -> None:
        """Make a new LV of the loser's version."""
        theirs = self.loser.layout()
        volume = theirs.volume(uuid)
        if volume is None:
            raise Failed(f"{self.journal.names[uuid]} is not on {self.loser.node} any more")
        name = self.journal.beside.get(uuid) or differ.name_beside(
            self.journal.names[uuid], self.loser.node,
            [each.name for each in self.winner.layout().volumes])
        self._note(beside=dict(self.journal.beside, **{uuid: name}))
        self.winner.do(sides.CREATE, (name, f"{volume.size}"))
        mine = self.winner.layout()
        made = next((each for each in mine.volumes if each.name == name), None)
        if made is None or made.size < volume.size:
            raise Failed(f"{name} is not there, or is too small")
        target = _Target(self.winner, mine, made.uuid)
        sources = _pieces(self.loser, theirs, uuid)
        wanted, there = hashlib.sha256(), hashlib.sha256()
        for piece, number in sources:
            for offset, data in located([(piece.begin, piece.end)], self.loser.read(
                    number, [(piece.begin, piece.end)])):
                wanted.update(data)
                at = 0
                for begin, end in piece.in_volume(offset, offset + len(data)):
                    target.write(begin, data[at:at + end - begin])
                    at += end - begin
        for piece, _ in sources:
            for begin, end in piece.in_volume(piece.begin, piece.end):
                for data in target.read(begin, end):
                    there.update(data)
        if there.digest() != wanted.digest():
            raise Failed(f"{name} is not the same as {self.journal.names[uuid]} of "
                         f"{self.loser.node} after it was copied")
        self.winner.do(sides.UNGUARD, (name,))
        self._note(made=self.journal.made + (uuid,))

    def _put_back(self, uuid: str) -> None:
        self._pour(self.journal.winner, uuid)
        layout, journal = self.winner.layout(), self.journal
        self._note(written=tuple(each for each in journal.written if each != uuid),
                   filled=tuple(each for each in journal.filled if each != uuid),
                   copied=tuple(each for each in journal.copied if each != uuid),
                   returned=dict(journal.returned, **{uuid: _digest(self.winner, layout, uuid)}))

    def _take_away(self, uuid: str) -> None:
        self.winner.do(sides.REMOVE, (self.journal.beside[uuid],))
        left = {each: name for each, name in self.journal.beside.items() if each != uuid}
        self._note(beside=left, made=tuple(each for each in self.journal.made if each != uuid))

    # -- one again ----------------------------------------------------------------------------

    def _discard(self) -> None:
        self._note(tries=self.journal.tries + 1)
        look = self.loser.look()
        if look.primary or heal.written_to(self.journal, look):
            return      # the next look decides
        self.loser.do(sides.DISCARD)

    def _verify(self) -> None:
        if self.loser.look().verifies and self.winner.look().verifies:
            self.winner.do(sides.VERIFY)
            self._note(verifying=True)
            return
        layouts = self.winner.layout(), self.loser.layout()
        for uuid in self.journal.carried:
            if _digest(self.winner, layouts[0], uuid) != _digest(self.loser, layouts[1], uuid):
                raise Failed(f"{self.journal.names[uuid]} is not the same on both nodes: keep "
                             f"what is in {self.store.path}")
        self._note(verified=None)

    def _checked(self) -> None:
        out = max(half.oos for each in (self.winner, self.loser) for half in each.look().halves)
        if out:
            raise Failed(f"verify has found {out} KiB that differ: `drbdadm disconnect "
                         f"{self.journal.resource}` and `drbdadm connect {self.journal.resource}` "
                         f"on {self.loser.node} copy them; then run it again")
        self._note(verifying=False, verified=True)


class _Target:
    """An LV of the winner that is written by the place in it."""

    def __init__(self, side: "Side", layout: "Layout", uuid: str) -> None:
        self._side = side
        self._pieces = sorted(_pieces(side, layout, uuid), key=lambda each: each[0].start)
        if any(piece.stripes != 1 for piece, _ in self._pieces):
            raise Failed("the new LV is striped")

    def _places(self, begin: int, end: int) -> "Iterator[tuple[int, int, int]]":
        """(volume, first byte, the byte after the last) where a range of the LV is."""
        for piece, number in self._pieces:
            low, high = max(begin, piece.start), min(end, piece.start + piece.end - piece.begin)
            if low < high:
                move = piece.begin - piece.start
                yield number, low + move, high + move

    def write(self, begin: int, data: bytes) -> None:
        """Write bytes at *begin* of the LV."""
        at = 0
        for number, low, high in self._places(begin, begin + len(data)):
            self._side.write(number, low, data[at:at + high - low])
            at += high - low

    def read(self, begin: int, end: int) -> "Iterator[bytes]":
        """The bytes of a range of the LV, in parts."""
        for number, low, high in self._places(begin, end):
            yield from self._side.read(number, [(low, high)])
