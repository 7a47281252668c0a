# SPDX-License-Identifier: GPL-2.0-or-later
"""``--winner`` and ``--undo`` of recover: a healing from the question to its end.

Around what the engine does, this has to be taken and lifted: maintenance mode, and the hold on
either node. What was taken is noted before it is, so that the same command lifts it after an
interruption.
"""

import json
import time

from dualstor.command.codes import ExitStatus
from dualstor.command.recover import document, finding, parted
from dualstor.command.status import command as status
from dualstor.command.status.report import Silent
from dualstor.errors import DualstorError, ParseError
from dualstor.record import Record
from dualstor.recover import deeds, heal
from dualstor.recover import plan as plans
from dualstor.recover import side as sides
from dualstor.recover.heal import Do
from dualstor.recover.journal import ALONE, HEALED, PLACE, UNDONE, Journal
from dualstor.recover.side import OnlyUndo, Unreachable
from dualstor.tools import hold, maintenance

TYPE_CHECKING = False   # only mypy sees what is imported there
if TYPE_CHECKING:
    from argparse import Namespace
    from typing import Any, Iterable

    from dualstor.command.console import Console
    from dualstor.command.status.report import Report
    from dualstor.host.host import Host
    from dualstor.recover.differ import Refusal
    from dualstor.recover.heal import Wait
    from dualstor.recover.journal import Store
    from dualstor.recover.plan import Plan
    from dualstor.recover.side import Side

_AROUND = "around.json"     # in the directory of the healing
_MANAGER_TIME = 180.0       # seconds for Pacemaker
_PATIENCE = 86400.0         # seconds for one thing that is waited for: a resync, a verify

_sleep = time.sleep         # tests have their own


class Refused(DualstorError):
    """Nothing is done, and nothing was changed. ``fact`` and ``step``: as in a Refusal."""

    def __init__(self, fact: str, step: str = "") -> None:
        super().__init__(f"{fact}: {step}" if step else fact)
        self.fact, self.step = fact, step


class Around(Record):
    """What is to be lifted. ``maintenance``: this has set maintenance mode.

    ``before``: SHA-256 of the journal of an earlier healing that had ended, "" for none: so an
    ended one that is not this is of the healing around which this was taken.
    """

    maintenance: bool = False
    before: str = ""

    def to_json(self) -> bytes:
        """As it is kept."""
        return json.dumps(dict(self.items())).encode()


def _first(refusals: "Iterable[Refusal]") -> None:
    """:raises Refused: there is a refusal"""
    for each in refusals:
        raise Refused(each.fact, each.step)


class Healer:
    """One run.

    :param report: what both nodes say, from before
    """

    def __init__(self, arguments: "Namespace", console: "Console", report: "Report") -> None:
        self.arguments, self.console, self.report = arguments, console, report
        self.resource: str = arguments.resource
        self.here = report.node
        self.store = parted.store(self.resource)
        self.plan: "Plan | None" = None
        self._sides: "tuple[Side, Side] | None" = None      # winner, loser
        self._begun = False     # something may have been changed that is to be lifted
        self._only_undo = False
        self._number = 0

    # -- which healing ----------------------------------------------------------------------------

    def run(self) -> ExitStatus:
        """All of it, and its document."""
        result: str = "refused"
        fact: "str | None" = None
        step: "str | None" = None
        try:
            lock = self.store.lock()
            if lock is None:
                raise Refused(f"another `dualstor recover` heals {self.resource} on this node",
                              "wait for it")
            with lock:
                result, fact, step = self._run()
        except KeyboardInterrupt:
            result = "unfinished" if self._begun else "refused"
            fact = "interrupted from the keyboard"
        except DualstorError as problem:
            fact, step = getattr(problem, "fact", str(problem)), getattr(problem, "step", "")
            result = "unfinished" if self._begun and not isinstance(problem, Refused) else "refused"
            self._only_undo = isinstance(problem, OnlyUndo)
        finally:
            parted.close(*(self._sides or ()))
        if result == "unfinished":
            again = f"`{self._command()}`" + ("" if self._only_undo else " again")
            step = f"{step}, then {again}" if step else again
        if fact:
            self.console.error(f"{fact}: {step}" if step else fact)
        self._document(result, fact, step)
        return {"refused": ExitStatus.ERROR, "unfinished": ExitStatus.INCOMPLETE}.get(
            result, ExitStatus.OK)

    def _command(self) -> str:
        arguments = self.arguments
        what = "--undo" if arguments.undo or self._only_undo else f"--winner {arguments.winner}" + (
            " --keep-both" if arguments.keep_both else "")
        return f"dualstor recover {self.resource} --peer {arguments.peer} {what}"

    def _run(self) -> "tuple[str, str | None, str | None]":
        """(result, fact, step)."""
        try:
            journal = self.store.journal()
        except ParseError as problem:
            name = f"{self.store.path}/{hold.JOURNAL}"
            raise Refused(
                f"the journal of a healing of {self.resource} cannot be read ({problem.problem})",
                "check the LVs with the flag to skip activation, a k at the end of their Attr: "
                f"they may be half copied. Then `mv {name} {name}.bad`, and "
                f"`dualstor recover {self.resource} --peer {self.arguments.peer} --undo` lifts "
                "what keeps agents off") from problem
        begun = journal is not None and not journal.end
        self._checked(journal if begun else None)
        around = self._around()
        # then there is something to be lifted, whatever goes wrong
        self._begun = begun or around is not None or self._left()
        if journal is not None and begun:
            return self._resume(journal)
        if journal is not None and around is not None and self._journal_sum() != around.before:
            # it has ended, and only lifting is left
            return self._lift(journal.end, self._reached(journal))
        if self.arguments.undo:
            if not self._begun:
                raise Refused(f"there is no healing of {self.resource} on {self.here} that could "
                              "be undone", "it is undone on the node that was to win")
            return self._lift(UNDONE, self._reached(journal))
        return self._new()

    def _left(self) -> bool:
        """Whether a dead healing still keeps agents off here, whose directory is gone."""
        return any(each.resource == self.resource and each.dead and
                   each.winner in ("", self.here) for each in self.report.holds)

    def _checked(self, journal: "Journal | None") -> None:
        """:raises Refused: this is not the place for it, or the names are wrong"""
        winner, other = self.arguments.winner, self.report.other
        if journal is not None:
            other = journal.loser if journal.winner == self.here else journal.winner
        if winner and winner not in (self.here, other):
            raise Refused(f"there is no node {winner}", f"--winner is {self.here} or {other}")
        if journal is not None and winner and winner != journal.winner:
            raise Refused(
                f"a healing of {self.resource} with {journal.winner} as winner was begun",
                f"`dualstor recover {self.resource} --peer {self.arguments.peer} --winner "
                f"{journal.winner}` continues it, and --undo in place of --winner undoes it")
        where = journal.winner if journal is not None else winner or self.here
        if where != self.here:
            what = "--undo" if self.arguments.undo else f"--winner {winner}"
            raise Refused(f"a healing runs on the node that wins, {where}",
                          f"there type `dualstor recover {self.resource} --peer {self.here} "
                          f"{what}`")

    def _reached(self, journal: "Journal | None") -> "tuple[Side, Side]":
        held = [vg for each in self.report.holds if each.resource == self.resource
                for vg in each.groups]
        vg = journal.vg if journal is not None else held[0] if held else \
            parted.group(status.host(self.arguments.wait), self.resource)
        loser = journal.loser if journal is not None else self.report.other
        return self._reach(vg, loser)

    def _reach(self, vg: str, loser: str) -> "tuple[Side, Side]":
        if self._sides is None:
            self._sides = (parted.side(self.here, None, self.resource, vg, True),
                           parted.side(loser, self.arguments.peer, self.resource, vg, False))
        return self._sides

    # -- a new one --------------------------------------------------------------------------------

    def _new(self) -> "tuple[str, str | None, str | None]":
        try:
            winner, loser = self._fresh()
        except (DualstorError, KeyboardInterrupt) as problem:
            journal = self.store.journal()
            if journal is not None and not journal.end or not self._begun:
                raise       # it was begun, or nothing is taken
            return self._given_up(problem)
        return self._healed(winner, loser)

    def _given_up(self, problem: BaseException) -> "tuple[str, str | None, str | None]":
        """Lift what was taken, by this one or by one that has died, for what does not begin.

        :raises Refused: all was lifted
        """
        why = str(problem) or "interrupted from the keyboard"
        result, fact, step = self._lift("", self._sides or self._reached(None))
        if result == "unfinished":
            return result, f"{why}; {fact}", step
        if isinstance(problem, Refused):
            raise problem
        raise Refused(f"{why}; nothing was changed") from problem

    def _fresh(self) -> "tuple[Side, Side]":
        """Plan one, ask, take what it needs and note that it is begun; (winner, loser)."""
        why = parted.refused(self.report)
        if why:
            raise Refused(why, f"keep one copy as a whole: `dualstor recover {self.resource} "
                          "--plan`")
        if self.report.other == parted.NOBODY:
            raise Refused("the name of the other node is not known: it does not answer over ssh, "
                          "and Pacemaker does not run here", "see `dualstor status`")
        try:
            vg = parted.group(status.host(self.arguments.wait), self.resource)
            winner, loser = self._reach(vg, self.report.other)
            plan = self._planned(winner, loser, vg)
        except DualstorError as problem:
            raise Refused(getattr(problem, "fact", str(problem)),
                          getattr(problem, "step", "")) from problem
        self._shown(plan, loser)
        self._asked(f"Heal {self.resource} so that {self.here} wins?" if not plan.stale else
                    "Set maintenance mode, keep agents off, and have DRBD write its bitmaps? The "
                    "plan is shown again afterwards.")
        self._take(winner, loser)
        if plan.stale:
            deeds.flush_both(winner, loser, _sleep)
            plan = self._planned(winner, loser, vg)
            _first(plan.old(loser.node))
            self._shown(plan, loser)
            self._asked(f"Heal {self.resource} so that {self.here} wins?")
        choice = plan.choice(self.here)
        assert plan.found is not None and choice is not None
        deeds.begin(self.store, winner, loser, self.resource, plan.vg, plan.found, choice,
                    self.arguments.keep_both)
        return winner, loser

    def _planned(self, winner: "Side", loser: "Side", vg: str) -> "Plan":
        """:raises Refused: it is not possible as it is now"""
        self.plan = plan = plans.read(winner, loser, self.resource, vg, self.arguments.keep_both,
                                      self.store)
        _first(plan.refusals)
        choice = plan.choice(winner.node)
        if plan.found is None or choice is None:
            raise Refused("both sides cannot be compared")
        if choice.refusals:
            parted.table(self.console, plan)
            _first(choice.refusals if not plan.stale else plan.found.refusals)
        deeds.enough(self.store, choice.room)
        return plan

    def _shown(self, plan: "Plan", loser: "Side") -> None:
        """The table, what is lost, and each step."""
        choice = plan.choice(self.here)
        if choice is None:
            return
        self.console.heading("What each side has changed since they parted")
        parted.table(self.console, plan)
        if not plan.stale:
            parted.cost(self.console, plan, choice)
        self.console.heading("What is done")
        rows = choice.carried + choice.lost
        steps = heal.steps(Journal(
            resource=self.resource, vg=plan.vg, winner=self.here, loser=loser.node,
            carried=tuple(row.uuid for row in choice.carried),
            lost=tuple(row.uuid for row in choice.lost), keep_both=self.arguments.keep_both,
            names={row.uuid: row.name for row in rows}))
        first = []
        if self._managed():
            first.append("the cluster: maintenance mode is set, unless it is set already")
        first.append("both: agents and the watcher keep off")
        if plan.stale:
            first.append("both: DRBD writes its bitmaps, and this plan is made and shown again")
        last = ["both: agents may work again"] + (
            ["the cluster: maintenance mode is ended, if this has set it"] if self._managed()
            else [])
        lines = [(text, True) for text in first] + list(steps) + [(text, False) for text in last]
        undone = True
        for number, (text, undoable) in enumerate(lines, 1):
            if undone and not undoable:
                self.console.line("-- up to here all can be undone with --undo --")
            undone = undoable
            self.console.line(f"{number:2d}. {text}")
        self.console.line()

    def _asked(self, question: str) -> None:
        """:raises Refused: the answer is no, or nobody can be asked"""
        if self.arguments.yes:
            return
        if self.console.as_json or not self.console.interactive:
            raise Refused("there is no terminal to ask on", "add --yes once you have read the "
                          "steps")
        if not self.console.confirm(question):
            raise Refused("nothing was changed")

    # -- what was begun ---------------------------------------------------------------------------

    def _resume(self, journal: Journal) -> "tuple[str, str | None, str | None]":
        winner, loser = self._reach(journal.vg, journal.loser)
        back = self.arguments.undo
        if not back and journal.undoing and not journal.discarding:
            raise Refused("it is being undone", f"`dualstor recover {self.resource} --peer "
                          f"{self.arguments.peer} --undo` finishes that")
        self.console.line(f"A healing of {self.resource} with {journal.winner} as winner was begun "
                          f"and {'is undone' if back else 'continues'}.")
        if journal.discarding:
            self.console.line(f"The copy of {journal.loser} is being discarded: there is no way "
                              "back any more.")
        gone = back and journal.discarding and self._gone(loser)
        self._asked(f"{journal.loser} does not answer. End it without?" if gone else
                    "Undo it?" if back else "Continue?")
        if back:
            try:
                deeds.undo(self.store, gone)
            except sides.Failed as problem:
                raise Refused(str(problem)) from problem
        self._take(winner, loser)
        return self._healed(winner, loser)

    @staticmethod
    def _gone(side: "Side") -> bool:
        """Whether a node does not answer."""
        try:
            side.look()
        except Unreachable:
            return True
        return False

    def _healed(self, winner: "Side", loser: "Side") -> "tuple[str, str | None, str | None]":
        """Run what is in the journal to its end."""
        outcome = deeds.Healing(self.store, winner, loser, _sleep, self._tell).run(_PATIENCE)
        if outcome.how is None:
            stop = outcome.stop
            return ("unfinished", stop.fact, stop.step) if stop else ("unfinished", "", "")
        return self._lift(outcome.how, (winner, loser))

    def _tell(self, step: "Do | Wait") -> None:
        journal = self.store.journal()
        if isinstance(step, Do) and journal is not None:
            self._number += 1
            self.console.line(f"{self._number:2d}. {heal.sentence(step, journal)}")

    # -- what is taken and lifted -----------------------------------------------------------------

    def _managed(self) -> bool:
        """Whether Pacemaker runs here, or may run."""
        quorum = self.report.quorum
        return isinstance(quorum, Silent) or bool(quorum.running)

    def _passed_on(self, host: "Host") -> bool:
        """Whether another healing still needs maintenance mode; one of this node then ends it."""
        for each in hold.healings(host):
            if each.resource == self.resource or not each.winner:
                continue
            said = f"The cluster stays in maintenance mode: {each.resource} is being healed"
            if each.winner != self.here:
                self.console.line(f"{said} on {each.winner}. Once that has ended: `crm_attribute "
                                  "--name maintenance-mode --delete`", "warning")
                return True
            there = parted.store(each.resource)
            around = self._around(there) or Around()
            there.keep(_AROUND, (around.but(maintenance=True).to_json(),))
            self.console.line(f"{said}, which ends it.")
            return True
        return False

    def _around(self, store: "Store | None" = None) -> "Around | None":
        text = (store or self.store).text(_AROUND)
        if text is None:
            return None
        try:
            found = json.loads(text)
            return Around(maintenance=bool(found["maintenance"]), before=str(found["before"]))
        except (ValueError, KeyError, TypeError):
            return Around()     # it was not set by this, as far as is known

    def _journal_sum(self) -> str:
        return self.store.checksum(hold.JOURNAL) or ""

    def _note(self, around: Around) -> None:
        self.store.keep(_AROUND, (around.to_json(),))

    def _take(self, winner: "Side", loser: "Side") -> None:
        """Maintenance mode, and the hold on both nodes."""
        self._begun = True
        host = status.host(_MANAGER_TIME)
        around = self._around() or Around(before=self._journal_sum())
        wanted = self._managed() and not maintenance.is_on(host)
        self._note(around.but(maintenance=around.maintenance or wanted))
        if wanted:
            self.console.line("The cluster is set to maintenance mode.")
            maintenance.begin(host)
        journal = self.store.journal()
        begun = journal is not None and not journal.end
        self.console.line("Agents and the watcher keep off on both nodes.")
        for each in (winner, loser):
            try:
                each.do(sides.KEEP_OFF, (winner.node, loser.node))
            except Unreachable:
                if not begun:
                    raise
                # the engine says what is possible without that node

    def _lift(self, result: str,
              both: "tuple[Side, Side]") -> "tuple[str, str | None, str | None]":
        """Lift all that was taken; (result, fact, step)."""
        problems = []
        for each in reversed(both):
            try:
                each.do(sides.ADMIT, (self.here,))
            except DualstorError as problem:
                problems.append(f"agents still keep off on {each.node} ({problem})")
        around = self._around() or Around()
        if around.maintenance:
            try:
                host = status.host(_MANAGER_TIME)
                if not self._passed_on(host):
                    maintenance.end(host)
                    self.console.line("The cluster is out of maintenance mode.")
                self._note(around.but(maintenance=False))
            except DualstorError as problem:
                problems.append(f"the cluster is still in maintenance mode ({problem})")
        if problems:
            return "unfinished", "; ".join(problems), ""
        self.store.remove(_AROUND)
        self._said(result)
        return result, None, None

    # -- how it has ended -----------------------------------------------------------------------

    def _said(self, result: str) -> None:
        journal = self.store.journal()
        if result == UNDONE:
            self.console.line(f"Undone: {self.here} has what it had before, and nothing was "
                              "written on the other node.", "good")
        if result == ALONE and journal is not None:
            self.console.line(f"Ended without {journal.loser}: {self.here} has all that was to "
                              f"survive. When {journal.loser} comes back, its copy is the older "
                              f"one: `dualstor recover {self.resource} --plan` says how it is "
                              "synced.", "warning")
        if result != HEALED or journal is None:
            return
        self.console.line("Healed: both nodes have the same again.", "good")
        if journal.carried:
            self.console.line(f"{journal.winner} has got from {journal.loser}: "
                              + ", ".join(journal.named(journal.carried)))
        for uuid in journal.lost:
            new = journal.beside.get(uuid)
            self.console.line(
                f"{journal.names[uuid]} is that of {journal.winner}; what {journal.loser} wrote to "
                + (f"it is the new LV {new}, and " if new else "it ")
                + "is in the file of blocks below", "warning")
        if journal.verified is None:
            self.console.line("There is no verify-alg: only the LVs that were copied were "
                              "compared.", "warning")
        self.console.line(f"What was kept is in {PLACE}/{self.resource}: delete it once you have "
                          "checked your data.")

    def _document(self, result: str, fact: "str | None", step: "str | None") -> None:
        if not self.console.as_json:
            return
        journal = None if result == "refused" else self.store.journal()
        told: "dict[str, Any]" = {
            "result": result, "winner": None, "loser": None, "carried": [], "lost": [],
            "beside": [], "verified": None, "kept": None, "fact": fact or None,
            "step": step or None}
        if journal is not None:
            told.update(
                winner=journal.winner, loser=journal.loser,
                carried=list(journal.named(journal.carried)),
                lost=list(journal.named(journal.lost)), beside=list(journal.beside.values()),
                verified=journal.verified, kept=f"{PLACE}/{self.resource}")
        found = finding.find(self.report, self.resource)
        self.console.document(document.document(
            self.report, found, self.resource,
            parted.Apart(plan=self.plan) if self.plan is not None else None, told))


def run(arguments: "Namespace", console: "Console", report: "Report") -> ExitStatus:
    """Heal or undo, as the options say."""
    return Healer(arguments, console, report).run()
