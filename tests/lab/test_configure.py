# SPDX-License-Identifier: GPL-2.0-or-later
"""What `dualstor configure` writes, judged by the field's own tools, and run: from bare nodes to a working pair."""
from pathlib import Path

import pytest

from dualstor.command.configure import answers, pacemaker
import labsteps
from lablib import wait_until
from unit.configure import readback
from unit.configure.test_render import GENERATIONS, RENDERERS, VERSIONS, rendered

pytestmark = pytest.mark.lab

#: The answers that are given here; docs/guide-lvmlockd.md has the steps that come of them.
ANSWERS = (Path(__file__).parents[1] / "data" / "configure" / "lab.toml").read_text()


@pytest.fixture(scope="module")
def node(machines):
    return machines.node(1)


# -- the field's tools on what is rendered ---------------------------------------------------------------------------


@pytest.mark.parametrize("generation", GENERATIONS)
def test_drbdadm_reads_the_resource(node, generation):
    """Each with the drbdadm of its own generation."""
    node.push("/tmp/r0.conf", b"global { usage-count no; }\n" + rendered(generation)["r0.res"].encode())
    program = {"8.3": "/usr/lib/drbd/drbdadm-83", "8.4": "/usr/lib/drbd/drbdadm-84", "9": "drbdadm"}[VERSIONS[generation]]
    # With the module of 8.4 loaded drbdadm hands over to that of 8.4; here it is the one of 9 that is asked.
    command = f"rmmod drbd 2>/dev/null; DRBD_DRIVER_VERSION_OVERRIDE=9.2.0 {program} -c /tmp/r0.conf dump r0"
    result = node.run(command, 30)
    assert result.rc == 0, result.stderr
    assert "allow-two-primaries" in result.stdout and "resource-and-stonith" in result.stdout


@pytest.mark.parametrize("generation", ["lvmlockd", "clvmd"])
def test_corosync_accepts_its_file(node, generation):
    # The guests have corosync 3; unlike 2, it encrypts over knet only.
    text = rendered(generation)["corosync.conf"].replace("transport: udpu", "transport: knet")
    node.push("/tmp/corosync.conf", text.encode())
    result = node.run(f"test -e {labsteps.KEY} || corosync-keygen >/dev/null; corosync -t -c /tmp/corosync.conf", 60)
    assert result.rc == 0, result.stdout + result.stderr


def _told():
    import tomllib
    return tomllib.loads(ANSWERS)


# -- run ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", [
    form if form == "cib" else pytest.param(form, marks=pytest.mark.long) for form in sorted(RENDERERS)])
def test_from_bare_nodes_to_a_running_pair(ground, form):
    """Every file and every step as configure tells them; only an init system is played.

    Each rendering is loaded by its own tool, and what comes of it reads back as the same model.
    """
    ground.clean = False
    lab = ground.lab
    lab.blank()
    one, fenced = lab.node(1), len(lab.fenced())
    steps = labsteps.written(lab, ANSWERS, form)
    for node in lab.nodes:
        assert "right already" in node.ok("dualstor configure --answers /root/pair.toml --apply", 60), "no second change"
    for step in steps:
        labsteps.take(lab, step)
    wanted = {(resource, each.name): "Promoted" if resource == "r0" else "Started"
              for resource in ("r0", "dlm", "lvm-lock-daemon", "vg0") for each in lab.nodes}
    wait_until(lambda: labsteps.running(one, wanted), "everything to run on both nodes", 120, 1)
    for each in lab.nodes:
        each.ok("test -b /dev/vg0/lv0")
    live = readback.from_cib(one.ok("cibadmin --query", 30))
    assert readback.in_order(live) == readback.in_order(pacemaker.whole(answers.pair(_told())))
    assert len(lab.fenced()) == fenced
    status = one.run("dualstor status --wait 20", 90)
    assert (status.rc, status.stdout.splitlines()[-1]) == (0, "Nothing: all is well."), status.stdout
