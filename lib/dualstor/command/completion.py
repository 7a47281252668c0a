# SPDX-License-Identifier: GPL-2.0-or-later
"""``dualstor completion``: completion of the command for a shell.

Made from the argparse parser, so that it offers what the command takes.
"""

from dualstor.command import interface
from dualstor.command.codes import ExitStatus

TYPE_CHECKING = False   # only mypy sees what is imported there
if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from dualstor.command.console import Console

SUMMARY = "print the completion of this command for a shell"

DESCRIPTION = """\
Prints a script for bash, zsh or fish. For this shell:  . <(dualstor completion bash)
Permanently, as root:  dualstor completion bash > /etc/bash_completion.d/dualstor"""


def add_arguments(parser: "ArgumentParser") -> None:
    """What ``completion`` takes."""
    parser.add_argument("shell", choices=tuple(SHELLS), help="whose completion to print")


def run(arguments: "Namespace", console: "Console") -> ExitStatus:
    """Print the script; with ``--json`` a document that holds it."""
    script = SHELLS[arguments.shell](arguments.whole())
    console.document({"shell": arguments.shell, "script": script})
    console.raw(script)
    return ExitStatus.OK


def _quoted(text: str) -> str:
    """Text as one word of a shell, in single quotes."""
    return "'" + text.replace("'", "'\\''") + "'"


def _offers(option: interface.Option) -> "tuple[str, ...]":
    """The words that complete an option's value."""
    return option.choices or option.words


# -- bash -----------------------------------------------------------------------

_BASH = """\
# bash completion of dualstor; made by: dualstor completion bash
_dualstor() {
    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} sub= i
    for ((i = 1; i < COMP_CWORD; i++)); do
        [[ ${COMP_WORDS[i]} == -* ]] || { sub=${COMP_WORDS[i]}; break; }
    done
    COMPREPLY=()
    case "$sub $before" in
%(values)s
    esac
    case "$sub" in
%(words)s
    esac
}
complete -o filenames -F _dualstor dualstor
"""

_BASH_KINDS = {"file": "-f", "directory": "-d", "host": "-A hostname"}


def _bash(parser: "ArgumentParser") -> str:
    top = [n for o in interface.options(parser) for n in o.names]
    subs = interface.subcommands(parser)
    values, words = [], [(" ".join(top + [sub.name for sub in subs]), "''")]
    for sub in subs:
        offered = [name for option in sub.options for name in option.names]
        for option in sub.options:
            if not option.names:
                offered += option.choices
            elif option.takes_value:
                how = (_BASH_KINDS.get(option.kind or "") if not _offers(option)
                       else f"-W {_quoted(' '.join(_offers(option)))}")
                reply = f"COMPREPLY=($(compgen {how} -- \"$word\")); " if how else ""
                pattern = "|".join(_quoted(f"{sub.name} {name}") for name in option.names)
                values.append(f"        {pattern}) {reply}return ;;")
        words.append((" ".join(offered), _quoted(sub.name)))
    return _BASH % {
        "values": "\n".join(values),
        "words": "\n".join(f"        {pattern}) COMPREPLY=($(compgen -W {_quoted(offered)} -- "
                           "\"$word\")) ;;" for offered, pattern in words)}


# -- zsh ------------------------------------------------------------------------

_ZSH_KINDS = {"file": "_files", "directory": "_files -/", "host": "_hosts"}


def _zsh_option(option: interface.Option) -> "list[str]":
    """The specs of one option for zsh's _arguments."""
    note = option.help
    for character in "\\:[]":
        note = note.replace(character, "\\" + character)
    value = ""
    if option.takes_value:
        do = f"({' '.join(_offers(option))})" if _offers(option) else _ZSH_KINDS.get(
            option.kind or "", "")
        value = f":{option.metavar}:{do}"
    if not option.names:
        return [_quoted("1" + value)]
    star = "*" if option.repeatable else ""
    return [_quoted(f"{star}{name}[{note}]{value}") for name in option.names]


def _zsh(parser: "ArgumentParser") -> str:
    subs = interface.subcommands(parser)
    lines = ["#compdef dualstor", "# zsh completion of dualstor; made by: dualstor completion zsh",
             "_dualstor() {", "    local state", "    local -a subcommands", "    subcommands=("]
    lines += ["        " + _quoted(f"{sub.name}:{sub.summary}") for sub in subs]
    lines += ["    )", "    _arguments -C \\"]
    for option in interface.options(parser):
        lines += [f"        {spec} \\" for spec in _zsh_option(option)]
    lines += ["        '1: :->subcommand' '*:: :->rest'", "    case $state in",
              "    subcommand) _describe 'sub-command' subcommands ;;",
              "    rest)", "        case $words[1] in"]
    for sub in subs:
        specs = [spec for option in sub.options for spec in _zsh_option(option)]
        lines.append(f"        {sub.name}) _arguments \\")
        lines += [f"            {spec} \\" for spec in specs[:-1]]
        lines.append(f"            {specs[-1]} ;;")
    lines += ["        esac ;;", "    esac", "}", "compdef _dualstor dualstor", ""]
    return "\n".join(lines)


# -- fish -----------------------------------------------------------------------

_FISH_KINDS = {"file": "-r -F", "directory": "-x -a '(__fish_complete_directories)'",
               "host": "-x -a '(__fish_print_hostnames)'"}


def _fish_option(option: interface.Option) -> str:
    """One option's part of a fish ``complete`` line."""
    parts = [f"-l {n[2:]}" if n.startswith("--") else f"-s {n[1:]}" for n in option.names]
    if _offers(option):
        parts.append(f"{'-x ' if option.names else ''}-a {_quoted(' '.join(_offers(option)))}")
    elif option.takes_value:
        parts.append(_FISH_KINDS.get(option.kind or "", "-x"))
    return " ".join(parts + [f"-d {_quoted(option.help)}"])


def _fish(parser: "ArgumentParser") -> str:
    subs = interface.subcommands(parser)
    lines = ["# fish completion of dualstor; made by: dualstor completion fish",
             "complete -c dualstor -f"]
    for option in interface.options(parser):
        lines.append("complete -c dualstor -n __fish_use_subcommand " + _fish_option(option))
    for sub in subs:
        lines.append(f"complete -c dualstor -n __fish_use_subcommand -a {sub.name} -d "
                     f"{_quoted(sub.summary)}")
    for sub in subs:
        for option in sub.options:
            lines.append(f"complete -c dualstor -n '__fish_seen_subcommand_from {sub.name}' "
                         f"{_fish_option(option)}")
    return "\n".join(lines) + "\n"


SHELLS = {"bash": _bash, "zsh": _zsh, "fish": _fish}
