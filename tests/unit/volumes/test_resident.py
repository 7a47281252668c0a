# SPDX-License-Identifier: GPL-2.0-or-later
"""The watcher as a real process: one at a time, small, and gone when it is told to go."""

import os
import signal
import subprocess
import sys
import time

import psutil
import pytest

from dualstor.host.files import Files
from dualstor.kernel import process
from dualstor.watcher import place
from sourcetree import TREE

#: The process of a watcher whose round counts itself and depends on one file.
_SCRIPT = """
import sys
sys.path.insert(0, {lib!r})
from dualstor.host.files import Files
from dualstor.host.memory import STATE_DIR, Memory
from dualstor.watcher import resident, result
from dualstor.watcher.schedule import Result
import fcntl, posix, signal
files = Files({root!r})
lock = Memory(files.file(STATE_DIR)).lock_file(*resident.place.words("vg0"))
try:
    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
except OSError:
    sys.exit(3)
signal.signal(signal.SIGTERM, resident._on_signal)
resident.schedule.KEPT = {kept}
def work(said):
    with open({root!r} + "/rounds", "a") as stream:
        stream.write("%d\\n" % posix.getpid())
    {more}
    return result.to_text(Result(sights=(("content", "/watched", files.read("/watched")),)))
try:
    resident.Resident(files, work).run(lock)
except resident.Ended:
    posix._exit(0)
"""


class Root:
    """A directory in place of /, with the real /proc."""

    def __init__(self, path):
        self.path = str(path)
        (path / "run").mkdir()
        (path / "watched").write_text("1")
        os.symlink("/proc", str(path / "proc"))
        self.files = Files(self.path)
        self.children = []

    def start(self, more="", kept=0.0):
        text = _SCRIPT.format(lib=os.path.join(TREE, "lib"), root=self.path, more=more, kept=kept)
        self.children.append(subprocess.Popen([sys.executable, "-IS", "-c", text]))
        return self.children[-1]

    def workers(self):
        """The pids of the processes in which rounds ran, one for each round."""
        try:
            with open(self.path + "/rounds") as stream:
                return [int(line) for line in stream]
        except OSError:
            return []

    def rounds(self):
        return len(self.workers())

    def change(self, text):
        with open(self.path + "/watched", "w") as stream:
            stream.write(text)

    def ended(self, pid):
        """Whether a process is gone, or is a zombie that nobody here waits for."""
        found = process.look(self.files, pid)
        return found is None or found.over

    def until(self, condition):
        """Wait until it is true; a minute is long for what takes a second."""
        end = time.monotonic() + 60
        while not condition():
            assert time.monotonic() < end
            time.sleep(0.05)


@pytest.fixture
def root(tmp_path):
    made = Root(tmp_path)
    yield made
    for child in made.children:
        if child.poll() is None:
            child.kill()
        child.wait()


def test_a_change_is_noticed_and_nothing_else_starts_anything(root):
    child = root.start()
    root.until(lambda: root.rounds() == 1)
    root.until(lambda: place.look(root.files, "vg0") is not None)
    assert place.look(root.files, "vg0").process.pid == child.pid
    time.sleep(2.5)     # looks, but no round
    assert root.rounds() == 1
    root.change("2")
    root.until(lambda: root.rounds() == 2)


def test_there_is_one_at_a_time(root):
    first = root.start()
    root.until(lambda: root.rounds() == 1)
    assert root.start().wait(60) == 3
    first.terminate()
    assert first.wait(60) == 0
    assert place.look(root.files, "vg0") is None
    root.start()
    root.until(lambda: place.look(root.files, "vg0") is not None)


def test_its_round_ends_with_it(root):
    child = root.start("import time; time.sleep(600)")
    root.until(lambda: root.rounds() == 1)
    child.terminate()
    assert child.wait(60) == 0


def test_its_round_ends_with_it_even_if_it_is_killed(root):
    child = root.start(kept=600.0)
    root.until(lambda: root.rounds() == 1)
    child.kill()
    child.wait(60)
    root.until(lambda: root.ended(root.workers()[0]))


def test_one_that_is_killed_while_its_round_works_is_followed_by_another(root):
    """What it has copied of itself must not keep the lock."""
    child = root.start("""
    if len(open({!r} + "/rounds").read().split()) == 1:
        import time
        time.sleep(600)
""".format(root.path), kept=600.0)
    root.until(lambda: root.rounds() == 1)
    child.kill()
    child.wait(60)
    next_one = root.start()
    root.until(lambda: root.rounds() == 2)
    assert next_one.poll() is None
    root.until(lambda: root.ended(root.workers()[0]))


def test_changes_that_come_together_are_worked_on_by_one_process(root):
    root.start(kept=600.0)
    for number in range(1, 4):
        root.change("%d" % number)
        root.until(lambda number=number: root.rounds() >= number)
    assert len(set(root.workers())) == 1


def test_without_changes_it_is_not_kept(root):
    root.start(kept=1.0)
    root.until(lambda: root.rounds() == 1)
    root.until(lambda: root.ended(root.workers()[0]))
    root.change("2")
    root.until(lambda: root.rounds() == 2)
    assert len(set(root.workers())) == 2


def test_one_that_is_killed_is_replaced(root):
    root.start(kept=600.0)
    root.until(lambda: root.rounds() == 1)
    os.kill(root.workers()[0], signal.SIGKILL)
    root.until(lambda: root.ended(root.workers()[0]))
    root.change("2")
    root.until(lambda: root.rounds() == 2)
    assert len(set(root.workers())) == 2


def test_one_that_is_killed_at_work_is_a_round_that_is_repeated(root):
    root.start("""
    if len(open({!r} + "/rounds").read().split()) == 1:
        posix.kill(posix.getpid(), signal.SIGKILL)
""".format(root.path), kept=600.0)
    root.until(lambda: root.rounds() == 2)


def test_one_that_is_stopped_hangs(root):
    child = root.start()
    root.until(lambda: place.look(root.files, "vg0") is not None)
    assert not place.look(root.files, "vg0").hangs
    child.send_signal(signal.SIGSTOP)
    root.until(lambda: place.look(root.files, "vg0").hangs)
    child.send_signal(signal.SIGCONT)
    root.until(lambda: not place.look(root.files, "vg0").hangs)


def test_it_is_small(root):
    child = root.start()
    root.until(lambda: root.rounds() == 1)
    with open("/proc/%d/status" % child.pid) as stream:
        (line,) = [line for line in stream if line.startswith("VmRSS:")]
    assert int(line.split()[1]) < 12 << 10      # KiB
    root.until(lambda: not psutil.Process(child.pid).children())


def test_without_a_lock_there_is_none(root):
    assert place.look(root.files, "vg0") is None
    os.makedirs(root.path + "/run/dualstor", 0o700)
    with open(root.path + "/run/dualstor/lock~watcher~vg0", "w") as stream:
        stream.write("5")
    assert place.look(root.files, "vg0") is None
