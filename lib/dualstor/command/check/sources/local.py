# SPDX-License-Identifier: GPL-2.0-or-later
"""Interfaces, sockets and processes of this host, as psutil knows them.

psutil need not be installed: then ``ip`` and ``ss`` are asked, and /proc is read.
"""

import ipaddress
import json
import socket

TYPE_CHECKING = False   # only mypy sees what is imported there
if TYPE_CHECKING:
    from typing import Any

LACKING = "psutil is not installed (package python3-psutil)"
_KINDS = {socket.SOCK_STREAM: "tcp", socket.SOCK_DGRAM: "udp"}


def _psutil() -> "Any":
    """The module; None without it."""
    try:
        import psutil
    except ImportError:
        return None
    return psutil


def _length(netmask: "str | None", version: int) -> int:
    """The length of a prefix that a mask has; that of a single address without one."""
    try:
        mask = ipaddress.ip_address(netmask or "")
    except ValueError:
        return 32 if version == 4 else 128
    return "".join(f"{byte:08b}" for byte in mask.packed).count("1")


def interfaces() -> "str | None":
    """JSON such as ``ip -j addr show`` prints; None without psutil."""
    psutil = _psutil()
    if psutil is None:
        return None
    links = []
    for name, found in sorted(psutil.net_if_addrs().items()):
        known = []
        for each in found:
            local = each.address.partition("%")[0]
            if each.family in (socket.AF_INET, socket.AF_INET6):
                version = 4 if each.family == socket.AF_INET else 6
                known.append({"local": local, "prefixlen": _length(each.netmask, version)})
        links.append({"ifname": name, "addr_info": known})
    return json.dumps(links)


def sockets() -> "str | None":
    """JSON: a list of [protocol, address, port, program or ""] that wait for packets.

    The kernel's own sockets, as those of DRBD and dlm, have no program; None without psutil.
    """
    psutil = _psutil()
    if psutil is None:
        return None
    names: "dict[int, str]" = {}
    for process in psutil.process_iter(["pid", "name"]):
        names[process.info["pid"]] = process.info["name"] or ""
    found = []
    for one in psutil.net_connections("inet"):
        waits = one.status == psutil.CONN_LISTEN or (one.type == socket.SOCK_DGRAM
                                                     and not one.raddr)
        if waits and one.laddr and one.type in _KINDS:
            found.append([_KINDS[one.type], one.laddr[0], one.laddr[1],
                          names.get(one.pid, "") if one.pid else ""])
    return json.dumps(sorted(found))


def command_lines() -> "list[list[str]] | None":
    """The command lines of all processes; None without psutil."""
    psutil = _psutil()
    if psutil is None:
        return None
    return [list(process.info["cmdline"]) for process in psutil.process_iter(["cmdline"])
            if process.info["cmdline"]]
