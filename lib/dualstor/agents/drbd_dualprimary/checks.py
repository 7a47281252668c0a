# SPDX-License-Identifier: GPL-2.0-or-later
"""What must be right before two Primaries are allowed: each refusal names the line to set."""

from dualstor import fencepeer
from dualstor.action.steps import Do
from dualstor.agents.drbd_dualprimary import deeds
from dualstor.ocf.codes import ExitCode

TYPE_CHECKING = False       # only mypy sees what is imported there
if TYPE_CHECKING:
    from dualstor.action.steps import Finish
    from dualstor.agents.drbd_dualprimary.seen import Case

_HANDLER_LINE = f"fence-peer \"{fencepeer.PROGRAM}\";"

_TWO = 2  # DRBD with more than two Primaries is not supported by anybody


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
            return case.refuse(ExitCode.ERR_CONFIGURED,
                          f"the clone has {name}={value}: set the meta attribute {name}={right}")
    if case.request.promoted_max is None:
        return case.refuse(ExitCode.ERR_CONFIGURED,
                      "it does not run as a promotable clone: put it into a clone with the meta "
                      "attributes promotable=true, promoted-max=2, notify=true")
    if not case.request.notifies:
        return case.refuse(ExitCode.ERR_CONFIGURED,
                      "the clone has no notify=true: set that meta attribute")
    return None


def known(case: "Case") -> "Finish | None":
    """A refusal when this host's DRBD configuration lacks the resource, else None."""
    configured = case.configured
    if configured.there:
        return None
    if configured.hung:
        return case.refuse(ExitCode.ERR_GENERIC,
                      f"drbdadm cannot be asked ({configured.says}): see with `drbdadm dump "
                      f"{case.parameters.drbd_resource}` what it waits for")
    if configured.there is None:
        return case.refuse(ExitCode.ERR_INSTALLED,
                      f"drbdadm cannot be asked ({configured.says}): install drbd-utils, or mend "
                      "what it says")
    return case.refuse(ExitCode.ERR_INSTALLED,
                  f"it is not in this node's configuration ({configured.says}): copy its file to "
                  f"/etc/drbd.d/ and see `drbdadm dump {case.parameters.drbd_resource}`")


def _wrong_here(case: "Case", what: str, section: str, line: str) -> "Finish":
    return case.refuse(ExitCode.ERR_ARGS,
                  f"{what}: set `{line}` in its {section} section on both nodes, then `drbdadm "
                  f"adjust {case.parameters.drbd_resource}`")


def configuration(case: "Case") -> "Finish | None":
    """A refusal when the effective configuration cannot be run dual-primary, else None."""
    conf = case.configuration
    if len(conf.hosts) > _TWO:
        return case.refuse(ExitCode.ERR_ARGS,
                      f"it has {len(conf.hosts)} hosts; dual primary is for two: leave two `on` "
                      "sections in it")
    if conf.protocol not in (None, "C"):
        return _wrong_here(case, f"its protocol is {conf.protocol}",
                           "net", "protocol C;")
    if not conf.allow_two_primaries:
        return _wrong_here(case, "two primaries are not allowed", "net",
                           "allow-two-primaries yes;")
    if conf.after_sb[2] not in (None, "disconnect"):
        return _wrong_here(case,
                           f"after-sb-2pri is {conf.after_sb[2]}, which throws data away",
                           "net", "after-sb-2pri disconnect;")
    return _fencing(case)


def _fencing(case: "Case") -> "Finish | None":
    """A refusal when DRBD would continue without its peer being fenced, else None."""
    if not case.parameters.require_fencing:
        return None
    conf = case.configuration
    if conf.fencing != "resource-and-stonith":
        return _wrong_here(case, f"fencing is {conf.fencing or 'not set'}",
                           "net (before DRBD 9: disk)", "fencing resource-and-stonith;")
    if not conf.fence_peer:
        return _wrong_here(case, "there is no fence-peer handler", "handlers",
                           _HANDLER_LINE)
    handler = case.handler
    if not handler.usable:
        return case.refuse(ExitCode.ERR_ARGS,
                      f"its fence-peer handler {handler.program} is not an executable file on this "
                      "node: install what provides it, or correct `fence-peer` in the handlers "
                      "section")
    return None


def unfit(command: "str | None") -> str:
    """What is wrong with a fence-peer handler that fails whatever happens; see fencepeer.unfit."""
    return (f"its fence-peer handler {command} cannot work with DRBD 9, so a lost peer freezes I/O "
            f"and nobody is fenced: set `{_HANDLER_LINE}` in handlers on both nodes")


def handler_fits(case: "Case") -> "Finish | None":
    """A refusal when the handler cannot work with the DRBD that is loaded, else None.

    Not for start: a Secondary that resyncs endangers nobody.
    """
    command = case.configuration.fence_peer
    if not case.parameters.require_fencing or not fencepeer.unfit(command, case.generation):
        return None
    return case.refuse(ExitCode.ERR_ARGS, unfit(command))


def cluster_fencing(case: "Case") -> "Finish | None":
    """A refusal when the cluster does not fence, else None; wrong on every node."""
    if case.parameters.require_fencing and case.fencing_enabled is False:
        return case.refuse(ExitCode.ERR_CONFIGURED,
                      "the cluster's fencing is disabled, two Primaries would lose data: configure "
                      "a fence device for each node and set the property stonith-enabled=true")
    return None


def risky(case: "Case") -> "list[str]":
    """What the configuration allows although it loses data in bad times, as sentences."""
    conf, said = case.configuration, []
    if not case.parameters.require_fencing:
        said.append("require_fencing=false: when the nodes lose sight of each other both write on, "
                    "and the writes of one will have to be thrown away")
    for number, policy in enumerate(conf.after_sb[:2]):
        if policy and policy.startswith("discard-"):
            said.append(f"after-sb-{number}pri is {policy}, which throws data away after a split "
                        "brain: disconnect is safe")
    return said


def warnings(case: "Case") -> "Do | None":
    """Do(deeds.warn, ...) once in an action when something is risky, else None."""
    if case.done(deeds.warn):
        return None
    said = risky(case)
    return Do(deeds.warn, ("; ".join(said),)) if said else None


def unfit_handler_warning(case: "Case") -> "Do | None":
    """A Do once in an action to warn of what ``handler_fits`` refuses in others, else None.

    Apart from ``warnings``: which DRBD is loaded is known when the resource is up.
    """
    command = case.configuration.fence_peer
    if case.done(deeds.warn_of_handler) or not case.parameters.require_fencing \
            or not fencepeer.unfit(command, case.generation):
        return None
    return Do(deeds.warn_of_handler, ("it will not be promoted: " + unfit(command),))
