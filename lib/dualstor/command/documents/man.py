# SPDX-License-Identifier: GPL-2.0-or-later
"""The manual page dualstor(8), rendered from the parser; ``make docs`` writes it."""

from dualstor import __version__
from dualstor.command import interface
from dualstor.command.codes import ExitStatus
from dualstor.command.main import SUMMARY, build_parser


def roff(text: str) -> str:
    """Text for the manual: escapes backslashes, hyphens, and control characters at line starts."""
    text = text.replace("\\", "\\e").replace("-", "\\-")
    return "\n".join("\\&" + line if line[:1] in (".", "'") else line
                     for line in text.splitlines())


def _option(option: interface.Option) -> "list[str]":
    """One tagged paragraph."""
    tag = ", ".join(f"\\fB{roff(name)}\\fR" for name in option.names)
    value = f"\\fI{roff(option.metavar or '')}\\fR"
    if option.choices:
        value = "|".join(f"\\fB{roff(choice)}\\fR" for choice in option.choices)
    if option.takes_value:
        tag = tag + " " + value if tag else value
    note = option.help + (" (may be given more than once)" if option.repeatable else "")
    return [".TP", tag, roff(note)]


def render() -> str:
    """The page as roff text, the same for the same version."""
    parser = build_parser()
    subs = interface.subcommands(parser)
    lines = ['.\\" SPDX-License-Identifier: GPL-2.0-or-later',
             '.\\" Made from the parser by: make docs',
             f".TH DUALSTOR 8 \"\" \"dualstor {__version__}\" \"System Administration\"",
             ".SH NAME", "dualstor \\- " + roff(SUMMARY), ".SH SYNOPSIS"]
    for sub in subs:
        words = "".join(f" \\fI{roff(option.metavar or '')}\\fR"
                        for option in sub.options if not option.names)
        lines += [f"\\fBdualstor {roff(sub.name)}\\fR [\\fIOPTIONS\\fR]" + words, ".br"]
    lines += [".SH OPTIONS"]
    for option in interface.options(parser):
        lines += _option(option)
    for sub in subs:
        lines += [".SH DUALSTOR " + roff(sub.name.upper()), roff(sub.description), ".PP",
                  "Options:"]
        for option in sub.options:
            lines += _option(option)
    lines += [".SH EXIT STATUS"]
    for code in ExitStatus:
        lines += [".TP", f"\\fB{code}\\fR", roff(code.meaning)]
    lines += [".SH SEE ALSO", "\\fBdrbd.conf\\fR(5), \\fBlvmlockd\\fR(8), \\fBclvmd\\fR(8), "
              "\\fBcorosync.conf\\fR(5), \\fBcluster.conf\\fR(5), \\fBpcs\\fR(8)", ""]
    return "\n".join(lines)
