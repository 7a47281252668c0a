# SPDX-License-Identifier: GPL-2.0-or-later
"""What a node publishes of the VG: an attribute that only the attribute daemons keep.

Text like ``seq=12 boot=1f0c3a5e at=812 want=5 active=5 exclusive=1 lacking=a,b open=c:qemu[7]``:
small, as every node keeps it of every node.
"""

from dualstor.record import Record, whole
from dualstor.tools import pacemaker

TYPE_CHECKING = False       # only mypy sees what is imported there
if TYPE_CHECKING:
    from dualstor.host.host import Host

#: How many names are published at most.
NAMES = 10
_HOLDER = 24    # characters of who uses an LV
_BOOT = 8       # characters of the boot id that are enough to tell two boots apart


class Published(Record):
    """The LVs of a VG as they are on a node.

    ``sequence``: that of LVM's metadata which the node has taken over, None while LVM could not
    be asked there. ``boot``: the first characters of its boot id; ``at``: seconds since boot.
    ``wanted``, ``active``, ``exclusive``: how many LVs are to be active there, are, and are locked
    exclusively. ``lacking``: up to NAMES of those that are not active, or not of the size, as they
    are to be; ``open``: of those that are to be inactive, but are in use, with who uses each.
    """

    boot: str
    at: int
    sequence: "int | None" = None
    wanted: int = 0
    active: int = 0
    exclusive: int = 0
    lacking: "tuple[str, ...]" = ()
    open: "tuple[tuple[str, str], ...]" = ()

    def to_text(self) -> str:
        """The value of the attribute; ``parse`` reads it."""
        fields = [("seq", "-" if self.sequence is None else f"{self.sequence}"),
                  ("boot", self.boot), ("at", f"{self.at}"), ("want", f"{self.wanted}"),
                  ("active", f"{self.active}"), ("exclusive", f"{self.exclusive}")]
        used = tuple(f"{name}:{_word(holder)}" for name, holder in self.open)
        fields += [(name, ",".join(names[:NAMES])) for name, names in
                   (("lacking", self.lacking), ("open", used)) if names]
        return " ".join(f"{name}={value}" for name, value in fields)


def attribute(vg: str) -> str:
    """The name of the attribute."""
    return f"dualstor-{vg}"


def boot(text: "str | None") -> str:
    """``Published.boot`` of the text of the kernel's boot id."""
    return (text or "").strip()[:_BOOT]


def _word(text: str) -> str:
    """A text without what separates fields and names; not longer than needed."""
    return "".join("_" if c in " ,=" or not c.isprintable() else c for c in text)[:_HOLDER]


def _names(text: str) -> "tuple[str, ...]":
    return tuple(name for name in text.split(",") if name)


def parse(text: str) -> "Published | None":
    """The Published in an attribute's value; None when it is not one."""
    fields = dict(word.partition("=")[::2] for word in text.split())
    numbers = [whole(fields.get(name)) for name in ("at", "want", "active", "exclusive")]
    at, wanted, active, exclusive = numbers
    if at is None or wanted is None or active is None or exclusive is None \
            or not fields.get("boot"):
        return None
    return Published(boot=fields["boot"], at=at, sequence=whole(fields.get("seq")), wanted=wanted,
                     active=active, exclusive=exclusive, lacking=_names(fields.get("lacking", "")),
                     open=tuple((name, holder) for name, _, holder in
                                (word.partition(":") for word in _names(fields.get("open", "")))))


def ask(host: "Host", vg: str) -> "dict[str, Published]":
    """{node: Published} of all nodes; a value that is none is left out.

    :raises ToolError, ParseError: the attribute daemon does not answer, or not to be understood
    """
    values = pacemaker.published(host, attribute(vg))
    found = ((node, parse(value)) for node, value in values.items())
    return {node: each for node, each in found if each is not None}
