# SPDX-License-Identifier: GPL-2.0-or-later
"""A typed view of the environment in which a cluster manager calls an agent.

Sources: OCF resource agent API 1.1; Pacemaker, lib/pengine/pe_notif.c and
lib/services. Every value may be missing, empty or nonsense (people call
agents by hand); nothing in here raises.
"""

from dualstor.ocf.reason import LIMIT
from dualstor.record import Record, whole

TYPE_CHECKING = False       # only mypy sees what is imported there
if TYPE_CHECKING:
    from typing import Iterable, Mapping

_META = "OCF_RESKEY_CRM_meta_"
_DEFAULT_TIMEOUT = 20.0  # seconds; Pacemaker's own default-action-timeout
_LONGEST_TIMEOUT = 24 * 3600.0

#: First CRM feature set whose Pacemaker knows the results 190 and 191.
_DEGRADED_SINCE = (3, 9)
#: First CRM feature set whose Pacemaker keeps an exit reason of any length (3.0.2).
_ANY_LENGTH_SINCE = (3, 20, 5)
#: First CRM feature set with promoted/unpromoted roles and crm_attribute --promotion.
_PROMOTED_SINCE = (3, 10)

#: Meta attributes of clones. Pacemaker sets some for each instance of one, whatever is configured.
_OF_CLONES = ("clone", "clone_max", "clone_node_max", "promotable", "promoted_max",
              "promoted_node_max", "master_max", "master_node_max", "notify", "interleave",
              "ordered", "globally_unique")

_TRUE = frozenset(("yes", "true", "1", "y", "on", "ja"))
_FALSE = frozenset(("no", "false", "0", "n", "off", "nein"))


def boolean(text: str) -> "bool | None":
    """True or False for the usual words in any case, None for anything else."""
    word = text.strip().lower()
    if word in _TRUE:
        return True
    if word in _FALSE:
        return False
    return None


def _whole(text: "str | None") -> "int | None":
    """A non-negative int, or None; blanks around it are ignored."""
    return whole((text or "").strip())


class Notification(Record):
    """What a notify action is about; the tuples hold names of nodes."""

    type: str            # "pre" or "post"
    operation: str       # "start", "stop", "promote" or "demote"
    start: "tuple[str, ...]" = ()
    stop: "tuple[str, ...]" = ()
    promote: "tuple[str, ...]" = ()
    demote: "tuple[str, ...]" = ()
    active: "tuple[str, ...]" = ()
    promoted: "tuple[str, ...]" = ()
    unpromoted: "tuple[str, ...]" = ()


class Environment:
    """The caller's environment.

    :param environ: as os.environ
    """

    def __init__(self, environ: "Mapping[str, str]") -> None:
        self._environ = environ

    def _get(self, name: str) -> "str | None":
        return self._environ.get(name) or None

    def _meta(self, *names: str) -> "str | None":
        for name in names:
            value = self._get(_META + name)
            if value is not None:
                return value
        return None

    def parameter(self, name: str) -> "str | None":
        """The text of an instance parameter, None when unset or empty."""
        return self._get("OCF_RESKEY_" + name)

    @property
    def instance(self) -> str:
        """Id of the resource instance; the agent's type when called by hand."""
        return self._get("OCF_RESOURCE_INSTANCE") or self._get("OCF_RESOURCE_TYPE") or "unnamed"

    @property
    def resource(self) -> str:
        """Id of the resource without the ``:N`` of a unique clone's instance."""
        head, colon, number = self.instance.rpartition(":")
        return head if colon and whole(number) is not None else self.instance

    @property
    def timeout(self) -> float:
        """Seconds the whole action may take (CRM_meta_timeout is in ms)."""
        milliseconds = _whole(self._meta("timeout"))
        if not milliseconds:
            return _DEFAULT_TIMEOUT
        return min(milliseconds / 1000.0, _LONGEST_TIMEOUT)

    @property
    def interval(self) -> float:
        """Seconds between recurring calls; 0.0 when not recurring or unknown."""
        return (_whole(self._meta("interval")) or 0) / 1000.0

    @property
    def check_level(self) -> int:
        """OCF_CHECK_LEVEL; 0 when unset or nonsense."""
        return _whole(self._get("OCF_CHECK_LEVEL")) or 0

    @property
    def feature_set(self) -> "tuple[int, ...]":
        """CRM feature set, () when unknown."""
        parts = (self.parameter("crm_feature_set") or "").split(".")
        numbers = [number for number in map(_whole, parts) if number is not None]
        return tuple(numbers) if len(numbers) == len(parts) else ()

    @property
    def knows_degraded(self) -> bool:
        """Whether the caller takes 190 and 191 for "active"; older ones take them for 1."""
        return self.feature_set >= _DEGRADED_SINCE

    @property
    def knows_promoted(self) -> bool:
        """Whether the caller says promoted and unpromoted."""
        return self.feature_set >= _PROMOTED_SINCE

    @property
    def reason_limit(self) -> "int | None":
        """Bytes of an exit reason that the caller keeps, None for all."""
        return None if self.feature_set >= _ANY_LENGTH_SINCE else LIMIT

    @property
    def of_clone(self) -> bool:
        """Whether the caller says anything of a clone.

        ``crm_resource --validate``, which pcs 0.12 runs before it creates a resource, has a
        timeout and a feature set as the cluster has, and nothing of a clone.
        """
        return self._meta(*_OF_CLONES) is not None

    @property
    def clone_max(self) -> "int | None":
        """clone-max of the clone, None outside a clone."""
        return _whole(self._meta("clone_max"))

    @property
    def clone_node_max(self) -> "int | None":
        """clone-node-max of the clone, None outside a clone."""
        return _whole(self._meta("clone_node_max"))

    @property
    def promoted_max(self) -> "int | None":
        """promoted-max (master-max) of the clone, None outside a promotable one."""
        return _whole(self._meta("promoted_max", "master_max"))

    @property
    def promoted_node_max(self) -> "int | None":
        """promoted-node-max (master-node-max), None outside a promotable clone."""
        return _whole(self._meta("promoted_node_max", "master_node_max"))

    @property
    def notifies(self) -> "bool | None":
        """Whether the clone has notify=true; None when nothing says so."""
        text = self._meta("notify")
        return None if text is None else boolean(text)

    @property
    def node(self) -> "str | None":
        """The cluster's name of this node, None when the caller does not say."""
        return self._meta("on_node")

    @property
    def in_cluster(self) -> bool:
        """Whether a cluster manager is calling, rather than a person or a tool."""
        return self._meta("timeout") is not None and bool(self.feature_set)

    def notification(self) -> "Notification | None":
        """The Notification, or None when this is not a notify call.

        An empty list arrives as one blank; new and old role names are read.
        """
        kind, operation = self._meta("notify_type"), self._meta("notify_operation")
        if kind is None or operation is None:
            return None

        def nodes(*roles: str) -> "tuple[str, ...]":
            names = [f"notify_{role}_uname" for role in roles]
            for name in names:
                listed = tuple((self._meta(name) or "").split())
                if listed:
                    return listed
            return ()

        return Notification(
            type=kind, operation=operation,
            start=nodes("start"), stop=nodes("stop"),
            promote=nodes("promote"), demote=nodes("demote"),
            active=nodes("active"),
            promoted=nodes("promoted", "master"),
            unpromoted=nodes("unpromoted", "slave"))


def level_at_most(level: int, known: "Iterable[int]") -> int:
    """The greatest of the *known* check levels that is not above *level*.

    OCF: an agent falls back to the next lower level that it knows.
    """
    return max([k for k in known if k <= level] or [min(known)])
