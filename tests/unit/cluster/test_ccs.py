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


GENERAL = "tempfile:2: element cluster: Relax-NG validity error : Element cluster failed to " \
    "validate content"


@pytest.mark.parametrize("lines, told", [
    ((GENERAL, PROBLEM), PROBLEM), ((PROBLEM, GENERAL), PROBLEM),
    (("Relax-NG validity error : Extra element cman in interleave", GENERAL), GENERAL),
    # as cman 3.1.8 said it of an unknown device, and of a node without an id
    (('tempfile:9: element device: validity error : IDREF attribute name references an unknown ID '
      '"pacemaker"',) * 2, 'tempfile:9: element device: validity error : IDREF attribute name '
     'references an unknown ID "pacemaker"'),
    (("Relax-NG validity error : Extra element cman in interleave",),
     "Relax-NG validity error : Extra element cman in interleave")])
def test_what_says_only_that_something_is_wrong_comes_last(lines, told):
    seen = ccs.validate(PaperHost({"ccs_config_validate": (
        3, "\n".join(lines) + "\nConfiguration fails to validate\n", "")}))
    assert (seen.ok, seen.says) == (False, told)


@pytest.mark.parametrize("stdout, stderr, ok, says", [
    ("\n", "Unable to get the configuration\n", None,
     "Unable to get the configuration (exit code 255)"),
    # as cman 3.1.8 said them
    ("\n", 'I/O warning : failed to load external entity "/etc/cluster/cluster.conf"\n'
     "Unable to get the configuration\n", None,
     'I/O warning : failed to load external entity "/etc/cluster/cluster.conf"'),
    ("", "Invalid cluster name. It must be 15 characters or fewer\n \n"
     "Unable to get the configuration\n", False,
     "Invalid cluster name. It must be 15 characters or fewer"),
    ("", "Cannot find node name in cluster.conf \nUnable to get the configuration\n", False,
     "Cannot find node name in cluster.conf")])
def test_one_that_cannot_be_loaded_is_wrong_if_it_is_there(stdout, stderr, ok, says):
    seen = ccs.validate(PaperHost({"ccs_config_validate": (255, stdout, stderr)}))
    assert seen.ok is ok and seen.says == says


def test_a_cluster_without_it():
    with pytest.raises(ToolMissing):
        ccs.validate(PaperHost())
