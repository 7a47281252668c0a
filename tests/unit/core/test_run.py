# SPDX-License-Identifier: GPL-2.0-or-later
"""The bounded runner, against real children that misbehave."""

import os
import signal
import stat
import subprocess
import sys
import threading
import time

import psutil
import pytest

from dualstor.errors import ToolHung, ToolMissing
from dualstor.host import run
from dualstor.host.run import Completed
from sourcetree import TREE


@pytest.fixture(params=["without threads", "with threads"])
def program(tmp_path, request):
    """A function that puts a shell script on a PATH of its own and runs it.

    In this process as it is, and in one with another thread, which must not fork by itself.
    """
    over = threading.Event()
    if request.param == "with threads":
        threading.Thread(target=over.wait, daemon=True).start()
    yield _maker(tmp_path)
    over.set()


def _maker(tmp_path):
    def make(body, timeout=10, mode=0o755, head="#!/bin/sh\n", **kwargs):
        path = tmp_path / "tool"
        path.write_text(head + body)
        path.chmod(mode)
        return run.run(("tool", "arg"), timeout, path=(str(tmp_path), "/bin", "/usr/bin"), **kwargs)
    return make


def descendants():
    """Pids of our children and theirs that still run."""
    return {c.pid for c in psutil.Process().children(recursive=True)
            if c.status() != psutil.STATUS_ZOMBIE}


@pytest.fixture
def others():
    """Children of this process that were there before the test, as a lab that is up has them."""
    return descendants()


def test_streams_are_apart_and_the_code_is_told(program):
    done = program("echo out; echo err >&2; exit 5")
    assert (done.returncode, done.stdout, done.stderr) == (5, "out\n", "err\n")
    assert not done.ok and done.complaint() == "err (exit code 5)"


ANSWER = """\
<pacemaker-result api-version="2.25" request="stonith_admin --history * --output-as=xml">
  <status code="102" message="Not connected">%s</status>
</pacemaker-result>
"""
ERRORS = "<errors><error>first</error><error>Could not\n connect to &lt;fencer&gt;</error></errors>"


@pytest.mark.parametrize("stdout, stderr, says", [
    (ANSWER % ERRORS, "", "Could not connect to <fencer>"),
    (ANSWER % "", "", "Not connected"),
    ("noise\n" + ANSWER % ERRORS, " \n", "Could not connect to <fencer>"),
    (ANSWER % ERRORS, "out of memory\n", "out of memory"),
    (ANSWER[:90], "", "<pacemaker-result api-version=\"2.25\" request=\"stonith_admin --history * "
                      "--output-as=xml\">"),
    ("one\ntwo\n", "", "two")])
def test_of_an_answer_in_xml_the_error_in_it_is_shown(stdout, stderr, says):
    done = Completed(argv=("stonith_admin",), returncode=102, stdout=stdout, stderr=stderr)
    assert done.complaint() == says + " (exit code 102)"


def test_the_environment_is_clean_and_the_locale_is_c(program, monkeypatch):
    monkeypatch.setenv("LVM_SYSTEM_DIR", "/elsewhere")
    monkeypatch.setenv("LC_ALL", "de_DE.UTF-8")
    lines = program("env; pwd; cat", environment={"OCF_RESOURCE_INSTANCE": "x"}).stdout.split("\n")
    assert "LC_ALL=C" in lines and "OCF_RESOURCE_INSTANCE=x" in lines and "/" in lines
    assert not [line for line in lines if line.startswith("LVM_SYSTEM_DIR")]


def test_arguments_never_meet_a_shell(tmp_path):
    hostile = f"$(touch {tmp_path}/pwned); `id` 'x\" *"
    assert run.run(("echo", hostile), 10).stdout == hostile + "\n"
    assert not (tmp_path / "pwned").exists()


def test_a_signal_is_told(program):
    done = program("kill -SEGV $$")
    assert done.returncode == -signal.SIGSEGV and done.outcome == "killed by signal 11"


def test_bytes_that_are_not_utf8_are_kept_readable(program):
    assert program(r"printf 'a\377b'").stdout == "a\\xffb"


def test_a_flood_is_bounded(program):
    done = program("head -c 50000000 /dev/zero; echo late >&2")
    assert len(done.stdout) == run.OUTPUT_LIMIT and done.truncated
    assert done.stderr == "late\n" and done.ok


def test_a_sink_gets_all_of_it(program):
    got = []
    done = program(f"head -c {run.OUTPUT_LIMIT + 12345} /dev/zero; echo err >&2",
                   sink=lambda data: got.append(len(data)))
    assert sum(got) == run.OUTPUT_LIMIT + 12345
    assert done.ok and done.stdout == "" and done.stderr == "err\n" and not done.truncated


def test_a_hung_command_is_ended(program, others):
    with pytest.raises(ToolHung) as caught:
        program("echo some; exec sleep 1000", timeout=0.3)
    assert "tool arg: no answer in" in str(caught.value) and not caught.value.abandoned
    assert descendants() == others


def test_one_that_ignores_sigterm_is_killed_with_its_children(program, others):
    with pytest.raises(ToolHung):
        program("trap '' TERM; sleep 1000 & wait; sleep 1000", timeout=0.3)
    assert descendants() == others


def test_a_grandchild_that_keeps_the_pipes_does_not_delay(program, tmp_path):
    began = time.monotonic()
    done = program("sleep 1000 & echo $! ; exit 3", timeout=60)
    grandchild = int(done.stdout)
    try:
        assert done.returncode == 3
        assert psutil.pid_exists(grandchild), "a daemon that a command starts must live on"
        assert time.monotonic() - began < 60
    finally:
        os.kill(grandchild, signal.SIGKILL)


def test_one_that_closes_its_output_and_stays_is_ended_too(program, others):
    with pytest.raises(ToolHung):
        program("exec sleep 1000 >&- 2>&-", timeout=0.3)
    assert descendants() == others


def test_a_child_that_cannot_be_killed_is_abandoned(program, monkeypatch):
    """State D cannot be had on demand: signals are kept from the child instead."""
    sent = []
    monkeypatch.setattr(run, "_signal_group", lambda child, number: sent.append((child, number)))
    monkeypatch.setattr(run, "_state", lambda pid: "D")
    with pytest.raises(ToolHung) as caught:
        program("exec sleep 1000", timeout=0.2)
    monkeypatch.undo()
    child = sent[0][0]
    os.kill(child.pid, signal.SIGKILL)
    os.waitpid(child.pid, 0)
    assert caught.value.abandoned and "state D" in str(caught.value)
    assert [number for _, number in sent[:2]] == [signal.SIGTERM, signal.SIGKILL]


def test_a_missing_program_is_its_own_error():
    with pytest.raises(ToolMissing) as caught:
        run.run(("no-such-tool", "x"), 5)
    assert "no-such-tool" in str(caught.value) and caught.value.code == 5


def test_ocf_tester_can_make_every_program_missing(monkeypatch):
    monkeypatch.setenv("OCF_TESTER_FAIL_HAVE_BINARY", "1")
    with pytest.raises(ToolMissing):
        run.run(("true",), 5)


@pytest.mark.parametrize("mode, head", [(0o644, "#!/bin/sh\n"), (0o755, "#!/no/such/shell\n")])
def test_one_that_cannot_be_executed_too(program, mode, head):
    with pytest.raises(ToolMissing):
        program("true", mode=mode, head=head)


def test_an_exec_format_error_too(tmp_path):
    path = tmp_path / "tool"
    path.write_bytes(b"\x7fELF not really")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    with pytest.raises(ToolMissing) as caught:
        run.run(("tool",), 5, path=(str(tmp_path),))
    assert "cannot be executed" in str(caught.value)


def test_nothing_is_left_open(program):
    before = set(os.listdir("/proc/self/fd"))
    for _ in range(3):
        program("echo x")
        with pytest.raises(ToolHung):
            program("exec sleep 1000", timeout=0.1)
    assert set(os.listdir("/proc/self/fd")) == before


def test_an_interruption_ends_the_child(program, monkeypatch, others):
    class Interrupted(Exception):
        pass

    def interrupt(*_):
        raise Interrupted
    monkeypatch.setattr(run, "_collect", interrupt)
    with pytest.raises(Interrupted):
        program("exec sleep 1000")
    assert descendants() == others


def test_what_a_command_reads_is_in_a_pipe_before_it_starts():
    """Nobody waits for one that does not read it, and it has an end."""
    data = b"line\n" * 4000
    assert run.run(("wc", "-c"), 10.0, data=data).stdout.split() == [str(len(data))]
    assert run.run(("true",), 10.0, data=data).ok


def test_more_than_a_pipe_holds_is_refused():
    before = len(os.listdir("/proc/self/fd"))
    with pytest.raises(OSError, match="File too large"):
        run.run(("cat",), 10.0, data=b"x" * (4 << 20))
    assert len(os.listdir("/proc/self/fd")) == before


@pytest.mark.parametrize("threads", [False, True])
@pytest.mark.parametrize("closed", ["", "<&- >&- 2>&-"])
def test_a_child_gets_its_three_streams_and_no_other_descriptor(tmp_path, threads, closed):
    """Also where we were started without any, and with one that every program inherits; SIGPIPE is as usual."""
    script = tmp_path / "script.py"
    script.write_text(f"""
import sys, os
sys.path[:0] = [{os.path.join(TREE, "lib")!r}]
import _thread, time
os.set_inheritable(os.open("/etc/passwd", os.O_RDONLY), True)
if {threads}:
    _thread.start_new_thread(time.sleep, (60,))
    while not _thread._count(): time.sleep(0.01)
from dualstor.host import run
told = run.run(("sh", "-c", "ls -l /proc/$$/fd; grep SigIgn /proc/$$/status; echo said >&2; pwd"), 20)
with open({str(tmp_path / "told")!r}, "w") as stream:
    stream.write(repr((told.returncode, told.stdout, told.stderr, "subprocess" in sys.modules)))
""")
    subprocess.run(["sh", "-c", f"exec {sys.executable} -IS {script} {closed}"], check=True)
    code, out, err, used = eval((tmp_path / "told").read_text())
    assert (code, err, used) == (0, "said\n", threads)
    *listed, ignored, folder = out.splitlines()
    places = dict(line.rpartition(" -> ")[0].split()[-1:] + [line.rpartition(" -> ")[2]] for line in listed if "->" in line)
    assert places.pop("0") == "/dev/null" and {name for name in places if name in "12"} == {"1", "2"}
    assert all(target.startswith("pipe:") for target in places.values()) and len(places) == 2, places
    assert int(ignored.split()[1], 16) & 1 << signal.SIGPIPE - 1 == 0 and folder == "/"


def test_what_cannot_be_started_is_told_also_where_sigchld_is_ignored(tmp_path):
    (tmp_path / "tool").write_text("no program")
    (tmp_path / "tool").chmod(0o755)
    before = signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    try:
        with pytest.raises(ToolMissing, match="Exec format error"):
            run.run((str(tmp_path / "tool"),), 10)
    finally:
        signal.signal(signal.SIGCHLD, before)
