# SPDX-License-Identifier: GPL-2.0-or-later
"""The other way into the simulation: real programs on PATH, real daemons, files below a root.

For what only real processes can show: hangs, signals, pipes, sockets. All
programs share one state file; time is the real monotonic clock. Below the
folder of the lab each node has ``NODE/root`` (its files) and ``NODE/bin``.
"""

import contextlib
import fcntl
import marshal
import os
import signal
import stat
import sys
import time

from dualstor.host.host import Host
from simulator import dmlist, faults, kernelfiles, locking, programs, state, world
from simulator.kernelfiles import Answer, Block, Disk, Link, Socket

_TESTS = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
LIBRARY = os.path.join(os.path.dirname(_TESTS), "lib")
_BLOCK_MARK = "block device %d:%d\n"

_PROGRAM = """#!%(python)s -IS
import sys
sys.path[:0] = %(folders)r
from simulator.multicall import main
sys.exit(main(%(folder)r, %(node)r))
"""


class PathHost(Host):
    """A Host below a root in which device nodes and programs are files."""

    def ioctl(self, name, request, data):
        return dmlist.answer_from(self.file(name), data)

    def executable(self, name):
        return self.exists(name)

    def device(self, name):
        try:
            with open(self.file(name), encoding="ascii", errors="replace") as stream:
                words = stream.read(64).split()
        except OSError:
            return None
        if words[:2] != ["block", "device"]:
            return None
        major, _, minor = words[2].partition(":")
        return int(major), int(minor)


@contextlib.contextmanager
def locked(folder):
    """The shared Cluster, brought up to now; what is changed within is stored at the end."""
    path = os.path.join(folder, "state.json")
    with open(path + ".lock", "a", encoding="ascii") as guard:
        fcntl.flock(guard, fcntl.LOCK_EX)
        with open(path, encoding="utf-8") as stream:
            cluster = state.loads(stream.read())
        world.advance_to(cluster, time.monotonic())
        yield cluster
        _store(folder, cluster)


def _store(folder, cluster):
    path = os.path.join(folder, "state.json")
    world.settle(cluster)
    for node in cluster.nodes.values():
        _write_tree(os.path.join(folder, node.name, "root"), cluster, node)
    with open(path + ".new", "w", encoding="utf-8") as stream:
        stream.write(state.dumps(cluster))
    os.rename(path + ".new", path)


def host_of(folder, node, deadline):
    """The Host of a node of the lab below *folder*."""
    home = os.path.join(folder, node)
    return PathHost(deadline, root=os.path.join(home, "root"), path=(os.path.join(home, "bin"),))


# -- files ----------------------------------------------------------------------

def _write_tree(root, cluster, node):
    tree = kernelfiles.tree(cluster, node)
    for process in node.processes.values():
        kernelfiles.put(tree, "/proc/%d" % process.pid, Link("/proc/%d" % process.pid))
    kernelfiles.put(tree, "/proc/self", Link("/proc/self"))
    # Most programs change nothing: looking at every file costs more than the program.
    note, wanted = root + ".written", marshal.dumps(_told(tree))
    try:
        with open(note, "rb") as stream:
            if stream.read() == wanted:
                return
        os.unlink(note)     # whoever is killed from here on leaves the work to the next one
    except OSError:
        pass
    _write_folder(root, root, tree)
    with open(note, "wb") as stream:
        stream.write(wanted)


def _told(item):
    """What an item is, in plain values."""
    if isinstance(item, dict):
        return [(name, _told(below)) for name, below in item.items()]
    plain = next(kind for kind in (str, bytes, tuple, int) if isinstance(item, kind))(item)
    return type(item).__name__, plain, getattr(item, "content", None)


def _write_folder(root, folder, items):
    os.makedirs(folder, exist_ok=True)
    for name in os.listdir(folder):
        if name not in items and not folder.endswith("/run/dualstor") and name != "dualstor":
            _remove(os.path.join(folder, name))
    for name, item in items.items():
        path = os.path.join(folder, name)
        if isinstance(item, dict):
            _write_folder(root, path, item)
        else:
            _write_item(root, path, item)


def _write_item(root, path, item):
    if isinstance(item, Link):
        target = str(item)
        if target.startswith("/") and not target.startswith("/proc/"):
            target = os.path.relpath(root + target, os.path.dirname(path))
        if not os.path.islink(path) or os.readlink(path) != target:
            _remove(path)
            os.symlink(target, path)
    elif isinstance(item, Socket):
        if item == 0 and not os.path.exists(path):     # left behind by a daemon
            import socket
            with socket.socket(socket.AF_UNIX) as left:
                left.bind(path)
    else:
        data = item if isinstance(item, Answer) else (_BLOCK_MARK % item if isinstance(item, Block) else str(item)).encode()
        if isinstance(item, Disk):
            data = data.ljust(512, b"\0") + item.content[512:]
        try:
            with open(path, "rb") as stream:
                if stream.read() == data:
                    return
        except OSError:
            pass
        with open(path + ".draft", "wb") as stream:
            stream.write(data)
        os.rename(path + ".draft", path)


def _remove(path):
    if os.path.isdir(path) and not os.path.islink(path):
        import shutil
        shutil.rmtree(path, ignore_errors=True)
    elif os.path.lexists(path):
        os.unlink(path)


# -- the lab --------------------------------------------------------------------

class Lab:
    """A cluster of real programs below *folder*; ``close`` ends its daemons.

    :param folder: an empty folder with a short path (sockets lie below it)
    :param cluster: state.Cluster to begin with
    """

    def __init__(self, folder, cluster):
        import shutil
        self.folder = str(folder)
        cluster.now, shift = time.monotonic(), time.monotonic() - cluster.now
        for event in cluster.events:
            event[0] += shift
        interpreter = os.path.realpath(sys.executable)
        for node in cluster.nodes.values():
            home = os.path.join(self.folder, node.name)
            os.makedirs(os.path.join(home, "root"))
            os.makedirs(os.path.join(home, "bin"))
            script = os.path.join(home, "multicall")
            with open(script, "w", encoding="utf-8") as stream:
                stream.write(_PROGRAM % {"python": interpreter,
                                         "folders": [_TESTS, LIBRARY], "folder": self.folder,
                                         "node": node.name})
            os.chmod(script, 0o755)
            for name in programs.names(cluster):
                os.symlink("../multicall", os.path.join(home, "bin", name))
            node.processes.clear()
        for name in locking.PIDFILE:
            shutil.copy(interpreter, os.path.join(self.folder, name))
        self._daemons_of(cluster)

    def _daemons_of(self, cluster):
        """Daemons of the state become real processes."""
        wanted = []
        for node in cluster.nodes.values():
            for path, pid in list(node.sockets.items()):
                if pid:
                    wanted.append((node.name, path))
                    del node.sockets[path]
        _store(self.folder, cluster)
        for name, path in wanted:
            with locked(self.folder) as now:
                program = next(p for p, s in locking.SOCKET.items() if s == path)
                identity = start_daemon(self.folder, name, program, path)
                locking.spawn(now, now.nodes[name], program, [program], **identity)

    def host(self, node, deadline):
        """The Host of a node."""
        return host_of(self.folder, node, deadline)

    def agent_command(self, node, agent, action):
        """The command that runs an agent on a node as a process of its own."""
        return [sys.executable, "-IS", os.path.join(_TESTS, "simulator", "agent.py"),
                self.folder, node, agent, action]

    def state(self):
        """Context manager: the Cluster, to look at and to change."""
        return locked(self.folder)

    def calls(self):
        """The programs that were started so far, each as [node, argv...], without disturbing those that run."""
        with open(os.path.join(self.folder, "state.json"), encoding="utf-8") as stream:
            return state.loads(stream.read()).calls

    def inject(self, fault):
        """Let a fault strike (see ``faults``); those of the file itself at once."""
        kind, name = fault["kind"], fault["program"]
        with locked(self.folder) as cluster:
            nodes = [n for n in cluster.nodes if fault["node"] in (n, "")]
            if kind not in (faults.ABSENT, faults.NOT_EXECUTABLE, faults.BAD_FORMAT):
                cluster.faults.append(fault)
                return
        for node in nodes:
            path = os.path.join(self.folder, node, "bin", name)
            os.unlink(path)
            if kind != faults.ABSENT:
                with open(path, "w", encoding="ascii") as stream:
                    stream.write("\x01not a program")
                os.chmod(path, 0o755 if kind == faults.BAD_FORMAT else 0o644)

    def signal(self, node, program, number):
        """Send a signal to a daemon of a node."""
        with locked(self.folder) as cluster:
            process = locking.daemon(cluster.nodes[node], program)
            if number in (signal.SIGSTOP, signal.SIGCONT, signal.SIGKILL):
                locking.receive(cluster, cluster.nodes[node], process, number)
        os.kill(process.pid, number)
        while number == signal.SIGKILL and start_time(process.pid) is not None:
            time.sleep(0.005)

    def pids(self):
        """Pids of all daemons and helpers that the programs started and that still run."""
        found = []
        with open(os.path.join(self.folder, "pids"), "a+", encoding="ascii") as stream:
            stream.seek(0)
            for line in stream:
                pid, started = line.split()
                if start_time(int(pid)) == int(started):
                    found.append(int(pid))
        return found

    def close(self):
        """End what the programs left running."""
        for pid in self.pids():
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass


def start_time(pid):
    """Start time of a real process in clock ticks; None when it has ended."""
    try:
        with open("/proc/%d/stat" % pid, encoding="utf-8", errors="replace") as stream:
            fields = stream.read().rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] in "ZX" else int(fields[19])


def note(folder, pid):
    """Remember a process that outlives its parent, so that ``Lab.close`` ends it."""
    with open(os.path.join(folder, "pids"), "a", encoding="ascii") as stream:
        stream.write("%d %d\n" % (pid, start_time(pid)))


def start_daemon(folder, node, program, socket_path):
    """Start the real process of a daemon; its identity for locking.spawn."""
    import subprocess
    path = os.path.join(folder, node, "root") + socket_path
    os.makedirs(os.path.dirname(path), exist_ok=True)
    if os.path.lexists(path):
        os.unlink(path)     # one that a dead daemon left
    child = subprocess.Popen(
        [os.path.join(folder, program), "-IS", os.path.join(_TESTS, "simulator", "daemon.py"),
         folder, node, path], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL, start_new_session=True, close_fds=True)
    note(folder, child.pid)
    end = time.monotonic() + 120    # on a busy host
    while not (os.path.exists(path) and stat.S_ISSOCK(os.stat(path).st_mode)):
        if child.poll() is not None or time.monotonic() > end:
            raise RuntimeError("the simulated %s did not start" % program)
        time.sleep(0.01)
    child.returncode = 0    # not ours to wait for: it is a daemon
    return {"pid": child.pid, "start_time": start_time(child.pid)}
