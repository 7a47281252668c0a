# SPDX-License-Identifier: GPL-2.0-or-later
"""Answers: what is told, what has a default, and everything wrong at once."""

import builtins

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dualstor.command import toml
from dualstor.command.configure import answers, names, sources, storage
from dualstor.command.configure.answers import AnswersWrong
from dualstor.command.configure.model import Fence
from dualstor.errors import DualstorError
from unit.configure.pairs import fence, good, pair

TOML = """
cluster = "lab"
generation = "cman"
nodes = [{name = "node1", address = "10.77.0.1", replication = "10.78.0.1"},
         {name = "node2", address = "10.77.0.2", disk = "/dev/sdc"}]
drbd = {resource = "r1", disk = "/dev/vdb", port = 7000}
[[fence]]
node = "node2"
agent = "fence_ipmilan"
options = {ip = "10.9.0.2", lanplus = true}
[[fence]]
node = "node1"
agent = "fence_ipmilan"
options = {ip = "10.9.0.1"}
"""


def wrong(**changes):
    with pytest.raises(AnswersWrong) as caught:
        pair(**changes)
    return str(caught.value)


def test_a_file_is_read(tmp_path):
    (tmp_path / "pair.toml").write_text(TOML)
    made = answers.pair(sources.read_file(str(tmp_path / "pair.toml")))
    assert made.generation.engine == "cman"
    assert [(n.name, n.replication) for n in made.nodes] == [
        ("node1", "10.78.0.1"), ("node2", "10.77.0.2")]
    (drbd,), (group,) = made.resources, made.groups
    assert (drbd.resource, drbd.port, drbd.disks) == ("r1", 7000, ("/dev/vdb", "/dev/sdc"))
    assert (group.vg, group.resources) == ("vg0", ("r1",))
    assert made.fences == (
        Fence("node1", "fence_ipmilan", (("ip", "10.9.0.1"),), 5),
        Fence("node2", "fence_ipmilan", (("ip", "10.9.0.2"), ("lanplus", "true")), 0))


@pytest.mark.parametrize("library", ["tomllib", "tomli", "toml"])
def test_any_toml_library_will_do(monkeypatch, tmp_path, library):
    real = builtins.__import__
    import importlib

    class Stub:
        loads = staticmethod(lambda text: toml.parse(text, "f"))
        TOMLDecodeError = TomlDecodeError = ValueError

    def load(name, *rest):
        if name in ("tomllib", "tomli", "toml"):
            if name != library:
                raise ImportError(name)
            return Stub
        return real(name, *rest)
    monkeypatch.setattr(importlib, "import_module", load)
    (tmp_path / "pair.toml").write_text('cluster = "x"\n')
    assert sources.read_file(str(tmp_path / "pair.toml")) == {"cluster": "x"}


def test_without_a_toml_library_the_way_out_is_named(monkeypatch):
    import importlib

    def load(name, *rest):
        raise ImportError(name)
    monkeypatch.setattr(importlib, "import_module", load)
    with pytest.raises(DualstorError, match="python3-toml.*as options"):
        sources.read_file("pair.toml")


def test_a_file_that_is_no_toml_or_not_there_is_named(tmp_path):
    path = tmp_path / "pair.toml"
    with pytest.raises(DualstorError, match="pair.toml cannot be read: .*No such file"):
        sources.read_file(str(path))
    path.write_text("cluster = \n")
    with pytest.raises(DualstorError, match="pair.toml is no TOML: .*line 1"):
        sources.read_file(str(path))


def test_options_go_before_the_file_and_lists_are_replaced():
    merged = sources.merged(good(), {"cluster": "other", "drbd": {"port": "7000"},
                                     "nodes": [sources.parse_node("a=10.0.0.1"),
                                               sources.parse_node("b=10.0.0.2,disk=/dev/x")],
                                     "fence": [sources.parse_fence("a=fence_apc,ip=10.0.0.9"),
                                               sources.parse_fence("b=fence_apc,delay=9")]})
    made = answers.pair(merged)
    (drbd,) = made.resources
    assert (made.cluster, drbd.port, drbd.resource) == ("other", 7000, "r0")
    assert [n.name for n in made.nodes] == ["a", "b"] and drbd.disks == ("/dev/vdb", "/dev/x")
    assert [(f.options, f.delay) for f in made.fences] == [((("ip", "10.0.0.9"),), 0), ((), 9)]


@pytest.mark.parametrize("changes, sentence", [
    ({"nodes": good()["nodes"][:1]}, "expected two nodes, not 1"),
    ({"nodes": good()["nodes"] * 2}, "expected two nodes, not 4"),
    ({"nodes": [good()["nodes"][0]] * 2}, "both nodes have the name node1"),
    ({"fence": []}, "node1 has no fence device: two writers without fencing lose data"),
    ({"fence": [fence("node1")]}, "node2 has no fence device"),
    ({"fence": [fence("node1"), fence("node2"), fence("node3")]}, "there is no node 'node3'"),
    ({"fence": [dict(fence("node1"), delay=3), dict(fence("node2"), delay=3)]},
     "both fence devices have the delay 3: in a fence race"),
    ({"fence": [dict(fence("node1"), delay=12), dict(fence("node2"), delay=8)]},
     "differ by 4 s: one node may notice 5 s after the other"),
    ({"fence": [dict(fence("node1"), agent="fence_manual"), fence("node2")]}, "fences nothing"),
    ({"fence": [fence("node1", pcmk_host_list="node2"), fence("node2")]},
     "pcmk_host_list is set from node and delay"),
    ({"lvm": {"vg": "r0"}}, "both r0: the cluster needs two names"),
    ({"lvm": {"vg": "dlm"}}, "is a name that the cluster's configuration uses"),
    ({"lvm": {"vg": "vg0", "lv": "lv0"}}, "lvm size is missing"),
    ({"lvm": {"vgname": "vg0"}}, "lvm has no 'vgname', only lv, size, vg"),
    ({"drbd": {"resource": "r0", "disk": "/dev/drbd0"}}, "is DRBD's own device"),
    ({"drbd": {"disk": "vdb"}}, "is no path of a device"),
    ({"drbd": {"disk": "/dev/vdb", "minor": True}}, "drbd minor is True: expected a number"),
    ({"drbd": "r0"}, "drbd: expected NAME = VALUE pairs"),
    ({"generation": "gulm"}, "choose one of lvmlockd, lvmlockd-pacemaker2.0"),
    ({"cluster": "a-name-of-16-lett"}, "is no cluster name"),
    ({"properties": {"stonith-enabled": False}}, "stonith-enabled is set by dualstor"),
])
def test_what_is_wrong_is_said(changes, sentence):
    assert sentence in wrong(**changes)


def test_all_that_is_wrong_is_said_at_once():
    reason = wrong(cluster="!", fence=[], lvm={"vg": "-x"})
    assert all(word in reason
               for word in ("cluster '!'", "vg '-x'", "node1 has no", "node2 has no"))


@pytest.mark.parametrize("text", [
    "", "-o", "a b", "a\nb", "--config", "$(id)", "a;b", "a/b", "..", "node1\x00", "a'b", 'a"b',
    "é"])
@pytest.mark.parametrize("check", [
    names.host, names.address, names.cluster, names.resource, names.group, names.volume, names.size,
    names.disk, names.fence_agent, names.option])
def test_no_name_becomes_an_option_or_a_second_line(check, text):
    assert check(text)


@pytest.mark.parametrize("text", ["", " x", "x\n", "a\tb", "a\nb", "\x1b[1m"])
def test_a_value_is_one_line_of_printable_text(text):
    assert names.value(text)


anything = st.recursive(st.none() | st.booleans() | st.integers() | st.text(),
                        lambda inner: st.lists(inner) | st.dictionaries(
                            st.sampled_from(sorted(set().union(
                                *answers._KEYS.values(), *storage.KEYS))), inner))


@given(anything)
def test_any_document_is_a_pair_or_said_to_be_wrong(told):
    try:
        answers.pair(told)
    except AnswersWrong as problem:
        assert problem.problems and all("\n" not in each for each in problem.problems)
