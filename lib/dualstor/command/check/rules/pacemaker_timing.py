# SPDX-License-Identifier: GPL-2.0-or-later
"""Whether fencing has the time that its devices take.

Source: Pacemaker daemons/fenced/fenced_remote.c (get_device_timeout), fenced_commands.c.
"""

import re

from dualstor.command.check.rules.registry import CIB, ERROR, found, rule
from dualstor.command.check.view import fencing, pacetime
from dualstor.record import whole
from dualstor.tools import pacemaker

TYPE_CHECKING = False   # only mypy sees what is imported there
if TYPE_CHECKING:
    from dualstor.command.check.rules.registry import Findings
    from dualstor.command.check.view.cib import Cib

_TIMEOUT = ("fencing-timeout", "stonith-timeout")
_LIMIT = 60.0           # Pacemaker's default
_SPARE = 1.2            # by which Pacemaker extends it for the whole of a request
#: From this version on Pacemaker adds pcmk_delay_base to the timeout; pcmk_delay_max it always has.
_ADDS_BASE = (2, 1, 6)


def _version(cib: "Cib") -> "tuple[int, ...]":
    text = cib.option("dc-version")[0] or ""
    return tuple(whole(word) or 0 for word in re.findall(r"[0-9]+", text.partition("-")[0]))


@rule("PCMK-FENCE-TIMEOUT", ERROR, "fencing has the time that its devices take",
      why="Pacemaker kills the agent when the timeout expires and counts the request as failed: "
          "the node is never taken for fenced.",
      fix="`pcs property set {option}=...` or `pcs stonith update {device} "
          "pcmk_{action}_timeout=...`, longer than {least} s, or shorten the waits of {device}",
      scope=CIB)
def slow(cib: "Cib") -> "Findings":
    default = cib.option(*_TIMEOUT)[0]
    limit = _LIMIT if default is None else pacetime.duration(default) or _LIMIT
    action = pacemaker.action(cib.option(*reversed(pacemaker.ACTION))[0])
    option = _TIMEOUT[0] if _TIMEOUT[0] in cib.properties else _TIMEOUT[1]
    for one in fencing.devices(cib):
        values = one.parameters
        own = f"pcmk_{action}_timeout"
        given = pacetime.seconds(values.get(own))
        least = sum(pacetime.seconds(values.get(name)) or 0.0 for name in ("delay", "power_wait"))
        total = least
        if _version(cib) < _ADDS_BASE and "pcmk_delay_max" not in values:
            total += max([fencing.delay(one, node) or 0.0 for node in fencing.targets(cib, one)]
                         or [0.0]) - (pacetime.seconds(values.get("delay")) or 0.0)
        seconds = limit if given is None else given
        if least >= seconds or total >= seconds * _SPARE:
            yield found(values.where("delay", "power_wait", "pcmk_delay_base"),
                        f"{one.id} waits {max(least, total):g} s before it is done, and "
                        f"{option if given is None else own} is {seconds:g} s",
                        device=one.id, option=option, action=action, least=f"{max(least, total):g}")
