# SPDX-License-Identifier: GPL-2.0-or-later
"""Scenarios of what administrators and the hosts themselves do to a cluster."""
import time

from ...errors import LabError
from ...waiting import Unmet
from ..scenario import BACK, NOBODY, NODE2, scenario

_WATCHED = 45  # seconds: each recurring monitor runs at least once


def _daemons(stage):
    return [node.ok("pidof lvmlockd dlm_controld").split() for node in stage.lab.nodes]


def _undisturbed(stage, before):
    """Checks that nothing was stopped, restarted or failed."""
    stage.check("no daemon was restarted", _daemons(stage) == before, f"{before}, now {_daemons(stage)}")
    stage.check("nothing failed", not stage.seen().failures, stage.seen().failures)


@scenario("maintenance", "maintenance mode on and off", fencing=NOBODY, stall=10, writers=("node1", "node2"))
def maintenance(stage):
    """Nothing is touched."""
    before = _daemons(stage)
    stage.mark("maintenance mode")
    stage.property("maintenance-mode", "true")
    time.sleep(_WATCHED)
    stage.mark("maintenance mode ends")
    stage.property("maintenance-mode", "false")
    time.sleep(10)
    stage.whole(60)
    _undisturbed(stage, before)


@scenario("clock-jumps", "the clock of a node jumps by an hour and back", fencing=NOBODY, stall=10, writers=("node1", "node2"))
def clock_jumps(stage):
    """Deadlines are on the monotonic clock."""
    before = _daemons(stage)
    for sign, word in (("+", "forth"), ("-", "back")):
        stage.mark(f"node2's clock jumps an hour {word}")
        stage.two.ok(f"date -u -s @$(($(date +%s) {sign} 3600))")
        time.sleep(_WATCHED)
    stage.whole(60)
    _undisturbed(stage, before)


@scenario("run-and-tmp-full", "/run and /tmp of a node are full", fencing=NOBODY, stall=20, writers=("node1",))
def run_and_tmp_full(stage):
    """Monitors, stop and start do without room for notes."""
    stage.fill(stage.two)
    try:
        time.sleep(_WATCHED)
        stage.check("no monitor failed", not stage.seen().failures, stage.seen().failures)
        stage.standby(stage.two)
        stage.stopped(stage.two)
        stage.mark("node2 has stopped everything")
    finally:
        stage.empty(stage.two)
    stage.standby(stage.two, on=False)
    stage.whole(BACK)


@scenario("wrong-configuration", "one node's DRBD configuration forbids two Primaries", fencing=NOBODY, stall=20, writers=("node1",))
def wrong_configuration(stage):
    """That node is kept out with a reason, the other runs on."""
    stage.standby(stage.two)
    stage.stopped(stage.two)
    stage.two.ok("sed -i 's/allow-two-primaries yes/allow-two-primaries no/' /etc/drbd.d/r0.res")
    stage.standby(stage.two, on=False)
    stage.reported("drbd", timeout=120, node=stage.two)
    time.sleep(10)  # the demote that follows a failed start takes the place of its failure
    told = stage.failures("drbd", node=stage.two)
    stage.check("the reason names the line", "allow-two-primaries" in told, told)
    stage.check("node1 is still Promoted", stage.runs("drbd", stage.one, "Promoted"), told)
    stage.check("node1 still has the VG", stage.runs("vg0", stage.one), told)
    stage.two.ok("sed -i 's/allow-two-primaries no/allow-two-primaries yes/' /etc/drbd.d/r0.res")
    stage.mark("the line is corrected")
    stage.refresh()
    stage.whole(BACK)


@scenario("refresh-in-promote", "a cleanup in the middle of a promote", fencing=NOBODY, stall=20, writers=("node1",))
def refresh_in_promote(stage):
    """The cluster probes what is being promoted, and still comes to rest."""
    stage.standby(stage.two)
    stage.stopped(stage.two)
    stage.standby(stage.two, on=False)

    def promoting():
        text = stage.two.run("cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' ' '").stdout
        return " promote " in text or Unmet("no promote yet")

    stage.wait(promoting, "a promote to begin", 120)
    stage.refresh()
    stage.whole(BACK)


@scenario("pacemaker-killed", "Pacemaker's daemons are killed one by one", fencing=NODE2, stall=30, writers=("node1",))
def pacemaker_killed(stage):
    """They are started again; a node that lost too many of them may be fenced by its peer."""
    for name in ("execd", "attrd", "fenced", "based", "schedulerd", "controld"):
        stage.mark(f"pacemaker-{name} on node2 is killed")
        try:
            stage.two.run(f"kill -KILL $(pidof pacemaker-{name})")
        except LabError:
            if stage.two.alive():
                raise
            break
        time.sleep(12)
    # a peer whose new controller does not get through its join is fenced only when the time for that is over: 3 min
    stage.wait(lambda: not stage.two.alive() or stage.settled(), "node2 to run everything again, or to be fenced", 300)
    if not stage.two.alive():
        stage.mark("node2 is off")
        stage.confirmed(stage.two)
        stage.start(stage.two)
    stage.whole(BACK)
