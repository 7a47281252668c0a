# SPDX-License-Identifier: GPL-2.0-or-later
"""What is missing on this host, by the names of its distribution's packages."""

import re

from dualstor.command.check.parsers.where import Where
from dualstor.command.check.rules.registry import ERROR, WARNING, found, rule
from dualstor.command.check.sources.wanted import named_programs
from dualstor.command.check.view.seen import Unavailable

FEDORA, SUSE, DEBIAN = "Fedora/EL", "SLES", "Debian"
_INSTALL = {FEDORA: "yum install", SUSE: "zypper install", DEBIAN: "apt-get install"}

#: program -> package of (Fedora/EL, SLES, Debian); of both generations, then of each.
_ALWAYS = {
    "drbdadm": ("drbd-utils", "drbd-utils", "drbd-utils"),
    "lvm": ("lvm2", "lvm2", "lvm2"),
    "pacemakerd": ("pacemaker", "pacemaker", "pacemaker"),
    "cibadmin": ("pacemaker-cli", "pacemaker-cli", "pacemaker-cli-utils"),
    "crm_mon": ("pacemaker-cli", "pacemaker-cli", "pacemaker-cli-utils"),
}
_BY_ENGINE = {
    "cman": {
        "cman_tool": ("cman", "cman", "cman"),
        "fenced": ("cman", "cman", "cman"),
        "clvmd": ("lvm2-cluster", "lvm2-clvm", "clvm"),
    },
    "corosync": {
        "corosync": ("corosync", "corosync", "corosync"),
        "dlm_controld": ("dlm", "libdlm", "dlm-controld"),
        "lvmlockd": ("lvm2-lockd", "lvm2-lockd", "lvm2-lockd"),
    },
}
#: kernel module -> packages, in the same order.
_MODULES = {
    "drbd": ("kmod-drbd84 or kmod-drbd9x (ELRepo)", "drbd-kmp-default", "linux-image-amd64"),
    "dlm": ("kernel-modules-extra", "dlm-kmp-default", "linux-image-amd64"),
}
#: What holds the fence agents; on Fedora/EL one package each since corosync 2.
_FENCE_AGENTS = ("fence-agents", "fence-agents", "fence-agents")
_FAMILIES = (FEDORA, SUSE, DEBIAN)
_WORDS = {FEDORA: ("fedora", "rhel", "centos", "redhat", "rocky", "almalinux"),
          SUSE: ("suse", "sles", "opensuse", "sle_hpc"), DEBIAN: ("debian", "ubuntu")}
_MARKS = (("/etc/redhat-release", FEDORA), ("/etc/SuSE-release", SUSE),
          ("/etc/debian_version", DEBIAN))


def family(host):
    """The family of the host's distribution.

    :raises Unavailable: no file tells, or it is another
    """
    text = host.text("/etc/os-release") or ""
    words = " ".join(re.findall(r"^(?:ID|ID_LIKE)=\"?([^\"\n]*)", text, re.MULTILINE)).lower()
    for name in _FAMILIES:
        if set(re.split(r"[\s-]+", words)) & set(_WORDS[name]):
            return name
    for path, name in _MARKS:
        if host.text(path) is not None:
            return name
    raise Unavailable(f"/etc/os-release names none of {', '.join(_FAMILIES)}")


def _package(host, packages):
    """(command that installs, package) on this host."""
    name = family(host)
    return _INSTALL[name], packages[_FAMILIES.index(name)]


def _missing(host, programs):
    """Findings for those of *programs* that are not there."""
    told = {}
    for program, packages in programs.items():
        if host.program(program):
            continue
        install, package = _package(host, packages)
        told.setdefault(package, []).append(program)
    for package, names in told.items():
        yield found(Where("/usr/sbin"), f"{' and '.join(names)} "
                                        f"{'is' if len(names) == 1 else 'are'} missing",
            install=install, package=package)


@rule("PACKAGES-MISSING", ERROR, "the programs that this generation needs are installed",
      why="The agents and the cluster call these programs.", fix="`{install} {package}`")
def programs(host):
    return _missing(host, dict(_ALWAYS, **_BY_ENGINE[host.engine]))


@rule("PACKAGES-FENCE-AGENT", ERROR, "the fence agents that are configured are installed",
      why="A node without the agent cannot fence the other.", fix="`{install} {package}`")
def fence_agents(host):
    wanted = {}
    cib = host.tree.commands.get("cib", {}).get("stdout", "")
    for name in named_programs(host.tree.files, cib):
        if name not in ("fence_manual", "fence_pcmk"):
            own = "fence-agents-" + name[len("fence_"):].replace("_", "-")
            wanted[name] = _FENCE_AGENTS if host.engine == "cman" else (own,) + _FENCE_AGENTS[1:]
    return _missing(host, wanted)


@rule("PACKAGES-CLUSTER-SHELL", WARNING, "a shell for the cluster's configuration is installed",
      why="Without pcs or crm the fixes that this command names cannot be typed as they are.",
      fix="`{install} {package}`")
def shell(host):
    if not host.program("pcs") and not host.program("crm"):
        install, package = _package(host, ("pcs", "crmsh", "pcs or crmsh"))
        yield found(Where("/usr/sbin"), "neither pcs nor crm is there", install=install,
                    package=package)


def _module(host, name):
    """Whether the kernel has a module, loaded or not."""
    if host.tree.files.get("/proc/drbd" if name == "drbd" else "") or (
            name == "dlm" and host.tree.paths.get("/sys/kernel/dlm")):
        return True
    return host.answer("modinfo-" + name)["returncode"] == 0


@rule("PACKAGES-DRBD-MODULE", ERROR, "the kernel has DRBD",
      why="Without its kernel module no DRBD device comes up.", fix="`{install} {package}`")
def drbd_module(host):
    if not _module(host, "drbd"):
        install, package = _package(host, _MODULES["drbd"])
        yield found(Where("modinfo drbd"), "no module drbd for this kernel", install=install,
                    package=package)


@rule("PACKAGES-DLM-MODULE", ERROR, "the kernel has dlm",
      why="Without dlm no lock daemon gets locks between the hosts.", fix="`{install} {package}`")
def dlm_module(host):
    if not _module(host, "dlm"):
        install, package = _package(host, _MODULES["dlm"])
        yield found(Where("modinfo dlm"), "no module dlm for this kernel", install=install,
                    package=package)
