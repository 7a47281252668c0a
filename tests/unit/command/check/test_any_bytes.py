# SPDX-License-Identifier: GPL-2.0-or-later
"""Whatever the files hold and the commands say: an answer, never a traceback."""

import json

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dualstor.command.check import report
from dualstor.command.check.filters import (
    chains,
    ipset,
    iptables,
    nftables,
    nftjson,
    zonefiles,
    zonelists,
)
from dualstor.command.check.filters.firewalld import Firewalld
from dualstor.command.check.filters.nfttokens import NotUnderstood
from dualstor.command.check.filters.packet import UNKNOWN, YES, Packet
from dualstor.command.check.filters.zones import built_in
from dualstor.command.check.judge import BROKEN
from dualstor.command.check.parsers import corosyncconf, drbdfiles, lvmfilter, xml
from dualstor.command.check.parsers.dmregex import Malformed
from dualstor.command.check.parsers.where import Where
from dualstor.command.check.sources import collect, wanted
from dualstor.tools import lvmconf

from .test_report import schema

SCHEMA = schema()
ANSWERS = (chains.OPEN, chains.CLOSED, UNKNOWN)

#: Pieces of all languages that the parsers know, so that arbitrary text goes deep.
PIECES = st.sampled_from([
    "{", "}", ";", "\n", " ", "\"", "'", "<", ">", "/>", "</", "=", "[", "]", ",", "#", ":", "|",
    "\\",
    "resource", "r0", "on", "node1", "net", "disk", "device", "minor", "address", "volume",
    "common",
    "include \"*\";\n", "protocol", "handlers", "fence-peer", "/dev/drbd0", "/dev/vdb",
    "10.78.0.1:7788",
    "totem", "interface", "bindnetaddr:", "nodelist", "node", "ring0_addr:", "version:", "2",
    "quorum",
    "global", "locking_type", "filter", "a|", "r|.*|", "use_lvmlockd", "1", "-1",
    "99999999999999999999",
    "cluster", "clusternode", "name=", "nodeid=", "fence", "method", "&amp;", "&x;",
    "<!DOCTYPE a [",
    "<?xml version=\"1.0\" encoding=\"utf-16\"?>", "<!--", "-->", "<![CDATA[", "cib",
    "configuration",
    "primitive", "clone", "rsc_order", "nvpair", "-A INPUT", ":INPUT DROP", "*filter", "-j",
    "--dport",
    "table inet f {", "chain c {", "type filter hook input priority 0; policy drop;", "tcp dport",
    "accept", "vmap", "@s", "define x =", "$x", "include \"*\"", "ct state", "limit rate", "!=",
    "elements =", "add rule inet f c", "-I INPUT", "--match-set", "-m", "!", "/24", "10.0.0.0",
    "jump c", "public (active)", "  ports: ", "7788/tcp", "rule", "Quorum:", "Quorate:", "Flags:",
    "Nodeid", "Membership information", "\0", "\ufffd", "ü", "\U0001f980", "\r", "\x1b"])
ANY = st.one_of(st.text(max_size=200), st.lists(PIECES, max_size=60).map("".join),
                st.binary(max_size=200).map(lambda data: data.decode("utf-8", "backslashreplace")))


def sound(pair):
    """Apply the rules, and validate the answer with its schema."""
    verdict = pair.verdict()
    assert [u.reason for u in verdict.unseen if u.reason.startswith(BROKEN)] == []
    document = dict(report.document(pair.cluster, verdict), schema="dualstor.check/1")
    jsonschema.validate(json.loads(json.dumps(document)), SCHEMA)
    json.dumps(document, ensure_ascii=False).encode("utf-8")


FILES = [pattern.replace("*", "r0") for pattern in wanted.FILES]
COMMANDS = [name for name, _ in wanted.COMMANDS] + [name for name, _ in wanted.REPORTS] + [
    "lvm-settings", "drbd-gi-r0", "lockdump-clvmd", "lockdump-lvm_vg0", "daemons", "getent-node1"]


@given(name=st.sampled_from(["corosync", "cman"]), path=st.sampled_from(FILES), text=ANY)
def test_any_text_in_any_file(good, name, path, text):
    sound(good(name).write(path, text))


@given(name=st.sampled_from(["corosync", "cman"]), command=st.sampled_from(COMMANDS), text=ANY,
       code=st.sampled_from([0, 1, 2, 5, 255, -9]))
def test_any_answer_of_any_command(good, name, command, text, code):
    sound(good(name).answer(command, text, code))


@given(name=st.sampled_from(["corosync", "cman"]), text=ANY)
def test_any_text_as_cib(good, name, text):
    pair = good(name)
    pair.cib = text
    sound(pair)


@st.composite
def damaged(draw):
    """(pair, path, where it is cut, what is put there, how much is lost)."""
    return (draw(st.sampled_from(["corosync", "cman"])), draw(st.integers(0, 10)),
            draw(st.integers(0, 2000)), draw(ANY), draw(st.integers(0, 300)))


@given(damage=damaged())
def test_a_damaged_good_file(good, damage):
    name, which, start, text, lost = damage
    pair = good(name)
    paths = sorted(pair.trees[0].files)
    path = paths[which % len(paths)]
    old = pair.trees[0].files[path]
    start %= len(old) + 1
    sound(pair.write(path, old[:start] + text + old[start + lost:]))


@given(start=st.integers(0, 7000), text=ANY, lost=st.integers(0, 300))
def test_a_damaged_cib(good, start, text, lost):
    pair = good("corosync")
    pair.cib = pair.cib[:start] + text + pair.cib[start + lost:]
    sound(pair)


@given(data=st.dictionaries(st.sampled_from(FILES), st.binary(max_size=300), max_size=6))
def test_any_bytes_on_disk(tmp_path_factory, data):
    directory = tmp_path_factory.mktemp("bytes")
    for path, content in data.items():
        target = directory.joinpath(path[1:])
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
    from .trees import Pair
    sound(Pair([collect.copied(str(directory)), collect.copied(str(directory))], None))


@given(text=ANY, protocol=st.sampled_from(["tcp", "udp", "igmp"]), port=st.integers(1, 65535))
def test_firewalls_of_any_text(text, protocol, port):
    packet = Packet(protocol=protocol, port=port)
    assert iptables.Tables(text, "f").answer(packet).result in ANSWERS
    for parse in (lambda: nftables.parse({"f": text}, "f"), lambda: nftjson.parse(text, "f")):
        try:
            assert parse().answer(packet, Where("f")).result in ANSWERS
        except NotUnderstood as problem:
            assert problem.where.source == "f"
    zones, _ = zonelists.listed(text, "f")
    zones += tuple(filter(None, [zonefiles.settings(text, "/zones/z.xml")]))
    shown = Firewalld(zones=zones + (built_in("public", Where("f")),), where=Where("f"),
                      direct=zonefiles.direct(text, "f"), sets=ipset.parse(text))
    assert shown.answer(packet).result in ANSWERS


@given(text=ANY)
def test_parsers_of_any_text(text):
    lvmconf.Scan(text)
    corosyncconf.parse(text, "f")
    drbdfiles.parse({"/etc/drbd.conf": text, "/etc/drbd.d/a.res": text})
    root, problems = xml.parse(text, "f")
    assert root is not None or problems


@given(pattern=ANY, device=st.sampled_from(["/dev/drbd0", "/dev/disk/by-id/scsi-0QEMU_HARDDISK_0"]))
def test_a_filter_of_any_text_is_evaluated_or_refused(pattern, device):
    try:
        assert lvmfilter.passes((pattern,), (device,)) in (True, False)
    except Malformed as problem:
        assert str(problem) == lvmfilter.problem(pattern)


@pytest.mark.parametrize("pattern, through", [
    ("a|(a*)*b|", True), ("a|.*.*.*.*.*.*x|", True), ("r|(a|a)*$|", False),
    ("a|" + "x?" * 300 + "b|", True), ("r|((((a*)*)*)*)*$|", False)])
def test_a_filter_that_could_take_forever_does_not(pattern, through):
    assert lvmfilter.passes((pattern,), ("/dev/" + "a" * 200,)) is through


def test_chains_that_jump_in_a_circle_end():
    def to(name):
        return (chains.simple(Where("f", 1), lambda packet: YES, chains.JUMP + name),)
    circle, entry = {"a": to("b"), "b": to("a")}, chains.Chain("a", chains.DROP, Where("f", 2))
    answer = chains.passage([entry], circle, Packet(protocol="tcp"), Where("f"))
    assert (answer.result, str(answer.where)) == (chains.CLOSED, "f:2")


@pytest.mark.parametrize("text", [
    "<a>" * 5000, "<!DOCTYPE a [<!ENTITY x '" + "y" * 99 + "'><!ENTITY z '&x;&x;'>]><a>&z;</a>",
    "<!DOCTYPE a SYSTEM 'http://192.0.2.1/x.dtd'><cluster name='a'/>",
    "<!DOCTYPE a [<!ENTITY x SYSTEM 'file:///etc/hostname'>]><cluster name='&x;'/>"])
def test_xml_fetches_and_expands_nothing(good, text):
    root, _ = xml.parse(text, "f")
    assert root is None or "y" not in "".join(root.itertext())
    sound(good("cman").write("/etc/cluster/cluster.conf", text))


@pytest.mark.parametrize("text",
                         ["{" * 5000, "a { " * 5000, "a [ " * 5000, "resource r {" + "x { " * 5000])
def test_deep_nesting_is_no_trouble(good, text):
    for path in ("/etc/drbd.conf", "/etc/lvm/lvm.conf", "/etc/corosync/corosync.conf"):
        sound(good("corosync").write(path, text))
