# SPDX-License-Identifier: GPL-2.0-or-later
"""Fencing judged by what the devices do, as Pacemaker's fencer does."""

import pytest

from dualstor.command.check.sources.tree import Tree

from . import cibs
from .cibs import IPMIS, cib, device, ids, ipmi, location, options, pairs

FENCE = "PCMK-FENCE"
BOTH = "node1 node2"


def _meta(**values):
    return pairs("meta_attributes", "m", {name.replace("_", "-"): value
                                          for name, value in values.items()})


def _switch(**parameters):
    values = {"pcmk_host_list": BOTH, "ip": "192.0.2.9", "pcmk_delay_base": "node1:5;node2:0"}
    values.update(parameters)
    return device("switch", "fence_apc", **values)


def _rule(inner, score="-INFINITY", resource="fence-node1"):
    return (f'<rsc_location id="l" rsc="{resource}"><rule id="r" score="{score}">{inner}</rule>'
            "</rsc_location>")


def _uname(operation, value):
    return f'<expression id="e" attribute="#uname" operation="{operation}" value="{value}"/>'


def _level(attributes, number=1):
    return f'<fencing-level id="l{number}" {attributes}/>'


def _topology(*levels):
    return f"<fencing-topology>{''.join(levels)}</fencing-topology>"


RIGHT = {
    "one device per node": cib(),
    "never on the victim": cib(constraints=location("a", "fence-node1", "node1")
                               + location("b", "fence-node2", "node2")),
    "unmanaged, in maintenance, failing": cib(ipmi("node1", 1, _meta(
        is_managed="false", maintenance="true", failure_timeout="1")) + ipmi("node2", 2)),
    "role Started": cib(ipmi("node1", 1, _meta(target_role="Started")) + ipmi("node2", 2)),
    "opt-in": cib(crm_config=options(symmetric_cluster="false"), constraints=location(
        "a", "fence-node1", "node2", "0") + location("b", "fence-node2", "node1", "100")),
    "a plug of a switch each": cib(_switch()),
    "a map alone": cib(_switch(pcmk_host_map="node1:1;node2:2", pcmk_host_list="node1,node2")),
    "a map with = and two outlets": cib(_switch(pcmk_host_map="node1=1,2 node2=3,4")),
    "names in capitals": cib(_switch(pcmk_host_list="NODE1 Node2")),
    "the device knows": cib(_switch(pcmk_host_check="dynamic-list", pcmk_host_list="x")),
    "every node": cib(_switch(pcmk_host_check="none")),
    "a shared address with two ports": cib(
        device("a", "fence_ipmilan", ip="h", ipport="6230", pcmk_host_list="node1", delay="5")
        + device("b", "fence_ipmilan", ip="h", ipport="6231", pcmk_host_list="node2")),
    "systems of one chassis": cib(
        device("a", "fence_redfish", ip="h", systems_uri="/1", pcmk_host_list="node1", delay="5")
        + device("b", "fence_redfish", ip="h", systems_uri="/2", pcmk_host_list="node2")),
    "the plug is the address": cib(device(
        "a", "fence_ipmilan", port_as_ip="1", pcmk_host_map="node1:192.0.2.1;node2:192.0.2.2",
        pcmk_delay_base="node1:3s")),
    "a plug-in's own list": cib(
        device("a", "external/ipmi", hostname="node1", ipaddr="192.0.2.1", pcmk_delay_base="5")
        + device("b", "external/ipmi", hostname="node2", ipaddr="192.0.2.2")),
    "two outlets of one switch": cib(
        device("a", "fence_apc", ip="h", plug="1", pcmk_host_list="node1", pcmk_delay_base="5")
        + device("b", "fence_apc", ip="h", plug="2", pcmk_host_list="node2")),
    "a disk for both": cib(device("a", "fence_sbd", devices="/dev/vdc", pcmk_delay_max="10")),
    "a name that is no node's besides": cib(
        ipmi("node1", 1) + ipmi("node2", 2).replace('value="node2"', 'value="node2 node3"')),
    "a device of several clusters": cib(_switch(pcmk_host_list=BOTH + " node3 other")),
    "the port of a plug-in": cib(device("a", "apcmastersnmp", ipaddr="h", port="161",
                                        pcmk_delay_base="node1:5")),
    "a level for a node that is gone": cib(_switch(), rest=_topology(
        _level('target="node1" index="1" devices="switch"'),
        _level('target="node2" index="1" devices="switch"', 2),
        _level('target="node3" index="1" devices="switch"', 3))),
    "a remote node in a list": cib(_switch(pcmk_host_list=BOTH + " far") + (
        '<primitive id="far" class="ocf" provider="pacemaker" type="remote"/>')),
    "a rule of the time": cib(constraints=_rule('<date_expression id="d" operation="gt" '
                                                'start="2020-01-01"/>')),
    "a rule that lets another use it": cib(constraints=_rule(_uname("ne", "node2"))),
    "a topology": cib(rest=_topology(_level('target="node1" index="1" devices="fence-node1"'),
                                     _level('target="node2" index="1" devices="fence-node2"'))),
    "a dump first, then power": cib(
        IPMIS + device("kdump", "fence_kdump", pcmk_host_list=BOTH), rest=_topology(
            _level('target="node1" index="1" devices="kdump"'),
            _level('target="node1" index="2" devices="fence-node1"'))),
    "a topology by pattern": cib(_switch(), rest=_topology(
        _level('target-pattern="node[12]" index="1" devices="switch"'))),
    "who sees the network wins": cib(
        device("ping", "fence_heuristics_ping", ping_targets="192.0.2.250")
        + _switch(pcmk_delay_base="0"), rest=_topology(
            _level('target-pattern="^node" index="1" devices="ping,switch"'))),
    "the topology keeps two controllers apart": cib(
        device("a", "fence_ipmilan", ip="192.0.2.1", delay="5")
        + device("b", "fence_ipmilan", ip="192.0.2.2"), rest=_topology(
            _level('target="node1" index="1" devices="a"'),
            _level('target="node2" index="1" devices="b"', 2))),
    "a longer timeout of its own": cib(_switch(
        pcmk_reboot_timeout="120", power_wait="90"), crm_config=options(stonith_timeout="60s")),
    "a random delay longer than the timeout": cib(
        _switch(pcmk_delay_max="90s", pcmk_delay_base="0")),
    "a fixed one, since Pacemaker adds it": cib(
        _switch(pcmk_delay_base="node1:90s"), crm_config=options(dc_version="2.1.6-9.el9")),
    "a duration": cib(_switch(pcmk_delay_base="PT10S", pcmk_delay_max="PT1M")),
}


@pytest.mark.parametrize("name", sorted(RIGHT))
def test_what_fences_has_no_finding(name):
    assert ids(RIGHT[name], FENCE) == []


_LOCAL = location("a", "fence-node1", "node2")
WRONG = {
    "stopped": (cib(ipmi("node1", 1, _meta(target_role="Stopped")) + ipmi("node2", 2)), "DEVICE"),
    "stopped by default": (cib(rest="<rsc_defaults>" + _meta(target_role="stopped")
                               + "</rsc_defaults>"), "DEVICE DEVICE"),
    "stopped with its group": (cib(
        f'<group id="g">{_meta(target_role="Stopped")}{ipmi("node1", 1)}</group>'
        + ipmi("node2", 2)), "DEVICE"),
    "only the victim may use it": (cib(constraints=_LOCAL), "DEVICE"),
    "a small negative score": (cib(constraints=location("a", "fence-node1", "node2", "-1")),
                               "DEVICE"),
    "a sum below 0": (cib(constraints=location("a", "fence-node1", "node2", "-10")
                          + location("b", "fence-node1", "node2", "5")), "DEVICE"),
    "a pattern of resources": (cib(constraints='<rsc_location id="a" rsc-pattern="^fence-" '
                                   'node="node2" score="-INFINITY"/>'), "DEVICE"),
    "a set": (cib(constraints='<rsc_location id="a" node="node2" score="-INFINITY">'
                  '<resource_set id="s"><resource_ref id="fence-node1"/></resource_set>'
                  "</rsc_location>"), "DEVICE"),
    "its group": (cib(f'<group id="g">{ipmi("node1", 1)}</group>' + ipmi("node2", 2),
                      constraints=location("a", "g", "node2")), "DEVICE"),
    "a rule": (cib(constraints=_rule(_uname("eq", "node2"))), "DEVICE"),
    "a rule that names the other": (cib(constraints=_rule(_uname("ne", "node1"))), "DEVICE"),
    "discovery elsewhere only": (cib(constraints=location(
        "a", "fence-node1", "node1", "0", 'resource-discovery="exclusive"')), "DEVICE"),
    "opt-in, and nothing is in": (cib(crm_config=options(symmetric_cluster="false")),
                                  "DEVICE DEVICE"),
    "another name": (cib(_switch(pcmk_host_list="node1 nod2")), "DEVICE HOSTS"),
    "full names": (cib(_switch(pcmk_host_list="node1.example.com node2.example.com")),
                   "DEVICE DEVICE HOSTS HOSTS"),
    "a check that does not exist": (cib(_switch(pcmk_host_check="static")), "DEVICE DEVICE"),
    "a static list that is empty": (cib(device(
        "a", "fence_apc", pcmk_host_check="static-list", ip="h")), "DEVICE DEVICE"),
    "a map with a wrong name": (cib(_switch(pcmk_host_map="node1:1;nod2:2")), "HOSTS"),
    "a map with commas": (cib(_switch(pcmk_host_map="node1:1,node2:2")), "HOSTS"),
    "a delay for a wrong name": (cib(_switch(pcmk_delay_base="nod1:5")), "DELAY HOSTS"),
    "one controller": (cib(device("a", "fence_ipmilan", ip="h", pcmk_host_list=BOTH)), "SHARED"),
    "one controller, no list": (cib(device("a", "fence_idrac", ip="h")), "SHARED"),
    "one controller in two devices": (cib(
        device("a", "fence_ilo4", ipaddr="h", pcmk_host_list="node1")
        + device("b", "fence_ilo4", ip="H", pcmk_host_list="node2")), "SHARED"),
    "a map does not help it": (cib(device(
        "a", "fence_ipmilan", ip="h", pcmk_host_map="node1:1;node2:2")), "SHARED"),
    "one outlet": (cib(_switch(plug="3")), "SHARED"),
    "one outlet in two devices": (cib(
        device("a", "fence_apc", ip="h", plug="1", pcmk_host_list="node1")
        + device("b", "fence_apc", ip="h", plug="1", pcmk_host_list="node2")), "SHARED"),
    "two names, one outlet": (cib(_switch(pcmk_host_map="node1:1;node2:1")), "SHARED"),
    "one alone cuts no power": (cib(device("a", "fence_kdump")), "DEVICE DEVICE"),
    "the topology's device fences the other": (cib(rest=_topology(
        _level('target="node1" index="1" devices="fence-node2"'))), "TOPOLOGY"),
    "a level with a misspelt device": (cib(rest=_topology(
        _level('target="node1" index="1" devices="fence-node1,fence-nod1"'))), "TOPOLOGY"),
    "a level for no node": (cib(rest=_topology(
        _level('target="nod1" index="1" devices="fence-node1"'))), "TOPOLOGY"),
    "a pattern of no node": (cib(rest=_topology(
        _level('target-pattern="^n[0-9]" index="1" devices="fence-node1"'))), "TOPOLOGY"),
    "an attribute of no node": (cib(rest=_topology(
        _level('target-attribute="rack" target-value="1" index="1" devices="fence-node1"'))),
        "TOPOLOGY"),
    "a pattern of both": (cib(rest=_topology(
        _level('target-pattern="node" index="1" devices="fence-node1"'))), "TOPOLOGY"),
    "a level with a stopped device": (cib(
        ipmi("node1", 1, _meta(target_role="Stopped")) + ipmi("node2", 2) + device(
            "spare", "fence_apc", ip="h", pcmk_host_list="node1"), rest=_topology(
            _level('target="node1" index="1" devices="fence-node1"'),
            _level('target="node1" index="2" devices="spare"', 2))), "TOPOLOGY"),
    "a level without power": (cib(
        IPMIS + device("ping", "fence_heuristics_ping"), rest=_topology(
            _level('target="node1" index="1" devices="ping"'),
            _level('target="node1" index="2" devices="fence-node1"', 2))), "TOPOLOGY"),
    "level 10": (cib(rest=_topology(
        _level('target="node1" index="10" devices="fence-node1"'))), "TOPOLOGY"),
    "a wait as long as the timeout": (cib(_switch(delay="60", pcmk_delay_base="0")),
                                      "DELAY TIMEOUT"),
    "shorter by its own timeout": (cib(_switch(power_wait="30", pcmk_reboot_timeout="20s")),
                                   "TIMEOUT"),
    "off has a timeout of its own": (cib(
        _switch(power_wait="30", pcmk_off_timeout="20s"),
        crm_config=options(stonith_action="off")), "TIMEOUT"),
    "a fixed delay, before Pacemaker adds it": (cib(
        _switch(pcmk_delay_base="node1:80s"), crm_config=options(dc_version="2.1.5-8.el9")),
        "TIMEOUT"),
    "the same delay for both": (cib(_switch(pcmk_delay_base="5s")), "DELAY"),
    "a priority that nobody has": (cib(_switch(pcmk_delay_base="5s"), crm_config=options(
        priority_fencing_delay="15s")), "DELAY"),
    "the smallest delay is the largest": (cib(_switch(pcmk_delay_base="5", pcmk_delay_max="5")),
                                          "DELAY"),
}


@pytest.mark.parametrize("name", sorted(WRONG))
def test_what_does_not_fence_is_found(name):
    text, rules = WRONG[name]
    assert ids(text, FENCE) == [f"{FENCE}-{rule}" for rule in rules.split()]


def test_a_topology_by_an_attribute_of_a_node():
    text = cib(_switch(), rest=_topology(
        _level('target-attribute="rack" target-value="1" index="1" devices="switch"'))).replace(
        'uname="node1"/>', 'uname="node1"><instance_attributes id="ni"><nvpair id="n1" '
        'name="rack" value="1"/></instance_attributes></node>')
    assert ids(text, FENCE) == []


def test_names_are_not_judged_where_the_nodes_are_not_known():
    text = cib(_switch(pcmk_host_list="node1 node2")).replace(
        '<node id="1" uname="node1"/><node id="2" uname="node2"/>', "")
    tree = Tree(name="node1", source="t", files={}, unreadable={}, paths={}, aliases={},
                programs={}, commands={}, silent={})
    result = cibs.verdict(text, "PCMK-FENCE-HOSTS", [tree])
    assert not result.findings and result.unseen


def _host(two_node, sbd="SBD_WATCHDOG_TIMEOUT=5\n", device_section=""):
    files = {"/etc/corosync/corosync.conf": "totem {\n\tversion: 2\n}\nquorum {\n\tprovider: "
             f"corosync_votequorum\n\t{two_node}\n{device_section}}}\n", "/etc/sysconfig/sbd": sbd}
    return Tree(name="node1", source="t", files=files, unreadable={}, paths={}, aliases={},
                programs={}, commands={}, silent={})


_QDEVICE = "\tdevice {\n\t\tmodel: net\n\t}\n"
_DOG = {"stonith_watchdog_timeout": "10"}


@pytest.mark.parametrize("values, tree, rules", [
    (_DOG, _host("", device_section=_QDEVICE), []),
    (_DOG, _host("two_node: 1"), ["PCMK-SBD-QUORUM"]),
    ({"fencing-watchdog-timeout": "10s"}, _host("two_node: 1"), ["PCMK-SBD-QUORUM"]),
    ({"stonith_watchdog_timeout": "-1"}, _host("", device_section=_QDEVICE), []),
    ({"stonith_watchdog_timeout": "5"}, _host("", device_section=_QDEVICE), ["PCMK-SBD-TIMEOUT"]),
    ({"stonith_watchdog_timeout": "10"}, _host("", 'SBD_WATCHDOG_TIMEOUT="20"\n', _QDEVICE),
     ["PCMK-SBD-TIMEOUT"]),
    (_DOG, _host("", "#SBD_WATCHDOG_TIMEOUT=20\n", _QDEVICE), []),
    (_DOG, _host("", "SBD_DEVICE=/dev/vdc\nSBD_WATCHDOG_TIMEOUT=5\n", _QDEVICE),
     ["PCMK-SBD-DISK"]),
    (_DOG, _host("", 'SBD_DEVICE=""\n', _QDEVICE), []),
    (dict(_DOG, have_watchdog="true"), _host("", device_section=_QDEVICE), []),
    (dict(_DOG, have_watchdog="false"), _host("", device_section=_QDEVICE),
     ["PCMK-FENCE-DEVICE", "PCMK-FENCE-DEVICE", "PCMK-SBD-OFF"]),
    ({"stonith_watchdog_timeout": "0"}, _host("two_node: 1"),
     ["PCMK-FENCE-DEVICE", "PCMK-FENCE-DEVICE"]),
])
def test_the_watchdog_fences_with_a_third_vote(values, tree, rules):
    text = cib("", crm_config=options(**values))
    assert sorted(ids(text, "PCMK-SBD", [tree]) + ids(text, FENCE, [tree])) == rules


def test_a_watchdog_device_says_which_nodes_it_is_for():
    text = cib(device("watchdog", "fence_watchdog", pcmk_host_list="node1"),
               crm_config=options(**_DOG))
    found = cibs.verdict(text, "PCMK-FENCE-DEVICE").findings
    assert [one.text for one in found] == ["node node2 has no fence device"]


@pytest.mark.parametrize("values, found", [
    ({}, []), ({"stonith_enabled": "yes"}, []), ({"stonith_enabled": "0"}, ["PCMK-FENCING"]),
    ({"fencing_enabled": "off"}, ["PCMK-FENCING"]), ({"startup_fencing": "true"}, []),
    ({"startup_fencing": "false"}, ["PCMK-STARTUP-FENCING"]),
    ({"no_quorum_policy": "ignore"}, ["PCMK-QUORUM-POLICY"])])
def test_options(values, found):
    text = cib(crm_config=options(**values))
    assert [one for one in ids(text) if not one.startswith("PCMK-QUORUM-FREEZE")] == found
