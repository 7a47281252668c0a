# SPDX-License-Identifier: GPL-2.0-or-later
"""Key-based SSH as root between the guests, over the cluster link: for machines of an image that has OpenSSH."""
import shlex

_FOLDER = "/root/.ssh"
_KEY = f"{_FOLDER}/id_ed25519"
_HOST_KEY = "/etc/ssh/ssh_host_ed25519_key.pub"

_PREPARE = f"""\
mkdir -p -m 700 {_FOLDER} /run/sshd
[ -e {_KEY} ] || ssh-keygen -q -t ed25519 -N '' -f {_KEY}
ssh-keygen -A
"""
# Without PAM: its session modules want an init system that is not here.
_SERVE = "[ -s /run/sshd.pid ] && kill -0 $(cat /run/sshd.pid) 2>/dev/null || /usr/sbin/sshd -o UsePAM=no"


def between(lab):
    """Lets root of each running node log in to the other one without a password; again after a node was off."""
    running = [node for node in lab.nodes if node.alive()]
    for node in running:
        node.ok(_PREPARE, 60)
    keys = "".join(node.ok(["cat", f"{_KEY}.pub"]) for node in running)
    hosts = "".join(f"{node.name} {node.ok(['cat', _HOST_KEY])}" for node in running)
    for node in running:
        node.push(f"{_FOLDER}/authorized_keys", keys.encode(), 0o600)
        node.push(f"{_FOLDER}/known_hosts", hosts.encode(), 0o600)
        node.ok(_SERVE)
    for node in running:
        if node.peer.alive():
            node.ok(f"ssh -o BatchMode=yes {shlex.quote(node.peer.name)} true", 60)
