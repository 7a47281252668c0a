# SPDX-License-Identifier: GPL-2.0-or-later
"""--only, --ignore, /etc/dualstor.toml and --explain."""

import io
import json

import jsonschema
import pytest

from dualstor.command import main, site
from dualstor.command.check.rules import rules
from dualstor.command.codes import ExitStatus

from . import trees
from .test_report import schema


@pytest.fixture
def call(tmp_path, monkeypatch):
    """A function that checks a pair with two things wrong: (exit code, stdout, stderr)."""
    conf = tmp_path / "dualstor.toml"
    monkeypatch.setattr(site, "PATH", str(conf))
    roots = []
    for node in trees.NODES:
        root = trees.lay_out("corosync", node, str(tmp_path / node))
        for name, old, new in (("drbd.d/r0.res", "allow-two-primaries yes;", ""),
                               ("corosync/corosync.conf", "token: 3000", "token: 1")):
            path = f"{root}/etc/{name}"
            with open(path) as stream:
                text = stream.read()
            assert old in text
            with open(path, "w") as stream:
                stream.write(text.replace(old, new))
        roots += ["--root", root]

    def run(*arguments, decided=""):
        conf.write_text(decided)
        out, err = io.StringIO(), io.StringIO()
        code = main.main(["check", *arguments, *roots], out, err)
        return code, out.getvalue(), err.getvalue()
    return run


def reported(out):
    return {line.split()[1] for line in out.split("\n") if line.startswith(("ERROR", "WARNING"))}


def wrong(call):
    """The ids that are found without any choice."""
    return reported(call()[1])


def test_only_what_is_asked_for_is_looked_for(call):
    error, warning = _two(call)
    code, out, _ = call("--only", warning.lower())
    assert (code, reported(out)) == (ExitStatus.WARNING, {warning})
    assert "not checked" not in out and "2 checks done" in out
    code, out, _ = call("--only", warning, "--only", error)
    assert (code, reported(out)) == (ExitStatus.ERROR, {error, warning})


def _two(call):
    """An error and a warning that are found."""
    severity = {rule.id: rule.severity for rule in rules()}
    found = wrong(call)
    return (next(each for each in sorted(found) if severity[each] == "error"),
            next(each for each in sorted(found) if severity[each] == "warning"))


def test_what_is_ignored_is_counted_and_does_not_count(call):
    found = wrong(call)
    words = [word for each in sorted(found) for word in ("--ignore", each)]
    code, out, _ = call(*words)
    assert (code, reported(out)) == (ExitStatus.INCOMPLETE, set())
    assert f"ignored: {len(found)} ({', '.join(sorted(found))})" in out


def test_a_site_decides_in_its_file(call):
    error, warning = _two(call)
    decided = f"[check]\nignore = [ '{error}' ]\n"
    code, out, _ = call(decided=decided)
    assert error not in reported(out) and f"ignored: 1 ({error})" in out
    code, out, _ = call("--only", error, decided=decided)
    assert reported(out) == {error}, "what is asked for is reported"


def test_what_is_ignored_is_not_said_to_be_unknown(call):
    _, out, _ = call("--only", "QUORUM-NOW", "--only", "DRBD-METADATA", "--ignore", "DRBD-METADATA")
    assert "DRBD-METADATA" not in out


def test_json_has_the_number(call):
    error, _ = _two(call)
    _, out, _ = call("--json", "--ignore", error)
    document = json.loads(out)
    jsonschema.validate(document, schema())
    assert document["summary"]["ignored"] == 1
    assert error not in [finding["id"] for finding in document["findings"]]


@pytest.mark.parametrize("words, decided, says", [
    (("--only", "LVM-FILTRE"), "", "there is no finding LVM-FILTRE; the nearest is LVM-FILTER"),
    (("--ignore", "X"), "", "--ignore: there is no finding X"),
    (("--explain", "X"), "", "--explain: there is no finding X"),
    (("--explain", "LVM-FILTER", "--json"), "", "leave out --json"),
    ((), "[check]\nignore = ['X']\n", "dualstor.toml: there is no finding X"),
    ((), "[chekc]\n", "no such setting: chekc"),
])
def test_what_is_no_finding_is_an_error(call, words, decided, says):
    code, out, err = call(*words, decided=decided)
    assert (code, out) == (ExitStatus.ERROR, "") and says in err


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: rule.id)
def test_each_finding_is_explained(rule):
    out = io.StringIO()
    assert main.main(["check", "--explain", rule.id.lower()], out, io.StringIO()) == ExitStatus.OK
    lines = out.getvalue().split("\n")
    assert lines[0] == f"{rule.id}  {rule.severity}"
    assert lines[1:] == [f"  expected: {rule.title}", f"  why: {rule.why}",
                         f"  fix: {rule.fix_with({})}", ""]
