# SPDX-License-Identifier: GPL-2.0-or-later
"""The fence-peer handler on hosts that are written down, and as the program that it is."""

import os
import signal
import subprocess
import sys

import pytest

import hostile
from dualstor import fencepeer, log
from dualstor.errors import Terminated
from dualstor.fencepeer import decide, handler, runs
from dualstor.host.deadline import Deadline
from sourcetree import TREE
from unit.cluster.helpers import HANGS, PaperHost, golden
from unit.drbd.helpers import golden as drbd_golden

from .calls import DRBD_8, DRBD_9, without

PROGRAM = os.path.join(TREE, "drbd", os.path.basename(fencepeer.PROGRAM))

CIB = """<cib><configuration><crm_config><cluster_property_set id="o">%(options)s</cluster_property_set></crm_config><nodes>
<node id="1" uname="node1"/><node id="2" uname="node2"/></nodes><resources>%(devices)s</resources></configuration></cib>"""


def cib(options="", devices=""):
    """The answer of cibadmin for a cluster with these options and fence devices."""
    return {"cibadmin --query --local": CIB % {"options": options, "devices": devices}}


CLUSTER = dict({"corosync-quorumtool -s": golden("quorumtool-both.txt"), "stonith_admin": ""}, **cib())
#: Instead of cibadmin's.
ASKED = {"cibadmin": (102, "", ""), "crm_mon": golden("crm_mon-both.xml"), "crm_node -n": "node1\n"}
CUT = drbd_golden("..", "drbd9", "fence-peer-handler-running", "node1", "drbdsetup-status-json.out")
BACK = drbd_golden("..", "drbd9", "reconnected", "node2", "drbdsetup-status-json.out").replace(
    '"node1"', '"node2"')
PROC_9 = drbd_golden("..", "drbd9", "reconnected", "node2", "proc-drbd.out")
PROC_8 = drbd_golden("survivor", "node1", "proc_drbd.out")
CMAN_BOTH = "1 M Member 1 node1\n2 M Member 1 node2\n"
CMAN_ALONE = CMAN_BOTH.replace("2 M Member", "2 X Dead")
FENCING = [("stonith_admin", "--reboot", "node2")]


class Paper(PaperHost):
    """Where time passes by waiting alone, and who is fenced leaves the membership."""

    now = 0.0
    device = "works"

    def __init__(self, answers, files, links=()):
        super().__init__(answers, files, links)
        self.deadline = Deadline(handler.TIME, lambda: self.now)

    def run(self, argv, timeout=None, environment=None):
        done = super().run(argv, timeout, environment)
        if argv[0] in ("stonith_admin", "fence_node") and done.ok and self.device == "works":
            self.answers.update({"corosync-quorumtool -s": golden("quorumtool-survivor.txt"),
                                 "cman_tool nodes": CMAN_ALONE})
        return done

    def sleep(self, seconds):
        self.now += seconds


def host_9(answers=(), status=CUT):
    return Paper(dict(CLUSTER, **dict({"drbdsetup status r0 --json": status}, **dict(answers))),
                 {"/proc/drbd": PROC_9, "/sys/module/drbd/version": "9.2.18\n"})


def host_8(answers=(), proc=PROC_8):
    return Paper(dict(CLUSTER, **dict(answers)), {"/proc/drbd": proc, "/sys/module/drbd/version": "8.4.11\n"},
                 {"/dev/drbd/by-res/r0": "../../drbd0"})


@pytest.fixture(autouse=True)
def no_syslog(monkeypatch):
    monkeypatch.setattr(log, "start", lambda tag, environ: None)


def run(host, environ):
    return handler.run(environ, lambda deadline: host)


def killed(host):
    """The requests to fence, of all that was run."""
    return [argv for argv, _, _ in host.calls if argv[0] in ("stonith_admin", "fence_node")]


CALLS = [(DRBD_9, host_9), (DRBD_8, host_8)]


@pytest.mark.parametrize("environ, make", CALLS)
def test_the_peer_is_fenced_once_and_the_answer_is_7(environ, make, said):
    host = make()
    assert run(host, environ) == 7
    assert killed(host) == FENCING
    assert said[0].startswith("DRBD has lost node2") and said[-1] == "node2 is fenced, so I/O of DRBD r0 continues"


@pytest.mark.parametrize("environ, make", CALLS)
def test_a_device_that_fences_another_machine_is_not_believed(environ, make, said):
    """It reports success, and the peer is a member of the cluster as before."""
    host = make()
    host.device = "lies"
    assert run(host, environ) == 1 and killed(host) == FENCING
    assert "was reported as fenced, but is still a member of the cluster" in said[-1]


# -- both nodes have only lost the link -----------------------------------------------------

DEVICES = """<primitive id="f1" class="stonith" type="fence_ipmilan"><instance_attributes id="f1-p">
<nvpair id="f1-h" name="pcmk_host_list" value="node1"/>%s</instance_attributes></primitive>
<primitive id="f2" class="stonith" type="fence_ipmilan"><instance_attributes id="f2-p">
<nvpair id="f2-h" name="pcmk_host_list" value="node2"/>%s</instance_attributes></primitive>
"""
DELAY = '<nvpair id="d" name="pcmk_delay_base" value="5s"/>'


@pytest.mark.parametrize("environ, make", CALLS)
@pytest.mark.parametrize("devices, waits", [
    (("", ""), False), ((DELAY, ""), False), (("", DELAY), True), ((DELAY, DELAY), False),
    (("", DELAY.replace("5s", "node2:5s;node1:9s")), True)])
def test_the_node_whose_fencing_is_delayed_longer_asks_first(environ, make, devices, waits, said):
    host = make(cib(devices=DEVICES % devices))
    assert run(host, environ) == 7 and killed(host) == FENCING
    assert any("may fence this node first" in line for line in said) is waits
    assert (host.now > 10) is waits


@pytest.mark.parametrize("answer", [HANGS, (102, "", ""), "<resources>"])
def test_where_no_delay_is_known_the_first_by_name_asks_first(answer, said):
    host = host_9(dict(ASKED, **{"cibadmin --query --local": answer}))
    assert run(host, DRBD_9) == 7 and host.now < 10 and killed(host) == FENCING


@pytest.mark.parametrize("environ, make", CALLS)
def test_the_cluster_is_asked_by_few_commands_before_the_request(environ, make, said):
    host = make()
    assert run(host, environ) == 7
    asked = [argv[0] for argv, _, _ in host.calls]
    assert [name for name in asked[:asked.index("stonith_admin")] if not name.startswith("drbd")] == [
        "cman_tool", "corosync-quorumtool", "cibadmin"]


# -- cman's way -------------------------------------------------------------------------------

DOMAIN = golden("fence-ls.txt") + "all nodes\nnodeid 1 member 1 victim 0 last fence master 0 how none\n" \
    "nodeid 2 member 1 victim 0 last fence master 0 how none\n"
FENCED = DOMAIN.replace("2 member 1 victim 0 last fence master 0 how none",
                        "2 member 0 victim 0 last fence master 1 how agent")     # as recorded
CMAN = {"cman_tool status": golden("cman-status-two-node.txt"), "cman_tool nodes": CMAN_BOTH,
        "fence_tool ls": DOMAIN, "fence_node": (0, "", "fence node2 success\n")}


def host_cman(answers=()):
    """With Pacemaker on cman, unless *answers* take it away."""
    return host_8(dict(CMAN, **dict(answers)))


def test_with_cman_fenced_learns_who_was_fenced(said):
    host = host_cman()
    assert run(host, DRBD_8) == 7 and killed(host) == [("fence_node", "node2")]


def test_without_pacemaker_cman_alone_fences(said):
    host = host_cman()
    for name in ("cibadmin --query --local", "stonith_admin"):
        del host.answers[name]
    assert run(host, DRBD_8) == 7 and killed(host) == [("fence_node", "node2")]


def test_a_node_without_a_device_in_cluster_conf_is_fenced_by_pacemaker(said):
    host = host_cman({"fence_node": (2, "", "fence node2 undefined\n")})
    assert run(host, DRBD_8) == 7 and killed(host) == [("fence_node", "node2")] + FENCING


def test_a_node_that_fenced_could_not_fence_stays_a_threat(said):
    host = host_cman({"fence_node": (1, "", "fence node2 failed\n")})
    assert run(host, DRBD_8) == 1 and set(killed(host)) == {("fence_node", "node2")}
    assert "fence node2 failed" in said[-1]


def test_without_a_fence_domain_pacemaker_is_asked(said):
    host = host_cman({"fence_tool ls": (1, "", "")})
    assert run(host, DRBD_8) == 7 and killed(host) == FENCING


@pytest.mark.parametrize("how, code, requests", [
    ("agent", 7, 0), ("override", 7, 0), ("external", 7, 0), ("member", 7, 1), ("none", 7, 1)])
def test_what_fenced_is_at_is_waited_for_and_is_proof(how, code, requests, said):
    class Later(Paper):
        def run(self, argv, timeout=None, environment=None):
            if self.now > 5:
                self.answers["fence_tool ls"] = FENCED.replace("agent", how)
            return super().run(argv, timeout, environment)
    host = host_cman({"fence_tool ls": golden("fence-ls-n-fencing.txt"), "cman_tool nodes": CMAN_ALONE})
    host.__class__ = Later
    assert run(host, DRBD_8) == code and len(killed(host)) == requests and host.now > 5


# -- a fencing that has happened already, and other handlers ----------------------------------

KMSG_8 = """6,410,100000000,-;drbd r0: conn( WFConnection -> WFReportParams )
6,411,200000000,-;drbd r0: conn( WFReportParams -> Connected )
6,412,900000000,-;drbd r0: conn( Connected -> NetworkFailure ) peer( Primary -> Unknown )
6,413,900100000,-;drbd r0: helper command: /sbin/drbdadm fence-peer r0
"""
KMSG_9 = KMSG_8.replace("WFReportParams -> ", "Connecting -> ").replace("drbd r0:", "drbd r0 node2:")
LOGS = [(DRBD_9, host_9, KMSG_9), (DRBD_8, host_8, KMSG_8)]
ALONE = {"corosync-quorumtool -s": golden("quorumtool-survivor.txt"),
         "dlm_tool status": golden("dlm-status-fenced.txt")}     # fenced 29 s ago


@pytest.mark.parametrize("environ, make, kmsg", LOGS)
def test_dlm_has_fenced_it_before_drbd_noticed_so_nobody_asks_again(environ, make, kmsg, said):
    host = make(ALONE)
    host.files["/dev/kmsg"] = kmsg
    assert run(host, environ) == 7 and killed(host) == []
    assert "was fenced after it was last connected to DRBD r0" in said[-1]


@pytest.mark.parametrize("environ, make, kmsg", LOGS)
def test_one_that_came_back_connected_and_was_lost_again_is_fenced_again(environ, make, kmsg, said):
    """Within 60 s; the wall clock has no part in it."""
    for again in (kmsg.replace(",200000000,", ",880000000,"), ""):     # 20 s before the call, or unknown
        host = make(ALONE)
        host.files["/dev/kmsg"] = again
        assert run(host, environ) == 7 and killed(host) == FENCING


@pytest.mark.parametrize("environ, make, kmsg", LOGS)
def test_the_second_resource_of_the_link_takes_the_verdict_of_the_first(environ, make, kmsg, said):
    first = make(dict(ALONE, **{"dlm_tool status": golden("dlm-status-both.txt")}))
    first.files["/dev/kmsg"] = kmsg
    assert run(first, environ) == 7 and killed(first) == FENCING
    second = make(dict(ALONE, **{"dlm_tool status": golden("dlm-status-both.txt")}))
    second.files = first.files
    assert run(second, environ) == 7 and killed(second) == []


def test_a_handler_waits_for_another_one_of_its_node(said):
    class Busy(Paper):
        def lock(self, name, seconds):
            return super().lock(name, seconds) if self.now > 5 else None
    host = host_9(ALONE)
    host.__class__ = Busy
    assert run(host, DRBD_9) == 7 and host.now > 5 and killed(host) == FENCING


@pytest.mark.parametrize("environ, make", CALLS)
@pytest.mark.parametrize("values, option", [
    ({"stonith-action": "off"}, "--fence"), ({"stonith-action": "poweroff"}, "--fence"),
    ({"stonith-action": "reboot"}, "--reboot"), ({}, "--reboot"),
    ({"fencing-action": "off", "stonith-action": "reboot"}, "--fence")])
def test_the_clusters_own_action_is_asked_for(environ, make, values, option, said):
    host = make(cib("".join('<nvpair id="o-%s" name="%s" value="%s"/>' % (name, name, value)
                            for name, value in values.items())))
    assert run(host, environ) == 7
    assert killed(host) == [("stonith_admin", option, "node2")]


@pytest.mark.parametrize("environ, make", CALLS)
@pytest.mark.parametrize("answer", [(1, "", "No such device\n"), (124, "", "Timer expired\n"), (-9, "", ""), HANGS])
def test_fencing_that_is_not_proven_leaves_io_frozen(environ, make, answer, said):
    host = make({"stonith_admin": answer})
    assert run(host, environ) == 1 and set(killed(host)) == set(FENCING)
    assert len(killed(host)) > 10 and host.now >= decide.PATIENCE
    assert "its I/O stays frozen: DRBD r0: node2 was not fenced" in said[-1]


def test_drbd_is_looked_at_and_nobody_is_fenced_when_the_connection_is_back(said):
    host = host_9(status=BACK)
    assert run(host, DRBD_9) == 1 and killed(host) == []
    connected = host_8(proc=drbd_golden("both-primary", "node1", "proc_drbd.out"))
    assert run(connected, DRBD_8) == 1 and killed(connected) == []
    assert all("node2 is connected again to DRBD r0 (Connected), so nobody is fenced" in line
               for line in said if "stays frozen" in line)


@pytest.mark.parametrize("environ, make", CALLS)
@pytest.mark.parametrize("answers, words", [
    ({"corosync-quorumtool -s": (1, "", "Cannot initialize CMAP service\n")}, "has no quorum, so it fences nobody"),
    ({"cibadmin": (102, "", ""), "crm_mon": (102, "", ""), "crm_node": (102, "", "")}, "Pacemaker does not list its nodes, so nobody can be fenced, waited 300 s"),
    ({"cibadmin": HANGS, "crm_mon": HANGS, "crm_node": HANGS}, "Pacemaker does not list its nodes, so nobody can be fenced, waited 300 s"),
    ({"cibadmin": (102, "", ""), "crm_mon": (102, "", ""), "crm_node -l": "1 node1 member\n2 other lost\n"}, "the cluster has no such node"),
    ({"crm_node -n": "node2\n"}, "is this node")])
def test_a_cluster_that_must_not_fence_freezes(environ, make, answers, words, said):
    host = make(dict({name: answer for name, answer in ASKED.items() if name != "cibadmin"}, **answers))
    del host.answers["cibadmin --query --local"]
    assert run(host, environ) == 1 and killed(host) == []
    assert words in said[-1] and "its I/O stays frozen" in said[-1]


def test_without_quorum_nobody_is_fenced_until_it_is_there(said):
    host = host_9({"corosync-quorumtool -s": (2, golden("quorumtool-both.txt").replace(
        "Quorate:          Yes", "Quorate:          No"), "")})
    assert run(host, DRBD_9) == 1 and killed(host) == []

    class Late(Paper):
        def run(self, argv, timeout=None, environment=None):
            if self.now > 5 and not killed(self):
                self.answers.update(CLUSTER)
            return super().run(argv, timeout, environment)
    host.__class__, host.now = Late, 0.0
    assert run(host, DRBD_9) == 7 and killed(host) == FENCING


def test_a_connection_that_comes_back_ends_the_wait_for_quorum(said):
    class Back(Paper):
        def run(self, argv, timeout=None, environment=None):
            if self.now > 5:
                self.answers["drbdsetup status r0 --json"] = BACK
            return super().run(argv, timeout, environment)
    host = host_9({"corosync-quorumtool -s": (1, "", "Cannot initialize CMAP service\n")})
    host.__class__ = Back
    assert run(host, DRBD_9) == 1 and killed(host) == [] and host.now < 20
    assert "node2 is connected again" in said[-1]


@pytest.mark.parametrize("answer", [HANGS, (20, "", "")])
def test_drbd_that_does_not_tell_freezes(answer, said):
    host = host_9({"drbdsetup": answer}, status=answer)
    assert run(host, DRBD_9) == 1 and killed(host) == []
    assert "DRBD r0 does not report its state" in said[-1]


DUMP = """resource r0 {
    on node1 { device /dev/drbd0 minor 0; disk /dev/vdb; address ipv4 10.78.0.1:7788; }
    on node2 { device /dev/drbd0 minor 0; disk /dev/vdb; address ipv4 10.78.0.2:7788; }
}
"""


@pytest.mark.parametrize("environ, make", CALLS)
def test_a_peer_that_drbd_does_not_name_is_the_other_host_of_the_configuration(
        environ, make, said, monkeypatch):
    nameless = without(environ, "DRBD_NODE_ID_1", "DRBD_PEERS", "DRBD_PEER")
    monkeypatch.setattr(handler.os, "uname", lambda: os.uname_result(("Linux", "node1", "", "", "")))
    host = make({"drbdadm -c /etc/drbd.conf --dry-run dump r0": DUMP})
    assert run(host, nameless) == 7 and killed(host) == FENCING
    for answer in ((1, "", "not defined in your config\n"), HANGS, "resource r0 {",
                   DUMP.replace("on node1", "on node3")):
        host = make({"drbdadm": answer})
        assert run(host, nameless) == 1 and killed(host) == []


def test_called_by_hand_it_does_nothing(said):
    host = host_9()
    assert run(host, {}) == 1 and host.calls == [] and "only DRBD can call this" in said[-1]


@pytest.mark.parametrize("problem", [Terminated("ended by SIGTERM"), ValueError("a bug"), KeyError()])
def test_whatever_goes_wrong_freezes(problem, said):
    class Broken(Paper):
        def run(self, argv, timeout=None, environment=None):
            if argv[0] == "stonith_admin":
                raise problem
            return super().run(argv, timeout, environment)
    host = host_9()
    host.__class__ = Broken
    assert run(host, DRBD_9) == 1 and any("its I/O stays frozen" in line for line in said)


def test_each_command_has_an_end(said):
    host = host_9()
    run(host, DRBD_9)
    assert all(timeout is not None and timeout <= 10 for argv, timeout, _ in host.calls
               if argv[0] != "stonith_admin")
    assert handler.TIME <= 600


# -- the program ----------------------------------------------------------------------------


#: Nothing here knows the peer's name, so that no cluster is waited for.
NAMELESS = without(DRBD_9, "DRBD_NODE_ID_1")


def test_it_needs_nothing_of_its_caller():
    """DRBD's environment, the kernel's folder, no cluster: it freezes."""
    done = subprocess.run([PROGRAM], cwd="/", env=NAMELESS, stdin=subprocess.DEVNULL, capture_output=True,
                          text=True, timeout=120, check=False)
    assert done.returncode == 1 and "Traceback" not in done.stderr
    assert done.stdout == ""


def test_it_runs_without_any_open_file():
    """The kernel starts its helper so."""
    done = subprocess.run(["/bin/sh", "-c", "exec %s <&- >&- 2>&-" % PROGRAM], cwd="/", env=NAMELESS,
                          timeout=120, check=False)
    assert done.returncode == decide.FROZEN


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGHUP, signal.SIGALRM])
def test_a_signal_and_its_time_end_it_with_frozen_io(number):
    """Whatever it does then, even before it has looked at anything."""
    code = ("import os, signal, sys; sys.path[:0] = [%r]\n"
            "from dualstor.fencepeer import handler\n"
            "from dualstor.host.host import Host\n"
            "class Odd(Host):\n"
            "    def read(self, name):\n"
            "        os.kill(os.getpid(), %d)\n"
            "        return super().read(name)\n"
            "handler.Host = Odd\n"
            "def run(environ):\n"
            "    return real(environ, Odd)\n"
            "real, handler.run = handler.run, run\n"
            "handler.script()\n") % (os.path.join(TREE, "lib"), number)
    done = subprocess.run([sys.executable, "-c", code], cwd="/", env=NAMELESS, stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == decide.FROZEN and "Traceback" not in done.stderr
    assert done.stderr == "" or "its I/O stays frozen: " in done.stderr


def test_it_runs_no_code_of_others(tmp_path):
    folder, mark = hostile.prepare(tmp_path)
    done = hostile.run(PROGRAM, cwd=folder, **dict(hostile.variables(folder), DRBD_RESOURCE="all"))
    assert done.returncode == decide.FROZEN and "Traceback" not in done.stderr and not mark.exists()


@pytest.mark.parametrize("command, eight, nine", [
    ("/usr/lib/drbd/dualstor-fence-peer", False, False),
    ("/usr/lib/drbd/stonith_admin-fence-peer.sh", False, True),
    ("/usr/lib/drbd/crm-fence-peer.sh", False, True),
    ("crm-fence-peer.9.sh --timeout=90 --dc-timeout=20", False, True),
    ("/bin/sh -c /usr/lib/drbd/crm-fence-peer.9.sh", False, True),
    ("/opt/our-crm-fence-peer.sh", False, False), ("", False, False), (None, False, False)])
def test_which_handler_dual_primary_cannot_have_with_which_drbd(command, eight, nine):
    assert [fencepeer.unfit(command, generation) for generation in (8, 9, None)] == [
        eight, nine, False]
    assert fencepeer.ours(command) == (command or "").endswith("dualstor-fence-peer")


# -- what it keeps of its runs ----------------------------------------------------------------


def test_each_run_is_counted_by_how_it_ended():
    host, alone = host_9(), {"corosync-quorumtool -s": (2, "", "Cannot initialize QUORUM service")}
    assert handler.run(DRBD_9, lambda deadline: host) == decide.FENCED
    first = runs.recall(host, "r0")
    assert first.counts == (1, 0)
    host.answers.update(alone)
    host.now += 100.0
    handler.run(DRBD_9, lambda deadline: host)
    assert sum(runs.recall(host, "r0").counts) == 2 and runs.recall(host, "r1") is None


@pytest.mark.parametrize("text", ["", "1\n", "1 2\n", "1 x 3.0\n", "1 2 3 4.0\n", "1 2 x\n"])
def test_what_is_kept_and_not_readable_is_nothing(text):
    host = host_9()
    host.remember(text, "handled", "r0")
    assert runs.recall(host, "r0") is None
    runs.note(host, "r0", runs.CONTINUES)
    assert runs.recall(host, "r0").counts == (1, 0)


# -- whether this node's other copies are good ------------------------------------------------

SECOND = " 1: cs:%s ro:Primary/Unknown ds:%s/DUnknown C r-----\n    ns:0 nr:0 dw:0 dr:0 al:0 bm:0 lo:0 pe:0 ua:0 ap:0 ep:1 wo:f oos:0\n"


@pytest.mark.parametrize("more, asked", [
    ("", False), (SECOND % ("WFConnection", "UpToDate"), False), (" 1: cs:Unconfigured\n", False),
    (SECOND % ("SyncTarget", "Inconsistent"), True), (" 1: cs:nonsense\n", True)])
def test_drbdadm_is_asked_for_other_resources_only_where_the_kernel_has_a_copy_that_is_not_good(more, asked):
    host = host_8({"corosync-quorumtool -s": golden("quorumtool-both.txt")}, PROC_8 + more)
    handler.run(DRBD_8, lambda deadline: host)
    assert any(argv[-1] == "sh-resources" for argv, _, _ in host.calls) is asked
