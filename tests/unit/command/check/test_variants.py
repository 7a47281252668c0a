# SPDX-License-Identifier: GPL-2.0-or-later
"""Other ways to be right: no rule may object. And ways to be unknown: no rule may pretend."""

import re

import pytest

from dualstor.command.check.parsers import xml
from dualstor.command.check.view.cib import Cib
from dualstor.command.check.view.constraints import colocations, orders

from .spoilt import CLUSTER, CORO, HOSTS, LVM, RES, C, M, _devices, _v1

_SETS = """<rsc_order id="o">
<resource_set id="a" action="promote"><resource_ref id="r0-clone"/></resource_set>
<resource_set id="b" action="start" sequential="false">
<resource_ref id="locking-clone"/></resource_set>
<resource_set id="c" action="start"><resource_ref id="vg0-clone"/></resource_set></rsc_order>
<rsc_colocation id="p" score="INFINITY">
<resource_set id="d"><resource_ref id="vg0-clone"/></resource_set>
<resource_set id="f"><resource_ref id="locking-clone"/></resource_set>
<resource_set id="e" role="Promoted"><resource_ref id="r0-clone"/></resource_set>
</rsc_colocation>"""

_MULTICAST = """\
totem {
	version: 2
	crypto_cipher: aes256
	crypto_hash: sha256
	interface {
		ringnumber: 0
		bindnetaddr: 10.77.0.0
		mcastaddr: 239.192.0.1
	}
}
quorum {
	provider: corosync_votequorum
	expected_votes: 2
	two_node: 1
}
"""


def _with_sets(pair):
    start, end = pair.cib.index("<rsc_order"), pair.cib.index("</constraints>")
    pair.cib = pair.cib[:start] + _SETS + pair.cib[end:]
    return pair


def _without_constraints_by_chain(pair):
    """DRBD before locking, locking before the VG: the VG comes after DRBD by way of it."""
    return pair.pacemaker(
        '<rsc_order id="vg0-after-r0" first="r0-clone" first-action="promote" then="vg0-clone"',
        '<rsc_order id="vg0-after-r0" first="r0-clone" first-action="promote" then="locking-clone"')


def _as_master(pair):
    """The words of Pacemaker 1.1."""
    pair.pacemaker('<clone id="r0-clone">', '<master id="r0-clone">')
    pair.cib = re.sub(r"</clone>", "</master>", pair.cib, count=1)
    return pair.pacemaker("promoted-max", "master-max").pacemaker("Promoted", "Master").pacemaker(
        "Unpromoted", "Slave") if "Unpromoted" in pair.cib else pair.pacemaker(
        "promoted-max", "master-max").pacemaker('"Promoted"', '"Master"')


VARIANTS = [
    (C, "corosync 1 with cryptography", lambda p: _v1(p)),
    (C, "corosync 1 with Pacemaker as its plugin, which counts no two nodes", lambda p: _v1(
        p, "totem {", "service {\n\tname: pacemaker\n\tver: 1\n}\ntotem {").pacemaker(
        'value="freeze"', 'value="ignore"')),
    (C, "corosync 2 with multicast", lambda p: p.write(CORO, _MULTICAST).answer(
        "corosync-version", "Corosync Cluster Engine, version '2.4.5'")),
    (C, "udpu and crypto in corosync 2", lambda p: p.edit(CORO, "knet", "udpu").answer(
        "corosync-version", "Corosync Cluster Engine, version '2.4.5'")),
    (C, "bindnetaddr of its own on each host", lambda p: p.write(
        CORO, _MULTICAST.replace("10.77.0.0", "10.77.0.0 "), (1,))
     .write(CORO, _MULTICAST, (0,)).answer(
        "corosync-version", "Corosync Cluster Engine, version '2.4.5'")),
    (C, "nodes by name", lambda p: p.edit(CORO, "ring0_addr: 10.77.0.", "ring0_addr: node")),
    (C, "a devices file", lambda p: _devices(p, "/dev/vda", "/dev/drbd0")),
    (C, "comments in one file", lambda p: p.edit(RES, "net {", "# ours\n\tnet {", (1,))
     .edit(CORO, "totem {", "# ours\ntotem {", (0,))),
    (C, "fully qualified names in DRBD's file",
     lambda p: p.edit(RES, "on node1", "on node1.example.com")
     .edit(RES, "on node2", "on node2.example.com")),
    (C, "the module 8.4 with tools 9",
     lambda p: p.write("/proc/drbd", "version: 8.4.11 (api:1)\n").edit(
         RES, "fencing resource-and-stonith;", "").edit(
             RES, "handlers {", "disk {\n\t\tfencing resource-and-stonith;\n\t}\n\thandlers {")
     .edit(RES, "options {\n\t\tauto-promote no;\n\t}\n\t", "")),
    (C, "firewalld", lambda p: p.answer("firewalld", "public (active)\n  target: default\n"
                                        "  services: high-availability ssh\n  ports: 7788/tcp\n")),
    (C, "resource sets", _with_sets),
    (C, "order by way of the locks", _without_constraints_by_chain),
    (C, "a timeout for all", lambda p: p.pacemaker(' timeout="120s"', "").pacemaker(
        "<constraints>", '<constraints>').pacemaker(
        "</resources>",
        '</resources><op_defaults><meta_attributes id="x"><nvpair id="y" name="timeout" '
                        'value="3min"/></meta_attributes></op_defaults>')),
    (C, "a DRBD resource that is not for two Primaries", lambda p: p.write(
        "/etc/drbd.d/r1.res", """resource r1 {
	device /dev/drbd1;
	disk /dev/vdd;
	meta-disk internal;
	net { protocol A; }
	options { auto-promote no; }
	on node1 { address 10.77.0.1:7789; }
	on node2 { address 10.77.0.2:7789; }
}
""").edit(LVM, "filter = [", 'filter = [ "r|^/dev/vdd$|",')),
    (C, "a random fence delay", lambda p: p.pacemaker('pcmk_delay_base" value="5s"',
                                                      'pcmk_delay_max" value="10s"')),
    (C, "a fence delay by node", lambda p: p.pacemaker(
        'pcmk_delay_base" value="5s"', 'pcmk_delay_base" value="node1:5s;node2:0s"')),
    (C, "one device for both", lambda p: p.pacemaker(
        'name="pcmk_host_list" value="node1"',
        'name="pcmk_host_map" value="node1:1;node2:2"').pacemaker(
        'pcmk_delay_base" value="5s"', 'pcmk_delay_base" value="node1:5s;node2:0s"')
     .pacemaker('fence_ipmilan', 'fence_apc')),
    (C, "priorities of fencing", lambda p: p.pacemaker('value="5s"', 'value="0"').pacemaker(
        '<nvpair id="option-fencing"', '<nvpair id="pf" name="priority-fencing-delay" value="15s"/>'
                                       '<nvpair id="option-fencing"').pacemaker(
        '</resources>', '<primitive id="ip" class="ocf" provider="heartbeat" type="IPaddr2">'
        '<meta_attributes id="im"><nvpair id="ip1" name="priority" value="10"/></meta_attributes>'
        '</primitive></resources>')),
    (C, "the words of Pacemaker 3", lambda p: p.pacemaker("stonith-enabled", "fencing-enabled")),
    (M, "comments and blanks in cluster.conf", lambda p: p.edit(
        CLUSTER, "<clusternodes>", "<!-- two -->\n\n<clusternodes>", (1,))),
    (M, "no multicast address given",
     lambda p: p.edit(CLUSTER, '<multicast addr="239.192.12.109"/>', "")),
    (M, "no fence_daemon", lambda p: p.edit(
        CLUSTER, '<fence_daemon clean_start="0" post_fail_delay="0" post_join_delay="30"/>', "")),
    (M, "names from DNS, in full", lambda p: p.edit(HOSTS, "node1", "x").edit(HOSTS, "node2", "y")
     .edit(CLUSTER, 'name="node1"', 'name="node1.example.com"')
     .edit(CLUSTER, 'name="node2"', 'name="node2.example.com"')
     .pacemaker('value="node1"', 'value="node1.example.com"')
     .pacemaker('value="node2"', 'value="node2.example.com"')
     .answer("getent-node1.example.com", "10.77.0.1")
     .answer("getent-node2.example.com", "10.77.0.2")),
    (M, "clvmd's interface",
     lambda p: p.edit(CLUSTER, "</cluster>", '<clvmd interface="cman"/></cluster>')),
    (M, "lvmlockd with LVM 2.02",
     lambda p: p.edit(LVM, "locking_type = 3", "locking_type = 1\nuse_lvmlockd = 1")
     .answer("vgs", "  vg0|wz--ns")),
    (M, "the local file of LVM", lambda p: p.edit(LVM, "use_lvmetad = 0", "use_lvmetad = 1").write(
        "/etc/lvm/lvmlocal.conf", "global/use_lvmetad = 0\n")),
]


@pytest.mark.parametrize("name, label, change", VARIANTS, ids=[label for _, label, _ in VARIANTS])
def test_another_right_way_has_no_finding(good, name, label, change):
    verdict = change(good(name)).verdict()
    assert [(f.rule.id, f.text) for f in verdict.findings] == []


@pytest.mark.parametrize("text", [
    "totem {\n\tversion: 2\n}\nnodelist {\n\tnode {\n\t}\n}\n", "totem {\n",
    "totem {\n\tversion: 1\n}\n", ""])
@pytest.mark.parametrize("version", ["1.4.9", "2.4.5"])
def test_of_a_file_that_cman_ignores_only_its_presence_is_told(good, text, version):
    pair = good(M).write(CORO, text).write(CORO, text + "# differs\n", (1,)).answer(
        "corosync-version", f"Corosync Cluster Engine, version '{version}'")
    assert pair.ids() == {"CMAN-COROSYNC-CONF"}
    assert "COROSYNC-NODES" not in {unseen.rule.id for unseen in pair.verdict().unseen}


def test_so_is_a_cluster_conf_where_corosync_was_chosen(good):
    pair = good(C).write(CLUSTER, "<cluster")
    pair.engine = "corosync"
    assert pair.ids() == set()


def test_master_and_slave_are_understood(good):
    ids = _as_master(good(C)).ids()
    assert not ids & {"PCMK-PROMOTABLE", "PCMK-PROMOTED-MAX", "PCMK-CLONE", "PCMK-COLOCATION"}


UNKNOWN = [
    ("LVM-FILTER", lambda p: p.drop(LVM)), ("LVM-LVMLOCKD", lambda p: p.drop(LVM)),
    ("DRBD-FENCING", lambda p: p.drop(RES)),
    ("DRBD-GENERATION", lambda p: p.silence("drbdadm-version")),
    ("DRBD-GENERATION", lambda p: p.answer("drbdadm-version", "")),
    ("DRBD-METADATA", lambda p: p.answer("drbd-gi-r0", "", 20, "no such device")),
    ("DRBD-METADATA", lambda p: p.answer("drbd-gi-r0", "")),
    ("LVM-VG-UNLOCKED", lambda p: p.answer("vgs", "", 5, "  connect() failed on local socket")),
    ("LVM-VG-UNLOCKED", lambda p: p.answer("vgs", "  vg0|wz--ns|x")),
    ("COROSYNC-RING", lambda p: p.silence("ip-addr")),
    ("QUORUM-NOW",
     lambda p: p.answer("corosync-quorum", "", 1, "Cannot initialize QUORUM service")),
    ("QUORUM-NOW", lambda p: p.answer("corosync-quorum", "Quorate")),
    ("FIREWALL-DLM", lambda p: p.silence("nftables")),
    ("PCMK-FENCING", lambda p: setattr(p, "cib", None) or p),
    ("PCMK-ORDER", lambda p: p.pacemaker('provider="dualstor"', 'provider="heartbeat"')),
    ("PACKAGES-MISSING", lambda p: p.program("lvmlockd", "").drop("/etc/os-release")),
    ("COROSYNC-CRYPTO", lambda p: p.drop(CORO)), ("CMAN-XML", lambda p: p.drop(CORO)),
]


@pytest.mark.parametrize("identifier, change", UNKNOWN)
def test_what_cannot_be_known_is_not_called_right(good, identifier, change):
    verdict = change(good(C)).verdict()
    assert identifier in {u.rule.id for u in verdict.unseen}
    assert all(u.reason for u in verdict.unseen)


def test_the_cib_on_disk_serves_where_pacemaker_does_not_run(good):
    pair = good(C).silence("cib")
    text, pair.cib = pair.cib, None
    pair.write("/var/lib/pacemaker/cib/cib.xml", text.replace('value="freeze"', 'value="ignore"'),
               (1,))
    places = {str(f.where) for f in pair.verdict().findings if f.rule.id == "PCMK-QUORUM-POLICY"}
    assert [place.rpartition(":")[0] for place in places] == ["/var/lib/pacemaker/cib/cib.xml"]


class _Document:
    """A cluster that is a CIB of given constraints."""

    hosts = ()

    def __init__(self, constraints):
        text = f"<cib><configuration><constraints>{constraints}</constraints></configuration></cib>"
        self.cib_document = xml.parse(text, "f") + ("f",)


def test_sets_within_and_between():
    cib = Cib(_Document(
        '<rsc_order><resource_set><resource_ref id="a"/><resource_ref id="b"/></resource_set>'
        '<resource_set sequential="false"><resource_ref id="c"/><resource_ref id="d"/>'
        '</resource_set></rsc_order>'
        '<rsc_colocation score="INFINITY"><resource_set><resource_ref id="a"/></resource_set>'
        '<resource_set role="Master"><resource_ref id="b"/></resource_set></rsc_colocation>'))
    assert {(e.first, e.later) for e in orders(cib)} == {
        ("a", "b"), ("a", "c"), ("a", "d"), ("b", "c"), ("b", "d")}
    assert [(e.later, e.first, e.promoted) for e in colocations(cib)] == [("a", "b", True)]


@pytest.mark.parametrize("attributes, firm", [
    ("", True), ('kind="Mandatory"', True), ('kind="Optional"', False), ('score="0"', False),
    ('score="INFINITY"', True), ('kind="Serialize"', False)])
def test_only_a_mandatory_order_counts(attributes, firm):
    edge, = orders(Cib(_Document(f'<rsc_order first="a" then="b" {attributes}/>')))
    assert edge.firm is firm
