# SPDX-License-Identifier: GPL-2.0-or-later
"""Exit reasons: the declaration of an entry of the catalogue, and a sentence made from it.

An agent's entries are in its ``reasons.py``, those of every agent in ``action.reasons``. Agents,
``dualstor status`` and the documents all take them from there.
"""

from dualstor.ocf.destructive import destructive
from dualstor.record import Record

TYPE_CHECKING = False       # only mypy sees what is imported there
if TYPE_CHECKING:
    from types import ModuleType
    from typing import Any, Iterable

#: Bytes that Pacemaker keeps before feature set 3.20.5; the rest is cut off without a mark
#: (daemons/execd/execd_commands.c, EXIT_REASON_MAX_LEN counts the closing NUL).
LIMIT = 127

#: Places that quote a program, or list what may be much: shortened before any name is.
QUOTES = frozenset(("says", "state", "command", "source", "problems", "actions", "holders",
                    "lvs", "devices", "lockspaces"))

_FEW = 40               # characters that are left of a quotation before names are shortened
_USUAL_NAME = 25        # characters of a name that is not long
_LEAST_QUOTE = 12       # characters that are left of a quotation at least
_LEAST_NAME = 5         # the same of a name: its ends and the mark
_MARK = "..."
_UNSAFE = "see the log"     # in place of a quotation that advises what loses data
_STATUS = "run `dualstor status`"
_WAITED = ", waited {waited} s"


class Topic(Record):
    """What a person should know about a kind of trouble: a section of docs/operations.md.

    ``means`` says what has happened, ``todo`` what to do about it; ``parts`` is the recipe that
    belongs to it, recipes.Stages.
    """

    title: str
    means: str
    todo: str
    parts: "tuple[Any, ...]" = ()


class Reason(Record):
    """An entry of the catalogue: a fact and the next step, with {places} for values.

    ``fact`` names the object and what is wrong with it. ``step`` is what a person does next; only
    an answer that nobody has to act upon has none. ``logged``: a warning in the log, no exit
    reason. ``short`` is the step where a value of a command in the other one would have to be
    shortened, as half a command is none; "" for one that works in any case. Called with the values
    of its places an entry gives the sentence.
    """

    id: str
    topic: Topic
    fact: str
    step: str = ""
    logged: bool = False
    short: str = ""

    def __call__(self, **values: object) -> "Said":
        """The sentence with these values.

        :raises KeyError: a place has no value
        """
        return Said(self, {place: str(value) for place, value in values.items()})

    @property
    def template(self) -> str:
        """Fact and step, with their places."""
        return f"{self.fact}: {self.step}" if self.step else self.fact

    @property
    def places(self) -> "tuple[str, ...]":
        """The names of its places, each once."""
        return tuple(dict.fromkeys(piece.partition("}")[0]
                                   for piece in self.template.split("{")[1:]))

    @property
    def typed(self) -> "tuple[str, ...]":
        """The places in commands of the step."""
        return tuple(piece.partition("}")[0] for command in self.step.split("`")[1::2]
                     for piece in command.split("{")[1:])


class Said(str):
    """A sentence of the catalogue: the whole text, with the entry and the values it is made of."""

    reason: Reason
    values: "dict[str, str]"

    def __new__(cls, reason: Reason, values: "dict[str, str]") -> "Said":
        made = super().__new__(cls, reason.template.format_map(values))
        made.reason = reason
        made.values = values
        return made

    @property
    def fact(self) -> str:
        """The part that says what is wrong."""
        return self.reason.fact.format_map(self.values)

    @property
    def trouble(self) -> str:
        """The fact without its object, to be quoted where that is known: after the colon."""
        fact = self.reason.fact     # not what it became: a name may have a colon, too
        return (fact.partition(": ")[2] or fact).format_map(self.values)

    def after(self, seconds: float) -> "Said":
        """The sentence once somebody has waited *seconds* for this to change."""
        reason = self.reason.but(fact=self.reason.fact + _WAITED)
        return Said(reason, dict(self.values, waited=f"{seconds:.0f}"))

    def fitted(self, limit: "int | None") -> str:
        """The sentence in at most *limit* bytes, None for any number.

        What is fixed in it stays whole, which tests hold for names of 20 characters: quotations
        are shortened, then names in their middle. A quotation that names a destructive command is
        left out, whatever the limit.
        """
        places = self.reason.places
        values = {place: self.values[place] for place in places}
        for place in QUOTES & set(places):
            if destructive(values[place]):
                values[place] = _UNSAFE
        text = self.reason.template.format_map(values)
        if limit is None or len(text.encode(errors="replace")) <= limit:
            return text
        typed = set(self.reason.typed)
        if typed & QUOTES:
            return self._without_command(values).fitted(limit)
        quotes, names = QUOTES & set(places), set(places) - QUOTES
        values = {place: _ascii(value) for place, value in values.items()}
        room = limit - len(self.reason.template.format_map(dict.fromkeys(places, "")))
        for kind, least in ((quotes, _FEW), (names, _USUAL_NAME), (quotes, _LEAST_QUOTE),
                            (set(places), _LEAST_NAME)):
            longest = max([len(values[place]) for place in kind], default=0)
            for most in range(min(limit, longest) - 1, least - 1, -1):
                if self._length(values) <= room:
                    break
                if typed & {place for place in kind if len(values[place]) > most}:
                    return self._without_command(self.values).fitted(limit)
                values.update((place, _shortened(values[place], most, place in QUOTES))
                              for place in kind)
        return self.reason.template.format_map(values)[:limit]

    def _length(self, values: "dict[str, str]") -> int:
        """Characters of all values in the sentence."""
        return sum(len(values[place]) * self.reason.template.count("{" + place + "}")
                   for place in self.reason.places)

    def _without_command(self, values: "dict[str, str]") -> "Said":
        """The sentence with a step that has no command with values in it."""
        return Said(self.reason.but(step=self.reason.short or _STATUS, short=""), values)


def _ascii(text: str) -> str:
    """The text with one byte for each character."""
    return text.encode("ascii", "replace").decode()


def _shortened(text: str, most: int, quote: bool) -> str:
    """At most *most* characters of a text: the beginning of a quotation, both ends of a name."""
    if len(text) <= most:
        return text
    text = text.replace(_MARK, "")
    if quote:
        return text[:most - len(_MARK)].rstrip() + _MARK
    tail = (most - len(_MARK)) // 2
    return text[:most - len(_MARK) - tail] + _MARK + text[len(text) - tail:]


def stands_for(shown: str, name: str) -> bool:
    """Whether *shown* is a name as a sentence has it: whole, or shortened in its middle."""
    head, mark, tail = shown.partition(_MARK)
    return shown == name or bool(mark) and len(name) > len(head + tail) \
        and name.startswith(head) and name.endswith(tail)


def entries(*modules: "ModuleType") -> "tuple[Reason, ...]":
    """The entries that modules declare, in their order."""
    return tuple(value for module in modules for value in vars(module).values()
                 if isinstance(value, Reason))


def recognised(text: str, among: "Iterable[Reason]") -> "Said | None":
    """The sentence that a text is, as it was printed or kept; None when it is none of *among*.

    Of several entries that it can have been made of, the one with the most fixed text.
    """
    import itertools
    found: "list[tuple[int, Said]]" = []
    for reason in among:
        for fact, step in itertools.product((reason.fact, reason.fact + _WAITED),
                                            {reason.step, reason.short or _STATUS}):
            each = reason.but(fact=fact, step=step)
            values = _values(each, text)
            if values is not None:
                found.append((len(text) - sum(map(len, values.values())), Said(each, values)))
    return max(found, key=lambda pair: pair[0])[1] if found else None


def _values(reason: Reason, text: str) -> "dict[str, str] | None":
    """The values with which an entry makes a text, None where there are none."""
    first, *pieces = reason.template.split("{")
    if not text.startswith(first):
        return None
    values: "dict[str, str]" = {}
    at = len(first)
    for number, piece in enumerate(pieces, 1):
        place, _, fixed = piece.partition("}")
        end = text.find(fixed, at) if number < len(pieces) else len(text) - len(fixed)
        if end < at or not text.startswith(fixed, end) \
                or values.setdefault(place, text[at:end]) != text[at:end]:
            return None
        at = end + len(fixed)
    return values if at == len(text) else None
