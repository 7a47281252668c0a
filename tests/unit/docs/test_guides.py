# SPDX-License-Identifier: GPL-2.0-or-later
"""The guides say what `dualstor configure` tells and writes for their answers, and check agrees."""

import io
import json
import os
import re

import pytest

from dualstor.command import main
from dualstor.command.check.sources import wanted
from dualstor.command.configure import answers, files, sources, steps
from sourcetree import TREE
from unit.command.check import trees
from unit.docs import guides, markdown

each = pytest.mark.parametrize("page", sorted(guides.GUIDES))

#: What check calls them -> what EL 6 gets from ELRepo.
ELREPO = {"drbd-utils": "drbd84-utils"}


def run(words, folder, monkeypatch):
    """``dualstor`` run in *folder*; (exit code, the document it printed)."""
    monkeypatch.chdir(folder)
    out, err = io.StringIO(), io.StringIO()
    code = main.main(list(words), out, err)
    return code, out.getvalue(), err.getvalue()


@each
def test_the_answers_are_those_of_the_example(page, tmp_path):
    generation, _ = guides.GUIDES[page]
    example = os.path.join(TREE, "docs", "examples", generation, "pair.toml")
    (tmp_path / "page.toml").write_text(guides.answers_text(page))
    assert sources.read_file(str(tmp_path / "page.toml")) == sources.read_file(example)
    assert guides.pair(page, tmp_path).generation_name == generation


def test_the_page_of_configure_has_the_same_answers(tmp_path):
    block, several = markdown.blocks(markdown.read("docs/configure.md"), "toml")
    assert block.text == guides.answers_text("docs/guide-lvmlockd.md")
    (tmp_path / "several.toml").write_text(several.text)
    whole = sources.read_file(os.path.join(TREE, "docs", "examples", "many", "pair.toml"))
    del whole["drbd"][0]["version"]     # it is told in the comment of the example
    for kind, found in sources.read_file(str(tmp_path / "several.toml")).items():
        assert found == whole[kind], kind


@each
def test_the_steps_are_those_that_configure_tells(page, tmp_path):
    _, form = guides.GUIDES[page]
    told = [(step.nodes, step.commands) for step in steps.steps(guides.pair(page, tmp_path), form)]
    assert list(guides.steps(page)) == told


def test_the_lab_takes_the_same_steps(tmp_path):
    """Its answers differ in what no step shows, in the size of the LV and in skipping the copy."""
    guide = guides.pair("docs/guide-lvmlockd.md", tmp_path)
    lab = answers.pair(sources.read_file(
        os.path.join(TREE, "tests", "data", "configure", "lab.toml")))
    alike = guide.but(
        resources=(guide.resources[0].but(first_sync=lab.resources[0].first_sync),),
        groups=(guide.groups[0].but(size=lab.groups[0].size),))
    assert steps.steps(alike, "pcs") == steps.steps(lab, "pcs")


@each
def test_its_commands_write_the_files_that_it_shows(page, tmp_path, monkeypatch):
    text = markdown.read(page)
    hosts = {node: tmp_path / node for node in ("node1", "node2")}
    for node, folder in hosts.items():
        (folder / "etc").mkdir(parents=True)
        (folder / "etc" / "hostname").write_text(node + "\n")
        (folder / "pair.toml").write_text(guides.answers_text(page))
    for block in markdown.blocks(text, "sh", "configure"):
        for node in block.words[2:]:
            for program, *words in block.commands:
                assert program == "dualstor"
                if "--apply" in words:
                    words = words + ["--yes", "--root", str(hosts[node])]
                code, _, err = run(words, hosts[node], monkeypatch)
                assert code == 0, err
    shown = {block.words[1]: block.text for block in markdown.blocks(text, "text")}
    assert sorted(shown) == sorted(files.all_files(guides.pair(page, tmp_path)))
    for path, content in shown.items():
        for folder in hosts.values():
            assert (folder / path.lstrip("/")).read_text() == content
    loaded = [words[-1] for _, commands in guides.steps(page) for words in commands
              if "pacemaker-" in words[-1]]
    assert loaded and all((hosts["node1"] / name).exists() for name in loaded)
    _, out, _ = run(["check", "--json", "--cib", str(hosts["node1"] / "cib.xml")]
                    + [word for folder in hosts.values() for word in ("--root", str(folder))],
                    tmp_path, monkeypatch)
    assert json.loads(out)["findings"] == []


# -- what is typed by hand ------------------------------------------------------------------


def typed(page):
    """All lines that are typed by hand, as tuples of words."""
    return [words for block in markdown.blocks(markdown.read(page), "sh", "by-hand")
            for words in block.commands]


@each
def test_the_packages_are_those_that_check_would_miss(page, tmp_path):
    name = {"lvmlockd": "corosync"}.get(guides.GUIDES[page][0], "cman")
    pair = trees.pair(name, tmp_path).write("/etc/os-release", "ID=fedora\n")
    for program in wanted.PROGRAMS:
        pair.program(program, "")
    missing = {re.search(r"install (.+)`", finding.fix).group(1)
               for finding in pair.verdict().findings if finding.rule.id == "PACKAGES-MISSING"}
    assert len(missing) > 4
    installed = {word for words in typed(page) if words[1:2] == ("install",) for word in words[2:]}
    assert {ELREPO.get(each, each) if guides.GUIDES[page][0] == "cman" else each
            for each in missing} <= installed


def firewall_ids(page, answer, text, tmp_path):
    """Ids of what check finds about the firewall when it says *text*."""
    name = {"lvmlockd": "corosync"}.get(guides.GUIDES[page][0], "cman")
    pair = trees.pair(name, tmp_path)
    for block in markdown.blocks(markdown.read(page), "text"):
        pair.write(block.words[1], block.text)
    for each in ("firewalld", "nftables", "iptables"):
        pair.silence(each)
    return {each for each in pair.answer(answer, text).ids() if each.startswith("FIREWALL")}


def test_the_ports_of_firewalld_are_all_that_check_asks_for(tmp_path):
    page = "docs/guide-lvmlockd.md"
    ports = [words[-1].partition("=")[2] for words in typed(page)
             if words[-1].startswith("--add-port=")]
    zone = "public (active)\n  target: default\n  interfaces: eth0 eth1\n  ports: %s\n"
    closed = firewall_ids(page, "firewalld", zone % "", tmp_path / "closed")
    assert closed == {"FIREWALL-COROSYNC", "FIREWALL-DRBD", "FIREWALL-DLM"}
    assert firewall_ids(page, "firewalld", zone % " ".join(ports), tmp_path / "open") == set()


def test_the_rules_of_iptables_are_all_that_check_asks_for(tmp_path):
    page = "docs/guide-clvmd.md"
    rules = ["-A " + " ".join(words[2:]) for words in typed(page) if words[0] == "iptables"]
    saved = "*filter\n:INPUT DROP [0:0]\n:FORWARD DROP [0:0]\n:OUTPUT ACCEPT [0:0]\n%s\nCOMMIT\n"
    closed = firewall_ids(page, "iptables", saved % "", tmp_path / "closed")
    assert {"FIREWALL-COROSYNC", "FIREWALL-DRBD", "FIREWALL-DLM", "FIREWALL-MULTICAST"} == closed
    assert firewall_ids(page, "iptables", saved % "\n".join(rules), tmp_path / "open") == set()
