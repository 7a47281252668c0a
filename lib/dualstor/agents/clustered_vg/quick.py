# SPDX-License-Identifier: GPL-2.0-or-later
"""The part of clustered-vg that a monitor needs when nothing has changed."""

from dualstor.agents.clustered_vg import decide
from dualstor.agents.clustered_vg.interface import INTERFACE
from dualstor.engine import Agent
from dualstor.kernel import dmlist

#: Facets that a monitor looks at once: it is short, and pays for each look.
_MONITOR_LASTING = ("unchanged", "quorum", "daemons", "lockspaces", "held_back", "headers", "modes",
                    "volumes", "reads")


class QuickVg(Agent):
    """The volume group on this host, looked at for changes alone."""

    interface = INTERFACE
    lasting = ("version", "settings", "devices")
    decide = staticmethod(decide.decide)

    def __init__(self, host, request, parameters):
        super().__init__(host, request, parameters)
        self.vg = parameters.vgname
        self._memory = "clustered-vg.%s" % self.vg
        self._moment = self._memory + ".well"
        if request.action == "monitor":
            self.lasting += _MONITOR_LASTING

    def whole(self):
        from dualstor.agents.clustered_vg.agent import ClusteredVg
        return ClusteredVg(self.host, self.request, self.parameters)

    def see_unchanged(self):
        """Whether all is as it was when a monitor last found all well."""
        from dualstor.agents.clustered_vg import unchanged
        same, silent = unchanged.same(self.host, self.vg, self.parameters.pick_up_new_lvs,
                                      self.host.recall(self._moment))
        for disk in silent:
            from dualstor import log
            log.warning("VG %s: disk %s does not answer: look at `dmesg` and `drbdadm status`",
                        self.vg, disk)
        return same

    def see_present(self):
        """The VG's devices in device-mapper, as text to compare."""
        return dmlist.present(self.host, self.vg)

    def see_remembered(self):
        """What start left."""
        text = self.host.recall(self._memory)
        if text is None:
            return None
        from dualstor.agents.clustered_vg import seen
        return seen.recalled(text)


AGENT = QuickVg
