# SPDX-License-Identifier: GPL-2.0-or-later
"""The healing of a split brain as a sequence that can be interrupted anywhere. Pure.

``decide`` says what comes next, from the journal and what both nodes are now. So there is no
difference between the first run and one after a kill, a crash or a lost link: each begins with a
look. Until the loser's copy is discarded everything can be undone; from then on, by then the
winner has all that is to survive, the only way is to the end.

The order is the safety (docs: drbd.conf(5), "Split brain"): the loser's LVs are inactive and its
device is held, so its bitmap is final; LVs that are carried are inactive on the winner and cannot
be activated there; what will be overwritten is kept; blocks are copied and LVs compared while both
nodes are apart; only then the loser gives up its role, and if it has written nothing, its copy.
"""

from dualstor.record import Record
from dualstor.recover.journal import PLACE

TYPE_CHECKING = False       # only mypy sees what is imported there
if TYPE_CHECKING:
    from typing import Union

    from dualstor.recover.journal import Journal
    from dualstor.recover.side import Look

    Next = Union["Do", "Wait", "Stop", "End"]

#: Steps, in the order in which a healing without trouble has them.
UP, PRIMARY = "up", "primary"
QUIET_LOSER, QUIET_WINNER, HOLD, GUARD = "quiet loser", "quiet winner", "hold", "guard"
PART, DUMP, KEEP, COPY, COMPARE = "part", "dump", "keep", "copy", "compare"
BESIDE, YIELD, COMMIT, ANSWER, DISCARD = "beside", "yield", "commit", "answer", "discard"
VERIFY, CHECKED, RETURN, FINISH = "verify", "checked", "return", "finish"
#: Steps of the way back, and those that are rarely needed.
AGAIN, RELEASE, PUT_BACK, TAKE_AWAY = "again", "release", "put back", "take away"
UNCOMMIT, LEAVE, UNLOCK = "uncommit", "leave", "unlock"
UNGUARD, REACTIVATE, CLOSE = "unguard", "reactivate", "close"

#: {step: what it does}; ``sentence`` puts the names in.
WORDS = {
    UP: "{node}: the resource is brought up", PART: "{node}: DRBD stops looking for its peer",
    QUIET_LOSER: "{loser}: all LVs are deactivated",
    HOLD: "{loser}: DRBD's devices are held, so that nothing is activated on them",
    QUIET_WINNER: "{winner}: {lvs}: deactivated",
    GUARD: "{winner}: {lvs}: cannot be activated until this is finished or undone",
    DUMP: "both: DRBD's bitmaps are written and read, and must say what the plan said",
    KEEP: "{winner}: old blocks, the blocks of {loser} and both metadata are kept",
    COPY: "{winner}: {lvs}: gets what {loser} wrote", COMPARE: "both: {lvs}: compared as a whole",
    BESIDE: "{winner}: {lvs}: the other version becomes a new LV",
    YIELD: "{loser}: becomes Secondary",
    COMMIT: "from here on there is no way back: {winner} has all that is to survive",
    ANSWER: "{node}: waits for its peer", DISCARD: "{loser}: gives up its copy and is synced",
    VERIFY: "both: the copies are compared by DRBD, or the LVs by us without a verify-alg",
    CHECKED: "both: no block may differ", UNGUARD: "{winner}: {lvs}: can be activated again",
    RETURN: "{node}: becomes Primary again, as before",
    REACTIVATE: "{node}: the LVs that were active before are activated",
    FINISH: "both nodes have the same again",
    AGAIN: "{loser} was written to meanwhile: what was read of it is read again",
    RELEASE: "{loser}: DRBD's devices are held no longer",
    PUT_BACK: "{winner}: {lvs}: gets back what it had before",
    TAKE_AWAY: "{winner}: {lvs}: the new LV with the other version is removed",
    UNCOMMIT: "{loser} was written to before it gave up its copy: it is copied again",
    UNLOCK: "{node}: locks of LVs that somebody tried to activate meanwhile are given back",
    LEAVE: "{winner} has all that is to survive, and continues without {loser}",
    CLOSE: "{winner} has what it had before"}

#: The steps of a healing without trouble, in their order.
ORDER = (QUIET_LOSER, QUIET_WINNER, HOLD, GUARD, DUMP, KEEP, COPY, COMPARE, BESIDE, YIELD, COMMIT,
         ANSWER, DISCARD, VERIFY, CHECKED, UNGUARD, RETURN, REACTIVATE, FINISH)
#: Those that there are only with LVs to be carried.
_CARRYING = (QUIET_WINNER, GUARD, COPY, COMPARE, UNGUARD)

#: From this step on nothing can be undone.
LAST_UNDOABLE = YIELD

_PRIMARY = "make it Primary there, for which DRBD calls its fence-peer handler"
_TRIES = 3          # connections of the loser after which a person is asked
_POLICY = "disconnect"


class Do(Record):
    """Do a step. ``node``: where, "" for both. ``uuid``: of the LV."""

    step: str
    node: str = ""
    uuid: str = ""


class Wait(Record):
    """Look again in ``seconds``; ``why``: what for."""

    seconds: float
    why: str


class Stop(Record):
    """It cannot continue by itself: ``fact`` and ``step``, sentences without a full stop.

    What is done stays done, and the same command continues from there.
    """

    fact: str
    step: str


class End(Record):
    """Nothing is left to do; ``how``: UNDONE, HEALED or ALONE."""

    how: str


class Observation(Record):
    """All that there is to know. ``winner`` or ``loser``: None if the node does not answer.

    ``holds``: whether this session holds the loser's devices.
    """

    journal: "Journal"
    winner: "Look | None"
    loser: "Look | None"
    holds: bool = False


def sentence(step: Do, journal: "Journal") -> str:
    """What a step does, in words."""
    names = (step.uuid,) if step.uuid else journal.carried
    return WORDS[step.step].format(node=step.node or "both", winner=journal.winner,
                                   loser=journal.loser, lvs=", ".join(journal.named(names)))


def steps(journal: "Journal") -> "tuple[tuple[str, bool], ...]":
    """(what is done, whether it can still be undone afterwards) of a healing without trouble."""
    found = []
    last = ORDER.index(LAST_UNDOABLE)
    for number, name in enumerate(ORDER):
        if name in _CARRYING and not journal.carried or \
                name == BESIDE and not (journal.keep_both and journal.lost):
            continue
        node = journal.winner if name == ANSWER else ""
        lvs = ", ".join(journal.named(journal.lost if name == BESIDE else journal.carried))
        found.append((WORDS[name].format(node=node or "both", winner=journal.winner,
                                         loser=journal.loser, lvs=lvs), number <= last))
    return tuple(found)


def decide(seen: Observation) -> "Next":
    """What comes next."""
    journal, winner = seen.journal, seen.winner
    if journal.end:
        return End(how=journal.end)
    if winner is None:
        return Stop(fact=f"{journal.winner} does not answer", step="bring it back")
    if journal.discarding and journal.undoing and seen.loser is None:
        return _alone(journal, winner)
    if journal.discarding:
        return _forward(journal, winner, seen.loser)
    if journal.undoing:
        return _back(journal, winner, seen)
    if seen.loser is None:
        return _silent(journal)
    return _prepare(journal, winner, seen.loser, seen.holds)


def _silent(journal: "Journal") -> Stop:
    what = "if it is gone forever, end it" if journal.discarding else "undo it"
    return Stop(fact=f"{journal.loser} does not answer", step=f"bring it back (or {what} without: "
                f"`dualstor recover {journal.resource} --peer {journal.loser} --undo`)")


# -- until the loser's copy is discarded ---------------------------------------------------------


def _prepare(journal: "Journal", winner: "Look", loser: "Look", holds: bool) -> "Next":
    for each in (winner, loser):
        odd = [value for value in each.policies if value != _POLICY]
        if odd:
            return Stop(fact=f"after-sb-* is {odd[0]} on {each.node}: to connect would discard "
                        "a copy", step="set after-sb-0pri, 1pri and 2pri to disconnect, then "
                        f"`drbdadm adjust {journal.resource}`")
    for each in (loser, winner):
        if each.connected:
            return Stop(fact=f"{each.node} is connected: this is no split brain any more",
                        step=f"`dualstor recover {journal.resource} --peer {journal.loser} "
                        "--undo`")
        if not each.up:
            return Do(UP, each.node)
        if not each.standalone:
            return Do(PART, each.node)
        if each is loser and not each.consistent:
            return Stop(fact=f"the disk of {journal.resource} on {each.node} is not UpToDate",
                        step="see `dualstor status`")
    if not winner.primary:
        return Stop(fact=f"{journal.resource} is not Primary on {winner.node}",
                    step=_PRIMARY)
    if not winner.up_to_date:
        return Stop(fact=f"the disk of {journal.resource} on {winner.node} is not UpToDate",
                    step="see `dualstor status`")
    return _other_data(journal, winner) or _other_data(journal, loser) or \
        _hold(journal, winner, loser, holds) or _copy(journal, winner, loser)


def _other_data(journal: "Journal", each: "Look") -> "Stop | None":
    """A Stop if a node has other data than when the dumps were made; None if it has not."""
    if not journal.mark or journal.generations.get(each.node) == each.generations:
        return None
    return Stop(fact=f"{journal.resource} on {each.node} has another generation of data than when "
                "this was begun", step=f"what was kept is in {PLACE}/{journal.resource}: check "
                "the LVs, then move that directory away")


def _hold(journal: "Journal", winner: "Look", loser: "Look", holds: bool) -> "Next | None":
    """What makes the carried LVs quiet on both nodes; None when they are."""
    for each, names, step in ((loser, loser.active, QUIET_LOSER),
                              (winner, journal.named(journal.carried), QUIET_WINNER)):
        stuck = [f"{journal.vg}/{name}" + (f" ({each.users[name]})" if each.users[name] else "")
                 for name in names if name in each.users]
        if stuck:
            return Stop(fact=f"open on {each.node}: {', '.join(stuck)}",
                        step="stop what uses them there")
        if set(names) & set(each.active):
            return Do(step, each.node)
    if loser.primary and not holds:
        return Do(HOLD, loser.node)
    if set(journal.carried) - set(journal.guarded):
        return Do(GUARD, winner.node)
    return None


def _copy(journal: "Journal", winner: "Look", loser: "Look") -> "Next":
    if not journal.mark:
        return Do(DUMP)
    if journal.mark != loser.mark:
        if journal.written:
            return Do(PUT_BACK, winner.node, journal.written[-1])
        return Do(AGAIN)
    if not journal.kept:
        return Do(KEEP)
    for uuid in journal.carried:
        if uuid not in journal.filled:
            return Do(COPY, winner.node, uuid)
        if uuid not in journal.copied:
            return Do(COMPARE, "", uuid)
    if journal.keep_both:
        for uuid in journal.lost:
            if uuid not in journal.made:
                return Do(BESIDE, winner.node, uuid)
    if loser.primary:
        return Do(YIELD, loser.node)
    return Do(COMMIT)


# -- afterwards ---------------------------------------------------------------------------------


def _forward(journal: "Journal", winner: "Look", loser: "Look | None") -> "Next":
    """Until both have the same again."""
    if loser is None:
        return _silent(journal)
    for each in (winner, loser):
        if not each.up:
            return Do(UP, each.node)
    if journal.verifying or journal.verified is not False:
        return _last(journal, winner, loser)
    if winner.connected and loser.connected:
        if not winner.quiet or not loser.quiet:
            return Wait(seconds=1.0, why=f"{loser.node} is being synced")
        if not winner.up_to_date or not loser.up_to_date:
            return Stop(fact=f"both nodes are connected, and {journal.resource} is not UpToDate "
                        "on both", step="see `dualstor status`")
        if _demoted(journal, winner):
            return Do(RETURN, winner.node)      # it was rebooted; else LVM does not see the VG
        return Do(VERIFY)
    if loser.standalone and written_to(journal, loser):
        return Do(UNCOMMIT)     # nothing was discarded
    if loser.standalone and journal.tries >= _TRIES:
        return Stop(fact=f"{loser.node} was StandAlone again after {journal.tries} attempts",
                    step="see the kernel's log: `dmesg | grep drbd`")
    if winner.standalone:
        return Do(ANSWER, winner.node)
    if loser.standalone:
        if loser.primary:
            return Do(YIELD, loser.node)
        return Do(DISCARD, loser.node)
    return Wait(seconds=0.5, why="both nodes connect")


def _last(journal: "Journal", winner: "Look", loser: "Look") -> "Next":
    """Until everything is as it was before."""
    if not winner.connected or not loser.connected:
        away = next((each for each in (winner, loser) if each.standalone), None)
        if away is not None:
            return Do(ANSWER, away.node)
        return Wait(seconds=0.5, why="both nodes connect")
    if not winner.quiet or not loser.quiet:
        return Wait(seconds=1.0, why="DRBD compares both copies" if journal.verifying
                    else f"{loser.node} is being synced")
    if journal.verifying:
        return Do(CHECKED)
    if not winner.up_to_date or not loser.up_to_date:
        return Stop(fact=f"{journal.resource} is not UpToDate on both nodes",
                    step="see `dualstor status`")
    if _demoted(journal, winner):
        return Do(RETURN, winner.node)      # it was rebooted; LVM changes nothing before
    if journal.guarded:
        return Do(UNGUARD, winner.node)
    if _demoted(journal, loser):
        return Do(RETURN, loser.node)
    unlock = _unlock(loser, winner)
    if unlock is not None:
        return unlock
    for each in (winner, loser):
        if _missing(journal, each):
            return Do(REACTIVATE, each.node)
    return Do(FINISH)


def _demoted(journal: "Journal", each: "Look") -> bool:
    """Whether a node was Primary when the healing began, and is not any more."""
    return not each.primary and each.node in journal.primary


def _unlock(*looks: "Look | None") -> "Do | None":
    """The step that gives stray locks back; None when there are none, or LVM cannot do it there."""
    for each in looks:
        if each is not None and each.primary and each.strays:
            return Do(UNLOCK, each.node)
    return None


def _missing(journal: "Journal", each: "Look") -> "set[str]":
    """The LVs that are to be activated again, so that all is as before.

    None after a reboot: it has ended whatever used them and LVM's locks, which the cluster starts
    again as soon as nothing keeps it off.
    """
    if journal.boots.get(each.node, each.boot) != each.boot:
        return set()
    return set(journal.active.get(each.node, ())) - set(each.active)


def written_to(journal: "Journal", loser: "Look") -> bool:
    """Whether the loser may have been written to since what counts was read of it.

    A disk that is Outdated has begun to be discarded when its node died: nobody can be Primary on
    it, so what it has of its own was read (drbd_state.c, sanitize_state(): WFBitMapT).
    """
    return journal.generations.get(loser.node) == loser.generations \
        and loser.mark != journal.mark and loser.consistent


def _alone(journal: "Journal", winner: "Look") -> "Next":
    """Until the winner can do without the loser, which is gone."""
    if winner.connected:
        return Stop(fact=f"{journal.loser} does not answer, but DRBD is connected to it",
                    step="bring it back")
    if not winner.up:
        return Do(UP, winner.node)
    missing = _missing(journal, winner)
    if not winner.primary and (journal.guarded or missing):
        return Stop(fact=f"{journal.resource} is not Primary on {winner.node}", step=_PRIMARY)
    if journal.guarded:
        return Do(UNGUARD, winner.node)
    if missing:
        return Do(REACTIVATE, winner.node)
    return Do(LEAVE)


# -- the way back -------------------------------------------------------------------------------


def _back(journal: "Journal", winner: "Look", seen: Observation) -> "Next":
    """Until the winner has what it had before; the loser's copy was never touched."""
    loser = seen.loser
    if journal.written and not winner.up:
        return Do(UP, winner.node)
    other = _other_data(journal, winner) if journal.written else None
    if other is not None:
        return other
    if journal.written and not winner.primary:
        return Stop(fact=f"{journal.resource} is not Primary on {winner.node}",
                    step=_PRIMARY)
    if journal.written:
        return Do(PUT_BACK, winner.node, journal.written[-1])
    for uuid in journal.beside:
        return Do(TAKE_AWAY, winner.node, uuid)
    if journal.guarded:
        return Do(UNGUARD, winner.node)
    if seen.holds:
        return Do(RELEASE, journal.loser)
    unlock = _unlock(loser, winner)
    if unlock is not None:
        return unlock
    for each in (winner, loser):
        if each is not None and each.primary and _missing(journal, each):
            return Do(REACTIVATE, each.node)
    return Do(CLOSE)
