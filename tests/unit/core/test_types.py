# SPDX-License-Identifier: GPL-2.0-or-later
"""What ruff and mypy find in the shipped source, as pyproject.toml configures them: nothing."""

import subprocess
import sys

import pytest

from dualstor.agents.catalogue import NAMES, interface
from sourcetree import TREE


def run(*words):
    """(exit code, output) of a module of this Python's, in the tree."""
    done = subprocess.run([sys.executable, "-B", "-m", *words], cwd=TREE, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    return done.returncode, done.stdout


def test_ruff_finds_nothing():
    assert run("ruff", "check", "--no-cache", "--quiet", "--output-format", "concise",
               "lib", "ocf", "drbd", "alerts", "bin") == (0, "")


def test_mypy_finds_nothing(tmp_path):
    assert run("mypy", "--no-error-summary", "--cache-dir", str(tmp_path)) == (0, "")


WRONG = """\
from dualstor.action.steps import Wait
from dualstor.agents.clvmd import deeds
from dualstor.agents.clvmd.seen import Case


def undeclared(number): ...


def of(case: Case) -> str:
    print(case.parameters.daemons, case.answers)
    attempt = case.last(deeds.launch)
    return attempt.code if attempt else Wait(seconds=1.0)
"""


def test_mypy_would_find(tmp_path):
    (tmp_path / "sample.py").write_text(WRONG)
    code, output = run("mypy", "--cache-dir", str(tmp_path / "cache"), str(tmp_path / "sample.py"))
    found = [(int(line.split(":")[1]), line.rpartition("[")[2]) for line in output.splitlines()
             if ": error: " in line]
    assert code == 1 and found == [
        (6, "no-untyped-def]"), (10, "attr-defined]"), (10, "attr-defined]"),
        (12, "return-value]"), (12, "call-arg]")], output


def declared(parameter):
    """The type of a parameter's value, as an annotation."""
    kind = {"boolean": "bool", "integer": "int"}.get(parameter.type, "str")
    return kind if parameter.required or parameter.default is not None else f"{kind} | None"


@pytest.mark.parametrize("agent", NAMES)
def test_the_types_of_parameters_are_those_that_the_interface_declares(agent):
    known = interface(agent)
    typed = {name: kind if isinstance(kind, str) else kind.__name__
             for name, kind in known.values.__annotations__.items()}
    assert typed == {parameter.name: declared(parameter) for parameter in known.parameters}
