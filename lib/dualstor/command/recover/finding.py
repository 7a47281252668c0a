# SPDX-License-Identifier: GPL-2.0-or-later
"""From a Report to what happened, the most urgent first. Pure.

What is wrong and what to do is status's Advice; here is what is known further, and what the other
node says of itself.
"""

from dualstor import recipes
from dualstor.command.status import advice, peer
from dualstor.command.status.advised import (
    DISK,
    DLM_WAITS,
    ERROR,
    HOLD,
    KINDS,
    LONE_COPY,
    ORPHANS,
    OUTDATED,
    SPLIT_BRAIN,
    STRANDED,
    SUSPENDED,
    UNFENCED,
    WARNING,
)
from dualstor.command.status.report import Silent
from dualstor.record import Record
from dualstor.tools import drbdgi

TYPE_CHECKING = False   # only mypy sees what is imported there
if TYPE_CHECKING:
    from typing import Iterator

    from dualstor.command.status.advised import Advice
    from dualstor.command.status.report import Report
    from dualstor.tools.drbdgi import Generation

#: Kinds that are about the node that sees them: the other one may have the same.
_OF_A_NODE = (HOLD, STRANDED, DLM_WAITS, ORPHANS, SUSPENDED, DISK, OUTDATED)
_ABOUT_COPIES = (SPLIT_BRAIN, LONE_COPY, OUTDATED)


class Finding(Record):
    """Something that happened.

    ``kind``: one of status's KINDS. ``node``: which node sees it; ``resource``: of DRBD, None if
    it is about none. ``what``, ``do``: as in an Advice, but "" where the stages say it all;
    ``known``: further facts, as sentences; ``stages``: what can be done.
    """

    kind: str
    severity: str
    node: str
    what: str
    do: str
    resource: "str | None" = None
    known: "tuple[str, ...]" = ()
    stages: "tuple[recipes.Stage, ...]" = ()


# -- what is known of the copies ------------------------------------------------------------------


def _generations(report: "Report", name: str) -> "tuple[Generation | None, Generation | None]":
    """The Generation of this node's copy and of the other one's."""
    own = None if isinstance(report.drbd, Silent) else report.drbd.copy_of(name)
    theirs = peer.copy_of(report.peer, name)
    return own.generation if own else None, theirs.generation if theirs else None


def _changed(report: "Report", name: str) -> "Iterator[str]":
    """How much each node has written alone."""
    own = None if isinstance(report.drbd, Silent) else report.drbd.copy_of(name)
    for node, copy in ((report.node, own), (report.other, peer.copy_of(report.peer, name))):
        if copy is not None and copy.out_of_sync:
            kib = sum(number for _, number in copy.out_of_sync)
            yield f"{node} has marked {kib} KiB as changed without the other node"


def _compared(here: str, there: str, one: "Generation", other: "Generation") -> str:
    """What the identifiers of both copies say."""
    return {
        drbdgi.EQUAL: "both copies are of one generation: DRBD connects them without a resync, or "
                      "with one of what was under way",
        drbdgi.NEWER: f"the copy of {here} is the newer one: that of {there} is a generation from "
                      "its past",
        drbdgi.OLDER: f"the copy of {there} is the newer one: that of {here} is a generation from "
                      "its past",
        drbdgi.PARTED: "both copies were written since they parted: each has writes that the other "
                       "lacks",
        drbdgi.UNRELATED: "the copies have no generation in common: one was made new, or is of "
                          "another resource"}[drbdgi.compare(one, other)]


def _alone(here: str, there: str, one: "Generation") -> "Iterator[str]":
    """What the identifiers of one copy say, where the other one's are not known."""
    if one.peer_outdated:
        yield (f"{here} knows the copy of {there} as outdated: then this copy is the newer one, "
               f"unless {there} was made Primary by force since")
    elif one.bitmap:
        yield (f"{here} was written while {there} was away: it has writes that {there} lacks, and "
               f"{there} may have some, too")
    else:
        yield (f"{here} was not written without {there}, as far as its metadata says: {there} may "
               "have continued alone, and would then be the newer one")
    if one.crashed:
        yield f"{here} was Primary when it went down, and has not seen {there} since"


def _of_copies(report: "Report", name: str) -> "Iterator[str]":
    one, other = _generations(report, name)
    here, there = report.node, report.other
    yield from _changed(report, name)
    if one is not None and other is not None:
        yield _compared(here, there, one, other)
    elif one is not None:
        yield from _alone(here, there, one)
        yield f"{there} was not asked: its generation is not known"
    else:
        yield f"the metadata of {here} could not be read: its generation is not known"


# -- what is known of fencing and dlm ------------------------------------------------------------


def _of_fencing(report: "Report") -> "Iterator[str]":
    fencing = report.fencing
    if isinstance(fencing, Silent):
        yield f"what was asked of the fence devices is not known ({fencing.says})"
        return
    for event in fencing.events[:1]:
        when = f" at {event.completed}" if event.completed else ""
        yield f"the last request: {event.action} of {event.target}, {event.status}{when}"
    if isinstance(report.peer, dict):
        yield (f"{report.peer.get('node')} answers over ssh: it is not off. Confirm no fencing of "
               "it")


def _of_dlm(report: "Report") -> "Iterator[str]":
    libraries = report.library
    if isinstance(libraries, Silent):
        yield f"whether dlm_stonith finds Pacemaker's library is not known ({libraries.says})"
    elif libraries is not None and libraries.lacking:
        yield (f"dlm_stonith opens {libraries.lacking[0][0]}, and Pacemaker has "
               f"{', '.join(libraries.there)}: dlm learns of no fencing at all (DLM-STONITH in "
               "findings.md)")
    elif libraries is not None:
        yield "dlm_stonith finds Pacemaker's library: dlm waits for the fencing itself"


def _known(report: "Report", kind: str, name: "str | None") -> "tuple[str, ...]":
    """Further facts about a finding of this node."""
    found: "list[str]" = []
    if kind in _ABOUT_COPIES and name is not None:
        found += _of_copies(report, name)
    if kind == UNFENCED:
        found += _of_fencing(report)
    if kind == DLM_WAITS:
        found += _of_dlm(report)
    return tuple(found)


# -- all of it ------------------------------------------------------------------------------------


def _stages(report: "Report", each: "Advice") -> "tuple[recipes.Stage, ...]":
    """What can be done about an Advice; no fencing is confirmed of a node that answers."""
    stages = each.stages or each.parts
    if each.kind == UNFENCED and isinstance(report.peer, dict):
        return tuple(stage for stage in stages if not any(step.final for step in stage.steps))
    return stages


def _do(each: "Advice") -> str:
    """What to do in a sentence; "" where the stages of recover say it all."""
    return "" if each.stages else each.do.replace("`dualstor status --peer",
                                                  "`dualstor recover --peer")


def _here(report: "Report") -> "Iterator[Finding]":
    for each in advice.advise(report):
        if each.kind is not None:
            yield Finding(kind=each.kind, severity=each.severity, node=report.node,
                          resource=each.resource, what=each.what, do=_do(each),
                          known=_known(report, each.kind, each.resource),
                          stages=_stages(report, each))


def _there(report: "Report") -> "Iterator[Finding]":
    """What the other node says of itself."""
    for each in peer.advices(report.peer):
        if each.kind in _OF_A_NODE and each.severity in (ERROR, WARNING):
            yield Finding(kind=each.kind, severity=each.severity, node=report.other,
                          resource=each.resource, what=each.what, do=_do(each),
                          stages=each.stages or each.parts)


def find(report: "Report", resource: "str | None" = None) -> "tuple[Finding, ...]":
    """The Findings, the most urgent first.

    :param resource: leave out what is about another one; None for all
    """
    found = [*_here(report), *_there(report)]
    return tuple(sorted((each for each in found if resource in (None, each.resource)
                         or each.resource is None), key=lambda each: KINDS.index(each.kind)))
