# SPDX-License-Identifier: GPL-2.0-or-later
"""A Report as one screen of text."""

from dualstor import recipes
from dualstor.agents.clustered_vg.interface import EXCLUSIVE_TAG, LEAVING_TAG
from dualstor.command.status.advised import ERROR, WARNING
from dualstor.command.status.report import Silent
from dualstor.tools.lvuses import GUEST

TYPE_CHECKING = False   # only mypy sees what is imported there
if TYPE_CHECKING:
    from typing import Sequence

    from dualstor.command.console import Console
    from dualstor.command.status.advised import Advice
    from dualstor.command.status.report import Report
    from dualstor.kernel.drbd import State
    from dualstor.tools.lvuses import Standing

_STYLES = {ERROR: "error", WARNING: "warning"}


def _clock(seconds: int) -> str:
    return f"{seconds // 3600}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"


def _label(console: "Console", label: str, text: str, style: "str | None" = None) -> None:
    console.pieces((f"{label:<10}", "title"), (text, style))


def _cluster(console: "Console", report: "Report") -> None:
    quorum, cluster = report.quorum, report.cluster
    if isinstance(quorum, Silent):
        _label(console, "Cluster", quorum.says, "warning")
    else:
        good = quorum.quorate
        _label(console, "Cluster", quorum.says, "good" if good else "error")
    if isinstance(cluster, Silent):
        _label(console, "Pacemaker", cluster.says, "warning")
        return
    for node in cluster.nodes:
        words = [word for word, there in (
            ("LOST, NOT FENCED", node.unclean), ("joining", node.pending),
            ("standby", node.standby), ("maintenance", node.maintenance)) if there]
        words = words or ["online" if node.online else "OFFLINE"]
        dc = ", coordinator" if node.name == cluster.dc else ""
        _label(console, "", f"{node.name} {', '.join(words)}{dc}",
               "good" if words == ["online"] else "warning")


def _fencing(console: "Console", report: "Report") -> None:
    fencing = report.fencing
    if isinstance(fencing, Silent):
        _label(console, "Fencing", fencing.says, "warning")
        return
    words = {True: "enabled", False: "DISABLED", None: "not known"}[fencing.enabled]
    pending, last = [event for event in fencing.events if event.pending], fencing.last
    text = f"{words}; pending: {', '.join(e.target for e in pending) or 'none'}"
    if fencing.waits:
        text += f"; the fence domain waits for {fencing.waits}"
    bad = pending or fencing.waits or not fencing.enabled
    _label(console, "Fencing", text, "error" if bad else "good")
    if last:
        when = f" at {last.completed}" if last.completed else ""
        _label(console, "", f"last: {last.action} of {last.target} {last.status}{when}")


def _links(state: "State", number: int) -> "list[tuple[str, str, str]]":
    """(role, connection, disk) of each peer of a volume, the last of these rows with remarks."""
    causes = f" ({', '.join(state.causes)})" if state.causes else ""
    remarks = [f", writes suspended{causes}"] if state.suspended else []
    if not state.volumes[number].quorum:
        remarks.append(", no quorum")
    several = len(state.peers) > 1
    found = [(peer.role, (f"{peer.name} " if several else "") + peer.cstate,
              "no disk" if peer.client else peer.dstates[number]) for peer in state.peers]
    role, cstate, disk = found.pop() if found else ("?", "no peer", "?")
    return [*found, (role, cstate + "".join(remarks), disk)]


def _drbd(console: "Console", report: "Report") -> None:
    drbd = report.drbd
    if isinstance(drbd, Silent):
        _label(console, "DRBD", drbd.says, "warning")
        return
    if not drbd.loaded:
        _label(console, "DRBD", "kernel module not loaded", "error")
        return
    rows, styles, bars = [], [], []
    for name, state in drbd.resources:
        if state is None or isinstance(state, Silent):
            rows.append((name, "not up" if state is None else state.says, "", "", ""))
            styles.append("error")
            continue
        nodes = [peer for peer in state.peers if not peer.client]
        good = state.connected and state.up_to_date and state.primary and state.quorate and \
            all(dstate == "UpToDate" for peer in nodes for dstate in peer.dstates)
        for number, volume in enumerate(state.volumes):
            for link in _links(state, number):
                rows.append((f"{name}/{volume.number}", state.role, *link[:2],
                             f"{volume.dstate}/{link[2]}"))
                styles.append("good" if good else "warning")
            if volume.resync is not None:
                note = "" if volume.left is None else f"{_clock(volume.left)} left"
                bars.append((f"{name}/{volume.number} resync", volume.resync / 100.0, note))
    here, there = report.node, report.other
    console.table(("DRBD", here, there, "connection", f"disks {here}/{there}"), rows, styles)
    for bar in bars:
        console.progress(*bar)


def _locking(console: "Console", report: "Report") -> None:
    locking = report.locking
    if isinstance(locking, Silent):
        _label(console, "Locking", locking.says, "warning")
        return
    text = locking.daemon or "no lock daemon"
    if locking.daemon:
        trouble = locking.problem or locking.silence
        if locking.stuck:
            text += f" (pid {locking.pid}, state {locking.state})"
        text += " does not run" if locking.dead else (
            f" does not answer: {trouble}" if trouble else " answers")
    if locking.waits:
        text += f"; dlm waits for {locking.waits}"
    _label(console, "Locking", text, "good" if locking.works else "error")
    notes = {True: "", False: " (recovering)", None: " (?)"}
    words = [space.name + notes[space.recovered] for space in locking.lockspaces]
    _label(console, "", f"lockspaces: {', '.join(words) or 'none'}")


def _peer_modes(report: "Report") -> "dict[str, str] | None":
    """{LV id: state} of the other node, from its own document; None when it was not asked."""
    if not isinstance(report.peer, dict):
        return None
    return {each["id"]: each["state"] for each in report.peer.get("volumes") or ()}


def volumes(report: "Report") -> "tuple[tuple[str, str, str, str, str], ...]":
    """Rows (vg, lv, id, state here, group's attr) of all LVs that are known.

    The state is "sh" or "ex", lvmlockd's mode; "active" where the mode is not known;
    "suspended", or "-" for one that is not active here.
    """
    active = () if isinstance(report.active, Silent) else report.active
    listed = report.listed if isinstance(report.listed, tuple) else ()
    modes = {} if isinstance(report.locking, Silent) else dict(report.locking.modes or ())
    found = {each.id: (each.vg, each.lv, each.id, "-", each.vg_attr) for each in listed}
    for each in active:
        state = "suspended" if each.suspended else modes.get(each.id, "active")
        attr = found[each.id][4] if each.id in found else ""
        found[each.id] = (each.vg, each.lv, each.id, state, attr)
    return tuple(sorted(found.values()))


def _told(report: "Report", vg: str, lv: str) -> str:
    """The state of an LV on the other node, by what that has published."""
    listed = report.listed if isinstance(report.listed, tuple) else ()
    known = any((each.vg, each.lv) == (vg, lv) for each in listed
                if not {EXCLUSIVE_TAG, LEAVING_TAG} & set(each.tags))
    if known and not isinstance(report.published, Silent):
        for group, node, said in report.published:
            if group == vg and node == report.other and said.sequence is not None:
                return "-" if lv in said.lacking else "active"
    return "?"


def _volumes(console: "Console", report: "Report") -> None:
    rows, there = volumes(report), _peer_modes(report)
    if isinstance(report.active, Silent):
        _label(console, "LVs", report.active.says, "warning")
    shown = [(f"{vg}/{lv}", state,
              _told(report, vg, lv) if there is None else there.get(identity, "-"),
              {"s": "shared", "c": "clustered"}.get(attr[5:6], "?"))
             for vg, lv, identity, state, attr in rows]
    if shown:
        console.table(("LV", report.node, report.other, "VG"), shown,
                      ["good" if row[1] in ("sh", "active", "ex") else "warning" for row in shown])
        if isinstance(report.peer, Silent):
            console.line(f"--peer: {report.peer.says}", "warning")
        elif any(row[2] == "?" for row in shown):
            console.line(f"?: known only there; dualstor status --peer {report.other}",
                         "dim")
    else:
        _label(console, "LVs", "none is known to be active here")
    if isinstance(report.listed, Silent):
        _label(console, "", f"LVM: {report.listed.says}", "warning")
    elif report.listed is None:
        _label(console, "", "LVM was not asked: its commands would hang", "warning")


def _resources(console: "Console", report: "Report") -> None:
    cluster = report.cluster
    if isinstance(cluster, Silent) or not cluster.instances:
        return
    nodes = [node.name for node in cluster.nodes]
    rows, styles = [], []
    for resource in sorted({each.resource for each in cluster.instances}):
        on = {each.node: each for each in cluster.instances if each.resource == resource}
        rows.append([resource] + [
            (on[node].role or "?") + (" FAILED" if on[node].failed else "") if node in on else "-"
            for node in nodes])
        styles.append("error" if any(each.failed or each.blocked for each in on.values())
                      else None)
    console.table(["Resource"] + nodes, rows, styles)


def _cell(report: "Report", each: "Standing", role: "str | None", node: str) -> str:
    """Where a use is, on a node: the cluster's word, and the kernel's on this one."""
    word = role or "-"
    if node != report.node:
        return word
    here = "runs" if each.kind == GUEST else "mounted"
    if each.here:
        return f"{word}, {here}"
    return f"{word}, not {'running' if each.kind == GUEST else here}" if role else word


def volumes_of(report: "Report", each: "Standing") -> "tuple[str, ...]":
    """The LVs of a use, of a guest those that its process has open here."""
    if each.kind != GUEST or each.pid is None or isinstance(report.opened, Silent) \
            or isinstance(report.active, Silent):
        return each.volumes
    names = {active.id: f"{active.vg}/{active.lv}" for active in report.active}
    return tuple(names[identity] for identity, who in report.opened
                 if identity in names and any(word.endswith(f"[{each.pid}]") for word in who))


def _standing(console: "Console", report: "Report") -> None:
    """What is on the LVs, and where."""
    cluster = report.cluster
    if isinstance(cluster, Silent) or isinstance(report.standing, Silent) or not report.standing:
        return
    nodes = [node.name for node in cluster.nodes]
    rows, styles = [], []
    for each in report.standing:
        on = {one.node: one.role for one in cluster.instances if one.resource == each.resource}
        rows.append([each.resource, each.kind, ", ".join(volumes_of(report, each)) or "?",
                     each.place, *(_cell(report, each, on.get(node), node) for node in nodes)])
        styles.append("warning" if each.here != bool(on.get(report.node)) else "good")
    console.line()
    console.table(["On LVs", "kind", "LV", "at", *nodes], rows, styles)


def show(console: "Console", report: "Report", advices: "Sequence[Advice]") -> None:
    """Print the screen.

    :param advices: what advice.advise made of the Report
    """
    console.line(f"{report.node}, {report.time}", "title")
    for part in (_cluster, _fencing, _drbd, _locking, _volumes, _standing, _resources):
        if part in (_drbd, _volumes, _resources):
            console.line()
        part(console, report)
    console.heading("What to do now")
    if not advices:
        console.line("Nothing: all is well.", "good")
    for number, each in enumerate(advices, 1):
        console.pieces((f"{number}. ", None),
                       (f"{each.what}.", _STYLES.get(each.severity)))
        console.line(f"   Do: {each.do}{':' if each.parts else '.'}")
        for line in recipes.lines(each.parts):
            console.line(f"   {line}")
