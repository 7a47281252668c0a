# SPDX-License-Identifier: GPL-2.0-or-later
"""One JSON message a line over a unix socket: what QEMU's monitor (QMP) and the guest agent (QGA) both speak."""
import json
import socket

# Sent before guest-sync-delimited, and found before its answer: what stands before it is another client's leftover.
DELIMITER = b"\xff"


class Refused(Exception):
    """The other end answered with an error; the argument is its error object."""


def request(command, arguments):
    """Returns the line that asks for a command with a dictionary of arguments."""
    message = {"execute": command, "arguments": arguments} if arguments else {"execute": command}
    return json.dumps(message).encode() + b"\n"


def answer(line):
    """Returns ("return" | "error" | "other", value) of a received line. Raises ValueError when it is not JSON."""
    message = json.loads(line)
    for kind in ("return", "error"):
        if kind in message:
            return kind, message[kind]
    return "other", message


def synchronised(line, token):
    """Whether a line is the answer to guest-sync-delimited with this token, leftovers before it or not."""
    _, found, rest = line.rpartition(DELIMITER)
    if not found:
        return False
    try:
        return json.loads(rest).get("return") == token
    except (ValueError, AttributeError):
        return False


class Channel:
    """A connection; every method raises OSError or EOFError when the other end does not answer in time."""

    def __init__(self, path, timeout):
        self.socket = socket.socket(socket.AF_UNIX)
        self.file = None
        try:
            self.socket.settimeout(timeout)
            self.socket.connect(str(path))
            self.file = self.socket.makefile("rb")
        except OSError:
            self.close()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.close()

    def close(self):
        """Closes the connection."""
        if self.file:
            self.file.close()
        self.socket.close()

    def settimeout(self, seconds):
        """Sets how long one answer may take."""
        self.socket.settimeout(seconds)

    def send(self, data):
        """Sends bytes as they are."""
        self.socket.sendall(data)

    def line(self):
        """Returns the next line."""
        line = self.file.readline()
        if not line.endswith(b"\n"):
            raise EOFError("connection closed")
        return line

    def call(self, command, **arguments):
        """Returns what a command returns; events in between are dropped. Raises Refused."""
        self.send(request(command, arguments))
        while True:
            kind, value = answer(self.line())
            if kind == "return":
                return value
            if kind == "error":
                raise Refused(value)
