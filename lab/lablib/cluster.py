# SPDX-License-Identifier: GPL-2.0-or-later
"""Makes a cluster of two blank machines, and tells when it is whole."""
import time

from . import cib
from .errors import Hopeless, LabError
from .observe import hopeless, unsettled
from .payload import AGENTS
from .waiting import Unmet, wait_until

# Seconds; generous, as a host may have other things to do, and nothing waits for them where all is well.
PEER_TIME = 180


def resources(agents, with_vg=True):
    """Returns {(resource, node): role} of a cluster in which everything runs."""
    wanted = {}
    for node in cib.NODES:
        wanted[agents.drbd.name, node] = "Promoted"
        for agent in agents.locking:
            wanted[agent.name, node] = "Started"
        if with_vg:
            wanted[agents.vg.name, node] = "Started"
    return wanted


def agent_set(name):
    """Returns the AgentSet of a name. Raises LabError when there is none."""
    try:
        return cib.SETS[name]
    except KeyError:
        raise LabError(f"there are no agents {name!r}: choose {' or '.join(cib.SETS)}") from None


def wait_whole(lab, timeout=300, with_vg=True):
    """Waits until both nodes are online, every resource runs on both, and DRBD is Primary and UpToDate on both."""
    agents = agent_set(lab.agents or "dualstor")
    wanted = resources(agents, with_vg)

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
            drbd = each.drbd()
            if drbd is None or (drbd.role, drbd.disk, drbd.peer_disk) != ("Primary", "UpToDate", "UpToDate"):
                return Unmet(f"DRBD on {each.name}: {drbd}")
        return True

    wait_until(whole, "the whole cluster to run", timeout, 0.5)


def form(lab, name):
    """Makes a cluster of two blank machines, with the agents of a set. Raises LabError with what to do."""
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
    lab.remember_agents(name)
    with lab.progress.step("DRBD meta data, first connection"):
        lab.each(
            lambda node: node.ok("corosync && modprobe -a drbd dlm && drbdadm create-md --force r0 && drbdadm up r0", 60)
        )
        _wait_drbd(lab, lambda drbd: drbd.connection == "Connected" and drbd.peer_disk != "DUnknown", "DRBD to connect")
        # Both disks are blank, so they are alike: no first synchronisation. Once only, and before anything is Primary.
        lab.node(1).ok("drbdadm new-current-uuid --clear-bitmap r0/0")
        _wait_drbd(lab, lambda drbd: (drbd.disk, drbd.peer_disk) == ("UpToDate", "UpToDate"), "both disks UpToDate")
        lab.each(lambda node: node.ok("drbdadm down r0"))
    with lab.progress.step("corosync and Pacemaker"):
        text = cib.base(agents).encode()
        lab.each(lambda node: _start_cluster(node, text))
        wait_until(lambda: _online(lab.node(1)), "both nodes online in Pacemaker", 240)
    with lab.progress.step("DRBD promoted on both nodes, locking"):
        wait_whole(lab, with_vg=False)
    with lab.progress.step("VG and LV"):
        first = lab.node(1)
        first.ok(f"vgcreate --shared {cib.VG} /dev/drbd0", 90)
        first.ok(f"lvcreate -an -L 16M -n lv0 {cib.VG}", 60)
    with lab.progress.step("VG as a resource, active on both nodes"):
        first.ok(["cibadmin", "--modify", "--allow-create", "--xml-text", cib.vg_addition(agents)])
        wait_whole(lab)
        lab.each(lambda node: node.ok(f"test -b /dev/{cib.VG}/lv0"))
    lab.progress.note(f"formed in {time.monotonic() - began:.1f} s")


def _require_product(lab):
    for agent in (cib.DUALSTOR.drbd, cib.DUALSTOR.locking[1], cib.DUALSTOR.vg):
        program = f"/{AGENTS}/{agent.spec.rpartition(':')[2]}"
        if lab.node(1).run(["test", "-x", program]).rc:
            raise LabError(f"{program} is not in the guests: `lab/lab push` installs the package of the working tree")


def _wait_drbd(lab, condition, what):
    def met():
        seen = [node.drbd() for node in lab.nodes]
        return all(drbd and condition(drbd) for drbd in seen) or Unmet(seen)

    wait_until(met, what, PEER_TIME)


def _start_cluster(node, text):
    node.push("/var/lib/pacemaker/cib/cib.xml", text, 0o600)
    node.ok("chown hacluster:haclient /var/lib/pacemaker/cib/cib.xml && cluster enable && cluster start")


def _online(node):
    seen = node.cluster()
    return seen.online == set(cib.NODES) or Unmet(f"online: {', '.join(sorted(seen.online)) or 'nobody'}")
