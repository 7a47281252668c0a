# SPDX-License-Identifier: GPL-2.0-or-later
"""main() of every simulated program on PATH; which one it is, argv[0] says."""

import os
import signal
import sys
import time

from simulator import faults, locking, path, programs


def _forever():
    while True:
        time.sleep(3600)


def _flood(stream):
    block = b"y" * 65535 + b"\n"
    for _ in range(faults.FLOOD_BYTES // len(block)):
        os.write(stream, block)


def _drip():
    while True:
        os.write(1, b".")
        time.sleep(1)


def _instead(fault):
    """A fault in place of the program's work; its exit code, None to go on."""
    kind = fault["kind"]
    if kind in (faults.HANG_HARD, faults.UNKILLABLE):
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if kind in (faults.HANG, faults.HANG_HARD, faults.UNKILLABLE):
        _forever()
    if fault["text"]:
        sys.stderr.write(fault["text"] + "\n")
    if kind == faults.EXIT:
        return fault["code"]
    if kind == faults.KILLED:
        os.kill(os.getpid(), fault["code"])
    if kind == faults.EMPTY:
        return 0
    if kind == faults.GARBAGE:
        os.write(1, faults.GARBAGE_BYTES)
        return 0
    if kind == faults.FLOOD:
        _flood(1)
        return 0
    if kind == faults.DRIP:
        _drip()
    if kind == faults.CLOSED:
        os.close(1)
        os.open(os.devnull, os.O_WRONLY)
    if kind in (faults.SLOW, faults.LATE):
        time.sleep(fault["seconds"])
    return None


def _leave_grandchild(folder):
    """A child that holds our stdout and stderr open after we have ended."""
    pid = os.fork()
    if pid == 0:
        os.setsid()
        _forever()
    path.note(folder, pid)


def main(folder, node):
    """Run the program; returns its exit code."""
    name = os.path.basename(sys.argv[0])
    current = {}
    call = programs.Call([name] + sys.argv[1:], lambda: current["cluster"], node, os.environ)
    call.make_process = lambda program, places: path.start_daemon(
        folder, node, program,
        places.get("socket") or locking.SOCKET.get(program, "/run/%s.socket" % program))
    call.end_process = lambda pid: os.kill(pid, signal.SIGKILL)
    with path.locked(folder) as cluster:
        cluster.calls.append([node, name] + sys.argv[1:])
        fault = faults.find(cluster, node, name, sys.argv[1:])
    code = _instead(fault) if fault else None
    if code is not None:
        return code
    steps, pause = programs.steps(call), 0
    while pause is not None:
        time.sleep(min(pause, 0.2) if pause else 0)
        with path.locked(folder) as cluster:
            current["cluster"] = cluster
            try:
                pause = next(steps)
            except StopIteration as ended:
                code, pause = ended.value, None
    kind = fault["kind"] if fault else None
    stdout, stderr = "".join(call.stdout), "".join(call.stderr)
    stdout, stderr = faults.spoil(kind, stdout, stderr)
    if kind == faults.FLOOD_ERRORS:
        _flood(2)
    os.write(1, stdout.encode())    # by hand: no locale has a say
    os.write(2, stderr.encode())
    if kind == faults.HANG_AFTER:
        _forever()
    if kind == faults.GRANDCHILD:
        _leave_grandchild(folder)
    return code
