"""Is the hub fit to serve: database, migrations, jobs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError, ProgrammingError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from hub_api import db, migrate

if TYPE_CHECKING:
    from sqlalchemy.engine import Engine

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


def readiness(engine: Engine) -> dict[str, str]:
    """Each part with `ok` or a sentence that says what is wrong."""
    try:
        with db.transaction(engine) as session:
            applied = session.scalar(_APPLIED)
            oldest = session.scalar(_OLDEST_JOB)
    except ProgrammingError:
        return {"database": "ok", "migrations": BEHIND}
    except (DBAPIError, PoolTimeout):
        return {"database": "can't be reached or refuses us"}
    jobs = (
        "ok" if oldest <= OLDEST_JOB_SECONDS else f"one has waited {oldest:.0f} s: is a worker up?"
    )
    return {
        "database": "ok",
        "migrations": "ok" if migrate.serves(applied) else BEHIND,
        "jobs": jobs,
    }


def figures(engine: Engine) -> Figures | None:
    """The figures of jobs and audit; none without a database."""
    try:
        with db.transaction(engine) as session:
            sealing = session.execute(_SEALING).one()
            return Figures(
                session.scalar(_WAITING_JOBS) or 0,
                session.scalar(_OLDEST_JOB) or 0.0,
                sealing.sealed,
                sealing.oldest,
            )
    except (DBAPIError, PoolTimeout):
        return None
