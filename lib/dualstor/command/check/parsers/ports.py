# SPDX-License-Identifier: GPL-2.0-or-later
"""Ports and ranges of ports, as firewalls write them."""

import re

from dualstor.record import whole

_RANGE = re.compile(r"^([0-9]{1,5})(?:[:-]([0-9]{1,5}))?$")


def holds(text, port):
    """Whether a list such as "22,5404:5412" or "{ 22, 5404-5412 }" holds a port.

    What is no number (a name, a set) may hold it: True.
    """
    for item in text.strip("{} ").split(","):
        match = _RANGE.match(item.strip())
        if match is None:
            return True
        if whole(match.group(1)) <= port <= whole(match.group(2) or match.group(1)):
            return True
    return False
