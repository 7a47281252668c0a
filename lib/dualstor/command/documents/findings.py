# SPDX-License-Identifier: GPL-2.0-or-later
"""docs/findings.md, rendered from the rules; ``make docs`` writes it."""

import re

from dualstor.command.check.rules import rules

_HEAD = """\
<!-- Made from the rules by: make docs -->
# What `dualstor check` finds

Each finding has an id that does not change. An **error** loses data or keeps the storage from
starting; a **warning** will cause trouble one day; a **note** is good to know and does not count.
Words in capitals stand for values that the finding names.
"""

_AREAS = {"files": "Files", "drbd": "DRBD", "lvm": "LVM", "cman": "cman (cluster.conf)",
          "corosync": "corosync (corosync.conf)", "dlm": "dlm", "quorum": "Quorum",
          "firewall": "Firewall", "ports": "Ports", "boot": "Boot and shutdown",
          "pacemaker": "Pacemaker",
          "libvirt": "libvirt", "packages": "Packages and kernel"}


def _text(text: str) -> str:
    """Text for Markdown, in which ``<`` outside code does not begin an element."""
    parts = re.split(r"(`[^`]*`)", text)
    return "".join(part if part.startswith("`") else part.replace("<", "\\<") for part in parts)


def render() -> str:
    """The page as Markdown."""
    lines, area = [_HEAD], ""
    for rule in rules():
        if rule.area != area:
            area = rule.area
            lines.append(f"## {_AREAS[area]}\n")
        lines.append(f"### {rule.id}\n")
        lines.append(f"*{rule.severity}.* Expected: {_text(rule.title)}.\n")
        lines.append(f"{_text(rule.why)}\n")
        lines.append(f"What to do: {_text(rule.fix_with({}))}.\n")
    return "\n".join(lines)
