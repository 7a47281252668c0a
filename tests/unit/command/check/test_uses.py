# SPDX-License-Identifier: GPL-2.0-or-later
"""What stands on the LVs: a good tree is left alone, and what is not known is not guessed."""

import os

import pytest

from dualstor.command.check.sources import collect, wanted
from dualstor.kernel import devmapper

from .spoilt import WEB_XML, with_uses

_OURS = ("PCMK-USE-", "LIBVIRT-")


def test_a_good_pair_with_all_uses_has_no_finding_and_nothing_is_left_unseen(good):
    verdict = with_uses(good("corosync")).verdict()
    assert [(f.rule.id, f.text) for f in verdict.findings] == []
    assert [(u.rule.id, u.reason) for u in verdict.unseen] == []


def test_a_guest_whose_domain_was_not_read_is_not_taken_for_good(good):
    verdict = with_uses(good("corosync")).drop(WEB_XML).verdict()
    assert [f.rule.id for f in verdict.findings] == []
    unseen = {u.rule.id: u.reason for u in verdict.unseen}
    assert set(unseen) == {"PCMK-USE-ORDER", "PCMK-USE-COLOCATION", "PCMK-USE-MIGRATE-EXCLUSIVE",
                           "PCMK-USE-MIGRATE-DISK", "LIBVIRT-CACHE"}
    assert all(WEB_XML in reason for reason in unseen.values())


@pytest.mark.parametrize("change", [
    ("/dev/vg0/lv0", "/dev/local/lv0"),                                 # a VG of the host
    ('name="allow-migrate" value="true"', 'name="allow-migrate" value="false"')])
def test_what_is_not_ours_or_does_not_migrate_is_left_alone(good, change):
    pair = with_uses(good("corosync"), change).edit(WEB_XML, "cache='none'", "cache='writeback'")
    if "migrate" not in change[0]:
        pair.edit(WEB_XML, "/dev/vg0/lv0", "/dev/local/lv0")
    assert not [each for each in pair.ids() if each.startswith(_OURS)]


@pytest.mark.parametrize("path, lv", [
    ("/dev/vg0/lv0", ("vg0", "lv0")), ("/dev/mapper/vg0-my--lv", ("vg0", "my-lv")),
    ("/dev/sdb", None), ("/dev/drbd/by-res/r0", None), ("/srv/a/b", None), ("", None)])
def test_which_lv_a_path_names(path, lv):
    assert devmapper.named_by(path) == lv


def test_a_link_in_a_copied_tree_is_not_followed(tmp_path):
    qemu = tmp_path / "etc" / "libvirt" / "qemu"
    (qemu / "autostart").mkdir(parents=True)
    (qemu / "web.xml").write_text("<domain><name>web</name></domain>")
    os.symlink("/etc/libvirt/qemu/web.xml", str(qemu / "autostart" / "web.xml"))
    tree = collect.copied(str(tmp_path))
    assert "/etc/libvirt/qemu/web.xml" in tree.files
    assert tree.paths[wanted.AUTOSTART + "web.xml"] == "link"
