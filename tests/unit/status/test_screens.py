# SPDX-License-Identifier: GPL-2.0-or-later
"""The screens in docs/screens are what status shows of recorded hosts."""

import io
import json
import os

import jsonschema
import pytest

from dualstor.command.codes import ExitStatus
from dualstor.command.console import Console
from dualstor.command.status import advice, command, document, observe, screen
from unit.status.replay import Replay

TREE = os.path.join(os.path.dirname(__file__), "..", "..", "..")
SCREENS = os.path.join(TREE, "docs", "screens")
STATES = {
    "healthy": ExitStatus.OK, "resync": ExitStatus.WARNING, "split-brain": ExitStatus.ERROR,
    "peer-dead": ExitStatus.WARNING, "lock-daemon-stopped": ExitStatus.ERROR}
TIME = "2026-11-25 12:00:00"


def tape(state):
    path = os.path.join(TREE, "tests", "data", "status", state + ".json")
    with open(path, encoding="utf-8") as stream:
        return json.load(stream)


def report_of(recorded):
    return observe.look(lambda: Replay(recorded), observe.one_by_one).but(time=TIME)


def shown(report):
    stream = io.StringIO()
    screen.show(Console(stream, stream, "status"), report, advice.advise(report))
    return stream.getvalue()


@pytest.mark.parametrize("state", sorted(STATES))
def test_the_documented_screen(state):
    """Rewrite them with DUALSTOR_GOLDEN=1 and look at the difference."""
    text, path = shown(report_of(tape(state))), os.path.join(SCREENS, state + ".txt")
    if os.environ.get("DUALSTOR_GOLDEN"):
        with open(path, "w", encoding="utf-8") as stream:
            stream.write(text)
    with open(path, encoding="utf-8") as stream:
        assert text == stream.read()


@pytest.mark.parametrize("state", sorted(STATES))
def test_the_exit_code_tells_how_bad_it_is(state):
    assert command._code(advice.advise(report_of(tape(state)))) == STATES[state]


@pytest.mark.parametrize("state", sorted(STATES))
def test_the_document_is_json_and_tells_what_the_screen_tells(state):
    report = report_of(tape(state))
    told = json.loads(json.dumps(document.document(report, advice.advise(report))))
    assert told["node"] == report.node and told["quorum"]["quorate"] is True
    assert [each["what"] for each in told["advice"]] == [
        each.what for each in advice.advise(report)]
    assert told["drbd"]["resources"][0]["state"]["role"] == "Primary"


def schema():
    path = os.path.join(TREE, "docs", "json", "status-1.schema.json")
    with open(path, encoding="utf-8") as stream:
        return json.load(stream)


@pytest.mark.parametrize("hung", [False, True])
@pytest.mark.parametrize("state", sorted(STATES))
def test_the_document_is_as_its_schema_says(state, hung):
    recorded = tape(state)
    if hung:
        recorded["run"] = dict.fromkeys(recorded["run"], "hung")
    stream = io.StringIO()
    report = report_of(recorded)
    Console(stream, stream, "status", as_json=True).document(
        document.document(report, advice.advise(report)))
    jsonschema.validate(json.loads(stream.getvalue()), schema())


@pytest.mark.parametrize("state", sorted(STATES))
def test_a_part_that_hangs_is_shown_so_and_the_rest_nevertheless(state):
    for command_line in tape(state)["run"]:
        recorded = tape(state)
        recorded["run"][command_line] = "hung"
        text = shown(report_of(recorded))
        assert "What to do now" in text and "Traceback" not in text


def test_no_screen_needs_any_answer():
    text = shown(report_of({}))
    assert "What to do now\n1. " in text and "the cluster does not run on" in text
