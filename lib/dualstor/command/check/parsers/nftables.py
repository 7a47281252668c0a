# SPDX-License-Identifier: GPL-2.0-or-later
"""The output of ``nft list ruleset``: the chains for incoming packets (nft(8))."""

import re

from dualstor.command.check.parsers import chains

_TABLE = re.compile(r"^\s*table\s+(\S+)\s+(\S+)\s*\{")
_CHAIN = re.compile(r"^\s*chain\s+(\S+)\s*\{")
_HOOK = re.compile(r"\bhook\s+input\b.*?;(?:\s*policy\s+(\w+)\s*;)?")
_VERDICT = re.compile(r"\b(accept|drop|reject|return)\b|\b(?:jump|goto)\s+([^\s;]+)")
_PORTS = re.compile(r"\b(tcp|udp|sctp|th)\s+dport\s+(\{[^}]*\}|\S+)")
_PROTOCOL = re.compile(r"\b(?:meta\s+l4proto|ip\s+protocol)\s+(\{[^}]*\}|\S+)")
_STATE = re.compile(r"\bct\s+state\s+(?!vmap)(\{[^}]*\}|\S+)")
_NOISE = re.compile(r"\bcounter(?:\s+packets\s+[0-9]+\s+bytes\s+[0-9]+)?|\bcomment\s+\"[^\"]*\"|"
                    r"\bwith\s+.*$|;|\blog\b(?:\s+prefix\s+\"[^\"]*\")?|#.*$")
_LOOPBACK = re.compile(r"\biif(?:name)?\s+\"?lo\"?(?=\s)")
_KINDS = {"accept": chains.ACCEPT, "drop": chains.DROP, "reject": chains.DROP,
          "return": chains.RETURN}


def _rule(line: str, table: str) -> "chains.FirewallRule | None":
    """The Rule of a line; None for one that decides nothing here."""
    verdict = _VERDICT.search(line)
    if verdict is None or _LOOPBACK.search(line) or "vmap" in line:
        return None
    rest, protocol, ports, new = line.replace(verdict.group(), " ", 1), None, None, True
    match = _PORTS.search(rest)
    if match:
        listed = match.group(2)
        protocol, rest = match.group(1), rest.replace(match.group(), " ", 1)
        ports = lambda port: chains.holds_port(listed, port)  # noqa: E731
    match = _PROTOCOL.search(rest)
    if match:
        kinds = match.group(1).strip("{} ").replace(" ", "").split(",")
        rest = rest.replace(match.group(), " ", 1)
        if len(kinds) == 1:
            protocol = kinds[0]
    match = _STATE.search(rest)
    if match:
        new = "new" in match.group(1)
        rest = rest.replace(match.group(), " ", 1)
    jump = verdict.group(2)
    return chains.FirewallRule(verdict=f"{table} {jump}" if jump else _KINDS[verdict.group(1)],
                       protocol=None if protocol == "th" else protocol, ports=ports, new=new,
                       sure=not _NOISE.sub(" ", rest).strip())


def admits(text: str, protocol: str, port: "int | None") -> bool:
    """Whether a new IPv4 packet is accepted; without a chain for incoming packets it is."""
    found: "dict[str, list[chains.FirewallRule]]" = {}
    policies: "dict[str, str]" = {}
    table = chain = ""      # FAMILY NAME; FAMILY NAME CHAIN
    for line in text.split("\n"):
        match = _TABLE.match(line)
        if match:
            table, chain = " ".join(match.groups()), ""
            continue
        match = _CHAIN.match(line)
        if match:
            chain = f"{table} {match.group(1)}"
            continue
        if not chain or not table or table.split(" ")[0] in ("ip6", "arp", "bridge"):
            continue
        hook = _HOOK.search(line)
        if hook:
            policies[chain] = _KINDS.get(hook.group(1) or "accept", chains.ACCEPT)
            continue
        if line.strip() == "}":
            chain = ""
            continue
        rule = _rule(line, table)
        if rule is not None:
            found.setdefault(chain, []).append(rule)
    return chains.admits(found, policies, protocol, port)
