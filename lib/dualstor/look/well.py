# SPDX-License-Identifier: GPL-2.0-or-later
"""The answer of the last full monitor that found all well, with what it stands on.

Kept as text, a field a tab apart, in our private folder:

    dualstor 1          the form; another one is not read
    at SECONDS          when it was given, in seconds since boot
    code 0|8            the exit code
    reason TEXT         the exit reason, empty with 0
    asked TEXT          of whom, with which parameters
    KIND ARGUMENT TEXT  what it stands on, see look.sights; any number of these
    end                 nothing is cut off

Whatever is not exactly in this form is not there.
"""

from dualstor.look.sights import KINDS, see
from dualstor.record import fraction, whole

#: Seconds for which an answer is repeated at most.
LASTS = 60.0

_FORM = ("dualstor", "1")
_CODES = ("0", "8")         # running, and running promoted: nothing else is repeated
_META = "OCF_RESKEY_CRM_meta_"
_BOOT = ("content", "/proc/sys/kernel/random/boot_id")


class Well:
    """A kept answer: ``code`` (int), ``reason``, when (``at``), ``asked``, and its ``sights``."""

    def __init__(self, code, reason, at, asked, sights):
        self.code = code
        self.reason = reason
        self.at = at
        self.asked = asked
        self.sights = tuple(sights)


def place(agent, resource):
    """The name, as words, under which the answer for a resource (the cluster's id) is kept."""
    return "well", agent, resource


def asked(environ):
    """What an answer depends on of the caller's environment: who asks, and the parameters."""
    names = sorted(n for n in environ if n.startswith("OCF_RESKEY_") and not n.startswith(_META))
    in_cluster = _META + "timeout" in environ
    return repr([in_cluster] + [(name, environ[name]) for name in names])


def to_text(well):
    """A Well as text; ``from_text`` reads it."""
    rows = [_FORM, ("at", f"{well.at:.3f}"), ("code", f"{well.code}"), ("reason", well.reason),
            ("asked", well.asked)] + list(well.sights) + [("end",)]
    return "".join("\t".join(_escaped(field) for field in row) + "\n" for row in rows)


def _escaped(text):
    return text.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n") \
        .replace("\r", "\\r")


def _field(row, name):
    if len(row) != 2 or row[0] != name:
        raise ValueError(name)
    return row[1]


def from_text(text):
    """The Well that ``to_text`` wrote, its texts still escaped; None when it is not one."""
    rows = [tuple(line.split("\t")) for line in (text or "").split("\n")]
    try:
        if rows[0] != _FORM or rows[-2:] != [("end",), ("",)]:
            return None
        at, code = fraction(_field(rows[1], "at")), _field(rows[2], "code")
        reason, whom = _field(rows[3], "reason"), _field(rows[4], "asked")
        sights = [(kind, argument, seen) for kind, argument, seen in rows[5:-2] if KINDS[kind]]
    except (ValueError, IndexError, KeyError):
        return None
    if at is None or code not in _CODES:
        return None
    return Well(whole(code), reason, at, whom, sights)


def _level_zero(environ):
    return environ.get("OCF_CHECK_LEVEL", "") in ("", "0")


def _recurring(environ):
    return environ.get(_META + "interval", "0").strip("0123456789") == "" \
        and environ.get(_META + "interval", "0").strip("0") != ""


def _as_seen(files, sight):
    """Whether a thing looks as it did; a disk that gives no answer shows no change."""
    kind, argument, text = sight
    now = KINDS[kind](files, argument)
    return _escaped(now) == text if isinstance(now, str) else now is not None


def repeated(files, agent, environ):
    """What a monitor answers when nothing has changed since a full one found all well.

    :param files: Files
    :param agent: the agent's name
    :param environ: mapping, as os.environ
    :returns: Well; None in any doubt: the agent looks
    """
    try:
        if not _level_zero(environ) or not _recurring(environ):
            return None
        kept = from_text(files.recall(*place(agent, environ["OCF_RESOURCE_INSTANCE"])))
        if kept is None or not 0 <= files.uptime() - kept.at <= LASTS \
                or kept.asked != _escaped(asked(environ)):
            return None
        return kept if all(_as_seen(files, sight) for sight in kept.sights) else None
    except Exception:   # pylint: disable=broad-except
        return None     # whatever is odd here, the agent will tell


def seen(files, wanted):
    """What the sights *wanted* of an agent look like now, this boot among them; None in doubt."""
    return see(files, (_BOOT,) + tuple(wanted)) if wanted else None
