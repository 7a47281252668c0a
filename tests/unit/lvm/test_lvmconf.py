# SPDX-License-Identifier: GPL-2.0-or-later
"""LVM's settings, of every version that there is: asked for, or read from lvm.conf."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dualstor.errors import ParseError, ToolHung
from dualstor.tools import lvmconf, lvmsettings

from .helpers import PaperHost, golden

OLD, MIDDLE, LATE, TODAY = (2, 2, 84), (2, 2, 119), (2, 2, 188), (2, 3, 16)
LOCKED_OUT = ("", "  connect() failed on local socket: Connection refused\n"
                  "  Internal cluster locking initialisation failed.\n", 5)
NOT_SET = ("", "  Configuration node global/locking_type not found\n", 5)


def answering(stdout="", stderr="", code=0, files=()):
    """A host on which lvm answers this."""
    return PaperHost(files=files, programs={"lvm": lambda _: (code, stdout, stderr)})


@pytest.mark.parametrize("version, command", [
    (OLD, ("lvm", "dumpconfig")), (MIDDLE, ("lvm", "lvmconfig")),
    (LATE, ("lvm", "lvmconfig", "--type", "full")),
    (TODAY, ("lvm", "lvmconfig", "--type", "full"))])
def test_each_version_is_asked_what_it_knows(version, command):
    host = answering("locking_type=3\n")
    assert lvmsettings.setting(host, "global/locking_type", version) == "3"
    assert host.calls == [command + ("global/locking_type",)]


@pytest.mark.parametrize("name, default", [
    ("global/locking_type", "1"), ("global/fallback_to_local_locking", "1"),
    ("global/use_lvmetad", "0"), ("devices/use_devicesfile", None)])
def test_an_old_lvm_does_not_show_its_defaults(name, default):
    assert lvmsettings.setting(answering(*NOT_SET), name, OLD) == default
    assert lvmsettings.setting(answering(*NOT_SET), name, LATE) is None


def test_lvm_that_wants_clvmd_for_the_answer_is_done_without():
    host = answering(*LOCKED_OUT, files={"/etc/lvm/lvm.conf": golden("lvm.conf")})
    for name, value in (("global/locking_type", "3"), ("global/fallback_to_local_locking", "0"),
                        ("global/use_lvmetad", "0"), ("global/use_lvmlockd", None)):
        assert lvmsettings.setting(host, name, OLD) == value


def test_lvm_that_waits_for_a_clvmd_without_quorum_is_done_without():
    def hangs(argv):
        raise ToolHung(argv, "no answer in 5 s")
    host = PaperHost(files={"/etc/lvm/lvm.conf": golden("lvm.conf")}, programs={"lvm": hangs})
    assert lvmsettings.setting(host, "global/locking_type", OLD) == "3"
    assert lvmsettings.setting(host, "global/locking_type", MIDDLE) == "3"
    with pytest.raises(ToolHung):   # it takes no lock: it hangs of something else
        lvmsettings.setting(host, "global/locking_type", LATE)


def test_other_refusals_say_nothing():
    host = answering("", "  Something else\n", 3)
    assert lvmsettings.setting(host, "global/locking_type", OLD) is None


def test_a_configuration_with_all_that_it_may_have():
    found = lvmconf.parse(golden("lvm.conf"))
    assert found["global/locking_type"] == "3"
    assert found["devices/filter"] == ("a|^/dev/drbd|", "r|.*|")
    assert found["devices/scan"] == ("/dev",) and found["devices/preferred_names"] == ()
    assert found["log/prefix"] == "  # no comment"
    assert found["activation/thin/reserve"] == "0.5" and "global/commented" not in found
    assert found["global/umask"] == "077"


def test_filters_of_several_files_are_one_and_tags_name_further_files():
    host = PaperHost(files={
        "/proc/sys/kernel/hostname": "node1\n",
        "/etc/lvm/lvm.conf": "devices/filter = 'r|.*|'\nglobal/use_lvmlockd = 0\n"
                             "tags { node1 { }  other { host_list = 'node2' } }\n",
        "/etc/lvm/lvmlocal.conf": "devices { filter = [ 'a|x|' ] }",
        "/etc/lvm/lvm_node1.conf": "global { use_lvmlockd = 1 }\ntags { second { } }",
        "/etc/lvm/lvm_second.conf": "global { tags = [ '@node1' ] locking_type = 3 }",
        "/etc/lvm/lvm_other.conf": "global { use_lvmlockd = 7 }"})
    found = lvmsettings.read(host)
    assert found["devices/filter"] == ("a|x|", "r|.*|")
    assert (found["global/use_lvmlockd"], found["global/locking_type"]) == ("1", "3")


def test_strings_in_quotes_are_known_as_such():
    scan = lvmconf.Scan("a = '1'\nb = \"1\"\nc = 1\n/d//e = [ '1' ]\n")
    assert [(each.name, each.quoted) for each in scan.settings] == [
        ("a", True), ("b", True), ("c", False), ("d/e", False)]


def test_the_local_file_rules_over_the_other():
    host = PaperHost(files={"/etc/lvm/lvm.conf": "global { locking_type = 1 }",
                            "/etc/lvm/lvmlocal.conf": "global/locking_type = 3"})
    assert lvmsettings.read(host) == {"global/locking_type": "3"}
    assert lvmsettings.read(PaperHost()) == {}


@pytest.mark.parametrize("text, shown", [
    ("global {\n locking_type = 3\n", "line 1: no closing brace for the section \"global\""),
    ("global {\n locking_type 3\n}", "line 2: neither a setting nor a section: locking_type"),
    ("}", "line 1: a closing brace"), ("a = [ 1, 2", "line 1: a list is not closed"),
    ("a = [ 1,, 2 ]", "line 1: a value is missing"), ("a = [ , ]", "line 1: a value is missing"),
    ('a = "open', "line 1: a value is missing")])
def test_what_is_no_configuration_shows_where(text, shown):
    with pytest.raises(ParseError, match=shown):
        lvmconf.parse(text)


def test_strings_are_those_of_lvm():
    found = lvmconf.parse("""
        devices { filter = [ 'a|^/dev/drbd"0"|', "r|^/dev/sd\\.x|", "a|\\"\\\\|" ]
                  'dir' = '/dev' # it's here
                  scan = "two
lines" }
        "global" { system_id_source = uname }""")
    assert found == {
        "devices/filter": ('a|^/dev/drbd"0"|', "r|^/dev/sd\\.x|", 'a|"\\|'),
        "devices/dir": "/dev", "devices/scan": "two\nlines", "global/system_id_source": "uname"}


def test_everything_has_its_place():
    text = "a { # x\n b = [ 1,\n 2 ] # y\n}\nc { d { e = 'f' } }\n"
    found = lvmconf.Scan(text)
    assert [(s.name, s.line, text[s.begin:s.end]) for s in found.settings] == [
        ("a/b", 2, "b = [ 1,\n 2 ]"), ("c/d/e", 5, "e = 'f'")]
    assert [(s.name, s.line, text[:s.end].count("\n")) for s in found.sections] == [
        ("a", 1, 3), ("c/d", 5, 4), ("c", 5, 4)]


@given(st.integers(0, len(golden("lvm.conf"))))
def test_a_configuration_that_is_cut_off_is_refused_or_a_part(length):
    whole = lvmconf.parse(golden("lvm.conf"))
    try:
        part = lvmconf.parse(golden("lvm.conf")[:length])
    except ParseError:
        return
    assert set(part) <= set(whole)
