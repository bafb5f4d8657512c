"""Setting constellations up, finding the hub home that serves one, and the hub home's mutex."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

import sqlalchemy as sa
from sqlalchemy.orm import aliased

from hub_api import changes, clock, db, reads
from hub_api.access import Grant, Role
from hub_api.accounts import service as accounts
from hub_api.audit import service as audit
from hub_api.constellations import policy, queries
from hub_api.constellations.changes import ConstellationCloses
from hub_api.constellations.models import (
    Constellation,
    HubAppointment,
    HubHome,
    Membership,
)
from hub_api.errors import Busy, Conflict, NotFound
from hub_api.reads import ASKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date
    from uuid import UUID

    from hub_api.access import Actor
    from hub_api.reads import Page, PageArgs, Row

SYNCED = queries.SYNCED
hub_homes_of = queries.hub_homes_of

# --- constellations ----------------------------------------------------------------------------


def found_constellation(name: str) -> Constellation:
    """Begin a constellation; hub home and members follow."""
    constellation = Constellation(name=name)
    db.session().add(constellation)
    db.session().flush()
    return constellation


def set_up_constellation(actor: Actor, name: str) -> Row:
    """Begin a constellation as whoever oversees the service. Raises `Conflict`: name taken."""
    founded = found_constellation(name)
    # As the next request will find: whoever oversees the service oversees this one as well.
    overseer = Grant(Role.PROGRAMME_MANAGER, founded.id, None)
    actor = replace(actor, grants=(*actor.grants, overseer))
    accounts.set_scope(actor)
    audit_change(actor, "constellation:create", founded.id, founded.id, ["name"])
    return get_constellation(actor, founded.id)


def rename_constellation(actor: Actor, constellation_id: UUID, seen_version: int, name: str) -> Row:
    """Call a constellation otherwise. Raises `NotFound`, `StaleVersion`, `Conflict`: taken."""
    constellation = find_constellation(actor, constellation_id)
    db.lock_seen(constellation, seen_version)
    constellation.name = name
    db.session().flush()
    audit_change(actor, "constellation:change", constellation_id, constellation_id, ["name"])
    return get_constellation(actor, constellation_id)


def close_constellation(actor: Actor, constellation_id: UUID, seen_version: int) -> Row:
    """End a constellation today; it can be looked at as before.

    Raises `NotFound`, `StaleVersion`, or `Conflict`: closed already, households belong to it, or
    somebody who listens knows of stays or requests ahead.
    """
    constellation = find_constellation(actor, constellation_id)
    lock_hub_homes_of(constellation_id)
    db.lock_seen(constellation, seen_version)
    refuse_closed(constellation)
    today = clock.london_today()
    if _has_members(constellation_id, today):
        raise Conflict(
            "Households still belong to this constellation. Please move them or end their "
            "membership first.",
            code="still_has_members",
        )
    changes.announce(ConstellationCloses(constellation_id, today))
    constellation.closed_on = today
    db.session().flush()
    audit_change(actor, "constellation:close", constellation_id, constellation_id, ["closed_on"])
    return get_constellation(actor, constellation_id)


def _has_members(constellation_id: UUID, today: date) -> bool:
    """Whether a household belongs to it today or is to."""
    remaining = sa.exists().where(
        Membership.constellation_id == constellation_id,
        sa.or_(Membership.ends_on.is_(None), Membership.ends_on > today),
    )
    return bool(db.session().scalar(sa.select(remaining)))


def list_constellations(actor: Actor, page: PageArgs) -> Page:
    """The constellations the actor may see, newest first."""
    return queries.CONSTELLATIONS.page(actor, page)


def get_constellation(actor: Actor, constellation_id: UUID) -> Row:
    """One constellation. Raises `NotFound`."""
    return queries.CONSTELLATIONS.one(actor, constellation_id)


def find_constellation(actor: Actor, constellation_id: UUID) -> Constellation:
    """A constellation the actor may see, to act on. Raises `NotFound`."""
    found = sa.select(Constellation).where(
        Constellation.id == constellation_id, policy.visible_to(ASKING)
    )
    return reads.find(actor, found)


def refuse_closed(constellation: Constellation) -> None:
    """Raise `Conflict` for a constellation that is no more."""
    if constellation.closed_on is not None:
        raise Conflict(
            "This constellation was closed, so nothing can be added to it or changed in it.",
            code="constellation_closed",
        )


def keep_open(constellation: Constellation) -> None:
    """Hold a constellation as it is until this transaction ends; whoever closes it waits.

    To be called before anything is added to it, and after the mutexes of hub homes. Raises
    `Conflict` when it is closed.
    """
    shared = {"read": True, "key_share": True}
    db.session().refresh(constellation, with_for_update=shared)
    refuse_closed(constellation)


def audit_change(
    actor: Actor,
    action: str,
    subject_id: UUID,
    constellation_id: UUID,
    changed: Sequence[str] = (),
) -> None:
    """Record what the actor did in a constellation."""
    audit.record(
        action,
        actor_id=actor.account_id,
        subject_id=subject_id,
        constellation_id=constellation_id,
        changed=changed,
    )


# --- the hub home ------------------------------------------------------------------------------


def serving_hub_home(
    constellation_id: UUID, on: date, until: date | None = None, household_id: UUID | None = None
) -> UUID:
    """The hub home that serves a constellation on a day, or on every day up to and including
    `until`, be it an interim one.

    Raises `Conflict` when none does, when the constellation is closed by then, or when a household
    for whose sake it is asked no longer belongs to it by then. The sentences are for carers, hub
    carers and liaison workers alike: all of them ask.
    """
    last = until or on
    for row in _SERVING.rows(
        constellation_id=constellation_id, day=on, last=last, household_id=household_id
    ):
        if row["leaves_on"] is not None and row["leaves_on"] <= last:
            raise Conflict(
                f"This household leaves the constellation on {clock.spoken(row['leaves_on'])}, so "
                "nights from then on can't be booked here. The liaison worker can say who looks "
                "after it then.",
                code="membership_ends",
            )
        if row["closed_on"] is not None and row["closed_on"] <= last:
            raise Conflict(
                f"This constellation is closed on {clock.spoken(last)}. The liaison worker can say "
                "who looks after its families from then on.",
                code="constellation_closed",
            )
        if row["hub_home_id"] is not None:
            return cast("UUID", row["hub_home_id"])
    if last > on:
        raise Conflict(
            "The constellation's hub home changes during these nights. Please choose others, or "
            "ask for them in two parts.",
            code="no_hub_home",
        )
    raise Conflict(
        f"This constellation has no hub home on {clock.spoken(on)}. "
        "The liaison worker can say what happens in the meantime.",
        code="no_hub_home",
    )


def _serving() -> reads.Select:
    appointed = sa.and_(
        HubAppointment.constellation_id == Constellation.id,
        HubAppointment.holds_on(reads.parameter("day", sa.Date())),
        HubAppointment.holds_on(reads.parameter("last", sa.Date())),
    )
    return (
        sa.select(
            Constellation.closed_on, HubAppointment.hub_home_id, _leaves_on().label("leaves_on")
        )
        .outerjoin(HubAppointment, appointed)
        .where(Constellation.id == queries.CONSTELLATION)
    )


def _leaves_on() -> sa.ScalarSelect[Any]:
    """The day from which a household belongs to the constellation no more, be it only for a while;
    null where it does on every day asked about. The days after one that ends are looked at, too: it
    may come back later."""
    again = aliased(Membership)
    day = sa.func.greatest(Membership.ends_on, reads.parameter("day", sa.Date()))
    goes_on = sa.exists().where(
        again.constellation_id == Membership.constellation_id,
        again.household_id == Membership.household_id,
        again.starts_on <= day,
        sa.or_(again.ends_on.is_(None), again.ends_on > day),
    )
    return (
        sa.select(sa.func.max(Membership.ends_on))
        .where(
            Membership.constellation_id == queries.CONSTELLATION,
            Membership.household_id == reads.parameter("household_id", sa.Uuid()),
            Membership.ends_on <= reads.parameter("last", sa.Date()),
            ~goes_on,
        )
        .scalar_subquery()
    )


_SERVING = reads.Query(_serving)


def hold_serving_hub_home(
    constellation_id: UUID, on: date, until: date, household_id: UUID
) -> UUID:
    """`serving_hub_home()`, which goes on serving on these days until this transaction ends:
    whoever withdraws or ends its appointment waits, and then sees what was asked of it.

    For those who don't take its mutex. Raises `Conflict` likewise, or `Busy` where another took its
    place at this very moment.
    """
    hub_home_id = serving_hub_home(constellation_id, on, until, household_id)
    appointed = sa.select(HubAppointment.id).where(
        HubAppointment.constellation_id == constellation_id,
        HubAppointment.hub_home_id == hub_home_id,
        HubAppointment.holds_on(on),
        HubAppointment.holds_on(until),
    )
    if db.session().scalar(appointed.with_for_update(read=True, key_share=True)) is None:
        serving_hub_home(constellation_id, on, until, household_id)  # says what there is instead
        raise Busy
    return hub_home_id


def lock_hub_home(hub_home_id: UUID) -> None:
    """Take the mutex of a hub home until this transaction ends.

    Everything that touches its beds, resident children or limits takes it first; nothing read
    before it is trusted after it (reliability.md). Raises `NotFound` for one that does not serve
    whoever asks, or no longer: an appointment may be withdrawn while one looks.
    """
    locked = db.session().execute(
        sa.update(HubHome)
        .where(HubHome.id == hub_home_id)
        .values(seq=HubHome.seq + 1)
        .returning(HubHome.id)
    )
    if locked.one_or_none() is None:  # touching no row is an error, never a silence
        raise NotFound


def lock_hub_homes_of(constellation_id: UUID, *more: UUID) -> None:
    """Take the mutexes of the hub homes that serve a constellation today or later, and of more.

    Raises `Busy` when others were appointed while it waited: to take those too would be out of
    order, and two such requests could wait for each other.
    """
    known = {*_appointed(constellation_id), *more}
    for hub_home_id in sorted(known):
        lock_hub_home(hub_home_id)
    if not known.issuperset(_appointed(constellation_id)):
        raise Busy


def _appointed(constellation_id: UUID) -> set[UUID]:
    found = sa.select(HubAppointment.hub_home_id).where(
        HubAppointment.constellation_id == constellation_id,
        sa.or_(HubAppointment.ends_on.is_(None), HubAppointment.ends_on > clock.london_today()),
    )
    return {*db.session().scalars(found)}


# --- members -----------------------------------------------------------------------------------


def add_member(constellation_id: UUID, household_id: UUID, starts_on: date) -> Membership:
    """Let a household join a constellation."""
    membership = Membership(
        constellation_id=constellation_id, household_id=household_id, starts_on=starts_on
    )
    db.session().add(membership)
    db.session().flush()
    return membership


def move_member(
    household_id: UUID, from_constellation_id: UUID, to_constellation_id: UUID, on: date
) -> Membership:
    """Let a household leave one constellation for another on a day.

    Whether it may leave is its caller's to know. Raises `Conflict` when it has not been in the
    first for a day, or when the other is closed.
    """
    keep_open_to_join(to_constellation_id)
    leaving = sa.select(Membership).where(
        Membership.household_id == household_id,
        Membership.constellation_id == from_constellation_id,
        sa.or_(Membership.ends_on.is_(None), Membership.ends_on > on),
    )
    for membership in db.session().scalars(leaving.with_for_update()):
        if membership.starts_on >= on:
            raise Conflict(
                "This household joined its constellation only today or is yet to join it, so it "
                "can move tomorrow at the earliest.",
                code="joined_today",
            )
        membership.ends_on = on
    db.session().flush()  # the end before the beginning: on no day does it belong to both
    return add_member(to_constellation_id, household_id, on)


# --- a household's place ----------------------------------------------------------------------


def constellation_of_hub_home(hub_home_id: UUID) -> UUID:
    """The constellation a hub home belongs to, whichever it serves."""
    found = sa.select(HubHome.constellation_id).where(HubHome.id == hub_home_id)
    return db.session().scalars(found).one()


def hub_home_of(household_id: UUID) -> HubHome | None:
    """The hub home that is this household's home, whether or not it serves a constellation now."""
    found = sa.select(HubHome).where(HubHome.household_id == household_id)
    # Anew each time: where the hub carer lives may have changed before its mutex was ours.
    return db.session().scalar(found.execution_options(populate_existing=True))


def is_serving(hub_home_id: UUID, on: date) -> bool:
    """Whether a hub home serves a constellation on a day or later."""
    ahead = sa.or_(HubAppointment.ends_on.is_(None), HubAppointment.ends_on > on)
    found = sa.select(HubAppointment.id).where(HubAppointment.hub_home_id == hub_home_id, ahead)
    return db.session().scalar(found.limit(1)) is not None


def end_memberships(household_id: UUID, on: date) -> None:
    """From this day on a household belongs nowhere: an end announced for later comes now, and a
    membership that was to begin later is taken back."""
    theirs = Membership.household_id == household_id
    db.session().execute(sa.delete(Membership).where(theirs, Membership.starts_on > on))
    db.session().execute(
        sa.update(Membership)
        .where(theirs, sa.or_(Membership.ends_on.is_(None), Membership.ends_on > on))
        .values(ends_on=on)
    )


def is_in_sight(constellation_id: Any) -> sa.ColumnElement[bool]:
    """For another slice's select: whether the asker has to do with this constellation at all."""
    return sa.exists().where(Constellation.id == constellation_id)


def any_is_in_sight() -> sa.ColumnElement[bool]:
    """The same of any constellation."""
    return sa.exists(sa.select(Constellation.id))


def keep_open_to_join(constellation_id: UUID) -> None:
    """`keep_open()` for a constellation the actor is known to see, by its id."""
    keep_open(db.session().get_one(Constellation, constellation_id))
