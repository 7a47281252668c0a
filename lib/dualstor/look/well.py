# SPDX-License-Identifier: GPL-2.0-or-later
"""The answer of the last full monitor that found all healthy, with what it depends on.

Kept as text with tabs between the fields, in our private directory:

    dualstor 1          the form; another one is not read
    at SECONDS          when it was given, in seconds since boot
    code 0|8            the exit code
    reason TEXT         the exit reason, empty with 0
    asked TEXT          who asked, with which parameters
    KIND ARGUMENT TEXT  what it depends on, see look.sights; any number of these
    end                 nothing is cut off

Anything not exactly in this form is ignored.
"""

from dualstor.look.sights import KINDS, see
from dualstor.record import fraction

TYPE_CHECKING = False       # only mypy sees what is imported there
if TYPE_CHECKING:
    from typing import Iterable, Mapping

    from dualstor.host.files import Files
    from dualstor.look.sights import Sight

#: Seconds for which an answer is repeated at most.
LASTS = 60.0

_FORM = ("dualstor", "1")
_CODES = {"0": 0, "8": 8}   # running, and running promoted: nothing else is repeated
_META = "OCF_RESKEY_CRM_meta_"
_ON_DISK = ("header",)      # sights that a disk may keep us waiting for
_BOOT = ("content", "/proc/sys/kernel/random/boot_id")


class Well:
    """A kept answer: ``code``, ``reason``, when (``at``), ``asked``, and its ``sights``."""

    def __init__(self, code: int, reason: str, at: float, asked: str,
                 sights: "Iterable[Sight]") -> None:
        self.code = code
        self.reason = reason
        self.at = at
        self.asked = asked
        self.sights = tuple(sights)


def place(agent: str, resource: str) -> "tuple[str, str, str]":
    """The name, as words, under which the answer for a resource (the cluster's id) is kept."""
    return "well", agent, resource


def asked(environ: "Mapping[str, str]") -> str:
    """What an answer depends on of the caller's environment: who asks, and the parameters."""
    names = sorted(n for n in environ if n.startswith("OCF_RESKEY_") and not n.startswith(_META))
    in_cluster = _META + "timeout" in environ
    return repr([in_cluster, *[(name, environ[name]) for name in names]])


def to_text(well: Well) -> str:
    """A Well as text; ``from_text`` reads it."""
    rows = (_FORM, ("at", f"{well.at:.3f}"), ("code", f"{well.code}"), ("reason", well.reason),
            ("asked", well.asked), *well.sights, ("end",))
    return "".join(row(fields) for fields in rows)


def row(fields: "Iterable[str]") -> str:
    """One line of such a text."""
    return "\t".join(_escaped(field) for field in fields) + "\n"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n") \
        .replace("\r", "\\r")


def _field(row: "tuple[str, ...]", name: str) -> str:
    if len(row) != 2 or row[0] != name:
        raise ValueError(name)
    return row[1]


def from_text(text: "str | None") -> "Well | None":
    """The Well that ``to_text`` wrote, its texts still escaped; None when it is not one."""
    rows = [tuple(line.split("\t")) for line in (text or "").split("\n")]
    try:
        if rows[0] != _FORM or rows[-2:] != [("end",), ("",)]:
            return None
        at, code = fraction(_field(rows[1], "at")), _CODES[_field(rows[2], "code")]
        reason, whom = _field(rows[3], "reason"), _field(rows[4], "asked")
        sights = [(kind, argument, seen) for kind, argument, seen in rows[5:-2]]
    except (ValueError, IndexError, KeyError):
        return None
    if at is None or not all(kind in KINDS for kind, _, _ in sights):
        return None
    return Well(code, reason, at, whom, sights)


def _level_zero(environ: "Mapping[str, str]") -> bool:
    return environ.get("OCF_CHECK_LEVEL", "") in ("", "0")


def _recurring(environ: "Mapping[str, str]") -> bool:
    return environ.get(_META + "interval", "0").strip("0123456789") == "" \
        and environ.get(_META + "interval", "0").strip("0") != ""


def as_seen(files: "Files", sight: "Sight") -> bool:
    """Whether a thing looks as it did, its text escaped; a disk that gives no answer does."""
    kind, argument, text = sight
    now = KINDS[kind](files, argument)
    return _escaped(now) == text if isinstance(now, str) else now is not None


def all_as_seen(files: "Files", sights: "Iterable[Sight]") -> bool:
    """Whether all of *sights* look as they did; not in any doubt."""
    try:
        return all(as_seen(files, sight) for sight in sights)
    except Exception:   # pylint: disable=broad-except
        return False    # whoever looks in full will say what cannot be read


def holds(files: "Files", answer: Well) -> bool:
    """Whether what an answer that was just given depends on still looks the same in the kernel."""
    sights = tuple(sight for sight in answer.sights if sight[0] not in _ON_DISK)
    return see(files, [sight[:2] for sight in sights]) == sights


def repeated(files: "Files", agent: str, environ: "Mapping[str, str]") -> "Well | None":
    """What a monitor answers when nothing has changed since a full one found all healthy.

    :param agent: its name
    :param environ: as os.environ
    :returns: None in any doubt: then the agent runs
    """
    try:
        if not _level_zero(environ) or not _recurring(environ):
            return None
        kept = from_text(files.recall(*place(agent, environ["OCF_RESOURCE_INSTANCE"])))
        if kept is None or not 0 <= files.uptime() - kept.at <= LASTS \
                or kept.asked != _escaped(asked(environ)):
            return None
        return kept if all(as_seen(files, sight) for sight in kept.sights) else None
    except Exception:   # pylint: disable=broad-except
        return None     # the agent will report whatever is odd here


def seen(files: "Files",
         wanted: "Iterable[tuple[str, str]] | None") -> "tuple[Sight, ...] | None":
    """What the sights *wanted* of an agent look like now, this boot among them; None in doubt."""
    return see(files, (_BOOT, *wanted)) if wanted else None
