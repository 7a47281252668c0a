# SPDX-License-Identifier: GPL-2.0-or-later
"""Which of a host's packet filters are asked, and about which packets."""

import pytest

from dualstor.command.check.filters import iptables, nftables, zonelists
from dualstor.command.check.filters.firewalld import Firewalld
from dualstor.command.check.parsers.where import Where
from dualstor.command.check.rules import rules
from dualstor.command.check.view import flows

from .packets import CLOSED, DRBD, OPEN

RULES = {rule.id: rule for rule in rules() if rule.area == "firewall"}
SAVED = "*filter\n:INPUT %s [0:0]\n%s\nCOMMIT\n"
OPENED = SAVED % ("ACCEPT", "")
SHUT = SAVED % ("DROP", "-A INPUT -p udp -j ACCEPT\n-A INPUT -p igmp -j ACCEPT")
ZONES = "public (default, active)\n  target: %s\n  interfaces: eth0 eth1\n"
NFT = "table %s filter {\n\tchain %s {\n\t\ttype filter hook input priority 0; policy %s;\n" \
      "\t\t%s\n\t}\n}\n"
XT = 'xt match "geoip" counter accept'


def bare(good):
    """The first host of a good pair, without any packet filter."""
    return good("corosync").silence("nftables").alone()


def result(pair, identifier="FIREWALL-DRBD"):
    """(CLOSED or OPEN, place), or ("unknown", why)."""
    verdict = pair.verdict([RULES[identifier]])
    if verdict.findings:
        return CLOSED, str(verdict.findings[0].where)
    return (OPEN, "") if not verdict.unseen else ("unknown", verdict.unseen[0].reason)


@pytest.mark.parametrize("outputs, expected", [
    ({}, "unknown"),
    ({"iptables": OPENED}, OPEN), ({"iptables": SHUT}, CLOSED),
    ({"firewalld": ZONES % "ACCEPT"}, OPEN), ({"firewalld": ZONES % "default"}, CLOSED),
    ({"nftables": NFT % ("inet", "i", "drop", "")}, CLOSED),
    ({"nftables": "", "iptables": OPENED}, OPEN),
    # the kernel's rules count more than firewalld's list
    ({"nftables": NFT % ("inet", "i", "accept", ""), "firewalld": ZONES % "default"}, OPEN),
    ({"nftables": NFT % ("inet", "i", "drop", ""), "firewalld": ZONES % "ACCEPT"}, CLOSED),
    # but it is asked where they are not understood
    ({"nftables": NFT % ("inet", "i", "drop", XT), "firewalld": ZONES % "ACCEPT"}, OPEN),
    ({"nftables": NFT % ("inet", "i", "drop", XT), "firewalld": ZONES % "default"}, CLOSED),
    ({"nftables": NFT % ("inet", "i", "drop", XT)}, "unknown"),
    ({"nftables": "nonsense {"}, "unknown"),
    # iptables-save knows the tables of iptables-nft better than nft does
    ({"nftables": NFT % ("ip", "INPUT", "drop", XT), "iptables": OPENED}, OPEN),
    ({"nftables": NFT % ("ip", "INPUT", "drop", XT), "iptables": SHUT}, CLOSED),
    ({"nftables": NFT % ("inet", "i", "drop", ""), "iptables": OPENED}, CLOSED),
    ({"nftables": NFT % ("inet", "i", "accept", ""), "iptables": SHUT}, CLOSED),
    ({"nft-json": '{"nftables": []}', "nftables": NFT % ("inet", "i", "drop", "")}, OPEN),
])
def test_which_program_counts(good, outputs, expected):
    pair = bare(good)
    for name, text in outputs.items():
        pair.answer(name, text, hosts=(0,))
    assert result(pair)[0] == expected


@pytest.mark.parametrize("files, expected", [
    ({"/etc/sysconfig/iptables": SHUT}, CLOSED), ({"/etc/iptables/rules.v4": OPENED}, OPEN),
    ({"/etc/iptables/rules.v6": SHUT}, "unknown"),
    ({"/etc/nftables.conf": NFT % ("inet", "i", "drop", "")}, CLOSED),
    ({"/etc/sysconfig/nftables.conf": 'include "/etc/nftables/main.nft"\n',
      "/etc/nftables/main.nft": NFT % ("inet", "i", "drop", "")}, CLOSED),
    ({"/etc/sysconfig/nftables.conf": '# include "/etc/nftables/main.nft"\n',
      "/etc/nftables/main.nft": NFT % ("inet", "i", "drop", "")}, OPEN),
    ({"/etc/nftables.conf": 'include "/etc/nftables/gone.nft"\n'}, "unknown"),
    ({"/etc/firewalld/zones/public.xml": "<zone/>"}, CLOSED),
    ({"/etc/firewalld/zones/public.xml": "<zone"}, "unknown"),
    ({"/etc/firewalld/firewalld.conf": "DefaultZone=trusted\n"}, "unknown"),
    ({"/etc/firewalld/firewalld.conf": "DefaultZone=trusted\n", "/etc/firewalld/zones/drop.xml":
      '<zone target="DROP"><interface name="eth7"/></zone>'}, OPEN),
    ({"/etc/firewalld/zones/public.xml": "<zone/>",
      "/etc/firewalld/zones/trusted.xml": '<zone target="ACCEPT"/>',
      "/etc/sysconfig/network-scripts/ifcfg-eth0": "DEVICE=eth0\nZONE=trusted\n"}, OPEN),
    ({"/etc/firewalld/zones/public.xml": "<zone/>",
      "/etc/firewalld/zones/trusted.xml": '<zone target="ACCEPT"/>',
      "/etc/sysconfig/network-scripts/ifcfg-eth0": "DEVICE=eth0\n"}, CLOSED),
    ({"/etc/sysconfig/iptables": SAVED % ("DROP", "-A INPUT -m set --match-set p src -j ACCEPT"),
      "/etc/sysconfig/ipset": "create p hash:net\nadd p 10.0.0.0/8\n"}, OPEN),
    ({"/etc/firewalld/zones/public.xml": '<zone><service name="drbd"/></zone>',
      "/etc/firewalld/services/drbd.xml":
      '<service><port protocol="tcp" port="7788-7799"/></service>'}, OPEN),
    ({"/etc/firewalld/zones/public.xml": "<zone/>", "/etc/firewalld/direct.xml":
      '<direct><passthrough ipv="ipv4">-A INPUT -j ACCEPT</passthrough></direct>'}, "unknown"),
])
def test_the_files_of_a_copied_tree(good, files, expected):
    pair = bare(good)
    for path, text in files.items():
        pair.write(path, text, hosts=(0,))
    assert result(pair)[0] == expected


def test_firewalld_that_does_not_run_does_not_count(good):
    pair = bare(good).write("/etc/firewalld/zones/public.xml", "<zone/>", hosts=(0,))
    assert result(pair)[0] == CLOSED
    pair.answer("firewalld", "", 252, "FirewallD is not running", hosts=(0,))
    assert result(pair)[0] == "unknown"


def test_a_file_that_cannot_be_read_is_named(good):
    for path in ("/etc/firewalld/zones/*.xml", "/etc/nftables.conf", "/etc/sysconfig/iptables"):
        pair = bare(good)._change("unreadable", (0,), lambda known, path=path: known.update(
            {path: "Permission denied"}))
        assert result(pair) == ("unknown", f"{path}: Permission denied")


def test_what_is_not_understood_is_named(good):
    pair = bare(good).answer("nftables", NFT % ("inet", "i", "drop", XT), hosts=(0,))
    assert result(pair)[1] == "firewall: nftables:4 is not understood"


# -- the packets ----------------------------------------------------------------------------


def seen(packets):
    return [(one.protocol, one.port, str(one.source), str(one.destination), one.interface)
            for one in packets]


def test_the_packets_of_a_pair(good):
    host = good("corosync").cluster.hosts[0]
    assert seen(flows.drbd(host)) == [("tcp", 7788, "10.77.0.2", "10.77.0.1", "eth0")]
    assert seen(flows.cluster(host, "udp", {0: 5405})) == [
        ("udp", 5405, "10.77.0.2", "10.77.0.1", "eth0")]


def test_each_path_of_drbd_has_its_own_ends(good):
    path = "path { host node1 address 10.%d.0.1:7788; host node2 address 10.%d.0.2:7788; } "
    pair = good("corosync").edit("/etc/drbd.d/r0.res", "\ton node1", "\tconnection { "
                                 + path % (77, 77) + path % (99, 99) + "}\n\ton node1")
    assert seen(flows.drbd(pair.cluster.hosts[0])) == [
        ("tcp", 7788, "10.77.0.2", "10.77.0.1", "eth0"),
        ("tcp", 7788, "10.99.0.2", "10.99.0.1", None)]


MULTICAST = """\
totem {
	version: 2
	transport: udp
	interface {
		ringnumber: 0
		bindnetaddr: 10.77.0.0
		mcastaddr: 239.192.0.1
	}
}
"""


@pytest.mark.parametrize("rules, expected", [
    ("-A INPUT -p udp --dport 5405 -j ACCEPT", OPEN),
    ("-A INPUT -d 239.192.0.0/14 -p udp -j ACCEPT", CLOSED),
    ("-A INPUT -m pkttype --pkt-type multicast -j DROP\n-A INPUT -p udp -j ACCEPT", CLOSED),
    ("-A INPUT -s 10.77.0.0/24 -d 10.77.0.0/24,239.192.0.1 -p udp -j ACCEPT", OPEN),
])
def test_the_engine_sends_to_the_group_and_to_the_host(good, rules, expected):
    pair = bare(good).write("/etc/corosync/corosync.conf", MULTICAST, hosts=(0,)).answer(
        "iptables", SAVED % ("DROP", rules), hosts=(0,))
    assert result(pair, "FIREWALL-COROSYNC")[0] == expected


def test_what_is_not_known_of_a_packet_is_left_open(good):
    host = good("corosync").silence("ip-addr").cluster.hosts[0]
    assert seen(flows.drbd(host)) == [("tcp", 7788, "10.77.0.2", "10.77.0.1", None)]


@pytest.mark.parametrize("rule, expected", [
    ("-A INPUT -s 10.77.0.0/24 -p tcp -j ACCEPT", OPEN),
    ("-A INPUT -s 10.79.0.0/24 -p tcp -j ACCEPT", CLOSED),
    ("-A INPUT -d 10.78.0.0/24 -p tcp -j ACCEPT", CLOSED),
    ("-A INPUT -i lo -j ACCEPT", CLOSED),
])
def test_where_a_packet_comes_from_counts(good, rule, expected):
    assert result(bare(good).answer("iptables", SAVED % ("DROP", rule), hosts=(0,)))[0] == expected


def test_ports_that_follow_each_other_are_one_finding(good):
    pair = bare(good).answer("iptables", SHUT.replace("-p udp", "-p icmp"), hosts=(0,))
    for node in ("1", "2"):
        pair.edit("/etc/corosync/corosync.conf", f"ring0_addr: 10.77.0.{node}",
                  f"ring0_addr: 10.77.0.{node}\n\t\tring1_addr: 10.78.0.{node}", hosts=(0,))
    verdict = pair.verdict([RULES["FIREWALL-COROSYNC"]])
    assert [one.text for one in verdict.findings] == ["udp port 5405-5406 is closed"]
    assert "--add-port=5405-5406/udp" in verdict.findings[0].fix
    assert "--dport 5405:5406" in verdict.findings[0].fix


def test_each_link_has_its_own_port_and_interface(good):
    pair = bare(good).answer("iptables", SAVED % ("DROP", (
        "-A INPUT -i eth0 -p udp --dport 5405 -j ACCEPT\n"
        "-A INPUT -i eth1 -p udp --dport 5406 -j ACCEPT\n"
        "-A INPUT -i eth0 -p tcp --dport 21064 -j ACCEPT")), hosts=(0,))
    for node in ("1", "2"):
        pair.edit("/etc/corosync/corosync.conf", f"ring0_addr: 10.77.0.{node}",
                  f"ring0_addr: 10.77.0.{node}\n\t\tring1_addr: 10.78.0.{node}", hosts=(0,))
    assert result(pair, "FIREWALL-COROSYNC")[0] == OPEN
    assert result(pair, "FIREWALL-DLM")[0] == OPEN, "over TCP it uses the first link alone"


def test_the_ports_of_links(good):
    link = "totem {\n\tinterface {\n\t\tlinknumber: 0\n\t\tmcastport: 5500\n\t}"
    pair = good("corosync").edit("/etc/corosync/corosync.conf", "totem {", link)
    from dualstor.command.check.rules.firewall import engine_ports
    assert engine_ports(pair.cluster.hosts[0]) == {0: 5500}


# -- the advice -------------------------------------------------------------------------------


def test_what_is_advised_opens_the_port():
    """The lines of the fix, where it says, in the words of each program."""
    fix = RULES["FIREWALL-DRBD"].fix_with(
        {"port": "7788", "range": "7788", "protocol": "tcp", "file": "F"})
    line = "-A INPUT -p tcp --dport 7788 -j ACCEPT"
    assert line in fix
    assert iptables.Tables(SAVED % ("DROP", line), "f").answer(DRBD).result == OPEN
    assert "`tcp dport 7788 accept`" in fix
    text = NFT % ("inet", "i", "drop", "tcp dport 7788 accept")
    assert nftables.parse({"f": text}, "f").answer(DRBD, Where("f")).result == OPEN
    assert "`firewall-cmd --permanent --add-port=7788/tcp`" in fix
    zones, _ = zonelists.listed(ZONES % "default" + "  ports: 7788/tcp\n", "f")
    assert Firewalld(zones=zones, where=Where("f"), bound=True).answer(DRBD).result == OPEN
