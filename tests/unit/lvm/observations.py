# SPDX-License-Identifier: GPL-2.0-or-later
"""Observations of a host with a volume group: healthy ones, and any that hypothesis can think of."""

from hypothesis import strategies as st

from dualstor.action.steps import Done, Request
from dualstor.agents.clustered_vg import decide as module
from dualstor.agents.clustered_vg import deeds, interface, seen
from dualstor.agents.clustered_vg.published import Published
from dualstor.agents.lvmversion import LvmVersion
from dualstor.kernel.devmapper import MappedVolume
from dualstor.kernel.locksocket import Sockets
from dualstor.kernel.process import Process
from dualstor.record import Record
from dualstor.tools import lvm, lvm_messages
from dualstor.tools.hold import Hold
from dualstor.watcher.place import Watcher
from facts import Facts, deciding

decide = deciding(seen.Case, module.decide, deeds)

VG = "vg0"
GROUP_ID = "g" * 32
HOLD = Hold(resource="r0", pid=4712, since=1, groups=(VG,), dead=False)
HEADER = ("header", "vdb 4096", "78")


class Quorum(Record):
    """As dualstor.tools.quorum tells it."""

    running: bool = True
    quorate: object = True
    says: str = "2 of 2 votes"


def identity(name):
    return (name * 32)[:32]


def active(name, **changes):
    return MappedVolume(**dict(dict(vg=VG, lv=name, name=f"{VG}-{name}", minor=0,
                              uuid="LVM-" + GROUP_ID + identity(name), size=2048), **changes))


def lv(name, attr="-wi-------", **changes):
    return lvm.LogicalVolume(**dict(dict(name=name, uuid=identity(name), attr=attr,
                                         segment_types=("linear",)), **changes))


def group(attr="wz--ns", **changes):
    return lvm.VolumeGroup(**dict(dict(name=VG, uuid=GROUP_ID, attr=attr, pv_count=1, lv_count=2),
                                  **changes))


OK = lvm.LvmOutcome(ok=True)


def outcome(*lines, **changes):
    """An Outcome with these lines on stderr; not ok unless *changes* say so."""
    messages = lvm_messages.classify("\n".join(lines))
    says = lines[0] if lines else "exit code 5"
    return lvm.LvmOutcome(**dict(dict(ok=False, messages=messages, says=says), **changes))


def parameters(**changes):
    values = {p.name: p.default for p in interface.INTERFACE.parameters}
    values.update(dict(dict(vgname=VG, propagation="monitor"), **changes))
    return interface.Parameters(values)


def request(action, **changes):
    return Request(action, resource="p_vg0", **changes)


def watcher(**changes):
    """The watcher of the VG as it is seen."""
    return Watcher(process=Process(pid=4711, start_time=99, program="python3", state="S"), **changes)


def healthy(**changes):
    """A shared VG with LVs a and b, not started; *changes* replace facets."""
    facets = dict(
        unchanged=None, headers=None,
        active=(), lockspaces=seen.Lockspaces(), remembered=None,
        daemons=Sockets(accepting=("lvmlockd",)), quorum=Quorum(),
        version=LvmVersion(number=(2, 3, 16)),
        settings=seen.Settings(use_lvmlockd="1", use_devicesfile="0"),
        group=lvm.GroupReport(outcome=OK, group=group()),
        devices=(seen.PvDevice("/dev/drbd0", drbd=True),),
        volumes=lvm.VolumesReport(outcome=OK, volumes=(lv("a"), lv("b"))),
        modes=seen.Modes(), exclusive=None, reads=(), held=(), turn=True, held_back=(),
        watcher=None, hold=None, standing="", clock=Published(boot="b00t", at=7))
    facets.update(changes)
    facets.setdefault("present", listed(facets["active"]))
    return Facts(**facets)


def listed(volumes):
    """What device-mapper's list tells of its *volumes*."""
    return "".join(f"{v.name} {v.uuid} {v.major}:{v.minor}\n" for v in volumes)


def started(**changes):
    """The same VG with both LVs active."""
    return healthy(**dict(dict(
        active=(active("a"), active("b")), lockspaces=seen.Lockspaces(group=True),
        remembered=memory("a", "b"),
        modes=seen.Modes(held=((identity("a"), "sh"), (identity("b"), "sh")))), **changes))


def memory(*names, locking="lvmlockd"):
    return seen.Remembered(locking=locking, volumes=tuple((identity(n), n) for n in names))


def clvmd(**changes):
    """Facets of the generation with clvmd, LVM 2.02."""
    return dict(dict(daemons=Sockets(accepting=("clvmd",)),
                     version=LvmVersion(number=(2, 2, 84)),
                     settings=seen.Settings(use_lvmlockd=None, locking_type="3",
                                            filter_name="filter"),
                     group=lvm.GroupReport(outcome=OK, group=group("wz--nc"))), **changes)


def with_history(facts, *done, elapsed=0.0):
    """*facts* after the deeds *done*, each (deed, args, outcome[, at])."""
    history = tuple(Done(d[0], d[1], d[2], d[3] if len(d) > 3 else 0.0) for d in done)
    return Facts(**dict(facts.__dict__, history=history, elapsed=elapsed))


# -- anything ---------------------------------------------------------------------

LINES = (
    "VG vg0 lock skipped: lock start in progress", "VG vg0 lock failed: held by other host.",
    "LV locked by other host: vg0/a", "LV locked by other host: vg0/b",
    "Error locking on node 1: Volume is busy on another node",
    "Error locking on node 1: Device or resource busy",
    "WARNING: Falling back to local file-based locking.",
    "Skipping clustered volume group vg0", "Cannot access clustered VG vg0.",
    "Internal cluster locking initialisation failed.",
    "VG vg0 stop failed: LVs must first be deactivated", "Logical volume vg0/a in use.",
    'Can\'t deactivate volume group "vg0" with 1 open logical volume(s)',
    'Volume group "vg0" not found', 'Failed to find logical volume "vg0/a"',
    "Volume group vg0 is exported", "Cannot access VG vg0 with system ID x with local system ID y.",
    "WARNING: PV x prefers device /dev/vdb because of y.", "Failed to lock logical volume vg0/a.",
    "Something nobody knows")

NAMES = ("a", "b", "c")

outcomes = st.one_of(
    st.just(OK),
    st.builds(lambda lines, ok: outcome(*lines, ok=ok and not any("Falling" in x for x in lines)),
              st.lists(st.sampled_from(LINES), max_size=3), st.booleans()),
    st.just(lvm.LvmOutcome(ok=False, hung=True, says="vgchange vg0: no answer in 5 s")),
    st.just(lvm.LvmOutcome(ok=False, missing=True, says="lvchange: not found")))

volumes = st.builds(
    lv, st.sampled_from(NAMES), st.sampled_from(
        ["-wi-------", "-wi-a-----", "-wi-ao", "-wi------k", "-wi-a----k", "owi-a-s---",
         "swi-a-s---", "Vwi-a-tz--", "twi-aotz--", "Cwi-a-C---", "rwi-a-r---"]),
    tags=st.sampled_from([(), (), ("x",), (interface.EXCLUSIVE_TAG,), (interface.LEAVING_TAG,)]),
    size=st.sampled_from([8 * 512, 8 * 512, 16 * 512]),
    segment_types=st.sampled_from([("linear",), ("linear", "striped"), ("thin-pool",), ("cache",)]),
    active=st.sampled_from([None, "", "active", "locally", "remote exclusive"]))

lists_of_volumes = st.lists(volumes, max_size=3, unique_by=lambda v: v.name).map(tuple)

devices = st.lists(st.builds(
    seen.PvDevice, st.sampled_from(["/dev/drbd0", "/dev/vdb", "[unknown]"]), drbd=st.booleans(),
    missing=st.booleans(), duplicate=st.booleans(), above=st.sampled_from([None, "/dev/drbd0"])),
    max_size=3).map(tuple)

kernels = st.lists(st.builds(
    active, st.sampled_from(NAMES), layer=st.sampled_from(["", "", "", "real", "rimage"]),
    size=st.sampled_from([None, 0, 8, 8])), max_size=4).map(tuple)

_FACETS = dict(
    unchanged=st.sampled_from([None, None, None, (HEADER,)]),
    headers=st.sampled_from([None, (), (HEADER,)]),
    turn=st.booleans(),
    standing=st.sampled_from(["", "", "the cluster is in maintenance mode"]),
    watcher=st.sampled_from([None, watcher(), watcher(), watcher(hangs=True)]),
    clock=st.just(Published(boot="b00t", at=7)),
    hold=st.sampled_from([None, None, None, HOLD, HOLD.but(dead=True)]),
    exclusive=st.sampled_from([None, frozenset(), frozenset((identity("a"),))]),
    active=kernels,
    lockspaces=st.builds(seen.Lockspaces, st.booleans(), st.booleans(), st.booleans()),
    remembered=st.one_of(st.none(), st.builds(
        lambda names, locking: memory(*sorted(names), locking=locking),
        st.sets(st.sampled_from(NAMES)), st.sampled_from(["lvmlockd", "clvmd"]))),
    daemons=st.builds(Sockets, accepting=st.sampled_from(
        [(), ("lvmlockd",), ("clvmd",), ("lvmlockd", "clvmd")]), says=st.just("refused"),
        busy=st.sampled_from([(), (), ("clvmd",)])),
    held_back=st.sampled_from([(), (), ("drbd0",)]),
    quorum=st.builds(Quorum, st.booleans(), st.sampled_from([True, True, False, None])),
    version=st.sampled_from([LvmVersion(number=(2, 3, 16)), LvmVersion(number=(2, 2, 84)),
                             LvmVersion(missing=True, says="lvm: not found"),
                             LvmVersion(says="lvm version: no answer in 5 s")]),
    settings=st.builds(seen.Settings, st.sampled_from([None, "0", "1"]),
                       st.sampled_from([None, "1", "3"]), st.sampled_from([None, "0", "1"])),
    group=st.builds(lvm.GroupReport, outcomes, st.one_of(st.none(), st.builds(
        group, st.sampled_from(["wz--ns", "wz--nc", "wz--n-", "wzx-ns", "wz-pns", "wz--ns-"])))),
    devices=devices,
    volumes=st.builds(lvm.VolumesReport, st.one_of(st.just(OK), st.just(OK), outcomes),
                      lists_of_volumes),
    modes=st.builds(seen.Modes, st.booleans(), st.lists(st.tuples(
        st.sampled_from(NAMES).map(identity), st.sampled_from(["sh", "ex", "un"])),
        max_size=3).map(tuple), st.just("lvmlockctl --info: no answer")),
    reads=st.lists(st.tuples(st.sampled_from(NAMES), st.sampled_from([None, "I/O error"])),
                   max_size=2).map(tuple),
    held=st.lists(st.tuples(st.sampled_from(NAMES), st.sampled_from([(), ("qemu[4711]",)])),
                  max_size=2).map(tuple))


@st.composite
def facets(draw, always=(), others=5):
    """Facets of a host that is well but for *always* and up to so many *others*."""
    base = draw(st.sampled_from([healthy(), started(), healthy(**clvmd()), started(
        **clvmd(lockspaces=seen.Lockspaces(clvmd=True),
                remembered=memory("a", "b", locking="clvmd")))]))
    changed = draw(st.sets(st.sampled_from(sorted(_FACETS)), max_size=others)) | set(always)
    found = {name: value for name, value in base.__dict__.items() if name in _FACETS}
    found.update((name, draw(_FACETS[name])) for name in sorted(changed))
    found["present"] = listed(found["active"])
    return found


removals = st.builds(seen.Removal, st.sampled_from([(), ("vg0-a",)]), st.just("busy"),
                     st.booleans())


def _done(deed):
    args, results = st.just(()), removals if deed == "remove_devices" else outcomes
    if deed in ("start_watcher", "stop_watcher", "publish", "remember"):
        results = st.sampled_from(["", "no answer"]) if deed == "publish" else st.none()
    if deed in ("activate", "pick_up", "reactivate", "make_shared"):
        args = st.one_of(st.just(NAMES), st.sets(st.sampled_from(NAMES))).map(
            lambda n: ("-asy", "-aly", "-aey") + tuple(sorted(n)))
    return st.builds(Done, st.just(deed), args, results, st.floats(0, 30))


_OF_ACTION = {
    "start": ("start_locking", "activate", "start_watcher"),
    "stop": ("deactivate_group", "deactivate", "remove_devices", "stop_locking", "release",
             "stop_watcher"),
    "monitor": ("make_shared", "pick_up", "reactivate", "start_watcher"), "validate-all": (),
    "reload-agent": ("start_watcher", "stop_watcher"),
    "propagate": ("deactivate", "make_shared", "pick_up", "refresh", "remember", "publish")}


def histories(action):
    deeds = _OF_ACTION[action]
    if not deeds:
        return st.just(())
    return st.lists(st.sampled_from(deeds).flatmap(_done), max_size=6).map(tuple)


requests = st.builds(
    lambda action, probe, level, degraded, cloned, count: request(
        action, probe=probe and action == "monitor", level=level, degraded_known=degraded,
        in_cluster=cloned, clone_max=count),
    st.sampled_from(sorted(_OF_ACTION)), st.booleans(), st.sampled_from([0, 10]), st.booleans(),
    st.booleans(), st.sampled_from([None, 1, 2]))

any_parameters = st.builds(
    lambda mode, pick, when, partial: parameters(activation_mode=mode, pick_up_new_lvs=pick,
                                                 propagation=when, partial_activation=partial),
    st.sampled_from(["shared", "exclusive"]), st.booleans(),
    st.sampled_from([interface.AT_ONCE, interface.BY_MONITOR]), st.booleans())


@st.composite
def situations(draw, always=(), others=5):
    """(request, parameters, facts): anything; as ``facets``."""
    asked = draw(requests)
    facts = Facts(history=draw(histories(asked.action)), elapsed=draw(st.floats(0, 60)),
                  **draw(facets(always, others)))
    return asked, draw(any_parameters), facts
