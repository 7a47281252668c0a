# SPDX-License-Identifier: GPL-2.0-or-later
"""The guests' `witness drbd` on every captured state of DRBD 8.4 and 9, as the host reads it."""
import json
import runpy
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from lablib import observe, paths
from lablib.node import Node

DATA = Path(__file__).parents[2] / "data"
#: Captured node by node, for 9 beside what drbdsetup said of the same state.
NINE = sorted(path.parent for path in DATA.glob("drbd9/*/node*/drbdsetup-status-json.out"))
EIGHT = sorted(path.parent for path in DATA.glob("drbd/*/node*/proc_drbd.out"))
SAME = {"Connecting": "WFConnection", "Established": "Connected"}
SILENT = ""
MINORS = 32


def name(path):
    return "/".join(path.parts[-2:])


@pytest.fixture
def witness(monkeypatch):
    monkeypatch.setattr(sys, "argv", ["witness"])
    monkeypatch.setattr(sys, "exit", lambda code: None)
    return runpy.run_path(str(paths.GUEST_FILES / "usr/local/lib/lab/witness"))


@pytest.fixture
def seen(witness, tmp_path, monkeypatch, capsys):
    """Calls `witness drbd` on the files of a capture; events: what drbdsetup says. Returns ([Drbd or None], whether that was asked)."""
    def see(capture, events=None):
        inside = witness["drbd_state"].__globals__
        asked = []

        def told():
            asked.append(True)
            path = capture / "drbdsetup-events2-now.out"
            return path.read_text() if events is None else events
        status = capture / "drbdsetup-status-json.out"
        resources = [each["name"] for each in json.loads(status.read_text() or "[]")] if status.exists() else []
        debug = tmp_path / name(capture)
        for resource in resources:
            (debug / resource).mkdir(parents=True)
        for path in capture.glob("debugfs.connections.*.proc_drbd.out"):
            peer, volume = path.name.split(".")[2:4]
            home = debug / resources[0] / "connections" / peer / volume
            home.mkdir(parents=True)
            (home / "proc_drbd").write_text(path.read_text())
        monkeypatch.setitem(inside, "PROC", str(next(capture.glob("proc?drbd.out"))))
        monkeypatch.setitem(inside, "DEBUG", str(debug))
        look = inside["drbd_state"]
        state = look(told)
        monkeypatch.setitem(inside, "drbd_state", lambda *_: state)
        assert inside["drbd"]() == 0
        text = capsys.readouterr().out
        monkeypatch.setitem(inside, "drbd_state", look)
        return [observe.drbd(text, minor) for minor in range(MINORS)], bool(asked)
    return see


@pytest.mark.parametrize("capture", NINE, ids=name)
def test_of_drbd_9_it_says_what_its_own_tool_says(seen, capture):
    """Two witnesses of one state: the kernel's files, and the JSON of drbdsetup."""
    found, _ = seen(capture)
    wanted = {}
    for resource in json.loads((capture / "drbdsetup-status-json.out").read_text() or "[]"):
        # the kernel's directory lists by name, drbdsetup as they were made
        connections = sorted(resource["connections"], key=lambda each: each["name"])
        for device in resource["devices"]:
            link = connections[0] if connections else {}
            (peer,) = [each for each in link.get("peer_devices", []) if each["volume"] == device["volume"]] or [{}]
            connection = peer.get("replication-state", "Off")
            if connection == "Off":
                connection = link.get("connection-state", "StandAlone")
            wanted[device["minor"]] = (
                SAME.get(connection, connection), resource["role"], link.get("peer-role", "Unknown"), device["disk-state"],
                peer.get("peer-disk-state", "DUnknown"), resource["suspended"])
    assert {minor: each[:6] for minor, each in enumerate(found) if each} == wanted


@pytest.mark.parametrize("capture", EIGHT, ids=name)
def test_of_drbd_8_it_says_what_the_kernel_says_and_asks_nobody(seen, capture):
    text = (capture / "proc_drbd.out").read_text()
    found, asked = seen(capture)
    assert not asked
    shown = "".join(f"{each.connection} {each.role}/{each.peer_role} {each.disk}/{each.peer_disk} " for each in found if each)
    heads = [line.split() for line in text.splitlines() if " cs:" in line and "Unconfigured" not in line]
    assert shown == "".join(" ".join(word[3:] for word in words[1:4]) + " " for words in heads)
    assert [each.suspended for each in found if each] == [words[-1].startswith("s") for words in heads]
    assert [each.missing is None for each in found if each] == ["oos:" not in text for _ in heads]


def test_while_connected_the_tools_are_not_asked_and_else_their_silence_is_no_harm(seen):
    (drbd, *_), asked = seen(DATA / "drbd9/both-primary/node1", SILENT)
    assert (drbd.connection, drbd.missing, asked) == ("Connected", 0, False)
    (drbd, *_), asked = seen(DATA / "drbd9/replication-cut-fencing-pending/node1", SILENT)
    assert (drbd.connection, drbd.suspended, asked) == ("Off", True, True)
    (drbd, *_), asked = seen(DATA / "drbd9/module-not-loaded/node1", SILENT)
    assert (drbd, asked) == (None, False)


def test_a_hanging_drbdsetup_holds_up_nobody(witness, tmp_path, monkeypatch):
    inside = witness["drbd_state"].__globals__
    monkeypatch.setitem(inside, "EVENTS_LIMIT", 0.2)
    monkeypatch.setattr(inside["os"].path, "exists", lambda path: False)
    monkeypatch.setitem(inside, "EVENTS", ("-c", "sleep 60"))
    monkeypatch.setitem(inside, "DRBDSETUP", "/bin/sh")
    assert inside["_events_told"]() == ""


@pytest.mark.parametrize("capture, commands", [
    ("drbd/both-primary/node1", 1), ("drbd9/both-primary/node1", 1), ("drbd9/replication-cut-fencing-pending/node1", 2),
    ("drbd9/down/node1", 2), ("drbd9/module-not-loaded/node1", 1)])
def test_a_node_is_asked_for_files_and_for_more_only_where_they_do_not_suffice(capture, commands):
    """A program of a second for each look would be much on an emulated machine that is looked at all the time."""
    files = sorted((DATA / capture).glob("debugfs.*.proc_drbd.out"))
    kernel = "".join(path.read_text() for path in [*(DATA / capture).glob("proc?drbd.out"), *files])
    asked = []

    def run(command):
        asked.append(command)
        return SimpleNamespace(stdout=kernel)

    def ok(command):
        asked.append(command)
        return "0: cs:StandAlone ro:Primary/Unknown ds:UpToDate/DUnknown r-----"
    node = SimpleNamespace(run=run, ok=ok)
    (drbd,) = Node.drbds(node)
    assert len(asked) == commands
    if commands == 2:
        assert drbd == ("StandAlone", "Primary", "Unknown", "UpToDate", "DUnknown", False, None)
    elif "not-loaded" not in capture:
        assert drbd == ("Connected", "Primary", "Primary", "UpToDate", "UpToDate", False, 0)
