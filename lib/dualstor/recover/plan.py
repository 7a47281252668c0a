# SPDX-License-Identifier: GPL-2.0-or-later
"""Both sides of a split brain as they are now, and what each choice of winner would cost.

Nothing is changed by it. In particular no bitmap is flushed, for which DRBD would have to give up
a connection: ``stale`` says whose bitmap is older than what the kernel counts.
"""

from dualstor.record import Record
from dualstor.recover import deeds, differ
from dualstor.recover.differ import Refusal

TYPE_CHECKING = False       # only mypy sees what is imported there
if TYPE_CHECKING:
    from dualstor.recover.differ import Choice, Difference
    from dualstor.recover.journal import Store
    from dualstor.recover.side import Look, Side

_POLICY = "disconnect"


class Plan(Record):
    """``found`` and ``choices``: None and () where ``refusals`` say why nothing can be compared.

    ``stale``: {node: why its bitmap is not that of now}; then more may have changed than they say.
    ``users``: {node: {name of an LV: who has it open, "" for somebody}}; ``choices``: in the order
    of ``nodes``.
    """

    resource: str
    vg: str
    nodes: "tuple[str, str]"
    found: "Difference | None" = None
    choices: "tuple[Choice, ...]" = ()
    stale: "dict[str, tuple[Refusal, ...]]" = {}
    refusals: "tuple[Refusal, ...]" = ()
    users: "dict[str, dict[str, str]]" = {}

    def old(self, node: str) -> "tuple[Refusal, ...]":
        """Why the bitmap of a node is not that of now."""
        return self.stale.get(node, ())

    def choice(self, winner: str) -> "Choice | None":
        """What it means that a node wins; None where nothing could be compared."""
        return next((each for each in self.choices if each.winner == winner), None)


def not_comparable(resource: str, looks: "tuple[Look, Look]") -> "tuple[Refusal, ...]":
    """Why both sides cannot be compared, block by block."""
    found = []
    if looks[0].boot == looks[1].boot:
        return (Refusal(f"{looks[0].node} and {looks[1].node} are one host",
                        "name the other node with --peer"),)
    for each in looks:
        if not each.version.startswith(deeds.MODULE):
            found.append(Refusal(
                f"DRBD {each.version or 'of unknown version'} on {each.node}: healing was tried "
                "with 8.4 only", f"keep one copy as a whole: `dualstor recover {resource} --plan`"))
        elif not each.up:
            found.append(Refusal(
                f"DRBD {resource} is not up with its disk on {each.node}, so its LVs cannot be "
                "read there",
                f"keep one copy as a whole: `dualstor recover {resource} --plan`"))
        elif each.connected:
            found.append(Refusal(f"DRBD {resource} is connected on {each.node}: this is no split "
                                 "brain any more", "see `dualstor status`"))
    return tuple(found)


def not_safe(resource: str, looks: "tuple[Look, Look]") -> "tuple[Refusal, ...]":
    """Why neither node may be connected: DRBD would end the split brain by itself."""
    return tuple(Refusal(
        f"after-sb-* is {odd[0]} on {each.node}: to connect would discard a copy",
        f"set after-sb-0pri, 1pri and 2pri to disconnect, then `drbdadm adjust {resource}`")
        for each in looks
        for odd in [[value for value in each.policies if value != _POLICY]] if odd)


def read(one: "Side", two: "Side", resource: str, vg: str, keep_both: bool = False,
         store: "Store | None" = None) -> Plan:
    """The Plan for two nodes.

    :param keep_both: as ``differ.choose``
    :param store: of node *one*, whose last healing may have been undone
    :raises Unreachable, Failed, ParseError: a side cannot be read
    """
    looks = one.look(), two.look()
    plan = Plan(resource=resource, vg=vg, nodes=(one.node, two.node),
                users={each.node: dict(each.users) for each in looks})
    refusals = not_comparable(resource, looks)
    if refusals:
        return plan.but(refusals=refusals)
    back = deeds.put_back(store, one, one.layout(), looks[0]) if store is not None else {}
    mine = deeds.seen(one, one.look(), resource, put_back=back)
    theirs = deeds.seen(two, two.look(), resource)
    found = differ.compare(mine, theirs, deeds.same_content(one, two, mine, theirs))
    found = found.but(refusals=found.refusals + not_safe(resource, looks))
    pairs = ((mine, looks[1]), (theirs, looks[0]))
    choices = [differ.choose(found, seen.node, vg, dict(loser.users), keep_both, seen.layout.free)
               for seen, loser in pairs]
    return plan.but(found=found, choices=differ.recommend(choices[0], choices[1]),
                    stale={each.node: old for each in (mine, theirs)
                           for old in [differ.untrusted(each)] if old})
