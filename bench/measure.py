#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Run commands in turn, many times, and tell what each run took; also runs as a program in a guest.

One after the other in each round, so that a busy moment strikes them all. Reads as JSON
{"rounds": N, "warmup": N, "commands": {name: {"argv": [...], "environment": {...}}}} and writes
{name: {"wall": [...], "cpu": [...], "started": N, "codes": [...]}}; seconds, and processes.
"""

import json
import os
import shutil
import subprocess
import sys
import time


def started(argv, environment):
    """How many processes a command starts, by strace(1); None where there is none. A thread is no process."""
    if shutil.which("strace") is None:
        return None
    done = subprocess.run(
        ["strace", "-f", "-qq", "-e", "trace=fork,vfork,clone,clone3", "-e", "signal=none"] + argv,
        env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        universal_newlines=True, check=False)
    return sum(any(call in line for call in ("fork(", "clone(", "clone3("))
               and "CLONE_THREAD" not in line for line in done.stderr.splitlines())


def once(argv, environment, null):
    """(wall, CPU of it and its children, exit code) of one run."""
    began = time.perf_counter()
    child = os.posix_spawn(argv[0], argv, environment, file_actions=[
        (os.POSIX_SPAWN_DUP2, null, number) for number in (0, 1, 2)])
    _, status, used = os.wait4(child, 0)
    wall = time.perf_counter() - began
    return (wall, used.ru_utime + used.ru_stime,
            os.WEXITSTATUS(status) if os.WIFEXITED(status) else -os.WTERMSIG(status))


def measure(commands, rounds, warmup=2):
    """What *rounds* of *commands* took, as the module's documentation tells."""
    found = {name: {"wall": [], "cpu": [], "codes": []} for name in commands}
    null = os.open(os.devnull, os.O_RDWR)
    for number in range(-warmup, rounds):
        for name, command in commands.items():
            wall, cpu, code = once(command["argv"], command["environment"], null)
            if number < 0:
                continue
            row = found[name]
            row["wall"].append(wall)
            row["cpu"].append(cpu)
            if code not in row["codes"]:
                row["codes"].append(code)
    os.close(null)
    for name, command in commands.items():
        found[name]["started"] = started(**command)
    return found


if __name__ == "__main__":
    asked = json.load(sys.stdin)
    json.dump(measure(asked["commands"], asked["rounds"], asked.get("warmup", 2)), sys.stdout)
