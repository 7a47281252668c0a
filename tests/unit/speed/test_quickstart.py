# SPDX-License-Identifier: GPL-2.0-or-later
"""Bundles: the same modules as ever, from one file, for as long as no source has changed."""

import os
import shutil
import subprocess
import sys

import pytest

from dualstor.metadata import AGENTS

TREE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(__file__))))
HOST = "lib/dualstor/host.py"


def compiler(tree):
    """The words of the program that writes byte code and bundles."""
    return [sys.executable, "-I", str(tree / "lib" / "dualstor" / "bytecode.py")]


@pytest.fixture
def tree(tmp_path):
    """A copy of what is installed, with its bundles."""
    for part in ("ocf", "lib", "metadata"):
        shutil.copytree(os.path.join(TREE, part), str(tmp_path / part),
                        ignore=shutil.ignore_patterns("__pycache__"))
    subprocess.run(compiler(tmp_path) + [str(tmp_path / "lib" / "dualstor")], check=True)
    return tmp_path


def origins(tree, agent, action="monitor"):
    """{module of ours: how it was loaded} of an agent's run, and the run."""
    code = ("import atexit, posix, sys\n"
            "end = posix._exit\n"
            "def told(code):\n"
            "    for name, module in sorted(sys.modules.items()):\n"
            "        if name.startswith('dualstor'):\n"
            "            print(name, type(module.__spec__.loader).__name__, module.__file__)\n"
            "    sys.stdout.flush()\n"
            "    end(code)\n"
            "posix._exit = told\n"
            "path = sys.argv.pop(0)\n"
            "path = sys.argv[0]\n"
            "exec(compile(open(path).read(), path, 'exec'), {'__name__': '__main__', "
            "'__file__': path})\n")
    done = subprocess.run([sys.executable, "-IS", "-c", code, str(tree / "ocf" / agent), action],
                          env={"OCF_RESKEY_vgname": "no-such", "OCF_RESKEY_drbd_resource": "none"},
                          capture_output=True, text=True, check=False)
    return {line.split()[0]: line.split()[1:] for line in done.stdout.splitlines()
            if line.startswith("dualstor")}, done


@pytest.mark.parametrize("agent", AGENTS)
def test_modules_come_from_the_bundle(tree, agent):
    found, done = origins(tree, agent)
    assert found["dualstor.host"][0] == "Bundle" and found["dualstor.main"][0] == "Bundle"
    assert os.path.realpath(found["dualstor.host"][1]) == str(tree / HOST)
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("agent", AGENTS)
def test_a_source_that_changed_puts_it_out_of_use(tree, agent):
    with open(str(tree / HOST), "a", encoding="utf-8") as stream:
        stream.write("CHANGED = True\n")
    found, _ = origins(tree, agent)
    assert {loader for loader, _ in found.values()} == {"SourceFileLoader"}


def test_so_does_one_of_another_age_or_one_that_is_gone(tree):
    status = os.stat(str(tree / HOST))
    os.utime(str(tree / HOST), (status.st_atime, status.st_mtime - 10))
    assert origins(tree, "clvmd")[0]["dualstor.host"][0] == "SourceFileLoader"
    shutil.rmtree(str(tree / "lib" / "dualstor" / "agents" / "clvmd"))
    assert "Bundle" not in str(origins(tree, "clvmd")[0])


@pytest.mark.parametrize("damage", [b"", b"x", b"\xe9", b"i\0\0\0\0", b"[\xff\xff\xff\xff"])
def test_a_damaged_bundle_is_passed_over(tree, damage):
    for name in os.listdir(str(tree / "lib" / "dualstor" / "__pycache__")):
        if name.endswith(".bundle"):
            (tree / "lib" / "dualstor" / "__pycache__" / name).write_bytes(damage)
    found, done = origins(tree, "clustered-vg")
    assert found["dualstor.main"][0] == "SourceFileLoader"
    assert done.returncode == 7 and done.stderr.count("ocf-exit-reason:") == 1


def test_a_traceback_names_the_installed_file(tree):
    subprocess.run(compiler(tree) + [str(tree / "lib" / "dualstor"), "/usr/lib/ocf/lib/dualstor"],
                   check=True)
    code = ("import sys; sys.path.insert(0, %r)\n"
            "from dualstor import quickstart\n"
            "assert quickstart.use('clvmd')\n"
            "from dualstor import host\n"
            "print(host.Host.read.__code__.co_filename)\n" % str(tree / "lib"))
    done = subprocess.run([sys.executable, "-IS", "-c", code], capture_output=True, text=True,
                          check=True)
    assert done.stdout == "/usr/lib/ocf/lib/dualstor/host.py\n"
