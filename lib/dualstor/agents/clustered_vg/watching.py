# SPDX-License-Identifier: GPL-2.0-or-later
"""Deciding on the watcher: one that works while the VG is started and wants it, else none.

Without it monitors do its work, so nothing about it is ever a failure of the VG.
"""

from dualstor.action.steps import Do
from dualstor.agents.clustered_vg import deeds

TYPE_CHECKING = False       # only mypy sees what is imported there
if TYPE_CHECKING:
    from dualstor.agents.clustered_vg.seen import Case


def step(case: "Case", fresh: bool = False) -> "Do | None":
    """The step to what is wanted of a VG that is started, once in an action; None if it is so.

    :param fresh: whether one that works is replaced, too: it has the parameters of its start
    """
    found = case.watcher
    if not case.parameters.watched:
        return Do(deeds.stop_watcher) if found and not case.done(deeds.stop_watcher) else None
    if found and not found.hangs and not fresh or case.done(deeds.start_watcher):
        return None
    why = "" if fresh else "hangs" if found else "is dead"
    return Do(deeds.start_watcher, (why,))
