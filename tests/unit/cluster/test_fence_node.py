# SPDX-License-Identifier: GPL-2.0-or-later
"""cman's request to fence a node: by exit code, whose words differ between its versions."""

import pytest

from dualstor.errors import ToolFailed, ToolHung, ToolMissing
from dualstor.tools import fence_node

from .helpers import HANGS, PaperHost


def fence(answer):
    host = PaperHost({"fence_node node2": answer})
    fenced = fence_node.fence(host, "node2", 30.0)
    assert host.calls == [(("fence_node", "node2"), 30.0, None)]
    return fenced


@pytest.mark.parametrize("text", ["fence node2 success\n", 'Fence of "node2" was successful\n', ""])
def test_a_node_is_fenced(text):
    assert fence((0, "", text)) is True


def test_a_node_without_a_device_in_cluster_conf():
    assert fence((2, "", "fence node2 undefined\n")) is False


def test_a_node_that_was_not_fenced():
    with pytest.raises(ToolFailed, match="fence node2 failed"):
        fence((1, "", "fence node2 failed\n"))
    with pytest.raises(ToolHung):
        fence(HANGS)
    with pytest.raises(ToolMissing):
        fence_node.fence(PaperHost(), "node2")
