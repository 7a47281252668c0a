# SPDX-License-Identifier: GPL-2.0-or-later
"""The command's frame: parser, console, completion, manual."""

import io
import json
import os
import subprocess
import sys

import pytest

from dualstor.command import codes, completion, interface, main
from dualstor.command.console import Console
from dualstor.command.documents import man
from dualstor.errors import DualstorError

TREE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(__file__))))


def offered():
    """(sub-command, option name) of all that the parser takes."""
    return [(sub.name, name) for sub in interface.subcommands(main.build_parser())
            for option in sub.options for name in option.names]


def test_sub_commands_are_those_that_are_there():
    names = [name for name, _ in main.subcommands()]
    assert "check" in names and "completion" in names
    assert set(names) <= {name for name, _ in main.SUBCOMMANDS}


def test_without_a_sub_command_it_says_how_it_is_used():
    said = io.StringIO()
    assert main.main([], io.StringIO(), said) == codes.ExitStatus.USAGE
    assert "usage: dualstor" in said.getvalue()


def test_the_help_documents_every_exit_code():
    text = main.build_parser().format_help()
    assert all(code.meaning in text for code in codes.ExitStatus)


def test_it_runs_from_the_working_tree():
    program = os.path.join(TREE, "bin", "dualstor")
    done = subprocess.run([sys.executable, "-I", program, "--version"],
                          capture_output=True, text=True, check=True, cwd="/")
    assert done.stdout.startswith("dualstor ")


def test_the_manual_in_the_tree_is_the_rendered_one():
    with open(os.path.join(TREE, "docs", "man", "dualstor.8"), encoding="utf-8") as stream:
        assert stream.read() == man.render(), "run: make docs"


def test_made_documents_are_written(tmp_path):
    from dualstor.command.documents import pages
    assert pages.main(["pages", str(tmp_path)]) == 0
    for name in pages.PAGES:
        with open(os.path.join(TREE, name), encoding="utf-8") as stream:
            made = (tmp_path / name).read_text(encoding="utf-8")
            assert made == stream.read(), f"{name} is stale: run `make docs`"
    assert (tmp_path / "docs" / "man" / "dualstor.8").read_text(encoding="utf-8") == man.render()
    assert pages.main(["pages"]) == 2


@pytest.mark.parametrize("problem, code", [
    (DualstorError("the disk is gone"), codes.ExitStatus.ERROR),
    (KeyboardInterrupt(), codes.ExitStatus.INTERRUPTED),
])
def test_what_ends_a_sub_command_is_told_in_one_line(monkeypatch, problem, code):
    def end(arguments, console):
        raise problem
    monkeypatch.setattr(completion, "run", end)
    said = io.StringIO()
    assert main.main(["completion", "bash"], io.StringIO(), said) == code
    assert said.getvalue() == (f"dualstor: {problem}\n" if str(problem) else "")


def test_a_reader_that_goes_away_is_no_trouble():
    done = subprocess.run(
        ["sh", "-c", "{} {} completion bash | true".format(sys.executable, os.path.join(
            TREE, "bin", "dualstor"))], capture_output=True, text=True, check=True)
    assert "Traceback" not in done.stderr


def test_the_manual_names_every_option_and_exit_code():
    page = man.render()
    assert all(name.replace("-", "\\-") in page for _, name in offered())
    assert all(f"\\fB{code:d}\\fR" in page for code in codes.ExitStatus)


@pytest.mark.parametrize("shell", sorted(completion.SHELLS))
def test_completion_offers_every_option(shell):
    script = completion.SHELLS[shell](main.build_parser())
    for sub, name in offered():
        spelled = {"fish": "-{} {}".format("l" if name.startswith("--") else "s", name.lstrip("-"))}
        assert spelled.get(shell, name) in script
        assert sub in script


@pytest.mark.parametrize("words, expected", [
    (["dualstor", "comp"], ["completion"]),
    (["dualstor", "check", "--js"], ["--json"]),
    (["dualstor", "check", "--color", "n"], ["never"]),
    (["dualstor", "completion", "f"], ["fish"]),
])
def test_bash_completes(words, expected):
    script = completion.SHELLS["bash"](main.build_parser()) + (
        f"COMP_WORDS=({' '.join(words)}); COMP_CWORD={len(words) - 1}; _dualstor; "
        "printf '%s\\n' \"${COMPREPLY[@]}\"\n")
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.split() == expected


def test_json_leaves_nothing_else_on_stdout():
    out = io.StringIO()
    console = Console(out, io.StringIO(), "status", as_json=True)
    console.heading("a title")
    console.table(("a", "b"), [("1", "2")])
    console.progress("sync", 0.5)
    console.document({"answer": 42})
    assert json.loads(out.getvalue()) == {"schema": "dualstor.status/1", "answer": 42}


@pytest.mark.parametrize("color", ["never", "always"])
def test_a_table_shows_every_cell(color):
    out = io.StringIO()
    console = Console(out, io.StringIO(), "check", color=color)
    console.table(("node", "role"), [("node1", "Primary"), ("node2", "[Secondary]")],
                  ("good", "error"))
    for word in ("node", "role", "node1", "Primary", "node2", "[Secondary]"):
        assert word in out.getvalue()
    assert ("\x1b[" in out.getvalue()) == (color == "always")


def test_plain_text_where_rich_is_not_installed(monkeypatch):
    monkeypatch.setitem(sys.modules, "rich.console", None)
    out = io.StringIO()
    Console(out, io.StringIO(), "check", color="always").line("all is well", "good")
    assert out.getvalue() == "all is well\n"


def test_a_terminal_that_knows_ascii_only_gets_ascii():
    out = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    Console(out, io.StringIO(), "check").line("node ü")
    out.seek(0)
    assert out.read() == "node \\xfc\n"


def test_nobody_is_asked_where_nobody_can_answer():
    assert Console(io.StringIO(), io.StringIO(), "configure").confirm("go on?") is False
