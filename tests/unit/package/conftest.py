# SPDX-License-Identifier: GPL-2.0-or-later
"""An installation by make, and packages; each made once."""

import os
import shutil
import subprocess

import pytest

import packages
from dualstor import fencepeer
from sourcetree import TREE

PYTHON = "/usr/bin/python3"     # which runs the agents

#: Says which of our modules a program loaded, and from where; its words are PROGRAM ARGUMENT.
_TOLD = """
import atexit, sys
def told():
    for name, module in sorted(sys.modules.items()):
        if name.partition(".")[0] == "dualstor":
            print(name, module.__file__, module.__cached__)
atexit.register(told)
del sys.argv[0]
exec(compile(open(sys.argv[0]).read(), sys.argv[0], "exec"),
     {"__name__": "__main__", "__file__": sys.argv[0]})
"""


class Root:
    """A folder that stands for /, in which dualstor is installed."""

    def __init__(self, folder):
        self.folder = str(folder)

    def path(self, name):
        return os.path.join(self.folder, name)

    @property
    def library(self):
        return self.path("usr/lib/ocf/lib/dualstor")

    def agent(self, name):
        return self.path("usr/lib/ocf/resource.d/dualstor/" + name)

    @property
    def handler(self):
        return self.path(fencepeer.PROGRAM.lstrip("/"))

    def files(self):
        """{path from the root: permissions} of all files and links to files."""
        paths = [os.path.join(base, name) for base, _, names in os.walk(self.folder)
                 for name in names]
        return {os.path.relpath(path, self.folder): os.lstat(path).st_mode & 0o777
                for path in paths}

    def loaded(self, agent):
        """{module of ours: whether its byte code is there} of a monitor that finds nothing."""
        done = subprocess.run(
            [PYTHON, "-IBS", "-c", _TOLD, self.agent(agent), "monitor"], cwd="/", check=False,
            env={"OCF_RESKEY_vgname": "no-such", "OCF_RESKEY_drbd_resource": "none"},
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            universal_newlines=True)
        told = [line.split() for line in done.stdout.splitlines() if line.startswith("dualstor")]
        assert told, done.stderr
        ours = os.path.realpath(self.library) + "/"
        assert all(os.path.realpath(path).startswith(ours) for _, path, _ in told)
        return {name: os.path.isfile(cached) for name, _, cached in told}


def write_configuration(root, handler=fencepeer.PROGRAM):
    """drbdadm, and a configuration of which an included file names a handler in its line 2."""
    for path, text in (("usr/sbin/drbdadm", ""), ("etc/drbd.conf", "include \"drbd.d/*.res\";\n"),
                       ("etc/drbd.d/r0.res", "resource r0 { handlers {\n"
                                             f"fence-peer \"{handler}\"; }} }}\n")):
        os.makedirs(os.path.dirname(root.path(path)), exist_ok=True)
        with open(root.path(path), "w", encoding="ascii") as stream:
            stream.write(text)


@pytest.fixture(scope="session")
def installed(tmp_path_factory):
    """A Root by `make install install-doc`; not to be changed."""
    folder = tmp_path_factory.mktemp("installed")
    packages.run("make", "install", "install-doc", f"DESTDIR={folder}", cwd=TREE)
    return Root(folder)


@pytest.fixture
def changeable(installed, tmp_path):
    """A copy of the installation."""
    shutil.copytree(installed.folder, str(tmp_path / "root"), symlinks=True)
    return Root(tmp_path / "root")


@pytest.fixture(scope="session")
def build(tmp_path_factory):
    """Folder with the source archive and the RPMs, built without %check."""
    folder = tmp_path_factory.mktemp("dist")
    packages.archive(folder)
    packages.run(os.path.join(TREE, "tools", "make-rpm"), folder, "--without", "check")
    return folder
