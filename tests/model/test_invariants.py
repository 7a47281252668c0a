# SPDX-License-Identifier: GPL-2.0-or-later
"""Each invariant can fail: an agent that was broken on purpose is caught, the sound one is not.

The steps run through the model's own machine, so that what is proven is the
whole way from an action to the check.
"""

import os
import subprocess
import sys
import time

import pytest

from dualstor import main
from dualstor.action import engine
from dualstor.action.steps import Do, Finish, Wait
from dualstor.agents.clustered_vg import deeds as vg_deeds
from dualstor.agents.clustered_vg import locking as vg_locking
from dualstor.agents.clustered_vg.agent import ClusteredVg
from dualstor.agents.drbd_dualprimary import deeds as drbd_deeds
from dualstor.agents.drbd_dualprimary.agent import DrbdDualPrimary
from dualstor.errors import DualstorError
from dualstor.fencepeer import decide, deeds, handler
from dualstor.host import memory
from dualstor.host.deadline import Deadline
from dualstor.ocf.codes import ExitCode
from dualstor.tools import lvm
from model import events, leftovers, machine
from model.actions import DRBD, GROUP
from sentences import sentence


def says(code, *words):
    """A breakage: the agents *words* (actions) end with *code* without doing anything."""
    def breakage(monkeypatch):
        for agent in (ClusteredVg, DrbdDualPrimary):
            sound = agent.decide

            def decide(case, sound=sound):
                if case.request.action in words:
                    return Finish(code, sentence("this is the reason for the code"))
                return sound(case)
            monkeypatch.setattr(agent, "decide", staticmethod(decide))
    return breakage


def state_codes_leave_start(monkeypatch):
    monkeypatch.setattr(main, "permitted", lambda action, code: code)
    says(ExitCode.NOT_RUNNING, "start")(monkeypatch)


def waits_for_ever(monkeypatch):
    monkeypatch.setattr(Deadline, "reached", property(lambda self: self.elapsed > 300))
    monkeypatch.setattr(Deadline, "remaining", property(lambda self: 10.0))
    monkeypatch.setattr(ClusteredVg, "decide", staticmethod(
        lambda case: Wait(sentence("nothing"), 5.0)))


def takes_locks_without_quorum(monkeypatch):
    monkeypatch.setattr(vg_locking, "obstacle", lambda facts: None)


def deactivates_everywhere(monkeypatch):
    monkeypatch.setattr(lvm, "_DEACTIVATE", "-an")


def edits_lvm_conf(monkeypatch):
    def remember(agent, text, warning):
        agent.host.node.files["/etc/lvm/lvm.conf"] = text
    monkeypatch.setattr(vg_deeds, "remember", remember)


def gives_no_reason(monkeypatch):
    monkeypatch.setattr(main, "_tell", lambda *_: None)
    says(ExitCode.ERR_GENERIC, "start")(monkeypatch)


def gives_two_reasons(monkeypatch):
    tell = main._tell
    monkeypatch.setattr(main, "_tell", lambda *said: (tell(*said), tell(*said)))
    says(ExitCode.ERR_GENERIC, "start")(monkeypatch)


def refuses_what_is_started(monkeypatch):
    sound = ClusteredVg.decide

    def decide(case):
        if case.request.action == "start" and case.active and not case.history:
            return Finish(ExitCode.ERR_GENERIC, sentence("it is started already"))
        return sound(case)
    monkeypatch.setattr(ClusteredVg, "decide", staticmethod(decide))


def metadata_tells_the_caller(monkeypatch):
    sound = main.metadata
    monkeypatch.setattr(main, "metadata", lambda name, environ: "%s<!-- %s -->" % (
        sound(name, environ), environ.get("OCF_RESOURCE_INSTANCE")))


def monitor_deactivates(monkeypatch):
    def decide(case):
        if case.request.action == "monitor" and not case.done(vg_deeds.deactivate_group):
            return Do(vg_deeds.deactivate_group)
        return Finish(ExitCode.SUCCESS)
    monkeypatch.setattr(ClusteredVg, "decide", staticmethod(decide))


def monitor_lets_io_go_on_whatever_the_peer_does(monkeypatch):
    def decide(case):
        if case.request.action == "monitor" and not case.done(drbd_deeds.resume_io):
            return Do(drbd_deeds.resume_io, ("node2",))
        return Finish(ExitCode.SUCCESS)
    monkeypatch.setattr(DrbdDualPrimary, "decide", staticmethod(decide))


def handler_takes_a_lost_peer_for_dead(monkeypatch):
    monkeypatch.setattr(handler.FencePeer, "decide", staticmethod(lambda case: Finish(7, sentence("it is gone"))))


def handler_asks_whatever_others_have_done(monkeypatch):
    monkeypatch.setattr(decide, "_proven", lambda case: False)
    monkeypatch.setattr(decide, "_reported", lambda case, *_: Do(deeds.fence, (case.peers[0], "reboot")))


def goes_on_after_sigterm(monkeypatch):
    def observe(self, facet, asking=(), sound=engine.Agent.observe):
        try:
            return sound(self, facet, asking)
        except BaseException as problem:    # pylint: disable=broad-except
            if isinstance(problem, DualstorError):
                raise
            return sound(self, facet, asking)
    monkeypatch.setattr(engine.Agent, "observe", observe)


def act(agent, word, state):
    """A scenario: one action in a named state."""
    return lambda cluster: (cluster.begin(start=state), cluster.action(
        pair=(agent, word), name="node1", timeout=60.0, level=0))


def odd_caller(cluster):
    cluster.begin(start="active")
    cluster.odd_variables(pair=(GROUP, "monitor"), name="node1", level=0,
                          changes={"OCF_RESOURCE_INSTANCE": "garbage"})


def stands_still(cluster):
    """I/O is suspended on a node whose peer lives."""
    cluster.begin(start="both-primary")
    cluster.it_happens(happenings=[("node2", events.cut_replication), ("node1", events.handler_is_killed),
                                   ("node2", events.handler_is_killed)])
    cluster.time_passes(seconds=5.0)
    cluster.action(pair=(DRBD, "monitor"), name="node1", timeout=60.0, level=0)


def link_lost(cluster):
    """Both write; one of them has no handler, and a person lets its I/O go on."""
    cluster.begin(start="both-primary")
    cluster.cluster.nodes["node2"].handler_installed = False
    cluster.it_happens(happenings=[("node1", events.cut_replication), ("node2", events.state_is_normal)])
    cluster.time_passes(seconds=5.0)
    cluster.nobody_lost_data()


def back_at_once(cluster):
    """The node that is fenced boots within a second."""
    cluster.begin(start="both-primary")
    cluster.it_happens(happenings=[("node1", events.cut_replication)])
    for _ in range(30):
        cluster.time_passes(seconds=1.0)
        cluster.it_happens(happenings=[("node2", events.boot)])
    cluster.nobody_lost_data()


def cut(cluster):
    cluster.begin(start="active")
    cluster.cut_short(pair=(GROUP, "stop"), name="node1", steps=3, kill=False)


BROKEN = [
    ("I1", state_codes_leave_start, act(GROUP, "start", "group")),
    ("I2", waits_for_ever, act(GROUP, "start", "group")),
    ("I3", says(ExitCode.SUCCESS, "stop"), act(GROUP, "stop", "active")),
    ("I3", says(ExitCode.ERR_GENERIC, "stop"), act(GROUP, "stop", "group")),
    ("I4", says(ExitCode.SUCCESS, "start"), act(GROUP, "start", "group")),
    ("I4", says(ExitCode.SUCCESS, "promote"), act(DRBD, "promote", "both-secondary")),
    ("I4", says(ExitCode.SUCCESS, "demote"), act(DRBD, "demote", "both-primary")),
    ("I5", takes_locks_without_quorum, act(GROUP, "stop", "inquorate")),
    ("I6", deactivates_everywhere, act(GROUP, "stop", "active")),
    ("I6", edits_lvm_conf, act(GROUP, "start", "group")),
    ("I7", gives_no_reason, act(GROUP, "start", "cluster-up")),
    ("I7", gives_two_reasons, act(GROUP, "start", "cluster-up")),
    ("I8", refuses_what_is_started, act(GROUP, "start", "group")),
    ("I10", metadata_tells_the_caller, odd_caller),
    ("I11", says(ExitCode.ERR_INSTALLED, "monitor"), act(GROUP, "probe", "cluster-up")),
    ("I12", monitor_deactivates, act(GROUP, "monitor", "active")),
    ("I12", monitor_lets_io_go_on_whatever_the_peer_does, stands_still),
    ("I13", handler_takes_a_lost_peer_for_dead, link_lost),
    ("I14", handler_asks_whatever_others_have_done, back_at_once),
    ("SIGTERM", goes_on_after_sigterm, cut)]


@pytest.mark.parametrize("name, breakage, scenario", BROKEN,
                         ids=["%s-%d" % (b[0], n) for n, b in enumerate(BROKEN)])
def test_a_broken_agent_is_caught(name, breakage, scenario, monkeypatch):
    scenario(machine.Cluster())
    breakage(monkeypatch)
    with pytest.raises(AssertionError):
        scenario(machine.Cluster())


def probe_with_an_interval(cluster):
    """It is a monitor, and shares what lvcreate left exclusive."""
    cluster.begin(start="exclusive")
    cluster.odd_variables(pair=(GROUP, "probe"), name="node1", level=0,
                          changes={"OCF_RESKEY_CRM_meta_interval": "20000"})


def peer_that_left(cluster):
    """DRBD was stopped there, and the cluster after it: I/O may go on here."""
    cluster.begin(start="both-primary")
    cluster.action(pair=(DRBD, "stop"), name="node2", timeout=60.0, level=0)
    cluster.it_happens(happenings=[("node1", events.io_is_suspended), ("node2", events.engine_stops)])
    cluster.action(pair=(DRBD, "monitor"), name="node1", timeout=60.0, level=0)
    assert not cluster.cluster.nodes["node1"].drbd["r0"].suspended


def group_on_the_disk_below(cluster):
    """DRBD's configuration is gone, and LVM's filter lets the disk below through."""
    cluster.begin(start="cluster-up")
    cluster.it_happens(happenings=[("node1", events.resource_leaves_configuration),
                                   ("node1", events.lower_disk_is_visible)])
    cluster.in_order(promote=False)


@pytest.mark.parametrize("scenario", (probe_with_an_interval, peer_that_left, group_on_the_disk_below))
def test_what_the_long_run_stumbled_over_is_sound(scenario):
    """Each was taken for a defect of an agent, and was one of the model or the simulated host."""
    scenario(machine.Cluster())


def _until_named(pid):
    """The kernel shows a command line a moment after exec."""
    for _ in range(1000):
        with open("/proc/%d/cmdline" % pid, "rb") as stream:
            if stream.read():
                return
        time.sleep(0.01)


def test_a_process_that_is_left_is_caught(lab):
    check = leftovers.Leftovers(lab)
    check.check()
    # no shell: for a moment what it forks has its command line
    left = subprocess.Popen([sys.executable, "-IS", "-c", "import time; time.sleep(1000)",
                             lab.folder + "/node1/bin/vgs"])
    _until_named(left.pid)
    try:
        with pytest.raises(AssertionError, match="processes"):
            check.check()
    finally:
        left.kill()
        left.wait()
    check.check()


def test_a_file_that_is_left_open_is_caught(lab):
    check = leftovers.Leftovers(lab)
    with open(os.devnull, encoding="ascii"):
        with pytest.raises(AssertionError, match="open"):
            check.check()
    check.check()


def test_a_draft_that_is_left_is_caught(lab, monkeypatch):
    check = leftovers.Leftovers(lab)
    host = lab.host("node1", Deadline(20))
    host.remember("text", "sound")
    check.check()
    monkeypatch.setattr(memory.posix, "rename", lambda *_, **__: None)
    host.remember("text", "broken")
    with pytest.raises(AssertionError, match="drafts"):
        check.check()


def test_every_invariant_has_a_broken_agent():
    """I9 has the three tests above."""
    assert {name for name, _, _ in BROKEN} - {"SIGTERM"} | {"I9"} == {
        "I%d" % number for number in range(1, 15)}
