# SPDX-License-Identifier: GPL-2.0-or-later
"""Units: in which order they stop, computed from files as the packages of distributions have them."""

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dualstor.command.check.rules.boot import span
from dualstor.command.check.sources import collect, wanted
from dualstor.command.check.sources.tree import Tree
from dualstor.command.check.view.units import PACEMAKER, Units, parse

from . import trees
from .spoilt import ORDER, UNIT, WANTS, with_units
from .spoilt import PACEMAKER as OWN

DROP_IN = os.path.join(trees.TREE, "packaging", "systemd", "pacemaker.conf")

#: What orders the units of Debian 12 and of drbd-utils from 9.28 on: nothing of it knows all others.
UNITS = {
    "pacemaker.service": OWN,
    "corosync.service": "[Unit]\nRequires=network-online.target\nAfter=network-online.target\n",
    "drbd.service": "[Unit]\nAfter=network-online.target sshd.service\nBefore=pacemaker.service\n",
    "drbd-graceful-disconnect.service": "[Unit]\nAfter=network-online.target\nBefore=drbd.service\n"
                                        "Before=resource-agents-deps.target\n",
    "drbd-graceful-down.service": "[Unit]\nDefaultDependencies=no\nBefore=drbd.service\n"
                                  "Before=resource-agents-deps.target\n",
    "blk-availability.service": "[Unit]\nDefaultDependencies=no\nAfter=iscsi.service\n",
    "dlm.service": "[Unit]\nAfter=corosync.service\n",
    "lvmlocks.service": "[Unit]\nAfter=lvmlockd.service dlm.service\n",
}


class Host:
    """What has the files of a host."""

    def __init__(self, files):
        self.tree = Tree(name="node1", source="", files=files, unreadable={}, paths={}, aliases={},
                                 programs={}, commands={}, silent={})


def units(drop_in=True, **more):
    files = {"/lib/systemd/system/" + name: text for name, text in UNITS.items()}
    if drop_in:
        with open(DROP_IN, encoding="utf-8") as stream:
            files[ORDER] = stream.read()
    return Units(Host(dict(files, **more)))


#: In this order at a shutdown: Pacemaker, then what is listed.
LATER = ["corosync.service", "network-online.target", "drbd.service", "drbd-graceful-disconnect.service",
         "drbd-graceful-down.service", "blk-availability.service", "dlm.service", "lvmlocks.service",
         "lvmlockd.service", "virt-guest-shutdown.target", "libvirtd.service", "virtqemud.service",
         "firewalld.service", "iscsid.service", "multipathd.service"]


@pytest.mark.parametrize("unit", LATER)
def test_pacemaker_stops_first(unit):
    assert unit in units().after(PACEMAKER)
    assert PACEMAKER not in units().after(unit), "and no circle"


def test_without_the_drop_in_some_are_stopped_while_resources_run():
    assert {unit for unit in LATER[:9] if unit not in units(drop_in=False).after(PACEMAKER)} == {
        "blk-availability.service", "dlm.service", "lvmlocks.service", "lvmlockd.service"}


def test_an_older_drop_in_of_the_same_name_is_replaced_by_that_of_etc():
    found = units(**{"/etc/systemd/system/pacemaker.service.d/dualstor.conf": ""})
    assert "blk-availability.service" not in found.after(PACEMAKER)


def test_the_unit_of_etc_replaces_the_packages_and_keeps_drop_ins():
    found = units(**{"/etc/systemd/system/pacemaker.service": "[Unit]\nAfter=a.service\n"})
    assert {"a.service", "blk-availability.service"} <= found.after(PACEMAKER)
    assert "corosync.service" not in found._named(PACEMAKER, "After")


def test_lines_are_joined_and_comments_left_out():
    text = "[Unit]\n; no\nAfter=a.service \\\n# no\n  b.service\nnonsense\n[Service]\nAfter=c.service\n"
    (after, other) = parse(text, "x")
    assert after.value.split() == ["a.service", "b.service"] and str(after.where) == "x:3"
    assert other.section == "Service"


def test_an_empty_value_takes_back_the_earlier_ones():
    text = "[Unit]\nAfter=a.service\nAfter=\nAfter=b.service\n"
    assert Units(Host({UNIT: text})).after(PACEMAKER) == {"b.service"}


@pytest.mark.parametrize("text, seconds", [
    ("90", 90), ("30min", 1800), ("1min 30s", 90), ("1h", 3600), ("500ms", 0.5), ("infinity", None),
    ("", None), ("soon", None), ("5 min", 300), ("1min30s", 90)])
def test_a_time_span(text, seconds):
    assert span(text) == seconds


@given(st.text())
def test_whatever_is_written_it_is_no_error(text):
    list(parse(text, "x"))
    span(text)


# -- the rules ------------------------------------------------------------------------


def test_a_good_pair_with_systemd_has_no_finding(good):
    verdict = with_units(good("corosync")).verdict()
    assert [(f.rule.id, f.text) for f in verdict.findings] == []
    assert [(u.rule.id, u.reason) for u in verdict.unseen] == []


def test_a_masked_unit_is_neither_enabled_nor_unreadable(good):
    pair = with_units(good("corosync"), "drbd.service")
    pair._change("unreadable", (0, 1), lambda files: files.update(
        {"/etc/systemd/system/drbd.service": "not a regular file"}))
    assert not pair.ids()


@pytest.mark.parametrize("line", ["/dev/vg0/lv0 /srv gfs2 noauto 0 0", "/dev/local/lv0 /srv xfs defaults 0 0",
                                  "UUID=1 / ext4 defaults 0 1", "#/dev/vg0/lv0 /srv gfs2 defaults", "broken"])
def test_other_lines_of_fstab_are_left_alone(good, line):
    assert not good("corosync").write("/etc/fstab", line + "\n").ids()


@pytest.mark.parametrize("text", ["RuntimeWatchdogSec=0\n", "RuntimeWatchdogSec=off\n", "",
                                  "RuntimeWatchdogSec=30\nWatchdogDevice=/dev/watchdog1\n"])
def test_a_watchdog_that_systemd_does_not_take_is_sbds(good, text):
    assert not with_units(good("corosync")).write("/etc/systemd/system.conf", "[Manager]\n" + text).ids()


def test_links_are_read_and_not_followed(tmp_path):
    wants = tmp_path / WANTS.strip("/")
    wants.mkdir(parents=True)
    for name in ("drbd.service", "ssh.service"):
        os.symlink("/lib/systemd/system/" + name, str(wants / name))
    tree = collect.copied(str(tmp_path))
    assert [path for path, kind in tree.paths.items() if kind == "link"] == [WANTS + "drbd.service"]


def test_each_unit_that_is_ordered_is_one_that_somebody_has():
    """A misspelt name orders nothing, and nobody says so."""
    known = set(wanted.UNITS) | {
        "network-online.target", "firewalld.service", "nftables.service", "iptables.service", "ip6tables.service",
        "lvm2-clvmd.service", "lvm2-cluster-activation.service", "lvm2-monitor.service", "dm-event.service",
        "iscsid.service", "iscsi.service", "multipathd.service", "virt-guest-shutdown.target", "libvirtd.service",
        "virtqemud.service", "virtlogd.service", "systemd-machined.service"}
    assert units()._named(PACEMAKER, "After") <= known | {"network.target"}
