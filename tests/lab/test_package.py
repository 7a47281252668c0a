# SPDX-License-Identifier: GPL-2.0-or-later
"""What the cluster runs is the package's; it is upgraded while the cluster runs, and removed without a trace.

One formed cluster for all of it, in this order.
"""
import re
from pathlib import Path

import pytest

import packages
from dualstor import __version__
from lablib import cib, package, wait_until
from lablib.progress import Silent
from lablib.waiting import Unmet

pytestmark = pytest.mark.lab

AGENTS = "/usr/lib/ocf/resource.d/dualstor"
OURS = (AGENTS, "/usr/lib/ocf/lib/dualstor", "/usr/share/dualstor")
DAEMONS = ("corosync", "pacemakerd", "pacemaker-execd", "pacemaker-controld", "dlm_controld", "lvmlockd")
NEXT = f"{__version__}.1"


@pytest.fixture(scope="module")
def cluster(ground):
    return ground.cluster(keep=False)


@pytest.fixture(scope="module")
def newer(lab, tmp_path_factory):
    """RPMs of a later version of this tree."""
    folder = tmp_path_factory.mktemp("newer")
    tree = packages.copy(folder)
    packages.change(tree, "lib/dualstor/__init__.py", f'"{__version__}"', f'"{NEXT}"')
    packages.change(tree, "rpm/dualstor.spec", f"Version:        {__version__}\n", f"Version:        {NEXT}\n")
    return package.rpms(package.build(Silent(), folder / "cache", Path(tree)))


def daemons(node):
    """{daemon: [(pid, start time)]}, both as text."""
    found = {}
    for name in DAEMONS:
        lines = node.ok(f"for pid in $(pidof {name}); do cat /proc/$pid/stat; done").splitlines()
        assert lines, f"no {name} on {node.name}"
        found[name] = sorted((line.split()[0], line.rpartition(")")[2].split()[19]) for line in lines)
    return found


def verified(node):
    """What rpm has to say against the packages' files; nothing when all is well."""
    return node.run(["rpm", "-V", "--nodeps", *package.NAMES]).stdout


def made_by_the_lab(node, listed, paths):
    """Those of the paths that are byte code for a guest's Python that is not the one which built the package."""
    ending = f".{node.lab.image().python}.pyc"
    return {path for path in paths if path.endswith(ending)} - set(listed)


class Started:
    """The agents that Pacemaker's executor starts on a node, as strace sees them."""

    FILE = "/tmp/started"

    def __init__(self, node):
        self.node = node
        node.ok(
            "setsid strace -f -q -e trace=execve -e signal=none"
            f" -o {self.FILE} -p $(pidof pacemaker-execd) >/dev/null 2>&1 </dev/null & sleep 1"
        )

    def since(self, line):
        """Returns ({path of an agent: [its exit codes]}, number of the last line) of what was logged after a line."""
        lines = self.node.ok(["cat", self.FILE]).splitlines()
        agents, codes = {}, {}
        for each in lines[line:]:
            pid, _, what = each.partition(" ")
            found = re.search(r'execve\("([^"]*/resource\.d/dualstor/[^"]*)"', what)
            if found:
                agents[pid] = found.group(1)
            ended = re.search(r"\+\+\+ exited with (\d+)", what)
            if ended and pid in agents:
                codes.setdefault(agents[pid], []).append(int(ended.group(1)))
        return codes, len(lines)

    def all_three(self, line):
        """Waits until each agent has been started after a line, and ended; returns their exit codes."""

        def met():
            codes, _ = self.since(line)
            return codes if len(codes) == 3 else Unmet(sorted(codes))

        return wait_until(met, "a monitor of each agent", 60, 1)


def test_pacemaker_starts_the_files_of_the_package(cluster):
    for node in cluster.nodes:
        listed = set(node.ok(["rpm", "-ql", *package.NAMES]).split("\n"))
        assert verified(node) == ""
        there = set(node.ok(["find", *OURS]).split())
        assert there - listed == made_by_the_lab(node, listed, there), "nothing beside what rpm has put there"
        assert node.ok(["rpm", "-qf", "--qf", "%{name}\\n", *(f"{AGENTS}/{a}" for a in ("clvmd", "clustered-vg"))]).split() == [
            "resource-agents-dualstor"
        ] * 2
    started = Started(cluster.node(1)).all_three(0)
    assert set(started) == {f"{AGENTS}/{agent}" for agent in ("drbd-dualprimary", "clvmd", "clustered-vg")}


def test_an_upgrade_while_the_cluster_runs_disturbs_nothing(cluster, newer):
    before = [daemons(node) for node in cluster.nodes]
    seen = Started(cluster.node(2))
    cluster.each(lambda node: package.upgrade(node, newer))
    codes = seen.all_three(seen.since(0)[1])
    assert {agent.rpartition("/")[2]: set(each) for agent, each in codes.items()} == {
        "drbd-dualprimary": {8},
        "clvmd": {0},
        "clustered-vg": {0},
    }
    for node, had in zip(cluster.nodes, before):
        assert daemons(node) == had
        assert node.cluster().failures == ()
        assert node.ok(["dualstor", "--version"]).split() == ["dualstor", NEXT]
        assert verified(node) == ""
        assert (node.drbd().role, node.drbd().peer_role, node.drbd().disk) == ("Primary", "Primary", "UpToDate")
    assert [line for line in seen.node.ok(["cat", "/var/log/pacemaker/pacemaker.log"]).splitlines()
            if "dualstor" in line and "rror" in line] == []


def test_removed_it_leaves_nothing_but_the_memory_of_this_boot(cluster):
    one, two = cluster.nodes
    two.ok("cluster stop", 120)
    listed = two.ok(["rpm", "-ql", *package.NAMES]).split()
    refused = two.run(["rpm", "-e", *package.NAMES], 60)
    assert refused.rc and re.search(r"/etc/drbd\.d/r0\.res:\d+ names it", refused.stdout + refused.stderr)
    assert two.ok(["rpm", "-ql", *package.NAMES]).split() == listed and verified(two) == ""
    two.ok("sed -i /dualstor-fence-peer/d /etc/drbd.d/r0.res")
    two.ok(["rpm", "-e", *package.NAMES], 60)
    assert two.run(["rpm", "-q", *package.NAMES]).rc != 0
    left = two.ok("find / -xdev -name '*dualstor*' -not -path '/proc/*' -not -path '/var/log/*'").split()
    assert [path for path in left if not path.startswith("/run/")] == []
    assert two.run(["ls", "-d", *(path for path in listed if "dualstor" in path)]).stdout == ""
    assert one.cluster().failures == () and one.drbd().role == "Primary"
    assert one.run(["test", "-b", f"/dev/{cib.VG}/lv0"]).rc == 0
