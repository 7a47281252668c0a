# SPDX-License-Identifier: GPL-2.0-or-later
"""Recognises the texts in which crm and pcs show a CIB, which are not XML."""

import re

_CRM = re.compile(r"^(?:node|primitive|ms|clone|group|colocation|location|order|property|tag|"
                  r"rsc_template|rsc_defaults|op_defaults|fencing_topology)[ :]\S*[ \w]",
                  re.MULTILINE)
_PCS = re.compile(r"^(?:Cluster Name:|Corosync Nodes:|Pacemaker Nodes:|Resources:|"
                  r"Stonith Devices:|Fencing Levels:|Location Constraints:|Ordering Constraints:|"
                  r"Cluster Properties:|pcs (?:-f \S+ )?(?:resource|stonith|property|constraint) )",
                  re.MULTILINE)


def shell(text: str) -> "str | None":
    """The shell whose text this is, with the command that prints it; None: it may be XML."""
    if text.lstrip("\ufeff \t\r\n").startswith("<"):
        return None
    if _PCS.search(text):
        return "pcs (`pcs config`)"
    return "crm (`crm configure show`)" if _CRM.search(text) else None
