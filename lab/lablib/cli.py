# SPDX-License-Identifier: GPL-2.0-or-later
"""The command lab/lab."""
import argparse
import json
import os
import sys

from . import cib, console, demo, image, logs, modules, snapshot, status
from .errors import CommandTimeout, LabError
from .faults import runner as faults
from .faults.scenarios import every as every_fault
from .lab import Lab
from .machine import LINKS
from .nemesis import found
from .nemesis import history as histories
from .nemesis import runner as nemesis
from .nemesis.faults import KINDS
from .progress import Progress, Silent

DESCRIPTION = """\
Two emulated machines with a stock Debian kernel, in which real Pacemaker drives the agents over real DRBD, DLM and LVM.
No root is needed, nothing is changed on the host but a cache and a run directory."""

EPILOG = f"""\
first steps:
  lab/lab demo                            form a cluster and show that it works
  lab/lab exec node1 'crm_mon -1'         see what runs
  lab/lab kill node2; lab/lab status      pull a plug
  lab/lab start node2                     it joins again by itself
  lab/lab cut replication                 links: {', '.join(LINKS)}
  lab/lab down                            stop

environment:
  DUALSTOR_LAB_CACHE   images and snapshots (default: dualstor-lab in ~/.cache)
  DUALSTOR_LAB_RUN     sockets, disks and logs of one lab (default: /tmp/dualstor-lab-UID);
                       labs with different ones run side by side
  DUALSTOR_LAB_SUITE   as --suite
  DUALSTOR_LAB_OVERLAY as --overlay
  DUALSTOR_LAB_DRBD_MODULES
                       as --drbd-modules
  DUALSTOR_LAB_ACCEL   kvm or tcg, without a trial
  DUALSTOR_LAB_MEMORY  MiB of each machine (default 768)"""


def parser():
    """Returns the parser of the command line."""
    top = argparse.ArgumentParser(
        prog="lab/lab", description=DESCRIPTION, epilog=EPILOG, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    top.add_argument("--quiet", action="store_true", help="no progress")
    top.add_argument(
        "--suite",
        choices=(*image.SUITES, *image.FLAVOURS),
        help=f"Debian's suite of machines to be started, and of snapshots (default: {image.DEFAULT_SUITE})",
    )
    top.add_argument(
        "--overlay",
        metavar="DIR",
        help="lay the files of DIR, which is laid out like a root, over that of machines started from now on, e.g. programs of"
        " another generation; kept until `up --fresh` without it",
    )
    top.add_argument(
        "--drbd-modules",
        metavar="DIR",
        help="load the drbd.ko of DIR, with the other modules there, in place of that of the guests' kernel (lab/lab kernel);"
        " kept as --overlay is",
    )
    verbs = top.add_subparsers(dest="verb", metavar="VERB", required=True)

    def verb(name, what, **more):
        return verbs.add_parser(name, help=what, description=what[0].upper() + what[1:] + ".", **more)

    def node(to):
        to.add_argument("node", metavar="NODE", choices=("node1", "node2", "1", "2"), help="node1 or node2")

    to = verb("build", "install what the host lacks, build the image if the cache has none, and the package")
    to.add_argument("--again", action="store_true", help="even if the cache has one")
    verb("kernel", "show for which kernel modules for the guests must be built")
    to = verb("up", "start both machines and wait until they answer")
    to.add_argument("--fresh", action="store_true", help="with new, empty disks")
    to.add_argument(
        "--auto-restart", metavar="SECONDS", type=float, help="start a fenced machine again after so long; else it stays off"
    )
    verb("down", "end both machines and the fencing process; the disks stay")
    to = verb("status", "show machines, links, DRBD and cluster")
    to.add_argument("--json", action="store_true", help="as JSON")
    to = verb("exec", "run a command in a guest; its exit code and both outputs are passed on")
    node(to)
    to.add_argument("--timeout", type=float, default=300, metavar="SECONDS", help="end it after so long (default %(default)g)")
    to.add_argument("--stdin", action="store_true", help="hand standard input on")
    to.add_argument(
        "command",
        nargs=argparse.REMAINDER,
        metavar="COMMAND",
        help="one word for the guest's shell, or a program and its arguments; options of ours go before NODE",
    )
    to = verb("kill", "pull a machine's plug")
    node(to)
    to = verb("start", "start a machine; a formed node joins its cluster by itself")
    node(to)
    to.add_argument("--no-rejoin", action="store_true", help="leave the cluster alone at boot")
    for name, what in (("cut", "unplug a link between the machines"), ("heal", "plug a link in again")):
        to = verb(name, what)
        to.add_argument("link", metavar="LINK", choices=tuple(LINKS), help=" or ".join(LINKS))
    to = verb("snapshot", "save both machines, memory and disks, as NAME")
    to.add_argument("name", metavar="NAME", nargs="?", default="saved", help="default: %(default)s")
    to = verb("restore", "bring both machines back as they were saved")
    to.add_argument("name", metavar="NAME", nargs="?", default="saved", help="default: %(default)s")
    verb("snapshots", "list the snapshots")
    to = verb("form", "make a cluster of two freshly started machines")
    to.add_argument("--agents", choices=tuple(cib.SETS), default="dualstor", help="ours (the default), or the stock ones")
    to.add_argument("--resources", type=int, choices=range(1, 9), default=1, metavar="N",
                    help="DRBD resources, each with its VG, at most 8 (default %(default)s)")
    to = verb("demo", "form a cluster, show it, and prove that LVs and data cross between the nodes")
    to.add_argument("--from-nothing", action="store_true", help="form it again even if there is a snapshot of a formed one")
    to = verb("faults", "play fault scenarios on a formed cluster and tabulate the results")
    to.add_argument("names", metavar="NAME", nargs="*", help="scenarios; default: all; see --list")
    to.add_argument("--list", action="store_true", help="only list the scenarios")
    to.add_argument("--agents", choices=(*cib.SETS, "both"), default="both", help="whose agents (default: %(default)s)")
    to.add_argument("--output", metavar="DIR", default="faults", help="directory for table and pictures (default: %(default)s)")
    to = verb("nemesis", "play random histories of faults and of work on a formed cluster, and validate each")
    to.add_argument("--seed", type=int, default=1, metavar="N", help="of the first history (default %(default)s)")
    to.add_argument("--minutes", type=float, default=3, metavar="M", help=f"of faults; a history has at most {nemesis.LENGTH // 60}"
                    " (default %(default)g)")
    to.add_argument("--agents", choices=tuple(cib.SETS), default="dualstor", help="whose agents (default: %(default)s)")
    to.add_argument("--kinds", metavar="NAME,...", default="", help="only these kinds of faults; see --list")
    to.add_argument("--cover", action="store_true", help="choose the seeds whose pairs of faults have overlapped least so far")
    to.add_argument("--history", metavar="FILE", type=argparse.FileType(), help="play this history (of --show) instead")
    to.add_argument("--list", action="store_true", help="only list the kinds of faults")
    to.add_argument("--show", action="store_true", help="only print the histories, as JSON")
    to.add_argument("--shrink", metavar="NAME", help="make the (first) history short if it fails, and write it as scenario NAME")
    to.add_argument("--output", metavar="DIR", default=str(nemesis.OUTPUT), help="directory of nemesis.md and .json, which are"
                    " added to (default: docs/faults)")
    verb("push", "package the working tree and upgrade the running guests to it")
    to = verb("console", "a shell on a machine (leave it with Ctrl-])")
    node(to)
    to = verb("logs", "show the logs of a node: kernel, syslog, Pacemaker, corosync")
    node(to)
    to.add_argument("--lines", type=int, default=40, metavar="N", help="of each (default %(default)s)")
    return top


def act(arguments, lab):
    """Does what a parsed command line asks for and returns the exit code."""
    verb = arguments.verb
    if verb == "build":
        print(lab.build(arguments.again).folder)
        print(lab.package())
    elif verb == "kernel":
        print("\n".join(modules.kernel(lab.build())))
    elif verb == "up":
        if arguments.fresh:
            lab.forget_overlay()
        lab.up(arguments.fresh, arguments.auto_restart)
    elif verb == "down":
        lab.down()
    elif verb == "status":
        state = status.gather(lab)
        print(json.dumps(state, indent=1) if arguments.json else "\n".join(status.lines(state)))
    elif verb == "exec":
        return execute(lab.node(arguments.node), arguments)
    elif verb == "kill":
        if not lab.node(arguments.node).kill():
            print(f"{lab.node(arguments.node).name} was off already", file=sys.stderr)
    elif verb == "start":
        with lab.progress.step(f"boot {lab.node(arguments.node).name}"):
            lab.node(arguments.node).start(rejoin=not arguments.no_rejoin)
    elif verb == "cut":
        lab.cut(arguments.link)
    elif verb == "heal":
        lab.heal(arguments.link)
    elif verb == "snapshot":
        lab.snapshot(arguments.name)
    elif verb == "restore":
        lab.restore(arguments.name)
    elif verb == "snapshots":
        for name, about in snapshot.names(lab):
            print(f"{name}  image {about['image']}, {about['options']}, agents {about['agents']}")
    elif verb == "form":
        lab.form(arguments.agents, arguments.resources)
    elif verb == "demo":
        demo.show(lab, arguments.from_nothing)
    elif verb == "faults":
        return play_faults(lab, arguments)
    elif verb == "nemesis":
        return play_nemesis(lab, arguments)
    elif verb == "push":
        print(f"renewed on {', '.join(lab.push())}")
    elif verb == "console":
        console.attach(lab.node(arguments.node))
    elif verb == "logs":
        logs.show(lab.node(arguments.node), arguments.lines)
    return 0


def play_faults(lab, arguments):
    """Lists or plays fault scenarios; returns 0 when our agents did as expected in each, else 1."""
    if arguments.list:
        for name, each in every_fault().items():
            print(f"{name:<20} {each.title}; fencing: {each.fencing}")
        return 0
    sets = tuple(cib.SETS) if arguments.agents == "both" else (arguments.agents,)
    results = faults.run(lab, arguments.names, sets, arguments.output)
    print(f"the table is in {arguments.output}/faults.md")
    return 0 if all(result["ok"] for result in results if result["agents"] == cib.DUALSTOR.name) else 1


def play_nemesis(lab, arguments):
    """Lists, shows, plays or shrinks random histories; returns 0 when all that must hold held, else 1."""
    if arguments.list:
        for kind in KINDS.values():
            print(f"{kind.name:<24} {kind.title}; may be fenced for it: {kind.fences}")
        return 0
    kinds = [name for name in arguments.kinds.split(",") if name]
    try:
        if arguments.history:
            wanted = [histories.from_json(json.load(arguments.history))]
        elif arguments.cover:
            document = nemesis.earlier(arguments.output)
            wanted = list(nemesis.covering(arguments.seed, arguments.minutes, document, arguments.agents, kinds))
        else:
            wanted = list(nemesis.histories(arguments.seed, arguments.minutes, arguments.agents, kinds))
    except ValueError as error:
        raise LabError(str(error)) from None
    if arguments.show:
        print("\n".join(histories.to_text(each).rstrip() for each in wanted))
        return 0
    if arguments.shrink:
        path, short = nemesis.make_short(lab, wanted[0], arguments.shrink)
        print("\n".join([f"the scenario is in {path}" if path else "it does not fail", *histories.story(short)]))
        return 1 if path else 0
    runs = nemesis.run(lab, wanted, arguments.output)
    print(f"the table is in {arguments.output}/nemesis.md, records and pictures are in {lab.folder}/nemesis")
    return 0 if not any(run["failed"] for run in runs) else 1


def execute(node, arguments):
    """Runs a command in a guest, hands its outputs on and returns its exit code (124: ended by the time limit)."""
    if not arguments.command:
        raise LabError(f"exec needs a command, as in: lab/lab exec {node.name} 'crm_mon -1'")
    command = arguments.command[0] if len(arguments.command) == 1 else arguments.command
    stdin = sys.stdin.buffer.read() if arguments.stdin else None
    code = 0
    try:
        result = node.run(command, arguments.timeout, stdin)
        code = result.rc
    except CommandTimeout as error:
        print(error, file=sys.stderr)
        result, code = error.result, 124
    sys.stdout.write(result.stdout)
    sys.stdout.flush()
    sys.stderr.write(result.stderr)
    return code


def main(words=None):
    """Runs the command and returns its exit code."""
    found.register()
    arguments = parser().parse_args(words)
    try:
        progress = Silent() if arguments.quiet else Progress()
        return act(arguments, Lab(None, None, progress, arguments.suite, arguments.overlay, arguments.drbd_modules))
    except LabError as error:
        print(f"lab: {error}", file=sys.stderr)
        return 1
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        return 130
