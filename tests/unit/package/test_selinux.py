# SPDX-License-Identifier: GPL-2.0-or-later
"""The SELinux module: it compiles, and the package that has it loads it as Fedora's macros do."""

import os
import subprocess

import pytest

import packages
from dualstor import __version__
from sourcetree import TREE

#: Fedora's selinux-policy-devel has these; here they show what they were called with.
_MACROS = ("modules_install", "modules_uninstall", "relabel_pre", "relabel_post")
MODULE = "/usr/share/selinux/packages/targeted/dualstor.pp.bz2"


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    """A copy of the tree, in which the module may be built."""
    return packages.copy(tmp_path_factory.mktemp("selinux"))


@pytest.fixture(scope="module")
def built(tree, tmp_path_factory):
    """The RPMs as Fedora builds them, by name."""
    folder = tmp_path_factory.mktemp("rpms")
    packages.archive(folder, tree)
    defines = [word for name in _MACROS
               for word in ("--define", f"selinux_{name}(s:p:) echo {name} %{{-s*}} %*")]
    packages.run(os.path.join(tree, "tools", "make-rpm"), folder, "--without", "check",
                 "--with", "selinux", *defines)
    return {path.name.rsplit("-", 2)[0]: str(path) for path in folder.glob("*.noarch.rpm")}


def test_it_compiles_and_is_installed(tree, tmp_path):
    packages.run("make", "install-selinux", f"DESTDIR={tmp_path}", cwd=tree)
    path = tmp_path / MODULE.lstrip("/").replace(".bz2", "")
    module, contexts = tmp_path / "dualstor.mod", tmp_path / "contexts"
    packages.run("semodule_unpackage", path, module, contexts)
    with open(os.path.join(TREE, "packaging", "selinux", "dualstor.fc"), "rb") as stream:
        assert contexts.read_bytes() == stream.read()
    packages.run("make", "uninstall", f"DESTDIR={tmp_path}", cwd=tree)
    assert not path.exists()


def test_what_breaks_the_policy_language_is_no_module(tree, tmp_path):
    name = tmp_path / "dualstor.te"
    with open(os.path.join(tree, "packaging", "selinux", "dualstor.te"), encoding="ascii") as stream:
        name.write_text(stream.read().replace("type cluster_t;", ""))
    done = subprocess.run(["checkmodule", "-M", "-m", "-o", str(tmp_path / "dualstor.mod"), str(name)],
                          capture_output=True, text=True, check=False)
    assert done.returncode and "cluster_t" in done.stdout + done.stderr


def test_a_package_of_its_own_loads_it_and_labels_the_handler(built):
    assert set(built) == {"dualstor", "dualstor-doc", "dualstor-selinux", "resource-agents-dualstor"}

    def asked(name, *options):
        return packages.run("rpm", "-qp", *options, built[name]).splitlines()
    listed = asked("dualstor-selinux", "-l")
    assert MODULE in listed
    scripts = "\n".join(asked("dualstor-selinux", "--scripts"))
    for line in ("relabel_pre targeted", f"modules_install targeted {MODULE}",
                 "modules_uninstall targeted dualstor", "relabel_post targeted"):
        assert "echo " + line in scripts, scripts
    wanted = f"(dualstor-selinux = {__version__}-1 if selinux-policy-targeted)"
    assert wanted in asked("resource-agents-dualstor", "--requires")


def test_only_the_last_removal_unloads_it(built):
    scripts = packages.run("rpm", "-qp", "--scripts", built["dualstor-selinux"])
    text = scripts.partition("postuninstall scriptlet (using /bin/sh):\n")[2]
    text = text.partition("posttrans scriptlet")[0]

    def postun(left):
        return packages.run("sh", "-c", text, "postun", str(left)).strip()
    assert (postun(1), postun(0)) == ("", "modules_uninstall targeted dualstor")
