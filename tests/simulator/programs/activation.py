# SPDX-License-Identifier: GPL-2.0-or-later
"""What vgchange -a and lvchange -a do, with lvmlockd and with clvmd.

Sources: LVM2 tools/{vgchange,lvchange,toollib}.c, lib/metadata/lv.c (lv_active_change), by tag.
"""

from simulator import clustered, locking, volumes

FAILED = 5      # exit code


def requested(call):
    """The value of -a, normalised: (on, mode, local) or None."""
    text = call.value("--activate", "-a")
    if text is None:
        return None
    on = "y" in text
    mode = "ex" if "e" in text else "sh" if "s" in text else None
    return on, mode, "l" in text


def _activate_lvmlockd(call, session, group, volume, mode):
    """Returns whether the volume is active as asked."""
    name = "%s/%s" % (group.name, volume.name)
    mode = mode or "ex"
    if group.kind == "shared":
        held = volumes.lock_of(call.node, group.name, volume.name)
        if volumes.conflict(call.cluster, call.node, group.name, volume.name, mode):
            call.err("  LV locked by other host: %s\n  Failed to lock logical volume %s."
                     % (name, name))
            return False
        if held == "sh" and mode == "ex":
            call.err("  LV is already locked with incompatible mode: %s\n"
                     "  Failed to lock logical volume %s." % (name, name))
            return False
        volumes.lock(call.node, group.name, volume.name, mode)
    each = call.node.drbd.get(group.resource)
    if each is not None and each.alone and volumes.mapping(
            call.node, group.name, volume.name) is None:
        # the lock stays: seen in the lab, tests/lab/test_heal.py
        call.err("  device-mapper: reload ioctl on  (253:0) failed: Device or resource busy")
        return False
    volumes.map_volume(call.cluster, call.node, group, volume)
    return True


def _clustered(call, group, name, activation):
    """clvmd is asked to activate or deactivate; whether all its nodes did as they were asked."""
    on, mode, local = activation
    cluster, node = call.cluster, call.node
    old = locking.version(node) < (2, 2, 98)
    if on and mode == "ex" and volumes.lock_of(node, group.name, name) == "ex" and not old:
        return True
    nodes = [node]
    if not local and not (on and mode == "ex"):
        lacking = clustered.lacking(cluster, node)
        if lacking is not None:     # the request, and two questions about the volume
            call.err("\n".join(["  clvmd not running on node %s" % lacking.name] * 3))
            return False
        nodes = clustered.taking_part(cluster, node)
        peer = cluster.peer(node)
        if not on and volumes.mapping(peer, group.name, name):
            cluster.harm.append("%s: %s took the peer's %s/%s away"
                                % (node.name, " ".join(call.argv), group.name, name))
    done = True
    for each in nodes:
        if on:
            wrong = clustered.activate(cluster, each, group, group.volumes[name], mode or "sh")
        else:
            wrong = clustered.deactivate(each, group, name, old)
        if wrong:
            unknown = "UNKNOWN " if not on and each is not node and not cluster.has_cman else ""
            call.err("  Error locking on node %s%s: %s" % (
                unknown, clustered.label(cluster, each), wrong))
            done = False
    return done


def deactivate(call, group, lv, local):
    """Returns whether it is inactive; without *local* clvmd does it on every node."""
    if group.kind == "clustered":
        return _clustered(call, group, lv, (False, None, local))
    mapping = volumes.mapping(call.node, group.name, lv)
    if mapping is not None and mapping.openers:
        call.err("  Logical volume %s/%s in use." % (group.name, lv))
        return False
    volumes.unmap_volume(call.node, group.name, lv)
    volumes.lock(call.node, group.name, lv, None)
    return True


def change(call, session, group, chosen, activation, whole_group):
    """-a of vgchange and lvchange; generator of the exit code."""
    on, mode, local = activation
    code = 0
    if group.exported:
        call.err('  Volume group "%s" is exported' % group.name)
        return FAILED
    if on and group.kind == "shared" and not session.started(group):
        call.err("  Cannot access VG %s due to failed lock." % group.name)
        return FAILED
    if group.missing_pv and on and not call.partial:
        call.err("  Refusing activation of partial LV %s/%s.  Use '--activationmode partial' "
                 "to override." % (group.name, (sorted(chosen) or [""])[0]))
        return FAILED
    version = locking.version(call.node)
    if not on and whole_group:
        held = [m for m in call.node.mappings.values() if m.vg == group.name and m.openers]
        if held:
            for mapping in held if version >= (2, 2, 98) else ():
                call.err("  Logical volume %s/%s in use." % (group.name, mapping.lv))
            call.err('  Can\'t deactivate volume group "%s" with %d open logical volume(s)'
                     % (group.name, len(held)))
            return FAILED
    for number, name in enumerate(sorted(chosen)):
        if number < 100 or number % 100 == 0:       # others run in between; of thousands not each time
            yield 0.05
        group = call.cluster.groups[group.name]
        volume = group.volumes.get(name)
        if volume is None:
            continue
        if on and call.node.name in volume.skip and "-K" not in call.args:
            continue    # "ACTIVATION_SKIP flag set for LV", which is said with -v only
        if group.kind == "clustered":
            foreign = whole_group and clustered.exclusive_elsewhere(call.cluster, call.node, group,
                                                                    name)
            if foreign and version < (2, 2, 105):
                continue    # silently left alone
            done = _clustered(call, group, name, activation) or foreign     # told, but no failure
        elif on:
            done = _activate_lvmlockd(call, session, group, volume, mode)
        else:
            done = deactivate(call, group, name, local)
        if not done:
            code = FAILED
    return code
