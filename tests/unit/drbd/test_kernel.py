# SPDX-License-Identifier: GPL-2.0-or-later
"""/proc/drbd in all its forms, whose a minor is, and the state of a resource."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dualstor.errors import ParseError
from dualstor.kernel import drbd

from .helpers import CAPTURES, PaperHost, captured, golden, kernel_host, mangled

TWO = golden("proc-8.4-two-volumes.txt")
PROCS = [golden(s, n, "proc_drbd.out") for s, n in CAPTURES] + [
    TWO, golden("proc-8.3.11.txt"), golden("proc-8.3.8-four-dashes.txt"), golden("proc-9.1.txt")]


@pytest.mark.parametrize("state, node", CAPTURES)
def test_a_capture_says_what_the_tools_said(state, node):
    text = golden(state, node, "proc_drbd.out")
    role_code, role, _ = captured(state, node, "drbdadm_role_r0")
    if not text:
        assert role_code == 10 and captured(state, node, "proc_drbd")[0] == 1
        return
    kernel = drbd.parse(text)
    assert kernel.version == "8.4.11"
    if not kernel.minors:
        assert role_code == 10
        return
    minor, = kernel.minors
    assert minor.minor == 0 and minor.configured
    assert f"{minor.role}/{minor.peer_role}" == role.strip()
    assert f"{minor.dstate}/{minor.peer_dstate}" == \
        captured(state, node, "drbdadm_dstate_r0")[1].strip()
    assert minor.cstate == captured(state, node, "drbdadm_cstate_r0")[1].strip()
    assert minor.protocol == (None if minor.cstate == "StandAlone" else "C")
    assert not minor.suspended


def test_every_capture_is_there():
    assert len(CAPTURES) == 19


def test_percent_of_a_resync_but_not_of_a_verify():
    assert drbd.parse(golden("syncing", "node1", "proc_drbd.out")).minors[0].resync == 28.6
    assert drbd.parse(golden("verify", "node1", "proc_drbd.out")).minors[0].resync is None


def test_time_left_of_a_resync():
    text = golden("syncing", "node1", "proc_drbd.out")
    assert drbd.parse(text).minors[0].left == 39
    assert drbd.parse(text.replace("0:00:39", "12:01:02")).minors[0].left == 43262
    assert drbd.parse(text.replace("0:00:39", "never")).minors[0].left is None
    assert drbd.parse(golden("both-primary", "node1", "proc_drbd.out")).minors[0].left is None


def test_all_the_percentage_is_there_when_nothing_separates_it():
    text = TWO.replace("sync'ed: 28.6%", "sync'ed:100.0%")
    assert drbd.parse(text).minors[1].resync == 100.0


def test_8_3_with_six_flags_and_with_five():
    eleven = drbd.parse(golden("proc-8.3.11.txt"))
    assert (eleven.version, eleven.minors[0].flags) == ("8.3.11", "r-----")
    eight = drbd.parse(golden("proc-8.3.8-four-dashes.txt"))
    assert (eight.version, eight.minors[0].flags) == ("8.3.8", "r----")
    assert [m.configured for m in eight.minors] == [True, False]
    assert eight.minors[1].role is None


def test_what_is_not_known_is_kept():
    minors = drbd.parse(TWO).minors
    assert ("new", "1") in minors[1].rest and ("oos", "23764") in minors[1].rest
    assert all(key.isalpha() for key, _ in minors[1].rest)
    changed = TWO.replace("ds:UpToDate/UpToDate C r-----", "ds:UpToDate/UpToDate zz:9 C r-----")
    assert ("zz", "9") in drbd.parse(changed).minors[0].rest


def test_9_lists_no_minors():
    kernel = drbd.parse(golden("proc-9.1.txt"))
    assert kernel.version == "9.1.14" and not kernel.minors and not kernel.lists_minors


@pytest.mark.parametrize("text, shown", [
    ("", "''"),
    ("total 0\n", "total 0"),
    ("version:\n", "version:"),
    (golden("status-9.txt"), "drbd0 role:Primary"),
    ("version: 8.4.3 (api:1)\n 0: cs:Connected ro:Primary/", "ro:Primary/"),
    ("version: 8.4.3 (api:1)\n 0: cs:Connected ro:Primary/Primary", "ro:Primary/Primary"),
    ("version: 8.4.3 (api:1)\n 0: cs:Connected ro:Primary/Primary ds:UpToDate/UpTo",
     "ds:UpToDate/UpTo"),
    ("version: 8.4.3 (api:1)\n 0: cs:StandAlone ro:Primary/Unknown ds:UpToDate/DUnknown   ",
     "ds:UpToDate/DUnknown"),
    ("version: 8.4.3 (api:1)\n 0: cs:Connected ro:Primary/Primary ds:UpToDate/UpToDate C",
     "UpToDate C"),
    ("version: 8.4.3 (api:1)\n 0: cs:", "0: cs:"),
    (TWO + "tail of something else\n", "tail of something else"),
    (TWO.replace("28.6%", "some"), "sync'ed: some"),
])
def test_cut_off_or_foreign_is_refused_with_the_line(text, shown):
    with pytest.raises(ParseError) as caught:
        _ = drbd.parse(text).minors
    assert shown in str(caught.value) and "/proc/drbd" in str(caught.value)


@given(mangled(PROCS))
def test_any_text_is_parsed_or_refused(text):
    try:
        minors = drbd.parse(text).minors
    except ParseError:
        return
    for minor in minors:
        assert isinstance(minor.minor, int) and minor.cstate
        assert not minor.configured or (minor.role and minor.dstate and minor.flags)


@given(mangled(PROCS), st.sets(st.sampled_from((0, 1, 2, 10))))
def test_some_of_the_minors_are_those_of_all(text, wanted):
    try:
        kernel = drbd.parse(text)
        minors = kernel.minors
    except ParseError:
        return
    if len({m.minor for m in minors}) == len(minors):
        assert set(kernel.of(wanted)) == {m for m in minors if m.minor in wanted}
    if all((m.flags or "r")[0] in "rs" for m in minors):
        assert kernel.suspended() == tuple(sorted({m.minor for m in minors if m.suspended}))
    else:
        with pytest.raises(ParseError, match="first flag"):
            kernel.suspended()


BROKEN = TWO.replace(" 1: cs:SyncSource ro:Primary/Secondary", " 1: cs:SyncSource ro:Primary/")


def test_another_minor_of_an_unknown_form_does_not_matter():
    assert drbd.parse(BROKEN).of((0,)) == drbd.parse(TWO).of((0,))


def test_one_of_an_unknown_form_is_refused_when_it_is_asked_for():
    with pytest.raises(ParseError, match="ro:Primary/ "):
        drbd.parse(BROKEN).of((0, 1))
    with pytest.raises(ParseError, match="ro:Primary/ "):
        drbd.parse(BROKEN).suspended()
    with pytest.raises(ParseError, match="sync'ed: some"):
        drbd.parse(TWO.replace("28.6%", "some")).of((1,))


@pytest.mark.parametrize("end", range(len(TWO) - 1, len(TWO) - 150, -1))
def test_what_is_cut_off_proves_nothing_of_a_minor_that_it_lacks(end):
    if TWO[:end].endswith("\n"):
        return
    with pytest.raises(ParseError):
        drbd.state(kernel_host(TWO[:end], {"r0": "drbd0", "x": "drbd1"}), "r7")


# -- whose a minor is ---------------------------------------------------------

ONE = golden("both-primary", "node1", "proc_drbd.out")


def test_by_a_link():
    assert drbd.minors(kernel_host(ONE, {"r0": "drbd0"}), "r0") == ((0, 0),)


def test_by_a_folder_of_links():
    host = kernel_host(TWO, {"r0/1": "../drbd1", "r0/0": "../drbd0", "other": "drbd7"})
    assert drbd.minors(host, "r0") == ((0, 0), (1, 1))
    assert drbd.minors(host, "other") == ((0, 7),)


def test_by_a_device_with_a_name_of_its_own():
    host = kernel_host(ONE, {"r0": "drbd_r0"}, devices={"/dev/drbd/by-res/r0": (147, 0)})
    assert drbd.minors(host, "r0") == ((0, 0),)
    host = kernel_host(ONE, {"r0": "sda"}, devices={"/dev/drbd/by-res/r0": (8, 0)})
    assert drbd.minors(host, "r0") is None


def test_debugfs_goes_before_an_old_link():
    host = kernel_host(ONE, {"r0": "drbd0"})
    host.links["/sys/kernel/debug/drbd/minors/0"] = "../resources/r1/volumes/3"
    assert drbd.minors(host, "r0") == ()
    assert drbd.minors(host, "r1") == ((3, 0),)


DEBUG = "/sys/kernel/debug/drbd/"


def shown(host, owners):
    """The host with a debugfs that shows these owners, {minor: (resource, volume)}."""
    host.files[DEBUG + "resources/.keep"] = host.files[DEBUG + "minors/.keep"] = ""
    for minor, (resource, volume) in owners.items():
        host.links[f"{DEBUG}minors/{minor}"] = f"../resources/{resource}/volumes/{volume}"
        host.files[f"{DEBUG}resources/{resource}/volumes/{volume}/data_gen_id"] = ""
    return host


class Asked(PaperHost):
    """A host that notes the links that are read."""

    def link(self, name):
        self.calls.append(name)
        return super().link(name)


@pytest.mark.parametrize("by_res", [
    {"r0": "drbd0"}, {"r0/0": "../drbd0"}, {"r0": "drbd1"}, {"r0": "sda"}, {},
    {"r0": "drbd0", "old": "drbd0"}])
@pytest.mark.parametrize("owners, mine", [
    ({0: ("r0", 0), 1: ("x", 0)}, ((0, 0),)), ({0: ("r0", 5), 1: ("x", 0)}, ((5, 0),)),
    ({0: ("r0", 0), 1: ("r0", 1)}, ((0, 0), (1, 1))), ({0: ("y", 0), 1: ("x", 0)}, ())])
@pytest.mark.parametrize("remembered", [(), ((0, 0),), ((0, 1),)])
def test_debugfs_proves_it_whatever_else_says(by_res, owners, mine, remembered):
    host = shown(kernel_host(TWO, by_res), {**owners, 7: ("z", 0)})
    drbd.remember(host, "r0", remembered)
    assert drbd.minors(host, "r0") == mine


def test_what_debugfs_proves_is_found_without_the_links_of_others():
    text = "version: 8.4.11\n" + "".join(
        f"{n:2}: cs:Connected ro:Primary/Primary ds:UpToDate/UpToDate C r-----\n" for n in range(9))
    by_res = {f"/dev/drbd/by-res/r{n}": f"../../drbd{n}" for n in range(9)}
    host = shown(Asked({"/proc/drbd": text}, by_res), {n: (f"r{n}", 0) for n in range(9)})
    assert drbd.minors(host, "r7") == ((0, 7),)
    assert host.calls == ["/dev/drbd/by-res/r7", DEBUG + "minors/7"]
    assert drbd.minors(host, "gone") == () and len(host.calls) == 2


def test_a_minor_that_debugfs_does_not_show_is_looked_for_elsewhere():
    host = shown(kernel_host(TWO, {"r0": "drbd1"}), {0: ("x", 0), 7: ("z", 0)})
    assert drbd.minors(host, "r0") == ((0, 1),) and drbd.minors(host, "y") == ()
    del host.links["/dev/drbd/by-res/r0"]
    assert drbd.minors(host, "r0") is None


def test_a_minor_that_two_links_claim_is_nobodys():
    host = kernel_host(ONE, {"r0": "drbd0", "old": "drbd0"})
    assert drbd.minors(host, "r0") is None and drbd.state(host, "r0") is drbd.UNKNOWN


def test_what_is_remembered_counts_when_nothing_else_tells():
    host = kernel_host(ONE)
    assert drbd.minors(host, "r0") is None
    drbd.remember(host, "r0", ((0, 0),))
    assert drbd.minors(host, "r0") == ((0, 0),)
    assert drbd.minors(host, "r1") is None


def test_what_is_remembered_is_not_believed_against_a_link():
    host = kernel_host(ONE, {"r1": "drbd0"})
    drbd.remember(host, "r0", ((0, 0),))
    assert drbd.minors(host, "r0") == ()


def test_memory_of_an_unknown_form_is_no_memory():
    host = kernel_host(ONE)
    host.remember("drbd-r0", "zero 0\n\n1\n")
    assert drbd.minors(host, "r0") is None


def test_no_minors_at_all():
    host = kernel_host(golden("down", "node1", "proc_drbd.out"))
    assert drbd.minors(host, "r0") == ()
    assert drbd.minors(PaperHost(), "r0") == ()


def test_on_9_links_tell_and_nothing_is_proven():
    host = kernel_host(golden("proc-9.1.txt"), {"r0": "drbd3"})
    assert drbd.minors(host, "r0") == ((0, 3),)
    assert drbd.minors(host, "r1") is None


# -- the state of a resource -----------------------------------------------------


def state_in(state, node):
    return drbd.state(kernel_host(golden(state, node, "proc_drbd.out"), {"r0": "drbd0"}), "r0")


def test_both_primary():
    state = state_in("both-primary", "node1")
    assert state.primary and state.connected and state.up_to_date
    assert not state.standalone and not state.suspended
    assert state.volumes == (drbd.Volume(number=0, minor=0, dstate="UpToDate"),)
    assert state.peers == (drbd.Peer(name=None, cstate="Connected", role="Primary",
                                     dstates=("UpToDate",)),)


@pytest.mark.parametrize("capture, node, primary, connected, standalone, up_to_date", [
    ("standalone", "node1", True, False, False, True),
    ("standalone", "node2", False, False, True, True),
    ("split-brain", "node1", True, False, True, True),
    ("syncing", "node1", True, True, False, True),
    ("syncing", "node2", False, True, False, False),
    ("verify", "node2", False, True, False, True),
    ("diskless", "node2", False, True, False, False),
    ("survivor", "node1", True, False, False, True),
    ("inconsistent", "node1", False, True, False, False),
])
def test_what_a_state_tells(capture, node, primary, connected, standalone, up_to_date):
    state = state_in(capture, node)
    assert (state.primary, state.connected, state.standalone, state.up_to_date) == (
        primary, connected, standalone, up_to_date)


def test_two_volumes_are_one_resource():
    state = drbd.state(kernel_host(TWO, {"r0/0": "../drbd0", "r0/1": "../drbd1", "x": "drbd7"}),
                       "r0")
    assert [v.resync for v in state.volumes] == [None, 28.6]
    assert state.peers[0].cstate == "SyncSource" and state.connected
    assert state.peers[0].dstates == ("UpToDate", "Inconsistent")
    assert state.suspended


def test_one_volume_without_connection_disconnects_the_resource():
    state = drbd.state(kernel_host(TWO, {"r0/0": "../drbd1", "r0/1": "../drbd7", "x": "drbd0"}),
                       "r0")
    assert state.standalone and not state.connected and state.primary


@pytest.mark.parametrize("host", [
    PaperHost(),
    kernel_host(golden("down", "node1", "proc_drbd.out")),
    kernel_host("version: 8.3.8 (api:88/proto:86-94)\n 0: cs:Unconfigured\n", {"r0": "drbd0"}),
    kernel_host(ONE, {"other": "drbd0"}),
], ids=["no module", "no minors", "unconfigured", "another's"])
def test_provably_not_there(host):
    assert drbd.state(host, "r0") is None


@pytest.mark.parametrize("host", [
    PaperHost({"/sys/module/drbd/version": "9.3.0\n"}),
    kernel_host(golden("proc-9.1.txt"), {"r0": "drbd0"}),
    kernel_host(ONE),
    kernel_host("version: next (api:3)\n"),
], ids=["no /proc/drbd", "9", "no mapping", "odd version"])
def test_the_tools_must_be_asked(host):
    assert drbd.state(host, "r0") is drbd.UNKNOWN


def test_an_unconfigured_minor_of_ours_beside_others():
    text = golden("proc-8.3.8-four-dashes.txt")
    assert drbd.state(kernel_host(text, {"r0": "drbd2", "x": "drbd0"}), "r0") is None
    assert drbd.state(kernel_host(text, {"r0": "drbd2", "x": "drbd0"}), "x").primary


def test_a_resource_without_peers_or_volumes_is_neither_connected_nor_up_to_date():
    state = drbd.State(resource="r0", role="Primary", volumes=(), peers=())
    assert not state.connected and not state.up_to_date and not state.standalone
