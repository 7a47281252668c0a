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


# -- each form, and what each schema of the field takes -------------------------------------------

PCS_1_1, PCS_1_0 = (f"/usr/share/pcs/data/ocf-1.{number}.rng" for number in (1, 0))
AGENTS_OWN = os.path.join(HERE, "metadata-resource-agents.rng")


def refused(schema, name, version):
    """What a schema refuses of an agent's metadata: names of attributes, "" for all else."""
    rules = etree.RelaxNG(etree.parse(schema))
    root = etree.fromstring(render(interface(name), version).encode())
    found = set()
    while not rules.validate(root):
        words = rules.error_log[0].message.split()
        if words[:2] != ["Invalid", "attribute"]:
            return found | {" ".join(words)}
        found.add(words[2])
        for element in root.iter():
            element.attrib.pop(words[2], None)
    return found


@pytest.mark.parametrize("name", AGENTS)
@pytest.mark.parametrize("version", ["1.0", "1.1"])
def test_pacemakers_schema_as_pcs_has_it_takes_both_forms(name, version):
    assert refused(PCS_1_1, name, version) == set()


@pytest.mark.parametrize("name", AGENTS)
def test_that_of_ocf_1_0_takes_the_form_for_it(name):
    assert refused(PCS_1_0, name, "1.0") == set() != refused(PCS_1_0, name, "1.1")


@pytest.mark.parametrize("name", AGENTS)
def test_that_of_resource_agents_lacks_what_ocf_1_1_has_and_what_ocf_1_0_called_roles(name):
    """It is meant for the agents of that project, and is neither OCF 1.0 nor 1.1.

    OCF 1.1 has unique-group, reloadable and an action's role; OCF 1.0 calls the roles Master and
    Slave. Only the agent that is promoted has roles.
    """
    roles = {"role"} if name == "drbd-dualprimary" else set()
    unique = {"unique-group"} if name != "clvmd" else set()
    assert refused(AGENTS_OWN, name, "1.0") == roles
    assert refused(AGENTS_OWN, name, "1.1") == unique | {"reloadable"}


@pytest.mark.parametrize("version, role, taken", [
    ("1.1", "Promoted", (True, True)), ("1.1", None, (True, True)), ("1.0", "Master", (True, False)),
    ("1.0", None, (True, True))])
def test_role_on_an_action_in_both_forms_against_both(version, role, taken):
    """What only the other form has is taken away: role alone makes the difference."""
    root = etree.fromstring(render(interface("drbd-dualprimary"), version).encode())
    for element in root.iter("parameter"):
        for other in ("unique-group", "reloadable"):
            element.attrib.pop(other, None)
    found = {action.get("role") for action in root.iter("action")}
    assert found == ({None, "Promoted", "Unpromoted"} if version == "1.1" else {None, "Master", "Slave"})
    for action in root.iter("action"):
        if role is None:
            action.attrib.pop("role", None)
    assert tuple(etree.RelaxNG(etree.parse(each)).validate(root)
                 for each in (PCS_1_1, AGENTS_OWN)) == taken
