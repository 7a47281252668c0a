# SPDX-License-Identifier: GPL-2.0-or-later
"""group_tool, of cman 3 and in the compatibility mode with cman 2."""

import pytest

from dualstor.errors import ParseError
from dualstor.tools import cman, group_tool
from unit.cluster.helpers import PaperHost, golden

NO_GFS = "sh: 1: gfs_control: not found\n"


def test_fence_domain_and_lockspaces():
    host = PaperHost({"group_tool ls": (0, golden("group-tool-3.2.txt"), NO_GFS),
                      "cman_tool services": (0, golden("group-tool-3.2.txt"), NO_GFS)})
    seen = group_tool.ls(host)
    assert seen.domain.master == 2 and seen.domain.members == (1, 2)
    assert [space.name for space in seen.lockspaces] == ["clvmd"] and seen.groups == ()
    assert cman.services(host) == seen


def test_daemons_that_do_not_run_leave_nothing():
    assert group_tool.ls(PaperHost({"group_tool ls": (0, "", NO_GFS)})) == group_tool.Groups()


def test_gfs_is_kept_as_it_is():
    seen = group_tool.parse(golden("group-tool-3.2.txt")
                            + "gfs mountgroups\nname          data\nid            0x1\n")
    assert seen.mounts == ("name          data", "id            0x1")


def test_compatibility_mode():
    seen = group_tool.parse(golden("group-tool-compat.txt"))
    assert seen.mode == 1 and seen.domain is None
    assert [(g.type, g.level, g.name, g.id, g.state, g.members) for g in seen.groups] == [
        ("fence", 0, "default", "00010001", "none", (1, 2)),
        ("dlm", 1, "clvmd", "00020001", "FAIL_STOP_WAIT", (1, 2))]
    assert group_tool.parse("groupd compatibility mode 2 (pending)\n").mode == 2


@pytest.mark.parametrize("text", ["what is this\n", "[1 2]\n", "groupd compatibility mode x\n",
                                  "fence domain\nmember count  2\n"])
def test_foreign_output_is_refused(text):
    with pytest.raises(ParseError):
        group_tool.parse(text)
