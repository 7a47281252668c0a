# SPDX-License-Identifier: GPL-2.0-or-later
"""ccs_config_validate: what its exit codes and lines mean."""

import pytest

from dualstor.errors import ToolMissing
from dualstor.tools import ccs
from unit.cluster.helpers import PaperHost

PROBLEM = "tempfile:5: element fencedevice: Relax-NG validity error : Invalid attribute x"


def test_valid():
    host = PaperHost({"ccs_config_validate": "Configuration validates\n"})
    assert ccs.validate(host) == ccs.Validation(ok=True)
    assert ccs.validate(host, "/tmp/new.conf").ok
    assert host.lines == ["ccs_config_validate", "ccs_config_validate -f /tmp/new.conf"]


def test_invalid():
    seen = ccs.validate(PaperHost({"ccs_config_validate": (
        3, PROBLEM + "\nConfiguration fails to validate\n", "")}))
    assert seen == ccs.Validation(ok=False, problems=(PROBLEM,), says=PROBLEM)


def test_of_several_lines_the_one_that_names_a_place_is_told():
    """The first is the least telling one of xmllint's."""
    lines = ("Relax-NG validity error : Extra element cman in interleave", PROBLEM)
    seen = ccs.validate(PaperHost({"ccs_config_validate": (
        3, "\n".join(lines) + "\nConfiguration fails to validate\n", "")}))
    assert (seen.problems, seen.says) == (lines, PROBLEM)


def test_not_checked_at_all():
    seen = ccs.validate(PaperHost({"ccs_config_validate": (
        255, "\n", "Unable to get the configuration\n")}))
    assert seen.ok is None and "Unable to get the configuration" in seen.says


def test_a_cluster_without_it():
    with pytest.raises(ToolMissing):
        ccs.validate(PaperHost())
