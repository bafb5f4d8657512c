"""Metrics for Prometheus. Labels are route templates and statuses: never ids, never people."""

from __future__ import annotations

import os

from prometheus_client import (
    REGISTRY,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
    multiprocess,
)

REQUESTS = Counter("hub_requests", "Requests answered.", ["method", "route", "status"])
SECONDS = Histogram(
    "hub_request_seconds",
    "Time to answer.",
    ["method", "route"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5),
)


def exposition(waiting_jobs: int, oldest_job_seconds: float) -> bytes:
    """All processes' metrics and the job figures, in the text format."""
    if os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
        requests = CollectorRegistry()
        multiprocess.MultiProcessCollector(requests)  # type: ignore[no-untyped-call]
    else:
        requests = REGISTRY
    jobs = CollectorRegistry()
    Gauge("hub_jobs_waiting", "Jobs not yet begun.", registry=jobs).set(waiting_jobs)
    Gauge("hub_oldest_job_seconds", "How long the oldest due job has waited.", registry=jobs).set(
        oldest_job_seconds
    )
    return generate_latest(requests) + generate_latest(jobs)
