# SPDX-License-Identifier: GPL-2.0-or-later
"""docs/examples is what `dualstor configure` writes for its answers; check finds nothing in it."""

import io
import json
import os
import shutil

import pytest

from dualstor.command import main
from sourcetree import TREE

EXAMPLES = os.path.join(TREE, "docs", "examples")
GENERATIONS = ("lvmlockd", "clvmd", "cman", "uses", "many")
#: The last form's steps are those that stay in steps.txt.
FORMATS = ("cib", "crm", "pcs")
ANSWERS = "pair.toml"


def command(*words):
    """(exit code, stdout) of ``dualstor`` with these arguments."""
    out, err = io.StringIO(), io.StringIO()
    code = main.main(list(words), out, err)
    return code, out.getvalue()


def texts(folder):
    """{path from *folder*: text} of all files below it."""
    found = {}
    for base, _, names in os.walk(folder):
        for name in names:
            path = os.path.join(base, name)
            with open(path, encoding="utf-8") as stream:
                found[os.path.relpath(path, folder)] = stream.read()
    return found


@pytest.mark.parametrize("generation", GENERATIONS)
def test_the_files_are_those_that_configure_writes(generation, tmp_path):
    """Rewrite them with DUALSTOR_GOLDEN=1 and look at the difference."""
    folder = os.path.join(EXAMPLES, generation)
    made = folder if os.environ.get("DUALSTOR_GOLDEN") else str(tmp_path)
    for form in FORMATS:
        code, _ = command("configure", "--answers", os.path.join(folder, ANSWERS),
                          "--format", form, "--output", made)
        assert code == 0
    wanted, there = texts(made), texts(folder)
    there.pop(ANSWERS)
    wanted.pop(ANSWERS, None)
    assert sorted(there) == sorted(wanted)
    for name, text in wanted.items():
        assert there[name] == text, name


@pytest.mark.parametrize("generation", GENERATIONS)
def test_check_finds_nothing(generation, tmp_path):
    folder = os.path.join(EXAMPLES, generation)
    roots = []
    for node in ("node1", "node2"):
        shutil.copytree(os.path.join(folder, "etc"), str(tmp_path / node / "etc"))
        (tmp_path / node / "etc" / "hostname").write_text(node + "\n")
        roots += ["--root", str(tmp_path / node)]
    _, out = command("check", "--json", "--cib", os.path.join(folder, "cib.xml"), *roots)
    assert json.loads(out)["findings"] == []


def test_each_example_is_named_on_the_page():
    with open(os.path.join(EXAMPLES, "README.md"), encoding="utf-8") as stream:
        page = stream.read()
    for generation in GENERATIONS:
        assert f"({generation}/)" in page
        for name in texts(os.path.join(EXAMPLES, generation)):
            assert os.path.basename(name) in page, name
