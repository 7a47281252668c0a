# SPDX-License-Identifier: GPL-2.0-or-later
"""A rolling upgrade while both nodes write: an earlier version on both, on one, on neither. Nobody is fenced.

The earlier version is a fixed revision, so this needs the history of the source. It had no fence-peer handler of its own:
until both nodes are new, DRBD (8.4) has drbd-utils', as its users had.
"""
import io
import subprocess
import tarfile
import time
from pathlib import Path

import pytest

import packages
from dualstor import __version__
from lablib import Unmet, cib, package, payload
from lablib.faults import records, verdict
from lablib.progress import Silent
from sourcetree import TREE

pytestmark = [pytest.mark.lab, pytest.mark.long]

REVISION = "89ce7566f0c9ced2ef87288a686b6ec2b15a5125"
OLD = "0.0.9"  # as it calls itself here: its own number is the one that this tree has, too
STOCK, OURS = "/usr/lib/drbd/stonith_admin-fence-peer.sh", "/usr/lib/drbd/dualstor-fence-peer"
MONITORED = 45  # seconds in which each recurring monitor runs
PICKED_UP = 150  # seconds in which a monitor has noticed a new LV
STALL = 10  # seconds: no write waits for an agent


@pytest.fixture(scope="module")
def older(tmp_path_factory):
    """RPMs of the earlier version."""
    folder = tmp_path_factory.mktemp("older")
    packed = subprocess.run(["git", "-C", TREE, "archive", REVISION], stdout=subprocess.PIPE, check=True).stdout
    tree = folder / "tree"
    with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
        archive.extractall(tree)
    packages.change(tree, "lib/dualstor/__init__.py", f'"{__version__}"', f'"{OLD}"')
    packages.change(tree, "rpm/dualstor.spec", f"Version:        {__version__}\n", f"Version:        {OLD}\n")
    return package.rpms(package.build(Silent(), folder / "cache", Path(tree)))


@pytest.fixture(scope="module")
def newer(lab):
    """RPMs of this tree."""
    return package.rpms(lab.package(again=True))


def versions(stage):
    return [node.ok(["dualstor", "--version"]).split()[1] for node in stage.lab.nodes]


def handler(stage, path):
    """Lets DRBD's file on both nodes name a handler; DRBD reads it at each call."""
    for node in stage.lab.nodes:
        node.ok(f"sed -i 's,fence-peer \".*\";,fence-peer \"{path}\";,' /etc/drbd.d/r0.res && grep -q {path} /etc/drbd.d/r0.res")


def both_work(stage, name):
    """An LV made on either node is active on both; each node leaves its resources and takes them again."""
    made = [f"{name}{number}" for number in (1, 2)]
    for node, volume in zip(stage.lab.nodes, made):
        node.ok(f"lvcreate --yes -an -L4M -n {volume} {cib.VG}", 60)

    def active():
        left = [(node.name, v) for node in stage.lab.nodes for v in made if node.run(["test", "-b", f"/dev/{cib.VG}/{v}"]).rc]
        return not left or Unmet(left)

    stage.wait(active, f"{made} to be active on both nodes", PICKED_UP)
    for node in stage.lab.nodes:
        stage.standby(node)
        stage.stopped(node)
        assert node.drbd() is None
        stage.standby(node, on=False)
        stage.whole()
        stage.writing(node)
    undisturbed(stage)


def undisturbed(stage):
    """Nothing failed, nobody was fenced, on neither node a write waited; the monitors have all run meanwhile."""
    time.sleep(MONITORED)
    stage.whole(60)
    assert not stage.seen().failures and not stage.fencing()


@pytest.mark.parametrize("stage", ["dualstor"], indirect=True)
def test_one_node_after_the_other_is_upgraded_while_both_write(stage, older, newer):
    handler(stage, STOCK)
    for node in stage.lab.nodes:
        package.upgrade(node, older)
        # Of the later version's files: the earlier package does not remove what another Python has made.
        node.ok(["find", f"/{payload.LIBRARY}", "-name", f"*.{stage.lab.image().python}.pyc", "-delete"])
    assert versions(stage) == [OLD, OLD]
    both_work(stage, "old")

    began = time.time()
    package.upgrade(stage.two, newer)
    stage.lab.compile_product(stage.two)
    assert versions(stage) == [OLD, __version__]
    undisturbed(stage)
    assert records.greatest_stall(stage.lines("witness"), "node1", began, time.time()) < STALL
    assert records.greatest_stall(stage.lines("witness"), "node2", began, time.time()) < STALL
    both_work(stage, "mixed")

    began = time.time()
    package.upgrade(stage.one, newer)
    stage.lab.compile_product(stage.one)
    handler(stage, OURS)
    assert versions(stage) == [__version__, __version__]
    undisturbed(stage)
    for node in stage.lab.nodes:
        assert records.greatest_stall(stage.lines("witness"), node.name, began, time.time()) < STALL
    both_work(stage, "new")

    stage.ended = time.time()
    verdict.settle(stage)
    assert [check for check in stage.checks if not check.ok] == [] and not stage.fencing()
