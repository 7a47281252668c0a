# SPDX-License-Identifier: GPL-2.0-or-later
"""Reading a device that gives one record for each read, as /dev/kmsg does, without waiting."""

import os

import pytest

from dualstor.host.files import Files


@pytest.fixture(name="pipe")
def _pipe(tmp_path):
    """(Files with a fifo at /log, a function that writes to it); it stays open."""
    os.mkfifo(tmp_path / "log")
    both = os.open(tmp_path / "log", os.O_RDWR | os.O_NONBLOCK)
    yield Files(str(tmp_path)), lambda data: os.write(both, data)
    os.close(both)


def test_what_is_there_is_read_and_nothing_is_waited_for(pipe):
    files, write = pipe
    write(b"6,1,2,-;drbd r0: conn( Connecting -> Connected )\n")
    assert files.records("/log") == ("6,1,2,-;drbd r0: conn( Connecting -> Connected )\n",)
    assert files.records("/log") == ()


def test_bytes_of_no_text_are_kept_as_text(pipe):
    files, write = pipe
    write(b"\xff\n")
    assert files.records("/log") == ("\\xff\n",)


def test_none_where_it_cannot_be_opened(tmp_path):
    assert Files(str(tmp_path)).records("/log") is None


def test_what_is_overwritten_meanwhile_is_left_out(pipe, monkeypatch):
    files, _ = pipe
    answers = [BrokenPipeError(), b"one", b""]

    def read(_number, _size):
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer
    monkeypatch.setattr("dualstor.host.files.posix.read", read)
    assert files.records("/log") == ("one",)


def test_a_log_that_is_written_all_the_time_comes_to_an_end(pipe, monkeypatch):
    monkeypatch.setattr("dualstor.host.files._RECORDS", 3)
    monkeypatch.setattr("dualstor.host.files.posix.read", lambda *_: b"more")
    assert pipe[0].records("/log") == ("more",) * 3
