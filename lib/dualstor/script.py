# SPDX-License-Identifier: GPL-2.0-or-later
"""The executables: meta-data and a monitor that finds nothing new end here, the rest in main."""

import posix
import sys


def _environ():
    """The process's environment, as os.environ has it."""
    return {name.decode("utf-8", "surrogateescape"): value.decode("utf-8", "surrogateescape")
            for name, value in posix.environ.items()}


def _told(number, text):
    """Whether *text* was written whole to a descriptor."""
    data = text.encode("utf-8", "backslashreplace")
    try:
        while data:
            data = data[posix.write(number, data):]
    except OSError:
        return False
    return True


def _metadata(name):
    """Whether the metadata were written; if not, main tells why."""
    from dualstor.ocf import document
    text = document.find(name, _environ())
    return text is not None and _told(1, text)


def _monitor(name, files):
    """The answer to repeat, as exit code; None when the agent has to look."""
    from dualstor.look import well
    if files is None:
        from dualstor.host.files import Files
        files = Files()
    found = well.repeated(files, name, _environ())
    if found is not None and found.reason:
        _told(2, f"ocf-exit-reason:{found.reason}\n")
    return found and found.code


def run(name, files=None, make_host=None):
    """The executable of the agent *name*; does not return.

    :param files: Files, where they are not this host's
    :param make_host: function of a Deadline that returns a Host, for the same
    """
    if sys.argv[1:] == ["meta-data"] and _metadata(name):
        posix._exit(0)      # nothing is left to do that the interpreter's end would be good for
    if sys.argv[1:] == ["monitor"]:
        code = _monitor(name, files)
        if code is not None:
            posix._exit(code)
    from dualstor.main import script
    script(name, make_host)
