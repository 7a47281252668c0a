# SPDX-License-Identifier: GPL-2.0-or-later
"""The cluster's configuration as it is rendered."""
import xml.etree.ElementTree as ET

import pytest
from lablib import cib

SETS = pytest.mark.parametrize("agents", cib.SETS.values(), ids=cib.SETS)


def merged(agents):
    root = ET.fromstring(cib.base(agents))
    addition = ET.fromstring(cib.vg_addition(agents))
    for part in addition:
        root.find(f"configuration/{part.tag}").extend(part)
    return root


@SETS
def test_ids_are_unique_and_every_reference_is_met(agents):
    root = merged(agents)
    ids = [each.get("id") for each in root.iterfind(".//*[@id]")]
    assert len(ids) == len(set(ids))
    for constraint in root.find("configuration/constraints"):
        for key in ("rsc", "with-rsc", "first", "then"):
            assert constraint.get(key) in (None, *ids)


@SETS
def test_the_new_cluster_has_no_vg_yet(agents):
    root = ET.fromstring(cib.base(agents))
    assert root.find(f".//clone[@id='{cib.VG}-clone']") is None
    assert root.find(".//clone[@id='drbd-clone']") is not None


@SETS
def test_each_node_is_fenced_by_the_other_and_one_has_a_head_start(agents):
    root = ET.fromstring(cib.base(agents))
    delays = []
    for victim in cib.NODES:
        name = f"fence-{victim}"
        values = {pair.get("name"): pair.get("value") for pair in root.iterfind(f".//primitive[@id='{name}']//nvpair")}
        assert values["pcmk_host_list"] == values["port"] == victim
        delays.append(values["pcmk_delay_base"])
        banned = root.find(f".//rsc_location[@rsc='{name}']")
        assert (banned.get("node"), banned.get("score")) == (victim, "-INFINITY")
    assert len(set(delays)) == 2


@SETS
def test_drbd_is_promoted_on_both_and_the_roles_monitors_differ(agents):
    clone = ET.fromstring(cib.base(agents)).find(".//clone[@id='drbd-clone']")
    meta = {pair.get("name"): pair.get("value") for pair in clone.iterfind("meta_attributes/nvpair")}
    assert meta == {"interleave": "true", "promotable": "true", "promoted-max": "2", "clone-max": "2", "notify": "true"}
    monitors = {each.get("role"): each.get("interval") for each in clone.iterfind(".//op[@name='monitor']")}
    assert set(monitors) == {"Promoted", "Unpromoted"} and len(set(monitors.values())) == 2


@SETS
def test_the_vg_comes_after_and_with_drbd_promoted_and_locking(agents):
    constraints = ET.fromstring(cib.vg_addition(agents)).find("constraints")
    orders = {(each.get("first"), each.get("first-action")) for each in constraints.iterfind("rsc_order")}
    assert orders == {("drbd-clone", "promote"), ("locking-clone", None)}
    with_whom = {(each.get("with-rsc"), each.get("with-rsc-role")) for each in constraints.iterfind("rsc_colocation")}
    assert with_whom == {("drbd-clone", "Promoted"), ("locking-clone", None)}
    assert all(each.get("score") == "INFINITY" for each in constraints.iterfind("rsc_colocation"))


def test_ours_and_the_stock_agents_have_the_same_limits():
    ours, stock = cib.DUALSTOR, cib.STOCK
    assert ours.drbd.operations == stock.drbd.operations
    assert ours.vg.operations == stock.vg.operations
    assert ours.locking[1].operations == stock.locking[1].operations
