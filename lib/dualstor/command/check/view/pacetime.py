# SPDX-License-Identifier: GPL-2.0-or-later
"""Times as Pacemaker reads them.

Sources: Pacemaker lib/common/strings.c (pcmk__parse_ms, pcmk_parse_interval_spec; 1.1:
lib/common/utils.c, crm_get_msec), lib/common/iso8601.c (crm_time_parse_duration); tried with
crm_simulate 2.1.5. A timeout is a number and a unit; only an interval or a delay may be an ISO
8601 duration: of timeout="PT2M" Pacemaker makes its default.
"""

import re

from dualstor.record import whole

#: What Pacemaker makes of a timeout that is not set or not valid.
DEFAULT_TIMEOUT = 20.0

#: By their first letters, in this order: Pacemaker takes "2minutes", too.
_UNITS = (("ms", 0.001), ("us", 0.000001), ("s", 1.0), ("m", 60.0), ("h", 3600.0))
_ELEMENTS = (("Y", 365 * 86400.0), ("M", 30 * 86400.0), ("W", 7 * 86400.0), ("D", 86400.0))
_CLOCK = (("H", 3600.0), ("M", 60.0), ("S", 1.0))


def seconds(text: "str | None") -> "float | None":
    """A timeout in seconds; None if it is not one. What is behind a decimal point is ignored."""
    match = re.match(r"^\s*([0-9]{1,12})[0-9.]*\s*([A-Za-z]*)", text or "")
    number = whole(match.group(1)) if match else None
    if match is None or number is None:
        return None
    unit, rest = match.group(2).lower(), (text or "")[match.end():]
    if not unit:
        return None if rest.strip() else number * 1.0
    return next((number * factor for start, factor in _UNITS if unit.startswith(start)), None)


def duration(text: "str | None") -> "float | None":
    """An interval or a delay in seconds: as a timeout, or an ISO 8601 duration; None: neither."""
    if not (text or "").startswith("P"):
        return seconds(text)
    total: "float | None" = None
    units = dict(_ELEMENTS)
    word = re.split(r"[/\s]", (text or "")[1:])[0]
    while word:
        if word.startswith("T"):
            units, word = dict(_CLOCK), word[1:]
            continue
        match = re.match(r"^([0-9]{1,9})(?:\.[0-9]+)?([A-Z])", word)
        factor = units.get(match.group(2)) if match else None
        if match is None or factor is None:
            return None
        total = (total or 0.0) + (whole(match.group(1)) or 0) * factor
        word = word[match.end():]
    return total
