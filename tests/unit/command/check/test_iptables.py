# SPDX-License-Identifier: GPL-2.0-or-later
"""iptables-save, iptables-restore's input and ipset save (iptables(8), iptables-extensions(8))."""

import pytest

from dualstor.command.check.filters import ipset, iptables

from .packets import BLIND, CLOSED, COROSYNC, DRBD, DRBD_6, OPEN, QUERY, UNKNOWN

TEXT = "*nat\n:INPUT DROP [0:0]\nCOMMIT\n*filter\n:INPUT %s [0:0]\n:MINE - [0:0]\n%s\nCOMMIT\n"
SETS = ipset.parse(
    "create peers hash:net family inet hashsize 1024 maxelem 65536\nadd peers 10.0.0.0/24\n"
    "create ports bitmap:port range 0-65535\nadd ports 7780-7790\n"
    "create both hash:ip,port family inet\nadd both 10.0.0.2,tcp:7788\n"
    "create fleeting hash:ip timeout 300\ncreate all list:set\nadd all peers\n"
    "create holes hash:net\nadd holes 10.0.0.0/8\nadd holes 10.0.0.2 nomatch\n")


def answer(text, packet=DRBD):
    return iptables.Tables(text, "/etc/sysconfig/iptables", SETS).answer(packet)


def judged(rules, policy="DROP", packet=DRBD):
    return answer(TEXT % (policy, rules), packet).result


@pytest.mark.parametrize("rules", [
    "-A INPUT -j ACCEPT", "-A INPUT -p all -j ACCEPT", "-A INPUT -p tcp -j ACCEPT",
    "-A INPUT -p tcp -m tcp --dport 7788 -j ACCEPT", "-A INPUT -p tcp --dport 7780:7790 -j ACCEPT",
    "-A INPUT -p tcp --dport :9000 -j ACCEPT", "-A INPUT -p tcp --dport 7000: -j ACCEPT",
    "-A INPUT -p 6 -m multiport --dports 22,7780:7790 -j ACCEPT",
    "-A INPUT -p tcp -m multiport --ports 7788 -j ACCEPT",
    "-A INPUT -p tcp ! --dport 22 -j ACCEPT", "-A INPUT -p tcp --dport ! 22 -j ACCEPT",
    "-A INPUT ! -p udp -j ACCEPT", "-A INPUT -p ! udp -j ACCEPT", "-A INPUT ! -i lo -j ACCEPT",
    "--append INPUT --protocol tcp --destination-port 7788 --jump ACCEPT",
    "-A INPUT --proto tcp --dst 10.0.0.1 --src 10.0.0.0/255.255.255.0 --jump ACCEPT",
    "-A INPUT -ptcp --dport=7788 -jACCEPT", "-A INPUT --in-inter eth1 -j ACCEPT",
    "-A INPUT -i eth+ -j ACCEPT", "-A INPUT -i eth1 -j ACCEPT",
    "-A INPUT -s 10.0.0.2/32 -j ACCEPT", "-A INPUT -s 10.9.0.1,10.0.0.0/24 -j ACCEPT",
    "-A INPUT ! -s 10.9.0.0/16 -j ACCEPT", "-A INPUT -d 10.0.0.1 -j ACCEPT",
    "-A INPUT -m iprange --src-range 10.0.0.1-10.0.0.9 -j ACCEPT",
    "-A INPUT -m conntrack --ctstate NEW -p tcp -j ACCEPT",
    "-A INPUT -m state --state NEW,ESTABLISHED -j ACCEPT",
    "-A INPUT -m state ! --state INVALID -j ACCEPT",
    "-A INPUT -p tcp --syn -j ACCEPT", "-A INPUT -p tcp ! --syn -j DROP\n-A INPUT -j ACCEPT",
    "-A INPUT -p tcp --tcp-flags FIN,SYN,RST,ACK SYN -j ACCEPT",
    "-A INPUT -p tcp --tcp-flags ALL NONE -j DROP\n-A INPUT -j ACCEPT",
    "-A INPUT -m addrtype --dst-type LOCAL -j ACCEPT",
    "-A INPUT -m addrtype --dst-type BROADCAST,MULTICAST -j DROP\n-A INPUT -j ACCEPT",
    "-A INPUT -m pkttype --pkt-type unicast -j ACCEPT",
    "-A INPUT -m set --match-set peers src -j ACCEPT",
    "-A INPUT -m set --match-set both src,dst -j ACCEPT",
    "-A INPUT -p tcp -m set --match-set ports dst -j ACCEPT",
    "-A INPUT -m set --match-set all src -j ACCEPT",
    "-A INPUT -m set --match-set fleeting src -j DROP\n-A INPUT -j ACCEPT",
    "-A INPUT -p tcp -m comment --comment \"-j DROP; it is not\" -j ACCEPT",
    "-A INPUT -m limit --limit 5/sec --limit-burst 9 -p tcp -j ACCEPT",
    "-A INPUT -p tcp -m recent --name x --set -j ACCEPT",
    "-A INPUT -m connlimit --connlimit-above 20 -j REJECT\n-A INPUT -j ACCEPT",
    "-A INPUT -m mark --mark 0x1/0xff -j ACCEPT", "-A INPUT -p tcp --sport 1024: -j ACCEPT",
    "-A INPUT -j LOG --log-prefix \"IN \" --log-level 4\n-A INPUT -j ACCEPT",
    "-A INPUT -j MINE\n-A MINE -p tcp -j ACCEPT", "-A INPUT -g MINE\n-A MINE -j ACCEPT",
    "-A INPUT -j MINE\n-A MINE -j RETURN\n-A INPUT -j ACCEPT",
    "-A INPUT -j REJECT\n-I INPUT -p tcp --dport 7788 -j ACCEPT",
    "-A INPUT -j LOG\n-A INPUT -j REJECT\n-I INPUT 2 -j ACCEPT",
    "-A INPUT -j REJECT\n-R INPUT 1 -j ACCEPT", "-A INPUT -j REJECT\n-D INPUT 1\n-P INPUT ACCEPT",
    "-A INPUT -j DROP\n-D INPUT -j DROP\n-A INPUT -j ACCEPT",
    "-A INPUT -j DROP\n-F INPUT\n-A INPUT -j ACCEPT",
    "[12:720] -A INPUT -c 1 2 -j ACCEPT", "# -A INPUT -j DROP\n-A INPUT -j ACCEPT",
    "-A INPUT -p udp -m geoip --src-cc XX -j DROP\n-A INPUT -j ACCEPT",
])
def test_what_opens_the_port(rules):
    assert judged(rules) == OPEN


@pytest.mark.parametrize("rules", [
    "", "-A INPUT -p udp --dport 7788 -j ACCEPT", "-A INPUT -p tcp --dport 22 -j ACCEPT",
    "-A INPUT -i lo -j ACCEPT", "-A INPUT -i eth0 -j ACCEPT", "-A INPUT -p icmp -j ACCEPT",
    "-A INPUT -m state --state RELATED,ESTABLISHED -j ACCEPT",
    "-A INPUT -s 10.9.9.9/32 -j ACCEPT", "-A INPUT ! -s 10.0.0.0/8 -j ACCEPT",
    "-A INPUT -p tcp --dport ! 7788 -j ACCEPT", "-A INPUT -p tcp ! --syn -j ACCEPT",
    "-A INPUT -p tcp --dport 7788 -j REJECT --reject-with tcp-reset\n-A INPUT -j ACCEPT",
    "-A INPUT -j MINE\n-A MINE -p tcp -j RETURN\n-A MINE -j ACCEPT",
    "-A INPUT -g MINE\n-A INPUT -j ACCEPT", "-A INPUT -m addrtype --dst-type MULTICAST -j ACCEPT",
    "-A INPUT -m set --match-set peers dst ! -s 10.0.0.2 -j ACCEPT",
    "-A INPUT -m set ! --match-set peers src -j ACCEPT", "-A INPUT -p tcp --dport 7788",
    "-A INPUT -p tcp -m multiport ! --dports 7788 -j ACCEPT",
    "-A INPUT -j ACCEPT\n-I INPUT -j DROP", "-A INPUT -j ACCEPT\n-F", "-A FORWARD -j ACCEPT",
    "-A INPUT -p udp -m geoip --src-cc XX -j ACCEPT", "-A INPUT -f -j ACCEPT",
])
def test_what_leaves_the_port_closed(rules):
    assert judged(rules) == CLOSED


@pytest.mark.parametrize("rules", [
    "-A INPUT -p tcp -m geoip --src-cc DE -j ACCEPT", "-A INPUT -s node2.example.com -j ACCEPT",
    "-A INPUT -m set --match-set nowhere src -j ACCEPT", "-A INPUT -j NFQUEUE --queue-num 0",
    "-A INPUT -m set --match-set holes src -j ACCEPT", "-A INPUT -j SURPRISE",
    "-A INPUT --dest 10.0.0.1 -j ACCEPT", "-Q INPUT", "-A INPUT -m bpf --bytecode 1 -j ACCEPT",
])
def test_what_is_not_understood_is_neither(rules):
    assert judged(rules) == UNKNOWN


@pytest.mark.parametrize("rules, packet, result", [
    ("-A INPUT -p igmp -j ACCEPT", QUERY, OPEN), ("-A INPUT -p 2 -j ACCEPT", QUERY, OPEN),
    ("-A INPUT -d 224.0.0.0/4 -j ACCEPT", QUERY, OPEN),
    ("-A INPUT -m pkttype --pkt-type multicast -j ACCEPT", QUERY, OPEN),
    ("-A INPUT -m addrtype --dst-type MULTICAST -j ACCEPT", QUERY, OPEN),
    ("-A INPUT -p tcp --dport 7788 -j ACCEPT", QUERY, CLOSED),
    ("-A INPUT -p udp -m multiport --dports 5404,5405 -j ACCEPT", COROSYNC, OPEN),
    ("-A INPUT -s fd00::/64 -j ACCEPT", DRBD_6, OPEN),
    ("-A INPUT -p ipv6-icmp -j ACCEPT", DRBD_6, CLOSED),
    ("-A INPUT -s 10.9.9.9 -j ACCEPT", BLIND, OPEN), ("-A INPUT -i lo -j ACCEPT", BLIND, CLOSED),
])
def test_other_packets(rules, packet, result):
    assert judged(rules, packet=packet) == result


@pytest.mark.parametrize("table, chain, result", [
    ("raw", "PREROUTING", CLOSED), ("mangle", "PREROUTING", CLOSED), ("mangle", "INPUT", CLOSED),
    ("mangle", "FORWARD", OPEN), ("nat", "POSTROUTING", OPEN), ("filter", "OUTPUT", OPEN)])
def test_every_table_that_a_packet_passes(table, chain, result):
    text = f"*{table}\n:{chain} ACCEPT [0:0]\n-A {chain} -p tcp --dport 7788 -j DROP\nCOMMIT\n"
    assert answer(text).result == result


def test_a_port_that_is_redirected_is_not_followed():
    text = "*nat\n:PREROUTING ACCEPT\n-A PREROUTING -p tcp --dport %s -j REDIRECT --to-ports 1\n"
    assert answer(text % 7788).result == UNKNOWN
    assert answer(text % 80).result == OPEN


def test_no_rules_and_no_table():
    assert answer("").result == OPEN and answer("# nothing\n").result == OPEN


def test_the_line_is_named():
    text = TEXT % ("ACCEPT", "-A INPUT -j LOG\n-A INPUT -j REJECT")
    assert str(answer(text).where) == "/etc/sysconfig/iptables:8"
    assert str(answer(TEXT % ("DROP", "")).where) == "/etc/sysconfig/iptables:5"


def test_a_script_of_commands():
    text = "iptables -P INPUT DROP\niptables -t filter -A INPUT -p tcp --dport 7788 -j ACCEPT\n"
    assert answer(text).result == OPEN and answer(text, COROSYNC).result == CLOSED
