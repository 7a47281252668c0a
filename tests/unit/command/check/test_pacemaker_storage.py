# SPDX-License-Identifier: GPL-2.0-or-later
"""What the CIB names compared with DRBD's files and LVM; what keeps it from two nodes."""

import pytest

from dualstor.command.check.parsers import clustershell
from dualstor.command.check.sources.tree import Tree

from . import cibs
from .cibs import cib, ids, location, options, pairs

_RES = """resource {name} {{
	device /dev/drbd{minor};
	disk /dev/vd{letter};
	meta-disk internal;
	on node1 {{ address 10.0.0.1:778{minor}; }}
	on node2 {{ address 10.0.0.2:778{minor}; }}
}}
"""


def _answer(text):
    return {"argv": "x", "returncode": 0, "stdout": text, "stderr": ""}


def _host(name, resources=("r0",), groups=("vg0|/dev/drbd0",), more=""):
    files = {f"/etc/drbd.d/{each}.res": _RES.format(name=each, minor=number, letter="abc"[number])
             for number, each in enumerate(resources)}
    files["/etc/drbd.d/more.res"] = more
    found = [each.split("|") for each in groups]
    commands = {"vgs": _answer("".join(f"  {group}|wz--ns\n" for group, _ in found)),
                "pvs": _answer("".join(f"  {place}|a--|{group}\n" for group, place in found))}
    return Tree(name=name, source="t", files=files, unreadable={}, paths={}, aliases={},
                programs={}, commands=commands, silent={})


def _both(*args, **kwargs):
    return [_host("node1", *args, **kwargs), _host("node2", *args, **kwargs)]


def _primitive(identifier, agent, **parameters):
    provider, _, kind = agent.rpartition(":")
    return (f'<primitive id="{identifier}" class="ocf" provider="{provider or "dualstor"}" '
            f'type="{kind}">' + pairs("instance_attributes", f"{identifier}-a", parameters)
            + "</primitive>")


def _clone(inner, identifier, **meta):
    values = {name.replace("_", "-"): value for name, value in meta.items()}
    return (f'<clone id="{identifier}-clone">{pairs("meta_attributes", identifier + "-m", values)}'
            f"{inner}</clone>")


def _drbd(identifier, name):
    return _clone(_primitive(identifier, "drbd-dualprimary", drbd_resource=name), identifier,
                  promotable="true", notify="true", interleave="true", promoted_max="2",
                  clone_max="2")


def _group(identifier, name):
    return _clone(_primitive(identifier, "clustered-vg", vgname=name), identifier,
                  interleave="true")


def _tied(drbd, group):
    return (f'<rsc_order id="o-{drbd}-{group}" first="{drbd}-clone" first-action="promote" '
            f'then="{group}-clone" then-action="start"/>'
            f'<rsc_colocation id="c-{drbd}-{group}" rsc="{group}-clone" with-rsc="{drbd}-clone" '
            'with-rsc-role="Promoted" score="INFINITY"/>')


_ONE = _drbd("r0", "r0") + _group("vg0", "vg0")
_TWO = _drbd("r0", "r0") + _drbd("r1", "r1") + _group("vg0", "vg0") + _group("vg1", "vg1")
_OTHER = _clone(_primitive("d1", "linbit:drbd", drbd_resource="r1"), "d1", promotable="true")
_TWO_HOSTS = _both(("r0", "r1"), ("vg0|/dev/drbd0", "vg1|/dev/drbd1"))

#: (resources, constraints, trees, rules that find something)
STORAGE = {
    "one of each": (_ONE, _tied("r0", "vg0"), _both(), ""),
    "two of each": (_TWO, _tied("r0", "vg0") + _tied("r1", "vg1"), _TWO_HOSTS, ""),
    "another DRBD resource of another agent": (
        _ONE + _OTHER, _tied("r0", "vg0"), _both(("r0", "r1")), ""),
    "another VG on no DRBD": (_ONE, _tied("r0", "vg0"), _both(
        groups=("vg0|/dev/drbd0", "system|/dev/vda2")), ""),
    "a VG by the name of its device": (_ONE, _tied("r0", "vg0"), _both(
        groups=("vg0|/dev/drbd/by-res/r0/0",)), ""),
    "a Secondary shows no VG": (_ONE, _tied("r0", "vg0"), _both(groups=("system|/dev/vda2",)), ""),
    "only one node shows it": (_ONE, _tied("r0", "vg0"), [
        _host("node1"), _host("node2", groups=("system|/dev/vda2",))], ""),
    "a VG on two DRBD resources": (
        _drbd("r0", "r0") + _drbd("r1", "r1") + _group("vg0", "vg0"),
        _tied("r0", "vg0") + _tied("r1", "vg0"),
        _both(("r0", "r1"), ("vg0|/dev/drbd0", "vg0|/dev/drbd1")), ""),
    "through the lock daemon": (
        _drbd("r0", "r0") + _clone(_primitive("l", "clvmd"), "l", interleave="true")
        + _group("vg0", "vg0"),
        '<rsc_order id="a" first="r0-clone" first-action="promote" then="l-clone" '
        'then-action="start"/><rsc_order id="b" first="l-clone" then="vg0-clone"/>'
        + _tied("r0", "vg0").partition("/>")[2], _both(), ""),
    "no such DRBD resource": (_drbd("r0", "r9") + _group("vg0", "vg0"), _tied("r0", "vg0"),
                              _both(), "DRBD-RESOURCE"),
    "on one node only": (_ONE, _tied("r0", "vg0"), [_host("node1"), _host("node2", ("r5",))],
                         "DRBD-RESOURCE"),
    "twice": (_ONE + _drbd("r0b", "r0"), _tied("r0", "vg0"), _both(), "DRBD-TWICE"),
    "twice, by another agent": (
        _ONE + _clone(_primitive("d", "linbit:drbd", drbd_resource="r0"), "d"),
        _tied("r0", "vg0"), _both(), "DRBD-TWICE"),
    "a VG twice": (_ONE + _group("vg0b", "vg0"), _tied("r0", "vg0"), _both(), "VG-TWICE"),
    "a VG twice, by another agent": (
        _ONE + _primitive("a", "heartbeat:LVM-activate", vgname="vg0"), _tied("r0", "vg0"),
        _both(), "VG-TWICE"),
    "one LV by another agent": (
        _ONE + _primitive("a", "heartbeat:LVM-activate", vgname="vg0", lvname="lv9"),
        _tied("r0", "vg0"), _both(), ""),
    "no such VG": (_drbd("r0", "r0") + _group("vg0", "vg9"), _tied("r0", "vg0"), _both(), "VG"),
    "constraints with the other one": (
        _TWO, _tied("r1", "vg0") + _tied("r0", "vg1"), _TWO_HOSTS, "VG-DRBD VG-DRBD"),
    "the second DRBD resource of a VG": (
        _drbd("r0", "r0") + _drbd("r1", "r1") + _group("vg0", "vg0"), _tied("r0", "vg0"),
        _both(("r0", "r1"), ("vg0|/dev/drbd0", "vg0|/dev/drbd1")), "VG-DRBD"),
    "a VG on a disk of its own": (_drbd("r0", "r0") + _group("vg0", "system"), _tied("r0", "vg0"),
                                  _both(groups=("vg0|/dev/drbd0", "system|/dev/vdz2")), "VG-DRBD"),
    "encrypted": (_ONE, _tied("r0", "vg0"), _both(groups=("vg0|/dev/mapper/crypt",)), ""),
    "on the backing device, which LVM-PV-BELOW says": (
        _ONE, _tied("r0", "vg0"), _both(groups=("vg0|/dev/vda",)), ""),
    "a DRBD resource that nobody manages": (
        _ONE, _tied("r0", "vg0"), _both(("r0", "r1"), ("vg0|/dev/drbd1",)), "VG-DRBD"),
    "a colocation only": (
        _TWO, _tied("r0", "vg0") + _tied("r1", "vg1").partition("/>")[2] + _tied("r0", "vg1"),
        _TWO_HOSTS, "VG-DRBD"),
}


@pytest.mark.parametrize("name", sorted(STORAGE))
def test_names_are_compared(name):
    resources, constraints, trees, rules = STORAGE[name]
    found = [one for prefix in ("PCMK-DRBD", "PCMK-VG") for one in ids(
        cib(resources, constraints=constraints), prefix, trees)]
    assert found == [f"PCMK-{rule}" for rule in rules.split()]


@pytest.mark.parametrize("trees, rule", [
    (_both(more="resource broken }\n"), "PCMK-DRBD-RESOURCE"), (_both(groups=()), "PCMK-VG"),
    ([], "PCMK-DRBD-RESOURCE"), ([], "PCMK-VG-DRBD")])
def test_what_cannot_be_compared_is_said(trees, rule):
    result = cibs.verdict(cib(_drbd("r0", "r9") + _group("vg0", "vg9")), rule, trees)
    assert not result.findings and rule in {one.rule.id for one in result.unseen}


def _timed(score):
    return (f'<rsc_location id="cli-ban-r0-clone-on-node2" rsc="r0-clone"><rule id="r" '
            f'score="{score}" boolean-op="and"><expression id="e" attribute="#uname" '
            'operation="eq" value="node2"/><date_expression id="d" operation="lt" '
            'end="2031-01-01"/></rule></rsc_location>')


#: (constraints, options, rules that find something)
PLACES = {
    "none": ("", {}, ""),
    "a preference": (location("a", "r0-clone", "node1", "100"), {}, ""),
    "a third node, banned": (location("a", "r0-clone", "node3"), {}, ""),
    "a ban that ends": (_timed("-INFINITY"), {}, ""),
    "opt-in": ("".join(location(f"a{number}{name}", name, f"node{number}", "0")
                       for number in (1, 2) for name in ("r0-clone", "vg0-clone")),
               {"symmetric_cluster": "false"}, ""),
    "a ban": (location("cli-ban-r0-clone-on-node2", "r0-clone", "node2",
                       more='role="Started"'), {}, "LEFT-OVER"),
    "a move": (location("cli-prefer-r0-clone", "r0-clone", "node1", "INFINITY"), {}, "LEFT-OVER"),
    "what crm migrate left then": (location("cli-standby-vg0", "vg0-clone", "node2"), {},
                                   "LEFT-OVER"),
    "the handler's": (
        '<rsc_location id="drbd-fence-by-handler-r0-r0-clone" rsc="r0-clone"><rule id="r" '
        'role="Master" score="-INFINITY"><expression id="e" attribute="#uname" operation="ne" '
        'value="node1"/></rule></rsc_location>', {}, "FENCED-BY-HANDLER"),
    "not on the second": (location("a", "r0-clone", "node2"), {}, "TWO-NODES"),
    "the primitive in the clone": (location("a", "vg0", "node2"), {}, "TWO-NODES"),
    "never promoted on the second": (
        location("a", "r0-clone", "node2", more='role="Promoted"'), {}, "TWO-NODES"),
    "opt-in of one": (location("a", "r0-clone", "node1", "0"), {"symmetric_cluster": "no"},
                      "TWO-NODES TWO-NODES"),
}


@pytest.mark.parametrize("name", sorted(PLACES))
def test_both_nodes_may_run_it(name):
    constraints, values, rules = PLACES[name]
    text = cib(_ONE, crm_config=options(**values), constraints=constraints)
    found = [one for prefix in ("PCMK-LEFT", "PCMK-FENCED", "PCMK-TWO-NODES")
             for one in ids(text, prefix)]
    assert found == [f"PCMK-{rule}" for rule in rules.split()]


@pytest.mark.parametrize("attributes, counts", [
    ('first-action="promote" then-action="start"', True), ('first-action="promote"', False),
    ('first-action="promote" then-action="promote"', False), ("", False)])
def test_an_order_that_promotes_a_volume_group_is_none(attributes, counts):
    text = cib(_ONE, constraints=f'<rsc_order id="o" first="r0-clone" then="vg0-clone" '
               f"{attributes}/>")
    found = [one.text for one in cibs.verdict(text, "PCMK-ORDER").findings]
    assert (not found) is counts


def _monitored(op):
    return _clone(f'<primitive id="l" class="ocf" provider="dualstor" type="clvmd"><operations>'
                  f'<op id="s" name="start" interval="0" timeout="120"/>'
                  f'<op id="t" name="stop" interval="0" timeout="120"/>{op}</operations>'
                  "</primitive>", "l", interleave="true")


@pytest.mark.parametrize("op, rules", [
    ('<op id="m" name="monitor" interval="30s" timeout="60s"/>', []),
    ('<op id="m" name="monitor" interval="PT30S" timeout="1min"/>', []),
    ('<op id="m" name="monitor" interval="30000ms" timeout="60000ms" on-fail="restart"/>', []),
    ('<op id="m" name="monitor" interval="30s" timeout="60s" enabled="false"/>'
     '<op id="n" name="monitor" interval="31s" timeout="60s"/>', []),
    ('<op id="m" name="monitor" interval="30s" timeout="60s" enabled="false"/>',
     ["PCMK-MONITOR"]),
    ('<op id="m" name="monitor" interval="0" timeout="60s"/>', ["PCMK-MONITOR"]),
    ('<op id="m" name="monitor" interval="P" timeout="60s"/>', ["PCMK-MONITOR"]),
    ('<op id="m" name="monitor" interval="30s" timeout="60s" on-fail="block"/>',
     ["PCMK-ON-FAIL"]),
    ('<op id="m" name="monitor" interval="30s" timeout="60s"><meta_attributes id="x"><nvpair '
     'id="y" name="on-fail" value="ignore"/></meta_attributes></op>', ["PCMK-ON-FAIL"])])
def test_operations(op, rules):
    found = [one for prefix in ("PCMK-MONITOR", "PCMK-ON-FAIL", "PCMK-TIMEOUT")
             for one in ids(cib(_monitored(op)), prefix)]
    assert found == rules


def test_a_timeout_is_no_duration():
    text = cib(_monitored("")).replace('name="stop" interval="0" timeout="120"',
                                       'name="stop" interval="0" timeout="PT2M"')
    found, = cibs.verdict(text, "PCMK-TIMEOUT").findings
    assert "stop of l has a timeout of 20 s (Pacemaker's default: PT2M is not valid)" in found.text


def test_a_default_that_ignores_failures_is_named_once():
    text = cib(_monitored('<op id="m" name="monitor" interval="30s" timeout="60s"/>'), rest=(
        "<op_defaults>" + pairs("meta_attributes", "d", {"on-fail": "ignore"})
        + "</op_defaults>"))
    assert ids(text, "PCMK-ON-FAIL") == ["PCMK-ON-FAIL"]


CRM = """node 1: node1
primitive r0 ocf:dualstor:drbd-dualprimary \\
	params drbd_resource=r0
clone r0-clone r0 meta promotable=true
property cib-bootstrap-options: stonith-enabled=true
"""
PCS = """Cluster Name: pair
Corosync Nodes:
 node1 node2
Resources:
  Clone: r0-clone
"""
PCS_COMMANDS = "pcs resource create r0 ocf:dualstor:drbd-dualprimary drbd_resource=r0\n"


@pytest.mark.parametrize("text, shell", [
    (CRM, "crm"), (CRM.replace("node 1: node1\n", "node node1\n"), "crm"), (PCS, "pcs"),
    (PCS_COMMANDS, "pcs"), ("primitive r0 ocf:x:y", "crm"), ("<cib/>", None), ("", None),
    ("\n\n <cib>\nResources:\n</cib>", None), ("nodes are two", None), ("hello", None)])
def test_the_text_of_a_shell_is_recognised(text, shell):
    assert (clustershell.shell(text) or "").partition(" ")[0] == (shell or "")


@pytest.mark.parametrize("text", [CRM, PCS])
def test_the_text_of_a_shell_is_said_and_not_judged(text):
    result = cibs.verdict(text)
    assert not result.findings
    assert "PCMK-XML" in {one.rule.id for one in result.unseen}
    assert all("cibadmin --query" in one.reason for one in result.unseen
               if not one.rule.id.startswith("PCMK-VERIFY"))


@pytest.mark.parametrize("stderr, returncode, errors, warnings", [
    ("", 0, [], []),
    ("(unpack_resources) \terror: Resource start-up disabled since no STONITH resources have been "
     "defined\ncrm_verify: Errors found during check: config not valid\n", 78,
     ["Resource start-up disabled since no STONITH resources have been defined"], []),
    ("   error: unpack_resources: \tResource start-up disabled\nErrors found during check: config "
     "not valid\n  -V may provide more details\n", 1, ["Resource start-up disabled"], []),
    ("(unpack_config) \twarning: Blind faith: not fencing unseen nodes\n", 0, [],
     ["Blind faith: not fencing unseen nodes"]),
    ("warning: unpack_config:\tBlind faith\n" * 3, 0, [], ["Blind faith"]),
    ("crm_verify: CIB query failed: Input file not available\n", 66, None, None),
    ("Live CIB query failed: Transport endpoint is not connected\n", 1, None, None)])
def test_the_words_of_crm_verify(good, stderr, returncode, errors, warnings):
    pair = good("corosync").answer("crm-verify", "", returncode, stderr).alone()
    verdict = pair.verdict()
    for identifier, texts in (("PCMK-VERIFY", errors), ("PCMK-VERIFY-WARNING", warnings)):
        assert [one.text for one in verdict.findings if one.rule.id == identifier] == (texts or [])
        assert (identifier in {one.rule.id for one in verdict.unseen}) is (texts is None)
