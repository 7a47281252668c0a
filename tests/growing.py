# SPDX-License-Identifier: GPL-2.0-or-later
"""Every parser of what a program or the kernel says, each with a text of any number of lines.

``unit/core/test_size.py`` counts their work, ``bench/parsers.py`` their time.
"""

from dualstor.host.run import Completed
from dualstor.kernel import drbd
from dualstor.tools import (
    cman,
    corosync,
    dlm_tool,
    dmsetup,
    drbdadm,
    drbdconf,
    drbdsetup,
    fence_tool,
    group_tool,
    lvm,
    lvm_messages,
    lvmconf,
    lvmlock,
    pacemaker,
    stonith,
)
from unit.drbd.helpers import PaperHost


def state(text):
    return drbdsetup.state(drbdsetup.parse_events2(text), "r0")


def json_state(text):
    return drbdsetup.state(drbdsetup.parse_status(text), "r0")


def minors(text):
    return drbd.parse(text).minors


def held_back(text):
    return drbd.parse(text).suspended()


def own_minor(text):
    return drbd.parse(text).of((1,))


def modes(text):
    return lvmlock.modes(PaperHost(programs={"lvmlockctl": lambda _: (0, text, "")}), "vg1")


def volumes(text):
    return lvm.volumes(PaperHost(programs={"lvs": lambda _: (0, text, "")}), "vg0", (2, 2, 84))


def pairs(text):
    return drbdadm.backing_devices(PaperHost(programs={"drbdadm": lambda _: (0, text, "")}))


def wrong(text):
    return Completed(argv=("x",), returncode=1, stderr=text).complaint()


def outcome(text):
    return drbdsetup.outcome(Completed(argv=("x",), returncode=1, stderr=text))


def rows(text):
    return lvm.parse_rows("vgs", text, 2)


QUORUM = "Quorum information\nQuorate: Yes\nMembership information\nNodeid Votes Name\n"
FENCE = "fence domain\nmember count 1\nvictim count 0\nvictim now 0\nmaster nodeid 1\n" \
        "wait state none\nmembers 1\nall nodes\n"
SPACE = "name a\nid 0x1\nflags 0x0\nmembers 1\n"
SPACES = "dlm lockspaces\n" + SPACE
MINOR = " @: cs:Connected ro:Primary/Primary ds:UpToDate/UpToDate C r-----\n"
VG = "VG vg@ lock_type=dlm u\nLS dlm lvm_vg@\nLK LV sh @\n"
DEVICE = "exists device name:r0 volume:@ minor:@ disk:UpToDate\n" \
         "exists peer-device name:r0 peer-node-id:1 volume:@ replication:SyncSource done:5.0\n"
LINK = "exists connection name:r0 peer-node-id:@ conn-name:n connection:Connected role:Primary\n"
EVENT = '<fence_event target="n@" action="off" status="success"/>'

#: name: (function of a text, what it begins with, a line of which there are many, what it ends
#: with); "@" is the number of the line.
PARSERS = {
    "messages": (lvm_messages.classify, "", "  LV locked by other host: vg0/@\n", ""),
    "one long message": (lvm_messages.classify, "", "Error locking on node a b ", ""),
    "rows": (rows, "", "a|@\n", ""),
    "LVs": (volumes, "", "lv@|uuid@|-wi-a-----||linear|1|1\n", ""),
    "segments": (volumes, "", "lv|uuid|-wi-a-----||linear|1|1\n", ""),
    "locks": (lvmlock.parse_info, "VG vg0 lock_type=dlm u\nLS dlm lvm_vg0\n", "LK LV sh @\n", ""),
    "locks of one of many VGs": (modes, "", VG, ""),
    "settings": (lvmconf.parse, "", "a@ = 1\n", ""),
    "lockspaces": (dlm_tool.parse_ls, "dlm lockspaces\n", SPACE, ""),
    "nodes of a lockspace": (
        dlm_tool.parse_ls, SPACES + "all nodes\n", "nodeid @ member 1 failed 0 start 1\n", ""),
    "other lines of a lockspace": (dlm_tool.parse_ls, SPACES, "x @\n", ""),
    "whom dlm fences": (dlm_tool.parse_status, "cluster nodeid 1 quorate 1\ndaemon now 1\n",
                        "fence @ at 1\nnode @ M add 1\n", ""),
    "the fence domain": (fence_tool.parse, FENCE, "nodeid @ member 1 victim 1\n", ""),
    "groups": (group_tool.parse, "", "dlm 1 a 0001 none\n[@]\n", ""),
    "fields of cman": (cman.parse_fields, "", "@ M Member 1 n@\n", ""),
    "members": (corosync.parse_status, QUORUM, "1@ 1 n@\n", ""),
    "minors": (minors, "version: 8.4.11\n", MINOR, ""),
    "suspended minors": (held_back, "version: 8.4.11\n", MINOR.replace("r--", "s--"), ""),
    "one of many minors": (own_minor, "version: 8.4.11\n", MINOR, ""),
    "counters of a minor": (
        minors, "version: 8.4.11\n" + MINOR.replace("@", "0"), "    ns:@ nr:0\n", ""),
    "volumes": (state, "exists resource name:r0 role:Primary\n" + LINK.replace("@", "1"), DEVICE,
                "exists -\n"),
    "volumes of JSON": (json_state, '[{"name": "r0", "devices": [', '{"volume": @, "minor": @},',
                        '{"volume": 999, "minor": 999}]}]'),
    "options": (drbdconf.parse, "resource r0 { net {", "o@ 1;", "} }"),
    "connections": (drbdconf.parse, "resource r0 {", "connection { net { o@ 1; } }", "}"),
    "volumes of a host": (
        drbdconf.parse, "resource r0 { on a {", "volume @ { disk /dev/x; }", "} on b { } }"),
    "pairs": (pairs, "", "/dev/drbd@\n", ""),
    "events": (stonith.parse_history, "<pacemaker-result>", EVENT, "</pacemaker-result>"),
    "resources": (pacemaker.parse_mon, "<pacemaker-result><nodes/><resources>",
                  '<resource id="r@"/>', "</resources></pacemaker-result>"),
    "peers": (pacemaker.parse_peers, "", "@ n@ member\n", ""),
    "devices": (dmsetup.parse_info, "", "a@|u|0|L--w|253|@|Active\n", ""),
    "complaints": (wrong, "", "no @\n", ""),
    "refusals": (outcome, "", "no @\n", "")}


def grown(name, times):
    """(function, text) of a row of PARSERS with so many lines."""
    function, head, line, tail = PARSERS[name]
    return function, head + "".join(line.replace("@", str(n)) for n in range(times)) + tail
