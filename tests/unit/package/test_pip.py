# SPDX-License-Identifier: GPL-2.0-or-later
"""`pip install` and `dualstor install-agents`: a package's agents, as quick, and gone again."""

import argparse
import io
import os
import subprocess
import sys

import pytest

import packages
from dualstor.agents.catalogue import NAMES as AGENTS
from dualstor.command import installagents
from dualstor.command.console import Console
from dualstor.errors import DualstorError

from .conftest import Root, write_configuration


@pytest.fixture(scope="module")
def prefix(tmp_path_factory):
    """A folder into which pip has installed a copy of the tree."""
    folder = tmp_path_factory.mktemp("pip")
    packages.run(sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check",
                 "--no-deps", "--no-build-isolation", "--no-index", "--prefix", folder / "usr",
                 packages.copy(folder))
    return folder / "usr"


@pytest.fixture
def command(prefix):
    """Runs the installed command; the test's Python finds lxml, the folder has dualstor."""
    (library,) = prefix.glob("lib*/python*/site-packages")

    def run(*words):
        return subprocess.run([str(prefix / "bin" / "dualstor"), *map(str, words)], cwd="/",
                              env={"PYTHONPATH": str(library), "PATH": os.environ["PATH"]},
                              capture_output=True, universal_newlines=True, check=False)
    return run


@pytest.fixture
def root(command, tmp_path):
    done = command("install-agents", "--root", tmp_path)
    assert done.returncode == 0, done.stderr
    return Root(tmp_path)


@pytest.mark.parametrize("name", AGENTS)
def test_agents_are_those_of_a_package_and_as_quick(root, installed, name):
    with open(root.agent(name), "rb") as ours, open(installed.agent(name), "rb") as theirs:
        assert ours.read() == theirs.read()
    assert os.stat(root.agent(name)).st_mode & 0o777 == 0o755
    assert os.path.islink(root.library)
    assert all(root.loaded(name).values())


def test_the_handler_is_that_of_a_package_and_others_are_left_alone(root, command, installed):
    with open(root.handler, "rb") as ours, open(installed.handler, "rb") as theirs:
        assert ours.read() == theirs.read()
    assert os.stat(root.handler).st_mode & 0o777 == 0o755
    done = subprocess.run([root.handler], cwd="/", env={}, stderr=subprocess.PIPE, check=False)
    assert done.returncode == 1 and b"Traceback" not in done.stderr
    other = os.path.join(os.path.dirname(root.handler), "crm-fence-peer.9.sh")
    with open(other, "w", encoding="ascii") as stream:
        stream.write("#!/bin/sh\n")
    assert command("install-agents", "--root", root.folder, "--remove").returncode == 0
    assert list(root.files()) == [os.path.relpath(other, root.folder)]


def test_metadata_and_manuals_come_along(root, prefix, installed):
    listed = {path for path in installed.files() if path.startswith("usr/share/dualstor/")}
    assert listed and listed <= set(root.files())
    assert (prefix / "share" / "man" / "man7" / "ocf_dualstor_clvmd.7").is_file()
    assert (prefix / "share" / "man" / "man8" / "dualstor.8").is_file()


def test_what_was_put_there_is_taken_away_again(root, command, prefix):
    assert command("install-agents", "--root", root.folder, "--remove").returncode == 0
    assert root.files() == {}
    (library,) = prefix.glob("lib*/python*/site-packages/dualstor")
    assert list(library.rglob("*.pyc")) == []


def test_nothing_is_taken_away_while_drbd_names_the_handler(root, command):
    write_configuration(root)
    before = root.files()
    refused = command("install-agents", "--root", root.folder, "--remove")
    assert refused.returncode and "/etc/drbd.d/r0.res:2 names it" in refused.stderr
    assert root.files() == before


def test_it_can_be_run_again(root, command):
    before = root.files()
    assert command("install-agents", "--root", root.folder).returncode == 0
    assert root.files() == before


def test_a_package_of_the_distribution_is_left_alone(installed, changeable):
    before = changeable.files()
    for act in (lambda: installagents.install(changeable.folder, installed.folder),
                lambda: installagents.remove(changeable.folder)):
        with pytest.raises(DualstorError, match="package|not a link"):
            act()
    assert changeable.files() == before


def test_an_installation_without_agents_says_so(tmp_path):
    library = tmp_path / "lib" / "site-packages" / "dualstor"
    library.mkdir(parents=True)
    with pytest.raises(DualstorError, match="resource-agents-dualstor"):
        installagents.sources(str(library))


def test_a_library_that_others_can_change_is_refused(tmp_path):
    """Agents run from it as root."""
    library = tmp_path / "dualstor"
    library.mkdir()
    library.chmod(0o777)
    with pytest.raises(DualstorError, match="can be changed by others"):
        installagents._check_owner(str(library))


def test_a_folder_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "usr").write_text("a file")
    with pytest.raises(DualstorError, match="install-agents: .*usr"):
        installagents.run(argparse.Namespace(root=str(tmp_path), remove=False),
                          Console(io.StringIO(), io.StringIO(), "install-agents"))
