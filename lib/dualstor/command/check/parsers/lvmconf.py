# SPDX-License-Identifier: GPL-2.0-or-later
"""lvm.conf with line numbers; takes any text. ``tools.lvmconf`` reads it."""

from dualstor.command.check.parsers.where import Problem, Where
from dualstor.tools import lvmconf

TYPE_CHECKING = False   # only mypy sees what is imported there
if TYPE_CHECKING:
    from typing import Dict, Tuple, Union
    Settings = Dict[str, Tuple[Union[str, Tuple[str, ...]], Where]]


def parse(text: str, path: str) -> "tuple[Settings, tuple[Problem, ...]]":
    """({"section/key": (value, Where)}, tuple of Problems); of two the later one counts."""
    found = lvmconf.Scan(text)
    return ({each.name: (each.value, Where(path, each.line)) for each in found.settings},
            tuple(Problem(Where(path, each.line), each.text) for each in found.problems))
