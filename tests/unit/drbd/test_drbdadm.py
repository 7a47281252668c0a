# SPDX-License-Identifier: GPL-2.0-or-later
"""drbdadm: versions, configuration, the state of a resource by all ways, deeds."""

import pytest
from hypothesis import given

from dualstor.errors import ParseError, ToolFailed, ToolMissing
from dualstor.kernel import drbd
from dualstor.tools import drbdadm

from .helpers import PaperHost, captured, golden, kernel_host, mangled

EIGHT, NINE = golden("both-primary", "node1", "drbdadm_version.out"), golden("version-9.txt")
FOUR = golden("both-primary", "node1", "proc_drbd.out")


def answers(**known):
    """A program that knows commands, by their first word (- as _); all else is an error."""
    def program(words):
        words = words[2:] if words[0] == "-c" else words
        word = words[0].lstrip("-").replace("-", "_")
        return known.get(word, (20, "", f"unknown command {words[0]}\n"))
    return program


def adm(**known):
    """A host with only such a drbdadm."""
    return PaperHost(programs={"drbdadm": answers(**known)})


# -- versions and configuration -----------------------------------------------------


def test_versions():
    assert drbdadm.parse_version(EIGHT) == drbdadm.DrbdVersions(kernel=(8, 4, 11), tools=(9, 22, 0))
    assert drbdadm.parse_version(NINE) == drbdadm.DrbdVersions(kernel=(9, 1, 14), tools=(9, 24, 0))
    assert drbdadm.version(adm(version=(0, EIGHT, ""))).tools == (9, 22, 0)


@pytest.mark.parametrize("line", ["", "DRBD_KERNEL_VERSION_CODE=0x000000\n"])
def test_no_version_of_the_module(line):
    text = line + "DRBDADM_VERSION_CODE=0x08030b\n"
    assert drbdadm.parse_version(text) == drbdadm.DrbdVersions(kernel=None, tools=(8, 3, 11))


@pytest.mark.parametrize("text, shown", [
    ("", "''"), ("drbdadm: oops\n", "drbdadm: oops"),
    (EIGHT[:EIGHT.index("DRBDADM_VERSION_CODE")], "DRBD_KERNEL_VERSION_CODE=0x08040b")])
def test_no_version_of_the_tools_is_refused_with_the_line(text, shown):
    with pytest.raises(ParseError) as caught:
        drbdadm.parse_version(text)
    assert shown in str(caught.value)


@given(mangled([EIGHT, NINE]))
def test_any_version_is_parsed_or_refused(text):
    try:
        assert len(drbdadm.parse_version(text).tools) == 3
    except ParseError:
        pass


def test_configuration_from_the_agents_own_file():
    host = adm(dry_run=captured("both-primary", "node1", "drbdadm_dump"))
    assert drbdadm.configuration(host, "r0", "/etc/other.conf").allow_two_primaries
    assert host.calls == [("drbdadm", "-c", "/etc/other.conf", "--dry-run", "dump", "r0")]


#: drbd-utils 9.22 with 8.4.11: `dump r0` lacks what is from common here, connect-int to resync-rate.
IN_EFFECT = """\
# resource r0 on node1: not ignored, not stacked
# defined at /etc/drbd.d/r0.res:1
resource r0 {
    on node1 {
        disk {
            fencing      dont-care;
            resync-rate  100M;
        }
        device           /dev/drbd0 minor 0;
        disk             /dev/vdb;
        meta-disk        internal;
        address          ipv4 10.78.0.1:7788;
    }
    on node2 {
        disk {
            fencing      dont-care;
            resync-rate  100M;
        }
        device           /dev/drbd0 minor 0;
        disk             /dev/vdb;
        meta-disk        internal;
        address          ipv4 10.78.0.2:7788;
    }
    net {
        connect-int        1;
        verify-alg       crc32c;
        protocol           C;
        allow-two-primaries yes;
        after-sb-0pri    disconnect;
    }
    disk {
        resync-rate      100M;
        fencing          dont-care;
    }
}
"""


def test_what_is_in_effect_is_with_what_common_says():
    host = adm(dry_run=(0, IN_EFFECT, ""))
    found = drbdadm.configuration(host, "r0")
    assert host.calls == [("drbdadm", "--dry-run", "dump", "r0")]
    assert found.option("net", "verify-alg") == "crc32c" and found.option("disk", "fencing") == "dont-care"
    assert found.option("net", "after-sb-0pri") == "disconnect" and len(found.hosts) == 2
    assert found.host("node1").devices[0][2] == "/dev/vdb"


def test_configuration_of_an_unknown_resource():
    host = adm(dry_run=captured("both-primary", "node1", "drbdadm_role_nosuch"))
    with pytest.raises(ToolFailed) as caught:
        drbdadm.configuration(host, "nosuch")
    assert "not defined in your config" in str(caught.value)
    assert "drbdadm --dry-run dump nosuch" in str(caught.value)


@pytest.mark.parametrize("answer, unknown", [
    ((0, "/dev/drbd0\n", ""), False),
    (captured("both-primary", "node1", "drbdadm_role_nosuch"), True),
    ((1, "", "no resources defined!\n"), True),
    ((10, "", "/etc/drbd.d/r0.res:7: Parse error: 'on' expected\n"), None),
])
def test_unknown(answer, unknown):
    assert drbdadm.unknown(adm(sh_dev=answer), "r0") is unknown


def test_without_drbdadm_all_questions_raise():
    for question in (drbdadm.unknown, drbdadm.configuration, drbdadm.up):
        with pytest.raises(ToolMissing):
            question(PaperHost(), "r0")


def test_backing_devices():
    host = adm(sh_dev=captured("both-primary", "node1", "drbdadm_sh-dev_r0"),
               sh_ll_dev=captured("both-primary", "node1", "drbdadm_sh-ll-dev_r0"))
    assert drbdadm.backing_devices(host) == (("/dev/drbd0", "/dev/vdb"),)
    assert [c[-1] for c in host.calls] == ["all", "all"]


def test_backing_devices_leave_out_what_has_no_disk():
    host = adm(sh_dev=(0, "/dev/drbd0\n/dev/drbd1\n", ""), sh_ll_dev=(0, "none\n/dev/b\n", ""))
    assert drbdadm.backing_devices(host) == (("/dev/drbd1", "/dev/b"),)


def test_backing_devices_of_nothing():
    assert drbdadm.backing_devices(adm(sh_dev=(1, "", "no resources defined!\n"))) == ()


def test_backing_devices_that_do_not_pair():
    host = adm(sh_dev=(0, "/dev/drbd0\n/dev/drbd1\n", ""), sh_ll_dev=(0, "/dev/b\n", ""))
    with pytest.raises(ParseError) as caught:
        drbdadm.backing_devices(host)
    assert "/dev/b" in str(caught.value)


def test_backing_devices_of_a_broken_configuration():
    with pytest.raises(ToolFailed):
        drbdadm.backing_devices(adm(sh_dev=(10, "", "/etc/drbd.conf:1: Parse error\n")))


# -- the state of a resource -----------------------------------------------------------


def test_the_kernel_tells_and_no_tool_runs():
    host = kernel_host(FOUR, {"r0": "drbd0"})
    assert drbdadm.resource_state(host, "r0").primary
    assert drbdadm.resource_state(PaperHost(), "r0") is None
    assert host.calls == []


def test_dstate_of_a_resource_that_is_down_deceives_nobody():
    code, stdout, _ = captured("down", "node1", "drbdadm_dstate_r0")
    assert (code, stdout) == (0, "Consistent\n")
    host = kernel_host(golden("down", "node1", "proc_drbd.out"),
                       programs={"drbdadm": lambda words: (code, stdout, "")})
    assert drbdadm.resource_state(host, "r0") is None


def test_standalone_is_told_though_status_leaves_it_out():
    assert "StandAlone" not in golden("split-brain", "node1", "drbdadm_status_r0.out")
    for by_res in ({"r0": "drbd0"}, {}):
        host = kernel_host(golden("split-brain", "node1", "proc_drbd.out"), by_res, programs={
            "drbdsetup": answers(events2=captured("split-brain", "node1",
                                                  "drbdsetup_events2_now"))})
        state = drbdadm.resource_state(host, "r0")
        assert state.standalone and state.primary and not state.connected


def test_8_4_without_links_by_events2():
    host = kernel_host(FOUR, programs={
        "drbdsetup": answers(events2=captured("both-primary", "node1", "drbdsetup_events2_now"))})
    assert drbdadm.resource_state(host, "r0").peers[0].name == "peer"
    assert drbdadm.resource_state(host, "r1") is None


def test_8_3_without_links_by_the_configuration():
    host = kernel_host(golden("proc-8.3.11.txt"), programs={
        "drbdsetup": answers(), "drbdadm": answers(sh_minor=(0, "0\n", ""))})
    state = drbdadm.resource_state(host, "r0", "/etc/other.conf")
    assert state.primary and state.peers[0].name is None
    assert host.calls[-1] == ("drbdadm", "-c", "/etc/other.conf", "sh-minor", "r0")


def test_8_3_configured_but_not_in_the_kernel():
    host = kernel_host(golden("proc-8.3.11.txt"), programs={
        "drbdsetup": answers(), "drbdadm": answers(sh_minor=(0, "4\n", ""))})
    assert drbdadm.resource_state(host, "r0") is None


def test_8_3_with_minors_of_another_form():
    host = kernel_host(golden("proc-8.3.11.txt"), programs={
        "drbdsetup": answers(), "drbdadm": answers(sh_minor=(0, "/dev/drbd0\n", ""))})
    with pytest.raises(ParseError) as caught:
        drbdadm.resource_state(host, "r0")
    assert "/dev/drbd0" in str(caught.value)


def test_9_by_json():
    host = kernel_host(golden("proc-9.1.txt"), programs={
        "drbdsetup": answers(status=(0, golden("status-9.json"), ""))})
    assert drbdadm.resource_state(host, "r0").peers[0].cstate == "SyncSource"
    assert host.calls == [("drbdsetup", "status", "r0", "--json")]


def test_9_by_events2_where_the_tools_have_no_json():
    host = kernel_host(golden("proc-9.1.txt"), programs={
        "drbdsetup": answers(status=captured("down", "node1", "drbdsetup_status_json"),
                             events2=(0, golden("events2-9.txt"), ""))})
    assert drbdadm.resource_state(host, "foo").primary


def test_9_not_there():
    host = kernel_host(golden("proc-9.1.txt"), programs={
        "drbdsetup": answers(status=(10, "", "r0: No such resource\n"))})
    assert drbdadm.resource_state(host, "r0") is None


def test_9_of_which_no_tool_tells_is_an_error_not_a_stopped_resource():
    host = kernel_host(golden("proc-9.1.txt"), programs={"drbdsetup": answers()})
    with pytest.raises(ToolFailed) as caught:
        drbdadm.resource_state(host, "r0")
    assert "events2" in str(caught.value)


@pytest.mark.parametrize("proc", [FOUR, golden("proc-9.1.txt")])
def test_no_tools_at_all(proc):
    with pytest.raises(ToolMissing):
        drbdadm.resource_state(kernel_host(proc), "r0")


def test_a_module_without_proc_drbd_is_asked_by_tools():
    host = PaperHost({"/sys/module/drbd/version": "9.3.0\n"}, programs={
        "drbdsetup": answers(status=(0, golden("status-9.json"), ""))})
    assert drbdadm.resource_state(host, "r1").standalone


# -- deeds --------------------------------------------------------------------------------

DEEDS = ("up", "adjust", "attach", "connect", "primary", "secondary", "down")


@pytest.mark.parametrize("deed", DEEDS)
def test_a_deed_runs_one_command_without_force(deed):
    host = adm(**{deed: (0, "", "")})
    assert getattr(drbdadm, deed)(host, "r0", "/etc/other.conf").ok
    assert host.calls == [("drbdadm", "-c", "/etc/other.conf", deed, "r0")]


@pytest.mark.parametrize("deed", DEEDS)
def test_a_deed_that_is_refused_says_why(deed):
    host = adm(**{deed: (11, "", "0: State change failed: (-12) Device is held open by someone\n"
                         "Command 'drbdsetup-84 secondary 0' terminated with exit code 11\n")})
    outcome = getattr(drbdadm, deed)(host, "r0")
    assert (outcome.ok, outcome.held_open, outcome.transient) == (False, True, True)
    assert outcome.says == "0: State change failed: (-12) Device is held open by someone"


def test_no_up_to_date_disk():
    host = adm(primary=(17, "", "0: State change failed: (-2) Need access to UpToDate data\n"))
    outcome = drbdadm.primary(host, "r0")
    assert outcome.no_up_to_date and not outcome.transient and not outcome.no_disk


def test_the_sentinel_is_no_state():
    assert repr(drbd.UNKNOWN) == "UNKNOWN"
