# SPDX-License-Identifier: GPL-2.0-or-later
"""What must be right before two Primaries are allowed: each refusal names the line to set."""

from dualstor import fencepeer
from dualstor.action.steps import Do
from dualstor.agents.drbd_dualprimary import deeds, reasons
from dualstor.ocf.codes import ExitCode

TYPE_CHECKING = False       # only mypy sees what is imported there
if TYPE_CHECKING:
    from dualstor.action.steps import Finish, Wait
    from dualstor.agents.drbd_dualprimary.seen import Case
    from dualstor.ocf.reason import Said

_TWO = 2  # DRBD with more than two Primaries is not supported by anybody
_AUTO_PROMOTE_SINCE = 9     # generation of DRBD whose default it is


def held(case: "Case") -> "Said | None":
    """Why nothing is to be done now, as `dualstor recover` works on the resource; else None."""
    if case.hold is None:
        return None
    if case.hold.dead:
        return case.say(reasons.HELD_DEAD)
    return case.say(reasons.HELD, pid=case.hold.pid)


def refused(case: "Case") -> "Finish | None":
    """A refusal while `dualstor recover` works on the resource, else None."""
    why = held(case)
    return case.refuse(ExitCode.ERR_GENERIC, why) if why else None


def clone(case: "Case") -> "Finish | None":
    """A refusal of meta attributes with which both nodes cannot be promoted, else None.

    Wrong on every node, as they are the cluster's; checked only where a cluster calls.
    """
    if not case.request.in_cluster:
        return None
    wanted = (("promoted-max", case.request.promoted_max, _TWO),
              ("promoted-node-max", case.request.promoted_node_max, 1),
              ("clone-max", case.request.clone_max, _TWO),
              ("clone-node-max", case.request.clone_node_max, 1))
    for name, value, right in wanted:
        if value is not None and value != right:
            return case.refuse(ExitCode.ERR_CONFIGURED, reasons.CLONE_ATTRIBUTE,
                               attribute=name, value=value, right=right)
    if case.request.promoted_max is None:
        return case.refuse(ExitCode.ERR_CONFIGURED, reasons.NO_CLONE)
    if not case.request.notifies:
        return case.refuse(ExitCode.ERR_CONFIGURED, reasons.NO_NOTIFY)
    return None


def known(case: "Case") -> "Finish | None":
    """A refusal when this host's DRBD configuration lacks the resource, else None."""
    configured = case.configured
    if configured.there:
        return None
    if configured.hung:
        return case.refuse(ExitCode.ERR_GENERIC, reasons.DRBDADM_HANGS, says=configured.says)
    reason = reasons.DRBDADM_FAILS if configured.there is None else reasons.NOT_CONFIGURED
    return case.refuse(ExitCode.ERR_INSTALLED, reason, says=configured.says)


def configuration(case: "Case") -> "Finish | None":
    """A refusal when the effective configuration cannot be run dual-primary, else None."""
    conf = case.configuration
    if conf.witnesses:
        return case.refuse(ExitCode.ERR_ARGS, reasons.WITNESS, peer=", ".join(conf.witnesses))
    if conf.quorum:
        return case.refuse(ExitCode.ERR_ARGS, reasons.QUORUM_SET, policy=conf.quorum)
    if len(conf.hosts) > _TWO:
        return case.refuse(ExitCode.ERR_ARGS, reasons.HOSTS, number=len(conf.hosts))
    if conf.protocol not in (None, "C"):
        return case.refuse(ExitCode.ERR_ARGS, reasons.PROTOCOL, protocol=conf.protocol)
    if not conf.allow_two_primaries:
        return case.refuse(ExitCode.ERR_ARGS, reasons.ONE_PRIMARY)
    if conf.after_sb[2] not in (None, "disconnect"):
        return case.refuse(ExitCode.ERR_ARGS, reasons.AFTER_SB, policy=conf.after_sb[2])
    return _fencing(case)


def _fencing(case: "Case") -> "Finish | None":
    """A refusal when DRBD would continue without its peer being fenced, else None."""
    if not case.parameters.require_fencing:
        return None
    conf = case.configuration
    if conf.fencing != "resource-and-stonith":
        return case.refuse(ExitCode.ERR_ARGS, reasons.FENCING_POLICY,
                           policy=conf.fencing or "not set")
    if not conf.fence_peer:
        return case.refuse(ExitCode.ERR_ARGS, reasons.NO_HANDLER)
    if not case.handler.usable:
        return case.refuse(ExitCode.ERR_ARGS, reasons.HANDLER_MISSING,
                           program=case.handler.program)
    return None


def handler_fits(case: "Case") -> "Finish | None":
    """A refusal when the handler cannot work with the DRBD that is loaded, else None.

    Not for start: a Secondary that resyncs endangers nobody.
    """
    command = case.configuration.fence_peer
    if not case.parameters.require_fencing or not fencepeer.unfit(command, case.generation):
        return None
    return case.refuse(ExitCode.ERR_ARGS, reasons.HANDLER_UNFIT)


def cluster_fencing(case: "Case") -> "Finish | Wait | None":
    """A refusal when the cluster does not fence, wrong on every node; else None.

    :returns: also a Wait while nobody says whether it does: two Primaries must not begin so
    """
    if not case.parameters.require_fencing or case.fencing_enabled:
        return None
    if case.fencing_enabled is None:
        return case.wait(reasons.FENCING_UNKNOWN)
    return case.refuse(ExitCode.ERR_CONFIGURED, reasons.FENCING_DISABLED)


def risky(case: "Case") -> "list[Said]":
    """What the configuration allows, or SELinux does not, although bad times need it otherwise."""
    said = [] if case.parameters.require_fencing else [case.say(reasons.RISK_NO_FENCING)]
    for number, policy in enumerate(case.configuration.after_sb[:2]):
        if policy and policy.startswith("discard-"):
            said.append(case.say(reasons.RISK_AFTER_SB, number=number, policy=policy))
    if case.parameters.require_fencing and fencepeer.ours(case.configuration.fence_peer) \
            and case.confined:
        said.append(case.say(reasons.RISK_SELINUX))
    return said


def warnings(case: "Case") -> "Do | None":
    """Do(deeds.warn, ...) once in an action when something is risky, else None."""
    if case.done(deeds.warn):
        return None
    said = risky(case)
    return Do(deeds.warn, ("; ".join(said),)) if said else None


def auto_promote_warning(case: "Case") -> "Do | None":
    """A Do once in an action to warn of a DRBD that promotes by itself, else None.

    Apart from ``warnings``: the default depends on which DRBD is loaded.
    """
    value = case.configuration.auto_promote
    if value == "no" or case.done(deeds.warn_of_auto_promote) \
            or value is None and (case.generation or 0) < _AUTO_PROMOTE_SINCE:
        return None
    return Do(deeds.warn_of_auto_promote, (case.say(reasons.RISK_AUTO_PROMOTE),))


def unfit_handler_warning(case: "Case") -> "Do | None":
    """A Do once in an action to warn of what ``handler_fits`` refuses in others, else None.

    Apart from ``warnings``: which DRBD is loaded is known when the resource is up.
    """
    command = case.configuration.fence_peer
    if case.done(deeds.warn_of_handler) or not case.parameters.require_fencing \
            or not fencepeer.unfit(command, case.generation):
        return None
    return Do(deeds.warn_of_handler, (case.say(reasons.NOT_PROMOTABLE, program=command),))
