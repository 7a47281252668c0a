# SPDX-License-Identifier: GPL-2.0-or-later
"""Processes as /proc shows them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dualstor.kernel import process
from dualstor.kernel.process import Process
from unit.cluster.helpers import PaperHost

BOOT = "/proc/sys/kernel/random/boot_id"


def stat(pid, comm="clvmd", state="S", threads=3, start=5000):
    fields = [state] + ["1"] * 16 + [str(threads), "0", str(start)] + ["0"] * 30
    return f"{pid} ({comm}) {' '.join(fields)}\n"


def machine(*processes, **links):
    """A PaperHost with (pid, stat text, executable or None) and further links."""
    files, found = {BOOT: "b00t\n", "/run/clvmd.pid": "10\n"}, {"/proc/self/ns/pid": "pid:[1]"}
    for pid, text, executable in processes:
        files[f"/proc/{pid}/stat"] = text
        if executable:
            found[f"/proc/{pid}/exe"] = executable
        found[f"/proc/{pid}/ns/pid"] = "pid:[1]"
    found.update(links.get("links", {}))
    return PaperHost(files=files, links=found)


def test_look():
    assert process.look(machine((10, stat(10), "/usr/sbin/clvmd")), 10) == Process(
        pid=10, start_time=5000, program="clvmd", state="S", threads=3)
    assert process.look(machine(), 10) is None


def test_its_parent():
    host = machine((10, stat(10, comm="a) b (c"), None), (11, "11 (cut", None))
    assert [process.parent(host, pid) for pid in (10, 11, 12)] == [1, None, None]


def test_an_updated_package_still_runs():
    host = machine((10, stat(10), "/usr/sbin/clvmd (deleted)"))
    assert process.look(host, 10).program == "clvmd"


def test_comm_where_the_executable_is_not_shown():
    host = machine((10, stat(10, "averylongprogra"), None))
    assert process.named(process.look(host, 10), ("averylongprogram",))


@pytest.mark.parametrize("state, threads, alive", [
    ("D", 3, True), ("Z", 1, False), ("Z", 2, True), ("X", 1, False), ("T", 1, True)])
def test_a_zombie_with_threads_in_the_kernel_is_not_over(state, threads, alive):
    host = machine((10, stat(10, state=state, threads=threads), None))
    assert process.look(host, 10).over is not alive


def test_running_leaves_out_containers_others_and_zombies():
    host = machine((30, stat(30, start=9), "/usr/sbin/clvmd"), (10, stat(10), "/usr/sbin/clvmd"),
                   (11, stat(11), "/usr/sbin/clvmd"), (12, stat(12), "/bin/bash"),
                   (13, stat(13, state="Z", threads=1), None),
                   links={"/proc/11/ns/pid": "pid:[2]"})
    assert [p.pid for p in process.running(host, "clvmd")] == [30, 10]
    assert [p.pid for p in process.running(host, "bash", "nosuch", "clvmd")] == [30, 10, 12]


@given(st.text(alphabet="()\\ ab1", max_size=15))
def test_any_comm_is_read(comm):
    assert process.parse_stat(stat(10, comm)) == (comm, "S", 3, 5000)


@given(st.text(max_size=60))
def test_foreign_stat_is_none(text):
    assert process.parse_stat(text) is None


def test_remembering_until_the_next_boot():
    host = machine((10, stat(10), "/usr/sbin/clvmd"))
    text = process.to_text(host, process.look(host, 10))
    again = process.from_text(host, text)
    assert (again.pid, again.start_time, again.program) == (10, 5000, "clvmd")
    assert process.from_text(PaperHost(files={BOOT: "other\n"}), text) is None
    assert process.from_text(host, None) is None and process.from_text(host, "x y z w") is None
