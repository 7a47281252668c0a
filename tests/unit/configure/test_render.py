# SPDX-License-Identifier: GPL-2.0-or-later
"""Every renderer: golden files, and that any rendered configuration reads back as its model."""

import os
import re

import pytest
from hypothesis import given
from lxml import etree

from dualstor import fencepeer
from dualstor.agents.catalogue import interface
from dualstor.command.check.parsers import corosyncconf
from dualstor.command.configure import answers, files, pacemaker, steps
from dualstor.command.configure.generations import BY_NAME
from dualstor.command.configure.render import cib, cman, corosync, crm, drbd, hosts, lvmconf, pcs
from dualstor.errors import ParseError
from dualstor.tools import drbdconf
from dualstor.tools.lvmconf import Scan
from unit.configure import readback
from unit.configure.pairs import any_answers, pair

GOLDEN = os.path.join(os.path.dirname(__file__), "..", "..", "data", "configure")
GENERATIONS = tuple(BY_NAME)
VERSIONS = {"lvmlockd": "9", "lvmlockd-pacemaker2.0": "9", "lvmlockd-corosync2": "9",
            "clvmd": "8.4", "cman": "8.3"}
RENDERERS = {"pcs": pcs.render, "crm": crm.render, "cib": cib.render}
READERS = {"pcs": readback.from_pcs, "crm": readback.from_crm, "cib": readback.from_cib}


#: Seconds: the delay in the documents' answers.
DELAY = 5


def rendered(generation):
    """{file name: text} of all there is to render."""
    made = pair(generation=generation, drbd={"resource": "r0", "disk": "/dev/vdb",
                                             "version": VERSIONS[generation]})
    found = {os.path.basename(path): text for path, text in files.all_files(made).items()}
    for form, render in RENDERERS.items():
        for name, part in pacemaker.parts(made).items():
            found[steps.part_file(name, form)] = render(part, made.generation)
    found["cib.xml"] = cib.document(pacemaker.whole(made), made.generation)
    return found


@pytest.mark.parametrize("generation", GENERATIONS)
def test_the_resource_for_each_version_of_drbd(generation):
    """Rewrite with DUALSTOR_GOLDEN=1 and look at the difference; docs/examples has the rest."""
    path = os.path.join(GOLDEN, f"r0-{VERSIONS[generation]}.res")
    text = rendered(generation)["r0.res"]
    if os.environ.get("DUALSTOR_GOLDEN"):
        with open(path, "w", encoding="utf-8") as stream:
            stream.write(text)
    with open(path, encoding="utf-8") as stream:
        assert text == stream.read()


def corosync_conf_reads_back(told):
    made = answers.pair(dict(told, generation="lvmlockd"))
    top, problems = corosyncconf.parse(corosync.render(made), corosync.PATH)
    assert problems == () and top.first("totem").get("cluster_name") == made.cluster
    assert [(each.get("name"), each.get("nodeid"), each.get("ring0_addr"))
            for each in top.first("nodelist").named("node")] == [
        (node.name, str(number), node.address) for number, node in enumerate(made.nodes, 1)]


def lvm_conf_reads_back(told):
    made = answers.pair(told)
    for text in (lvmconf.render(made), lvmconf.merged(OLD, made)):
        scan = Scan(text)
        seen = {setting.name: setting.value for setting in scan.settings}
        assert scan.problems == []
        for section, values in lvmconf.settings(made).items():
            for name, value in values.items():
                wanted = value if isinstance(value, tuple) else str(value)
                assert seen[f"{section}/{name}"] == wanted


def times_fit_together(made, seen):
    """DRBD wants timeout below ping-int and connect-int (10 s); a peer is given up as late as by
    DRBD's own times (never in 8.3), and noticed to be gone as soon as the fence delays need."""
    timeout, ping = (int(seen.option("net", name)) for name in ("timeout", "ping-int"))
    assert timeout < 10 * ping <= 100
    count = seen.option("net", "ko-count")
    assert count is None if made.resources[0].version == "8.3" else int(count) * timeout >= 7 * 60
    assert seen.notice == drbd.NOTICE <= DELAY


def drbd_reads_back(told):
    made = answers.pair(told)
    for one, (path, text) in zip(made.resources, drbd.files(made).items()):
        assert path == f"/etc/drbd.d/{one.resource}.res"
        resource_reads_back(made, one, text)


def resource_reads_back(made, one, text):
    seen = drbdconf.parse(text, one.resource)
    assert (seen.protocol, seen.allow_two_primaries, seen.fencing) == (
        "C", True, "resource-and-stonith")
    assert (seen.fence_peer, seen.after_sb) == (fencepeer.PROGRAM, ("disconnect",) * 3)
    assert seen.option("options", "auto-promote") == ("no" if one.version == "9" else None)
    times_fit_together(made, seen)
    for node, disk, host in zip(made.nodes, one.disks, seen.hosts):
        link = f"[{node.replication}]" if ":" in node.replication else node.replication
        assert host == drbdconf.OnSection(
            name=node.name, address=f"{link}:{one.port}",
            devices=((one.device, one.minor, disk, "internal"),))


def cluster_conf_reads_back(told):
    told = {key: value for key, value in told.items() if key not in ("use", "alerts")}      # that cman cannot have
    made = answers.pair({**told, "generation": "cman"})
    root = etree.fromstring(cman.render(made, 7).encode())
    assert (root.get("name"), root.get("config_version")) == (made.cluster, "7")
    assert dict(root.find("cman").attrib) == {"two_node": "1", "expected_votes": "1"}
    devices = {e.get("name"): e.get("agent") for e in root.findall("fencedevices/fencedevice")}
    assert [(e.get("name"), e.get("nodeid"), e.find("fence/method/device").get("port"),
             devices[e.find("fence/method/device").get("name")])
            for e in root.findall("clusternodes/clusternode")] == [
        (node.name, str(number), node.name, "fence_pcmk")
        for number, node in enumerate(made.nodes, 1)]


def in_each_reader(part):
    """A Part whose resources that are not cloned are in an order that no format keeps."""
    return part.but(alone=tuple(sorted(part.alone, key=repr)))


def pacemaker_reads_back(told):
    made = answers.pair(told)
    for part in pacemaker.parts(made).values():
        for form in RENDERERS:
            assert in_each_reader(READERS[form](RENDERERS[form](part, made.generation))) == \
                in_each_reader(part), form


def the_whole_cib_is_the_sum_of_its_parts(told):
    made = answers.pair(told)
    text = cib.document(pacemaker.whole(made), made.generation)
    assert in_each_reader(readback.from_cib(text)) == \
        in_each_reader(pacemaker.base(made) + pacemaker.group(made) + pacemaker.uses.part(made))


@pytest.mark.parametrize("generation", GENERATIONS)
def test_timeouts_are_the_advice_of_the_agents(generation):
    promoted = generation in ("lvmlockd", "lvmlockd-corosync2")
    roles = {"Promoted": "Promoted", "Unpromoted": "Unpromoted"} if promoted else {
        "Promoted": "Master", "Unpromoted": "Slave"}
    for clone in pacemaker.whole(pair(generation=generation)).clones:
        for primitive in clone.members:
            if primitive.provider != "dualstor":
                continue
            advised = {(a.name, roles.get(a.role)): (a.timeout, a.interval or 0)
                       for a in interface(primitive.type).actions if not a.depth}
            for op in primitive.operations:
                assert (int(op.timeout[:-1]), int(op.interval[:-1])) == advised[op.name, op.role]
            names = {op.name for op in primitive.operations}
            assert {"start", "stop", "monitor"} <= names
            assert ("reload-agent" in names) <= promoted


def test_cman_starts_dlm_itself_and_the_others_have_a_resource_for_it():
    for generation in GENERATIONS:
        members = [p.id for clone in pacemaker.base(pair(generation=generation)).clones
                   for p in clone.members]
        assert ("dlm" in members) == (generation != "cman")


def commands(generation, **more):
    """Words of all pcs commands."""
    made = pair(generation=generation, **more)
    return [words for part in pacemaker.parts(made).values()
            for words in pcs.commands(part, made.generation)]


@pytest.mark.parametrize("generation", [name for name, each in BY_NAME.items() if each.promotable])
def test_no_pcs_from_0_10_on_warns_of_the_commands(generation):
    """0.12 warns of --group, of clone and promotable in create, and of a score without its name;
    0.11.6 of meta attributes without "meta"."""
    for words in commands(generation):
        assert "--group" not in words and "INFINITY" not in words
        if words[:2] == ("resource", "create"):
            assert not {"clone", "promotable", "group", "meta"} & set(words)
        if words[:2] in (("resource", "clone"), ("resource", "promotable")):
            assert words[3] == "meta"


@pytest.mark.parametrize("generation", ["clvmd", "cman"])
def test_pcs_0_9_has_its_own(generation):
    found = [" ".join(words) for words in commands(generation)]
    assert any(text.startswith("resource master r0-clone r0 ") for text in found)
    assert any(text.endswith(" --group locking") for text in found)
    assert "constraint colocation add vg0-clone with master r0-clone INFINITY id=vg0-with-r0" in found


def test_pacemaker_2_0_has_promotable_clones_and_the_old_names_of_roles():
    """Its schemas and pcs 0.10.8 refuse Promoted, and the operation reload-agent."""
    for text in (text for name, text in rendered("lvmlockd-pacemaker2.0").items()
                 if name.startswith(("pacemaker-", "cib"))):
        assert not re.search("Promoted|Unpromoted|reload-agent|<master|master-max|^ms ", text, re.M)
    assert 'promotable" value="true"' in rendered("lvmlockd-pacemaker2.0")["cib.xml"]
    assert "with Master r0-clone score=INFINITY" in \
        rendered("lvmlockd-pacemaker2.0")["pacemaker-group.pcs.sh"]


@pytest.mark.parametrize("generation, transport", [
    ("lvmlockd", "knet"), ("lvmlockd-pacemaker2.0", "knet"), ("lvmlockd-corosync2", "udpu"),
    ("clvmd", "udpu")])
def test_corosync_2_has_no_knet(generation, transport):
    assert f"transport: {transport}\n" in corosync.render(pair(generation=generation))


# -- lvm.conf -----------------------------------------------------------------------------

OLD = """\
# Our host.
devices {
    # filter = [ "a|.*|" ]
    dir = "/dev"
    filter = [ "a|^/dev/sda|",   # the system
               "r|.*|" ]
    filter = [ "a|.*|" ]
}
activation { checks = 0 }
global {
    use_lvmlockd = 0
}
"""


def test_settings_are_replaced_in_place_and_the_rest_stays():
    text = lvmconf.merged(OLD, pair())
    assert text == """\
# Our host.
devices {
    # filter = [ "a|.*|" ]
    dir = "/dev"
    filter = [ "a|^/dev/drbd0$|", "r|^/dev/vdb$|" ]
\tglobal_filter = [ "a|^/dev/drbd0$|", "r|^/dev/vdb$|" ]
\tuse_devicesfile = 0
}
activation { checks = 0 }
global {
    use_lvmlockd = 1
	event_activation = 0
}
"""


def test_settings_are_replaced_in_any_form():
    text = lvmconf.merged("""\
global { 'use_lvmlockd'=0 }   # no locks
devices/filter = ['a|.*|']  # all
devices { filter = "r|.*|" dir = '/dev' }
""", pair())
    assert text == """\
global { 'use_lvmlockd' = 1
\tevent_activation = 0
}   # no locks
devices/filter = [ "a|^/dev/drbd0$|", "r|^/dev/vdb$|" ]  # all
devices {  dir = '/dev'
\tglobal_filter = [ "a|^/dev/drbd0$|", "r|^/dev/vdb$|" ]
\tuse_devicesfile = 0
}
"""


def test_a_file_that_is_not_understood_is_refused_with_its_line():
    with pytest.raises(ParseError) as caught:
        lvmconf.merged("# x\nglobal use_lvmlockd = 0 }\n", pair())
    assert (caught.value.line, caught.value.number) == ("global use_lvmlockd = 0 }", 2)


def merging_again_changes_nothing_and_an_empty_file_gets_all(told):
    made = answers.pair(told)
    for text in ("", OLD):
        once = lvmconf.merged(text, made)
        assert lvmconf.merged(once, made) == once
    assert lvmconf.merged("", made) == lvmconf.render(made)


# -- /etc/hosts ---------------------------------------------------------------------------


@pytest.mark.parametrize("before, after", [
    ("", "10.77.0.1 node1\n10.77.0.2 node2\n"),
    ("# ours\n10.77.0.2\tnode2 n2 # the other\n10.77.0.1 node1\n",
     "# ours\n10.77.0.2\tnode2 n2 # the other\n10.77.0.1 node1\n"),
    ("127.0.0.1 localhost\n127.0.1.1 node1.example.com node1\n",
     "127.0.0.1 localhost\n127.0.1.1 node1.example.com\n10.77.0.1 node1\n10.77.0.2 node2\n"),
    ("10.0.0.9 node2", "10.77.0.1 node1\n10.77.0.2 node2\n")])
def test_a_name_has_its_address_and_no_other(before, after):
    assert hosts.merged(before, pair()) == after
    assert hosts.merged(after, pair()) == after


@pytest.mark.parametrize("replication", ["10.0.0", "10.1.0"])
def test_the_cluster_gets_one_link_as_dlm_wants_it(replication):
    """Also where DRBD has a network of its own."""
    made = pair()
    made = made.but(nodes=tuple(node.but(replication=f"{replication}.{number}")
                                for number, node in enumerate(made.nodes, 1)))
    assert re.findall(r"ring\d_addr", corosync.render(made)) == ["ring0_addr"] * 2
    assert "altname" not in cman.render(made)


def test_corosync_has_what_two_nodes_need():
    text = corosync.render(pair())
    assert [line.strip() for line in text.splitlines() if "ring0_addr" in line or "two_node" in line
            or "crypto" in line] == [
        "crypto_cipher: aes256", "crypto_hash: sha256", "ring0_addr: 10.77.0.1",
        "ring0_addr: 10.77.0.2", "two_node: 1"]


@given(any_answers())
def test_any_rendered_configuration_reads_back_as_its_model(told):
    """One property for all formats, as making up answers is what takes the time."""
    for reads_back in (drbd_reads_back, cluster_conf_reads_back, corosync_conf_reads_back,
                       lvm_conf_reads_back, pacemaker_reads_back,
                       the_whole_cib_is_the_sum_of_its_parts,
                       merging_again_changes_nothing_and_an_empty_file_gets_all):
        reads_back(told)
