"""One world per process, which no cell of the table changes."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import sqlalchemy as sa

from hub_api import db, embedded
from hub_api import settings as hub_settings
from hub_api.settings import DatabaseUrls, Settings
from tests.authorisation import world
from tests.authorisation.stage import Stage


@pytest.fixture(scope="session")
def one_stage(
    make_database: Callable[[str], DatabaseUrls],
    server: embedded.EmbeddedServer,
    shared_app: Any,
    nothing_off: Settings,
) -> Iterator[Stage]:
    """The stage, on a database of its own beside that of the other tests."""
    hub_settings.use(nothing_off)
    urls = make_database("hub_matrix")
    everything = server.url(database=sa.make_url(urls.api).database or "")
    engines = [db.make_engine(url) for url in (urls.migration, urls.api, everything)]
    owner, api, superuser = engines
    usual, shared_app.engine = shared_app.engine, api
    try:
        built = world.build(shared_app, owner)
        shared_app.engine = usual
        with Stage(shared_app, superuser, built) as stage:
            yield stage
    finally:
        shared_app.engine = usual
        for engine in engines:
            engine.dispose()


@pytest.fixture
def stage(one_stage: Stage, nothing_off: Settings) -> Iterator[Stage]:
    hub_settings.use(nothing_off)
    one_stage.renew_logins()
    yield one_stage
    one_stage.rest()
