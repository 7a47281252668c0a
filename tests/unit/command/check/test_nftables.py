# SPDX-License-Identifier: GPL-2.0-or-later
"""nftables: files for ``nft -f``, ``nft list ruleset`` and its JSON.

The forms are those of nft(8) and of nftables' own tests (tests/py, tests/shell).
"""

import json

import pytest

from dualstor.command.check.filters import nftables, nftjson
from dualstor.command.check.filters.nfttokens import NotUnderstood
from dualstor.command.check.parsers.where import Where

from .packets import BLIND, CLOSED, COROSYNC, DRBD, DRBD_6, OPEN, QUERY, UNKNOWN

TABLE = """\
table {family} filter {{
\tset peers {{
\t\ttype ipv4_addr; flags interval
\t\telements = {{ 10.0.0.0/30,
\t\t\t10.9.0.1-10.9.0.9 }}
\t}}
\tset others {{ type ipv4_addr; elements = {{ 10.5.5.5 timeout 1h }}; }}
\tset seen {{ type ipv4_addr; flags dynamic,timeout; timeout 5m; }}
\tset ports {{ typeof tcp dport
\t\telements = {{ 22, 7788 }} }}
\tmap verdicts {{ type inet_service : verdict; elements = {{ 22 : accept, 7788 : jump mine }} }}
\tchain input {{
\t\ttype filter hook input priority filter - 5; policy {policy};
\t\t{rules}
\t}}
\tchain mine {{
\t\ttcp dport 7788 accept
\t}}
\tchain back {{ return }}
}}
"""


def answer(text, packet=DRBD, files=()):
    path = "/etc/nftables.conf"
    return nftables.parse(dict(files, **{path: text}), path).answer(packet, Where(path))


def judged(rules, packet=DRBD, policy="drop", family="inet"):
    return answer(TABLE.format(family=family, policy=policy, rules=rules), packet).result


@pytest.mark.parametrize("rules", [
    "accept",
    "tcp dport 7788 accept", "tcp dport { 22, 7780-7790 } accept", "tcp dport {22,7788} accept",
    "tcp dport 7000-8000 accept", "tcp dport >= 1024 accept", "tcp dport != 22 accept",
    "tcp dport @ports accept", "tcp dport vmap @verdicts",
    "tcp dport vmap { 22 : drop, 7788 : accept }", "tcp dport vmap { 22: drop, * : accept }",
    "tcp dport vmap { 7000-8000 : goto mine }",
    "meta l4proto { tcp, udp } th dport 7788 accept", "ip protocol tcp accept",
    "meta l4proto . th dport { tcp . 22, tcp . 7788 } accept", "@th,16,16 7788 accept",
    "ip saddr . tcp dport { 10.0.0.2 . 7788 } accept",
    "ip saddr . meta l4proto . th dport vmap { 10.0.0.0/24 . tcp . 7788 : accept }",
    "iifname \"eth1\" accept", "iifname eth* accept", "iif eth1 accept", "iif != lo accept",
    "iifname . ip saddr { \"eth1\" . 10.0.0.2 } accept", "iifname { \"eth0\", \"eth1\" } accept",
    "ip saddr 10.0.0.0/24 accept", "ip saddr @peers accept", "ip saddr != @others accept",
    "ip saddr 10.0.0.1-10.0.0.9 tcp dport 7788 counter packets 1 bytes 2 accept comment \"a; b\"",
    "ip daddr 10.0.0.1 accept", "ct state new accept", "ct state { new, established } accept",
    "ct state new,untracked tcp dport 7788 log prefix \"drop \" level info accept",
    "ct state vmap { established : accept, invalid : drop }\n\t\ttcp dport 7788 accept",
    "ct state != established accept", "ct state & (new|related) != 0 accept",
    "ct status dnat drop; accept", "ct direction original accept",
    "tcp flags syn / fin,syn,rst,ack tcp dport 7788 accept",
    "tcp flags & (fin | syn | rst | ack) == syn accept", "tcp flags != syn drop; accept",
    "tcp flags & (fin|syn) == (fin|syn) drop; tcp flags & (syn|rst) == syn|rst drop; accept",
    "fib daddr type local accept", "fib daddr . iif type != local drop; accept",
    "fib saddr . iif oif missing drop; accept", "fib saddr . iif oif eq 0 drop; accept",
    "meta nfproto ipv6 drop; accept", "meta pkttype { broadcast, multicast } drop; accept",
    "meta pkttype host accept",
    "jump mine", "goto mine", "jump back; accept", "jump back\n\t\tgoto mine",
    "meta mark set 0x1 accept", "ct mark set meta mark; meta mark set ct mark; accept",
    "iif \"lo\" ip dscp set af23; tcp dport 7788 accept", "meta nftrace set 1; accept",
    "tcp dport 7788 limit rate 400/hour burst 5 packets accept",
    "tcp dport 7788 ct count over 20 drop; accept", "ip saddr @seen drop; accept",
    "tcp dport 7788 add @seen { ip saddr timeout 1m } accept", "counter name hits accept",
    "tcp dport \\\n7788 \\\n\t\taccept", "tcp dport {\n\t\t22, # ssh\n\t\t7788\n\t\t} accept",
    "ether saddr 00:11:22:33:44:55 accept", "meta mark 0x1 accept", "tcp sport > 1023 accept",
])
def test_what_opens_the_port(rules):
    assert judged(rules) == OPEN


@pytest.mark.parametrize("rules", [
    "", "tcp dport 22 accept", "udp dport 7788 accept", "iif lo accept", "iifname \"eth0\" accept",
    "tcp dport { 22, 7789 } accept", "tcp dport != 7788 accept", "tcp dport vmap { 22 : accept }",
    "ip saddr 10.0.1.0/24 accept", "ip saddr { 10.0.0.3, 10.0.0.4 } accept",
    "ip saddr @others accept", "ip6 saddr fd00::/8 accept", "icmp type echo-request accept",
    "ct state established,related accept", "ct state invalid drop",
    "ct state vmap { established : accept, related : accept, invalid : drop }",
    "tcp dport 7788 drop\n\t\taccept", "tcp dport 7788 reject with tcp reset; accept",
    "tcp dport 7788 jump back", "tcp dport 22 foo bar accept", "udp dport 7788 foo bar",
    "tcp flags != syn accept", "fib daddr type multicast accept", "meta pkttype multicast accept",
    "ct status dnat accept", "ip protocol { udp, igmp } accept", "tcp dport vmap { 7788 : drop }",
    "tcp dport < 1024 accept", "udp sport 7788 accept", "jump unknown-chain",
    "log prefix \"accept \" counter", "comment \"accept\"",
    "limit rate 5/minute burst 5 packets log prefix \"x\"",
])
def test_what_leaves_the_port_closed(rules):
    assert judged(rules) == CLOSED


@pytest.mark.parametrize("rules", [
    "foo bar accept", "tcp dport @nowhere accept", "xt match \"geoip\" accept",
    "tcp dport vmap @nowhere", "tcp dport 7788 queue num 1", "tcp dport 7788 redirect to :7789",
    "tcp dport 7788 synproxy mss 1460", "jump { tcp dport 7788 accept }",
    "ip saddr & 255.255.255.0 == 10.0.0.0 accept", "ip saddr node2.example.com accept",
])
def test_what_is_not_understood_is_neither(rules):
    assert judged(rules) == UNKNOWN
    assert judged(rules + "\n\t\taccept", policy="accept") in (OPEN, UNKNOWN)


@pytest.mark.parametrize("rules, packet, result", [
    ("ip protocol igmp accept", QUERY, OPEN), ("meta l4proto igmp accept", QUERY, OPEN),
    ("igmp type membership-query accept", QUERY, OPEN),
    ("ip daddr 224.0.0.0/4 accept", QUERY, OPEN),
    ("meta pkttype multicast accept", QUERY, OPEN), ("tcp dport 7788 accept", QUERY, CLOSED),
    ("udp dport 5404-5412 accept", COROSYNC, OPEN), ("tcp dport 5405 accept", COROSYNC, CLOSED),
    ("ip6 saddr fd00::/64 tcp dport 7788 accept", DRBD_6, OPEN),
    ("ip saddr 10.0.0.0/24 accept", DRBD_6, CLOSED), ("ip6 nexthdr tcp accept", DRBD_6, OPEN),
    ("meta nfproto ipv4 accept", DRBD_6, CLOSED),
    ("ip saddr 10.9.9.9 accept", BLIND, OPEN), ("iifname \"eth7\" accept", BLIND, OPEN),
    ("iifname \"lo\" accept", BLIND, CLOSED), ("foo bar", BLIND, UNKNOWN),
])
def test_other_packets(rules, packet, result):
    assert judged(rules, packet) == result


@pytest.mark.parametrize("family, result", [
    ("inet", CLOSED), ("ip", CLOSED), ("ip6", OPEN), ("arp", OPEN), ("bridge", OPEN)])
def test_a_table_is_about_its_family(family, result):
    assert judged("", family=family) == result


CHAIN = "type filter hook input priority 0"


@pytest.mark.parametrize("text, result", [
    ("table inet f { chain i { %s; policy drop; tcp dport 22 accept; } }", CLOSED),
    ("table inet f { chain i { %s; policy drop; tcp dport 7788 accept } }", OPEN),
    ("table inet f { chain i { %s; tcp dport 7788 drop; } }", CLOSED),
    ("table inet f {\nchain i {\n%s\npolicy drop\ntcp dport 22 accept\n}\n}", CLOSED),
    ("table inet f {\nchain i {\npolicy drop\n%s\n}\n}", CLOSED),
    ("add table inet f\nadd chain inet f i { %s ; policy drop ; }\n"
     "add rule inet f i tcp dport 22 accept", CLOSED),
    ("add table inet f; add chain inet f i { %s; policy drop; }; "
     "add rule inet f i tcp dport 7788 accept", OPEN),
    ("table inet f { chain i { %s; policy drop; } }\ninsert rule inet f i accept", OPEN),
    ("table inet f { chain i { %s; tcp dport 7788 drop; } }\ninsert rule inet f i accept", OPEN),
    ("table inet f { chain i { %s; policy drop; } }\nflush ruleset", OPEN),
    ("table inet f { chain i { %s; drop; } }\nflush chain inet f i", OPEN),
    ("table inet f { chain i { %s; drop; } }\nflush table inet f", OPEN),
    ("table inet f { chain i { %s; drop; } }\ndelete table inet f", OPEN),
    ("table inet f\ndelete table inet f\ntable inet f { chain i { %s; drop; } }", CLOSED),
    ("table f { chain i { %s; drop; } }", CLOSED),
    ("table inet f { flags dormant; chain i { %s; drop; } }", OPEN),
    ("table inet f { chain i { type filter hook forward priority 0; policy drop; } }", OPEN),
    ("table inet f { chain i { type filter hook prerouting priority raw; drop; } }", CLOSED),
    ("table netdev f { chain i { type filter hook ingress device eth1 priority 0; drop; } }",
     CLOSED),
    ("table netdev f { chain i { type filter hook ingress devices = { eth0, eth2 } priority 0; "
     "drop; } }", OPEN),
    ("table inet f { chain i { %s; accept; } }\n"
     "table inet g { chain j { type filter hook input priority 10; policy drop; } }", CLOSED),
    ("define p = { 22, 7788 }\ntable inet f { chain i { %s; policy drop; tcp dport $p accept } }",
     OPEN),
    ("define a = 7788\ndefine p = { 22, $a }\nredefine a = 1\n"
     "table inet f { chain i { %s; policy drop; tcp dport { 80, $p } accept } }", OPEN),
    ("define dev = eth1\ntable inet f { chain i { %s; policy drop; iifname $dev accept } }", OPEN),
    ("table inet f { define p = 22\nchain i { %s; policy drop; tcp dport $p accept } }", CLOSED),
    ("table inet f { set s { type inet_service; }\nchain i { %s; policy drop; tcp dport @s accept\n"
     "} }\nadd element inet f s { 7788 }", OPEN),
    ("table inet f { set s { type inet_service; elements = { 7788 }; }\nchain i { %s; policy drop; "
     "tcp dport @s accept\n} }\ndelete element inet f s { 7788 }", CLOSED),
    ("table inet f { chain i { %s; policy drop; tcp dport 22 accept } }\n"
     "delete rule inet f i handle 4", UNKNOWN),
    ("table inet f { counter c { }\n quota q { over 10 mbytes }\n flowtable x { hook ingress "
     "priority 0; devices = { eth0 }; }\n ct helper h { type \"ftp\" protocol tcp; }\n"
     "chain i { %s; policy drop; tcp dport 7788 accept } }", OPEN),
    ("#!/usr/sbin/nft -f\n# a {\n\ntable inet f { # x\n chain i { comment \"a }\"\n%s;\n}\n}",
     OPEN),
    ("", OPEN),
])
def test_blocks_and_commands(text, result):
    assert answer(text.replace("%s", CHAIN)).result == result


@pytest.mark.parametrize("text", [
    "table inet f {", "table inet f { chain i {", "tabel inet f { }", "}", "table inet f { foo }",
    "include \"/etc/nftables/missing.nft\"", "table inet f { chain i { tcp dport $x accept\n} }",
    "define = 1",
])
def test_a_file_that_nft_refuses_is_not_understood(text):
    with pytest.raises(NotUnderstood):
        answer(text)


def test_included_files_and_where_something_is():
    files = {
        "/etc/nftables/a.nft": "define ports = { 7788 }\ninclude \"nftables/deep/*.nft\"\n",
        "/etc/nftables/deep/b.nft": "table inet f {\n chain i {\n  tcp dport 22 accept\n }\n}\n",
        "/etc/nftables/deep/unused.txt": "{{{",
    }
    found = answer("include \"/etc/nftables/*.nft\"\ninclude \"/etc/none/*.nft\"\ntable inet f {\n"
                   " chain i {\n  " + CHAIN + "\n  tcp dport $ports drop\n }\n}\n",
                   files=files)
    assert (found.result, str(found.where)) == (CLOSED, "/etc/nftables.conf:6")
    found = answer("include \"nftables/a.nft\"\nadd chain inet f i { " + CHAIN + "; policy drop; }",
                   files=files)
    assert (found.result, str(found.where)) == (CLOSED, "/etc/nftables.conf:2")


def test_files_that_include_each_other_end():
    with pytest.raises(NotUnderstood):
        answer("include \"nftables.conf\"\n" * 9)


def _chain(policy="drop", **more):
    return {"chain": dict({"family": "inet", "table": "f", "name": "i", "type": "filter",
                           "hook": "input", "prio": 0, "policy": policy}, **more)}


def _payload(protocol, field):
    return {"payload": {"protocol": protocol, "field": field}}


def _match(left, right, sign="=="):
    return {"match": {"op": sign, "left": left, "right": right}}


ACCEPT = {"accept": None}
DPORT = _payload("tcp", "dport")


@pytest.mark.parametrize("expressions, result", [
    ([_match(DPORT, 7788), ACCEPT], OPEN),
    ([_match(DPORT, 22), ACCEPT], CLOSED),
    ([_match(DPORT, {"set": [22, {"range": [7780, 7790]}]}), {"counter": None}, ACCEPT], OPEN),
    ([_match(DPORT, {"set": [22, 23]}, "!="), ACCEPT], OPEN),
    ([_match(DPORT, 1024, ">="), ACCEPT], OPEN),
    ([_match(DPORT, "@ports"), ACCEPT], OPEN),
    ([_match(DPORT, "@nowhere"), ACCEPT], UNKNOWN),
    ([_match(_payload("ip", "saddr"), {"prefix": {"addr": "10.0.0.0", "len": 24}}), ACCEPT], OPEN),
    ([_match(_payload("ip", "saddr"), "10.0.0.9"), ACCEPT], CLOSED),
    ([_match({"meta": {"key": "iifname"}}, "lo"), ACCEPT], CLOSED),
    ([_match({"meta": {"key": "l4proto"}}, "tcp"), ACCEPT], OPEN),
    ([_match({"ct": {"key": "state"}}, ["established", "related"], "in"), ACCEPT], CLOSED),
    ([_match({"ct": {"key": "state"}}, "new", "in"), ACCEPT], OPEN),
    ([_match({"&": [_payload("tcp", "flags"), ["fin", "syn"]]}, "syn"), ACCEPT], OPEN),
    ([_match({"concat": [_payload("ip", "saddr"), DPORT]},
             {"set": [{"concat": ["10.0.0.2", 7788]}]}), ACCEPT], OPEN),
    ([_match({"fib": {"result": "oif", "flags": ["saddr", "iif"]}}, False), ACCEPT], CLOSED),
    ([{"vmap": {"key": DPORT, "data": {"set": [[22, ACCEPT], [7788, {"jump": {"target": "m"}}]]}}}],
     OPEN),
    ([{"vmap": {"key": DPORT, "data": "@verdicts"}}], OPEN),
    ([{"vmap": {"key": DPORT, "data": "@nowhere"}}], UNKNOWN),
    ([_match(DPORT, 7788), {"limit": {"rate": 5, "per": "minute"}}, ACCEPT], OPEN),
    ([{"jump": {"target": "m"}}], OPEN),
    ([{"xt": {"type": "match", "name": "geoip"}}, ACCEPT], UNKNOWN),
    ([{"xt": None}], UNKNOWN),
    ([{"surprise": {}}, ACCEPT], UNKNOWN),
    ([{"mangle": {"key": {"meta": {"key": "mark"}}, "value": 1}}, {"log": None}], CLOSED),
])
def test_json(expressions, result):
    inside = {"family": "inet", "table": "f"}
    items = [{"metainfo": {"version": "1.0.9"}}, {"table": {"family": "inet", "name": "f"}},
             {"chain": dict(inside, name="m")}, _chain(),
             {"set": dict(inside, name="ports", type="inet_service", elem=[22, {"elem": {
                 "val": 7788, "comment": "drbd"}}])},
             {"map": dict(inside, name="verdicts", elem=[[7788, {"goto": {"target": "m"}}]])},
             {"rule": dict(inside, chain="i", handle=4, expr=expressions)},
             {"rule": dict(inside, chain="m", handle=5, expr=[ACCEPT])}]
    found = nftjson.parse(json.dumps({"nftables": items}), "nft -j list ruleset")
    assert found.answer(DRBD, Where("nft")).result == result


def test_json_names_the_rule():
    rule = {"rule": {"family": "inet", "table": "f", "chain": "i", "handle": 4,
                     "expr": [{"reject": None}]}}
    found = nftjson.parse(json.dumps({"nftables": [_chain("accept"), rule]}), "nft -j list ruleset")
    assert str(found.answer(DRBD, Where("nft")).where) == "nft -j list ruleset: rule inet f i 4"


@pytest.mark.parametrize("text", ["", "[]", "{", "{\"nftables\": [1]}", "{\"nftables\": 1}"])
def test_other_json_is_not_understood(text):
    with pytest.raises(NotUnderstood):
        nftjson.parse(text, "nft")
