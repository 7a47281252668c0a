# SPDX-License-Identifier: GPL-2.0-or-later
"""The agents' manual pages, e.g. ocf_dualstor_clvmd(7), rendered from their declared interfaces."""

from dualstor import __version__
from dualstor.agents import catalogue
from dualstor.command.documents.man import roff

_VALUES = {"drbd_resource": "r0", "vgname": "vg0"}


def page_name(name):
    """The page's name without its section, as the field names them."""
    return "ocf_dualstor_" + name


def _paragraphs(text):
    """Text with empty lines between its paragraphs, as roff lines."""
    lines = []
    for part in text.split("\n\n"):
        lines += [".PP", roff(part)]
    return lines


def _parameter(parameter):
    """One tagged paragraph, in the form that manuals of agents have."""
    traits = []
    if parameter.required:
        traits.append("required")
    if parameter.unique_group:
        traits.append("unique")
    if parameter.reloadable:
        traits.append("reloadable")
    traits.append(parameter.type)
    if parameter.default is None:
        traits.append("no default")
    else:
        value = parameter.default
        value = {True: "true", False: "false"}.get(value, value) if isinstance(value, bool) else value
        traits.append(f"default \\fI\"{roff(str(value))}\"\\fR")
    lines = [".TP", f"\\fB{roff(parameter.name)}\\fR", f"({', '.join(traits)})", ".br"]
    lines.append(roff(parameter.longdesc))
    if parameter.options:
        lines += [".br", f"One of: {roff(', '.join(parameter.options))}."]
    if parameter.minimum is not None and parameter.maximum is not None:
        lines += [".br", f"From {parameter.minimum} to {parameter.maximum}."]
    return lines


def _advice(action):
    """What is advised for an action, e.g. "timeout=20 interval=30"."""
    words = [f"timeout={action.timeout}"]
    if action.interval is not None:
        words.append(f"interval={action.interval}")
    if action.depth:
        words.append(f"OCF_CHECK_LEVEL={action.depth}")
    if action.role is not None:
        words.append(f"role={action.role}")
    return words


def _action(action):
    what = {"monitor": "Looks whether it runs, and how well", "start": "Starts the resource",
            "stop": "Stops the resource", "promote": "Makes it Primary", "demote": "Makes it Secondary",
            "notify": "Is told what the cluster does with the other instances",
            "reload-agent": "Takes over changed parameters that are reloadable",
            "validate-all": "Checks the parameters and the configuration",
            "meta-data": "Prints what the agent is and takes"}[action.name]
    depth = "" if action.depth is None else f" (level {action.depth})"
    return [".TP", f"\\fB{roff(action.name)}\\fR",
            roff("%s%s. Suggested: %s." % (what, depth, " ".join(
                word for word in _advice(action) if not word.startswith("OCF"))))]


def _operations(interface):
    """The actions that a configuration lists."""
    return [a for a in interface.actions if a.name in ("start", "stop", "promote", "demote", "monitor")]


def _meta(interface):
    """The meta attributes of the clone."""
    return " ".join(f"{name}={value}" for name, value in interface.clone)


def _pcs(interface, given):
    """A pcs command, as lines of text."""
    lines = [f"pcs resource create p_{interface.name.replace('-', '_')} "
             f"ocf:dualstor:{interface.name} \\"]
    if given:
        lines.append(f"  {' '.join('%s=%s' % pair for pair in given)} \\")
    for number, action in enumerate(_operations(interface)):
        lines.append(f"  {'op ' if number == 0 else '   '}{action.name} {' '.join(_advice(action))} "
                     "\\")
    kind = "promotable" if interface.promotable else "clone"
    return lines + [f"  {kind} {_meta(interface)}"]


def _crm(interface, given):
    """The same for the crm shell."""
    primitive = f"p_{interface.name.replace('-', '_')}"
    lines = [f"primitive {primitive} ocf:dualstor:{interface.name} \\"]
    if given:
        lines.append(f"  params {' '.join('%s=%s' % pair for pair in given)} \\")
    lines += [f"  op {action.name} {' '.join(_advice(action))} \\"
              for action in _operations(interface)]
    lines[-1] = lines[-1][:-len(" \\")]
    promotable = "promotable=true " if interface.promotable else ""
    return lines + [f"clone c_{interface.name.replace('-', '_')} {primitive} \\",
                    f"  meta {promotable}{_meta(interface)}"]


def _example(lines):
    return [".PP", ".nf"] + [roff(line) for line in lines] + [".fi"]


def render(name):
    """The page of the agent *name* as roff text, the same for the same version."""
    interface = catalogue.interface(name)
    given = [(p.name, _VALUES[p.name]) for p in interface.parameters if p.required]
    lines = ['.\\" SPDX-License-Identifier: GPL-2.0-or-later',
             '.\\" Made from the agent\'s interface by: make docs',
             f".TH {roff(page_name(name).upper())} 7 \"\" \"dualstor {__version__}\" \"OCF "
             "resource agents\"",
             ".SH NAME", f"{roff(page_name(name))} \\- {roff(interface.shortdesc)}",
             ".SH SYNOPSIS",
             "\\fB%s\\fR [%s]" % (roff(name), " | ".join(dict.fromkeys(
                 roff(action.name) for action in interface.actions))),
             ".SH DESCRIPTION"]
    lines += _paragraphs(interface.longdesc)[1:]
    lines.append(".SH SUPPORTED PARAMETERS")
    for parameter in interface.parameters:
        lines += _parameter(parameter)
    lines.append(".SH SUPPORTED ACTIONS")
    for action in interface.actions:
        lines += _action(action)
    lines += [".SH EXIT REASONS",
              "Each failure ends with one sentence that crm_mon shows. What each means and what to do",
              "is told in operations.md among the documents of dualstor.",
              ".SH EXAMPLE", "With pcs:"]
    lines += _example(_pcs(interface, given))
    lines += [".PP", "With the crm shell:"] + _example(_crm(interface, given))
    lines += [".PP", "Order and colocation with the other agents are written by",
              "\\fBdualstor configure\\fR.", ".SH SEE ALSO"]
    others = [other for other in catalogue.NAMES if other != name]
    lines += [", ".join(["\\fBdualstor\\fR(8)"] + [
        f"\\fB{roff(page_name(o))}\\fR(7)" for o in others]
                        + ["\\fBpcs\\fR(8)", "\\fBcrm\\fR(8)", "\\fBcrm_mon\\fR(8)"]), ""]
    return "\n".join(lines)
