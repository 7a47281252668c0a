# SPDX-License-Identifier: GPL-2.0-or-later
"""What is read from a host: the files, programs and commands, in one place.

No command here changes anything, and none takes an LVM lock. A command has a short name: a
copied tree has its output in ``dualstor-commands/NAME.out`` (docs/check.md).
"""

import fnmatch
import posixpath
import re

from dualstor.alerts import place
from dualstor.kernel import selinux
from dualstor.tools import dlmstonith, drbdinclude, lvm, lvmconf

TYPE_CHECKING = False   # only mypy sees what is imported there
if TYPE_CHECKING:
    from typing import Callable, Iterable, Iterator, Tuple

    Command = Tuple[str, Tuple[str, ...]]   # (name, argv)

#: Where systemd's units are, the first that has one counts (systemd.unit(5)).
UNIT_DIRECTORIES = ("/etc/systemd/system", "/run/systemd/system", "/usr/local/lib/systemd/system",
                    "/usr/lib/systemd/system", "/lib/systemd/system")
#: The units that are read.
UNITS = ("pacemaker.service", "corosync.service", "resource-agents-deps.target", "drbd.service",
         "drbd-configured.target", "drbd-graceful-down.service",
         "drbd-graceful-disconnect.service", "blk-availability.service", "dlm.service",
         "lvmlockd.service", "lvmlocks.service")
#: What is known of others: whether they are enabled. Patterns, as of fnmatch.
ENABLED = ("drbd*", "dlm*", "lvm*", "clvm*", "blk-availability.service", "sbd.service",
           "corosync.service", "pacemaker.service")

#: Files whose text is read; ``*`` stands for any part of a name.
FILES = (
    "/etc/drbd.conf", "/etc/drbd.d/*.res", "/etc/drbd.d/*.conf",
    "/etc/lvm/lvm.conf", "/etc/lvm/lvmlocal.conf", "/etc/lvm/lvm_*.conf",
    "/etc/lvm/devices/system.devices", "/etc/lvm/cache/.cache",
    "/etc/cluster/cluster.conf", "/etc/corosync/corosync.conf",
    "/etc/hosts", "/etc/hostname", "/etc/os-release", "/etc/redhat-release", "/etc/SuSE-release",
    "/etc/debian_version", "/etc/dlm/dlm.conf",
    "/etc/sysconfig/dlm", "/etc/default/dlm", "/etc/sysconfig/cman", "/etc/default/cman",
    "/etc/sysconfig/sbd", "/etc/default/sbd", "/etc/sysconfig/iptables",
    "/etc/sysconfig/ip6tables", "/etc/iptables/rules.v4", "/etc/iptables/rules.v6",
    "/etc/sysconfig/ipset", "/etc/iptables/ipsets",
    "/etc/nftables.conf", "/etc/sysconfig/nftables.conf", "/etc/nftables.nft",
    "/etc/nftables/*.nft", "/etc/nftables.d/*", "/var/lib/nftables/rules-save",
    "/etc/firewalld/firewalld.conf", "/etc/firewalld/direct.xml", "/etc/firewalld/zones/*.xml",
    "/etc/firewalld/policies/*.xml", "/etc/firewalld/services/*.xml",
    "/etc/firewalld/ipsets/*.xml", "/etc/sysconfig/network-scripts/ifcfg-*",
    "/sys/block/*/dm/name", "/sys/block/*/dm/uuid",
    "/proc/drbd", "/proc/sys/kernel/hostname", "/sys/module/drbd/version",
    selinux.ENFORCE, selinux.MODULE,
    "/etc/libvirt/qemu/*.xml", "/etc/pacemaker/*.xml",
    "/var/lib/pacemaker/cib/cib.xml", "/var/lib/heartbeat/crm/cib.xml",
    "/etc/fstab", "/etc/systemd/system.conf", "/etc/systemd/system.conf.d/*.conf",
    *(f"{directory}/{unit}{part}" for directory in UNIT_DIRECTORIES for unit in UNITS
      for part in ("", ".d/*.conf")),
)

#: Paths of which only the kind is read.
PATHS = ("/etc/corosync/authkey", "/sys/kernel/dlm", "/usr/sbin", "/usr/bin", "/proc/self",
         place.PROGRAM, place.STATE_DIR, *place.SENDMAIL)

#: Where libvirt has links to the domains that it starts by itself; of a link only that it is there.
DOMAINS, AUTOSTART = "/etc/libvirt/qemu/", "/etc/libvirt/qemu/autostart/"

#: Directories in which a block device has further names.
ALIASES = ("/dev", "/dev/mapper", "/dev/disk/by-id", "/dev/disk/by-path", "/dev/disk/by-uuid",
           "/dev/disk/by-partuuid", "/dev/disk/by-partlabel", "/dev/disk/by-label")

#: Programs that a host of either generation may need; packages.py names their packages.
PROGRAMS = ("drbdadm", "lvm", "clvmd", "lvmlockd", "dlm_controld", "dlm_tool", "corosync",
            "cman_tool", "fenced", "fence_tool", "pacemakerd", "cibadmin", "crm_mon",
            "stonith_admin", "pcs", "crm", "fence_ipmilan")

#: Daemons of which the command line is read.
DAEMONS = ("clvmd", "lvmlockd", "lvmetad", "dlm_controld", "corosync", "cman", "pacemakerd")

#: Commands by name. LVM's are in ``lvm_commands``.
COMMANDS: "tuple[Command, ...]" = (
    ("lvm-version", ("lvm", "version")),
    ("ip-json", ("ip", "-j", "addr", "show")),
    ("ip-addr", ("ip", "-o", "addr", "show")),
    ("firewalld", ("firewall-cmd", "--list-all-zones")),
    ("firewalld-policies", ("firewall-cmd", "--list-all-policies")),
    ("firewalld-direct", ("firewall-cmd", "--direct", "--get-all-rules")),
    ("nft-json", ("nft", "-j", "list", "ruleset")),
    ("nftables", ("nft", "list", "ruleset")),
    ("iptables", ("iptables-save",)),
    ("ip6tables", ("ip6tables-save",)),
    ("ipset", ("ipset", "save")),
    ("ss", ("ss", "-H", "-l", "-n", "-t", "-u", "-p")),
    ("corosync-version", ("corosync", "-v")),
    ("corosync-test", ("corosync", "-t")),
    ("corosync-quorum", ("corosync-quorumtool", "-s")),
    ("cman-status", ("cman_tool", "status")),
    ("cib", ("cibadmin", "--query", "--local")),
    ("crm-verify", ("crm_verify", "--live-check", "-V")),
    ("drbdadm-version", ("drbdadm", "--version")),
    ("drbdadm-dump", ("drbdadm", "dump")),
    ("dlm-stonith", dlmstonith.WANTED),
    ("libraries", dlmstonith.KNOWN),
    ("modinfo-drbd", ("modinfo", "drbd")),
    ("modinfo-dlm", ("modinfo", "dlm")),
)

#: Without questions and messages, and without DRBD's usage count over the network.
ENVIRONMENT = {"drbdadm": {"DRBD_DONT_WARN_ON_VERSION_MISMATCH": "1", "INIT_VERSION": "check"}}

#: What is read as if a command had printed it, and where it is from: see sources/local.py.
LOCAL = {"daemons": "/proc/PID/cmdline", "interfaces": "psutil.net_if_addrs",
         "sockets": "psutil.net_connections"}

#: First version of LVM with ``dumpconfig --type``.
_TYPES = (2, 2, 103)

#: (first version, options with which its reports take no lock), newest first. With --readonly
#: alone LVM still asks lvmlockd for shared locks and would hang without quorum.
_LOCK_FREE = (
    (lvm.NO_CLVMD, ("--nolocking",)),
    (lvm.WITH_LVMLOCKD, ("--readonly", "--shared", "--config", "global{use_lvmlockd=0}")),
    ((2, 2, 107), ("--readonly",)),
    ((0, 0, 0), ("--config", "global{locking_type=0}")),
)

_REPORT = ("--noheadings", "--nosuffix", "--units", "b", "--separator", "|", "-o")
REPORTS = (
    ("vgs", ("vg_name", "vg_attr")),
    ("pvs", ("pv_name", "pv_attr", "vg_name")),
    ("lvs", ("vg_name", "lv_name", "vg_uuid", "lv_uuid", "lv_tags")),
)


def lvm_commands(version: "tuple[int, ...]") -> "Iterator[Command]":
    """(name, argv) of LVM's commands, without its locks.

    Sources: lvm(8), lvm.conf(5), LVM2 tools/lvmcmdline.c (_init_lvmlockd).

    :param version: three numbers
    """
    free = next(options for first, options in _LOCK_FREE if version >= first)
    types = ("--type", "full") if version >= _TYPES else ()
    yield "lvm-settings", ("lvm", "dumpconfig") + types
    for command, columns in REPORTS:
        yield command, (command,) + free + _REPORT + (",".join(columns),)


_WORD = r"([A-Za-z0-9][A-Za-z0-9._%+:@-]*)"  # never an option of a command
_RESOURCE = re.compile(r"(?:^|[;}\s])resource\s+\"?" + _WORD + r"\"?\s*\{", re.MULTILINE)
_NODE = re.compile(r"<clusternode\b[^>]*?\bname=[\"']" + _WORD + r"[\"']")
_RING = re.compile(r"^[ \t]*ring[0-9]_addr:[ \t]*" + _WORD + r"[ \t\r]*$", re.MULTILINE)
_NUMERIC = re.compile(r"^[0-9.]+$|:")
_KEYFILE = re.compile(r"^[ \t]*keyfile:[ \t]*(/[^\s]+)", re.MULTILINE)
_AGENT = re.compile(r"\b(?:agent|type)=[\"'](fence_[A-Za-z0-9_]+)[\"']")
_HANDLER = re.compile(r"(?:^|[;{\s])(?:fence-peer|outdate-peer|[a-z0-9-]*resync-target|"
                      r"split-brain|unfence-peer|pri-[a-z-]+|local-io-error|initial-split-brain|out-of-sync|"
                      r"quorum-lost)\s+\"?(/[^\s\";]+)", re.MULTILINE)
_DISK = re.compile(r"(?:^|[;{\s])(?:disk|meta-disk|flexible-meta-disk)\s+\"?(/[^\s\";\[]+)",
                   re.MULTILINE)
_LOCKSPACE = re.compile(r"^(clvmd|lvm_" + _WORD + ")$")


_INCLUDE = re.compile(r"^[ \t]*include[ \t]+\"([^\"\n]+)\"", re.MULTILINE)
_DRBD, _NFT = ("/etc/drbd",), ("/etc/nftables", "/etc/sysconfig/nftables", "/var/lib/nftables/")


def _nft_named(_: str, text: str) -> "Iterator[str]":
    """The paths and patterns that a file for ``nft -f`` includes, wherever it is."""
    for named in _INCLUDE.findall(text):
        yield posixpath.normpath(posixpath.join("/etc", named))


def _followed(files: "dict[str, str]", begin: "tuple[str, ...]",
              named: "Callable[[str, str], Iterable[str]]") -> "set[str]":
    """Paths and patterns that files include, and those included, as far as they are read."""
    found: "set[str]" = set()
    waiting = [path for path in files if path.startswith(begin)]
    while waiting:
        path = waiting.pop()
        for pattern in set(named(path, files[path])) - found:
            found.add(pattern)
            waiting += drbdinclude.matching(pattern, files)
    return found


def included(files: "dict[str, str]") -> "set[str]":
    """Paths and patterns that DRBD's files and those for ``nft -f`` include, wherever they are."""
    return _followed(files, _DRBD, drbdinclude.named) | _followed(files, _NFT, _nft_named)


def _drbd(files: "dict[str, str]") -> str:
    """The text of all DRBD files."""
    paths = {path for path in files if path.startswith(_DRBD)}.union(
        *(drbdinclude.matching(pattern, files)
          for pattern in _followed(files, _DRBD, drbdinclude.named)))
    return "\n".join(files[path] for path in sorted(paths))


def _in(files: "dict[str, str]", prefix: str) -> str:
    return "\n".join(text for path, text in sorted(files.items()) if path.startswith(prefix))


def named_paths(files: "dict[str, str]") -> "list[str]":
    """Paths in the files whose kind matters: handlers, backing devices, a library."""
    drbd = _drbd(files)
    libraries = {setting.value for path, text in files.items() if path.startswith("/etc/lvm/lvm")
                 for setting in lvmconf.Scan(text).settings
                 if setting.name == "global/locking_library" and isinstance(setting.value, str)}
    return sorted(set(_HANDLER.findall(drbd)) | set(_DISK.findall(drbd))
                  | set(_KEYFILE.findall(_in(files, "/etc/corosync/")))
                  | {path for path in libraries if path.startswith("/")})


def named_links(files: "dict[str, str]") -> "list[str]":
    """Links by which libvirt starts the domains in these files by itself."""
    names = {posixpath.basename(path) for path in files
             if path.startswith((DOMAINS, "/etc/pacemaker/"))}
    return sorted(AUTOSTART + name for name in names)


def enabling(list_names: "Callable[[str], Iterable[str]]") -> "list[str]":
    """The links by which systemd starts units at boot, of those that matter.

    :param list_names: function from a directory to the names in it
    """
    top = UNIT_DIRECTORIES[0]
    return [f"{top}/{directory}/{name}" for directory in list_names(top)
            if directory.endswith((".wants", ".requires"))
            for name in list_names(f"{top}/{directory}")
            if any(fnmatch.fnmatchcase(name, pattern) for pattern in ENABLED)]


def in_order(files: "dict[str, str]", path: str) -> "list[str]":
    """The files of a configuration with drop-ins, in the order in which they are read."""
    return [each for each in (path, *sorted(files)) if each in files and (
        each == path or each.startswith(path + ".d/"))]


def named_programs(files: "dict[str, str]", cib: str) -> "list[str]":
    """Fence agents in cluster.conf and the CIB.

    :param cib: the text of the running CIB; "" if none is running
    """
    texts = _in(files, "/etc/cluster/") + (cib or _in(files, "/var/lib/"))
    return sorted(set(_AGENT.findall(texts)))


def named_commands(files: "dict[str, str]", lockspaces: "Iterable[str]") -> "Iterator[Command]":
    """(name, argv) of commands about what the files name."""
    for resource in sorted(set(_RESOURCE.findall(_drbd(files)))):
        yield "drbd-gi-" + resource, ("drbdadm", "get-gi", resource)
    for node in sorted(set(_NODE.findall(_in(files, "/etc/cluster/")))):
        yield "getent-" + node, ("getent", "hosts", node)
    for name in sorted(set(_RING.findall(_in(files, "/etc/corosync/")))
                       - set(_NODE.findall(_in(files, "/etc/cluster/")))):
        if not _NUMERIC.search(name):
            yield "getent-" + name, ("getent", "ahosts", name)
    for lockspace in lockspaces:
        if _LOCKSPACE.match(lockspace):
            yield "lockdump-" + lockspace, ("dlm_tool", "lockdump", lockspace)
