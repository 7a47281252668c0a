# SPDX-License-Identifier: GPL-2.0-or-later
"""The kept answer: its form, and in which calls it is repeated."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

import paper
from dualstor.host.deadline import Deadline
from dualstor.look import well
from dualstor.look.sights import KINDS
from dualstor.look.well import LASTS, Well
from unit.drbd.helpers import mangled

AGENT, RESOURCE = "clvmd", "lock:1"
BOOT = ("content", "/proc/sys/kernel/random/boot_id", "boot\n")
SOCKET = ("node", "/run/lvm/lvmlockd.socket", "there")
ENVIRON = {
    "OCF_RESOURCE_INSTANCE": RESOURCE, "OCF_RESKEY_CRM_meta_interval": "30000",
    "OCF_RESKEY_CRM_meta_timeout": "20000", "OCF_RESKEY_crm_feature_set": "3.16.1",
    "OCF_RESKEY_daemon": "auto"}


class Host(paper.PaperHost):
    """A host that has been up for a while, and on which the last answer was 8 ten seconds ago."""

    def __init__(self, **changes):
        super().__init__(Deadline(20.0), {BOOT[1]: BOOT[2], SOCKET[1]: ""})
        kept = dict(code=8, reason="lock:1 monitor: Primary", at=1000.0,
                    asked=well.asked(ENVIRON), sights=(BOOT, SOCKET))
        kept.update(changes)
        self.text = well.to_text(Well(**kept))
        self.remember(self.text, *well.place(AGENT, RESOURCE))

    def uptime(self):
        return 1010.0


def repeated(host, environ=None, **variables):
    environ = dict(ENVIRON if environ is None else environ, **variables)
    found = well.repeated(host, AGENT, environ)
    return found and (found.code, found.reason)


def test_an_answer_is_repeated_while_all_is_as_it_was():
    assert repeated(Host()) == (8, "lock:1 monitor: Primary")
    assert repeated(Host(code=0, reason="")) == (0, "")


@pytest.mark.parametrize("path, text", [
    (BOOT[1], "another boot\n"), (BOOT[1], None), (SOCKET[1], None)])
def test_what_looks_different_is_for_the_agent(path, text):
    host = Host()
    if text is None:
        del host.files[path]
    else:
        host.files[path] = text
    assert repeated(host) is None


@pytest.mark.parametrize("at, good", [
    (1010.0, True), (1010.0 - LASTS, True), (1009.9 - LASTS, False), (1010.1, False),
    (-5.0, False)])
def test_an_answer_lasts_a_minute(at, good):
    assert LASTS <= 60.0
    assert (repeated(Host(at=at)) is not None) == good


@pytest.mark.parametrize("variables", [
    {"OCF_RESKEY_CRM_meta_interval": "0"}, {"OCF_RESKEY_CRM_meta_interval": ""},
    {"OCF_RESKEY_CRM_meta_interval": "-1"}, {"OCF_RESKEY_CRM_meta_interval": "\u00b2"},
    {"OCF_CHECK_LEVEL": "10"}, {"OCF_CHECK_LEVEL": "x"},
    {"OCF_RESKEY_daemon": "lvmlockd"}, {"OCF_RESKEY_daemon_options": "-d2"},
    {"OCF_RESKEY_crm_feature_set": "3.0.14"}, {"OCF_RESOURCE_INSTANCE": "lock:0"}])
def test_another_question_is_for_the_agent(variables):
    assert repeated(Host()) is not None
    assert repeated(Host(), **variables) is None


@pytest.mark.parametrize("name", ["OCF_RESKEY_CRM_meta_interval", "OCF_RESKEY_CRM_meta_timeout",
                                  "OCF_RESOURCE_INSTANCE", "OCF_RESKEY_daemon"])
def test_a_question_that_lacks_something_is_for_the_agent(name):
    assert repeated(Host(), {n: text for n, text in ENVIRON.items() if n != name}) is None


def test_what_does_not_change_the_answer_does_not_count():
    assert repeated(Host(), OCF_RESKEY_CRM_meta_on_node="other", OCF_CHECK_LEVEL="0", LANG="C")


@pytest.mark.parametrize("text", [
    "", "\x00", "dualstor\t1\n", "dualstor\t2\nat\t1000\ncode\t0\nreason\t\nasked\t\nend\n"])
def test_another_form_is_no_answer(text):
    assert well.from_text(text) is None and well.from_text(None) is None


@pytest.mark.parametrize("old, new", [
    ("code\t8", "code\t1"), ("code\t8", "code\t190"), ("code\t8", "code\t\u00b2"),
    ("code\t8", "code\t7"), ("code\t8", "code\t00"), ("at\t1000.000", "at\tnoon"),
    ("at\t1000.000", "at\tnan"), ("end\n", ""), ("end\n", "end"), ("end\n", "end\nend\n"),
    ("node\t", "told\t"), ("node\t", "node\tmore\t"), ("reason\t", "why\t"),
    ("dualstor\t1", "dualstor"),
    ("/run/lvm/lvmlockd.socket\tthere", "/run/lvm/lvmlockd.socket")])
def test_a_damaged_answer_is_none(old, new):
    host = Host()
    assert old in host.text
    host.remember(host.text.replace(old, new), *well.place(AGENT, RESOURCE))
    assert repeated(host) is None


@given(st.one_of(mangled([Host().text]),
                 st.binary().map(lambda b: b.decode("utf-8", "backslashreplace"))))
def test_whatever_is_kept_nothing_is_raised_and_only_good_codes_are_repeated(text):
    host = Host()
    host.remember(text, *well.place(AGENT, RESOURCE))
    found = repeated(host)
    assert found is None or found[0] in (0, 8)


@given(st.lists(st.tuples(st.sampled_from(sorted(KINDS)), st.text(max_size=9), st.text(max_size=9)),
                max_size=4), st.text(max_size=9))
def test_what_is_kept_is_read_back(sights, reason):
    kept = well.from_text(well.to_text(Well(0, reason, 5.0, "asked", sights)))
    assert well.to_text(Well(0, reason, 5.0, "asked", sights)).count("\n") == 6 + len(sights)
    assert kept.at == 5.0 and len(kept.sights) == len(sights)
    assert [s[2] for s in kept.sights] == [well._escaped(text) for _, _, text in sights]


@pytest.mark.parametrize("odd", [
    OSError("odd"), ValueError("odd"), RecursionError(), MemoryError()])
def test_whatever_goes_wrong_the_agent_looks(monkeypatch, odd):
    def fails(*_):
        raise odd
    monkeypatch.setitem(KINDS, "node", fails)
    assert repeated(Host()) is None
