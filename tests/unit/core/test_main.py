# SPDX-License-Identifier: GPL-2.0-or-later
"""From argv and environment to exit code and exit reason."""

import os
import shutil
import subprocess
import sys
import tempfile

import pytest

from dualstor import main as main_module
from dualstor.action import reasons
from dualstor.action.engine import Agent
from dualstor.action.steps import Finish
from dualstor.agents.catalogue import NAMES as AGENTS
from dualstor.agents.catalogue import load
from dualstor.errors import (HostUnreadable, NoTime, ParseError, PermissionLacking, ToolHung,
                             ToolMissing, UnknownAction)
from dualstor.host.host import Host
from dualstor.main import conclude, perform
from dualstor.ocf import document
from dualstor.ocf.codes import CODES, MONITOR_ONLY, ExitCode
from dualstor.ocf.parameters import Action, Interface, Parameter
from dualstor.ocf.reason import LIMIT
from sentences import sentence

TREE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(__file__))))


class Echo(Agent):
    """Finishes as the class says, and remembers what it was asked."""

    interface = Interface("echo", "s", "l", (
        Parameter("vgname", "s", "l", required=True),
        Parameter("wait", "s", "l", type="integer", default=5)),
        tuple(Action(name, 20) for name in ("start", "stop", "monitor", "validate-all")),
        check_levels=(0, 10))
    verdict = Finish(ExitCode.SUCCESS)
    asked = None

    @staticmethod
    def decide(case):
        Echo.asked = (case.request, case.parameters)
        return Echo.verdict


def outcome(capsys, work, action="start"):
    """(code, exit reasons) of conclude()."""
    code = conclude("echo", action, work)
    out, err = capsys.readouterr()
    assert out == "", "stdout belongs to meta-data"
    return code, [line[len("ocf-exit-reason:"):] for line in err.splitlines()
                  if line.startswith("ocf-exit-reason:")]


@pytest.mark.parametrize("action", ["start", "stop", "promote", "validate-all", "notify"])
@pytest.mark.parametrize("code", sorted(MONITOR_ONLY))
def test_codes_that_describe_a_state_never_leave_another_action(capsys, action, code):
    assert outcome(capsys, lambda: Finish(code, sentence("r", "")), action) == (1, ["r"])


@pytest.mark.parametrize("code", sorted(set(CODES) - {ExitCode.SUCCESS}))
def test_every_other_code_has_one_reason(capsys, code):
    assert outcome(capsys, lambda: Finish(code, sentence("a\nb", "")), "monitor") == (code, ["a b"])
    got, reasons = outcome(capsys, lambda: Finish(code), "monitor")
    assert got == code and len(reasons) == 1


def test_success_has_none(capsys):
    assert outcome(capsys, lambda: Finish(ExitCode.SUCCESS)) == (0, [])


@pytest.mark.parametrize("problem, code", [
    (PermissionLacking("no right"), 4), (ToolMissing(("vgs",), "not found"), 5),
    (ToolHung(("vgs",), "no answer in 5 s"), 1), (ParseError("vgs", "x"), 1),
    (HostUnreadable("/proc/drbd", PermissionError(13, "Permission denied")), 1),
    (NoTime(("vgs",), ""), 1)])
def test_an_exception_of_the_family_has_its_code_and_reason(capsys, problem, code):
    def work():
        raise problem
    got, (reason,) = outcome(capsys, work)
    assert got == code and reason == reasons.of(problem, "echo")
    assert reason.startswith("echo: ") and len(reason.split(": ")) > 2


def test_any_other_exception_is_a_generic_error(capsys):
    code, (reason,) = outcome(capsys, lambda: {}["x"])
    assert code == 1 and "KeyError" in reason and "report" in reason


def test_a_reason_is_one_line_that_pacemaker_keeps_and_the_log_has_all_of_it(capsys, said):
    whole = sentence("VG vg0 is dark ({says})", "do this", says="x\ny" * 100)
    _, (reason,) = outcome(capsys, lambda: Finish(ExitCode.ERR_GENERIC, whole))
    assert LIMIT - 2 <= len(reason) <= LIMIT
    assert reason.startswith("VG vg0 is dark (x yx y") and reason.endswith("...): do this")
    assert said == [f"start: {' '.join(whole.split())} [some]"]


@pytest.mark.parametrize("feature_set, length", [
    ("3.20.4", LIMIT), ("3.20.5", 422), ("3.21", 422), ("", LIMIT), ("x", LIMIT)])
def test_since_feature_set_3_20_5_a_reason_has_any_length(capsys, feature_set, length):
    whole = sentence("it is dark ({says})", "do this", says="xy" * 200)
    conclude("echo", "start", lambda: Finish(ExitCode.ERR_GENERIC, whole),
             {"OCF_RESKEY_crm_feature_set": feature_set})
    _, _, reason = capsys.readouterr().err.rpartition("ocf-exit-reason:")
    assert len(reason.strip()) == length


def call(action, **texts):
    Echo.asked = None
    environ = {"OCF_RESOURCE_INSTANCE": "vg0"}
    environ.update(texts)
    return perform(Echo, action, environ)


def test_stop_without_a_required_parameter_has_nothing_to_stop():
    assert call("stop").code == ExitCode.SUCCESS and Echo.asked is None


def test_probe_without_a_required_parameter_finds_nothing():
    assert call("monitor").code == ExitCode.NOT_RUNNING


@pytest.mark.parametrize("action, environ", [
    ("start", {}), ("validate-all", {}), ("start", {"OCF_RESKEY_vgname": "v",
                                                    "OCF_RESKEY_wait": "soon"}),
    ("monitor", {"OCF_RESKEY_CRM_meta_interval": "10000"})])
def test_elsewhere_wrong_parameters_are_wrong_on_every_node(capsys, action, environ):
    code, (reason,) = outcome(capsys, lambda: call(action, **environ), action)
    assert code == ExitCode.ERR_CONFIGURED and "parameter" in reason and reason.startswith("vg0: ")


def test_stop_and_monitor_go_on_with_the_default_of_an_optional_one():
    for action in ("stop", "monitor"):
        assert call(action, OCF_RESKEY_vgname="v", OCF_RESKEY_wait="soon").code == 0
        assert Echo.asked[1].wait == 5


def test_the_request_is_read_from_the_environment():
    call("monitor", OCF_RESKEY_vgname="v", OCF_CHECK_LEVEL="15",
         OCF_RESKEY_CRM_meta_interval="10000", OCF_RESKEY_CRM_meta_timeout="30000",
         OCF_RESKEY_crm_feature_set="3.16.1", OCF_RESKEY_CRM_meta_clone_max="2")
    asked = Echo.asked[0]
    assert (asked.action, asked.resource, asked.probe, asked.level) == ("monitor", "vg0", False, 10)
    assert asked.in_cluster and asked.clone_max == 2 and asked.degraded_known


def test_what_changes_something_voids_the_last_monitors_answer_before_and_after():
    """After it, too: a monitor at the same time may have kept one meanwhile."""
    forgotten = []

    def make_host(deadline):
        host = Host(deadline)
        host.forget = lambda *name: forgotten.append((name, Echo.asked))
        return host
    Echo.asked = None
    perform(Echo, "stop", {"OCF_RESOURCE_INSTANCE": "vg0", "OCF_RESKEY_vgname": "v"}, make_host)
    assert [name for name, _ in forgotten] == [("well", "echo", "vg0")] * 2
    assert forgotten[0][1] is None and forgotten[1][1] is not None


def test_an_unknown_action_is_unimplemented(capsys):
    code, (reason,) = outcome(capsys, lambda: call("migrate_to"))
    assert code == ExitCode.ERR_UNIMPLEMENTED and "start, stop, monitor" in reason


@pytest.mark.parametrize("name", AGENTS)
def test_what_an_agent_can_do_is_listed_once(name):
    with pytest.raises(UnknownAction) as caught:
        perform(load(name), "help", {})
    listed = str(caught.value).partition("it has ")[2].split(", ")
    assert len(listed) == len(set(listed)) > 4


# -- the agents as they lie in the tree -------------------------------------------------


def run_agent(name, *argv, **environ):
    return subprocess.run([os.path.join(TREE, "ocf", name)] + list(argv), env=environ,
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60,
                          cwd="/", check=False)


@pytest.mark.parametrize("name", AGENTS)
class TestExecutable:
    """The agents run from the working tree as they are."""

    def test_metadata_needs_nothing_and_is_stable(self, name):
        plain = run_agent(name, "meta-data")
        assert plain.returncode == 0 and plain.stderr == ""
        assert "<resource-agent name=\"%s\"" % name in plain.stdout
        odd = run_agent(name, "meta-data", "more", PATH="/nonexistent", LC_ALL="de_DE",
                        OCF_RESKEY_vgname="x", OCF_CHECK_LEVEL="x", PYTHONPATH="/tmp",
                        OCF_TESTER_FAIL_HAVE_BINARY="1")
        assert odd.stdout == plain.stdout

    def test_metadata_in_the_callers_version(self, name):
        old = run_agent(name, "meta-data", OCF_RA_VERSION_MAJOR="1", OCF_RA_VERSION_MINOR="0")
        tester = run_agent(name, "meta-data", OCF_RESKEY_CRM_meta_timeout="20000")
        assert tester.stdout == old.stdout, "ocf-tester says no version and wants 1.0"
        new = run_agent(name, "meta-data", OCF_RA_VERSION_MAJOR="1", OCF_RA_VERSION_MINOR="1",
                        OCF_RESKEY_CRM_meta_timeout="20000")
        assert "<version>1.0</version>" in old.stdout and "ra-api-1.dtd" in old.stdout
        assert "<version>1.1</version>" in new.stdout and "DOCTYPE" not in new.stdout

    def test_metadata_as_nobody(self, name):
        """From a copy: the tree itself may lie in a private folder."""
        copy = tempfile.mkdtemp(prefix="dualstor-test-")
        try:
            for part in ("ocf", "lib", "metadata"):
                shutil.copytree(os.path.join(TREE, part), os.path.join(copy, part))
            os.chmod(copy, 0o755)
            done = subprocess.run([os.path.join(copy, "ocf", name), "meta-data"], cwd="/",
                                  user="nobody" if os.getuid() == 0 else None,
                                  capture_output=True, text=True, check=False)
        finally:
            shutil.rmtree(copy)
        assert done.returncode == 0 and "</resource-agent>" in done.stdout

    def test_metadata_imports_no_library_of_others(self, name):
        done = subprocess.run(
            [sys.executable, "-ISuv", os.path.join(TREE, "ocf", name), "meta-data"],
            capture_output=True, text=True, check=True)
        imported = {line.split("'")[1] for line in done.stderr.splitlines()
                    if line.startswith("import '")}
        assert "dualstor.ocf.document" in imported
        assert not {m for m in imported if m.split(".")[0] in ("lxml", "psutil", "subprocess")}

    def test_unknown_and_missing_actions(self, name):
        for argv in (("recover",), ()):
            done = run_agent(name, *argv)
            assert done.returncode == 3 and done.stdout == ""
            assert done.stderr.count("ocf-exit-reason:") == 1

    def test_a_hostile_folder_is_not_imported_from(self, name, tmp_path):
        for module in ("os", "json", "enum", "dualstor"):
            (tmp_path / (module + ".py")).write_text("raise SystemExit(99)\n")
        done = subprocess.run([os.path.join(TREE, "ocf", name), "meta-data"], cwd=str(tmp_path),
                              env={"PYTHONPATH": str(tmp_path), "PYTHONSTARTUP": "os.py"},
                              capture_output=True, check=False)
        assert done.returncode == 0


def test_metadata_that_is_not_there_is_told(capsys, monkeypatch, tmp_path):
    monkeypatch.setattr(document, "DIRECTORIES", (str(tmp_path),))
    assert main_module.main("clvmd", ["clvmd", "meta-data"], {}) == 1
    assert "reinstall dualstor" in capsys.readouterr().err


def test_an_exit_code_is_written_as_its_number_and_is_one_of_those_that_there_are():
    for code in CODES:
        assert f"{code}" == f"{code!s}" == "%d" % code and getattr(ExitCode, code.name) is ExitCode(0 + code) is code
    with pytest.raises(ValueError, match="42"):
        ExitCode(42)
