# SPDX-License-Identifier: GPL-2.0-or-later
"""Starting a program, for the bounded runner, which is the only one to ask.

subprocess would serve, but to import it takes twice as long as a bare Python does, in each action
that runs a command. So a process without threads forks by itself. A copy of one with threads must
do nothing but to become another program, which only subprocess can: there it is used.

Sources: fork(2), execve(2); what subprocess._execute_child and _posixsubprocess of CPython do.
"""

import _thread
import errno
import fcntl
import posix

from dualstor.record import whole

TYPE_CHECKING = False       # only mypy sees what is imported there
if TYPE_CHECKING:
    import signal
    from typing import Mapping, NoReturn, Sequence
else:       # the module without the enums above it, as subprocess has them
    import _signal as signal

_FAILED = 255       # exit code of a copy that did not become the program
_HIGH = 10          # no descriptor that a program gets by its number is there
_NULL = "/dev/null"


class Child:
    """A program that was started, in a session of its own.

    ``pipes``: the descriptors of our ends: to write its stdin if that was asked for, and to read
    its stdout and stderr; whoever has it closes them. ``returncode``: None until ``poll`` has seen
    its end; negative for a signal.
    """

    def __init__(self, pid: int, pipes: "tuple[int, ...]") -> None:
        self.pid, self.pipes = pid, pipes
        self.returncode: "int | None" = None

    def poll(self) -> "int | None":
        """``returncode``, after a look whether it has ended."""
        if self.returncode is None:
            try:
                pid, status = posix.waitpid(self.pid, posix.WNOHANG)
            except ChildProcessError:   # who started us has SIGCHLD ignored: nobody knows its code
                self.returncode = 0
                return self.returncode
            if pid:
                self.returncode = -posix.WTERMSIG(status) if posix.WIFSIGNALED(status) \
                    else posix.WEXITSTATUS(status)
        return self.returncode


def start(argv: "Sequence[str]", program: str, variables: "Mapping[str, str]",
          stdin: "int | None" = None, talks: bool = False, quiet: bool = False) -> Child:
    """Start a program in / and in a session of its own.

    :param argv: what it gets as its arguments, its name first
    :param program: path of its file
    :param variables: its whole environment
    :param stdin: the descriptor that it reads; by default there is nothing to read
    :param talks: its stdin is a pipe, too
    :param quiet: its stdout and stderr lead nowhere
    :raises OSError: it cannot be started
    """
    if _thread._count():    # pylint: disable=protected-access
        return _by_subprocess(argv, program, variables, stdin, talks, quiet)
    ours: "list[int]" = []
    theirs: "list[int]" = []
    try:
        if talks:
            _pipe(theirs, ours)
        else:
            theirs.append(posix.open(_NULL, posix.O_RDWR | posix.O_CLOEXEC) if stdin is None
                          else fcntl.fcntl(stdin, fcntl.F_DUPFD_CLOEXEC, _HIGH))
        for _ in range(2):
            if quiet:
                theirs.append(posix.open(_NULL, posix.O_RDWR | posix.O_CLOEXEC))
            else:
                _pipe(ours, theirs)
        failed, failing = posix.pipe()
        theirs.append(failing)
    except BaseException:
        _close(ours + theirs)
        raise
    try:
        pid = posix.fork()
        if not pid:
            _become(argv, program, variables, theirs)
        try:
            _close([theirs.pop()])
            said = posix.read(failed, 16)       # ends when it has become the program
            if said:
                number = whole(said.decode("ascii", "replace")) or errno.EINVAL
                raise OSError(number, posix.strerror(number))
        except BaseException:
            try:
                posix.kill(pid, signal.SIGKILL)
                posix.waitpid(pid, 0)
            except (ProcessLookupError, ChildProcessError):
                pass    # who started us has SIGCHLD ignored: the kernel has taken it away
            raise
    except BaseException:
        _close(ours)
        raise
    finally:
        _close(theirs + [failed])
    return Child(pid, tuple(ours))


def _pipe(reading: "list[int]", writing: "list[int]") -> None:
    """Add the ends of a new pipe to the lists of who reads and who writes it."""
    reader, writer = posix.pipe()
    reading.append(reader)
    writing.append(writer)


def _close(numbers: "Sequence[int]") -> None:
    for number in numbers:
        posix.close(number)


def _become(argv: "Sequence[str]", program: str, variables: "Mapping[str, str]",
            given: "Sequence[int]") -> "NoReturn":
    """Become the program, in the copy.

    :param given: its stdin, stdout and stderr, and where it says why it could not
    """
    number = errno.EINVAL
    failing = given[-1]
    try:
        posix.setsid()
        # first away from where they may be in each other's way
        high = [fcntl.fcntl(each, fcntl.F_DUPFD_CLOEXEC, _HIGH) for each in given]
        failing = high[-1]
        for place, each in enumerate(high[:3]):
            posix.dup2(each, place)
        for name in posix.listdir("/proc/self/fd"):
            descriptor = whole(name)
            if descriptor not in (None, 0, 1, 2, failing):
                try:
                    posix.close(descriptor)
                except OSError:
                    pass    # that of the list itself
        posix.chdir("/")
        for ignored in (signal.SIGPIPE, signal.SIGXFSZ):      # by Python
            signal.signal(ignored, signal.SIG_DFL)
        posix.execve(program, tuple(argv), dict(variables))
    except OSError as problem:
        number = problem.errno or number
    except BaseException:   # pylint: disable=broad-except
        pass
    finally:
        try:
            posix.write(failing, b"%d" % number)
        finally:
            posix._exit(_FAILED)    # pylint: disable=protected-access


def _by_subprocess(argv: "Sequence[str]", program: str, variables: "Mapping[str, str]",
                   stdin: "int | None", talks: bool, quiet: bool) -> Child:
    """The same in a process with threads."""
    import subprocess
    out = subprocess.DEVNULL if quiet else subprocess.PIPE
    source = subprocess.PIPE if talks else subprocess.DEVNULL if stdin is None else stdin
    popen = subprocess.Popen(argv, executable=program, env=variables, cwd="/", stdin=source,
                             stdout=out, stderr=out, start_new_session=True)
    ends = [pipe for pipe in (popen.stdin, popen.stdout, popen.stderr) if pipe is not None]
    numbers = tuple(fcntl.fcntl(pipe.fileno(), fcntl.F_DUPFD_CLOEXEC, _HIGH) for pipe in ends)
    for pipe in ends:
        pipe.close()
    popen.returncode = 0    # from now on it is ours
    return Child(popen.pid, numbers)
