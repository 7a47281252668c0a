# SPDX-License-Identifier: GPL-2.0-or-later
"""How DRBD's resources are laid out: on how many nodes, in how many layers."""

from dualstor.command.check.rules.registry import ERROR, found, rule

TYPE_CHECKING = False   # only mypy sees what is imported there
if TYPE_CHECKING:
    from dualstor.command.check.rules.registry import Findings
    from dualstor.command.check.view.host import HostView


@rule("DRBD-THREE-NODES", ERROR, "a resource with two Primaries is on two nodes",
      why="DRBD supports two Primaries only in a resource of two nodes; a third copy gets out of "
          "sync.",
      fix="keep two `on` sections in resource {resource}")
def three_nodes(host: "HostView") -> "Findings":
    for resource in host.pairs:
        conf = resource.configuration
        if conf.copies > 2:
            yield found(resource.where, resource=resource.name, text=(
                f"resource {resource.name} is on {conf.copies} nodes"))


@rule("DRBD-STACKED", ERROR, "no resource is stacked on one with two Primaries",
      why="A stacked resource is active on one node: what the other Primary writes to the resource "
          "below passes it by, and the third copy lacks these writes without a word.",
      fix="remove resource {resource}, or set `allow-two-primaries no;` in resource {lower}")
def stacked(host: "HostView") -> "Findings":
    two = [one.name for one in host.resources if one.configuration.allow_two_primaries]
    for resource in host.resources:
        for other in resource.configuration.others:
            if other.kind == "stacked" and other.name in two:
                yield found(resource.spot(other, ""), resource=resource.name, lower=other.name,
                            text=f"resource {resource.name} is stacked on {other.name}, which "
                                 "allows two Primaries")
