"""The clocks that ask where a child is. Only backstops: whoever misses a child reports it at once.

From the time agreed, of coming to the hub, of being back from an outing or of going home: an hour
for a child under twelve, two for one over, none for a child who was missing not long ago
(domain.md, section 3; each a setting). Told once for each time agreed, and not while the child is
reported missing: everybody knows by then.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from hub_api import clock, db, settings
from hub_api.care import outings, telling
from hub_api.care.models import MissingAsk, MissingEpisode
from hub_api.care.outing_models import Outing
from hub_api.consents import service as consents
from hub_api.households import service as households
from hub_api.notifications.categories import Category
from hub_api.sleepovers import service as sleepovers

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime
    from uuid import UUID

    from hub_api.care_settings import CareSettings

YOUNG = 12
"""Years: below it the shorter clock runs. The variables are called after it, so it can't be set."""

WORTH_ASKING = timedelta(days=1)
"""After this long somebody has seen to it, or it was never going to be."""

IN_STAY, OUT = "in_stay", "out"
"""Where a child is who is asked about: at the hub, or out from there."""


def patience(age: int, rules: CareSettings, *, is_high_risk: bool) -> timedelta:
    """How long after the time agreed the hub waits before it asks."""
    if is_high_risk:
        return rules.ask_at_high_risk
    return rules.ask_under_twelve if age < YOUNG else rules.ask_over_twelve


def ask_where_they_are() -> None:
    """Ask both homes and the liaison worker about every child who should be there, or at home, by
    now. For a job: doing it again changes nothing."""
    now, rules = clock.now(), settings.current()
    due = [row for found in (_due(now), _out(now)) for row in db.session().execute(found)]
    ages = households.ages({row.child_id for row in due})
    at_risk = _at_high_risk({row.child_id for row in due}, now - rules.care.high_risk_for)
    for row in due:
        waits = patience(ages[row.child_id], rules.care, is_high_risk=row.child_id in at_risk)
        # At that very time the late return itself is told of, to the same people.
        is_told = row.state == IN_STAY and waits == rules.late_return_after
        if now > row.agreed_at + waits and not is_told:
            _ask(row, now)


def _due(now: datetime) -> sa.Select[tuple[UUID, UUID, UUID, UUID, UUID, str, datetime]]:
    """Stays whose time agreed is over, today, and that nobody was asked about."""
    stay = sleepovers.stays.c
    # Written out, so that the indexes of stays in these states serve.
    confirmed: sa.ColumnElement[str] = sa.literal_column("'confirmed'")
    in_stay: sa.ColumnElement[str] = sa.literal_column("'in_stay'")
    agreed = sa.case((stay.state == confirmed, stay.arrives_at), else_=stay.departs_at)
    asked = sa.exists().where(MissingAsk.sleepover_id == stay.id, MissingAsk.agreed_at == agreed)
    since = now - WORTH_ASKING
    is_over = sa.or_(
        sa.and_(stay.state == confirmed, stay.arrives_at <= now, stay.arrives_at > since),
        sa.and_(stay.state == in_stay, stay.departs_at <= now, stay.departs_at > since),
    )
    return sa.select(
        stay.id,
        stay.household_id,
        stay.constellation_id,
        sleepovers.RUN_BY,
        stay.child_id,
        stay.state,
        agreed.label("agreed_at"),
    ).where(is_over, ~asked, ~_is_missing())


def _out(now: datetime) -> sa.Select[tuple[UUID, UUID, UUID, UUID, UUID, str, datetime]]:
    """The same of outings: who went out during a stay that goes on, and should be back."""
    stay = sleepovers.stays.c
    asked = sa.exists().where(
        MissingAsk.sleepover_id == stay.id, MissingAsk.agreed_at == Outing.agreed_back_at
    )
    return (
        sa.select(
            stay.id,
            stay.household_id,
            stay.constellation_id,
            sleepovers.RUN_BY,
            stay.child_id,
            sa.literal(OUT).label("state"),
            Outing.agreed_back_at.label("agreed_at"),
        )
        .join(Outing, Outing.sleepover_id == stay.id)
        .where(
            stay.state == IN_STAY,
            Outing.agreed_back_at <= now,
            Outing.agreed_back_at > now - WORTH_ASKING,
            outings.is_out(),
            ~asked,
            ~_is_missing(),
        )
    )


def _is_missing() -> sa.Exists:
    """Whether the child of a stay is reported missing, and not back."""
    return sa.exists().where(
        MissingEpisode.sleepover_id == sleepovers.stays.c.id, MissingEpisode.returned_at.is_(None)
    )


def _at_high_risk(child_ids: Collection[UUID], since: datetime) -> set[UUID]:
    """Those of these children who were missing from a stay since then, or are known to abscond."""
    found = sa.select(MissingEpisode.child_id).where(
        MissingEpisode.child_id.in_(child_ids), MissingEpisode.noticed_at > since
    )
    return {*db.session().scalars(found)} | consents.who_may_abscond(child_ids)


def _ask(row: sa.Row[tuple[UUID, UUID, UUID, UUID, UUID, str, datetime]], now: datetime) -> None:
    noted = db.session().execute(
        postgresql.insert(MissingAsk)
        .values(
            sleepover_id=row.id,
            agreed_at=row.agreed_at,
            constellation_id=row.constellation_id,
            asked_at=now,
        )
        .on_conflict_do_nothing()
        .returning(MissingAsk.sleepover_id)
    )
    if noted.scalar() is None:
        return
    homes = sleepovers.Homes(row.household_id, row.constellation_id, row.run_by)
    telling.tell_everybody(homes, Category.SLEEPOVER_AWAITED, row.id)
