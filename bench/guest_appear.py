# SPDX-License-Identifier: GPL-2.0-or-later
"""Runs in a guest: wait until a device of device-mapper can be opened.

usage: NAME SECONDS; exit code 1 when time ran out.
"""

import os
import sys
import time


def main(name, seconds):
    """Wait; returns the exit code."""
    path, began = "/dev/mapper/" + name, time.monotonic()
    while time.monotonic() - began < seconds:
        try:
            os.close(os.open(path, os.O_RDONLY))
            return 0
        except OSError:
            time.sleep(0.02)
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], float(sys.argv[2])))
