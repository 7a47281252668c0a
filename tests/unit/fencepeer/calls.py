# SPDX-License-Identifier: GPL-2.0-or-later
"""What DRBD calls its fence-peer handler with: recorded with DRBD 9.2.18 and 8.4.11."""

import os

_DATA = os.path.join(os.path.dirname(__file__), "..", "..", "data")


def _recorded(*path):
    with open(os.path.join(_DATA, *path), encoding="utf-8") as stream:
        return dict(line.rstrip("\n").split("=", 1) for line in stream)


DRBD_9 = _recorded("drbd9", "fence-peer-handler-running", "node1", "fence-peer.env")
DRBD_8 = _recorded("drbd", "fence-peer-8.4.env")


def without(environ, *names):
    return {name: value for name, value in environ.items() if name not in names}
