# SPDX-License-Identifier: GPL-2.0-or-later
"""The rules by area; the order here is the order of the report."""

from importlib import import_module

from dualstor.command.check.rules import registry

MODULES = ("files", "drbd_syntax", "drbd_dual", "drbd_structure", "drbd_host", "drbd_twice",
           "lvm_locking", "lvm_daemons", "lvm_devices", "lvm_groups", "cman_structure",
           "cman_nodes", "cman_fencing", "corosync_file", "corosync_nodes", "corosync_quorum",
           "corosync_network", "corosync_crypto", "corosync_test", "dlm", "quorum", "firewall",
           "ports", "pacemaker_fencing", "pacemaker_devices", "pacemaker_timing",
           "pacemaker_sbd", "pacemaker_clones", "pacemaker_constraints", "pacemaker_locations",
           "pacemaker_operations", "pacemaker_storage", "pacemaker_verify", "packages")


def rules() -> "tuple[registry.Rule, ...]":
    """All rules, in the order in which they are declared."""
    for name in MODULES:
        import_module(f"{__name__}.{name}")     # which registers them
    return registry.registered()
