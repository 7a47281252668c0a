# SPDX-License-Identifier: GPL-2.0-or-later
"""The agents' manual pages, e.g. ocf_dualstor_clvmd(7), rendered from their declared interfaces."""

from dualstor import __version__
from dualstor.agents import catalogue
from dualstor.command.documents.man import roff

TYPE_CHECKING = False   # only mypy sees what is imported there
if TYPE_CHECKING:
    from typing import Sequence

    from dualstor.ocf.parameters import Action, Interface, Parameter

_VALUES = {"drbd_resource": "r0", "vgname": "vg0"}


def page_name(name: str) -> str:
    """The page's name without its section, as other OCF agents have it."""
    return "ocf_dualstor_" + name


def _paragraphs(text: str) -> "list[str]":
    """Text with empty lines between its paragraphs, as roff lines."""
    lines = []
    for part in text.split("\n\n"):
        lines += [".PP", roff(part)]
    return lines


def _parameter(parameter: "Parameter") -> "list[str]":
    """One tagged paragraph, in the form that manuals of agents have."""
    traits = [trait for trait, given in (
        ("required", parameter.required), ("unique", parameter.unique_group),
        ("reloadable", parameter.reloadable), (parameter.type, True)) if given]
    if parameter.default is None:
        traits.append("no default")
    else:
        value = str(parameter.default)
        value = value.lower() if isinstance(parameter.default, bool) else value
        traits.append(f"default \\fI\"{roff(value)}\"\\fR")
    lines = [".TP", f"\\fB{roff(parameter.name)}\\fR", f"({', '.join(traits)})", ".br"]
    lines.append(roff(parameter.longdesc))
    if parameter.options:
        lines += [".br", f"One of: {roff(', '.join(parameter.options))}."]
    if parameter.minimum is not None and parameter.maximum is not None:
        lines += [".br", f"From {parameter.minimum} to {parameter.maximum}."]
    return lines


def _advice(action: "Action") -> "list[str]":
    """What is suggested for an action, e.g. "timeout=20", "interval=30"."""
    words = [f"timeout={action.timeout}"]
    if action.interval is not None:
        words.append(f"interval={action.interval}")
    if action.depth:
        words.append(f"OCF_CHECK_LEVEL={action.depth}")
    if action.role is not None:
        words.append(f"role={action.role}")
    return words


_ACTIONS = {
    "monitor": "Checks whether it runs, and how well", "start": "Starts the resource",
    "stop": "Stops the resource", "promote": "Makes it Primary", "demote": "Makes it Secondary",
    "notify": "Reacts to what the cluster does with the other instances",
    "reload-agent": "Applies changed parameters that are reloadable",
    "validate-all": "Checks the parameters and the configuration",
    "meta-data": "Prints the agent's description and parameters"}


def _action(action: "Action") -> "list[str]":
    depth = "" if action.depth is None else f" (level {action.depth})"
    words = " ".join(word for word in _advice(action) if not word.startswith("OCF"))
    return [".TP", f"\\fB{roff(action.name)}\\fR",
            roff(f"{_ACTIONS[action.name]}{depth}. Suggested: {words}.")]


def _reasons(name: str) -> "list[str]":
    """The section about the exit reasons: what each kind of them means, and what to do."""
    lines = [".SH EXIT REASONS",
             "Each failure ends with one sentence, which crm_mon shows: what is wrong, and the",
             "next step. operations.md among the documents of dualstor has each sentence, and the",
             "steps of each recipe. These are their kinds:"]
    for topic in dict.fromkeys(each.topic for each in catalogue.reasons(name)):
        steps = " The steps are in operations.md." if topic.parts else ""
        lines += [".TP", f"\\fB{roff(topic.title)}\\fR",
                  roff(f"{topic.means} {topic.todo}{steps}")]
    return lines


def _operations(interface: "Interface") -> "list[Action]":
    """The actions that a configuration lists."""
    listed = ("start", "stop", "promote", "demote", "monitor")
    return [action for action in interface.actions if action.name in listed]


def _pairs(values: "Sequence[tuple[str, str]]") -> str:
    return " ".join(f"{name}={value}" for name, value in values)


def _pcs(interface: "Interface", given: "Sequence[tuple[str, str]]") -> "list[str]":
    """A pcs command, as lines of text."""
    identity = f"p_{interface.name.replace('-', '_')}"
    lines = [f"pcs resource create {identity} ocf:dualstor:{interface.name} \\"]
    if given:
        lines.append(f"  {_pairs(given)} \\")
    for number, action in enumerate(_operations(interface)):
        start = "   " if number else "op "
        lines.append(f"  {start}{action.name} {' '.join(_advice(action))} \\")
    lines[-1] = lines[-1][:-len(" \\")]
    kind = "promotable" if interface.promotable else "clone"
    return lines + [f"pcs resource {kind} {identity} meta {_pairs(interface.clone)}"]


def _crm(interface: "Interface", given: "Sequence[tuple[str, str]]") -> "list[str]":
    """The same for the crm shell."""
    primitive = f"p_{interface.name.replace('-', '_')}"
    lines = [f"primitive {primitive} ocf:dualstor:{interface.name} \\"]
    if given:
        lines.append(f"  params {_pairs(given)} \\")
    lines += [f"  op {action.name} {' '.join(_advice(action))} \\"
              for action in _operations(interface)]
    lines[-1] = lines[-1][:-len(" \\")]
    promotable = "promotable=true " if interface.promotable else ""
    return lines + [f"clone c_{interface.name.replace('-', '_')} {primitive} \\",
                    f"  meta {promotable}{_pairs(interface.clone)}"]


def _example(lines: "list[str]") -> "list[str]":
    return [".PP", ".nf"] + [roff(line) for line in lines] + [".fi"]


def render(name: str) -> str:
    """The page of the agent *name* as roff text, the same for the same version."""
    interface = catalogue.interface(name)
    given = [(p.name, _VALUES[p.name]) for p in interface.parameters if p.required]
    actions = " | ".join(dict.fromkeys(roff(action.name) for action in interface.actions))
    lines = ['.\\" SPDX-License-Identifier: GPL-2.0-or-later',
             '.\\" Made from the agent\'s interface by: make docs',
             f".TH {roff(page_name(name).upper())} 7 \"\" \"dualstor {__version__}\" \"OCF "
             "resource agents\"",
             ".SH NAME", f"{roff(page_name(name))} \\- {roff(interface.shortdesc)}",
             ".SH SYNOPSIS",
             f"\\fB{roff(name)}\\fR [{actions}]",
             ".SH DESCRIPTION"]
    lines += _paragraphs(interface.longdesc)[1:]
    lines.append(".SH SUPPORTED PARAMETERS")
    for parameter in interface.parameters:
        lines += _parameter(parameter)
    lines.append(".SH SUPPORTED ACTIONS")
    for action in interface.actions:
        lines += _action(action)
    lines += _reasons(name) + [".SH EXAMPLE", "With pcs:"]
    lines += _example(_pcs(interface, given))
    lines += [".PP", "With the crm shell:"] + _example(_crm(interface, given))
    lines += [".PP",
              "\\fBdualstor configure\\fR writes order and colocation with the other agents.",
              ".SH SEE ALSO"]
    others = [other for other in catalogue.NAMES if other != name]
    pages = ["\\fBdualstor\\fR(8)"]
    pages += [f"\\fB{roff(page_name(other))}\\fR(7)" for other in others]
    pages += ["\\fBpcs\\fR(8)", "\\fBcrm\\fR(8)", "\\fBcrm_mon\\fR(8)"]
    lines += [", ".join(pages), ""]
    return "\n".join(lines)
