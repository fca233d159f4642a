"""The counts of a server in Prometheus's text form: read where they stand, when somebody asks.

Each answer has a registry of its own: there is nothing global, and nothing is paid for between two answers.
Labels come from fixed sets (see tally.py). This file does not know who may read it.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import accumulate
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.registry import Collector

from host_api.load.tally import BUCKETS, Durations, Tally

if TYPE_CHECKING:
    from prometheus_client import Metric

    from host_api.house import House
    from host_api.http.gate import Gate


def exposition(house: House, gate: Gate) -> bytes:
    """Write everything that this process counts; where there are several, each series says of which it is."""
    registry = CollectorRegistry(auto_describe=False)
    for collector in (ProcessCollector(registry=None), _Counts(house, gate)):
        registry.register(collector if gate.siblings.alone else _Of(gate.siblings.number, collector))
    return generate_latest(registry)


class _Of(Collector):
    """What another collector gives, with the place of its process."""

    def __init__(self, place: int, inner: Collector) -> None:
        self._label, self._inner = {"process": str(place)}, inner

    def collect(self) -> Iterator[Metric]:
        """Give each family."""
        for family in self._inner.collect():
            family.samples = [one._replace(labels={**one.labels, **self._label}) for one in family.samples]
            yield family


class _Counts(Collector):
    """What one server counts."""

    def __init__(self, house: House, gate: Gate) -> None:
        self._house, self._gate = house, gate

    def collect(self) -> Iterator[Metric]:
        """Give each family."""
        yield from _counters(self._gate.tally)
        yield _durations(self._gate.tally.durations)
        for name, (told, value) in self._gauges().items():
            yield GaugeMetricFamily(f"valgate_{name}", told, value)

    def _gauges(self) -> dict[str, tuple[str, int]]:
        house, gate = self._house, self._gate
        return {
            "connections": ("Open connections.", gate.connections.used),
            "requests_under_way": ("Requests under way, this one too.", gate.requests.used),
            "body_bytes": ("Bytes of request bodies that are held.", gate.held),
            "unread_bytes": ("Bytes of answers that wait for their readers.", gate.unread.used),
            "evaluations_under_way": ("Evaluations under way.", house.load.evaluations.used),
            "guests": ("Guests that are alive.", house.guests),
            "fetch_connections": ("Connections of fetches in use.", house.fetch_connections),
            "write_queue": ("Writes that wait for the disk.", house.store.backlog),
            "write_queue_bytes": ("Bytes of records on their way to the disk.", house.store.backlog_bytes),
        }


def _counters(tally: Tally) -> Iterator[Metric]:
    requests = CounterMetricFamily("valgate_requests", "Answered requests.", labels=("route", "method", "status"))
    for (route, method, status), count in tally.requests.items():
        requests.add_metric((route, method, str(status)), count)
    evaluations = CounterMetricFamily("valgate_evaluations", "Ended evaluations.", labels=("source", "state"))
    for labels, count in tally.evaluations.items():
        evaluations.add_metric(labels, count)
    shed = CounterMetricFamily("valgate_shed", "What was refused or broken off under load.", labels=("reason",))
    for reason, count in tally.shed.items():
        shed.add_metric((reason.value,), count)
    cpu = CounterMetricFamily("valgate_evaluation_cpu_seconds", "Processor time of ended evaluations.", tally.cpu)
    yield from (requests, evaluations, shed, cpu)


def _durations(durations: dict[str, Durations]) -> HistogramMetricFamily:
    family = HistogramMetricFamily("valgate_request_seconds", "Until a request was answered.", labels=("route",))
    ends = [*map(str, BUCKETS), "+Inf"]
    for route, known in durations.items():
        counts = list(zip(ends, map(float, accumulate(known.counts)), strict=True))
        family.add_metric((route,), counts, known.sum)
    return family
