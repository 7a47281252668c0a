# SPDX-License-Identifier: GPL-2.0-or-later
"""docs/metrics.md, rendered from the metrics that there are; ``make docs`` writes it."""

from dualstor.command.metrics.families import FAMILIES

TYPE_CHECKING = False   # only mypy sees what is imported there
if TYPE_CHECKING:
    from dualstor.command.metrics.families import Family

_HEAD = """\
<!-- Made from the source by: make docs -->
# Metrics

`dualstor metrics` looks as `dualstor status` does and prints what it sees for Prometheus. It needs
prometheus_client for Python (Debian: python3-prometheus-client, Fedora and EL:
python3-prometheus_client).

The textfile collector of node_exporter reads files that end in `.prom` in the directory of its
option `--collector.textfile.directory`. With `--output FILE` the file is replaced whole, or not at
all. [dualstor-metrics.service](monitoring/dualstor-metrics.service) and
[dualstor-metrics.timer](monitoring/dualstor-metrics.timer) write it every minute: change the path,
copy both to `/etc/systemd/system`, and run `systemctl enable --now dualstor-metrics.timer`.
[dualstor.rules.yml](monitoring/dualstor.rules.yml) has alerts for Prometheus.

- Each node reports what it sees itself. Run it on both.
- Every part of the look has a deadline (`--wait SECONDS`). One that does not answer has
  `dualstor_part_answered` 0, and its metrics are missing. Nothing waits for it.
- If the look itself does not end, the file stays as it was: compare
  `dualstor_look_timestamp_seconds` with the time.
- It takes no LVM lock that it would have to wait for (`dualstor_lvm_asked`).
- A resource, VG or lockspace that is gone has no metrics any more. Labels hold names, numbers, and
  the words that the table shows. All metrics are gauges.

| metric | meaning | labels |
|---|---|---|
"""


def _labels(family: "Family") -> str:
    """The labels of a metric, with the words that each may have."""
    found = []
    for name, words in family.labels:
        shown = f"`{name}`"
        if words:
            kind = "exactly one is 1" if family.exclusive else "each"
            shown += f" ({kind}: {', '.join(words)})"
        found.append(shown)
    return ", ".join(found)


def render() -> str:
    """The page as Markdown."""
    return _HEAD + "".join(f"| `{family.name}` | {family.help} | {_labels(family)} |\n"
                           for family in FAMILIES.values())
