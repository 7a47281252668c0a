# SPDX-License-Identifier: GPL-2.0-or-later
"""What iptables-save prints and iptables-restore takes (iptables(8), iptables-restore(8))."""

import re

from dualstor.command.check.filters import chains, iptmatch
from dualstor.command.check.filters import packet as packets
from dualstor.command.check.parsers.where import Where
from dualstor.record import whole

TYPE_CHECKING = False   # only mypy sees what is imported there
if TYPE_CHECKING:
    from typing import Mapping, Sequence

    from dualstor.command.check.filters.chains import Answer, FirewallRule
    from dualstor.command.check.filters.ipset import IpSet
    from dualstor.command.check.filters.packet import Packet

#: The chains through which a packet comes in, with their tables.
_ENTRIES = (("raw", "PREROUTING"), ("mangle", "PREROUTING"), ("nat", "PREROUTING"),
            ("mangle", "INPUT"), ("filter", "INPUT"))
_COMMANDS = {"-A": "add", "-I": "insert", "-D": "delete", "-R": "replace", "-P": "policy",
             "-N": "new", "-F": "flush", "-X": "remove", "-Z": "zero", "-E": "rename"}
_LONG = {"--append": "-A", "--insert": "-I", "--delete": "-D", "--replace": "-R", "--policy": "-P",
         "--new-chain": "-N", "--flush": "-F", "--delete-chain": "-X", "--zero": "-Z",
         "--rename-chain": "-E"}
_WORD = re.compile(r'"((?:[^"\\]|\\.)*)"|\'([^\']*)\'|(\S+)')


def _words(line: str) -> "list[str]":
    """The words of a line; quotes hold some together."""
    return [re.sub(r"\\(.)", r"\1", quoted) if quoted else single or plain
            for quoted, single, plain in _WORD.findall(line)]


class _Rules:
    """The chains of all tables in a text."""

    def __init__(self, source: str) -> None:
        self._source = source
        self.chains: "dict[str, dict[str, list[tuple[Where, tuple[str, ...]]]]]" = {}
        self.policies: "dict[tuple[str, str], tuple[str, Where]]" = {}
        self.odd: "dict[str, Where]" = {}   # {table: a line in it that is not understood}
        self._table = "filter"

    def line(self, number: int, text: str) -> None:
        """Follow one line."""
        where = Where(self._source, number)
        text = re.sub(r"^\s*\[[0-9]+:[0-9]+\]\s*", "", text)
        words = _words(text)
        if not words or words[0].startswith("#") or words[0] == "COMMIT":
            return
        if words[0].startswith("*"):
            self._table = words[0][1:]
            return
        if words[0] in ("iptables", "ip6tables"):   # a script of commands
            words = words[1:]
        if words[:1] in (["-t"], ["--table"]) and len(words) > 2:
            self._table, words = words[1], words[2:]
        known = self.chains.setdefault(self._table, {})
        if words[0].startswith(":") and len(words) > 1:
            name = words[0][1:]
            known.setdefault(name, [])
            if words[1] != "-":
                self._policy(name, words[1], where)
            return
        command = _COMMANDS.get(_LONG.get(words[0], words[0]))
        if command is None or (len(words) < 2 and command not in ("flush", "remove", "zero")):
            self.odd.setdefault(self._table, where)
        else:
            self._command(command, words[1:], where)

    def _policy(self, name: str, target: str, where: Where) -> None:
        policy = {"ACCEPT": chains.ACCEPT, "DROP": chains.DROP}.get(target)
        if policy is None:
            self.odd.setdefault(self._table, where)
        else:
            self.policies[self._table, name] = policy, where

    def _command(self, command: str, words: "list[str]", where: Where) -> None:
        known = self.chains[self._table]
        if command == "flush":
            for name in words[:1] or list(known):
                known[name] = []
        elif command == "remove":
            for name in words[:1] or [name for name in known if name.islower()]:
                known.pop(name, None)
        elif command == "rename" and len(words) > 1:
            known[words[1]] = known.pop(words[0], [])
        elif command == "policy" and len(words) > 1:
            self._policy(words[0], words[1], where)
        elif command in ("add", "insert", "delete", "replace", "new"):
            self._change(command, known.setdefault(words[0], []), words[1:], where)

    def _change(self, command: str, rules: "list[tuple[Where, tuple[str, ...]]]",
                words: "list[str]", where: Where) -> None:
        number = whole(words[0]) if words else None
        rest = tuple(words[1:] if number is not None else words)
        if command == "add":
            rules.append((where, tuple(words)))
        elif command == "insert":
            rules.insert(max((number or 1) - 1, 0), (where, rest))
        elif command == "replace" and number is not None and 0 < number <= len(rules):
            rules[number - 1] = where, rest
        elif command == "delete" and number is not None and 0 < number <= len(rules):
            del rules[number - 1]
        elif command == "delete":
            same = [index for index, (_, each) in enumerate(rules) if each == tuple(words)]
            if same:
                del rules[same[0]]
            else:
                self.odd.setdefault(self._table, where)
        elif command == "replace":
            self.odd.setdefault(self._table, where)


class Tables:
    """The tables of a text.

    :param source: the file or command that the text is from
    :param sets: the sets that rules may name
    """

    def __init__(self, text: str, source: str, sets: "Mapping[str, IpSet] | None" = None) -> None:
        self._where = Where(source)
        self._sets = sets or {}
        rules = _Rules(source)
        for number, line in enumerate(text.split("\n"), 1):
            rules.line(number, line)
        self._odd = [where for table, _ in _ENTRIES for where in [rules.odd.get(table)] if where]
        self._chains = {f"{table} {name}": [self._rule(where, words, table, tuple(found))
                                            for where, words in lines]
                        for table, found in rules.chains.items() for name, lines in found.items()}
        self._entries = [
            chains.Chain(f"{table} {name}", *rules.policies.get((table, name), accepts))
            for accepts in [(chains.ACCEPT, self._where)]
            for table, name in _ENTRIES if name in rules.chains.get(table, {})]

    def _rule(self, where: Where, words: "Sequence[str]", table: str,
              own: "Sequence[str]") -> "FirewallRule":
        """The rule of the words after the name of its chain."""
        found = iptmatch.options(words)
        named = [one for one in found if one.name in ("--jump", "--goto") and one.values]
        verdict = chains.CONTINUE
        if named:
            verdict = iptmatch.verdict(named[-1].values[0], named[-1].name == "--goto", own)
            for word in (chains.JUMP, chains.GOTO):
                if verdict.startswith(word):
                    verdict = f"{word}{table} {verdict[len(word):]}"
                    break
        return chains.simple(where, lambda packet: packets.all_of(
            iptmatch.answer(one, packet, self._sets) for one in found), verdict)

    def answer(self, packet: "Packet") -> "Answer":
        """What happens to a packet; without a chain for it, it is accepted."""
        if self._odd:
            return chains.Answer(packets.UNKNOWN, self._odd[0])
        return chains.passage(self._entries, self._chains, packet, self._where)
