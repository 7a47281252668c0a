# SPDX-License-Identifier: GPL-2.0-or-later
"""File systems on the volumes, from bare nodes by the steps of `dualstor configure`: GFS2 on both, ext4 on one that fails over."""
from pathlib import Path

import labsteps
import pytest

from lablib import Unmet, wait_until

pytestmark = [pytest.mark.lab, pytest.mark.long]

ANSWERS = (Path(__file__).parents[1] / "data" / "configure" / "lab.toml").read_text() + """
[[use]]
kind = "gfs2"
lv = "files"
size = "32M"
mountpoint = "/srv/files"
[[use]]
kind = "filesystem"
lv = "mail"
size = "12M"
filesystem = "ext4"
mountpoint = "/srv/mail"
"""
WHOLE = {"r0": "Promoted", **dict.fromkeys(("dlm", "lvm-lock-daemon", "vg0", "files"), "Started")}
# On each node a number a line, until a file says otherwise, each line on the disk before the next one.
WRITER = """#!/bin/sh
i=0
while [ ! -e /run/enough ]; do i=$((i + 1)); echo $i | dd of=/srv/files/$(uname -n) oflag=append,sync conv=notrunc status=none || exit; done
echo $i >/run/written
"""


@pytest.fixture(scope="module")
def pair(ground):
    """A pair with both uses on it."""
    ground.clean = False
    lab = ground.lab
    lab.blank()
    for step in labsteps.written(lab, ANSWERS):
        labsteps.take(lab, step)
    whole(lab)
    yield lab
    lab.down()


def whole(lab, on=None):
    """Waits until everything runs; on: the node that must have the ext4, by default any. Returns the node that has it."""
    def met():
        labels = {(resource, node.name): role for resource, role in WHOLE.items() for node in lab.nodes}
        found = labsteps.running(lab.node(1), labels)
        holder = has_mail(lab)
        if found is not True:
            return found
        return holder if holder and on in (None, holder) else Unmet(f"mail is on {holder}")

    return wait_until(met, "everything to run", 300, 1)


def has_mail(lab):
    """The node that has the ext4 mounted, None if no one has; never both."""
    found = [node for node in lab.nodes if node.alive() and node.run("mountpoint -q /srv/mail").rc == 0]
    assert len(found) < 2, "mounted on both"
    return found[0] if found else None


def size(node):
    return int(node.ok("df --output=size -k /srv/files").split()[-1])


def test_gfs2_is_mounted_on_both_and_grows_while_both_write(pair):
    before = [size(node) for node in pair.nodes]
    for node in pair.nodes:
        node.push("/root/writer", WRITER.encode(), 0o755)
        node.ok("rm -f /run/enough; setsid /root/writer >/run/writer.log 2>&1 </dev/null &")
    one, two = pair.nodes
    one.ok("dualstor volume grow vg0/files -L +12M", 120)
    one.ok("gfs2_grow /srv/files", 120)
    after = [size(node) for node in pair.nodes]
    for node in pair.nodes:
        node.ok("touch /run/enough")
        wait_until(lambda node=node: node.run("test -s /run/written").rc == 0, "the writer to end", 60)
    assert after[0] == after[1] and after[0] - before[0] > 10000, (before, after)
    for node in pair.nodes:
        count = int(node.ok("cat /run/written"))
        assert count > 10
        for reader in (one, two):
            assert reader.ok(f"cat /srv/files/{node.name}").split() == [str(number) for number in range(1, count + 1)]


def test_an_exclusive_volume_is_refused_to_the_other_node_and_fails_over(pair):
    holder = whole(pair)
    other, fenced = holder.peer, len(pair.fenced())
    for mode in ("-aey", "-asy", "-ay"):
        refused = other.run(f"lvchange {mode} vg0/mail", 60)
        assert refused.rc != 0 and other.run("test -e /dev/vg0/mail").rc != 0, refused
    holder.ok("echo 'before the crash' >/srv/mail/letter && sync /srv/mail/letter && echo it >/srv/files/shared")
    holder.kill()
    wait_until(lambda: has_mail(pair) is other or Unmet("not mounted"), "the file system on the other node", 180, 1)
    assert other.ok("cat /srv/mail/letter") == "before the crash\n"
    assert other.ok("cat /srv/files/shared") == "it\n"
    other.ok("echo more >>/srv/files/shared && echo more >>/srv/mail/letter", 120)
    # The machine was off when its death was confirmed: the request is answered, nobody is killed.
    assert not [each for each in pair.fenced()[fenced:] if each["killed"]]

    holder.start()
    assert whole(pair) is other, "what fails over stays where it is"
    other.ok(["crm_attribute", "--node", other.name, "--name", "standby", "--lifetime", "reboot", "--update", "on"])
    wait_until(lambda: has_mail(pair) is holder or Unmet("not mounted"), "the file system to move", 180, 1)
    assert holder.ok("cat /srv/mail/letter") == "before the crash\nmore\n"
    other.ok(["crm_attribute", "--node", other.name, "--name", "standby", "--lifetime", "reboot", "--delete"])
    whole(pair, on=holder)
    status = holder.run("dualstor status --wait 20", 90)
    assert (status.rc, status.stdout.splitlines()[-1]) == (0, "Nothing: all is well."), status.stdout
