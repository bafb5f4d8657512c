"""The worker beside the app, and time that has passed for one request."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from hub_api import clock, db, jobs


@pytest.fixture
def worker(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[sa.Engine]:
    """Jobs run here, under the worker's own role of the database."""
    engine = db.make_engine(settings.required_database().worker, connections=4)
    monkeypatch.setattr(jobs, "_engine", engine)
    yield engine
    engine.dispose()


@pytest.fixture
def overdue(owner: sa.Engine) -> Callable[..., None]:
    """Make a request's first night over, or over in a moment."""

    def pass_by(request: dict[str, Any], left: timedelta = timedelta()) -> None:
        with owner.begin() as connection:
            connection.execute(
                sa.text("update respite_requests set expires_at = :then where id = :id"),
                {"then": clock.now() + left, "id": request["id"]},
            )

    return pass_by
