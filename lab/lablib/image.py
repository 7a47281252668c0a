# SPDX-License-Identifier: GPL-2.0-or-later
"""The image of the guests: a Debian root file system, its kernel and the first stage, cached by a hash of the recipe."""
import fcntl
import hashlib
import json
import os
import re
import shutil
import subprocess
import tarfile
import time
from collections import namedtuple
from contextlib import contextmanager

from . import bzimage, cpio, host, paths
from .errors import LabError

# Debian's suites of which the guests can be, the default one first, with the options that apt needs to install them.
SUITES = {
    "trixie": (),
    "bookworm": (),
    # A suite that still moves has a Release file which expires within a week; a mirror that lags is good enough for a lab.
    "forky": ('Acquire::Check-Valid-Until "false"',),
}
DEFAULT_SUITE = next(iter(SUITES))
# What follows the first stage: busybox's small init; in a flavour systemd, which a script of the lab prepares.
BUSYBOX, SYSTEMD = "/usr/bin/busybox init", "/usr/local/lib/lab/systemd"
Flavour = namedtuple("Flavour", "suite packages modules init", defaults=((), (), BUSYBOX))
# Suites with more than the others have, for tests that need it.
FLAVOURS = {
    "trixie-heal": Flavour("trixie", ("ansible-core", "openssh-client", "openssh-server", "xfsprogs"), ("xfs",)),
    "trixie-systemd": Flavour("trixie", ("ifupdown",), init=SYSTEMD),
    "trixie-vm": Flavour(
        "trixie", ("ifupdown", "libvirt-clients", "libvirt-daemon-system", "openssh-client", "openssh-server", "qemu-system-x86"),
        init=SYSTEMD),
}
# A change of how this module puts an image together makes it another image.
EDITION = 2
FIRST_STAGE_MODULES = ("virtio_pci", "virtio_blk", "squashfs", "overlay")
LEFT_OUT = ("/usr/share/man/*", "/usr/share/locale/*", "/usr/share/info/*", "/usr/share/doc/*")

# name: SUITE-HASH; python: sys.implementation.cache_tag of the guests' Python
Image = namedtuple("Image", ("name", "folder", "kernel", "initrd", "root", "state", "suite", "python"))


def suite(named=None):
    """Returns the suite that was named, else $DUALSTOR_LAB_SUITE, else the default one. Raises LabError for any other."""
    name = named or os.environ.get("DUALSTOR_LAB_SUITE") or DEFAULT_SUITE
    if name not in SUITES and name not in FLAVOURS:
        raise LabError(f"the lab has no suite {name!r}: choose {', '.join([*SUITES, *FLAVOURS])}")
    return name


def words(path):
    """Returns the words of a list file: one per line, # begins a comment."""
    lines = (line.split("#")[0].strip() for line in path.read_text().splitlines())
    return [line for line in lines if line]


def recipe(of_suite):
    """Returns everything the image of a suite is made of, as a dictionary of texts and lists."""
    debian, more, modules, init = FLAVOURS.get(of_suite, Flavour(of_suite))
    return {
        "edition": EDITION,
        "suite": of_suite,
        **({"debian": debian} if more else {}),
        "apt": list(SUITES[debian]),
        "packages": [*words(paths.IMAGE_SOURCES / "packages"), *more],
        "modules": [*words(paths.IMAGE_SOURCES / "modules"), *modules],
        "first_stage_modules": list(FIRST_STAGE_MODULES),
        "left_out": list(LEFT_OUT),
        "customize": (paths.IMAGE_SOURCES / "customize.sh").read_text(),
        "init": (paths.IMAGE_SOURCES / "init").read_text().replace("@INIT@", init),
    }


def name_of(of):
    """Returns the name of an image: its suite, and 16 hexadecimal digits over its recipe."""
    return f"{of['suite']}-{hashlib.sha256(json.dumps(of, sort_keys=True).encode()).hexdigest()[:16]}"


def at(folder):
    """Returns the image in a directory of the cache; None when there is none, half of one, or one of an earlier lab."""
    try:
        about = json.loads((folder / "image.json").read_text())
        suite_and_python = about["recipe"]["suite"], about["python"]
    except (OSError, KeyError):
        return None
    files = (folder / name for name in ("kernel", "initrd", "root.squashfs", "state.ext4"))
    return Image(folder.name, folder, *files, *suite_and_python)


def find(of_suite, cache=None):
    """Returns the image of the current recipe of a suite when the cache has it, else None."""
    return at((cache or paths.cache_directory()) / name_of(recipe(of_suite)))


def build(of_suite, progress, cache=None, again=False):
    """Returns the image of the current recipe of a suite, built when the cache lacks it (or `again`).

    Installs what the host lacks. Two builds at once: the second waits and takes the first one's.
    """
    cache = cache or paths.cache_directory()
    cache.mkdir(parents=True, exist_ok=True)
    of = recipe(of_suite)
    name = name_of(of)
    with locked(cache / f"{name}.lock"):
        found = at(cache / name)
        if found and not again:
            return found
        host.ensure(progress)
        scratch = cache / f"{name}.building"
        shutil.rmtree(scratch, ignore_errors=True)
        scratch.mkdir()
        try:
            _build_into(scratch, of, progress)
            shutil.rmtree(cache / name, ignore_errors=True)
            scratch.rename(cache / name)
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
    return at(cache / name)


@contextmanager
def locked(path):
    """Holds a lock file for as long as the block runs."""
    with open(path, "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _build_into(folder, of, progress):
    tar = folder / "root.tar"
    with progress.step(f"root file system of {of['suite']}, {len(of['packages'])} packages and what they need"):
        _mmdebstrap(tar, of, folder / "mmdebstrap.log")
    with progress.step("kernel and first stage"):
        release, python = _unpack(tar, of, folder)
    with progress.step("compress"):
        _squash(tar, folder / "root.squashfs", folder / "mksquashfs.log")
    tar.unlink()
    about = {"recipe": of, "kernel_release": release, "python": python, "built": time.strftime("%FT%TZ", time.gmtime())}
    (folder / "image.json").write_text(json.dumps(about, indent=1))


def _mmdebstrap(tar, of, log):
    mode = "root" if os.getuid() == 0 else "unshare"
    command = [
        host.find("mmdebstrap"),
        f"--mode={mode}",
        "--variant=minbase",
        "--format=tar",
        f"--include={','.join(of['packages'])}",
        *(f"--dpkgopt=path-exclude={pattern}" for pattern in of["left_out"]),
        *(f"--aptopt={option}" for option in ('Acquire::Languages "none"', *of["apt"])),
        f"--customize-hook={of['customize']}",
        of.get("debian", of["suite"]),
        "-",
    ]
    environment = {**os.environ, "PATH": host.search_path(), "LC_ALL": "C", "LAB_MODULES": " ".join(of["modules"])}
    # The tar comes through a pipe of ours: the unprivileged builder need not be able to write into the cache.
    with open(tar, "wb") as target, open(log, "wb") as messages:
        done = subprocess.run(command, env=environment, cwd="/", stdin=subprocess.DEVNULL, stdout=target, stderr=messages)
    if done.returncode:
        kept = log.parent.parent / "mmdebstrap.log"
        shutil.copy(log, kept)
        tail = "\n".join(log.read_text(errors="replace").splitlines()[-12:])
        raise LabError(f"mmdebstrap failed with exit code {done.returncode}; all of it is in {kept}:\n{tail}")


def _unpack(tar, of, folder):
    """Takes the kernel, the disk template and the first stage out of the root file system.

    Returns the kernel's release, and the tag of Python's byte code.
    """
    with tarfile.open(tar) as archive:
        members = {member.name.removeprefix("./"): member for member in archive}

        def read(name):
            return archive.extractfile(members[name]).read()

        image = read("boot/vmlinuz")
        (folder / "kernel").write_bytes(bzimage.vmlinux(image) or image)
        _write_sparse(folder / "state.ext4", read("boot/state.ext4"))
        index = next(name for name in members if name.startswith("usr/lib/modules/") and name.endswith("/modules.dep"))
        base = index.rpartition("/")[0]
        files = {"init": (0o755, of["init"].encode(), 0), "bin/busybox": (0o755, read("usr/bin/busybox"), 0)}
        order = module_order(read(index).decode(), of["first_stage_modules"])
        for path in order:
            files[f"modules/{path.rpartition('/')[2]}"] = (0o644, read(f"{base}/{path}"), 0)
        names = "".join(path.rpartition("/")[2] + "\n" for path in order)
        files["modules/order"] = (0o644, names.encode(), 0)
        (folder / "initrd").write_bytes(cpio.archive(files))
    return base.rpartition("/")[2], python_tag(members)


def python_tag(files):
    """Returns sys.implementation.cache_tag of the Python among the paths of a root file system."""
    (minor,) = {found[1] for found in (re.fullmatch(r"usr/lib/python3\.(\d+)/os\.py", path) for path in files) if found}
    return f"cpython-3{minor}"


def module_order(index, wanted):
    """Returns the paths of modules in an order in which insmod can load them.

    index: text of modules.dep: "path: needed needed ...", where the needed ones must be loaded from last to first.
    wanted: names without directory and ending; - and _ are the same. What is built into the kernel is left out.
    """
    needs = {}
    for line in index.splitlines():
        path, _, needed = line.partition(":")
        needs[path] = needed.split()
    by_name = {path.rpartition("/")[2].split(".")[0].replace("-", "_"): path for path in needs}
    order = []
    for name in wanted:
        path = by_name.get(name.replace("-", "_"))
        if path is None:
            continue
        for each in [*reversed(needs[path]), path]:
            if each not in order:
                order.append(each)
    return order


def _write_sparse(path, data, block=65536):
    with open(path, "wb") as target:
        for offset in range(0, len(data), block):
            piece = data[offset : offset + block]
            if piece.count(0) != len(piece):
                target.seek(offset)
                target.write(piece)
        target.truncate(len(data))


def _squash(tar, target, log):
    command = [host.find("mksquashfs"), "-", str(target), "-tar", "-comp", "lz4", "-noappend", "-quiet", "-no-progress"]
    with open(tar, "rb") as source, open(log, "wb") as messages:
        done = subprocess.run(command, stdin=source, stdout=messages, stderr=messages)
    if done.returncode:
        tail = log.read_text(errors="replace").splitlines()[-5:]
        raise LabError(f"mksquashfs failed with exit code {done.returncode}: {' '.join(tail)}")
