# SPDX-License-Identifier: GPL-2.0-or-later
"""The process that outlives an action: nothing of its surroundings comes with it, and no file names whom to end."""

import fcntl
import json
import os
import subprocess
import sys
import time

from dualstor.host.files import Files
from dualstor.host.memory import STATE_DIR, Memory
from dualstor.watcher import place
from sourcetree import TREE

_SCRIPT = """#!%(python)s -IS
import json, os, sys
sys.path.insert(0, %(lib)r)
if sys.argv[1:] == ["watch"]:
    with open(%(told)r + ".new", "w") as stream:
        json.dump({"variables": dict(os.environ), "cwd": os.getcwd(), "session": os.getsid(0) == os.getpid(),
                   "files": [os.readlink("/proc/self/fd/%%s" %% n) for n in os.listdir("/proc/self/fd")
                             if os.path.lexists("/proc/self/fd/%%s" %% n)]}, stream)
    os.rename(%(told)r + ".new", %(told)r)
else:
    from dualstor.host.run import leave_behind
    leave_behind("agent", ("watch",))
"""


def test_nothing_of_the_action_comes_with_it(tmp_path):
    """No variable but the cluster manager's, no working directory, no open file: it lives until the VG is stopped."""
    told, script, kept = tmp_path / "told", tmp_path / "agent", tmp_path / "kept"
    script.write_text(_SCRIPT % {"python": sys.executable, "lib": os.path.join(TREE, "lib"), "told": str(told)})
    script.chmod(0o755)
    hostile = {"LD_PRELOAD": "", "PYTHONPATH": str(tmp_path), "LVM_SYSTEM_DIR": str(tmp_path), "PATH": str(tmp_path),
               "OCF_RESKEY_vgname": "vg0", "DRBD_CONF": "x"}
    with open(kept, "w") as stream:
        os.set_inheritable(stream.fileno(), True)
        subprocess.run([str(script), "start"], env=hostile, cwd=str(tmp_path), check=True, close_fds=False)
    for _ in range(200):
        if told.exists():
            break
        time.sleep(0.05)
    seen = json.loads(told.read_text())
    assert set(seen["variables"]) & set(hostile) == {"PATH", "OCF_RESKEY_vgname"}
    assert str(tmp_path) not in " ".join(seen["variables"].values())
    assert seen["cwd"] == "/" and seen["session"]
    assert not [name for name in seen["files"] if name.startswith(str(tmp_path)) and not name.startswith(str(told))]


def test_no_file_names_the_process_that_is_ended(tmp_path):
    """Whoever writes a pid into the lock's file has not got the lock."""
    (tmp_path / "run").mkdir()
    (tmp_path / "proc").symlink_to("/proc")
    files = Files(str(tmp_path))
    lock = Memory(files.file(STATE_DIR)).lock_file(*place.words("vg0"))
    lock.write(b"%d\n" % os.getpid())
    lock.flush()
    assert place.look(files, "vg0") is None
    fcntl.flock(lock, fcntl.LOCK_EX)
    assert place.look(files, "vg0").process.pid == os.getpid()


def test_a_lock_in_a_directory_of_others_counts_for_nothing(tmp_path):
    """As if there were no watcher: nobody is ended for it."""
    (tmp_path / "run").mkdir()
    (tmp_path / "proc").symlink_to("/proc")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir(mode=0o700)
    state = tmp_path / STATE_DIR.lstrip("/")
    state.parent.mkdir(parents=True, exist_ok=True)
    state.symlink_to(elsewhere)
    with Memory(str(elsewhere)).lock_file(*place.words("vg0")) as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        elsewhere.chmod(0o777)
        assert place.look(Files(str(tmp_path)), "vg0") is None
        assert Memory(str(state)).lock_file(*place.words("vg0")) is None
