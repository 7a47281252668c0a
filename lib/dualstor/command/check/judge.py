# SPDX-License-Identifier: GPL-2.0-or-later
"""Applies the rules to what was seen."""

import traceback

from dualstor.command.check.rules import rules
from dualstor.command.check.rules.registry import HOST, PAIR, SEVERITIES, Finding, Unchecked, mend
from dualstor.command.check.view.seen import Irrelevant, Unavailable
from dualstor.record import Record

#: What the reason begins with when a rule itself is at fault.
BROKEN = "the rule itself failed, which is a fault of dualstor"

_ALONE = "one host cannot be compared: give the other with --peer or --root"


class Verdict(Record):
    """All that the rules say. ``looked``: how many questions were answered."""

    findings: tuple
    unseen: tuple
    looked: int


def _subjects(rule, cluster):
    """(name of the host or None, what the rule's function takes)."""
    if rule.scope == HOST:
        return [(host.name, host) for host in cluster.hosts]
    if rule.scope == PAIR:
        return [(None, cluster)]
    return [(None, cluster.pacemaker)]


def _apply(rule, host, subject):
    """(Findings, Unchecked or None) of one rule on one subject."""
    findings = []
    try:
        if rule.scope == PAIR and len(subject.hosts) < 2:
            raise Unavailable((subject.absent or (_ALONE,))[0])
        for one in rule.check(subject):
            findings.append(Finding(rule=rule, hosts=(host,) if host else (), where=one.where,
                                    text=one.text, fix=mend(rule, one.names)))
    except Unavailable as problem:
        return findings, Unchecked(rule=rule, host=host, reason=str(problem))
    except Irrelevant:
        pass
    except Exception as problem:  # one rule in trouble must not hide what the others find
        place = traceback.extract_tb(problem.__traceback__)[-1]
        return findings, Unchecked(rule=rule, host=host, reason=
            f"{BROKEN}: {type(problem).__name__}: {problem} ({place[0]}:{place[1]})")
    return findings, None


def _merged(findings):
    """The findings with what is the same on two hosts told once."""
    merged = {}
    for one in findings:
        known = merged.get(one.but(hosts=()))
        hosts = (known.hosts if known else ()) + one.hosts
        merged[one.but(hosts=())] = one.but(hosts=hosts)
    return list(merged.values())


def judge(cluster, chosen=None):
    """The Verdict of the rules on a view.Cluster.

    :param chosen: the rules to apply; None for all
    """
    findings, unseen, looked = [], [], 0
    for rule in rules() if chosen is None else chosen:
        for host, subject in _subjects(rule, cluster):
            what, not_seen = _apply(rule, host, subject)
            findings.extend(what)
            looked += not_seen is None
            if not_seen is not None:
                unseen.append(not_seen)
    findings = _merged(findings)
    findings.sort(key=lambda f: SEVERITIES.index(f.rule.severity))
    return Verdict(findings=tuple(findings), unseen=tuple(unseen), looked=looked)
