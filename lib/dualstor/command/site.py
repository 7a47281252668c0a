# SPDX-License-Identifier: GPL-2.0-or-later
"""What a site has decided: /etc/dualstor.toml (docs/check.md)."""

from dualstor.command import toml
from dualstor.errors import DualstorError
from dualstor.record import Record

TYPE_CHECKING = False   # only mypy sees what is imported there
if TYPE_CHECKING:
    from typing import Any

PATH = "/etc/dualstor.toml"


class Site(Record):
    """The settings. ``ignore``: ids of findings that `dualstor check` does not report."""

    ignore: "tuple[str, ...]" = ()


def _ids(value: "Any", path: str) -> "tuple[str, ...]":
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        raise DualstorError(f"{path}: ignore in [check] is not a list of ids in quotes")
    return tuple(value)


def parse(text: str, path: str = PATH) -> Site:
    """The Site in a text.

    :raises DualstorError: it is not TOML, or has what is no setting
    """
    values = toml.parse(text, path)
    check = values.pop("check", {})
    odd = sorted(values) or sorted(set(check) - {"ignore"} if isinstance(check, dict)
                                   else ["check"])
    if odd:
        raise DualstorError(f"{path}: no such setting: {', '.join(odd)}; [check] has ignore")
    return Site(ignore=_ids(check.get("ignore", []), path))


def read(path: "str | None" = None) -> Site:
    """The Site of this host; an empty one without a file.

    :param path: another file than PATH
    :raises DualstorError: the file cannot be read
    """
    path = path or PATH
    try:
        with open(path, encoding="utf-8") as stream:
            return parse(stream.read(), path)
    except FileNotFoundError:
        return Site()
    except (OSError, UnicodeDecodeError) as problem:
        raise DualstorError(f"{path}: {getattr(problem, 'strerror', None) or problem}") from problem
