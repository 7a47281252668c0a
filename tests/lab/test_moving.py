# SPDX-License-Identifier: GPL-2.0-or-later
"""The exchange of agents in docs/moving.md, typed on a living pair of the stock agents whose LV is being written to."""
import shlex
import time

import pytest

from conformance.test_moving import lines, planned
from lablib import cib
from lablib.faults import records, verdict

pytestmark = [pytest.mark.lab, pytest.mark.long]

FOLDER = "/root/exchange"
# The page's ids, and the lab's.
IDS = {
    'id="r0"': f'id="{cib.STOCK.drbd.name}"', "--resource r0": f"--resource {cib.STOCK.drbd.name}",
    "lvm-lock-daemon": cib.STOCK.locking[1].name,
}  # fmt: skip
MONITORED = 45  # seconds in which each recurring monitor runs
STALL = 10  # seconds: no write waits for an agent


def typed(stage, words):
    """Types a line of the page on node1; returns what it printed."""
    line = " ".join(word if word == ">" else shlex.quote(word) for word in words)
    for theirs, ours in IDS.items():
        line = line.replace(theirs, ours)
    result = stage.one.run(f"cd {FOLDER} && {line}", 60)
    # crm_diff says with 1 that there is a difference; of check only 1 tells of an error.
    allowed = {"crm_diff": (1,), "dualstor": (0, 3, 4)}.get(words[0], (0,))
    assert result.rc in allowed, (line, result.stdout + result.stderr)
    return result.stdout


def pids(stage):
    return [node.ok("pidof lvmlockd dlm_controld").split() for node in stage.lab.nodes]


def providers(stage):
    """Returns {resource: provider} of what the cluster runs."""
    text = stage.one.ok("cibadmin --query --xpath '//primitive'")
    return {each.get("id"): each.get("provider") for each in cib.ET.fromstring(f"<all>{text}</all>").iter("primitive")}


@pytest.mark.parametrize("stage", ["stock"], indirect=True)
def test_the_agents_are_exchanged_below_volumes_in_use(stage):
    before = pids(stage)
    stage.lab.push()  # the page's first step; a formed cluster of the stock agents may be from before the last change
    stage.one.ok(f"mkdir -p {FOLDER}")
    plan = None
    for words in lines("lvmlockd"):
        said = typed(stage, words)
        if words[:2] == ("crm_resource", "--refresh"):
            stage.idle()
        if words[0] == "crm_simulate":
            plan = planned(said)
            assert plan == []  # as the page says, else one goes back
    assert plan == [] and not stage.seen().failures
    mine = {name for name, provider in providers(stage).items() if provider == "dualstor"}
    assert mine == {cib.STOCK.drbd.name, cib.STOCK.locking[1].name, cib.VG}

    time.sleep(MONITORED)
    stage.whole(60)
    assert not stage.seen().failures and pids(stage) == before
    for node in stage.lab.nodes:
        assert records.greatest_stall(stage.lines("witness"), node.name, stage.began, time.time()) < STALL

    # What the other agents had started, ours stop, and start again.
    stage.standby(stage.two)
    stage.stopped(stage.two)
    assert stage.two.drbd() is None and stage.two.ok("dmsetup ls").startswith("No devices")
    stage.standby(stage.two, on=False)
    stage.whole()
    stage.ended = time.time()
    verdict.settle(stage)
    assert [check for check in stage.checks if not check.ok] == [] and not stage.fencing()
