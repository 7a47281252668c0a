# SPDX-License-Identifier: GPL-2.0-or-later
"""What LVM's lines on stderr mean, as far as an agent acts on it.

Texts: LVM2 2.02.84 to 2.03.39, lib/locking/{cluster_locking,lvmlockd}.c,
lib/cache/lvmcache.c, tools/{toollib,vgchange,lvchange}.c.
"""

import re

from dualstor.errors import shown
from dualstor.record import Record

TYPE_CHECKING = False   # only mypy sees what is imported there
if TYPE_CHECKING:
    from typing import Iterable

#: Kinds that pass: the same command may be run again.
TRANSIENT = frozenset(("starting", "held"))

#: Kinds that make a result worthless whatever the exit code says.
UNSAFE = frozenset(("local locking",))

#: Kinds that say nothing of their own: consequences of another line.
CONSEQUENCE = frozenset(("consequence", "warning", "unlocked reading"))

#: (kind, pattern), compiled when there is a line: LVM rarely has anything to say.
_KINDS = (
    ("starting", r"lock start in progress|lockspace is starting"),
    ("elsewhere", r"LV locked by other host: (?P<name>\S+)"),
    ("elsewhere", r"Volume is busy on another node"),
    ("other mode", r"Error locking on node (?:UNKNOWN )?(?P<name>[^:\s]+): "
                   r"Device or resource busy"),
    ("held", r"held by other host|Retrying \S+ (global )?lock|Can't get lock"
             r"|Resource temporarily unavailable"),
    ("local locking", r"Falling back to local file-based locking|Locking disabled\. Be careful"),
    ("clustered", r"Skipping clustered volume group (?P<name>\S+)"),
    ("clustered", r"(?:Cannot access|Skipping) clustered VG (?P<name>[^\s.]\S*?)\.?(?:\s|$)"),
    ("peer lacks clvmd", r"clvmd not running on node (?P<name>\S+)"),
    ("no manager", r"lock manager \S+ is not running|Start a lock manager"),
    ("no daemon", r"connect\(\) failed on local socket|Internal cluster locking initialisation"
                  r"|lvmlockd process is not running|lvmlockd connect failed"
                  r"|check that lvmlockd is running|lvmlockd is not (running|enabled)"
                  r"|lvmlockd not available|requires lvmlockd|Using lock start and lock stop"),
    ("not started", r"lockspace is inactive|check that global lockspace is started"
                    r"|lockspace not found or started"),
    ("locks remain", r"stop failed: LVs must first be deactivated"),
    ("incompatible", r"already locked with incompatible mode: (?P<name>\S+)"),
    ("unshareable", r"Shared activation not compatible with LV type \S* ?of (?P<name>\S+)"),
    ("failed lock", r"due to failed lock|lock failed|Global lock failed"
                    r"|Unable to obtain global lock|cluster request failed"),
    ("same size", r"matches existing size"),
    ("duplicate", r"Found duplicate PV (?P<uuid>\S+): using (?P<name>\S+) not (?P<other>\S+)"),
    ("duplicate", r"Not using (?:lvmetad |)device (?P<name>\S+) for PV (?P<uuid>\S+?)\.?$"),
    ("duplicate", r"PV (?P<uuid>\S+) prefers device (?P<name>\S+) because"),
    ("duplicate", r"PVs appear on duplicate devices"),
    ("open", r"Logical volume (?P<name>\S+) (?:is )?(?:in use|used by another device)"
             r"|contains a filesystem in use|with [0-9]+ open logical volume"),
    ("open", r"LV (?P<name>\S+) in use: not deactivating"),     # 2.02.84
    ("exported", r"Volume group \"?(?P<name>[^\s\"]+)\"? is exported"),
    ("foreign", r"Cannot access VG (?P<name>\S+) with system ID"),
    ("no group", r"Volume group \"?(?P<name>[^\s\"]+)\"? (?:is )?not found"),
    ("no volume", r"Failed to find logical volume \"?(?P<name>[^\s\"]+)\"?"),
    ("no volume", r"specified logical volume\(s\) not found"),  # an older LVM names none
    ("missing PV", r"Couldn't find device with uuid|is missing PV|Refusing activation of partial"
                   r"|VG \S+ is incomplete|Couldn't find all physical volumes"),
    ("unlocked reading", r"Reading VG \S+ without a lock|Reading without shared global lock"),
    ("consequence", r"Failed to (?:lock|unlock) logical volume|Cannot process volume group"
                    r"|Volume Groups with the clustered attribute will be inaccessible"
                    r"|specified logical volume\(s\) cannot be found"),
    ("warning", r"^WARNING:|leaked on|Configuration setting"),
)


_HALF = 5000    # lines at each end of a flood; a line takes some 10 us


class Message(Record):
    """One line; ``kind`` as above, "other" when it is not known.

    ``name`` is the VG, LV, device or node it is about, ``uuid`` the PV's.
    """

    kind: str
    text: str
    name: "str | None" = None
    uuid: "str | None" = None
    other: "str | None" = None


def _message(line: str) -> "Message":
    for kind, pattern in _KINDS:
        match = re.search(pattern, line)
        if match:
            return Message(kind=kind, text=line, **match.groupdict())
    return Message(kind="other", text=line)


def classify(text: str) -> "tuple[Message, ...]":
    """The Messages in the text that an LVM command wrote on stderr, as a tuple.

    A line that is repeated counts once, of a long one the beginning counts, and of a flood
    the first and last lines: the time it takes is no part of the action's deadline.
    """
    lines = list(dict.fromkeys(shown(line) for line in text.splitlines()))
    if len(lines) > 2 * _HALF:
        lines = lines[:_HALF] + lines[-_HALF:]
    return tuple(_message(line) for line in lines if line)


def kinds(messages: "Iterable[Message]") -> "frozenset[str]":
    """The set of kinds among *messages*."""
    return frozenset(m.kind for m in messages)
