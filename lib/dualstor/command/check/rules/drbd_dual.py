# SPDX-License-Identifier: GPL-2.0-or-later
"""What a DRBD resource must have before both nodes may be Primary."""

from dualstor import fencepeer
from dualstor.command.check.rules.registry import ERROR, NOTE, WARNING, found, rule
from dualstor.kernel import selinux
from dualstor.record import whole
from dualstor.tools.drbdconf import FENCING
from dualstor.tools.drbdtable import choices

TYPE_CHECKING = False   # only mypy sees what is imported there
if TYPE_CHECKING:
    from dualstor.command.check.rules.registry import Findings
    from dualstor.command.check.view.host import HostView

_ADJUST = ", on both hosts, then `drbdadm adjust {resource}`"
_DISCARDING = frozenset(choices("9", "net", "after-sb-0pri") + choices("9", "net", "after-sb-1pri")
                        ) - {"disconnect", "discard-zero-changes", "consensus"}
_OTHER_PROTOCOLS = ("A", "B")   # what is none of DRBD's values is DRBD-SYNTAX
_FENCE = ("fence-peer", "outdate-peer")
_OF_HEARTBEAT = "drbd-peer-outdater"
_SET_HANDLER = f"set `fence-peer \"{fencepeer.PROGRAM}\";` in the handlers section" + _ADJUST


@rule("DRBD-TWO-PRIMARIES", ERROR, "allow-two-primaries is set",
      why="Without it the second node cannot be promoted.",
      fix="set `allow-two-primaries yes;` (DRBD 8.3: `allow-two-primaries;`) in the net "
          "section" + _ADJUST)
def two_primaries(host: "HostView") -> "Findings":
    for resource in host.pairs:
        value = resource.configuration.option("net", "allow-two-primaries")
        if not resource.configuration.allow_two_primaries and value in (None, "", "yes", "no"):
            yield found(resource.at("allow-two-primaries", "net"),
                        f"resource {resource.name} does not allow two Primaries",
                        resource=resource.name)


@rule("DRBD-PROTOCOL", ERROR, "the replication protocol is C",
      why="With A or B a write completes before the peer has written it: the other Primary may "
          "read old data.",
      fix="set `protocol C;` in the net section (DRBD 8.3: in the resource)" + _ADJUST)
def protocol(host: "HostView") -> "Findings":
    for resource in host.pairs:
        value = resource.configuration.protocol
        if value in _OTHER_PROTOCOLS:
            yield found(resource.at("protocol"), f"resource {resource.name} uses protocol {value}",
                        resource=resource.name)


@rule("DRBD-FENCING", ERROR, "fencing is resource-and-stonith",
      why="Only this policy freezes writes until the lost peer is fenced; otherwise both nodes "
          "keep writing, and one side's data is lost.",
      fix="set `fencing resource-and-stonith;` in the net section (before DRBD 9: disk)" + _ADJUST)
def fencing(host: "HostView") -> "Findings":
    for resource in host.pairs:
        value = resource.configuration.fencing
        if value in (None, *FENCING[:-1]):
            yield found(resource.at("fencing", "disk", "net"),
                        f"resource {resource.name} has "
                        f"{f'fencing {value}' if value else 'no fencing policy'}",
                        resource=resource.name)


@rule("DRBD-HANDLER", ERROR, "a fence-peer handler is configured",
      why="DRBD calls it to fence a lost peer; without one it waits forever or keeps writing "
          "alone.", fix=_SET_HANDLER)
def handler(host: "HostView") -> "Findings":
    for resource in host.pairs:
        if not resource.configuration.fence_peer:
            yield found(resource.at("handlers"),
                        f"resource {resource.name} has no fence-peer handler",
                        resource=resource.name)


@rule("DRBD-HANDLER-GENERATION", ERROR, "the fence-peer handler works with the loaded DRBD",
      why="With DRBD 9 and a broken link, stonith_admin-fence-peer.sh freezes both nodes for lack "
          "of the peer's name, and crm-fence-peer fences nobody: one node may continue while the "
          "other is still Primary; `outdate-peer` is never called.", fix=_SET_HANDLER)
def handler_generation(host: "HostView") -> "Findings":
    for resource in host.resources:
        command = resource.configuration.fence_peer
        unheard = command and resource.configuration.option("handlers", "fence-peer") is None
        if not unheard and not fencepeer.stock(command):
            continue    # the version does not matter
        version = "9" if host.drbd_generation == "9" else host.drbd_module[0]
        number = whole(version.partition(".")[0])
        if fencepeer.unfit(command, number) or (unheard and (number or 0) >= 9):
            named = "outdate-peer" if unheard else command
            yield found(resource.at(*_FENCE),
                        f"resource {resource.name} has {named} with DRBD {version}",
                        resource=resource.name)


@rule("DRBD-HANDLER-HEARTBEAT", ERROR, "the fence-peer handler is not Heartbeat's",
      why="drbd-peer-outdater asks dopd, a daemon of Heartbeat, which neither corosync nor cman "
          "starts: it fails, nobody is fenced, and DRBD's writes stay frozen.", fix=_SET_HANDLER)
def handler_heartbeat(host: "HostView") -> "Findings":
    for resource in host.resources:
        command = resource.configuration.fence_peer
        if _program(command) == _OF_HEARTBEAT:
            yield found(resource.at(*_FENCE), f"resource {resource.name} has {command}",
                        resource=resource.name)


def _program(command: "str | None") -> str:
    """The name of the program of a command line, without its directory."""
    return ((command or "").split() or [""])[0].rpartition("/")[2]


def _unusable(host: "HostView", fences: bool) -> "Findings":
    """What is wrong with the programs of handlers: those that fence, or the others."""
    for resource in host.resources:
        for section, name, value in resource.configuration.options:
            program = (value.split() or [""])[0]
            if section == "handlers" and (name in _FENCE) == fences and program.startswith("/"):
                kind = host.kind(program)
                if kind != "program":
                    yield found(resource.at(name), f"{name} {program} of resource {resource.name} "
                                f"{'is not executable' if kind else 'does not exist'}",
                                program=program)


@rule("DRBD-HANDLER-PROGRAM", ERROR, "the fence-peer handler is executable",
      why="A handler that cannot run fences nobody, and DRBD's writes stay frozen.",
      fix="install the package that provides {program} (drbd-utils; resource-agents-dualstor has "
          "dualstor-fence-peer), or `chmod +x` it, or correct fence-peer")
def handler_program(host: "HostView") -> "Findings":
    return _unusable(host, True)


@rule("DRBD-HANDLER-OTHER", WARNING, "the other handlers are executable",
      why="What the handler should report or undo does not happen.",
      fix="install the package that provides {program}, or remove the line")
def handler_other(host: "HostView") -> "Findings":
    return _unusable(host, False)


@rule("DRBD-HANDLER-SELINUX", WARNING, "SELinux lets the fence-peer handler ask for fencing",
      why="DRBD calls it in the domain drbd_t, which may not ask the cluster to fence a node: then "
          "I/O stays frozen when the peer is lost.",
      fix="install dualstor-selinux (without packages: `make install-selinux`, then `semodule -i` "
          "it) and run `restorecon {program}`, on both hosts")
def handler_selinux(host: "HostView") -> "Findings":
    for resource in host.resources:
        if fencepeer.ours(resource.configuration.fence_peer) and selinux.confined(
                host.text(selinux.ENFORCE), host.text(selinux.MODULE)):
            yield found(resource.at(*_FENCE), program=fencepeer.PROGRAM, text=(
                f"resource {resource.name} has dualstor-fence-peer, and SELinux is enforcing "
                "without its module"))


_UNFENCING = ("after-resync-target", "unfence-peer")


@rule("DRBD-UNFENCE", WARNING, "crm-fence-peer has crm-unfence-peer as its counterpart",
      why="crm-fence-peer leaves a constraint in the cluster; nothing else removes it, and the "
          "peer is never promoted again.",
      fix="set `unfence-peer` (before DRBD 9: `after-resync-target`) to {program}" + _ADJUST)
def unfence(host: "HostView") -> "Findings":
    for resource in host.resources:
        fence = resource.configuration.fence_peer or ""
        if not fencepeer.crm(fence):
            continue
        options = resource.configuration.option
        if not any("crm-unfence-peer" in (options("handlers", name) or "") for name in _UNFENCING):
            yield found(resource.at(*_FENCE),
                        f"resource {resource.name} has crm-fence-peer without crm-unfence-peer",
                        resource=resource.name,
                        program=f"`\"{fence.split()[0].replace('fence', 'unfence')}\";`")


@rule("DRBD-AFTER-SB-2PRI", ERROR, "a split brain with two Primaries only disconnects",
      why="Every other policy discards one node's writes without asking.",
      fix="set `after-sb-2pri disconnect;` in the net section" + _ADJUST)
def after_sb_2pri(host: "HostView") -> "Findings":
    for resource in host.pairs:
        policy = resource.configuration.after_sb[2]
        if policy != "disconnect" and policy in choices("9", "net", "after-sb-2pri"):
            yield found(resource.at("after-sb-2pri"),
                        f"resource {resource.name} has after-sb-2pri {policy}",
                        resource=resource.name)


@rule("DRBD-AFTER-SB-DISCARD", WARNING, "no split brain is resolved by discarding data",
      why="After a split brain of two Primaries the node that was rebooted comes back Secondary: "
          "after-sb-0pri or after-sb-1pri counts then, and the writes that it had acknowledged are "
          "discarded; with one Primary, a note only, those of the node that was alone.",
      fix="set `after-sb-{number}pri disconnect;` in the net section" + _ADJUST)
def after_sb_discard(host: "HostView") -> "Findings":
    for resource in host.resources:
        severity = None if resource.configuration.allow_two_primaries else NOTE
        for number, policy in enumerate(resource.configuration.after_sb[:2]):
            if policy in _DISCARDING or policy.startswith("discard-node-"):
                option = f"after-sb-{number}pri"
                yield found(resource.at(option), f"resource {resource.name} has {option} {policy}",
                            number=number, resource=resource.name).but(severity=severity)


@rule("DRBD-BECOME-PRIMARY", ERROR, "DRBD does not promote by itself at boot",
      why="become-primary-on promotes before the cluster has quorum and fencing, without "
          "Pacemaker's knowledge.",
      fix="remove `become-primary-on` from the startup section, on both hosts")
def become_primary(host: "HostView") -> "Findings":
    for resource in host.pairs:
        value = resource.configuration.option("startup", "become-primary-on")
        if value is not None:
            yield found(resource.at("become-primary-on"),
                        f"resource {resource.name} has become-primary-on {value}")


@rule("DRBD-AUTO-PROMOTE", WARNING, "DRBD does not promote when a device is opened",
      why="With auto-promote, opening the device makes the node Primary, even if Pacemaker has "
          "just demoted it.",
      fix="set `auto-promote no;` in the options section" + _ADJUST)
def auto_promote(host: "HostView") -> "Findings":
    for resource in host.pairs:
        value = resource.configuration.option("options", "auto-promote")
        if value == "no":
            continue
        if value is not None or host.drbd_module[0].split(".")[0] >= "9":
            default = "" if value else " (the default of DRBD 9)"
            yield found(resource.at("auto-promote", "options"),
                        f"resource {resource.name} promotes by itself{default}",
                        resource=resource.name)


@rule("DRBD-QUORUM", ERROR, "DRBD's own quorum is off",
      why="DRBD's makers advise fencing or quorum, not both: a lost witness would stop the writes "
          "of both Primaries, or have a host fenced that the cluster cannot fence.",
      fix="set `quorum off;` in the options section" + _ADJUST)
def own_quorum(host: "HostView") -> "Findings":
    for resource in host.pairs:
        if resource.configuration.quorum:
            yield found(resource.at("quorum", "options"),
                        f"resource {resource.name} has quorum {resource.configuration.quorum}",
                        resource=resource.name)
