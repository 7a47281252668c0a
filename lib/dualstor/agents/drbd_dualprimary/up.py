# SPDX-License-Identifier: GPL-2.0-or-later
"""Deciding on start and promote: good data, and a peer that is here or surely down."""

from dualstor.agents.drbd_dualprimary import checks, down, monitor, seen
from dualstor.ocf.codes import ExitCode
from dualstor.steps import Do, Finish, Wait

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
        return down.again(facts, deed, "`drbdadm %s %s` (%s)" % (deed, name, outcome.says),
                           "see the kernel's log")
    if outcome.ok and deed != "up":
        return _without_connection(request, parameters, facts, deed)
    if any(words in outcome.says.lower() for words in _NO_META_DATA):
        text = "its disk has no meta-data (%s): run `dualstor status` before anything else" \
            % outcome.says
    else:
        text = "`drbdadm %s %s` failed: %s; see the kernel's log and `drbdadm -d adjust %s`" % (
            deed, name, outcome.says, name)
    return seen.refuse(request, parameters, ExitCode.ERR_GENERIC, text)


def _without_connection(request, parameters, facts, deed):
    """A refusal when there is still no connection; None for the rest, which monitor will tell."""
    if facts.state.peers:
        return None
    name = parameters.drbd_resource
    return seen.refuse(request, parameters, ExitCode.ERR_GENERIC,
                       "it has no connection to its peer, also after `drbdadm %s %s`: see "
                       "`drbdadm dump %s`, which must name both nodes" % (deed, name, name))


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
        return Wait("the resync of DRBD resource %s to end" % parameters.drbd_resource,
                    "see `drbdadm status %s`" % parameters.drbd_resource)
    return Wait("the peer of DRBD resource %s to connect" % parameters.drbd_resource,
                "see `drbdadm cstate %s` on both nodes" % parameters.drbd_resource)


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
                             "it has no disk on this node (%s): repair the disk, then `drbdadm "
                             "attach %s`" % (seen.words(state), name))
    if seen.resyncing(state) or not seen.settled(state):
        if not state.connected and any(v.dstate == "Consistent" for v in state.volumes):
            return Wait("DRBD resource %s to hear of its peer's copy (%s)" % (name, seen.words(state)),
                        "nobody knows which copy is newer, see `dualstor status`")
        return Wait("an UpToDate disk of DRBD resource %s (%s)" % (name, seen.words(state)),
                    "bring the peer back, let the resync end, see `drbdadm status %s`" % name)
    return seen.refuse(request, parameters, ExitCode.ERR_GENERIC,
                         "its disk is not UpToDate (%s): on the node with the good copy start the "
                         "cluster, and see `drbdadm status %s`" % (seen.words(state), name))


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
        return Wait("the handshake of DRBD resource %s (%s)" % (name, seen.words(facts.state)),
                    "see `drbdadm status %s` on both nodes" % name)
    return Wait("the peer %s of DRBD resource %s to connect, or to be fenced"
                % (facts.peer.name, name),
                "mend the replication link or the fencing, see `dualstor status`")


def _primary(request, parameters, facts):
    """Promote, and judge how that went."""
    outcome = facts.last("primary")
    if outcome is None:
        return Do("primary")
    name = parameters.drbd_resource
    if outcome.ok or outcome.transient:
        return down.again(facts, "primary", "`drbdadm primary %s` (%s)" % (name, outcome.says),
                           "see `drbdadm status %s` and the kernel's log" % name)
    if outcome.no_up_to_date:
        text = "the fence-peer handler may have failed: see the kernel's log and " \
               "`stonith_admin --history '*'`"
    elif outcome.no_disk:
        text = "`drbdadm attach %s` after the disk is repaired" % name
    else:
        text = "see `drbdadm status %s` and the kernel's log" % name
    return seen.refuse(request, parameters, ExitCode.ERR_GENERIC,
                         "`drbdadm primary %s` failed: %s; %s" % (name, outcome.says, text))
