# SPDX-License-Identifier: GPL-2.0-or-later
"""Runs in a guest: wait until the whole stack runs on it, or nothing of it; by the kernel's files.

usage: up|down SECONDS [VGS]; prints the seconds that it took, exit code 1 when time ran out.
"""

import os
import sys
import time


def text(path):
    """A file's text, "" when it is not there."""
    try:
        with open(path, encoding="utf-8") as stream:
            return stream.read()
    except OSError:
        return ""


def volumes():
    """Names of the LVs that are active."""
    return [text("/sys/block/%s/dm/name" % name).strip() for name in os.listdir("/sys/block")
            if name.startswith("dm-")]


def up(groups=1):
    """Whether the first LV of each VG is active."""
    return {"vg%d-lv0" % number for number in range(groups)} <= set(volumes())


def down(_groups=1):
    """Whether neither an LV, nor a lockspace, nor DRBD is left."""
    spaces = os.listdir("/sys/kernel/dlm") if os.path.isdir("/sys/kernel/dlm") else []
    return not volumes() and not spaces and "cs:" not in text("/proc/drbd").replace(
        "cs:Unconfigured", "")


def main(what, seconds, groups=1):
    """Wait; returns the exit code."""
    began = time.monotonic()
    while not {"up": up, "down": down}[what](groups):
        if time.monotonic() - began > seconds:
            print("not %s after %d s: %s %s" % (what, seconds, volumes(), text("/proc/drbd")))
            return 1
        time.sleep(0.05)
    print("%.2f" % (time.monotonic() - began))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], float(sys.argv[2]), int((sys.argv[3:] or ["1"])[0])))
