# SPDX-License-Identifier: GPL-2.0-or-later
"""What is missing on this host, and the package of its distribution that has it."""

import re

from dualstor.command import distribution
from dualstor.command.check.parsers.where import Where
from dualstor.command.check.rules.registry import ERROR, WARNING, found, rule
from dualstor.command.check.sources.wanted import named_programs
from dualstor.command.check.view.seen import Unavailable

TYPE_CHECKING = False   # only mypy sees what is imported there
if TYPE_CHECKING:
    from dualstor.command.check.rules.registry import Findings
    from dualstor.command.check.view.host import HostView

FEDORA, SUSE, DEBIAN = "Fedora/EL", "SLES", "Debian"
_INSTALL = {FEDORA: "yum install", SUSE: "zypper install", DEBIAN: "apt-get install"}

#: program -> package in (Fedora/EL, SLES, Debian); for both generations, then for each.
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
#: The package of fence agents; on Fedora/EL since corosync 2 each has its own.
_FENCE_AGENTS = ("fence-agents", "fence-agents", "fence-agents")
_FAMILIES = (FEDORA, SUSE, DEBIAN)
_WORDS = {FEDORA: ("fedora", "rhel", "centos", "redhat", "rocky", "almalinux"),
          SUSE: ("suse", "sles", "opensuse", "sle_hpc"), DEBIAN: ("debian", "ubuntu")}
_MARKS = (("/etc/redhat-release", FEDORA), ("/etc/SuSE-release", SUSE),
          ("/etc/debian_version", DEBIAN))


def family(host: "HostView") -> str:
    """The family of the host's distribution.

    :raises Unavailable: no file names it, or it is another
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


def _package(host: "HostView", packages: "tuple[str, ...]") -> "tuple[str, str]":
    """(command that installs, package) on this host."""
    name = family(host)
    return _INSTALL[name], packages[_FAMILIES.index(name)]


def _missing(host: "HostView", programs: "dict[str, tuple[str, ...]]") -> "Findings":
    """Findings for those of *programs* that are not installed."""
    missing: "dict[tuple[str, str], list[str]]" = {}
    for program, packages in programs.items():
        if host.program(program):
            continue
        missing.setdefault(_package(host, packages), []).append(program)
    for (install, package), names in missing.items():
        yield found(Where("/usr/sbin"),
                    f"{' and '.join(names)} {'is' if len(names) == 1 else 'are'} missing",
                    install=install, package=package)


def _without_dlm(host: "HostView") -> "str | None":
    """The name of the distribution, if it has no dlm and nobody has installed it."""
    if host.engine != "corosync" or host.program("dlm_controld"):
        return None
    return distribution.without_dlm(host.text(distribution.OS_RELEASE))


@rule("PACKAGES-NO-DLM", ERROR, "the distribution has dlm",
      why="LVM's locks come from dlm; EL 10 has lvmlockd with sanlock only, whose leases would be "
          "on DRBD, which freezes when a node is lost.",
      fix="use EL 9 or another distribution of docs/platforms.md")
def no_dlm(host: "HostView") -> "Findings":
    name = _without_dlm(host)
    if name is not None:
        yield found(Where(distribution.OS_RELEASE), f"{name} has no dlm: this cannot run here")


@rule("PACKAGES-MISSING", ERROR, "the programs that this stack needs are installed",
      why="The agents and the cluster call these programs.",
      fix="`{install} {package}`")
def programs(host: "HostView") -> "Findings":
    wanted: "dict[str, tuple[str, ...]]" = dict(_ALWAYS, **_BY_ENGINE[host.engine])
    if _without_dlm(host):
        del wanted["dlm_controld"]      # there is no package to install
    return _missing(host, wanted)


@rule("PACKAGES-FENCE-AGENT", ERROR, "the configured fence agents are installed",
      why="A node without the agent cannot fence the other.",
      fix="`{install} {package}`")
def fence_agents(host: "HostView") -> "Findings":
    wanted: "dict[str, tuple[str, ...]]" = {}
    for name in named_programs(host.tree.files, host.tree.stdout("cib")):
        if name not in ("fence_manual", "fence_pcmk"):
            own = "fence-agents-" + name[len("fence_"):].replace("_", "-")
            wanted[name] = _FENCE_AGENTS if host.engine == "cman" else (own,) + _FENCE_AGENTS[1:]
    return _missing(host, wanted)


@rule("PACKAGES-CLUSTER-SHELL", WARNING, "pcs or crmsh is installed",
      why="Without pcs or crm the fixes shown here cannot be typed as they are.",
      fix="`{install} {package}`")
def shell(host: "HostView") -> "Findings":
    if not host.program("pcs") and not host.program("crm"):
        install, package = _package(host, ("pcs", "crmsh", "pcs or crmsh"))
        yield found(Where("/usr/sbin"), "neither pcs nor crm is installed", install=install,
                    package=package)


def _module(host: "HostView", name: str) -> bool:
    """Whether the kernel has a module, loaded or not."""
    if host.tree.files.get("/proc/drbd" if name == "drbd" else "") or (
            name == "dlm" and host.tree.paths.get("/sys/kernel/dlm")):
        return True
    return host.answer("modinfo-" + name)["returncode"] == 0


@rule("PACKAGES-DRBD-MODULE", ERROR, "the kernel has the module drbd",
      why="Without its kernel module no DRBD device comes up.",
      fix="`{install} {package}`")
def drbd_module(host: "HostView") -> "Findings":
    if not _module(host, "drbd"):
        install, package = _package(host, _MODULES["drbd"])
        yield found(Where("modinfo drbd"), "no module drbd for this kernel", install=install,
                    package=package)


@rule("PACKAGES-DLM-MODULE", ERROR, "the kernel has the module dlm",
      why="Without dlm no lock daemon gets locks between the hosts.",
      fix="`{install} {package}`")
def dlm_module(host: "HostView") -> "Findings":
    if not _without_dlm(host) and not _module(host, "dlm"):
        install, package = _package(host, _MODULES["dlm"])
        yield found(Where("modinfo dlm"), "no module dlm for this kernel", install=install,
                    package=package)
