# SPDX-License-Identifier: GPL-2.0-or-later
"""Whether DRBD's configuration names our handler: in which file, in which line."""

import os
import subprocess
import sys

import pytest

from dualstor import fencepeer
from dualstor.fencepeer import named
from sourcetree import TREE

PROGRAM = os.path.join(TREE, "lib", "dualstor", "fencepeer", "named.py")
RESOURCE = ("resource r0 {\n\thandlers {\n"
            f"\t\tfence-peer \"{fencepeer.PROGRAM}\";\n\t}}\n}}\n")
MAIN = "# as drbd-utils has it\ninclude \"drbd.d/global_common.conf\";\ninclude \"drbd.d/*.res\";\n"
HOST = {"usr/sbin/drbdadm": "", "etc/drbd.conf": MAIN, "etc/drbd.d/global_common.conf": "common {}\n",
        "etc/drbd.d/r0.res": RESOURCE}


@pytest.fixture
def host(tmp_path):
    """Writes files below a directory that stands for /."""
    def write(files):
        for path, text in files.items():
            (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / path).write_text(text)
        return str(tmp_path)
    return write


def without(path):
    return {name: text for name, text in HOST.items() if name != path}


@pytest.mark.parametrize("files, places", [
    (HOST, ["/etc/drbd.d/r0.res:3"]),
    ({**HOST, "etc/drbd.d/r1.res": RESOURCE}, ["/etc/drbd.d/r0.res:3", "/etc/drbd.d/r1.res:3"]),
    ({**HOST, "etc/drbd.conf": RESOURCE}, ["/etc/drbd.conf:3"]),
    ({**HOST, "etc/drbd.conf": "include /srv/d/*;", "srv/d/r0": RESOURCE}, ["/srv/d/r0:3"]),
    ({**HOST, "etc/drbd.d/r0.res": "include \"more/a.res\"; include b.part;\n",
      "etc/drbd.d/more/a.res": RESOURCE, "etc/drbd.d/b.part": RESOURCE},
     ["/etc/drbd.d/more/a.res:3", "/etc/drbd.d/b.part:3"]),
    ({**HOST, "etc/drbd-84.conf": "x\n" + RESOURCE}, ["/etc/drbd-84.conf:4", "/etc/drbd.d/r0.res:3"]),
    ({**HOST, "etc/drbd.d/r0.res": "include \"*.res\";\n" + RESOURCE}, ["/etc/drbd.d/r0.res:4"]),
    ({**HOST, "etc/drbd.d/r0.res": RESOURCE.replace("fence-peer \"", "# fence-peer \"")}, []),
    ({**HOST, "etc/drbd.d/r0.res": RESOURCE.replace("dualstor-fence-peer", "other.sh")}, []),
    ({**without("etc/drbd.d/r0.res"), "etc/drbd.d/r0.res.old": RESOURCE}, []),
    (without("usr/sbin/drbdadm"), []),      # what DRBD has left behind
    (without("etc/drbd.conf"), []),
    ({}, [])])
def test_where_it_is_named(host, files, places):
    assert named.places(host(files)) == places


def test_as_a_program_it_refuses_and_says_what_to_do(host):
    def run(top):
        return subprocess.run([sys.executable, "-IBS", PROGRAM, top], capture_output=True,
                              text=True, check=False, cwd="/", env={})
    assert run(host({})).returncode == 0
    refused = run(host(HOST))
    assert refused.returncode == named.NAMED and refused.stdout == ""
    assert "/etc/drbd.d/r0.res:3 names it" in refused.stderr
    assert "name another handler" in refused.stderr
