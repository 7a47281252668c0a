# SPDX-License-Identifier: GPL-2.0-or-later
"""The resident process: it waits for a change, and has the agent take it over.

It lives as long as the VG is started on this node, so it imports next to nothing; what the agent
needs is loaded by a copy of this process, which is kept for some time: one change rarely comes
alone, and to load it takes longer than all else that a round does before it asks a command.
"""

import posix
import time

from dualstor.host import offspring
from dualstor.host.memory import STATE_DIR, Memory
from dualstor.kernel.dmalarm import Alarm
from dualstor.look import well
from dualstor.watcher import place, schedule
from dualstor.watcher.result import from_text
from dualstor.watcher.schedule import Schedule

TYPE_CHECKING = False       # only mypy sees what is imported there
if TYPE_CHECKING:
    from types import FrameType
    from typing import BinaryIO, Callable, Mapping, NoReturn

    from dualstor.host.deadline import Deadline
    from dualstor.host.files import Files
    from dualstor.host.host import Host
    from dualstor.look.sights import Sight

_DEVICES = "devices"    # the sight that device-mapper's own event makes needless to read


class Replaced(Exception):
    """Another version of this program is installed: a round must not mix the two."""


class Ended(Exception):
    """The watcher has to end."""


def _of_devices(sight: "Sight") -> bool:
    return sight[0] == _DEVICES


def _on_signal(_number: int, _frame: "FrameType | None") -> None:
    raise Ended


def _show_life(lock: "BinaryIO", uptime: float) -> None:
    try:
        posix.pwrite(lock.fileno(), f"{uptime:<20.2f}".encode("ascii"), 0)
    except OSError:
        pass    # no room in /run


def _itself(files: "Files") -> "str | None":
    """What distinguishes the installed program from the one that runs."""
    return files.identity(__file__)


class Resident:
    """The watcher of one VG.

    :param files: this host's
    :param work: what a round does, in its own process: takes what the last one has said, and
        returns its Result as text (watcher.result)
    """

    def __init__(self, files: "Files", work: "Callable[[str], str]",
                 clock: "Callable[[], float]" = time.monotonic) -> None:
        self._files, self._work, self._clock = files, work, clock
        self._alarm = Alarm(files)
        self._program = _itself(files)
        self._copy: "offspring.Copy | None" = None
        self._schedule = Schedule(next_look=clock(), next_round=clock())

    def run(self, lock: "BinaryIO") -> None:
        """Watch until a signal comes.

        :param lock: the file whose lock is held; each turn leaves a sign of life there
        :raises Ended: it came
        """
        try:
            while True:
                self._turn(lock)
        finally:
            if self._copy is not None:
                self._copy.end()

    def _turn(self, lock: "BinaryIO") -> None:
        _show_life(lock, self._files.uptime())
        seconds = self._schedule.wait(self._clock(), self._works)
        if self._alarm.wait(seconds, self._copy.pipe if self._copy else None):
            self._alarm.arm()       # first: what happens from now on raises it again
            same = self._same(self._schedule.sights, _of_devices)
            self._schedule = self._schedule.woken(self._clock(), same)
        self._hear()
        now = self._clock()
        if self._schedule.looks(now) and not self._works:
            same = self._same(self._schedule.sights,
                              lambda sight: not (_of_devices(sight) and self._alarm.works))
            self._schedule = self._schedule.looked(now, self._clock(), same)
        if not self._works and self._schedule.starts(self._clock()):
            if _itself(self._files) != self._program:
                raise Replaced
            if self._copy is None:
                self._copy = offspring.Copy(self._work, without=(lock.fileno(),))
            self._copy.give(self._schedule.says, schedule.ROUND)
            self._schedule = self._schedule.started()

    @property
    def _works(self) -> bool:
        """Whether a round runs."""
        return self._copy is not None and self._copy.works

    def _hear(self) -> None:
        """Take what a round has found, and part with a copy that has ended or has had no work."""
        if self._copy is None:
            return
        worked, text = self._copy.works, self._copy.answered()
        if self._copy.ended():
            self._copy, text = None, text or ""
        if worked and text is not None:
            result = from_text(text)
            same = self._same(result.sights, _of_devices)
            self._schedule = self._schedule.ended(self._clock(), result, same)
        elif self._copy is not None and not worked and self._schedule.rests(self._clock()):
            self._copy.end()
            self._copy = None

    def _same(self, kept: "tuple[Sight, ...] | None", chosen: "Callable[[Sight], bool]") -> bool:
        """Whether what an answer depends on looks as it did; of the *chosen* sights."""
        return kept is not None and well.all_as_seen(self._files, filter(chosen, kept))


def script(files: "Files", name: str, vg: str, environ: "Mapping[str, str]",
           make_host: "Callable[[Deadline], Host] | None" = None) -> "NoReturn":
    """The process of the watcher of *vg*; another one that is there already stays.

    :param name: the agent's
    :param environ: the agent's, with the resource's parameters
    """
    import fcntl
    lock = Memory(files.file(STATE_DIR)).lock_file(*place.words(vg))
    if lock is None:
        posix._exit(1)      # without a lock there could be two
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        posix._exit(0)
    offspring.on_end(_on_signal)

    def work(said: str) -> str:
        from dualstor.watcher import round as rounds
        return rounds.text(name, environ, said, make_host)
    try:
        Resident(files, work).run(lock)
    except Ended:
        posix._exit(0)
    except Replaced:
        offspring.begin_again(files)    # lets the lock go, and takes it again
    finally:
        posix._exit(1)
