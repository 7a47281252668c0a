# SPDX-License-Identifier: GPL-2.0-or-later
"""The verdict as text and as JSON (docs/json.md describes the latter)."""

from dualstor.command.check.rules import rules
from dualstor.command.check.rules.registry import ERROR, NOTE, SEVERITIES, WARNING
from dualstor.command.codes import ExitStatus

TYPE_CHECKING = False   # only mypy sees what is imported there
if TYPE_CHECKING:
    from typing import Any

    from dualstor.command.check.judge import Verdict
    from dualstor.command.check.rules.registry import Finding, Rule, Unchecked
    from dualstor.command.check.view.cluster import ClusterView
    from dualstor.command.console import Console

_STYLES = {ERROR: "error", WARNING: "warning", NOTE: "dim"}

#: The schema's version: raised when a consumer would break.
SCHEMA = 1


def exit_code(verdict: "Verdict") -> ExitStatus:
    """The ExitStatus of a Verdict; notes do not count."""
    severities = {finding.rule.severity for finding in verdict.findings}
    if ERROR in severities:
        return ExitStatus.ERROR
    if WARNING in severities:
        return ExitStatus.WARNING
    return ExitStatus.INCOMPLETE if verdict.unseen else ExitStatus.OK


def _counts(verdict: "Verdict") -> "dict[str, int]":
    return {severity: sum(f.rule.severity == severity for f in verdict.findings)
            for severity in SEVERITIES}


def document(cluster: "ClusterView", verdict: "Verdict") -> "dict[str, Any]":
    """The body of the JSON document, without its schema's name."""
    return {
        "hosts": [{"name": host.name, "source": host.tree.source} for host in cluster.hosts],
        "rules": len(rules()),
        "summary": dict(_counts(verdict), looked=verdict.looked, not_looked=len(verdict.unseen),
                        ignored=len(verdict.ignored)),
        "findings": [{
            "id": f.rule.id, "severity": f.rule.severity, "area": f.rule.area,
            "title": f.rule.title, "hosts": list(f.hosts), "source": f.where.source,
            "line": f.where.line, "text": f.text, "why": f.rule.why, "fix": f.fix,
        } for f in verdict.findings],
        "not_looked": [{
            "id": u.rule.id, "area": u.rule.area, "title": u.rule.title, "host": u.host,
            "reason": u.reason,
        } for u in verdict.unseen],
    }


def _finding(console: "Console", finding: "Finding") -> None:
    style = _STYLES[finding.rule.severity]
    host = ", ".join(finding.hosts) + " " if finding.hosts else ""
    console.line()
    console.pieces((finding.rule.severity.upper(), style), (f"  {finding.rule.id}  ", "title"),
                   (f"{host}{finding.where}", None))
    console.line("  " + finding.text)
    console.line("  why: " + finding.rule.why)
    console.line("  fix: " + finding.fix)


def _not_checked(console: "Console", unseen: "tuple[Unchecked, ...]") -> None:
    """One line per reason, with the rules that could not be checked."""
    reasons: "dict[tuple[str | None, str], list[Rule]]" = {}
    for one in unseen:
        reasons.setdefault((one.host, one.reason), []).append(one.rule)
    for (host, reason), hidden in reasons.items():
        console.line(f"not checked: {f'{host}: ' if host else ''}{reason}", "dim")
        console.line("  so it is not known whether: " if len(hidden) > 1
                     else f"  so it is not known whether {hidden[0].title} ({hidden[0].id})",
                     "dim")
        for rule in hidden if len(hidden) > 1 else ():
            console.line(f"    {rule.title} ({rule.id})", "dim")


def show(console: "Console", cluster: "ClusterView", verdict: "Verdict",
         quiet: bool = False) -> None:
    """Print the verdict for a person; *quiet* leaves out what was not checked."""
    for host in cluster.hosts:
        console.line(f"checked {host.name} ({host.tree.source})", "dim")
    for finding in verdict.findings:
        _finding(console, finding)
    if verdict.unseen and not quiet:
        console.line()
        _not_checked(console, verdict.unseen)
    counts = [f"{number} {word}{'' if number == 1 else 's'}"
              for word, number in _counts(verdict).items()]
    console.line()
    if verdict.ignored:
        names = ", ".join(sorted({finding.rule.id for finding in verdict.ignored}))
        console.line(f"ignored: {len(verdict.ignored)} ({names})", "dim")
    console.line(f"{', '.join(counts)}; {verdict.looked} checks done, {len(verdict.unseen)} not "
                 "possible", "good" if exit_code(verdict) == ExitStatus.OK else "title")
