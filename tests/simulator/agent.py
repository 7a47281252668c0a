# SPDX-License-Identifier: GPL-2.0-or-later
"""An agent as a process of its own on a node of a ``path.Lab``, as execd would start it.

Run with FOLDER NODE AGENT ACTION; the environment is the agent's.
"""

import os
import sys

_TESTS = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path[:0] = [_TESTS, os.path.join(os.path.dirname(_TESTS), "lib")]

from dualstor.host.deadline import Deadline  # noqa: E402
from dualstor.script import run  # noqa: E402
from simulator import path  # noqa: E402

if __name__ == "__main__":
    FOLDER, NODE, NAME = sys.argv[1:4]
    sys.argv[1:4] = []

    def make_host(deadline):
        return path.host_of(FOLDER, NODE, deadline)
    run(NAME, make_host(Deadline(20)), make_host)
