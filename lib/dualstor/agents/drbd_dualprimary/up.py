# SPDX-License-Identifier: GPL-2.0-or-later
"""Deciding on start and promote: good data, and a peer that is here or surely down."""

from dualstor.action.steps import Do, Finish, Wait
from dualstor.agents.drbd_dualprimary import checks, down, monitor, seen
from dualstor.ocf.codes import ExitCode

_NO_META_DATA = ("no valid meta", "no valid meta-data")


def start(request, parameters, facts):
    """The next step of start: attached, connected if the peer is there, Secondary.

    Why it fails is noted for the demote that follows, whose failure takes the place of this one.
    """
    step = _start(request, parameters, facts)
    if isinstance(step, Finish) and step.code != ExitCode.SUCCESS and not facts.done("note"):
        return Do("note", (step.reason,))
    return step


def _start(request, parameters, facts):
    if facts.done("remember"):
        return monitor.publish(request, facts, seen.score(facts.state)) \
            or Finish(ExitCode.SUCCESS)
    refusal = checks.clone(request, parameters) \
        or checks.known(request, parameters, facts) \
        or checks.configuration(request, parameters, facts) \
        or checks.warnings(parameters, facts)
    if refusal:
        return refusal
    return _bring_up(request, parameters, facts) \
        or checks.unfit_handler_warning(parameters, facts) \
        or down.secondary(request, parameters, facts) \
        or _meet_peer(request, parameters, facts) \
        or Do("remember")


def _deed_up(facts):
    """What brings the resource nearer to being configured, attached and connecting; None: it is.

    A connection that is not there is made: a `down` that DRBD 9 refuses takes it away. One
    that is StandAlone was given up, by DRBD or by a person, and stays so, but for one that
    our own `up` did not get to: `adjust` would connect it. Where nothing is left in the
    kernel `up` connects, and DRBD itself then finds a split brain.
    """
    state, begun = facts.state, facts.last("up")
    if state is None:
        return "up"
    if state.standalone and (begun is None or begun.ok):
        return "attach" if seen.diskless(state) else None
    return "adjust" if seen.diskless(state) or state.standalone or not state.peers else None


def _bring_up(request, parameters, facts):
    """The step to a resource that is configured and attached; None when it is."""
    deed = _deed_up(facts)
    if deed == "up" and not facts.module and not facts.done("load_module"):
        return Do("load_module")
    if deed is None:
        return None
    outcome = facts.last(deed)
    if outcome is None:
        return Do(deed)
    name = parameters.drbd_resource
    if outcome.transient:
        return down.again(facts, deed, f"`drbdadm {deed} {name}` ({outcome.says})",
                           "see the kernel's log")
    if outcome.ok and deed != "up":
        return _without_connection(request, parameters, facts, deed)
    if any(words in outcome.says.lower() for words in _NO_META_DATA):
        text = (f"its disk has no meta-data ({outcome.says}): run `dualstor status` before "
                "anything else")
    else:
        text = (f"`drbdadm {deed} {name}` failed: {outcome.says}; see the kernel's log and "
                f"`drbdadm -d adjust {name}`")
    return seen.refuse(request, parameters, ExitCode.ERR_GENERIC, text)


def _without_connection(request, parameters, facts, deed):
    """A refusal when there is still no connection; None for the rest, which monitor will tell."""
    if facts.state.peers:
        return None
    name = parameters.drbd_resource
    return seen.refuse(request, parameters, ExitCode.ERR_GENERIC,
                       f"it has no connection to its peer, also after `drbdadm {deed} {name}`: see "
                       f"`drbdadm dump {name}`, which must name both nodes")


def _meet_peer(request, parameters, facts):
    """A Wait for the peer, and for a short resync, as long as there is patience; else None.

    A resync that ends after start is noticed by the next monitor only: as long does promote wait.

    :returns: also the refusal of a split brain
    """
    state = facts.state
    if state.standalone and parameters.split_brain == "failed":
        return monitor.advise(facts) or seen.refuse(request, parameters, ExitCode.ERR_GENERIC,
                                                    monitor.SPLIT_BRAIN)
    met = seen.settled(state)
    if state.standalone or met and (state.up_to_date or not seen.resyncing(state)) \
            or facts.elapsed >= facts.patience:
        return None
    if met:
        return Wait(f"the resync of DRBD resource {parameters.drbd_resource} to end",
                    f"see `drbdadm status {parameters.drbd_resource}`")
    return Wait(f"the peer of DRBD resource {parameters.drbd_resource} to connect",
                f"see `drbdadm cstate {parameters.drbd_resource}` on both nodes")


def promote(request, parameters, facts):
    """The next step of promote: never without good data, never beside an unseen Primary."""
    state = facts.state
    if state is None:
        return seen.refuse(request, parameters, ExitCode.ERR_GENERIC,
                             "it is not configured in the kernel of this node: start it first")
    if state.primary:
        trouble = monitor.failure(parameters, state)
        if trouble:
            return seen.refuse(request, parameters, ExitCode.ERR_GENERIC, trouble)
        return monitor.publish(request, facts, seen.score(state)) or Finish(ExitCode.SUCCESS)
    return checks.clone(request, parameters) \
        or checks.configuration(request, parameters, facts) \
        or checks.handler_fits(request, parameters, facts) \
        or checks.cluster_fencing(request, parameters, facts) \
        or _data(request, parameters, facts) \
        or _peer(request, parameters, facts) \
        or checks.warnings(parameters, facts) \
        or _primary(request, parameters, facts)


def _data(request, parameters, facts):
    """A Wait or a refusal when the disk here is not UpToDate, else None."""
    state, name = facts.state, parameters.drbd_resource
    if state.standalone:
        return seen.refuse(request, parameters, ExitCode.ERR_GENERIC, monitor.SPLIT_BRAIN)
    if state.up_to_date:
        return None
    if seen.diskless(state):
        return seen.refuse(request, parameters, ExitCode.ERR_GENERIC,
                             f"it has no disk on this node ({seen.words(state)}): repair the disk, "
                             f"then `drbdadm attach {name}`")
    if seen.resyncing(state) or not seen.settled(state):
        if not state.connected and any(v.dstate == "Consistent" for v in state.volumes):
            return Wait(f"DRBD resource {name} to hear of its peer's copy ({seen.words(state)})",
                        "nobody knows which copy is newer, see `dualstor status`")
        return Wait(f"an UpToDate disk of DRBD resource {name} ({seen.words(state)})",
                    f"bring the peer back, let the resync end, see `drbdadm status {name}`")
    return seen.refuse(request, parameters, ExitCode.ERR_GENERIC,
                         f"its disk is not UpToDate ({seen.words(state)}): on the node with the "
                         f"good copy start the cluster, and see `drbdadm status {name}`")


def _peer(request, parameters, facts):
    """A Wait while the peer is neither connected nor surely down, else None.

    :returns: also the refusal of a resource that nothing will connect
    """
    name = parameters.drbd_resource
    if not facts.state.peers:
        return seen.refuse(request, parameters, ExitCode.ERR_GENERIC,
                           monitor.unconnected(parameters, facts.state))
    if seen.settled(facts.state):
        return None
    if not facts.state.connected and facts.peer.down is True:
        return None
    if facts.state.connected:
        return Wait(f"the handshake of DRBD resource {name} ({seen.words(facts.state)})",
                    f"see `drbdadm status {name}` on both nodes")
    return Wait(f"the peer {facts.peer.name} of DRBD resource {name} to connect, or to be fenced",
                "mend the replication link or the fencing, see `dualstor status`")


def _primary(request, parameters, facts):
    """Promote, and judge how that went."""
    outcome = facts.last("primary")
    if outcome is None:
        return Do("primary")
    name = parameters.drbd_resource
    if outcome.ok or outcome.transient:
        return down.again(facts, "primary", f"`drbdadm primary {name}` ({outcome.says})",
                           f"see `drbdadm status {name}` and the kernel's log")
    if outcome.no_up_to_date:
        text = "the fence-peer handler may have failed: see the kernel's log and " \
               "`stonith_admin --history '*'`"
    elif outcome.no_disk:
        text = f"`drbdadm attach {name}` after the disk is repaired"
    else:
        text = f"see `drbdadm status {name}` and the kernel's log"
    return seen.refuse(request, parameters, ExitCode.ERR_GENERIC,
                         f"`drbdadm primary {name}` failed: {outcome.says}; {text}")
