# SPDX-License-Identifier: GPL-2.0-or-later
"""A typed view of the environment in which a cluster manager calls an agent.

Sources: OCF resource agent API 1.1; Pacemaker, lib/pengine/pe_notif.c and
lib/services. Every value may be missing, empty or nonsense (people call
agents by hand); nothing in here raises.
"""

from dualstor.record import Record, whole

_META = "OCF_RESKEY_CRM_meta_"
_DEFAULT_TIMEOUT = 20.0  # seconds; Pacemaker's own default-action-timeout
_LONGEST_TIMEOUT = 24 * 3600.0

#: First CRM feature set whose Pacemaker knows the results 190 and 191.
_DEGRADED_SINCE = (3, 9)
#: First CRM feature set with promoted/unpromoted roles and crm_attribute --promotion.
_PROMOTED_SINCE = (3, 10)

_TRUE = frozenset(("yes", "true", "1", "y", "on", "ja"))
_FALSE = frozenset(("no", "false", "0", "n", "off", "nein"))


def boolean(text):
    """True or False for the usual words in any case, None for anything else."""
    word = text.strip().lower()
    if word in _TRUE:
        return True
    if word in _FALSE:
        return False
    return None


def _whole(text):
    """A non-negative int, or None; blanks around it do no harm."""
    return whole((text or "").strip())


class Notification(Record):
    """What a notify action is about; lists hold node names (never blanks)."""

    type: str            # "pre" or "post"
    operation: str       # "start", "stop", "promote" or "demote"
    start: tuple = ()
    stop: tuple = ()
    promote: tuple = ()
    demote: tuple = ()
    active: tuple = ()
    promoted: tuple = ()
    unpromoted: tuple = ()


class Environment:
    """The caller's environment.

    :param environ: mapping of str to str, as os.environ
    """

    def __init__(self, environ):
        self._environ = environ

    def _get(self, name):
        value = self._environ.get(name)
        return value if value else None

    def _meta(self, *names):
        for name in names:
            value = self._get(_META + name)
            if value is not None:
                return value
        return None

    def parameter(self, name):
        """The text of an instance parameter, None when unset or empty."""
        return self._get("OCF_RESKEY_" + name)

    @property
    def instance(self):
        """Id of the resource instance; the agent's type when called by hand."""
        return self._get("OCF_RESOURCE_INSTANCE") or self._get("OCF_RESOURCE_TYPE") or "unnamed"

    @property
    def resource(self):
        """Id of the resource without the ``:N`` of a unique clone's instance."""
        head, colon, number = self.instance.rpartition(":")
        return head if colon and whole(number) is not None else self.instance

    @property
    def timeout(self):
        """Seconds the whole action may take (CRM_meta_timeout is in ms)."""
        milliseconds = _whole(self._meta("timeout"))
        if not milliseconds:
            return _DEFAULT_TIMEOUT
        return min(milliseconds / 1000.0, _LONGEST_TIMEOUT)

    @property
    def interval(self):
        """Seconds between recurring calls; 0.0 when not recurring or unknown."""
        return (_whole(self._meta("interval")) or 0) / 1000.0

    @property
    def check_level(self):
        """OCF_CHECK_LEVEL as int; 0 when unset or nonsense."""
        return _whole(self._get("OCF_CHECK_LEVEL")) or 0

    @property
    def feature_set(self):
        """CRM feature set as a tuple of ints, () when unknown."""
        parts = (self.parameter("crm_feature_set") or "").split(".")
        numbers = [_whole(part) for part in parts]
        return () if None in numbers else tuple(numbers)

    @property
    def knows_degraded(self):
        """Whether the caller takes 190 and 191 for "active"; older ones take them for 1."""
        return self.feature_set >= _DEGRADED_SINCE

    @property
    def knows_promoted(self):
        """Whether the caller speaks of promoted and unpromoted."""
        return self.feature_set >= _PROMOTED_SINCE

    @property
    def clone_max(self):
        """clone-max of the clone, None outside a clone."""
        return _whole(self._meta("clone_max"))

    @property
    def clone_node_max(self):
        """clone-node-max of the clone, None outside a clone."""
        return _whole(self._meta("clone_node_max"))

    @property
    def promoted_max(self):
        """promoted-max (master-max) of the clone, None outside a promotable one."""
        return _whole(self._meta("promoted_max", "master_max"))

    @property
    def promoted_node_max(self):
        """promoted-node-max (master-node-max), None outside a promotable clone."""
        return _whole(self._meta("promoted_node_max", "master_node_max"))

    @property
    def notifies(self):
        """Whether the clone has notify=true; None when nothing says so."""
        text = self._meta("notify")
        return None if text is None else boolean(text)

    @property
    def node(self):
        """The cluster's name of this node, None when the caller does not say."""
        return self._meta("on_node")

    @property
    def in_cluster(self):
        """Whether a cluster manager is calling, rather than a person or a tool."""
        return self._meta("timeout") is not None and bool(self.feature_set)

    def notification(self):
        """The Notification, or None when this is not a notify call.

        An empty list arrives as one blank; new and old role names are read.
        """
        kind, operation = self._meta("notify_type"), self._meta("notify_operation")
        if kind is None or operation is None:
            return None

        def nodes(*roles):
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


def level_at_most(level, known):
    """The greatest of the *known* check levels that is not above *level*.

    OCF: an agent falls back to the next lower level that it knows.
    """
    return max([k for k in known if k <= level] or [min(known)])
