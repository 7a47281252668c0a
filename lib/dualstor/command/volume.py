# SPDX-License-Identifier: GPL-2.0-or-later
"""``dualstor volume``: what people do to volumes, done when it is true on both nodes."""

from dualstor.command.codes import ExitStatus
from dualstor.errors import DualstorError
from dualstor.volumes import ACTIVE, Done, Unfinished, Volume, Volumes

TYPE_CHECKING = False   # only mypy sees what is imported there
if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from typing import Any, Callable

    from dualstor.command.console import Console

SUMMARY = "make, grow, rename or remove volumes on both nodes"

DESCRIPTION = """\
Changes the LVs of a shared or clustered VG and returns when the change is true on every node that
is up; it names those that are down. Nothing is changed while an LV is in use that has to be unused,
or while DRBD is not connected to a peer that is up. If it is interrupted, the same command once
more finishes the change."""

CREATE, GROW, RENAME, REMOVE = "create", "grow", "rename", "remove"
EXCLUSIVE, SHARED, LIST, WAIT = "exclusive", "shared", "list", "wait"
ACTIONS = (CREATE, GROW, RENAME, REMOVE, EXCLUSIVE, SHARED, LIST, WAIT)

_TIMEOUT = 60.0


def add_arguments(parser: "ArgumentParser") -> None:
    """Declare the arguments of ``volume``."""
    parser.add_argument("action", choices=ACTIONS, help="what to do")
    parser.add_argument("volume", metavar="VG/LV", help="the volume; VG alone for list")
    parser.add_argument("words", metavar="WORD", nargs="*",
                        help="rename: the new name; create: options of lvcreate, after --")
    parser.add_argument("-L", "--size", metavar="SIZE",
                        help="create: the size, e.g. 8G; grow: +4G by that much, 12G to that")
    parser.add_argument("--exclusive", action="store_true",
                        help="create: for this node only, e.g. for a file system of one host")
    parser.add_argument("--timeout", type=float, default=_TIMEOUT, metavar="SECONDS",
                        help=f"how long to wait for the nodes ({_TIMEOUT:.0f})")


def _usage(arguments: "Namespace") -> "str | None":
    """What is wrong with the arguments; None when nothing is."""
    action, (_, slash, lv) = arguments.action, arguments.volume.partition("/")
    if action == LIST:
        return "list takes a VG" if slash else None
    if not lv or "/" in lv:
        return f"{action} takes VG/LV"
    if action in (CREATE, GROW) and not arguments.size:
        return f"{action} takes a size: -L SIZE"
    if action == RENAME and len(arguments.words) != 1:
        return "rename takes VG/LV and the new name"
    if action not in (CREATE, RENAME) and arguments.words:
        return f"{action} takes no more than VG/LV"
    return None


def _work(arguments: "Namespace", group: Volumes) -> "Callable[[], Done]":
    """What to do, as a function."""
    name = arguments.volume.partition("/")[2]
    return {
        CREATE: lambda: group.create(name, arguments.size, arguments.exclusive, arguments.words),
        GROW: lambda: group.grow(name, arguments.size),
        RENAME: lambda: group.rename(name, arguments.words[0]),
        REMOVE: lambda: group.remove(name),
        EXCLUSIVE: lambda: group.exclusive(name),
        SHARED: lambda: group.share(name),
        WAIT: lambda: group.wait(name),
    }[arguments.action]


def _listed(volumes: "tuple[Volume, ...]") -> "list[dict[str, Any]]":
    """Volumes as JSON values."""
    return [{"name": each.name, "size_bytes": each.size, "tags": list(each.tags), "nodes": [
        {"node": view.node, "state": view.state, "lock": view.mode,
         "holders": None if view.holders is None else list(view.holders)}
        for view in each.nodes]} for each in volumes]


def _show(console: "Console", volumes: "tuple[Volume, ...]") -> None:
    """A row for each LV, a column for each node."""
    nodes = [view.node for view in volumes[0].nodes] if volumes else []
    rows = []
    for each in volumes:
        cells = [" ".join(filter(None, [view.state, view.mode or "", ", ".join(
            view.holders or ())])) for view in each.nodes]
        rows.append([each.name, f"{each.size >> 20} MiB", *cells, " ".join(each.tags)])
    console.table(["LV", "SIZE", *nodes, "TAGS"], rows,
                  [None if all(view.state == ACTIVE for view in each.nodes) else "warning"
                   for each in volumes])


def run(arguments: "Namespace", console: "Console") -> ExitStatus:
    """Do one operation, or list.

    :raises DualstorError: it was refused
    """
    wrong = _usage(arguments)
    if wrong:
        console.error(wrong)
        return ExitStatus.USAGE
    vg = arguments.volume.partition("/")[0]
    try:
        group = Volumes(vg, arguments.timeout, progress=lambda text: console.error(text)
                        if console.interactive else None)
    except ValueError as problem:
        raise DualstorError(str(problem)) from problem
    if arguments.action == LIST:
        volumes = group.volumes()
        _show(console, volumes)
        console.document({"volumes": _listed(volumes)})
        return ExitStatus.OK
    try:
        done = _work(arguments, group)()
    except Unfinished as problem:
        console.error(str(problem))
        console.document({"did": problem.did, "left": problem.left})
        return ExitStatus.INCOMPLETE
    except KeyboardInterrupt:
        told = f"{group.did}; the same command again continues from here" if group.did \
            else "nothing was changed"
        console.error(f"interrupted: {told}")
        return ExitStatus.INTERRUPTED
    absent = f"; {' and '.join(done.absent)} is down" if done.absent else ""
    console.line(f"{done.did}, on {' and '.join(done.nodes)}{absent}")
    console.document({"did": done.did, "nodes": list(done.nodes), "absent": list(done.absent)})
    return ExitStatus.OK
