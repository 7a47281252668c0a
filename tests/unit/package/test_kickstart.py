# SPDX-License-Identifier: GPL-2.0-or-later
"""The kickstart file: Fedora's parser takes it, and `dualstor configure` what its %post leaves."""

import os
import re
import stat
import subprocess

import pytest
from pykickstart.parser import KickstartParser
from pykickstart.version import makeVersion

import packages
from dualstor.command.check.parsers import corosyncconf
from dualstor.command.configure import answers, files
from dualstor.command.main import build_parser
from sourcetree import TREE

VERSIONS = ("F40", "F41", "F42")


def parsed(version):
    parser = KickstartParser(makeVersion(version), missingIncludeIsFatal=True)
    parser.readKickstart(os.path.join(TREE, "packaging", "dualstor.ks"))
    return parser.handler


@pytest.fixture(scope="module")
def kickstart():
    return parsed(VERSIONS[-1])


@pytest.fixture(scope="module")
def etc(kickstart, tmp_path_factory):
    """What %post makes of /etc; systemctl only says what it was asked."""
    folder = tmp_path_factory.mktemp("etc")
    for each in ("corosync", "systemd/system"):
        (folder / each).mkdir(parents=True)
    (folder / "hosts").write_text("127.0.0.1 localhost\n")
    (post,) = kickstart.scripts
    assert post.errorOnFail and post.inChroot
    text = post.script.replace(" /etc/", f" {folder}/").replace(">/etc/", f">{folder}/")
    packages.run("sh", "-eu", "-c", f"systemctl() {{ echo \"$*\" >{folder}/asked; }}\n{text}")
    return folder


@pytest.fixture(scope="module")
def pair(etc):
    import tomllib
    return answers.pair(tomllib.loads((etc / "dualstor" / "pair.toml").read_text()))


@pytest.mark.parametrize("version", VERSIONS)
def test_the_installers_parser_takes_it(version):
    assert parsed(version).packages.packageList


def test_it_installs_what_the_packages_want(kickstart):
    with open(os.path.join(TREE, "rpm", "dualstor.spec"), encoding="utf-8") as stream:
        spec = stream.read()
    wanted = set(re.findall(r"^(?:Requires|Recommends): +([a-z0-9-]+)$", spec, re.M))
    wanted -= {"python3-lxml", "python3-rich", "python3-psutil", "lvm2"}      # come along by themselves
    assert wanted and wanted <= set(kickstart.packages.packageList)
    wanted = {"dualstor", "resource-agents-dualstor", "lvm2-lockd"}
    assert wanted <= set(kickstart.packages.packageList)


def test_the_installer_leaves_the_disk_of_drbd_alone(kickstart, pair):
    drives = set(kickstart.clearpart.drives) | set(kickstart.ignoredisk.onlyuse)
    assert drives == {"sda"}
    assert not set(pair.disks) & {"/dev/" + drive for drive in drives}


def test_its_addresses_are_those_of_the_first_node(kickstart, pair):
    node = pair.nodes[0]
    assert [network.ip for network in kickstart.network.network] == [node.address, node.replication]
    assert kickstart.network.network[0].hostname == node.name


def test_the_firewall_lets_the_cluster_through(kickstart, pair):
    assert {"5405:udp", f"{pair.resources[0].port}:tcp", "21064:tcp"} <= set(kickstart.firewall.ports)


def test_its_answers_make_a_configuration(pair):
    made = files.all_files(pair)
    assert "/etc/drbd.d/r0.res" in made
    assert corosyncconf.parse(made["/etc/corosync/corosync.conf"], "corosync.conf")


def test_secrets_are_for_root_only(etc):
    for name in ("dualstor/pair.toml", "corosync/authkey"):
        assert stat.S_IMODE((etc / name).stat().st_mode) == 0o600
    assert (etc / "corosync" / "authkey").read_bytes().startswith(b"change me")


def test_the_unit_of_the_first_boot_calls_the_command_as_it_is(etc):
    unit = (etc / "systemd" / "system" / "dualstor-first-boot.service").read_text()
    unit = unit.replace(str(etc), "/etc")
    (line,) = re.findall("^ExecStart=(.*)$", unit, re.M)
    words = line.split()
    assert words[0] == "/usr/sbin/dualstor"
    parsed_words = build_parser().parse_args(words[1:])
    assert parsed_words.apply and parsed_words.steps and parsed_words.yes
    assert parsed_words.answers == "/etc/dualstor/pair.toml"
    assert (etc / "asked").read_text() == "enable dualstor-first-boot.service\n"


def test_nodes_find_each_other_by_name(etc, pair):
    lines = [line.split() for line in (etc / "hosts").read_text().splitlines()]
    assert all([node.address, node.name] in lines for node in pair.nodes)


def test_the_script_is_plain_shell(kickstart):
    for script in kickstart.scripts:
        subprocess.run(["sh", "-n"], input=script.script, universal_newlines=True, check=True)
