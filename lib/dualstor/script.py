# SPDX-License-Identifier: GPL-2.0-or-later
"""The executables: what has nothing to find out ends here, the rest in main.

That is ``meta-data``, a monitor without news, a notification before anything is done, and the
watcher.
"""

import posix
import sys

_NOTIFIED = "drbd-dualprimary"      # the only agent that takes notifications

TYPE_CHECKING = False       # only mypy sees what is imported there
if TYPE_CHECKING:
    from typing import Callable, NoReturn

    from dualstor.host.deadline import Deadline
    from dualstor.host.files import Files
    from dualstor.host.host import Host


def _environ() -> "dict[str, str]":
    """The process's environment, as os.environ has it."""
    return {name.decode("utf-8", "surrogateescape"): value.decode("utf-8", "surrogateescape")
            for name, value in posix.environ.items()}


def _written(number: int, text: str) -> bool:
    """Whether all of *text* could be written to a descriptor."""
    data = text.encode("utf-8", "backslashreplace")
    try:
        while data:
            data = data[posix.write(number, data):]
    except OSError:
        return False
    return True


def _metadata(name: str) -> bool:
    """Whether the metadata were written; if not, main says why."""
    from dualstor.ocf import document
    text = document.find(name, _environ())
    return text is not None and _written(1, text)


def _files(given: "Files | None") -> "Files":
    """The files that were given, else this host's."""
    if given is not None:
        return given
    from dualstor.host.files import Files
    return Files()


def _monitor(name: str, files: "Files | None") -> "int | None":
    """The answer to repeat, as exit code; None when the agent has to look."""
    from dualstor.look import well
    found = well.repeated(_files(files), name, _environ())
    if found is None:
        return None
    if found.reason:
        _written(2, f"ocf-exit-reason:{found.reason}\n")
    return found.code


def _watch(name: str, subject: str, files: "Files | None",
           make_host: "Callable[[Deadline], Host] | None") -> "NoReturn":
    """The watcher that the agent's start leaves behind; does not return."""
    from dualstor.watcher.resident import script
    script(_files(files), name, subject, _environ(), make_host)


def run(name: str, files: "Files | None" = None,
        make_host: "Callable[[Deadline], Host] | None" = None) -> "NoReturn":
    """The executable of the agent *name*; does not return.

    :param files: if not this host's
    :param make_host: if not this host
    """
    if sys.argv[1:] == ["meta-data"] and _metadata(name):
        posix._exit(0)      # skips the end of the interpreter: nothing is left to do
    if sys.argv[1:2] == ["watch"]:
        _watch(name, sys.argv[2], files, make_host)
    if sys.argv[1:] == ["monitor"]:
        code = _monitor(name, files)
        if code is not None:
            posix._exit(code)
    if sys.argv[1:] == ["notify"] and name == _NOTIFIED \
            and posix.environ.get(b"OCF_RESKEY_CRM_meta_notify_type") == b"pre":
        posix._exit(0)      # half of all notifications, and nothing has changed yet
    from dualstor.main import script
    script(name, make_host)
