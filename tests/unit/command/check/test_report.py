# SPDX-License-Identifier: GPL-2.0-or-later
"""``dualstor check`` as called: exit codes, text, JSON, documents made from the rules."""

import io
import json
import os

import jsonschema
import pytest

from dualstor.command import main
from dualstor.command.check import report
from dualstor.command.check.rules import rules
from dualstor.command.codes import ExitStatus
from dualstor.command.documents import findings

from . import trees


@pytest.fixture
def directories(tmp_path):
    """The trees of a pair as directories: {pair: [directory of node1, of node2]}."""
    return lambda name: [trees.lay_out(name, node, str(tmp_path / name / node))
                         for node in trees.NODES]


def call(*arguments):
    """(exit code, stdout, stderr) of a run."""
    out, err = io.StringIO(), io.StringIO()
    return main.main(["check"] + list(arguments), out, err), out.getvalue(), err.getvalue()


def roots(*paths):
    return [word for path in paths for word in ("--root", path)]


def schema():
    with open(os.path.join(trees.TREE, "docs", "json", "check-1.schema.json")) as stream:
        return json.load(stream)


def test_errors_are_shown_with_place_reason_and_fix(directories):
    code, out, err = call(*roots(*directories("recipe-2011")))
    assert code == ExitStatus.ERROR and err == ""
    assert "ERROR  CMAN-FENCE-MANUAL  host1.example.com, host2.example.com " \
           "/etc/cluster/cluster.conf:14" in out
    assert "why: fence_manual is not fencing" in out
    assert "fix: define a power switch" in out


def test_what_cannot_be_checked_is_listed(directories):
    _, out, _ = call(*roots(*directories("recipe-2011")))
    assert "not checked: host1.example.com: firewall: none of" in out
    assert "the firewall accepts DRBD's TCP packets (FIREWALL-DRBD)" in out
    _, quiet, _ = call("--quiet", *roots(*directories("recipe-2011")))
    assert "not checked" not in quiet


@pytest.mark.parametrize("spoil, code", [
    (lambda pair: pair, ExitStatus.OK),
    (lambda pair: pair.silence("ip-addr"), ExitStatus.INCOMPLETE),
    (lambda pair: pair.edit("/etc/corosync/corosync.conf", "token: 3000", "token: 300"),
     ExitStatus.WARNING),
    (lambda pair: pair.edit("/etc/drbd.d/r0.res", "allow-two-primaries yes;", ""),
     ExitStatus.ERROR),
    (lambda pair: pair.edit("/etc/drbd.d/r0.res", "10.77.0.", "10.78.0."), ExitStatus.OK),
])
def test_the_exit_code_is_that_of_the_worst(good, spoil, code):
    assert report.exit_code(spoil(good("corosync")).verdict()) == code


def test_a_note_alone_is_shown_and_counts_as_good(good):
    verdict = good("corosync").edit("/etc/drbd.d/r0.res", "10.77.0.", "10.78.0.").verdict()
    assert [f.rule.severity for f in verdict.findings] == ["note"] * len(verdict.findings) != []


@pytest.mark.parametrize("name", ["corosync", "cman", "recipe-2011"])
def test_json_follows_its_schema(directories, name):
    code, out, _ = call("--json", *roots(*directories(name)))
    document = json.loads(out)
    jsonschema.validate(document, schema())
    assert document["summary"]["not_looked"] == len(document["not_looked"])
    assert (document["summary"]["error"] > 0) == (code == ExitStatus.ERROR)


def test_the_schema_admits_nothing_else(directories):
    document = json.loads(call("--json", *roots(*directories("recipe-2011")))[1])
    document["findings"][0]["another"] = 1
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(document, schema())


def test_the_cib_can_be_given(directories, tmp_path):
    with open(trees.CIB, encoding="utf-8") as stream:
        text = stream.read()
    path = tmp_path / "cib.xml"
    path.write_text(text.replace('name="notify" value="true"', 'name="notify" value="false"'))
    _, out, _ = call("--cib", str(path), *roots(*directories("corosync")))
    line = text[:text.index('<clone id="r0-clone">')].count("\n") + 1
    assert f"PCMK-NOTIFY  {path}:{line}" in out


def test_the_generation_can_be_chosen(directories):
    """With cman asked for, what cman needs is missed on a host that has corosync."""
    _, out, _ = call("--generation", "cman", *roots(*directories("corosync")))
    assert "/etc/cluster/cluster.conf does not exist" in out


@pytest.mark.parametrize("arguments, says", [
    (["--root", "/nonexistent"], "no such directory"),
    (["--root", "/dev/null"], "no such directory"),
    (["--cib", "/nonexistent"], "No such file"),
    (["--root", trees.CIB], "not a recorded tree"),
])
def test_what_is_not_there_is_an_error_in_one_line(arguments, says):
    code, out, err = call(*arguments)
    assert code == ExitStatus.ERROR and out == ""
    assert says in err and err.count("\n") == 1


def test_the_guide_in_the_tree_is_the_rendered_one():
    with open(os.path.join(trees.TREE, "docs", "findings.md"), encoding="utf-8") as stream:
        assert stream.read() == findings.render(), "run: make docs"


def test_the_guide_has_each_finding():
    page = findings.render()
    assert all(f"### {rule.id}\n" in page and rule.why.replace("<", "\\<") in page
               for rule in rules())
    assert "{" not in page.replace("node { }", "").replace("`on HOST {`", "")
