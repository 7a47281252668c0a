# SPDX-License-Identifier: GPL-2.0-or-later
"""Two nodes with one or two DRBD volumes, small enough to be cut off after every request.

How DRBD behaves is as in the captures of a healing by hand: the bitmap reaches the disk with a
disconnect, a discard is refused to a Primary, the resync is the union of both bitmaps.
"""

from dualstor.recover import side as sides
from dualstor.recover.side import Failed, Half, Look, Unreachable
from unit.recover import sides as paper
from unit.recover.helpers import dump
from unit.recover.sides import BLOCK, EXTENT, START, TOTAL

SYNC_LOOKS = 2      # looks that a resync and a verify take


class Killed(BaseException):
    """The command was ended by SIGKILL."""


class Node:
    """One machine."""

    def __init__(self, name, pair):
        self.name, self.pair = name, pair
        self.disk = bytearray(pair.total * BLOCK)       # one volume after the other
        self.current, self.parent = 0x10, 0
        self.bits, self.flushed, self.boots = set(), set(), 1
        self.written = [0] * pair.volumes
        self.lvs = dict(pair.lvs)
        self.uuids = {name: f"uuid-{name}" for name in self.lvs}    # of those that were renamed
        self.guarded = set()
        self.alive, self.cstate, self.role, self.dstate = True, "Connected", "Primary", "UpToDate"
        self.active, self.users, self.held = set(self.lvs), {}, False
        self.busy = 0
        self.kept_off = False
        self.strays = set()     # LVs that are locked here and not active

    @property
    def up(self):
        return self.cstate is not None

    @property
    def peer(self):
        return next(each for each in self.pair.nodes.values() if each is not self)

    def place(self, lv, block):
        """Where a block of an LV is on the device."""
        for volume, first, count in paper.parts(self.lvs[lv]):
            if block < count * 8:
                return volume * TOTAL + 16 + first * 8 + block
            block -= count * 8
        raise AssertionError(f"{lv} has no such block")

    def put(self, block, data):
        """What DRBD does with a write of a block."""
        assert self.up and self.role == "Primary"
        self.disk[block * BLOCK:(block + 1) * BLOCK] = data
        self.written[block // TOTAL] += 4
        if self.cstate in ("Connected", "VerifyS", "VerifyT", "SyncSource", "SyncTarget"):
            self.peer.disk[block * BLOCK:(block + 1) * BLOCK] = data
            self.peer.written[block // TOTAL] += 4
        else:
            self.bits.add(block)

    def get(self, lv, block):
        place = self.place(lv, block)
        return bytes(self.disk[place * BLOCK:(place + 1) * BLOCK])

    def crash(self, blur=()):
        """Power is lost; the log marks whole extents when it comes back."""
        self.alive, self.cstate, self.held = False, None, False
        self.active, self.users, self.role = set(), {}, "Secondary"
        self.written = [0] * self.pair.volumes
        self.strays = set()
        self.boots, self.busy = self.boots + 1, 0
        self.bits |= set(blur)
        if self.peer.cstate not in (None, "StandAlone"):
            self.peer.lose()

    def lose(self):
        """The peer does not answer any more."""
        if self.cstate == "SyncTarget":
            self.dstate = "Inconsistent"
        self.cstate, self.busy = "WFConnection", 0
        if self.role == "Primary" and not self.parent:
            self.parent, self.current = self.current, self.pair.number()


class Pair:
    """Both nodes, connected until ``part``.

    :param lvs: {LV: where it is}, as in ``sides``
    :param volumes: how many the resource has
    """

    def __init__(self, lvs=None, volumes=1):
        self._number = 0x100
        self.lvs, self.volumes, self.total = lvs or paper.LVS, volumes, TOTAL * volumes
        self.nodes = {}
        for name in ("node1", "node2"):
            self.nodes[name] = Node(name, self)
        self.fuse = None        # requests until ``blow`` is called, before or after one
        self.blow = None
        self.requests = 0
        self.meanwhile = None   # called with each request
        for number in range(self.total):
            self.nodes["node1"].put(number, b"base%8d" % number * (BLOCK // 12) + b"    ")
        for node in self.nodes.values():
            node.written = [0] * volumes

    def number(self):
        self._number += 0x10
        return self._number

    def part(self):
        """The link is gone, and fencing was waived: both go on; then they find out."""
        for node in self.nodes.values():
            node.lose()
        for node in self.nodes.values():
            node.cstate = "StandAlone"

    def meet(self):
        """What follows when both wait for each other."""
        one, two = self.nodes.values()
        if not (one.cstate == two.cstate == "WFConnection"):
            return
        if one.current == two.current:
            self.resync(one, two)
            return
        for node, peer in ((one, two), (two, one)):
            if getattr(node, "discards", False) or peer.parent == node.current:
                self.resync(peer, node)
                return
        one.cstate = two.cstate = "StandAlone"

    def resync(self, source, target):
        source.cstate, target.cstate = "SyncSource", "SyncTarget"
        source.busy = target.busy = SYNC_LOOKS
        blocks = source.bits | target.bits
        if blocks:
            target.dstate = "Inconsistent"
        target.current, target.parent = source.current, 0
        target.syncs = blocks

    def proceed(self):
        """Time passes."""
        self.meet()
        for node in self.nodes.values():
            if not node.busy:
                continue
            node.busy -= 1
            if node.busy:
                continue
            if node.cstate == "SyncTarget":
                peer = node.peer
                for block in node.syncs:
                    at = slice(block * BLOCK, (block + 1) * BLOCK)
                    node.disk[at] = peer.disk[at]
                node.lvs, node.uuids = dict(peer.lvs), dict(peer.uuids)
                node.dstate, peer.parent = "UpToDate", 0
                node.bits, peer.bits = set(), set()
                node.cstate = peer.cstate = "Connected"
                peer.busy = 0
            elif node.cstate.startswith("Verify"):
                node.bits |= {b for b in range(self.total) if node.disk[b * BLOCK:(b + 1) * BLOCK]
                              != node.peer.disk[b * BLOCK:(b + 1) * BLOCK]}
                node.cstate = "Connected"

    def request(self, side, work, *words):
        """One request of a side: the fuse may blow before it and after it."""
        self.requests += 1
        if self.meanwhile:
            self.meanwhile()
        self._burn()
        if not side.it.alive:
            raise Unreachable(f"{side.node} does not answer")
        found = work(*words)
        self._burn()
        return found

    def _burn(self):
        if self.fuse is not None:
            self.fuse -= 1
            if self.fuse < 0:
                self.fuse = None
                self.blow()


class FakeSide:
    """One node as the engine asks it."""

    def __init__(self, node):
        self.it, self.pair, self.node = node, node.pair, node.name

    def look(self):
        return self.pair.request(self, self._look)

    def _look(self):
        it = self.it
        self.pair.proceed()
        halves = () if not it.up else tuple(Half(
            number=volume, cstate=it.cstate, role=it.role, dstate=it.dstate,
            oos=len(self._of(volume, it.bits)) * 4, written=it.written[volume],
            current=it.current, parent=it.parent) for volume in range(self.pair.volumes))
        return Look(node=it.name, boot=f"{it.name}-boot{it.boots}", version="8.4.11", halves=halves,
                    active=tuple(sorted(it.active)), users=dict(it.users),
                    policies=("disconnect",) * 3, verifies=self.pair.__dict__.get("verifies", True),
                    strays=tuple(sorted(it.strays)))

    @staticmethod
    def _of(volume, blocks):
        """Those of a volume, counted from its begin."""
        return {block - volume * TOTAL for block in blocks if block // TOTAL == volume}

    def layout(self):
        return self.pair.request(self, lambda: paper.layout(
            self.it.lvs, volumes=self.pair.volumes, uuids=self.it.uuids))

    def disks(self):
        return {volume: f"/dev/drbd{volume}" for volume in range(self.pair.volumes)}

    def metadata(self):
        return self.pair.request(self, lambda: repr(self.it.lvs).encode())

    def dump(self, volume):
        it = self.it
        text = dump(self._of(volume, it.flushed), TOTAL, current=it.current,
                    bitmap=it.parent).encode()
        self.pair.request(self, lambda: None)
        yield text[:100]
        yield text[100:]

    @staticmethod
    def _at(volume, ranges):
        """Ranges of a volume as those of the disk."""
        first = volume * TOTAL * BLOCK
        assert all(0 <= begin <= end <= TOTAL * BLOCK for begin, end in ranges)
        return [(first + begin, first + end) for begin, end in ranges]

    def read(self, volume, ranges):
        for begin, end in self._at(volume, ranges):
            self.pair.request(self, lambda: None)
            middle = begin + (end - begin) // BLOCK // 2 * BLOCK
            for low, high in ((begin, middle), (middle, end)):
                if low < high:
                    yield bytes(self.it.disk[low:high])

    def digests(self, volume, ranges, step):
        from hashlib import sha256
        self.pair.request(self, lambda: None)
        for begin, end in self._at(volume, ranges):
            for at in range(begin, end, step):
                yield sha256(self.it.disk[at:at + step]).digest()

    def digest(self, volume, ranges):
        from hashlib import sha256
        self.pair.request(self, lambda: None)
        found = sha256()
        for begin, end in self._at(volume, ranges):
            found.update(self.it.disk[begin:end])
        return found.digest()

    def write(self, volume, offset, data):
        assert offset % BLOCK == len(data) % BLOCK == 0
        assert self.node == "node1", "nothing is ever written on the loser"
        for at in range(0, len(data), BLOCK):
            self.pair.request(self, self.it.put, volume * TOTAL + (offset + at) // BLOCK,
                              data[at:at + BLOCK])

    def do(self, deed, words=()):
        assert deed in sides.DEEDS
        self.pair.request(self, getattr(self, "_" + deed), *([words] if words else []))

    def _up(self):
        if not self.it.up:
            self.it.cstate, self.it.discards = "WFConnection", False
            self.pair.meet()

    def _connect(self, discards=False):
        if self.it.cstate == "StandAlone":
            self.it.discards, self.it.cstate = discards, "WFConnection"
            self.pair.meet()

    def _discard(self):
        if self.it.role == "Primary":
            raise Failed("(123) --discard-my-data not allowed when primary")
        self._connect(True)

    def _disconnect(self):
        it = self.it
        if it.cstate not in ("StandAlone", "WFConnection"):
            raise AssertionError("nothing disconnects what is connected")
        it.cstate, it.flushed = "StandAlone", set(it.bits)

    def _primary(self):
        assert self.it.cstate == "Connected", "that would call the fence-peer handler"
        self.it.role = "Primary"

    def _secondary(self):
        if self.it.active or self.it.held:
            raise Failed("held open by someone")
        self.it.role = "Secondary"

    def _verify(self):
        for node in (self.it, self.it.peer):
            node.cstate, node.busy = "VerifyS", SYNC_LOOKS

    def _activate(self, names):
        if self.it.held or self.it.guarded & set(names):
            raise Failed("it cannot be activated")
        if set(names) - set(self.it.lvs):
            raise Failed("Failed to find logical volume")
        assert self.it.role == "Primary"
        if self.it.peer.strays & set(names):
            raise Failed("LV locked by other host")
        self.it.active |= set(names)

    def _unlock(self):
        assert self.it.role == "Primary"
        self.it.strays = set()

    def _deactivate(self, names):
        if set(names) & set(self.it.users):
            raise Failed("in use")
        self.it.active -= set(names)

    def _guard(self, names=()):
        self.it.guarded |= set(names)

    def _unguard(self, names=()):
        self.it.guarded -= set(names)

    def _hold(self):
        if self.it.active:
            raise Failed("busy")
        self.it.held = True

    def _release(self):
        self.it.held = False

    def _keep_off(self, words):
        assert words == ("node1", "node2")
        self.it.kept_off = True

    def _admit(self, words):
        assert words == ("node1",)
        self.it.kept_off = False

    def _create(self, words):
        name, size = words
        if name not in self.it.lvs:
            self.it.guarded.add(name)
            first, count = 20 + len(self.it.lvs) * 4, -(-int(size) // EXTENT)
            self.it.guarded.add(name)
            self.it.lvs[name] = (first, count) if self.pair.volumes == 1 or count == 1 else (
                (1, first, 1), (0, first, count - 1))

    def _remove(self, names):
        for name in names:
            self.it.lvs.pop(name, None)
            self.it.guarded.discard(name)


def text(what):
    """A block's content."""
    return (what.encode() * BLOCK)[:BLOCK]


assert START == 16 * BLOCK
