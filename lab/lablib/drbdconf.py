# SPDX-License-Identifier: GPL-2.0-or-later
"""The DRBD resources' files in the guests, as `dualstor configure` writes them for the module that is loaded there.

What else emulated machines need, slower times, is in common: guest/etc/drbd.d/global_common.conf.
"""
import sys

from . import paths

# What the stock kernels have.
IN_TREE = "8.4"
FIRST_PORT = 7788
# The first logical partition; several resources share the disk.
FIRST_PARTITION = 5
DISK = "/dev/vdb"


def _answers(number, count, version):
    names = ("node1", "node2")
    return {
        "nodes": [
            {"name": name, "address": f"10.77.0.{node}", "replication": f"10.78.0.{node}"} for node, name in enumerate(names, 1)
        ],
        "drbd": {
            "resource": f"r{number}", "minor": number, "port": FIRST_PORT + number, "version": version,
            "disk": DISK if count == 1 else f"{DISK}{FIRST_PARTITION + number}",
        },
        "fence": [{"node": name, "agent": "fence_virt"} for name in names],
    }  # fmt: skip


def resources(count=1, version=IN_TREE):
    """Returns {path in the guest: text} of `count` DRBD resources r0, r1 ...; more than one are on partitions of the disk.

    version: "8.4" or "9".
    """
    library = str(paths.PROJECT / "lib")
    if library not in sys.path:
        sys.path.append(library)
    from dualstor.command.configure import answers
    from dualstor.command.configure.render import drbd

    pairs = [answers.pair(_answers(number, count, version)) for number in range(count)]
    return {path.lstrip("/"): text for pair in pairs for path, text in drbd.files(pair).items()}
