# SPDX-License-Identifier: GPL-2.0-or-later
"""dlm: what dlm_tool says, what dlm waits for, and the kernel's own side."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dualstor.errors import ParseError, ToolFailed
from dualstor.kernel import dlm
from dualstor.tools import dlm_tool
from unit.cluster.helpers import HANGS, PaperHost, golden

BOTH = golden("dlm-status-both.txt")
FENCING = BOTH.replace("fence_pid 0", "fence_pid 4711").replace(
    "node 1 M", "fence 2 nodedown pid 4711 actor 1 fail 1795494794 fence 0 now 1795494796\n"
    "node 1 M").replace("node 2 M add 21 rem 0 fail 0", "node 2 X add 21 rem 60 fail 60")
DOWN = (0, golden("dlm-status-down.txt"), "")


def spaces(name):
    return dlm_tool.parse_ls(golden(name))


def test_ls_with_nodes():
    found = spaces("dlm-ls-n-4.2.txt")
    assert [s.name for s in found] == ["gfs", "lvm_vg0", "lvm_global"]
    assert found[2].id == 0x12aabd2d and found[1].members == (1, 2)
    assert not any(s.stopped or s.flags or s.rest for s in found)
    assert found[0].nodes[1] == dlm_tool.LockspaceNode(
        id=2, member=True, failed=False, check="none")


@pytest.mark.parametrize("name, waits, members, new", [
    ("dlm-ls-fencing-3.1.txt", "fencing", (1, 2), (1,)),
    ("dlm-ls-n-fencing-4.2.txt", "fencing", (1, 2), (1,)),
    ("dlm-ls-quorum-4.2.txt", "quorum", (), (1,)),
])
def test_ls_while_it_waits(name, waits, members, new):
    space, = spaces(name)
    assert space.stopped and "kern_stop" in space.flags
    assert (space.waits, space.members, space.new_members) == (waits, members, new)


def test_dlm_3_says_fence_of_a_node_that_is_to_be_fenced():
    text = golden("dlm-ls-fencing-3.1.txt").rstrip("\n") + (
        "\nall nodes\nnodeid 1 member 1 failed 0 start 0 seq_add 1 seq_rem 0 check none\n"
        "nodeid 2 member 0 failed 1 start 0 seq_add 2 seq_rem 3 check fence\n"
        "nodeid 3 member -1 failed 0 start 0 seq_add 2 seq_rem 3 check none\n")
    spaces = dlm_tool.parse_ls(text)
    assert dlm_tool.waiting(spaces) == "fencing of node 2"
    assert [n.member for n in spaces[0].nodes] == [True, False, False]


def test_flags_are_told_apart():
    assert spaces("dlm-ls-quorum-4.2.txt")[0].flags == ("need_plock", "kern_stop", "join")


@pytest.mark.parametrize("words, waits", [
    ("wait ringid", "ringid"), ("wait fsdone", "fsdone"), ("wait messages 1", "messages"),
    ("wait_messages 1 wait_condition 0 ", "messages"),
    ("wait_messages 0 wait_condition 1 quorum", "quorum"),
])
def test_what_a_change_waits_for(words, waits):
    text = golden("dlm-ls-n-fencing-4.2.txt").replace("wait fencing", words)
    assert dlm_tool.parse_ls(text)[0].waits == waits


def test_no_lockspace_is_silence():
    assert dlm_tool.parse_ls("") == ()
    assert dlm_tool.ls(PaperHost({"dlm_tool ls": ""})) == ()
    assert dlm_tool.ls(PaperHost({"dlm_tool ls": (1, "", "")})) is None


@given(st.integers(1, len(golden("dlm-ls-3.1.txt")) - 1))
def test_cut_off_ls_is_refused(length):
    text = golden("dlm-ls-3.1.txt")
    if length < len("dlm lockspaces"):
        with pytest.raises(ParseError):
            dlm_tool.parse_ls(text[:length])
    elif len("dlm lockspaces\nname ") < length < text.index("members "):
        with pytest.raises(ParseError, match="cut off|hexadecimal"):
            dlm_tool.parse_ls(text[:length])


@pytest.mark.parametrize("change, shown", [
    (("dlm lockspaces", "Usage:"), "Usage:"), (("0x4104eefa", "what"), "what"),
    (("members       1 2", "members       1 two"), "1 two"),
    (("name          clvmd\n", ""), "id   "),
])
def test_foreign_ls_shows_the_line(change, shown):
    with pytest.raises(ParseError, match=shown):
        dlm_tool.parse_ls(golden("dlm-ls-3.1.txt").replace(*change))


def test_unknown_lines_are_kept():
    text = golden("dlm-ls-3.1.txt").rstrip("\n") + "\nrecovery      9\n"
    assert dlm_tool.parse_ls(text)[0].rest == ("recovery      9",)


def test_status():
    seen = dlm_tool.parse_status(BOTH)
    assert (seen.node_id, seen.quorate, seen.fence_pid, seen.unfenced) == (2, True, 0, ())
    assert [(n.id, n.state) for n in seen.nodes] == [(1, "M"), (2, "M")]


def test_status_after_fencing():
    seen = dlm_tool.parse_status(golden("dlm-status-fenced.txt"))
    assert seen.unfenced == ()
    assert seen.nodes[1] == dlm_tool.Known(id=2, state="X", added_at=804, failed_at=872,
                                           fenced_at=875)


def test_status_while_fencing():
    seen = dlm_tool.parse_status(FENCING)
    assert seen.unfenced == (2,) and seen.fence_pid == 4711
    assert dlm_tool.parse_status(BOTH.replace("fence_pid 0 ", "fence_pid 0 fence_init")) \
        .fencing_unknown


def test_status_without_the_daemon_ends_with_0():
    assert dlm_tool.status(PaperHost({"dlm_tool status": DOWN})) is None
    with pytest.raises(ToolFailed):
        dlm_tool.status(PaperHost({"dlm_tool": (1, "", "unknown command status\n")}))


@pytest.mark.parametrize("text", ["", "what\n", "cluster nodeid 1 quorate 1 ring seq 9 9\n",
                                  BOTH.replace("quorate 1", "quorate yes"),
                                  BOTH.replace("node 2 M", "node 2 ?")])
def test_foreign_status_is_refused(text):
    with pytest.raises(ParseError):
        dlm_tool.parse_status(text)


@pytest.mark.parametrize("ls, status, text", [
    (golden("dlm-ls-n-4.2.txt"), BOTH, None),
    (golden("dlm-ls-survivor-4.2.txt"), golden("dlm-status-fenced.txt"), None),
    (golden("dlm-ls-n-fencing-4.2.txt"), FENCING, "fencing of node 2"),
    (golden("dlm-ls-n-fencing-4.2.txt"), BOTH, "fencing of node 2"),
    (golden("dlm-ls-fencing-3.1.txt"), (1, "", "unknown command\n"), "fencing of node 2"),
    ("", FENCING, "fencing of node 2"),
    ("", FENCING.replace("fence_pid 4711", "fence_pid 0"), "fencing of node 2"),  # delayed
    (golden("dlm-ls-quorum-4.2.txt"), BOTH, "quorum"),
    (golden("dlm-ls-n-fencing-4.2.txt"), BOTH.replace("quorate 1", "quorate 0"), "quorum"),
    (golden("dlm-ls-n-fencing-4.2.txt").replace("wait fencing", "wait ringid"), BOTH,
     "kern_stop of lvm_vg0 (waits for ringid)"),
    (golden("dlm-ls-3.1.txt").replace("0x00000000 ", "0x00000004 kern_stop"), HANGS,
     "kern_stop of clvmd"),
    ((1, "", ""), DOWN, None),
    (HANGS, HANGS, None),
    ("what\n", "what\n", None),
])
def test_pending(ls, status, text):
    host = PaperHost({"dlm_tool ls": ls, "dlm_tool status": status})
    assert dlm_tool.pending(host) == text
    assert all(seconds <= 5 for _, seconds, _ in host.calls)


def test_pending_without_dlm_tool():
    assert dlm_tool.pending(PaperHost()) is None


def test_dlm_that_is_told_not_to_fence_waits_for_nothing():
    status = BOTH.replace("node 2 M add 21 rem 0 fail 0", "node 2 X add 21 rem 60 fail 60")
    host = PaperHost({"dlm_tool ls": golden("dlm-ls-survivor-4.2.txt"),
                      "dlm_tool status": status})
    assert dlm_tool.pending(host) is None


COMMS = "/sys/kernel/config/dlm/cluster/comms"


def test_kernel_lockspaces_and_recovery():
    host = PaperHost(files={"/sys/kernel/dlm/clvmd/recover_status": "55\n",
                            "/sys/kernel/dlm/low/recover_status": "ff\n",
                            "/sys/kernel/dlm/gfs/recover_status": "1\n",
                            "/sys/kernel/dlm/odd/recover_status": "?\n"})
    assert dlm.lockspaces(host) == ("clvmd", "gfs", "low", "odd") and dlm.loaded(host)
    assert [dlm.recovered(host, n) for n in ("clvmd", "low", "gfs", "odd", "none")] == [
        True, True, False, None, None]


def test_kernel_without_dlm():
    host = PaperHost()
    assert not dlm.loaded(host) and dlm.lockspaces(host) == () and not dlm.ready(host)


def test_kernel_is_ready_when_a_node_has_an_address():
    files = {"/sys/kernel/dlm/x/id": "1\n", COMMS + "/1/addr_list": ""}
    assert not dlm.ready(PaperHost(files=files))
    files[COMMS + "/1/addr_list"] = "AF_INET 10.77.0.1\n"
    files[COMMS + "/2/nodeid"] = "2\n"  # a kernel without addr_list
    assert dlm.nodes(PaperHost(files=files)) == (1, 2) and dlm.ready(PaperHost(files=files))
