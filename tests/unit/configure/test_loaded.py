# SPDX-License-Identifier: GPL-2.0-or-later
"""For which DRBD configure writes: the one that is loaded, and no other on a node of the pair."""

import io
import json

import pytest

import paper
from dualstor.command import main
from dualstor.command.codes import ExitStatus
from dualstor.command.configure import answers, loaded
from dualstor.errors import DualstorError
from dualstor.host.deadline import Deadline
from unit.configure.pairs import good

from .test_command import OPTIONS

PROC = {"8.3": "version: 8.3.16 (api:88/proto:86-97)\n",
        "8.4": "version: 8.4.11 (api:1/proto:86-101)\n",
        "9": "version: 9.2.18 (api:2/proto:118-124)\nTransports (api:21): tcp (9.2.18)\n"}
UTILS = "DRBDADM_API_VERSION=2\nDRBD_KERNEL_VERSION_CODE=0x%s\nDRBDADM_VERSION_CODE=0x091600\n"


def host(proc=None, version=None, name="node1", drbdadm=None):
    files = {"/proc/sys/kernel/hostname": name + "\n"}
    files.update({path: text for path, text in (
        ("/proc/drbd", proc), ("/sys/module/drbd/version", version)) if text is not None})
    programs = {} if drbdadm is None else {"drbdadm": lambda argv: (0, drbdadm, "")}
    return paper.PaperHost(Deadline(20.0), files, programs=programs)


@pytest.mark.parametrize("there, version, source", [
    (host(PROC["8.3"]), "8.3", "/proc/drbd has 8.3.16"),
    (host(PROC["8.4"]), "8.4", "/proc/drbd has 8.4.11"),
    (host(PROC["9"]), "9", "/proc/drbd has 9.2.18"),
    (host(version="9.1.14\n"), "9", "/sys/module/drbd/version has 9.1.14"),
    (host(drbdadm=UTILS % "090212"), "9", "drbdadm --version has 9.2.18"),
    (host(drbdadm=UTILS % "08040b"), "8.4", "drbdadm --version has 8.4.11"),
    (host(drbdadm=UTILS % "000000"), "8.4", "assumed"), (host(drbdadm="garbage"), "8.4", "assumed"),
    (host("another file\n"), "8.4", "assumed"), (host(), "8.4", "assumed")])
def test_what_is_not_said_is_found_out(there, version, source):
    decided = loaded.decide(good(), there, here=False)
    assert decided.version == version and source in decided.how


@pytest.mark.parametrize("wanted", sorted(PROC))
@pytest.mark.parametrize("module", sorted(PROC))
def test_another_version_than_a_node_has_is_refused(module, wanted):
    given = good(drbd={"resource": "r0", "disk": "/dev/vdb", "version": wanted})
    for there, here in ((host(PROC[module]), False), (host(PROC[module], name="x"), True),
                        (host(PROC[module], name="node2.example.com"), False)):
        if module == wanted:
            assert loaded.decide(given, there, here).version == wanted
            continue
        with pytest.raises(DualstorError, match="would refuse the file"):
            loaded.decide(given, there, here)
    decided = loaded.decide(given, host(PROC[module], name="desk"), here=False)
    assert decided.version == wanted
    assert module == wanted or "but this is no node" in decided.how


@pytest.mark.parametrize("given", [{}, {"drbd": 7, "nodes": 7}, {"drbd": {}, "nodes": [7]}])
def test_answers_of_another_form_are_for_others_to_refuse(given):
    assert loaded.decide(given, host(PROC["9"]), here=False).version == "9"


def configured(root, *options):
    """(exit code, stdout, stderr) of configure for a host below *root*."""
    out, err = io.StringIO(), io.StringIO()
    code = main.main(["configure", *OPTIONS, *options, "--root", str(root)], out, err)
    return code, out.getvalue(), err.getvalue()


@pytest.fixture
def nine(tmp_path):
    """A root directory of a host with DRBD 9."""
    (tmp_path / "proc").mkdir()
    (tmp_path / "proc" / "drbd").write_text(PROC["9"])
    return tmp_path


def test_it_is_printed_first_and_written(nine):
    code, out, _ = configured(nine)
    assert code == ExitStatus.OK
    assert out.startswith("DRBD 9: /proc/drbd has 9.2.18\n") and "auto-promote no;" in out
    code, out, _ = configured(nine, "--apply", "--yes")
    assert code == ExitStatus.OK and "DRBD 9: /proc/drbd has 9.2.18\n" in out
    assert "auto-promote no;" in (nine / "etc" / "drbd.d" / "r0.res").read_text()
    document = json.loads(configured(nine, "--json")[1])
    assert document["drbd"] == {"version": "9", "decided": "/proc/drbd has 9.2.18"}


def test_nothing_is_written_for_another_one(nine):
    code, out, err = configured(nine, "--apply", "--yes", "--drbd", "8.4")
    assert code == ExitStatus.ERROR and not (nine / "etc").exists()
    assert "are for DRBD 8.4, but /proc/drbd has 9.2.18" in err


# -- a witness ------------------------------------------------------------------------------------


@pytest.mark.parametrize("changes", [
    {"nodes": [*good()["nodes"], {"name": "node3", "address": "10.77.0.3", "disk": "none"}]},
    {"nodes": [*good()["nodes"], {"name": "node3", "address": "10.77.0.3"}]},
    {"drbd": {"resource": "r0", "disk": "/dev/vdb", "quorum": "majority"}}])
def test_a_witness_and_drbds_own_quorum_are_refused_by_name(changes):
    with pytest.raises(answers.AnswersWrong, match="fencing or quorum, not both"):
        answers.pair(good(**changes))


def test_a_quorum_that_is_off_is_none():
    assert answers.pair(good(drbd={"resource": "r0", "disk": "/dev/vdb", "quorum": "off"}))
