# SPDX-License-Identifier: GPL-2.0-or-later
"""The kinds of faults: how each begins and ends on a stage, and whose death may follow from it.

The table is KINDS. An end is tolerant: the machine may have been fenced meanwhile, and boots without the fault.
"""
import time
from collections import namedtuple
from contextlib import suppress

from .. import fencelog
from ..errors import LabError
from ..machine import LINKS

# Who may be fenced because of a fault: nobody; the node it is on; one of the two.
NOBODY, ITSELF, EITHER = "nobody", "itself", "one of the two"

# where: "node" or "both"; seconds: (shortest, longest); apart: fault -> set of what it needs for itself alone; inside: whether it
# acts in the guest; halts: whether the machine does not answer meanwhile; fences: one of the above; options: a random.Random
# -> dictionary; begin, end: called with (Stage, Fault); losses: fault -> how many losses it is, each of which may cost one life
Kind = namedtuple("Kind", "name title where seconds apart inside halts fences options begin end losses")

KINDS = {}
PACEMAKER = ("execd", "attrd", "fenced", "based", "schedulerd", "controld")
PERSON = "a person"  # one does one thing at a time


def _kind(name, title, begin, end=None, where="node", seconds=(8, 30), apart=None, inside=True, halts=False, fences=NOBODY,
          options=None, losses=None):  # fmt: skip
    """Adds a kind to the table.

    apart: text or function of the fault; by default the kind on its node.
    """
    needs = apart if callable(apart) else (lambda fault: {(apart or name, fault.node)})
    KINDS[name] = Kind(name, title, where, seconds, needs, inside, halts, fences, options or (lambda chance: {}), begin,
                       end or (lambda stage, fault: None), losses or (lambda fault: 1))  # fmt: skip


def choose(names):
    """Returns the Kinds of these names, all for none. Raises LabError for an unknown one."""
    unknown = sorted(set(names) - set(KINDS))
    if unknown:
        raise LabError(f"there is no kind of fault {', '.join(unknown)}: there are {', '.join(KINDS)}")
    return [KINDS[name] for name in KINDS if name in names] if names else list(KINDS.values())


def node(stage, fault):
    """Returns the node of a fault; for one of both, node 1."""
    return stage.lab.node(fault.node or 1)


def _cluster_wide(what):
    return lambda fault: {what}


# machines. The conductor starts what is off, except while such a fault lasts.


def _kill(stage, fault):
    stage.kill(node(stage, fault))


def _booted(stage, fault):
    node(stage, fault).wait(180)
    stage.watch(node(stage, fault))


_kind("killed", "a node loses its power", _kill, seconds=(20, 45), apart="machine", inside=False, halts=True, fences=ITSELF)
_kind("reset", "a node is reset and boots again", lambda stage, fault: stage.reset(node(stage, fault)), _booted, seconds=(20, 30),
      apart="machine", inside=False, halts=True, fences=ITSELF)  # fmt: skip
_kind("paused", "a machine stands still and continues", lambda stage, fault: stage.pause(node(stage, fault)),
      lambda stage, fault: stage.wake(node(stage, fault)), seconds=(1, 25), apart="machine", inside=False, halts=True,
      fences=ITSELF)  # fmt: skip

# links


def _cut(link):
    def begin(stage, fault):
        stage.cut(link)

    def end(stage, fault):
        stage.heal(link)

    return begin, end


def _flap(link):
    def begin(stage, fault):
        for pause in fault.options["pauses"]:
            stage.cut(link)
            time.sleep(pause)
            stage.heal(link)
            time.sleep(pause)

    def end(stage, fault):
        stage.heal(link)

    return begin, end


def _pauses(chance):
    return {"pauses": [round(chance.uniform(0.3, 4), 1) for _ in range(chance.randint(2, 4))]}


for _link in LINKS:
    _kind(f"{_link}-cut", f"the {_link} link is cut", *_cut(_link), where="both", seconds=(2, 40), apart=_cluster_wide(_link),
          inside=False, fences=EITHER)  # fmt: skip
    _kind(f"{_link}-flaps", f"the {_link} link flaps", *_flap(_link), where="both", seconds=(5, 35), apart=_cluster_wide(_link),
          inside=False, fences=EITHER, options=_pauses, losses=lambda fault: len(fault.options["pauses"]))  # fmt: skip


def _packets(link):
    def begin(stage, fault):
        stage.disturb(node(stage, fault), link, *fault.options["netem"].split())

    def end(stage, fault):
        stage.disturb(node(stage, fault), link)

    return begin, end


def _any(*texts):
    return lambda chance: {"netem": chance.choice(texts)}


for _link in LINKS:
    for _name, _title, _fences, _texts in (
        ("one-way", "gets no packet of one node", EITHER, ("loss 100%",)),
        ("drops", "drops a share of one node's packets", EITHER, ("loss 5%", "loss 20%", "loss 40%")),
        ("delays", "delays one node's packets", EITHER, ("delay 50ms", "delay 200ms 100ms", "delay 800ms 400ms")),
        ("duplicates", "duplicates one node's packets", NOBODY, ("duplicate 10%", "duplicate 50%")),
        ("reorders", "reorders one node's packets", NOBODY, ("delay 30ms reorder 75% 50%",)),
    ):
        _kind(f"{_link}-{_name}", f"the {_link} link {_title}", *_packets(_link), seconds=(5, 40),
              apart=lambda fault, link=_link: {("netem", link, fault.node)}, fences=_fences, options=_any(*_texts))  # fmt: skip

# disks: one of the two copies stays untouched


def _slow(stage, fault):
    stage.slow_disk(node(stage, fault), fault.options["requests"])


def _fast(stage, fault):
    if node(stage, fault).alive():
        stage.slow_disk(node(stage, fault), 0)


def _pull(stage, fault):
    stage.pull_disk(node(stage, fault))


def _return(stage, fault):
    """Attached is only what is there and not in use: a node that was fenced meanwhile did it itself."""
    there = node(stage, fault).drbd()
    if there is not None and there.disk in ("Diskless", "Failed"):
        stage.return_disk(node(stage, fault))
    else:
        node(stage, fault).run("echo 1 >/sys/bus/pci/rescan")


def _detach(stage, fault):
    stage.mark(f"{node(stage, fault).name}: drbdadm detach r0")
    node(stage, fault).ok("drbdadm detach r0", 60)


def _attach(stage, fault):
    stage.mark(f"{node(stage, fault).name}: drbdadm attach r0")
    there = node(stage, fault).drbd()
    if there is not None and there.disk == "Diskless":
        node(stage, fault).ok("drbdadm attach r0", 60)


def _fails(stage, fault):
    """A request ends with EIO, and DRBD lets go of the disk."""
    stage.mark(f"{node(stage, fault).name}'s disk: EIO on each {fault.options['request']}")
    node(stage, fault).machine.fail_disk(fault.options["request"])


def _works(stage, fault):
    if node(stage, fault).alive():
        stage.mark(f"{node(stage, fault).name}'s disk works again")
        node(stage, fault).machine.fail_disk()
    _attach(stage, fault)


_kind("disk-slow", "the backing device is slow", _slow, _fast, seconds=(10, 40), inside=False,
      options=lambda chance: {"requests": chance.choice((2, 10, 30))}, fences=EITHER)  # fmt: skip
_kind("disk-pulled", "the backing device is pulled", _pull, _return, seconds=(10, 40), apart=_cluster_wide("disk"))
_kind("disk-fails", "reads or writes of the backing device end with EIO", _fails, _works, seconds=(10, 40),
      apart=_cluster_wide("disk"), inside=False, options=lambda chance: {"request": chance.choice(("read", "write"))})  # fmt: skip
_kind("disk-detached", "a person detaches the backing device", _detach, _attach, seconds=(10, 40), apart=_cluster_wide("disk"))

# daemons


def _killed(*programs):
    def begin(stage, fault):
        stage.signal(node(stage, fault), "KILL", *programs)

    return (begin,)


def _stopped(*programs):
    def begin(stage, fault):
        stage.signal(node(stage, fault), "STOP", *programs)

    def end(stage, fault):
        with suppress(LabError):  # another one runs by now, or none
            stage.signal(node(stage, fault), "CONT", *programs)

    return begin, end


for _program, _short, _dies in (
    ("lvmlockd", "lockd", NOBODY), ("dlm_controld", "dlm", ITSELF), ("corosync", "corosync", ITSELF),
):  # fmt: skip
    _kind(f"{_short}-killed", f"{_program} is killed with SIGKILL", *_killed(_program), seconds=(10, 15), apart=_program,
          fences=_dies)  # fmt: skip
    _kind(f"{_short}-stopped", f"{_program} is stopped with SIGSTOP", *_stopped(_program), seconds=(2, 40), apart=_program,
          fences=_dies)  # fmt: skip


def _pacemaker_killed(stage, fault):
    stage.signal(node(stage, fault), "KILL", f"pacemaker-{fault.options['daemon']}")


def _pacemaker_stopped(stage, fault):
    stage.signal(node(stage, fault), "STOP", f"pacemaker-{fault.options['daemon']}")


def _pacemaker_continues(stage, fault):
    with suppress(LabError):
        stage.signal(node(stage, fault), "CONT", f"pacemaker-{fault.options['daemon']}")


def _daemon(chance):
    return {"daemon": chance.choice(PACEMAKER)}


_kind("pacemaker-killed", "one of Pacemaker's daemons is killed", _pacemaker_killed, seconds=(10, 15), apart="pacemaker",
      fences=ITSELF, options=_daemon)  # fmt: skip
_kind("pacemaker-stopped", "one of Pacemaker's daemons is stopped", _pacemaker_stopped, _pacemaker_continues, seconds=(2, 30),
      apart="pacemaker", fences=ITSELF, options=_daemon)  # fmt: skip


def _found(stage, fault, number, pattern, what):
    """Sends a signal to whatever process has a pattern in its command line, and to nothing is fine."""
    stage.mark(f"{what} on {node(stage, fault).name}: SIG{number}")
    node(stage, fault).run(["pkill", f"-{number}", "-f", pattern])


_AGENT = "/resource.d/(dualstor|linbit)/"
_WATCHER = "clustered-vg watch "
_kind("agents-killed", "the agents that run at this moment are killed",
      lambda stage, fault: _found(stage, fault, "KILL", _AGENT, "agents"), seconds=(5, 10), fences=ITSELF)  # fmt: skip
_kind("watcher-killed", "the watcher of a volume group is killed",
      lambda stage, fault: _found(stage, fault, "KILL", _WATCHER, "the watcher"), seconds=(5, 10), apart="watcher")  # fmt: skip
_kind("watcher-stopped", "the watcher of a volume group is stopped",
      lambda stage, fault: _found(stage, fault, "STOP", _WATCHER, "the watcher"),
      lambda stage, fault: _found(stage, fault, "CONT", _WATCHER, "the watcher"), apart="watcher")  # fmt: skip

# the fence device


def _device(mode):
    def begin(stage, fault):
        stage.fencing_is(mode)

    def end(stage, fault):
        stage.fencing_is("")

    return begin, end


# A node that is back before it could be fenced is fenced late: Pacemaker does not forget a request.
for _name, _mode in (("refuses", fencelog.REFUSES), ("slow", fencelog.SLOW), ("second", fencelog.SECOND)):
    _kind(f"fencing-{_name}", f"the fence device {_mode}", *_device(_mode), where="both", seconds=(15, 60),
          apart=_cluster_wide("fencing"), inside=False, fences=EITHER)  # fmt: skip

# the host


def _clock(stage, fault):
    stage.mark(f"{node(stage, fault).name}'s clock jumps by {fault.options['seconds']} s")
    node(stage, fault).ok(f"date -u -s @$(($(date +%s) + {fault.options['seconds']}))")


def _clock_right(stage, fault):
    node(stage, fault).ok(f"date -u -s @{time.time():.3f}")


_PRESSURE = {
    "the CPU": "sh -c 'echo $$ >/run/pressure.pid; while :; do :; done'",
    "memory": "python3 -c 'import os, time; print(os.getpid(), file=open(\"/run/pressure.pid\", \"w\"));"
    " kept = b\"x\" * (300 << 20); time.sleep(600)'",
}


def _pressed(stage, fault):
    stage.mark(f"{node(stage, fault).name}: something uses {fault.options['use']}")
    node(stage, fault).ok(f"setsid {_PRESSURE[fault.options['use']]} >/dev/null 2>&1 </dev/null &")


def _released(stage, fault):
    node(stage, fault).run("kill -TERM $(cat /run/pressure.pid); rm -f /run/pressure.pid")


_kind("clock-jumps", "the clock of a node jumps", _clock, _clock_right, seconds=(5, 40),
      options=lambda chance: {"seconds": chance.choice((-3600, -60, 60, 3600))})  # fmt: skip
_kind("run-full", "/run and /tmp of a node are full", lambda stage, fault: stage.fill(node(stage, fault)),
      lambda stage, fault: stage.empty(node(stage, fault)))  # fmt: skip
_kind("pressure", "memory or the CPU of a node is used up", _pressed, _released,
      options=lambda chance: {"use": chance.choice(("the CPU", "memory"))}, fences=EITHER)  # fmt: skip

# a person


def _standby(stage, fault):
    stage.standby(node(stage, fault))


def _back(stage, fault):
    stage.standby(node(stage, fault), on=False)


def _maintenance(value):
    def act(stage, fault):
        stage.mark(f"maintenance mode: {value}")
        stage.property("maintenance-mode", value)

    return act


def _banned(stage, fault):
    name = node(stage, fault).name
    stage.mark(f"{fault.options['resource']} is banned from {name}")
    stage.anywhere(["crm_resource", "--resource", fault.options["resource"], "--ban", "--node", name])


def _cleared(stage, fault):
    stage.mark(f"{fault.options['resource']} is no longer banned")
    stage.anywhere(["crm_resource", "--resource", fault.options["resource"], "--clear"])


def _disconnect(stage, fault):
    stage.mark(f"{node(stage, fault).name}: drbdadm disconnect r0")
    node(stage, fault).run("drbdadm disconnect r0", 30)


def _connect(stage, fault):
    stage.mark(f"{node(stage, fault).name}: drbdadm connect r0")
    node(stage, fault).run("drbdadm connect r0", 30)


_kind("standby", "a person puts a node into standby, and takes it back", _standby, _back, seconds=(5, 60), apart=PERSON, inside=False)
_kind("maintenance", "a person switches maintenance mode on, and off", _maintenance("true"), _maintenance("false"), where="both",
      apart=PERSON, inside=False)  # fmt: skip
_kind("cleanup", "a person lets the cluster forget all failures", lambda stage, fault: stage.cleanup(), where="both",
      seconds=(5, 10), inside=False)  # fmt: skip
_kind("banned", "a person bans what runs from a node, and clears that", _banned, _cleared, seconds=(10, 60), apart=PERSON,
      inside=False, options=lambda chance: {"resource": chance.choice(("writers", "vg0-clone", "drbd-clone"))})  # fmt: skip
_kind("disconnected", "a person disconnects DRBD on a node, and connects it", _disconnect, _connect, seconds=(2, 20),
      fences=EITHER)  # fmt: skip

_kind("upgraded", "the package is upgraded while everything runs", lambda stage, fault: stage.upgrade(node(stage, fault)),
      seconds=(15, 25), fences=NOBODY)  # fmt: skip

# The first choice: from end to end with few kinds, two of each sort.
FIRST = ("killed", "paused", "replication-cut", "cluster-cut", "lockd-killed", "disk-pulled", "fencing-refuses", "standby")


def quiet(stage):
    """Ends every fault there may be on both nodes, whatever its end has done. Returns what could not be done, as texts."""
    wrong = []

    def attempt(work, *arguments):
        try:
            work(*arguments)
        except LabError as error:
            wrong.append(str(error)[:300])

    for link in LINKS:
        attempt(stage.lab.heal, link)
    attempt(stage.lab.fencing_is, "")
    for each in stage.lab.nodes:
        if each.alive():
            attempt(each.machine.go)
            attempt(each.machine.throttle, 0)
            attempt(each.machine.fail_disk)
    return wrong


def quiet_inside(stage, each):
    """The same for what is inside one node, which answers. Returns what could not be done."""
    stop = ("lvmlockd", "dlm_controld", "corosync", *(f"pacemaker-{name}" for name in PACEMAKER))
    script = [
        *(f"tc qdisc del dev {device} root" for device in LINKS.values()),
        *(f"killall -q -CONT {name}" for name in stop),
        f"pkill -CONT -f '{_WATCHER}'",
        "rm -f /run/filling /tmp/filling; for d in /run /tmp; do mount -o remount,size=200m $d; done",
        "[ -b /dev/vdb ] || { echo 1 >/sys/bus/pci/rescan; udevadm settle; }",
        f"date -u -s @{time.time():.3f}",
        "[ ! -e /run/pressure.pid ] || kill -TERM $(cat /run/pressure.pid); rm -f /run/pressure.pid",
    ]
    try:
        each.run("; ".join(script) + "; true", 90)
        there = each.drbd()
        if there is not None and there.disk == "Diskless":
            each.ok("drbdadm attach r0", 60)
        if there is not None and there.connection == "StandAlone":
            each.run("drbdadm connect r0", 30)
    except LabError as error:
        return [str(error)[:300]]
    return []


def quiet_cluster(stage):
    """The same for what a person has set in the cluster. Returns what could not be done."""
    wrong = []
    commands = [["crm_attribute", "--name", "maintenance-mode", "--update", "false"]]
    commands += [["crm_attribute", "--node", each.name, "--name", "standby", "--lifetime", "reboot", "--delete"]
                 for each in stage.lab.nodes]  # fmt: skip
    commands += [["crm_resource", "--resource", name, "--clear"] for name in ("writers", "vg0-clone", "drbd-clone")]
    for command in commands:
        try:
            stage.anywhere(command)
        except LabError as error:
            wrong.append(str(error)[:300])
    return wrong
