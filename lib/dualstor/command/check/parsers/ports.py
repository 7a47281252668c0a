# SPDX-License-Identifier: GPL-2.0-or-later
"""Ports and port ranges, as firewalls write them."""

import re

from dualstor.record import whole

_RANGE = re.compile(r"^([0-9]{1,5})(?:[:-]([0-9]{1,5}))?$")


def holds(text: str, port: int) -> bool:
    """Whether a list such as "22,5404:5412" or "{ 22, 5404-5412 }" has a port.

    Something else than a number (a name, a set) may have it: True.
    """
    for item in text.strip("{} ").split(","):
        match = _RANGE.match(item.strip())
        if match is None:
            return True
        low, high = whole(match.group(1)), whole(match.group(2) or match.group(1))
        if low is not None and high is not None and low <= port <= high:
            return True
    return False
