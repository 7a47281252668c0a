# SPDX-License-Identifier: GPL-2.0-or-later
"""The process of a simulated daemon: listens, and ends when the model lets it."""

import os
import signal
import socket
import sys

_TESTS = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path[:0] = [_TESTS, os.path.join(os.path.dirname(_TESTS), "lib")]

from simulator import locking, path  # noqa: E402


def serve(folder, node_name, socket_path):
    """Accept connections (and never read) until a SIGTERM is obeyed."""
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM, signal.SIGINT])
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(socket_path + ".new")
    listener.listen(64)
    os.rename(socket_path + ".new", socket_path)    # there from now on means ready
    while True:
        number = signal.sigwait([signal.SIGTERM, signal.SIGINT])
        with path.locked(folder) as cluster:
            node = cluster.nodes[node_name]
            process = node.processes.get(str(os.getpid()))
            if process is None or locking.receive(cluster, node, process, number):
                os.unlink(socket_path)
                return


if __name__ == "__main__":
    serve(*sys.argv[1:])
