# SPDX-License-Identifier: GPL-2.0-or-later
"""The exchange of agents in docs/moving.md, with Pacemaker's own tools and its scheduler.

The tools work on a file in place of a cluster. What each probe would find is written into it.
"""

import hashlib
import io
import json
import os
import shutil
import subprocess

import pytest
from lxml import etree

from dualstor.command import main
from sourcetree import TREE
from unit.docs import markdown

EXAMPLES = os.path.join(TREE, "docs", "examples")
PAGE = "docs/moving.md"
#: A pair of stock agents: our type -> (provider, type, parameters), None: no such resource.
STOCK = {
    "lvmlockd": {
        "drbd-dualprimary": ("linbit", "drbd", {"drbd_resource": "r0"}),
        "clvmd": ("heartbeat", "lvmlockd", {}),
        "clustered-vg": ("heartbeat", "LVM-activate", {
            "vgname": "vg0", "vg_access_mode": "lvmlockd", "activation_mode": "shared"})},
    "clvm": {
        "drbd-dualprimary": ("linbit", "drbd", {"drbd_resource": "r0"}),
        "clvmd": ("heartbeat", "clvm", {"activate_vgs": "true"}),
        "clustered-vg": None},
}
#: Whose example the pair is made of.
EXAMPLE = {"lvmlockd": "lvmlockd", "clvm": "clvmd"}
RUNNING, STOPPED, PROMOTED = "0", "7", "8"


def stock(kind):
    """The CIB of a pair with stock agents, as an element."""
    cib = etree.parse(os.path.join(EXAMPLES, EXAMPLE[kind], "cib.xml")).getroot()
    cib.set("crm_feature_set", "3.16.1")
    cib.set("have-quorum", "1")
    nodes = cib.find("configuration/nodes")
    for number in (1, 2):
        etree.SubElement(nodes, "node", id=str(number), uname="node%d" % number)
    for primitive in list(cib.iter("primitive")):
        if primitive.get("provider") != "dualstor":
            continue
        other = STOCK[kind][primitive.get("type")]
        if other is None:
            clone = primitive.getparent()
            clone.getparent().remove(clone)
            for constraint in list(cib.find("configuration/constraints")):
                if clone.get("id") in constraint.attrib.values():
                    constraint.getparent().remove(constraint)
            continue
        provider, name, parameters = other
        primitive.set("provider", provider)
        primitive.set("type", name)
        for old in primitive.findall("instance_attributes"):
            primitive.remove(old)
        holder = etree.Element("instance_attributes", id=primitive.get("id") + "-parameters")
        for key, value in parameters.items():
            etree.SubElement(holder, "nvpair", id="%s-%s" % (holder.get("id"), key), name=key,
                             value=value)
        primitive.insert(0, holder)
    return cib


def probed(cib):
    """Fill in what a refresh leaves: one probe a resource and node, which found it running."""
    status = cib.find("status")
    for old in list(status):
        status.remove(old)
    for number in (1, 2):
        name = "node%d" % number
        state = etree.SubElement(status, "node_state", {
            "id": str(number), "uname": name, "in_ccm": "true", "crmd": "online",
            "join": "member", "expected": "member"})
        attributes = etree.SubElement(state, "transient_attributes", id=str(number))
        pairs = etree.SubElement(attributes, "instance_attributes", id="status-%d" % number)
        etree.SubElement(pairs, "nvpair", id="status-%d-master-r0" % number, name="master-r0",
                         value="10000")
        resources = etree.SubElement(etree.SubElement(state, "lrm", id=str(number)),
                                     "lrm_resources")
        for call, primitive in enumerate(cib.findall("configuration/resources//primitive"), 1):
            identity = primitive.get("id")
            code = {"r0": PROMOTED, "fence-" + name: STOPPED}.get(identity, RUNNING)
            _probe(resources, primitive, name, code, call)


def digest(primitive):
    """The digest of its parameters that Pacemaker keeps with a result (lib/common/digest.c)."""
    parameters = etree.Element("parameters")
    for name, value in sorted((pair.get("name"), pair.get("value"))
                              for pair in primitive.findall("instance_attributes/nvpair")):
        parameters.set(name, value)
    text = " %s\n" % etree.tostring(parameters, encoding="unicode")
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


def _probe(resources, primitive, node, code, call):
    entry = etree.SubElement(resources, "lrm_resource", {
        key: primitive.get(key) for key in ("id", "class", "provider", "type")
        if primitive.get(key)})
    key = "%d:1:7:00000000-0000-0000-0000-000000000000" % call
    etree.SubElement(entry, "lrm_rsc_op", {
        "id": primitive.get("id") + "_last_0", "operation": "monitor", "interval": "0",
        "operation_key": primitive.get("id") + "_monitor_0", "crm-debug-origin": "test",
        "crm_feature_set": "3.16.1", "transition-key": key,
        "transition-magic": "0:%s;%s" % (code, key), "on_node": node, "call-id": str(call),
        "rc-code": code, "op-status": "0", "op-digest": digest(primitive),
        "last-rc-change": "1", "exec-time": "1", "queue-time": "0"})


class Shell:
    """Types the lines of the page, in a folder whose cib.xml is the cluster's configuration."""

    def __init__(self, folder, example):
        self.folder = folder
        self.cib = folder / "cib.xml"
        self.root = folder / "node1"    # the files of a node, for check
        shutil.copytree(os.path.join(example, "etc"), str(self.root / "etc"))
        (self.root / "etc" / "hostname").write_text("node1\n")

    def type(self, words):
        """One line; what it printed. ``> FILE`` is the only thing of a shell that is known."""
        words = list(words)
        target = None
        if ">" in words:
            target = words.pop()
            words.remove(">")
        live = dict(os.environ, CIB_file=str(self.cib), LC_ALL="C",
                    PATH=os.environ["PATH"] + ":/usr/sbin:/sbin")
        if words[:2] == ["crm_resource", "--refresh"]:     # needs a cluster
            cib = etree.parse(str(self.cib)).getroot()
            probed(cib)
            self.cib.write_bytes(etree.tostring(cib))
            return ""
        if words[:2] == ["dualstor", "check"]:
            return self.check(self.folder / words[words.index("--cib") + 1])
        done = subprocess.run(words, cwd=str(self.folder), env=live, stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, check=False)
        # crm_diff says with 1 that there is a difference
        assert done.returncode == (1 if words[0] == "crm_diff" else 0), (words, done.stderr)
        if target:
            (self.folder / target).write_text(done.stdout)
        return done.stdout


    def check(self, cib):
        out = io.StringIO()
        main.main(["check", "--json", "--root", str(self.root), "--cib", str(cib)], out, out)
        assert json.loads(out.getvalue())["findings"] == []
        return ""


def lines(kind):
    """The lines of the exchange, in order."""
    blocks = [block for block in markdown.blocks(markdown.read(PAGE), "sh")
              if block.words[1] in ("move", "move-" + kind)]
    return [words for block in blocks for words in block.commands]


def planned(said):
    """What is listed below "Transition Summary"."""
    _, _, below = said.partition("Transition Summary:")
    summary = below.partition("Executing Cluster Transition:")[0]
    return [line.strip() for line in summary.splitlines() if line.strip()]


def play(kind, tmp_path, without=()):
    """Type the exchange; (the last plan, the CIB then)."""
    example, plan = os.path.join(EXAMPLES, EXAMPLE[kind]), None
    shell = Shell(tmp_path, example)
    cib = stock(kind)
    probed(cib)
    shell.cib.write_bytes(etree.tostring(cib))
    shutil.copy(os.path.join(example, "pacemaker-group.xml"), str(tmp_path))
    for words in lines(kind):
        if words[:2] in without:
            continue
        said = shell.type(words)
        if words[0] == "crm_simulate":
            assert "Transition Summary" in said or "Executing Cluster Transition" in said, said
            plan = planned(said)
    return plan, etree.parse(str(shell.cib)).getroot()


@pytest.mark.parametrize("kind", sorted(STOCK))
def test_the_scheduler_has_nothing_to_stop_and_nothing_to_start(kind, tmp_path):
    plan, cib = play(kind, tmp_path)
    assert plan == []
    ours = {primitive.get("type"): primitive for primitive in cib.iter("primitive")
            if primitive.get("provider") == "dualstor"}
    assert set(ours) == set(STOCK[kind])
    assert {pair.get("name") for primitive in ours.values()
            for pair in primitive.findall("instance_attributes/nvpair")} <= {
        "drbd_resource", "vgname", "activation_mode"}


@pytest.mark.parametrize("kind", sorted(STOCK))
def test_without_the_refresh_it_would_restart_everything(kind, tmp_path):
    plan, _ = play(kind, tmp_path, without=[("crm_resource", "--refresh")])
    assert any("r0" in line for line in plan)
