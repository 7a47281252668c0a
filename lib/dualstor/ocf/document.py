# SPDX-License-Identifier: GPL-2.0-or-later
"""The metadata of an agent as installed, in the caller's version of OCF."""

import posix

TYPE_CHECKING = False       # only mypy sees what is imported there
if TYPE_CHECKING:
    from typing import Mapping

_HERE = __file__.rpartition("/")[0]

#: Where the metadata are: in the source tree and installed, relative to this directory;
#: installed, if the library is a link.
DIRECTORIES = (_HERE + "/../../../metadata", _HERE + "/../../../../../share/dualstor/metadata",
           "/usr/share/dualstor/metadata")


def find(name: str, environ: "Mapping[str, str]") -> "str | None":
    """The metadata of the agent *name* as text; None if there are none.

    OCF 1.1, but 1.0 for a caller that says it is that old (Pacemaker 1.1,
    Heartbeat) or that acts as a manager without saying which (ocf-tester).

    :param environ: the caller's environment
    """
    minor = environ.get("OCF_RA_VERSION_MINOR")
    old = minor == "0" if minor else "OCF_RESKEY_CRM_meta_timeout" in environ
    for directory in DIRECTORIES:
        try:
            number = posix.open(f"{directory}/{name}{'.ocf-1.0.xml' if old else '.xml'}",
                                posix.O_RDONLY | posix.O_CLOEXEC)
        except FileNotFoundError:
            continue
        with open(number, "rb") as stream:
            return stream.read().decode("utf-8")
    return None
