# SPDX-License-Identifier: GPL-2.0-or-later
"""The other host, over ssh: one round trip, and nothing needs to be installed there.

The modules that read a host are sent as text in the command and imported from memory there,
by Python 3.6 or later. Nothing is written on the peer.
"""

import ast
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
    from typing import Iterable, Iterator, Mapping

    from dualstor.command.check.sources.tree import Tree

#: Seconds for the whole answer, and for the connection.
SECONDS, _CONNECT = 90.0, 10

_OURS = "dualstor."
#: The module that reads a host; those that it imports are sent with it, packages are empty.
_READER = "dualstor.command.check.sources.collect"

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
from %s import this_host
print(this_host().to_json())
"""


def _source(name: str) -> "str | None":
    """The text of one of our modules; None for a package, or for what is no module."""
    try:
        spec = importlib.util.find_spec(name)
    except (ModuleNotFoundError, AttributeError):   # the latter before Python 3.7
        return None
    if spec is None or spec.origin is None or spec.submodule_search_locations is not None:
        return None
    with open(spec.origin, encoding="utf-8") as stream:
        return stream.read()


def _imports(block: "Iterable[ast.AST]") -> "Iterator[str]":
    """Names of ours that these statements import at run time, wherever in them."""
    for node in block:
        if isinstance(node, ast.If) and getattr(node.test, "id", "") == "TYPE_CHECKING":
            yield from _imports(node.orelse)
        elif isinstance(node, ast.Import):
            yield from (each.name for each in node.names if each.name.startswith(_OURS))
        elif isinstance(node, ast.ImportFrom):
            if f"{node.module}.".startswith(_OURS):
                yield str(node.module)
                yield from (f"{node.module}.{each.name}" for each in node.names)
        else:
            yield from _imports(ast.iter_child_nodes(node))


def _carried() -> "dict[str, str]":
    """{name: text} of the reader and of all that it imports."""
    texts: "dict[str, str]" = {}
    names = {_READER}
    while names:
        name = names.pop()
        text = _source(name)
        if text is not None:
            texts[name] = text
            names |= set(_imports(ast.parse(text).body)) - set(texts)
    return texts


def program() -> str:
    """The text of the Python program that prints the Tree of the host on which it runs."""
    texts = json.dumps(_carried(), sort_keys=True)
    packed = base64.b64encode(zlib.compress(texts.encode("utf-8"), 9)).decode("ascii")
    return _BOOT % (packed, _READER)


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
