# SPDX-License-Identifier: GPL-2.0-or-later
"""The other host, over ssh: one round trip, and nothing needs to be installed there.

The modules that read a host are sent as text in the command and imported from memory there,
by Python 3.6 or later. Nothing is written on the peer.
"""

import base64
import importlib.util
import json
import os
import zlib

from dualstor.command.check.sources.tree import from_json
from dualstor.errors import DualstorError, ToolError
from dualstor.host.run import run

TYPE_CHECKING = False   # only mypy sees what is imported there
if TYPE_CHECKING:
    from typing import Mapping

    from dualstor.command.check.sources.tree import Tree

#: Seconds for the whole answer, and for the connection.
SECONDS, _CONNECT = 90.0, 10

#: What is sent, in no order; packages are empty.
_MODULES = (
    "dualstor.record", "dualstor.errors", "dualstor.log", "dualstor.host.run",
    "dualstor.host.host", "dualstor.host.deadline", "dualstor.host.memory", "dualstor.host.files",
    "dualstor.ocf.codes", "dualstor.tools.lvm", "dualstor.tools.lvm_messages",
    "dualstor.tools.lvmconf", "dualstor.tools.keyed",
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


def _source(name: str) -> str:
    spec = importlib.util.find_spec(name)
    assert spec is not None and spec.origin is not None
    with open(spec.origin, encoding="utf-8") as stream:
        return stream.read()


def program() -> str:
    """The text of the Python program that prints the Tree of the host on which it runs."""
    texts = json.dumps({name: _source(name) for name in _MODULES})
    packed = base64.b64encode(zlib.compress(texts.encode("utf-8"), 9)).decode("ascii")
    return _BOOT % packed


def command(host: str) -> "tuple[str, ...]":
    """The ssh command line; the remote shell sees one quoted word."""
    return ("ssh", "-o", "BatchMode=yes", "-o", f"ConnectTimeout={_CONNECT}", "-T", "--", host,
            f"exec python3 -IS -c '{program()}'")


def _agent(environ: "Mapping[str, str]") -> "dict[str, str]":
    """The variable by which ssh finds the caller's keys; the runner passes on no others."""
    return {name: environ[name] for name in ("SSH_AUTH_SOCK",) if name in environ}


def look(host: str) -> "Tree":
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
        raise DualstorError(f"{source}: ssh {str(problem).rpartition(': ')[2]}") from problem
    if not done.ok:
        raise DualstorError(f"{source}: ssh: {done.complaint()}; try `ssh {host} true`: it must "
                            "work without a password, and python3 must be installed there")
    return from_json(done.stdout, source)
