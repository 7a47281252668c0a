# SPDX-License-Identifier: GPL-2.0-or-later
"""The configuration as drbdadm dump prints it, 8.3 to 9."""

import pytest
from hypothesis import given

from dualstor.errors import ParseError
from dualstor.tools import drbdconf

from .helpers import golden, mangled

PLAIN = golden("both-primary", "node1", "drbdadm_dump.out")
FENCED = golden("survivor", "node1", "drbdadm_dump.out")
OLD, NEW = golden("dump-8.3.txt"), golden("dump-9.txt")


def test_8_4_of_a_capture():
    conf = drbdconf.parse(PLAIN, "r0")
    assert (conf.resource, conf.protocol, conf.allow_two_primaries) == ("r0", "C", True)
    assert (conf.fencing, conf.fence_peer) == (None, None)
    assert conf.after_sb == ("disconnect",) * 3
    assert conf.hosts == tuple(
        drbdconf.OnSection(name=f"node{n}", address=f"10.78.0.{n}:7788",
                      devices=(("/dev/drbd0", 0, "/dev/vdb", "internal"),)) for n in (1, 2))


def test_8_4_with_fencing():
    conf = drbdconf.parse(FENCED)
    assert conf.fencing == "resource-and-stonith"
    assert conf.fence_peer == "/usr/lib/drbd/stonith_admin-fence-peer.sh"
    assert conf.option("net", "ping-timeout") == "20"
    assert conf.option("net", "no-such") is None


def test_8_3_common_options_count_unless_the_resource_has_its_own():
    conf = drbdconf.parse(OLD, "r0")
    assert (conf.protocol, conf.allow_two_primaries) == ("C", True)
    assert conf.after_sb == ("disconnect", "discard-secondary", "disconnect")
    assert conf.fencing == "resource-and-stonith"
    assert conf.fence_peer == "/usr/lib/drbd/rhcs_fence --quiet"
    assert conf.option("syncer", "rate") == "20M"
    assert conf.hosts[1].devices == (("/dev/drbd0", 0, "/dev/sda5", "/dev/sdb1"),)


def test_9_the_weaker_of_connection_and_resource_counts():
    conf = drbdconf.parse(NEW, "r0")
    assert (conf.protocol, conf.allow_two_primaries) == ("C", True)
    assert conf.fencing == "resource-only"
    assert conf.fence_peer == '/usr/lib/drbd/crm-fence-peer.9.sh --dc-timeout "30"'
    assert conf.option("options", "quorum") == "off"


def test_9_volumes_in_order_of_numbers():
    host = drbdconf.parse(NEW).host("node1")
    assert host.devices == (("/dev/drbd0", 0, "/dev/vg/lower0", "internal"),
                            ("/dev/drbd5", 5, "/dev/vg/lower two", "internal"),
                            (None, 11, None, None))


def test_a_host_with_or_without_its_domain():
    conf = drbdconf.parse(NEW)
    assert conf.host("node2").name == "node2.example.com"
    assert conf.host("node1.example.com").name == "node1"
    assert conf.host("node3") is None


@pytest.mark.parametrize("written, allowed", [
    ("allow-two-primaries;", True), ("allow-two-primaries yes;", True),
    ("allow-two-primaries no;", False), ("", False)])
def test_two_primaries(written, allowed):
    text = f"resource r0 {{ net {{ protocol C; {written} }} }}"
    assert drbdconf.parse(text).allow_two_primaries is allowed


@pytest.mark.parametrize("text, value", [
    ("resource r0 { net { protocol c; } }", "C"), ("resource r0 { protocol b; }", "B"),
    ("common { net { protocol a; } }\nresource r0 { }", "A"), ("resource r0 { }", None)])
def test_drbdadm_takes_the_protocol_in_either_case(text, value):
    assert drbdconf.parse(text).protocol == value


@pytest.mark.parametrize("inner, addresses", [
    ("on n1 { address ipv6 [fd00::1]:7788; }", ["[fd00::1]:7788"]),
    ("on n1 { address ipv4 10.0.0.1 : 7788; }", ["10.0.0.1:7788"]),
    ("on n1 { address ssocks 10.0.0.1:7788; }", ["ssocks 10.0.0.1:7788"]),
    ("on n1 n2 { address 10.0.0.1:7788; }", ["10.0.0.1:7788"] * 2)])
def test_addresses_of_all_families(inner, addresses):
    conf = drbdconf.parse(f"resource r0 {{ {inner} }}")
    assert [host.address for host in conf.hosts] == addresses


def test_hosts_without_a_name_are_apart():
    conf = drbdconf.parse(
        "resource r0 { floating 10.0.0.1:7788 { disk /dev/a; device minor 1; }\n"
        "floating ipv6 [fd00::2]:7788; stacked-on-top-of low { device minor 2; "
        "address 10.0.0.9:1; } }")
    assert conf.hosts == ()
    assert [(host.kind, host.name, host.address) for host in conf.others] == [
        ("floating", "10.0.0.1:7788", "10.0.0.1:7788"), ("stacked", "low", "10.0.0.9:1"),
        ("floating", "[fd00::2]:7788", "[fd00::2]:7788")]


def test_two_connections_must_both_allow_two_primaries():
    text = "resource r0 { net { allow-two-primaries yes; } connection { net { %s } } " \
           "connection { net { after-sb-1pri consensus; } } }"
    assert drbdconf.parse(text % "ping-int 3;").allow_two_primaries
    conf = drbdconf.parse(text % "allow-two-primaries no;")
    assert not conf.allow_two_primaries and conf.after_sb[1] == "consensus"


@pytest.mark.parametrize("written, seconds", [
    ("", 20.5), ("ping-int 2; ping-timeout 10;", 5.0), ("ping-int 3;", 6.5),
    ("ping-timeout 20;", 22.0), ("ping-int often;", 20.5)])
def test_when_a_lost_connection_is_noticed_at_the_latest(written, seconds):
    for text in ("resource r0 { net { %s } }", "resource r0 { connection { net { %s } } }",
                 "common { net { %s } } resource r0 { protocol C; }"):
        assert drbdconf.parse(text % written).notice == pytest.approx(seconds)


def test_the_slowest_connection_counts():
    text = "resource r0 { net { ping-int 1; } connection { } connection { net { ping-int 4; } } }"
    assert drbdconf.parse(text).notice == 8.5


def test_a_connection_without_fencing_is_the_weakest():
    text = "resource r0 { connection { net { fencing resource-and-stonith; } } " \
           "connection { net { ping-int 3; } } }"
    assert drbdconf.parse(text).fencing is None


def test_volumes_of_the_resource_are_every_hosts():
    text = "resource r0 { volume 0 { device minor 3; disk /dev/a; meta-disk internal; } " \
           "on n1 { volume 0 { disk /dev/b; } } on n2 { } }"
    conf = drbdconf.parse(text)
    assert conf.host("n1").devices == ((None, 3, "/dev/b", "internal"),)
    assert conf.host("n2").devices == ((None, 3, "/dev/a", "internal"),)
    assert conf.host("n1").address is None


def test_the_resource_asked_for():
    text = PLAIN + PLAIN.replace("resource r0 ", "resource r1 ").replace("yes", "no")
    assert drbdconf.parse(text, "r1").allow_two_primaries is False


@pytest.mark.parametrize("text, name, shown", [
    ("", None, "''"),
    (PLAIN, "r1", "resource r1"),
    (PLAIN.rstrip()[:-1], "r0", "cut off"),
    (PLAIN[:PLAIN.index("after-sb-1pri")], "r0", "cut off"),
    ("USAGE: drbdadm COMMAND\n", None, "USAGE: drbdadm COMMAND"),
    ("resource r0 {\n  net } \n}", None, "net }"),
    ("{ }", None, "{ }"),
    ("resource r0 {\n disk \"/dev/x;\n}", None, "quote"),
    ("resource r0 { on n { device /dev/drbd0 minor x; disk /dev/a; } }", None, "minor x"),
])
def test_cut_off_or_foreign_is_refused_with_the_line(text, name, shown):
    with pytest.raises(ParseError) as caught:
        drbdconf.parse(text, name)
    assert shown in str(caught.value)


@pytest.mark.parametrize("length", range(0, len(FENCED.rstrip()), 7))
def test_no_part_of_a_dump_passes_for_the_whole(length):
    with pytest.raises(ParseError):
        drbdconf.parse(FENCED[:length], "r0")


@given(mangled([PLAIN, FENCED, OLD, NEW]))
def test_any_text_is_parsed_or_refused(text):
    try:
        conf = drbdconf.parse(text)
    except ParseError:
        return
    assert conf.resource and len(conf.after_sb) == 3
