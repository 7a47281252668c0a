# SPDX-License-Identifier: GPL-2.0-or-later
"""The agents of an earlier revision, on a stage that its own tree makes, to measure them beside today's."""

import contextlib
import json
import os
import subprocess
import sys
import tempfile

from simulator.stage import PYTHON, TREE

#: Prints the commands of a tree's healthy stage and keeps it until nobody listens any more.
_STAGE = """
import json, sys
sys.path[:0] = [sys.argv[1] + "/" + part for part in ("", "lib", "tests", "lab")]
from bench import host
from simulator.stage import Stage, healthy
stage = Stage(healthy())
try:
    stage.settle()
    print(json.dumps(host.of_stage(stage)), flush=True)
    sys.stdin.read()
finally:
    stage.close()
"""


@contextlib.contextmanager
def commands(revision):
    """{label: command} of what *revision* runs on a healthy node; while in the context.

    :param revision: as git knows it
    """
    with tempfile.TemporaryDirectory(prefix="before", dir="/tmp") as folder:
        archive = subprocess.run(["git", "-C", TREE, "archive", revision], stdout=subprocess.PIPE, check=True)
        subprocess.run(["tar", "-x", "-C", folder], input=archive.stdout, check=True)
        bundles = os.path.join(folder, "lib", "dualstor", "bytecode.py")    # until 0.1.0
        subprocess.run([PYTHON, "-I", bundles, os.path.dirname(bundles)] if os.path.exists(bundles)
                       else [PYTHON, "-I", "-m", "compileall", "-q", folder + "/lib"], check=True)
        stage = subprocess.Popen([sys.executable, "-c", _STAGE, folder], stdin=subprocess.PIPE,
                                 stdout=subprocess.PIPE, text=True)
        try:
            yield json.loads(stage.stdout.readline())
        finally:
            stage.stdin.close()
            stage.wait()
