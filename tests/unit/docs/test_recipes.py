# SPDX-License-Identifier: GPL-2.0-or-later
"""Each command that an exit reason, status, recover or a document tells to type is typed by a test.

A new one fails ``test_each_command_is_typed`` until there is a play for it here, or until ELSEWHERE
names the test that types it in the state in which it is printed.
"""

import ast
import glob
import os
import re
import shlex
import signal

import pytest

from dualstor.agents import catalogue
from model.actions import DAEMON, DRBD, GROUP, act
from simulator import locking, volumes, world
from simulator.host import Simulation
from simulator.state import CLVMD, DRBD_9, LVMLOCKD
from sourcetree import TREE
from unit.docs import markdown

ONE, TWO = "node1", "node2"

#: The programs of which administrators are told commands.
PROGRAMS = frozenset(
    "cibadmin clvmd crm crm_attribute crm_mon crm_node crm_resource crm_verify cman_tool corosync-quorumtool "
    "dlm_tool dmesg dmsetup drbdadm drbdsetup dualstor fence_ack_manual fence_node fence_tool group_tool "
    "journalctl kill ldconfig ln lsblk lsof lvchange lvconvert lvcreate lvextend lvm lvmconfig lvmlockctl "
    "lvmlockd lvremove lvrename lvs modprobe pcs ps pvcreate pvs restorecon rm service stonith_admin "
    "systemctl vgchange vgcreate vgs".split())

#: Words that stand for a name.
_PLACE = re.compile(r"\{\w*\}|X|R|NODE|OTHER|PEER|HOST|node[12]|VG|VG/LV|vg0(/\w+)?|RESOURCE|r0|FILE|VERSION|"
                    r"LOCKSPACE|'\*'|'\\\*'|''")

#: Pages whose commands are no steps for a trouble: what other tests play, compare, or only measure.
_OTHERS = ("docs/findings.md", "docs/operations.md", "docs/check.md", "docs/configure.md", "docs/faults.md",
           "docs/performance.md", "docs/lab-long.md", "docs/architecture.md", "docs/json.md",
           "docs/metrics.md", "docs/report.md", "docs/alerts.md")


def plain(command):
    """A command with "*" in place of names."""
    return " ".join("*" if _PLACE.fullmatch(word) else word for word in command.split())


def commands(text):
    """The commands between backquotes in a text, without names; a program's name alone is none."""
    for piece in re.findall(r"`([^`\n]+)`", text):
        words = piece.split()
        if words and words[0] in PROGRAMS and (len(words) > 1 or words[0] == "dmesg"):
            yield plain(piece)


def _texts(path):
    """The texts in a module, with X for what is filled in."""
    with open(os.path.join(TREE, path), encoding="utf-8") as stream:
        tree = ast.parse(stream.read())
    inner = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            inner |= {id(each) for each in node.values}
            yield "".join(each.value if isinstance(each, ast.Constant) else "X" for each in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in inner:
            yield node.value


def _words(node):
    """The words of a command that a recipe writes as a tuple; None for another tuple."""
    found = [each.value if isinstance(each, ast.Constant) else "X" for each in node.elts]
    return found if found and found[0] in PROGRAMS else None


def printed():
    """{command: where it is printed}."""
    found = {}

    def add(where, text):
        for each in commands(text):
            found.setdefault(each, set()).add(where)
    for name in (*catalogue.NAMES, None):
        for each in catalogue.reasons(name):
            add(each.id, f"{each.step} {each.short} {each.topic.todo}")
    for folder in ("status", "recover"):
        for path in glob.glob(os.path.join(TREE, "lib", "dualstor", "command", folder, "*.py")):
            for text in _texts(os.path.relpath(path, TREE)):
                add(folder, text)
    path = os.path.join("lib", "dualstor", "recipes.py")
    for text in _texts(path):
        add("recipes", text)
    with open(os.path.join(TREE, path), encoding="utf-8") as stream:
        for node in ast.walk(ast.parse(stream.read())):
            words = _words(node) if isinstance(node, ast.Tuple) else None
            if words:
                found.setdefault(plain(" ".join(words)), set()).add("recipes")
    for page in markdown.pages():
        if page.startswith(("docs/", "README")) and page not in _OTHERS \
                and not page.startswith(("docs/faults/", "docs/examples/")):
            text = markdown.read(page)
            if page == "docs/concepts.md":      # what must never be done is not typed
                text = text.partition("## What must never be done")[0]
            add(page, re.sub(r"```.*?```", "", text, flags=re.DOTALL))
    return found


# -- what other tests type ------------------------------------------------------------------------

_TYPED = "tests/unit/status/test_typed.py::"
_PLAN = "tests/unit/command/recover/test_plan.py::"
_HEALING = "tests/unit/command/recover/test_healing.py::"
_SPLIT = _TYPED + "test_the_steps_of_status_end_a_split_brain"
_DISK = _TYPED + "test_the_old_disk_is_attached_again"

#: {command: the test that types it in the state in which it is printed}.
ELSEWHERE = {
    "drbdadm adjust *": _SPLIT, "drbdadm connect *": _SPLIT, "drbdadm disconnect *": _SPLIT,
    "drbdadm secondary *": _SPLIT, "drbdadm up *": _SPLIT, "drbdadm dstate *": _SPLIT,
    "drbdadm dstate": _SPLIT, "drbdadm connect --discard-my-data *": _SPLIT, "vgchange -aln *": _SPLIT,
    "crm_attribute --name maintenance-mode --update true": _SPLIT,
    "crm_attribute --name maintenance-mode --delete": _SPLIT, "crm_resource --cleanup": _SPLIT,
    "drbdadm -- --discard-my-data connect *": _TYPED + "test_before_8_4_the_option_stands_before_the_command",
    "drbdadm primary --force *": _TYPED + "test_a_lone_consistent_copy_is_made_the_good_one_by_the_steps",
    "drbdadm -- --overwrite-data-of-peer primary *": _TYPED + "test_before_8_4_it_is_forced_in_its_own_words",
    "drbdadm attach *": _DISK, "drbdadm create-md *": _TYPED + "test_a_new_disk_gets_meta_data_and_is_filled",
    "drbdadm resume-io *": _TYPED + "test_what_a_person_has_suspended_a_person_resumes",
    "drbdadm suspend-io": _TYPED + "test_what_a_person_has_suspended_a_person_resumes",
    "drbdadm down *": _PLAN + "test_what_is_called_undoable_is",
    "stonith_admin --confirm *": _PLAN + "test_a_fencing_that_does_not_succeed_is_confirmed_after_a_look",
    "fence_ack_manual *": _PLAN + "test_a_fencing_that_does_not_succeed_is_confirmed_after_a_look",
    "fence_tool ls": _PLAN + "test_a_fencing_that_does_not_succeed_is_confirmed_after_a_look",
    "stonith_admin --history *": _PLAN + "test_a_fencing_that_does_not_succeed_is_confirmed_after_a_look",
    "ln -s * *": _PLAN + "test_dlm_that_learns_of_no_fencing",
    "cibadmin --delete --xml-text *": _PLAN + "test_a_constraint_that_was_left_is_removed",
    "crm_resource --clear --resource *": _PLAN + "test_a_constraint_that_was_left_is_removed",
    "dualstor recover *": "tests/unit/command/recover/test_command.py::"
                          "test_the_hold_of_one_that_has_died_is_lifted_by_running_it_again",
    "dualstor recover * --plan": "tests/unit/command/recover/test_parted.py::"
                                 "test_with_another_drbd_there_is_only_the_plan",
    "dualstor recover * --peer * --winner *": _HEALING + "test_without_trouble",
    "dualstor recover * --peer * --undo":
        _HEALING + "test_interrupted_anywhere_it_is_undone_or_says_that_it_is_too_late",
    "dualstor recover * --peer * *":    # one of both, where it was interrupted
        _HEALING + "test_interrupted_anywhere_the_same_command_continues",
    "dualstor recover --json": "tests/unit/command/recover/test_command.py::test_as_json",
    "dualstor status": "tests/unit/status/test_command.py::test_once",
    "dualstor status --peer *": "tests/unit/status/test_command.py::test_a_peer_that_cannot_be_asked_is_said",
    "dualstor status --json": "tests/unit/status/test_command.py::test_as_json",
    "dualstor recover": "tests/unit/command/recover/test_command.py::test_of_a_healthy_pair",
}

#: Commands that only look: typed below on a pair that runs; they are right in any state.
LOOKS = (
    "crm_mon -1", "dlm_tool ls", "dmsetup info -c", "dmsetup ls", "dmsetup ls --tree",
    "dmsetup table --target mirror", "drbdadm -d adjust *", "drbdadm cstate *", "drbdadm dump *",
    "drbdadm dump all", "drbdadm role all", "drbdadm status", "drbdadm status *",
    "drbdsetup status --statistics", "lvm version", "lvmlockctl --info", "lvs *", "lvs -a *",
    "lvs -a -o+lv_active *", "lvs -o+lv_active *", "lvs -o+lv_uuid,lv_active", "pvs -a",
    "vgs -o+locktype", "vgs -o+locktype *")

#: Commands of programs that are not simulated, or that reboot a node or set up a host: the lab and
#: the guides' tests have what they do. {command: where}
OUTSIDE = {
    "dmesg": "lab", "dmesg | grep -i split-brain": "lab", "pcs status": "lab", "drbdadm verify": "lab",
    "journalctl -b -u corosync -u pacemaker": "lab", "stonith_admin --reboot *": "lab",
    "restorecon /usr/lib/drbd/dualstor-fence-peer": "a host with SELinux",
    "service cman start": "a host with cman",
    "systemctl disable --now lvm2-lvmetad.socket lvm2-lvmetad.service": "a host with lvmetad",
    "systemctl list-units '*lvmlock*' '*clvmd*'": "lab",
    "systemctl daemon-reload": "a host with systemd as init",
    "systemctl show pacemaker": "a host with systemd as init",
    "systemctl enable corosync pacemaker": "tests/unit/docs/test_guide_played.py",
    "systemctl start corosync pacemaker": "tests/unit/docs/test_guide_played.py",
    "dualstor check": "tests/unit/command/check/test_report.py",
    "dualstor check --peer": "tests/unit/command/check/test_report.py",
    "dualstor check --peer *": "tests/unit/command/check/test_report.py",
    "dualstor configure": "tests/unit/configure/test_command.py",
    "dualstor configure --apply": "tests/unit/configure/test_command.py",
    "dualstor configure --drbd *": "tests/unit/configure/test_command.py",
    "dualstor configure --format cib --output .": "tests/unit/configure/test_command.py",
    "dualstor install-agents": "tests/unit/package/test_pip.py",
    "dualstor volume": "tests/unit/volumes/test_operations.py",
    "dualstor volume exclusive *": "tests/unit/volumes/test_operations.py",
    "dualstor volume wait *": "tests/unit/volumes/test_operations.py",
    "crm_resource --list": "tests/unit/docs/test_moving.py",
    "crm_resource --set-parameter vgname": "tests/unit/docs/test_moving.py",
    "lvchange --addtag dualstor.leaving *": "tests/unit/volumes/test_watcher.py",
    "lvextend --lockopt shupdate": "tests/unit/volumes/test_watcher.py",
    "lvchange -an": "never to be typed: the page says what it would do",
    "vgchange --lockstart": "concepts, not a step", "vgcreate --shared": "concepts, not a step",
    "vgcreate -c y": "concepts, not a step",
    "vgchange --systemid * *": "a VG of another host"}


# -- plays ----------------------------------------------------------------------------------------

PLAYS = {}


def types(*texts):
    """Declares that a function types these commands."""
    def declare(function):
        for text in texts:
            PLAYS[text] = function
        return function
    return declare


def simulated(state="active", generation=LVMLOCKD, **more):
    simulation = Simulation(world.reach(state, generation, **more))
    return simulation, simulation.cluster.nodes[ONE]


def run(simulation, command, node=ONE, **names):
    """Types a command with names filled in; it has to succeed."""
    words = [names.get(word.strip("{}"), word) for word in shlex.split(command)]
    done = simulation.host(node, 60).run(words, 60)
    simulation.advance(2)
    assert done.ok, (words, done.stdout, done.stderr)
    return done.stdout


def step_of(simulation, agent, action, node=ONE, **more):
    """The command that the exit reason of an action names."""
    done = act(simulation, agent, action, node, **more)
    return done, re.findall(r"`([^`]+)`", done.reasons[0])[-1]


@types("drbdadm adjust *")
def _no_connection():
    simulation, node = simulated(drbd_version=DRBD_9)
    node.drbd["r0"].connection, node.drbd["r0"].cstate = False, "StandAlone"
    done, command = step_of(simulation, DRBD, "monitor")
    run(simulation, command)
    assert done.code == 191 and node.drbd["r0"].connection


@types("kill -CONT *")
def _stopped_daemon():
    simulation, node = simulated()
    process = locking.daemon(node, "lvmlockd")
    locking.receive(simulation.cluster, node, process, signal.SIGSTOP)
    done, command = step_of(simulation, DAEMON, "monitor")
    assert done.code == 1 and command == f"kill -CONT {process.pid}"
    locking.receive(simulation.cluster, node, process, signal.SIGCONT)      # what that does
    assert act(simulation, DAEMON, "monitor", ONE).code == 0


@types("vgchange -aln *")
def _daemon_in_use():
    simulation, _ = simulated()
    done, command = step_of(simulation, DAEMON, "stop")
    assert done.code == 1 and command == "vgchange -aln vg0"
    run(simulation, command)
    assert act(simulation, DAEMON, "stop", ONE).code == 0


@types("vgchange --lockstop *")
def _lockspace_left():
    simulation, node = simulated()
    run(simulation, "vgchange -aln vg0")
    assert "lvm_vg0" in node.lockspaces
    run(simulation, "vgchange --lockstop vg0")
    assert "lvm_vg0" not in node.lockspaces


@types("vgchange --lock-type dlm *")
def _local_group():
    simulation, _ = simulated("daemons")
    volumes.create_group(simulation.cluster, "vg0", kind="local")
    done, command = step_of(simulation, GROUP, "start")
    assert done.code != 0 and command == "vgchange --lock-type dlm vg0"
    run(simulation, command)
    assert act(simulation, GROUP, "start", ONE).code == 0


@types("vgchange -c y *")
def _local_group_of_clvmd():
    simulation, _ = simulated("daemons", CLVMD)
    volumes.create_group(simulation.cluster, "vg0", kind="local")
    done, command = step_of(simulation, GROUP, "start")
    assert done.code != 0 and command == "vgchange -c y vg0"
    run(simulation, command)
    assert act(simulation, GROUP, "start", ONE).code == 0


@types("lvchange *", "lvchange -asy *", "lvchange -aln *", "lvchange -aln")
def _inactive_lv():
    simulation, node = simulated()
    run(simulation, "lvchange -aln vg0/lv0")
    assert "vg0-lv0" not in node.mappings
    run(simulation, "lvchange -asy vg0/lv0")
    assert "vg0-lv0" in node.mappings and act(simulation, GROUP, "monitor", ONE).code == 0


@types("lvchange -aey *")
def _exclusive_lv():
    simulation, node = simulated()
    run(simulation, "lvchange -aln vg0/lv0", TWO)
    run(simulation, "lvchange -aln vg0/lv0")
    run(simulation, "lvchange -aey vg0/lv0")
    assert volumes.lock_of(node, "vg0", "lv0") == "ex"


@types("dmsetup resume", "dmsetup info")
def _suspended_lv():
    simulation, node = simulated()
    node.mappings["vg0-lv0"].suspended = True
    assert "L-sw" in run(simulation, "dmsetup info vg0-lv0")
    run(simulation, "dmsetup resume vg0-lv0")
    assert not node.mappings["vg0-lv0"].suspended


@types("modprobe drbd")
def _no_module():
    simulation, node = simulated("fresh")
    node.modules = [name for name in node.modules if name != "drbd"]
    run(simulation, "modprobe drbd")
    assert "drbd" in node.modules


@types("clvmd -R")
def _reads_again():
    simulation, _ = simulated(generation=CLVMD)
    run(simulation, "clvmd -R")


@types("crm_attribute --node * --name * --delete")
def _standby():
    for mode in ("standby", "maintenance"):
        simulation, node = simulated()
        node.wishes = mode
        run(simulation, f"crm_attribute --node {ONE} --name {mode} --delete")
        assert node.wishes == ""


@types("crm_resource --cleanup --resource *")
def _cleanup():
    run(simulated()[0], "crm_resource --cleanup --resource drbd")


@pytest.mark.parametrize("play", sorted(set(PLAYS.values()), key=lambda each: each.__name__),
                         ids=lambda each: each.__name__)
def test_a_play(play):
    play()


@pytest.mark.parametrize("command", LOOKS)
def test_what_only_looks_looks(command):
    simulation, node = simulated()
    before = repr((node.drbd, node.mappings, node.locks, node.lockspaces))
    name = "r0" if command.startswith("drbd") else "vg0"
    run(simulation, " ".join(name if word == "*" else word for word in command.split()))
    assert repr((node.drbd, node.mappings, node.locks, node.lockspaces)) == before


# -- all of them ----------------------------------------------------------------------------------


def test_each_command_is_typed():
    known = set(PLAYS) | set(ELSEWHERE) | set(LOOKS) | set(OUTSIDE)
    assert {command: sorted(where) for command, where in printed().items() if command not in known} == {}


def test_nothing_is_declared_that_is_not_printed():
    assert (set(PLAYS) | set(ELSEWHERE) | set(LOOKS) | set(OUTSIDE)) - set(printed()) == set()


@pytest.mark.parametrize("path", sorted({each for each in OUTSIDE.values() if each.startswith("tests/")}))
def test_the_module_that_is_named_is_there(path):
    assert os.path.exists(os.path.join(TREE, path))


@pytest.mark.parametrize("test", sorted(set(ELSEWHERE.values())))
def test_the_test_that_is_named_is_there(test):
    path, _, name = test.partition("::")
    with open(os.path.join(TREE, path), encoding="utf-8") as stream:
        assert f"def {name}(" in stream.read()


def test_a_new_command_is_noticed():
    assert list(commands("Then `drbdadm invalidate r0`, see `dmesg`.")) == ["drbdadm invalidate *", "dmesg"]
