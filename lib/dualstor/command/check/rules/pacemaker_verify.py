# SPDX-License-Identifier: GPL-2.0-or-later
"""What Pacemaker itself says of the running configuration.

Format: crm_verify(8); 2.x prints ``(FUNCTION) <tab>error: TEXT``, 1.1 ``   error: FUNCTION: TEXT``.
"""

import re

from dualstor.command.check.parsers.where import Where
from dualstor.command.check.rules.registry import ERROR, WARNING, found, rule

TYPE_CHECKING = False   # only mypy sees what is imported there
if TYPE_CHECKING:
    from typing import Iterator

    from dualstor.command.check.rules.registry import Findings
    from dualstor.command.check.view.host import HostView

_COMMAND = "crm-verify"
_WORDS = re.compile(r"^\s*(?:\([A-Za-z_0-9:@.]+\)\s*)?(error|warning)\s*:\s*"
                    r"(?:[a-z_0-9]+:\s+)?(.+)$", re.MULTILINE)
_FIX = "fix what it names; `crm_verify --live-check -V` must then be silent"
_LONGEST, _MOST = 300, 20


def _said(host: "HostView", wanted: str) -> "Iterator[str]":
    """What it says that is of that kind.

    :raises Unavailable: it was not run, or Pacemaker does not run here
    """
    answer = host.answer(_COMMAND)
    words = [(kind, text.strip()[:_LONGEST])
             for kind, text in _WORDS.findall(f"{answer['stderr']}\n{answer['stdout']}")]
    if not words:
        host.output(_COMMAND)
    yield from list(dict.fromkeys(text for what, text in words if what == wanted))[:_MOST]


@rule("PCMK-VERIFY", ERROR, "Pacemaker finds no error in its configuration",
      why="What Pacemaker calls an error it ignores or replaces by a default.", fix=_FIX)
def errors(host: "HostView") -> "Findings":
    for text in _said(host, "error"):
        yield found(Where(host.answer(_COMMAND)["argv"]), text)


@rule("PCMK-VERIFY-WARNING", WARNING, "Pacemaker warns of nothing in its configuration",
      why="Pacemaker warns of what will not work as it is written, or not in its next version.",
      fix=_FIX)
def warnings(host: "HostView") -> "Findings":
    for text in _said(host, "warning"):
        yield found(Where(host.answer(_COMMAND)["argv"]), text)
