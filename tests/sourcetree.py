# SPDX-License-Identifier: GPL-2.0-or-later
"""The tree's own source files, for tests of rules that hold for all of it."""

import ast
import os

TREE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def sources(*folders):
    """Paths of the Python files below the folders, relative to the tree."""
    for folder in folders:
        for base, _, names in os.walk(os.path.join(TREE, folder)):
            for name in names:
                if name.endswith(".py"):
                    yield os.path.relpath(os.path.join(base, name), TREE)


SHIPPED = sorted(sources("lib")) + [f"{folder}/{name}" for folder in ("alerts", "bin", "drbd", "ocf")
                                    for name in sorted(os.listdir(os.path.join(TREE, folder)))]
ALL = sorted(set(SHIPPED) | set(sources("lab", "tests", "tools")))


def parsed(path):
    with open(os.path.join(TREE, path), encoding="utf-8") as stream:
        return ast.parse(stream.read())


def for_mypy(node):
    """Whether a node is an ``if TYPE_CHECKING:``, whose body no interpreter runs."""
    return isinstance(node, ast.If) and isinstance(node.test, ast.Name) \
        and node.test.id == "TYPE_CHECKING"


def run(node):
    """The nodes below *node* that an interpreter runs; what only mypy reads is left out."""
    for below in node.orelse if for_mypy(node) else ast.iter_child_nodes(node):
        yield below
        yield from run(below)


def imports(path):
    """Top-level names of all modules that a file imports at run time."""
    found = set()
    for node in run(parsed(path)):
        if isinstance(node, ast.Import):
            found.update(alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            found.add(node.module.split(".")[0])
    return found
