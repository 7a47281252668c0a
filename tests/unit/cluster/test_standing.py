# SPDX-License-Identifier: GPL-2.0-or-later
"""What of a CIB has agents leave a resource alone."""

import os

import pytest

from dualstor.tools import cib, standing
from sourcetree import TREE

with open(os.path.join(TREE, "tests", "data", "check", "cib.xml"), encoding="utf-8") as _stream:
    CIB = _stream.read()


def pair(name, value):
    return '<nvpair id="x-%s" name="%s" value="%s"/>' % (name, name, value)


def with_option(name, value):
    return CIB.replace("<crm_config>", '<crm_config><cluster_property_set id="x">%s</cluster_property_set>' % pair(name, value))


def with_attribute(name, value, node="node1"):
    return CIB.replace("<nodes/>", '<nodes><node id="9" uname="%s"><instance_attributes id="x">%s</instance_attributes></node></nodes>'
                       % (node, pair(name, value)))


def with_state(name, value):
    return CIB.replace("</cib>", '<status><node_state id="1" uname="node1"><transient_attributes id="1">'
                       '<instance_attributes id="x">%s</instance_attributes></transient_attributes></node_state></status></cib>'
                       % pair(name, value))


def with_meta(element, name, value):
    return CIB.replace('<%s id="%s"' % element, '<%s id="%s"' % element, 1).replace(
        "</%s>" % element[0], '<meta_attributes id="x">%s</meta_attributes></%s>' % (pair(name, value), element[0]))


@pytest.mark.parametrize("text, why", [
    (CIB, ""),
    (with_option("maintenance-mode", "true"), "the cluster is in maintenance mode"),
    (with_option("maintenance-mode", "yes"), "the cluster is in maintenance mode"),
    (with_option("maintenance-mode", "false"), ""),
    (with_attribute("standby", "on"), "node1 is in standby"),
    (with_attribute("standby", "off"), ""),
    (with_attribute("standby", "on", "node2"), ""),
    (with_attribute("maintenance", "true"), "node1 is in maintenance mode"),
    (with_state("standby", "on"), "node1 is in standby"),
    (with_meta(("clone", ""), "is-managed", "false"), "vg0 is not managed by the cluster"),
    (with_meta(("primitive", ""), "maintenance", "true"), "vg0 is not managed by the cluster"),
    (with_meta(("clone", ""), "is-managed", "true"), ""),
    (CIB.replace("</configuration>", '<rsc_defaults><meta_attributes id="d">%s</meta_attributes></rsc_defaults>'
                 "</configuration>" % pair("is-managed", "false")), "vg0 is not managed by the cluster")])
def test_why_it_is_left_alone(text, why):
    assert standing.found(cib.parse(text), "node1", "vg0") == why
