"""Tasks as a slice raises them: on the API's connection, for somebody of the constellation."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any
from uuid import UUID

import pytest
from uuid_utils.compat import uuid7

from hub_api import db
from hub_api.tasks import service
from hub_api.tasks.kinds import TaskKind
from tests.conftest import World
from tests.factories.world import Neighbourhood
from tests.phone import Phone

KIND = TaskKind.HUB_CARER_MISSING


@pytest.fixture
def as_api(world: World) -> Callable[..., Any]:
    """A transaction of the API's role, in the scope of a carer."""

    @contextmanager
    def begin(place: Neighbourhood | None = None) -> Iterator[None]:
        place = place or world.here
        with db.transaction(world.app.engine):
            db.set_scope(place.family.carer, [place.id])
            yield

    return begin


@pytest.fixture
def raised(world: World, as_api: Callable[..., Any], rows: Any) -> Callable[..., dict[str, Any]]:
    """Raise one task and read it as the place's liaison worker."""

    def make(
        place: Neighbourhood | None = None,
        subject_id: UUID | None = None,
        no_later_than: datetime | None = None,
    ) -> dict[str, Any]:
        place, subject_id = place or world.here, subject_id or uuid7()
        with as_api(place):
            service.raise_task(
                KIND,
                constellation_id=place.id,
                subject_id=subject_id,
                no_later_than=no_later_than,
            )
        ((task_id,),) = rows("select id from tasks where subject_id = :id", id=subject_id)
        return world.phone(place.liaison_worker).get(f"/tasks/{task_id}").json

    return make


@pytest.fixture
def settle(as_api: Callable[..., Any]) -> Callable[..., None]:
    """Settle the task about a subject."""

    def make(subject_id: UUID | str, place: Neighbourhood | None = None) -> None:
        with as_api(place):
            service.settle(KIND, UUID(str(subject_id)))

    return make


@pytest.fixture
def liaison_worker(world: World) -> Phone:
    return world.phone(world.here.liaison_worker)
