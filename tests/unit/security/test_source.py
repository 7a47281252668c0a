# SPDX-License-Identifier: GPL-2.0-or-later
"""Rules for the shipped source: no shell, no code from data, one place that starts processes."""

import ast
import os

import pytest

from sourcetree import SHIPPED, TREE, parsed

#: Starts programs, for the runner.
STARTER = "lib/dualstor/host/spawn.py"

#: What those may that no other may: copy this process, to start a program or to begin it again.
COPYING = dict.fromkeys((STARTER, "lib/dualstor/host/offspring.py"), ["posix.execve", "posix.fork"])

#: Calls that run a shell or a program, or make code of data.
FORBIDDEN_NAMES = {"eval", "exec", "compile", "__import__", "input"}
FORBIDDEN_ATTRIBUTES = {
    "os": {"system", "popen", "fork", "forkpty", "posix_spawn", "posix_spawnp", "startfile"}
    | {kind + how for kind in ("exec", "spawn")
       for how in ("l", "le", "lp", "lpe", "v", "ve", "vp", "vpe")},
    "subprocess": {"getoutput", "getstatusoutput", "call", "check_call", "check_output", "run"},
}
FORBIDDEN_ATTRIBUTES["posix"] = FORBIDDEN_ATTRIBUTES["os"]
FORBIDDEN_MODULES = {"pty", "commands", "popen2", "pickle", "marshal", "shelve", "ctypes", "cffi",
                     "multiprocessing", "asyncio", "tempfile", "urllib", "http", "ftplib"}

#: The wall clock may jump; deadlines and waits are on the monotonic one.
WALL_CLOCK = {"time": {"time", "time_ns", "localtime", "gmtime", "ctime"},
              "datetime": {"now", "utcnow", "today"}}

#: What says when it was: that is a time of the wall clock.
STAMPS = {"lib/dualstor/command/metrics/command.py": {"time.time"}}


def attributes(tree):
    """(name, attribute, line) of every NAME.ATTRIBUTE."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            yield node.value.id, node.attr, node.lineno


def modules(tree):
    """Names of all modules imported, and of what is taken out of them."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name, None
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                yield node.module or "", alias.name


def offences(tree, starter=False):
    """What breaks the rules, as a list of text."""
    found = []
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        if isinstance(node.func, ast.Name) and node.func.id in FORBIDDEN_NAMES:
            found.append(node.func.id)
        for word in node.keywords:
            if word.arg == "shell" or (word.arg is None and starter):
                found.append("shell=")
            if word.arg == "preexec_fn":
                found.append("preexec_fn=")
    for name, attribute, _ in attributes(tree):
        if attribute in FORBIDDEN_ATTRIBUTES.get(name, ()):
            found.append(f"{name}.{attribute}")
    for module, taken in modules(tree):
        if module.partition(".")[0] in FORBIDDEN_MODULES:
            found.append(module)
        if taken in FORBIDDEN_ATTRIBUTES.get(module, ()):
            found.append(f"{module}.{taken}")
        if module == "subprocess" and not starter:
            found.append("subprocess")
    return found


@pytest.mark.parametrize("path", SHIPPED)
def test_no_shell_and_no_code_from_data(path):
    assert sorted(offences(parsed(path), path == STARTER)) == COPYING.get(path, [])


@pytest.mark.parametrize("path", SHIPPED)
def test_the_wall_clock_is_not_asked(path):
    tree = parsed(path)
    asked = {f"{n}.{a}" for n, a, _ in attributes(tree) if a in WALL_CLOCK.get(n, ())}
    asked |= {f"{m}.{t}" for m, t in modules(tree) if t in WALL_CLOCK.get(m, ())}
    assert asked == STAMPS.get(path, set())


@pytest.mark.parametrize("line, offence", [
    ("import os\nos.system('x')", "os.system"), ("os.popen('x')", "os.popen"),
    ("from os import execvp", "os.execvp"), ("import subprocess", "subprocess"),
    ("f('x', shell=True)", "shell="), ("f('x', shell=flag)", "shell="), ("eval('1')", "eval"),
    ("exec(text)", "exec"), ("import pickle", "pickle"), ("os.fork()", "os.fork")])
def test_an_offence_is_found(line, offence):
    assert offence in offences(ast.parse(line))


def test_a_program_gets_an_argument_list_and_an_environment_made_of_nothing():
    """Without shell, with env= and close_fds by default; tests/unit/core/test_run.py holds a fork to the same."""
    (call,) = [n for n in ast.walk(parsed(STARTER)) if isinstance(n, ast.Call)
               and isinstance(n.func, ast.Attribute) and n.func.attr == "Popen"]
    words = {k.arg for k in call.keywords}
    assert {"env", "cwd", "stdin", "executable", "start_new_session"} <= words
    assert not words & {"shell", "close_fds", "pass_fds", "preexec_fn"}


@pytest.mark.parametrize("path", [p for p in SHIPPED if p.startswith(("ocf/", "alerts/"))])
def test_agents_start_isolated(path):
    """-I ignores PYTHON* variables, the working folder and the user's site; -S all sites."""
    with open(os.path.join(TREE, path), encoding="ascii") as stream:
        assert stream.readline() == "#!/usr/bin/python3 -IS\n"
