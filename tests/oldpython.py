# SPDX-License-Identifier: GPL-2.0-or-later
"""What the tests use of newer Pythons, where they run under an older one.

The library itself needs nothing of this: it is the tests that are written for 3.9.
"""

import os
import sys


def _of_3_9(run):
    """subprocess.run with the arguments that Python 3.7 and 3.9 gave it."""
    from subprocess import PIPE

    def wrapped(*arguments, capture_output=False, text=False, universal_newlines=False, user=None, **options):
        if capture_output:
            options.update(stdout=PIPE, stderr=PIPE)
        if user is not None:
            import pwd
            options["preexec_fn"] = lambda: os.setuid(pwd.getpwnam(user).pw_uid)
        return run(*arguments, universal_newlines=text or universal_newlines, **options)
    return wrapped


def install():
    """Give an older Python what the tests use."""
    if sys.version_info < (3, 9):
        import subprocess
        subprocess.run = _of_3_9(subprocess.run)
