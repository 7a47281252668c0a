#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Run commands in turn, many times, and tell what each run took; also runs as a program in a guest.

One after the other in each round, so that a busy moment strikes them all. Reads as JSON
{"rounds": N, "warmup": N, "commands": {name: {"argv": [...], "environment": {...}}}} and writes
{name: {"wall": [...], "cpu": [...], "forks": [...], "codes": [...]}}; seconds.
"""

import json
import os
import sys
import time


def forks():
    """Processes that the kernel has made since it booted (proc_stat(5))."""
    with open("/proc/stat", encoding="ascii") as stream:
        for line in stream:
            if line.startswith("processes "):
                return int(line.split()[1])
    return 0


def once(argv, environment, null):
    """(wall, CPU of it and its children, processes forked, exit code) of one run."""
    before, began = forks(), time.perf_counter()
    child = os.posix_spawn(argv[0], argv, environment, file_actions=[
        (os.POSIX_SPAWN_DUP2, null, number) for number in (0, 1, 2)])
    _, status, used = os.wait4(child, 0)
    wall = time.perf_counter() - began
    return (wall, used.ru_utime + used.ru_stime, forks() - before,
            os.WEXITSTATUS(status) if os.WIFEXITED(status) else -os.WTERMSIG(status))


def measure(commands, rounds, warmup=2):
    """What *rounds* of *commands* took, as the module's documentation tells."""
    found = {name: {"wall": [], "cpu": [], "forks": [], "codes": []} for name in commands}
    null = os.open(os.devnull, os.O_RDWR)
    for number in range(-warmup, rounds):
        for name, command in commands.items():
            wall, cpu, made, code = once(command["argv"], command["environment"], null)
            if number < 0:
                continue
            row = found[name]
            row["wall"].append(wall)
            row["cpu"].append(cpu)
            row["forks"].append(made)
            if code not in row["codes"]:
                row["codes"].append(code)
    os.close(null)
    return found


if __name__ == "__main__":
    asked = json.load(sys.stdin)
    json.dump(measure(asked["commands"], asked["rounds"], asked.get("warmup", 2)), sys.stdout)
