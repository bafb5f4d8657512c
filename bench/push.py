"""How long from a commit to the first attempt to push? `make bench-push`.

A worker with its usual senders, the real library, and a stand-in for Google that takes 50 ms, on an
embedded PostgreSQL that is thrown away. Somebody is told something 50 times a second for a minute
(or as the arguments say: rate, seconds). Fails when one in a hundred waits for more than `ALLOWED`
seconds.
"""

from __future__ import annotations

import sys
import tempfile
import time
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from uuid_utils.compat import uuid7

from hub_api import clock, data_keys, db, embedded, migrate, token_keys
from hub_api import settings as hub_settings
from hub_api.access import Role
from hub_api.accounts.models import LoginSession
from hub_api.notifications import service
from hub_api.notifications.categories import Category
from hub_api.notifications.models import Device
from hub_api.settings import Settings
from hub_api.supervisor import environment_of
from tests.factories.accounts import make_account
from tests.factories.world import make_neighbourhood
from tests.running.program import HUB, Program, wait_until
from tests.standins.fcm import Fcm
from tests.standins.server import Reply

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

RATE, SECONDS, PEOPLE = 50, 60, 20
TAKES = 0.05
ALLOWED = 2.0

LEFT = sa.text("""
    select exists (select from notifications where ready_at is null)
        or exists (select from deliveries where state in ('queued', 'sending'))
""")
FIRST = sa.text("""
    select notification_id, first_attempt_at from deliveries where first_attempt_at is not null
""")


@dataclass(frozen=True)
class Found:
    """Seconds from commit to first attempt, in order, and how many were never tried."""

    waits: list[float]
    lost: int

    def quantile(self, share: float) -> float:
        return self.waits[min(int(len(self.waits) * share), len(self.waits) - 1)]

    def __str__(self) -> str:
        return (
            f"{len(self.waits)} notifications, {self.lost} lost; commit to first attempt: "
            f"p50 {self.quantile(0.5):.3f} s, p99 {self.quantile(0.99):.3f} s, "
            f"longest {self.waits[-1]:.3f} s"
        )


def people_with_phones(owner: sa.Engine, count: int) -> list[UUID]:
    """Carers, each logged in on a phone."""
    with db.transaction(owner) as session:
        place = make_neighbourhood("Bench")
        made = [make_account(Role.HUB_CARER, constellation_id=place.id).id for _ in range(count)]
        for account_id in made:
            login = LoginSession(account_id=account_id, expires_at=clock.now() + timedelta(days=1))
            session.add(login)
            session.flush()
            name = uuid7().hex
            session.add(
                Device(
                    installation_id=name,
                    account_id=account_id,
                    session_id=login.id,
                    kind="fid",
                    address=name,
                    platform="android",
                    locale="en-GB",
                )
            )
    return made


def tell(owner: sa.Engine, people: list[UUID], rate: int, seconds: float) -> dict[UUID, datetime]:
    """Tell one person something, so many times a second; when each was committed."""
    committed: dict[UUID, datetime] = {}
    began = time.monotonic()
    for number in range(int(rate * seconds)):
        time.sleep(max(0.0, began + number / rate - time.monotonic()))
        person = people[number % len(people)]
        with db.transaction(owner):
            told = service.put({person: person}, Category.REQUEST_SUBMITTED)
        committed[told[person]] = clock.now()
    return committed


def measure(
    owner: sa.Engine, environment: dict[str, Any], folder: Path, rate: int, seconds: float
) -> Found:
    """Run a worker beside a stand-in for Google and time what is told meanwhile."""
    people = people_with_phones(owner, PEOPLE)
    with Fcm() as google, owner.connect() as connection:
        google.always = Reply(body={"name": "projects/p/messages/1"}, delay=TAKES)
        given = google.channels(folder)
        with Program(
            (*HUB, "worker"),
            folder / "worker.log",
            HUB_FCM_CREDENTIALS_FILE=given.fcm_credentials_file,
            HUB_FCM_URL=given.fcm_url,
            HUB_QUIET_FROM="00:00",
            HUB_QUIET_UNTIL="00:00",
            **environment,
        ) as worker:
            tell(owner, people, 10, 1)  # and wait for the worker to be up
            autocommit = connection.execution_options(isolation_level="AUTOCOMMIT")
            wait_until(lambda: worker.is_running and not autocommit.scalar(LEFT), within=60)
            committed = tell(owner, people, rate, seconds)
            wait_until(lambda: worker.is_running and not autocommit.scalar(LEFT), within=120)
        tried = {row.notification_id: row.first_attempt_at for row in autocommit.execute(FIRST)}
    waits = [(tried[one] - at).total_seconds() for one, at in committed.items() if one in tried]
    return Found(sorted(waits), len(committed) - len(waits))


def main() -> None:
    """Measure, print, and fail when it takes too long."""
    rate, seconds = (int(sys.argv[1]), float(sys.argv[2])) if len(sys.argv) > 2 else (RATE, SECONDS)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        server = embedded.start(folder / "var" / "pgdata")
        try:
            settings = hub_settings.use(Settings(database=server.urls(), data_dir=folder / "var"))
            migrate.move(server.urls().migration)
            token_keys.rotate_token_keys(settings.keys_path)
            data_keys.make_secrets(settings.data_keys_path)
            owner = db.make_engine(server.urls().migration, connections=2)
            environment = environment_of(replace(settings, supervised=True))
            found = measure(owner, environment, folder, rate, seconds)
            owner.dispose()
        finally:
            server.release()
    print(f"{rate} a second for {seconds:.0f} s, Google takes {TAKES * 1000:.0f} ms: {found}")
    sys.exit(1 if found.lost or found.quantile(0.99) > ALLOWED else 0)


if __name__ == "__main__":
    main()
