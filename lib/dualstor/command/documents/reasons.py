# SPDX-License-Identifier: GPL-2.0-or-later
"""docs/operations.md: every exit reason of the catalogue, with what it means and what to do."""

import re

from dualstor import recipes
from dualstor.agents import catalogue
from dualstor.command.check.rules import rules
from dualstor.fencepeer import reasons as fencepeer
from dualstor.ocf.reason import entries

TYPE_CHECKING = False   # only mypy sees what is imported there
if TYPE_CHECKING:
    from dualstor.ocf.reason import Reason

_HEAD = """\
<!-- Made from the agents' reasons.py by: make docs -->
# Operations: each exit reason, and what to do

An agent that fails prints one sentence: *what is wrong: next step*. `crm_mon -1` and `pcs status`
show it next to the failed action; long names and what a program said are shortened there before
Pacemaker 3.0.2. The system log has all of it, and behind it in brackets the name under which it
stands on this page. `…` stands for what is filled in.

When you are paged: `dualstor status` on either node first; it names the trouble and the next step.
`dualstor check --peer OTHER` then shows what in the configuration led there:
[findings.md](findings.md) explains its findings.

"""


def _sentence(reason: "Reason") -> str:
    """An entry as the page shows it."""
    text = re.sub(r"\{[a-z]+\}", "…", reason.template)
    text = re.sub(r"(`[^`]*`)|([<*_|])", lambda m: m.group(1) or "\\" + m.group(2), text)
    return f"- {text} `[{reason.id}]`"


def _section(title: str, listed: "tuple[Reason, ...]") -> "list[str]":
    """The lines of one agent's section: its topics in the order of their first entry."""
    lines = [f"## {title}", ""]
    for topic in dict.fromkeys(each.topic for each in listed):
        lines += [f"### {topic.title}", "", topic.means, "", f"**What to do:** {topic.todo}", ""]
        lines += [recipes.markdown(topic.parts) + "\n"] if topic.parts else []
        lines += [_sentence(each) for each in listed if each.topic == topic] + [""]
    return lines


def render() -> str:
    """The page as Markdown."""
    lines = [_HEAD.rstrip("\n"), ""]
    for name in catalogue.NAMES:
        lines += _section(f"Exit reasons of {name}", catalogue.reasons(name))
    lines += _section("Exit reasons of all agents", catalogue.reasons())
    lines += _section("What dualstor-fence-peer writes into the log", entries(fencepeer))
    lines += ["## Findings of `dualstor check`", "",
              "Each has its own section in [findings.md](findings.md).", "",
              "| finding | severity | expected |", "|---|---|---|"]
    for rule in rules():
        title = rule.title.replace("|", "\\|")
        lines.append(f"| [{rule.id}](findings.md#{rule.id.lower()}) | {rule.severity} | {title} |")
    return "\n".join(lines) + "\n"
