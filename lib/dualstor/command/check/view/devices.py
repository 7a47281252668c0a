# SPDX-License-Identifier: GPL-2.0-or-later
"""What block devices are, as /sys says; of a copied tree, as their names do.

Sources: Linux Documentation/ABI/testing/sysfs-block-dm; lvm(8), VALID NAMES (a hyphen in a name is
doubled in /dev/mapper); LVM2 lib/uuid/uuid.h (UUID_PREFIX).
"""

import re

TYPE_CHECKING = False   # only mypy sees what is imported there
if TYPE_CHECKING:
    from typing import Mapping, Sequence

_SYS = re.compile(r"^/sys/block/([^/]+)/dm/name$")
_OF_LVM = "LVM-"
#: Directories in /dev that are no VGs.
_DIRECTORIES = frozenset((
    "block", "bsg", "bus", "cciss", "char", "disk", "drbd", "etherd", "fd", "i2o", "ida", "input",
    "mapper", "mars", "md", "nbd", "net", "ploop", "pts", "rbd", "rd", "shm", "vx", "zvol"))
_PATH = re.compile(r"^/dev/([A-Za-z0-9+_.-]+)/([A-Za-z0-9+_.-]+)$")
_MAPPED = re.compile(r"^/dev/mapper/((?:[^-]|--)+)-((?:[^-]|--)+)$")
_NOT_LVM = re.compile(r"^/dev/mapper/(?:luks-|mpath|cryptswap|[0-9a-f]{33}$)")


def _by_uuid(files: "Mapping[str, str]", names: "Sequence[str]") -> "bool | None":
    """Whether it is an LV by its uuid; None if device-mapper does not know these names."""
    for path, text in files.items():
        match = _SYS.match(path)
        if match and {f"/dev/{match.group(1)}", f"/dev/mapper/{text.strip()}"} & set(names):
            return files.get(path[:-len("name")] + "uuid", "").startswith(_OF_LVM)
    return None


def is_lv(files: "Mapping[str, str]", names: "Sequence[str]") -> "bool | None":
    """Whether a device is an LV; None if that is not known.

    :param files: path -> text
    :param names: all names of the device that are known
    """
    known = _by_uuid(files, names)
    if known is not None:
        return known
    for name in names:
        path = _PATH.match(name)
        if path and path.group(1) not in _DIRECTORIES:
            return True
    mapped = [name for name in names if _MAPPED.match(name) and not _NOT_LVM.match(name)]
    return None if mapped else False
