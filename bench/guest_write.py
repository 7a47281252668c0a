# SPDX-License-Identifier: GPL-2.0-or-later
"""Runs in a guest: write to a device, five times a second, until the program is ended.

usage: DEVICE SECTOR; the offset of what is written, in sectors.
"""

import mmap
import os
import sys
import time

SECTOR = 4096


def main(path, sector):
    """Never returns."""
    device = os.open(path, os.O_WRONLY | os.O_SYNC | os.O_DIRECT)
    buffer = mmap.mmap(-1, SECTOR)
    number = 0
    while True:
        number += 1
        buffer[:8] = number.to_bytes(8, "little")
        os.pwrite(device, buffer, sector * SECTOR)
        time.sleep(0.2)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
