# SPDX-License-Identifier: GPL-2.0-or-later
"""clvmd's looking and doing, on a host that is written down."""

import pytest

import paper
from dualstor.action.engine import pursue
from dualstor.agents.clvmd import deeds, reasons, seen
from dualstor.agents.clvmd.agent import Clvmd
from dualstor.errors import ToolHung, ToolMissing
from dualstor.host.deadline import Deadline
from dualstor.host.run import Completed
from dualstor.kernel import process
from dualstor.ocf.codes import ExitCode
from dualstor.tools import lockdaemon
from unit.cluster.helpers import PaperHost, golden

from .observations import parameters, request


class Node(paper.PaperHost):
    """A node whose files are a dictionary and on which lvmlockd has its effect in them.

    ``stubborn``: it ignores SIGTERM. ``mute``: lvmlockctl never returns.
    """

    def __init__(self, stubborn=False, mute=False):
        self.now = 0.0
        super().__init__(Deadline(90.0, lambda: self.now),
                         {"/proc/sys/kernel/random/boot_id": "boot\n"})
        self.calls, self.signals = [], []
        self.stubborn, self.mute = stubborn, mute

    def connect(self, name, timeout):
        return None

    def sleep(self, seconds):
        self.now += max(seconds, 0.1)

    def process(self, pid, parent=1, program="lvmlockd", start_time=7):
        rest = " ".join(["S", str(parent)] + ["0"] * 15 + ["3", "0", str(start_time)])
        self.files["/proc/%d/stat" % pid] = "%d (%s) %s" % (pid, program, rest)
        self.links["/proc/%d/exe" % pid] = "/usr/sbin/" + program

    def daemon(self, pid):
        self.process(pid)
        self.files["/run/lvm/lvmlockd.socket"] = ""

    def end(self, pid):
        self.files.pop("/proc/%d/stat" % pid)
        self.links.pop("/proc/%d/exe" % pid)

    def lockspace(self, name):
        self.files["/sys/kernel/dlm/%s/recover_status" % name] = "ff\n"

    def kill(self, pid, number):
        self.signals.append((pid, number))
        if number == 9 or not self.stubborn:
            self.end(pid)

    def run(self, argv, timeout=None, environment=None):
        self.calls.append(tuple(argv))
        if argv[0] == "lvmlockd":
            self.daemon(900)
        elif argv[0] != "lvmlockctl":
            raise ToolMissing(argv, "not found")
        elif self.mute:
            self.now += timeout
            raise ToolHung(argv, "no answer in %.0f s" % timeout)
        elif "--stop-lockspaces" in argv:
            self.files = {n: t for n, t in self.files.items() if not n.startswith("/sys/kernel/dlm")}
        return Completed(argv=tuple(argv), returncode=0)


def pursued(node, action, **changes):
    return pursue(Clvmd(node, request(action, **changes), parameters()))


def test_a_helper_that_the_daemon_forked_is_no_second_daemon():
    node = Node()
    node.daemon(100)
    node.process(101, parent=100)
    assert pursued(node, "monitor").code == ExitCode.SUCCESS
    node.process(102, parent=1)
    verdict = pursued(node, "monitor")
    assert verdict.code == ExitCode.ERR_GENERIC and "102" in verdict.reason


def test_a_monitor_of_what_does_not_run_starts_no_process():
    node = Node()
    pursued(node, "monitor")
    assert node.calls == []


@pytest.mark.parametrize("level", [0, 10])
def test_a_mute_daemon_fails_a_monitor(level):
    node = Node(mute=True)
    node.daemon(100)
    verdict = pursued(node, "monitor", level=level)
    assert verdict.code == ExitCode.ERR_GENERIC and "no answer" in verdict.reason


def test_stop_leaves_the_lockspaces_and_ends_the_daemon():
    node = Node()
    node.daemon(100)
    node.lockspace("lvm_global")
    node.remember(process.to_text(node, process.look(node, 100)), "clvmd", "daemon")
    assert pursued(node, "stop").code == ExitCode.SUCCESS
    assert node.signals == [(100, 15)]
    assert node.calls == [("lvmlockctl", "--stop-lockspaces")]
    assert node.recall("clvmd", "daemon") is None


def test_a_stubborn_daemon_is_killed_by_its_own_id():
    node = Node(stubborn=True)
    node.daemon(100)
    node.process(55, program="clvmd-exporter")
    assert pursued(node, "stop").code == ExitCode.SUCCESS
    assert node.signals == [(100, 15), (100, 9)]


def test_a_signal_is_not_sent_to_another_process_of_the_same_number():
    node = Node()
    node.process(100, start_time=99)
    deeds.signal(Clvmd(node, request("stop"), parameters()), 100, 7, 15)
    assert node.signals == []


def test_active_lvs_are_told_with_what_they_lie_on():
    node = Node()
    node.files.update({"/sys/block/dm-0/dm/name": "vg0-a", "/sys/block/dm-0/dev": "253:0",
                       "/sys/block/dm-0/dm/uuid": "LVM-" + "g" * 32 + "l" * 32,
                       "/sys/dev/block/253:0/slaves/drbd0": "",
                       "/sys/class/block/drbd0/dev": "147:0"})
    assert Clvmd(node, request("stop"), parameters()).see_active() == (
        seen.ActiveVolume(vg="vg0", lv="a", on_drbd=True),)


@pytest.mark.parametrize("stderr, answered", (
    ("clvmd not running on node node2", True),
    ("connect() failed on local socket: Connection refused", False)))
def test_clvmd_has_answered_when_only_its_peer_is_missing(stderr, answered):
    class Asked(Node):
        def run(self, argv, timeout=None, environment=None):
            assert argv == ("clvmd", "-R")
            return Completed(argv=argv, returncode=1, stderr=stderr)
    assert (lockdaemon.silence(Asked(), "clvmd", 5.0) is None) == answered


def test_the_commands_that_start_the_daemons():
    assert lockdaemon.command("lvmlockd", ("-S", "debug")) == (
        "lvmlockd", "--adopt", "1", "-S", "debug")
    assert lockdaemon.command("clvmd", ("-d0",), "corosync", 30, 7) == (
        "clvmd", "-T7", "-I", "corosync", "-t30", "-d0")


# -- what only the older generation has


def agent(answers=(), files=(), **values):
    return Clvmd(PaperHost(answers, files), request("monitor"), parameters(**values))


@pytest.mark.parametrize("text, reason, fact", (
    (golden("fence-ls-n-fencing.txt"), reasons.FENCING,
     "lock daemon: node2 (id 2) is not fenced yet"),
    (golden("fence-ls-n-fencing.txt").replace("wait state    fencing", "wait state    quorum"),
     reasons.FENCING_WAITS, "lock daemon: fencing of node2 (id 2) waits for quorum"),
    (golden("fence-ls.txt").replace("wait state    none", "wait state    messages"),
     reasons.FENCE_DOMAIN_WAITS, "lock daemon: the fence domain waits for messages"),
    ("hangs", reasons.FENCE_DOMAIN_UNKNOWN,
     "lock daemon: the fence domain is unknown (fence_tool ls -n: no answer in 5 s)"),
    ((1, "", ""), reasons.NOT_IN_FENCE_DOMAIN,
     "lock daemon: this node has not joined the fence domain")))
def test_the_fence_domain_names_who_is_to_be_fenced(text, reason, fact):
    nodes = {"cman_tool nodes": golden("cman-nodes-F.txt")}
    said = agent(dict(nodes, **{"fence_tool ls": text})).see_fence_domain()
    assert said.reason is reason and said.fact == fact


def test_a_fence_domain_at_rest_is_no_trouble():
    assert agent({"fence_tool ls": golden("fence-ls.txt")}).see_fence_domain() is None


def test_the_node_to_be_fenced_is_told_by_its_id_when_cman_does_not_answer():
    said = agent({"fence_tool ls": golden("fence-ls-n-fencing.txt")}).see_fence_domain()
    assert said.values["peer"] == "node 2"


@pytest.mark.parametrize("answer, attempt", (
    ("", seen.Attempt(code=0, says="exit code 0")),
    ((1, "", "clvmd not running on node node2"),
     seen.Attempt(code=1, says="clvmd not running on node node2 (exit code 1)", peer="node2")),
    ((1, "", "clvmd not running on node node2clvmd not running on node node3"),
     seen.Attempt(code=1, peer="node2", says="clvmd not running on node node2clvmd not running on "
                                             "node node3 (exit code 1)")),
    ((1, "", "Error resetting node node2: Invalid argument"),
     seen.Attempt(code=1, says="Error resetting node node2: Invalid argument (exit code 1)")),
    ("hangs", seen.Attempt(code=None, says="clvmd -R: no answer in 5 s"))))
def test_refresh_tells_whose_clvmd_is_missing(answer, attempt):
    assert deeds.refresh(agent({"clvmd -R": answer})) == attempt


LOCKS = ("id nodeid remid pid xid exflags flags sts grmode rqmode time_ms r_nodeid r_len r_name\n"
         '1 0 0 700 0 0 0 2 5 -1 0 0 64 "mine-exclusively"\n'
         '2 0 0 700 0 0 0 2 1 -1 0 0 64 "mine-shared"\n'
         '3 2 1 700 0 0 10000 2 5 -1 0 0 64 "mastered-here-for-node-2"\n'
         '4 2 1 700 0 0 0 2 5 -1 0 2 64 "mine-mastered-on-node-2"\n')


def test_restart_remembers_which_locks_were_exclusive():
    made = agent({"clvmd -S": ""}, {"/sys/kernel/debug/dlm/clvmd_locks": LOCKS})
    attempt = deeds.restart(made, 200)
    assert attempt.code == 0
    assert attempt.exclusive == {"mine-exclusively", "mine-mastered-on-node-2"}
    refused = agent({"clvmd -S": (1, "", "connect() failed on local socket: Connection refused\n")})
    assert deeds.restart(refused, 200) == seen.Attempt(
        code=1, says="connect() failed on local socket: Connection refused (exit code 1)")


def test_cmirrord_that_is_not_installed_is_told_from_one_that_failed():
    assert deeds.launch_mirror_log(agent()).missing
    failed = deeds.launch_mirror_log(agent({"cmirrord": (1, "", "")}))
    assert (failed.code, failed.missing) == (1, False)
    assert deeds.launch_mirror_log(agent({"cmirrord": ""})).code == 0
    assert deeds.launch_mirror_log(agent({"cmirrord": "hangs"})).code is None


@pytest.mark.parametrize("answer, says", (
    ("Configuration validates\n", ""), ((255, "", "Unable to get the configuration\n"), ""),
    ((255, "", "Invalid cluster name. It must be 15 characters or fewer\n \n"
      "Unable to get the configuration\n"),
     "Invalid cluster name. It must be 15 characters or fewer"),
    ((3, "tempfile:5: element x\nConfiguration fails to validate\n", ""), "tempfile:5: element x")))
def test_cluster_conf_is_only_told_when_it_is_known_to_be_wrong(answer, says):
    assert agent({"ccs_config_validate": answer}).see_configuration() == says
    assert agent().see_configuration() == ""


def test_dlm_that_has_gone_is_seen_in_the_kernel():
    node = "/sys/kernel/config/dlm/cluster/comms/1/addr_list"
    there = {"/sys/kernel/dlm/clvmd/id": "1\n", node: "AF_INET 10.9.0.1\n"}
    assert agent(files=there).see_configured()
    assert not agent(files={"/sys/kernel/dlm/clvmd/id": "1\n"}).see_configured()
