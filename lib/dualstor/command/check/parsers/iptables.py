# SPDX-License-Identifier: GPL-2.0-or-later
"""The output of iptables-save: the chains for incoming packets (iptables(8))."""

from dualstor.command.check.parsers import chains

_INPUT = "INPUT"
_VERDICTS = {"ACCEPT": chains.ACCEPT, "DROP": chains.DROP, "REJECT": chains.DROP,
             "RETURN": chains.RETURN}
_JUDGED = frozenset(("-A", "-p", "-m", "-j", "-g", "--dport", "--dports", "--state", "--ctstate",
                     "--reject-with", "--comment"))
_NUMBERS = {"2": "igmp", "6": "tcp", "17": "udp", "132": "sctp", "all": None, "0": None}
_OTHERS = ("LOG", "MARK", "CONNMARK", "NFLOG", "AUDIT", "TRACE")


def _rule(words: "list[str]") -> "chains.FirewallRule | None":
    """The Rule of the words after ``-A CHAIN``; None for one that decides nothing."""
    values: "dict[str, str]" = {}
    options: "set[str]" = set()
    position = 0
    while position < len(words):
        word = words[position]
        position += 1
        if word == "!":
            options.add("!")
        elif word.startswith("-"):
            options.add(word)
            if position < len(words) and not words[position].startswith("-"):
                values[word] = words[position]
                position += 1
    target = values.get("-j") or values.get("-g")
    if target is None or target in _OTHERS or values.get("-i") == "lo":
        return None
    states = values.get("--ctstate") or values.get("--state")
    ports = values.get("--dport") or values.get("--dports")
    protocol = values.get("-p", "all")
    return chains.FirewallRule(
        verdict=_VERDICTS.get(target, target), protocol=_NUMBERS.get(protocol, protocol),
        ports=(lambda port: chains.holds_port(ports, port)) if ports else None,
        new=states is None or "NEW" in states.split(","), sure=options <= _JUDGED)


def admits(text: str, protocol: str, port: "int | None") -> bool:
    """Whether a new packet is accepted; without a chain INPUT everything is."""
    found: "dict[str, list[chains.FirewallRule]]" = {}
    policies: "dict[str, str]" = {}
    in_filter = False
    for line in text.split("\n"):
        words = line.split()
        if not words or words[0].startswith("#"):
            continue
        if words[0].startswith("*"):
            in_filter = words[0] == "*filter"
        elif in_filter and words[0] == ":" + _INPUT and len(words) > 1:
            policies[_INPUT] = _VERDICTS.get(words[1], chains.ACCEPT)
        elif in_filter and words[0] == "-A" and len(words) > 1:
            rule = _rule(words[2:])
            if rule is not None:
                found.setdefault(words[1], []).append(rule)
    return chains.admits(found, policies, protocol, port)
