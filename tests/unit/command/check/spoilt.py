# SPDX-License-Identifier: GPL-2.0-or-later
"""For each rule the ways to make a good pair break it: {id: [(good pair, what spoils it)]}."""

import os

from . import trees

ALERT = "/usr/share/pacemaker/alerts/dualstor-alert"
RES, COMMON = "/etc/drbd.d/r0.res", "/etc/drbd.d/global_common.conf"
LVM, CLUSTER = "/etc/lvm/lvm.conf", "/etc/cluster/cluster.conf"
CORO, HOSTS = "/etc/corosync/corosync.conf", "/etc/hosts"
C, M = "corosync", "cman"
EL10 = 'NAME="Rocky Linux"\nVERSION_ID="10.0"\nID="rocky"\nID_LIKE="rhel centos fedora"\n'

_COROSYNC_1 = """\
totem {
	version: 2
	secauth: on
	interface {
		ringnumber: 0
		bindnetaddr: 10.77.0.0
		mcastaddr: 226.94.1.1
		mcastport: 5405
	}
}
"""


_INTERFACE = """\
	interface {
		ringnumber: 1
		bindnetaddr: 10.78.0.0
		mcastaddr: 226.94.1.2
	}
"""


def _v1(pair, old="", new=""):
    """A pair with corosync 1 in which *old* is *new*."""
    assert old in _COROSYNC_1
    return pair.write(CORO, _COROSYNC_1.replace(old, new) if old else _COROSYNC_1).answer(
        "corosync-version", "Corosync Cluster Engine, version '1.4.1'")


def _devices(pair, *names):
    """A pair with a devices file that lists *names*."""
    text = "".join(f"IDTYPE=devname IDNAME={n} DEVNAME={n} PVID=x\n" for n in names)
    return pair.edit(LVM, "use_devicesfile = 0", "use_devicesfile = 1").write(
        "/etc/lvm/devices/system.devices", "VERSION=1.1.1\n" + text)


def _second_ring(pair, hosts=(0, 1)):
    """A pair with two links of corosync."""
    return pair.edit(CORO, "ring0_addr: 10.77.0.1",
                     "ring0_addr: 10.77.0.1\n\t\tring1_addr: 10.78.0.1",
                     hosts).edit(CORO, "ring0_addr: 10.77.0.2",
                                 "ring0_addr: 10.77.0.2\n\t\tring1_addr: 10.78.0.2", hosts)


def _third(pair):
    return pair.edit(RES, "\ton node2 {", "\ton node3 {\n\t\taddress 10.78.0.3:7788;\n\t}\n"
                                          "\ton node2 {")


def _stacked(pair):
    return pair.write("/etc/drbd.d/far.res", "resource far {\n\tstacked-on-top-of r0 {\n\t\tdevice "
                      "/dev/drbd9;\n\t\taddress 10.77.0.9:7790;\n\t\tnode-id 0;\n\t}\n\ton far "
                      "{\n\t\tdevice /dev/drbd9;\n\t\tdisk /dev/vdb;\n\t\taddress "
                      "10.9.0.1:7790;\n\t\tnode-id 1;\n\t}\n}\n")


def _second_resource(pair, old, new):
    """A pair whose resource r1 is r0 with *old* as *new*."""
    text = pair.trees[0].files[RES]
    assert old in text
    return pair.write("/etc/drbd.d/r1.res", text.replace("resource r0", "resource r1")
                      .replace(old, new))


def _lvm(old, new):
    return lambda pair: pair.edit(LVM, old, new)


def _res(old, new):
    return lambda pair: pair.edit(RES, old, new)


def _conf(old, new):
    return lambda pair: pair.edit(CLUSTER, old, new)


def _coro(old, new):
    return lambda pair: pair.edit(CORO, old, new)


def _cib(old, new):
    return lambda pair: pair.pacemaker(old, new)


_CONTROLD = 'type="controld">'
_ARGS = ('<instance_attributes id="dlm-i"><nvpair id="dlm-a" name="args" value="%s"/>'
         '</instance_attributes>')
def _option(name, value):
    """Set an option of the cluster."""
    return _cib('<nvpair id="option-fencing"', f'<nvpair id="option-x-{name}" name="{name}" '
                f'value="{value}"/><nvpair id="option-fencing"')


def _meta(resource, name, value):
    """Set a meta attribute of a primitive."""
    return _cib(f'<instance_attributes id="{resource}-attributes">',
                f'<meta_attributes id="m-{resource}"><nvpair id="m-{resource}-1" name="{name}" '
                f'value="{value}"/></meta_attributes>'
                f'<instance_attributes id="{resource}-attributes">')


def _alert(path, *recipients):
    """Let the cluster call an alert agent."""
    to = "".join(f'<recipient id="alert-{number}" value="{value}"/>'
                 for number, value in enumerate(recipients, 1))
    return _cib("</constraints>", f'</constraints><alerts><alert id="alert" path="{path}">{to}'
                "</alert></alerts>")


UNIT, ORDER = "/usr/lib/systemd/system/pacemaker.service", \
    "/usr/lib/systemd/system/pacemaker.service.d/dualstor.conf"
WANTS = "/etc/systemd/system/multi-user.target.wants/"
#: What matters of Pacemaker's own.
PACEMAKER = "[Unit]\nAfter=network.target resource-agents-deps.target corosync.service\n" \
    "[Service]\nSendSIGKILL=no\nTimeoutStopSec=30min\n"


def with_units(pair, *enabled):
    """A pair with systemd and our drop-in, and units that are enabled."""
    with open(os.path.join(trees.TREE, "packaging/systemd/pacemaker.conf"), encoding="utf-8") as stream:
        pair.write(UNIT, PACEMAKER).write(ORDER, stream.read())
    for unit in ("blk-availability.service", "sbd.service", *enabled):
        pair.kind(WANTS + unit, "link")
    return pair


def _systemd(text):
    return lambda p: with_units(p).write("/etc/systemd/system.conf.d/x.conf", "[Manager]\n" + text)


def _constraint(text):
    return _cib("</constraints>", text + "</constraints>")


def _topology(attributes):
    return _cib("</constraints>", "</constraints><fencing-topology><fencing-level id=\"level\" "
                f"{attributes}/></fencing-topology>")


def _another(provider, agent, parameter, value):
    """Add a primitive of another provider."""
    return _cib("</resources>", f'<primitive id="other" class="ocf" provider="{provider}" '
                f'type="{agent}"><instance_attributes id="oa"><nvpair id="oa1" name="{parameter}" '
                f'value="{value}"/></instance_attributes></primitive></resources>')


_BAN = '<rsc_location id="%s" rsc="%s" node="%s" score="-INFINITY"/>'
_TYPE = "locking_type = 3"
_LEFT_OUT = '<rsc_%s id="vg0-%s-%s"'

def _use(identifier, agent, meta="", **parameters):
    """The XML of a resource of ocf:heartbeat."""
    inner = "".join(f'<nvpair id="{identifier}-p-{name}" name="{name}" value="{value}"/>'
                    for name, value in parameters.items())
    return (f'<primitive id="{identifier}" class="ocf" provider="heartbeat" type="{agent}">{meta}'
            f'<instance_attributes id="{identifier}-p">{inner}</instance_attributes></primitive>')


def _tied(name):
    return (f'<rsc_order id="{name}-o" first="vg0-clone" then="{name}"/><rsc_colocation '
            f'id="{name}-c" rsc="{name}" with-rsc="vg0-clone" score="INFINITY"/>')


_INTERLEAVE = '<meta_attributes id="files-m"><nvpair id="files-i" name="interleave" value="true"/>' \
              "</meta_attributes>"
_FILES = _use("files", "Filesystem", device="/dev/vg0/lv0", directory="/srv", fstype="gfs2")
_ALLOW = '<meta_attributes id="web-m"><nvpair id="web-m1" name="allow-migrate" value="true"/>' \
         "</meta_attributes>"
WEB_XML = "/etc/pacemaker/web.xml"
_DOMAIN = """<domain type='kvm'><name>web</name><devices>
<disk type='block' device='disk'><driver name='qemu' type='raw' cache='none'/>
<source dev='/dev/vg0/lv0'/><target dev='vda'/></disk></devices></domain>
"""


def with_uses(pair, *changes):
    """A pair with a GFS2, an xfs of one node and a guest; each of *changes* is (old, new)."""
    found = (f'<clone id="files-clone">{_INTERLEAVE}{_FILES}</clone><group id="mail">'
             + _use("mail-lv", "LVM-activate", vgname="vg0", lvname="lv1",
                    vg_access_mode="lvmlockd", activation_mode="exclusive")
             + _use("mail-fs", "Filesystem", device="/dev/mapper/vg0-lv1", directory="/var/mail",
                    fstype="xfs")
             + "</group>" + _use("web", "VirtualDomain", _ALLOW, config=WEB_XML))
    ties = _tied("files-clone") + _tied("mail") + _tied("web")
    for old, new in changes:
        assert old in found + ties, old
        found, ties = found.replace(old, new), ties.replace(old, new)
    return pair.write(WEB_XML, _DOMAIN).pacemaker("</resources>", found + "</resources>") \
        .pacemaker("</constraints>", ties + "</constraints>")


def _uses(*changes):
    return C, lambda pair: with_uses(pair, *changes)


def _guest(old, new, hosts=(0, 1)):
    return C, lambda pair: with_uses(pair).edit(WEB_XML, old, new, hosts)


SPOILT = {
    # what stands on the LVs
    "PCMK-USE-ORDER": [
        _uses((f'<rsc_order id="{name}-o" first="vg0-clone" then="{name}"/>', ""))
        for name in ("files-clone", "mail", "web")],
    "PCMK-USE-COLOCATION": [
        _uses((f'rsc="{name}" with-rsc="vg0-clone" score="INFINITY"',
               f'rsc="{name}" with-rsc="vg0-clone" score="100"'))
        for name in ("files-clone", "mail", "web")],
    "PCMK-USE-LOCAL-FS": [
        _uses(('value="gfs2"', 'value="ext4"')), _uses(("/dev/mapper/vg0-lv1", "/dev/vg0/lv0")),
        _uses(('value="exclusive"', 'value="shared"')),
        (C, lambda p: with_uses(p).answer("lvs", old="|dualstor.exclusive", new="|"))],
    "PCMK-USE-GFS2": [_uses((f'<clone id="files-clone">{_INTERLEAVE}{_FILES}</clone>', _FILES)),
                      _uses((_INTERLEAVE, ""))],
    "PCMK-USE-MIGRATE-EXCLUSIVE": [
        _guest("/dev/vg0/lv0", "/dev/vg0/lv1"),
        (C, lambda p: with_uses(p, ('name="lvname" value="lv1"', 'name="lvname" value="lv0"')))],
    "PCMK-USE-MIGRATE-DISK": [
        _guest("/dev/vg0/lv0", "/dev/sdb1"),
        _guest("type='block' device='disk'><driver name='qemu' type='raw' cache='none'/>\n"
               "<source dev='/dev/vg0/lv0'/>",
               "type='file'><source file='/var/lib/libvirt/images/web.img'/>")],
    "LIBVIRT-CACHE": [_guest("cache='none'", "cache='writeback'"), _guest(" cache='none'", ""),
                      _guest("cache='none'", "cache='writethrough'", (1,))],
    "LIBVIRT-AUTOSTART": [
        (C, lambda p: with_uses(p).kind("/etc/libvirt/qemu/autostart/web.xml", "link", (1,)))],
    # DRBD
    "DRBD-SYNTAX": [(C, _res("resource r0 {", "resource r0 {{")), (M, _res("\t\tmeta-disk", "}")),
                    (C, lambda p: p.write(COMMON, 'global { usage-count "no; }')),
                    (C, _res("allow-two-primaries yes;", "allow-two-primaries true;")),
                    (C, lambda p: p.answer("drbdadm-dump", "", 10, "drbd.d/r0.res:5: no good"))],
    "DRBD-HOSTNAME": [(C, _res("on node1 {", "on host1 {"))],
    "DRBD-SAME-FILE": [(C, lambda p: p.edit(RES, "/dev/vdb", "/dev/vdc", (1,))),
                       (C, lambda p: p.edit(COMMON, "protocol C", "protocol B", (0,))),
                       (M, lambda p: p.drop(RES, (1,)).write("/etc/drbd.d/r1.res", p.trees[0].files[
                           RES].replace("r0", "r1"), (1,)))],
    "DRBD-GENERATION": [(C, lambda p: p.answer("drbdadm-version", old="0x091600", new="0x080404")),
                        (M, lambda p: p.edit("/proc/drbd", "8.3.11", "8.4.3"))],
    "DRBD-GENERATION-PAIR": [(C, lambda p: p.edit("/proc/drbd", "9.2.8", "8.4.11", (1,)))],
    "DRBD-TWO-PRIMARIES": [(C, _res("allow-two-primaries yes;", "")),
                           (C, _res("allow-two-primaries yes;", "allow-two-primaries no;")),
                           (M, _res("allow-two-primaries;", ""))],
    "DRBD-PROTOCOL": [(C, lambda p: p.edit(COMMON, "protocol C", "protocol A")),
                      (M, lambda p: p.edit(COMMON, "protocol C", "protocol B"))],
    "DRBD-FENCING": [(C, _res("fencing resource-and-stonith;", "")),
                     (M, _res("resource-and-stonith", "resource-only"))],
    "DRBD-HANDLER": [(C, _res("fence-peer \"/usr/lib/drbd/dualstor-fence-peer\";", ""))],
    "DRBD-HANDLER-GENERATION": [
        (C, _res("dualstor-fence-peer", "stonith_admin-fence-peer.sh")),
        (C, _res("dualstor-fence-peer", "crm-fence-peer.9.sh")),
        (C, _res("dualstor-fence-peer", "crm-fence-peer.sh --timeout 90")),
        (C, _res("\tfence-peer \"", "\toutdate-peer \""))],
    "DRBD-HANDLER-HEARTBEAT": [
        (M, _res("/usr/lib/drbd/stonith_admin-fence-peer.sh",
                 "/usr/lib/heartbeat/drbd-peer-outdater -t 5"))],
    "DRBD-HANDLER-PROGRAM": [
        (C, lambda p: p.kind("/usr/lib/drbd/dualstor-fence-peer", "")),
        (M, lambda p: p.kind("/usr/lib/drbd/stonith_admin-fence-peer.sh", "file", (1,)))],
    "DRBD-HANDLER-OTHER": [(C, lambda p: p.kind("/usr/lib/drbd/notify-split-brain.sh", ""))],
    "DRBD-HANDLER-SELINUX": [(C, lambda p: p.write("/sys/fs/selinux/enforce", "1"))],
    "DRBD-UNFENCE": [(M, _res("stonith_admin-fence-peer.sh", "crm-fence-peer.sh")),
                     (C, _res("dualstor-fence-peer", "crm-fence-peer.9.sh"))],
    "DRBD-AFTER-SB-2PRI": [
        (C, _res("after-sb-2pri disconnect", "after-sb-2pri call-pri-lost-after-sb"))],
    "DRBD-AFTER-SB-DISCARD": [
        (M, _res("after-sb-1pri disconnect", "after-sb-1pri discard-secondary")),
        (C, _res("discard-zero-changes", "discard-younger-primary"))],
    "DRBD-BECOME-PRIMARY": [
        (M, _res("\tdisk {\n", "\tstartup { become-primary-on both; }\n\tdisk {\n"))],
    "DRBD-AUTO-PROMOTE": [(C, _res("auto-promote no", "auto-promote yes")),
                          (C, _res("auto-promote no;", ""))],
    "DRBD-QUORUM": [(C, _res("auto-promote no;", "auto-promote no;\n\t\tquorum majority;"))],
    "DRBD-FILE-VERSION": [
        (C, lambda p: p.edit("/proc/drbd", "9.2.8", "8.4.11")),
        (C, _res("handlers {", "disk {\n\t\tfencing resource-and-stonith;\n\t}\n\thandlers {"))],
    "DRBD-THREE-NODES": [(C, _third)],
    "DRBD-ADDRESS": [
        (C, _res("10.77.0.1:7788", "10.79.0.1:7788")),
        (M, _res("10.78.0.2:7788", "10.79.0.2:7788")),
        (C, _res("10.77.0.2:7788", "127.0.0.1:7788"))],
    "DRBD-DEVICE": [(M, lambda p: _second_resource(p, "7788", "7789")),
                    (C, _res("/dev/drbd0", "/dev/drbd_r0"))],
    "DRBD-TWICE": [(C, lambda p: _second_resource(p, "/dev/drbd0", "/dev/drbd1")),
                   (C, lambda p: _second_resource(p, "/dev/vdb", "/dev/vdc")),
                   (M, lambda p: p.write("/etc/drbd.d/a.res", p.trees[0].files[RES])),
                   (M, _res("10.78.0.2:7788", "10.78.0.1:7788"))],
    "DRBD-STACKED": [(C, _stacked)],
    "DRBD-DISK": [
        (C, lambda p: p.kind("/dev/vdb", "", (1,))), (M, lambda p: p.kind("/dev/sdb1", "file"))],
    "DRBD-METADATA": [(C, lambda p: p.answer("drbd-gi-r0", "", 255, "No valid meta data found"))],
    # LVM
    "LVM-SYNTAX": [
        (C, _lvm("global {", "global {{")), (M, _lvm("]", "")), (M, _lvm("}\nglobal", "global")),
        (C, lambda p: p.edit(LVM, "use_lvmlockd = 1", "use_lvmlockd 1"))],
    "LVM-LOCKING-TYPE-0": [(M, _lvm(_TYPE, "locking_type = 0"))],
    "LVM-LOCKING-TYPE-1": [(M, _lvm(_TYPE, "locking_type = 1")), (M, _lvm(_TYPE, ""))],
    "LVM-LOCKING-TYPE-2": [(M, _lvm(_TYPE, "locking_type = 2"))],
    "LVM-LOCKING-TYPE-3": [(C, _lvm("use_lvmlockd = 1", _TYPE))],
    "LVM-LOCKING-TYPE-4": [(M, _lvm(_TYPE, "locking_type = 4"))],
    "LVM-LOCKING-TYPE-UNKNOWN": [(M, _lvm(_TYPE, "locking_type = 7"))],
    "LVM-LOCKING-LIBRARY": [
        (M, _lvm(_TYPE, "locking_type = 2")),
        (M, lambda p: p.edit(LVM, _TYPE, "locking_type = 2\nlocking_library = \"/lib/x.so\"")
         .kind("/lib/x.so", ""))],
    "LVM-FALLBACK-LOCAL": [
        (M, _lvm("fallback_to_local_locking = 0", "")),
        (M, _lvm("fallback_to_local_locking = 0", "fallback_to_local_locking = 1"))],
    "LVM-FALLBACK-CLUSTERED": [
        (M, lambda p: p.edit(LVM, _TYPE, "locking_type = 2")
         .edit(LVM, "fallback_to_clustered_locking = 0", ""))],
    "LVM-ONE-SIDED": [(M, lambda p: p.edit(LVM, _TYPE, "locking_type = 4", (1,))),
                      (C, lambda p: p.edit(LVM, "use_lvmlockd = 1", "", (0,)))],
    "LVM-LVMETAD": [(M, _lvm("use_lvmetad = 0", "use_lvmetad = 1"))],
    "LVM-BOTH-DAEMONS": [(M, _lvm("use_lvmetad = 0", "use_lvmlockd = 1"))],
    "LVM-BOTH-RUNNING": [
        (M, lambda p: p.answer("daemons", "/usr/sbin/clvmd -T30\n/sbin/lvmlockd\n"))],
    "LVM-LVMLOCKD": [
        (C, _lvm("use_lvmlockd = 1", "use_lvmlockd = 0")), (C, _lvm("use_lvmlockd = 1", ""))],
    "LVM-LVMLOCKD-MODE": [(C, lambda p: p.answer("daemons", "/usr/sbin/lvmlockd --test\n")),
                          (C, lambda p: p.answer("daemons", old="-g dlm", new="-g sanlock"))],
    "LVM-SYSTEM-ID": [(C, _lvm('"none"', '"uname"'))],
    "LVM-FILTER": [
        (C, lambda p: p.edit(LVM, '"r|.*|"', '"r|^/dev/vdb$|", "a|.*|"')._change(
            "aliases", (0, 1), lambda names: names.update({"/dev/vdb": "/dev/disk/by-id/x"}))),
        (C, _lvm('"r|.*|"', '"a|.*|"')), (M, _lvm('"a|^/dev/sda2$|"', '"a|/dev/sd|"')),
                   (M, _lvm('filter = [ "a|^/dev/drbd.*|", "a|^/dev/sda2$|", "r|.*|" ]', ""))],
    "LVM-FILTER-SYNTAX": [(C, _lvm('"r|.*|"', '"r|.*"')), (M, _lvm('"r|.*|"', '"|.*|"')),
                          (C, _lvm('[ "a|^/dev/drbd.*|", "r|.*|" ]', "[ ]"))],
    "LVM-GLOBAL-FILTER": [(C, _lvm('global_filter = [ "a|^/dev/drbd.*|", "r|.*|" ]', ""))],
    "LVM-FILTER-DRBD": [(C, _lvm('"a|^/dev/drbd.*|", ', ""))],
    "LVM-DEVICES-FILE": [(C, lambda p: _devices(p, "/dev/vdb", "/dev/drbd0")),
                         (C, lambda p: _devices(p, "/dev/vda"))],
    "LVM-WRITE-CACHE": [(M, _lvm("write_cache_state = 0", ""))],
    "LVM-CACHE-FILE": [
        (M, lambda p: p.write(
            "/etc/lvm/cache/.cache",
            'persistent_filter_cache {\n\tvalid_devices=[\n\t\t"/dev/sdb1"\n\t]\n}'))],
    "LVM-PV-BELOW": [(C, lambda p: p.answer("pvs", old="/dev/drbd0", new="/dev/vdb"))],
    "LVM-VG-UNLOCKED": [(C, lambda p: p.answer("vgs", old="wz--ns", new="wz--n-")),
                        (M, lambda p: p.answer("vgs", old="wz--nc", new="wz--n-"))],
    "LVM-VG-CLUSTERED": [(C, lambda p: p.answer("vgs", old="wz--ns", new="wz--nc"))],
    "LVM-LV-EXCLUSIVE": [(C, lambda p: p.answer("lvs", old="|dualstor.exclusive", new="|")),
                         (M, lambda p: p.answer("lockdump-clvmd", old="gr CR", new="gr EX"))],
    "LVM-VOLUME-LIST": [
        (C, _lvm("global {", 'activation { volume_list = [ "system" ] }\nglobal {'))],
    "LVM-AUTO-ACTIVATION": [
        (C, _lvm("event_activation = 0", "")), (M, _lvm("use_lvmetad = 0", "use_lvmetad = 1")),
        (C, _lvm("global {", 'activation { auto_activation_volume_list = "vg0" }\nglobal {'))],
    # cman
    "CMAN-XML": [(M, _conf("</fencedevices>", "")), (M, _conf('name="node1"', "name=node1")),
                 (M, lambda p: p.write(CLUSTER, "no XML at all"))],
    "CMAN-SCHEMA": [
        (M, _conf("<cman ", "<cman quorate=\"1\" ")),
        (M, _conf("</clusternodes>", "</clusternodes><clusternode name='c' nodeid='3'/>")),
        (M, _conf('nodeid="1"', 'nodeid="one"'))],
    "CMAN-CLUSTERNODES": [(M, lambda p: p.edit(CLUSTER, "<clusternodes>", "<nodes>")
                           .edit(CLUSTER, "</clusternodes>", "</nodes>"))],
    "CMAN-FENCEDEVICES": [(M, lambda p: p.edit(CLUSTER, "<fencedevices>", "")
                           .edit(CLUSTER, "</fencedevices>", ""))],
    "CMAN-NAME": [(M, _conf('"drbdclvm"', '"a-name-of-16-chars"')), (M, _conf('"drbdclvm"', '""'))],
    "CMAN-CONFIG-VERSION": [
        (M, _conf(' config_version="1"', "")), (M, _conf('version="1">', 'version="x">'))],
    "CMAN-SAME-VERSION": [
        (M, lambda p: p.edit(CLUSTER, 'config_version="1"', 'config_version="2"', (1,)))],
    "CMAN-SAME-FILE": [(M, lambda p: p.edit(CLUSTER, "192.0.2.101", "192.0.2.103", (1,)))],
    "CMAN-COROSYNC-CONF": [(M, lambda p: p.write(CORO, _COROSYNC_1))],
    "CMAN-TWO-NODE": [
        (M, _conf('two_node="1"', 'two_node="0"')),
        (M, _conf('nodeid="2"', 'nodeid="2" votes="2"')), (M, _conf('expected_votes="1"', ""))],
    "CMAN-QUORUM-DISK": [
        (M, _conf("</cluster>", '<quorumd label="q"/></cluster>')),
        (M, lambda p: p.edit(CLUSTER, 'two_node="1" expected_votes="1"', 'expected_votes="2"')
         .edit(CLUSTER, "</cluster>", '<quorumd label="q" votes="1"/></cluster>'))],
    "CMAN-QUORUM-DISK-PLACE": [
        (M, _conf("</cluster>", '<quorumd device="/dev/drbd1"/></cluster>')),
        (M, _conf("</cluster>", '<quorumd label="q"/></cluster>'))],
    "CMAN-FENCE-SAME-PLUG": [
        (M, _conf("192.0.2.102", "192.0.2.101")),
        (M, _conf('<device name="ipmi2"/>', '<device name="ipmi1"/>')),
        (M, lambda p: p.edit(CLUSTER, "fence_ipmilan", "fence_apc")
         .edit(CLUSTER, '<device name="ipmi2"/>', '<device name="ipmi1" port="1"/>')
         .edit(CLUSTER, '<device name="ipmi1" delay="15"/>', '<device name="ipmi1" port="1"/>'))],
    "CMAN-NODE-COUNT": [
        (M, _conf("</clusternodes>", "<clusternode name='c' nodeid='3'/></clusternodes>"))],
    "CMAN-NODE-IDS": [(M, _conf('nodeid="2"', 'nodeid="1"')), (M, _conf('nodeid="2"', ""))],
    "CMAN-SELF": [(M, lambda p: p.edit(CLUSTER, 'name="node', 'name="host')
                   .edit(HOSTS, "10.77.0", "10.99.0"))],
    "CMAN-NAME-RESOLVES": [
        (M, lambda p: p.edit(HOSTS, "10.77.0.2 node2", "").answer("getent-node2", "", 2)
         .answer("getent-node1", "10.77.0.1 node1"))],
    "CMAN-NAME-LOCAL": [(M, lambda p: p.edit(HOSTS, "10.77.0.2 node2", ""))],
    "CMAN-LOOPBACK": [
        (M, lambda p: p.edit(HOSTS, "127.0.0.1 localhost", "127.0.0.1 localhost node1"))],
    "CMAN-MULTICAST": [
        (M, _conf("239.192.12.109", "10.77.0.255")), (M, _conf("239.192.12.109", "224.0.0.1")),
        (M, _conf("239.192.12.109", "everybody"))],
    "CMAN-FENCE-METHOD": [(M, _conf('<device name="ipmi2"/>', ""))],
    "CMAN-FENCE-DEVICE": [(M, _conf('<device name="ipmi2"/>', '<device name="ipmi3"/>'))],
    "CMAN-FENCE-MANUAL": [
        (M, _conf('agent="fence_ipmilan" ipaddr="192.0.2.102"', 'agent="fence_manual"'))],
    "CMAN-CLEAN-START": [(M, _conf('clean_start="0"', 'clean_start="1"'))],
    "CMAN-POST-JOIN-DELAY": [(M, _conf('post_join_delay="30"', 'post_join_delay="3"')),
                             (M, _conf('post_join_delay="30"', 'post_join_delay="soon"'))],
    "CMAN-POST-FAIL-DELAY": [(M, _conf('post_fail_delay="0"', 'post_fail_delay="-1"'))],
    "CMAN-FENCE-DELAY": [(M, _conf(' delay="15"', ""))],
    # corosync
    "COROSYNC-SYNTAX": [(C, _coro("}\nquorum", "quorum")), (C, _coro("}\nquorum", "}\n}\nquorum")),
                        (C, _coro("token: 3000", "token 3000"))],
    "COROSYNC-TOTEM": [(C, _coro("version: 2", "version: 3")), (C, _coro("totem {", "totes {"))],
    "COROSYNC-VALUE": [
        (C, _coro("token: 3000", "token: long")), (C, _coro("token: 3000", "token: 3000 # ms")),
        (C, _coro("crypto_hash: sha256", "crypto_hash: sha-256")),
        (C, _coro("ring0_addr: 10.77.0.1", "ring0_addr: 10.77.0.1 # first")),
        (C, _coro("totem {", "uidgid {\n\tuser: x\n}\ntotem {"))],
    "COROSYNC-NO-EFFECT": [
        (C, _coro("token: 3000", "tokken: 3000")), (C, _coro("two_node: 1", "two_nodes: 1")),
        (C, _coro("token: 3000", "token: 3000\n\ttoken: 4000")),
        (C, _coro("two_node: 1", "two_node: 1\n\ttoken: 3000")),
        (C, lambda p: _v1(p, "secauth: on", "secauth on")),
        (C, lambda p: _v1(p, "interface {", "interface { # the first")),
        (C, lambda p: p.write(CORO, _COROSYNC_1 + "totem {\n}\n").answer(
            "corosync-version", "Corosync Cluster Engine, version '1.4.1'"))],
    "COROSYNC-SAME-NODEID": [(C, lambda p: _v1(p, "secauth: on", "nodeid: 1\n\tsecauth: on"))],
    "COROSYNC-LINKS": [
        (C, lambda p: p.edit(CORO, "ring0_addr: 10.77.0.1",
                             "ring0_addr: 10.77.0.1\n\t\tring1_addr: 10.78.0.1")),
        (C, lambda p: _second_ring(p).edit(CORO, "transport: knet", "transport: udpu")),
        (C, lambda p: _second_ring(p).edit(CORO, "ring1_addr", "ring8_addr")),
        (C, lambda p: _second_ring(p).edit(CORO, "10.78.0.2", "fd00::2")),
        (C, lambda p: _v1(p, "\tinterface {", _INTERFACE + "\tinterface {"))],
    "COROSYNC-QDEVICE": [
        (C, _coro("two_node: 1", "two_node: 1\n\tdevice {\n\t\tmodel: net\n\t}")),
        (C, _coro("two_node: 1", "expected_votes: 3\n\tdevice {\n\t\tmodel: net\n\t}")),
        (C, _coro("two_node: 1", "expected_votes: 3\n\tdevice {\n\t\tmodel: net\n\t\tvotes: 2"
                  "\n\t}")),
        (C, lambda p: p.edit(CORO, "two_node: 1", "device {\n\t\tmodel: net\n\t}")
         .edit(CORO, "nodeid: 1", "nodeid: 1\n\t\tquorum_votes: 2"))],
    "COROSYNC-SAME-FILE": [(C, lambda p: p.edit(CORO, "3000", "4000", (1,)))],
    "COROSYNC-NODES": [
        (C, _coro("nodeid: 2", "nodeid: 1")), (C, _coro("nodeid: 2", "nodeid: 0")),
        (C, _coro("nodeid: 2", "nodeid: 65536")), (C, _coro("\t\tnodeid: 2\n", "")),
        (C, _coro("10.77.0.2", "10.77.0.1")), (C, _coro("ring0_addr: 10.77.0.2", "")),
        (C, _coro("nodelist {", "nodelist {\n\tnode {\n\t\tnodeid: 3\n\t\tring0_addr: c\n\t}"))],
    "COROSYNC-TWO-NODE": [
        (C, _coro("two_node: 1", "")), (C, _coro("two_node: 1", "two_node: 0")),
        (C, _coro("two_node: 1", "two_node: 1\n\tauto_tie_breaker: 1")),
        (C, _coro("provider: corosync_votequorum", ""))],
    "COROSYNC-WAIT-FOR-ALL": [(C, _coro("two_node: 1", "two_node: 1\n\twait_for_all: 0"))],
    "COROSYNC-BINDNETADDR": [(C, lambda p: _v1(p, "bindnetaddr: 10.77.0.0", "")),
                             (C, lambda p: p.write(CORO, "totem {\n\tversion: 2\n}\n"))],
    "COROSYNC-BINDNETADDR-NETWORK": [(C, lambda p: _v1(p, "10.77.0.0", "10.99.0.0")),
                                     (C, lambda p: _v1(p, "10.77.0.0", "here"))],
    "COROSYNC-RING": [(C, _coro("10.77.0", "10.99.0")),
                      (C, _coro("ring0_addr: 10.77.0.1", "ring0_addr: localhost")),
                      (C, _coro("ring0_addr: 10.77.0.1", "ring0_addr: 127.0.1.1")),
                      (C, lambda p: _second_ring(p).edit(CORO, "10.77.0.", "10.99.0.")
                       .edit(CORO, "10.78.0.", "10.98.0."))],
    "COROSYNC-RING-REPLICATION": [(C, _res("10.77.0.", "10.78.0."))],
    "COROSYNC-MCASTADDR": [(C, lambda p: _v1(p, "226.94.1.1", "10.77.0.255")),
                           (C, lambda p: _v1(p, "mcastaddr: 226.94.1.1", ""))],
    "COROSYNC-TRANSPORT": [(C, _coro("transport: knet", "transport: carrier")),
                           (C, lambda p: p.answer("corosync-version", "version '2.4.5'"))],
    "COROSYNC-TOKEN": [(C, _coro("token: 3000", "token: 300"))],
    "COROSYNC-TIMEOUTS": [
        (C, _coro("token: 3000", "token: 20")), (C, _coro("token: 3000", "token: 110")),
        (C, _coro("token: 3000", "token: 3000\n\tconsensus: 40"))],
    "COROSYNC-CRYPTO": [(C, lambda p: p.edit(CORO, "crypto_cipher: aes256", "crypto_cipher: none")
                         .edit(CORO, "crypto_hash: sha256", "crypto_hash: none")),
                        (C, lambda p: _v1(p, "secauth: on", "secauth: off"))],
    "COROSYNC-CRYPTO-OPTIONS": [(C, _coro("crypto_hash: sha256", "crypto_hash: none")),
                                (C, _coro("crypto_hash: sha256", "")),
                                (C, _coro("transport: knet", "transport: udpu"))],
    "COROSYNC-TEST": [
        (C, lambda p: p.answer("corosync-test", "", 8, f"parser error: {CORO}:4: Extra")),
        (C, lambda p: p.answer("corosync-test", "", 8, "Nov 27 12:02:47.710 error   [MAIN  ] Knet "
                               "is out of order\nNov 27 12:02:47.710 error   [MAIN  ] Corosync "
                               "Cluster Engine exiting with status 8 at main.c:1445."))],
    "COROSYNC-AUTHKEY": [(C, lambda p: p.kind("/etc/corosync/authkey", ""))],
    "DLM-FENCING": [
        (C, lambda p: p.write("/etc/dlm/dlm.conf", "enable_fencing=0\n")),
        (C, lambda p: p.write("/etc/dlm/dlm.conf", "enable_fencing = no\n")),
        (C, lambda p: p.write("/etc/dlm/dlm.conf", "fence_all /bin/true\n")),
        (C, lambda p: p.write("/etc/sysconfig/dlm", 'DLM_CONTROLD_OPTS="-q 0 -f 0"\n')),
        (C, lambda p: p.write("/etc/default/dlm", "DLM_CONTROLD_OPTS=--enable_fencing=0\n")),
        (C, lambda p: p.answer("daemons", "/usr/sbin/dlm_controld -s 0 -f0\n")),
        (M, lambda p: p.write("/etc/sysconfig/cman", 'DLM_CONTROLD_OPTS="-f 0"\n')),
        (M, _conf("<clusternodes>", '<dlm enable_fencing="0"/><clusternodes>'))],
    "DLM-STONITH": [(C, lambda p: p.answer("libraries", old="libstonithd.so.26", new="libstonithd.so.56"))],
    "DLM-FENCING-ARGS": [(C, _cib(_CONTROLD, _CONTROLD + _ARGS % "-s 0 -f 0")),
                         (C, _cib(_CONTROLD, _CONTROLD + _ARGS % "--enable_fencing=0"))],
    "DLM-LINKS": [(C, _second_ring),
                  (C, lambda p: _second_ring(p).edit("/etc/dlm/dlm.conf", "tcp", "sctp")),
                  (C, lambda p: _v1(p, "\tinterface {", _INTERFACE + "\tinterface {")),
                  (M, _conf("<fence>", '<altname name="n-alt"/><fence>'))],
    # now
    "QUORUM-NOW": [(C, lambda p: p.answer("corosync-quorum", p.trees[0].commands["corosync-quorum"][
        "stdout"].replace("Quorate:          Yes", "Quorate:          No"), 2)),
        (M, lambda p: p.answer("cman-status", old="Quorum: 1", new="Quorum: 2 Activity blocked"))],
    "QUORUM-TWO-NODE": [
        (C, lambda p: p.answer("corosync-quorum", old="2Node ", new="")),
        (M, lambda p: p.answer("cman-status", p.trees[0].commands["cman-status"]["stdout"]
         .replace("2node", "").replace("Expected votes: 1", "Expected votes: 2")))],
    # firewall
    "FIREWALL-COROSYNC": [(C, lambda p: p.answer("nftables", old="5404-5412", new="5404")),
                          (M, lambda p: p.answer("iptables", old="5404,5405", new="5404"))],
    "FIREWALL-MULTICAST": [
        (M, lambda p: p.answer("iptables", old="-p igmp -j ACCEPT", new="-p igmp -j DROP"))],
    "FIREWALL-DRBD": [(C, lambda p: p.answer("nftables", old="7788-7799, ", new="")),
                      (M, lambda p: p.answer("iptables", old="7788:7799", new="7790:7799"))],
    "FIREWALL-DLM": [(C, lambda p: p.answer("nftables", old=", 21064", new="")),
                     (C, lambda p: p.write("/etc/dlm/dlm.conf", "protocol=sctp\n")),
                     (M, lambda p: p.answer("iptables", old="21064", new="21065"))],
    "FILES-READABLE": [(C, lambda p: p._change(
        "unreadable", (0,), lambda known: known.update({CORO: "not a regular file"})))],
    "PORTS-TAKEN": [
        (C, lambda p: p.answer("ss", old="0.0.0.0:22 ", new="0.0.0.0:7788 ")),
        (M, lambda p: p.answer("ss", old='"corosync"', new='"dhclient"')),
        (C, lambda p: p.answer("sockets", '[["tcp", "::", 21064, "httpd"]]'))],
    # Pacemaker
    "PCMK-XML": [(C, _cib("</constraints>", ""))],
    "PCMK-FENCING": [
        (C, _cib('name="stonith-enabled" value="true"', 'name="stonith-enabled" value="false"')),
        (C, _cib('name="stonith-enabled" value="true"', 'name="fencing-enabled" value="false"'))],
    "PCMK-STARTUP-FENCING": [(C, _option("startup-fencing", "false"))],
    "PCMK-FENCE-DEVICE": [(C, _cib('name="pcmk_host_list" value="node2"',
                                   'name="pcmk_host_list" value="node3"')),
                          (C, _meta("fence-node1", "target-role", "Stopped")),
                          (C, _constraint(_BAN % ("x", "fence-node2", "node1"))),
                          (C, _option("symmetric-cluster", "false"))],
    "PCMK-FENCE-SHARED": [(C, _cib("192.0.2.102", "192.0.2.101")),
                          (C, lambda p: p.pacemaker('rsc="fence-node2" node="node2"',
                                                    'rsc="fence-node2" node="node3"')
                           .pacemaker('name="pcmk_host_list" value="node2"',
                                      'name="ipport" value="623"'))],
    "PCMK-FENCE-HOSTS": [(C, _cib('name="pcmk_host_list" value="node2"',
                                  'name="pcmk_host_list" value="nod2"')),
                         (C, _cib('name="pcmk_host_list" value="node2"',
                                  'name="pcmk_host_map" value="node1:1,node2:2"'))],
    "PCMK-FENCE-TOPOLOGY": [(C, _topology('target="node1" index="1" devices="fence-node2"')),
                            (C, _topology('target="node1" index="1" devices="fence-nod1"')),
                            (C, _topology('target="node3" index="1" devices="fence-node1"')),
                            (C, _topology('target="node1" index="0" devices="fence-node1"'))],
    "PCMK-FENCE-TIMEOUT": [(C, _option("stonith-timeout", "4s")),
                           (C, _cib('name="lanplus"', 'name="power_wait" value="90"/>'
                                    '<nvpair id="l" name="lanplus"'))],
    "PCMK-SBD-QUORUM": [(C, _option("stonith-watchdog-timeout", "10"))],
    "PCMK-SBD-TIMEOUT": [(C, lambda p: _option("stonith-watchdog-timeout", "5")(p).write(
        "/etc/sysconfig/sbd", "SBD_WATCHDOG_TIMEOUT=10\n"))],
    "PCMK-SBD-DISK": [(C, lambda p: _option("stonith-watchdog-timeout", "10")(p).write(
        "/etc/default/sbd", "SBD_DEVICE=/dev/vdc\n"))],
    "PCMK-SBD-OFF": [(C, lambda p: _option("have-watchdog", "false")(
        _option("stonith-watchdog-timeout", "10")(p)))],
    "PCMK-FENCE-MANUAL": [(C, _cib("fence_ipmilan", "fence_dummy"))],
    "PCMK-FENCE-DELAY": [
        (C, _cib('value="5s"', 'value="0s"')),
        (C, _res("ping-int 2;", "")),    # DRBD's own
        (C, _res("ping-int 2;", "ping-int 3;"))],
    "PCMK-FENCE-ACTION": [(C, _cib('name="no-quorum-policy" value="freeze"',
                                   'name="no-quorum-policy" value="freeze"/>'
                                   '<nvpair id="action" name="stonith-action" value="off"'))],
    "PCMK-QUORUM-POLICY": [(C, _cib('value="freeze"', 'value="ignore"'))],
    "PCMK-QUORUM-FREEZE": [(C, _cib('value="freeze"', 'value="stop"')),
                           (C, _cib('name="no-quorum-policy"', 'name="another"'))],
    "PCMK-CLONE": [(C, lambda p: p.pacemaker('<clone id="vg0-clone">', '<group id="vg0-clone">')
                    .pacemaker('</clone>\n\n    </resources>', '</group>\n\n    </resources>'))],
    "PCMK-PROMOTABLE": [
        (C, _cib('name="promotable" value="true"', 'name="promotable" value="false"'))],
    "PCMK-PROMOTED-MAX": [
        (C, _cib('name="promoted-max" value="2"', 'name="promoted-max" value="1"')),
        (C, _cib('name="promoted-max" value="2"', 'name="master-max" value="1"'))],
    "PCMK-CLONE-MAX": [(C, _cib('name="clone-max" value="2"', 'name="clone-max" value="3"')),
                       (C, _cib('name="clone-max" value="2"', 'name="clone-node-max" value="2"'))],
    "PCMK-NOTIFY": [(C, _cib('name="notify" value="true"', 'name="notify" value="false"'))],
    "PCMK-INTERLEAVE": [(C, _cib('id="vg0-clone-interleave" name="interleave" value="true"',
                                 'id="vg0-clone-interleave" name="interleave" value="false"'))],
    "PCMK-UNIQUE": [(C, _cib('id="vg0-clone-interleave"', 'id="u" name="globally-unique" '
                             'value="true"/><nvpair id="vg0-clone-interleave"'))],
    "PCMK-LEFT-OVER": [(C, _constraint(_BAN % ("cli-ban-r0-clone-on-node2", "r0-clone", "node2"))),
                       (C, _constraint('<rsc_location id="cli-prefer-vg0" rsc="vg0-clone" '
                                       'node="node1" score="INFINITY"/>'))],
    "PCMK-FENCED-BY-HANDLER": [(C, _constraint(
        '<rsc_location id="drbd-fence-by-handler-r0-r0-clone" rsc="r0-clone">'
        '<rule id="h" role="Promoted" score="-INFINITY"><expression id="e" attribute="#uname" '
        'operation="ne" value="node1"/></rule></rsc_location>'))],
    "PCMK-TWO-NODES": [(C, _constraint(_BAN % ("x", "r0-clone", "node2"))),
                       (C, _constraint((_BAN % ("x", "r0-clone", "node2")).replace(
                           "score=", 'role="Promoted" score='))),
                       (C, _option("symmetric-cluster", "false"))],
    "PCMK-DRBD-RESOURCE": [(C, _cib('name="drbd_resource" value="r0"',
                                    'name="drbd_resource" value="r9"'))],
    "PCMK-DRBD-TWICE": [(C, _another("linbit", "drbd", "drbd_resource", "r0"))],
    "PCMK-VG": [(C, _cib('name="vgname" value="vg0"', 'name="vgname" value="vg9"'))],
    "PCMK-VG-TWICE": [(C, _another("heartbeat", "LVM-activate", "vgname", "vg0"))],
    "PCMK-VG-DRBD": [(C, lambda p: p.edit("/etc/drbd.d/r0.res", "resource r0", "resource r1")
                      .write("/etc/drbd.d/r9.res", "resource r0 {\n\tdevice /dev/drbd9;\n"
                             "\tdisk /dev/vdz;\n\tmeta-disk internal;\n"
                             "\ton node1 { address 10.77.0.1:7799; }\n"
                             "\ton node2 { address 10.77.0.2:7799; }\n}\n"))],
    "PCMK-VERIFY": [(C, lambda p: p.answer(
        "crm-verify", "", 78, "(unpack_resources) \terror: Resource start-up disabled\n"))],
    "PCMK-VERIFY-WARNING": [(C, lambda p: p.answer(
        "crm-verify", "", 0, "(unpack_config) \twarning: Blind faith: not fencing\n"))],
    "PCMK-PARAMETERS": [
        (C, _cib('name="vgname"', 'name="volgrpname"')),
        (C, _cib('type="clvmd"', 'type="clvm"')),
        (C, _cib('name="drbd_resource" value="r0"', 'name="drbd_resource" value="-r0"'))],
    "PCMK-FENCING-WAIVED": [
        (C, _cib(
            '<nvpair id="r0-drbd-resource" name="drbd_resource" value="r0"/>',
            '<nvpair id="a" name="drbd_resource" value="r0"/>'
            '<nvpair id="b" name="require_fencing" value="no"/>')),
        (C, _meta("r0", "requires", "quorum"))],
    "PCMK-LOCK-DAEMON": [
        (C, _cib('provider="dualstor" type="clvmd"', 'provider="heartbeat" type="lvmlockd"'))],
    "PCMK-DLM": [(C, _cib('type="controld"', 'type="Dummy"'))],
    "PCMK-ORDER": [
        (C, _cib(_LEFT_OUT % ("order", "after", "r0"), '<rsc_ticket id="x"')),
        (C, _cib('first-action="promote"', 'first-action="start"')),
        (C, _cib(_LEFT_OUT % ("order", "after", "locking"),
                 '<rsc_order kind="Optional" id="vg0-after-locking"')),
        (C, lambda p: p.pacemaker('<group id="locking">', "").pacemaker("</group>", ""))],
    "PCMK-ORDER-SYMMETRIC": [(C, _cib(_LEFT_OUT % ("order", "after", "r0"),
                                      '<rsc_order symmetrical="false" id="vg0-after-r0"'))],
    "PCMK-COLOCATION": [
        (C, _cib('with-rsc-role="Promoted" ', "")),
        (C, _cib(_LEFT_OUT % ("colocation", "with", "locking"), '<rsc_ticket id="x"')),
        (C, _cib('with-rsc="locking-clone" score="INFINITY"',
                 'with-rsc="locking-clone" score="100"'))],
    "PCMK-TIMEOUT": [
        (C, _cib('id="r0-stop" name="stop" interval="0s" timeout="120s"',
                 'id="r0-stop" name="stop" interval="0s" timeout="30s"')),
        (C, _cib('<op id="vg0-start" name="start" interval="0s" timeout="120s"/>', "")),
        (C, _cib('id="vg0-monitor" name="monitor" interval="10s" timeout="90s"',
                 'id="vg0-monitor" name="monitor" interval="10s" timeout="soon"'))],
    "PCMK-MONITOR": [(C, _cib('role="Unpromoted"', 'role="Promoted"')),
                     (C, _cib('id="vg0-monitor" name="monitor" interval="10s"',
                              'id="vg0-monitor" name="monitor" interval="0s"'))],
    "PCMK-ON-FAIL": [(C, _cib('name="monitor" interval="20s"',
                              'name="monitor" on-fail="ignore" interval="20s"')),
                     (C, _cib('id="vg0-stop"', 'on-fail="block" id="vg0-stop"'))],
    "PCMK-MONITOR-INTERVAL": [(C, _cib('interval="31s"', 'interval="20s"'))],
    "BOOT-ENABLED": [
        (C, lambda p: with_units(p, "drbd.service")), (C, lambda p: with_units(p, "dlm.service")),
        (C, lambda p: with_units(p, "drbd@r0.service")),
        (C, lambda p: with_units(p, "lvmlocks.service"))],
    "BOOT-ORDER": [
        (C, lambda p: with_units(p).drop(ORDER)),
        (C, lambda p: with_units(p).edit(UNIT, " corosync.service", "").write(
            "/usr/lib/systemd/system/corosync.service", "[Unit]\n")),
        (C, lambda p: with_units(p).write(
            "/etc/systemd/system/pacemaker.service.d/dualstor.conf", "")),
        (C, lambda p: with_units(p, "lvmlockd.service").edit(ORDER, "lvmlockd.service", ""))],
    "BOOT-STOP-TIME": [
        (C, lambda p: with_units(p).edit(UNIT, "30min", "90")),
        (C, lambda p: with_units(p).edit(UNIT, "30min", "1min 30s")),
        (C, lambda p: with_units(p).write("/etc/systemd/system/pacemaker.service.d/a.conf",
                                          "[Service]\nSendSIGKILL=yes\n"))],
    "BOOT-WATCHDOG": [
        (C, _systemd("RuntimeWatchdogSec=30\n")),
        (C, lambda p: _systemd("RuntimeWatchdogSec=30\nWatchdogDevice=/dev/watchdog1\n")(p).write(
            "/etc/default/sbd", "SBD_WATCHDOG_DEV=/dev/watchdog1\n"))],
    "BOOT-FSTAB": [
        (C, lambda p: p.write("/etc/fstab", "/dev/vg0/lv0 /srv gfs2 defaults 0 0\n")),
        (C, lambda p: p.write("/etc/fstab", "/dev/mapper/vg0-lv0 none swap sw 0 0\n")),
        (C, lambda p: p.write("/etc/fstab", "# a\n/dev/drbd0 /srv xfs defaults 0 0\n"))],
    "PCMK-ALERT-AGENT": [
        (C, lambda p: _alert(ALERT)(p).kind(ALERT, "", (1,))),
        (C, lambda p: _alert(ALERT)(p).kind(ALERT, "file")),
        (C, lambda p: _alert(ALERT)(p).kind("/run/dualstor-alert", "")),
        (C, _alert("/var/lib/pacemaker/dualstor-alert"))],
    "PCMK-ALERT-MAIL": [
        (C, _alert(ALERT, "root", "-X/tmp/log")),
        (C, lambda p: _alert(ALERT, "root")(p).kind("/usr/sbin/sendmail", "", (1,))
         .kind("/usr/bin/sendmail", "", (1,)))],
    # packages
    "PACKAGES-MISSING": [
        (C, lambda p: p.program("lvmlockd", "")), (M, lambda p: p.program("clvmd", "")),
        (M, lambda p: p.program("drbdadm", "", (1,)))],
    "PACKAGES-NO-DLM": [
        (C, lambda p: p.write("/etc/os-release", EL10).program("dlm_controld", ""))],
    "PACKAGES-FENCE-AGENT": [(C, lambda p: p.answer("cib", p.cib).program("fence_ipmilan", "")),
                             (M, lambda p: p.program("fence_ipmilan", ""))],
    "PACKAGES-CLUSTER-SHELL": [(C, lambda p: p.program("pcs", "").program("crm", ""))],
    "PACKAGES-DRBD-MODULE": [(C, lambda p: p.drop("/proc/drbd").answer("modinfo-drbd", "", 1))],
    "PACKAGES-DLM-MODULE": [
        (M, lambda p: p.kind("/sys/kernel/dlm", "").answer("modinfo-dlm", "", 1))],
}
