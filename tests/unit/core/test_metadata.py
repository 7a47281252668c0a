# SPDX-License-Identifier: GPL-2.0-or-later
"""The metadata files are what the declared interfaces render to."""

import os

import pytest
from lxml import etree

from dualstor.agents.catalogue import NAMES as AGENTS
from dualstor.agents.catalogue import interface as declared
from dualstor.command.documents import pages
from dualstor.ocf.metadata import render
from dualstor.ocf.parameters import Action, Interface, Parameter

TREE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(__file__))))

SAMPLE = Interface("sample", "short & sweet", "long <text>", (
    Parameter("vgname", "name", "the name", required=True, unique_group="vg"),
    Parameter("mode", "mode", "the mode", type="select", default="a", options=("a", "b")),
    Parameter("fast", "fast", "is it", type="boolean", default=False, reloadable=True),
    Parameter("wait", "wait", "how long", type="integer", default=5, minimum=0, maximum=9)),
    (Action("start", 90), Action("monitor", 20, interval=10, depth=0, role="Promoted"),
     Action("reload-agent", 20), Action("meta-data", 10)))


def test_the_files_are_current():
    folder = os.path.join(TREE, "metadata")
    rendered = {os.path.basename(path): render() for path, render in pages.PAGES.items()
                if path.startswith("metadata/")}
    assert sorted(os.listdir(folder)) == sorted(rendered)
    for name, text in rendered.items():
        with open(os.path.join(folder, name), encoding="utf-8") as stream:
            assert stream.read() == text, f"{name} is stale: run `make docs`"


def test_ocf_1_1():
    root = etree.fromstring(render(SAMPLE).encode())
    assert root.findtext("version") == "1.1" and root.findtext("longdesc") == "long <text>"
    assert [child.tag for child in root] == [
        "version", "longdesc", "shortdesc", "parameters", "actions"]
    name, mode, fast, wait = root.find("parameters")
    assert (name.get("required"), name.get("unique-group"), name.get("unique")) == ("1", "vg", None)
    assert [o.get("value") for o in mode.find("content")] == ["a", "b"]
    assert fast.get("reloadable") == "1" and fast.find("content").get("default") == "false"
    assert "From 0 to 9" in wait.findtext("longdesc")
    actions = {a.get("name"): a for a in root.find("actions")}
    assert actions["monitor"].get("role") == "Promoted" and actions["monitor"].get("depth") == "0"
    assert all(a.get("timeout") for a in actions.values()) and "reload-agent" in actions


def test_ocf_1_0():
    root = etree.fromstring(render(SAMPLE, "1.0").encode())
    assert root.findtext("version") == "1.0"
    assert root.find("parameters")[0].get("unique") == "1"
    assert root.find("parameters")[1].find("content").get("type") == "string"
    assert "One of: a, b" in root.find("parameters")[1].findtext("longdesc")
    names = [a.get("name") for a in root.find("actions")]
    assert "reload-agent" not in names
    assert root.find("actions/action[@name='monitor']").get("role") == "Master"


def test_ocf_1_0_offers_the_reload_of_an_agent_of_which_there_is_one():
    only = Interface("only", "s", "l", SAMPLE.parameters, SAMPLE.actions, only_one=True)
    root = etree.fromstring(render(only, "1.0").encode())
    assert "reload" in [a.get("name") for a in root.find("actions")]
    assert {p.get("name"): p.get("unique") for p in root.find("parameters")} == {
        "vgname": "1", "mode": "1", "fast": "0", "wait": "1"}
    assert only.modern("reload") == "reload-agent" and only.modern("start") == "start"
    assert SAMPLE.modern("reload") == "reload"


@pytest.mark.parametrize("name", AGENTS)
def test_interfaces_are_complete(name):
    interface = declared(name)
    actions = {a.name: a for a in interface.actions}
    assert {"start", "stop", "monitor", "validate-all", "meta-data"} <= set(actions)
    assert interface.parameters, "Pacemaker's schema wants at least one"
    for parameter in interface.parameters:
        assert parameter.shortdesc and parameter.longdesc
        assert not parameter.shortdesc.endswith("."), "a short description is a title"
        if parameter.type == "select":
            assert parameter.default in parameter.options
