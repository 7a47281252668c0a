# SPDX-License-Identifier: GPL-2.0-or-later
"""What the lab needs of the host, and how a Debian or Fedora machine gets it."""
import getpass
import os
import re
import shutil
import subprocess
from collections import namedtuple
from pathlib import Path

from .errors import HostError

Need = namedtuple("Need", "program debian fedora only_unprivileged")
NEEDS = (
    Need("qemu-system-x86_64", ("qemu-system-x86",), ("qemu-system-x86-core",), False),
    Need("mmdebstrap", ("mmdebstrap",), ("mmdebstrap", "apt", "dpkg"), False),
    Need("make", ("make",), ("make",), False),
    Need("rpmbuild", ("rpm",), ("rpm-build",), False),
    Need("mksquashfs", ("squashfs-tools",), ("squashfs-tools",), False),
    Need("xz", ("xz-utils",), ("xz",), False),
    Need("zstd", ("zstd",), ("zstd",), False),
    Need("newuidmap", ("uidmap",), ("shadow-utils",), True),
    Need("/usr/share/keyrings/debian-archive-keyring.gpg", ("debian-archive-keyring",), ("debian-keyring",), False),
)
# `-netdev dgram`, which lets either end of a link die and come back, is of this version.
QEMU = (7, 2)


def search_path():
    """Returns $PATH with the directories of system programs, which users often lack."""
    return os.pathsep.join([os.environ.get("PATH", ""), "/usr/local/sbin", "/usr/sbin", "/sbin"])


def find(program):
    """Returns the path of a program (or of a file named by its path), or None."""
    if program.startswith("/"):
        return program if os.path.exists(program) else None
    return shutil.which(program, path=search_path())


def missing(root=None):
    """Returns the needs that this host lacks, for the user who runs this."""
    root = os.getuid() == 0 if root is None else root
    return [need for need in NEEDS if not (need.only_unprivileged and root) and not find(need.program)]


def install_commands(needs, manager, root, sudo):
    """Returns the commands that install what is missing, as argument lists.

    manager: "apt-get" or "dnf"; root: whether we are root; sudo: path of sudo, or None.
    Raises HostError when they cannot be run from here; it names them.
    """
    if manager == "apt-get":
        packages = sorted({package for need in needs for package in need.debian})
        commands = [["apt-get", "update", "-q"], ["apt-get", "install", "-q", "-y", "--no-install-recommends", *packages]]
    else:
        packages = sorted({package for need in needs for package in need.fedora})
        commands = [["dnf", "install", "-q", "-y", "--setopt=install_weak_deps=False", *packages]]
    if root:
        return commands
    if sudo:
        return [[sudo, *command] for command in commands]
    lines = " && ".join(" ".join(command) for command in commands)
    raise HostError(f"the lab lacks {', '.join(need.program for need in needs)}: run this as root: {lines}")


def ensure(progress):
    """Installs what the lab lacks on this host. Raises HostError with the command to run when it cannot."""
    needs = missing()
    if needs:
        names = ", ".join(need.program for need in needs)
        manager = "apt-get" if find("apt-get") and find("dpkg") and not find("dnf") else "dnf" if find("dnf") else None
        if manager is None:
            raise HostError(f"the lab lacks {names}, and this host has neither apt-get nor dnf: install them by hand")
        root = os.getuid() == 0
        commands = install_commands(needs, manager, root, None if root else find("sudo"))
        with progress.step(f"install {names}"):
            for command in commands:
                _install(command)
        still = missing()
        if still:
            raise HostError(f"still lacking after the installation: {', '.join(need.program for need in still)}")
    check_qemu()
    if os.getuid() != 0:
        check_user_namespaces()


def _install(command):
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "PATH": search_path()}
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode:
        tail = "\n".join(done.stdout.splitlines()[-15:])
        raise HostError(f"`{' '.join(command)}` failed with exit code {done.returncode}:\n{tail}")


def qemu_version():
    """Returns QEMU's version as its first line of --version says it."""
    done = subprocess.run([find("qemu-system-x86_64"), "--version"], stdout=subprocess.PIPE, text=True, check=True)
    return done.stdout.splitlines()[0]


def check_qemu():
    """Raises HostError when QEMU is too old."""
    line = qemu_version()
    found = re.search(r"version (\d+)\.(\d+)", line)
    if not found or tuple(map(int, found.groups())) < QEMU:
        raise HostError(f"the lab needs QEMU {QEMU[0]}.{QEMU[1]} or newer, this is: {line}")


def check_user_namespaces(subuid=Path("/etc/subuid"), user=None):
    """Raises HostError when this user has no subordinate ids, without which no image can be built unprivileged."""
    user = user or getpass.getuser()
    try:
        lines = subuid.read_text().splitlines()
    except OSError:
        lines = []
    if not any(line.split(":")[0] in (user, str(os.getuid())) for line in lines):
        raise HostError(
            f"{user} has no subordinate user ids, which building an image without root needs: as root, run"
            f" usermod --add-subuids 100000-165535 --add-subgids 100000-165535 {user}"
        )
