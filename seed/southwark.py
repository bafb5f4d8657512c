"""Southwark's pilot, or a whole country of constellations. Every name is made up.

The same dice make a pilot of two constellations with a few months behind them (`seed`, at the
first `hub run`) and 210 with two years (`hub seed --constellations 210 --months 24`). Everything
but keys, passwords and sealed texts is the same for the same number of the dice and the same day.
"""

from __future__ import annotations

import json
import os
import secrets
from datetime import timedelta
from typing import TYPE_CHECKING

import sqlalchemy as sa

from hub_api import child_keys, clock, db, guards  # noqa: F401 - they listen from their import on
from hub_api import settings as hub_settings
from hub_api.accounts.passwords import hash_password
from seed import concerns, packs, scenes
from seed.cast import CASTS, KNOWN, LIAISON_WORKER, ORDER, SERVICE_STAFF
from seed.families import Families
from seed.names import Names, email_of
from seed.rows import Dice, Rows
from seed.stays import Planner
from seed.town import Builder

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hub_api.settings import Settings
    from seed.town import Town

Logins = dict[str, dict[str, str]]
DICE = 1729
"""The number of the dice unless another is asked for."""
PILOT_MONTHS = 3
MONTH = timedelta(days=30)
AHEAD = timedelta(days=40)
"""How far the stays of a large load reach."""
COVERED = 4
"""Constellations that one liaison worker covers (domain.md, section 1)."""


def seed(settings: Settings, dice: int = DICE) -> Logins:
    """Fill an empty database with the pilot and write the demo logins, with fresh passwords, to a
    private file. What is to come is asked for and decided through the services."""
    loading = Loading(settings, constellations=len(CASTS), months=PILOT_MONTHS, dice=dice)
    loading.until = loading.today - timedelta(days=1)
    towns = list(loading.towns())
    with db.transaction(loading.engine):
        scenes.play(towns)
    return loading.finish()


class Loading:
    """A load under way: `towns()` makes them one by one, each in a transaction of its own, and
    `finish()` writes the logins. Stopped in between, what is there stays there."""

    def __init__(
        self, settings: Settings, *, constellations: int, months: int, dice: int = DICE
    ) -> None:
        hub_settings.use(settings)
        child_keys.provide_secrets(settings)
        self._settings, self._constellations, self._dice_number = settings, constellations, dice
        self.engine = db.make_engine(settings.required_database().migration, connections=1)
        self.today = clock.london_today()
        self._since = self.today - months * MONTH
        self.until = self.today + AHEAD
        self._passwords = {login: secrets.token_urlsafe(9) for login in ORDER}

    def towns(self) -> Iterator[Town]:
        """Make the constellations, those of the demo's cast first."""
        builder = self._builder(self._dice_number)
        now, rules = clock.now(), self._settings
        liaison_worker = None
        for index in range(self._constellations):
            cast = CASTS[index] if index < len(CASTS) else None
            if index >= len(CASTS):
                builder.names.begin_constellation()
            with db.transaction(self.engine):
                if index == 0:
                    self._staff(builder)
                    liaison_worker = builder.account(LIAISON_WORKER, "liaison_worker")
                elif liaison_worker is None or index == 1 or index % COVERED == 1:
                    liaison_worker = builder.account(builder.names.person(builder.names.surname()))
                town = builder.town(cast, liaison_worker)
                builder.rows.copy()
                child_keys.make([child.id for child in [*town.children(), *town.residents]])
                packs.write(builder.rows, town, self.today, now)
                concerns.write(builder.rows, town, now)
                Planner(town, builder.rows, builder.dice, rules, now).plan()
                builder.rows.copy()
            yield town

    def finish(self) -> Logins:
        """Have the planner know the new tables, and write the logins to their file."""
        with db.transaction(self.engine) as session:
            session.execute(sa.text("analyze respite_requests, sleepovers, bed_nights, children"))
        self.engine.dispose()
        names = {login: name for login, (name, _) in SERVICE_STAFF.items()}
        names["liaison_worker"] = LIAISON_WORKER
        for cast in CASTS[: self._constellations]:
            names |= {family.login: family.carer for family in (cast.hub, cast.family)}
        logins = {
            login: {"email": email_of(names[login]), "password": self._passwords[login]}
            for login in ORDER
            if login in names
        }
        _write(self._settings, logins)
        return logins

    def _builder(self, number: int) -> Builder:
        dice = Dice(number)
        names = Names(number, KNOWN)
        return Builder(
            rows=Rows(dice),
            dice=dice,
            names=names,
            today=self.today,
            since=self._since,
            until=self.until,
            families=Families(dice, names, self.today, self._since),
            hashes={login: hash_password(word) for login, word in self._passwords.items()},
        )

    def _staff(self, builder: Builder) -> None:
        for login, (name, role) in SERVICE_STAFF.items():
            builder.role(builder.account(name, login), role)


def _write(settings: Settings, logins: Logins) -> None:
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    path = settings.demo_accounts_path
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        json.dump(logins, file, indent=2)
