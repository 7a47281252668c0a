# SPDX-License-Identifier: GPL-2.0-or-later
"""Framing of the guest agent's protocol, and commands through it against an agent made of a thread."""
import base64
import json
import socket
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lablib import channel
from lablib.agent import Agent
from lablib.errors import CommandFailed, CommandTimeout, NodeGone


@given(st.binary(max_size=200).filter(lambda data: b"\n" not in data), st.integers(0, 2**48))
def test_synchronisation_survives_any_leftover(leftover, token):
    line = leftover + channel.DELIMITER + json.dumps({"return": token}).encode() + b"\n"
    assert channel.synchronised(line, token)
    assert not channel.synchronised(line, token + 1)


@pytest.mark.parametrize("line", [b'{"return": 7}\n', b"\xff\n", b"\xff[7]\n", b'\xff{"error": {}}\n', b"\xff7\n", b""])
def test_what_is_no_answer_to_the_synchronisation(line):
    assert not channel.synchronised(line, 7)


@given(st.text(min_size=1), st.dictionaries(st.text(), st.text()))
def test_a_request_is_one_line(command, arguments):
    line = channel.request(command, arguments)
    assert line.count(b"\n") == 1 and line.endswith(b"\n")
    assert json.loads(line)["execute"] == command
    assert json.loads(line).get("arguments", {}) == arguments


def test_answers_are_told_apart():
    assert channel.answer(b'{"return": {"pid": 3}}') == ("return", {"pid": 3})
    assert channel.answer(b'{"error": {"class": "GenericError"}}')[0] == "error"
    assert channel.answer(b'{"event": "STOP"}')[0] == "other"
    with pytest.raises(ValueError):
        channel.answer(b"garbage")


class Guest(threading.Thread):
    """An agent: one client at a time, commands that end at the third look at their status."""

    def __init__(self, path, status):
        super().__init__(daemon=True)
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(path)
        self.listener.listen()
        self.status = status
        self.commands = []
        self.looks = 0

    def run(self):
        while True:
            connection, _ = self.listener.accept()
            with connection, connection.makefile("rb") as lines:
                # Left over by a client that went away in the middle.
                connection.sendall(b'{"return": {"pid": 99}}\n')
                for line in lines:
                    self.answer(connection, json.loads(line.lstrip(channel.DELIMITER)))

    def answer(self, connection, message):
        arguments = message.get("arguments", {})
        prefix = b""
        if message["execute"] == "guest-sync-delimited":
            prefix, value = channel.DELIMITER, arguments["id"]
        elif message["execute"] == "guest-exec":
            self.commands.append(arguments)
            self.looks = 0
            value = {"pid": 5}
        else:
            self.looks += 1
            value = self.status if self.looks > 2 else {"exited": False}
        connection.sendall(prefix + json.dumps({"return": value}).encode() + b"\n")


def ended(rc, out=b"", err=b""):
    return {
        "exited": True,
        "exitcode": rc,
        "out-data": base64.b64encode(out).decode(),
        "err-data": base64.b64encode(err).decode(),
    }


@pytest.fixture
def guest(tmp_path):
    def make(status):
        thread = Guest(str(tmp_path / "agent"), status)
        thread.start()
        return thread, Agent(tmp_path / "agent", tmp_path / "lock", lambda: True, "node1")

    return make


def test_code_and_both_outputs_come_back(guest):
    thread, agent = guest(ended(3, b"out\n", b"err\n"))
    assert agent.run("cmd", timeout=9) == (3, "out\n", "err\n")
    assert thread.commands[0]["arg"] == ["--kill-after=5", "9", "/bin/sh", "-c", "cmd"]
    assert "input-data" not in thread.commands[0]


def test_a_list_runs_without_a_shell_and_input_is_handed_on(guest):
    thread, agent = guest(ended(0))
    agent.run(["cat", "a b"], stdin=b"\0\xff")
    assert thread.commands[0]["arg"][2:] == ["cat", "a b"]
    assert base64.b64decode(thread.commands[0]["input-data"]) == b"\0\xff"


def test_check_raises_with_what_the_command_said(guest):
    _, agent = guest(ended(5, b"", b"no such volume group\n"))
    with pytest.raises(CommandFailed, match="exit code 5: no such volume group") as caught:
        agent.run("vgs vg9", check=True)
    assert caught.value.result.rc == 5


def test_the_limit_of_the_guest_is_an_error_with_the_output_so_far(guest):
    _, agent = guest(ended(124, b"half\n"))
    with pytest.raises(CommandTimeout, match="not done after 0 s") as caught:
        agent.run("sleep 9", timeout=0)
    assert caught.value.result.stdout == "half\n"


def test_code_124_of_the_command_itself_is_just_a_code(guest):
    _, agent = guest(ended(124))
    assert agent.run("exit 124", timeout=60).rc == 124


def test_several_threads_take_turns(guest):
    thread, agent = guest(ended(0, b"ok"))
    results = []
    workers = [threading.Thread(target=lambda: results.append(agent.run("cmd").stdout)) for _ in range(5)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(20)
    assert results == ["ok"] * 5 and len(thread.commands) == 5


def test_a_machine_that_is_off_is_named_with_the_way_to_start_it(tmp_path):
    agent = Agent(tmp_path / "agent", tmp_path / "lock", lambda: False, "node2")
    with pytest.raises(NodeGone, match="lab/lab start node2"):
        agent.run("true")


def test_an_agent_that_is_silent_is_told_from_a_machine_that_is_off(tmp_path):
    agent = Agent(tmp_path / "agent", tmp_path / "lock", lambda: True, "node2")
    with pytest.raises(NodeGone, match="its machine runs"):
        agent.wait(0.2)
