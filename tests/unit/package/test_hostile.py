# SPDX-License-Identifier: GPL-2.0-or-later
"""What is installed starts from its own installation only, whoever starts it, and where."""

import os

import pytest

import hostile
from dualstor import __version__
from dualstor.agents.catalogue import NAMES as AGENTS

from .conftest import PYTHON


@pytest.fixture
def place(tmp_path):
    return hostile.prepare(tmp_path)


def test_the_traps_catch_a_program_that_does_not_care(place):
    folder, mark = place
    hostile.run(PYTHON, "-c", "import json", PYTHONPATH=str(folder))
    hostile.run(PYTHON, "-c", "import json", cwd=folder)
    assert mark.read_text()


@pytest.mark.parametrize("name", AGENTS)
def test_an_agent_runs_no_code_of_others(installed, name, place):
    hostile.check_agent(installed.agent(name), *place)


@pytest.mark.parametrize("name", AGENTS)
def test_an_agent_needs_no_environment_at_all(installed, name):
    done = hostile.run(installed.agent(name), "meta-data")
    assert done.returncode == 0 and f'name="{name}"' in done.stdout


@pytest.mark.parametrize("variable", [
    "PYTHONPATH", "PYTHONHOME", "PYTHONSTARTUP", "PYTHONUSERBASE", "HOME"])
def test_no_variable_alone_leads_an_agent_astray(installed, variable, place):
    folder, mark = place
    done = hostile.run(installed.agent("clvmd"), "validate-all", cwd=folder,
                       **{variable: str(folder)})
    assert "Traceback" not in done.stderr and not mark.exists()


@pytest.mark.parametrize("name", AGENTS)
def test_modules_come_from_the_installation(installed, name, place, monkeypatch):
    """Also where another dualstor lies in the current folder and in site packages."""
    monkeypatch.chdir(str(place[0]))
    loaded = installed.loaded(name)
    assert "dualstor.main" in loaded and not place[1].exists()


def test_the_handler_runs_no_code_of_others(installed, place):
    folder, mark = place
    done = hostile.run(installed.handler, cwd=folder, **hostile.variables(folder))
    assert done.returncode == 1 and "Traceback" not in done.stderr and not mark.exists()


def test_the_command_runs_no_code_of_others(installed, place):
    folder, mark = place
    command = installed.path("usr/sbin/dualstor")
    done = hostile.run(command, "--version", cwd=folder, **hostile.variables(folder))
    assert done.returncode == 0, done.stderr
    text = done.stdout.encode("latin-1", "replace").decode("ascii", "ignore").replace("\0", "")
    assert __version__ in text and not os.path.exists(str(mark))
