# SPDX-License-Identifier: GPL-2.0-or-later
"""What a DRBD resource needs of the host: addresses, devices, backing devices, metadata."""

from dualstor.command.check.parsers.where import Where
from dualstor.command.check.rules.registry import ERROR, found, rule
from dualstor.command.check.view.seen import Unavailable
from dualstor.tools import drbdaddress

TYPE_CHECKING = False   # only mypy sees what is imported there
if TYPE_CHECKING:
    from dualstor.command.check.parsers.drbdfiles import DrbdResource
    from dualstor.command.check.rules.registry import Findings
    from dualstor.command.check.view.host import HostView


@rule("DRBD-ADDRESS", ERROR, "each resource's address is an address of this host",
      why="DRBD cannot listen on an address that the host does not have, and no other host reaches "
          "a loopback address: DRBD never connects.",
      fix="set `address` in the section `on {host}` to an address of {host} that the peer reaches "
          "(`ip addr`)")
def own_address(host: "HostView") -> "Findings":
    for resource in host.resources:
        conf = resource.configuration
        for section in conf.hosts + conf.others:
            parsed = drbdaddress.parse(section.address)
            if parsed and parsed.ip.is_loopback and not _proxied(resource):
                yield found(resource.spot(section, "address"),
                            f"resource {resource.name}: {parsed} of {section.name} is a loopback "
                            "address, which no other host reaches", host=section.name)
    for resource in host.resources:
        own = host.own(resource)
        for parsed in host.drbd_addresses(resource):
            if own is None or own.kind != "on":
                break
            if not parsed.ip.is_loopback and parsed.ip not in [i.ip for i in host.interfaces]:
                yield found(resource.spot(own, "address"),
                            f"resource {resource.name}: {parsed} is no address of this host",
                            host=own.name)


def _proxied(resource: "DrbdResource") -> bool:
    """Whether DRBD Proxy, which is reached on a loopback address, is between the hosts."""
    return any(one.named("proxy") for one in resource.section.named("on", "stacked-on-top-of")) \
        or "'via'" in str(resource.meaning)


@rule("DRBD-DEVICE", ERROR, "each volume has a device with a unique minor number",
      why="To the kernel, two volumes with the same minor number are one device; the second fails.",
      fix="set `device /dev/drbdN;` with another number, the same on both hosts")
def device(host: "HostView") -> "Findings":
    taken: "dict[tuple[str, int], str]" = {}
    said = set()
    for resource in host.resources:
        conf = resource.configuration
        for section in conf.hosts + conf.others:
            for number, (path, minor, _, _) in enumerate(section.devices):
                where = resource.spot(section, "device", number)
                if minor is None and path:
                    text = f"resource {resource.name}: device {path} has no minor number"
                elif minor is None or (section.name, minor) not in taken:
                    taken.setdefault((section.name, minor or 0), resource.name)
                    continue
                else:
                    text = _both(taken[section.name, minor], resource.name, minor)
                if (where, text) not in said:
                    said.add((where, text))
                    yield found(where, text)


def _both(first: str, second: str, minor: int) -> str:
    if first == second:
        return f"two volumes of resource {first} use minor number {minor}"
    return f"resources {first} and {second} both use minor number {minor}"


@rule("DRBD-DISK", ERROR, "each volume's backing device exists",
      why="Without its backing device the node has no copy of the data: it serves the peer's, or "
          "nothing.",
      fix="set `disk` in resource {resource} to a block device of this host (`lsblk`)")
def disk(host: "HostView") -> "Findings":
    for one in host.disks:
        kind = host.kind(one.lower)
        if kind != "device":
            yield found(one.where, f"resource {one.resource.name}: {one.lower} "
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
