# SPDX-License-Identifier: GPL-2.0-or-later
"""The quorum section of corosync.conf. Source: exec/votequorum.c (votequorum_readconfig)."""

from dualstor.command.check.rules.registry import ERROR, found, rule
from dualstor.command.check.view.seen import Irrelevant
from dualstor.record import whole

TYPE_CHECKING = False   # only mypy sees what is imported there
if TYPE_CHECKING:
    from dualstor.command.check.rules.registry import Findings
    from dualstor.command.check.view.corosync import Corosync
    from dualstor.command.check.view.host import HostView

_VOTEQUORUM = "corosync_votequorum"
#: Options that corosync refuses next to a quorum device.
_NOT_WITH_DEVICE = ("last_man_standing", "auto_tie_breaker", "allow_downscale")


def _corosync(host: "HostView") -> "Corosync":
    """corosync with votequorum as its own: 2 and later."""
    if host.corosync.version < 2:
        raise Irrelevant()
    return host.corosync


def _on(corosync: "Corosync", key: str) -> bool:
    return bool(whole(corosync.quorum.get(key)))


@rule("COROSYNC-TWO-NODE", ERROR, "votequorum is on, with two_node or a quorum device",
      why="Without it the survivor of two nodes has no quorum, or each half of the cluster "
          "believes that it has.",
      fix="set `provider: corosync_votequorum` and `two_node: 1` in the quorum section, and no "
          "auto_tie_breaker")
def two_node(host: "HostView") -> "Findings":
    corosync, quorum = _corosync(host), host.corosync.quorum
    if quorum.get("provider") != _VOTEQUORUM:
        yield found(quorum.at("provider"), f"provider is {quorum.get('provider', 'not set')}")
        return
    text = quorum.get("two_node")
    if corosync.device is None and len(corosync.nodes) in (0, 2):
        if text is None or whole(text) == 0:
            yield found(quorum.at("two_node"), f"two_node is {text or 'not set'}")
        elif _on(corosync, "two_node") and _on(corosync, "auto_tie_breaker"):
            yield found(quorum.at("auto_tie_breaker"), "auto_tie_breaker switches two_node off")
    if not corosync.nodes and not _on(corosync, "expected_votes"):
        yield found(quorum.at("expected_votes"), "there is neither a nodelist nor expected_votes")


@rule("COROSYNC-QDEVICE", ERROR, "the quorum options fit the quorum device",
      why="corosync does not start with options that contradict the quorum device; if the device "
          "is added later, it or two_node is switched off.",
      fix="keep the device and remove {option} from the quorum section on both hosts")
def qdevice(host: "HostView") -> "Findings":
    corosync, quorum = _corosync(host), host.corosync.quorum
    device = corosync.device
    if device is None or quorum.get("provider") != _VOTEQUORUM:
        return
    for option in ("two_node",) + _NOT_WITH_DEVICE:
        if _on(corosync, option):
            yield found(quorum.at(option), f"{option} and a quorum device exclude each other",
                        option=option)
    expected, votes = whole(quorum.get("expected_votes")), whole(device.get("votes"))
    each = [whole(node.get("quorum_votes", "1")) for node in corosync.nodes]
    if expected and votes is None:
        yield found(quorum.at("expected_votes"), "expected_votes is set, but the device has no "
                                                 "votes of its own", option="expected_votes")
    elif expected and votes and expected - votes < 2:
        yield found(quorum.at("expected_votes"), f"expected_votes is {expected}, and the device "
                    f"has {votes} of them", option="expected_votes")
    elif votes is None and any(number != 1 for number in each):
        yield found(device.where, "not every node has one vote, and the device has no votes of its "
                                  "own", option="quorum_votes (set votes: 1 in the device section)")


@rule("COROSYNC-WAIT-FOR-ALL", ERROR, "wait_for_all is not switched off",
      why="Without it a node that boots alone has quorum at once and fences the working one.",
      fix="remove `wait_for_all: 0`: two_node switches it on")
def wait_for_all(host: "HostView") -> "Findings":
    corosync, quorum = _corosync(host), host.corosync.quorum
    if whole(quorum.get("wait_for_all")) == 0 and corosync.device is None:
        yield found(quorum.at("wait_for_all"), "wait_for_all is 0")
