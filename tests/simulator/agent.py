# SPDX-License-Identifier: GPL-2.0-or-later
"""An agent as a process of its own on a node of a ``path.Lab``, as execd would start it.

Run with FOLDER NODE AGENT ACTION; the environment is the agent's.
"""

import os
import sys

_TESTS = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path[:0] = [_TESTS, os.path.join(os.path.dirname(_TESTS), "lib")]

from dualstor.main import main  # noqa: E402
from simulator import path  # noqa: E402

if __name__ == "__main__":
    sys.exit(main(sys.argv[3], sys.argv[3:],
                  make_host=lambda deadline: path.host_of(sys.argv[1], sys.argv[2], deadline)))
