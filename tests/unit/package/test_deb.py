# SPDX-License-Identifier: GPL-2.0-or-later
"""The Debian packages: what they hold, and that their scripts make agents quick and clean up."""

import os
import subprocess

import pytest

import packages
from dualstor import __version__
from dualstor.agents.catalogue import NAMES as AGENTS
from sourcetree import TREE

from .conftest import Root, write_configuration

NAMES = ("dualstor", "dualstor-doc", "resource-agents-dualstor")


@pytest.fixture(scope="module")
def debs(tmp_path_factory):
    """{name: path of its .deb}."""
    folder = tmp_path_factory.mktemp("deb")
    packages.archive(folder)
    packages.run(os.path.join(TREE, "tools", "make-deb"), folder)
    return {name: str(folder / (f"{name}_{__version__}-1_all.deb")) for name in NAMES}


@pytest.fixture
def root(debs, tmp_path):
    """A Root with all of them unpacked, as before their scripts run."""
    for path in debs.values():
        packages.run("dpkg-deb", "-x", path, tmp_path)
    return Root(tmp_path)


def script(debs, root, name, *words, package="dualstor"):
    """Runs a maintainer script of a package with the root in place of /."""
    text = packages.run("dpkg-deb", "--info", debs[package], name)
    text = text.replace(" /usr/lib/ocf/", f" {root.folder}/usr/lib/ocf/")
    text = text.replace("named.py / ", f"named.py {root.folder} ")
    text = text.replace("systemd-tmpfiles", "no-such-program")
    return subprocess.run(["sh", "-c", text, name, *words], stderr=subprocess.PIPE, text=True,
                          check=False)


def scripted(*arguments):
    """As ``script``, which must succeed."""
    done = script(*arguments)
    assert done.returncode == 0, done.stderr


def test_they_hold_what_make_install_installs_but_no_byte_code(root, installed):
    files = root.files()
    for path in installed.files():
        if "__pycache__" in path:
            continue
        path = path.replace("usr/share/doc/dualstor/", "usr/share/doc/dualstor-doc/")
        path = path.replace("CHANGELOG.md", "changelog")    # as Debian has it
        assert {path, path + ".gz"} & set(files), path
    assert not [path for path in files if "__pycache__" in path]
    assert {f"usr/share/doc/{name}/copyright" for name in NAMES} <= set(files)


def test_each_file_is_in_one_package(debs):
    listed = [line.split(None, 5)[5] for path in debs.values()
              for line in packages.run("dpkg-deb", "-c", path).splitlines()
              if not line.startswith("d")]
    assert len(listed) == len(set(listed))


def test_what_they_ask_for(debs):
    def field(name, what):
        return packages.run("dpkg-deb", "-f", debs[name], what).strip()
    depends = field("dualstor", "Depends")
    assert "python3:any (>= 3.6)" in depends and "python3-lxml" in depends
    assert f"dualstor (= {__version__}-1)" in field("resource-agents-dualstor", "Depends")
    assert {"lvm2", "pacemaker"} <= set(field("resource-agents-dualstor", "Depends").split(", "))
    assert "lvm2-lockd | clvm" in field("resource-agents-dualstor", "Recommends")


@pytest.mark.parametrize("name", AGENTS)
def test_after_the_installation_a_monitor_has_nothing_to_compile(debs, root, name):
    assert not any(root.loaded(name).values())
    scripted(debs, root, "postinst", "configure", "")
    assert all(root.loaded(name).values())


def test_an_upgrade_leaves_byte_code_and_a_removal_none(debs, root):
    before = root.files()
    scripted(debs, root, "postinst", "configure", "")
    full = root.files()
    scripted(debs, root, "prerm", "upgrade", "0.1.1-1")
    assert root.files() == full != before
    scripted(debs, root, "prerm", "remove")
    assert root.files() == before


@pytest.mark.parametrize("package", ["dualstor", "resource-agents-dualstor"])
def test_a_removal_is_refused_while_drbd_names_the_handler(debs, root, package):
    write_configuration(root)
    before = root.files()
    refused = script(debs, root, "prerm", "remove", package=package)
    assert refused.returncode == 1 and root.files() == before
    assert "/etc/drbd.d/r0.res:2 names it" in refused.stderr
    for words in (["upgrade", "0.1.1-1"], ["failed-upgrade", "0.1.1-1"]):
        assert script(debs, root, "prerm", *words, package=package).returncode == 0
    write_configuration(root, "/usr/lib/drbd/other.sh")
    assert script(debs, root, "prerm", "remove", package=package).returncode == 0


def test_a_broken_library_refuses_no_removal(debs, root):
    write_configuration(root)
    os.unlink(os.path.join(root.library, "fencepeer", "named.py"))
    for package in ("dualstor", "resource-agents-dualstor"):
        assert script(debs, root, "prerm", "remove", package=package).returncode == 0


def test_another_version_of_python_gets_byte_code_of_its_own(root):
    hook = root.path("usr/share/python3/runtime.d/dualstor.rtupdate")
    with open(hook, encoding="ascii") as stream:
        text = stream.read().replace(" /usr/lib/ocf/", f" {root.folder}/usr/lib/ocf/")
    before = root.files()
    for step in ("pre-rtupdate", "post-rtupdate"):
        packages.run("sh", "-c", text, hook, step, "python3.10", "python3")
        assert root.files() == before
    packages.run("sh", "-c", text, hook, "rtupdate", "python3.10", "python3")
    assert all(root.loaded("clvmd").values())


def test_two_builds_give_the_same_bytes(debs, tmp_path):
    packages.archive(tmp_path)
    packages.run(os.path.join(TREE, "tools", "make-deb"), tmp_path,
                 env=dict(os.environ, TZ="Pacific/Auckland", LANG="C.UTF-8"))
    for path in debs.values():
        again = str(tmp_path / os.path.basename(path))
        assert subprocess.run(["cmp", path, again], check=False).returncode == 0
