# SPDX-License-Identifier: GPL-2.0-or-later
"""Without lxml: one sentence instead of a traceback, and what does not need it works."""

import os
import subprocess
import sys

import pytest

LIBRARY = os.path.abspath(os.path.join(os.path.dirname(__file__), *[os.pardir] * 3, "lib"))
_WITHOUT = """import sys
sys.modules["lxml"] = None
sys.path.insert(0, {!r})
from dualstor.command.main import main
sys.exit(main(sys.argv[1:]))
"""


def without_lxml(*words):
    return subprocess.run([sys.executable, "-I", "-c", _WITHOUT.format(LIBRARY), *words],
                          capture_output=True, text=True, check=False, cwd="/")


@pytest.mark.parametrize("words", [
    ("check",), ("check", "--peer", "node2"), ("check", "--json"), ("configure", "--apply"),
    ("configure", "--help")])
def test_what_needs_lxml_says_which_package_to_install(words):
    done = without_lxml(*words)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (f"dualstor: `dualstor {words[0]}` needs lxml for Python: install the "
                           "package python3-lxml\n")


@pytest.mark.parametrize("words, code", [
    (("--version",), 0), (("status", "--help"), 0), (("install-agents", "--help"), 0),
    (("completion", "bash"), 0), ((), 2), (("--help",), 0), (("nonsense",), 2)])
def test_the_rest_works_without(words, code):
    done = without_lxml(*words)
    assert done.returncode == code and "Traceback" not in done.stderr, done.stderr


def test_the_help_shows_what_cannot_run():
    text = without_lxml("--help").stdout
    assert text.count("needs lxml for Python") == 2 and "status" in text
