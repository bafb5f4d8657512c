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
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

if TYPE_CHECKING:
    from collections.abc import Iterator

REQUESTS = Counter("hub_requests", "Requests answered.", ["method", "route", "status"])
SECONDS = Histogram(
    "hub_request_seconds",
    "Time to answer.",
    ["method", "route"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5),
)
THROTTLED = Counter("hub_throttled", "Requests refused by a throttle.", ["limit"])


class _Jobs(Collector):
    """The job figures of this scrape: read from the database, so the same in every process."""

    def __init__(self, figures: tuple[int, float] | None) -> None:
        self._figures = figures

    def collect(self) -> Iterator[GaugeMetricFamily]:
        is_up = float(self._figures is not None)
        yield GaugeMetricFamily("hub_database_up", "Whether the database answers.", is_up)
        if self._figures is not None:
            waiting, oldest = self._figures
            yield GaugeMetricFamily("hub_jobs_waiting", "Jobs not yet begun.", waiting)
            yield GaugeMetricFamily(
                "hub_oldest_job_seconds", "How long the oldest due job has waited.", oldest
            )


def exposition(figures: tuple[int, float] | None) -> bytes:
    """All processes' metrics and the job figures, in the text format.

    `figures` are the waiting jobs and the age of the oldest in seconds; none when the database does
    not answer, which is when metrics are needed most.
    """
    if os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
        requests = CollectorRegistry()
        multiprocess.MultiProcessCollector(requests)  # type: ignore[no-untyped-call]
    else:
        requests = REGISTRY
    jobs = CollectorRegistry()
    jobs.register(_Jobs(figures))
    return generate_latest(requests) + generate_latest(jobs)
