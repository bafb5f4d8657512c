"""Is the hub fit to serve: database, migrations, jobs, deliveries."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError, ProgrammingError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from hub_api import db, migrate
from hub_api.operations import telling

if TYPE_CHECKING:
    from sqlalchemy.engine import Engine

    from hub_api.operations.telling import Telling
    from hub_api.settings import Channels

OLDEST_JOB_SECONDS = 60.0
"""A job that has waited longer means that no worker is working."""

BEHIND = "the schema is behind: run `hub migrate`"

_APPLIED = sa.text("select version_num from alembic_version")
_OLDEST_JOB = sa.text("""
    select coalesce(extract(epoch from now() - min(coalesce(j.scheduled_at, e.at))), 0)::float
      from jobs.procrastinate_jobs j
      join jobs.procrastinate_events e on e.job_id = j.id and e.type = 'deferred'
     where j.status = 'todo' and (j.scheduled_at is null or j.scheduled_at <= now())
""")
_WAITING_JOBS = sa.text("select count(*) from jobs.procrastinate_jobs where status = 'todo'")

_WORKER_SILENT = sa.text("""
    select extract(epoch from now() - max(last_heartbeat))::float from jobs.procrastinate_workers
""")

_SEALING = sa.text("""
    select sealed,
           case when isfinite(oldest_unsealed_at)
                then extract(epoch from now() - oldest_unsealed_at)::float else 0 end as oldest
      from audit_sealing()
""")


@dataclass(frozen=True, slots=True)
class Figures:
    """What the database tells at a scrape; ages in seconds, 0 when nothing waits."""

    jobs_waiting: int
    oldest_job: float
    audit_sealed: int
    oldest_unsealed: float
    worker_silent: float
    """Since a worker was heard of; one that has never been counts as 0."""
    telling: Telling


@dataclass(frozen=True, slots=True)
class Readiness:
    """What was found, by part: `ok`, or a sentence."""

    parts: dict[str, str]
    """What makes the hub unfit when it is not `ok`."""
    channels: dict[str, str] = field(default_factory=dict)
    """What an operator should see to, while the hub serves on."""

    @property
    def is_ready(self) -> bool:
        return all(found == "ok" for found in self.parts.values())


def readiness(engine: Engine, channels: Channels) -> Readiness:
    """Whether the hub is fit to serve, and how its channels do."""
    try:
        with db.transaction(engine) as session:
            applied = session.scalar(_APPLIED)
            oldest = session.scalar(_OLDEST_JOB)
            told = telling.read(session)
    except ProgrammingError:
        return Readiness({"database": "ok", "migrations": BEHIND})
    except (DBAPIError, PoolTimeout):
        return Readiness({"database": "can't be reached or refuses us"})
    jobs = (
        "ok" if oldest <= OLDEST_JOB_SECONDS else f"one has waited {oldest:.0f} s: is a worker up?"
    )
    parts = {
        "database": "ok",
        "migrations": "ok" if migrate.serves(applied) else BEHIND,
        "jobs": jobs,
        "deliveries": telling.overdue(told),
    }
    return Readiness(parts, telling.conditions(channels, told))


def figures(engine: Engine) -> Figures | None:
    """The figures of jobs, audit and deliveries; none without a database."""
    try:
        with db.transaction(engine) as session:
            sealing = session.execute(_SEALING).one()
            return Figures(
                session.scalar(_WAITING_JOBS) or 0,
                session.scalar(_OLDEST_JOB) or 0.0,
                sealing.sealed,
                sealing.oldest,
                session.scalar(_WORKER_SILENT) or 0.0,
                telling.read(session),
            )
    except (DBAPIError, PoolTimeout):
        return None
