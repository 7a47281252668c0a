# SPDX-License-Identifier: GPL-2.0-or-later
"""What a node's copy of the CIB says of nodes and options."""

import pytest

from dualstor.errors import ParseError, ToolError
from dualstor.tools import cib
from dualstor.tools.pacemaker import ACTION, KnownNode

from .helpers import HANGS, PaperHost, golden

CIB = """<cib><configuration><crm_config><cluster_property_set id="o">%s</cluster_property_set></crm_config>
<nodes><node id="1" uname="node1"/><node id="2" uname="node2"/><node id="far" type="remote" uname="far"/></nodes>
</configuration></cib>"""


def options(**values):
    return cib.parse(CIB % "".join('<nvpair id="x-%s" name="%s" value="%s"/>' % (name, name.replace("_", "-"), value)
                                   for name, value in values.items()))


def test_the_nodes_with_their_numbers_and_not_the_remote_ones():
    assert cib.nodes(options()) == (KnownNode(id=1, name="node1"), KnownNode(id=2, name="node2"))


def test_an_option_by_each_of_its_names():
    assert cib.option(options(), ACTION) is None
    assert cib.option(options(stonith_action="off"), ACTION) == "off"
    assert cib.option(options(fencing_action="off", stonith_action="reboot"), ACTION) == "off"


@pytest.mark.parametrize("name, other", [
    ("cibadmin-both.xml", cib.UP), ("cibadmin-pacemaker3.xml", cib.UP), ("cibadmin-survivor.xml", cib.DOWN)])
def test_which_nodes_are_up_as_recorded(name, other):
    assert cib.states(cib.parse(golden(name))) == {"node1": cib.UP, "node2": other}


@pytest.mark.parametrize("state", [
    "", '<node_state id="2" uname="node2"/>',
    '<node_state id="2" uname="node2" in_ccm="false" crmd="offline" join="down" expected="member"/>',
    '<node_state id="2" uname="node2" in_ccm="0" crmd="0" join="down" expected="member"/>',
    '<node_state id="2" uname="node2" in_ccm="true" crmd="online" join="pending" expected="member"/>',
    '<node_state id="2" uname="node2" in_ccm="true" crmd="offline" join="down" expected="down"/>'])
def test_one_that_was_lost_or_comes_or_goes_is_not_sure(state):
    text = CIB.replace("</cib>", "<status>%s</status></cib>" % state) % ""
    assert cib.states(cib.parse(text))["node2"] == cib.UNSURE


@pytest.mark.parametrize("text", ["", "<cib>", "<pacemaker-result/>", "garbage"])
def test_what_is_no_cib(text):
    with pytest.raises(ParseError):
        cib.parse(text)


@pytest.mark.parametrize("answer", [HANGS, (102, "", "no connection"), (127, "", "")])
def test_a_pacemaker_that_does_not_say(answer):
    with pytest.raises(ToolError):
        cib.ask(PaperHost({"cibadmin": answer}))
