# SPDX-License-Identifier: GPL-2.0-or-later
"""DRBD's state from the texts of its kernel module and its tools, in the words of 8.4 for 9 as well.

For the witness in the guests, and for lablib/observe.py on the host.
"""
import re
from collections import namedtuple

# connection, roles, disks: as "Connected", "Primary/Secondary", "UpToDate/UpToDate"; suspended: whether I/O is; missing: KiB
# out of sync, None where nobody says
State = namedtuple("State", "connection roles disks suspended missing")

# " 0: cs:Connected ro:Primary/Secondary ds:UpToDate/UpToDate C r-----", without the letter of a protocol when StandAlone
MINOR = re.compile(r"^ *(\d+): cs:(\S+) ro:(\S+) ds:(\S+) +(?:[A-C] +)?(\S+)", re.MULTILINE)
WORDS = {"Established": "Connected", "Connecting": "WFConnection"}
OFF = "Off"


def _state(connection, roles, disks, suspended, missing):
    return State(WORDS.get(connection, connection), roles, disks, suspended, None if missing is None else int(missing))


def minors(text):
    """Returns {minor: State} of the kernel's lines; with several peers the first one counts."""
    found = {}
    heads = list(MINOR.finditer(text))
    for head, following in zip(heads, heads[1:] + [None]):
        rest = text[head.end() : following.start() if following else len(text)]
        missing = re.search(r"\boos:(\d+)", rest)
        minor, connection, roles, disks, flags = head.groups()
        state = _state(connection, roles, disks, flags.startswith("s"), missing and missing[1])
        found.setdefault(int(minor), state)
    return found


def incomplete(text, found):
    """Whether the kernel's files of DRBD 9 leave open why a connection is off, or whether there is a resource at all."""
    return text.startswith("version: 9") and (not found or any(state.connection == OFF for state in found.values()))


def events(text):
    """Returns {minor: State} from what `drbdsetup events2 --now --statistics` prints."""
    roles, connections, devices, peers = {}, {}, {}, {}
    for line in text.splitlines():
        words = line.split()
        about = dict(word.split(":", 1) for word in words[2:] if ":" in word)
        name, peer, volume = about.get("name"), about.get("peer-node-id"), about.get("volume")
        if words[:2] == ["exists", "resource"]:
            roles[name] = about
        elif words[:2] == ["exists", "connection"]:
            connections.setdefault(name, []).append(about)
        elif words[:2] == ["exists", "device"]:
            devices[name, volume] = about
        elif words[:2] == ["exists", "peer-device"]:
            peers[name, peer, volume] = about
    found = {}
    for (name, volume), device in devices.items():
        link = connections.get(name, [{}])[0]
        peer = peers.get((name, link.get("peer-node-id"), volume), {})
        connection = peer.get("replication", OFF)
        if connection == OFF:
            connection = link.get("connection", "StandAlone")
        found[int(device["minor"])] = _state(
            connection, f"{roles[name]['role']}/{link.get('role', 'Unknown')}",
            f"{device['disk']}/{peer.get('peer-disk', 'DUnknown')}", roles[name].get("suspended", "no") != "no",
            peer.get("out-of-sync"))
    return found


def line(minor, state):
    """Returns the kernel's line of a State, which minors reads back."""
    flags = "s-----" if state.suspended else "r-----"
    told = f"{minor}: cs:{state.connection} ro:{state.roles} ds:{state.disks} {flags}"
    return told if state.missing is None else f"{told} oos:{state.missing}"
