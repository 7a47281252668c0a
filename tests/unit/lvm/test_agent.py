# SPDX-License-Identifier: GPL-2.0-or-later
"""clustered-vg's looking and doing, on a host that is written down."""

import os

import pytest

from dualstor.action.engine import pursue
from dualstor.action.steps import Finish
from dualstor.agents.clustered_vg import deeds, seen
from dualstor.agents.clustered_vg.agent import ClusteredVg
from dualstor.errors import ToolFailed, ToolHung
from dualstor.host.deadline import Deadline
from dualstor.host.host import Host
from dualstor.kernel import locksocket
from dualstor.ocf.codes import ExitCode

from .helpers import PaperHost, golden
from .observations import Quorum, memory, parameters, request

GROUP, LV0 = "dKmstyDCSvJHK7MIG2ZL7zpnZkhMhbks", "rnaFUW0MWjm2GPfAyj2mE0dV1oE3b6xB"


class Machine(PaperHost):
    """A node with the shared VG vg0 on drbd0 and LVs; programs have their effect in its files."""

    def __init__(self, lvs=("lv0",), **changes):
        super().__init__(
            files={"/run/lvm/lvmlockd.socket": "", "/sys/class/block/drbd0/dev": "147:0"},
            devices={"/dev/drbd0": (147, 0), "/dev/vdb": (252, 16)},
            programs={"lvm": self.lvm, "vgs": lambda _: (0, golden("vgs-shared.txt"), ""),
                      "lvs": self.lvs, "lvmlockctl": self.lvmlockctl, "vgchange": self.vgchange,
                      "lvchange": self.lvchange, "dmsetup": self.dmsetup,
                      "dd": lambda _: (0, "", "")})
        self.volumes = list(lvs)
        self.__dict__.update(changes)

    def sleep(self, seconds):
        pass

    def connect(self, name, timeout):
        return None

    def uuid(self, lv):
        return LV0 if lv == "lv0" else (lv * 32)[:32]

    def activate(self, lv):
        folder = f"/sys/block/dm-{self.volumes.index(lv)}"
        self.files.update({folder + "/dm/name": "vg0-" + lv, folder + "/dm/suspended": "0",
                           folder + "/dm/uuid": "LVM-" + GROUP + self.uuid(lv),
                           folder + "/size": "8", folder + "/dev": f"253:{folder[-1]}"})

    def deactivate(self, lv):
        folder = f"/sys/block/dm-{self.volumes.index(lv)}/"
        self.files = {n: t for n, t in self.files.items() if not n.startswith(folder)}

    def active(self):
        return [lv for n, lv in enumerate(self.volumes)
                if f"/sys/block/dm-{n}/dm/name" in self.files]

    def lvm(self, argv):
        if argv[1] == "version":
            return 0, golden("lvm-version-2.03.16.txt"), ""
        return 0, {"global/use_lvmlockd": "use_lvmlockd=1\n",
                   "devices/use_devicesfile": "use_devicesfile=0\n"}[argv[-1]], ""

    def lvs(self, _argv):
        return 0, "".join(f"  {lv}|{self.uuid(lv)}|-wi-------||linear|8388608|3|\n"
                          for lv in self.volumes), ""

    def lvmlockctl(self, _argv):
        return 0, golden("lvmlockctl-info-global-only.txt"), ""

    def vgchange(self, argv):
        if argv[1] == "--lockstart":
            self.files["/sys/kernel/dlm/lvm_vg0/recover_status"] = "ff\n"
        elif argv[1] == "--lockstop":
            self.files.pop("/sys/kernel/dlm/lvm_vg0/recover_status")
        else:
            for lv in self.active():
                self.deactivate(lv)
        return 0, "", ""

    def lvchange(self, argv):
        for name in argv[2:]:
            (self.deactivate if argv[1] == "-aln" else self.activate)(name.split("/")[1])
        return 0, "", ""

    def dmsetup(self, argv):
        self.deactivate(argv[-1].split("-")[1])
        return 0, "", ""


class OnPaper(ClusteredVg):
    """The agent, with the cluster's membership given."""

    quorum = Quorum()

    def see_quorum(self):
        return self.quorum

    def _drbd_above(self, name):
        return "/dev/drbd0" if name == "/dev/vdb" else None


def looked(agent, facet):
    """What the agent sees of a facet now."""
    agent.observe(facet)
    return getattr(agent.case, facet)


def act(machine, action, quorum=None, values=None, **asked):
    agent = OnPaper(machine, request(action, **asked), values or parameters())
    agent.quorum = quorum or agent.quorum
    return pursue(agent)


DONE = Finish(ExitCode.SUCCESS)


def test_a_life():
    machine = Machine(["lv0", "b"])
    assert act(machine, "monitor", probe=True).code == 7
    assert act(machine, "start") == DONE
    changes = [c for c in machine.calls if c[0] in ("vgchange", "lvchange")]
    assert changes == [("vgchange", "--lockstart", "vg0"), ("lvchange", "-asy", "vg0/b", "vg0/lv0")]
    assert act(machine, "monitor") == DONE and act(machine, "monitor", level=10) == DONE
    machine.volumes.append("new")
    assert act(machine, "monitor") == DONE and machine.active() == ["lv0", "b", "new"]
    assert act(machine, "start") == DONE
    assert act(machine, "stop") == DONE and machine.active() == []
    assert not [n for n in machine.files if "lvm_vg0" in n or n.startswith("/run/dualstor")]
    del machine.calls[:]
    assert act(machine, "stop") == DONE and machine.calls == []
    assert act(machine, "monitor").code == 7


def test_inquorate_stop_runs_no_lvm_at_all():
    machine = Machine(["lv0", "b"])
    assert act(machine, "start") == DONE
    del machine.calls[:]
    assert act(machine, "stop", Quorum(quorate=False, says="blocked")) == DONE
    assert {c[0] for c in machine.calls} == {"dmsetup"} and machine.active() == []


def test_inquorate_monitor_runs_nothing():
    machine = Machine()
    assert act(machine, "start") == DONE
    del machine.calls[:]
    assert act(machine, "monitor", Quorum(quorate=False)) == DONE and machine.calls == []


def test_a_full_look_asks_lvm_twice():
    machine = Machine()
    assert act(machine, "start") == DONE
    del machine.calls[:]
    assert act(machine, "monitor") == DONE
    assert [c[0] for c in machine.calls] == ["lvmlockctl", "vgs", "lvs"]
    del machine.calls[:]
    assert act(machine, "monitor", values=parameters(pick_up_new_lvs=False)) == DONE.but(well=())
    assert machine.calls == []


def test_lvs_that_ends_with_0_and_lists_nothing_has_not_answered():
    """A start that activates nothing would pass for a good one, a monitor would forget the LVs."""
    machine = Machine()
    machine.programs["lvs"] = lambda _: (0, "", "")
    verdict = act(machine, "start")
    assert verdict.code == ExitCode.ERR_GENERIC and "lvs vg0: no answer" in verdict.reason
    machine = Machine()
    assert act(machine, "start") == DONE
    kept = machine.recall("clustered-vg.vg0")
    machine.programs["lvs"] = lambda _: (0, "", "")
    assert act(machine, "monitor") == DONE and machine.recall("clustered-vg.vg0") == kept


def test_settings_that_lvm_does_not_tell_are_not_taken_for_wrong_ones():
    machine = Machine()
    machine.programs["lvm"] = lambda argv: (0, golden("lvm-version-2.03.16.txt"), "") \
        if argv[1] == "version" else (0, "", "")
    with pytest.raises(ToolFailed, match="lvmconfig.* no answer"):
        act(machine, "validate-all", level=10)


def test_a_group_without_lvs_starts_nevertheless():
    machine = Machine([])
    machine.programs["vgs"] = lambda _: (0, golden("vgs-shared.txt").replace("|1|1|", "|1|0|"), "")
    assert act(machine, "start") == DONE


def test_a_pick_up_that_hangs_leaves_time_to_say_so():
    machine = Machine()
    assert act(machine, "start") == DONE
    machine.volumes.append("new")

    def hang(argv):
        raise ToolHung(argv, "no answer in 5 s")
    machine.programs["lvchange"] = hang
    verdict = act(machine, "monitor")
    assert verdict.code == ExitCode.DEGRADED and "lvchange -asy vg0/new" in verdict.reason


def test_the_disk_below_is_found_by_its_number_and_by_lvms_remark():
    machine = Machine()
    text = golden("vgs-shared.txt")
    machine.programs["vgs"] = lambda _: (0, text.replace("/dev/drbd0", "/dev/vdb"), "")
    verdict = act(machine, "start")
    assert verdict.code == 2 and 'r|^/dev/vdb$|' in verdict.reason
    machine.programs["vgs"] = lambda _: (0, text, (
        "  WARNING: Not using device /dev/vdb for PV COJM6M-Uy3g-2A15-FiNN-PdK6-ehtS-piPBcL.\n"))
    verdict = act(machine, "start")
    assert verdict.code == 2 and 'r|^/dev/vdb$|' in verdict.reason and machine.active() == []


def test_removing_devices_takes_the_topmost_first_and_stops_when_nothing_moves():
    machine = Machine(["lv0"])
    machine.activate("lv0")
    machine.files.update({"/sys/block/dm-1/dm/name": "vg0-lv0-real", "/sys/block/dm-1/dev": "253:1",
                          "/sys/block/dm-1/dm/uuid": "LVM-" + GROUP + LV0 + "-real",
                          "/sys/block/dm-1/holders/dm-0": ""})
    removed = []

    def dmsetup(argv):
        removed.append(argv[-1])
        if argv[-1] == "vg0-lv0":
            machine.deactivate("lv0")
            return 0, "", ""
        return 1, "", ("device-mapper: remove ioctl on vg0-lv0-real failed: "
                       "Device or resource busy\n")
    machine.programs["dmsetup"] = dmsetup
    removal = deeds.remove_devices(OnPaper(machine, request("stop"), parameters()))
    assert removed == ["vg0-lv0", "vg0-lv0-real", "vg0-lv0-real"]
    assert removal.left == ("vg0-lv0-real",) and "busy" in removal.says


def test_a_refused_socket_is_told():
    machine = Machine()
    machine.connect = lambda name, timeout: "Connection refused"
    agent = OnPaper(machine, request("start"), parameters())
    assert agent.see_daemons() == locksocket.Sockets(says="lvmlockd: Connection refused")
    machine.files.pop("/run/lvm/lvmlockd.socket")
    assert agent.see_daemons() == locksocket.Sockets()


def test_a_read_that_fails_or_hangs_is_told():
    machine = Machine()
    machine.activate("lv0")
    agent = OnPaper(machine, request("monitor", level=10), parameters())
    assert looked(agent, "reads") == (("lv0", None),)
    assert machine.calls[-1][1] == "if=/dev/dm-0" and "iflag=direct" in machine.calls[-1]
    machine.programs["dd"] = lambda _: (1, "", "dd: error reading '/dev/dm-0': Input/output error\n")
    assert "Input/output error" in looked(agent, "reads")[0][1]


def test_lock_modes_that_lvmlockd_does_not_tell_keep_monitor_from_asking_lvm():
    machine = Machine()
    assert act(machine, "start") == DONE
    machine.programs["lvmlockctl"] = lambda _: (1, "", "lvmlockd is not running\n")
    agent = OnPaper(machine, request("monitor"), parameters())
    assert agent.see_modes() == seen.Modes(
        answered=False, says="lvmlockctl --info: lvmlockd is not running (exit code 1)")
    del machine.calls[:]
    assert act(machine, "monitor") == DONE
    assert [c[0] for c in machine.calls] == ["lvmlockctl"]


def test_who_holds_leaves_out_the_groups_own_lvs():
    machine = Machine()
    machine.activate("lv0")
    machine.files.update({
        "/sys/dev/block/253:0/holders/dm-7": "", "/sys/block/dm-7/dm/name": "vg0-x-cow",
        "/sys/block/dm-7/dm/uuid": "LVM-" + GROUP + LV0,
        "/proc/self/mountinfo": "36 35 253:0 / /srv rw - ext4 /dev/dm-0 rw\n"})
    assert looked(OnPaper(machine, request("stop"), parameters()), "held") == (
        ("lv0", ("mounted on /srv",)),)


def test_what_is_remembered_is_per_group():
    machine = Machine()
    act(machine, "start")
    kept = machine.recall("clustered-vg", "vg0", "volumes")
    assert seen.recalled(kept).volumes == ((LV0, "lv0"),)
    assert memory("a").ids and "vg1" not in "".join(machine.files)


# -- the lock among our own processes, and what the agent costs to import ------------------

def test_host_lock_is_exclusive_and_ends_with_its_file(tmp_path):
    host = Host(Deadline(20), root=str(tmp_path))
    first = host.lock("lockstart", 1)
    assert host.lock("lockstart", 0.2) is None
    first.close()
    second = host.lock("lockstart", 0.2)
    assert second is not None
    second.close()


def test_host_lock_where_nothing_can_be_written(tmp_path):
    (tmp_path / "run").write_text("")
    stream = Host(Deadline(20), root=str(tmp_path)).lock("lockstart", 0.1)
    assert stream.name == os.devnull
    stream.close()
