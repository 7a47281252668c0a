# SPDX-License-Identifier: GPL-2.0-or-later
"""Deciding on start and promote: good data, and a peer that is here or surely down."""

from dualstor.action.steps import Do, Finish, Wait
from dualstor.agents.drbd_dualprimary import checks, deeds, down, monitor, seen
from dualstor.ocf.codes import ExitCode

TYPE_CHECKING = False       # only mypy sees what is imported there
if TYPE_CHECKING:
    from dualstor.action.steps import Step
    from dualstor.agents.drbd_dualprimary.deeds import Deed
    from dualstor.agents.drbd_dualprimary.seen import Case
    from dualstor.kernel.drbd import State

_NO_META_DATA = ("no valid meta", "no valid meta-data")


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
    refusal = checks.clone(case) \
        or checks.known(case) \
        or checks.configuration(case) \
        or checks.warnings(case)
    if refusal:
        return refusal
    step = _bring_up(case) or checks.unfit_handler_warning(case)
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
    name = case.parameters.drbd_resource
    if outcome.transient:
        return down.again(case, deed, f"`drbdadm {deed.__name__} {name}` ({outcome.says})",
                           "see the kernel's log")
    if outcome.ok and deed is not deeds.up:
        return _without_connection(case, deed)
    if any(words in outcome.says.lower() for words in _NO_META_DATA):
        text = (f"its disk has no meta-data ({outcome.says}): run `dualstor status` before "
                "anything else")
    else:
        text = (f"`drbdadm {deed.__name__} {name}` failed: {outcome.says}; see the kernel's log "
                f"and `drbdadm -d adjust {name}`")
    return case.refuse(ExitCode.ERR_GENERIC, text)


def _without_connection(case: "Case", deed: "Deed") -> "Finish | None":
    """A refusal when there is still no connection; None for the rest, which monitor will report."""
    if case.state is None or case.state.peers:
        return None
    name = case.parameters.drbd_resource
    return case.refuse(ExitCode.ERR_GENERIC,
                       "it has no connection to its peer, also after "
                       f"`drbdadm {deed.__name__} {name}`: see `drbdadm dump {name}`, which must "
                       "name both nodes")


def _meet_peer(case: "Case", state: "State") -> "Step | None":
    """A Wait for the peer, and for a short resync, as long as there is patience; else None.

    A resync that ends after start is noticed by the next monitor only: as long does promote wait.

    :returns: also the refusal of a split brain
    """
    if state.standalone and case.parameters.split_brain == "failed":
        return monitor.advise(case) or case.refuse(ExitCode.ERR_GENERIC,
                                                    monitor.SPLIT_BRAIN)
    met = seen.settled(state)
    if state.standalone or met and (state.up_to_date or not seen.resyncing(state)) \
            or case.elapsed >= case.patience:
        return None
    if met:
        return Wait(f"the resync of DRBD resource {case.parameters.drbd_resource} to end",
                    f"see `drbdadm status {case.parameters.drbd_resource}`")
    return Wait(f"the peer of DRBD resource {case.parameters.drbd_resource} to connect",
                f"see `drbdadm cstate {case.parameters.drbd_resource}` on both nodes")


def promote(case: "Case") -> "Step":
    """The next step of promote: never without good data, never next to an unseen Primary."""
    state = case.state
    if state is None:
        return case.refuse(ExitCode.ERR_GENERIC,
                             "it is not configured in the kernel of this node: start it first")
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
    name = case.parameters.drbd_resource
    if state.standalone:
        return case.refuse(ExitCode.ERR_GENERIC, monitor.SPLIT_BRAIN)
    if state.up_to_date:
        return None
    if seen.diskless(state):
        return case.refuse(ExitCode.ERR_GENERIC,
                             f"it has no disk on this node ({seen.words(state)}): repair the disk, "
                             f"then `drbdadm attach {name}`")
    if seen.resyncing(state) or not seen.settled(state):
        if not state.connected and any(v.dstate == "Consistent" for v in state.volumes):
            return Wait(f"DRBD resource {name} to hear of its peer's copy ({seen.words(state)})",
                        "nobody knows which copy is newer, see `dualstor status`")
        return Wait(f"an UpToDate disk of DRBD resource {name} ({seen.words(state)})",
                    f"bring the peer back, let the resync end, see `drbdadm status {name}`")
    return case.refuse(ExitCode.ERR_GENERIC,
                         f"its disk is not UpToDate ({seen.words(state)}): on the node with the "
                         f"good copy start the cluster, and see `drbdadm status {name}`")


def _peer(case: "Case", state: "State") -> "Finish | Wait | None":
    """A Wait while the peer is neither connected nor surely down, else None.

    :returns: also the refusal of a resource that nothing will connect
    """
    name = case.parameters.drbd_resource
    if not state.peers:
        return case.refuse(ExitCode.ERR_GENERIC, monitor.unconnected(case, state))
    if seen.settled(state):
        return None
    if not state.connected and case.peer.down is True:
        return None
    if state.connected:
        return Wait(f"the handshake of DRBD resource {name} ({seen.words(state)})",
                    f"see `drbdadm status {name}` on both nodes")
    return Wait(f"the peer {case.peer.name} of DRBD resource {name} to connect, or to be fenced",
                "mend the replication link or the fencing, see `dualstor status`")


def _primary(case: "Case") -> "Step":
    """Promote, and check the outcome."""
    outcome = case.last(deeds.primary)
    if outcome is None:
        return Do(deeds.primary)
    name = case.parameters.drbd_resource
    if outcome.ok or outcome.transient:
        return down.again(case, deeds.primary, f"`drbdadm primary {name}` ({outcome.says})",
                           f"see `drbdadm status {name}` and the kernel's log")
    if outcome.no_up_to_date:
        text = "the fence-peer handler may have failed: see the kernel's log and " \
               "`stonith_admin --history '*'`"
    elif outcome.no_disk:
        text = f"`drbdadm attach {name}` after the disk is repaired"
    else:
        text = f"see `drbdadm status {name}` and the kernel's log"
    return case.refuse(ExitCode.ERR_GENERIC,
                         f"`drbdadm primary {name}` failed: {outcome.says}; {text}")
