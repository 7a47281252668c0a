# SPDX-License-Identifier: GPL-2.0-or-later
"""The command line: what is printed, written and applied, and that nothing happens unasked."""

import io
import json
import os
import stat

import jsonschema
import pytest

from dualstor.command import atomic, main
from dualstor.command.codes import ExitStatus
from dualstor.command.configure import command, files, generations
from dualstor.command.report import redact
from dualstor.errors import DualstorError
from dualstor.host.host import Host
from simulator import world
from simulator.host import Simulation
from unit.configure.pairs import pair

OPTIONS = ["--node", "node1=10.0.0.1", "--node", "node2=10.0.0.2,replication=10.1.0.2",
           "--disk", "/dev/sdb", "--lv", "lv0", "--size", "10G", "--property", "dc-deadtime=5s",
           "--fence", "node1=fence_apc,ip=10.0.9.1,delay=7",
           "--fence", "node2=fence_apc,ip=10.0.9.2,password=secret"]


def run(*words, answers=tuple(OPTIONS)):
    """(exit code, stdout, stderr) of ``dualstor configure``."""
    out, err = io.StringIO(), io.StringIO()
    code = main.main(["configure", *words, *answers], out, err)
    return code, out.getvalue(), err.getvalue()


def test_all_is_printed_and_steps_have_reasons():
    code, out, err = run()
    assert (code, err) == (ExitStatus.OK, "")
    for part in ("/etc/drbd.d/r0.res", "/etc/corosync/corosync.conf", "(these lines)",
                 "pacemaker-base.pcs.sh", "pacemaker-group.pcs.sh", "pcmk_delay_base=7s",
                 "dc-deadtime=5s", "1. on node1: corosync encrypts"):
        assert part in out
    assert out.index("vgcreate --shared vg0 /dev/drbd0") < out.index("lvcreate -an -L 10G -n lv0")


@pytest.mark.parametrize("options, words", [
    (["--drbd", "8.3"], "drbdadm -- --overwrite-data-of-peer primary r0"),
    (["--drbd", "8.4"], "drbdadm primary --force r0"),
    (["--first-sync", "skip"], "drbdadm new-current-uuid --clear-bitmap r0/0"),
    (["--first-sync", "skip", "--drbd", "8.3"], "drbdadm -- --clear-bitmap new-current-uuid r0"),
    (["--generation", "cman"], "service cman start"),
    (["--generation", "clvmd"], "vgcreate -c y vg0 /dev/drbd0"),
    (["--generation", "clvmd"], "lvcreate -an -Zn -L 10G -n lv0 vg0"),
    (["--size", "100%FREE"], "lvcreate -an -l 100%FREE -n lv0 vg0"),
    (["--format", "cib"], "cibadmin --modify --allow-create --xml-file pacemaker-base.xml"),
    (["--format", "crm"], "crm configure load update pacemaker-group.crm")])
def test_steps_are_those_of_the_generation(options, words):
    told = json.loads(run("--json", answers=OPTIONS + options)[1])
    assert words in [" ".join(command) for step in told["steps"] for command in step["commands"]]


SCHEMA = os.path.join(os.path.dirname(__file__), "..", "..", "..", "docs", "json",
                      "configure-1.schema.json")


@pytest.mark.parametrize("options", [[], ["--migrate", "vg0"]] + [["--generation", name] for name in generations.BY_NAME])
def test_the_document_is_as_its_schema_says(options):
    with open(SCHEMA, encoding="utf-8") as stream:
        jsonschema.validate(json.loads(run("--json", *options)[1]), json.load(stream))


def test_wrong_answers_are_said_and_nothing_is_printed():
    code, out, err = run(answers=["--node", "node1=10.0.0.1"])
    assert code == ExitStatus.ERROR and out == ""
    assert "expected two nodes, not 1" in err and "node1 has no fence device" in err


def test_steps_without_apply_are_a_mistake():
    assert run("--steps")[0] == ExitStatus.ERROR


def test_migration_stops_everything_before_the_lock_type_changes():
    told = json.loads(run("--migrate", "data", "--json")[1])
    commands = [" ".join(command) for step in told["steps"] for command in step["commands"]]
    order = [next(i for i, c in enumerate(commands) if words in c) for words in (
        "vgcfgbackup", "target-role --parameter-value Stopped", "dmsetup ls",
        "vgchange -cn --config global{locking_type=0} data", "vgchange --lock-type dlm data",
        "vgchange --lockstart data", "--delete-parameter target-role")]
    assert order == sorted(order) and all(step["why"] for step in told["steps"])


@pytest.mark.parametrize("vg", ["a b", "..", "x;y"])
def test_migration_of_what_is_no_group_is_refused(vg):
    code, out, err = run("--migrate", vg)
    assert (code, out) == (ExitStatus.ERROR, "") and "no name for a volume group" in err


# -- files ---------------------------------------------------------------------------------


def mode(path):
    return stat.S_IMODE(os.stat(path).st_mode)


def test_output_writes_files_and_passwords_are_roots_alone(tmp_path):
    code, out, _ = run("--output", str(tmp_path), "--format", "cib")
    assert code == ExitStatus.OK and str(tmp_path / "cib.xml") in out
    assert (tmp_path / "etc/drbd.d/r0.res").read_text().startswith("resource r0 {")
    assert mode(tmp_path / "etc/drbd.d/r0.res") == 0o644
    for name in ("cib.xml", "pacemaker-base.xml", "pacemaker-group.xml"):
        assert mode(tmp_path / name) == 0o600
    assert "vgcreate" in (tmp_path / "steps.txt").read_text()


def test_apply_asks_first_and_where_nobody_answers_changes_nothing(tmp_path):
    code, out, err = run("--apply", "--root", str(tmp_path))
    assert code == ExitStatus.ERROR and "nothing was changed" in err
    assert "+resource r0 {" in out and os.listdir(str(tmp_path)) == []


def test_apply_shows_the_difference_keeps_the_old_and_does_it_once(tmp_path):
    old = tmp_path / "etc/lvm/lvm.conf"
    old.parent.mkdir(parents=True)
    old.write_text("global {\n\tuse_lvmlockd = 0\n}\n")
    old.chmod(0o640)
    code, out, _ = run("--apply", "--yes", "--root", str(tmp_path))
    assert code == ExitStatus.OK
    assert "-\tuse_lvmlockd = 0" in out and "+\tuse_lvmlockd = 1" in out
    (kept,) = old.parent.glob("lvm.conf.dualstor-*")
    assert kept.read_text() == "global {\n\tuse_lvmlockd = 0\n}\n" and mode(kept) == 0o640
    assert mode(old) == 0o640 and "use_lvmlockd = 1" in old.read_text()
    assert str(kept) in out
    before = sorted(str(path) for path in tmp_path.rglob("*"))
    code, out, _ = run("--apply", "--yes", "--root", str(tmp_path))
    assert code == ExitStatus.OK and "are right already" in out
    assert sorted(str(path) for path in tmp_path.rglob("*")) == before


def test_a_failed_write_leaves_the_old_file_and_no_draft(tmp_path, monkeypatch):
    path = tmp_path / "file"
    path.write_text("old")

    def full(*_):
        raise OSError(28, "No space left on device")
    monkeypatch.setattr(os, "rename", full)
    with pytest.raises(DualstorError, match="No space left on device; it is unchanged"):
        atomic.write(str(path), "new")
    assert path.read_text() == "old" and os.listdir(str(tmp_path)) == ["file"]


def test_a_link_stays_a_link(tmp_path):
    (tmp_path / "real").write_text("old")
    (tmp_path / "link").symlink_to("real")
    atomic.write(str(tmp_path / "link"), "new")
    assert (tmp_path / "link").is_symlink() and (tmp_path / "real").read_text() == "new"


def test_a_changed_cluster_conf_has_a_higher_version_and_an_equal_one_is_left():
    made = pair(generation="cman")
    there = {path: text for path, text in files.all_files(made).items()}
    assert files.changes(made, there.get) == ()
    there["/etc/cluster/cluster.conf"] = files.cman.render(pair(
        generation="cman", cluster="other"), 41)
    (change,) = files.changes(made, there.get)
    assert 'config_version="42"' in change.after and 'name="lab"' in change.after
    there["/etc/cluster/cluster.conf"] = files.cman.render(made, 41)
    assert files.changes(made, there.get) == ()
    there["/etc/cluster/cluster.conf"] = "<cluster>\n<oops"
    with pytest.raises(DualstorError, match="cluster.conf: not XML"):
        files.changes(made, there.get)


# -- without doing it ------------------------------------------------------------------------


@pytest.mark.parametrize("options", [["--dry-run"], ["--apply", "--step", "up"],
                                     ["--apply", "--steps", "--step", "nonsense"]])
def test_what_chooses_nothing_is_a_mistake(options):
    assert run(*options)[0] == ExitStatus.ERROR


def document(*words):
    code, out, err = run("--json", "--apply", *words)
    assert (code, err) == (ExitStatus.OK, "")
    told = json.loads(out)
    with open(SCHEMA, encoding="utf-8") as stream:
        jsonschema.validate(told, json.load(stream))
    return told


def test_a_dry_run_says_what_would_be_written_and_writes_nothing(tmp_path):
    told = document("--dry-run", "--root", str(tmp_path))
    assert "+resource r0 {" in next(each["diff"] for each in told["changes"]
                                    if each["path"] == "/etc/drbd.d/r0.res")
    assert os.listdir(str(tmp_path)) == []
    assert document("--yes", "--root", str(tmp_path))["changes"] == told["changes"]
    assert document("--dry-run", "--root", str(tmp_path))["changes"] == []


def test_what_is_applied_says_no_passwords(tmp_path):
    assert "secret" in run("--json")[1]
    assert "secret" not in json.dumps(document("--yes", "--root", str(tmp_path)))


@pytest.mark.parametrize("indent", ["    ", ""])
def test_what_is_applied_says_no_secret_of_the_file_that_is_replaced(tmp_path, indent):
    (tmp_path / "etc/drbd.d").mkdir(parents=True)
    (tmp_path / "etc/drbd.d/r0.res").write_text(
        f'resource r0 {{\nnet {{\n{indent}shared-secret "Xy7-9kk";\n}}\n}}\n')
    changes = document("--dry-run", "--root", str(tmp_path))["changes"]
    assert "Xy7-9kk" not in json.dumps(changes)
    (diff,) = [each["diff"] for each in changes if each["path"] == "/etc/drbd.d/r0.res"]
    assert f'-{indent}shared-secret "{redact.MARK}";' in diff
    assert "Xy7-9kk" in run("--apply", "--dry-run", "--root", str(tmp_path))[1], "to a person"


@pytest.fixture
def simulated(monkeypatch):
    """The function that makes the hosts of the command those of node1 of a simulated pair."""
    def make(state):
        simulation = Simulation(world.reach(state))
        monkeypatch.setattr(command, "Host", lambda deadline, root="/":
                            Host(deadline, root=root) if root != "/" else
                            simulation.host("node1", deadline.remaining))
        return simulation
    return make


def taken(*words):
    """{name of a step: (its outcome, the commands that are due...)}."""
    return {each["name"]: (each["outcome"], *map(" ".join, each["due"]))
            for each in document(*words)["taken"] if each["name"]}


def test_a_dry_run_of_the_steps_says_what_is_due_and_leaves_the_rest_open(tmp_path, simulated):
    simulated("down")
    words = ("--steps", "--dry-run", "--root", str(tmp_path))
    assert set(taken(*words).values()) == {("open",)}, "files are due"
    assert taken("--step", "up", *words) == {"up": ("due", "drbdadm up r0")}, "asked for alone"
    run("--apply", "--yes", "--root", str(tmp_path))
    found = taken(*words)
    assert found["module"] == ("done",) and found["up"] == ("due", "drbdadm up r0")
    assert found["connected"] == found["vgcreate"] == ("open",)


def test_one_step_is_taken_alone_and_once(tmp_path, simulated):
    simulation = simulated("down")
    words = ("--steps", "--yes", "--step", "up", "--root", str(tmp_path))
    assert taken(*words) == {"up": ("taken",)}
    assert taken(*words) == {"up": ("done",)}
    assert simulation.calls().count(("drbdadm", "up", "r0")) == 1


def test_what_is_declined_is_in_the_document_too(tmp_path, simulated):
    """With --json nobody can be asked, so whatever --yes does not agree to is declined."""
    simulated("down")
    code, out, _ = run("--json", "--apply", "--root", str(tmp_path))
    assert code == ExitStatus.ERROR and json.loads(out)["changes"] and "taken" not in json.loads(out)
    run("--apply", "--yes", "--root", str(tmp_path))
    code, out, _ = run("--json", "--apply", "--steps", "--step", "up", "--root", str(tmp_path))
    assert code == ExitStatus.INCOMPLETE
    assert [each["outcome"] for each in json.loads(out)["taken"]] == ["skipped"]
