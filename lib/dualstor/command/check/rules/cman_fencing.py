# SPDX-License-Identifier: GPL-2.0-or-later
"""Fencing in cluster.conf."""

from dualstor.command.check.rules.registry import ERROR, WARNING, found, rule
from dualstor.command.check.view import clusterconf
from dualstor.record import whole

TYPE_CHECKING = False   # only mypy sees what is imported there
if TYPE_CHECKING:
    from dualstor.command.check.parsers.xml import Element
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


#: Controllers of the machine that they are in: they have no plugs.
_CONTROLLERS = ("fence_ipmilan", "fence_ipmilanplus", "fence_ilo", "fence_ilo2", "fence_ilo3",
                "fence_ilo3_ssh", "fence_ilo4", "fence_ilo4_ssh", "fence_ilo5", "fence_ilo_ssh",
                "fence_ilo_mp", "fence_drac", "fence_idrac", "fence_imm", "fence_rsa", "fence_rsb")
#: Attributes that name what a device switches, and where the device is.
_PLUGS = ("port", "plug", "nodename", "domain", "uuid", "module_name", "slot")
_ADDRESSES = ("ipaddr", "ip", "hostname", "serial_device", "ipport")


def _switched(node: "clusterconf.ClusterNode", known: "dict[str, clusterconf.FenceDevice]") \
        -> "dict[tuple[str, str, str], Element]":
    """{(agent, address, plug): element} of what the devices of a node switch."""
    result: "dict[tuple[str, str, str], Element]" = {}
    for element in node.devices:
        defined = known.get(element.get("name", ""))
        if defined is None:
            continue
        values = dict(list(defined.element.items()) + list(element.items()))
        plug = "" if defined.agent in _CONTROLLERS else " ".join(
            str(values[key]) for key in _PLUGS if values.get(key))
        address = " ".join(str(values[key]) for key in _ADDRESSES if values.get(key))
        if plug or defined.agent in _CONTROLLERS:
            result.setdefault((defined.agent, address or defined.name, plug), element)
    return result


@rule("CMAN-FENCE-SAME-PLUG", ERROR, "the two nodes have different plugs or management controllers",
      why="A node that fences the other powers itself off, and the other, which may be dead or "
          "still write, is taken for fenced or not.",
      fix="give each node the device, or the port=\"...\", that switches its own power")
def same_plug(host: "HostView") -> "Findings":
    known, nodes = clusterconf.devices(host), clusterconf.nodes(host)
    for index, node in enumerate(nodes):
        for earlier in nodes[:index]:
            mine, theirs = _switched(node, known), _switched(earlier, known)
            for key in sorted(set(mine) & set(theirs)):
                plug = f", plug {key[2]}" if key[2] else ""
                yield found(clusterconf.at(mine[key]),
                            f"nodes {earlier.name} and {node.name} are both fenced by {key[0]} at "
                            f"{key[1]}{plug}")


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
