# SPDX-License-Identifier: GPL-2.0-or-later
"""The whole stack under Pacemaker with our agents: started, and crossed by LVs and data."""
import io

import pytest

from lablib import cib, demo

pytestmark = pytest.mark.lab


def running_on(seen, node):
    return {each.resource: each.role for each in seen.instances if each.node == node and each.active}


def test_everything_runs_on_both_nodes(whole):
    for node in whole.nodes:
        drbd = node.drbd()
        assert (drbd.connection, drbd.role, drbd.disk) == ("Connected", "Primary", "UpToDate")
        mine = running_on(node.cluster(), node.name)
        assert (mine["drbd"], mine["dlm"], mine["clvmd"], mine[cib.VG]) == ("Promoted", "Started", "Started", "Started")
        assert node.run(f"test -b /dev/{cib.VG}/lv0").rc == 0
    assert whole.node(1).cluster().failures == ()


def test_lvs_and_blocks_cross_in_both_directions(cluster):
    text = io.StringIO()
    demo.prove(cluster, demo.Paper(text))
    assert text.getvalue().count("ok  ") == 6
