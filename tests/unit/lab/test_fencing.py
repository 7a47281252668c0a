# SPDX-License-Identifier: GPL-2.0-or-later
"""fence_virt's serial protocol, and what the host's half does with a request."""
import struct

from hypothesis import given
from hypothesis import strategies as st

from lablib import fencelog, fencevirt, fencing


def request(operation, domain, sequence=1):
    return struct.pack("<4sBB64sI", fencevirt.MAGIC, operation, 0, domain.encode(), sequence)


def names(found):
    return [(each.name, each.domain) for each in found]


def test_a_request_is_74_bytes():
    assert fencevirt.REQUEST.size == 74
    found, rest = fencevirt.requests(request(fencevirt.OFF, "node2", 77))
    assert found == [(fencevirt.OFF, "off", "node2", 77)]
    assert rest == b""


@given(st.lists(st.tuples(st.sampled_from([1, 2, 4, 5, 6]), st.sampled_from(["node1", "node2", ""])), max_size=4), st.data())
def test_any_cut_of_the_stream_gives_the_same_requests(wanted, data):
    stream = b"".join(request(*each) for each in wanted)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=6)))
    found, buffer = [], b""
    for start, end in zip([0, *cuts], [*cuts, len(stream)]):
        some, buffer = fencevirt.requests(buffer + stream[start:end])
        found += some
    assert [(each.operation, each.domain) for each in found] == wanted


@given(st.binary(max_size=100).filter(lambda noise: b"b" not in noise and b"a" not in noise))
def test_noise_of_the_line_is_dropped(noise):
    found, _ = fencevirt.requests(noise + request(fencevirt.STATUS, "node1"))
    assert names(found) == [("status", "node1")]


def test_the_list_ends_with_an_empty_entry_and_success():
    answer = fencevirt.host_list([("node1", True), ("node2", False)])
    assert answer[:5] == fencevirt.MAGIC + b"\xfd"
    entries = [answer[5 + 130 * index :][:130] for index in range(3)]
    assert [entry[:5] for entry in entries[:2]] == [b"node1", b"node2"]
    assert [entry[128] for entry in entries[:2]] == [1, 0]
    assert entries[2] == bytes(130)
    assert answer[5 + 390 :] == fencevirt.response(fencevirt.SUCCESS)


class Machine:
    def __init__(self, runs):
        self.runs = runs

    def alive(self):
        return self.runs

    def kill(self):
        was, self.runs = self.runs, False
        return 4711 if was else None


def make(tmp_path, **more):
    machines = {"node1": Machine(True), "node2": Machine(True)}
    return machines, fencing.Fencer(machines, tmp_path / fencelog.LOG, **more)


def ask(fencer, operation, domain):
    (found,), _ = fencevirt.requests(request(operation, domain))
    return fencer.answer("node1", found)


def test_off_kills_the_named_machine_only_and_is_written_down(tmp_path):
    machines, fencer = make(tmp_path)
    assert ask(fencer, fencevirt.OFF, "node2") == fencevirt.response(fencevirt.SUCCESS)
    assert (machines["node1"].runs, machines["node2"].runs) == (True, False)
    (event,) = fencelog.events(tmp_path)
    assert (event["by"], event["target"], event["operation"], event["killed"]) == ("node1", "node2", "off", True)


def test_off_of_a_machine_that_is_off_succeeds_and_says_so_in_the_log(tmp_path):
    _, fencer = make(tmp_path)
    ask(fencer, fencevirt.OFF, "node2")
    assert ask(fencer, fencevirt.OFF, "node2") == fencevirt.response(fencevirt.SUCCESS)
    assert [event["killed"] for event in fencelog.events(tmp_path)] == [True, False]


def test_nothing_is_ever_switched_on_by_a_request(tmp_path):
    machines, fencer = make(tmp_path)
    ask(fencer, fencevirt.REBOOT, "node2")
    ask(fencer, fencevirt.ON, "node2")
    assert not machines["node2"].runs


def test_status_tells_on_from_off(tmp_path):
    _, fencer = make(tmp_path)
    assert ask(fencer, fencevirt.STATUS, "node2") == fencevirt.response(fencevirt.SUCCESS)
    ask(fencer, fencevirt.OFF, "node2")
    assert ask(fencer, fencevirt.STATUS, "node2") == fencevirt.response(fencevirt.IS_OFF)


def test_an_unknown_machine_or_operation_fails_and_kills_nobody(tmp_path):
    machines, fencer = make(tmp_path)
    for operation, domain in ((fencevirt.OFF, "node3"), (fencevirt.OFF, ""), (0, "node2"), (99, "node2")):
        assert ask(fencer, operation, domain) == fencevirt.response(fencevirt.FAIL)
    assert all(machine.runs for machine in machines.values())
    assert fencelog.events(tmp_path) == []


def test_a_restart_is_put_off_by_each_further_request(tmp_path):
    started = []
    _, fencer = make(tmp_path, restart=started.append, delay=3600)
    ask(fencer, fencevirt.REBOOT, "node2")
    first = fencer.timers["node2"]
    ask(fencer, fencevirt.OFF, "node2")
    second = fencer.timers["node2"]
    assert first is not second and first.finished.is_set() and not second.finished.is_set()
    second.cancel()
    assert started == []


def test_a_device_refuses_is_slow_or_works_the_second_time(tmp_path):
    slept = []
    machines, fencer = make(tmp_path, sleep=slept.append)
    fencelog.set_mode(tmp_path, fencelog.REFUSES)
    for _ in range(3):
        assert ask(fencer, fencevirt.OFF, "node2") == fencevirt.response(fencevirt.FAIL)
    fencelog.set_mode(tmp_path, fencelog.SECOND)
    fencer.refused.clear()
    assert ask(fencer, fencevirt.OFF, "node2") == fencevirt.response(fencevirt.FAIL)
    assert ask(fencer, fencevirt.OFF, "node1") == fencevirt.response(fencevirt.FAIL)
    assert ask(fencer, fencevirt.OFF, "node2") == fencevirt.response(fencevirt.SUCCESS)
    assert (machines["node1"].runs, machines["node2"].runs) == (True, False) and not slept
    fencelog.set_mode(tmp_path, fencelog.SLOW)
    assert ask(fencer, fencevirt.OFF, "node1") == fencevirt.response(fencevirt.SUCCESS)
    assert slept == [fencelog.SECONDS] and not machines["node1"].runs
    assert [event["killed"] for event in fencelog.events(tmp_path)] == [False] * 5 + [True, True]
