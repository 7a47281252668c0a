# SPDX-License-Identifier: GPL-2.0-or-later
"""What an answer may be. All of it ends up in files and on command lines.

Each function returns None when the text is valid, else what is wrong with it, as the end of
a sentence. Sources: hostname(7), ipaddress, lvm(8), drbd.conf(5), cluster.rng of cman.
"""

import ipaddress
import re

from dualstor.agents.clustered_vg.interface import is_group_name
from dualstor.alerts.place import is_address
from dualstor.kernel.drbd import is_resource_name

_HOST_LABEL = re.compile(r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?\Z")
_ID = re.compile(r"[A-Za-z][A-Za-z0-9_.-]*\Z")       # what an id in the CIB may be everywhere
_CLUSTER = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,14}\Z")
_DISK = re.compile(r"/dev/[A-Za-z0-9/_.:+=@%-]+\Z")
_AGENT = re.compile(r"fence_[a-z0-9_]+\Z")
_OPTION = re.compile(r"[A-Za-z][A-Za-z0-9_-]*\Z")
_PATH = re.compile(r"(/[A-Za-z0-9_][A-Za-z0-9_.+-]*)+\Z")
_SIZE = re.compile(r"[1-9][0-9]*[MGTmgt]\Z|[1-9][0-9]?%(FREE|VG)\Z|100%(FREE|VG)\Z")

_SYSTEM = ("bin", "boot", "dev", "etc", "lib", "lib64", "proc", "run", "sbin", "sys", "usr")

#: Ids that the cluster's configuration has itself.
TAKEN = ("locking", "dlm", "lvm-lock-daemon")


def host(text: str) -> "str | None":
    """A node's name."""
    if len(text) > 253 or not all(_HOST_LABEL.match(label) for label in text.split(".")):
        return "is no host name: letters, digits and hyphens, as `uname -n` prints on that node"
    if not text.strip(".0123456789"):
        return "is a number: expected the name that `uname -n` prints on the node"
    return None


def address(text: str) -> "str | None":
    """An IP address."""
    try:
        found = ipaddress.ip_address(text)
    except ValueError:
        return "is no IP address: names are not taken, they may resolve to something else later"
    if "%" in text or found.is_loopback or found.is_unspecified or found.is_multicast:
        return "is no address at which the other node can reach it"
    return None


def cluster(text: str) -> "str | None":
    """The cluster's name; cman and dlm take 15 characters."""
    return None if _CLUSTER.match(text) else \
        "is no cluster name: a letter, then at most 14 letters, digits, hyphens or underscores"


def resource(text: str) -> "str | None":
    """A DRBD resource's name, which is also the cluster's id of it."""
    if not is_resource_name(text) or not _ID.match(text):
        return "is no name for a DRBD resource: a letter, then letters, digits, `_`, `.` or `-`"
    return _not_taken(text)


def group(text: str) -> "str | None":
    """A volume group's name, which is also the cluster's id of it."""
    if not is_group_name(text) or not _ID.match(text):
        return "is no name for a volume group: a letter, then letters, digits, `_`, `.` or `-`"
    return _not_taken(text)


def _not_taken(text: str) -> "str | None":
    if text in TAKEN or text.startswith("fence-") or text.endswith("-clone"):
        return "is a name that the cluster's configuration uses for something else"
    return None


def volume(text: str) -> "str | None":
    """A logical volume's name (lvm(8), VALID NAMES)."""
    from dualstor.kernel.devmapper import reserved
    if not is_group_name(text) or reserved(text) or text.startswith(("snapshot", "pvmove")):
        return "is no name for a logical volume"
    return None


def size(text: str) -> "str | None":
    """A size for lvcreate."""
    return None if _SIZE.match(text) else "is no size: e.g. 10G, 500M or 100%FREE"


def amount(text: str) -> "str | None":
    """A size of an LV that is made while others are there."""
    return "is no size: e.g. 10G or 500M" if size(text) or "%" in text else None


def use(text: str) -> "str | None":
    """The name of a use, which is also the cluster's id of it."""
    return _not_taken(text) if _ID.match(text) else \
        "is no name for a resource of the cluster: a letter, then letters, digits, `_`, `.` or `-`"


def mountpoint(text: str) -> "str | None":
    """The directory on which a file system is mounted."""
    if not _PATH.match(text):
        return "is no path of a directory: begin it with /, without blanks and without . and .."
    if text.split("/")[1] in _SYSTEM:
        return "is in a directory of the system: choose another, e.g. below /srv"
    return None


def domain_file(text: str) -> "str | None":
    """The path of a libvirt domain's file that libvirt does not read by itself."""
    if not _PATH.match(text) or not text.endswith(".xml"):
        return "is no path of a file: begin it with / and end it with .xml"
    if text.startswith("/etc/libvirt/"):
        return "is in libvirt's own directory: the domain would be defined on both nodes, and " \
               "libvirt could start it on both; e.g. /etc/pacemaker/NAME.xml"
    return None


def mail(text: str) -> "str | None":
    """To whom mail is sent."""
    return None if is_address(text) else "is no mail address: e.g. root or ops@example.org"


def disk(text: str) -> "str | None":
    """The path of a disk."""
    if not _DISK.match(text) or ".." in text.split("/") or "//" in text:
        return "is no path of a device: give it with /dev/"
    return None


def fence_agent(text: str) -> "str | None":
    """A fence agent; some only pretend to fence."""
    if not _AGENT.match(text):
        return "is no fence agent: their names begin with fence_, see `stonith_admin -I`"
    if text in ("fence_manual", "fence_ack_manual", "fence_dummy", "fence_pcmk"):
        return "fences nothing: name the agent of a real device, e.g. fence_ipmilan"
    return None


def option(text: str) -> "str | None":
    """The name of an agent's option or of a cluster property."""
    return None if _OPTION.match(text) else "is no name of an option"


def value(text: str) -> "str | None":
    """The value of an agent's option or of a cluster property: one line of printable text."""
    if not text or not text.isprintable() or text != text.strip():
        return "is no value: one line of text without blanks at its ends"
    return None
