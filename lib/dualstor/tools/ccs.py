# SPDX-License-Identifier: GPL-2.0-or-later
"""ccs_config_validate of cman 3: whether cluster.conf is what cman takes.

Texts and exit codes: cluster STABLE3 config/tools/xml/ccs_config_validate.in: xmllint's code
(3: it does not validate, 1: it is no XML), 255 when it could not be checked at all.
"""

from dualstor.record import Record

TIMEOUT = 15.0      # it may build the schema from the fence agents first

_VALIDATE = ("ccs_config_validate",)
_CONCLUSIONS = ("Configuration validates", "Configuration fails to validate")
_NOT_CHECKED = 255


class Validation(Record):
    """``ok`` is None when it could not be checked; ``problems`` are lines, line numbers in them."""

    ok: bool
    problems: tuple = ()
    says: str = ""


def validate(host, path=None, timeout=TIMEOUT):
    """The Validation of the cluster's configuration, or of the file *path* alone.

    :raises ToolMissing, ToolHung: as Host.run
    """
    completed = host.run(_VALIDATE + (("-f", path) if path else ()), timeout)
    lines = tuple(l.strip() for l in (completed.stdout + completed.stderr).splitlines() if l.strip())
    problems = tuple(l for l in lines if l not in _CONCLUSIONS)
    if completed.returncode == _NOT_CHECKED or completed.returncode < 0:
        return Validation(ok=None, problems=problems, says=completed.complaint())
    if completed.ok:
        return Validation(ok=True)
    return Validation(ok=False, problems=problems,
                      says=problems[0] if problems else completed.complaint())
