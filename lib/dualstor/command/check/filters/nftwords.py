# SPDX-License-Identifier: GPL-2.0-or-later
"""The words of one nftables rule (nft(8), EXPRESSIONS, STATEMENTS, VERDICT STATEMENT).

What a word begins is taken as far as it goes; at a word that begins nothing known, the rule is
marked as not understood, and only its verdict is looked for.
"""

from dualstor.command.check.filters import chains
from dualstor.command.check.filters.nftmatch import BARE, CT_KEYS, FIELDS, HEADERS, Match
from dualstor.command.check.filters.nftrule import VERDICTS, NftRule
from dualstor.command.check.filters.nftvalues import Stuck, Values
from dualstor.record import whole

TYPE_CHECKING = False   # only mypy sees what is imported there
if TYPE_CHECKING:
    from typing import Sequence

    from dualstor.command.check.filters.nftmatch import Element, Selector, Set
    from dualstor.command.check.filters.nfttokens import Token

_COMPARISONS = {"==": False, "eq": False, "!=": True, "ne": True}
_RELATIONS = {"<": "lt", "<=": "le", ">": "gt", ">=": "ge", "lt": "lt", "le": "le", "gt": "gt",
              "ge": "ge"}
_FIB = ("saddr", "daddr", "mark", "iif", "oif")
_LAST_PORT = 65535


class Words(Values):
    """A cursor over the words of a rule; line ends within braces are left out."""

    # -- comparisons ----------------------------------------------------------------

    def selector(self) -> "Selector":
        """What a comparison reads."""
        word = self.take()
        if word == "meta" and self.peek() in BARE:
            return "meta", self.take()
        if word == "ct":
            self.skip("original", "reply")
            self.skip("ip", "ip6")
            if self.peek() in CT_KEYS:
                return "ct", self.take()
        elif word == "fib":
            flags = [self.take()]
            while self.skip("."):
                flags.append(self.take())
            if set(flags) <= set(_FIB) and self.peek() in ("oif", "oifname", "type", "check"):
                return ("fib",) + tuple(flags) + (self.take(),)
        elif word in HEADERS and self.peek() in FIELDS:
            return word, self.take()
        elif word == "tcp" and self.skip("option"):
            self.take()
            if self.peek() in ("length", "left", "right", "count", "size", "window"):
                self.take()
            return "tcp option", "any"
        elif word in ("rt", "socket", "osf", "numgen", "ipsec"):
            return word, self.take()
        elif word in BARE:
            return "meta", word
        elif word == "@th" and [self.take() for _ in range(4)] == [",", "16", ",", "16"]:
            return "th", "dport"
        raise Stuck(word)

    def _flags(self) -> "tuple[str, ...]":
        """Flags such as ``syn|ack`` or ``(fin | syn)`` or ``syn,ack``."""
        closing = self.skip("(")
        found = [self.take()]
        while self.skip("|", ","):
            found.append(self.take())
        if closing:
            self.need(")")
        return tuple(found)

    def match(self) -> "Match | tuple[tuple[Selector, ...], Set | str]":
        """A comparison, or what a verdict map is given and the map."""
        selectors = [self.selector()]
        while self.skip("."):
            selectors.append(self.selector())
        chosen = tuple(selectors)
        if self.skip("vmap"):
            return chosen, (self.take()[1:] if self.peek().startswith("@") else self.set())
        mask: "tuple[str, ...] | None" = None
        if self.skip("&", "and"):
            mask = self._flags()
        negated = _COMPARISONS.get(self.peek(), False)
        if self.peek() in _RELATIONS:
            return Match(chosen, (self._relation(_RELATIONS[self.take()]),))
        self.skip(*_COMPARISONS)
        if mask is not None:
            wanted = self.set().elements if self.peek() == "{" else (self._flags(),)
            return Match(chosen, wanted, negated=negated, mask=mask)
        if self.skip("!"):  # none of these flags
            mask = self._flags()
            return Match(chosen, (("0",),), mask=mask)
        if self.peek().startswith("@"):
            return Match(chosen, negated=negated, name=self.take()[1:])
        values = self.set().elements if self.peek() == "{" else self._list()
        if self.skip("/"):  # flags under a mask, in the order of `tcp flags syn / syn,ack`
            value = tuple(flag for each in values for flag in each)
            return Match(chosen, (value,), negated=negated, mask=self._flags())
        return Match(chosen, values, negated=negated)

    def _list(self) -> "tuple[Element, ...]":
        if self.peek() == "(":
            return tuple((flag,) for flag in self._flags())
        found = [self.element()]
        while self.skip(",", "|"):
            found.append(self.element())
        return tuple(found)

    def _relation(self, sign: str) -> "Element":
        """The range of ports that ``< 1024`` and the like mean."""
        limit = whole(self.scalar())
        if limit is None:
            return ("?",)   # not a port
        low, high = {"lt": (0, limit - 1), "le": (0, limit), "gt": (limit + 1, _LAST_PORT),
                     "ge": (limit, _LAST_PORT)}[sign]
        return (f"{low}-{max(high, 0)}" if high >= low else "0",)

    # -- statements -------------------------------------------------------------------

    def statement(self) -> "bool | None":
        """Take a statement that has no verdict.

        :returns: whether it stops some packets (a rate); None if the next word begins none
        """
        word, following = self.peek(), self.peek(1)
        if word == "counter":
            self._named_or(("packets", "bytes"))
        elif word == "log":
            self._pairs(("prefix", "group", "snaplen", "queue-threshold", "level", "flags"))
        elif word in ("limit", "quota"):
            self._named_or(())
            while self.peek() and self.verdict_ahead() is None and not self._begins():
                if self.take() == "/":
                    self.take()     # a unit, some of which begin a comparison elsewhere
            return True
        elif word in ("comment", "notrack", "flow", "dup", "update", "add", "delete", "set",
                      "meter"):
            self.take()
            if word in ("comment",):
                self.take()
            elif word != "notrack":
                return self._update()
        elif self._sets_what():
            while not self.skip("set"):
                self.take()
            self._new_value()
            while self.skip("or", "|", "and", "&", "map"):
                self._new_value()
        elif word == "ct" and following == "count":
            self.take()
            self.take()
            self.skip("over")
            self.take()
            return True
        else:
            return None
        return False

    def _sets_what(self) -> bool:
        """Whether a statement begins that changes the packet, such as ``meta mark set 1``."""
        word = self.peek()
        if word in BARE:
            return self.peek(1) == "set"
        if word == "tcp" and self.peek(1) == "option":
            return self.peek(4) == "set"
        return (word in ("meta", "ct") or word in HEADERS) and self.peek(2) == "set"

    def _new_value(self) -> None:
        """What a statement sets: a value, what a packet has, or a map of either."""
        if self.peek() == "{":
            self.set()
        elif self.peek() in HEADERS or self.peek() in ("meta", "ct", "rt", "numgen", "fib"):
            self.selector()
        else:
            self.element()

    def verdict_ahead(self) -> "str | None":
        """The next word if it begins a verdict."""
        return self.peek() if self.peek() in VERDICTS or self.peek() in ("jump", "goto") else None

    def _begins(self) -> bool:
        return self.peek() in HEADERS or self.peek() in BARE or self.peek() in (
            "meta", "ct", "fib", "counter", "log", "comment")

    def _named_or(self, words: "Sequence[str]") -> None:
        self.take()
        if self.skip("name"):
            self.take()
        self._pairs(words, started=True)

    def _pairs(self, words: "Sequence[str]", started: bool = False) -> None:
        if not started:
            self.take()
        while self.peek() in words and self.peek():
            self.take()
            self.take()
            while self.skip(",", "sequence", "options"):
                pass

    def _update(self) -> bool:
        """The rest of a statement about a set; returns whether it stops some packets."""
        limits, depth = False, 0
        while self.peek() and (depth > 0 or self.verdict_ahead() is None):
            word = self.take()
            depth += (word == "{") - (word == "}")
            limits = limits or word in ("limit", "count", "quota")
        return limits


def rule(tokens: "Sequence[Token]") -> NftRule:
    """The rule of the words between two ends of statements."""
    words = Words(tokens)
    found, matches = NftRule(where=tokens[0].where), []     # type: NftRule, list[Match]
    try:
        while words.peek():
            verdict = words.verdict()
            if verdict is not None:
                found = found.but(verdict=verdict)
                _after(words)
                continue
            limits = words.statement()
            if limits is not None:
                found = found.but(unsure=found.unsure or limits)
                continue
            match = words.match()
            if isinstance(match, Match):
                matches.append(match)
            else:
                found = found.but(vmap=match)
    except Stuck:
        found = found.but(obscure=True, verdict=_last(tokens))
    return found.but(matches=tuple(matches))


def _after(words: Words) -> None:
    """What belongs to a verdict: ``reject with ...``, ``dnat to ...``."""
    while words.peek() and words.peek() != "comment":
        words.take()


def _last(tokens: "Sequence[Token]") -> str:
    """The verdict of a rule that is not understood; OBSCURE if it has none."""
    for index in range(len(tokens) - 1, -1, -1):
        token = tokens[index]
        if token.quoted:
            continue
        if token.text in ("jump", "goto"):
            after = tokens[index + 1].text if index + 1 < len(tokens) else "{"
            way = chains.JUMP if token.text == "jump" else chains.GOTO
            return chains.OBSCURE if after == "{" else way + after
        if token.text in VERDICTS:
            return VERDICTS[token.text]
        if token.text in ("vmap", "xt"):
            break
    return chains.OBSCURE
