# SPDX-License-Identifier: GPL-2.0-or-later
"""corosync.conf as corosync 1, 2 and 3 read it; dlm's options; cluster.conf's quorum and plugs."""

import pytest

from dualstor.command.check.parsers import corosyncconf, corosynckeys, dlmconf
from dualstor.command.check.parsers.where import Where

from .spoilt import CLUSTER, CORO, HOSTS, RES, C, M, _second_resource, _second_ring, _v1

VERSIONS = {1: "1.4.9", 2: "2.4.5", 3: "3.1.7"}


def _v(pair, number):
    return pair.answer("corosync-version", f"Corosync Cluster Engine, version '{VERSIONS[number]}'")


def _told(pair, *ids):
    """[(rule, line, text)] of these rules."""
    return [(f.rule.id, f.where.line, f.text) for f in pair.verdict().findings
            if not ids or f.rule.id in ids]


# -- the reader ------------------------------------------------------------

@pytest.mark.parametrize("line", [
    "totem { version: 2 }", "totem { version: 2", "totem { # ours", "} # end", "x }", "token 3000",
    "{", "my key: 1", "a: b", "key: " + "x" * 510])
def test_corosync_3_refuses_a_line(line):
    text = f"quorum {{\n{line}\n}}\n" if line != "a: b" else line
    first = corosyncconf.parse(text, "f", 3)[1][0]
    assert first.where.line == (2 if "quorum" in text else 1)


@pytest.mark.parametrize("line, heeded", [
    ("} # end", True), ("  } }", True), ("token 3000", False), ("two_node", False),
    ("device { # ours", False)])
def test_corosync_1_and_2_ignore_what_they_do_not_know(line, heeded):
    for version in (1, 2):
        closing = "}\n" if line.startswith("device") else ""
        text = f"quorum {{\n{line}\n{'' if '}' in line else closing + '}'}\n"
        top, problems = corosyncconf.parse(text, "f", version)
        assert problems == ()
        assert [p.where.line for p in top.unheeded] == ([] if heeded else [2])


@pytest.mark.parametrize("version", [1, 2, 3])
def test_a_section_on_one_line_is_never_closed(version):
    problems = corosyncconf.parse("quorum {\n}\nlogging { debug: on }\n", "f", version)[1]
    assert [p.where.line for p in problems] == [3]


@pytest.mark.parametrize("text, key, value", [
    ("totem:{\ntoken:1\n}", "token", "1"), ("totem {\r\n\ttoken: 1\r\n}\r\n", "token", "1"),
    ("  # c\ntotem {\n# token: 2\n token :  1 \n}", "token", "1"),
    ("totem {\ntoken: 2\ntoken: 1\n}", "token", "1"),
    ("totem {\na_b: c:d\n}", "a_b", "c:d"),
    ("totem {\ntoken: 1 # ms\n}", "token", "1 # ms"),
    ("totem {\n}\ntotem {\ntoken: 1\n}", "token", "1")])
def test_values_as_corosync_2_and_3_take_them(text, key, value):
    for version in (2, 3):
        top, problems = corosyncconf.parse(text, "f", version)
        assert problems == () and top.first("totem").get(key) == value


def test_corosync_1_has_the_first_of_two_totem_sections():
    text = "totem {\ntoken: 1\n}\ntotem {\ntoken: 2\n}\n"
    top = corosyncconf.parse(text, "f", 1)[0]
    assert top.first("totem").get("token") == "1" and top.unheeded[0].where.line == 4


def test_a_second_nodelist_overwrites_the_nodes_of_the_first():
    one = "nodelist {\nnode {\nnodeid: 1\nname: a\n}\nnode {\nnodeid: 2\n}\n}\n"
    top = corosyncconf.parse(one + "nodelist {\nnode {\nnodeid: 3\n}\n}\n", "f", 3)[0]
    nodes = top.first("nodelist").named("node")
    assert [(n.get("nodeid"), n.get("name")) for n in nodes] == [("3", "a"), ("2", None)]


@pytest.mark.parametrize("path, value, versions", [
    ("totem.token", "3000 # ms", (2, 3)), ("totem.token", "", (2, 3)),
    ("totem.token", "3s", (2, 3)),
    ("totem.token", "-1", (2, 3)), ("totem.token", "4294967296", (2, 3)),
    ("totem.token", "+1", ()), ("totem.token", "9" * 30, (2, 3)),
    ("quorum.two_node", "yes", (2, 3)), ("quorum.two_node", "256", (2, 3)),
    ("totem.crypto_cipher", "3des", (3,)), ("totem.crypto_cipher", "aes-256", (2, 3)),
    ("totem.crypto_hash", "sha-1", (2, 3)), ("totem.ip_version", "ipv6-4", (2,)),
    ("totem.rrp_mode", "both", (1, 2)), ("totem.link_mode", "both", (3,)),
    ("totem.interface.knet_transport", "tcp", (3,)), ("totem.interface.mcastport", "70000", (2, 3)),
    ("logging.to_syslog", "maybe", (1, 2, 3)), ("logging.timestamp", "hires", (1, 2)),
    ("totem.cluster_name", "a # b", ()), ("any.thing", "x", ())])
def test_which_version_refuses_a_value(path, value, versions):
    assert tuple(v for v in (1, 2, 3) if corosynckeys.refused(path, value, v)) == versions


@pytest.mark.parametrize("path, word", [
    ("totem.tokn", "token"), ("totem.trasport", "transport"), ("quorum.two_nodes", "two_node"),
    ("nodelist.node.ring_addr", "ring0_addr"), ("totem.two_node", "quorum"),
    ("token", "totem"), ("totem.interface.transport", "totem"), ("quorum.nodeid", "node"),
    ("totem.mcastport", "interface"), ("totem.cluster_nam", "cluster_name")])
def test_a_key_that_goes_astray(path, word):
    assert word in corosynckeys.astray(path, 3)


@pytest.mark.parametrize("path", [
    "totem.token", "totem.rrp_mode", "totem.secauth", "quorum.device.net.host", "totem.my_own",
    "nodelist.node.rack", "logging.tokn", "compatibility", "service.name", "aisexec.user",
    "nozzle.name", "totem.interface.ringnumber", "totem.threads"])
def test_keys_of_others_are_left_alone(path):
    assert [corosynckeys.astray(path, version) for version in (1, 2, 3)] == [None] * 3


# -- names and addresses ---------------------------------------------------

def _named(pair, hosts):
    """A pair whose ring addresses are names, and whose /etc/hosts begins with *hosts*."""
    old = pair.trees[0].files[HOSTS]
    return pair.edit(CORO, "ring0_addr: 10.77.0.", "ring0_addr: node").write(HOSTS, hosts + old)


@pytest.mark.parametrize("hosts, change, version, right", [
    ("", "", 3, True), ("127.0.0.1 node1\n", "", 3, False), ("127.0.1.1 node1\n", "", 3, False),
    ("::1 node1\n", "", 3, False), ("::1 node1\n", "ip_version: ipv4-6", 3, True),
    ("::1 node1\n", "ip_version: ipv4", 3, False), ("::1 node1\n", "", 2, False),
    ("127.0.0.1 node2\n", "", 3, False), ("fd00::9 node1\n", "", 3, False),
    ("fd00::9 node1\n", "ip_version: ipv4", 3, True), ("fd00::9 node1\n", "", 2, True),
    ("127.0.0.1 node1.example.com\n", "", 3, True)])
def test_a_name_has_the_address_that_corosync_chooses(good, hosts, change, version, right):
    pair = _named(good(C), hosts)
    if version == 2:
        pair = _v(pair.edit(CORO, "knet", "udpu"), 2)
    pair = pair.edit(CORO, "token: 3000", f"token: 3000\n\t{change}")
    assert bool(_told(pair, "COROSYNC-RING")) is not right


@pytest.mark.parametrize("answer, found, unseen", [
    ("10.77.0.2      STREAM db\n10.77.0.2      DGRAM\n", False, False), ("", True, False),
    (None, False, True)])
def test_a_name_of_a_name_server(good, answer, found, unseen):
    pair = good(C).edit(CORO, "ring0_addr: 10.77.0.2", "ring0_addr: db")
    pair = pair.silence("getent-db") if answer is None else pair.answer(
        "getent-db", answer, 0 if answer else 2)
    pair = pair.alone()
    assert bool(_told(pair, "COROSYNC-RING")) is found
    assert ("COROSYNC-RING" in {u.rule.id for u in pair.verdict().unseen}) is unseen


@pytest.mark.parametrize("address, right", [
    ("10.77.0.0", True), ("10.77.0.1", True), ("10.77.0.2", True), ("10.77.0.200", True),
    ("10.99.0.0", False), ("127.0.0.1", False), ("10.77.0.0 # net", False)])
def test_bindnetaddr_is_masked(good, address, right):
    pair = _v1(good(C), "bindnetaddr: 10.77.0.0", "bindnetaddr: " + address)
    assert bool(_told(pair, "COROSYNC-BINDNETADDR-NETWORK")) is not right


def test_with_a_node_list_bindnetaddr_is_not_used(good):
    pair = _v(good(C).edit(CORO, "transport: knet", "transport: udpu\n\tinterface {\n\t\t"
                           "bindnetaddr: 10.99.0.0\n\t}"), 2)
    assert pair.ids() == set()


# -- nodes and links -------------------------------------------------------

@pytest.mark.parametrize("number, old, new, ids", [
    (2, "\t\tnodeid: 2\n", "", set()), (3, "\t\tnodeid: 2\n", "", {"COROSYNC-NODES"}),
    (2, "nodeid: 2", "nodeid: 0", {"COROSYNC-NODES"}),
    (2, "nodeid: 2", "nodeid: 65536", set()), (3, "nodeid: 2", "nodeid: 65536", {"COROSYNC-NODES"}),
    (2, "nodeid: 2", "nodeid: 01", {"COROSYNC-NODES"}),
    (2, "\t\tname: node2\n", "", set()), (3, "\t\tname: node2\n", "", set()),
    (2, "name: node2", "name: node1", {"COROSYNC-NODES"}),
    (2, "10.77.0.2", "10.77.0.1", {"COROSYNC-NODES"})])
def test_ids_and_names(good, number, old, new, ids):
    pair = _v(good(C), number).edit(CORO, "knet", "knet" if number == 3 else "udpu")
    assert pair.edit(CORO, old, new).alone().ids() == ids


@pytest.mark.parametrize("number, changes, ids", [
    (3, [], set()), (3, [("\t\tname: node2\n", "")], {"COROSYNC-NODES"}),
    (3, [("knet", "udpu")], {"COROSYNC-LINKS", "COROSYNC-CRYPTO-OPTIONS"}),
    (3, [("\t\tring1_addr: 10.78.0.2\n", "")], {"COROSYNC-LINKS"}),
    (3, [("\t\tring1_addr: 10.78.0.2\n", "\t\tring2_addr: 10.78.0.2\n")], {"COROSYNC-LINKS"}),
    (3, [("ring1_addr", "ring7_addr")], set()), (3, [("ring1_addr", "ring8_addr")],
                                                   {"COROSYNC-LINKS"}),
    (3, [("10.78.0.2", "fd00::2")], {"COROSYNC-LINKS"}),
    (3, [("10.78.0.2", "10.77.0.2")], {"COROSYNC-NODES"}),
    (2, [("knet", "udpu")], {"COROSYNC-LINKS"}),
    (2, [("knet", "udpu\n\trrp_mode: passive")], set()),
    (2, [("knet", "udpu\n\trrp_mode: none")], {"COROSYNC-LINKS"}),
    (2, [("knet", "udpu\n\trrp_mode: both")], {"COROSYNC-VALUE"}),
    (2, [("knet", "udpu\n\trrp_mode: passive"), ("ring1_addr", "ring2_addr")],
     {"COROSYNC-LINKS"})])
def test_links(good, number, changes, ids):
    pair = _v(_second_ring(good(C)), number)
    for old, new in changes:
        pair = pair.edit(CORO, old, new)
    assert pair.alone().ids() - {"DLM-LINKS", "FIREWALL-COROSYNC"} == ids


@pytest.mark.parametrize("section, ids", [
    ("linknumber: 0\n\t\tmcastport: 5407", {"FIREWALL"}), ("linknumber: 1", set()),
    ("linknumber: 1\n\t\tmcastport: 5407", {"COROSYNC-LINKS", "DLM-LINKS"}),
    ("ringnumber: 1\n\t\tmcastport: 5405", {"COROSYNC-NO-EFFECT"}),
    ("linknumber: 0\n\t\tttl: 2", {"COROSYNC-VALUE"})])
def test_interface_sections_of_corosync_3(good, section, ids):
    pair = good(C).edit(CORO, "token: 3000", f"token: 3000\n\tinterface {{\n\t\t{section}\n\t}}")
    assert pair.ids() == ids - {"FIREWALL"}


@pytest.mark.parametrize("changes, ids", [
    ([], set()), ([("two_node: 1", "two_node: 2")], set()),
    ([("two_node: 1", "two_node: 0")], {"COROSYNC-TWO-NODE"}),
    ([("two_node: 1", "two_node: yes")], {"COROSYNC-VALUE"}),
    ([("two_node: 1", "two_node: 1\n\tdevice {\n\t}")], set()),
    ([("two_node: 1", "device {\n\t\tmodel: net\n\t}")], set()),
    ([("two_node: 1", "device {\n\t\tmodel: net\n\t}\n\twait_for_all: 0")], set()),
    ([("two_node: 1", "auto_tie_breaker: 1\n\tdevice {\n\t\tmodel: net\n\t}")],
     {"COROSYNC-QDEVICE"}),
    ([("two_node: 1", "expected_votes: 3\n\tdevice {\n\t\tmodel: net\n\t\tvotes: 1\n\t}")], set()),
    ([("two_node: 1", "two_node: 1\n\texpected_votes: 2")], set())])
def test_quorum(good, changes, ids):
    pair = good(C)
    for old, new in changes:
        pair = pair.edit(CORO, old, new)
    assert pair.ids() == ids


@pytest.mark.parametrize("number, change, ids", [
    (3, "", {"COROSYNC-CRYPTO"}), (3, "secauth: on", set()),
    (3, "secauth: yes", {"COROSYNC-CRYPTO"}),
    (3, "crypto_cipher: aes256", {"COROSYNC-CRYPTO-OPTIONS"}), (3, "crypto_hash: sha1", set()),
    (3, "secauth: on\n\tcrypto_hash: none", {"COROSYNC-CRYPTO-OPTIONS"}),
    (2, "", set()), (2, "secauth: off", {"COROSYNC-CRYPTO"}), (2, "crypto_cipher: aes128", set()),
    (2, "secauth: off\n\tcrypto_hash: sha1", set()),
    (2, "crypto_hash: none", {"COROSYNC-CRYPTO-OPTIONS"})])
def test_encryption(good, number, change, ids):
    pair = _v(good(C).edit(CORO, "\tcrypto_cipher: aes256\n\tcrypto_hash: sha256\n",
                           f"\t{change}\n"), number)
    pair = pair.edit(CORO, "knet", "knet" if number == 3 else "udpu")
    assert pair.ids() == ids


# -- the same on both hosts ------------------------------------------------

@pytest.mark.parametrize("old, new, same", [
    ("\ttoken: 3000\n", "\n   token:3000  \n", True), ("token: 3000", "# c\n\ttoken: 3000", True),
    ("\tversion: 2\n\tcluster_name: pair\n", "\tcluster_name: pair\n\tversion: 2\n", True),
    ("to_syslog: yes", "to_syslog: no", True), ("totem {", "totem {\n}\ntotem {", True),
    ("token: 3000", "token: 2000\n\ttoken: 3000", True), ("\n", "\r\n", True),
    ("token: 3000", "token: 3001", False), ("two_node: 1", "two_node: 1\n\tlast_man_standing: 0",
                                            False),
    ("10.77.0.2", "10.77.0.3", False), ("name: node2", "name: other", False)])
def test_hosts_are_compared_by_meaning(good, old, new, same):
    pair = good(C).edit(CORO, old, new, (1,))
    assert bool(_told(pair, "COROSYNC-SAME-FILE")) is not same


@pytest.mark.parametrize("old, new, same", [
    ("<fencedevices>", "<!-- c -->\n<fencedevices >", True), ('config_version="1"',
                                                             'config_version="2"', True),
    ('two_node="1" expected_votes="1"', 'expected_votes="1" two_node="1"', True),
    ('delay="15"', 'delay="16"', False)])
def test_cluster_conf_is_compared_by_meaning(good, old, new, same):
    pair = good(M).edit(CLUSTER, old, new, (1,))
    assert bool(_told(pair, "CMAN-SAME-FILE")) is not same


def test_the_order_of_nodes_means_nothing(good):
    pair = good(M)
    text = pair.trees[0].files[CLUSTER]
    lines = text.split("\n")
    first = next(i for i, line in enumerate(lines) if '<fencedevice name="ipmi1"' in line)
    lines[first], lines[first + 1] = lines[first + 1], lines[first]
    assert pair.write(CLUSTER, "\n".join(lines), (1,)).ids() == set()


# -- which engine ----------------------------------------------------------

def test_a_cluster_conf_that_was_left_over_is_ignored(good):
    assert good(C).write(CLUSTER, "<cluster").ids() == set()
    pair = _v(good(C).write(CLUSTER, "<cluster").edit(CORO, "knet", "udpu"), 2)
    assert pair.program("cman_tool", "").ids() == set()


# -- corosync -t -----------------------------------------------------------

@pytest.mark.parametrize("code, said, finds", [
    (0, "", False), (8, f"parser error: {CORO}:4: Line too long", True),
    (8, "Could not open /etc/corosync/authkey: Permission denied", False),
    (1, "corosync: invalid option -- 't'", False), (8, "", False)])
def test_the_words_of_corosync(good, code, said, finds):
    pair = good(C).answer("corosync-test", "", code, said)
    assert bool(_told(pair, "COROSYNC-TEST")) is finds


@pytest.mark.parametrize("old, new", [
    ("aes256", "aes512"), ("totem {", "totem { # of tomorrow"), ("token: 3000", "token: 20"),
    ("crypto_hash: sha256", "")])
def test_what_corosync_accepts_is_not_called_refused(good, old, new):
    pair = good(C).edit(CORO, old, new)
    assert any(f.rule.severity == "error" for f in pair.verdict().findings)
    assert not [f for f in pair.answer("corosync-test").verdict().findings
                if f.rule.severity == "error"]


def test_what_a_rule_has_found_corosync_need_not_repeat(good):
    pair = good(C).edit(CORO, "aes256", "aes-256").answer(
        "corosync-test", "", 8, f"parser error: {CORO}:6: Invalid cipher type")
    assert pair.ids() == {"COROSYNC-VALUE"}


# -- dlm -------------------------------------------------------------------

@pytest.mark.parametrize("words, value", [
    ("-f 0", "0"), ("-f0", "0"), ("-s 0 -f 1", "1"), ("--enable_fencing 0", "0"),
    ("--enable_fencing=0", "0"), ("-f 1 -f 0", "0"), ("-s 0", None), ("-q 0 -D", None),
    ("", None), ("-f", None)])
def test_dlm_controlds_arguments(words, value):
    found = dlmconf.command_line(words.split(), Where("x"))
    assert found.get("enable_fencing", (None,))[0] == value


@pytest.mark.parametrize("text, value", [
    ("enable_fencing=0", "0"), ("enable_fencing = 0", "0"), ("#enable_fencing=0", None),
    (" enable_fencing=0", None), ("enable_fencing=0 # off", "0"),
    ("enable_fencing=0\nenable_fencing=1", "1"), ("enable_fencing", None),
    ("enable_startup_fencing=0", None)])
def test_dlm_conf(text, value):
    assert dlmconf.parse(text, "f").get("enable_fencing", (None,))[0] == value


@pytest.mark.parametrize("text, value", [
    ('DLM_CONTROLD_OPTS="-f 0"', "0"), ("DLM_CONTROLD_OPTS=-f0", "0"),
    ('# DLM_CONTROLD_OPTS="-f 0"', None), ("DLM_CONTROLD_OPTS='-q 0 -f 0'", "0"),
    ('DLM_CONTROLD_OPTS="-f 0"\nDLM_CONTROLD_OPTS=""', None), ('DLM_CONTROLD_OPTS="-f 0', "0"),
    ('OTHER="-f 0"', None)])
def test_files_of_shell_variables(text, value):
    assert dlmconf.variables(text, "f").get("enable_fencing", (None,))[0] == value


@pytest.mark.parametrize("change, ids", [
    (lambda p: p.write("/etc/dlm/dlm.conf", "enable_startup_fencing=0\n"), set()),
    (lambda p: p.write("/etc/dlm/dlm.conf", "enable_quorum_fencing=0\n"), set()),
    (lambda p: p.write("/etc/dlm/dlm.conf", "fence_all /usr/sbin/dlm_stonith\n"), set()),
    (lambda p: p.answer("daemons", "/usr/sbin/dlm_controld -s 0 -f 1\n").write(
        "/etc/dlm/dlm.conf", "enable_fencing=0\n"), set()),
    (lambda p: p.write("/etc/sysconfig/cman", 'DLM_CONTROLD_OPTS="-f 0"\n'), set()),
    (lambda p: p.write("/etc/default/dlm", 'DLM_CONTROLD_OPTS="--enable_fencing 0"\n'),
     {"DLM-FENCING"})])
def test_fencing_of_dlm(good, change, ids):
    assert change(good(C)).ids() == ids


@pytest.mark.parametrize("text, protocol", [
    ("", "TCP"), ("protocol=detect\n", "TCP"), ("protocol=sctp\n", "SCTP"),
    ("protocol=1\n", "SCTP"), ("protocol=2\n", "TCP"), ("#protocol=sctp\n", "TCP")])
def test_the_protocol_of_dlm(good, text, protocol):
    told = _told(_second_ring(good(C)).write("/etc/dlm/dlm.conf", text), "DLM-LINKS")
    assert told[0][2].endswith(protocol)


def test_two_links_alone_say_nothing_of_dlm(good):
    pair = _second_ring(good(C)).drop(RES).drop("/etc/dlm/dlm.conf").drop("/etc/lvm/lvm.conf")
    pair = pair.program("dlm_controld", "").kind("/sys/kernel/dlm", "")
    assert "DLM-LINKS" in pair.ids(), "the CIB starts it"
    pair.cib = None
    assert "DLM-LINKS" not in pair.ids()
    assert "DLM-LINKS" in {u.rule.id for u in pair.verdict().unseen}


# -- cman ------------------------------------------------------------------

_QUORUMD = '<quorumd device="/dev/disk/by-path/ip-x"%s/></cluster>'


@pytest.mark.parametrize("cman, votes, ids", [
    ('expected_votes="3"', "", set()), ("", "", set()), ('expected_votes="3"', ' votes="1"', set()),
    ('expected_votes="4"', ' votes="2"', set()), ('expected_votes="1"', "", {"CMAN-QUORUM-DISK"}),
    ('two_node="1" expected_votes="1"', "", {"CMAN-QUORUM-DISK"}),
    ('two_node="0" expected_votes="3"', "", set()),
    ('two_node="1" expected_votes="1"', ' votes="0"', set())])
def test_a_quorum_disk(good, cman, votes, ids):
    pair = good(M).edit(CLUSTER, 'two_node="1" expected_votes="1"', cman)
    assert pair.edit(CLUSTER, "</cluster>", _QUORUMD % votes).ids() == ids


@pytest.mark.parametrize("agent, first, second, ids", [
    ("fence_ipmilan", 'ipaddr="a"', 'ipaddr="b"', set()),
    ("fence_ipmilan", 'ipaddr="a"', 'ipaddr="a"', {"CMAN-FENCE-SAME-PLUG"}),
    ("fence_ipmilan", 'ipaddr="a" ipport="1"', 'ipaddr="a" ipport="2"', set()),
    ("fence_apc", 'ipaddr="a" port="1"', 'ipaddr="a" port="2"', set()),
    ("fence_apc", 'ipaddr="a" port="1"', 'ipaddr="a" port="1"', {"CMAN-FENCE-SAME-PLUG"}),
    ("fence_apc", 'ipaddr="a" port="1"', 'ipaddr="b" port="1"', set()),
    ("fence_virt", 'domain="x"', 'domain="y"', set()),
    ("fence_scsi", "", "", set()), ("fence_idrac", 'ipaddr="a"', 'ipaddr="a"',
                                    {"CMAN-FENCE-SAME-PLUG"})])
def test_plugs_and_controllers(good, agent, first, second, ids):
    pair = good(M)
    for name, values in (("ipmi1", first), ("ipmi2", second)):
        text = pair.trees[0].files[CLUSTER]
        start = text.index(f'<fencedevice name="{name}"')
        old = text[start:text.index("/>", start)]
        pair = pair.edit(CLUSTER, old, f'<fencedevice name="{name}" agent="{agent}" {values}')
    pair = pair.program(agent, "/usr/sbin/" + agent)
    assert pair.ids() == ids


@pytest.mark.parametrize("inner", [
    '<altmulticast addr="239.192.1.2"/>', '<altmulticast addr="239.192.1.2" port="5409"/>',
    '<altmulticast addr="239.192.1.2" port="5409" ttl="3"/>'])
def test_a_second_ring_of_cman_fits_the_schema(good, inner):
    assert good(M).edit(CLUSTER, "</cman>", inner + "</cman>").ids() == set()


def test_a_network_on_which_several_resources_replicate_is_named_once(good):
    pair = _second_resource(good(C).edit(RES, "10.77.0.", "10.78.0."), "7788", "7789")
    told = _told(pair, "COROSYNC-RING-REPLICATION")
    assert len(told) == len(set(told)) == 1, told
    assert told[0][2].endswith("/24, where resources r0, r1 replicate")
