# SPDX-License-Identifier: GPL-2.0-or-later
"""DRBD's files as such, and whether they are the same on both hosts."""

from dualstor.command.check.parsers import drbdsays
from dualstor.command.check.parsers.where import Where
from dualstor.command.check.rules.registry import ERROR, PAIR, found, rule
from dualstor.command.check.view import drbdversion
from dualstor.command.check.view.seen import Unavailable
from dualstor.record import whole

TYPE_CHECKING = False   # only mypy sees what is imported there
if TYPE_CHECKING:
    from typing import Iterator

    from dualstor.command.check.parsers.drbdfiles import DrbdResource
    from dualstor.command.check.parsers.where import Problem
    from dualstor.command.check.rules.registry import Findings
    from dualstor.command.check.view.cluster import ClusterView
    from dualstor.command.check.view.host import HostView


_DUMP = "drbdadm-dump"
_BOTH_PLACES = [9, 29]  # drbd-utils that take 8.4's place for DRBD 9, too


def _refused(host: "HostView") -> "Iterator[Problem]":
    """What DRBD refuses: in the words of drbdadm where it was run, else by our table.

    A drbdadm that takes the files has the last word on what it reads itself.
    """
    problems = host.drbd_files.problems
    try:
        answer = host.answer(_DUMP)
    except Unavailable:
        return iter(problems)
    words = list(drbdsays.problems(answer["stderr"])) if answer["returncode"] else []
    if words:
        return iter(words)
    if answer["returncode"] and not drbdsays.elsewhere(answer["stderr"]):
        return iter(problems)   # it failed of something else
    return (one for one in problems if not one.by_drbdadm)


@rule("DRBD-SYNTAX", ERROR, "DRBD takes its configuration",
      why="drbdadm refuses the whole configuration, so no resource comes up.",
      fix="fix the line, on both hosts; `drbdadm dump all` must report no error")
def syntax(host: "HostView") -> "Findings":
    moved = [one.where for one in file_versions(host)]
    for problem in _refused(host):
        if problem.where not in moved:
            yield found(problem.where, problem.text)


def file_versions(host: "HostView") -> "Findings":
    """What DRBD-FILE-VERSION reports; nothing as long as the loaded DRBD is not known."""
    try:
        yield from file_version(host)
    except Unavailable:
        return


def _takes_both(host: "HostView") -> bool:
    """Whether drbd-utils are such as take ``fencing`` of 8.4's disk section for DRBD 9, too."""
    try:
        numbers = [whole(part) or 0 for part in host.drbd_tools.split(".")]
    except Unavailable:
        return False
    return numbers >= _BOTH_PLACES


@rule("DRBD-FILE-VERSION", ERROR, "each resource's file is one for the loaded DRBD",
      why="drbdadm refuses the whole configuration if an option is where another version has it: "
          "`fencing` is in the net section of DRBD 9, in the disk section before.",
      fix="move `fencing` to the {section} section, on both hosts; `dualstor configure` prints "
          "such a file")
def file_version(host: "HostView") -> "Findings":
    for resource in host.resources:
        options = resource.configuration.option
        nine = (whole(host.drbd_module[0].partition(".")[0]) or 0) >= 9
        right, wrong = ("net", "disk") if nine else ("disk", "net")
        if nine and _takes_both(host):
            return
        if options(wrong, "fencing") is not None:
            yield found(resource.at("fencing"),
                        f"resource {resource.name} has fencing in the {wrong} section, and DRBD "
                        f"{host.drbd_module[0]} is loaded", section=right)


@rule("DRBD-HOSTNAME", ERROR, "each DRBD resource has a section for this host",
      why="drbdadm selects the section by host name and ignores a resource that has none for it; "
          "before DRBD 9 the name must be that of `uname -n` letter by letter.",
      fix="name the section `on {host} {{`, as `uname -n` prints it")
def hostname(host: "HostView") -> "Findings":
    for resource in host.resources:
        conf = resource.configuration
        sections = conf.hosts + conf.others
        if not sections or host.own(resource) is not None or _lower_elsewhere(host, resource):
            continue
        named = ", ".join(one.name for one in sections)
        close = conf.host(host.name)
        unsure = f"; only drbdadm 9 takes {close.name} for it" if close else ""
        yield found(resource.where, f"resource {resource.name} has sections for {named}, but "
                                    f"this host is {host.name}{unsure}", host=host.name)


def _lower_elsewhere(host: "HostView", resource: "DrbdResource") -> bool:
    """Whether it is stacked on a resource that itself has no section for this host."""
    lower = [one.name for one in resource.configuration.others if one.kind == "stacked"]
    return any(one.name in lower and host.own(one) is None for one in host.resources)


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
        elif mine[name].meaning != theirs[name].meaning:
            yield found(mine[name].where, f"resource {name} is defined differently on {first.name} "
                                          f"and {second.name}", resource=name)


def _generation(text: str) -> str:
    """"8.4" of "8.4.11"; "9" of any 9."""
    return drbdversion.generation(text) or ".".join(text.split(".")[:2])


@rule("DRBD-GENERATION", ERROR, "DRBD's kernel module and tools match",
      why="Tools of another generation use another kernel interface: they fail, or apply only part "
          "of the configuration.",
      fix="install the tools for module {module}, or the module for these tools")
def generation(host: "HostView") -> "Findings":
    module, where = host.drbd_module
    tools = host.drbd_tools
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
