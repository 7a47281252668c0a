# SPDX-License-Identifier: GPL-2.0-or-later
"""Rules that hold for the whole source tree."""

import ast
import os
import subprocess
import sys

import pytest

TREE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(__file__))))


def sources(*folders):
    """Paths of the Python files below the folders, relative to the tree."""
    for folder in folders:
        for base, _, names in os.walk(os.path.join(TREE, folder)):
            for name in names:
                if name.endswith(".py"):
                    yield os.path.relpath(os.path.join(base, name), TREE)


SHIPPED = sorted(sources("lib")) + ["%s/%s" % (folder, name) for folder in ("bin", "ocf")
                                    for name in sorted(os.listdir(os.path.join(TREE, folder)))]
ALL = sorted(set(SHIPPED) | set(sources("lab", "tests", "tools")))


def parsed(path):
    with open(os.path.join(TREE, path), encoding="utf-8") as stream:
        return ast.parse(stream.read())


def imports(path):
    """Top-level names of all modules that a file imports."""
    found = set()
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.Import):
            found.update(alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            found.add(node.module.split(".")[0])
    return found


@pytest.mark.parametrize("path", ALL)
def test_a_file_tells_its_licence_and_purpose(path):
    with open(os.path.join(TREE, path), encoding="utf-8") as stream:
        head = stream.read(300)
    if path.endswith("__init__.py") and not head:
        return  # nothing but the mark of a package
    assert "SPDX-License-Identifier: GPL-2.0-or-later" in head
    assert ast.get_docstring(parsed(path)), "a module says in a line what it is for"


def test_one_place_starts_processes():
    def starts(path):
        return "subprocess" in imports(path) or any(
            isinstance(n, ast.Attribute) and n.attr in ("system", "popen", "fork", "execv", "spawnv")
            and isinstance(n.value, ast.Name) and n.value.id == "os" for n in ast.walk(parsed(path)))
    assert [p for p in SHIPPED if starts(p)] == ["lib/dualstor/run.py"]


def test_agents_need_only_the_standard_library():
    standard = set(sys.stdlib_module_names) | {"dualstor"}
    foreign = {p: imports(p) - standard for p in SHIPPED
               if not p.startswith("lib/dualstor/command/")}
    assert {p for p, names in foreign.items() if names} == {"lib/dualstor/metadata.py"}


def test_the_command_needs_lxml_and_psutil_and_rich_may_be_missing():
    standard = set(sys.stdlib_module_names) | {"dualstor"}
    command = [p for p in SHIPPED if p.startswith("lib/dualstor/command/")]
    assert {n for p in command for n in imports(p) - standard} <= {"lxml", "psutil", "rich"}
    assert [p for p in command if "rich" in imports(p)] == ["lib/dualstor/command/console.py"]


def test_python_3_6_suffices():
    done = subprocess.run(
        [os.path.join(os.path.dirname(sys.executable), "vermin"), "--target=3.6-", "--violations",
         "--no-tips", "--eval-annotations"] + [os.path.join(TREE, p) for p in SHIPPED],
        capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
