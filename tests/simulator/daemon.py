# SPDX-License-Identifier: GPL-2.0-or-later
"""The process of a simulated daemon: listens, and ends when the model lets it."""

import os
import select
import signal
import socket
import sys

_TESTS = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path[:0] = [_TESTS, os.path.join(os.path.dirname(_TESTS), "lib")]

from simulator import locking, path, state  # noqa: E402

_PAUSE = 0.05       # seconds between two looks whether it takes connections again


def _accept(folder, node_name, listener):
    """Take who waits, when this daemon takes anybody. None is ever answered.

    :returns: whether one was taken
    """
    with open(os.path.join(folder, "state.json"), encoding="utf-8") as stream:
        cluster = state.loads(stream.read())
    node = cluster.nodes[node_name]
    process = node.processes.get(str(os.getpid()))
    if process is not None and not locking.accepts(cluster, node, process):
        return False
    listener.accept()[0].close()
    return True


def serve(folder, node_name, socket_path):
    """Accept connections (and never read) until a SIGTERM is obeyed."""
    came, signalled = os.pipe()
    os.set_blocking(signalled, False)
    signal.set_wakeup_fd(signalled)     # writes the number of a signal there
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: None)
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(socket_path + ".new")
    listener.listen(locking.BACKLOG)
    os.rename(socket_path + ".new", socket_path)    # there from now on means ready
    while True:
        ready = select.select([came, listener], [], [])[0]
        if came not in ready and not _accept(folder, node_name, listener):
            ready = select.select([came], [], [], _PAUSE)[0]
        for number in os.read(came, 16) if came in ready else ():
            with path.locked(folder) as cluster:
                node = cluster.nodes[node_name]
                process = node.processes.get(str(os.getpid()))
                if process is None or locking.receive(cluster, node, process, number):
                    os.unlink(socket_path)
                    return


if __name__ == "__main__":
    serve(*sys.argv[1:])
