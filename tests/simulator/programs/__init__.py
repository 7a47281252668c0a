# SPDX-License-Identifier: GPL-2.0-or-later
"""The programs an agent may run, by name.

Each is a function of a Call that returns the exit code, or a generator that
yields the seconds it takes (or waits) between its steps; whoever runs it lets
that time pass. Output goes to ``call.out`` and ``call.err``.
"""

import functools
import os
import types

from simulator.state import CLVMD, LVMLOCKD

_PROGRAMS = {}

#: Programs that come with cman, or are of a corosync too new for it; programs that only one
#: generation has; all others are in both.
_OF_CMAN = ("cman_tool", "fence_tool", "fence_node", "group_tool", "ccs_config_validate")
_NOT_WITH_CMAN = ("corosync-cmapctl",)
_ONLY = {"clvmd": CLVMD, "cmirrord": CLVMD, "lvmlockd": LVMLOCKD, "lvmlockctl": LVMLOCKD}


def program(*names):
    """Decorator: the function is the program of these names."""
    def register(function):
        for name in names:
            _PROGRAMS[name] = function
        return function
    return register


def names(cluster):
    """The programs that nodes of a cluster have, sorted."""
    return _names(cluster.generation, cluster.has_cman)


@functools.lru_cache(maxsize=None)
def _names(generation, has_cman):
    _load()
    return tuple(sorted(n for n in _PROGRAMS if _ONLY.get(n, generation) == generation
                  and n not in (_NOT_WITH_CMAN if has_cman else _OF_CMAN)))


@functools.lru_cache(maxsize=None)
def _load():
    from simulator.programs import (clvmd, cman, corosync, devmapper, dlm, drbd, groups,  # noqa
                                    lockd, lvm, pacemaker, system)


class Call:
    """One run of a program.

    ``world`` is a function that returns the present Cluster: the state may
    have been read anew after each pause.
    """

    def __init__(self, argv, world, node_name, environment=None):
        self.argv = list(argv)
        self.name = os.path.basename(argv[0])
        self.args = list(argv[1:])
        self._world = world
        self._node_name = node_name
        self.environment = dict(environment or {})
        self.stdout, self.stderr = [], []
        self.lower = None           # the device that LVM alone may use (--config); None: as configured
        self.unkillable = False     # it waits in the kernel: not even SIGKILL ends it

    @property
    def cluster(self):
        return self._world()

    @property
    def node(self):
        return self.cluster.nodes[self._node_name]

    @property
    def peer(self):
        return self.cluster.peer(self.node)

    def write_err(self, text):
        """Print on stderr without ending the line."""
        self.stderr.append(text)

    def out(self, text):
        """Print a line."""
        self.stdout.append(text + "\n")

    def err(self, text):
        """Print a line on stderr."""
        self.stderr.append(text + "\n")

    def flag(self, *names):
        """Whether one of the options is there; it is taken out."""
        found = False
        for name in names:
            while name in self.args:
                self.args.remove(name)
                found = True
        return found

    def value(self, *names):
        """The value of an option (``-o X``, ``--opt X``, ``--opt=X``, ``-oX``), taken out; or None."""
        for name in names:
            for number, word in enumerate(self.args):
                if word == name and number + 1 < len(self.args):
                    found = self.args[number + 1]
                    del self.args[number:number + 2]
                    return found
                if word.startswith(name + "=") or (
                        len(name) == 2 and word.startswith(name) and len(word) > 2):
                    del self.args[number]
                    return word[len(name):].lstrip("=")
        return None


def steps(call):
    """The program of *call* as a generator that returns the exit code."""
    _load()
    function = _PROGRAMS[call.name]
    result = function(call)
    if isinstance(result, types.GeneratorType):
        result = yield from result
    return result or 0
