# SPDX-License-Identifier: GPL-2.0-or-later
"""corosync-quorumtool: membership and votes as corosync sees them.

Formats: corosync tools/corosync-quorumtool.c (show_status, display_nodes_data; of corosync 1:
show_status, which ends with 0 whatever happened).
"""

from dualstor.errors import ParseError
from dualstor.host.deadline import QUERY
from dualstor.record import Record
from dualstor.tools.keyed import Keyed, numbers

TYPE_CHECKING = False   # only mypy sees what is imported there
if TYPE_CHECKING:
    from dualstor.host.host import Host

#: Exit codes of ``corosync-quorumtool -s``.
QUORATE, NOT_QUORATE = 0, 2

_STATUS = ("corosync-quorumtool", "-s")
_QUORUM = "Quorum information"
_VOTES = "Votequorum information"
_MEMBERS = "Membership information"
_VERSION = "Version:"


class Member(Record):
    """One node of the membership; ``votes`` is None where no vote counting is configured."""

    id: int
    name: str
    votes: "int | None" = None
    local: bool = False


class QuorumStatus(Record):
    """What ``corosync-quorumtool -s`` says. Numbers that it left out are None."""

    quorate: bool
    provider: "str | None" = None
    nodes: "int | None" = None
    node_id: "int | None" = None
    ring: "str | None" = None
    expected: "int | None" = None  # votes
    total: "int | None" = None     # votes
    quorum: "int | None" = None    # votes needed
    flags: "tuple[str, ...]" = ()  # "2Node", "Quorate", "WaitForAll", "Qdevice" ...
    members: "tuple[Member, ...]" = ()
    rest: "tuple[tuple[str, str], ...]" = ()  # (key, value) of further lines

    @property
    def two_node(self) -> "bool | None":
        """Whether one of two nodes is enough for quorum; None when nothing counts votes."""
        return None if self.quorum is None else "2Node" in self.flags


def _sections(text: str) -> "dict[str, list[str]]":
    """{heading: lines} of the output; a heading is underlined with hyphens."""
    found: "dict[str, list[str]]" = {}
    lines = None
    for line in text.splitlines():
        if line.strip() in (_QUORUM, _VOTES, _MEMBERS):
            lines = found.setdefault(line.strip(), [])
        elif line.strip("- "):
            if lines is None:
                raise ParseError(" ".join(_STATUS), line, f"expected \"{_QUORUM}\"")
            lines.append(line)
    return found


def _member(line: str, columns: "list[str]") -> "Member | None":
    """The Member of a row: id, votes, qdevice (may be empty), name; None of the quorum device."""
    words = line.split()
    local = words[-1] == "(local)"
    plain = words[:-1] if local else words
    votes = "Votes" in columns
    if len(plain) < 2 + votes:
        raise ParseError(" ".join(_STATUS), line, "expected a node of the membership")
    found = numbers(" ".join(_STATUS), plain[:1 + votes], line)
    if found[0] == 0:
        return None
    return Member(id=found[0], name=plain[-1], local=local, votes=found[1] if votes else None)


def _status(values: "Keyed", members: "tuple[Member, ...]" = ()) -> "QuorumStatus":
    """The QuorumStatus of the Keyed *values*."""
    quorate = values.need("Quorate")
    if quorate not in ("Yes", "No"):
        raise ParseError(" ".join(_STATUS), "Quorate: " + quorate, "expected Yes or No")
    return QuorumStatus(
        quorate=quorate == "Yes", nodes=values.number("Nodes"), node_id=values.number("Node ID"),
        provider=values.text("Quorum provider") or values.text("Quorum type"),
        ring=values.text("Ring ID"), expected=values.number("Expected votes"),
        total=values.number("Total votes"), quorum=values.number("Quorum"),
        flags=values.words("Flags"), members=members, rest=values.rest)


def parse_status(text: str) -> "QuorumStatus":
    """The QuorumStatus in the output of ``corosync-quorumtool -s``.

    :raises ParseError: it is cut off or something else
    """
    if text.startswith(_VERSION):   # corosync 1: no headings, and the members are another question
        lines = [line for line in text.splitlines() if line.strip()]
        return _status(Keyed(" ".join(_STATUS), lines))
    sections = _sections(text)
    if _MEMBERS not in sections:
        last = (text.splitlines() or [""])[-1]
        raise ParseError(" ".join(_STATUS), last, f"no \"{_MEMBERS}\", the last line is")
    table = sections[_MEMBERS] or [""]
    columns = table[0].split()
    if columns[:1] != ["Nodeid"]:
        raise ParseError(" ".join(_STATUS), table[0], "expected the heading \"Nodeid ...\"")
    members = [_member(line, columns) for line in table[1:]]
    values = Keyed(" ".join(_STATUS), sections.get(_QUORUM, []) + sections.get(_VOTES, []))
    return _status(values, tuple(m for m in members if m))


def status(host: "Host", timeout: float = QUERY) -> "QuorumStatus":
    """The QuorumStatus now; the exit code rules where it is more careful than the text.

    :raises ToolMissing, ToolHung: as Host.run
    :raises ToolFailed: corosync does not run, or does not answer
    :raises ParseError: the output is not understood
    """
    completed = host.run(_STATUS, timeout)
    seen = parse_status(completed.stdout if "Quorate:" in completed.stdout else completed.answer())
    return seen.but(quorate=seen.quorate and completed.returncode != NOT_QUORATE)
