# SPDX-License-Identifier: GPL-2.0-or-later
"""How an agent starts: no folder, variable or file of others has a say in what code runs."""

import os
import subprocess
import sys

import pytest

import hostile
from dualstor.agents.catalogue import NAMES as AGENTS
from sourcetree import TREE


def agent(name):
    return os.path.join(TREE, "ocf", name)


@pytest.fixture
def place(tmp_path):
    return hostile.prepare(tmp_path)


@pytest.mark.parametrize("name", AGENTS)
def test_no_code_of_others_runs(name, place):
    hostile.check_agent(agent(name), *place)


@pytest.mark.parametrize("name", AGENTS)
def test_the_same_through_a_link_from_a_folder_of_others(name, place):
    """The library is found by where the agent really lies."""
    folder, mark = place
    (folder / "ocf").mkdir()
    link = folder / "ocf" / name
    link.symlink_to(agent(name))
    done = hostile.run(link, "meta-data", cwd=folder, **hostile.variables(folder))
    assert done.returncode == 0 and not mark.exists()


def test_programs_are_found_in_folders_of_the_system_alone(place):
    """Not in PATH of the caller, not in the working folder."""
    folder, _ = place
    for program in ("vgs", "lvm", "drbdadm", "drbdsetup", "crm_mon"):
        (folder / program).write_text(f"#!/bin/sh\ntouch {folder}/ran\n")
        (folder / program).chmod(0o755)
    hostile.run(agent("clustered-vg"), "start", cwd=folder, OCF_RESKEY_vgname="vg0",
                PATH=str(folder))
    hostile.run(agent("drbd-dualprimary"), "start", cwd=folder, OCF_RESKEY_drbd_resource="r0",
                PATH=str(folder))
    assert not (folder / "ran").exists()


@pytest.mark.parametrize("text", [
    "a\nocf-exit-reason:forged", "a\rocf-exit-reason:forged", "a\x1b]0;title\x07", "a\x00b",
    "a\u2028ocf-exit-reason:forged", "a\x85b", "a\u202eb", "caf\udce9", "x" * 100000])
def test_a_log_line_cannot_be_forged(text):
    """Neither in the exit reason nor in what is logged, by a name or by what a program said."""
    library = os.path.join(TREE, "lib")
    code = (
        f"import sys; sys.path.insert(0, {library!r})\n"
        "from dualstor import log\n"
        "from dualstor.main import conclude\n"
        "from dualstor.action.steps import Finish\n"
        "from dualstor.ocf.reason import Reason, Topic\n"
        "WHY = Reason('why', Topic('t', 'm', 'd'), 'why: {says}')\n"
        "text = eval(sys.stdin.read())\n"
        "log.os.path.exists = lambda _: False\n"    # no syslogd listens: stderr gets the lines, too
        "log.start('clvmd(%s)' % text, {})\n"
        "log.warning('%s', text)\n"
        "conclude('clvmd', 'start', lambda: Finish(1, WHY(says=text)))\n")
    done = subprocess.run([sys.executable, "-IS", "-c", code], input=ascii(text), text=True,
                          capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    lines = done.stderr.split("\n")[:-1]
    assert all(line.isprintable() for line in lines)
    assert len([line for line in lines if line.startswith("ocf-exit-reason:")]) == 1
    assert all(line.startswith(("clvmd(", "ocf-exit-reason:why: ")) for line in lines)
