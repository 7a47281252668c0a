# SPDX-License-Identifier: GPL-2.0-or-later
"""DRBD's files: includes, places, versions; its addresses, hosts and what they cannot share."""

import os

import pytest

from dualstor.command.check.parsers import drbdfiles, drbdsays
from dualstor.command.check.sources import answers, collect, wanted
from dualstor.host import run

from .test_drbdadm_agrees import findings, host

ON = "on node1 { device /dev/drbd0; disk /dev/a; address 10.0.0.1:7788; meta-disk internal; }\n" \
     "on node2 { device /dev/drbd0; disk /dev/a; address 10.0.0.2:7788; meta-disk internal; }\n"
PLAIN = f"resource r0 {{\n{ON}}}\n"


def other(name="r1", minor="1", disk="/dev/b", port="7789"):
    """PLAIN as another resource."""
    return PLAIN.replace("r0", name).replace("drbd0", "drbd" + minor).replace(
        "/dev/a", disk).replace("7788", port)


# -- includes -----------------------------------------------------------------------------------


def places(files, generation="9", broken=None):
    """["FILE:LINE"] of the problems in DRBD's files."""
    return [str(one.where) for one in drbdfiles.parse(files, broken, generation).problems]


def test_includes_are_followed_and_keep_file_and_line():
    read = drbdfiles.parse({
        "/etc/drbd.conf": 'include "drbd.d/global_common.conf";\ninclude "drbd.d/*.res";\n',
        "/etc/drbd.d/global_common.conf": "common {\n net {\n  protocol C;\n }\n}\n",
        "/etc/drbd.d/b.res": "resource b {\n net {\n\n  allow-two-primaries;\n }\n}\n",
        "/etc/drbd.d/a.res": "resource a { }\n", "/etc/drbd.d/unused": "{{{"})
    assert read.problems == ()
    assert [r.name for r in read.resources] == ["a", "b"]
    assert str(read.resources[1].at("allow-two-primaries")) == "/etc/drbd.d/b.res:4"
    assert str(read.resources[1].at("protocol")) == "/etc/drbd.d/global_common.conf:3"
    assert str(read.resources[0].at("allow-two-primaries")) == "/etc/drbd.d/a.res:1"
    assert read.resources[1].configuration.protocol == "C"


def test_files_that_include_themselves_are_read_once():
    files = {f"/etc/drbd.d/{n}.res": 'include "*.res";\n' * 9 for n in range(4)}
    files["/etc/drbd.conf"] = 'include "drbd.conf";\ninclude "drbd.d/*.res";\nresource a { }\n'
    assert [r.name for r in drbdfiles.parse(files).resources] == ["a"]


@pytest.mark.parametrize("include, found", [
    ("include drbd.d/r0.res;", True), ('include\n"drbd.d/r0.res"\n;', True),
    ('include "/etc/drbd.d/r0.res"; # all', True), ('include "drbd.d/../drbd.d/r?.res";', True),
    ('include "drbd.d/[a-r]0.res"; include "drbd.d/r0.res";', True),
    ('# include "drbd.d/r0.res";', False), ('include "drbd.d/*.conf";', False),
    ('include "*/r0.res";', True), ('skip { include "drbd.d/r0.res"; }', False)])
def test_includes_in_all_their_forms(include, found):
    read = drbdfiles.parse({"/etc/drbd.conf": include, "/etc/drbd.d/r0.res": PLAIN})
    assert [one.name for one in read.resources] == (["r0"] if found else [])
    assert read.problems == ()


def test_hidden_files_are_not_what_a_star_means():
    files = {"/etc/drbd.conf": 'include "drbd.d/*.res";', "/etc/drbd.d/.r0.res": "nonsense"}
    assert places(files) == []


@pytest.mark.parametrize("text, line", [
    ("\ninclude \"nowhere.res\";\n", 2), ("include \"*.none\";", None),
    ("include nowhere.res; include \"drbd.d/r0.res\";\n", 1), ("include \"drbd.d\";", 1)])
def test_an_included_file_must_be_there_unless_it_is_a_pattern(text, line):
    files = {"/etc/drbd.conf": text, "/etc/drbd.d/r0.res": PLAIN}
    expected = [f"/etc/drbd.conf:{line}"] if line else []
    assert places(files, broken={"/etc/drbd.d": "not a regular file"}) == expected


def test_files_outside_of_etc_are_read_from_the_host(tmp_path):
    for path, text in (("etc/drbd.conf", 'include "/var/lib/*/x.d/*.res";\n'),
                       ("var/lib/linstor/x.d/a.res", 'include "more";\n'),
                       ("var/lib/linstor/x.d/more", PLAIN)):
        os.makedirs(os.path.dirname(tmp_path / path), exist_ok=True)
        (tmp_path / path).write_text(text)
    tree = collect.copied(str(tmp_path))
    assert tree.files["/var/lib/linstor/x.d/more"] == PLAIN
    assert tree.paths["/dev/a"] == "", "its backing device is asked for"


# -- places -------------------------------------------------------------------------------------


@pytest.mark.parametrize("text, line", [
    ("resource r0 {\n  net {\n    protocol C\n  }\n}\n", 3),
    ("resource r0 {\n  on \"node1 {\n}\n", 2),
    ("resource r0 {\n  net {\n    protocol C;\n" + ON + "}\n", 2),
    ("resource r0 {\n" + ON + "\nresource r1 {\n" + ON + "}\n", 1),
    ("resource r0 {\n" + ON + "}\n}\n", 5),
    ("resource r0 {\n device /dev/drbd0\n disk /dev/a;\n" + ON + "}\n", 2),
    ("resource r0 {\n handlers {\n  split-brain \"mail\n root\";\n }\n" + ON + "}\n", 3),
    ("\ufeffresource r0 {\n" + ON + "}\n", 1),
    ("resource r0 {\n net {\n  fencing resource-and-stonith;\n  timeout 10s0;\n }\n" + ON + "}", 4),
])
def test_a_mistake_has_its_line_and_is_one(text, line):
    assert places({"/etc/drbd.d/r0.res": text}) == [f"/etc/drbd.d/r0.res:{line}"]


def test_the_end_of_the_file_closes_a_resource():
    assert places({"/etc/drbd.d/r0.res": PLAIN.rstrip()[:-1]}) == []


def test_a_file_of_any_generation_is_right_as_long_as_none_is_known():
    old = "resource r0 {\nprotocol C;\nnet { allow-two-primaries; no-tcp-cork; }\n" + ON + "}\n"
    assert places({"/etc/drbd.d/r0.res": old}, None) == []
    assert places({"/etc/drbd.d/r0.res": old.replace("tcp-cork", "tcp-crk")}, None) \
        == ["/etc/drbd.d/r0.res:3"]


def test_drbdadm_is_asked_without_its_usage_count():
    asked = []

    class Runs:
        def run(self, argv, timeout, environment=None):
            asked.append((argv, environment))
            return run.Completed(argv, 0, "", "")

    answers.Live(Runs()).ask("drbdadm-dump", dict(wanted.COMMANDS)["drbdadm-dump"])
    assert asked[0][0] == ("drbdadm", "dump") and "INIT_VERSION" in asked[0][1]


# -- the real program ---------------------------------------------------------------------------

SAID = """\
drbd.d/r0.res:3: Parse error: 'an option keyword' expected,
\tbut got 'on'
"""


def test_drbdadms_words_come_first():
    view = host("9", PLAIN.replace("disk", "dsk"))
    view.tree.commands["drbdadm-dump"] = {"argv": "drbdadm dump", "returncode": 10, "stdout": "",
                                          "stderr": SAID}
    assert findings(view, "DRBD-SYNTAX") == [
        ("DRBD-SYNTAX", 3, "'an option keyword' expected, but got 'on'")]


def test_what_drbdadm_accepts_is_accepted():
    assert findings(host("9", PLAIN.replace("resource r0 {", "resource r0 { new-section { }")),
                    "DRBD-SYNTAX")
    view = host("9", PLAIN.replace("resource r0 {", "resource r0 { new-section { }"),
                **{"drbdadm-dump": "resource r0"})
    assert findings(view, "DRBD-SYNTAX") == []


@pytest.mark.parametrize("said, found", [
    ("drbd.conf: in resource r0, on node1:\n\tIP 10.0.0.1 not found on this host.\n", False),
    ("drbdadm: cannot open /var/lock\n", True)])
def test_a_refusal_for_another_reason_leaves_the_rest_to_the_table(said, found):
    view = host("9", PLAIN.replace("resource r0 {", "resource r0 { new-section { }"))
    view.tree.commands["drbdadm-dump"] = {"argv": "drbdadm dump", "returncode": 10, "stdout": "",
                                          "stderr": said}
    assert bool(findings(view, "DRBD-SYNTAX")) is found


def test_what_drbdsetup_refuses_stays():
    text = PLAIN.replace("resource r0 {", "resource r0 { net { after-sb-0pri nothing; }")
    assert findings(host("8.4", text, **{"drbdadm-dump": text}), "DRBD-SYNTAX")


@pytest.mark.parametrize("said", [
    "drbd.d/r0.res:1: conflicting use of resource section 'r0' ...\n"
    "drbd.d/r0-old.res:1: resource section 'r0' first used here.\n",
    "/etc/drbd.d/r0.res: in resource r0, on node1:\n\tIP 10.0.0.1 not found on this host.\n",
    "sh: 1: modinfo: not found\n", "",
    "drbd.conf:4: You should put the global {} section\n\tin front of any resource {} section\n"])
def test_what_other_rules_report_is_left_to_them(said):
    assert list(drbdsays.problems(said)) == []


# -- hosts and addresses ------------------------------------------------------------------------


@pytest.mark.parametrize("name, generation, found", [
    ("node1", "8.4", False), ("node1", "9", False), ("NODE1", "9", False), ("NODE1", "8.4", True),
    ("node1.example.com", "9", False), ("node1.example.com", "8.3", True), ("node3", "9", True),
    ("node11", "9", True)])
def test_drbd_9_takes_a_name_without_its_domain(name, generation, found):
    view = host(generation, PLAIN)
    view.name = name
    assert bool(findings(view, "DRBD-HOSTNAME")) is found


def test_two_domains_are_two_hosts():
    view = host("9", PLAIN.replace("node1", "node1.a").replace("node2", "node2.a"))
    view.name = "node1.b"
    assert findings(view, "DRBD-HOSTNAME")


BY_NAME = "resource r0 {\ndisk /dev/a; device /dev/drbd0; meta-disk internal;\n%s\n}\n"
NINE = "on node1 { node-id 0; %s }\non node2 { node-id 1; %s }\n"


@pytest.mark.parametrize("inner, ports", [
    ("floating 10.0.0.1:7788 { node-id 0; }\nfloating 10.0.0.2:7788 { node-id 1; }", [7788]),
    ("floating ipv6 [fd00::1]:7700;\nfloating ipv6 [fd00::2]:7700;", [7700]),
    (NINE % (("address ipv6 [fd00::1]:7790;",) * 2), [7790]),
    (NINE % (("address ipv4 10.0.0.1:7788;", "address ipv4 10.0.0.2:7788;")) +
     "connection { host node1 port 7001; host node2 port 7002; }", [7001]),
    (NINE % ("", "") + "connection { host node1 address 10.0.0.1:7003; "
     "host node2 address 10.0.0.2:7003; }", [7003]),
    (NINE % ("", "") + "connection {\npath { host node1 address 10.0.0.1:1; host node2 address "
     "10.0.0.2:1; }\npath { host node1 address ipv6 [fd00::1]:2; host node2 address ipv6 "
     "[fd00::2]:2; } }", [1, 2]),
    (NINE % ("address 10.0.0.1:7788;", "address 10.0.0.2:7788;") +
     "connection-mesh { hosts node1 node2; }", [7788]),
    (NINE % ("address sdp 10.0.0.1:7788;", "address sdp 10.0.0.2:7788;"), [7788]),
    (NINE % ("address ipv6 [ fd00::1 ] : 7791;", "address ipv6 [ fd00::2 ] : 7791;"), [7791]),
])
def test_this_hosts_addresses_in_all_their_forms(inner, ports):
    view = host("9", BY_NAME % inner)
    assert [one.port for one in view.drbd_addresses(view.resources[0])] == ports
    assert [one.lower for one in view.disks] == ["/dev/a"]
    assert findings(view, "DRBD-SYNTAX", "DRBD-HOSTNAME") == []


def test_other_networks_than_tcp_are_not_the_firewalls():
    view = host("8.4", PLAIN.replace("address 10", "address sdp 10"))
    assert [one.tcp for one in view.drbd_addresses(view.resources[0])] == [False]


@pytest.mark.parametrize("old, new, found", [
    ("10.0.0.1:7788", "127.0.0.1:7788", True), ("10.0.0.2:7788", "127.0.0.2:7788", True),
    ("10.0.0.1:7788", "10.0.0.9:7788", True), ("10.0.0.1:7788", "10.0.0.1:1", False),
    ("10.0.0.2:7788", "10.9.0.2:7788", False),
    ("address 10.0.0.1:7788", "address ipv6 [::1]:7788", True),
    ("address 10.0.0.1:7788", "address ipv6 [fd00:0::0:1]:7788", False),
    ("address 10.0.0.1:7788;", "address 127.0.0.1:7788; proxy on node1 { inside 127.0.0.1:7789; "
     "outside 10.0.0.1:7788; }", False)])
def test_an_address_is_the_hosts_own_and_no_loopback(old, new, found):
    assert bool(findings(host("8.4", PLAIN.replace(old, new)), "DRBD-ADDRESS")) is found


def test_a_stacked_resource_names_the_hosts_below():
    text = "resource far {\nstacked-on-top-of r0 { device /dev/drbd9; address 10.0.0.1:7790; " \
           "node-id 0; }\non far { node-id 1; device /dev/drbd9; disk /dev/a; " \
           "address 10.9.0.1:7790; }\nconnection { path { host node1 address 10.0.0.1:7790; " \
           "host far address 10.9.0.1:7790; }\npath { host node2 address 10.0.0.2:7790; " \
           "host far address 10.9.0.1:7790; } }\n}\n"
    view = host("9", PLAIN + text)
    assert findings(view) == []
    assert [one.name for one in view.pairs] == ["r0"]
    assert findings(view, "DRBD-HOSTNAME", "DRBD-ADDRESS", "DRBD-STACKED") == []


WITNESS = NINE % ("address 10.0.0.1:1;", "address 10.0.0.2:1;") + \
    "on node3 { node-id 2; address 10.0.0.3:1; volume 0 { device /dev/drbd0; disk %s; } }\n" \
    "connection-mesh { hosts node1 node2 node3; }"


@pytest.mark.parametrize("disk, found", [("none", False), ("/dev/a", True)])
def test_a_diskless_witness_is_no_third_copy(disk, found):
    text = "resource r0 { volume 0 { device /dev/drbd0; disk /dev/a; meta-disk internal; }\n%s}"
    assert bool(findings(host("9", text % WITNESS % disk), "DRBD-THREE-NODES")) is found


def test_two_names_of_a_section_are_one_host():
    text = PLAIN.replace("on node1 {", "on node1 node3 {").replace("on node2 {", "on node2 node4 {")
    assert findings(host("8.4", text), "DRBD-THREE-NODES", "DRBD-DEVICE") == []


# -- what cannot be shared ----------------------------------------------------------------------


@pytest.mark.parametrize("second, found", [
    (other(), []), (other(port="7788"), ["DRBD-TWICE"] * 2),
    (other(minor="0"), ["DRBD-DEVICE"] * 2),
    (other(disk="/dev/a"), ["DRBD-TWICE"] * 2), (other(name="r0"), ["DRBD-TWICE"]),
    (other().replace("10.0.0.", "10.1.0.").replace("7789", "7788"), []),
    (other().replace("internal", "/dev/m[0]"), []),
    (other().replace("internal", "/dev/m[0]", 1), []),
    ("common { }\ncommon { }\n", ["DRBD-TWICE"]),
    (other().replace("on node2", "on node3").replace("10.0.0.2", "10.0.0.3"), []),
])
def test_two_resources_share_no_name_port_disk_or_minor(second, found):
    view = host("8.4", 'include "drbd.d/*";', PLAIN, second)
    assert [one[0] for one in findings(view, "DRBD-TWICE", "DRBD-DEVICE")] == found


def test_external_metadata_has_an_index_of_its_own():
    first = PLAIN.replace("internal", "/dev/m[0]")
    for index, found in (("0", 2), ("1", 0)):
        second = other().replace("internal", f"/dev/m [{index}]")
        view = host("8.4", 'include "drbd.d/*";', first, second)
        assert len(findings(view, "DRBD-TWICE")) == found


def test_two_volumes_of_a_resource_share_nothing():
    text = "resource r0 {\n volume 0 { device minor 0; disk /dev/a; meta-disk internal; }\n" \
           " volume 1 { device minor %s; disk %s; meta-disk internal; }\n" + \
           NINE % ("address 10.0.0.1:1;", "address 10.0.0.2:1;") + "}\n"
    assert findings(host("9", text % ("1", "/dev/b"))) == []
    assert findings(host("9", text % ("0", "/dev/b"))) == [
        ("DRBD-DEVICE", 3, "two volumes of resource r0 use minor number 0")]
    assert [one[:2] for one in findings(host("9", text % ("1", "/dev/a")))] == [("DRBD-TWICE", 3)]


def test_both_ends_have_their_own_address():
    view = host("8.4", PLAIN.replace("10.0.0.2", "10.0.0.1"))
    assert [one[:2] for one in findings(view, "DRBD-TWICE")] == [("DRBD-TWICE", 3)]


def test_connections_of_one_resource_may_share_an_address():
    text = BY_NAME % (NINE % ("address 10.0.0.1:1;", "address 10.0.0.2:1;") +
                      "on node3 { node-id 2; address 10.0.0.3:1; }\n"
                      "connection { host node1; host node2; }\n"
                      "connection { host node1; host node3; }\n"
                      "connection { host node2; host node3; }")
    assert findings(host("9", text)) == []


@pytest.mark.parametrize("old, new", [
    ("protocol C;", "protocol c;"), ("allow-two-primaries yes;", "allow-two-primaries;"),
    ("device /dev/drbd0;", "device drbd0;"), ("disk /dev/vdb;", 'disk "/dev/vdb"; # ours'),
    ("\tnet {", "\tnet {\n\t\tprotocol C;"),
    ("disk /dev/vdb;\n\tmeta-disk internal;", "meta-disk internal; disk /dev/vdb;"),
    ("resource r0 {", "resource\nr0\n{")])
def test_what_means_the_same_is_the_same_on_both_hosts(good, old, new):
    pair = good("corosync")
    path = "/etc/drbd.d/global_common.conf" if "protocol" in old else "/etc/drbd.d/r0.res"
    pair.edit(path, old, new, (1,))
    assert "DRBD-SAME-FILE" not in pair.ids()


# -- severity -----------------------------------------------------------------------------------


@pytest.mark.parametrize("net, severities", [
    ("allow-two-primaries yes; after-sb-1pri discard-secondary;", ["warning"]),
    ("after-sb-1pri discard-secondary;", ["note"]),
    ("allow-two-primaries yes; after-sb-1pri consensus; after-sb-0pri discard-zero-changes;", []),
    ("allow-two-primaries yes; after-sb-0pri discard-node-node1;", ["warning"])])
def test_discarding_data_is_a_note_where_one_node_is_primary(good, net, severities):
    pair = good("corosync").edit("/etc/drbd.d/r0.res", "allow-two-primaries yes;", "")
    for line in ("after-sb-0pri discard-zero-changes;", "after-sb-1pri disconnect;"):
        pair.edit("/etc/drbd.d/r0.res", line, "")
    pair.edit("/etc/drbd.d/r0.res", "net {", "net {\n" + net)
    assert [one.rule.severity for one in pair.verdict().findings
            if one.rule.id == "DRBD-AFTER-SB-DISCARD"] == severities
