# SPDX-License-Identifier: GPL-2.0-or-later
"""What is remembered of the promotion score, and when it is not to be believed."""

import os

import pytest

from dualstor.agents.drbd_dualprimary import published
from dualstor.host.deadline import Deadline
from dualstor.host.host import Host

STAT = "%d (%s) S 1 %d %d 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 1 0 %d 1 1 18446744073709551615\n"


@pytest.fixture
def node(tmp_path):
    """Makes a host with the two daemons, each (pid, start time) or None."""
    def make(attrd=(700, 4000), controld=(702, 4010)):
        root = tmp_path / ("host%d" % len(list(tmp_path.iterdir())))
        (root / "proc").mkdir(parents=True)
        for name, who in (("pacemaker-attrd", attrd), ("pacemaker-controld", controld)):
            if who:
                folder = root / "proc" / str(who[0])
                folder.mkdir()
                (folder / "stat").write_text(STAT % (who[0], name[:15], who[0], who[0], who[1]))
                os.symlink("/usr/lib/pacemaker/" + name, str(folder / "exe"))
        return Host(Deadline(60.0), str(root))
    return make


def test_a_score_is_remembered_with_those_who_have_it(node):
    host = node()
    text = published.to_text(10000, published.keepers(host))
    assert text == "10000\n700 4000\n702 4010\n"
    assert published.from_text(host, text) == 10000


@pytest.mark.parametrize("change", [
    dict(attrd=None), dict(attrd=(801, 9000)), dict(attrd=(700, 9000)),
    dict(controld=None), dict(controld=(802, 9000)), dict(controld=(702, 9000))])
def test_a_daemon_that_was_started_anew_may_have_lost_it(node, change):
    text = published.to_text(10000, published.keepers(node()))
    assert published.from_text(node(**change), text) == published.UNSURE


def test_without_daemons_that_show_it_is_believed_and_nothing_is_nothing(node):
    host = node(None, None)
    assert published.from_text(host, published.to_text(1000, published.keepers(host))) == 1000
    assert published.from_text(host, None) is None
    assert published.from_text(host, "\n") is None
