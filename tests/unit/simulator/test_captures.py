# SPDX-License-Identifier: GPL-2.0-or-later
"""The simulated programs say what the real ones said, byte for byte.

``captures.json`` holds what DRBD 8.4.11, drbd-utils 9.22, corosync 3.1.7,
Pacemaker 2.1.5, dlm 4.2 and LVM 2.03.16 printed on two machines in named
states. Counters and dates are left out of the comparison.
"""

import json
import os
import re
import xml.etree.ElementTree as xml

import pytest

from simulator import world
from simulator.host import Simulation

DATA = os.path.join(os.path.dirname(__file__), "..", "..", "data", "simulator", "captures.json")

with open(DATA, encoding="utf-8") as _stream:
    CAPTURES = json.load(_stream)

#: Where the captured cluster was configured otherwise: fencing came into it later.
_OTHERWISE = {("drbdadm", "dump"), ("drbdadm", "dump-xml"), ("drbdsetup", "show")}
#: (state, first words) that the captured machine had come to by another way.
_ANOTHER_WAY = {
    ("fresh", "drbdadm dstate r0"),         # its disk had no metadata yet
    ("survivor", "lvmlockctl --info"),      # one LV was exclusive before the crash
    ("survivor", "corosync-cmapctl runtime.members."),  # the peer had joined twice
    ("survivor", "corosync-cmapctl runtime.votequorum."),
}


def _comparable(argv, text):
    """The text without what is never the same twice."""
    if argv[0] == "cat":
        text = re.sub(r"\n    ns:.*", "", text)
        text = re.sub(r"\n\t\[[=>.]+\] sync'ed.*", "\n\tsyncing", text)
        return re.sub(r"\n\tfinish: .*", "\n\tfinish", text)
    text = re.sub(r"Date: +.*", "Date", text)
    text = re.sub(r"(change +member \d+ joined \d+ remove \d+ failed \d+) seq .*", r"\1", text)
    text = re.sub(r"nodeid \d member \d .*", "nodeid", text)
    text = re.sub(r"(seq|now|add|rem|fail|fence|at) \d+( \d+)?", r"\1 N", text)
    text = re.sub(r"_resynced_percent=\d.*", "_resynced_percent=N", text)
    text = re.sub(r"done:\d+\.\d+", "done", text)
    return re.sub(r"(Ring ID: +1)\.\d+", r"\1", text)


def _wanted(capture):
    argv = capture["argv"]
    return argv[0] not in ("crm_mon", "stonith_admin") and tuple(argv[:2]) not in _OTHERWISE and \
        (capture["state"], " ".join(argv)) not in _ANOTHER_WAY


@pytest.mark.parametrize(
    "capture", [c for c in CAPTURES if _wanted(c)],
    ids=lambda c: "%s-%s-%s" % (c["state"], c["node"], " ".join(c["argv"])))
def test_says_what_the_real_one_said(capture):
    argv = capture["argv"]
    host = Simulation(world.reach(capture["state"])).host(capture["node"], 1000)
    if argv[0] == "cat":
        said = host.read(argv[1])
        assert (said is None) == (capture["code"] != 0)
        if said is not None:
            assert _comparable(argv, said) == _comparable(argv, capture["stdout"])
        return
    done = host.run(argv)
    assert _comparable(argv, done.stdout) == _comparable(argv, capture["stdout"])
    assert _comparable(argv, done.stderr) == _comparable(argv, capture["stderr"])
    assert done.returncode == capture["code"]


@pytest.mark.parametrize("capture", [c for c in CAPTURES if c["argv"][0] == "crm_mon"],
                         ids=lambda c: "%s-%s" % (c["state"], c["node"]))
def test_crm_mon_shows_the_same_nodes(capture):
    host = Simulation(world.reach(capture["state"])).host(capture["node"])
    done = host.run(capture["argv"])
    assert done.returncode == capture["code"]
    ours, theirs = xml.fromstring(done.stdout), xml.fromstring(capture["stdout"])
    assert ours.attrib == theirs.attrib
    for path in ("summary/cluster_options", "summary/stack", "status"):
        assert [e.attrib for e in ours.findall(path)] == [e.attrib for e in theirs.findall(path)]
    for one, other in zip(ours.findall("nodes/node"), theirs.findall("nodes/node")):
        for key in ("name", "id", "online", "unclean", "pending", "standby", "expected_up"):
            assert one.get(key) == other.get(key)


@pytest.mark.parametrize("command", ["drbdadm dump", "drbdadm dump-xml", "drbdsetup show"])
def test_drbd_configuration_of_the_captured_cluster(command):
    capture = next(c for c in CAPTURES if c["state"] == "both-primary" and c["node"] == "node1"
                   and c["argv"] == command.split())
    cluster = world.reach("both-primary")
    for node in cluster.nodes.values():
        config = node.config["r0"]
        config.disk, config.handlers = {}, {}
        del config.net["ping-timeout"]
    assert Simulation(cluster).host("node1").run(capture["argv"]).stdout == capture["stdout"]
