# SPDX-License-Identifier: GPL-2.0-or-later
"""What a DRBD resource needs of the host: addresses, devices, backing devices, metadata."""

import ipaddress
import re

from dualstor.command.check.parsers.where import Where
from dualstor.command.check.rules.registry import ERROR, found, rule
from dualstor.command.check.view.seen import Unavailable
from dualstor.record import whole

TYPE_CHECKING = False   # only mypy sees what is imported there
if TYPE_CHECKING:
    from dualstor.command.check.rules.registry import Findings
    from dualstor.command.check.view.host import Address, HostView


def address(text: "str | None") -> "tuple[Address, int] | None":
    """(ipaddress, port) of "10.0.0.1:7788" or "[fe80::1]:7788"; None if it is neither."""
    match = re.match(r"^\[?([0-9a-fA-F:.]+?)\]?:([0-9]{1,5})$", text or "")
    port = whole(match.group(2)) if match else None
    try:
        return (ipaddress.ip_address(match.group(1)), port) if match and port is not None else None
    except ValueError:
        return None


@rule("DRBD-ADDRESS", ERROR, "each resource's address is an address of this host",
      why="DRBD cannot listen on an address that the host does not have, and never connects.",
      fix="set `address` in the section `on {host}` to an address of this host (`ip addr`)")
def own_address(host: "HostView") -> "Findings":
    for resource in host.resources:
        own = resource.configuration.host(host.name)
        if own is None or own.address is None:
            continue
        parsed = address(own.address)
        if parsed is None or parsed[0] not in [i.ip for i in host.interfaces]:
            yield found(resource.at("on " + own.name),
                        f"resource {resource.name}: {own.address} is no address of this host",
                        host=own.name)


@rule("DRBD-DEVICE", ERROR, "each volume has a device with a unique minor number",
      why="To the kernel, two volumes with the same minor number are one device; the second fails.",
      fix="set `device /dev/drbdN;` with another number, the same on both hosts")
def device(host: "HostView") -> "Findings":
    taken: "dict[int, str]" = {}
    for resource in host.resources:
        own = resource.configuration.host(host.name)
        for path, minor, _, _ in own.devices if own else ():
            if minor is None:
                yield found(resource.at("device"), f"resource {resource.name}: device "
                                                   f"{path or '(none)'} has no minor number")
            elif minor in taken:
                yield found(resource.at("device"), f"resources {taken[minor]} and {resource.name} "
                                                   f"both use minor number {minor}")
            else:
                taken[minor] = resource.name


@rule("DRBD-DISK", ERROR, "each volume's backing device exists",
      why="Without its backing device the node has no copy of the data: it serves the peer's, or "
          "nothing.",
      fix="set `disk` in resource {resource} to a block device of this host (`lsblk`)")
def disk(host: "HostView") -> "Findings":
    for one in host.disks:
        kind = host.kind(one.lower)
        if kind != "device":
            yield found(one.resource.at("disk"), f"resource {one.resource.name}: {one.lower} "
                        f"{'is not a block device' if kind else 'does not exist'}",
                        resource=one.resource.name)


@rule("DRBD-METADATA", ERROR, "each backing device has DRBD's metadata",
      why="DRBD does not attach a backing device without it, so the node stays without a copy.",
      fix="if the disk is new: `drbdadm create-md {resource}` on this host; if it had data, find "
          "out first why the metadata is gone")
def metadata(host: "HostView") -> "Findings":
    for resource in host.resources:
        command = "drbd-gi-" + resource.name
        answer = host.answer(command)
        said = (answer["stdout"] + answer["stderr"]).lower()
        if "no valid meta" in said:
            yield found(Where(answer["argv"]), f"resource {resource.name}: no valid metadata",
                        resource=resource.name)
        elif answer["returncode"] != 0:
            host.output(command)  # raises Unavailable, with the reason
        elif not said.strip():
            raise Unavailable(f"{answer['argv']} prints nothing")
