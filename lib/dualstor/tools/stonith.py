# SPDX-License-Identifier: GPL-2.0-or-later
"""stonith_admin: which nodes were fenced, when, and how that ended; and a request to fence one.

Format: Pacemaker xml/api/fence-event-*.rng (2.x, ``--output-as=xml``); stonith_admin(8).
"""

from dualstor.errors import ParseError, ToolFailed
from dualstor.host.deadline import QUERY
from dualstor.record import Record
from dualstor.tools import pacemaker, xmltext

TYPE_CHECKING = False   # only mypy sees what is imported there
if TYPE_CHECKING:
    from dualstor.host.host import Host

_COMMAND = ("stonith_admin", "--history")
_XML = "--output-as=xml"
_KNOWN = ("target", "action", "status", "client", "origin", "delegate", "completed")


class FenceEvent(Record):
    """One request to fence a node; ``status`` is "success", "failed" or "pending"."""

    target: str
    action: str
    status: str
    client: "str | None" = None
    origin: "str | None" = None     # the node that asked
    delegate: "str | None" = None   # the node that did it; None while nobody has
    completed: "str | None" = None  # time as printed; None while it is pending
    rest: "tuple[tuple[str, str], ...]" = ()  # (attribute, value) of further attributes

    @property
    def pending(self) -> bool:
        """Whether it has not come to an end."""
        return self.status == "pending"


def parse_history(text: str) -> "tuple[FenceEvent, ...]":
    """The FenceEvents in the XML of ``stonith_admin --history``, as a tuple in its order.

    :raises ParseError: it is cut off, or another document
    """
    source = " ".join(_COMMAND)
    root = xmltext.parse(source, text)
    if root.tag != "pacemaker-result":
        raise ParseError(source, root.tag, "expected <pacemaker-result>")
    events = []
    for element in root.iter("fence_event"):
        values = dict(element.attrib)
        lacking = [name for name in ("target", "action", "status") if not values.get(name)]
        if lacking:
            raise ParseError(source, f"fence_event {sorted(values.items())}",
                             f"no {lacking[0]}")
        rest = tuple(sorted(item for item in values.items() if item[0] not in _KNOWN))
        events.append(FenceEvent(rest=rest, **{n: values[n] for n in _KNOWN if n in values}))
    return tuple(events)


def history(host: "Host", node: str = "*", timeout: float = QUERY) -> "tuple[FenceEvent, ...]":
    """The FenceEvents of a node ("*": of all), the latest first as Pacemaker lists them.

    :raises ToolFailed: Pacemaker is down, or does not know the option
    """
    completed = host.run(_COMMAND + (node, _XML), timeout)
    if not completed.ok:
        raise ToolFailed(completed)
    return parse_history(completed.stdout)


def fence(host: "Host", node: str, action: str, timeout: "float | None" = None) -> None:
    """Have the cluster fence a node, and return when it has.

    Pacemaker makes one of equal requests, its own among them, as long as they are under way.
    For the fence-peer handler only: no agent asks for this.

    :param action: pacemaker.REBOOT or OFF
    :raises ToolFailed: it was not fenced, or Pacemaker is down
    :raises ToolMissing, ToolHung: as Host.run
    """
    option = "--fence" if action == pacemaker.OFF else "--reboot"
    completed = host.run(("stonith_admin", option, node), timeout)
    if not completed.ok:
        raise ToolFailed(completed)
