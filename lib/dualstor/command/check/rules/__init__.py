# SPDX-License-Identifier: GPL-2.0-or-later
"""The rules by area; the order here is the order of the report."""

from importlib import import_module

from dualstor.command.check.rules import registry

MODULES = ("files", "drbd_syntax", "drbd_dual", "drbd_host", "lvm_locking", "lvm_daemons",
           "lvm_devices", "lvm_groups", "cman_structure", "cman_nodes", "cman_fencing",
           "corosync_structure", "corosync_network", "dlm", "quorum", "firewall", "ports",
           "pacemaker_fencing", "pacemaker_clones", "pacemaker_constraints", "pacemaker_operations",
           "packages")


def rules() -> "tuple[registry.Rule, ...]":
    """All rules, in the order in which they are declared."""
    for name in MODULES:
        import_module(f"{__name__}.{name}")     # which registers them
    return registry.registered()
