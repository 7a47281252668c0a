# SPDX-License-Identifier: GPL-2.0-or-later
"""DRBD modules that the user has built, in place of those of the guests' kernel."""
import lzma
import re
import struct
from collections import namedtuple

from . import image, paths
from .errors import LabError

SUFFIXES = (".ko", ".ko.xz")
DRBD = "drbd"
# What DRBD 9 cannot connect without.
TRANSPORT = "drbd_transport_tcp"
FOLDER = "usr/lib/modules/{}/updates/{}.ko"

# version: "8.4" or "9", as `dualstor configure --drbd` takes it; files: {path in the guest: (permissions, content, mtime)};
# left_out: sentences about files of the directory that no guest could load
Modules = namedtuple("Modules", "version files left_out")


def about(content):
    """Returns {key: value} of a module's section .modinfo, as modinfo(8) prints it. Raises ValueError: it is no module."""
    if content[:6] != b"\x7fELF\x02\x01":
        raise ValueError("it is no 64-bit ELF file")
    try:
        (table,) = struct.unpack_from("<Q", content, 40)
        size, count, names = struct.unpack_from("<3H", content, 58)
        sections = [struct.unpack_from("<2I4Q", content, table + number * size) for number in range(count)]
        text = sections[names][4]
        for name, _, _, _, offset, length in sections:
            start = text + name
            if content[start : content.index(b"\0", start)] == b".modinfo":
                pairs = content[offset : offset + length].decode("ascii", "replace").split("\0")
                return dict(pair.split("=", 1) for pair in pairs if "=" in pair)
    except (struct.error, ValueError, IndexError):
        raise ValueError("its sections cannot be read") from None
    raise ValueError("it has no section .modinfo")


def vermagic(of):
    """Returns for which kernel a module of an image must be built, as the modules of its first stage say."""
    return re.search(rb"\0vermagic=([^\0]*)\0", of.initrd.read_bytes())[1].decode()


def release(of):
    """Returns the kernel's release of an image, as `uname -r` prints it."""
    return vermagic(of).split()[0]


def _content(path):
    data = path.read_bytes()
    return lzma.decompress(data) if path.suffix == ".xz" else data


def _name(path):
    return path.name.partition(".")[0].replace("-", "_")


def read(folder, of):
    """Returns the Modules of a directory for an image. Raises LabError that names the file which does not fit, and why."""
    if not folder.is_dir():
        raise LabError(f"the DRBD modules' {folder} is no directory")
    found, wanted = {}, vermagic(of)
    for path in sorted(folder.iterdir()):
        if not path.name.endswith(SUFFIXES):
            continue
        try:
            content = _content(path)
            told = about(content)
        except (ValueError, lzma.LZMAError, OSError) as error:
            raise LabError(f"{path} is no kernel module: {error}") from None
        theirs = told.get("vermagic", "")
        if theirs.split() != wanted.split():
            raise LabError(
                f"{path} is for another kernel: its vermagic is {theirs!r}, that of the guests {wanted!r};"
                " `lab/lab kernel` says what to build it with"
            )
        found[_name(path)] = (path, content, told)
    return _fitting(folder, found, of)


def _fitting(folder, found, of):
    if DRBD not in found:
        raise LabError(f"there is no drbd.ko in {folder}")
    version = found[DRBD][2].get("version", "")
    kept = {name.replace("-", "_") for name in image.words(paths.IMAGE_SOURCES / "modules")}
    lacking = {}
    for name, (_, _, told) in found.items():
        needs = {need.replace("-", "_") for need in told.get("depends", "").split(",") if need}
        lacking[name] = sorted(needs - kept - found.keys())
    required = [DRBD] if version.startswith("8.") else [DRBD, TRANSPORT]
    for name in required:
        if name not in found:
            raise LabError(f"there is no {name}.ko in {folder}: DRBD {version} needs it")
        if lacking[name]:
            raise LabError(
                f"{found[name][0]} needs {', '.join(lacking[name])}: put it into {folder}, or its name into"
                f" {paths.IMAGE_SOURCES}/modules"
            )
    files = {
        FOLDER.format(release(of), name): (0o644, content, int(path.stat().st_mtime))
        for name, (path, content, _) in found.items()
        if not lacking[name]
    }
    left_out = [
        f"{found[name][0].name} is left out: the guests have no {', '.join(needs)}" for name, needs in lacking.items() if needs
    ]
    major = version.partition(".")[0]
    return Modules(".".join(version.split(".")[:2]) if major == "8" else major, files, left_out)


def kernel(of):
    """Returns lines about the kernel of an image, for whoever builds modules for it."""
    return [
        f"Linux {release(of)} of Debian's {of.suite}, image {of.name}",
        f"headers   linux-headers-{release(of)}",
        f"vermagic  {vermagic(of)}",
    ]
