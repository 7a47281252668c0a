# SPDX-License-Identifier: GPL-2.0-or-later
"""The Ansible role, played on node1 for both nodes: from bare machines to a running pair, and again without a change."""
import io
import json
import re
import tarfile
from pathlib import Path

import labsteps
import pytest

from dualstor.command.configure import answers, pacemaker, sources
from lablib import paths, ssh
from unit.configure import readback

pytestmark = [pytest.mark.lab, pytest.mark.long]

ANSWERS = sources.read_file(str(Path(__file__).parents[1] / "data" / "configure" / "lab.toml"))
# No systemd runs in the guests. What starts the cluster there is the lab's; all else systemctl answers as it does offline.
SYSTEMCTL = b"""#!/bin/sh
case "$*" in
"start corosync pacemaker") cluster enable && cluster start ;;
*) exec /usr/bin/systemctl "$@" ;;
esac
"""
PLAYBOOK = b"""- hosts: pair
  gather_facts: false
  roles:
    - dualstor
"""
INVENTORY = {"pair": {
    "hosts": {"node1": {"ansible_connection": "local"}, "node2": {"ansible_user": "root"}},
    "vars": {
        "ansible_python_interpreter": "/usr/bin/python3",
        "dualstor_answers": {name: value for name, value in ANSWERS.items() if name != "fence"},
        "dualstor_fence": ANSWERS["fence"],
        "dualstor_first_sync": ["r0"],
        # The guests have the packages, and neither a repository nor a firewall.
        "dualstor_install": False,
        "dualstor_ports": [],
    },
}}  # fmt: skip
ENVIRONMENT = {"LC_ALL": "C.UTF-8", "ANSIBLE_NOCOLOR": "1", "ANSIBLE_PIPELINING": "1", "ANSIBLE_TIMEOUT": "120",
               "ANSIBLE_ROLES_PATH": "/root/ansible/roles"}  # fmt: skip


@pytest.fixture(scope="module")
def bare(ground):
    """Two blank machines of an image that has OpenSSH and Ansible, node1 with the role."""
    lab = ground.other("trixie-heal")
    lab.blank()
    ssh.between(lab)
    for node in lab.nodes:
        node.ok("rm -f /etc/drbd.d/*.res /etc/corosync/corosync.conf /etc/corosync/authkey /etc/lvm/lvm.conf")
        node.push("/etc/drbd.d/global_common.conf", labsteps.COMMON)
        node.push("/usr/local/sbin/systemctl", SYSTEMCTL, 0o755)
    one = lab.node(1)
    one.push("/root/ansible.tar", role())
    one.ok("tar -C /root -xf /root/ansible.tar")
    one.push("/root/play.yml", PLAYBOOK)
    one.push("/root/inventory.json", json.dumps(INVENTORY).encode(), 0o600)
    yield lab
    lab.down()


def role():
    """A tar archive of the directory ansible."""
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as archive:
        archive.add(paths.PROJECT / "ansible", "ansible")
    return made.getvalue()


def play(lab, *words, seconds=3600):
    """Plays the role on node1; (result, {node: tasks that changed something})."""
    environment = [f"{name}={value}" for name, value in ENVIRONMENT.items()]
    done = lab.node(1).run(
        ["env", "-C", "/root", *environment, "ansible-playbook", "--inventory", "inventory.json", "play.yml", *words],
        seconds,
    )
    changed = re.findall(r"^(\w+) +: ok=.* changed=(\d+)", done.stdout, re.MULTILINE)
    return done, {node: int(count) for node, count in changed}


def test_from_bare_nodes_to_a_running_pair_and_again_without_a_change(bare):
    """A device that has something on it is refused first."""
    one, two = bare.nodes
    fenced = len(bare.fenced())
    two.ok("mkfs.ext4 -q -F /dev/vdb", 120)
    done, _ = play(bare)
    said = re.sub(r"\s+", " ", done.stdout + done.stderr)
    assert done.rc != 0 and "/dev/vdb of node2 is not empty: wipefs finds ext4" in said, said
    assert "ext4" in two.ok("blkid -p /dev/vdb") and one.drbd() is None, "nothing was written"
    two.ok("wipefs -q -a /dev/vdb")

    done, _ = play(bare)
    assert done.rc == 0, done.stdout + done.stderr
    for node in bare.nodes:
        status = node.run("dualstor status --wait 20", 90)
        assert (status.rc, status.stdout.splitlines()[-1]) == (0, "Nothing: all is well."), status.stdout
        node.ok("test -b /dev/vg0/lv0")
    live = readback.from_cib(one.ok("cibadmin --query", 30))
    assert readback.in_order(live) == readback.in_order(pacemaker.whole(answers.pair(ANSWERS)))
    assert one.pull("/etc/corosync/authkey") == two.pull("/etc/corosync/authkey")
    assert len(bare.fenced()) == fenced

    for words in ((), ("--check",)):
        done, changed = play(bare, *words)
        assert done.rc == 0, done.stdout + done.stderr
        assert changed == {"node1": 0, "node2": 0}, (words, done.stdout)
    assert not one.cluster().failures
