# SPDX-License-Identifier: GPL-2.0-or-later
"""The examples, judged and loaded by the field's own tools (tools/install-field-tools).

No cluster is needed: the tools work on a file. The agents need not be installed, so the shells
are told to go on without their metadata; with it, the lab loads the same configuration.
"""

import os
import subprocess

import pytest

from dualstor.command.configure import answers, pacemaker, sources
from sourcetree import TREE
from unit.configure import readback, test_render

EXAMPLES = os.path.join(TREE, "docs", "examples")
GENERATIONS = ("lvmlockd", "clvmd", "cman")
PARTS = ("base", "group")


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
    """The model of an example."""
    return answers.pair(sources.read_file(example(generation, "pair.toml")))


def loads(generation, folder, load):
    """*load* each part into an empty CIB: it is valid, and reads back as the model."""
    made = wanted(generation)
    (folder / "cib.xml").write_text(readback.EMPTY % made.generation.schema)
    for part in PARTS:
        load(part)
    assert run(["crm_verify", "-V", "--xml-file", "cib.xml"], folder) == ""
    assert readback.in_order(readback.from_cib((folder / "cib.xml").read_text())) == \
        readback.in_order(pacemaker.whole(made))


@pytest.mark.parametrize("generation", GENERATIONS)
def test_the_whole_cib_is_valid_and_nothing_is_to_be_said_of_it(generation, tmp_path):
    assert run(["crm_verify", "-V", "--xml-file", example(generation, "cib.xml")], tmp_path) == ""


@pytest.mark.parametrize("generation", GENERATIONS)
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


def test_pcs_makes_the_parts(tmp_path):
    """Of the generation of today's pcs; the others have the language of pcs 0.9."""
    def load(part):
        with open(example("lvmlockd", "pacemaker-%s.pcs.sh" % part), encoding="utf-8") as script:
            lines = [line.split() for line in script if line.startswith("pcs -f ")]
        assert lines
        for _, _, _, *words in lines:
            run(["pcs", "-f", "cib.xml", "--force", *words], tmp_path)
    loads("lvmlockd", tmp_path, load)
