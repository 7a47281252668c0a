# SPDX-License-Identifier: GPL-2.0-or-later
"""--lab --beside: two processes, one output, one result."""

import os
import re
import signal
import subprocess
import sys
import time

import pytest

from sourcetree import TREE

LAB = """
import os, pytest, time
pytestmark = pytest.mark.lab

@pytest.fixture(scope="session")
def machines():
    yield
    open("ended", "w").close()

def test_waits_for_the_rest(machines):
    while not os.path.exists("begun"):
        time.sleep(0.05)
    open("process", "w").write("%d %d" % (os.getpid(), os.nice(0)))

def test_of_the_lab_too(machines):
    pass
"""
REST = """
import os, pytest, time, warnings

def test_begins_while_the_lab_plays():
    open("begun", "w").close()
    while not os.path.exists("ended"):      # the machines end before the rest has
        time.sleep(0.05)
    process, priority = map(int, open("process").read().split())
    assert process != os.getpid()
    assert os.nice(0) == min(priority + 10, 19)

@pytest.mark.parametrize("number", range(3))
def test_passes(number):
    pass
"""


CONFTEST = """
import beside

def pytest_addoption(parser):
    parser.addoption("--lab", action="store_true")
    beside.add_option(parser)

def pytest_configure(config):
    config.addinivalue_line("markers", "lab: as in our own tests")
    beside.register(config)
"""


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "pytest.ini").write_text("[pytest]\naddopts = -p no:cacheprovider\n")
    (tmp_path / "conftest.py").write_text(CONFTEST)
    (tmp_path / "test_lab.py").write_text(LAB)
    (tmp_path / "test_rest.py").write_text(REST)
    return tmp_path


def start(folder, *words):
    """Our own options alone, without plugins that take time to load."""
    environment = dict(os.environ, PYTHONPATH=os.path.join(TREE, "tests"),
                       PYTEST_DISABLE_PLUGIN_AUTOLOAD="1")
    return subprocess.Popen(
        [sys.executable, "-m", "pytest", "--lab", "--beside"] + list(words), cwd=str(folder),
        env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, universal_newlines=True, start_new_session=True,
        # A shell that runs us in the background has taken the interruption from us.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))


def run(folder, *words):
    process = start(folder, *words)
    return process.communicate()[0], process.returncode


def test_one_output_and_the_lab_first(folder):
    said, code = run(folder, "--durations=0", "-vv")
    assert code == 0 and re.search(r"=+ 6 passed in .* =+\n$", said), said
    passed = re.findall(r"^(\S+) PASSED", said, re.M)
    files = [name.partition("::")[0] for name in passed]
    assert files == ["test_lab.py"] * 2 + ["test_rest.py"] * 4
    assert "call     test_rest.py::test_begins_while" in said, "its duration is told"


def test_either_may_fail_and_warnings_arrive(folder):
    for name in ("lab", "rest"):
        with open(str(folder / (f"test_{name}.py")), "a", encoding="ascii") as stream:
            stream.write("\ndef test_fails():\n    answer = 41\n    assert answer == 42\n"
                         "\ndef test_warns():\n    import warnings\n    warnings.warn('beware')\n")
    said, code = run(folder)
    assert code == 1 and re.search(r"=+ 2 failed, 8 passed.* in .* =+\n$", said), said
    assert said.count("E       assert 41 == 42") == 2
    for name in ("lab", "rest"):
        assert f"FAILED test_{name}.py::test_fails" in said and f"test_{name}.py:" in said
    assert said.count(": UserWarning: beware") == 2 and "2 warnings" in said


def test_a_process_that_dies_is_a_failure_and_the_end(folder):
    with open(str(folder / "test_rest.py"), "a", encoding="ascii") as stream:
        stream.write("\ndef test_dies():\n    print('last words', flush=True)\n    os._exit(7)\n"
                     "def test_after():\n    pass\n")
    said, code = run(folder, "-s")
    assert code == 1 and "1 failed, 6 passed" in said, said
    assert "the process beside ended with 7 before all its tests" in said and "last words" in said


def test_only_what_was_chosen_is_played(folder):
    said, code = run(folder, "-k", "passes")
    assert code == 0 and "3 passed, 3 deselected" in said, said
    assert run(folder, "-k", "of_the_lab_too")[1] == 0


def alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_an_interruption_ends_both(folder):
    (folder / "test_rest.py").write_text(
        "import os, time\ndef test_for_ever():\n"
        "    open('begun', 'w').write(str(os.getpid()))\n    time.sleep(3600)\n")
    process = start(folder)
    try:
        while not (folder / "ended").exists():
            assert process.poll() is None, process.communicate()
            time.sleep(0.05)
        os.kill(process.pid, signal.SIGINT)
        said, _ = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == 2 and "KeyboardInterrupt" in said, said
    assert not alive(int((folder / "begun").read_text()))
