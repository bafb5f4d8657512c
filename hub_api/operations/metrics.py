"""Metrics for Prometheus. Labels are route templates and statuses: never ids, never people."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from prometheus_client import (
    REGISTRY,
    CollectorRegistry,
    Counter,
    Histogram,
    generate_latest,
    multiprocess,
)
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from hub_api.notifications import opening

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prometheus_client.core import Metric

    from hub_api.operations.service import Figures
    from hub_api.operations.telling import Telling

REQUESTS = Counter("hub_requests", "Requests answered.", ["method", "route", "status"])
SECONDS = Histogram(
    "hub_request_seconds",
    "Time to answer.",
    ["method", "route"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5),
)
THROTTLED = Counter("hub_throttled", "Requests refused by a throttle.", ["limit"])


class _FromDatabase(Collector):
    """The figures of this scrape: read from the database, so the same in every process."""

    def __init__(self, figures: Figures | None) -> None:
        self._figures = figures

    def collect(self) -> Iterator[Metric]:
        found = self._figures
        is_up = float(found is not None)
        yield GaugeMetricFamily("hub_database_up", "Whether the database answers.", is_up)
        if found is None:
            return
        yield GaugeMetricFamily("hub_jobs_waiting", "Jobs not yet begun.", found.jobs_waiting)
        yield GaugeMetricFamily(
            "hub_oldest_job_seconds", "How long the oldest due job has waited.", found.oldest_job
        )
        yield CounterMetricFamily("hub_audit_sealed", "Audit events sealed.", found.audit_sealed)
        yield GaugeMetricFamily(
            "hub_audit_unsealed_age_seconds",
            "How long the oldest audit event has waited for its seal.",
            found.oldest_unsealed,
        )
        yield GaugeMetricFamily(
            "hub_worker_silent_seconds", "Since a worker was last heard of.", found.worker_silent
        )
        yield from _of_telling(found.telling)


def _of_telling(found: Telling) -> Iterator[Metric]:
    """Labels are channels and states."""
    recent = GaugeMetricFamily(
        "hub_deliveries_recent",
        "Of the newest 10,000 deliveries, how many are in this state.",
        labels=["channel", "state"],
    )
    for labels, count in found.recent.items():
        recent.add_metric(labels, count)
    oldest = GaugeMetricFamily(
        "hub_oldest_delivery_due_seconds",
        "How long the oldest due delivery has waited.",
        labels=["channel"],
    )
    fault = GaugeMetricFamily(
        "hub_channel_at_fault", "Whether the channel's circuit is open.", labels=["channel"]
    )
    for name in opening.CHANNELS:
        oldest.add_metric([name], found.oldest_due.get(name, 0.0))
        fault.add_metric([name], float(name in found.faults))
    yield from (recent, oldest, fault)


def exposition(figures: Figures | None) -> bytes:
    """All processes' metrics and the database's figures, in the text format.

    `figures` are none when the database does not answer, which is when metrics are needed most.
    """
    if os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
        requests = CollectorRegistry()
        multiprocess.MultiProcessCollector(requests)  # type: ignore[no-untyped-call]
    else:
        requests = REGISTRY
    database = CollectorRegistry()
    database.register(_FromDatabase(figures))
    return generate_latest(requests) + generate_latest(database)
