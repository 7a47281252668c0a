# SPDX-License-Identifier: GPL-2.0-or-later
"""The alert agent: what it keeps, when it sends, and that a storm of alerts is none of mail."""

import os
import subprocess

import pytest

from dualstor import log
from dualstor.alerts import agent, inbox, place
from dualstor.command.status import observe
from sourcetree import TREE

from .stage import ALONE, HANGS, Node

PROGRAM = os.path.join(TREE, "alerts", os.path.basename(place.PROGRAM))


@pytest.fixture
def lines(monkeypatch):
    """The log: (level, line)."""
    found = []
    monkeypatch.setattr(log, "start", lambda tag, environ: None)
    for level in ("info", "warning", "error"):
        monkeypatch.setattr(log, level, lambda text, *values, level=level: found.append(
            (level, text % values)))
    return found


@pytest.fixture
def node(tmp_path, lines):
    return Node(tmp_path)


def test_a_lost_node_is_sent_with_what_status_says(node, lines):
    node.answers = ALONE
    assert node.lost() == 0 and node.senders == ["root"]
    assert lines == [("warning", "node2 is lost to the cluster")]
    node.send()
    ((when, recipient, text),) = node.letters
    assert (round(when), recipient) == (1000 + agent.SETTLE, "root")
    assert "Subject: dualstor on node1: node2 is down; node1 works alone\n" in text
    assert "To: root\n" in text and "Auto-Submitted: auto-generated\n" in text
    assert "node2 is lost to the cluster" in text and "Do: " in text
    assert "run `dualstor status` on node1" in text


def test_no_command_of_lvm_is_run_and_nothing_is_changed(node):
    node.lost()
    node.send()
    assert {words[0] for words in node.ran} <= {
        "corosync-quorumtool", "cman_tool", "crm_mon", "crm_node", "crm_attribute",
        "stonith_admin", "cibadmin", "dlm_tool", "drbdsetup"}
    assert not [words for words in node.ran if words[0] == "cibadmin" and "--query" not in words]


def test_a_storm_of_alerts_is_one_letter_and_another_after_the_pause(node):
    for _ in range(inbox.MOST + 50):
        node.lost()
    # none of the senders has begun: each of the calls may start one, and one of them sends
    assert len(os.listdir(node.root + agent.STATE_DIR)) <= inbox.MOST + 2
    node.send()
    assert len(node.letters) == 1 and "before, see the log" in node.letters[0][2]
    node.lost()
    node.fine()
    node.send()
    first, second = [when for when, _, _ in node.letters]
    assert round(second - first) == agent.PAUSE


def test_while_a_sender_waits_a_call_starts_none(node):
    node.while_asleep = [lambda: [node.lost() for _ in range(20)]]
    node.lost()
    node.send()
    assert node.started == ["root"] and len(node.letters) == 1
    assert node.letters[0][2].count("node2 is lost to the cluster") == 22   # 21 and the subject


def test_what_happens_while_a_sender_sends_is_sent_by_it(node):
    """The call saw its turn taken and started nobody."""
    node.while_sending = [lambda: node.lost(node="node3")]
    node.lost()
    node.send()
    assert node.started == ["root"]
    assert ["node3 is lost" in text for _, _, text in node.letters] == [False, True]


def test_two_senders_do_not_send_at_once(node):
    node.while_asleep = [lambda: agent.Sender(node.host, "root", observe.one_by_one).work()]
    node.lost()
    node.send()
    assert len(node.letters) == 1


def test_what_is_as_it_should_be_is_not_sent(node, lines):
    node.fine()
    node.send()
    assert node.letters == [] and lines == [("info", "monitor of r0 on node1: ok")]


def test_what_status_said_is_not_sent_again_but_that_it_is_over_is(node, lines):
    node.answers = ALONE
    node.lost()
    node.send()
    node.fine()
    node.send()
    assert len(node.letters) == 1
    node.answers = Node(node.root).answers
    node.fine()
    node.send()
    assert len(node.letters) == 2
    assert "Subject: dualstor on node1: nothing is to be done now\n" in node.letters[1][2]
    assert ("warning", "status: nothing is to be done now") in lines


def test_without_a_recipient_it_goes_to_the_log(node, lines):
    node.answers = ALONE
    node.call(kind="node", node="node2", desc="lost")
    node.send()
    assert node.letters == [] and node.started == [""]
    assert any(level == "warning" and line.startswith("node2 is down; node1 works alone. Do: ")
               for level, line in lines)


def test_each_recipient_has_its_own_letter(node):
    for recipient in ("root", "ops@example.org"):
        node.lost(recipient)
    node.send()
    assert [recipient for _, recipient, _ in node.letters] == ["root", "ops@example.org"]


def test_a_letter_that_sendmail_refuses_is_said_again(node, lines):
    node.answers, node.refuses = ALONE, True
    node.lost()
    node.send()
    assert any(level == "error" and line.startswith("mail to root was not sent: ")
               for level, line in lines)
    node.refuses = False
    node.fine()
    node.send()
    assert len(node.letters) == 1 and "works alone" in node.letters[0][2]


def test_after_a_reboot_the_pause_begins_again(node):
    node.lost()
    node.send()
    node.file("/proc/sys/kernel/random/boot_id", "next-boot\n")
    node.now = 50.0
    node.lost()
    node.send()
    assert round(node.letters[1][0]) == 50 + agent.SETTLE


def test_what_does_not_answer_delays_nothing_but_itself(node):
    node.answers = dict(ALONE, crm_mon=HANGS)
    node.lost()
    node.send()
    assert "node2 is lost to the cluster" in node.letters[0][2]


def test_a_sender_ends_after_so_many_letters(node):
    node.while_sending = [node.lost] * 100
    node.lost()
    node.send()
    assert len(node.letters) == agent.LETTERS
    node.while_sending = []
    node.lost()
    assert node.started == ["root", "root"]


@pytest.mark.parametrize("recipient", [
    "-X/tmp/log", "a b", "a\nBcc: b", "/etc/passwd", "|sh", "a@-b", "root,other", "x" * 400])
def test_what_is_no_address_gets_nothing(node, lines, recipient):
    assert node.lost(recipient) == 1
    assert node.senders == [] and lines[-1][0] == "error"
    assert "is no mail address" in lines[-1][1]
    assert agent.run(["send", recipient], {}) == 1


def test_other_kinds_are_of_no_interest(node, lines):
    assert node.call(kind="attribute", attribute_name="a", attribute_value="1") == 0
    assert node.senders == [] and lines == []


def test_called_by_a_person_it_says_who_calls_it(node, lines):
    assert agent.receive(node.host(), {}) == 2
    assert "only Pacemaker can call this" in lines[0][1]


def test_the_directory_is_the_agents_alone(node):
    node.lost()
    assert os.stat(node.root + agent.STATE_DIR).st_mode & 0o777 == 0o700


def test_without_a_directory_the_log_has_it(node, lines, monkeypatch):
    monkeypatch.setattr(agent, "STATE_DIR", "/proc/no/such")
    monkeypatch.setattr("unit.alerts.stage.agent.STATE_DIR", "/proc/version/no")
    node.file("/proc/version", "")
    assert node.lost() == 0
    node.send()
    assert lines[0] == ("warning", "node2 is lost to the cluster")


@pytest.mark.parametrize("environ", [{}, {"PATH": "/nonexistent", "PYTHONHOME": "/nonexistent"}])
def test_the_program_needs_neither_a_home_nor_a_path(environ):
    done = subprocess.run([PROGRAM], cwd="/", env=dict(environ, CRM_alert_kind="attribute"),
                          stdin=subprocess.DEVNULL, capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, b"")
    done = subprocess.run([PROGRAM], cwd="/", env=environ, stdin=subprocess.DEVNULL,
                          capture_output=True, check=False)
    assert done.returncode == 2 and b"Traceback" not in done.stderr
