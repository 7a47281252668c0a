# SPDX-License-Identifier: GPL-2.0-or-later
"""What only a person may do, as commands to type, for the states that the nodes are in. Pure.

The one place for each: ``dualstor status`` prints a recipe for what it has seen, the system log
and docs/operations.md for nodes that nobody has looked at. Tests type what is printed.

Sources: drbdadm(8); drbd-8.4 drbd_nl.c: ``--discard-my-data`` is refused to a Primary, ``connect``
to a node that waits for its peer, ``disconnect`` where there is no connection; DRBD 8.3's guide:
such options stand before the command, after ``--``.
"""

from dualstor.kernel.drbd import UNKNOWN
from dualstor.record import Record

#: How a split brain is called in reasons; status knows it again by these words.
SPLIT_BRAIN = "StandAlone, as after a split brain"

#: How a lone Consistent copy is called in reasons.
CONSISTENT = "nobody knows which copy is newer"

#: How a disk that DRBD cannot attach is called in reasons.
NO_META_DATA = "has no meta-data"

#: The volume group where nobody knows its name.
ANY_GROUP = "VG"

_ERROR_IS_FINE = "An error is fine here: %s."


class Step(Record):
    """One step of a person.

    ``nodes``: where. ``commands``: what to type, each a tuple of words; () where ``why`` says
    what to do. ``why``: one or two sentences. ``name`` is what ``dualstor configure`` knows it
    by, None when it takes none.
    """

    nodes: tuple
    commands: tuple
    why: str
    name: str = None


class Part(Record):
    """Steps in their order, under a title that says when they are right."""

    title: str
    steps: tuple


class Side(Record):
    """A node as a recipe needs to know it.

    ``state``: its kernel.drbd.State; None when the resource is not up; UNKNOWN when nobody
    looked. ``groups``: names of the volume groups on the resource with active LVs, where nobody
    looked of those that may have some.
    """

    node: str
    state: object = UNKNOWN
    groups: tuple = (ANY_GROUP,)

    @property
    def unseen(self):
        return self.state is UNKNOWN

    @property
    def down(self):
        return self.state is None

    @property
    def standalone(self):
        return not (self.unseen or self.down) and self.state.standalone

    @property
    def waits(self):
        """Whether it would answer its peer."""
        return not (self.unseen or self.down or self.state.standalone)

    @property
    def primary(self):
        return not (self.unseen or self.down) and self.state.primary


class Cluster(Record):
    """What a recipe needs to know of Pacemaker: ``runs``; ``maintained``: it looks away already."""

    runs: bool = True
    maintained: bool = False


# -- Pacemaker looks away, and back ---------------------------------------------------------


def _away(node, cluster):
    """The Part before anything is typed; () when Pacemaker does nothing anyway."""
    if not cluster.runs or cluster.maintained:
        return ()
    return (Part("First, so that Pacemaker neither stops nor starts anything meanwhile", (
        Step((node,), (("crm_attribute", "--name", "maintenance-mode", "--update", "true"),),
             "Then wait until `crm_mon -1` shows nothing that is starting or stopping."),)),)


def _back(node, cluster):
    """The Steps at the end."""
    if not cluster.runs:
        return ()
    return (Step((node,), (("crm_resource", "--cleanup"),),
                 "Pacemaker forgets the failures and looks at what runs now."),
            Step((node,), (("crm_attribute", "--name", "maintenance-mode", "--delete"),),
                 "It starts what is missing; `dualstor status` says when all is well."))


# -- split brain ----------------------------------------------------------------------------


def _discarding(name, old):
    if old:
        return ("drbdadm", "--", "--discard-my-data", "connect", name)
    return ("drbdadm", "connect", "--discard-my-data", name)


def _lose(side, name, old):
    """The Steps on the node whose writes are lost, to where it asks for the other's copy."""
    node, steps = (side.node,), []

    def step(why, *commands):
        steps.append(Step(node, commands, why))
    if side.groups and (side.unseen or side.primary):
        step("End what uses the LVs: file systems, virtual machines, exports.")
        why = "Deactivates them on this node alone."
        if ANY_GROUP in side.groups:
            why += f" {ANY_GROUP} stands for each volume group on {name}."
        if side.unseen:
            why += " " + _ERROR_IS_FINE % "the volume group may not be there"
        step(why, *[("vgchange", "-aln", group) for group in side.groups])
    if side.unseen:
        step("Brings it up if it is down, and lets it look for the other node.",
             ("drbdadm", "adjust", name))
    elif side.down:
        step("Brings it up; it looks for the other node.", ("drbdadm", "up", name))
    if side.unseen or side.primary:
        step("Refused while anything has the device open.", ("drbdadm", "secondary", name))
    if not side.standalone:
        step("It looks for the other node no longer.", ("drbdadm", "disconnect", name))
    step(f"From here on the writes of {side.node} since they parted are lost.",
         _discarding(name, old))
    return steps


def _parted(side, loser, name):
    """The Steps that keep the node that wins from answering while the other one is brought up."""
    if not (loser.unseen or loser.down) or not (side.unseen or side.waits):
        return []
    why = "It must not answer yet."
    if side.unseen:
        why += " " + _ERROR_IS_FINE % "it may have no connection, or be down"
    return [Step((side.node,), (("drbdadm", "disconnect", name),), why)]


def _connect(side, name):
    return [Step((side.node,), (("drbdadm", "connect", name),), "It answers.")]


def _answer(side, name):
    """The Steps that let a node answer the other one, whatever state it is in."""
    if side.unseen:
        return [Step((side.node,), (("drbdadm", "adjust", name),),
                     "Brings it up if it is down, and connects it if it is StandAlone.")]
    if side.waits:
        return []
    if side.down:
        return [Step((side.node,), (("drbdadm", "up", name),), "Brings it up; it answers.")]
    return _connect(side, name)


def _loses(loser, winner, name, old):
    parted = _parted(winner, loser, name)
    answer = _connect(winner, name) if parted and winner.waits else _answer(winner, name)
    return Part(f"If the writes of {loser.node} are to be lost",
                tuple(parted + _lose(loser, name, old) + answer))


def split_brain(name, sides, losers=None, old=False, cluster=Cluster()):
    """The Parts that end a split brain of the resource *name*, as a tuple.

    :param sides: the Sides of both nodes
    :param losers: of those whose writes may be lost, the names; None for both
    :param old: whether DRBD is older than 8.4
    """
    one, two = sides
    names = [side.node for side in sides]
    parts = list(_away(names[0], cluster))
    harmless = tuple(_answer(one, name) + _answer(two, name))
    if harmless:
        parts.append(Part("If neither node's log has it (`dmesg | grep -i split-brain`), it was "
                          "none and nothing needs to be lost", harmless))
    for loser, winner in ((one, two), (two, one)):
        if losers is None or loser.node in losers:
            parts.append(_loses(loser, winner, name, old))
    parts.append(Part("In the end", (
        Step(tuple(names), (("drbdadm", "dstate", name),),
             "Wait until it says UpToDate/UpToDate on both."),) + _back(names[0], cluster)))
    return tuple(parts)


#: What is to be decided before anything is typed.
DECIDE = ("decide which node's writes since they parted are to be lost, and copy away what only "
          "that node has. `dmesg | grep -i split-brain` tells when they were found to differ, `oos:` in "
          "/proc/drbd (DRBD 9: `drbdsetup status --statistics`) how many KiB each has changed")


# -- one whole copy, and no word of the other -----------------------------------------------------


def lone_copy(name, side, peer, old=False, cluster=Cluster()):
    """The Parts that make a lone Consistent copy the good one, as a tuple.

    :param side: the Side of the node that has it
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
        "when it comes back; DRBD may call that a split brain."),) + _back(side.node, cluster)
    return _away(side.node, cluster) + (Part(
        f"Only if you have seen that {peer} is off, it stays off until this is done, and what it "
        "wrote last may be lost", steps),)


# -- a disk that is gone, or new ---------------------------------------------------------------


def new_disk(name, node, peer, up):
    """The Parts that put a disk under the resource, as a tuple.

    :param up: whether the resource is up, without a disk; else the cluster starts it afterwards
    """
    again = ("drbdadm", "attach", name) if up else ("crm_resource", "--cleanup")
    then = f"It is copied from {peer}."
    made = Step((node,), (("drbdadm", "create-md", name),),
                "Writes meta-data, so that all on it counts as old. It asks when it finds other "
                "data: that is the wrong disk then.")
    parts = (Part(f"If the new one is empty, and {peer} has the good copy (`drbdadm dstate {name}` "
                  "there says UpToDate)", (made, Step((node,), (again,), then))),)
    if up:
        parts = (Part("If it is the old disk that answers again",
                      (Step((node,), (again,), f"What was written meanwhile is copied from {peer}."),)),) + parts
    return parts


# -- as text ------------------------------------------------------------------------------------


def typed(step):
    """A Step's commands as one types them; what to do where there are none."""
    return "; ".join(f"`{' '.join(words)}`" for words in step.commands) or step.why


def lines(parts):
    """Parts as lines of text: titles, and below them "NODE: `command`" and why."""
    found = []
    for part in parts:
        found.append(f"{part.title}:")
        for step in part.steps:
            found.append(f"  {' and '.join(step.nodes)}: {typed(step)}")
            found += [f"    {step.why}"] if step.commands else []
    return found


def markdown(parts):
    """Parts as Markdown."""
    found = []
    for part in parts:
        found += [f"{part.title}:", ""]
        for number, step in enumerate(part.steps, 1):
            found.append("%d. %s: %s%s" % (number, " and ".join(step.nodes), typed(step),
                                           f". {step.why}" if step.commands else ""))
        found.append("")
    return "\n".join(found).rstrip("\n")
