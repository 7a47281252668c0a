# SPDX-License-Identifier: GPL-2.0-or-later
"""The command line of status: once, again and again, with the peer, as JSON."""

import io
import json

import pytest

from dualstor.command import main
from dualstor.command.codes import ExitStatus
from dualstor.command.status import command, observe
from dualstor.command.status.report import Silent
from dualstor.host.host import Host
from unit.status.replay import Replay
from unit.status.test_screens import tape


@pytest.fixture
def recorded(monkeypatch):
    """Lets ``dualstor status`` look at a recorded host; a function of the state."""
    def replay(state):
        monkeypatch.setattr(command, "host", lambda seconds: Replay(tape(state)))
    return replay


def run(*words):
    out, err = io.StringIO(), io.StringIO()
    code = main.main(["status", *words], out, err)
    return code, out.getvalue(), err.getvalue()


def test_once(recorded):
    recorded("healthy")
    code, out, err = run()
    assert (code, err) == (ExitStatus.OK, "") and out.endswith("Nothing: all is well.\n")


def test_as_json(recorded):
    recorded("peer-dead")
    code, out, _ = run("--json")
    assert code == ExitStatus.WARNING
    assert json.loads(out)["advice"][0]["what"] == "node2 is down; node1 works alone"


def test_watching_looks_again_until_interrupted(recorded, monkeypatch):
    recorded("resync")
    waits = []

    def sleep(seconds):
        waits.append(seconds)
        if len(waits) == 3:
            raise KeyboardInterrupt
    monkeypatch.setattr(command.time, "sleep", sleep)
    code, out, _ = run("--watch", "--interval", "0")
    assert code == ExitStatus.INTERRUPTED and out.count("What to do now") == 3
    assert min(waits) >= 1, "it never hammers the host"


def test_a_peer_that_cannot_be_asked_is_said(recorded):
    recorded("healthy")
    code, out, _ = run("--peer", "node2")
    assert code == ExitStatus.OK and "--peer: ssh" in out


def test_a_peer_that_is_an_option_is_refused(recorded):
    recorded("healthy")
    assert run("--peer=-oProxyCommand=id")[0] == ExitStatus.ERROR


def test_a_real_host_is_looked_at_with_a_deadline():
    host = command.host(observe.PART_TIME)
    assert type(host) is Host and 0 < host.deadline.remaining <= observe.PART_TIME


@pytest.mark.parametrize("text, seconds", [
    ("30", 30), ("0", 1), ("1.5", 1.5), ("99999999999", 3600)])
def test_how_long_a_part_may_take_is_an_option(monkeypatch, text, seconds):
    given = set()
    monkeypatch.setattr(command, "host",
                        lambda wanted: given.add(wanted) or Replay(tape("healthy")))
    assert run("--wait", text)[0] == ExitStatus.OK
    assert given == {seconds}


@pytest.mark.parametrize("text", ["", "nan", "inf", "-1", "soon"])
@pytest.mark.parametrize("option", ["--wait", "--interval"])
def test_what_is_no_time_is_refused(option, text, capsys):
    with pytest.raises(SystemExit) as ended:
        run(f"{option}={text}")
    assert ended.value.code == ExitStatus.USAGE
    assert f"{option}: {text!r} is no number of seconds" in capsys.readouterr().err


def test_the_peer_gets_as_long(recorded, monkeypatch):
    recorded("healthy")
    asked = []
    monkeypatch.setattr(command.peer, "ask", lambda host, name, options: asked.append(options)
                        or Silent(says="-"))
    for words in ([], ["--wait", "30"]):
        run("--peer", "node2", *words)
    assert asked == [(), ("--wait", "30")]
