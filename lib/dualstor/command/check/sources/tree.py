# SPDX-License-Identifier: GPL-2.0-or-later
"""What was seen of one host: files, programs and answers of commands, as plain values.

The same whether it was read from this host, from the peer or from a copied tree, and
as JSON what the peer sends and what ``--record`` writes.
"""

import json

from dualstor.errors import DualstorError
from dualstor.record import Record

#: The version of the JSON form.
FORMAT = "dualstor.tree/1"


class Tree(Record):
    """One host. All mappings have text as keys.

    ``files``: path -> text, of those that are there; ``unreadable``: path -> why.
    ``paths``: path -> "file", "program", "directory", "device", or "" (not there).
    ``aliases``: path of a device -> its other names, separated by blanks.
    ``programs``: name -> path, "" where it is not installed; a name may be missing.
    ``commands``: name -> {"argv", "returncode", "stdout", "stderr"};
    ``silent``: name of a command -> why it gave no answer.
    """

    name: str
    source: str
    files: dict
    unreadable: dict
    paths: dict
    aliases: dict
    programs: dict
    commands: dict
    silent: dict

    def to_json(self):
        """The tree as JSON text."""
        return json.dumps(dict(self.items(), format=FORMAT), sort_keys=True)


_ANSWER = {"argv": str, "returncode": int, "stdout": str, "stderr": str}


def _hold_text(tree):
    """Raise ValueError unless all values are of the types that Tree says."""
    good = isinstance(tree.name, str)
    for field in Tree.fields[2:]:
        for value in getattr(tree, field).values():
            if field == "commands":
                good = good and {key: type(part) for key, part in value.items()} == _ANSWER
            else:
                good = good and isinstance(value, str)
    if not good:
        raise ValueError("a value is of another type")


def from_json(text, source):
    """The Tree of its JSON text.

    :param source: where the text comes from, for errors and reports
    :raises DualstorError: it is something else
    """
    try:
        values = json.loads(text)
        if values.pop("format") != FORMAT:
            raise ValueError("another format")
        tree = Tree(**dict(values, source=source))
        _hold_text(tree)
        return tree
    except (ValueError, TypeError, KeyError, AttributeError) as problem:
        raise DualstorError(f"{source}: not a recorded tree of this version ({problem})")
