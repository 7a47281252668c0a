# SPDX-License-Identifier: GPL-2.0-or-later
"""A node on which the alert agent runs: its own directory is real, the rest is written down."""

from dualstor.alerts import agent
from dualstor.command.status import observe
from dualstor.errors import ToolHung, ToolMissing
from dualstor.host.deadline import Deadline
from dualstor.host.host import Host
from dualstor.host.run import Completed
from unit.cluster.helpers import HANGS, golden

#: What all is well looks like to hacluster: no DRBD here, and nothing of LVM.
WELL = {"corosync-quorumtool -s": golden("quorumtool-both.txt"), "stonith_admin": "",
        "crm_mon": golden("crm_mon-both.xml"), "crm_node -n": "node1\n", "crm_attribute": "true\n",
        "cibadmin": "<cib><configuration><crm_config/><nodes/><resources/><constraints/>"
                    "</configuration></cib>"}
ALONE = dict(WELL, **{"corosync-quorumtool -s": golden("quorumtool-survivor.txt"),
                      "crm_mon": golden("crm_mon-survivor.xml")})


class Node:
    """The node. ``senders`` are those that were started and did not run yet."""

    def __init__(self, folder):
        self.root, self.now, self.answers = str(folder), 1000.0, dict(WELL)
        self.letters, self.senders, self.started, self.ran = [], [], [], []
        self.refuses = False
        self.while_asleep, self.while_sending = [], []      # what happens meanwhile, once each
        self.file("/proc/sys/kernel/random/boot_id", "this-boot\n")
        self.file("/proc/drbd", "version: 8.4.11 (api:1/proto:86-101)\n")

    def file(self, name, text):
        import os
        path = self.root + name
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as stream:
            stream.write(text)

    def host(self, seconds=10.0):
        return Stand(self, seconds)

    def call(self, **values):
        """Pacemaker calls the agent."""
        self.now += 0.001
        return agent.receive(self.host(), {"CRM_alert_" + name: value
                                           for name, value in values.items()})

    def lost(self, recipient="root", node="node2"):
        return self.call(kind="node", node=node, desc="lost", recipient=recipient)

    def fine(self, recipient="root"):
        return self.call(kind="resource", node="node1", rsc="r0", task="monitor", rc="0",
                         target_rc="0", status="0", desc="ok", interval="10000",
                         recipient=recipient)

    def send(self):
        """The senders that were started run to their ends."""
        while self.senders:
            agent.Sender(self.host, self.senders.pop(0), observe.one_by_one).work()


class Stand(Host):
    """What a process on the node gets."""

    def __init__(self, node, seconds):
        super().__init__(Deadline(seconds, lambda: node.now), node.root, state=agent.STATE_DIR)
        self.node = node

    def uptime(self):
        return self.node.now

    def sleep(self, seconds):
        self.node.now += max(0.0, min(seconds, self.deadline.remaining))
        if seconds >= 1.0 and self.node.while_asleep:
            self.node.while_asleep.pop(0)()

    def run(self, argv, timeout=None, environment=None):
        self.node.ran.append(tuple(argv))
        line = " ".join(argv) + " "
        known = [key for key in self.node.answers if line.startswith(key + " ")]
        if not known:
            raise ToolMissing(argv, "not found")
        answer = self.node.answers[max(known, key=len)]
        if answer == HANGS:
            raise ToolHung(argv, "no answer in 5 s")
        code, stdout, stderr = (0, answer, "") if isinstance(answer, str) else answer
        return Completed(argv=tuple(argv), returncode=code, stdout=stdout, stderr=stderr)

    def feed(self, argv, data):
        assert argv[:-1] == ("sendmail", "-oi", "--")
        if not self.node.refuses:
            self.node.letters.append((self.node.now, argv[-1], data.decode("utf-8")))
        if self.node.while_sending:
            self.node.while_sending.pop(0)()
        return Completed(argv=tuple(argv), returncode=75 if self.node.refuses else 0,
                         stderr="no queue\n" if self.node.refuses else "")

    def leave_behind(self, name, arguments):
        assert name == "dualstor-alert" and arguments[0] == "send"
        self.node.senders.append(arguments[1])
        self.node.started.append(arguments[1])
