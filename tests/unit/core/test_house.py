# SPDX-License-Identifier: GPL-2.0-or-later
"""The house: no circle of imports among modules or rooms, so no arrow goes upwards.

A room is a package that holds only modules; a module that stands loose beside rooms counts for
itself. Imports within functions count, too. ``pytest -s`` prints the floors.
"""

import ast
import os

import pytest

from sourcetree import parsed, sources

HOUSES = [("lib", "dualstor"), ("lab", "lablib")]


def modules(folder, package):
    """{module: path} of a package below a folder of the tree."""
    found = {}
    for path in sources(os.path.join(folder, package)):
        name = os.path.relpath(path, folder)[:-len(".py")].replace(os.sep, ".")
        found[name[:-len(".__init__")] if name.endswith(".__init__") else name] = path
    return found


def imported(path, name, known):
    """The modules among *known* that the module *name* imports, wherever in it."""
    package = name if path.endswith("__init__.py") else name.rpartition(".")[0]
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in known)
        elif isinstance(node, ast.ImportFrom):
            words = package.split(".")
            above = words[:len(words) - node.level + 1] if node.level else []
            base = ".".join(above + ([node.module] if node.module else []))
            for alias in node.names:
                whole = f"{base}.{alias.name}"
                yield from (each for each in (whole if whole in known else base,) if each in known)


def arrows(known):
    """{module: the modules that it imports}."""
    return {name: {other for other in imported(path, name, known) if other != name}
            for name, path in known.items()}


def rooms(graph):
    """The same among rooms."""
    houses = {name.rpartition(".")[0].rpartition(".")[0] for name in graph if name.count(".") >= 2}

    def room(name):
        parent = name.rpartition(".")[0]
        return name if name in houses or parent in houses or not parent else parent
    found = {}
    for name, others in graph.items():
        found.setdefault(room(name), set()).update(room(other) for other in others)
    return {name: others - {name} for name, others in found.items()}


def circles(graph):
    """What is left when everything is taken away that leads to no circle."""
    left = {name: set(others) for name, others in graph.items()}
    while True:
        ends = {name for name, others in left.items() if not others & set(left)}
        if not ends:
            return {name: sorted(others & set(left)) for name, others in left.items()}
        for name in ends:
            del left[name]


def floors(graph):
    """Lists of what only stands on earlier ones."""
    left, found = dict(graph), []
    while left:
        found.append(sorted(name for name, others in left.items() if not others & set(left)))
        for name in found[-1]:
            del left[name]
    return found


@pytest.mark.parametrize("folder, package", HOUSES)
def test_there_is_no_circle_of_imports(folder, package):
    assert circles(arrows(modules(folder, package))) == {}


@pytest.mark.parametrize("folder, package", HOUSES)
def test_no_arrow_goes_upwards(folder, package):
    plan = rooms(arrows(modules(folder, package)))
    assert circles(plan) == {}
    print(f"\n{package}: {len(plan)} rooms, {sum(map(len, plan.values()))} arrows")
    for number, floor in enumerate(floors(plan)):
        print(f"  {number}  {', '.join(floor)}")


def test_a_circle_is_found():
    assert circles({"a": {"b"}, "b": {"c"}, "c": {"b"}, "d": set()}) == {
        "a": ["b"], "b": ["c"], "c": ["b"]}
