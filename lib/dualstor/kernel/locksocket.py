# SPDX-License-Identifier: GPL-2.0-or-later
"""Where LVM's lock daemons listen (LVM2 configure.ac: DEFAULT_RUN_DIR; RHEL 6 below /var/run)."""

_RUN_DIRS = ("/run/lvm", "/var/run/lvm")
_NAMES = {"lvmlockd": "lvmlockd.socket", "clvmd": "clvmd.sock"}

#: Where any of them can be.
PATHS = tuple("%s/%s" % (folder, name) for folder in _RUN_DIRS for name in _NAMES.values())

#: What the paths of the sockets end with.
NAMES = tuple("/" + name for name in _NAMES.values())


def find(host, program):
    """Path of the socket of *program* ("lvmlockd" or "clvmd"); None when there is none."""
    for folder in _RUN_DIRS:
        path = "%s/%s" % (folder, _NAMES[program])
        if host.exists(path):
            return path
    return None


def try_all(host, programs, seconds):
    """Connect to the sockets that are there.

    :param programs: names as for ``find``
    :param seconds: for each of them
    :returns: tuple of (program, path of its socket, what is wrong or None when it accepts)
    """
    there = [(program, find(host, program)) for program in programs]
    return tuple((program, path, host.connect(path, seconds))
                 for program, path in there if path is not None)
