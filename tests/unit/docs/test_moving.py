# SPDX-License-Identifier: GPL-2.0-or-later
"""docs/moving.md: its tables against the agents, its migration against configure, and probes."""

import re

import pytest

from dualstor.agents.catalogue import interface
from dualstor.command.configure import answers, migrate, sources
from dualstor.ocf.codes import ExitCode
from model import actions
from simulator import world
from simulator.host import Simulation
from simulator.state import CLVMD, LVMLOCKD
from sourcetree import TREE
from unit.docs import markdown

PAGE = "docs/moving.md"
#: Parameters in the metadata of the stock agents, resource-agents 4.12 and drbd-utils 9.22.
STOCK = {
    "ocf:linbit:drbd": {
        "drbd_resource", "drbdconf", "adjust_master_score", "stop_outdates_secondary",
        "ignore_missing_notifications", "wfc_timeout", "remove_master_score_if_peer_primary",
        "fail_promote_early_if_peer_primary", "unfence_if_all_uptodate", "unfence_extra_args",
        "require_drbd_module_version_ge", "require_drbd_module_version_lt",
        "connect_only_after_promote"},
    "ocf:heartbeat:lvmlockd": {"pidfile", "socket_path", "syslog_priority", "adopt"},
    "ocf:heartbeat:clvm": {"with_cmirrord", "daemon_options", "activate_vgs", "exclusive"},
    "ocf:heartbeat:LVM-activate": {"vgname", "lvname", "vg_access_mode", "activation_mode", "tag",
                                   "partial_activation"},
    "ocf:heartbeat:LVM": {"volgrpname", "exclusive", "tag", "partial_activation"},
}
_HEADING = re.compile(r"^### (ocf:\S+) to ocf:dualstor:(\S+)$", re.MULTILINE)


def tables():
    """{stock agent: (our agent, {its parameter: ours or None})} of the page."""
    text, found = markdown.read(PAGE), {}
    for match in _HEADING.finditer(text):
        cells = markdown.rows(text, match.group())
        found[match.group(1)] = match.group(2), {
            there.strip("`"): None if here == "-" else here.strip("`") for there, here, _ in cells}
    return found


def test_each_parameter_of_the_stock_agents_has_its_row():
    assert {agent: set(rows) for agent, (_, rows) in tables().items()} == STOCK


def test_what_is_named_here_is_a_parameter_of_ours():
    for _, (ours, rows) in tables().items():
        known = {parameter.name for parameter in interface(ours).parameters}
        assert {here for here in rows.values() if here} <= known


def test_defaults_are_as_told():
    by_name = {p.name: p.default for a in ("drbd-dualprimary", "clustered-vg")
               for p in interface(a).parameters}
    assert (by_name["connect_timeout"], by_name["activation_mode"]) == (15, "shared")


def test_the_way_to_lvmlockd_is_the_one_that_configure_tells():
    pair = answers.pair(sources.read_file(TREE + "/docs/examples/lvmlockd/pair.toml"))
    told = [(step.nodes, step.commands) for step in migrate.steps(pair, pair.groups[0].vg)]
    assert [(block.words[2:], block.commands)
            for block in markdown.blocks(markdown.read(PAGE), "sh", "step")] == told


@pytest.mark.parametrize("generation", [LVMLOCKD, CLVMD])
def test_our_probes_find_what_others_started_and_change_nothing(generation):
    simulation = Simulation(world.reach("active", generation))
    wanted = {actions.DRBD: ExitCode.RUNNING_PROMOTED, actions.DAEMON: ExitCode.SUCCESS,
              actions.GROUP: ExitCode.SUCCESS}
    for word in ("probe", "monitor"):
        for node in ("node1", "node2"):
            for agent, code in wanted.items():
                result = actions.act(simulation, agent, word, node)
                assert result.code == code, result
                assert not [call for call in result.calls
                            if call[0] in ("vgchange", "lvchange", "lvmlockd", "clvmd")
                                # a question, see lockdaemon.silence
                                and call[1:] != ("-R",)], result
    assert all(node.scores for node in simulation.cluster.nodes.values()), \
        "the score that keeps it promoted is there after the probe"
    assert simulation.cluster.harm == []
