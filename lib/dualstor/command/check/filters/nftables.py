# SPDX-License-Identifier: GPL-2.0-or-later
"""Rule sets of nftables as text: files for ``nft -f``, and what ``nft list ruleset`` prints.

Format: nft(8); nftables src/parser_bison.y. Blocks and commands may be mixed, and later ones
change what earlier ones have made.
"""

from dualstor.command.check.filters import chains, nftstate, nfttokens, nftvalues, nftwords
from dualstor.command.check.filters.nftmatch import Set
from dualstor.command.check.filters.nftrule import VERDICTS
from dualstor.command.check.filters.nfttokens import NotUnderstood, Token, ends, is_mark

TYPE_CHECKING = False   # only mypy sees what is imported there
if TYPE_CHECKING:
    from typing import Mapping

    from dualstor.command.check.filters.nftstate import NftChain, Table

_FAMILIES = ("ip", "ip6", "inet", "arp", "bridge", "netdev")
_VERBS = ("add", "create", "insert", "replace", "delete", "destroy", "flush", "list", "reset",
          "rename", "monitor", "export", "import", "describe")
_OBJECTS = ("counter", "quota", "limit", "secmark", "synproxy", "flowtable", "ct", "tunnel")


class _Parser:
    """Builds a Ruleset of the words of a file."""

    def __init__(self, words: "list[Token]") -> None:
        self._words = words
        self._at = 0
        self.ruleset = nftstate.Ruleset()

    # -- words ------------------------------------------------------------------------

    def _peek(self) -> "Token | None":
        return self._words[self._at] if self._at < len(self._words) else None

    def _take(self) -> Token:
        token = self._peek()
        if token is None:
            raise NotUnderstood(self._words[-1].where, "the file ends too early")
        self._at += 1
        return token

    def _skip_ends(self) -> None:
        while self._at < len(self._words) and ends(self._words[self._at]):
            self._at += 1

    def _statement(self) -> "list[Token]":
        """The words up to the end of a statement; line ends within braces are left out."""
        found: "list[Token]" = []
        depth = 0
        while self._at < len(self._words):
            token = self._words[self._at]
            if depth == 0 and (ends(token) or is_mark(token, "}")):
                break
            depth += is_mark(token, "{") - is_mark(token, "}")
            if not is_mark(token, "\n"):
                found.append(token)
            self._at += 1
        return found

    def _opens(self) -> None:
        while is_mark(self._peek(), "\n"):
            self._at += 1
        token = self._take()
        if not is_mark(token, "{"):
            raise NotUnderstood(token.where, f'"{token.text}" where a block must begin')

    def _closes(self) -> bool:
        """Whether a block ends here; its brace is taken."""
        self._skip_ends()
        token = self._peek()
        if token is None:
            raise NotUnderstood(self._words[-1].where, "a block is not closed")
        closes = is_mark(token, "}")
        self._at += closes
        return closes

    def _family(self) -> str:
        token = self._peek()
        return self._take().text if token is not None and token.text in _FAMILIES else "ip"

    # -- commands ---------------------------------------------------------------------

    def run(self) -> "nftstate.Ruleset":
        """Follow all commands and blocks."""
        self._skip_ends()
        while self._at < len(self._words):
            verb = self._take()
            what = self._take() if verb.text in _VERBS else verb
            self._command(verb.text if verb.text in _VERBS else "add", what)
            self._skip_ends()
        return self.ruleset

    def _command(self, verb: str, what: Token) -> None:
        if verb == "flush" and what.text == "ruleset":
            family = self._family() if not self._ended() else None
            self.ruleset.flush(family)
        elif verb in ("list", "reset", "monitor", "export", "describe"):
            self._statement()
        elif what.text == "table":
            self._table(verb)
        elif what.text in ("chain", "rule", "set", "map", "element"):
            self._within(verb, what)
        elif what.text in _OBJECTS or what.text in ("sets", "maps", "counters"):
            self._statement()
        else:
            raise NotUnderstood(what.where, f'"{what.text}" is no command of nft')

    def _ended(self) -> bool:
        token = self._peek()
        return token is None or ends(token)

    def _table(self, verb: str) -> None:
        family, name = self._family(), self._take().text
        if verb in ("delete", "destroy"):
            self.ruleset.tables.pop(f"{family} {name}", None)
        elif verb == "flush":
            for chain in self.ruleset.table(family, name).chains.values():
                del chain.rules[:]
        else:
            table = self.ruleset.table(family, name)
            if is_mark(self._peek(), "{"):
                self._table_block(table)
        self._statement()

    def _within(self, verb: str, what: Token) -> None:
        """A command about something within a table."""
        table = self.ruleset.table(self._family(), self._take().text)
        name = self._take().text
        if what.text == "rule":
            self._rule_command(verb, table.chain(name), what)
        elif what.text == "chain":
            if verb in ("delete", "destroy"):
                table.chains.pop(name, None)
            elif verb == "flush":
                del table.chain(name).rules[:]
            elif verb == "rename":
                table.chains[self._take().text] = table.chains.pop(name)
            elif is_mark(self._peek(), "{"):
                self._chain_block(table.chain(name))
            else:
                table.chain(name)
        elif what.text == "element":
            table.change(name, nftvalues.values(self._statement()), verb in ("add", "create"))
        elif verb in ("delete", "destroy", "flush"):
            table.sets.pop(name, None)
            if verb == "flush":
                table.sets[name] = Set()
        else:
            self._set_block(table, name)
        self._statement()

    def _rule_command(self, verb: str, chain: "NftChain", what: Token) -> None:
        words = self._statement()
        place = None
        while words and words[0].text in ("position", "handle", "index"):
            place, words = words[1:2], words[2:]
        if verb in ("delete", "destroy", "replace") or place:
            chain.obscure(what.where)
        elif words:
            chain.rules.insert(0 if verb == "insert" else len(chain.rules), nftwords.rule(words))

    # -- blocks -----------------------------------------------------------------------

    def _table_block(self, table: "Table") -> None:
        self._opens()
        while not self._closes():
            word = self._take()
            if word.text == "chain":
                self._chain_block(table.chain(self._take().text))
            elif word.text in ("set", "map"):
                self._set_block(table, self._take().text)
            elif word.text == "flags":
                table.dormant = "dormant" in [each.text for each in self._statement()]
            elif word.text in _OBJECTS or word.text in ("comment", "policy"):
                self._statement()
            else:
                raise NotUnderstood(word.where, f'"{word.text}" in a table')

    def _chain_block(self, chain: "NftChain") -> None:
        self._opens()
        while not self._closes():
            words = self._statement()
            first = words[0]
            if first.text == "type" and not first.quoted:
                chain.hooked(words)
            elif first.text == "policy" and len(words) > 1:
                chain.policy = VERDICTS.get(words[1].text, chains.ACCEPT)
                chain.where = first.where
            elif first.text in ("comment", "flags", "devices", "device"):
                continue
            else:
                chain.rules.append(nftwords.rule(words))

    def _set_block(self, table: "Table", name: str) -> None:
        self._opens()
        found, changing = Set(), False
        while not self._closes():
            words = self._statement()
            if words[0].text == "elements" and len(words) > 2:
                found = nftvalues.values(words[2:])
            elif words[0].text == "flags":
                changing = bool({"dynamic", "timeout"} & {each.text for each in words})
        table.sets[name] = found.but(changing=changing)


def parse(files: "Mapping[str, str]", path: str) -> "nftstate.Ruleset":
    """The Ruleset that a file makes, with those that it includes.

    :param files: path -> text of all files that are known
    :raises NotUnderstood: nft would refuse the file, or it is beyond this parser
    """
    return _Parser(nfttokens.Reader(files).read(path)).run()
