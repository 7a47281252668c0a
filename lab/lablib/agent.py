# SPDX-License-Identifier: GPL-2.0-or-later
"""Commands in a guest through the stock qemu-guest-agent.

The agent serves one client at a time, so a lock file decides who talks: threads and processes take turns, and a long
command leaves the line to others between two reads of its status.
"""
import base64
import fcntl
import os
import time
from collections import namedtuple
from contextlib import contextmanager

from .channel import DELIMITER, Channel, Refused, request, synchronised
from .errors import CommandFailed, CommandTimeout, NodeGone

Result = namedtuple("Result", "rc stdout stderr")

# Seconds: one connection attempt, one answer, how long a turn is kept while a command runs, the pause between turns.
CONNECT = 3.0
ANSWER = 60.0
TURN = 0.4
PAUSE = 0.25
# After its own limit a command gets SIGTERM in the guest, after this more SIGKILL, and after as much again we give up.
GRACE = 5
# What GNU timeout exits with when the limit was reached, and when SIGKILL was needed.
TIMED_OUT = (124, 137)


class Agent:
    """The guest agent of one node.

    socket, lock: paths; alive: says whether the machine runs; name: for messages.
    """

    def __init__(self, socket, lock, alive, name):
        self.socket = socket
        self.lock = lock
        self.alive = alive
        self.name = name

    @contextmanager
    def turn(self, patience=10.0):
        """Yields a synchronised Channel, alone with the agent. Raises NodeGone when it does not answer in `patience` s."""
        with self.exclusive():
            channel = self._connect(time.monotonic() + patience)
            try:
                yield channel
            except (OSError, EOFError, ValueError) as error:
                raise self._gone(f"the connection broke ({error or type(error).__name__})") from error
            finally:
                channel.close()

    @contextmanager
    def exclusive(self):
        """Keeps everybody else from talking to the agent, for instance while its machine is stopped."""
        with open(self.lock, "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _gone(self, why):
        state = "its machine runs" if self.alive() else f"its machine is off: `lab/lab start {self.name}`"
        return NodeGone(f"{self.name} does not answer: {why}; {state}")

    def _connect(self, end):
        why = "no connection"
        while True:
            if not self.alive():
                raise self._gone("it cannot")
            left = end - time.monotonic()
            if left <= 0:
                raise self._gone(f"the guest agent is silent ({why})")
            channel = None
            try:
                channel = Channel(self.socket, min(CONNECT, left))
                token = int.from_bytes(os.urandom(6), "big")
                channel.send(DELIMITER + request("guest-sync-delimited", {"id": token}))
                while not synchronised(channel.line(), token):
                    pass
                channel.settimeout(ANSWER)
                return channel
            except (OSError, EOFError) as error:
                why = str(error) or type(error).__name__
                if channel:
                    channel.close()
                time.sleep(min(0.1, max(0.0, end - time.monotonic())))

    def wait(self, timeout):
        """Waits until the agent answers. Raises NodeGone after `timeout` seconds."""
        with self.turn(patience=timeout):
            pass

    def run(self, command, timeout=60.0, stdin=None, check=False):
        """Runs a command in the guest and returns its Result, with stdout and stderr as text.

        command: text for the guest's shell, or a list of arguments for no shell at all.
        timeout: seconds until the guest ends the command; then CommandTimeout is raised, with the output so far.
        stdin: bytes for the command's standard input; by default it is empty.
        check: raise CommandFailed on another exit code than 0.
        """
        words = ["/bin/sh", "-c", command] if isinstance(command, str) else list(command)
        arguments = {
            "path": "/usr/bin/timeout",
            "arg": [f"--kill-after={GRACE}", f"{timeout:g}", *words],
            "capture-output": True,
        }
        if stdin is not None:
            arguments["input-data"] = base64.b64encode(stdin).decode()
        began = time.monotonic()
        end = began + timeout + 2 * GRACE
        pid = None
        while True:
            with self.turn() as channel:
                try:
                    if pid is None:
                        pid = channel.call("guest-exec", **arguments)["pid"]
                    status = self._poll(channel, pid, min(TURN, max(0.0, end - time.monotonic())))
                except Refused as refusal:
                    raise NodeGone(
                        f"{self.name}: the guest agent refused {words!r}: {refusal}; was the machine restarted meanwhile?"
                    ) from refusal
            if status["exited"]:
                break
            if time.monotonic() >= end:
                raise CommandTimeout(
                    f"{self.name}: {_text(command)}: still there {2 * GRACE} s after its limit of {timeout:g} s and SIGKILL:"
                    " probably it waits in the kernel, see `ps axl` and /proc/PID/stack",
                    Result(None, "", ""),
                )
            time.sleep(PAUSE)
        result = Result(
            status.get("exitcode", 128 + status.get("signal", 0)),
            base64.b64decode(status.get("out-data", "")).decode(errors="replace"),
            base64.b64decode(status.get("err-data", "")).decode(errors="replace"),
        )
        if result.rc in TIMED_OUT and time.monotonic() - began >= timeout:
            raise CommandTimeout(f"{self.name}: {_text(command)}: not done after {timeout:g} s{_output(result)}", result)
        if check and result.rc:
            raise CommandFailed(f"{self.name}: {_text(command)}: exit code {result.rc}{_output(result)}", result)
        return result

    @staticmethod
    def _poll(channel, pid, seconds):
        end = time.monotonic() + seconds
        pause = 0.01
        while True:
            status = channel.call("guest-exec-status", pid=pid)
            if status["exited"] or time.monotonic() >= end:
                return status
            time.sleep(pause)
            pause = min(pause * 1.5, 0.1)


def _text(command):
    return command if isinstance(command, str) else " ".join(command)


def _output(result):
    shown = (result.stderr.strip() or result.stdout.strip())[-1500:]
    return f": {shown}" if shown else ""
