# SPDX-License-Identifier: GPL-2.0-or-later
"""`make install`: each file in its place, quick from the first monitor on, and `make uninstall`."""

import os
import stat
import subprocess

import pytest

import packages
from dualstor import __version__
from dualstor.agents.catalogue import NAMES as AGENTS
from sourcetree import TREE

from .conftest import PYTHON, Root, write_configuration


def test_agents_command_metadata_and_manuals_are_there(installed):
    files = installed.files()
    for name in AGENTS:
        assert files["usr/lib/ocf/resource.d/dualstor/" + name] == 0o755
        assert files[f"usr/share/dualstor/metadata/{name}.xml"] == 0o644
        assert files[f"usr/share/man/man7/ocf_dualstor_{name}.7"] == 0o644
    assert files["usr/sbin/dualstor"] == files["usr/lib/drbd/dualstor-fence-peer"] == 0o755
    assert files["usr/share/pacemaker/alerts/dualstor-alert"] == 0o755
    for name in ("usr/share/man/man8/dualstor.8", "usr/lib/tmpfiles.d/dualstor.conf",
                 "usr/lib/systemd/system/pacemaker.service.d/dualstor.conf",
                 "usr/share/bash-completion/completions/dualstor",
                 "usr/share/zsh/site-functions/_dualstor",
                 "usr/share/fish/vendor_completions.d/dualstor.fish",
                 "usr/share/doc/dualstor/docs/operations.md",
                 "usr/share/doc/dualstor/ansible/README.md",
                 "usr/share/ansible/roles/dualstor/tasks/main.yml"):
        assert files[name] == 0o644


def test_the_library_is_all_of_it_and_nothing_else(installed):
    def sources(top):
        return {os.path.relpath(os.path.join(base, name), top) for base, _, names in os.walk(top)
                for name in names if "__pycache__" not in base}
    assert sources(installed.library) == sources(os.path.join(TREE, "lib", "dualstor"))


def test_nobody_but_its_owner_can_change_it(installed):
    for base, folders, names in os.walk(installed.folder):
        for name in folders + names:
            mode = os.lstat(os.path.join(base, name)).st_mode
            assert not mode & (stat.S_IWGRP | stat.S_IWOTH | stat.S_ISUID | stat.S_ISGID)


def test_every_module_is_compiled_for_the_python_of_the_agents(installed):
    tag = packages.run(PYTHON, "-c", "import sys; print(sys.implementation.cache_tag)").strip()
    files = set(installed.files())
    for path in files:
        if path.endswith(".py") and path.startswith("usr/lib/ocf/"):
            folder, name = os.path.split(path[:-len(".py")])
            assert f"{folder}/__pycache__/{name}.{tag}.pyc" in files


def test_byte_code_goes_by_time_and_not_by_a_hash_of_the_source(tmp_path):
    """Whatever the environment of a package's build says."""
    folder = tmp_path / "root"
    packages.run("make", "install", f"DESTDIR={folder}", cwd=TREE,
                 env=dict(os.environ, SOURCE_DATE_EPOCH="1700000000"))
    library = Root(folder).library
    for base, _, names in os.walk(library):
        for name in names:
            if name.endswith(".pyc"):
                with open(os.path.join(base, name), "rb") as stream:
                    assert stream.read(8)[4:] == bytes(4), name    # flags, PEP 552


@pytest.mark.parametrize("name", AGENTS)
def test_nothing_has_to_be_compiled_when_it_runs(installed, name):
    loaded = installed.loaded(name)
    assert "dualstor.main" in loaded and all(loaded.values()), loaded


def test_no_file_names_the_folder_in_which_it_was_made(installed):
    for path in installed.files():
        with open(installed.path(path), "rb") as stream:
            text = stream.read()
        assert installed.folder.encode() not in text and TREE.encode() not in text, path


def test_the_handler_runs_from_its_own_installation(installed):
    done = subprocess.run([installed.handler], cwd="/", env={}, stdin=subprocess.DEVNULL,
                          capture_output=True, check=False)
    assert done.returncode == 1 and b"Traceback" not in done.stderr
    told = subprocess.run([PYTHON, "-ISv", installed.handler], cwd="/", env={},
                          stderr=subprocess.PIPE, check=False, universal_newlines=True).stderr
    told = told.replace("/usr/lib/drbd/../ocf", "/usr/lib/ocf")
    assert os.path.join(installed.library, "fencepeer") in told


#: What the kernel gives to its helper (kernel/umh.c, drbd_nl.c), and less.
KERNELS = {"HOME": "/", "TERM": "linux", "PATH": "/sbin:/usr/sbin:/bin:/usr/bin"}


@pytest.mark.parametrize("environ", [KERNELS, {"HOME": "/"}, dict(KERNELS, PATH="/nonexistent"),
                                     dict(KERNELS, PYTHONHOME="/nonexistent", PYTHONPATH="/")])
def test_the_handler_needs_neither_a_home_nor_a_path(installed, environ):
    done = subprocess.run([installed.handler], cwd="/", stdin=subprocess.DEVNULL, check=False,
                          env=dict(environ, DRBD_RESOURCE="no-such", DRBD_PEERS="no-node"),
                          stderr=subprocess.PIPE, universal_newlines=True)
    assert done.returncode == 1 and "Traceback" not in done.stderr
    assert "DRBD has lost no-node" in done.stderr and "stays frozen" in done.stderr


def test_the_alert_agent_runs_from_its_own_installation(installed):
    program = installed.path("usr/share/pacemaker/alerts/dualstor-alert")
    done = subprocess.run([PYTHON, "-ISv", program], cwd="/", env={"CRM_alert_kind": "attribute"},
                          stderr=subprocess.PIPE, check=False, universal_newlines=True)
    assert done.returncode == 0
    assert os.path.join(installed.library, "alerts") in done.stderr.replace(
        "/usr/share/pacemaker/alerts/../../../lib", "/usr/lib")


def test_whatever_the_kernel_starts_it_does_so_by_a_fixed_path(installed):
    programs = [path for path, mode in installed.files().items() if mode & 0o111]
    assert len(programs) == len(AGENTS) + 3
    for path in programs:
        with open(installed.path(path), encoding="utf-8") as stream:
            first = stream.readline().split()
        assert first[0] == "#!" + PYTHON and first[1].startswith("-I"), path


def test_the_command_works_as_installed(installed):
    said = packages.run(installed.path("usr/sbin/dualstor"), "--version", cwd="/")
    assert said.strip() == "dualstor " + __version__


def test_another_prefix_leaves_agents_where_the_cluster_manager_looks(tmp_path):
    packages.run("make", "install", f"DESTDIR={tmp_path}", "PREFIX=/usr/local", cwd=TREE)
    files = Root(tmp_path).files()
    assert "usr/local/sbin/dualstor" in files and "usr/local/share/man/man8/dualstor.8" in files
    assert "usr/lib/ocf/resource.d/dualstor/clvmd" in files and "usr/sbin/dualstor" not in files


def test_uninstall_is_refused_while_drbd_names_the_handler(changeable):
    write_configuration(changeable)
    before = changeable.files()
    done = subprocess.run(["make", "uninstall", f"DESTDIR={changeable.folder}"], cwd=TREE,
                          capture_output=True, text=True, check=False)
    assert done.returncode and "/etc/drbd.d/r0.res:2 names it" in done.stderr
    assert changeable.files() == before


def test_uninstall_leaves_nothing(changeable):
    packages.run("make", "uninstall", f"DESTDIR={changeable.folder}", cwd=TREE)
    assert changeable.files() == {}


def test_what_runs_at_boot_makes_the_memory_private(installed):
    from dualstor.host.memory import STATE_DIR
    with open(installed.path("usr/lib/tmpfiles.d/dualstor.conf"), encoding="ascii") as stream:
        lines = [line.split() for line in stream if line.strip() and not line.startswith("#")]
    assert lines == [["d", STATE_DIR, "0700", "root", "root", "-"]]


def test_it_makes_one_for_the_user_of_the_alert_agent(installed):
    from dualstor.alerts import place
    with open(installed.path("usr/lib/tmpfiles.d/dualstor-alert.conf"), encoding="ascii") as stream:
        lines = [line.split() for line in stream if line.strip() and not line.startswith("#")]
    assert lines == [["d", place.STATE_DIR, "0700", place.USER, "haclient", "-"]]
