# SPDX-License-Identifier: GPL-2.0-or-later
"""The caller's environment: typed, and never trusted to be sane."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dualstor.ocf.environment import Environment, boolean, level_at_most

META = "OCF_RESKEY_CRM_meta_"


def meta(**values):
    return Environment({META + name: value for name, value in values.items()})


@pytest.mark.parametrize("text, value", [
    ("yes", True), ("TRUE", True), ("True", True), ("1", True), ("ja", True), ("on", True),
    (" y ", True), ("no", False), ("0", False), ("Off", False), ("maybe", None), ("", None)])
def test_boolean_words(text, value):
    assert boolean(text) is value


@pytest.mark.parametrize("text, seconds", [
    ("20000", 20.0), ("1500", 1.5), ("", 20.0), ("-5", 20.0), ("soon", 20.0), ("0", 20.0),
    ("9" * 18, 86400.0), ("9" * 40, 20.0), ("²", 20.0)])
def test_timeout_is_in_milliseconds_and_has_a_default(text, seconds):
    assert meta(timeout=text).timeout == seconds


@pytest.mark.parametrize("instance, resource", [
    ("drbd", "drbd"), ("drbd:0", "drbd"), ("a:b", "a:b"), ("a:b:12", "a:b")])
def test_resource_is_the_instance_without_its_number(instance, resource):
    environment = Environment({"OCF_RESOURCE_INSTANCE": instance})
    assert (environment.instance, environment.resource) == (instance, resource)


def test_new_names_are_read_first_and_old_ones_too():
    assert meta(promoted_max="2", master_max="1").promoted_max == 2
    assert meta(master_max="2").promoted_max == 2
    assert meta(master_node_max="1").promoted_node_max == 1
    assert meta().promoted_max is None


@pytest.mark.parametrize("name, said", [
    ("clone_max", True), ("master_max", True), ("interleave", True), ("notify", True),
    ("timeout", False), ("on_node", False), ("interval", False)])
def test_whether_anything_of_a_clone_is_said(name, said):
    assert meta(**{name: "1"}).of_clone is said


@pytest.mark.parametrize("text, version, degraded, promoted", [
    ("3.16.1", (3, 16, 1), True, True), ("3.0.14", (3, 0, 14), None, False),
    ("", (), False, False), ("3.x", (), False, False)])
def test_feature_set_tells_what_the_caller_knows(text, version, degraded, promoted):
    environment = Environment({"OCF_RESKEY_crm_feature_set": text})
    assert environment.feature_set == version
    assert environment.knows_promoted is promoted
    if degraded is not None:
        assert environment.knows_degraded is degraded


def test_notification_with_empty_lists_of_one_blank():
    notification = meta(
        notify_type="pre", notify_operation="promote", notify_promote_uname="node1 node2",
        notify_promoted_uname=" ", notify_master_uname=" ", notify_slave_uname="node1 node2",
        notify_unpromoted_uname=" ").notification()
    assert notification.type == "pre" and notification.operation == "promote"
    assert notification.promote == ("node1", "node2")
    assert notification.promoted == ()
    assert notification.unpromoted == ("node1", "node2")
    assert notification.stop == ()


def test_no_notification_outside_notify():
    assert meta(timeout="20000").notification() is None


@pytest.mark.parametrize("asked, known, level", [
    (0, (0,), 0), (10, (0,), 0), (15, (0, 10), 10), (20, (0, 10), 10), (5, (0, 10), 0)])
def test_an_unknown_check_level_falls_to_the_next_lower(asked, known, level):
    assert level_at_most(asked, known) == level


NAMES = ["OCF_RESOURCE_INSTANCE", "OCF_CHECK_LEVEL", "OCF_RESKEY_crm_feature_set"] + [
    META + name for name in ("timeout", "interval", "clone_max", "clone_node_max", "master_max",
                             "promoted_max", "notify", "notify_type", "notify_operation",
                             "notify_start_uname", "on_node")]


@given(st.dictionaries(st.sampled_from(NAMES), st.text()))
def test_no_environment_makes_it_raise(environ):
    environment = Environment(environ)
    properties = [name for name, kind in vars(Environment).items() if isinstance(kind, property)]
    assert len(properties) > 10
    for name in properties:
        getattr(environment, name)
    environment.notification()
    assert 0 < environment.timeout <= 86400
    assert environment.interval >= 0 and environment.check_level >= 0
