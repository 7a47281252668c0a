# SPDX-License-Identifier: GPL-2.0-or-later
"""The Ansible role: as ansible-lint wants it, and played on a simulated pair.

Both nodes are this machine to Ansible; their programs are those of the simulator, and those of
ansiblenode.py.
"""

import json
import os
import re
import shutil
import subprocess
import sys

import pytest

from conformance import ansiblenode
from simulator import path, volumes, world
from sourcetree import TREE

FOLDER = os.path.join(TREE, "ansible")
NODES = ("node1", "node2")
SECONDS = 600

ANSWERS = {"cluster": "lab", "generation": "lvmlockd", "nodes": [
    {"name": "node1", "address": "10.77.0.1", "replication": "10.78.0.1"},
    {"name": "node2", "address": "10.77.0.2", "replication": "10.78.0.2"}],
    "drbd": {"resource": "r0", "version": "8.4", "disk": "/dev/vdb"},
    "lvm": {"vg": "vg0", "lv": "lv0", "size": "16M"}}
FENCE = [{"node": "node1", "agent": "fence_virt", "delay": 5, "options": {"plug": 'a "b" \\ é'}},
         {"node": "node2", "agent": "fence_virt", "options": {"plug": "node2"}}]

#: Of systemd, as Debian's packages leave it: (UnitFileState, ActiveState).
UNITS = {"drbd": ("enabled", "inactive"), "dlm": ("enabled", "active"),
         "lvmlockd": ("static", "active"),
         "corosync": ("enabled", "inactive"), "pacemaker": ("enabled", "inactive")}

PLAYBOOK = """\
- hosts: pair
  gather_facts: false
  environment:
    PATH: "{{ programs }}:{{ lookup('env', 'PATH') }}"
  roles:
    - dualstor
"""


def program(name, *words, folder=FOLDER, **environment):
    """A program of Ansible; it writes into *folder* of the environment alone."""
    beside = os.path.dirname(sys.executable)
    return subprocess.run(
        [os.path.join(beside, name), *words], cwd=folder, capture_output=True, text=True,
        timeout=SECONDS, check=False, stdin=subprocess.DEVNULL,
        env=dict(os.environ, PATH=beside + os.pathsep + os.environ["PATH"], LC_ALL="C.UTF-8",
                 ANSIBLE_NOCOLOR="1", ANSIBLE_PIPELINING="1",
                 **environment))


@pytest.fixture
def home(tmp_path):
    return {"ANSIBLE_HOME": str(tmp_path / "ansible")}


def test_ansible_lint_has_no_complaint(tmp_path, home):
    shutil.copytree(FOLDER, tmp_path / "role")
    done = program("ansible-lint", "--offline", "--profile", "production", "--strict",
                   folder=tmp_path / "role", **home)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_example_is_a_playbook(home):
    done = program("ansible-playbook", "--inventory", "inventory.yml", "--syntax-check", "pair.yml",
                   **home)
    assert done.returncode == 0, done.stdout + done.stderr


def flat(text):
    """A text in one line."""
    return re.sub(r"\s+", " ", text)


# -- on a simulated pair -----------------------------------------------------------------------


class Pair:
    """Two bare nodes, and a person with Ansible."""

    def __init__(self, folder):
        self.folder = folder
        cluster = world.make()
        cluster.resync_seconds = 0.5
        for node in cluster.nodes.values():
            node.disks.clear()
        (folder / "lab").mkdir()
        self.lab = path.Lab(folder / "lab", cluster)
        for name in NODES:
            ansiblenode.install(self.lab, name)
            (folder / "lab" / name / "units.json").write_text(json.dumps(UNITS))
        (folder / "lab" / "cib.xml").write_text(subprocess.run(
            ["/usr/sbin/cibadmin", "--empty"], capture_output=True, text=True, check=True).stdout)
        (folder / "play.yml").write_text(PLAYBOOK)

    def play(self, *words, **variables):
        """Play the role; (exit code, output, {node: tasks that changed something})."""
        told = dict({"dualstor_answers": ANSWERS, "dualstor_fence": FENCE, "dualstor_install": False,
                     "dualstor_first_sync": ["r0"],
                     "dualstor_cib": str(self.folder / "lab" / "cib.xml")}, **variables)
        hosts = {name: {
            "ansible_connection": "local", "ansible_python_interpreter": sys.executable,
            "programs": str(self.folder / "lab" / name / "bin"),
            "dualstor_answers_file": str(self.folder / "lab" / name / "dualstor" / "pair.toml"),
            "dualstor_authkey": str(self.folder / "lab" / name / "authkey")} for name in NODES}
        (self.folder / "inventory.json").write_text(
            json.dumps({"pair": {"hosts": hosts, "vars": told}}))
        done = program("ansible-playbook", "--inventory", "inventory.json", "play.yml", *words,
                       folder=self.folder, ANSIBLE_HOME=str(self.folder / "ansible"),
                       ANSIBLE_ROLES_PATH=os.path.join(FOLDER, "roles"))
        changed = {node: int(count) for node, count in
                   re.findall(r"^(\w+) +: ok=.* changed=(\d+)", done.stdout, re.MULTILINE)}
        return done.returncode, done.stdout + done.stderr, changed

    def typed(self):
        """What was typed so far on the nodes, except questions."""
        return [call for call in self.lab.calls() if call[1:3] in (
            ["drbdadm", "create-md"], ["drbdadm", "up"], ["drbdadm", "primary"]) or call[1] in (
            "modprobe", "vgcreate", "lvcreate")]

    def files(self):
        return sorted(str(each.relative_to(self.folder)) for name in NODES
                      for sub in ("files", "dualstor") for each in
                      (self.folder / "lab" / name / sub).rglob("*") if each.is_file())


@pytest.fixture
def pair(tmp_path):
    made = Pair(tmp_path)
    yield made
    made.lab.close()


@pytest.fixture(scope="module")
def formed(tmp_path_factory):
    """The Pair after the role, which was stopped by what only a person can decide."""
    made = Pair(tmp_path_factory.mktemp("pair"))
    made.foreseen = (*made.play("--check"), made.typed(), made.files())
    made.refused = made.play(dualstor_first_sync=["other"])
    with made.lab.state() as cluster:
        made.harm_until_then = sorted(cluster.harm)
    made.due = (*made.play("--check"), made.typed())
    code, said, _ = made.play()
    assert code == 0, said
    yield made
    made.lab.close()


CREATED = [f"{node}: drbdadm create-md r0" for node in NODES]


def test_check_on_bare_nodes_changes_nothing_and_says_what_it_cannot_know(formed):
    code, said, _, typed, files = formed.foreseen
    assert code == 0 and "cannot be foreseen before they are written" in flat(said), said
    assert (typed, files) == ([], [])


def test_a_first_sync_that_nobody_has_asked_for_is_refused(formed):
    code, said, _ = formed.refused
    assert code != 0 and "both disks of r0 are Inconsistent" in flat(said), said
    assert formed.harm_until_then == CREATED


def test_check_foresees_the_next_step_and_leaves_the_rest_open(formed):
    code, said, changed, typed = formed.due
    assert code == 0 and changed["node1"] == 1, said
    assert "drbdadm primary --force r0" in said and "vgcreate --shared" not in said
    assert not [call for call in typed if "primary" in call]


def test_two_bare_nodes_become_a_pair(formed):
    with formed.lab.state() as cluster:
        for node in cluster.nodes.values():
            assert (node.drbd["r0"].role, node.drbd["r0"].cstate) == ("Primary", "Connected")
            assert volumes.mapped(node, "vg0") == ["lv0"]
        assert sorted(cluster.harm) == sorted(
            [*CREATED, "node1: drbdadm primary --force r0"]), "nothing else was forced"
    keys = [(formed.folder / "lab" / name / "authkey") for name in NODES]
    assert keys[0].read_bytes() == keys[1].read_bytes() and len(keys[0].read_bytes()) == 256
    assert keys[1].stat().st_mode & 0o077 == 0
    for name in NODES:
        assert sorted((formed.folder / "lab" / name / "ports").read_text().split("\n")[:-1]) == sorted(
            f"{when} {port}" for when in ("later", "now")
            for port in ("5405/udp", "7788/tcp", "21064/tcp"))
        assert json.loads((formed.folder / "lab" / name / "units.json").read_text()) == {
            "drbd": ["disabled", "inactive"], "dlm": ["disabled", "inactive"],
            "lvmlockd": ["static", "inactive"], "corosync": ["disabled", "inactive"],
            "pacemaker": ["disabled", "inactive"]}
    answers = formed.folder / "lab" / "node1" / "dualstor" / "pair.toml"
    assert answers.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("words", [(), ("--check",)], ids=["again", "check"])
def test_a_second_time_changes_nothing(formed, words):
    before = formed.typed()
    code, said, changed = formed.play(*words)
    assert code == 0, said
    assert changed == {"node1": 0, "node2": 0}, said
    assert formed.typed() == before


def test_other_membership_is_refused_on_a_pair_that_is_formed(formed):
    before = formed.files()
    code, said, _ = formed.play(dualstor_answers=dict(ANSWERS, cluster="other"))
    assert code != 0 and "of a pair that is formed" in flat(said), said
    assert formed.files() == before


def test_a_resource_more_is_refused_on_a_pair_that_is_formed(formed):
    answers = dict(ANSWERS, drbd=[{"resource": "r0", "disk": "/dev/vdb"},
                                  {"resource": "r1", "disk": "/dev/vdc"}])
    code, said, _ = formed.play(dualstor_answers=answers)
    assert code != 0 and "create-md r1 is due on node" in flat(said), said


def test_a_node_that_is_out_stays_out(formed):
    """E.g. fenced: it is for a person to find out why."""
    with formed.lab.state() as cluster:
        two = cluster.nodes["node2"]
        two.pacemaker = two.engine = False
    before = formed.typed()
    code, said, _ = formed.play()
    assert code != 0 and "systemctl start corosync pacemaker is due on node2" in flat(said), said
    assert formed.typed() == before
    with formed.lab.state() as cluster:
        assert not cluster.nodes["node2"].pacemaker


@pytest.mark.parametrize("words, variables, says", [
    ((), {"dualstor_fence": []}, "no fence device for node1 and node2: two writers"),
    ((), {"dualstor_fence": FENCE[:1]}, "no fence device for node2: two writers"),
    ((), {"dualstor_answers": dict(ANSWERS, generation="cman")}, "with lvmlockd only"),
    (("--limit", "node1"), {}, "both have to be in the play"),
    (("--forks", "1"), {}, "both have to be in the play")],
    ids=["no-fencing", "half-fencing", "generation", "limit", "forks"])
def test_what_cannot_become_a_pair_is_refused_before_anything_is_done(pair, words, variables, says):
    code, said, changed = pair.play(*words, **variables)
    assert code != 0 and says in flat(said), said
    assert set(changed.values()) == {0} and pair.files() == [] and pair.typed() == []


def test_a_device_with_a_signature_is_refused_by_name(pair):
    there = pair.folder / "lab" / "node2" / "signatures" / "dev"
    there.mkdir(parents=True)
    (there / "vdb").write_text("xfs  0x0\n")
    code, said, _ = pair.play()
    assert code != 0 and "/dev/vdb of node2 is not empty: wipefs finds xfs 0x0" in flat(said), said
    with pair.lab.state() as cluster:
        assert cluster.harm == [] and not any(n.disks for n in cluster.nodes.values())


def test_a_cluster_that_runs_with_another_configuration_is_left_alone(pair):
    """E.g. the one that Debian's package starts when it is installed by hand."""
    with pair.lab.state() as cluster:
        world.start_cluster(cluster, cluster.nodes["node1"])
    code, said, _ = pair.play()
    assert code != 0 and "of a cluster that runs here: stop it first" in flat(said), said
    assert not [each for each in pair.files() if "corosync.conf" in each] and pair.typed() == []
