# SPDX-License-Identifier: GPL-2.0-or-later
"""Fencing in cluster.conf."""

from dualstor.command.check.rules.registry import ERROR, WARNING, found, rule
from dualstor.command.check.view import clusterconf
from dualstor.record import whole

TYPE_CHECKING = False   # only mypy sees what is imported there
if TYPE_CHECKING:
    from dualstor.command.check.rules.registry import Findings
    from dualstor.command.check.view.host import HostView

#: Agents that power no node off.
NO_FENCING = ("fence_manual", "fence_ack_manual", "fence_null", "fence_dummy")
#: fenced(8): the default of post_join_delay, in seconds.
_POST_JOIN = 6
_REAL = "define a power switch of each node (e.g. agent=\"fence_ipmilan\") in <fencedevices>"


@rule("CMAN-FENCE-METHOD", ERROR, "each node has a fence method with a device",
      why="A lost node that cannot be fenced blocks the other's storage forever.",
      fix="put <fence><method name=\"1\"><device name=\"...\"/></method></fence> into the "
          "<clusternode> of {node}; " + _REAL)
def method(host: "HostView") -> "Findings":
    for node in clusterconf.nodes(host):
        if not node.devices:
            yield found(node.where, f"node {node.name} has no fence device", node=node.name)


@rule("CMAN-FENCE-DEVICE", ERROR, "each fence device that a node uses is defined",
      why="fenced does not find the device, and fencing fails again and again.",
      fix="define <fencedevice name=\"{device}\" agent=\"...\"/> in <fencedevices>")
def device(host: "HostView") -> "Findings":
    known = clusterconf.devices(host)
    for node in clusterconf.nodes(host):
        for element in node.devices:
            name = element.get("name", "")
            if name not in known:
                yield found(clusterconf.at(element),
                    f"node {node.name} uses device {name}, which is not defined", device=name)


@rule("CMAN-FENCE-MANUAL", ERROR, "the fence devices power nodes off",
      why="fence_manual is not fencing: everything waits for a person, who will confirm it while "
          "the node still writes.",
      fix=_REAL + " and use it in both nodes' fence methods")
def manual(host: "HostView") -> "Findings":
    for one in clusterconf.devices(host).values():
        if one.agent in NO_FENCING:
            yield found(one.where, f"device {one.name} is {one.agent}")


@rule("CMAN-CLEAN-START", ERROR, "clean_start is 0",
      why="With 1 a starting node assumes that the other is down, without fencing it: both write.",
      fix="set clean_start=\"0\" in <fence_daemon>")
def clean_start(host: "HostView") -> "Findings":
    value, where = clusterconf.attribute(host, "fence_daemon", "clean_start", "0")
    if value != "0":
        yield found(where, f"clean_start is {value}")


@rule("CMAN-POST-JOIN-DELAY", WARNING, "post_join_delay gives the other node time to boot",
      why="When both boot, the first fences the second if it has not joined within that time.",
      fix="set post_join_delay=\"30\" in <fence_daemon>, or more if one node boots longer")
def post_join(host: "HostView") -> "Findings":
    value, where = clusterconf.attribute(host, "fence_daemon", "post_join_delay", str(_POST_JOIN))
    number = whole(value, signed=True)
    if number is None or 0 <= number < _POST_JOIN:
        yield found(where, f"post_join_delay is {value} s; fenced's own default is {_POST_JOIN} s")


@rule("CMAN-POST-FAIL-DELAY", WARNING, "post_fail_delay is 0",
      why="For that long after a failure the survivor's storage is frozen for nothing; with -1 "
          "forever.",
      fix="set post_fail_delay=\"0\" in <fence_daemon>")
def post_fail(host: "HostView") -> "Findings":
    value, where = clusterconf.attribute(host, "fence_daemon", "post_fail_delay", "0")
    if whole(value, signed=True) != 0:
        yield found(where, f"post_fail_delay is {value}")


@rule("CMAN-FENCE-DELAY", WARNING, "the two nodes' fence delays differ",
      why="When only the link between them breaks, both fence at once (a fence race), and both are "
          "off.",
      fix="set delay=\"15\" on the <device> of the preferred survivor")
def delay(host: "HostView") -> "Findings":
    known, delays = clusterconf.devices(host), []
    for node in clusterconf.nodes(host):
        for element in node.devices[:1]:
            defined = known.get(element.get("name", ""))
            if defined and defined.element.get("agent") == "fence_pcmk":
                return  # Pacemaker fences, and its devices have the delays
            delays.append((element.get("delay") or (
                defined.element.get("delay") if defined else None) or "0", element))
    if len(delays) == 2 and delays[0][0] == delays[1][0]:
        yield found(clusterconf.at(delays[0][1]), f"both delays are {delays[0][0]}")
