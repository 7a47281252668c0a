# SPDX-License-Identifier: GPL-2.0-or-later
"""The rules by area; the order here is the order of the report."""

from importlib import import_module

from dualstor.command.check.rules import registry

MODULES = ("files", "drbd_syntax", "drbd_dual", "drbd_structure", "drbd_host", "drbd_twice",
           "lvm_locking", "lvm_daemons", "lvm_devices", "lvm_groups", "cman_structure",
           "cman_nodes", "cman_fencing", "corosync_file", "corosync_nodes", "corosync_quorum",
           "corosync_network", "corosync_crypto", "corosync_test", "dlm", "quorum", "firewall",
           "ports", "boot", "pacemaker_fencing", "pacemaker_devices", "pacemaker_timing",
           "pacemaker_sbd", "pacemaker_clones", "pacemaker_constraints", "pacemaker_locations",
           "pacemaker_operations", "pacemaker_storage", "pacemaker_uses",
           "pacemaker_alerts", "pacemaker_verify", "libvirt_domains", "packages")


def rules() -> "tuple[registry.Rule, ...]":
    """All rules, by module and there in the order in which they are declared.

    Whatever has imported one of the modules before: that order is not this one.
    """
    names = [f"{__name__}.{name}" for name in MODULES]
    for name in names:
        import_module(name)     # which registers them
    return tuple(sorted(registry.registered(), key=lambda rule: names.index(rule.check.__module__)))
