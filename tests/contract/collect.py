# SPDX-License-Identifier: GPL-2.0-or-later
"""Runs in a guest: prints as JSON what its kernel shows, as {path: [kind, value]}."""

import json
import os
import stat
import sys

FOLDERS = ("/sys/kernel/dlm", "/sys/kernel/config/dlm", "/sys/devices/virtual/block",
           "/sys/block", "/sys/dev/block", "/sys/class/block", "/dev", "/run/lvm", "/run/dualstor")
FILES = ("/proc/drbd", "/proc/swaps", "/proc/self/mountinfo", "/run/lvmlockd.pid",
         "/proc/sys/kernel/random/boot_id", "/proc/self/ns/pid", "/proc/self/ns/mnt",
         "/sys/module/drbd", "/sys/module/dlm")
OF_PROCESS = ("stat", "comm", "cmdline", "exe", "ns/pid", "ns/mnt")
SKIP = ("queue", "power", "trace", "mq", "integrity", "subsystem", "pts", "shm", "char")

found = {}


def look(path):
    """One path; returns whether it is a folder to walk into."""
    try:
        if os.path.islink(path):
            found[path] = ["link", os.readlink(path)]
            return False
        status = os.stat(path)
        if stat.S_ISDIR(status.st_mode):
            found[path] = ["folder", None]
            return True
        if stat.S_ISBLK(status.st_mode):
            found[path] = ["block", [os.major(status.st_rdev), os.minor(status.st_rdev)]]
        elif stat.S_ISSOCK(status.st_mode):
            found[path] = ["text", ""]
        elif stat.S_ISREG(status.st_mode) and status.st_mode & 0o444:
            with open(path, "rb") as stream:
                found[path] = ["text", stream.read(65536).decode("utf-8", "backslashreplace")]
    except OSError:
        pass
    return False


def walk(path, depth):
    """A folder with what is below it."""
    if look(path) and depth:
        for name in os.listdir(path):
            if name not in SKIP:
                walk(path + "/" + name, depth - 1)


for folder in FOLDERS:
    walk(folder, 6)
for name in os.listdir("/sys/block"):
    walk(os.path.realpath("/sys/block/" + name), 3)
for file in FILES:
    look(file)
for pid in os.listdir("/proc"):
    if pid.isdigit() and int(pid) != os.getpid():
        for part in OF_PROCESS:
            look(f"/proc/{pid}/{part}")
        walk(f"/proc/{pid}/fd", 1)
json.dump(found, sys.stdout)
