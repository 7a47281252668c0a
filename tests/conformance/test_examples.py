# SPDX-License-Identifier: GPL-2.0-or-later
"""The examples, judged and loaded by the field's own tools (tools/install-field-tools).

No cluster is needed: the tools work on a file. The agents need not be installed, so the shells
are told to go on without their metadata; with it, the lab loads the same configuration.
"""

import os
import re
import subprocess

import pytest

from dualstor.command.configure import answers, pacemaker, sources
from dualstor.command.configure.render import pcs
from conformance import pcsagents
from sourcetree import TREE
from unit.configure import readback, test_render

EXAMPLES = os.path.join(TREE, "docs", "examples")
GENERATIONS = ("lvmlockd", "clvmd", "cman", "uses", "many")
#: Generations without an example: they differ from the first in a few words.
OTHERS = ("lvmlockd-pacemaker2.0", "lvmlockd-corosync2")
#: The same with what stands on the LVs, or with several volume groups; the generation follows.
WITH_USES = ("uses-lvmlockd-pacemaker2.0", "uses-lvmlockd-corosync2", "uses-clvmd", "uses-cman")
MANY = ("many-lvmlockd-pacemaker2.0", "many-lvmlockd-corosync2", "many-clvmd", "many-cman")


def example(generation, name):
    return os.path.join(EXAMPLES, generation, name)


def run(words, folder):
    """Run a tool on the CIB in *folder*; what it said on both outputs."""
    environment = dict(os.environ, CIB_file=str(folder / "cib.xml"), LC_ALL="C",
                       PATH=os.environ["PATH"] + ":/usr/sbin:/sbin")
    done = subprocess.run(words, cwd=str(folder), check=False, capture_output=True, text=True,
                          stdin=subprocess.DEVNULL, env=environment)
    assert done.returncode == 0, (words, done.stdout, done.stderr)
    return done.stdout + done.stderr


def wanted(generation):
    """The model of an example; of generations without one, that of the first."""
    name, _, other = generation.partition("-") if generation in WITH_USES + MANY else \
        ("lvmlockd" if generation in OTHERS else generation, "", generation)
    told = sources.read_file(example(name, "pair.toml"))
    if other == "cman":
        told["use"] = [use for use in told.get("use", []) if use["kind"] != "filesystem"]
    if other in ("clvmd", "cman"):
        told.pop("alerts", None)        # their CIB may be of a schema without alerts
    return answers.pair(told if other in ("uses", "many") else dict(told, generation=other))


def loads(generation, folder, load):
    """*load* each part into an empty CIB: it is valid, and reads back as the model."""
    made = wanted(generation)
    (folder / "cib.xml").write_text(readback.EMPTY % made.generation.schema)
    for part in pacemaker.parts(made):
        load(part)
    assert run(["crm_verify", "-V", "--xml-file", "cib.xml"], folder) == ""
    text = (folder / "cib.xml").read_text()
    if not made.generation.promoted:    # pcs adds this by itself, from the metadata of OCF 1.0
        text = re.sub('<op name="reload" .*/>', "", text)
    assert readback.in_order(readback.from_cib(text)) == \
        readback.in_order(pacemaker.whole(made))


@pytest.mark.parametrize("generation", GENERATIONS)
def test_the_whole_cib_is_valid_and_nothing_is_to_be_said_of_it(generation, tmp_path):
    assert run(["crm_verify", "-V", "--xml-file", example(generation, "cib.xml")], tmp_path) == ""


@pytest.mark.parametrize("generation", GENERATIONS[:3] + OTHERS)
def test_nor_of_one_of_other_answers(generation, tmp_path):
    (tmp_path / "other.xml").write_text(test_render.rendered(generation)["cib.xml"])
    assert run(["crm_verify", "-V", "--xml-file", "other.xml"], tmp_path) == ""


@pytest.mark.parametrize("generation", GENERATIONS)
def test_cibadmin_loads_the_parts(generation, tmp_path):
    loads(generation, tmp_path, lambda part: run(
        ["cibadmin", "--modify", "--allow-create", "--xml-file",
         example(generation, "pacemaker-%s.xml" % part)], tmp_path))


@pytest.mark.parametrize("generation", GENERATIONS)
def test_the_crm_shell_loads_the_parts(generation, tmp_path):
    loads(generation, tmp_path, lambda part: run(
        ["crm", "-F", "configure", "load", "update",
         example(generation, "pacemaker-%s.crm" % part)], tmp_path))


@pytest.mark.parametrize("generation", OTHERS + WITH_USES + MANY)
@pytest.mark.parametrize("form, command", [
    ("cib", ["cibadmin", "--modify", "--allow-create", "--xml-file"]),
    ("crm", ["crm", "-F", "configure", "load", "update"])])
def test_they_load_the_parts_of_the_others(generation, form, command, tmp_path):
    def load(part):
        made = wanted(generation)
        (tmp_path / "part").write_text(
            test_render.RENDERERS[form](pacemaker.parts(made)[part], made.generation))
        run(command + [str(tmp_path / "part")], tmp_path)
    loads(generation, tmp_path, load)


#: What pcs says of the old names of roles; pcs 0.10 on Pacemaker 2.0 does not know the new ones.
OLD_ROLES = re.compile(
    "Deprecation Warning: (Role v|V)alue '(Master|Slave)' (of option role )?is deprecated")


@pytest.mark.parametrize("generation", ("lvmlockd", "uses", "many") + OTHERS + WITH_USES[:2] + MANY[:2])
def test_pcs_makes_the_parts(generation, tmp_path):
    """And finds nothing in them deprecated. The old generations have the language of pcs 0.9."""
    made = wanted(generation)
    start = pcsagents.command(tmp_path, "" if made.generation.promoted else ".ocf-1.0")

    def load(part):
        for words in pcs.commands(pacemaker.parts(made)[part], made.generation):
            # the fence agents are not installed
            force = ["--force"] if words[0] == "stonith" else []
            said = run(start + ["-f", "cib.xml", *force, *words], tmp_path)
            if not made.generation.promoted:
                said = OLD_ROLES.sub("", said)
            assert "eprecat" not in said, (words, said)
    loads(generation, tmp_path, load)
