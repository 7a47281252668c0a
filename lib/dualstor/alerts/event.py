# SPDX-License-Identifier: GPL-2.0-or-later
"""What Pacemaker passes to an alert agent, all of it in the environment.

Sources: Pacemaker Administration, "Writing an Alert Agent"; lib/lrmd/lrmd_alerts.c, where the
variables are set.
"""

from dualstor.log import printable
from dualstor.record import Record

TYPE_CHECKING = False       # only mypy sees what is imported there
if TYPE_CHECKING:
    from typing import Mapping

_LONGEST = 300      # characters of a sentence
_NAME_LIMIT = 128   # characters of a value in it

#: How an action ended: lrmd.h, enum pcmk_exec_status.
_DONE, _CANCELLED = "0", "1"
#: What a monitor says of a resource that works with less than it should have.
_DEGRADED = ("190", "191")
_UNFENCING = "on"


class Event(Record):
    """What has happened. ``text``: a sentence; ``notable``: somebody may have to do something."""

    text: str
    notable: bool = False


def recipient(environ: "Mapping[str, str]") -> str:
    """Whom this call is for; "" for nobody: the log."""
    return environ.get("CRM_alert_recipient", "")


def _node(values: "dict[str, str]") -> Event:
    """A node that has come or gone."""
    words = {"member": "has joined the cluster", "lost": "is lost to the cluster"}
    state = values["desc"]
    return Event(text=f"{values['node']} {words.get(state, f'is now {state!r}')}", notable=True)


def _fencing(values: "dict[str, str]") -> Event:
    """A fencing that has ended."""
    good = values["rc"] == "0"
    return Event(text=f"fencing of {values['node']} ({values['task']}) "
                 f"{'succeeded' if good else 'failed'}: {values['desc']}",
                 notable=not good or values["task"] != _UNFENCING)


def _resource(values: "dict[str, str]") -> "Event | None":
    """An action of a resource that has ended; None for one that was cancelled."""
    if values["status"] == _CANCELLED:
        return None
    what = f"{values['task']} of {values['rsc']} on {values['node']}"
    probe = values["task"] == "monitor" and values["interval"] in ("", "0")
    if values["status"] == _DONE and (values["rc"] == values["target_rc"] or probe):
        return Event(text=f"{what}: {values['desc'] or 'ok'}")
    if values["rc"] in _DEGRADED and values["status"] == _DONE:
        return Event(text=f"{what}: degraded ({values['rc']})")
    return Event(text=f"{what} failed: {values['desc']} ({values['rc']})", notable=True)


_KINDS = {"node": _node, "fencing": _fencing, "resource": _resource}
_NAMES = ("node", "desc", "rc", "task", "rsc", "status", "target_rc", "interval")


def parse(environ: "Mapping[str, str]") -> "Event | None":
    """The Event that an environment describes; None for a kind that is of no interest.

    :param environ: mapping of str to str, as os.environ
    """
    kind = _KINDS.get(environ.get("CRM_alert_kind", ""))
    if kind is None:
        return None
    found = kind({name: printable(environ.get("CRM_alert_" + name, "")[:_NAME_LIMIT])
                  for name in _NAMES})
    if found is None:
        return None
    when = printable(environ.get("CRM_alert_timestamp", ""))[:40]
    return found.but(text=(f"{when} {found.text}" if when else found.text)[:_LONGEST])
