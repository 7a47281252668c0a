# SPDX-License-Identifier: GPL-2.0-or-later
"""Processes as the kernel knows them: /proc/PID, never by asking the process.

Its start time distinguishes a process from a later one with the same number, the
boot id from one of an earlier boot. Format: proc_pid_stat(5).
"""

from dualstor.record import Record, whole

TYPE_CHECKING = False       # only mypy sees what is imported there
if TYPE_CHECKING:
    from typing import Iterable

    from dualstor.host.files import Files

#: States of a process that is over: zombie, dead; and of one that does nothing until somebody
#: or something lets it: stopped by a signal or a debugger, waiting in the kernel.
_OVER = "ZXx"
STUCK = _OVER + "TtD"
_BOOT_ID = "/proc/sys/kernel/random/boot_id"
_DELETED = " (deleted)"
_COMM_LENGTH = 15  # the kernel cuts comm (TASK_COMM_LEN)


class Process(Record):
    """One process.

    ``pid`` and ``start_time`` (clock ticks after boot) are its identity,
    ``program`` is the name of its executable without directory. ``state`` is the
    kernel's letter when it was read (R, S, D, Z, T ...), ``threads`` the
    number of its threads: a zombie with more than one is not gone, one of
    them is still held in the kernel.
    """

    pid: int
    start_time: int
    program: str
    state: str = ""
    threads: int = 1

    @property
    def over(self) -> bool:
        """Whether it has ended (a zombie that holds nothing any more)."""
        return self.state in _OVER and self.threads <= 1


def parse_stat(text: str) -> "tuple[str, str, int, int] | None":
    """(comm, state, threads, start_time) of the text of /proc/PID/stat; None when it is not one.

    comm may hold blanks and parentheses, so the last ``)`` counts.
    """
    head, bracket, tail = text.rpartition(")")
    fields = tail.split()
    if not bracket or len(fields) < 20 or "(" not in head:
        return None
    threads, start_time = whole(fields[17]), whole(fields[19])
    if threads is None or start_time is None:
        return None
    return head.partition("(")[2], fields[0], threads, start_time


def parent(host: "Files", pid: int) -> "int | None":
    """The pid of the parent of *pid*; None when there is no such process."""
    text = host.read(f"/proc/{pid}/stat") or ""
    fields = text.rpartition(")")[2].split()
    return whole(fields[1]) if parse_stat(text) else None


def _program(host: "Files", pid: int) -> "str | None":
    """Name of the executable of *pid*; None when the kernel does not show it."""
    target = host.link(f"/proc/{pid}/exe")
    if target is None:
        return None
    if target.endswith(_DELETED):  # the package was updated while it runs
        target = target[:-len(_DELETED)]
    return target.rpartition("/")[2]


def look(host: "Files", pid: int) -> "Process | None":
    """The Process *pid* as it is now, None when there is none.

    If the executable cannot be read (a zombie, no right) ``program`` is the
    kernel's comm, of at most 15 characters.
    """
    stat = parse_stat(host.read(f"/proc/{pid}/stat") or "")
    if stat is None:
        return None
    comm, state, threads, start_time = stat
    return Process(pid=pid, start_time=start_time, program=_program(host, pid) or comm,
                   state=state, threads=threads)


def named(process: Process, programs: "Iterable[str]") -> bool:
    """Whether *process* runs one of *programs* (names without directory)."""
    return any(process.program in (name, name[:_COMM_LENGTH]) for name in programs)


def running(host: "Files", *programs: str) -> "tuple[Process, ...]":
    """All processes of the executables *programs* in our own PID namespace, oldest first.

    Those of a container show in /proc too; they are not this host's.
    """
    ours = host.link("/proc/self/ns/pid")
    ends = tuple("/" + program + end for program in programs for end in ("", _DELETED))
    links = [(name, host.link(f"/proc/{name}/exe")) for name in host.list("/proc")
             if "1" <= name[:1] <= "9"]
    found = []
    for name in [name for name, target in links if target is None or target.endswith(ends)]:
        pid = whole(name)
        process = None if pid is None else look(host, pid)
        if process is None or process.over or not named(process, programs):
            continue
        theirs = host.link(f"/proc/{name}/ns/pid")
        if ours is None or theirs is None or ours == theirs:
            found.append(process)
    return tuple(sorted(found, key=lambda p: (p.start_time, p.pid)))


def boot_id(host: "Files") -> str:
    """The kernel's random name of this boot, "" when it has none."""
    return (host.read(_BOOT_ID) or "").strip()


def to_text(host: "Files", process: Process) -> str:
    """*process* as one line to remember; ``from_text`` reads it."""
    return f"{process.pid} {process.start_time} {process.program} {boot_id(host) or '-'}\n"


def from_text(host: "Files", text: "str | None") -> "Process | None":
    """The Process that ``to_text`` wrote; None when it is none or of an earlier boot."""
    words = (text or "").split()
    if len(words) != 4 or words[3] != (boot_id(host) or "-"):
        return None
    pid, start_time = whole(words[0]), whole(words[1])
    if pid is None or start_time is None:
        return None
    return Process(pid=pid, start_time=start_time, program=words[2])
