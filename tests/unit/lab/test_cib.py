# SPDX-License-Identifier: GPL-2.0-or-later
"""The cluster's configuration as it is rendered."""
import re
import xml.etree.ElementTree as ET

import pytest

from lablib import cib, cluster, payload

SETS = pytest.mark.parametrize("agents", cib.SETS.values(), ids=cib.SETS)


def merged(agents, count=1):
    root = ET.fromstring(cib.base(agents, count))
    addition = ET.fromstring(cib.vg_addition(agents, count))
    for part in addition:
        root.find(f"configuration/{part.tag}").extend(part)
    return root


@SETS
@pytest.mark.parametrize("count", [1, 8])
def test_ids_are_unique_and_every_reference_is_met(agents, count):
    root = merged(agents, count)
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


@SETS
def test_each_of_several_vgs_is_on_a_drbd_resource_of_its_own(agents):
    root = merged(agents, 3)
    values = {
        each.get("id"): {pair.get("name"): pair.get("value") for pair in each.iterfind("instance_attributes/nvpair")}
        for each in root.iterfind(".//primitive")
    }
    pairs = {
        (values[each.get("rsc")[: -len("-clone")]]["vgname"], values[each.get("with-rsc")[: -len("-clone")]]["drbd_resource"])
        for each in root.iterfind(".//rsc_colocation[@with-rsc-role]")
    }
    assert pairs == {("vg0", "r0"), ("vg1", "r1"), ("vg2", "r2")}
    assert {name for name, _ in cluster.resources(agents, count=3)} == {
        name for name in values if not name.startswith("fence-")
    }


def test_each_of_several_drbd_resources_has_device_partition_and_port_of_its_own():
    files = payload.drbd_resources(8)
    found = []
    for number in range(8):
        text = files[f"etc/drbd.d/r{number}.res"][1].decode()
        ports = set(re.findall(r"address 10\.78\.0\.[12]:(\d+);", text))
        assert len(ports) == 1
        found.append((re.search(r"resource (\S+) \{", text)[1], re.search(r"device (\S+);", text)[1],
                      re.search(r"disk (\S+);", text)[1], *ports))
    assert found == [(f"r{n}", f"/dev/drbd{n}", f"/dev/vdb{n + 5}", str(7788 + n)) for n in range(8)]


def test_an_exclusive_lv_and_its_writer_move_together_and_ids_are_unique():
    root = merged(cib.DUALSTOR)
    for text in (cib.writers("/dev/vg0/lv0"), cib.alone("/dev/vg0/alone")):
        for part in ET.fromstring(text):
            root.find(f"configuration/{part.tag}").extend(part)
    ids = [each.get("id") for each in root.iterfind(".//*[@id]")]
    assert len(ids) == len(set(ids))
    group = root.find(".//group[@id='alone']")
    values = {pair.get("name"): pair.get("value") for pair in group.iterfind(".//nvpair")}
    assert (values["lvname"], values["activation_mode"], values["port"]) == ("alone", "exclusive", "exclusive")
    assert [each.get("type") for each in group.iterfind("primitive")] == ["LVM-activate", "witness"]
    (clone,) = ET.fromstring(cib.lasting("writers", 20)).iterfind(".//clone")
    (pair,) = clone.iterfind("meta_attributes/nvpair")
    assert (clone.get("id"), pair.get("name"), pair.get("value")) == ("writers", "failure-timeout", "20s")
    assert clone.find("meta_attributes").get("id") in ids, "merged into what is there"
