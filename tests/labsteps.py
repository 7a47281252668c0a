# SPDX-License-Identifier: GPL-2.0-or-later
"""In the lab: from blank machines to a pair by the files and steps of `dualstor configure`."""
import json

from lablib import Unmet, wait_until
from lablib.observe import hopeless, unsettled

#: The key of corosync, which a step makes.
KEY = "/etc/corosync/authkey"
# The resource's file has the times by which DRBD notices a loss; a connection is to be tried again soon.
COMMON = b"""global { usage-count no; }
common { net { connect-int 2; } }
"""


def written(lab, answers, form="cib"):
    """Has configure write the files on both nodes, and those for Pacemaker to /root of node1.

    answers: text of pair.toml; form: of what is for Pacemaker. Returns the steps, as `configure --json` has them.
    """
    def files(node):
        node.ok(f"rm -f /etc/drbd.d/r0.res /etc/corosync/corosync.conf {KEY}")
        node.push("/etc/drbd.d/global_common.conf", COMMON)
        node.push("/root/pair.toml", answers.encode(), 0o600)
        node.ok(f"cd /root && dualstor configure --answers pair.toml --format {form} --apply --yes", 60)

    lab.each(files)
    one = lab.node(1)
    one.ok(f"cd /root && dualstor configure --answers pair.toml --format {form} --output /root", 60)
    return json.loads(one.ok(f"dualstor configure --answers /root/pair.toml --format {form} --json", 60))["steps"]


def running(node, wanted):
    """Whether resources have their roles, else an Unmet. wanted: {(resource, node's name): role}."""
    seen = node.cluster()
    assert not hopeless(seen, wanted), hopeless(seen, wanted)
    return not unsettled(seen, wanted) or Unmet(unsettled(seen, wanted))


def take(lab, step):
    """Takes a step on its nodes, waiting where it says so; of an init system only what it would start is played."""
    one, two = lab.nodes
    nodes = [each for each in lab.nodes if each.name in step["nodes"]]
    if not step["commands"]:
        return  # a test that has such a step does it itself
    first = step["commands"][0]
    if first[0] == "corosync-keygen":
        one.ok(first, 60)
        two.push(KEY, one.pull(KEY), 0o400)
    elif first[:2] == ["systemctl", "disable"]:
        return  # nothing is enabled in the guests
    elif first[:2] == ["systemctl", "start"]:
        lab.each(lambda node: node.ok("cluster enable && cluster start", 60))
        wait_until(lambda: one.cluster().online == {"node1", "node2"} or Unmet("not both online"), "both nodes online", 90, 1)
    elif step["name"] == "connected":
        wait_until(lambda: _says(nodes, first, "Connected"), "DRBD to connect", 60, 0.5)
    elif step["name"] == "up-to-date":
        wait_until(lambda: _says(nodes, first, "UpToDate/UpToDate"), "both disks UpToDate", 60, 0.5)
    elif first == ["dualstor", "check"]:
        return  # test_check has its own
    else:
        for command in step["commands"]:
            if command != ["dualstor", "status"]:
                lab.each(lambda node: node in nodes and node.ok(["env", "-C", "/root", *command], 600))


def _says(nodes, command, word):
    said = [node.run(command).stdout.strip() for node in nodes]
    return all(each == word for each in said) or Unmet(said)
