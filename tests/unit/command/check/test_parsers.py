# SPDX-License-Identifier: GPL-2.0-or-later
"""The parsers with line numbers, filters of LVM and of packets."""

import pytest

from dualstor.command.check.parsers import (
    corosyncconf,
    firewalld,
    iptables,
    lvmconf,
    nftables,
    xml,
)
from dualstor.command.check.view.lvm import passes
from dualstor.command.check.view.seen import Unavailable


def test_lvm_conf_keeps_lines_lists_and_paths():
    settings, problems = lvmconf.parse(
        '# locking_type = 1\nglobal {\n\tlocking_type = 3 # clvmd\n}\n'
        'devices/filter = [ "a|\\"x\\"|",\n "r|.*|" ]\nactivation { a { b = "c" } }\n', "f")
    assert problems == ()
    assert settings["global/locking_type"][0] == "3"
    assert str(settings["global/locking_type"][1]) == "f:3"
    assert settings["devices/filter"][0] == ('a|"x"|', "r|.*|")
    assert settings["activation/a/b"][0] == "c"


def test_lvm_conf_may_have_single_quotes():
    settings, problems = lvmconf.parse("devices { dir = '/dev'\nfilter = ['a|/dev/x|'] }", "f")
    assert problems == ()
    assert settings["devices/dir"][0] == "/dev" and settings["devices/filter"][0] == ("a|/dev/x|",)


@pytest.mark.parametrize("text, line, says", [
    ("global {\nlocking_type = 3\n", 1, "no closing brace"),
    ("global {\n}\n}\n", 3, "closing brace that nothing opened"),
    ("a = [ \"x\"\n}\n", 2, "list is not closed"),
    ("global {\n\tlocking_type\n}\n", 2, "neither a setting nor a section"),
    ("a = \n", 1, "value is missing"),
    ("x = \"open\n", 1, "value is missing"),
])
def test_lvm_conf_reports_the_line_of_a_mistake(text, line, says):
    problems = lvmconf.parse(text, "f")[1]
    assert [(p.where.line, says in p.text) for p in problems][:1] == [(line, True)]


def test_corosync_conf_keeps_lines_and_repeated_sections():
    top, problems = corosyncconf.parse(
        "totem {\n  version: 2\n  interface {\n    bindnetaddr: 10.0.0.0\n  }\n  interface {\n"
        "    bindnetaddr: fd00::\n  }\n}\n", "f")
    rings = top.first("totem").named("interface")
    assert problems == ()
    assert [r.get("bindnetaddr") for r in rings] == ["10.0.0.0", "fd00::"]
    assert str(rings[1].at("bindnetaddr")) == "f:7"
    assert str(rings[1].at("mcastport")) == "f:6", "where the section begins"


def test_xml_that_is_broken_is_read_as_far_as_possible():
    root, problems = xml.parse("<a>\n<b c='1'>\n</a>\n", "f")
    assert root.find("b").get("c") == "1"
    assert len(problems) == 1 and problems[0].where.line == 3


def test_xml_of_another_encoding_keeps_its_lines():
    root, problems = xml.parse('<?xml version="1.0"\n encoding="latin1"?>\n<a>\n <b/>\n</a>', "f")
    assert problems == () and root.find("b").sourceline == 4


@pytest.mark.parametrize("patterns, device, through", [
    (("a|^/dev/drbd.*|", "r|.*|"), "/dev/drbd0", True),
    (("a|^/dev/drbd.*|", "r|.*|"), "/dev/sda1", False),
    (("r|/dev/sdb|",), "/dev/sdb1", False),
    (("r|/dev/sdb$|",), "/dev/sdb1", True),
    (("r/sda/", "a/.*/"), "/dev/sda", False),
    (("a|.*/|",), "/dev/sdb", True),
    ((), "/dev/sdb", True),
    (("r(/dev/sd[bc])",), "/dev/sdc", False),
])
def test_the_first_pattern_that_matches_decides(patterns, device, through):
    assert passes(patterns, (device,)) is through


def test_one_accepted_name_of_a_device_is_enough():
    """LVM continues with the other names: one rejected hides nothing if another is accepted."""
    names = ("/dev/sdb", "/dev/disk/by-id/scsi-1")
    assert passes(("r|^/dev/sdb$|", "a|.*|"), names)
    assert not passes(("r|^/dev/sdb$|",), names)
    assert not passes(("a|^/dev/drbd|", "r|.*|"), names)


@pytest.mark.parametrize("pattern", ["/dev/sdb", "", "a", "a|x", "r|[|", "x|.*|"])
def test_a_pattern_of_another_form_is_not_evaluated(pattern):
    with pytest.raises(Unavailable):
        passes((pattern,), ("/dev/sdb",))


IPTABLES = "*nat\n:INPUT DROP [0:0]\nCOMMIT\n*filter\n:INPUT %s [0:0]\n%s\nCOMMIT\n"


@pytest.mark.parametrize("policy, rules, admitted", [
    ("ACCEPT", "", True),
    ("DROP", "", False),
    ("DROP", "-A INPUT -p tcp -m tcp --dport 7788 -j ACCEPT", True),
    ("DROP", "-A INPUT -p 6 -m multiport --dports 22,7780:7790 -j ACCEPT", True),
    ("DROP", "-A INPUT -p udp -m udp --dport 7788 -j ACCEPT", False),
    ("DROP", "-A INPUT -i lo -j ACCEPT", False),
    ("DROP", "-A INPUT -m state --state RELATED,ESTABLISHED -j ACCEPT", False),
    ("DROP", "-A INPUT -m conntrack --ctstate NEW -p tcp -j ACCEPT", True),
    ("DROP", "-A INPUT -s 10.0.0.2/32 -j ACCEPT", True),
    ("ACCEPT", "-A INPUT -j REJECT --reject-with icmp-host-prohibited", False),
    ("ACCEPT", "-A INPUT -s 10.9.9.9/32 -j DROP", True),
    ("ACCEPT", "-A INPUT -p tcp -m tcp --dport 7788 -j DROP", False),
    ("DROP", "-A INPUT -j MINE\n-A MINE -p tcp -j ACCEPT", True),
    ("DROP", "-A INPUT -j MINE\n-A MINE -p tcp -j RETURN\n-A MINE -j ACCEPT", False),
    ("ACCEPT", "-A INPUT -j LOG --log-prefix \"x y\"", True),
    ("DROP", "-A INPUT -p all -j ACCEPT", True),
])
def test_iptables(policy, rules, admitted):
    assert iptables.admits(IPTABLES % (policy, rules), "tcp", 7788) is admitted


NFT = "table %s filter {\n\tchain input {\n\t\ttype filter hook input priority 0; policy %s;\n" \
      "\t\t%s\n\t}\n\tchain mine {\n\t\ttcp dport 7788 accept\n\t}\n}\n"


@pytest.mark.parametrize("family, policy, rule, admitted", [
    ("inet", "accept", "", True),
    ("inet", "drop", "", False),
    ("ip6", "drop", "", True),
    ("inet", "drop", "tcp dport { 22, 7780-7790 } accept", True),
    ("inet", "drop", "tcp dport 22 accept", False),
    ("inet", "drop", "tcp dport @cluster accept", True),
    ("inet", "drop", "meta l4proto { tcp, udp } th dport 7788 accept", True),
    ("inet", "drop", "ct state vmap { established : accept, related : accept, invalid : drop }",
     False),
    ("inet", "drop", "ct state new tcp dport 7788 counter packets 1 bytes 2 accept", True),
    ("inet", "drop", "iifname \"lo\" accept", False),
    ("inet", "drop", "jump mine", True),
    ("inet", "drop", "ip saddr 10.9.9.9 goto mine", True),
    ("inet", "accept", "counter reject with icmp type host-prohibited", False),
    ("inet", "accept", "ip saddr 10.9.9.9 drop", True),
    ("ip", "accept", "ip protocol tcp drop comment \"no tcp\"", False),
])
def test_nftables(family, policy, rule, admitted):
    assert nftables.admits(NFT % (family, policy, rule), "tcp", 7788) is admitted


ZONE = "block\n  target: %%REJECT%%\n\npublic (active)\n  target: default\n  services: ssh %s\n" \
       "  ports: %s\n  protocols: %s\n  rich rules: \n\t%s\n"


@pytest.mark.parametrize("services, ports, protocols, rule, admitted", [
    ("", "", "", "", False),
    ("", "7788/tcp", "", "", True),
    ("", "7780-7790/tcp", "", "", True),
    ("", "7788/udp", "", "", False),
    ("high-availability", "", "", "", False),
    ("", "", "tcp", "", True),
    ("", "", "", 'rule family="ipv4" port port="7788" protocol="tcp" accept', True),
    ("", "", "", 'rule family="ipv4" source address="10.0.0.2" accept', True),
    ("", "", "", 'rule family="ipv4" source address="10.0.0.2" reject', False),
])
def test_firewalld(services, ports, protocols, rule, admitted):
    assert firewalld.admits(ZONE % (services, ports, protocols, rule), "tcp", 7788) is admitted


def test_firewalld_knows_the_service_of_clusters():
    text = ZONE % ("high-availability", "", "", "")
    assert firewalld.admits(text, "udp", 5405) and firewalld.admits(text, "tcp", 21064)


def test_a_zone_that_is_not_active_opens_nothing():
    assert firewalld.admits("public\n  target: ACCEPT\n", "tcp", 7788) is False


def test_a_zone_file():
    text = '<zone><service name="high-availability"/><port protocol="tcp" port="7788"/></zone>'
    assert firewalld.file_admits(text, "z", "tcp", 7788)
    assert firewalld.file_admits(text, "z", "udp", 5405)
    assert not firewalld.file_admits(text, "z", "tcp", 7789)
