# SPDX-License-Identifier: GPL-2.0-or-later
"""The dualstor command: from the command line to a sub-command and its exit code.

A sub-command is a module with ``SUMMARY`` (one line), ``DESCRIPTION`` (paragraphs),
``add_arguments(parser)`` and ``run(arguments, console)``, which returns an ExitStatus.
"""

import argparse
import sys
from importlib import import_module
from importlib.util import find_spec

from dualstor import __version__
from dualstor.command.codes import ExitStatus
from dualstor.command.console import Console
from dualstor.errors import DualstorError

TYPE_CHECKING = False   # only mypy sees what is imported there
if TYPE_CHECKING:
    from types import ModuleType
    from typing import Iterable, Sequence, TextIO

SUMMARY = "check, configure and watch clustered LVM on dual-primary DRBD"

#: The sub-commands in the order in which an administrator meets them.
SUBCOMMANDS = (
    ("check", "dualstor.command.check.command"),
    ("configure", "dualstor.command.configure.command"),
    ("status", "dualstor.command.status.command"),
    ("recover", "dualstor.command.recover.command"),
    ("metrics", "dualstor.command.metrics.command"),
    ("report", "dualstor.command.report.command"),
    ("volume", "dualstor.command.volume"),
    ("completion", "dualstor.command.completion"),
    ("install-agents", "dualstor.command.installagents"),
)

#: Packages of libraries, where they are not named as these.
PACKAGES = {"prometheus_client":
            "python3-prometheus-client (Fedora and EL: python3-prometheus_client)"}


def _there(path: str) -> bool:
    """Whether the module is part of this installation."""
    try:
        return find_spec(path) is not None
    except ImportError:
        return False


class Lacking:
    """Stands for a sub-command whose library is not installed."""

    def __init__(self, name: str, library: str) -> None:
        self.SUMMARY = self.DESCRIPTION = f"needs {library} for Python"
        package = PACKAGES.get(library, f"python3-{library}")
        self.complaint = f"`dualstor {name}` {self.SUMMARY}: install the package {package}"


def _module(name: str, path: str) -> "ModuleType | Lacking":
    """The module of a sub-command, or a Lacking."""
    try:
        return import_module(path)
    except ModuleNotFoundError as problem:
        library = (problem.name or "").partition(".")[0]
        if library in ("", "dualstor"):
            raise
        return Lacking(name, library)


def subcommands() -> "list[tuple[str, ModuleType | Lacking]]":
    """(name, module) of each sub-command that is installed."""
    return [(name, _module(name, path)) for name, path in SUBCOMMANDS if _there(path)]


def _asked(words: "Sequence[str]") -> "tuple[str, ModuleType | Lacking] | None":
    """(name, module) of the sub-command that is asked for; None where none is."""
    name = next((word for word in words if not word.startswith("-")), "")
    path = dict(SUBCOMMANDS).get(name)
    return (name, _module(name, path)) if path and _there(path) else None


def _epilog() -> str:
    return "exit codes:\n" + "\n".join(f"  {code:<4d} {code.meaning}" for code in ExitStatus)


def _common() -> argparse.ArgumentParser:
    """The options of every sub-command."""
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--json", action="store_true",
                        help="print one JSON document (described in docs/json.md) and nothing else")
    common.add_argument("--color", choices=("auto", "always", "never"), default="auto",
                        help="colour and progress: auto is on a terminal only")
    return common


def build_parser(modules: "Iterable[tuple[str, ModuleType | Lacking]] | None" = None
                 ) -> argparse.ArgumentParser:
    """The argparse parser: help, completion and the manual are all made from it.

    :param modules: (name, module) of the sub-commands that it knows; None for all
    """
    parser = argparse.ArgumentParser(
        prog="dualstor", description=SUMMARY[0].upper() + SUMMARY[1:] + ".", epilog=_epilog(),
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--version", action="version", version="dualstor " + __version__)
    commands = parser.add_subparsers(dest="subcommand", metavar="SUBCOMMAND", title="sub-commands")
    for name, module in subcommands() if modules is None else modules:
        sub = commands.add_parser(
            name, help=module.SUMMARY, description=module.DESCRIPTION, epilog=_epilog(),
            parents=[_common()], formatter_class=argparse.RawDescriptionHelpFormatter)
        if not isinstance(module, Lacking):
            module.add_arguments(sub)
            sub.set_defaults(run=module.run, whole=build_parser)
    return parser


def main(argv: "Sequence[str] | None" = None, stdout: "TextIO | None" = None,
         stderr: "TextIO | None" = None) -> ExitStatus:
    """Run the command.

    :param argv: arguments without the program's name; None for those of the process
    :param stdout: where answers go; None for the process's own
    :param stderr: where complaints go; None for the process's own
    """
    # of the others not even the modules are read: `check` alone takes longer than most work
    asked = _asked(sys.argv[1:] if argv is None else argv)
    if asked and isinstance(asked[1], Lacking):
        (stderr or sys.stderr).write(f"dualstor: {asked[1].complaint}\n")
        return ExitStatus.ERROR
    parser = build_parser([asked] if asked else None)
    arguments = parser.parse_args(argv)
    if arguments.subcommand is None:
        parser.print_help(stderr or sys.stderr)
        return ExitStatus.USAGE
    console = Console(stdout or sys.stdout, stderr or sys.stderr, arguments.subcommand,
                      as_json=arguments.json, color=arguments.color)
    try:
        return ExitStatus(arguments.run(arguments, console))
    except DualstorError as problem:
        console.error(str(problem))
        return ExitStatus.ERROR
    except KeyboardInterrupt:
        return ExitStatus.INTERRUPTED
    except BrokenPipeError:
        sys.stderr.close()  # the reader has closed the pipe, e.g. head
        return ExitStatus.OK


if __name__ == "__main__":
    sys.exit(main())
