# SPDX-License-Identifier: GPL-2.0-or-later
"""Where answers come from: a TOML file, and options, which take precedence."""

from dualstor.command.configure.reader import AnswersWrong
from dualstor.errors import DualstorError

TYPE_CHECKING = False   # only mypy sees what is imported there
if TYPE_CHECKING:
    from typing import Any, Callable


#: Of DRBD's resources, what an option sets for all of them.
_SAME = {"version", "first_sync"}


def _toml() -> "tuple[Callable[[str], Any], type[Exception]]":
    """(a function from text to dict, its error) of the first TOML library there is."""
    from importlib import import_module
    for name in ("tomllib", "tomli", "toml"):
        try:
            module = import_module(name)
        except ImportError:
            continue
        return module.loads, getattr(module, "TOMLDecodeError", None) or module.TomlDecodeError
    raise DualstorError("this Python has no TOML reader: install tomli or toml (python3-tomli, "
                        "python3-toml), or give the answers as options")


def read_file(path: str) -> "dict[str, Any]":
    """The answers in a file, as nested dicts.

    :raises DualstorError: it cannot be read, is no TOML, or no library reads TOML
    """
    loads, error = _toml()
    try:
        with open(path, encoding="utf-8") as stream:
            return loads(stream.read())
    except (OSError, UnicodeDecodeError) as problem:
        raise DualstorError(f"{path} cannot be read: {problem}") from problem
    except error as problem:
        raise DualstorError(f"{path} is no TOML: {problem}") from problem


def _words(text: str, first: "tuple[str, str]") -> "dict[str, Any]":
    """{key: value} of ``A=B,key=value,...``; *first* are the names of A and B."""
    head, *rest = text.split(",")
    left, equals, right = head.partition("=")
    if not equals:
        raise AnswersWrong([f"{text!r}: expected {'='.join(first).upper()}"])
    found = {first[0]: left, first[1]: right}
    for word in rest:
        key, equals, value = word.partition("=")
        if not equals:
            raise AnswersWrong([f"{word!r} in {text!r}: expected NAME=VALUE"])
        found[key] = value
    return found


def parse_node(text: str) -> "dict[str, Any]":
    """The answers of ``NAME=ADDRESS[,replication=ADDRESS][,disk=PATH]``."""
    return _words(text, ("name", "address"))


def parse_fence(text: str) -> "dict[str, Any]":
    """The answers of ``NODE=AGENT[,delay=SECONDS][,OPTION=VALUE]...``."""
    found = _words(text, ("node", "agent"))
    fence: "dict[str, Any]" = {key: found.pop(key) for key in ("node", "agent", "delay")
                               if key in found}
    return dict(fence, options=found)


def merged(file: "dict[str, Any]", options: "dict[str, Any]") -> "dict[str, Any]":
    """The answers of *file*, overridden by those of *options*; lists are replaced whole.

    What is the same for all of the file's DRBD resources gets into each of them.

    :raises AnswersWrong: an option is for one resource, and the file has a list of them
    """
    whole = dict(file)
    for key, value in options.items():
        known = whole.get(key)
        if isinstance(value, dict) and isinstance(known, list):
            own = sorted(set(value) - _SAME)
            if own:
                raise AnswersWrong([f"--{name}: the file has a list of {key}, each with its own"
                                    for name in own])
            value = [dict(each, **value) if isinstance(each, dict) else each for each in known]
        elif isinstance(value, dict):
            value = dict(known if isinstance(known, dict) else {}, **value)
        whole[key] = value
    return whole


def parse_property(text: str) -> "tuple[str, str]":
    """The (name, value) of ``NAME=VALUE``."""
    name, equals, value = text.partition("=")
    if not equals:
        raise AnswersWrong([f"{text!r}: expected NAME=VALUE"])
    return name, value
