# SPDX-License-Identifier: GPL-2.0-or-later
"""drbdadm that hangs, its files are on a dead file system: drbdsetup needs none, and has time."""

import pytest

from dualstor.errors import ToolHung
from dualstor.host.host import Host
from dualstor.tools import drbdadm
from model import actions
from model.actions import DRBD
from simulator import faults, world
from simulator.host import Simulation
from simulator.state import CLVMD, LVMLOCKD
from unit.drbd.helpers import PaperHost

ONE = "node1"


@pytest.fixture(params=(LVMLOCKD, CLVMD))
def simulation(request):
    return Simulation(world.reach("both-primary", request.param))


def hang(simulation, program, kind=faults.HANG, match=""):
    simulation.cluster.faults.append(faults.fault(program, kind, ONE, match=match))


@pytest.mark.parametrize("kind", [faults.HANG, faults.HANG_HARD, faults.UNKILLABLE, faults.DRIP])
@pytest.mark.parametrize("timeout", [20.0, 90.0])
def test_demote_and_stop_do_without_it(simulation, kind, timeout):
    hang(simulation, "drbdadm", kind)
    node = simulation.cluster.nodes[ONE]
    done = actions.act(simulation, DRBD, "demote", ONE, timeout)
    assert done.code == 0 and node.drbd["r0"].role == "Secondary", done
    done = actions.act(simulation, DRBD, "stop", ONE, timeout)
    assert done.code == 0 and not node.drbd.get("r0"), done


def test_it_is_not_waited_for_twice_in_one_action(simulation):
    hang(simulation, "drbdadm")
    done = actions.act(simulation, DRBD, "stop", ONE, 90.0)
    assert done.code == 0 and [call for call in done.calls if call[0] == "drbdadm"] == [
        ("drbdadm", "secondary", "r0")], done
    assert done.seconds <= 90.0 / 2


@pytest.mark.parametrize("action", ["demote", "stop"])
def test_where_nothing_helps_the_reason_names_resource_and_next_step(simulation, action):
    hang(simulation, "drbdadm")
    hang(simulation, "drbdsetup")
    done = actions.act(simulation, DRBD, action, ONE, 90.0)
    (reason,) = done.reasons
    assert done.code == 1 and done.seconds <= 90.0
    assert reason.startswith("DRBD r0 does not become Secondary (drbdadm secondary r0: no "), reason
    assert reason.endswith("see `dmesg` and `dualstor status`"), reason


def test_a_promote_without_time_names_what_took_it(simulation):
    actions.act(simulation, DRBD, "demote", ONE)
    hang(simulation, "drbdadm", match="primary")
    (reason,) = actions.act(simulation, DRBD, "promote", ONE, 60.0).reasons
    assert reason.startswith("DRBD r0: `drbdadm primary r0` hangs (no answer in "), reason
    assert reason.endswith("see `dmesg` and `ps` for what it waits for"), reason


# -- a state that two programs can tell ---------------------------------------------------------

EVENTS = "exists resource name:r0 role:Primary suspended:no\n" \
         "exists device name:r0 volume:0 minor:0 disk:UpToDate\nexists -\n"


class Slow(PaperHost):
    """Programs that hang do so for as long as they may; the clock passes."""

    def __init__(self, files, hang, answers):
        super().__init__(files)
        self.now, self.hang, self.answers = 0.0, hang, answers
        self.deadline = type(self.deadline)(20.0, lambda: self.now)

    def execute(self, argv, seconds, environment):
        line = " ".join(argv)
        if any(line.startswith(words) for words in self.hang):
            self.now += seconds
            raise ToolHung(argv, "no answer in %.0f s" % seconds)
        from dualstor.host.run import Completed
        for words, (code, text) in self.answers.items():
            if line.startswith(words):
                return Completed(argv=argv, returncode=code, stdout=text)
        raise AssertionError(line)

    run = Host.run


@pytest.mark.parametrize("proc, hang, answers", [
    ("version: 9.2.18 (api:2/proto:86-122)\n", "drbdsetup status",
     {"drbdsetup events2": (0, EVENTS)}),
    ("version: 8.4.11 (api:1/proto:86-101)\n"
     " 0: cs:Connected ro:Primary/Primary ds:UpToDate/UpToDate C r-----\n",
     "drbdsetup events2", {"drbdadm sh-minor": (0, "0\n")})])
def test_a_way_that_hangs_leaves_the_other_its_time(proc, hang, answers):
    host = Slow({"/proc/drbd": proc, "/sys/module/drbd/version": "1\n"}, (hang,), answers)
    state = drbdadm.resource_state(host, "r0", timeout=60.0)
    assert state.primary and state.volumes[0].minor == 0 and host.now < 12.0


def test_two_ways_that_hang_are_an_error():
    host = Slow({"/proc/drbd": "version: 9.2.18 (api:2)\n"}, ("drbdsetup",), {})
    with pytest.raises(ToolHung, match="drbdsetup events2"):
        drbdadm.resource_state(host, "r0")
