# SPDX-License-Identifier: GPL-2.0-or-later
"""Deciding on start and promote: good data, and a peer that is here or surely down."""

from dualstor.action.steps import Do, Finish
from dualstor.agents.drbd_dualprimary import checks, deeds, down, monitor, reasons, seen
from dualstor.ocf.codes import ExitCode

TYPE_CHECKING = False       # only mypy sees what is imported there
if TYPE_CHECKING:
    from dualstor.action.steps import Step, Wait
    from dualstor.agents.drbd_dualprimary.deeds import Deed
    from dualstor.agents.drbd_dualprimary.seen import Case
    from dualstor.kernel.drbd import State

_NO_METADATA = "no valid meta"     # drbdmeta: "No valid meta data found", "... meta-data ..."


def start(case: "Case") -> "Step":
    """The next step of start: attached, connected if the peer is there, Secondary.

    Why it fails is noted for the demote that follows, whose failure takes the place of this one.
    """
    step = _start(case)
    if isinstance(step, Finish) and step.code != ExitCode.SUCCESS and not case.done(deeds.note):
        return Do(deeds.note, (step.reason,))
    return step


def _start(case: "Case") -> "Step":
    if case.done(deeds.remember):
        return monitor.publish(case, seen.score(case.state)) \
            or Finish(ExitCode.SUCCESS)
    refusal = checks.refused(case) or checks.clone(case) \
        or checks.known(case) \
        or checks.configuration(case) \
        or checks.warnings(case)
    if refusal:
        return refusal
    step = _bring_up(case) or checks.unfit_handler_warning(case) \
        or checks.auto_promote_warning(case)
    if step:
        return step
    state = case.state
    assert state is not None    # else it would have to be brought up
    return down.secondary(case, state) or _meet_peer(case, state) or Do(deeds.remember)


def _deed_up(case: "Case") -> "Deed | None":
    """What brings the resource nearer to being configured, attached and connecting; None: it is.

    A connection that is not there is made: a `down` that DRBD 9 refuses takes it away. One
    that is StandAlone was given up, by DRBD or by a person, and stays so, but for one that
    our own `up` did not get to: `adjust` would connect it. Where nothing is left in the
    kernel `up` connects, and DRBD itself then finds a split brain.
    """
    state, begun = case.state, case.last(deeds.up)
    if state is None:
        return deeds.up
    if state.standalone and (begun is None or begun.ok):
        return deeds.attach if seen.diskless(state) else None
    wrong = seen.diskless(state) or state.standalone or not state.peers
    return deeds.adjust if wrong else None


def _bring_up(case: "Case") -> "Step | None":
    """The step to a resource that is configured and attached; None when it is."""
    deed = _deed_up(case)
    if deed is deeds.up and not case.module and not case.done(deeds.load_module):
        return Do(deeds.load_module)
    if deed is None:
        return None
    outcome = case.last(deed)
    if outcome is None:
        return Do(deed)
    if outcome.transient:
        return down.again(case, deed, reasons.NOT_UP, says=outcome.says)
    if outcome.ok and deed is not deeds.up:
        return _without_connection(case, deed)
    lacking = _NO_METADATA in outcome.says.lower()
    return case.refuse(ExitCode.ERR_GENERIC, reasons.NO_METADATA if lacking else reasons.NOT_UP,
                       says=outcome.says)


def _without_connection(case: "Case", deed: "Deed") -> "Finish | None":
    """A refusal when there is still no connection; None for the rest, which monitor will report."""
    if case.state is None or case.state.peers:
        return None
    return case.refuse(ExitCode.ERR_GENERIC, reasons.STILL_UNCONNECTED,
                       command=f"drbdadm {deed.__name__}")


def _meet_peer(case: "Case", state: "State") -> "Step | None":
    """A Wait for the peer, and for a short resync, as long as there is patience; else None.

    A resync that ends after start is noticed by the next monitor only: as long does promote wait.

    :returns: also the refusal of a split brain
    """
    if state.standalone and case.parameters.split_brain == "failed":
        return monitor.advise(case) or case.refuse(ExitCode.ERR_GENERIC, reasons.SPLIT_BRAIN)
    met = seen.settled(state)
    if state.standalone or met and (state.up_to_date or not seen.resyncing(state)) \
            or case.elapsed >= case.patience:
        return None
    return case.wait(reasons.RESYNC if met else reasons.PEER_AWAY, state=seen.words(state))


def promote(case: "Case") -> "Step":
    """The next step of promote: never without good data, never next to an unseen Primary."""
    state = case.state
    if state is None:
        return case.refuse(ExitCode.ERR_GENERIC, reasons.NOT_RUNNING)
    refused = checks.refused(case)
    if refused:
        return refused
    if state.primary:
        trouble = monitor.failure(case, state)
        if trouble:
            return case.refuse(ExitCode.ERR_GENERIC, trouble)
        return monitor.publish(case, seen.score(state)) or Finish(ExitCode.SUCCESS)
    return checks.clone(case) \
        or checks.configuration(case) \
        or checks.handler_fits(case) \
        or checks.cluster_fencing(case) \
        or _data(case, state) \
        or _peer(case, state) \
        or checks.warnings(case) \
        or _primary(case)


def _data(case: "Case", state: "State") -> "Finish | Wait | None":
    """A Wait or a refusal when the disk here is not UpToDate, else None."""
    words = seen.words(state)
    if seen.half_up(state):
        return case.refuse(ExitCode.ERR_GENERIC, reasons.HALF_UP, state=words)
    if state.standalone:
        return case.refuse(ExitCode.ERR_GENERIC, reasons.SPLIT_BRAIN)
    if state.up_to_date:
        return None if state.quorate else case.wait(reasons.NO_QUORUM, state=words)
    if seen.undecided(state):
        return case.refuse(ExitCode.ERR_GENERIC, reasons.BOTH_CONSISTENT, state=words)
    if seen.diskless(state):
        return case.refuse(ExitCode.ERR_GENERIC, reasons.NO_DISK, state=words)
    if seen.resyncing(state) or not seen.settled(state):
        if not state.connected and any(v.dstate == "Consistent" for v in state.volumes):
            return case.wait(reasons.CONSISTENT, state=words)
        return case.wait(reasons.NOT_UP_TO_DATE, state=words)
    return case.refuse(ExitCode.ERR_GENERIC, reasons.OUTDATED, state=words)


def _peer(case: "Case", state: "State") -> "Finish | Wait | None":
    """A Wait while the peer is neither connected nor surely down, else None.

    :returns: also the refusal of a resource that nothing will connect
    """
    if not state.peers:
        return case.refuse(ExitCode.ERR_GENERIC, reasons.UNCONNECTED, state=seen.words(state))
    if seen.settled(state):
        return None
    if not state.connected and case.peer.down is True:
        return None
    if state.connected:
        return case.wait(reasons.HANDSHAKE, state=seen.words(state))
    return case.wait(reasons.PEER_UNKNOWN, peer=case.peer.name)


def _primary(case: "Case") -> "Step":
    """Promote, and check the outcome."""
    outcome = case.last(deeds.primary)
    if outcome is None:
        return Do(deeds.primary)
    if outcome.ok or outcome.transient:
        return down.again(case, deeds.primary, reasons.NOT_PRIMARY, says=outcome.says)
    reason = reasons.NOT_PRIMARY_UNFENCED if outcome.no_up_to_date \
        else reasons.NOT_PRIMARY_DISKLESS if outcome.no_disk else reasons.NOT_PRIMARY
    return case.refuse(ExitCode.ERR_GENERIC, reason, says=outcome.says)
