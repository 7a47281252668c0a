# SPDX-License-Identifier: GPL-2.0-or-later
"""The verdict as text and as JSON (docs/json.md describes the latter)."""

from dualstor.command.check.rules import rules
from dualstor.command.check.rules.registry import ERROR, NOTE, SEVERITIES, WARNING
from dualstor.command.codes import ExitCode

_STYLES = {ERROR: "error", WARNING: "warning", NOTE: "dim"}

#: The schema's version: raised when a consumer would break.
SCHEMA = 1


def exit_code(verdict):
    """The ExitCode of a Verdict; notes are no trouble."""
    severities = {finding.rule.severity for finding in verdict.findings}
    if ERROR in severities:
        return ExitCode.ERROR
    if WARNING in severities:
        return ExitCode.WARNING
    return ExitCode.INCOMPLETE if verdict.unseen else ExitCode.OK


def document(cluster, verdict):
    """The body of the JSON document, without its schema's name."""
    counts = {severity: sum(f.rule.severity == severity for f in verdict.findings)
              for severity in SEVERITIES}
    return {
        "hosts": [{"name": host.name, "source": host.tree.source} for host in cluster.hosts],
        "rules": len(rules()),
        "summary": dict(counts, looked=verdict.looked, not_looked=len(verdict.unseen)),
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


def _finding(console, finding):
    style = _STYLES[finding.rule.severity]
    host = ", ".join(finding.hosts) + " " if finding.hosts else ""
    console.line()
    console.pieces((finding.rule.severity.upper(), style), (f"  {finding.rule.id}  ", "title"),
                   (f"{host}{finding.where}", None))
    console.line("  " + finding.text)
    console.line("  why: " + finding.rule.why)
    console.line("  fix: " + finding.fix)


def _not_looked(console, unseen):
    """One line a reason, with the rules that it hides."""
    reasons = {}
    for one in unseen:
        reasons.setdefault((one.host, one.reason), []).append(one.rule)
    for (host, reason), hidden in reasons.items():
        console.line("not looked at: %s%s" % (f"{host}: " if host else "", reason), "dim")
        console.line("  so it is not known whether: " if len(hidden) > 1
                     else f"  so it is not known whether {hidden[0].title} ({hidden[0].id})",
                     "dim")
        for rule in hidden if len(hidden) > 1 else ():
            console.line(f"    {rule.title} ({rule.id})", "dim")


def show(console, cluster, verdict, quiet=False):
    """Print the verdict for a person; *quiet* leaves out what was not looked at."""
    for host in cluster.hosts:
        console.line(f"looked at {host.name} ({host.tree.source})", "dim")
    for finding in verdict.findings:
        _finding(console, finding)
    if verdict.unseen and not quiet:
        console.line()
        _not_looked(console, verdict.unseen)
    counts = [f"{number} {word}{'' if number == 1 else 's'}" for word, number in (
        (severity, sum(f.rule.severity == severity for f in verdict.findings))
        for severity in SEVERITIES)]
    console.line()
    console.line(f"{', '.join(counts)}; {verdict.looked} questions answered, {len(verdict.unseen)} "
                 "not",
        "good" if exit_code(verdict) == ExitCode.OK else "title")
