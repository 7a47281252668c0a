# SPDX-License-Identifier: GPL-2.0-or-later
"""How the handler's runs have ended on this host since it booted, kept for `dualstor metrics`."""

from dualstor.record import Record, fraction, whole

TYPE_CHECKING = False       # only mypy sees what is imported there
if TYPE_CHECKING:
    from dualstor.host.files import Files
    from dualstor.host.host import Host

#: I/O continues, as the peer was fenced or is connected again; or it stays frozen.
CONTINUES, FROZEN = "continues", "frozen"
RESULTS = (CONTINUES, FROZEN)

_NAME = "handled"


class Runs(Record):
    """``counts``: how many have ended with each of RESULTS.

    ``at``: when the last one did, in seconds since the boot.
    """

    counts: "tuple[int, ...]" = (0,) * len(RESULTS)
    at: float = 0.0


def recall(host: "Files", resource: str) -> "Runs | None":
    """The Runs for a DRBD resource; None when there was none, or what is kept is not readable."""
    words = (host.recall(_NAME, resource) or "").split()
    at = fraction(words[-1]) if words else None
    counts = [count for count in map(whole, words[:-1]) if count is not None]
    if at is None or len(words) != len(counts) + 1 or len(counts) != len(RESULTS):
        return None
    return Runs(counts=tuple(counts), at=at)


def note(host: "Host", resource: str, result: str) -> None:
    """Keep that a run for a resource has ended with *result*, one of RESULTS."""
    before = (recall(host, resource) or Runs()).counts
    counts = [count + (each == result) for each, count in zip(RESULTS, before)]
    host.remember(" ".join([*map(str, counts), f"{host.uptime():.3f}"]) + "\n", _NAME, resource)
