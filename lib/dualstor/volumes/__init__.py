# SPDX-License-Identifier: GPL-2.0-or-later
"""Volumes on both nodes at once: an interface for those who make volumes by program.

::

    from dualstor.volumes import Volumes
    group = Volumes("vg0")
    group.create("data", "8G")      # returns when both nodes have it
    group.remove("data")

Each call returns a Done when what it did is true on every node that is up, and raises Refused
when nothing was changed, Unfinished when something was and is not true everywhere yet: the same
call again finishes it. It needs a started ``clustered-vg`` with propagation=at-once on each node.
"""

from dualstor.volumes.group import Volumes as Volumes
from dualstor.volumes.results import ACTIVE as ACTIVE
from dualstor.volumes.results import Done as Done
from dualstor.volumes.results import NodeView as NodeView
from dualstor.volumes.results import Refused as Refused
from dualstor.volumes.results import Unfinished as Unfinished
from dualstor.volumes.results import Volume as Volume
