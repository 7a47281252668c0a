# SPDX-License-Identifier: GPL-2.0-or-later
"""``dualstor report``: the command line."""

import io
import os
import tarfile
import time

from dualstor.command.codes import ExitStatus
from dualstor.command.report import collect
from dualstor.command.status import command as status
from dualstor.command.status import observe
from dualstor.command.status.report import Silent
from dualstor.errors import DualstorError

TYPE_CHECKING = False   # only mypy sees what is imported there
if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from dualstor.command.console import Console

SUMMARY = "write one archive of what somebody who helps needs"

DESCRIPTION = """\
Writes an archive with what status, recover and check say, what check reads of this host, lines of
the system log about the pair, and versions. Passwords, shared secrets, keys and tokens are taken
out; names and addresses are not: read it before you send it. It changes nothing and takes no LVM
lock. What does not answer in time is named in it."""

_STDOUT = "-"
_STAMP = "%Y%m%dT%H%M%S"


def add_arguments(parser: "ArgumentParser") -> None:
    """What ``report`` takes."""
    parser.add_argument("--output", metavar="FILE",
                        help="the archive, which must not exist yet (dualstor-report-NODE-TIME"
                             ".tar.gz in the current directory); - for stdout")
    parser.add_argument("--wait", metavar="SECONDS", type=status.seconds,
                        default=observe.PART_TIME,
                        help="how long each part of the status may take to answer "
                             f"({observe.PART_TIME:g})")


def _archive(files: "dict[str, str]", top: str, now: str) -> bytes:
    """The archive as bytes.

    :param now: in the form of _STAMP
    """
    made = round(time.mktime(time.strptime(now, _STAMP)))
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        for name, text in sorted(files.items()):
            data = text.encode("utf-8", "backslashreplace")
            member = tarfile.TarInfo(f"{top}/{name}")
            member.size, member.mtime, member.mode = len(data), made, 0o600
            archive.addfile(member, io.BytesIO(data))
    return packed.getvalue()


def _write(path: str, data: bytes) -> None:
    """Write a new file, for its owner alone."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(data)
    except OSError as problem:
        raise DualstorError(f"--output {path}: {problem.strerror}") from problem


def run(arguments: "Namespace", console: "Console") -> ExitStatus:
    """Look and write.

    :returns: INCOMPLETE where a whole part did not answer
    :raises DualstorError: the archive cannot be written, or exists
    """
    now = time.strftime(_STAMP)
    node = os.uname()[1].partition(".")[0]
    top = f"dualstor-report-{node}-{now}"
    path = arguments.output or top + ".tar.gz"
    if path != _STDOUT and os.path.lexists(path):
        raise DualstorError(f"--output {path}: it exists")
    seen = collect.look(arguments.wait)
    made = collect.files(seen, now, node)
    silent = {name: part.says for name, part in seen.items() if isinstance(part, Silent)}
    if path == _STDOUT:
        console.stdout.buffer.write(_archive(made, top, now))
        console.stdout.buffer.flush()
        return ExitStatus.INCOMPLETE if silent else ExitStatus.OK
    _write(path, _archive(made, top, now))
    for name, why in silent.items():
        console.line(f"{name}: {why}", "warning")
    console.line(f"{path}: read it before you send it")
    console.document({"output": path, "files": sorted(made), "missing": silent})
    return ExitStatus.INCOMPLETE if silent else ExitStatus.OK
