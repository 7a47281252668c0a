# SPDX-License-Identifier: GPL-2.0-or-later
"""Takes the steps of this node. Each first checks whether it is done, so it can be run again.

Run on both nodes at about the same time, as they wait for each other. What DRBD or LVM
refuses is left to a person; the one command that forces, the first resync, is due only while
neither disk has ever been UpToDate.
"""

from dualstor.command.configure import pacemaker, steps
from dualstor.command.configure.render import cib
from dualstor.errors import DualstorError, listed
from dualstor.host.memory import STATE_DIR
from dualstor.kernel import drbd as kernel
from dualstor.record import Record
from dualstor.tools import cib as cibs
from dualstor.tools import drbdadm, lvm, quorum

TYPE_CHECKING = False   # only mypy sees what is imported there
if TYPE_CHECKING:
    from typing import Callable, Sequence

    from dualstor.command.configure.model import LvmAnswers, Pair
    from dualstor.command.configure.steps import Commands
    from dualstor.host.host import Host
    from dualstor.recipes import Step

_COMMAND_TIME = 120.0   # seconds for one command
_SETTLE_TIME = 600.0    # seconds for what waits for the other node or for Pacemaker
_PAUSE = 2.0            # seconds between two checks

_PART = "configure.xml"  # the part of the CIB that is being loaded, below STATE_DIR

DONE, TAKEN, SKIPPED, BY_HAND, ELSEWHERE = "done", "taken", "skipped", "by hand", "elsewhere"
#: Without taking it: due, or not to be known before what precedes it is done.
DUE, OPEN = "due", "open"


class Look(Record):
    """What decides whether a step is due, for one DRBD resource or volume group if it has several.

    ``drbd``: None when it is not up. ``volumes``: the LVs of the volume group.
    """

    drbd: "kernel.State | None" = None
    metadata: bool = False
    module: bool = False
    cluster: bool = False
    groups: "tuple[str, ...]" = ()
    volumes: "tuple[str | None, ...]" = ()


def _dstates(state: kernel.State) -> "list[str]":
    """All disk states of both nodes."""
    return [volume.dstate for volume in state.volumes] + \
        [dstate for peer in state.peers for dstate in peer.dstates]


def _has_disks(look: Look) -> bool:
    return look.metadata or (look.drbd is not None
                             and all(v.dstate != "Diskless" for v in look.drbd.volumes))


def _up_to_date(look: Look) -> bool:
    state = look.drbd
    return state is not None and state.connected and \
        all(dstate == "UpToDate" for dstate in _dstates(state))


#: Whether a step is done, by its name; of those of DRBD, for one resource.
_DONE: "dict[str, Callable[[Look], bool]]" = {
    "module": lambda look: look.module,
    "create-md": _has_disks,
    "up": lambda look: look.drbd is not None,
    "connected": lambda look: look.drbd is not None and look.drbd.connected,
    # due only for two disks of which neither has ever been UpToDate
    "first-sync": lambda look: look.drbd is not None and any(
        dstate != "Inconsistent" for dstate in _dstates(look.drbd)),
    "up-to-date": _up_to_date,
    "cluster": lambda look: look.cluster,
}

#: The same for those of a volume group.
_DONE_FOR_GROUP: "dict[str, Callable[[Look, LvmAnswers], bool]]" = {
    "vgcreate": lambda look, group: group.vg in look.groups,
    "lvcreate": lambda look, group: group.lv in look.volumes,
}


def done(name: str, look: Look, group: "LvmAnswers | None" = None) -> bool:
    """Whether the step *name* is done, from a Look. Pure.

    One that is in neither table is due.
    """
    if group is not None:
        return _DONE_FOR_GROUP[name](look, group)
    return name in _DONE and _DONE[name](look)


#: Steps that only wait for what they name; the last one for Pacemaker.
_WAITS = ("connected", "up-to-date")
_SETTLED = "settled"
_PARTS = (pacemaker.BASE, pacemaker.GROUP)


class Taker:
    """Takes steps on this host.

    :param make_host: function of seconds that returns a Host
    :param agree: function of a question that returns whether to continue
    """

    def __init__(self, pair: "Pair", node: str, make_host: "Callable[[float], Host]",
                 agree: "Callable[[str], bool]") -> None:
        self.pair = pair
        self.node = node
        self.make_host = make_host
        self.agree = agree

    # -- reading ------------------------------------------------------------------

    def look(self, name: str) -> Look:
        """The Look that the step *name* needs, if it is neither of DRBD nor of LVM."""
        host = self.make_host(_COMMAND_TIME)
        if name == "cluster":
            return Look(cluster=quorum.look(host).running)
        return Look(module=host.exists("/sys/module/drbd"))

    def look_at_resource(self, name: str, resource: str) -> Look:
        """The Look that the step *name* needs for one DRBD resource."""
        host, state = self.make_host(_COMMAND_TIME), None
        module = host.exists("/sys/module/drbd")
        if module:
            state = drbdadm.resource_state(host, resource)
        metadata = name == "create-md" and state is None and \
            host.run(("drbdadm", "dump-md", resource), 30).ok
        return Look(drbd=state, metadata=metadata, module=module)

    def _due_of_groups(self, name: str) -> "Commands":
        """The commands of a step for the volume groups for which it is due."""
        host = self.make_host(_COMMAND_TIME)
        volumes = lvm.report(host, "lvs", ("vg_name", "lv_name"), None, 30).rows
        groups = tuple(row[0] for row in lvm.report(host, "vgs", ("vg_name",), None, 30).rows)
        return tuple(
            words for group in self.pair.groups for words in steps.OF_GROUPS[name](group, self.pair)
            if not done(name, Look(groups=groups, volumes=tuple(
                lv for vg, lv in volumes if vg == group.vg)), group))

    def _part(self, name: str) -> str:
        """A part of the configuration of Pacemaker, as text."""
        return cib.render(pacemaker.parts(self.pair)[name], self.pair.generation)

    def _loaded(self, name: str) -> bool:
        """Whether the cluster has all of a part; False where it does not answer."""
        host = self.make_host(_COMMAND_TIME)
        try:
            live = cibs.parse(host.run(("cibadmin", "--query"), 30).answer())
        except DualstorError:
            return False
        return cib.contains(live, self._part(name))

    def due(self, step: "Step") -> "Commands":
        """The commands of a Step that are due; () if it is done."""
        name = step.name or ""
        if name in _PARTS:
            return () if self._loaded(name) else step.commands
        if name in steps.OF_GROUPS:
            return self._due_of_groups(name)
        if name in steps.OF_RESOURCES:
            of_each = ((drbd, [words for words in steps.OF_RESOURCES[name](drbd)
                               if words in step.commands]) for drbd in self.pair.resources)
            return tuple(words for drbd, commands in of_each if commands and not done(
                name, self.look_at_resource(name, drbd.resource)) for words in commands)
        return () if name in _DONE and done(name, self.look(name)) else step.commands

    def plan(self, step: "Step") -> "tuple[str, Commands]":
        """Whether one Step is due here; changes nothing, waits for nothing.

        :returns: (one of DONE, DUE, BY_HAND, ELSEWHERE, the commands that are due)
        """
        if self.node not in step.nodes:
            return ELSEWHERE, ()
        if step.name is None:
            return BY_HAND, ()
        due = () if step.name == _SETTLED else self.due(step)
        return (DUE if due else DONE), due

    # -- doing --------------------------------------------------------------------

    def take(self, step: "Step") -> str:
        """Take one Step.

        :returns: one of DONE, TAKEN, SKIPPED, BY_HAND, ELSEWHERE
        :raises DualstorError: it failed, or what it waits for does not come
        """
        if step.name in _WAITS and self.node in step.nodes:
            for drbd in self.pair.resources:
                self._wait(step.name, drbd.resource)
            return DONE
        if step.name == _SETTLED and self.node in step.nodes:
            self._run(("crm_resource", "--wait"), _SETTLE_TIME)
            return DONE
        outcome, due = self.plan(step)
        if outcome == BY_HAND:
            return BY_HAND if self.agree("only you can do this: is it done?") else SKIPPED
        if outcome != DUE:
            return outcome
        if not self.agree(f"{'; '.join(' '.join(words) for words in due)}?"):
            return SKIPPED
        if step.name in _PARTS:
            self._wait_for_cluster()
            self._load(step.name)
        else:
            for words in due:
                self._run(words)
        return TAKEN

    def _run(self, words: "Sequence[str]", seconds: float = _COMMAND_TIME) -> None:
        completed = self.make_host(seconds).run(words, seconds)
        if not completed.ok:
            raise DualstorError(f"{' '.join(words)}: {completed.complaint()}; fix that and run "
                                "this again, it continues here")

    def _load(self, part: str) -> None:
        """Merge a part into the CIB, from a file that only root can read: it holds passwords."""
        text = self._part(part)
        host = self.make_host(_COMMAND_TIME)
        host.remember(text, _PART)
        try:
            if host.recall(_PART) != text:
                raise DualstorError(f"{STATE_DIR} cannot be written: see what `ls -ld {STATE_DIR}` "
                                    f"and `df {STATE_DIR}` show")
            self._run(steps.LOADERS["cib"] + (f"{STATE_DIR}/{_PART}",))
        finally:
            host.forget(_PART)

    def _wait(self, name: str, resource: str) -> None:
        """Wait until the step *name* is done for one DRBD resource."""
        def lacking(host: "Host") -> str:
            look = self.look_at_resource(name, resource)
            return "" if done(name, look) else _shown(look.drbd)
        self._until(f"DRBD resource {resource} to be {name}", lacking)

    def _wait_for_cluster(self) -> None:
        """Wait until all nodes are up: until one is elected Pacemaker refuses changes."""
        def lacking(host: "Host") -> str:
            states = cibs.states(cibs.ask(host))
            down = [node.name for node in self.pair.nodes if states.get(node.name) != cibs.UP]
            verb = "are" if len(down) > 1 else "is"
            return f"{listed(down)} {verb} not up" if down else ""
        self._until("Pacemaker", lacking)

    def _until(self, what: str, lacking: "Callable[[Host], str]") -> None:
        """Wait until nothing is *lacking*, a function that says what is.

        :raises DualstorError: it did not come
        """
        host, seen = self.make_host(_SETTLE_TIME), ""
        while True:
            try:
                seen = lacking(host)
                if not seen:
                    return
            except DualstorError as problem:
                seen = seen if host.deadline.reached else str(problem)
            if host.deadline.reached:
                raise DualstorError(f"waited {_SETTLE_TIME:.0f} s for {what} ({seen}); "
                                    "run this again when it is")
            host.sleep(_PAUSE)


def _shown(state: "kernel.State | None") -> str:
    if state is None:
        return "it is not up"
    if not isinstance(state, kernel.State):
        return "unknown"
    return f"{'connected' if state.connected else 'not connected'}, {'/'.join(_dstates(state))}"
