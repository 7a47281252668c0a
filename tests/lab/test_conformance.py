# SPDX-License-Identifier: GPL-2.0-or-later
"""The agents and their metadata, as the field's own tools judge them, in a guest."""
import re
from pathlib import Path

import pytest

pytestmark = pytest.mark.lab

AGENTS = ("drbd-dualprimary", "clvmd", "clustered-vg")
FOLDER = "/usr/lib/ocf/resource.d/dualstor"
#: Examples for the generations before lvmlockd, and how Pacemaker 3 answers to what will be dropped.
OLD, DEPRECATED = ("clvmd", "cman"), 78
AGEING = re.compile(r"deprecated and will be removed|^Configuration invalid \(with warnings\)$")
EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"


@pytest.fixture(scope="module")
def node(machines):
    return machines.node(1)


@pytest.mark.parametrize("agent", AGENTS)
def test_ocf_1_1_metadata_satisfies_the_schema_of_pcs(node, agent):
    node.ok(f"{FOLDER}/{agent} meta-data | xmllint --noout --relaxng /usr/share/pcs/data/ocf-1.1.rng -", 30)


@pytest.mark.parametrize("agent", AGENTS)
def test_ocf_1_0_metadata_satisfies_the_dtd_of_resource_agents(node, agent):
    text = node.ok(f"cd /usr/share/resource-agents && OCF_RA_VERSION_MINOR=0 {FOLDER}/{agent} meta-data"
                   " | xmllint --valid -", 30)
    assert "<version>1.0</version>" in text


@pytest.mark.parametrize("agent", AGENTS)
def test_pacemaker_shows_the_1_1_metadata(node, agent):
    text = node.ok(f"crm_resource --show-metadata ocf:dualstor:{agent}", 30)
    assert "<version>1.1</version>" in text and f'name="{agent}"' in text


@pytest.mark.parametrize("agent", AGENTS)
def test_the_shells_describe_it(machines, agent):
    """Each takes seconds to start: one on either node."""
    shells = {"node1": "pcs resource describe ocf:dualstor:", "node2": "crm ra info ocf:dualstor:"}
    first = {"drbd-dualprimary": "drbd_resource", "clvmd": "daemon", "clustered-vg": "vgname"}[agent]
    for result in machines.each(lambda node: node.run(shells[node.name] + agent, 90)):
        assert result.rc == 0, result.stderr
        assert agent in result.stdout and first in result.stdout


@pytest.mark.parametrize("example", sorted(EXAMPLES.glob("*/cib.xml")), ids=lambda path: path.parent.name)
def test_an_example_is_a_valid_configuration(node, example):
    node.push("/tmp/example.xml", example.read_bytes())
    result = node.run("crm_verify -V -x /tmp/example.xml", 30)
    said = [line for line in (result.stdout + result.stderr).splitlines() if line.strip()]
    if example.parent.name in OLD and result.rc == DEPRECATED:
        # Pacemaker 3 has no word against them but that it will not take them forever
        said = [line for line in said if not AGEING.search(line)]
    else:
        assert result.rc == 0, said
    assert not said, said


@pytest.mark.long
def test_ocf_tester_passes_each_agent(cluster):
    """From top to bottom of the stack of one node, the cluster looking away; the other node stays up."""
    node = cluster.node(1)
    node.ok("crm_attribute --name maintenance-mode --update true && sleep 3")
    for agent, parameter in (("clustered-vg", "vgname=vg0"), ("clvmd", "daemon=lvmlockd"),
                             ("drbd-dualprimary", "drbd_resource=r0")):
        tested = node.run(f"ocf-tester -v -n tested -o {parameter} {FOLDER}/{agent}", 500)
        assert tested.rc == 0, tested.stdout[-3000:] + tested.stderr[-3000:]
        assert "passed all tests" in tested.stdout
    drbd = cluster.node(2).drbd()
    assert (drbd.role, drbd.disk) == ("Primary", "UpToDate"), "the other node was left alone"
