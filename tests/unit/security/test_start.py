# SPDX-License-Identifier: GPL-2.0-or-later
"""How an agent starts: no folder, variable or file of others has a say in what code runs."""

import os
import stat
import subprocess
import sys

import pytest

from dualstor.metadata import AGENTS
from sourcetree import TREE

#: Modules that the agents import, sooner or later; "dualstor" itself among them.
SHADOWED = ("os", "sys", "json", "re", "enum", "errno", "time", "select", "signal", "socket", "stat",
            "subprocess", "syslog", "fcntl", "importlib", "traceback", "xml", "encodings", "site",
            "sitecustomize", "usercustomize", "dualstor")


def run_agent(name, *argv, cwd="/", **environ):
    return subprocess.run([os.path.join(TREE, "ocf", name)] + list(argv), cwd=str(cwd), env=environ,
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60,
                          check=False)


@pytest.fixture
def hostile(tmp_path):
    """A folder for everybody in which each of our imports has a double, and the file it marks."""
    mark = tmp_path / "mark"
    folder = tmp_path / "tmp"
    folder.mkdir()
    code = "open(%r, 'a').write(__name__ + '\\n')\n" % str(mark)
    for module in SHADOWED:
        (folder / (module + ".py")).write_text(code)
    (folder / "startup").write_text(code)
    (folder / "lib").mkdir()
    (folder / "lib" / "dualstor").mkdir()
    (folder / "lib" / "dualstor" / "__init__.py").write_text(code)
    folder.chmod(0o1777)
    assert folder.stat().st_mode & stat.S_IWOTH
    return folder, mark


def variables(folder):
    names = ("PYTHONPATH", "PYTHONHOME", "PYTHONUSERBASE", "PYTHONPYCACHEPREFIX", "HOME", "TMPDIR",
             "LD_LIBRARY_PATH", "PATH")
    made = {name: str(folder) for name in names}
    made.update(PYTHONSTARTUP=str(folder / "startup"), PYTHONINSPECT="1", PYTHONBREAKPOINT="os.x",
                PYTHONWARNINGS="error", PYTHONOPTIMIZE="2", PYTHONIOENCODING="utf-16")
    del made["LD_LIBRARY_PATH"]     # the loader's, and execd does not pass it on
    return made


@pytest.mark.parametrize("name", AGENTS)
def test_no_code_of_others_runs(name, hostile):
    folder, mark = hostile
    plain = run_agent(name, "meta-data")
    assert run_agent(name, "meta-data", cwd=folder, **variables(folder)).stdout == plain.stdout
    for action in ("monitor", "validate-all", "nonsense"):
        done = run_agent(name, action, cwd=folder, OCF_RESKEY_vgname="no-such-vg",
                         OCF_RESKEY_drbd_resource="none", **variables(folder))
        assert "Traceback" not in done.stderr and done.stderr.count("ocf-exit-reason:") <= 1
    assert not mark.exists(), mark.read_text()


@pytest.mark.parametrize("name", AGENTS)
def test_the_same_through_a_link_from_a_folder_of_others(name, hostile):
    """The library is found by where the agent really lies."""
    folder, mark = hostile
    (folder / "ocf").mkdir()
    link = folder / "ocf" / name
    link.symlink_to(os.path.join(TREE, "ocf", name))
    done = subprocess.run([str(link), "meta-data"], cwd=str(folder), env=variables(folder),
                          capture_output=True, text=True, check=False)
    assert done.returncode == 0 and not mark.exists()


def test_programs_are_found_in_folders_of_the_system_alone(hostile):
    """Not in PATH of the caller, not in the working folder."""
    folder, _ = hostile
    for program in ("vgs", "lvm", "drbdadm", "drbdsetup", "crm_mon"):
        (folder / program).write_text("#!/bin/sh\ntouch %s/ran\n" % folder)
        (folder / program).chmod(0o755)
    run_agent("clustered-vg", "start", cwd=folder, OCF_RESKEY_vgname="vg0", PATH=str(folder))
    run_agent("drbd-dualprimary", "start", cwd=folder, OCF_RESKEY_drbd_resource="r0",
              PATH=str(folder))
    assert not (folder / "ran").exists()


@pytest.mark.parametrize("text", [
    "a\nocf-exit-reason:forged", "a\rocf-exit-reason:forged", "a\x1b]0;title\x07", "a\x00b",
    "a\u2028ocf-exit-reason:forged", "a\x85b", "a\u202eb", "caf\udce9", "x" * 100000])
def test_a_log_line_cannot_be_forged(text):
    """Neither in the exit reason nor in what is logged, by a name or by what a program said."""
    code = (
        "import sys; sys.path.insert(0, %r)\n"
        "from dualstor import log\n"
        "from dualstor.main import conclude\n"
        "from dualstor.steps import Finish\n"
        "text = eval(sys.stdin.read())\n"
        "log.LOG.open('clvmd(%%s)' %% text, {})\n"
        "log.LOG.listeners = [log.LOG._to_syslog, log.LOG._to_stderr]\n"
        "log.warning('%%s', text)\n"
        "conclude('clvmd', 'start', lambda: Finish(1, 'why: ' + text))\n"
        % os.path.join(TREE, "lib"))
    done = subprocess.run([sys.executable, "-IS", "-c", code], input=ascii(text), text=True,
                          capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    lines = done.stderr.split("\n")[:-1]
    assert all(line.isprintable() for line in lines)
    assert len([line for line in lines if line.startswith("ocf-exit-reason:")]) == 1
    assert all(line.startswith(("clvmd(", "ocf-exit-reason:why: ")) for line in lines)
