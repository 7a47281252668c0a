# SPDX-License-Identifier: GPL-2.0-or-later
"""What a DRBD resource needs of the host: addresses, devices, disks, meta-data."""

import ipaddress
import re

from dualstor.command.check.parsers.where import Where
from dualstor.command.check.rules.registry import ERROR, found, rule
from dualstor.command.check.view.seen import Unavailable
from dualstor.record import whole


def address(text):
    """(ipaddress, port) of "10.0.0.1:7788" or "[fe80::1]:7788"; None when it is neither."""
    match = re.match(r"^\[?([0-9a-fA-F:.]+?)\]?:([0-9]{1,5})$", text or "")
    try:
        return (ipaddress.ip_address(match.group(1)), whole(match.group(2))) if match else None
    except ValueError:
        return None


@rule("DRBD-ADDRESS", ERROR, "the address of each resource is one of this host",
      why="DRBD cannot listen on an address that the host does not have, and never connects.",
      fix="set `address` in the section `on {host}` to an address of this host (`ip addr`)")
def own_address(host):
    for resource in host.resources:
        own = resource.configuration.host(host.name)
        if own is None or own.address is None:
            continue
        parsed = address(own.address)
        if parsed is None or parsed[0] not in [i.ip for i in host.interfaces]:
            yield found(resource.at("on " + own.name),
                f"resource {resource.name}: {own.address} is no address of this host", host=own.name)


@rule("DRBD-DEVICE", ERROR, "each volume has a device with a minor number of its own",
      why="Two volumes with one minor number are one device to the kernel; the second fails.",
      fix="set `device /dev/drbdN;` with another number, the same on both hosts")
def device(host):
    taken = {}
    for resource in host.resources:
        own = resource.configuration.host(host.name)
        for path, minor, _, _ in own.devices if own else ():
            if minor is None:
                yield found(resource.at("device"),
                    f"resource {resource.name}: device {path or '(none)'} has no minor number")
            elif minor in taken:
                yield found(resource.at("device"),
                    f"resources {taken[minor]} and {resource.name} both use minor number {minor}")
            else:
                taken[minor] = resource.name


@rule("DRBD-DISK", ERROR, "the disk below each device is there",
      why="Without its disk the node has no copy of the data: it serves the peer's, or nothing.",
      fix="set `disk` in resource {resource} to a block device of this host (`lsblk`)")
def disk(host):
    for one in host.disks:
        kind = host.kind(one.lower)
        if kind != "device":
            yield found(one.resource.at("disk"), f"resource {one.resource.name}: {one.lower} "
                                                 f"{'is not a block device' if kind else 'is not there'}",
                resource=one.resource.name)


@rule("DRBD-METADATA", ERROR, "the disk below each device has DRBD's meta-data",
      why="DRBD does not attach a disk without it, so the node stays without a copy.",
      fix="on a disk that is new: `drbdadm create-md {resource}` on this host; on one that "
          "had data look first at why it is gone")
def metadata(host):
    for resource in host.resources:
        command = "drbd-gi-" + resource.name
        answer = host.answer(command)
        said = (answer["stdout"] + answer["stderr"]).lower()
        if "no valid meta" in said:
            yield found(Where(answer["argv"]), f"resource {resource.name}: no valid meta-data",
                        resource=resource.name)
        elif answer["returncode"] != 0:
            host.output(command)  # tells why
        elif not said.strip():
            raise Unavailable(f"{answer['argv']} says nothing")
