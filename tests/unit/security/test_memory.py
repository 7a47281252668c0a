# SPDX-License-Identifier: GPL-2.0-or-later
"""What is kept on the host lies in a folder of our own, and nobody leads us elsewhere."""

import os
import stat
import subprocess
import sys

import hypothesis
import pytest
from hypothesis import strategies as st

from dualstor import log
from dualstor.host.deadline import Deadline
from dualstor.host.host import Host
from dualstor.host.memory import STATE_DIR, file_name


@pytest.fixture
def folder(tmp_path):
    """The state folder of ``host``, not made yet."""
    return str(tmp_path) + STATE_DIR


@pytest.fixture
def host(tmp_path):
    (tmp_path / "run").mkdir()
    return Host(Deadline(20), root=str(tmp_path))


def mode(path):
    return stat.S_IMODE(os.lstat(path).st_mode)


def unused(host, said):
    """Whether the host goes on without memory and says so once."""
    host.remember("text", "a")
    host.remember("text", "b")
    assert host.recall("a") is None
    with host.lock("c", 1) as stream:
        assert stream.name == os.devnull
    host.forget("a")
    return len([line for line in said if "working without memory" in line]) == 1


def test_it_lies_in_run_and_in_no_folder_for_everybody():
    assert STATE_DIR == "/run/dualstor"


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077])
def test_it_is_private_whatever_the_umask(host, folder, umask):
    before = os.umask(umask)
    try:
        host.remember("text\n", "clustered-vg", "vg0", "volumes")
        host.lock("lockstart", 1).close()
    finally:
        os.umask(before)
    assert mode(folder) == 0o700
    assert sorted(os.listdir(folder)) == ["clustered-vg~vg0~volumes", "lock~lockstart"]
    assert {mode(os.path.join(folder, name)) for name in os.listdir(folder)} == {0o600}
    assert host.recall("clustered-vg", "vg0", "volumes") == "text\n"
    host.forget("clustered-vg", "vg0", "volumes")
    assert host.recall("clustered-vg", "vg0", "volumes") is None


def test_one_that_others_could_read_is_closed(host, folder, said):
    os.mkdir(folder)
    os.chmod(folder, 0o755)
    host.remember("text", "a")
    assert host.recall("a") == "text" and mode(folder) == 0o700 and not said


@pytest.mark.parametrize("wrong", [0o777, 0o1777, 0o770, 0o702])
def test_one_that_others_can_write_is_not_used(host, folder, said, wrong):
    os.mkdir(folder)
    with open(os.path.join(folder, "a"), "w", encoding="ascii") as stream:
        stream.write("planted")
    os.chmod(folder, wrong)
    assert unused(host, said)
    assert os.listdir(folder) == ["a"]


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give a folder away")
def test_one_of_another_user_is_not_used(host, folder, said):
    os.mkdir(folder, 0o700)
    os.chown(folder, 65534, 65534)
    assert unused(host, said)


@pytest.mark.parametrize("there", [True, False])
def test_a_link_in_its_place_is_not_followed(host, folder, said, tmp_path, there):
    target = tmp_path / "elsewhere"
    if there:
        target.mkdir(mode=0o700)
    os.symlink(str(target), folder)
    assert unused(host, said)
    assert not there or os.listdir(str(target)) == []
    assert there or not target.exists()


def test_a_file_in_its_place_is_left_alone(host, folder, said):
    with open(folder, "w", encoding="ascii") as stream:
        stream.write("mine")
    assert unused(host, said)
    with open(folder, encoding="ascii") as stream:
        assert stream.read() == "mine"


def test_a_link_within_it_is_neither_read_nor_written(host, folder, tmp_path, said):
    target = tmp_path / "shadow"
    target.write_text("secret")
    os.mkdir(folder, 0o700)
    for name in ("a", "lock~c", f"~{os.getpid()}"):
        os.symlink(str(target), os.path.join(folder, name))
    assert host.recall("a") is None
    host.remember("text", "a")
    with host.lock("c", 1) as stream:
        assert stream.name == os.devnull
    assert target.read_text() == "secret"
    assert host.recall("a") == "text" and not os.path.islink(os.path.join(folder, "a"))


def test_a_pipe_within_it_does_not_block(host, folder, said):
    os.mkdir(folder, 0o700)
    os.mkfifo(os.path.join(folder, "a"))
    os.mkfifo(os.path.join(folder, "lock~c"))
    assert host.recall("a") is None
    with host.lock("c", 1) as stream:
        assert stream.name == os.devnull


@pytest.mark.parametrize("name", ["a/b", "../../etc/passwd", "/etc/passwd", "..", "%2F"])
def test_a_name_does_not_lead_out_of_it(host, folder, tmp_path, name):
    host.remember("text", "drbd", name, "minors")
    assert host.recall("drbd", name, "minors") == "text"
    (kept,) = os.listdir(folder)
    assert "/" not in kept and os.listdir(str(tmp_path)) == ["run"]


#: Two of each row were one file once: a VG's memory and another's moment, a draft and a VG,
#: a resource's score and another resource, what a name of words could be as one word.
ALIKE = (
    ("a/b",), ("a%2Fb",), ("a_b",), ("a%b",),
    ("clustered-vg", "X.well", "volumes"), ("clustered-vg", "X", "well"),
    ("clustered-vg", "X", "volumes"), ("clustered-vg", f"X.{os.getpid()}", "volumes"),
    ("drbd-dualprimary", "r0", "score"), ("drbd-dualprimary", "r0.score", "score"),
    ("drbd", "dualprimary.r0.score", "minors"), ("drbd", "r0", "minors"), ("drbd", "r0~minors"),
    ("drbd~r0", "minors"), ("drbd", "r0", ""), ("drbd", "r0"), ("lock", "c"), ("lock~c",))


def test_names_that_differ_are_kept_apart(host):
    for number, name in enumerate(ALIKE):
        host.remember(str(number), *name)
    host.lock("c", 1).close()
    assert [host.recall(*name) for name in ALIKE] == [str(n) for n in range(len(ALIKE))]


@hypothesis.given(st.lists(st.lists(st.text("ab~%/.2F5E7", max_size=5), min_size=1, max_size=3),
                           min_size=2, max_size=2, unique_by=tuple))
def test_two_names_are_never_one_file(names):
    one, other = (file_name(*words) for words in names)
    assert one != other and "/" not in one


def test_a_file_that_grew_without_bound_is_nothing(host, folder):
    host.remember("text", "a")
    with open(os.path.join(folder, "a"), "ab") as stream:
        stream.truncate(1 << 30)
    assert host.recall("a") is None


def test_bytes_that_are_not_text_are_no_error(host, folder):
    host.remember("caf\udce9", "a")
    assert "caf" in host.recall("a")


def test_a_draft_that_a_killed_process_left_is_no_obstacle(host, folder):
    os.mkdir(folder, 0o700)
    with open(os.path.join(folder, f"~{os.getpid()}"), "w", encoding="ascii") as stream:
        stream.write("half")
    host.remember("text", "a")
    assert host.recall("a") == "text" and os.listdir(folder) == ["a"]


@pytest.mark.skipif(os.getuid() != 0, reason="root alone mounts")
@pytest.mark.parametrize("options", ["ro", "size=4k"])
def test_a_file_system_that_takes_nothing_is_no_error(tmp_path, said, options):
    """Read-only, or full: in a mount namespace of its own."""
    script = (
        f"import sys; sys.path.insert(0, {os.path.dirname(os.path.dirname(log.__file__))!r})\n"
        "from dualstor.host.deadline import Deadline\n"
        "from dualstor.host.host import Host\n"
        f"host = Host(Deadline(20), root={str(tmp_path)!r})\n"
        "host.remember('x' * 100000, 'a')\n"
        "assert host.recall('a') is None\n"
        "host.lock('c', 1).close()\n")
    (tmp_path / "run").mkdir()
    done = subprocess.run(
        ["unshare", "-m", "sh", "-ec", 'mount -t tmpfs -o "$1" none "$2"; exec "$3" -c "$4"', "sh",
         options, str(tmp_path / "run"), sys.executable, script],
        capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
