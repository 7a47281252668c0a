# SPDX-License-Identifier: GPL-2.0-or-later
"""Small CIBs of two nodes for the tests of Pacemaker's rules."""

from dualstor.command.check.judge import BROKEN, judge
from dualstor.command.check.rules import rules
from dualstor.command.check.view.cluster import ClusterView

_IPMI = """<primitive id="fence-{node}" class="stonith" type="fence_ipmilan">{inner}
<instance_attributes id="fa-{node}"><nvpair id="fi-{node}" name="ip" value="192.0.2.{number}"/>
<nvpair id="fh-{node}" name="pcmk_host_list" value="{node}"/>
<nvpair id="fd-{node}" name="pcmk_delay_base" value="{number}"/></instance_attributes></primitive>
"""


def pairs(kind, identifier, values, attributes=""):
    """A block of name/value pairs: *kind* is its element."""
    inner = "".join(f'<nvpair id="{identifier}-{number}" name="{name}" value="{value}"/>'
                    for number, (name, value) in enumerate(values.items()))
    return f'<{kind} id="{identifier}" {attributes}>{inner}</{kind}>'


def options(**values):
    """The cluster's options; ``_`` in a name stands for ``-``."""
    return pairs("cluster_property_set", "cib-bootstrap-options",
                 {name.replace("_", "-"): value for name, value in values.items()})


def ipmi(node, number, inner=""):
    """A fence device of a node."""
    return _IPMI.format(node=node, number=number, inner=inner)


IPMIS = ipmi("node1", 1) + ipmi("node2", 2)


def device(identifier, agent, meta="", **parameters):
    """A fence device."""
    return (f'<primitive id="{identifier}" class="stonith" type="{agent}">{meta}'
            + pairs("instance_attributes", f"{identifier}-a", parameters) + "</primitive>")


def location(identifier, resource, node, score="-INFINITY", more=""):
    """A location constraint."""
    return (f'<rsc_location id="{identifier}" rsc="{resource}" node="{node}" score="{score}" '
            f"{more}/>")


def cib(resources=IPMIS, crm_config="", constraints="", rest=""):
    """The text of a CIB of node1 and node2."""
    return (f"<cib><configuration><crm_config>{crm_config}</crm_config><nodes>"
            '<node id="1" uname="node1"/><node id="2" uname="node2"/></nodes>'
            f"<resources>{resources}</resources><constraints>{constraints}</constraints>{rest}"
            "</configuration></cib>")


def view(text, trees=()):
    """The Cib of a text."""
    return ClusterView(trees, (text, "cib.xml")).pacemaker


def verdict(text, prefix="PCMK-", trees=()):
    """The Verdict of the rules whose id begins so."""
    result = judge(ClusterView(trees, (text, "cib.xml")),
                   [rule for rule in rules() if rule.id.startswith(prefix)])
    assert not [one for one in result.unseen if one.reason.startswith(BROKEN)], result.unseen
    return result


def ids(text, prefix="PCMK-", trees=()):
    """The ids of the rules with such an id that find something, sorted."""
    return sorted(one.rule.id for one in verdict(text, prefix, trees).findings)
