# SPDX-License-Identifier: GPL-2.0-or-later
"""firewalld: what firewall-cmd lists, and its files."""

import pytest

from dualstor.command.check.filters import ipset, zonefiles, zonelists
from dualstor.command.check.filters.firewalld import Firewalld
from dualstor.command.check.filters.zones import built_in
from dualstor.command.check.parsers.where import Where

from .packets import BLIND, CLOSED, COROSYNC, DRBD, DRBD_6, OPEN, QUERY, UNKNOWN

SETS = ipset.parse("create peers hash:net\nadd peers 10.0.0.0/24\n")
LIST = """\
block
  target: %%REJECT%%

public{attributes}
  target: {target}
  icmp-block-inversion: no
  interfaces: {interfaces}
  sources: {sources}
  services: {services}
  ports: {ports}
  protocols: {protocols}
  forward: yes
  masquerade: no
  forward-ports: {forward}
  source-ports:{space}
  icmp-blocks:{space}
  rich rules:{space}
\t{rules}
"""
VALUES = dict(attributes=" (default, active)", target="default", interfaces="eth1", sources="",
              services="", ports="", protocols="", forward="", rules="", space=" ")


def shown(text, **more):
    zones, default = zonelists.listed(text, "firewall-cmd --list-all-zones")
    settings = dict(zones=zones, where=Where("firewall-cmd"), default=default or "public",
                    bound=True, sets=SETS)
    return Firewalld(**dict(settings, **more))


def listed(packet=DRBD, **values):
    return shown(LIST.format(**dict(VALUES, **values))).answer(packet).result


@pytest.mark.parametrize("values, result", [
    ({}, CLOSED), ({"ports": "7788/tcp"}, OPEN), ({"ports": "22/tcp 7780-7790/tcp"}, OPEN),
    ({"ports": "7788/udp"}, CLOSED), ({"services": "ssh high-availability"}, CLOSED),
    ({"protocols": "tcp"}, OPEN), ({"target": "ACCEPT"}, OPEN), ({"target": "DROP"}, CLOSED),
    ({"services": "surprise"}, UNKNOWN), ({"services": "surprise", "ports": "7788/tcp"}, OPEN),
    ({"interfaces": "eth0"}, CLOSED), ({"sources": "10.0.0.0/24", "target": "ACCEPT"}, OPEN),
    ({"forward": "port=7788:proto=tcp:toport=7789:toaddr=", "ports": "7788/tcp"}, CLOSED),
    ({"forward": "port=22:proto=tcp:toport=7789:toaddr=", "ports": "7788/tcp"}, OPEN),
    ({"attributes": " (active)", "ports": "7788/tcp"}, OPEN),
])
def test_a_list(values, result):
    assert listed(**values) == result


@pytest.mark.parametrize("rules, result", [
    ('rule family="ipv4" port port="7788" protocol="tcp" accept', OPEN),
    ('rule family="ipv6" port port="7788" protocol="tcp" accept', CLOSED),
    ('rule port port="7788" protocol="tcp" accept', OPEN),
    ('rule family="ipv4" source address="10.0.0.2" accept', OPEN),
    ('rule family="ipv4" source address="10.0.0.2" reject', CLOSED),
    ('rule family="ipv4" source address="10.9.0.0/16" accept', CLOSED),
    ('rule family="ipv4" source NOT address="10.9.0.0/16" accept', OPEN),
    ('rule family="ipv4" source address="10.0.0.0/24" invert="True" accept', CLOSED),
    ('rule family="ipv4" source ipset="peers" accept', OPEN),
    ('rule family="ipv4" source ipset="nowhere" accept', UNKNOWN),
    ('rule family="ipv4" source mac="00:11:22:33:44:55" accept', OPEN),
    ('rule family="ipv4" destination address="10.0.0.1" accept', OPEN),
    ('rule family="ipv4" destination address="10.0.0.9" accept', CLOSED),
    ('rule service name="ssh" accept', CLOSED), ('rule protocol value="tcp" accept', OPEN),
    ('rule protocol value="igmp" accept', CLOSED), ('rule masquerade', CLOSED),
    ('rule port port="7788" protocol="tcp" log prefix="x" level="info" limit value="1/m" accept',
     OPEN),
    ('rule port port="7788" protocol="tcp" log prefix="accept"', CLOSED),
    ('rule port port="7788" protocol="tcp" accept limit value="1/m"', OPEN),
    ('rule port port="7788" protocol="tcp" drop\n\trule family="ipv4" '
     'source address="10.0.0.2" accept', CLOSED),
    ('rule priority="-1" family="ipv4" source address="10.0.0.2" accept\n\t'
     'rule port port="7788" protocol="tcp" drop', OPEN),
    ('rule priority="32767" drop\n\trule port port="7788" protocol="tcp" accept', OPEN),
    ('rule priority="-5" reject type="icmp-host-prohibited"\n\trule protocol value="tcp" accept',
     CLOSED),
    ('rule port port="7788" protocol="tcp" mark set="1"', CLOSED),
    ('rule source-port port="1024-65535" protocol="tcp" accept', OPEN),
    ('rule forward-port port="22" protocol="tcp" to-port="2222"', CLOSED),
    ('rule icmp-block name="echo-request"', CLOSED),
    ('rule surprise name="x" accept', UNKNOWN),
])
def test_rich_rules(rules, result):
    assert listed(rules=rules) == result
    text = '<zone>' + "".join(_xml(rule) for rule in rules.split("\n\t")) + "</zone>"
    assert filed({"public": text}).answer(DRBD).result == result, "as a zone's file, too"


def _xml(rule):
    """A rich rule as firewalld writes it into a file."""
    parts = zonelists.rich_rule(rule, Where("f")).parts

    def element(name, values, inner=""):
        listed = "".join(f' {key}="{value}"' for key, value in values.items())
        return f"<{name}{listed}>{inner}</{name}>"
    return element("rule", parts[0][1], "".join(element(*part) for part in parts[1:]))


def filed(texts, **more):
    zones = [zonefiles.settings(text, f"/etc/firewalld/zones/{name}.xml")
             for name, text in texts.items()]
    if "public" not in texts:
        zones.append(built_in("public", Where("/etc/firewalld/zones/")))
    return Firewalld(**dict(dict(zones=tuple(zones), where=Where("/etc/firewalld/zones/"),
                                 sets=SETS), **more))


OPENED = '<zone><port port="7788" protocol="tcp"/></zone>'
EMPTY = '<zone><service name="ssh"/></zone>'


@pytest.mark.parametrize("texts, result", [
    ({"public": OPENED}, OPEN), ({"public": EMPTY}, CLOSED),
    ({"public": '<zone target="ACCEPT"/>'}, OPEN), ({"public": '<zone target="DROP"/>'}, CLOSED),
    ({"public": '<zone><protocol value="tcp"/></zone>'}, OPEN),
    ({"public": '<zone><port port="7000-8000" protocol="tcp"/></zone>'}, OPEN),
    ({"public": '<zone><port port="7788" protocol="udp"/></zone>'}, CLOSED),
    ({"public": '<zone><service name="mine"/></zone>'}, OPEN),
    ({"public": '<zone><service name="surprise"/></zone>'}, UNKNOWN),
    ({"public": '<zone><rule><port port="7788" protocol="tcp"/><drop/></rule></zone>'}, CLOSED),
    ({"public": '<zone><rule family="ipv4"><source address="10.0.0.0/24"/><accept/></rule></zone>'},
     OPEN),
    ({"public": EMPTY, "trusted": '<zone target="ACCEPT"><source address="10.0.0.0/24"/></zone>'},
     OPEN),
    ({"public": EMPTY, "trusted": '<zone target="ACCEPT"><source address="10.9.0.0/24"/></zone>'},
     CLOSED),
    ({"public": EMPTY, "trusted": '<zone target="ACCEPT"><source ipset="peers"/></zone>'}, OPEN),
    ({"public": EMPTY, "trusted": '<zone target="ACCEPT"><interface name="eth1"/></zone>'}, OPEN),
    ({"public": EMPTY, "trusted": '<zone target="ACCEPT"><interface name="eth0"/></zone>'}, CLOSED),
    ({"public": OPENED, "drop": '<zone target="DROP"><source address="10.0.0.2"/></zone>'}, CLOSED),
    ({"public": OPENED, "block": '<zone target="%%REJECT%%"><interface name="eth1"/></zone>'},
     CLOSED),
    ({"public": EMPTY, "internal": OPENED}, UNKNOWN),   # NetworkManager may bind an interface to it
    ({"public": OPENED, "internal": EMPTY}, UNKNOWN),
    ({"public": EMPTY, "internal": EMPTY}, CLOSED), ({"internal": EMPTY}, CLOSED),
    ({"public": OPENED, "internal": OPENED}, OPEN),
    ({"public": '<zone><port port="7788" protocol="tcp"/>'
                '<forward-port port="7788" protocol="tcp" to-port="1"/></zone>'}, CLOSED),
])
def test_zone_files(texts, result):
    own = zonefiles.services({"/etc/firewalld/services/mine.xml":
                              '<service><port port="7788" protocol="tcp"/></service>'})
    assert filed(texts, services=own).answer(DRBD).result == result


@pytest.mark.parametrize("zone, packet, result", [
    ('<zone><service name="high-availability"/></zone>', COROSYNC, OPEN),
    ('<zone><service name="rhcs"/></zone>', COROSYNC, OPEN), (EMPTY, COROSYNC, CLOSED),
    ('<zone><protocol value="igmp"/></zone>', QUERY, OPEN),
    ('<zone><protocol value="2"/></zone>', QUERY, OPEN), (OPENED, QUERY, CLOSED),
    (OPENED, DRBD_6, OPEN), (OPENED, BLIND, OPEN),
    ('<zone><rule family="ipv4"><port port="7788" protocol="tcp"/><accept/></rule></zone>', DRBD_6,
     CLOSED),
])
def test_other_packets(zone, packet, result):
    assert filed({"public": zone}).answer(packet).result == result


def test_a_packet_drifts_to_the_zone_of_its_interface_if_firewalld_is_told_so():
    texts = {"public": OPENED, "work": '<zone><source address="10.0.0.0/24"/></zone>'}
    assert filed(texts).answer(DRBD).result == CLOSED
    assert filed(texts, drifts=True).answer(DRBD).result == OPEN


@pytest.mark.parametrize("policy, result", [
    ('<policy target="ACCEPT"><ingress-zone name="ANY"/><egress-zone name="HOST"/></policy>', OPEN),
    ('<policy target="CONTINUE"><ingress-zone name="ANY"/><egress-zone name="HOST"/></policy>',
     CLOSED),
    ('<policy target="CONTINUE"><ingress-zone name="public"/><egress-zone name="HOST"/>'
     '<port port="7788" protocol="tcp"/></policy>', OPEN),
    ('<policy target="ACCEPT"><ingress-zone name="ANY"/><egress-zone name="ANY"/></policy>',
     CLOSED),
    ('<policy target="ACCEPT"><ingress-zone name="work"/><egress-zone name="HOST"/></policy>',
     CLOSED),
    ('<policy priority="10" target="ACCEPT"><ingress-zone name="ANY"/><egress-zone name="HOST"/>'
     '</policy>', OPEN),
])
def test_policies(policy, result):
    policies = (zonefiles.settings(policy, "/etc/firewalld/policies/p.xml"),)
    assert filed({"public": EMPTY}, policies=policies).answer(DRBD).result == result


def test_policies_of_a_list():
    text = ("allow-host-ipv6 (active)\n  priority: -15000\n  target: CONTINUE\n"
            "  ingress-zones: ANY\n  egress-zones: HOST\n  rich rules: \n"
            '\trule family="ipv6" icmp-type name="neighbour-advertisement" accept\n\n'
            "mine (active)\n  priority: -1\n  target: DROP\n  ingress-zones: public\n"
            "  egress-zones: HOST\n  ports: \n")
    policies, _ = zonelists.listed(text, "firewall-cmd --list-all-policies")
    assert [one.name for one in policies] == ["allow-host-ipv6", "mine"]
    found = filed({"public": OPENED}, policies=policies).answer(DRBD)
    assert (found.result, str(found.where)) == (CLOSED, "firewall-cmd --list-all-policies:9")
    off, _ = zonelists.listed("mine (active, disabled)\n  target: DROP\n", "f")
    assert off == ()


@pytest.mark.parametrize("direct, result", [
    ('<rule ipv="ipv4" table="filter" chain="INPUT" priority="0">-p tcp --dport 7788 -j ACCEPT'
     '</rule>', UNKNOWN),
    ('<rule ipv="ipv4" table="filter" chain="INPUT_direct" priority="0">-j ACCEPT</rule>', UNKNOWN),
    ('<rule ipv="ipv4" table="filter" chain="INPUT" priority="0">-p tcp --dport 22 -j ACCEPT'
     '</rule>', CLOSED),
    ('<rule ipv="ipv4" table="filter" chain="FORWARD" priority="0">-j ACCEPT</rule>', CLOSED),
    ('<rule ipv="ipv6" table="filter" chain="INPUT" priority="0">-j ACCEPT</rule>', CLOSED),
    ('<passthrough ipv="ipv4">-A INPUT -p tcp -j ACCEPT</passthrough>', UNKNOWN),
    ('<passthrough ipv="ipv4">-I INPUT -p udp -j ACCEPT</passthrough>', CLOSED),
    ('<passthrough ipv="ipv4">-t filter -P INPUT ACCEPT</passthrough>', UNKNOWN),
])
def test_direct_rules_are_not_followed(direct, result):
    rules = zonefiles.direct(f"<direct>{direct}</direct>", "/etc/firewalld/direct.xml")
    assert filed({"public": EMPTY}, direct=rules).answer(DRBD).result == result


def test_direct_rules_of_a_list():
    rules = zonelists.listed_direct("ipv4 filter INPUT 0 -p tcp --dport 7788 -j ACCEPT\n", "f")
    assert filed({"public": EMPTY}, direct=rules).answer(DRBD).result == UNKNOWN


def test_a_zone_that_no_interface_is_in_opens_nothing():
    text = "public (default)\n  target: default\n  interfaces: \n\ntrusted\n  target: ACCEPT\n"
    assert shown(text).answer(DRBD).result == CLOSED


@pytest.mark.parametrize("text", ["", "<zone>", "<service/>", "no XML"])
def test_another_file_is_no_zone(text):
    assert zonefiles.settings(text, "/etc/firewalld/zones/public.xml") is None


def test_sets_and_settings_of_files():
    found = zonefiles.ipsets({"/etc/firewalld/ipsets/peers.xml":
                              '<ipset type="hash:ip"><entry>10.0.0.2</entry></ipset>'})
    assert found["peers"].entries == ("10.0.0.2",)
    assert zonefiles.value("# DefaultZone=no\nDefaultZone = work\n", "DefaultZone") == "work"
    assert zonefiles.device("/etc/sysconfig/network-scripts/ifcfg-eth7", "ZONE=work\n") == "eth7"
