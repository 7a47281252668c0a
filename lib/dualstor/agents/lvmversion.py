# SPDX-License-Identifier: GPL-2.0-or-later
"""LVM's version, as the two agents that run its commands observe it, and refuse without it."""

from dualstor.action import steps
from dualstor.errors import DualstorError, ToolMissing
from dualstor.ocf.codes import ExitCode
from dualstor.ocf.reason import Reason, Topic
from dualstor.record import Record
from dualstor.tools import lvm

TYPE_CHECKING = False       # only mypy sees what is imported there
if TYPE_CHECKING:
    from dualstor.action.engine import Agent


NO_LVM = Reason(
    "no-lvm", Topic(
        "LVM is not installed", "LVM's programs are not on this node.",
        "Install lvm2 and its lock daemon, then `crm_resource --cleanup`."),
    "{subject}: LVM cannot be run on this node ({says})",
    "install lvm2 with lvm2-lockd, or lvm2-cluster")
NO_LVM_VERSION = Reason(
    "no-lvm-version", Topic(
        "LVM does not report its version",
        "`lvm version` failed, so it is unknown which lock daemon belongs to this LVM.",
        "Run `lvm version` and fix what it complains about, usually lvm.conf."),
    "{subject}: LVM does not report its version ({says})", "run `lvm version`")


class LvmVersion(Record):
    """LVM's version; ``number`` is None where it is missing or does not answer."""

    number: "tuple[int, ...] | None" = None
    missing: bool = False
    says: str = ""

    @property
    def with_clvmd(self) -> bool:
        """Whether this LVM has clvmd and clustered VGs."""
        return self.number is not None and self.number < lvm.NO_CLVMD

    def __str__(self) -> str:
        return f"2.{self.number[1]:02d}.{self.number[2]}" if self.number else "unknown"


class Case(steps.Case):
    """What both know of LVM."""

    version: LvmVersion


def see_version(agent: "Agent") -> LvmVersion:
    """The LvmVersion on this host; nothing is raised."""
    try:
        return LvmVersion(number=lvm.version(agent.host))
    except ToolMissing as problem:
        return LvmVersion(missing=True, says=str(problem))
    except DualstorError as problem:
        return LvmVersion(says=str(problem))


def refusal(case: Case) -> "steps.Finish | None":
    """A refusal when LVM is not there or does not answer, else None."""
    version = case.version
    if version.missing:
        return case.refuse(ExitCode.ERR_INSTALLED, NO_LVM, says=version.says)
    if version.number is None:
        return case.refuse(ExitCode.ERR_GENERIC, NO_LVM_VERSION, says=version.says)
    return None
