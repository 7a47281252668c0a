# SPDX-License-Identifier: GPL-2.0-or-later
"""clustered-vg's decisions case by case: the steps in order, the reasons and their advice."""

import pytest

from dualstor.action.steps import Do, Finish, Wait
from dualstor.agents import lvmversion
from dualstor.agents.clustered_vg import reasons, seen
from dualstor.agents.clustered_vg.interface import EXCLUSIVE_TAG, is_group_name
from dualstor.agents.lvmversion import LvmVersion
from dualstor.kernel.locksocket import Sockets
from dualstor.ocf.codes import ExitCode
from dualstor.tools import lvm
from facts import Facts

from .observations import (
    OK,
    Quorum,
    active,
    clvmd,
    decide,
    group,
    healthy,
    identity,
    lv,
    memory,
    outcome,
    parameters,
    request,
    started,
    with_history,
)

START, STOP, MONITOR = request("start"), request("stop"), request("monitor")
DONE = Finish(ExitCode.SUCCESS)


def start(facts, **values):
    return decide(START, parameters(**values), facts)


def stop(facts):
    return decide(STOP, parameters(), facts)


def monitor(facts, asked=MONITOR, **values):
    return decide(asked, parameters(**values), facts)


def activated(facts, result=OK, names=("a", "b"), option="-asy", **changes):
    return with_history(facts, ("activate", (option,) + names, result), **changes)


def told(reason, *words):
    """A matcher of a refusal with an entry of the catalogue; every one of *words* is in it."""
    class Told:
        def __eq__(self, step):
            return isinstance(step, Finish) and step.code not in (0, None) \
                and step.reason.reason is reason and all(word in step.reason for word in words)

        def __repr__(self):
            return f"a refusal with {reason.id} and {words!r}"
    return Told()


def warned(reason, *values):
    """The sentence of an entry about VG vg0, with the rest of its places in their order."""
    places = [place for place in reason.places if place != "vg"]
    assert len(places) == len(values)
    return reason(vg="vg0", **dict(zip(places, values)))


# -- start ------------------------------------------------------------------------

def test_start_goes_from_lockspace_to_activation_to_proof():
    facts = healthy()
    assert start(facts) == Do("start_locking")
    facts = with_history(healthy(lockspaces=seen.Lockspaces(group=True)), ("start_locking", (), OK))
    assert start(facts) == Do("activate", ("-asy", "a", "b"))
    facts = activated(started(remembered=None))
    step = start(facts)
    assert step == Do("remember", (memory("a", "b").to_text(), ""))
    assert start(with_history(facts, ("remember", step.args, None))) == DONE


def test_start_with_clvmd_has_no_lockspace_of_its_own_and_activates_locally():
    assert start(healthy(**clvmd())) == Do("activate", ("-aly", "a", "b"))
    assert start(activated(started(remembered=None, **clvmd()), option="-aly")).deed == "remember"


def test_start_of_a_group_without_lvs_is_remembered():
    facts = healthy(lockspaces=seen.Lockspaces(group=True), volumes=lvm.VolumesReport(outcome=OK))
    assert start(facts) == Do("remember", ("locking lvmlockd\n", ""))


def test_start_exclusively():
    facts = healthy(lockspaces=seen.Lockspaces(group=True))
    assert start(facts, activation_mode="exclusive") == Do("activate", ("-aey", "a", "b"))


def test_start_takes_the_locks_of_lvs_that_are_active_already():
    assert start(started()) == Do("activate", ("-asy", "a", "b"))


def test_start_leaves_alone_what_is_tagged_skipped_or_cannot_be_shared():
    volumes = (lv("a"), lv("b", tags=("x", EXCLUSIVE_TAG)), lv("c", "-wi------k"),
               lv("d", "owi-a-s---"), lv("e", "Vwi-a-tz--"), lv("f", active="remote exclusive"))
    facts = healthy(lockspaces=seen.Lockspaces(group=True),
                    volumes=lvm.VolumesReport(outcome=OK, volumes=volumes))
    assert start(facts) == Do("activate", ("-asy", "a"))
    facts = activated(started(volumes=facts.volumes, active=(active("a"),)), names=("a",))
    (text, warning) = start(facts).args
    assert text == memory("a").to_text()
    assert warning == "; ".join((warned(reasons.UNSHAREABLE, "d, e"),
                                 warned(reasons.EXCLUSIVE_ELSEWHERE, "f")))


def test_start_exclusively_takes_pools_along_with_their_volumes():
    volumes = (lv("pool", "twi---tz--", segment_types=("thin-pool",)), lv("thin", "Vwi---tz--"),
               lv("origin", "owi---s---"), lv("snap", "swi---s---"),
               lv("cpool", "Cwi---C---", segment_types=("cache-pool",)), lv("cached", "Cwi---C---",
                                                                          segment_types=("cache",)))
    facts = healthy(lockspaces=seen.Lockspaces(group=True),
                    volumes=lvm.VolumesReport(outcome=OK, volumes=volumes))
    assert start(facts, activation_mode="exclusive").args == ("-aey", "thin", "origin", "cached")


def test_an_lv_that_is_exclusive_on_the_other_node_does_not_fail_the_start():
    result = outcome("LV locked by other host: vg0/b", "Failed to lock logical volume vg0/b.")
    step = start(activated(started(active=(active("a"),)), result))
    assert step.args == (memory("a").to_text(), warned(reasons.EXCLUSIVE_ELSEWHERE, "b"))


def test_clvmd_reports_success_though_another_node_has_the_lv():
    result = outcome("Error locking on node 1: Volume is busy on another node", ok=True)
    facts = activated(started(active=(active("a"),), **clvmd()), result, option="-aly")
    assert start(facts).args[0] == memory("a", locking="clvmd").to_text()
    facts = activated(started(active=(active("a"),), **clvmd()), result, option="-aey")
    assert start(facts, activation_mode="exclusive") == \
        told(reasons.ELSEWHERE, "VG vg0: another node has LV b active", "lvchange -aln")


def test_an_lv_that_is_exclusive_on_this_node_stays_so_and_is_told():
    result = outcome("Error locking on node 1: Device or resource busy")
    facts = activated(started(**clvmd()), result, option="-aly")
    step = start(facts)
    assert step.args[0] == memory("a", "b", locking="clvmd").to_text()
    assert step.args[1] == warned(reasons.EXCLUSIVE_HERE, result.says)


def test_an_lv_that_is_shared_on_this_node_is_not_taken_for_exclusive():
    result = outcome("Error locking on node 1: Device or resource busy")
    facts = activated(started(**clvmd()), result, option="-aey")
    assert start(facts, activation_mode="exclusive") == \
        told(reasons.NOT_EXCLUSIVE, "Device or resource busy", "vgchange -aln vg0")


def test_an_lv_that_is_active_without_its_lock_fails_the_start():
    result = outcome("LV locked by other host: vg0/b")
    assert start(activated(started(), result)) == \
        told(reasons.LOCKED_ELSEWHERE, "locked by other host: vg0/b", "lvchange -aln")


def test_success_is_not_believed_without_device_mapper():
    assert start(activated(started(active=(active("a"), active("b", size=0))))) == \
        told(reasons.NOT_IN_KERNEL, "left LV b inactive", "dmsetup info -c", "volume_list")


def test_an_lv_that_is_new_during_start_is_activated_too():
    facts = activated(started(volumes=lvm.VolumesReport(outcome=OK, volumes=(lv("a"), lv("new")))))
    assert start(facts) == Do("activate", ("-asy", "a", "new"))


def test_what_passes_is_tried_again_after_a_pause():
    busy = outcome("VG vg0 lock failed: held by other host.")
    facts = activated(started(), busy)
    assert isinstance(start(facts), Wait)
    assert start(activated(started(), busy, elapsed=1.5)) == Do("activate", ("-asy", "a", "b"))
    assert start(facts).why.reason is reasons.LOCK_HELD
    gone = outcome('Failed to find logical volume "vg0/a"')
    assert start(activated(started(), gone)).why.reason is reasons.NOT_ACTIVATED
    starting = outcome("VG vg0 lock failed: lock start in progress")
    facts = with_history(healthy(), ("start_locking", (), starting))
    assert isinstance(start(facts), Wait)
    facts = with_history(healthy(), ("start_locking", (), starting), elapsed=1.5)
    assert start(facts) == Do("start_locking")


@pytest.mark.parametrize("facets, reason, what", [
    (dict(quorum=Quorum(quorate=False, says="1 of 2 votes")), reasons.NO_QUORUM,
     "no quorum (1 of 2 votes)"),
    (dict(quorum=Quorum(quorate=None, says="no answer")), reasons.NO_QUORUM,
     "no quorum (no answer)"),
    (dict(lockspaces=seen.Lockspaces(recovered=False)), reasons.RECOVERING, "dlm is recovering"),
    (dict(lockspaces=seen.Lockspaces(recovered=False), quorum=Quorum(quorate=False, says="1 of 2")),
     reasons.NO_QUORUM, "(1 of 2)"),
    (dict(held_back=("drbd0", "drbd1")), reasons.HELD_BACK, "I/O of drbd0 and drbd1"),
    (dict(daemons=Sockets(busy=("clvmd",))), reasons.DAEMON_BUSY, "clvmd is alive"),
    (dict(group=lvm.GroupReport(outcome=outcome("VG vg0 lock failed: lock start in progress"))),
     reasons.LOCK_HELD, "lock start in progress")])
def test_start_waits_for_what_may_come(facets, reason, what):
    step = start(healthy(**facets))
    assert isinstance(step, Wait) and step.why.reason is reason and what in step.why.fact


GROUP_2_02 = dict(version=LvmVersion(number=(2, 2, 84)))


@pytest.mark.parametrize("facets, code, reason, words", [
    (dict(daemons=Sockets()), 1, reasons.NO_DAEMON, ["start the clvmd resource"]),
    (dict(daemons=Sockets(says="clvmd: Connection refused")), 1, reasons.DAEMON_REFUSES,
     ["(clvmd: Connection refused)", "start the clvmd resource"]),
    (dict(quorum=Quorum(running=False, quorate=None, says="corosync is down")), 1,
     reasons.NO_CLUSTER, ["corosync is down", "start the cluster"]),
    (dict(version=LvmVersion(missing=True, says="lvm: not found")), 5, lvmversion.NO_LVM,
     ["install lvm2"]),
    (dict(version=LvmVersion(says="lvm version: no answer")), 1, lvmversion.NO_LVM_VERSION,
     ["`lvm version`"]),
    (dict(group=lvm.GroupReport(outcome=OK, group=group("wz--n-"))), 6, reasons.NOT_SHARED,
     ["`vgchange --lock-type dlm vg0`"]),
    (dict(group=lvm.GroupReport(outcome=OK, group=group("wz--n-")), **GROUP_2_02), 6,
     reasons.NOT_CLUSTERED, ["`vgchange -c y vg0`"]),
    (dict(group=lvm.GroupReport(outcome=outcome("Cannot access clustered VG vg0."))), 6,
     reasons.CLUSTERED, ["LVM 2.03.16", "convert it, `dualstor check` shows how"]),
    (dict(group=lvm.GroupReport(outcome=outcome("Skipping clustered volume group vg0")),
          **GROUP_2_02), 2, reasons.SKIPPED, ["locking_type = 3"]),
    (dict(group=lvm.GroupReport(outcome=outcome(
        "connect() failed on local socket: Connection refused",
        "Internal cluster locking initialisation failed.",
        "WARNING: Falling back to local file-based locking.",
        "Skipping clustered volume group vg0"))), 2, reasons.FELL_BACK,
     ["fallback_to_local_locking = 0"]),
    (dict(group=lvm.GroupReport(outcome=outcome(
        "WARNING: Falling back to local file-based locking.", ok=False), group=group("wz--nc"))), 2,
     reasons.FELL_BACK, ["fallback_to_local_locking = 0"]),
    (dict(group=lvm.GroupReport(outcome=outcome('Volume group "vg0" not found'))), 1,
     reasons.NOT_FOUND, ["drbdadm role all", "pvs -a"]),
    (dict(group=lvm.GroupReport(outcome=lvm.LvmOutcome(ok=False, hung=True,
                                                    says="vgs vg0: no answer in 70 s"))), 1,
     reasons.LVM_HANGS, ["vgs vg0: no answer in 70 s", "dlm_tool ls"]),
    (dict(group=lvm.GroupReport(outcome=outcome(
        "Global lock failed: check that lvmlockd is running."))), 1, reasons.DAEMON_SERVES_NOBODY,
     ["clvmd resource"]),
    (dict(settings=seen.Settings(use_lvmlockd="0"), group=lvm.GroupReport(outcome=outcome(
        "Cannot access VG vg0 with lock type dlm that requires lvmlockd."))), 2,
     reasons.NO_CLUSTER_LOCKS, ["set use_lvmlockd = 1"]),
    (dict(group=lvm.GroupReport(outcome=outcome(
        "Cannot access VG vg0 with system ID a with local system ID b."))), 6,
     reasons.SYSTEM_ID, ["`dualstor status` shows how"]),
    (dict(group=lvm.GroupReport(outcome=OK, group=group("wzx-ns"))), 6, reasons.EXPORTED,
     ["`vgimport vg0`"]),
    (dict(group=lvm.GroupReport(outcome=OK, group=group("wz-pns"))), 1, reasons.PV_MISSING,
     ["pvs -a"]),
    (dict(devices=(seen.PvDevice("/dev/drbd0", drbd=True),
                   seen.PvDevice("[unknown]", missing=True))),
     1, reasons.PV_MISSING, []),
    (dict(group=lvm.GroupReport(outcome=OK, group=group("wz--nc"))), 1, reasons.OTHER_DAEMON,
     ["needs clvmd, but lvmlockd runs", "daemon=clvmd"])])
def test_start_is_refused_with_the_next_step(facets, code, reason, words):
    step = start(healthy(**facets))
    assert step == told(reason, "VG vg0", *words) and step.code == code


LOWER = (seen.PvDevice("/dev/vdb", above="/dev/drbd0"),)


def test_the_disk_below_drbd_is_refused_with_the_filter_line_to_set():
    step = start(healthy(devices=LOWER))
    assert step == told(reasons.BELOW_FILTER, "backing device /dev/vdb", "lvm.conf",
                        '`global_filter = [ "a|^/dev/drbd|", "r|^/dev/vdb$|" ]`')
    assert step.code == ExitCode.ERR_ARGS
    step = start(healthy(**clvmd(devices=LOWER)))
    assert step == told(reasons.BELOW_FILTER, '`filter = [ "a|^/dev/drbd|", "r|^/dev/vdb$|" ]`')


def test_the_disk_below_drbd_is_refused_with_the_commands_for_the_devices_file():
    step = start(healthy(devices=LOWER, settings=seen.Settings(use_devicesfile="1")))
    assert step == told(
        reasons.BELOW_LISTED, "backing device /dev/vdb",
        "`lvmdevices --deldev /dev/vdb; lvmdevices --adddev /dev/drbd0`")


def test_a_duplicate_is_refused_even_if_lvm_prefers_drbd():
    devices = (seen.PvDevice("/dev/drbd0", drbd=True, duplicate=True),
               seen.PvDevice("/dev/vdb", duplicate=True))
    assert start(healthy(devices=devices)) == told(
        reasons.BELOW_FILTER, "backing device /dev/vdb:", "r|^/dev/vdb$|")


def test_a_pv_without_drbd_is_refused():
    assert start(healthy(devices=(seen.PvDevice("/dev/sdc"),))) == \
        told(reasons.NOT_DRBD, "/dev/sdc is not", "run `dualstor status` before any command of LVM")


def test_a_partial_group_starts_when_that_is_wanted():
    facts = healthy(group=lvm.GroupReport(outcome=OK, group=group("wz-pns")),
                    devices=(seen.PvDevice("[unknown]", missing=True),))
    assert start(facts, partial_activation=True) == Do("start_locking")


@pytest.mark.parametrize("result, spaces, reason, words", [
    (outcome("VG vg0 start failed: lock manager dlm is not running"), False,
     reasons.NOT_LOCKED, ["lock manager dlm is not running", "dlm_tool ls"]),
    (lvm.LvmOutcome(ok=False, hung=True, says="vgchange: no answer"), False,
     reasons.NOT_LOCKED, ["no answer"]),
    (OK, False, reasons.NO_LOCKSPACE, ["vgs -o+locktype", "lock_start_list"])])
def test_a_lockspace_that_does_not_start(result, spaces, reason, words):
    facts = with_history(healthy(lockspaces=seen.Lockspaces(group=spaces)),
                         ("start_locking", (), result))
    assert start(facts) == told(reason, *words)


@pytest.mark.parametrize("result, reason, words", [
    (lvm.LvmOutcome(ok=False, hung=True, says="lvchange: no answer in 60 s"),
     reasons.ACTIVATION_HANGS, ["no answer in 60 s"]),
    (outcome("device-mapper: reload ioctl failed"), reasons.NOT_ACTIVATED,
     ["reload ioctl failed", "lvs -a"])])
def test_an_activation_that_fails(result, reason, words):
    assert start(activated(started(active=()), result)) == told(reason, *words)


# -- exclusive in a clone ------------------------------------------------------------

@pytest.mark.parametrize("action", ["start", "validate-all", "reload-agent"])
def test_exclusive_activation_is_refused_in_a_clone_before_anything_is_looked_at(action):
    asked = request(action, in_cluster=True, clone_max=2)
    step = decide(asked, parameters(activation_mode="exclusive"), Facts())
    assert step == told(reasons.EXCLUSIVE_CLONE, "activation_mode=exclusive") and step.code == 6
    assert decide(asked.but(action="validate-all"), parameters(), Facts()) == DONE


# -- stop -----------------------------------------------------------------------------

def stopping(*done, **changes):
    elapsed = changes.pop("elapsed", 0.0)
    return with_history(started(**changes), *done, elapsed=elapsed)


GONE = dict(active=())
OPEN = outcome('Can\'t deactivate volume group "vg0" with 1 open logical volume(s)')


def test_stop_deactivates_then_leaves_the_lockspace_then_forgets():
    assert stop(started()) == Do("deactivate_group")
    facts = stopping(("deactivate_group", (), OK), **GONE)
    assert stop(facts) == Do("stop_locking")
    facts = stopping(("deactivate_group", (), OK), ("stop_locking", (), OK),
                     lockspaces=seen.Lockspaces(), **GONE)
    assert stop(facts) == Do("forget", ("",))
    assert stop(with_history(healthy(), ("forget", ("",), None))) == DONE


def test_one_lv_that_is_open_does_not_keep_the_others():
    facts = stopping(("deactivate_group", (), OPEN))
    assert stop(facts) == Do("deactivate", ("a", "b"))


def test_stop_names_the_holder():
    done = (("deactivate_group", (), OPEN),
            ("deactivate", ("a", "b"), outcome("Logical volume vg0/b in use.")))
    left = dict(active=(active("b"),), held=(("b", ("qemu-system-x86[4711]",)),))
    assert stop(stopping(*done, **left)) == \
        told(reasons.IN_USE, "LV vg0/b is in use by qemu-system-x86[4711]:", "end that")


def test_stop_names_the_holders_of_some_lvs_and_the_number_of_the_rest():
    held = tuple((lv, (f"p{lv}[1]", f"q{lv}[2]", "r[3]", "s[4]")) for lv in "bcdef")
    done = (("deactivate_group", (), OPEN),
            ("deactivate", ("a", "b"), outcome("Logical volume vg0/b in use.")))
    for number, holders in ((2, "pb[1], qb[2], r[3]; LV c by pc[1], qc[2], r[3]:"),
                            (3, "; LV d by pd[1], qd[2], r[3]:"), (5, "r[3]; and 2 more LVs:")):
        facts = stopping(*done, active=(active("b"),), held=(("a", ()),) + held[:number])
        assert stop(facts) == told(reasons.IN_USE, "LV vg0/b is in use by pb[1]", holders)


def test_stop_tries_again_where_nobody_is_found():
    busy = outcome("Logical volume vg0/b in use.")
    done = [("deactivate_group", (), OPEN)] + [("deactivate", ("b",), busy, float(n))
                                               for n in range(4)]
    left = dict(active=(active("b"),), held=(("b", ()),))
    assert isinstance(stop(stopping(*done, elapsed=3.1, **left)), Wait)
    assert stop(stopping(*done, elapsed=4.1, **left)) == Do("deactivate", ("b",))
    done.append(("deactivate", ("b",), busy, 4.1))
    assert stop(stopping(*done, elapsed=4.2, **left)) == told(
        reasons.STAYS_ACTIVE, "LV b", "in use", "dmsetup")


def test_what_lvm_cannot_deactivate_device_mapper_removes():
    lost = outcome('Volume group "vg0" not found')
    facts = stopping(("deactivate_group", (), lost), ("deactivate", ("a", "b"), lost))
    assert stop(facts) == Do("remove_devices")


@pytest.mark.parametrize("facets", [
    dict(quorum=Quorum(quorate=False)), dict(daemons=Sockets()),
    dict(quorum=Quorum(running=False, quorate=None))])
def test_stop_without_locks_uses_none(facets):
    assert stop(started(**facets)) == Do("remove_devices")
    facts = stopping(("remove_devices", (), seen.Removal()), **dict(facets, **GONE))
    step = stop(facts)
    assert step.deed == "forget" and step.args[0].reason is reasons.LOCKSPACE_LEFT
    assert step.args[0].count("VG vg0") == 1    # in what is quoted it is left out


def test_stop_goes_on_without_lvm_once_lvm_has_hung():
    hung = lvm.LvmOutcome(ok=False, hung=True, says="vgchange: no answer")
    assert stop(stopping(("deactivate_group", (), hung))) == Do("remove_devices")
    facts = stopping(("deactivate_group", (), hung), ("remove_devices", (), seen.Removal()), **GONE)
    assert stop(facts).deed == "forget"


def test_stop_gives_dlm_some_seconds_to_recover():
    spaces = seen.Lockspaces(group=True, recovered=False)
    assert isinstance(stop(started(lockspaces=spaces)), Wait)
    assert stop(stopping(lockspaces=spaces, elapsed=11.0)) == Do("remove_devices")


def test_locks_that_outlived_their_lv_are_released():
    remain = outcome("VG vg0 stop failed: LVs must first be deactivated")
    done = [("stop_locking", (), remain)]
    assert stop(stopping(*done, **GONE)) == Do("release")
    done.append(("release", (), OK))
    assert stop(stopping(*done, **GONE)) == Do("stop_locking")
    done.append(("stop_locking", (), remain))
    step = stop(stopping(*done, **GONE))
    assert step.deed == "forget" and "LVs must first be deactivated" in step.args[0]


def test_stop_waits_for_the_lockspace_to_go_but_not_long():
    done = ("stop_locking", (), OK)
    assert isinstance(stop(stopping(done, elapsed=1.0, **GONE)), Wait)
    assert stop(stopping(done, elapsed=6.0, **GONE)).deed == "forget"


def test_stop_with_clvmd_has_no_lockspace_to_leave():
    facts = started(**clvmd(lockspaces=seen.Lockspaces(clvmd=True), active=()))
    assert stop(facts) == Do("forget", ("",))
    assert stop(healthy(lockspaces=seen.Lockspaces(clvmd=True))) == DONE


# -- monitor ----------------------------------------------------------------------------

def test_monitor_of_what_runs_and_of_what_does_not():
    assert monitor(started()) == DONE
    step = monitor(healthy())
    assert step == told(reasons.NOT_STARTED, "VG vg0 is not started") and step.code == 7
    step = monitor(healthy(lockspaces=seen.Lockspaces(group=True)))
    assert step.code == 7, "a lockspace that we did not start is not our start"
    step = monitor(started(active=(), lockspaces=seen.Lockspaces()))
    assert step.code == 7, "neither LVs nor lockspace: stopped, whatever we remember"


def test_a_group_without_lvs_is_started_once_its_locks_are():
    facts = healthy(lockspaces=seen.Lockspaces(group=True), remembered=memory(),
                    volumes=lvm.VolumesReport(outcome=OK))
    assert monitor(facts) == DONE
    assert monitor(facts, request("monitor", probe=True)) == DONE


def test_monitor_picks_up_a_new_lv_and_remembers_it():
    volumes = lvm.VolumesReport(outcome=OK, volumes=(lv("a"), lv("b"), lv("new")))
    assert monitor(started(volumes=volumes)) == Do("pick_up", ("-asy", "new"))
    facts = with_history(started(volumes=volumes,
                                 active=(active("a"), active("b"), active("new"))),
                         ("pick_up", ("-asy", "new"), OK))
    assert monitor(facts) == Do("remember", (memory("a", "b", "new").to_text(), ""))
    assert monitor(with_history(started(volumes=volumes), ("remember", (), None)),
                   pick_up_new_lvs=False) == DONE


def test_monitor_of_the_creator_shares_what_lvcreate_left_exclusive():
    volumes = lvm.VolumesReport(outcome=OK, volumes=(lv("a"), lv("b"), lv("new"),
                                                     lv("own", tags=(EXCLUSIVE_TAG,))))
    modes = seen.Modes(held=((identity("a"), "sh"), (identity("new"), "ex"),
                             (identity("own"), "ex")))
    facts = started(volumes=volumes, modes=modes, active=tuple(
        active(n) for n in ("a", "b", "new", "own")))
    assert monitor(facts) == Do("make_shared", ("-asy", "new"))
    step = monitor(with_history(facts, ("make_shared", ("-asy", "new"), OK)))
    assert step == Do("remember", (memory("a", "b", "new").to_text(), ""))


def test_an_lv_that_is_exclusive_on_its_creator_is_no_trouble():
    volumes = lvm.VolumesReport(outcome=OK, volumes=(lv("a"), lv("b"), lv("new")))
    result = outcome("LV locked by other host: vg0/new", "Failed to lock logical volume vg0/new.")
    assert monitor(with_history(started(volumes=volumes),
                                ("pick_up", ("-asy", "new"), result))) == DONE


@pytest.mark.parametrize("result", [
    lvm.LvmOutcome(ok=False, hung=True, says="lvchange: no answer in 9 s"), outcome("some error")])
def test_a_pick_up_that_fails_degrades(result):
    volumes = lvm.VolumesReport(outcome=OK, volumes=(lv("a"), lv("b"), lv("new")))
    facts = with_history(started(volumes=volumes), ("pick_up", ("-asy", "new"), result))
    step = monitor(facts)
    assert step == told(reasons.NEW_NOT_ACTIVE, "LV new", "`lvchange -asy`", result.says)
    assert step.code == ExitCode.DEGRADED
    step = monitor(facts, request("monitor", degraded_known=False))
    assert step == Do("warn", (warned(reasons.NEW_NOT_ACTIVE, "new", result.says, "-asy"),))


def test_an_lv_that_is_gone_from_here_is_activated_again_or_fails():
    facts = started(active=(active("a"),))
    assert monitor(facts) == Do("reactivate", ("-asy", "b"))
    again = with_history(started(), ("reactivate", ("-asy", "b"), OK))
    step = monitor(again)
    assert step == told(reasons.REACTIVATED, "LV b") and step.code == 190
    tried = with_history(facts, ("reactivate", ("-asy", "b"), outcome("no such device")))
    step = monitor(tried)
    assert step == told(reasons.LOST_TRIED, "LV b", "no such device") and step.code == 1
    step = monitor(facts, pick_up_new_lvs=False)
    assert step == told(reasons.LOST, "LV b") and step.code == 1


def test_an_lv_that_was_removed_is_no_longer_expected():
    facts = started(active=(active("a"),),
                    volumes=lvm.VolumesReport(outcome=OK, volumes=(lv("a"),)))
    assert monitor(facts) == Do("remember", (memory("a").to_text(), ""))


UNASKED = [(dict(quorum=Quorum(quorate=False, says="blocked")), "there is no quorum (blocked)"),
           (dict(daemons=Sockets()), "no LVM lock daemon runs on this node"),
           (dict(volumes=lvm.VolumesReport(outcome=lvm.LvmOutcome(ok=False, hung=True,
                                                                  says="mute"))), "mute"),
           (dict(modes=seen.Modes(answered=False, says="lvmlockctl: no answer")),
            "lvmlockctl: no answer")]


@pytest.mark.parametrize("facets, says", UNASKED)
def test_where_lvm_cannot_be_asked_the_remembered_list_counts(facets, says):
    assert monitor(started(**facets)) == DONE
    step = monitor(started(active=(active("a"),), **facets))
    assert step == told(reasons.LOST_UNASKED, "LV b ", f"({says})")
    assert step.code == ExitCode.DEGRADED
    step = monitor(started(active=(active("a"),), **facets),
                   request("monitor", degraded_known=False))
    assert step.code == 1
    step = monitor(started(active=(), **facets))
    assert step == told(reasons.LOST_UNASKED, "LV a, b ") and step.code == 1


def test_while_another_vg_is_looked_at_what_is_new_waits_and_what_is_lost_does_not():
    """Many full looks at once take so long that none of them ends with something to keep."""
    new = lvm.VolumesReport(outcome=OK, volumes=(lv("a"), lv("b"), lv("new")))
    known = dict(started().__dict__, turn=False)
    for facet in ("quorum", "daemons", "modes", "headers", "volumes"):
        known.pop(facet)
    assert monitor(Facts(**known)) == DONE.but(looked=False)
    later = started(volumes=new)
    assert monitor(later) == Do("pick_up", ("-asy", "new"))
    for urgent in (started(turn=False, active=(active("a"),)),
                   started(turn=False, remembered=None)):
        assert isinstance(monitor(urgent), Do)
    assert monitor(started(turn=False, volumes=new), request("monitor", level=10)) == monitor(later)


def test_lvs_without_their_lockspace_are_a_failure():
    step = monitor(started(lockspaces=seen.Lockspaces()))
    assert step == told(reasons.LOCKSPACE_GONE, "clvmd resource") and step.code == 1


def test_what_was_activated_by_hand_is_adopted():
    assert monitor(started(remembered=None)) == \
        Do("remember", (memory("a", "b").to_text(), ""))
    assert monitor(started(remembered=None), request("monitor", probe=True)) == DONE


def test_level_10_reads_each_lv():
    deep = request("monitor", level=10)
    assert monitor(started(reads=(("a", None), ("b", None))), deep) == DONE
    step = monitor(started(reads=(("a", None), ("b", "dd: no answer in 10 s"))), deep)
    assert step == told(reasons.UNREADABLE, "LV vg0/b cannot be read (dd: no answer in 10 s)")
    assert step.code == 1
    step = monitor(started(reads=(("a", "I/O error"), ("b", "I/O error"))), deep)
    assert step == told(reasons.UNREADABLE, "LV vg0/a cannot be read (I/O error; nor can 1 more)")


def test_level_10_names_the_lvs_that_are_suspended():
    reads = (("a", seen.SUSPENDED), ("b", seen.SUSPENDED))
    step = monitor(started(reads=reads), request("monitor", level=10))
    assert step == told(reasons.SUSPENDED, "LV a, b suspended", "dmsetup info") and step.code == 1


def test_level_10_tells_which_lvs_were_not_read():
    deep = request("monitor", level=10)
    read = (("a", None), ("b", None))
    step = monitor(started(reads=read[:1], held_back=("drbd0",)), deep)
    assert step == Do("warn", (warned(reasons.NOT_READ, "b", "drbd0"),))
    assert monitor(started(reads=read, held_back=("drbd7",)), deep) == DONE   # another VG's


# -- validate-all ------------------------------------------------------------------------

def test_validate_level_0_looks_at_nothing():
    assert decide(request("validate-all"), parameters(), Facts()) == DONE


@pytest.mark.parametrize("facets, reason, words", [
    (dict(settings=seen.Settings(use_lvmlockd="0")), reasons.NO_CLUSTER_LOCKS,
     ["set use_lvmlockd = 1 in lvm.conf"]),
    (dict(settings=seen.Settings(locking_type="1"), **GROUP_2_02), reasons.NO_CLUSTER_LOCKS_CLVMD,
     ["locking_type = 3"]),
    (dict(version=LvmVersion(missing=True, says="lvm: not found")), lvmversion.NO_LVM,
     ["install lvm2"]),
    (dict(group=lvm.GroupReport(outcome=OK, group=group("wz--n-"))), reasons.NOT_SHARED, [])])
def test_validate_level_10_checks_this_host(facets, reason, words):
    asked = request("validate-all", level=10)
    assert decide(asked, parameters(), healthy(**facets)) == told(reason, *words)


def test_validate_level_10_is_content_where_locks_are_not_there_yet():
    asked = request("validate-all", level=10)
    assert decide(asked, parameters(), healthy(daemons=Sockets())) == DONE
    assert decide(asked, parameters(), healthy()) == DONE
    assert decide(asked, parameters(), healthy(**clvmd())) == DONE


# -- small things ---------------------------------------------------------------------------

@pytest.mark.parametrize("name, good", [
    ("vg0", True), ("a+b_c.d-e", True), ("-a", False), ("", False), (".", False), ("..", False),
    ("a b", False), ("a/b", False), ("x" * 127, True), ("x" * 128, False), ("vgä", False)])
def test_names_of_groups(name, good):
    assert is_group_name(name) == good


@pytest.mark.parametrize("text", [None, "", "garbage\n", "locking\n", "locking sanlock\n"])
def test_a_memory_that_is_none(text):
    assert seen.recalled(text) is None


def test_a_memory_survives_its_file():
    assert seen.recalled(memory("a", "b").to_text()) == memory("a", "b")
    assert seen.recalled("locking clvmd\nlv broken\n") == memory(locking="clvmd")
