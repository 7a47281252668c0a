# SPDX-License-Identifier: GPL-2.0-or-later
"""That the cluster calls the alert agent: answers, and the cluster's configuration."""

import pytest
from lxml import etree

from dualstor.alerts import place
from dualstor.command.configure import answers, pacemaker
from dualstor.command.configure.answers import AnswersWrong
from dualstor.command.configure.generations import BY_NAME
from dualstor.command.configure.render import cib, crm, pcs
from unit.configure.pairs import good, pair

MODERN = BY_NAME["lvmlockd"]
TWO = {"mail": ["root", "ops@example.org"]}


def wrong(told, **more):
    with pytest.raises(AnswersWrong) as caught:
        answers.pair(good(alerts=told, **more))
    return str(caught.value)


@pytest.mark.parametrize("told, sentence", [
    ({"mail": ["-X/tmp/log"]}, "is no mail address: e.g. root or ops@example.org"),
    ({"mail": ["a b"]}, "is no mail address"), ({"mail": "|sh"}, "is no mail address"),
    ({"mail": [1]}, "alerts mail is 1: expected text"),
    ({"mail": ["root", "root"]}, "mail has an address twice"),
    ({"to": "root"}, "alerts has no 'to', only mail"),
    ("root", "alerts: expected NAME = VALUE pairs")])
def test_what_is_wrong_is_said(told, sentence):
    assert sentence in wrong(told)


@pytest.mark.parametrize("generation", ["clvmd", "cman"])
def test_it_is_refused_where_the_cib_may_have_no_alerts(generation):
    assert "from Pacemaker 1.1.15 on" in wrong({}, generation=generation)


def test_without_it_there_is_none():
    assert pacemaker.whole(pair()).alerts == ()


def test_one_address_needs_no_list():
    assert pair(alerts={"mail": "root"}).alerts.mail == ("root",)


def test_an_id_that_would_be_there_twice_is_said():
    assert "the id dualstor-alert twice" in wrong({}, lvm={"vg": "dualstor-alert"})


def test_it_is_loaded_with_the_first_part():
    parts = pacemaker.parts(pair(alerts=TWO))
    assert [len(part.alerts) for part in parts.values()] == [1, 0]


def test_pcs_makes_it_and_then_its_recipients():
    part = pacemaker.parts(pair(alerts=TWO))["base"]
    assert [words for words in pcs.commands(part, MODERN) if words[0] == "alert"] == [
        ("alert", "create", "path=" + place.PROGRAM, "id=dualstor-alert"),
        ("alert", "recipient", "add", "dualstor-alert", "value=root",
         "id=dualstor-alert-recipient-1"),
        ("alert", "recipient", "add", "dualstor-alert", "value=ops@example.org",
         "id=dualstor-alert-recipient-2")]


@pytest.mark.parametrize("told, line", [
    (TWO, f"alert dualstor-alert {place.PROGRAM} to {{ root ops@example.org }}"),
    ({}, f"alert dualstor-alert {place.PROGRAM}")])
def test_crm_has_a_line(told, line):
    part = pacemaker.parts(pair(alerts=told))["base"]
    assert line in crm.render(part, MODERN).splitlines()


def test_the_cib_has_an_element():
    root = etree.fromstring(cib.document(pacemaker.whole(pair(alerts=TWO)), MODERN))
    (alert,) = root.findall("configuration/alerts/alert")
    assert alert.get("path") == place.PROGRAM
    assert [each.get("value") for each in alert] == ["root", "ops@example.org"]
