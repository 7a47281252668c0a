# SPDX-License-Identifier: GPL-2.0-or-later
"""The part of drbd-dualprimary that a monitor of a healthy resource needs."""

from dualstor.agents.drbd_dualprimary import decide, published
from dualstor.agents.drbd_dualprimary.interface import INTERFACE
from dualstor.engine import Agent
from dualstor.kernel import drbd


class QuickDrbd(Agent):
    """The DRBD resource as the kernel has it."""

    interface = INTERFACE
    lasting = ("configured", "configuration", "handler", "fencing_enabled", "patience")
    decide = staticmethod(decide.decide)

    def __init__(self, host, request, parameters):
        super().__init__(host, request, parameters)
        self.name = parameters.drbd_resource
        self.conf = parameters.drbdconf
        self._score_memory = self._memory("score")

    def _memory(self, what):
        """The name under which *what* of this resource is remembered."""
        return "drbd-dualprimary.%s.%s" % (self.name.replace("/", "_"), what)

    def whole(self):
        from dualstor.agents.drbd_dualprimary.agent import DrbdDualPrimary
        return DrbdDualPrimary(self.host, self.request, self.parameters)

    def see_state(self):
        """The resource's drbd.State, None when it is not configured in the kernel.

        Tools are asked only where the kernel's files do not tell: DRBD 9, or
        a resource that we did not bring up.
        """
        state = drbd.state(self.host, self.name)
        if state is drbd.UNKNOWN:
            from dualstor.tools import drbdadm
            state = drbdadm.resource_state(self.host, self.name, self.conf)
        return state

    def see_published(self):
        """The promotion score that the cluster has of us; published.UNSURE when it may have lost it."""
        return published.from_text(self.host, self.host.recall(self._score_memory))


AGENT = QuickDrbd
