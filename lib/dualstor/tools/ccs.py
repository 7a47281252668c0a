# SPDX-License-Identifier: GPL-2.0-or-later
"""ccs_config_validate of cman 3: whether cluster.conf is what cman takes.

Texts and exit codes: cluster STABLE3 config/tools/xml/ccs_config_validate.in: xmllint's code
(3: it does not validate, 1: it is no XML), 255 when cman cannot load it, or there is none.
"""

import re

from dualstor.errors import shown
from dualstor.host.deadline import Share
from dualstor.record import Record

TYPE_CHECKING = False   # only mypy sees what is imported there
if TYPE_CHECKING:
    from dualstor.host.host import Host

TIMEOUT = Share(15.0)   # it may build the schema from the fence agents first

_VALIDATE = ("ccs_config_validate",)
_CONCLUSIONS = ("Configuration validates", "Configuration fails to validate")
_NOT_LOADED = "Unable to get the configuration"
_NO_FILE = "I/O warning"
_GENERAL = "failed to validate content"         # what xmllint says of the elements around a fault
_NOT_CHECKED = 255          # with a line that says why, if the file is there and wrong
_PLACE = re.compile(r"[^\s:]+:[0-9]+: ")     # file and line, of xmllint


class Validation(Record):
    """``ok`` is None when it could not be checked; ``problems`` are lines, line numbers in them."""

    ok: "bool | None"
    problems: "tuple[str, ...]" = ()
    says: str = ""


def validate(host: "Host", path: "str | None" = None, timeout: float = TIMEOUT) -> "Validation":
    """The Validation of the cluster's configuration, or of the file *path* alone.

    :raises ToolMissing, ToolHung: as Host.run
    """
    completed = host.run(_VALIDATE + (("-f", path) if path else ()), timeout)
    said = completed.stdout + completed.stderr
    lines = tuple(shown(line) for line in said.splitlines() if line.strip())
    problems = tuple(line.strip() for line in lines if line not in _CONCLUSIONS)
    if completed.ok and _CONCLUSIONS[0] in lines:
        return Validation(ok=True)
    unknown = completed.returncode <= 0 or completed.returncode == _NOT_CHECKED and \
        all(line == _NOT_LOADED or line.startswith(_NO_FILE) for line in problems)
    return Validation(ok=None if unknown else False, problems=problems,
                      says=_telling(problems) or completed.complaint())


def _telling(problems: "tuple[str, ...]") -> "str | None":
    """Of what was said the line that says most; None: none says more than that it failed."""
    specific = [line for line in problems if line != _NOT_LOADED]
    placed = [line for line in specific if _PLACE.match(line)]
    precise = [line for line in placed if not line.endswith(_GENERAL)]
    return next(iter(precise or placed or specific), None)
