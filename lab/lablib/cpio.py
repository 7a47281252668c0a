# SPDX-License-Identifier: GPL-2.0-or-later
"""Writes cpio archives in the "newc" format that the kernel unpacks as an initrd; every entry belongs to root.

Format: Documentation/driver-api/early-userspace/buffer-format.rst of the kernel.
"""
import stat

TRAILER = "TRAILER!!!"


def _entry(number, name, mode, data, mtime):
    encoded = name.encode() + b"\0"
    links = 2 if stat.S_ISDIR(mode) else 1
    numbers = (number, mode, 0, 0, links, mtime, len(data), 0, 0, 0, 0, len(encoded), 0)
    header = b"070701" + b"".join(b"%08X" % value for value in numbers)
    head = header + encoded
    return head + bytes(-len(head) % 4) + data + bytes(-len(data) % 4)


def archive(files):
    """Returns a cpio archive.

    files: mapping of path without leading slash -> (permissions, content as bytes, mtime in seconds); permissions may have
        the type of a symbolic link (stat.S_IFLNK), then the content is its target. Directories above the files are added,
        with permissions 0755.
    """
    entries = []
    folders = set()
    for path in sorted(files):
        parts = path.split("/")[:-1]
        for depth in range(1, len(parts) + 1):
            folder = "/".join(parts[:depth])
            if folder not in folders:
                folders.add(folder)
                entries.append((folder, stat.S_IFDIR | 0o755, b"", 0))
        permissions, data, mtime = files[path]
        entries.append((path, permissions if stat.S_ISLNK(permissions) else stat.S_IFREG | permissions, data, int(mtime)))
    entries.append((TRAILER, 0, b"", 0))
    return b"".join(_entry(number, *entry) for number, entry in enumerate(entries, 1))
