# SPDX-License-Identifier: GPL-2.0-or-later
"""docs/architecture.md is a map of the whole house, and names nothing that is gone."""

import os
import re

from sourcetree import TREE
from unit.docs import markdown

PAGE = markdown.read("docs/architecture.md")
MAP = markdown.blocks(PAGE)[0].text


def folders(*path):
    """Names of the folders there, without what git is told to leave alone."""
    ignored = {line.strip("/") for line in markdown.read(".gitignore").splitlines()} | {".git"}
    there = os.path.join(TREE, *path)
    return {name for name in os.listdir(there)
            if os.path.isdir(os.path.join(there, name)) and name not in ignored}


def map_paths():
    """The paths that the map names at the beginning of its lines, from the top of the tree."""
    found = []
    for line in MAP.splitlines():
        head = re.match(r"( {0,2})(\S+/(?:  ?\S+/)*|(?:\S+\.py ?)+)(?: |$)", line)
        if head is None:
            continue
        names = head.group(2).split()
        found += [("lib/dualstor/" if head.group(1) else "") + name for name in names]
    return found


def test_what_the_map_names_is_there():
    paths = map_paths()
    assert len(paths) > 30
    assert [path for path in paths if not os.path.exists(os.path.join(TREE, path))] == []


def test_each_top_level_folder_is_on_the_map():
    assert folders() - {path.split("/")[0] for path in map_paths()} == set()


def test_each_package_and_module_of_the_library_is_on_the_map():
    library = os.path.join(TREE, "lib", "dualstor")
    for base, folders, files in os.walk(library):
        if "__init__.py" not in files:
            continue
        for name in folders:
            if os.path.exists(os.path.join(base, name, "__init__.py")):
                assert name + "/" in MAP, os.path.join(base, name)
    for name in os.listdir(library):
        if name.endswith(".py") and name != "__init__.py":
            assert name in MAP, name


def test_each_folder_of_tests_is_on_the_map():
    assert {name for name in folders("tests") if f"tests/{name}/" not in MAP} == set()
