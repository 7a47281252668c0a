# SPDX-License-Identifier: GPL-2.0-or-later
"""One node's part of a healing, asked through stdin and answered through stdout.

A request is a line of JSON, with ``data`` bytes behind it. Answers are lines of JSON: {"data": N}
with N bytes behind it, {"alive": true} while something takes long, at last {"value": ...} or
{"failed": TEXT}. The first request says which resource and VG, and whether this is the winner:
only there anything is written. The session ends with stdin, and with it what it holds; not the hold
that keeps agents off, which only a later session lifts.
"""

import hashlib
import json
import os
import sys
import time

from dualstor.agents.clustered_vg.interface import EXCLUSIVE_TAG
from dualstor.errors import DualstorError, ParseError
from dualstor.host.deadline import Deadline
from dualstor.host.host import Host
from dualstor.host.memory import STATE_DIR, file_name
from dualstor.kernel import block, devmapper, dlm, drbd, holders, process
from dualstor.record import whole
from dualstor.recover import side
from dualstor.recover.diskio import Disk
from dualstor.recover.journal import PLACE, Store
from dualstor.recover.side import Failed
from dualstor.tools import drbdadm, drbdgi, drbdsetup, hold, lvm, lvmlock

TYPE_CHECKING = False       # only mypy sees what is imported there
if TYPE_CHECKING:
    from typing import IO, Any, Callable, Dict, Iterable, Iterator, Sequence

    from dualstor.tools.lvm import LvmOutcome

    Request = Dict[str, Any]

_SECONDS = 120.0        # for one request that runs commands
_DUMP_SECONDS = 1800.0  # for a dump: its text is read as fast as the other node takes it
_ALIVE = 1.0            # seconds after which whoever waits learns that it continues
_LONGEST = 64 << 20     # bytes of a line of a request: ranges of a bitmap at random
_POLICIES = ("after-sb-0pri", "after-sb-1pri", "after-sb-2pri")
_ID = 32                # characters of the id of an LV
_GENERATION_SECONDS = 20.0


class Stream:
    """The two ends of a session."""

    def __init__(self, source: "IO[bytes]", target: "IO[bytes]") -> None:
        self._source, self._target = source, target
        self._said = time.monotonic()

    def request(self) -> "tuple[Request, bytes] | None":
        """The next request, and its data; None at the end."""
        line = self._source.readline(_LONGEST)
        if not line.endswith(b"\n"):
            return None
        found = json.loads(line.decode("ascii"))
        data = self._source.read(found.get("data", 0))
        return found, data

    def say(self, answer: "dict[str, object]", data: bytes = b"") -> None:
        """Answer."""
        self._target.write(json.dumps(answer).encode("ascii") + b"\n" + data)
        self._target.flush()
        self._said = time.monotonic()

    def data(self, data: bytes) -> None:
        """Part of an answer."""
        if data:
            self.say({"data": len(data)}, data)

    def alive(self) -> None:
        """Say that something takes long, now and then."""
        if time.monotonic() - self._said > _ALIVE:
            self.say({"alive": True})


class Server:
    """Answers the requests of one session.

    :param stream: its two ends
    :param host: makes a Host with so many seconds; tests have their own
    :param disk: opens a device as Disk does; tests have their own
    """

    def __init__(self, stream: Stream, host: "Callable[[float], Host] | None" = None,
                 disk: "Callable[..., Disk]" = Disk) -> None:
        self._stream = stream
        self._make, self._open = host or (lambda seconds: Host(Deadline(seconds))), disk
        self.host = self._make(_SECONDS)
        self.resource = self.vg = ""
        self.winner = False
        self.watch: "frozenset[str] | None" = None
        self._held: "list[Disk]" = []
        self._disks: "dict[tuple[int, bool], Disk]" = {}

    def serve(self) -> None:
        """Answer until the other end is gone."""
        try:
            while self.one():
                pass
        finally:
            self.let_go()

    def one(self) -> bool:
        """Answer the next request; whether there was one."""
        asked = self._stream.request()
        if asked is None:
            return False
        self.host = self._make(_SECONDS)
        try:
            value = self.answer(*asked)
        except DualstorError as problem:
            self._stream.say({"failed": str(problem)})
        else:
            self._stream.say({"value": value})
        return True

    def answer(self, request: "Request", data: bytes) -> "object":
        """The value of the answer to a request; parts of data are given before.

        :raises DualstorError: it cannot be done
        """
        what, words = request.get("ask"), request.get("words", [])
        if what == "begin":
            return self._begin(request)
        if not self.resource:
            raise Failed("the first request is begin")
        work: "dict[object, Callable[[], object]]" = {
            "look": self._look, "layout": self._layout, "disks": self._names,
            "dump": lambda: self._dump(words[0]), "metadata": self._metadata,
            "read": lambda: self._read(words[0], request["ranges"]),
            "digests": lambda: self._digests(words[0], request["ranges"], words[1]),
            "digest": lambda: self._digest(words[0], request["ranges"]),
            "write": lambda: self._write(words[0], words[1], data),
            "do": lambda: self._do(words[0], words[1:])}
        if what not in work:
            raise Failed(f"there is no request {what}")
        return work[what]()

    def _begin(self, request: "Request") -> str:
        self.resource, self.vg = request["resource"], request["vg"]
        self.winner = request["winner"]
        self.watch = None if request["watch"] is None else frozenset(request["watch"])
        if not drbd.is_resource_name(self.resource):
            raise Failed(f"{self.resource!r} is no name of a resource")
        if request.get("hold"):
            self._do_keep_off(request["hold"])
        return self.name()

    def name(self) -> str:
        """This node's name."""
        return os.uname().nodename

    # -- what it is like --------------------------------------------------------------------------

    def _minors(self) -> "tuple[tuple[int, int], ...]":
        return drbd.minors(self.host, self.resource) or ()

    def _look(self) -> "object":
        kernel = drbd.read(self.host)
        halves = [] if kernel is None else [
            half for volume, number in self._minors() for each in kernel.of((number,))
            if each.configured for half in [self._half(volume, each)]]
        active = [each for each in devmapper.of_group(self.host, self.vg) if each.usable]
        options = drbdadm.configuration(self.host, self.resource)
        return {
            "boot": (self.host.read("/proc/sys/kernel/random/boot_id") or "").strip(),
            "version": kernel.version if kernel else "", "halves": halves,
            "active": [each.lv for each in active], "users": self._users(active),
            "policies": [options.option("net", name) or "disconnect" for name in _POLICIES],
            "verifies": bool(options.option("net", "verify-alg")),
            "strays": self._strays(active)}

    def _half(self, volume: int, each: drbd.Minor) -> "dict[str, object]":
        counts = {key: whole(value) for key, value in each.rest}
        oos, written = counts.get("oos"), counts.get("dw")
        if oos is None or written is None:
            raise ParseError("/proc/drbd", f"minor {each.minor}", "no oos: or no dw:")
        current, parent = self._generation(volume)
        return {"number": volume, "cstate": each.cstate, "role": each.role or "",
                "dstate": each.dstate or "", "oos": oos, "written": written,
                "current": current, "parent": parent}

    def _generation(self, volume: int) -> "tuple[int, int]":
        """(current, bitmap) UUID of a volume."""
        found = drbdgi.ask(self.host, f"{self.resource}/{volume}", _GENERATION_SECONDS)
        return whole(found.current, 16) or 0, whole(found.bitmap, 16) or 0

    def _strays(self, active: "Iterable[devmapper.MappedVolume]") -> "list[str]":
        """Ids of the LVs that are locked here and not active."""
        locked = map(lvmlock.plain_id, dlm.granted(self.host, "lvm_" + self.vg) or ())
        ids = {name for name in locked if len(name) == _ID}     # others are the VG's own
        return sorted(ids - {each.lv_id for each in active})

    def _users(self, active: "list[devmapper.MappedVolume]") -> "dict[str, str]":
        """{name: who} of the LVs that are open, of those that are watched."""
        found = {}
        for each in active:
            if self.watch is None or each.lv in self.watch:
                words = holders.holders(self.host, each.major, each.minor)
                if words:
                    found[each.lv] = ", ".join(words[:3])
        return found

    def _layout(self) -> "object":
        options = self._options(self._past())
        segments = lvm.segments(self.host, self.vg, options=options)
        extents = lvm.extents(self.host, self.vg, options=options)
        for report in (segments, extents):
            if not report.outcome.ok:
                raise Failed(f"LVM does not show {self.vg}: {report.outcome.says}")
        return {"segments": [dict(each.items()) for each in segments.segments],
                "extents": dict(extents.but(outcome=None).items(),
                                devices=[dict(each.items()) for each in extents.devices])}

    def _names(self) -> "dict[str, str]":
        """{volume: the name that LVM has for the device on which it is read}."""
        past = self._past()
        options = self._options(past)
        volumes = {(block.DRBD_MAJOR, minor): volume for volume, minor in self._minors()}
        if past is not None:
            volumes = {number: volume for volume, path in past.items()
                       for number in [self.host.device(path)] if number is not None}
        found = {}
        for each in lvm.extents(self.host, self.vg, options=options).devices:
            number = self.host.device(each.pv)
            if number is not None and number in volumes:
                found[f"{volumes[number]}"] = each.pv
        return found

    def _past(self) -> "dict[int, str] | None":
        """{volume: its backing device} where the VG is read there: the loser may be Secondary.

        None where it is read on DRBD's devices.
        """
        kernel = drbd.read(self.host)
        if self.winner or kernel is None or all(
                each.role == "Primary"
                for each in kernel.of(minor for _, minor in self._minors())):
            return None
        return self._backing()

    def _options(self, past: "dict[int, str] | None") -> "tuple[str, ...]":
        """Those of LVM's commands that read the VG; *past* as ``_past`` returns it."""
        return () if past is None else lvm.past_drbd(past.values(), lvm.version(self.host))

    def _backing(self) -> "dict[int, str]":
        """{volume: its backing device}."""
        numbers = {(block.DRBD_MAJOR, minor): volume for volume, minor in self._minors()}
        found: "dict[int, str]" = {}
        for device, backing in drbdadm.backing_devices(self.host):
            number = self.host.device(device)
            if number is not None and number in numbers:
                found[numbers[number]] = backing
        return found

    def _dump(self, volume: int) -> None:
        argv = ("drbdadm", "--", "--force", "dump-md", f"{self.resource}/{volume}")
        done = self._make(_DUMP_SECONDS).stream(argv, self._stream.data, drbdsetup.QUIET)
        if not done.ok:
            raise drbdsetup.failed(done)

    def _metadata(self) -> None:
        name = ("recover", f"{os.getpid()}", self.resource)
        self.host.remember("", *name)   # the directory is there then, and ours alone
        outcome = lvm.command(self.host, ("vgcfgbackup",) + self._options(self._past()) + (
            "-f", self.host.file(f"{STATE_DIR}/{file_name(*name)}"), self.vg))
        text = self.host.recall(*name)
        self.host.forget(*name)
        if not outcome.ok or not text:
            raise Failed(f"vgcfgbackup {self.vg}: {outcome.says}")
        self._stream.data(text.encode("utf-8", "backslashreplace"))

    # -- blocks -----------------------------------------------------------------------------------

    def _disk(self, volume: int, writing: bool = False) -> Disk:
        """The winner's DRBD device, the loser's backing device; open as long as the session."""
        key = (volume, writing)
        if key not in self._disks:
            self._disks[key] = self._open(self._path(volume), writing=writing)
        return self._disks[key]

    def _path(self, volume: int) -> str:
        minor = dict(self._minors()).get(volume)
        if minor is None:
            raise Failed(f"{self.resource}/{volume} is not up")
        if self.winner:
            return self.host.file(f"/dev/drbd{minor}")
        backing = self._backing().get(volume)
        if backing is None:
            raise Failed(f"{self.resource}/{volume} has no backing device here")
        return self.host.file(backing)

    def _parts(self, volume: int, ranges: "list[tuple[int, int]]") -> "Iterator[bytes]":
        for part in self._disk(volume).read(ranges):
            self._stream.alive()
            yield part

    def _read(self, volume: int, ranges: "list[tuple[int, int]]") -> None:
        for part in self._parts(volume, ranges):
            self._stream.data(part)

    def _digests(self, volume: int, ranges: "list[tuple[int, int]]", step: int) -> None:
        held = b""
        for each in self._disk(volume).digests(ranges, step):
            held += each
            if len(held) >= 1 << 15:
                self._stream.data(held)
                held = b""
            self._stream.alive()
        self._stream.data(held)

    def _digest(self, volume: int, ranges: "list[tuple[int, int]]") -> None:
        found = hashlib.sha256()
        for part in self._parts(volume, ranges):
            found.update(part)
        self._stream.data(found.digest())

    def _write(self, volume: int, offset: int, data: bytes) -> None:
        if not self.winner:
            raise Failed("nothing is written on the loser")
        disk = self._disk(volume, writing=True)
        disk.write(offset, data)
        disk.flush()

    # -- deeds ------------------------------------------------------------------------------------

    def _do(self, deed: str, words: "list[str]") -> None:
        if deed not in side.DEEDS:
            raise Failed(f"there is no deed {deed}")
        getattr(self, "_do_" + deed)(*([words] if words else []))

    def _drbd(self, *words: str) -> None:
        argv = ("drbdadm", *words, self.resource)
        outcome = drbdsetup.outcome(self.host.run(argv, None, drbdsetup.QUIET))
        if not outcome.ok:
            raise Failed(f"`{' '.join(argv)}`: {outcome.says}")

    def _standalone(self) -> bool:
        kernel = drbd.read(self.host)
        return kernel is not None and any(
            each.cstate == "StandAlone"
            for each in kernel.of(minor for _, minor in self._minors()))

    def _do_up(self) -> None:
        self._drbd("up")

    def _do_connect(self) -> None:
        if self._standalone():
            self._drbd("connect")

    def _do_discard(self) -> None:
        if self.winner:
            raise Failed("the winner's copy is not discarded")
        if self._standalone():
            self._drbd("connect", "--discard-my-data")

    def _do_disconnect(self) -> None:
        if not self._standalone():
            self._drbd("disconnect")

    def _do_primary(self) -> None:
        self._drbd("primary")

    def _do_secondary(self) -> None:
        self.let_go()
        self._drbd("secondary")

    def _do_verify(self) -> None:
        self._drbd("verify")

    def _do_hold(self) -> None:
        if self._held:
            return
        try:
            for _, minor in self._minors():
                self._held.append(self._open(self.host.file(f"/dev/drbd{minor}"), alone=True))
        except DualstorError:
            self._do_release()      # all or none
            raise

    def _do_keep_off(self, words: "list[str]") -> None:
        winner, loser = words
        me = process.look(self.host, os.getpid())
        if me is None:
            raise Failed("the kernel does not show this process")
        there = hold.look(self.host, hold.DRBD, self.resource)
        if there is not None and there.winner not in ("", winner):
            raise Failed(f"a healing of {self.resource} with {there.winner} as winner was begun "
                         "and has not ended: finish or undo it there")
        held = hold.of_healing(self.resource, self.vg, winner, loser)
        hold.take(self.host, held, me, over=True)
        self._store().keep(hold.KEPT, (hold.kept_text(held).encode(),))

    def _do_admit(self, words: "list[str]") -> None:
        there = hold.look(self.host, hold.DRBD, self.resource)
        if there is not None and there.winner not in ("", words[0]):
            return      # that of another healing
        if there is not None and not there.dead and there.pid != os.getpid():
            raise Failed(hold.words(there))
        self._store().remove(hold.KEPT)
        hold.lift(self.host, hold.of_healing(self.resource, self.vg, "", ""))

    def _store(self) -> Store:
        return Store(self.resource, self.host.file(PLACE))

    def _do_release(self) -> None:
        for each in self._held:
            each.close()
        self._held = []

    def let_go(self) -> None:
        """Close all that the session has open."""
        self._do_release()
        for each in self._disks.values():
            each.close()
        self._disks = {}

    @staticmethod
    def _well(outcome: "LvmOutcome", what: str) -> None:
        if not outcome.ok:
            raise Failed(f"{what}: {outcome.says}")

    def _listed(self) -> "tuple[lvm.LogicalVolume, ...]":
        report = lvm.volumes(self.host, self.vg, lvm.version(self.host))
        self._well(report.outcome, f"lvs {self.vg}")
        return report.volumes

    def _locked(self) -> None:
        """Have LVM's locks for a change: after a reboot nobody starts them, as agents keep off.

        :raises Failed: they cannot be started
        """
        group = lvm.group(self.host, self.vg).group
        if group is not None and group.shared and \
                "lvm_" + self.vg not in dlm.lockspaces(self.host):
            outcome = lvm.start_locking(self.host, self.vg)
            if not outcome.ok:
                raise Failed(f"vgchange --lockstart {self.vg}: {outcome.says}: start dlm and "
                             "lvmlockd there")

    def _do_activate(self, names: "list[str]") -> None:
        self._locked()
        how = "-asy" if lvm.version(self.host) >= lvm.WITH_LVMLOCKD else "-aly"
        alone = {each.name for each in self._listed() if EXCLUSIVE_TAG in each.tags}
        for option, chosen in ((how, [name for name in names if name not in alone]),
                               ("-aey", [name for name in names if name in alone])):
            if chosen:
                self._well(lvm.activate(self.host, self.vg, option, chosen), "lvchange " + option)

    def _do_deactivate(self, names: "list[str]") -> None:
        self._well(lvm.deactivate(self.host, self.vg, names), "lvchange -aln")

    def _do_unlock(self) -> None:
        found = self._strays(devmapper.of_group(self.host, self.vg))
        names = [each.name for each in self._listed() if each.id in found]
        if names:
            self._do_deactivate(names)
        left = self._strays(devmapper.of_group(self.host, self.vg))
        if left:
            raise Failed(f"locks of LVs that are not active are left: {', '.join(names or left)}")

    def _skip(self, value: str, names: "Sequence[str]") -> None:
        wanted = value == "y"
        change = [each.name for each in self._listed()
                  if each.name in names and each.skipped != wanted]
        if change:
            self._locked()
            self._well(lvm.command(self.host, ("lvchange", "-k" + value) + tuple(
                f"{self.vg}/{name}" for name in change)), "lvchange -k" + value)

    def _do_guard(self, names: "Sequence[str]" = ()) -> None:
        self._skip("y", names)

    def _do_unguard(self, names: "Sequence[str]" = ()) -> None:
        self._skip("n", names)

    def _do_create(self, words: "list[str]") -> None:
        name, size = words
        if any(each.name == name for each in self._listed()):
            return
        self._locked()
        self._well(lvm.command(self.host, (
            "lvcreate", "--yes", "-W", "n", "-Z", "n", "-an", "-ky", "-L", f"{size}b", "-n", name,
            self.vg)), "lvcreate")

    def _do_remove(self, names: "list[str]") -> None:
        there = {each.name for each in self._listed()}
        for name in names:
            if name in there:
                self._locked()
                self._well(lvm.command(self.host, ("lvremove", "--yes", f"{self.vg}/{name}")),
                           "lvremove")


def main(source: "IO[bytes] | None" = None, target: "IO[bytes] | None" = None) -> None:
    """Serve one session; None for the process's own stdin and stdout."""
    try:
        Server(Stream(source or sys.stdin.buffer, target or sys.stdout.buffer)).serve()
    except BrokenPipeError:
        pass

