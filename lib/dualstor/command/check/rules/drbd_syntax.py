# SPDX-License-Identifier: GPL-2.0-or-later
"""DRBD's files as such, and whether they are the same on both hosts."""

from dualstor.command.check.parsers.where import Where
from dualstor.command.check.rules.registry import ERROR, PAIR, found, rule
from dualstor.command.check.view.seen import Unavailable
from dualstor.record import whole

TYPE_CHECKING = False   # only mypy sees what is imported there
if TYPE_CHECKING:
    from dualstor.command.check.rules.registry import Findings
    from dualstor.command.check.view.cluster import ClusterView
    from dualstor.command.check.view.host import HostView


@rule("DRBD-SYNTAX", ERROR, "DRBD's configuration can be parsed",
      why="drbdadm refuses the whole configuration, so no resource comes up.",
      fix="fix the line; `drbdadm dump all` must report no error")
def syntax(host: "HostView") -> "Findings":
    for problem in host.drbd_files[1]:
        yield found(problem.where, problem.text)


@rule("DRBD-HOSTNAME", ERROR, "each DRBD resource has a section for this host",
      why="drbdadm selects the section by host name and ignores a resource that has none for it.",
      fix="name the section `on {host} {{`, as `uname -n` prints it")
def hostname(host: "HostView") -> "Findings":
    for resource in host.resources:
        conf = resource.configuration
        if conf.hosts and conf.host(host.name) is None:
            named = ", ".join(h.name for h in conf.hosts)
            yield found(resource.where, f"resource {resource.name} has sections for {named}, but "
                                        f"this host is {host.name}", host=host.name)


@rule("DRBD-SAME-FILE", ERROR, "both hosts define each DRBD resource identically",
      why="With different network options the hosts refuse to connect, or each resolves a split "
          "brain in its own way.",
      fix="copy {file} from one host to the other, then `drbdadm adjust {resource}` on both",
      scope=PAIR)
def same_file(cluster: "ClusterView") -> "Findings":
    first, second = cluster.hosts[:2]
    mine = {r.name: r for r in first.resources}
    theirs = {r.name: r for r in second.resources}
    for name in sorted(set(mine) | set(theirs)):
        if name not in mine or name not in theirs:
            resource = mine.get(name) or theirs[name]
            yield found(resource.where, f"resource {name} is configured only on "
                                        f"{first.name if name in mine else second.name}",
                        resource=name)
        elif (mine[name].words, mine[name].configuration) != (
                theirs[name].words, theirs[name].configuration):
            yield found(mine[name].where, f"resource {name} is defined differently on {first.name} "
                                          f"and {second.name}", resource=name)


def _generation(text: str) -> str:
    """"8.4" of "8.4.11"; "9" of any 9."""
    parts = text.split(".")
    return parts[0] if (whole(parts[0]) or 0) >= 9 else ".".join(parts[:2])


def _tools(host: "HostView") -> str:
    """The version of drbd-utils as text, from ``drbdadm --version``."""
    for line in host.output("drbdadm-version").split("\n"):
        name, _, value = line.strip().partition("=")
        if name == "DRBDADM_VERSION":
            return value.strip("\"' ")
        if name == "DRBDADM_VERSION_CODE":
            code = whole(value.strip(), 16)
            if code is None:
                break
            return f"{code >> 16 & 0xff}.{code >> 8 & 0xff}.{code & 0xff}"
    raise Unavailable("drbdadm --version prints no version")


@rule("DRBD-GENERATION", ERROR, "DRBD's kernel module and tools match",
      why="Tools of another generation use another kernel interface: they fail, or apply only part "
          "of the configuration.",
      fix="install the tools for module {module}, or the module for these tools")
def generation(host: "HostView") -> "Findings":
    module, where = host.drbd_module
    tools = _tools(host)
    if whole(tools.partition(".")[0]) is None:
        raise Unavailable("drbdadm --version prints no version")
    # drbd-utils 9 are for the module 8.4 as well as 9
    fits = {"9": ("8.4", "9")}.get(_generation(tools), (_generation(tools),))
    if _generation(module) not in fits:
        yield found(where, f"the module is DRBD {module}, drbdadm is {tools}", module=module)


@rule("DRBD-GENERATION-PAIR", ERROR, "both hosts run the same generation of DRBD",
      why="The generations differ in protocol and metadata.",
      fix="install DRBD {module} on both hosts", scope=PAIR)
def generation_pair(cluster: "ClusterView") -> "Findings":
    first, second = cluster.hosts[:2]
    mine, theirs = first.drbd_module[0], second.drbd_module[0]
    if _generation(mine) != _generation(theirs):
        newer = max(mine, theirs)
        yield found(Where(first.drbd_module[1].source),
                    f"{first.name} has DRBD {mine}, {second.name} has {theirs}", module=newer)
