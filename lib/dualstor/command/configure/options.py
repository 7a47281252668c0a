# SPDX-License-Identifier: GPL-2.0-or-later
"""The options of ``dualstor configure``, and the answers that they give."""

from dualstor.command.configure import sources
from dualstor.command.configure.generations import GENERATIONS
from dualstor.command.configure.model import FULL_SYNC, SKIP_SYNC
from dualstor.command.configure.steps import LOADERS

TYPE_CHECKING = False   # only mypy sees what is imported there
if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from typing import Any

#: (option, table, key) of the answers that are one text.
_TEXTS = (
    ("--cluster", "", "cluster", "NAME", "name of the cluster"),
    ("--resource", "drbd", "resource", "NAME", "name of the DRBD resource (r0)"),
    ("--disk", "drbd", "disk", "PATH", "backing device of DRBD, if it is the same on both nodes"),
    ("--minor", "drbd", "minor", "NUMBER", "number of the DRBD device (0)"),
    ("--port", "drbd", "port", "NUMBER", "TCP port of the replication (7788)"),
    ("--vg", "lvm", "vg", "NAME", "name of the volume group (vg0)"),
    ("--lv", "lvm", "lv", "NAME", "name of a first logical volume"),
    ("--size", "lvm", "size", "SIZE", "its size, e.g. 10G or 100%%FREE"),
)


def add_arguments(parser: "ArgumentParser") -> None:
    """What ``configure`` takes."""
    parser.add_argument("--answers", metavar="FILE", help="a TOML file with the answers")
    parser.add_argument("--node", action="append", metavar="NAME=ADDRESS[,...]",
                        help="a node; also replication=ADDRESS for DRBD's link, disk=PATH")
    parser.add_argument("--fence", action="append", metavar="NODE=AGENT[,...]",
                        help="the device that fences a node: its agent, the agent's options as "
                             "OPTION=VALUE, delay=SECONDS")
    parser.add_argument("--generation", choices=[each.name for each in GENERATIONS],
                        help="; ".join(f"{each.name}: {each.since}" for each in GENERATIONS))
    parser.add_argument("--drbd", choices=("8.3", "8.4", "9"),
                        help="version of DRBD (the one of this host)")
    parser.add_argument("--first-sync", choices=(FULL_SYNC, SKIP_SYNC),
                        help="full: the first node's disk is copied to the other (the default); "
                             "skip: both count as equal")
    for option, _, _, metavar, text in _TEXTS:
        parser.add_argument(option, metavar=metavar, help=text)
    parser.add_argument("--property", action="append", metavar="NAME=VALUE",
                        help="a further property of the cluster")
    parser.add_argument("--format", choices=tuple(LOADERS), default="pcs",
                        help="how the Pacemaker configuration is written (pcs)")
    parser.add_argument("--migrate", metavar="VG",
                        help="print instead how to migrate a volume group from clvmd to lvmlockd")
    parser.add_argument("--output", metavar="DIR", help="write files into this directory")
    parser.add_argument("--apply", action="store_true", help="write this host's files")
    parser.add_argument("--steps", action="store_true",
                        help="with --apply: also take this host's steps; run it on both nodes")
    parser.add_argument("--step", action="append", metavar="NAME",
                        help="with --steps: take this one only, by its name in --json")
    parser.add_argument("--dry-run", action="store_true",
                        help="with --apply: print what would be written and which steps are due")
    parser.add_argument("--yes", action="store_true", help="with --apply: do not ask")
    parser.add_argument("--root", metavar="DIR", default="/",
                        help="with --apply: the directory that stands for / when files are written")


def from_options(arguments: "Namespace") -> "dict[str, Any]":
    """The answers that options give, as nested dicts."""
    found: "dict[str, Any]" = {}
    for option, table, key, _, _ in _TEXTS:
        value = getattr(arguments, option.lstrip("-"))
        if value is not None:
            (found.setdefault(table, {}) if table else found)[key] = value
    for table, key, value in (("drbd", "version", arguments.drbd),
                              ("drbd", "first_sync", arguments.first_sync)):
        if value is not None:
            found.setdefault(table, {})[key] = value
    if arguments.generation:
        found["generation"] = arguments.generation
    if arguments.node:
        found["nodes"] = [sources.parse_node(text) for text in arguments.node]
    if arguments.fence:
        found["fence"] = [sources.parse_fence(text) for text in arguments.fence]
    if arguments.property:
        found["properties"] = dict(sources.parse_property(text) for text in arguments.property)
    return found
