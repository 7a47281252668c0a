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


SHIPPED = sorted(sources("lib")) + ["%s/%s" % (folder, name) for folder in ("bin", "drbd", "ocf")
                                    for name in sorted(os.listdir(os.path.join(TREE, folder)))]
ALL = sorted(set(SHIPPED) | set(sources("lab", "tests", "tools")))


def parsed(path):
    with open(os.path.join(TREE, path), encoding="utf-8") as stream:
        return ast.parse(stream.read())


def imports(path):
    """Top-level names of all modules that a file imports."""
    found = set()
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.Import):
            found.update(alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            found.add(node.module.split(".")[0])
    return found
