# SPDX-License-Identifier: GPL-2.0-or-later
"""Makes a cluster of two blank machines, and says when it is complete."""
import time

from . import cib
from .errors import Hopeless, LabError
from .machine import DATA_BYTES
from .observe import hopeless, unsettled
from .payload import AGENTS
from .waiting import Unmet, wait_until

MIB, SECTOR = 1 << 20, 512
# Seconds; generous, as a host may have other things to do, and nothing waits for them in a healthy cluster.
PEER_TIME = 180
# Seconds that each further DRBD resource with its VG may take until it runs.
EACH_TIME = 60


def resources(agents, with_vg=True, count=1):
    """Returns {(resource, node): role} of a cluster in which everything runs; count: of DRBD resources, each with its VG."""
    wanted = {}
    for node in cib.NODES:
        for agent in agents.locking:
            wanted[agent.name, node] = "Started"
        for number in range(count):
            wanted[cib.drbd(agents, number).name, node] = "Promoted"
            if with_vg:
                wanted[cib.vg(agents, number).name, node] = "Started"
    return wanted


def agent_set(name):
    """Returns the AgentSet of a name. Raises LabError when there is none."""
    try:
        return cib.SETS[name]
    except KeyError:
        raise LabError(f"there are no agents {name!r}: choose {' or '.join(cib.SETS)}") from None


def wait_whole(lab, timeout=300, with_vg=True):
    """Waits until both nodes are online, every resource runs on both, and DRBD is Primary and UpToDate on both.

    timeout: seconds, with EACH_TIME more for each further DRBD resource.
    """
    agents = agent_set(lab.agents or "dualstor")
    wanted = resources(agents, with_vg, lab.resources)

    def whole():
        node = lab.node(1)
        for each in lab.nodes:
            if not each.alive():
                raise Hopeless(f"{each.name} is off (fenced? see `lab/lab status`): `lab/lab start {each.name}`")
        seen = node.cluster()
        for failure in hopeless(seen, wanted):
            raise Hopeless(
                f"{failure.operation} failed on {failure.node} ({failure.code}): {failure.reason or 'no reason given'};"
                f" see `lab/lab logs {failure.node}`"
            )
        missing = set(cib.NODES) - seen.online
        if missing:
            return Unmet(f"{node.name} sees {', '.join(sorted(missing))} offline")
        lacking = unsettled(seen, wanted)
        if lacking:
            return Unmet(lacking)
        for each in lab.nodes:
            for number, drbd in enumerate(each.drbds(lab.resources)):
                if drbd is None or (drbd.role, drbd.disk, drbd.peer_disk) != ("Primary", "UpToDate", "UpToDate"):
                    return Unmet(f"DRBD r{number} on {each.name}: {drbd}")
        return True

    wait_until(whole, "the whole cluster to run", timeout + EACH_TIME * (lab.resources - 1), 0.5)


def form(lab, name, count=1):
    """Makes a cluster of two blank machines, with the agents of a set. Raises LabError with what to do.

    count: of DRBD resources r0, r1 ..., each with its VG vg0, vg1 ...; more than one share the disk in partitions.
    """
    agents = agent_set(name)
    for node in lab.nodes:
        if not node.alive():
            raise LabError(f"{node.name} does not run: `lab/lab up --fresh` first")
    began = time.monotonic()
    with lab.progress.step("are the machines blank"):
        formed = lab.each(lambda node: node.run("test -e /state/cluster-enabled").rc == 0)
    if any(formed):
        raise LabError("a cluster was formed on these disks already: `lab/lab up --fresh` gives new ones")
    if agents is cib.DUALSTOR:
        _require_product(lab)
    lab.remember_cluster(name, count)
    numbers = range(count)
    with lab.progress.step("DRBD meta data, first connection"):
        if count > 1:
            lab.each(lambda node: _divide(node, count))
        lab.each(lambda node: node.ok("cluster join && modprobe -a drbd dlm && drbdadm create-md --force all", 60))
        for number in numbers:
            lab.each(lambda node, number=number: node.ok(f"drbdadm up r{number} || drbdadm adjust r{number}", 60))
        _wait_drbd(lab, lambda drbd: drbd.connection == "Connected" and drbd.peer_disk != "DUnknown", "DRBD to connect")
        # Both disks are blank, so they are alike: no first synchronisation. Once only, and before anything is Primary.
        lab.node(1).ok(" && ".join(f"drbdadm new-current-uuid --clear-bitmap r{number}/0" for number in numbers))
        _wait_drbd(lab, lambda drbd: (drbd.disk, drbd.peer_disk) == ("UpToDate", "UpToDate"), "both disks UpToDate")
        lab.each(lambda node: node.ok("drbdadm down all"))
    with lab.progress.step("corosync and Pacemaker"):
        text = cib.base(agents, count).encode()
        lab.each(lambda node: _start_cluster(node, text))
        wait_until(lambda: _online(lab.node(1)), "both nodes online in Pacemaker", 240)
    with lab.progress.step("DRBD promoted on both nodes, locking"):
        wait_whole(lab, with_vg=False)
    with lab.progress.step("VG and LV"):
        first = lab.node(1)
        size = "16M" if count == 1 else "4M"
        for number in numbers:
            first.ok(f"vgcreate --shared vg{number} /dev/drbd{number}", 90)
            first.ok(f"lvcreate -an -L {size} -n lv0 vg{number}", 60)
    with lab.progress.step("VG as a resource, active on both nodes"):
        first.ok(["cibadmin", "--modify", "--allow-create", "--xml-text", cib.vg_addition(agents, count)])
        wait_whole(lab)
        lab.each(lambda node: node.ok(" && ".join(f"test -b /dev/vg{number}/lv0" for number in numbers)))
    lab.progress.note(f"formed in {time.monotonic() - began:.1f} s")


def _divide(node, count):
    """Gives a node's disk a partition for each DRBD resource, aligned to 1 MiB, and the files that name them."""
    slot = DATA_BYTES // count // MIB * (MIB // SECTOR)
    steps = ["o", "n\ne\n1\n\n"]
    steps += [f"n\nl\n{slot * number + MIB // SECTOR}\n{slot * (number + 1) - 1}" for number in range(count)]
    node.ok("busybox fdisk /dev/vdb && udevadm settle", stdin=("\n".join([*steps, "w"]) + "\n").encode())
    for path, (mode, content, _) in node.lab.drbd_resources(count).items():
        node.push(f"/{path}", content, mode)


def _require_product(lab):
    for agent in (cib.DUALSTOR.drbd, cib.DUALSTOR.locking[1], cib.DUALSTOR.vg):
        program = f"/{AGENTS}/{agent.spec.rpartition(':')[2]}"
        if lab.node(1).run(["test", "-x", program]).rc:
            raise LabError(f"{program} is not in the guests: `lab/lab push` installs the package of the working tree")


def _wait_drbd(lab, condition, what):
    def met():
        seen = [drbd for node in lab.nodes for drbd in node.drbds(lab.resources)]
        return all(drbd and condition(drbd) for drbd in seen) or Unmet(seen)

    wait_until(met, what, PEER_TIME)


def _start_cluster(node, text):
    node.push("/var/lib/pacemaker/cib/cib.xml", text, 0o600)
    node.ok("chown hacluster:haclient /var/lib/pacemaker/cib/cib.xml && cluster enable && cluster start")


def _online(node):
    seen = node.cluster()
    return seen.online == set(cib.NODES) or Unmet(f"online: {', '.join(sorted(seen.online)) or 'nobody'}")
