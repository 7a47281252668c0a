# SPDX-License-Identifier: GPL-2.0-or-later
"""The cases of ``dualstor check`` as crm_verify and corosync judge them; drbdadm's verdicts are
recorded, see tests/unit/command/check/test_drbdadm_agrees.py.
"""

import os
import re
import subprocess

import pytest

from dualstor.command.check.rules import corosync_test, rules
from dualstor.command.check.sources import collect
from dualstor.command.check.view.cluster import ClusterView
from dualstor.command.check.view.seen import Irrelevant, Unavailable
from unit.command.check import trees

CASES = os.path.join(trees.DATA, "cases")
CIBS = sorted(name for name in os.listdir(CASES)
              if os.path.exists(os.path.join(CASES, name, "cib.xml")))
#: What corosync takes although it is wrong: a loopback address, and one address on two links.
TAKEN = re.compile("loopback|, as ring[0-9]_addr")
XML = {rule.id: rule for rule in rules()}["PCMK-XML"]


def run(*argv):
    """(returncode, output) of a program."""
    done = subprocess.run(argv, check=False, text=True, capture_output=True, timeout=30,
                          stdin=subprocess.DEVNULL, env=dict(os.environ, PATH="/usr/sbin:/usr/bin"))
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize("name", CIBS)
def test_crm_verify_takes_the_cib_of_each_case(name):
    path = os.path.join(CASES, name, "cib.xml")
    assert run("crm_verify", "-x", path) == (0, "")
    with open(path, encoding="utf-8") as stream:
        cluster = ClusterView([], (stream.read(), "cib.xml"))
    assert list(XML.check(cluster.pacemaker)) == []


@pytest.mark.parametrize("old, new", [
    ("<primitive ", "<primitve "), ("<clone ", "<clone <"), ("\"", "")])
def test_what_crm_verify_refuses_is_an_error(old, new, tmp_path):
    with open(trees.CIB, encoding="utf-8") as stream:
        text = stream.read().replace(old, new, 1)
    path = tmp_path / "cib.xml"
    path.write_text(text)
    assert run("crm_verify", "-x", str(path))[0] != 0
    pair = trees.pair("corosync", tmp_path)
    pair.cib = text
    assert [one for one in pair.verdict().findings if one.rule.severity == "error"]


def _of_corosync_3():
    """The trees with a corosync.conf of corosync 3, the version of this program."""
    for name in sorted(os.listdir(CASES)):
        root = os.path.join(CASES, name, "node1")
        if os.path.exists(root + "/etc/corosync/corosync.conf"):
            host = ClusterView([collect.copied(root)]).hosts[0]
            try:
                if host.corosync.version >= 3:
                    yield name
            except Irrelevant:
                continue


@pytest.mark.parametrize("name", list(_of_corosync_3()))
def test_corosync_refuses_what_check_refuses(name, tmp_path):
    host = ClusterView([collect.copied(os.path.join(CASES, name, "node1"))]).hosts[0]
    key, path = tmp_path / "key", tmp_path / "corosync.conf"
    key.write_bytes(b"k" * 256)
    addresses = {one.text: f"127.0.{one.node}.{one.link + 1}" for one in host.corosync.addresses}
    text = re.sub(r"(ring[0-9]_addr: *)(\S+)", lambda m: m.group(1) + addresses.get(
        m.group(2), m.group(2)), host.corosync_text)
    path.write_text(text.replace("totem {", f"totem {{\n\tkeyfile: {key}", 1))
    ours = []
    for check in corosync_test.REFUSED:
        try:
            ours += [each.text for each in check(host) if not TAKEN.search(each.text)]
        except (Irrelevant, Unavailable):
            continue
    code, said = run("corosync", "-t", "-c", str(path))
    assert (code != 0) == bool(ours), (said, ours)
