# SPDX-License-Identifier: GPL-2.0-or-later
"""Pairs of hosts for the tests of the rules: good ones, to be spoilt in one place.

The files are in tests/data/check/NAME: ``both`` and what differs in ``node1`` and ``node2``,
in the layout that ``dualstor check --root`` reads.
"""

import os
import shutil

from dualstor.command.check.judge import judge
from dualstor.command.check.sources import collect, wanted
from dualstor.command.check.view.cluster import ClusterView

_HERE = os.path.dirname(__file__)
TREE = os.path.abspath(os.path.join(_HERE, *[os.pardir] * 4))
DATA = os.path.join(TREE, "tests", "data", "check")
CIB = os.path.join(DATA, "cib.xml")
NODES = ("node1", "node2")


def lay_out(name, node, directory):
    """Put the tree of a node into *directory*, as a person would copy it."""
    for part in ("both", node):
        _merge(os.path.join(DATA, name, part), str(directory))
    return directory


def _merge(source, directory):
    """Copy a tree over another; shutil.copytree does that from Python 3.8 on."""
    os.makedirs(directory, exist_ok=True)
    for each in os.scandir(source):
        place = os.path.join(directory, each.name)
        if each.is_dir(follow_symlinks=False):
            _merge(each.path, place)
        else:
            shutil.copy2(each.path, place, follow_symlinks=False)


class Pair:
    """Two hosts and a CIB; each method changes one thing, and must find what it changes."""

    def __init__(self, trees, cib):
        self.trees = trees
        self.cib = cib
        self.engine = None

    def _change(self, field, hosts, change):
        for index in hosts:
            values = dict(getattr(self.trees[index], field))
            change(values)
            self.trees[index] = self.trees[index].but(**{field: values})
        return self

    def edit(self, path, old, new, hosts=(0, 1)):
        """Replace *old* in a file."""
        def change(files):
            assert old in files[path], f"{path} has no {old!r}"
            files[path] = files[path].replace(old, new)
        return self._change("files", hosts, change)

    def write(self, path, text, hosts=(0, 1)):
        return self._change("files", hosts, lambda files: files.update({path: text}))

    def drop(self, path, hosts=(0, 1)):
        return self._change("files", hosts, lambda files: files.pop(path))

    def kind(self, path, kind, hosts=(0, 1)):
        return self._change("paths", hosts, lambda paths: paths.update({path: kind}))

    def program(self, name, path, hosts=(0, 1)):
        return self._change("programs", hosts, lambda programs: programs.update({name: path}))

    def answer(self, name, stdout=None, returncode=0, stderr="", hosts=(0, 1), **replace):
        """Let a command say something else; ``old=..., new=...`` edits what it says."""
        def change(commands):
            text = stdout
            if replace:
                assert replace["old"] in commands[name]["stdout"]
                text = commands[name]["stdout"].replace(replace["old"], replace["new"])
            commands[name] = {"argv": name, "returncode": returncode, "stdout": text or "",
                              "stderr": stderr}
        return self._change("commands", hosts, change)

    def silence(self, name, hosts=(0, 1)):
        """Let a command not be there."""
        self._change("silent", hosts, lambda silent: silent.update({name: name + ": not found"}))
        return self._change("commands", hosts, lambda commands: commands.pop(name, None))

    def pacemaker(self, old, new, count=-1):
        """Replace *old* in the CIB."""
        assert old in self.cib, f"the CIB has no {old!r}"
        self.cib = self.cib.replace(old, new, count)
        return self

    def alone(self):
        """Only the first host."""
        del self.trees[1:]
        return self

    @property
    def cluster(self):
        return ClusterView(self.trees, (self.cib, "cib.xml") if self.cib else None, self.engine)

    def verdict(self, rules=None):
        return judge(self.cluster, rules)

    def ids(self):
        """The ids of the rules that find something."""
        return {finding.rule.id for finding in self.verdict().findings}


def _whole(tree):
    """The tree of a host of which programs and devices were seen too, all of them there."""
    paths = {path: "device" if path.startswith("/dev/") else "program" for path in tree.paths}
    paths.update({"/etc/corosync/authkey": "file", "/usr/sbin": "directory",
                  "/sys/kernel/dlm": "directory", "/run/dualstor-alert": "directory"})
    names = list(wanted.PROGRAMS) + wanted.named_programs(tree.files, "")
    return tree.but(paths=paths, programs={name: "/usr/sbin/" + name for name in names})


def _collected(name, node, tmp_path):
    return collect.copied(lay_out(name, node, str(tmp_path / name / node)))


def pair(name, tmp_path):
    """The good Pair *name*, "corosync" or "cman", as seen on hosts that have everything."""
    with open(CIB, encoding="utf-8") as stream:
        cib = stream.read()
    return Pair([_whole(_collected(name, node, tmp_path)) for node in NODES], cib)


def copied(name, tmp_path):
    """The Pair *name* as copied trees of configuration, without a CIB."""
    return Pair([_collected(name, node, tmp_path) for node in NODES], None)
