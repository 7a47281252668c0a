# SPDX-License-Identifier: GPL-2.0-or-later
"""When the watcher has something to do: pure, on a clock that is given to it.

A *round* is one look by the agent, in a process of its own, which does what is to be done. It ends
with what its answer depends on (look.sights), or says that it has to be repeated.
"""

from dualstor.record import Record

TYPE_CHECKING = False       # only mypy sees what is imported there
if TYPE_CHECKING:
    from dualstor.look.sights import Sight

#: Seconds from one check of the disks to the next; after a slow one more, up to the most.
TICK, TICK_MOST = 1.0, 30.0
#: Seconds between checks while more changes are to be expected, see KEPT.
TICK_BUSY = 0.25
#: A look that took longer than this part of its tick was slow.
_SLOW = 0.2

#: Seconds from a round that could not finish its work to the next: the first, and the most.
AGAIN, AGAIN_MOST = 0.25, 15.0
#: Seconds that a round may take.
ROUND = 60.0
#: Seconds from a round during which more changes are expected, and its process is kept for them;
#: not from one that repeats a trouble that lasts.
KEPT = 20.0


class Result(Record):
    """How a round ended.

    ``sights``: what "all is done" depends on; None when not all is done. ``says``: why not all is
    done.
    """

    sights: "tuple[Sight, ...] | None" = None
    says: str = ""


class Schedule(Record):
    """When to look and when to run a round, in seconds of a monotonic clock.

    ``sights``: what the last answer depends on, None as long as there is none. ``tick``: seconds
    between looks. ``pause``: what to wait after the next round that does not finish. ``says``: what
    the last round has said. ``kept``: until when another one is expected.
    """

    next_look: float
    next_round: "float | None"
    sights: "tuple[Sight, ...] | None" = None
    tick: float = TICK
    pause: float = AGAIN
    says: str = ""
    kept: float = 0.0

    def wait(self, now: float, running: bool) -> float:
        """Seconds until there is something to do; a device-mapper event may come first.

        :param running: whether a round is: its end comes first, too, and nothing else is to be
            done meanwhile but to give a sign of life
        """
        if running:
            return TICK
        times = [self.next_look]
        if self.next_round is not None:
            times.append(self.next_round)
        return max(0.0, min(times) - now)

    def looks(self, now: float) -> bool:
        """Whether it is time to check the disks."""
        return now >= self.next_look

    def starts(self, now: float) -> bool:
        """Whether it is time for a round."""
        return self.next_round is not None and now >= self.next_round

    def rests(self, now: float) -> bool:
        """Whether there was no round for so long that none is to be expected."""
        return now >= self.kept

    def looked(self, began: float, now: float, same: bool) -> "Schedule":
        """After a look from *began* to *now*; *same*: all looks as in the last answer."""
        usual = TICK if self.rests(now) else TICK_BUSY
        slow = now - began > _SLOW * max(self.tick, TICK)
        tick = min(max(self.tick, TICK) * 2, TICK_MOST) if slow else usual
        due = self.next_round
        if not same and self.sights is not None:
            due = now
        return self.but(next_look=now + tick, tick=tick, next_round=due,
                        sights=self.sights if same else None)

    def woken(self, now: float, same: bool) -> "Schedule":
        """After an event of device-mapper; *same*: the VG's devices are as in the last answer."""
        return self if same else self.but(sights=None, next_round=now, pause=AGAIN)

    def started(self) -> "Schedule":
        """A round has begun: what it will depend on is not known yet."""
        return self.but(sights=None, next_round=None)

    def ended(self, now: float, result: Result, same: bool) -> "Schedule":
        """After a round; *same*: the VG's devices are as it has left them."""
        if result.sights is not None:
            due = now if self.next_round is not None and not same else None
            return self.but(says=result.says, sights=result.sights, next_round=due, pause=AGAIN,
                            kept=now + KEPT)
        lasts = self.pause >= AGAIN_MOST    # then it is no sign of changes to come
        return self.but(says=result.says, next_round=now + self.pause,
                        kept=self.kept if lasts else now + KEPT,
                        pause=min(self.pause * 2, AGAIN_MOST))
