# SPDX-License-Identifier: GPL-2.0-or-later
"""What was read from one host: files, programs and output of commands, as plain values.

It is the same for this host, the peer and a copied tree; as JSON it is what the peer sends and
what ``--record`` writes.
"""

import json

from dualstor.errors import DualstorError
from dualstor.record import Record

TYPE_CHECKING = False   # only mypy sees what is imported there
if TYPE_CHECKING:
    from typing import TypedDict  # novm

    class Answer(TypedDict):
        """What a command said."""

        argv: str
        returncode: int
        stdout: str
        stderr: str

#: The version of the JSON form.
FORMAT = "dualstor.tree/1"


class Tree(Record):
    """One host. All mappings have text as keys.

    ``files``: path -> text, of those that exist; ``unreadable``: path -> why.
    ``paths``: path -> "file", "program", "directory", "device", "link", or "" (nothing).
    ``aliases``: path of a device -> its other names, separated by blanks.
    ``programs``: name -> path, "" if it is not installed; a name may be missing.
    ``silent``: name of a command -> why there is no output.
    """

    name: str
    source: str
    files: "dict[str, str]"
    unreadable: "dict[str, str]"
    paths: "dict[str, str]"
    aliases: "dict[str, str]"
    programs: "dict[str, str]"
    commands: "dict[str, Answer]"
    silent: "dict[str, str]"

    def stdout(self, name: str) -> str:
        """stdout of a command; "" if there is no output."""
        return self.commands[name]["stdout"] if name in self.commands else ""

    def to_json(self) -> str:
        """The tree as JSON text."""
        return json.dumps(dict(self.items(), format=FORMAT), sort_keys=True)


_ANSWER = {"argv": str, "returncode": int, "stdout": str, "stderr": str}


def _check_types(tree: Tree) -> None:
    """Raise ValueError unless all values are of the types that Tree declares."""
    good = isinstance(tree.name, str)
    for texts in (tree.files, tree.unreadable, tree.paths, tree.aliases, tree.programs,
                  tree.silent):
        good = good and all(isinstance(text, str) for text in texts.values())
    for answer in tree.commands.values():
        good = good and {key: type(part) for key, part in answer.items()} == _ANSWER
    if not good:
        raise ValueError("a value is of another type")


def from_json(text: str, source: str) -> Tree:
    """The Tree in a JSON text.

    :param source: where the text comes from, for errors and reports
    :raises DualstorError: it is something else
    """
    try:
        values = json.loads(text)
        if values.pop("format") != FORMAT:
            raise ValueError("another format")
        tree = Tree(**dict(values, source=source))
        _check_types(tree)
        return tree
    except (ValueError, TypeError, KeyError, AttributeError) as problem:
        raise DualstorError(f"{source}: not a recorded tree of this version "
                            f"({problem})") from problem
