# SPDX-License-Identifier: GPL-2.0-or-later
"""All modules of an agent's healthy monitor from one file, where the package has made one.

Two thirds of what importing them costs is looking for each. The file is in effect
byte code, as any in __pycache__, and as long as no source of it has changed; where
it is not there or too old, modules are imported as ever. dualstor.bytecode writes it.
"""

import gc
import marshal
import posix
import sys

_TOP = "dualstor"
_HERE = __file__.rpartition("/")[0]


def place(agent, folder=_HERE, tag=sys.implementation.cache_tag):
    """Path of the file for the agent *agent* and this version of Python."""
    return "%s/__pycache__/%s.%s.bundle" % (folder, agent, tag)


def source(name, package, folder=_HERE):
    """Path of a module's source, by its full name and whether it is a package."""
    return "%s%s%s" % (folder, name[len(_TOP):].replace(".", "/"),
                       "/__init__.py" if package else ".py")


class Bundle:
    """A finder and loader (importlib.abc) of the modules in a bundle.

    :param modules: {full name: (whether a package, mtime, size of its source, code object)}
    """

    def __init__(self, modules):
        self._modules = modules

    @property
    def valid(self):
        """Whether all sources are as they were when the bundle was made."""
        for name, (package, mtime, size, _) in self._modules.items():
            status = posix.stat(source(name, package))
            if int(status.st_mtime) != mtime or status.st_size != size:
                return False
        return True

    def find_spec(self, name, _path=None, _target=None):
        """The spec of a module of the bundle, None of any other."""
        found = self._modules.get(name)
        if found is None:
            return None
        origin = source(name, found[0])
        spec = type(__spec__)(name, self, origin=origin, is_package=found[0])
        spec.has_location = True
        if found[0]:
            spec.submodule_search_locations.append(origin.rpartition("/")[0])
        return spec

    @staticmethod
    def create_module(_spec):
        """A module as usual."""
        return None

    def exec_module(self, module):
        """Run the module's code in it."""
        exec(self._modules[module.__name__][3], module.__dict__)


def use(agent):
    """Take the modules of *agent* from its bundle from now on, if there is a good one.

    :returns: whether there is
    """
    try:
        number = posix.open(place(agent), posix.O_RDONLY | posix.O_CLOEXEC)
        try:
            data = part = posix.read(number, 1 << 20)
            while part:
                part = posix.read(number, 1 << 20)
                data += part
        finally:
            posix.close(number)
        bundle = Bundle(marshal.loads(data))
        if not bundle.valid:
            return False
    except (OSError, ValueError, EOFError, TypeError, AttributeError):
        return False
    sys.meta_path.insert(0, bundle)
    return True


def run(agent):
    """The executable of the agent *agent*; does not return."""
    gc.disable()    # an action is over before garbage would matter
    use(agent)
    from dualstor.main import script
    script(agent)
