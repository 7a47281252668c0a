# SPDX-License-Identifier: GPL-2.0-or-later
"""``dualstor configure``: the command line, and what happens with the answers."""

import os

from dualstor.command import atomic, distribution
from dualstor.command.codes import ExitStatus
from dualstor.command.configure import (
    answers,
    files,
    loaded,
    migrate,
    names,
    pacemaker,
    sources,
    steps,
)
from dualstor.command.configure.options import add_arguments, from_options  # noqa: F401
from dualstor.command.configure.render import cib, crm, pcs
from dualstor.command.report import redact
from dualstor.errors import DualstorError
from dualstor.host.deadline import Deadline
from dualstor.host.host import Host
from dualstor.record import Record

TYPE_CHECKING = False   # only mypy sees what is imported there
if TYPE_CHECKING:
    from argparse import Namespace
    from typing import Any, Callable, Iterator, Sequence

    from dualstor.command.configure.generations import Generation
    from dualstor.command.configure.model import Pair
    from dualstor.command.configure.parts import Part
    from dualstor.command.configure.steps import Commands
    from dualstor.command.console import Console
    from dualstor.recipes import Step

SUMMARY = "write the configuration of a pair of nodes"

DESCRIPTION = """\
From a few answers writes all that a pair of nodes needs: DRBD's resource, cluster.conf or
corosync.conf, the lines of lvm.conf, the Pacemaker configuration as pcs commands, for the crm
shell or as XML, and the steps that a person must take, in order, each with its reason.

Prints by default and changes nothing. --output writes files into a directory, --apply changes
this host, after it has shown the difference and asked for confirmation.

  dualstor configure --node node1=10.0.0.1 --node node2=10.0.0.2 --disk /dev/sdb
      --fence node1=fence_ipmilan,ip=10.0.9.1,username=fence,password=secret
      --fence node2=fence_ipmilan,ip=10.0.9.2,username=fence,password=secret

The same answers can be in a file (--answers):

  cluster = "pair"
  nodes = [{name = "node1", address = "10.0.0.1", replication = "10.1.0.1"},
           {name = "node2", address = "10.0.0.2", replication = "10.1.0.2"}]
  drbd = {resource = "r0", disk = "/dev/sdb"}
  lvm = {vg = "vg0", lv = "lv0", size = "10G"}
  [[fence]]
  node = "node1"
  agent = "fence_ipmilan"
  delay = 5
  options = {ip = "10.0.9.1", username = "fence", password = "secret"}

Several DRBD resources and volume groups are in a file only, as [[drbd]] and [[vg]]
(docs/configure.md)."""

RENDERERS: "dict[str, Callable[[Part, Generation], str]]" = {
    "pcs": pcs.render, "crm": crm.render, "cib": cib.render}

_ROOT_ONLY = 0o600  # the Pacemaker configuration holds the passwords of fence devices


class _Rendered(Record):
    """All that is made from the answers. ``files``, ``parts`` (of Pacemaker's): {name: text}."""

    files: "dict[str, str]"
    parts: "dict[str, str]"
    steps: "tuple[Step, ...]"


def _rendered(pair: "Pair", form: str) -> _Rendered:
    return _Rendered(
        files=files.all_files(pair), steps=steps.steps(pair, form),
        parts={steps.part_file(name, form): RENDERERS[form](part, pair.generation)
               for name, part in pacemaker.parts(pair).items()})


def _steps_json(found: "Sequence[Step]") -> "list[dict[str, Any]]":
    return [{"number": number, "name": step.name, "nodes": list(step.nodes),
             "commands": [list(words) for words in step.commands], "why": step.why}
            for number, step in enumerate(found, 1)]


def _step_lines(number: int, step: "Step") -> "Iterator[str]":
    """A step as text."""
    yield f"{number}. on {' and '.join(step.nodes)}: {step.why}"
    for words in step.commands:
        yield "       " + pcs.quoted(words)


def _show_steps(console: "Console", title: str, found: "Sequence[Step]") -> None:
    console.heading(title)
    for number, step in enumerate(found, 1):
        first, *commands = _step_lines(number, step)
        console.line(first)
        for line in commands:
            console.line(line, "title")


def _show(console: "Console", rendered: _Rendered) -> None:
    """Print all of it."""
    for path, text in rendered.files.items():
        console.heading(path + (" (these lines)" if path in files.PARTLY else ""))
        console.raw(text)
    for name, text in rendered.parts.items():
        console.heading(name)
        console.raw(text)
    _show_steps(console, "Steps", rendered.steps)


def _output(console: "Console", pair: "Pair", rendered: _Rendered, directory: str) -> None:
    """Write all of it into a directory."""
    lines = [line for number, step in enumerate(rendered.steps, 1)
             for line in _step_lines(number, step)]
    written = [(path.lstrip("/"), text, 0o644) for path, text in rendered.files.items()]
    written += [(name, text, _ROOT_ONLY) for name, text in rendered.parts.items()]
    written += [("cib.xml", cib.document(pacemaker.whole(pair), pair.generation), _ROOT_ONLY),
                ("steps.txt", "\n".join(lines) + "\n", 0o644)]
    for name, text, mode in written:
        atomic.write(os.path.join(directory, name), text, mode)
        console.line(f"wrote {os.path.join(directory, name)}")


# -- applying ------------------------------------------------------------------------


def _host(arguments: "Namespace") -> Host:
    """The host whose files are written."""
    return Host(Deadline(60), root=arguments.root.rstrip("/") or "/")


def _show_changes(console: "Console", found: "Sequence[files.Change]") -> None:
    for change in found:
        console.line()
        for line in change.diff:
            console.line(line, {"+": "added", "-": "removed"}.get(line[:1]))
    if not found:
        console.line("all files of this host are right already")


def _apply(console: "Console", host: Host, found: "Sequence[files.Change]",
           arguments: "Namespace") -> bool:
    """Write this host's files. False when the person declined."""
    if not found:
        return True
    if not (arguments.yes or console.confirm(f"write {len(found)} file(s)?")):
        console.error("nothing was changed (--yes does not ask)")
        return False
    for change in found:
        path = host.file(change.path)
        backup = files.backup(path)
        atomic.write(path, change.after)
        console.line(f"wrote {path}" + (f", the old one is {backup}" if backup else ""))
    return True


def _chosen(pair: "Pair", arguments: "Namespace") -> "list[tuple[int, Step]]":
    """(number, Step) of those that are to be taken.

    :raises DualstorError: --step names one that is not there
    """
    numbered = list(enumerate(steps.steps(pair, "cib"), 1))
    if not arguments.step:
        return numbered
    known = [step.name for _, step in numbered if step.name]
    for name in arguments.step:
        if name not in known:
            raise DualstorError(f"--step {name!r}: there is {', '.join(dict.fromkeys(known))}")
    return [(number, step) for number, step in numbered if step.name in arguments.step]


def _take(console: "Console", pair: "Pair", arguments: "Namespace", right: bool
          ) -> "list[dict[str, Any]]":
    """Take this host's steps, up to one that the person declines; only plan them with --dry-run.

    :param right: whether the files were right, which all steps need
    :returns: what happened to each, as in the JSON document
    """
    from dualstor.command.configure import take
    from dualstor.tools import pacemaker as cluster
    local = cluster.local_node(Host(Deadline(20))).partition(".")[0]
    node = next((each.name for each in pair.nodes if each.name.partition(".")[0] == local), None)
    if node is None:
        raise DualstorError(f"this host is neither {' nor '.join(n.name for n in pair.nodes)}: "
                            "steps are taken on the nodes, and the names are those of `uname -n`")
    taker = take.Taker(pair, node, lambda seconds: Host(Deadline(seconds)),
                       lambda question: arguments.yes or console.confirm(question))
    found: "list[dict[str, Any]]" = []
    blocked = not right     # what follows depends on what is due
    for number, step in _chosen(pair, arguments):
        for line in _step_lines(number, step):
            console.line(line)
        due: "Commands" = ()
        if not arguments.dry_run:
            outcome = taker.take(step)
        elif blocked and not arguments.step and step.name is not None and node in step.nodes:
            outcome = take.OPEN
        else:
            outcome, due = taker.plan(step)
            blocked = blocked or outcome == take.DUE
        console.line(f"   {outcome}", "good" if outcome in (take.DONE, take.TAKEN) else "warning")
        found.append({"number": number, "name": step.name, "outcome": outcome,
                      "due": [list(words) for words in due]})
        if outcome == take.SKIPPED:
            break
    return found


def _refuse_without_dlm(host: Host) -> None:
    """Refuse to write what cannot run here.

    :raises DualstorError: this distribution has no dlm, and nobody has installed it
    """
    name = distribution.without_dlm(host.read(distribution.OS_RELEASE))
    if name is not None and not any(map(host.executable, distribution.DLM_CONTROLD)):
        raise DualstorError(
            f"{name} has no dlm, only lvmlockd with sanlock: clustered LVM on dual-primary DRBD "
            "cannot run here, and nothing was written; use EL 9, or run this on a host of the "
            "distribution that is to run it (docs/platforms.md)")


def run(arguments: "Namespace", console: "Console") -> ExitStatus:
    """Render the answers, and print, write or apply them.

    :returns: ExitStatus
    :raises DualstorError: answers are wrong, or something cannot be written or done
    """
    if (arguments.steps or arguments.dry_run) and not arguments.apply:
        raise DualstorError("--steps and --dry-run need --apply; without it all is printed anyway")
    if arguments.step and not arguments.steps:
        raise DualstorError("--step chooses one of --steps")
    _refuse_without_dlm(_host(arguments))
    given = from_options(arguments)
    if arguments.answers:
        given = sources.merged(sources.read_file(arguments.answers), given)
    decided = loaded.decide(given, _host(arguments), arguments.apply)
    pair = answers.pair(sources.merged(given, {"drbd": {"version": decided.version}}))
    form = arguments.format
    if arguments.migrate:
        wrong = names.group(arguments.migrate)
        if wrong:
            raise DualstorError(f"--migrate {arguments.migrate!r} {wrong}")
        found = migrate.steps(pair, arguments.migrate)
        console.document({"steps": _steps_json(found)})
        _show_steps(console, f"From clvmd to lvmlockd: {arguments.migrate}", found)
        return ExitStatus.OK
    rendered = _rendered(pair, form)
    console.line(f"DRBD {decided.version}: {decided.how}")
    if arguments.output:
        _output(console, pair, rendered, arguments.output)
    status = ExitStatus.OK
    told: "dict[str, Any]" = {"pacemaker": {"format": form, "parts": rendered.parts}}
    if arguments.apply:     # then without the parts, which have the passwords of fence devices
        host = _host(arguments)
        changes = files.changes(pair, host.read)
        told = {"changes": [
            {"path": each.path, "diff": [line[:1] + redact.clean(line[1:]) for line in each.diff]}
            for each in changes]}
        _show_changes(console, changes)
        if not (arguments.dry_run or _apply(console, host, changes, arguments)):
            status = ExitStatus.ERROR
        elif arguments.steps:
            from dualstor.command.configure.take import SKIPPED
            told["taken"] = _take(console, pair, arguments, right=not changes)
            if any(each["outcome"] == SKIPPED for each in told["taken"]):
                status = ExitStatus.INCOMPLETE
    if not (arguments.output or arguments.apply):
        _show(console, rendered)
    console.document({
        "generation": pair.generation.name,
        "drbd": {"version": decided.version, "decided": decided.how}, "files": rendered.files,
        "steps": _steps_json(rendered.steps), **told})
    return status
