# SPDX-License-Identifier: GPL-2.0-or-later
"""The recipe of 2011: what was published then must not pass."""

from . import trees


def test_the_recipe_of_2011_yields_its_faults(tmp_path):
    found = trees.copied("recipe-2011", tmp_path).ids()
    assert found >= {
        "CMAN-FENCE-MANUAL", "CMAN-FENCE-METHOD", "DRBD-FENCING", "DRBD-HANDLER",  # no real fencing
        "CMAN-XML", "CMAN-CLUSTERNODES", "CMAN-FENCEDEVICES",
        "COROSYNC-BINDNETADDR", "COROSYNC-SYNTAX",
        "LVM-FALLBACK-LOCAL", "LVM-FILTER", "DRBD-BECOME-PRIMARY"}


def test_each_fault_names_its_line(tmp_path):
    verdict = trees.copied("recipe-2011", tmp_path).verdict()
    places = {(f.rule.id, str(f.where)) for f in verdict.findings}
    assert ("CMAN-FENCE-MANUAL", "/etc/cluster/cluster.conf:14") in places
    assert ("CMAN-XML", "/etc/cluster/cluster.conf:15") in places
    assert ("COROSYNC-BINDNETADDR", "/etc/corosync/corosync.conf:6") in places
    assert ("COROSYNC-SYNTAX", "/etc/corosync/corosync.conf:2") in places
    assert ("DRBD-BECOME-PRIMARY", "/etc/drbd.d/r0.res:4") in places


def test_what_is_wrong_on_both_hosts_is_told_once(tmp_path):
    verdict = trees.copied("recipe-2011", tmp_path).verdict()
    manual = [f for f in verdict.findings if f.rule.id == "CMAN-FENCE-MANUAL"]
    assert [f.hosts for f in manual] == [("host1.example.com", "host2.example.com")]
