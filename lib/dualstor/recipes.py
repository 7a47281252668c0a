# SPDX-License-Identifier: GPL-2.0-or-later
"""What only an administrator may do, as commands to type, for each state of the nodes. Pure.

The only place for them: ``dualstor status`` and ``dualstor recover`` print a recipe for what they
have seen, the system log and docs/operations.md for nodes whose state is not known. Tests type
what is printed.

Sources: drbdadm(8); drbd-8.4 drbd_nl.c: a Primary refuses ``--discard-my-data``, a node that
waits for its peer ``connect``, one without a connection ``disconnect``; DRBD 8.3's guide: such
options come before the command, after ``--``.
"""

import re

from dualstor.kernel.drbd import UNKNOWN, State
from dualstor.record import Record

TYPE_CHECKING = False       # only mypy sees what is imported there
if TYPE_CHECKING:
    from typing import Iterable, Tuple

    from dualstor.kernel.drbd import KnownState
    from dualstor.tools.constraints import LeftOver

    Command = Tuple[str, ...]

_SPECIAL = re.compile(r"[<>\"|&;*?$ ]")

#: Stands for a volume group whose name is not known.
ANY_GROUP = "VG"

_BY_CLUSTER = "the cluster does it, once it is out of maintenance mode and they are connected"
_ERROR_IS_FINE = "An error is fine here: %s."


class Step(Record):
    """One step of an administrator.

    ``nodes``: where. ``commands``: what to type, as words; () if ``why`` says what to do.
    ``why``: one or two sentences. ``name`` is the one in ``dualstor configure``, None elsewhere.
    ``undo``: how it is taken back, in words; None: there is nothing to take back. ``final``: what
    can no longer be taken back from here on; None: nothing.
    """

    nodes: "tuple[str, ...]"
    commands: "tuple[Command, ...]"
    why: str
    name: "str | None" = None
    undo: "str | None" = None
    final: "str | None" = None


class Stage(Record):
    """Steps in their order, under a title that says when they are right."""

    title: str
    steps: "tuple[Step, ...]"


class Side(Record):
    """A node as a recipe needs to know it.

    ``state``: None when the resource is not up; UNKNOWN when the node was not checked.
    ``groups``: names of the volume groups on the resource with active LVs, on a node that was
    not checked of those that may have some.
    """

    node: str
    state: "KnownState" = UNKNOWN
    groups: "tuple[str, ...]" = (ANY_GROUP,)

    @property
    def unseen(self) -> bool:
        """Whether its state is not known."""
        return self.state is UNKNOWN

    @property
    def down(self) -> bool:
        """Whether the resource is not up there."""
        return self.state is None

    @property
    def standalone(self) -> bool:
        """Whether it is known to be StandAlone."""
        return isinstance(self.state, State) and self.state.standalone

    @property
    def waits(self) -> bool:
        """Whether it would answer its peer."""
        return isinstance(self.state, State) and not self.state.standalone

    @property
    def primary(self) -> bool:
        """Whether it is known to be Primary."""
        return isinstance(self.state, State) and self.state.primary


class ClusterMode(Record):
    """What a recipe needs to know of Pacemaker: ``runs``; ``maintained``: in maintenance mode."""

    runs: bool = True
    maintained: bool = False


_RUNNING = ClusterMode()


# -- maintenance mode, and back -------------------------------------------------------------


def _away(node: str, cluster: ClusterMode) -> "tuple[Stage, ...]":
    """The Stage before anything is typed; () when Pacemaker does nothing anyway."""
    if not cluster.runs or cluster.maintained:
        return ()
    return (Stage("First, so that Pacemaker neither stops nor starts anything meanwhile", (
        Step((node,), (("crm_attribute", "--name", "maintenance-mode", "--update", "true"),),
             "Then wait until `crm_mon -1` shows nothing that is starting or stopping.",
             undo="`crm_attribute --name maintenance-mode --delete`"),)),)


def _back(node: str, cluster: ClusterMode) -> "tuple[Step, ...]":
    """The Steps at the end."""
    if not cluster.runs:
        return ()
    return (Step((node,), (("crm_resource", "--cleanup"),),
                 "Pacemaker forgets the failures and checks what runs now. Wait until `crm_mon -1` "
                 "shows all that runs again: it would restart what it does not know yet."),
            Step((node,), (("crm_attribute", "--name", "maintenance-mode", "--delete"),),
                 "It starts what is missing; `dualstor status` says when everything is healthy."))


# -- split brain ----------------------------------------------------------------------------


def _discarding(name: str, old: bool) -> "Command":
    if old:
        return ("drbdadm", "--", "--discard-my-data", "connect", name)
    return ("drbdadm", "connect", "--discard-my-data", name)


def _lose(side: Side, name: str, old: bool) -> "list[Step]":
    """The Steps on the node whose writes are lost, until it asks for the other's copy."""
    node = (side.node,)
    steps: "list[Step]" = []

    def step(why: str, *commands: "Command", **more: str) -> None:
        steps.append(Step(node, commands, why, **more))
    if side.groups and (side.unseen or side.primary):
        step("End what uses the LVs: file systems, virtual machines, exports.",
             undo="start them again")
        why = "Deactivates them on this node alone."
        if ANY_GROUP in side.groups:
            why += f" {ANY_GROUP} stands for each volume group on {name}."
        if side.unseen:
            why += " " + _ERROR_IS_FINE % "the volume group may not be there"
        step(why, *[("vgchange", "-aln", group) for group in side.groups], undo=_BY_CLUSTER)
    if side.unseen:
        step("Brings it up if it is down, and lets it look for the other node.",
             ("drbdadm", "adjust", name), undo=f"`drbdadm disconnect {name}`")
    elif side.down:
        step("Brings it up; it looks for the other node.", ("drbdadm", "up", name),
             undo=f"`drbdadm down {name}`")
    if side.unseen or side.primary:
        step("Refused while anything has the device open.", ("drbdadm", "secondary", name),
             undo=_BY_CLUSTER)
    if not side.standalone:
        step("It looks for the other node no longer.", ("drbdadm", "disconnect", name),
             undo=f"`drbdadm connect {name}`")
    step(f"From here on the writes of {side.node} since they parted are lost.",
         _discarding(name, old), final=f"the writes of {side.node} since they parted")
    return steps


def _parted(side: Side, loser: Side, name: str) -> "list[Step]":
    """The Steps that keep the winner from answering while the other node is brought up."""
    if not (loser.unseen or loser.down) or not (side.unseen or side.waits):
        return []
    why = "It must not answer yet."
    if side.unseen:
        why += " " + _ERROR_IS_FINE % "it may have no connection, or be down"
    return [Step((side.node,), (("drbdadm", "disconnect", name),), why,
                 undo=f"`drbdadm connect {name}`")]


def _connect(side: Side, name: str) -> "list[Step]":
    return [Step((side.node,), (("drbdadm", "connect", name),), "It answers.")]


def _answer(side: Side, name: str) -> "list[Step]":
    """The Steps that let a node answer the other one, whatever its state."""
    if side.unseen:
        return [Step((side.node,), (("drbdadm", "adjust", name),),
                     "Brings it up if it is down, and connects it if it is StandAlone.")]
    if side.waits:
        return []
    if side.down:
        return [Step((side.node,), (("drbdadm", "up", name),), "Brings it up; it answers.")]
    return _connect(side, name)


def _loses(loser: Side, winner: Side, name: str, old: bool) -> Stage:
    parted = _parted(winner, loser, name)
    answer = _connect(winner, name) if parted and winner.waits else _answer(winner, name)
    return Stage(f"If the writes of {loser.node} are to be lost",
                tuple(parted + _lose(loser, name, old) + answer))


def split_brain(name: str, sides: "tuple[Side, Side]", losers: "Iterable[str] | None" = None,
                old: bool = False, cluster: ClusterMode = _RUNNING) -> "tuple[Stage, ...]":
    """The Parts that end a split brain of the resource *name*.

    :param losers: names of the nodes whose writes may be lost; None for both
    :param old: whether DRBD is older than 8.4
    """
    one, two = sides
    names = [side.node for side in sides]
    parts = list(_away(names[0], cluster))
    harmless = tuple(_answer(one, name) + _answer(two, name))
    if harmless:
        parts.append(Stage("If neither node's log has it (`dmesg | grep -i split-brain`), it was "
                          "none and nothing needs to be lost", harmless))
    for loser, winner in ((one, two), (two, one)):
        if losers is None or loser.node in losers:
            parts.append(_loses(loser, winner, name, old))
    parts.append(Stage("In the end", (
        Step(tuple(names), (("drbdadm", "dstate", name),),
             "Wait until it says UpToDate/UpToDate on both."),) + _back(names[0], cluster)))
    return tuple(parts)


#: What is to be decided before anything is typed.
DECIDE = ("decide which node's writes since they parted are to be lost, and copy away what only "
          "that node has. `dmesg | grep -i split-brain` shows when they were found to differ, "
          "`oos:` in /proc/drbd (DRBD 9: `drbdsetup status --statistics`) how many KiB each has "
          "changed")


# -- one consistent copy, the other one unknown ---------------------------------------------------


def lone_copy(name: str, side: Side, peer: str, old: bool = False,
              cluster: ClusterMode = _RUNNING) -> "tuple[Stage, ...]":
    """The Parts that make a lone Consistent copy authoritative.

    :param side: the node that has it
    :param peer: the other node's name
    """
    up = (Step((side.node,), (("drbdadm", "up", name),), "Brings it up."),) if side.down else ()
    if side.unseen:
        up = (Step((side.node,), (("drbdadm", "adjust", name),), "Brings it up if it is down."),)
    forced = ("drbdadm", "--", "--overwrite-data-of-peer", "primary", name) if old else \
        ("drbdadm", "primary", "--force", name)
    steps = up + (Step(
        (side.node,), (forced,),
        f"From here on this copy counts. What {peer} wrote after {side.node} went down is lost "
        "when it comes back; DRBD may call that a split brain.",
        final=f"what {peer} wrote after {side.node} went down"),) + _back(side.node, cluster)
    return _away(side.node, cluster) + (Stage(
        f"Only if you have seen that {peer} is off, it stays off until this is done, and what it "
        "wrote last may be lost", steps),)


# -- both copies consistent ---------------------------------------------------------------------


def both_consistent(name: str, sides: "tuple[Side, Side]", old: bool = False,
                    cluster: ClusterMode = _RUNNING) -> "tuple[Stage, ...]":
    """The Parts that have DRBD decide which of two connected Consistent copies is current.

    drbdadm(8), drbd.conf(5): what a Consistent disk is, is decided when it connects.

    :param sides: the first is the node that connects again
    """
    node = sides[0].node
    forced = ("drbdadm", "--", "--overwrite-data-of-peer", "primary", name) if old else \
        ("drbdadm", "primary", "--force", name)
    return _away(node, cluster) + (
        Stage("DRBD compares both copies again", (
            Step((node,), (("drbdadm", "disconnect", name),), "No copy changes by that.",
                 undo=f"`drbdadm connect {name}`"),
            Step((node,), (("drbdadm", "connect", name),), "It answers."))),
        Stage(f"Only if `drbdadm dstate {name}` says Consistent even a minute later, and what "
              f"{sides[1].node} has more may be lost", (
                  Step((node,), (forced,), "From here on this copy counts.",
                       final=f"what {sides[1].node} has more"),
                  Step((node,), (("drbdadm", "secondary", name),), "The cluster promotes it."))),
        Stage("In the end", (
            Step(tuple(side.node for side in sides), (("drbdadm", "dstate", name),),
                 "Wait until it says UpToDate/UpToDate on both."),) + _back(node, cluster)))


# -- I/O that was suspended by hand ---------------------------------------------------------------


def resume(name: str, node: str) -> "tuple[Stage, ...]":
    """The Parts that lift `drbdadm suspend-io`: wrong while I/O waits for anything else, too."""
    return (Stage("If it is no longer wanted, and `drbdadm status` has no other cause after "
                  "\"suspended:\"", (
                      Step((node,), (("drbdadm", "resume-io", name),), "I/O continues."),)),)


# -- a disk that is gone, or new ---------------------------------------------------------------


def new_disk(name: str, node: str, peer: str, up: bool) -> "tuple[Stage, ...]":
    """The Parts that give the resource a backing device.

    :param up: whether the resource is up, without a disk; else the cluster starts it afterwards
    """
    again = ("drbdadm", "attach", name) if up else ("crm_resource", "--cleanup")
    then = f"It is copied from {peer}."
    made = Step((node,), (("drbdadm", "create-md", name),),
                "Writes metadata, so that all on it counts as old. It asks when it finds other "
                "data: that is the wrong disk then.", final="what was on that disk")
    new = Stage(f"If the new one is empty, and {peer} has the good copy (`drbdadm dstate {name}` "
               "there says UpToDate)", (made, Step((node,), (again,), then)))
    if not up:
        return (new,)
    meanwhile = f"What was written meanwhile is copied from {peer}."
    return (Stage("If it is the old disk that answers again",
                 (Step((node,), (again,), meanwhile),)), new)


# -- fencing that does not succeed ----------------------------------------------------------------


def unfenced(node: str, peer: str, by_cman: bool = False) -> "tuple[Stage, ...]":
    """The Stages for a node that is lost and that nobody has fenced.

    :param node: the one that waits for it
    :param by_cman: whether fenced of cman waits, not Pacemaker
    """
    confirm = ("fence_ack_manual", peer) if by_cman else ("stonith_admin", "--confirm", peer)
    shown = (("fence_tool", "ls"),) if by_cman else (("stonith_admin", "--history", peer),)
    return (
        Stage(f"First find out what happened to {peer}", (
            Step((peer,), (), "See at the machine, its BMC or its hypervisor whether it is off. "
                 "That it does not answer is not enough: one that hangs, or has lost its network, "
                 "may still write."),
            Step((node,), shown, "Shows what was asked of its fence device."))),
        Stage("If its fence device can be fixed", (
            Step((node,), (), f"Fix it: the cluster asks it again, and what waits continues once "
                 f"{peer} is fenced."),)),
        Stage(f"Only if you have seen that {peer} is off, and nobody switches it on before this is "
              "done", (
                  Step((node,), (confirm,), f"The cluster takes {peer} as fenced: writes and locks "
                       f"continue on {node}.",
                       final=f"{peer} counts as off. If it is not, both write, and destroy each "
                       "other's data"),)))


# -- locking --------------------------------------------------------------------------------------


def orphans(node: str) -> "tuple[Stage, ...]":
    """The Stages for dlm's lockspaces on *node* whose daemon has died, while the cluster runs."""
    return (
        Stage("The cluster clears them", (
            Step((node,), (("crm_resource", "--cleanup"),),
                 "It notices that the daemon is gone: it stops the VG, for which the LVs must be "
                 "unused, has the lockspaces left, and starts all again."),)),
        Stage("If that fails again and again", (
            Step((node,), (), "Stop what uses the storage, put the node into standby as far as "
                 "that goes, and reboot it: no data is lost by that."),)))


def stranded(node: str) -> "tuple[Stage, ...]":
    """The Stage for what a cluster engine that has ended has left in the kernel of *node*."""
    return (Stage("Nothing but a reboot clears that", (
        Step((node,), (), "Stop what uses the storage, as far as it can be stopped, and run no LVM "
             "command.", undo="start it again"),
        Step((node,), (), "Reboot it; the cluster starts again afterwards."))),)


def unheard_fencing(node: str, peer: str, library: str, link: str) -> "tuple[Stage, ...]":
    """The Stage for dlm that does not hear of any fencing, as dlm_stonith lacks a library.

    :param node: the one whose dlm waits
    :param library: the one that is there
    :param link: the path of the one that it opens
    """
    return (Stage("Until a dlm is installed that was built for this Pacemaker", (
        Step((node,), (("ln", "-s", library, link),),
             f"dlm asks again by itself, and learns that {peer} was fenced.",
             undo="remove the link"),
        Step((peer,), (), f"The same there, once it is back: {peer} has the same dlm."))),)


# -- copies that wait for the other one -----------------------------------------------------------


def older_copy(name: str, node: str, peer: str) -> "tuple[Stage, ...]":
    """The Stage for a copy that is Outdated or Inconsistent: the other one is to come back."""
    return (Stage(f"{peer} has the newer copy: bring it back", (
        Step((peer,), (), "Start it and its cluster, or repair the replication link: DRBD "
             "connects, and resyncs by itself."),
        Step((node, peer), (("drbdadm", "dstate", name),),
             "Wait until it says UpToDate/UpToDate on both."))),)


# -- what was left in the cluster's configuration ----------------------------------------------


def left_over(node: str, each: "LeftOver") -> "tuple[Stage, ...]":
    """The Stage that removes a constraint that was left."""
    if each.handler:
        deleted = f"<rsc_location id=\"{each.id}\"/>"
        return (Stage("Only once `drbdadm dstate` says UpToDate/UpToDate on both nodes", (
            Step((node,), (("cibadmin", "--delete", "--xml-text", deleted),),
                 f"{each.resource} may be promoted on both nodes again."),)),)
    return (Stage("If nobody wants it any more", (
        Step((node,), (("crm_resource", "--clear", "--resource", each.resource),),
             f"The cluster places {each.resource} by its other rules again.",
             undo="set it again"),)),)


# -- a hold of `dualstor recover` -----------------------------------------------------------------


def lift(name: str, node: str) -> "tuple[Stage, ...]":
    """The Stage that ends the hold of a `dualstor recover` that has died."""
    return (Stage(f"If no `dualstor recover` of {name} runs any more", (
        Step((node,), (("dualstor", "recover", name),),
             "Says what was seen, and lifts the hold: agents do all again."),)),)


def unreadable(name: str, node: str, peer: str) -> "tuple[Stage, ...]":
    """The Stages that end a healing of which a file cannot be read: whose it is is not known."""
    return tuple(Stage(f"If {winner} was to win", (
        Step((winner,), (("dualstor", "recover", name, "--peer", other, "--undo"),),
             "Undoes it, or says which file cannot be read and what to do then."),))
        for winner, other in ((node, peer), (peer, node)))


def continued(name: str, winner: str, loser: str) -> "tuple[Stage, ...]":
    """The Stages that end a healing that was interrupted: to its end, or back."""
    return (
        Stage("Either it is finished", (
            Step((winner,), (
                ("dualstor", "recover", name, "--peer", loser, "--winner", winner),),
                 "It asks, continues where it was, and lifts what keeps agents off."),)),
        Stage("Or it is undone, which it refuses once the copy of "
              f"{loser} is discarded", (
                  Step((winner,), (("dualstor", "recover", name, "--peer", loser, "--undo"),),
                       f"{winner} gets back what it had; nothing was written on {loser}."),)))


# -- as text ------------------------------------------------------------------------------------


def typed(step: Step) -> str:
    """A Step's commands as one types them; what to do if there are none."""
    return "; ".join(f"`{' '.join(map(_quoted, words))}`" for words in step.commands) or step.why


def _quoted(word: str) -> str:
    """A word as a shell takes it."""
    return f"'{word}'" if _SPECIAL.search(word) else word


def lines(parts: "Iterable[Stage]", undoing: bool = False) -> "list[str]":
    """Parts as lines of text: titles, and below them "NODE: `command`" and why.

    :param undoing: whether to say how a step is taken back, and from where on that is over
    """
    found: "list[str]" = []
    for part in parts:
        found.append(f"{part.title}:")
        for step in part.steps:
            if undoing and step.final:
                found.append("    -- up to here all can be undone, and no copy has changed --")
            found.append(f"  {' and '.join(step.nodes)}: {typed(step)}")
            found += [f"    {step.why}"] if step.commands else []
            if undoing and step.undo:
                found.append(f"    Undo: {step.undo}.")
            if undoing and step.final:
                found.append(f"    Cannot be undone: {step.final}.")
    return found


def markdown(parts: "Iterable[Stage]") -> str:
    """Parts as Markdown."""
    found: "list[str]" = []
    for part in parts:
        found += [f"{part.title}:", ""]
        for number, step in enumerate(part.steps, 1):
            why = f". {step.why}" if step.commands else ""
            found.append(f"{number}. {' and '.join(step.nodes)}: {typed(step)}{why}")
        found.append("")
    return "\n".join(found).rstrip("\n")
