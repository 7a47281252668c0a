# SPDX-License-Identifier: GPL-2.0-or-later
"""For which DRBD the resource's file is written: the one of this host, unless the answers say.

The file of one version is refused by the tools of another: options have moved.
"""

from dualstor.command.configure.storage import DEFAULT_VERSION, version_of
from dualstor.errors import DualstorError
from dualstor.kernel import drbd
from dualstor.record import Record, whole
from dualstor.tools import drbdadm

TYPE_CHECKING = False   # only mypy sees what is imported there
if TYPE_CHECKING:
    from typing import Any, Iterable

    from dualstor.host.host import Host

_VERSION = "/sys/module/drbd/version"
_HOSTNAME = "/proc/sys/kernel/hostname"


class Decided(Record):
    """The version as ``--drbd`` takes it, and how it was decided."""

    version: str
    how: str


class Module(Record):
    """DRBD's kernel module on this host: its version, e.g. "9.2.18", and who says so."""

    version: str
    source: str

    @property
    def choice(self) -> str:
        """Its version as ``--drbd`` takes it: "8.3", "8.4", "9"."""
        major, _, rest = self.version.partition(".")
        return major if (whole(major) or 0) > 8 else f"{major}.{rest.partition('.')[0]}"


def module(host: "Host") -> "Module | None":
    """The Module that is loaded, else the one that drbdadm finds; None when there is none."""
    try:
        kernel = drbd.read(host)
        if kernel is not None:
            return Module(version=kernel.version, source="/proc/drbd")
        text = (host.read(_VERSION) or "").strip()
        if text:
            return Module(version=text, source=_VERSION)
        found = drbdadm.version(host).kernel
        return None if found is None else Module(version=".".join(map(str, found)),
                                                 source="drbdadm --version")
    except DualstorError:
        return None


def _is_node(host: "Host", names: "Iterable[object]") -> bool:
    """Whether this host is one of these nodes."""
    own = (host.read(_HOSTNAME) or "").strip().partition(".")[0]
    return bool(own) and own in [f"{name}".partition(".")[0] for name in names]


def decide(answers: "dict[str, Any]", host: "Host", here: bool) -> Decided:
    """For which DRBD the file is to be written.

    :param answers: nested dicts, whatever is in them
    :param here: whether it will be written on this host
    :raises DualstorError: the answers say another one than this node has
    """
    wanted, nodes = version_of(answers.get("drbd")), answers.get("nodes")
    found = module(host)
    if found is None:
        how = "as the answers say" if wanted else \
            "assumed, as this host has no DRBD: --drbd says which one the nodes have"
        return Decided(version=wanted or DEFAULT_VERSION, how=how)
    says = f"{found.source} has {found.version}"
    if wanted in (None, found.choice):
        return Decided(version=found.choice, how=says)
    names = [each.get("name") for each in nodes if isinstance(each, dict)] \
        if isinstance(nodes, list) else []
    if here or _is_node(host, names):
        raise DualstorError(
            f"the answers are for DRBD {wanted}, but {says} on this host, which would refuse the "
            "file: leave --drbd and version out, or install the other DRBD first")
    return Decided(version=wanted, how=f"as the answers say; {says} here, but this is no node")
