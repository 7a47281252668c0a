# SPDX-License-Identifier: GPL-2.0-or-later
"""The page of the lab's long tests."""

import longrun


def test_new_results_take_the_place_of_old_ones():
    page = longrun.page("", {"tests/lab/test_b.py::b[x]": ("passed", 90), "tests/lab/test_a.py::a": ("failed", 6)},
                        "2026-01-01")
    assert [cells[1:] for cells in longrun.rows(page).values()] == [
        ["failed", "0.1", "2026-01-01"], ["passed", "1.5", "2026-01-01"]]
    page = longrun.page(page, {"tests/lab/test_a.py::a": ("passed", 120)}, "2026-02-02")
    assert longrun.rows(page)["`tests/lab/test_a.py::a`"][1:] == ["passed", "2.0", "2026-02-02"]
    assert longrun.rows(page)["`tests/lab/test_b.py::b[x]`"][3] == "2026-01-01"
    assert page.count("# Long tests") == 1
