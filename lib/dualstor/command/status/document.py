# SPDX-License-Identifier: GPL-2.0-or-later
"""A Report as the JSON document of ``dualstor status --json``."""

from dualstor.command.status import screen
from dualstor.command.status.report import Silent
from dualstor.record import Record

TYPE_CHECKING = False   # only mypy sees what is imported there
if TYPE_CHECKING:
    from typing import Any

    from dualstor.command.status.advised import Advice
    from dualstor.command.status.report import DrbdReport, Report
    from dualstor.tools.pacemaker import ClusterState


def plain(value: "Any") -> "Any":
    """A value of the report as JSON has it; a Silent is {"silent": why}."""
    if isinstance(value, Silent):
        return {"silent": value.says}
    if isinstance(value, Record):
        return {name: plain(each) for name, each in value.items() if name != "rest"}
    if isinstance(value, (tuple, list)):
        return [plain(each) for each in value]
    return value


def _drbd(part: "DrbdReport | Silent") -> "Any":
    if isinstance(part, Silent):
        return plain(part)
    return {"loaded": part.loaded,
            "resources": [dict({"name": name}, state=plain(state))
                          for name, state in part.resources],
            "copies": plain(part.copies)}


def _cluster(part: "ClusterState | Silent") -> "Any":
    if isinstance(part, Silent):
        return plain(part)
    return dict(plain(part), properties=dict(part.properties))


def _open(report: "Report", identity: str) -> "list[str] | None":
    """Who has an LV open here; None where that is not known."""
    if isinstance(report.opened, Silent):
        return None
    found = dict(report.opened).get(identity)
    return None if found is None else list(found)


def _uses(report: "Report") -> "Any":
    """What is on the LVs, and where the cluster runs it."""
    if isinstance(report.standing, Silent):
        return plain(report.standing)
    instances = () if isinstance(report.cluster, Silent) else report.cluster.instances
    return [dict(plain(each), volumes=list(screen.volumes_of(report, each)), nodes=sorted(
        one.node for one in instances if one.resource == each.resource and one.node))
            for each in report.standing]


def document(report: "Report", advices: "tuple[Advice, ...]") -> "dict[str, Any]":
    """The JSON document, without its schema's name."""
    return {
        "node": report.node, "time": report.time, "quorum": plain(report.quorum),
        "cluster": _cluster(report.cluster), "fencing": plain(report.fencing),
        "drbd": _drbd(report.drbd), "locking": plain(report.locking),
        "lvm_asked": report.listed is not None,
        "volumes": [dict(zip(("vg", "lv", "id", "state", "vg_attr"), row),
                         open=_open(report, row[2])) for row in screen.volumes(report)],
        "uses": _uses(report), "constraints": plain(report.left), "holds": plain(report.holds),
        "dlm_library": plain(report.library),
        "peer": report.peer if isinstance(report.peer, dict) else plain(report.peer),
        "advice": plain(advices)}
