# SPDX-License-Identifier: GPL-2.0-or-later
"""Applies the rules to what was read from the hosts."""

import traceback

from dualstor.command.check.rules import rules
from dualstor.command.check.rules.registry import HOST, PAIR, SEVERITIES, Finding, Unchecked
from dualstor.command.check.view.seen import Irrelevant, Unavailable
from dualstor.record import Record

TYPE_CHECKING = False   # only mypy sees what is imported there
if TYPE_CHECKING:
    from typing import Iterable

    from dualstor.command.check.rules.registry import Rule
    from dualstor.command.check.view.cib import Cib
    from dualstor.command.check.view.cluster import ClusterView
    from dualstor.command.check.view.host import HostView

#: How the reason begins if the rule itself fails.
BROKEN = "the rule itself failed, which is a bug in dualstor"

_ALONE = "there is only one host: name the other with --peer or --root"


class Verdict(Record):
    """All that the rules report. ``looked``: how many checks were done.

    ``ignored``: findings that a site has decided not to hear of.
    """

    findings: "tuple[Finding, ...]"
    unseen: "tuple[Unchecked, ...]"
    looked: int
    ignored: "tuple[Finding, ...]" = ()


def _subjects(rule: "Rule", cluster: "ClusterView") \
        -> "Iterable[tuple[str | None, HostView | ClusterView | Cib]]":
    """(name of the host or None, what the rule's function takes), of each check."""
    if rule.scope == HOST:
        return [(host.name, host) for host in cluster.hosts]
    if rule.scope == PAIR:
        return [(None, cluster)]
    return [(None, cluster.pacemaker)]


def _apply(rule: "Rule", cluster: "ClusterView", host: "str | None",
           subject: "HostView | ClusterView | Cib") -> "tuple[list[Finding], Unchecked | None]":
    """(Findings, Unchecked or None) of one rule on one subject."""
    findings: "list[Finding]" = []
    try:
        if rule.scope == PAIR and len(cluster.hosts) < 2:
            raise Unavailable((cluster.absent or (_ALONE,))[0])
        for one in rule.check(subject):
            shown = rule.but(severity=one.severity) if one.severity else rule
            findings.append(Finding(rule=shown, hosts=(host,) if host else (), where=one.where,
                                    text=one.text, fix=rule.fix_with(one.names)))
    except Unavailable as problem:
        return findings, Unchecked(rule=rule, host=host, reason=str(problem))
    except Irrelevant:
        pass
    except Exception as problem:  # a bug in one rule must not hide what the others find
        place = traceback.extract_tb(problem.__traceback__)[-1]
        return findings, Unchecked(
            rule=rule, host=host,
            reason=f"{BROKEN}: {type(problem).__name__}: {problem} ({place[0]}:{place[1]})")
    return findings, None


def _merged(findings: "list[Finding]") -> "list[Finding]":
    """The findings; one that is the same on two hosts is there once."""
    hosts: "dict[Finding, tuple[str, ...]]" = {}
    for one in findings:
        key = one.but(hosts=())
        hosts[key] = hosts.get(key, ()) + one.hosts
    return [one.but(hosts=names) for one, names in hosts.items()]


def judge(cluster: "ClusterView", chosen: "Iterable[Rule] | None" = None,
          ignored: "frozenset[str]" = frozenset()) -> Verdict:
    """The Verdict of the rules on a ClusterView.

    :param chosen: the rules to apply; None for all
    :param ignored: ids of those whose findings are only counted
    """
    findings: "list[Finding]" = []
    unseen: "list[Unchecked]" = []
    looked = 0
    for rule in rules() if chosen is None else chosen:
        for host, subject in _subjects(rule, cluster):
            what, not_seen = _apply(rule, cluster, host, subject)
            findings.extend(what)
            looked += not_seen is None
            if not_seen is not None and rule.id not in ignored:
                unseen.append(not_seen)
    findings = _merged(findings)
    findings.sort(key=lambda f: SEVERITIES.index(f.rule.severity))
    return Verdict(findings=tuple(each for each in findings if each.rule.id not in ignored),
                   ignored=tuple(each for each in findings if each.rule.id in ignored),
                   unseen=tuple(unseen), looked=looked)
