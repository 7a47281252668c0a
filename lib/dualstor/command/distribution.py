# SPDX-License-Identifier: GPL-2.0-or-later
"""The distribution of a host, from os-release(5), where it decides what can run there."""

import re

from dualstor.record import whole

#: The first Enterprise Linux without dlm_controld and without the kernel module dlm.
_NO_DLM_SINCE = 10
_EL = ("rhel", "centos", "rocky", "almalinux", "ol", "eurolinux", "virtuozzo")

OS_RELEASE = "/etc/os-release"
#: What its package installs.
DLM_CONTROLD = ("/usr/sbin/dlm_controld", "/usr/bin/dlm_controld", "/sbin/dlm_controld",
                "/usr/local/sbin/dlm_controld")


def _values(text: str) -> "dict[str, str]":
    """{name: value} of the file."""
    return {name: value.strip().strip("\"'") for name, value in
            re.findall(r"^([A-Z_]+)=(.*)$", text, re.MULTILINE)}


def without_dlm(os_release: "str | None") -> "str | None":
    """The name of a distribution that has no dlm, e.g. "Red Hat Enterprise Linux 10.0".

    :param os_release: the text of /etc/os-release; None if there is no such file
    :returns: None for all others
    """
    values = _values(os_release or "")
    before, _, word = values.get("PLATFORM_ID", "").partition("platform:el")
    number = None if before else whole(word)
    if number is None and values.get("ID") in _EL:
        number = whole(values.get("VERSION_ID", "").partition(".")[0])
    if number is None or number < _NO_DLM_SINCE:
        return None
    return f"{values.get('NAME') or 'EL'} {values.get('VERSION_ID') or number}"
