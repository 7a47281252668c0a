# SPDX-License-Identifier: GPL-2.0-or-later
"""What `python -m bench lab-scale` makes of the kernel's process accounting."""

import os
import sys

import pytest

from sourcetree import TREE

sys.path[:0] = [TREE, os.path.join(TREE, "bench")]

from bench import report  # noqa: E402
from bench.guest_monitors import records, summed  # noqa: E402

EXECUTOR = 100
AGENTS = ("drbd-dualprimary", "clustered-vg")


def record(name, pid, parent, user, system, version=3):
    """An acct_v3 of acct(5); times are the kernel's comp_t."""
    return (bytes([0, version]) + b"\0" * 14 + pid.to_bytes(4, "little")
            + parent.to_bytes(4, "little") + b"\0" * 8 + user.to_bytes(2, "little")
            + system.to_bytes(2, "little") + b"\0" * 12 + name.encode().ljust(16, b"\0"))


def test_records_tell_names_processes_and_cpu():
    data = record("drbd-dualprimar", 7, EXECUTOR, 12, 3) + record("vgs", 8, 7, 1 << 13 | 100, 0)
    assert list(records(data)) == [("drbd-dualprimar", 7, EXECUTOR, 0.15), ("vgs", 8, 7, 8.0)]


def test_records_of_another_form_are_not_guessed_at():
    with pytest.raises(ValueError):
        list(records(record("vgs", 7, 8, 1, 1, version=2)))


def test_a_run_is_counted_with_all_that_it_started():
    found = summed([
        ("drbd-dualprimar", 10, EXECUTOR, 0.1),
        ("lvmlockctl", 13, 11, 0.01), ("sh", 15, 14, 0.02), ("vgs", 14, 11, 0.3),
        ("clustered-vg", 16, 11, 0.04),     # a child that was not to be a program
        ("clustered-vg", 12, EXECUTOR, 0.1),
        ("crond", 30, 1, 5.0),
        ("clustered-vg", 11, EXECUTOR, 0.2),
        ("clustered-vg", 31, 1, 9.0)], AGENTS, EXECUTOR)
    assert found["drbd-dualprimary"] == {"runs": 1, "full": 0, "children": 0, "cpu": 0.1}
    group = found["clustered-vg"]
    assert (group["runs"], group["full"], group["children"]) == (2, 1, 4)
    assert group["cpu"] == pytest.approx(0.67)


def window(seconds, unit, **agents):
    rows = {name: {"runs": runs, "full": 0, "children": 0, "cpu": cpu}
            for name, (runs, cpu) in agents.items()}
    return {"seconds": seconds, "busy": 0.0, "bare": [unit / 2, unit * 3 / 2], "agents": rows}


def test_a_minute_is_the_median_of_the_windows_in_units_that_a_busy_host_does_not_change():
    windows = [window(60, 0.1, a=(6, 0.6), b=(2, 0.2)), window(120, 0.4, a=(12, 4.8), b=(4, 1.6)),
               window(60, 0.1, a=(7, 9.0), b=(2, 0.2))]
    row = report.per_minute(windows)["together"]
    assert (row["runs"], row["pythons"]) == (8, pytest.approx(8.0))


def test_growth_is_of_what_each_resource_costs():
    def figures(cpu):
        return {"windows": [{"node1": window(60, 0.1, agent=(6, cpu))}]}
    lines = list(report.growth({"8": figures(9.6), "1": figures(1.0)}))
    together = [line.split()[-1] for line in lines if line.split()[:1] == ["together"]]
    assert together == ["1.00", "1.20"]
