# SPDX-License-Identifier: GPL-2.0-or-later
"""A root shell on a guest, on a virtio console of its own: works when the guest agent or the network does not."""
import os
import select
import socket
import sys
import termios
import tty

from .errors import LabError, NodeGone

LEAVE = b"\x1d"  # Ctrl-]


def attach(node):
    """Joins this terminal to the guest's shell until Ctrl-] is pressed or the machine ends."""
    if not node.alive():
        raise NodeGone(f"{node.name} is off: `lab/lab start {node.name}`; its last words: {node.machine.file('console.log')}")
    if not sys.stdin.isatty():
        raise LabError(f"a console needs a terminal; for one command use `lab/lab exec {node.name} COMMAND`")
    with socket.socket(socket.AF_UNIX) as line:
        line.connect(str(node.machine.file("shell")))
        size = os.get_terminal_size()
        print(f"console of {node.name}; leave it with Ctrl-]", file=sys.stderr)
        before = termios.tcgetattr(sys.stdin)
        try:
            tty.setraw(sys.stdin)
            if size.lines and size.columns:
                line.sendall(f" stty rows {size.lines} cols {size.columns}\n".encode())
            _relay(line)
        finally:
            termios.tcsetattr(sys.stdin, termios.TCSADRAIN, before)
            print(file=sys.stderr)


def _relay(line):
    while True:
        ready, _, _ = select.select([line, sys.stdin], [], [])
        if line in ready:
            data = line.recv(65536)
            if not data:
                return
            os.write(sys.stdout.fileno(), data)
        if sys.stdin in ready:
            data = os.read(sys.stdin.fileno(), 4096)
            if not data or LEAVE in data:
                return
            line.sendall(data)
