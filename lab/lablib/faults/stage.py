# SPDX-License-Identifier: GPL-2.0-or-later
"""Where a scenario plays: a formed cluster with a writer on each node, and everything a scenario does to it."""
import time
from collections import namedtuple
from contextlib import contextmanager

from .. import cib, cluster, machine, package, snapshot
from ..errors import LabError
from ..observe import unsettled
from ..waiting import Unmet, wait_until
from . import records, timeline

WITNESS = "witness"
PATH = f"/dev/{cib.VG}/lv0"

Mark = namedtuple("Mark", "time text")
Check = namedtuple("Check", "name ok detail")


class Stage:
    """One run of one scenario with one set of agents.

    Attributes: lab; one, two: the nodes; agents: the AgentSet; marks, checks: what was reported and found so far; began:
    time.time() at which the damage may begin; places: {device or file: time from which new runs of the writers go there};
    more: names of resources that a scenario added, which run on both nodes as well; resources: how many DRBD resources there
    are, each with its VG. Writers write to the first.
    """

    def __init__(self, lab, agents, resources=1):
        self.lab = lab
        self.agents = agents
        self.resources = resources
        self.one, self.two = lab.nodes
        self.marks = []
        self.checks = []
        self.forgiven = []
        self.places = {PATH: 0}
        self.more = []
        self.began = self.ended = None
        self._ports = {}
        self._fenced = 0

    @property
    def ours(self):
        """Whether our agents play, not the stock ones."""
        return self.agents is cib.DUALSTOR

    # before and after

    def set(self):
        """Brings the cluster onto the stage: formed, with a writer on each node that writes."""
        self.close()
        writers = cib.writers(PATH)

        def make():
            self.lab.formed(self.agents.name, self.resources)
            self.lab.wait_formed()
            self.merge(writers)
            self.whole(180)

        self.lab.taken_or_made(snapshot.writing_name(self.lab, self.agents.name, self.resources, writers), make)
        for node in self.lab.nodes:
            for name in machine.PORTS:
                self._ports[node.name, name] = records.Port(node.machine, name)
                self._ports[node.name, name].start()
            self.watch(node)
        for node in self.lab.nodes:
            self.writing(node)
        self._fenced = len(self.lab.fenced())
        time.sleep(2)
        self.began = time.time()

    def close(self):
        """Ends what follows the machines."""
        for port in self._ports.values():
            port.stop()
        self._ports = {}

    def watch(self, node):
        """Lets a node tell what changes in it, from now until its machine ends."""
        node.run("setsid /usr/local/lib/lab/witness watch >/run/watch.log 2>&1 </dev/null &")

    def lines(self, name):
        """Returns the Lines that both nodes sent over a port, oldest first."""
        found = [line for (_, port), each in self._ports.items() if port == name for line in each.lines]
        return sorted(found, key=lambda line: line.time)

    def fencing(self):
        """Returns the records of fencing since the stage was set."""
        return self.lab.fenced()[self._fenced :]

    # what a scenario reports

    def mark(self, text):
        """Notes a moment of the story."""
        self.marks.append(Mark(time.time(), text))
        self.lab.progress.note(f"    {time.time() - self.began:6.1f} s  {text}" if self.began else f"    {text}")

    def check(self, name, ok, detail=""):
        """Notes whether something is as it should be; a scenario continues either way. Returns ok."""
        self.checks.append(Check(name, bool(ok), "" if ok else str(detail)))
        if not ok:
            self.lab.progress.note(f"    not so: {name}: {detail}")
        return ok

    @contextmanager
    def checked(self, name):
        """Notes as a failed check whatever LabError the block raises, and as a passed one otherwise."""
        try:
            yield
        except LabError as error:
            self.check(name, False, error)
        else:
            self.check(name, True)

    def forgive(self, node, since):
        """The records that a node wrote after `since` may be lost: a person chose to."""
        self.forgiven.append((node.name, since))

    # what a scenario does

    def merge(self, configuration):
        """Merges the text of a <configuration> into the CIB."""
        self.one.ok(["cibadmin", "--modify", "--allow-create", "--xml-text", configuration])

    def kill(self, node):
        """Pulls a node's plug."""
        self.mark(f"{node.name} loses its power")
        node.kill()

    def start(self, *nodes):
        """Switches nodes on; they join the cluster by themselves."""
        self.mark(" and ".join(node.name for node in nodes) + " on again")
        for node in nodes:
            if not node.alive():
                node.start(wait=False)
        for node in nodes:
            node.wait()
            self.watch(node)

    def cut(self, *links):
        """Unplugs links."""
        self.mark(" and ".join(links) + " link cut")
        for link in links:
            self.lab.cut(link)

    def heal(self, *links):
        """Plugs links in again."""
        self.mark(" and ".join(links) + " link healed")
        for link in links:
            self.lab.heal(link)

    def move_writers(self, path):
        """Lets both writers begin a new run, on another device or file."""
        self.places[path] = time.time()
        parameter = ["--set-parameter", "path", "--parameter-value", path]
        self.one.ok(["crm_resource", "--resource", WITNESS, *parameter])

        def moved():
            begun = {line.node for line in self.lines(WITNESS) if line.words[0] == "ack" and self.place(line.words[1]) == path}
            return len(begun) == len(self.lab.nodes) or Unmet(f"only on {sorted(begun)}")

        self.wait(moved, f"both writers to write to {path}", 120)

    def anywhere(self, command, timeout=60):
        """Runs a command of the cluster on a node that can; returns its standard output. Raises the last LabError."""
        problem = LabError("no machine runs")
        for node in self.lab.nodes:
            if node.alive():
                try:
                    return node.ok(command, timeout)
                except LabError as error:
                    problem = error
        raise problem

    def standby(self, node, on=True):
        """Makes a node leave its resources, or take them again."""
        self.mark(f"{node.name} {'to standby' if on else 'back from standby'}")
        change = ["--update", "on"] if on else ["--delete"]
        self.anywhere(["crm_attribute", "--node", node.name, "--name", "standby", "--lifetime", "reboot", *change])

    def property(self, name, value):
        """Sets a property of the cluster."""
        self.anywhere(["crm_attribute", "--name", name, "--update", value])

    def cleanup(self):
        """Lets the cluster forget failures, whatever it is doing."""
        self.mark("cleanup: crm_resource --refresh")
        self.anywhere("crm_resource --refresh", 60)

    def refresh(self):
        """Lets the cluster forget failures, as an administrator does after a fix, and waits until it is at rest."""
        self.cleanup()
        self.idle()

    def pause(self, node):
        """Stops a machine's clock and CPU."""
        self.mark(f"{node.name} is paused")
        node.machine.halt()

    def wake(self, node):
        """Lets a paused machine continue, unless it was fenced meanwhile."""
        if node.alive():
            self.mark(f"{node.name} continues")
            node.machine.go()

    def reset(self, node):
        """Presses a machine's reset button; it boots again."""
        self.mark(f"{node.name} is reset")
        node.machine.monitor(("system_reset", {}))

    def signal(self, node, number, *programs):
        """Sends a signal to all processes of these names on a node."""
        self.mark(f"{' and '.join(programs)} on {node.name}: SIG{number}")
        node.ok(f"kill -{number} $(pidof {' '.join(programs)})")

    def disturb(self, node, link, *what):
        """Lets netem treat what a node sends on a link: `loss 100%`, `delay 100ms`; nothing ends it."""
        device = machine.LINKS[link]
        self.mark(f"what {node.name} sends on the {link} link: {' '.join(what) or 'undisturbed'}")
        if what:
            node.ok(f"modprobe sch_netem && tc qdisc replace dev {device} root netem {' '.join(what)}")
        else:
            node.run(f"tc qdisc del dev {device} root")

    def slow_disk(self, node, requests):
        """Lets a node's backing device serve at most so many requests per second; 0: as many as it can."""
        self.mark(f"{node.name}'s disk: {f'{requests} requests per second' if requests else 'at full speed'}")
        node.machine.throttle(requests)

    def pull_disk(self, node):
        """Takes the backing device of DRBD away from a running machine."""
        self.mark(f"{node.name}'s disk is pulled")
        node.ok("echo 1 >$(readlink -f /sys/block/vdb/device/..)/remove")

    def return_disk(self, node):
        """Gives it back, and attaches it by hand."""
        self.mark(f"{node.name}'s disk is back, and attached by hand")
        node.ok("echo 1 >/sys/bus/pci/rescan; udevadm settle")
        node.ok("drbdadm attach r0", 60)

    def fill(self, node):
        """Fills /run and /tmp of a node."""
        self.mark(f"/run and /tmp of {node.name} are full")
        node.ok(
            "for d in /run /tmp; do used=$(df -k --output=used $d | tail -n 1); mount -o remount,size=$((used + 64))k $d;"
            " dd if=/dev/zero of=$d/filling bs=4k status=none 2>/dev/null; done; true"
        )

    def empty(self, node):
        """Ends `fill`."""
        node.ok("rm -f /run/filling /tmp/filling; for d in /run /tmp; do mount -o remount,size=200m $d; done")
        self.mark(f"there is room again on {node.name}")

    def upgrade(self, node):
        """Upgrades the package on a node, to the same state of the tree."""
        self.mark(f"the package is upgraded on {node.name}")
        package.upgrade(node, package.rpms(self.lab.package()))

    def fencing_is(self, mode):
        """Lets the fence device work ("") or be as fencelog.MODES says."""
        self.mark(f"the fence device: {mode or 'works'}")
        self.lab.fencing_is(mode)

    # what a scenario waits for

    def wait(self, condition, what, timeout):
        """Waits until a condition holds; see waiting.wait_until."""
        return wait_until(condition, what, timeout, 0.3)

    def idle(self, timeout=120):
        """Waits until the cluster has nothing left to do.

        Not by `crm_resource --wait`: Pacemaker keeps the record of a recurring monitor that ends as degraded (190, 191)
        as pending, so that would wait until the peer is back.
        """

        def met():
            state = self.anywhere("crmadmin --quiet --status=$(crmadmin --quiet --dc_lookup)", 30).strip()
            return state == "S_IDLE" or Unmet(f"the controller is in {state or 'no state'}")

        self.wait(met, "the cluster to come to rest", timeout)

    def writing(self, node, timeout=60):
        """Waits until a node's writer writes on."""
        now = time.time()

        def met():
            return any(line.time > now and line.words[:1] == ("ack",) for line in self._ports[node.name, "witness"].lines)

        self.wait(met, f"the writer of {node.name} to write", timeout)

    def off(self, node, timeout=90):
        """Waits until a node's machine is off."""
        self.wait(lambda: not node.alive(), f"{node.name} to be fenced", timeout)
        self.mark(f"{node.name} is off")

    def one_off(self, timeout=90):
        """Waits until one of the machines is off; returns (the survivor, the victim)."""
        self.wait(lambda: not (self.one.alive() and self.two.alive()), "one node to be fenced", timeout)
        victim = self.two if self.one.alive() else self.one
        self.mark(f"{victim.name} is off")
        return victim.peer, victim

    def confirmed(self, node, timeout=90):
        """Waits until the survivor's cluster is sure that a node is down."""

        def met():
            seen = node.peer.cluster()
            return node.name not in seen.online | seen.unclean or Unmet(f"online {seen.online}, unclean {seen.unclean}")

        self.wait(met, f"{node.name} to be confirmed as down", timeout)

    def stopped(self, node, timeout=150):
        """Waits until no resource runs on a node."""

        def met():
            left = sorted(each.resource for each in self.seen().instances if each.node == node.name and each.active)
            return not left or Unmet(f"still on {node.name}: {', '.join(left)}")

        self.wait(met, f"everything on {node.name} to stop", timeout)

    def seen(self):
        """Returns the cluster as a node that answers sees it."""
        for node in self.lab.nodes:
            if node.alive():
                try:
                    return node.cluster()
                except LabError as error:
                    problem = error
        raise problem

    def failures(self, *resources, node=None):
        """Returns the exit reasons of failures and degraded states that the cluster lists of resources, as one text.

        node: only those of this one.
        """
        seen = self.seen()
        return "; ".join(
            f"{each.operation} on {each.node} ({each.code}): {each.reason}"
            for each in seen.failures + seen.degraded
            if each.operation.startswith(tuple(f"{resource}_" for resource in resources))
            and node in (None, self.lab.node(each.node))
        )

    def reported(self, *resources, timeout, words="", node=None):
        """Checks that the cluster lists, in time, a failure or degraded state of one of the resources with `words` in its reason.

        A scenario continues either way. node: only what it lists of this one. Returns all that it lists, as one text.
        """

        def met():
            told = self.failures(*resources, node=node)
            return (told and words in told) or Unmet(told or "nothing")

        with self.checked(f"it is reported{words and ' with ' + words}"):
            self.wait(met, f"{' or '.join(resources)} to be reported", timeout)
        told = self.failures(*resources, node=node)
        self.mark("reported: " + (told[:120] or "nothing"))
        return told

    def failed(self, resource, node):
        """Whether the cluster counts a resource on a node as failed now."""
        return any(each.failed for each in self.seen().instances if (each.resource, each.node) == (resource, node.name))

    def results(self, node, word):
        """Returns the lines of a node's Pacemaker log since the damage began that tell of a result with `word`."""
        text = node.ok(["grep", "-ah", "Result of", "/var/log/pacemaker/pacemaker.log"], 30)
        year = time.gmtime(self.began).tm_year
        return [
            f"{operation} of {resource} on {where}: {result}"
            for moment, operation, resource, where, result in timeline.operations(text, year)
            if moment >= self.began - 1 and word in result
        ]

    def settled(self):
        """Whether everything runs on both nodes, the writers too, and both disks are UpToDate: True, or an Unmet."""
        wanted = cluster.resources(self.agents, count=self.resources)
        wanted.update({(name, node): "Started" for node in cib.NODES for name in [WITNESS, *self.more]})
        lacking = unsettled(self.seen(), wanted)
        if lacking:
            return Unmet(lacking)
        for node in self.lab.nodes:
            for drbd in node.drbds(self.resources):
                if drbd is None or (drbd.role, drbd.disk, drbd.peer_disk) != ("Primary", "UpToDate", "UpToDate"):
                    return Unmet(f"DRBD on {node.name}: {drbd}")
        return True

    def whole(self, timeout=240):
        """Waits until the cluster is settled."""
        self.wait(self.settled, "the whole cluster to run", timeout)

    def runs(self, resource, node, role="Started"):
        """Whether a resource has a role on a node."""
        return any(
            (each.resource, each.node, each.role) == (resource, node.name, role) for each in self.seen().instances if each.active
        )

    # what a scenario verifies

    def holds(self, node, path=None, wanted=None):
        """Checks that a node has every record that was acknowledged until now (or those that are wanted).

        path: a device that holds them all; by default each record is looked for where it was written.
        """
        for place in [path] if path else self.places:
            due = self.owed(place) if wanted is None else wanted
            there = records.held(node.ok(["/usr/local/lib/lab/witness", "scan", place], 120))
            missing = records.lost(due, there)
            total = sum(map(len, due.values()))
            self.check(
                f"{place} on {node.name} holds every acknowledged record",
                total and not missing,
                f"{len(missing)} of {total} lost, the first: {missing[:3]}" if missing else "none was acknowledged",
            )

    def owed(self, place=None):
        """Returns the acknowledged records that must be there, as records.acknowledged does.

        place: only those of runs that went to this one of `places`; for anything else all.
        """
        lines = [
            line
            for line in self.lines(WITNESS)
            if not any(line.node == name and line.time >= since for name, since in self.forgiven)
        ]
        due = records.acknowledged(lines)
        if place not in self.places:
            return due
        return {(node, run): numbers for (node, run), numbers in due.items() if self.place(str(run)) == place}

    def place(self, run):
        """Returns where a run of a writer went: to the last of `places` before its first line."""
        first = next(line.time for line in self.lines(WITNESS) if line.words[1:2] == (run,))
        return max((since, path) for path, since in self.places.items() if since <= first)[1]
