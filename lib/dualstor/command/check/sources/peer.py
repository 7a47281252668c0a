# SPDX-License-Identifier: GPL-2.0-or-later
"""The other host, over ssh: one round trip, and nothing needs to be installed there.

The modules that read a host travel as text in the command and are imported from memory
there, by Python 3.6 or later. Nothing is written on the peer.
"""

import base64
import importlib.util
import json
import os
import zlib

from dualstor.command.check.sources.tree import from_json
from dualstor.errors import DualstorError, ToolError
from dualstor.host.run import run

#: Seconds for the whole answer, and for the connection alone.
SECONDS, _CONNECT = 90.0, 10

#: What travels, in no order; packages are made of nothing.
_MODULES = (
    "dualstor.record", "dualstor.errors", "dualstor.log", "dualstor.host.run", "dualstor.host", "dualstor.host.host",
    "dualstor.host.deadline", "dualstor.host.memory", "dualstor.host.files", "dualstor.ocf.codes", "dualstor.tools.lvm",
    "dualstor.tools.lvm_messages", "dualstor.tools.lvmconf",
    "dualstor.command.check.sources.tree", "dualstor.command.check.sources.wanted",
    "dualstor.command.check.sources.answers", "dualstor.command.check.sources.collect")

_BOOT = """
import base64, importlib.abc, importlib.util, json, sys, zlib
TEXTS = json.loads(zlib.decompress(base64.b64decode("%s")).decode())
class Carried(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    def find_spec(self, name, path, target=None):
        package = any(known.startswith(name + ".") for known in TEXTS)
        if package or name in TEXTS:
            return importlib.util.spec_from_loader(name, self, is_package=package)
    def create_module(self, spec):
        return None
    def exec_module(self, module):
        exec(compile(TEXTS.get(module.__name__, ""), module.__name__, "exec"), module.__dict__)
sys.meta_path.insert(0, Carried())
from dualstor.command.check.sources.collect import this_host
print(this_host().to_json())
"""


def _source(name):
    with open(importlib.util.find_spec(name).origin, encoding="utf-8") as stream:
        return stream.read()


def program():
    """The text of the Python program that prints the Tree of the host it runs on."""
    texts = json.dumps({name: _source(name) for name in _MODULES})
    packed = base64.b64encode(zlib.compress(texts.encode("utf-8"), 9)).decode("ascii")
    return _BOOT % packed


def command(host):
    """The ssh command line; what the remote shell gets to see is one quoted word."""
    return ("ssh", "-o", "BatchMode=yes", "-o", f"ConnectTimeout={_CONNECT}", "-T", "--", host,
            f"exec python3 -IS -c '{program()}'")


def _agent(environ):
    """The variable by which ssh finds the caller's keys; the runner passes nothing on by itself."""
    return {name: environ[name] for name in ("SSH_AUTH_SOCK",) if name in environ}


def look(host):
    """The Tree of the peer.

    :param host: as ssh takes it: a name or USER@NAME
    :raises DualstorError: it cannot be reached, or has no Python 3.6
    """
    source = f"peer {host}"
    if host.startswith("-"):
        raise DualstorError(f"--peer {host}: not the name of a host")
    try:
        done = run(command(host), SECONDS, environment=_agent(os.environ))
    except ToolError as problem:
        raise DualstorError(f"{source}: ssh {str(problem).rpartition(': ')[2]}")
    if not done.ok:
        raise DualstorError(f"{source}: ssh: {done.complaint()}; try `ssh {host} true`: it must "
                            "work without a password, and python3 must be there")
    return from_json(done.stdout, source)
