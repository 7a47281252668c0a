# SPDX-License-Identifier: GPL-2.0-or-later
"""Compiles an installed library for the Python that runs this, and writes its bundles.

Each kind of installation runs it as a program, with the Python that runs the agents:
``/usr/bin/python3 -I .../dualstor/bytecode.py [--remove] FOLDER [its FOLDER when installed]``.
A bundle holds the modules from which a healthy monitor starts; see dualstor.quickstart.
"""

import compileall
import contextlib
import marshal
import os
import py_compile
import sys

_ALL = (
    "log", "deadline", "record", "steps", "engine", "memory", "host", "ocf", "ocf.environment",
    "ocf.parameters", "ocf.codes", "main", "agents", "kernel")

#: The modules that a healthy monitor of each agent imports, after dualstor and dualstor.quickstart.
MODULES = {
    "drbd-dualprimary": _ALL + tuple("agents.drbd_dualprimary" + m for m in (
        "", ".decide", ".interface", ".monitor", ".published", ".quick", ".seen")) + ("kernel.drbd",),
    "clvmd": _ALL + tuple("agents.clvmd" + m for m in (
        "", ".common", ".decide", ".interface", ".monitor", ".quick", ".seen")) + (
            "kernel.dlm", "kernel.locksocket", "kernel.process"),
    "clustered-vg": _ALL + tuple("agents.clustered_vg" + m for m in (
        "", ".decide", ".interface", ".quick", ".unchanged")) + ("freshread", "kernel.dmlist"),
}


def bundle(folder, agent, shown=None):
    """The bundle of *agent* as bytes.

    :param folder: the library's, .../dualstor
    :param shown: the same where it will be installed, for tracebacks
    """
    from dualstor import quickstart
    made = {}
    for name in MODULES[agent]:
        name = "dualstor." + name
        package = os.path.isdir(quickstart.source(name, False, folder)[:-len(".py")])
        path = quickstart.source(name, package, folder)
        status = os.stat(path)
        with open(path, "rb") as stream:
            code = compile(stream.read(), quickstart.source(name, package, shown or folder),
                           "exec", dont_inherit=True, optimize=2)   # without docstrings
        made[name] = (package, int(status.st_mtime), status.st_size, code)
    return marshal.dumps(made)


def _by_time():
    """Arguments for compileall: valid by the source's time also where SOURCE_DATE_EPOCH is set.

    Checking by a hash (from Python 3.7 on) reads every source at every start.
    """
    modes = getattr(py_compile, "PycInvalidationMode", None)
    return {} if modes is None else {"invalidation_mode": modes.TIMESTAMP}


def make(folder, shown=None):
    """Write byte code and bundles of the library in *folder*; the same bytes for the same sources.

    :returns: whether all of it compiles
    """
    folder = os.path.abspath(folder)
    with contextlib.redirect_stdout(sys.stderr):    # what does not compile
        good = compileall.compile_dir(folder, ddir=shown or folder, quiet=1, force=True, **_by_time())
    if not good:
        return False
    from dualstor import quickstart
    for agent in MODULES:
        path = quickstart.place(agent, folder)
        with open(path + ".new", "wb") as stream:
            stream.write(bundle(folder, agent, shown))
        os.rename(path + ".new", path)
    return True


def remove(folder):
    """Remove what ``make`` wrote for this version of Python."""
    for base, _, names in os.walk(folder, topdown=False):
        if os.path.basename(base) != "__pycache__":
            continue
        for name in names:
            if ".%s." % sys.implementation.cache_tag in name:
                os.unlink(os.path.join(base, name))
        if not os.listdir(base):
            os.rmdir(base)


def main(argv):
    """The program; see above."""
    words = argv[1:]
    removing = words[:1] == ["--remove"]
    words = words[1:] if removing else words
    if not 1 <= len(words) <= (1 if removing else 2):
        sys.stderr.write("usage: bytecode.py [--remove] FOLDER [its FOLDER when installed]\n")
        return 2
    if removing:
        remove(words[0])
        return 0
    return 0 if make(*words) else 1


if __name__ == "__main__":
    sys.path[:0] = (os.path.dirname(os.path.dirname(os.path.abspath(__file__))),)
    sys.exit(main(sys.argv))
