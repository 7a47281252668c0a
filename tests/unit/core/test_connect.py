# SPDX-License-Identifier: GPL-2.0-or-later
"""Whether somebody takes connections: yes, no, or he is there and takes nobody just now."""

import socket

import pytest

from dualstor.host.deadline import Deadline
from dualstor.host.host import BUSY, Host


@pytest.fixture
def host(tmp_path):
    return Host(Deadline(20), root=str(tmp_path))


@pytest.fixture
def listener(tmp_path):
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(str(tmp_path / "socket"))
        yield made


def test_one_who_accepts_nobody_has_a_full_queue_soon_and_is_busy(host, listener):
    listener.listen(1)
    assert [host.connect("/socket", 2) for _ in range(4)] == [None, None, BUSY, BUSY]
    listener.accept()[0].close()
    assert [host.connect("/socket", 2) for _ in range(2)] == [None, BUSY]


def test_what_the_kernel_says_of_others(host, listener, tmp_path):
    assert host.connect("/socket", 2) == "Connection refused"
    assert host.connect("/none", 2) == "No such file or directory"
    (tmp_path / "file").write_text("")
    assert host.connect("/file", 2) == "Connection refused"


@pytest.mark.parametrize("problem, says", [
    (socket.timeout("timed out"), BUSY),
    (BlockingIOError(11, "Resource temporarily unavailable"), BUSY),
    (OSError(5, "Input/output error"), "Input/output error"), (OSError("odd"), "odd")])
def test_one_that_does_not_come_in_time_is_one_to_somebody_busy(host, monkeypatch, problem, says):
    class Probe:
        def __init__(self, *_):
            pass

        def settimeout(self, seconds):
            assert 0 < seconds <= 2

        def connect(self, _path):
            raise problem

        def close(self):
            pass
    monkeypatch.setattr(socket, "socket", Probe)
    assert host.connect("/socket", 2) == says
