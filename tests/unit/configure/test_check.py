# SPDX-License-Identifier: GPL-2.0-or-later
"""What configure writes passes check without a finding."""

import io
import json

import pytest

from dualstor.command import main
from dualstor.command.configure import answers, files, pacemaker
from dualstor.command.configure.render import cib
from unit.configure.pairs import many, pair

#: What check calls the generations.
STACKS = {"lvmlockd": "lvmlockd", "lvmlockd-pacemaker2.0": "lvmlockd",
          "lvmlockd-corosync2": "lvmlockd", "clvmd": "lvmlockd", "cman": "cman"}

#: The modules as they tell their versions.
MODULES = {"8.3": "version: 8.3.16 (api:88/proto:86-97)\n",
           "8.4": "version: 8.4.11 (api:1/proto:86-101)\n",
           "9": "version: 9.2.18 (api:2/proto:118-124)\n"}


@pytest.mark.parametrize("version", ["8.3", "8.4", "9"])
@pytest.mark.parametrize("generation", sorted(STACKS))
def test_check_finds_nothing(tmp_path, generation, version):
    nothing_in(tmp_path, pair(generation=generation, drbd={
        "resource": "r0", "disk": "/dev/vdb", "version": version}), version)


#: Three resources in two volume groups.
THREE = dict(many(3), vg=[{"name": "vg0", "drbd": ["r0", "r2"]}, {"name": "vg1", "drbd": "r1"}])


@pytest.mark.parametrize("told, generation", [
    (many(32), "lvmlockd"), *((THREE, generation) for generation in sorted(STACKS))])
def test_nor_with_several_resources_and_groups(tmp_path, generation, told):
    nothing_in(tmp_path, answers.pair(dict(told, generation=generation)), "8.4")


def nothing_in(tmp_path, made, version):
    """What check finds in trees with what is written for *made*, as each stands on its node."""
    generation = made.generation.name
    for node in made.nodes:
        there = dict(files.all_files(made), **{
            "/etc/hostname": node.name + "\n", "/proc/drbd": MODULES[version]})
        for path, text in there.items():
            target = tmp_path / node.name / path.lstrip("/")
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text)
    (tmp_path / "cib.xml").write_text(cib.document(pacemaker.whole(made), made.generation))
    out, err = io.StringIO(), io.StringIO()
    main.main(["check", "--json", "--generation", STACKS[generation],
               "--cib", str(tmp_path / "cib.xml")]
              + [word for node in made.nodes for word in ("--root", str(tmp_path / node.name))],
              out, err)
    told = json.loads(out.getvalue())
    assert told["findings"] == [], err.getvalue()
