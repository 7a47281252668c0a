# SPDX-License-Identifier: GPL-2.0-or-later
"""tools/need: installs what is missing with the host's package manager, or says what to run."""

import os
import subprocess

import pytest

from sourcetree import TREE

WORDS = ("no-such-program", "of-debian also", "of-fedora")


@pytest.fixture
def need(tmp_path):
    """Runs tools/need on a host with these programs; returns the run and what was called."""
    def run(programs, user=0, words=WORDS):
        folder = tmp_path / "bin"
        folder.mkdir()
        said = tmp_path / "said"
        for name in programs:
            (folder / name).write_text(f'#!/bin/sh\necho {name} "$@" >>{said}\n'
                                       f'[ {name} != sudo ] || exec "$@"\n')
        (folder / "env").symlink_to("/usr/bin/env")
        (folder / "id").write_text(f"#!/bin/sh\necho {user}\n")
        for each in folder.iterdir():
            each.chmod(0o755)
        done = subprocess.run(["/bin/sh", os.path.join(TREE, "tools", "need"), *words],
                              env={"PATH": str(folder)}, stderr=subprocess.PIPE,
                              universal_newlines=True, check=False)
        return done, said.read_text().splitlines() if said.exists() else []
    return run


def test_what_is_there_is_not_installed(need):
    done, called = need(["apt-get"], words=("apt-get", "x", "x"))
    assert (done.returncode, called) == (0, [])


def test_a_file_is_looked_for_by_its_path(need):
    assert need(["apt-get"], words=("/bin/sh", "x", "x"))[1] == []


def test_one_of_several_that_lacks_is_enough(need):
    assert need(["apt-get"], words=("apt-get no-such-program", "x", "x"))[1][-1].endswith(" x")


def test_a_caller_that_knows_better_is_believed(need):
    assert need(["apt-get"], words=("", "python3-venv", "python3"))[1][-1].endswith(" python3-venv")


def test_debian_renews_its_lists_first(need):
    assert need(["apt-get"])[1] == ["apt-get update -qq",
                                    "apt-get install -y -qq --no-install-recommends of-debian also"]


def test_fedora(need):
    assert need(["dnf"])[1] == ["dnf install -y -q --setopt=install_weak_deps=False of-fedora"]


def test_a_user_goes_through_sudo(need):
    called = need(["apt-get", "sudo"], user=1000)[1]
    assert "sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq " \
        "--no-install-recommends of-debian also" in called


def test_without_it_he_is_told_what_root_must_run(need):
    done, called = need(["apt-get"], user=1000)
    assert done.returncode == 1 and called == []
    assert "as root, run: apt-get install" in done.stderr and "no-such-program" in done.stderr


def test_a_host_without_a_known_manager_is_told(need):
    done, _ = need([])
    assert done.returncode == 1 and "by hand" in done.stderr
