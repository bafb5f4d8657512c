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

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prometheus_client.core import Metric

    from hub_api.operations.service import Figures

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
