# SPDX-License-Identifier: GPL-2.0-or-later
"""Where LVM's lock daemons listen (LVM2 configure.ac: DEFAULT_RUN_DIR; RHEL 6 below /var/run)."""

_RUN_DIRS = ("/run/lvm", "/var/run/lvm")
_NAMES = {"lvmlockd": "lvmlockd.socket", "clvmd": "clvmd.sock"}

#: What the paths of the sockets end with.
NAMES = tuple("/" + name for name in _NAMES.values())


def find(host, program):
    """Path of the socket of *program* ("lvmlockd" or "clvmd"); None when there is none."""
    for folder in _RUN_DIRS:
        path = "%s/%s" % (folder, _NAMES[program])
        if host.exists(path):
            return path
    return None
