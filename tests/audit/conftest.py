"""A chain of one's own: events as the API writes them, a sealer as the worker runs it."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from uuid_utils.compat import uuid7

from hub_api import data_keys, db, jobs, request_id
from hub_api.audit import anchor, service, verifying
from hub_api.audit.sealing import Sealer
from hub_api.data_keys import Ring
from hub_api.settings import Settings

ACTIONS = ["respite_request:submit", "respite_request:accept", "sleepover:cancel", "session:start"]


def record_some(engine: sa.Engine, count: int, **changes: Any) -> None:
    """Add so many events, three to a transaction."""
    for first in range(0, count, 3):
        with db.transaction(engine):
            request_id.begin()
            for number in range(first, min(first + 3, count)):
                event: dict[str, Any] = {
                    "actor_id": uuid7(),
                    "subject_id": uuid7(),
                    "constellation_id": uuid7() if number % 4 else None,
                    "outcome": "refused" if number % 5 == 0 else "done",
                    "changed": ["state", "nights"] if number % 2 else [],
                    **changes,
                }
                service.record(ACTIONS[number % len(ACTIONS)], **event)


@pytest.fixture
def ring(settings: Settings) -> Ring:
    return data_keys.load_secrets(settings.data_keys_path).ring("audit")


@pytest.fixture
def anchor_path(tmp_path: Path) -> Path:
    return tmp_path / "anchor.log"


@pytest.fixture
def worker_engine(settings: Settings) -> Iterator[sa.Engine]:
    engine = db.make_engine(settings.required_database().worker, connections=8)
    jobs.use_engine(engine)
    yield engine
    engine.dispose()


@pytest.fixture
def make_sealer(worker_engine: Any, ring: Ring, anchor_path: Path) -> Callable[..., Sealer]:  # noqa: ARG001 - it seals there
    def make(batch: int = 500, path: Path = anchor_path) -> Sealer:
        return Sealer(ring, path, batch)

    return make


@pytest.fixture
def seal_all(make_sealer: Callable[..., Sealer], rows: Any) -> Callable[..., int]:
    """Seal until nothing waits: another test's transaction may run on the same server."""

    def seal(**options: Any) -> int:
        total, ends = 0, time.monotonic() + 30
        while True:
            total += make_sealer(**options).seal_finished()
            if not rows("select from audit_sealing() where oldest_unsealed_at is not null"):
                return total
            assert time.monotonic() < ends, "something keeps running"
            time.sleep(0.05)

    return seal


@pytest.fixture
def verify(worker_engine: sa.Engine, ring: Ring, anchor_path: Path) -> Callable[[], Any]:
    """What verification finds now, anchor included."""

    def run() -> verifying.Report:
        heads = anchor.read(anchor_path).heads
        with worker_engine.connect() as connection:
            return verifying.examine(connection, heads, ring)

    return run
