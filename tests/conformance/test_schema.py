# SPDX-License-Identifier: GPL-2.0-or-later
"""The OCF 1.1 metadata has the structure that Pacemaker's schema prescribes."""

import os

import pytest
from lxml import etree

from dualstor.agents.catalogue import NAMES as AGENTS
from dualstor.agents.catalogue import interface
from dualstor.ocf.metadata import render

HERE = os.path.dirname(__file__)


@pytest.fixture(scope="module")
def schema():
    return etree.RelaxNG(etree.parse(os.path.join(HERE, "metadata-1.1.rng")))


@pytest.mark.parametrize("name", AGENTS)
def test_metadata_is_valid(schema, name):
    document = etree.fromstring(render(interface(name)).encode())
    schema.assertValid(document)


@pytest.mark.parametrize("name", AGENTS)
@pytest.mark.parametrize("spoil", [
    lambda root: root.remove(root.find("version")),
    lambda root: root.find("actions/action").attrib.pop("timeout"),
    lambda root: root.insert(1, root.find("shortdesc")),
    lambda root: root.find("parameters/parameter").set("unique", "1"),
    lambda root: root.find("parameters/parameter/content").set("type", "time")])
def test_the_schema_finds_what_is_wrong(schema, name, spoil):
    document = etree.fromstring(render(interface(name)).encode())
    spoil(document)
    assert not schema.validate(document)
