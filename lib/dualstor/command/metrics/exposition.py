# SPDX-License-Identifier: GPL-2.0-or-later
"""Samples as text for Prometheus, by prometheus_client.

OpenMetrics with gauges alone: the older text format, which node_exporter's textfile collector
reads, takes its last line for a comment.
"""

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.openmetrics.exposition import generate_latest
from prometheus_client.registry import CollectorRegistry

from dualstor.command.metrics.families import FAMILIES

TYPE_CHECKING = False   # only mypy sees what is imported there
if TYPE_CHECKING:
    from typing import Iterator, Sequence

    from dualstor.command.metrics.measure import Sample


class Collector:
    """What prometheus_client asks for metrics.

    :param samples: of which each belongs to one of FAMILIES
    """

    def __init__(self, samples: "Sequence[Sample]") -> None:
        self._samples = samples

    def collect(self) -> "Iterator[GaugeMetricFamily]":
        """The metrics of which there are samples."""
        for family in FAMILIES.values():
            mine = [sample for sample in self._samples if sample.name == family.name]
            metric = GaugeMetricFamily(family.name, family.help, labels=family.keys)
            for sample in mine:
                metric.add_metric(sample.labels, sample.value)
            if mine:
                yield metric


def render(samples: "Sequence[Sample]") -> str:
    """The text."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(Collector(samples))
    text: bytes = generate_latest(registry)
    return text.decode("utf-8")
