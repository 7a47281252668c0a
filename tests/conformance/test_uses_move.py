# SPDX-License-Identifier: GPL-2.0-or-later
"""What Pacemaker's scheduler does with the uses that configure writes (crm_simulate)."""

import os
import re
import subprocess

import pytest
from lxml import etree

from conformance.test_examples import example, run

NODES = ("node1", "node2")


def simulate(folder, *options):
    """Plays a transition on cib.xml, which gets the outcome; the actions, as they are executed."""
    said = run(["crm_simulate", "--xml-file", "cib.xml", "--simulate", "--save-output", "next.xml",
                *options], folder)
    os.replace(str(folder / "next.xml"), str(folder / "cib.xml"))
    return re.findall(r"Resource action: (\S+) +(\S+)(?: on (\S+))?", said)


def standby(folder, node, value):
    """What `crm_attribute --node NODE --name standby` does."""
    path = str(folder / "cib.xml")
    tree = etree.parse(path)
    (element,) = tree.xpath("//nodes/node[@uname='%s']" % node)
    for old in element.findall("instance_attributes"):
        element.remove(old)
    attributes = etree.SubElement(element, "instance_attributes", id="standby-" + node)
    etree.SubElement(attributes, "nvpair", id="standby-%s-v" % node, name="standby", value=value)
    tree.write(path)


@pytest.fixture
def running(tmp_path):
    """A folder with the CIB of a cluster on which all of the example runs."""
    with open(example("uses", "cib.xml"), encoding="utf-8") as stream:
        text = stream.read()
    text = text.replace("<cib ", '<cib have-quorum="1" ', 1)
    (tmp_path / "cib.xml").write_text(text.replace("<nodes/>", "<nodes>" + "".join(
        '<node id="%d" uname="%s"/>' % each for each in enumerate(NODES, 1)) + "</nodes>"))
    up = [word for node in NODES for word in ("--node-up", node)]
    simulate(tmp_path, *up)
    for _ in range(4):      # promotion scores are what the agent would set
        promote(tmp_path)
        simulate(tmp_path)
    return tmp_path


def promote(folder):
    """Sets the promotion scores that drbd-dualprimary would set."""
    path = str(folder / "cib.xml")
    tree = etree.parse(path)
    for state in tree.xpath("//node_state"):
        for old in state.findall("transient_attributes"):
            state.remove(old)
        outer = etree.SubElement(state, "transient_attributes", id=state.get("id"))
        inner = etree.SubElement(outer, "instance_attributes", id="status-" + state.get("id"))
        etree.SubElement(inner, "nvpair", id="m-" + state.get("id"), name="master-r0",
                         value="10000")
    tree.write(path)


def where(folder, resource):
    """The node on which something runs."""
    said = run(["crm_simulate", "--xml-file", "cib.xml"], folder)
    return re.search(r"\* %s\t.* Started (\S+)" % resource, said).group(1)


def in_order(actions, *wanted):
    """Whether these are among the actions, in this order."""
    places = [actions.index(each) for each in wanted]
    return places == sorted(places)


@pytest.mark.parametrize("node, other", [NODES, NODES[::-1]])
def test_a_node_goes_to_standby_and_comes_back(running, node, other):
    """The guest migrates, the file system fails over, both before the VG stops; neither returns."""
    guest, mail = where(running, "web"), where(running, "mail-fs")
    standby(running, node, "on")
    actions = simulate(running)
    if guest == node:
        assert in_order(actions, ("web", "migrate_to", node), ("web", "migrate_from", other),
                        ("web", "stop", node), ("vg0", "stop", node))
    else:
        assert not [each for each in actions if each[0] == "web"]
    if mail == node:
        assert in_order(actions, ("mail-fs", "stop", node), ("mail-lv", "stop", node),
                        ("mail-lv", "start", other), ("mail-fs", "start", other))
        assert in_order(actions, ("mail-lv", "stop", node), ("vg0", "stop", node))
    assert guest == node or mail == node
    assert in_order(actions, ("files", "stop", node), ("vg0", "stop", node), ("r0", "demote", node))
    standby(running, node, "off")
    promote(running)
    actions = simulate(running)
    assert in_order(actions, ("r0", "promote", node), ("vg0", "start", node),
                    ("files", "start", node))
    assert not [each for each in actions if each[0] in ("web", "mail-lv", "mail-fs")
                or each in (("files", "stop", other), ("vg0", "stop", other))]
    assert where(running, "web") == where(running, "mail-fs") == other
