# SPDX-License-Identifier: GPL-2.0-or-later
"""Host packages, run directories, processes, waiting."""
import os
import signal
import subprocess

import pytest

from lablib import errors, host, paths, processes, waiting

ALL = list(host.NEEDS)


def test_root_on_debian_updates_the_lists_and_installs():
    update, install = host.install_commands(ALL, "apt-get", root=True, sudo=None)
    assert update[:2] == ["apt-get", "update"]
    assert {"qemu-system-x86", "mmdebstrap", "squashfs-tools", "uidmap"} <= set(install)


def test_a_user_on_fedora_goes_through_sudo():
    (install,) = host.install_commands(ALL, "dnf", root=False, sudo="/usr/bin/sudo")
    assert install[:3] == ["/usr/bin/sudo", "dnf", "install"]
    assert {"qemu-system-x86-core", "apt", "debian-keyring"} <= set(install)


def test_without_root_and_sudo_the_command_is_named():
    with pytest.raises(errors.HostError, match="as root: apt-get update .* && apt-get install .*mmdebstrap"):
        host.install_commands(ALL, "apt-get", root=False, sudo=None)


def test_what_only_users_need_is_not_missed_by_root(monkeypatch):
    monkeypatch.setattr(host, "find", lambda program: None)
    assert "newuidmap" not in [need.program for need in host.missing(root=True)]
    assert "newuidmap" in [need.program for need in host.missing(root=False)]


def test_a_user_without_subordinate_ids_is_told_how_to_get_them(tmp_path):
    table = tmp_path / "subuid"
    with pytest.raises(errors.HostError, match="usermod --add-subuids .* alice"):
        host.check_user_namespaces(table, "alice")
    table.write_text("alice:100000:65536\n")
    host.check_user_namespaces(table, "alice")


def test_a_run_directory_is_for_one_user_alone(tmp_path):
    made = paths.prepare_run_directory(tmp_path / "lab")
    assert made.stat().st_mode & 0o777 == 0o700
    made.chmod(0o777)
    with pytest.raises(errors.LabError, match="not yours alone"):
        paths.prepare_run_directory(made)


def test_a_run_directory_is_not_a_link(tmp_path):
    (tmp_path / "real").mkdir(mode=0o700)
    (tmp_path / "link").symlink_to(tmp_path / "real")
    with pytest.raises(errors.LabError, match="not yours alone"):
        paths.prepare_run_directory(tmp_path / "link")


def test_a_run_directory_too_long_for_sockets_is_refused(tmp_path):
    with pytest.raises(errors.LabError, match="DUALSTOR_LAB_RUN"):
        paths.prepare_run_directory(tmp_path / ("x" * 100))


def test_the_environment_names_the_folders(monkeypatch, tmp_path):
    monkeypatch.setenv("DUALSTOR_LAB_CACHE", str(tmp_path / "c"))
    monkeypatch.setenv("DUALSTOR_LAB_RUN", str(tmp_path / "r"))
    assert (paths.cache_directory(), paths.run_directory()) == (tmp_path / "c", tmp_path / "r")
    monkeypatch.delenv("DUALSTOR_LAB_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "x"))
    assert paths.cache_directory() == tmp_path / "x" / "dualstor-lab"


def test_a_process_is_known_by_pid_and_start_time(tmp_path):
    child = subprocess.Popen(["sleep", "60"])
    record = processes.PidFile(tmp_path / "sleep.pid")
    assert record.pid() is None
    record.record(child.pid)
    assert record.pid() == child.pid
    (tmp_path / "sleep.pid").write_text(f"{child.pid} 1\n")
    assert record.pid() is None and record.end() is None, "another process with a reused pid is left alone"
    record.record(child.pid)
    assert record.end(signal.SIGTERM) == child.pid
    assert record.pid() is None
    child.wait()


def test_a_process_that_has_ended_is_not_recorded(tmp_path):
    child = subprocess.Popen(["true"])
    child.wait()
    with pytest.raises(errors.LabError, match="ended at once"):
        processes.PidFile(tmp_path / "x.pid").record(child.pid)


def test_our_own_start_time_is_read():
    assert int(processes.start_time(os.getpid())) > 0


class Clock:
    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now

    def sleep(self, seconds):
        self.now += seconds


def test_waiting_returns_what_the_condition_returned():
    clock = Clock()
    answers = iter([None, waiting.Unmet("not yet"), "there"])
    assert waiting.wait_until(lambda: next(answers), "it", 10, clock=clock, sleep=clock.sleep) == "there"


def test_waiting_takes_errors_of_the_lab_for_not_yet_and_tells_the_last_thing_seen():
    clock = Clock()
    seen = iter([errors.NodeGone("booting"), *["offline"] * 100])

    def condition():
        each = next(seen)
        if isinstance(each, Exception):
            raise each
        return waiting.Unmet(each)

    with pytest.raises(errors.WaitTimeout, match="waited 5 s for node2 to join; last seen: offline"):
        waiting.wait_until(condition, "node2 to join", 5, clock=clock, sleep=clock.sleep)
    assert clock.now == 5


def test_waiting_lets_other_errors_through():
    with pytest.raises(ZeroDivisionError):
        waiting.wait_until(lambda: 1 / 0, "nothing", 5)


def test_waiting_ends_at_once_when_there_is_no_hope():
    def condition():
        raise errors.Hopeless("node1 is off")

    with pytest.raises(errors.Hopeless, match="node1 is off"):
        waiting.wait_until(condition, "the cluster", 3600)
