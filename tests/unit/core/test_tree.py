# SPDX-License-Identifier: GPL-2.0-or-later
"""Rules that hold for the whole source tree."""

import ast
import os
import subprocess
import sys

import pytest

from sourcetree import ALL, SHIPPED, TREE, imports, parsed


@pytest.mark.parametrize("path", ALL)
def test_a_file_tells_its_licence_and_purpose(path):
    with open(os.path.join(TREE, path), encoding="utf-8") as stream:
        head = stream.read(300)
    if path.endswith("__init__.py") and not head:
        return  # nothing but the mark of a package
    assert "SPDX-License-Identifier: GPL-2.0-or-later" in head
    assert ast.get_docstring(parsed(path)), "a module says in a line what it is for"


def test_one_place_starts_processes():
    def calls(path, *names):
        return any(isinstance(n, ast.Attribute) and n.attr.startswith(names)
                   and isinstance(n.value, ast.Name) and n.value.id in ("os", "posix")
                   for n in ast.walk(parsed(path)))
    starts = [p for p in SHIPPED if "subprocess" in imports(p)
              or calls(p, "system", "popen", "exec", "spawn", "posix_spawn")]
    # a resident process becomes itself anew
    assert starts == ["lib/dualstor/host/offspring.py", "lib/dualstor/host/spawn.py"]
    asks = [p for p in SHIPPED if "spawn.start(" in open(os.path.join(TREE, p), encoding="utf-8").read()]
    assert asks == ["lib/dualstor/host/run.py"]
    assert [p for p in SHIPPED if calls(p, "fork")] == ["lib/dualstor/host/offspring.py", "lib/dualstor/host/spawn.py"]


def test_agents_need_only_the_standard_library():
    standard = set(sys.stdlib_module_names) | {"dualstor"}
    foreign = {p: imports(p) - standard for p in SHIPPED
               if not p.startswith("lib/dualstor/command/")}
    assert {p for p, names in foreign.items() if names} == {"lib/dualstor/ocf/metadata.py"}


def test_the_command_needs_lxml_and_other_libraries_may_be_missing():
    standard = set(sys.stdlib_module_names) | {"dualstor"}
    command = [p for p in SHIPPED if p.startswith("lib/dualstor/command/")]
    assert {n for p in command for n in imports(p) - standard} <= {
        "lxml", "psutil", "rich", "prometheus_client"}
    assert [p for p in command if "rich" in imports(p)] == ["lib/dualstor/command/console.py"]
    assert [p for p in command if "prometheus_client" in imports(p)] == [
        "lib/dualstor/command/metrics/exposition.py"]


def test_python_3_6_suffices():
    done = subprocess.run(
        [os.path.join(os.path.dirname(sys.executable), "vermin"), "--target=3.6-", "--violations",
         "--no-tips", "--eval-annotations"] + [os.path.join(TREE, p) for p in SHIPPED],
        capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
