# SPDX-License-Identifier: GPL-2.0-or-later
"""Metrics: declared, complete, readable by Prometheus, and written whole or not at all."""

import io
import json
import os
import re
import subprocess
import sys
import threading

import pytest
from prometheus_client import parser
from prometheus_client.openmetrics import parser as openmetrics

from dualstor.agents.clustered_vg.published import Published
from dualstor.command import interface, main
from dualstor.command.codes import ExitStatus
from dualstor.command.metrics import exposition, measure
from dualstor.command.metrics.families import FAMILIES, PARTS
from dualstor.command.status import advice, command, observe
from dualstor.command.status.report import Active, DrbdReport, Silent
from dualstor.fencepeer import runs
from dualstor.kernel import drbd
from dualstor.tools import pacemaker, stonith
from sourcetree import TREE
from unit.status.replay import Replay
from unit.status.test_advice import GOOD, drbd_state
from unit.status.test_screens import STATES, tape


def samples(report):
    return measure.measure(report, advice.advise(report), took=1.5, now=1000.0)


class Values(dict):
    """{(name without prefix, labels' values ...): value}; a name alone is one without labels."""

    def __missing__(self, key):
        if isinstance(key, tuple):
            raise KeyError(key)
        return self[key,]


def values(report):
    return Values(((each.name[len("dualstor_"):], *each.labels), each.value)
                  for each in samples(report))


def ones(report, name):
    """The labels of a metric's samples that are 1."""
    return [labels for (of, *labels), value in values(report).items() if of == name and value == 1]


def look(recorded):
    return observe.look(lambda: Replay(recorded), observe.one_by_one, count=True)


def parsed(text):
    """{(name, sorted labels): value} as both of Prometheus' formats read the text."""
    found = []
    for read in (parser.text_string_to_metric_families, openmetrics.text_string_to_metric_families):
        families = list(read(text))
        assert all(each.type == "gauge" and each.documentation for each in families)
        found.append({(one.name, tuple(sorted(one.labels.items()))): one.value
                      for each in families for one in each.samples})
    assert found[0] == found[1]
    return found[0]


# -- what there is ------------------------------------------------------------------------


@pytest.mark.parametrize("family", FAMILIES.values(), ids=str)
def test_names_are_as_prometheus_wants_them(family):
    assert re.fullmatch(r"dualstor(_[a-z]+)+", family.name)
    assert not family.name.endswith(("_total", "_count", "_sum", "_bucket"))
    assert not re.search(r"_(kib|kb|percent|ms|minutes)(_|$)", family.name)
    assert family.help.endswith(".") and "\n" not in family.help


@pytest.mark.parametrize("state", sorted(STATES))
def test_a_recorded_host_as_prometheus_reads_it(state):
    found = samples(look(tape(state)))
    read = parsed(exposition.render(found))
    assert len(read) == len(found) > 60
    for each in found:
        labels = dict(zip(FAMILIES[each.name].keys, each.labels))
        assert read[each.name, tuple(sorted(labels.items()))] == pytest.approx(each.value)


def checked(found):
    """Labels are those that are declared, and exactly one state is 1."""
    groups = {}
    for each in found:
        family = FAMILIES[each.name]
        assert len(each.labels) == len(family.labels)
        for value, (_, words) in zip(each.labels, family.labels):
            assert value and (not words or value in words), each
            assert re.fullmatch(r"[A-Za-z0-9+_.%:@=-]+", value), each
        if family.exclusive:
            groups.setdefault((each.name, each.labels[:-1]), []).append(each.value)
    for (name, _), of in groups.items():
        assert sorted(of) == [0] * (len(FAMILIES[name].words) - 1) + [1]


@pytest.mark.parametrize("state", sorted(STATES))
def test_labels_and_states_are_as_declared(state):
    checked(samples(look(tape(state))))


@pytest.mark.parametrize("state", sorted(STATES))
def test_whatever_hangs_the_rest_is_there(state):
    whole = tape(state)
    for line in whole["run"]:
        recorded = dict(whole, run=dict(whole["run"], **{line: "hung"}))
        report = look(recorded)
        found = samples(report)
        checked(found)
        assert {each.labels for each in found if each.name == "dualstor_part_answered"} == {
            (part,) for part in PARTS}


def test_nothing_answers():
    found = values(look({}))
    assert found["part_answered", "cluster"] == 0 and found["cluster_running"] == 0
    assert found["part_answered", "published"] == 0 and found["lvm_asked"] == 0
    assert found["drbd_loaded"] == 0 and found["look_timestamp_seconds"] == 1000


@pytest.mark.parametrize("field, gone, part", [
    ("quorum", "cluster_running", "quorum"), ("cluster", "node_state", "cluster"),
    ("fencing", "fencing_enabled", "fencing"), ("drbd", "drbd_role", "drbd"),
    ("locking", "lock_daemon_answers", "locking"), ("active", "lvs_active", "active")])
def test_a_part_without_an_answer_is_shown_so_and_has_no_metrics(field, gone, part):
    assert any(name == gone for name, *_ in values(GOOD))
    found = values(GOOD.but(**{field: Silent(says="no answer in 5 s")}))
    assert found["part_answered", part] == 0
    assert not any(name == gone for name, *_ in found)
    assert all(values(GOOD)["part_answered", each] == 1 for each in PARTS)


# -- what it says -------------------------------------------------------------------------


def drbd9(**changes):
    return DrbdReport(loaded=True, resources=(("r0", drbd.State(**dict(dict(
        resource="r0", role="Primary", volumes=(
            drbd.Volume(number=0, minor=0, dstate="UpToDate"),
            drbd.Volume(number=3, minor=1, dstate="Inconsistent", resync=12.5, left=90)),
        peers=(drbd.Peer(name="node2", cstate="Connected", role="Primary",
                         dstates=("UpToDate", "UpToDate")),
               drbd.Peer(name="node3", cstate="Connecting", role="Unknown",
                         dstates=("DUnknown", "SomethingNew")))), **changes))),))


def test_volumes_and_peers_of_drbd_9():
    report = GOOD.but(drbd=drbd9(), out_of_sync=(("r0", ((0, 0), (3, 4))),))
    checked(samples(report))
    assert ones(report, "drbd_disk") == [["r0", "0", "UpToDate"], ["r0", "3", "Inconsistent"]]
    assert ones(report, "drbd_peer_disk") == [
        ["r0", "0", "node2", "UpToDate"], ["r0", "0", "node3", "DUnknown"],
        ["r0", "3", "node2", "UpToDate"], ["r0", "3", "node3", "other"]]
    assert ones(report, "drbd_connection") == [
        ["r0", "node2", "Connected"], ["r0", "node3", "Connecting"]]
    found = values(report)
    assert found["drbd_resync_ratio", "r0", "3"] == 0.125
    assert found["drbd_resync_remaining_seconds", "r0", "3"] == 90
    assert ("drbd_resync_ratio", "r0", "0") not in found and not found["drbd_resyncing", "r0", "0"]
    assert found["drbd_out_of_sync_bytes", "r0", "3"] == 4096


@pytest.mark.parametrize("word, shown", [
    ("WFConnection", "Connecting"), ("WFReportParams", "Connecting"), ("SyncSource", "Connected"),
    ("PausedSyncT", "Connected"), ("StandAlone", "StandAlone"), ("Connected", "Connected")])
def test_words_of_drbd_8_are_those_of_9(word, shown):
    peer = drbd.Peer(name=None, cstate=word, role="Unknown", dstates=("DUnknown",))
    assert ones(GOOD.but(drbd=drbd_state(peers=(peer,))), "drbd_connection") == [
        ["r0", "peer", shown]]


@pytest.mark.parametrize("suspended, causes, shown", [
    (False, (), []), (True, (), ["unknown"]), (True, ("fencing",), ["fencing"]),
    (True, ("fencing", "user"), ["fencing", "user"])])
def test_why_io_is_suspended(suspended, causes, shown):
    report = GOOD.but(drbd=drbd_state(suspended=suspended, causes=causes))
    assert [cause for _, cause in ones(report, "drbd_suspended")] == shown


def test_a_resource_that_is_not_up_and_one_that_cannot_be_read():
    found = values(GOOD.but(drbd=DrbdReport(loaded=True, resources=(
        ("r0", None), ("r1", Silent(says="hung"))))))
    assert found["drbd_up", "r0"] == 0 and found["drbd_answered", "r0"] == 1
    assert found["drbd_answered", "r1"] == 0 and ("drbd_up", "r1") not in found


def test_a_resource_that_is_gone_has_no_metrics():
    found = values(GOOD.but(drbd=DrbdReport(loaded=True)))
    assert not any("r0" in labels for _, *labels in found)


@pytest.mark.parametrize("changes, state", [
    ({}, "online"), ({"online": False}, "offline"), ({"unclean": True}, "unclean"),
    ({"online": False, "unclean": True}, "unclean"), ({"standby": True}, "standby"),
    ({"maintenance": True, "standby": True}, "maintenance"), ({"pending": True}, "pending")])
def test_a_node_has_the_worst_state_that_is_true(changes, state):
    nodes = (GOOD.cluster.nodes[0], GOOD.cluster.nodes[1].but(**changes))
    assert ["node2", state] in ones(GOOD.but(cluster=GOOD.cluster.but(nodes=nodes)), "node_state")


def test_failed_actions_are_counted_by_node():
    failures = (pacemaker.Failure(operation="r0_start_0", node="node2", code="error"),
                pacemaker.Failure(operation="r0_monitor_0", node="node2", code="degraded"))
    found = values(GOOD.but(cluster=GOOD.cluster.but(failures=failures)))
    assert (found["failed_actions", "node1"], found["failed_actions", "node2"]) == (0, 1)


def event(status, completed, target="node2"):
    return stonith.FenceEvent(target=target, action="reboot", status=status, completed=completed)


def test_the_last_fencing_of_each_node():
    found = values(GOOD.but(fencing=GOOD.fencing.but(events=(
        event("pending", None), event("success", "2026-11-24 05:36:19 +01:00"),
        event("failed", "2026-11-24 04:36:15Z"), event("success", "2026-11-24 04:33:13Z"),
        event("success", "1970-01-01 00:00:07Z", "node1")))))
    assert found["fencing_pending"] == 1
    assert found["fencing_last_success_timestamp_seconds", "node2"] == 1795494979
    assert found["fencing_last_failure_timestamp_seconds", "node2"] == 1795494975
    assert found["fencing_last_success_timestamp_seconds", "node1"] == 7


def test_runs_of_the_fence_peer_handler():
    report = GOOD.but(handled=(("r0", runs.Runs(counts=(2, 1), at=400.0)),), uptime=460.5)
    checked(samples(report))
    found = values(report)
    assert (found["drbd_handler_runs", "r0", "continues"], found["drbd_handler_runs", "r0", "frozen"]) == (2, 1)
    assert found["drbd_handler_last_run_timestamp_seconds", "r0"] == 1000 - 60.5


def test_a_look_finds_what_the_handler_has_kept():
    host = Replay(tape("split-brain"))
    assert look(tape("split-brain")).handled == ()
    runs.note(host, "r0", runs.FROZEN)
    report = observe.look(lambda: host, observe.one_by_one, count=True)
    assert [(name, found.counts) for name, found in report.handled] == [("r0", (0, 1))]
    assert report.uptime >= report.handled[0][1].at


@pytest.mark.parametrize("text", [None, "", "yesterday", "2026-11-24 05:36:19", "2026-11-24",
                                  "٢٠٢٦-11-24 05:36:19Z junk"])
def test_a_time_in_another_form_is_none(text):
    assert measure.seconds(text) is None


@pytest.mark.parametrize("waits, shown", [
    (None, []), ("quorum", ["quorum"]), ("fencing of node 2", ["fencing"]),
    ("kern_stop of lvm_vg0 (waits for ringid)", ["other"])])
def test_what_dlm_waits_for_is_a_word(waits, shown):
    report = GOOD.but(locking=GOOD.locking.but(waits=waits))
    assert [cause for (cause,) in ones(report, "dlm_waits")] == shown


@pytest.mark.parametrize("changes, running, answers", [
    ({}, ["lvmlockd"], 1), ({"daemon": None}, [], 0), ({"problem": "refused"}, ["lvmlockd"], 0),
    ({"problem": "refused", "dead": True}, [], 0), ({"silence": "hung"}, ["lvmlockd"], 0)])
def test_the_lock_daemon(changes, running, answers):
    report = GOOD.but(locking=GOOD.locking.but(**changes))
    assert [name for (name,) in ones(report, "lock_daemon_running")] == running
    assert values(report)["lock_daemon_answers"] == answers


def test_lvs_of_this_node_and_of_the_other():
    report = GOOD.but(
        active=(Active(vg="vg0", lv="lv0", id="id0"),
                Active(vg="vg0", lv="lv1", id="id1", suspended=True)),
        published=(("vg0", "node1", Published(boot="a", at=1, wanted=3, active=2, exclusive=1)),
                   ("vg0", "node2", Published(boot="b", at=1, wanted=3, active=1,
                                              lacking=("lv1", "lv2")))))
    found = {(name, node): value for (name, *labels), value in values(report).items()
             for vg, node in [labels if len(labels) == 2 else ("", "")] if name.startswith("lvs_")}
    assert found["lvs_active", "node1"] == 2 and found["lvs_active", "node2"] == 1
    assert found["lvs_expected", "node1"] == found["lvs_expected", "node2"] == 3
    assert found["lvs_exclusive", "node1"] == 1 and found["lvs_lacking", "node2"] == 2
    assert values(report)["lvs_suspended", "vg0"] == 1


def test_lvs_are_expected_as_lvm_lists_them_where_nothing_is_published():
    found = values(GOOD.but(active=()))
    assert (found["lvs_active", "vg0", "node1"], found["lvs_expected", "vg0", "node1"]) == (0, 1)


def test_advices_are_counted_by_severity_and_kind():
    found = values(look(tape("split-brain")))
    assert found["advices", "error"] == 1 and found["advices_of_kind", "split-brain"] == 1
    assert found["advices_of_kind", "lone-copy"] == 0


# -- the command --------------------------------------------------------------------------


@pytest.fixture
def recorded(monkeypatch):
    monkeypatch.setattr(command, "host", lambda seconds: Replay(tape("resync")))


def run(*words):
    out, err = io.StringIO(), io.StringIO()
    code = main.main(["metrics", *words], out, err)
    return code, out.getvalue(), err.getvalue()


def test_it_prints(recorded):
    code, out, err = run()
    assert (code, err) == (ExitStatus.OK, "")
    assert parsed(out)["dualstor_drbd_resyncing", (("resource", "r0"), ("volume", "0"))] == 1


def test_it_writes_a_file_that_node_exporter_may_read(recorded, tmp_path):
    path = tmp_path / "dualstor.prom"
    path.write_text("old")
    os.chmod(path, 0o644)
    assert run("--output", str(path)) == (ExitStatus.OK, "", "")
    assert parsed(path.read_text())["dualstor_drbd_loaded", ()] == 1
    assert os.listdir(tmp_path) == ["dualstor.prom"] and path.stat().st_mode & 0o777 == 0o644


def test_a_new_file_may_be_read_by_others(recorded, tmp_path):
    path = tmp_path / "dualstor.prom"
    run("--output", str(path))
    assert path.stat().st_mode & 0o777 == 0o644


def test_where_it_cannot_write_it_says_so_and_leaves_the_old_file(recorded, tmp_path, monkeypatch):
    path = tmp_path / "dualstor.prom"
    path.write_text("old")

    def full(descriptor):
        raise OSError(28, "No space left on device")
    monkeypatch.setattr(os, "fsync", full)
    code, _, err = run("--output", str(path))
    assert code == ExitStatus.ERROR and "No space left on device" in err
    assert path.read_text() == "old" and os.listdir(tmp_path) == ["dualstor.prom"]


def test_as_json(recorded):
    code, out, _ = run("--json")
    told = json.loads(out)
    assert code == ExitStatus.OK and told["schema"] == "dualstor.metrics/1"
    assert {"name": "dualstor_drbd_role", "value": 1.0,
            "labels": {"resource": "r0", "role": "Primary"}} in told["metrics"]


def test_a_tool_that_never_answers_is_left_behind(monkeypatch):
    never = threading.Event()

    class Hanging(Replay):
        def run(self, argv, timeout=None, environment=None):
            if argv[0] == "crm_mon":
                never.wait()
            return super().run(argv, timeout, environment)
    monkeypatch.setattr(command, "host", lambda seconds: Hanging(tape("healthy")))
    monkeypatch.setattr(command, "_GRACE", 0.0)
    code, out, _ = run("--wait", "1")
    never.set()
    found = parsed(out)
    assert code == ExitStatus.OK
    assert found["dualstor_part_answered", (("part", "cluster"),)] == 0
    assert found["dualstor_drbd_loaded", ()] == 1


_WITHOUT = """import sys
sys.modules["prometheus_client"] = None
sys.path.insert(0, {!r})
from dualstor.command.main import main
sys.exit(main(sys.argv[1:]))
"""


@pytest.mark.parametrize("words", [("metrics",), ("metrics", "--help")])
def test_without_the_library_it_says_which_package_to_install(words):
    done = subprocess.run(
        [sys.executable, "-I", "-c", _WITHOUT.format(os.path.join(TREE, "lib")), *words],
        capture_output=True, text=True, check=False, cwd="/")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        "dualstor: `dualstor metrics` needs prometheus_client for Python: install the package "
        "python3-prometheus-client (Fedora and EL: python3-prometheus_client)\n")


# -- docs/monitoring ----------------------------------------------------------------------

MONITORING = os.path.join(TREE, "docs", "monitoring")


def text(name):
    with open(os.path.join(MONITORING, name), encoding="utf-8") as stream:
        return stream.read()


def expressions():
    """The PromQL of each alert, by its name."""
    alerts = re.split(r"^      - alert: ", text("dualstor.rules.yml"), flags=re.MULTILINE)[1:]
    found = {}
    for alert in alerts:
        name, _, rest = alert.partition("\n")
        folded = re.search(r"^        expr: (?:>-\n((?:          .*\n)+)|(.*)\n)", rest, re.MULTILINE)
        found[name] = " ".join((folded[1] or folded[2]).split())
    return found


def test_alerts_use_metrics_labels_and_states_that_there_are():
    known = expressions()
    assert len(known) > 12
    for name, expression in known.items():
        used = re.findall(r"(dualstor_\w+)(?:\{([^}]*)\})?", expression)
        assert used, name
        for metric, selector in used:
            family = FAMILIES[metric]
            for label, value in re.findall(r'(\w+)!?="([^"]*)"', selector):
                assert value in dict(family.labels)[label], (name, metric)


def test_alerts_show_labels_that_their_metrics_have():
    alerts = re.split(r"^      - alert: ", text("dualstor.rules.yml"), flags=re.MULTILINE)[1:]
    for alert in alerts:
        name = alert.partition("\n")[0]
        used = [FAMILIES[each] for each in re.findall(r"dualstor_\w+", expressions()[name])]
        shown = set(re.findall(r"\$labels\.(\w+)", alert)) - {"instance"}
        assert shown <= set(used[0].keys), name
        assert re.search(r"severity: (critical|warning)", alert), name
        assert "summary: " in alert and "description: " in alert


def test_the_units_run_what_the_command_takes():
    (line,) = re.findall(r"^ExecStart=(.*)$", text("dualstor-metrics.service"), re.MULTILINE)
    program, sub, option, path = line.split()
    offered = {each.name: {name for option in each.options for name in option.names}
               for each in interface.subcommands(main.build_parser())}
    assert program == "/usr/sbin/dualstor" and option in offered[sub] and path.endswith(".prom")
    (stop,) = re.findall(r"^TimeoutStartSec=(\d+)$", text("dualstor-metrics.service"), re.MULTILINE)
    assert int(stop) > 3 * (observe.PART_TIME + command._GRACE)
    assert "WantedBy=timers.target" in text("dualstor-metrics.timer")
