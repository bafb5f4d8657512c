"""Consents to nights away, and the flags that hand the say to the child's social worker."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict

import sqlalchemy as sa

from hub_api import changes, clock, db, reads
from hub_api.audit import service as audit
from hub_api.consents import policy
from hub_api.consents.changes import ConsentChanged
from hub_api.consents.models import Consent, ConsentFlag, FlagKind, Giver
from hub_api.errors import Forbidden
from hub_api.households import service as households
from hub_api.households.service import LegalStatus
from hub_api.reads import ASKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date
    from uuid import UUID

    from hub_api.access import Actor
    from hub_api.consents.models import How, Parent
    from hub_api.reads import Page, PageArgs, Row

__all__ = ["Giver", "usual_giver"]

_CHILD = reads.parameter("child_id", sa.Uuid())

_USUAL_GIVERS = {
    LegalStatus.SECTION_20: Giver.DELEGATED_BY_PARENT,
    LegalStatus.SECTION_31: Giver.DELEGATED_BY_AUTHORITY,
    LegalStatus.REMAND: Giver.YOUTH_OFFENDING_TEAM,
    LegalStatus.STAYING_PUT: Giver.YOUNG_ADULT,
}


def usual_giver(legal_status: str) -> Giver | None:
    """Whose word it takes for a child of this legal status, when nothing speaks against it.

    None for those who live with guardians, adopters or under a child arrangements order: their
    carers have parental responsibility, and consent by asking.
    """
    return _USUAL_GIVERS.get(LegalStatus(legal_status))


def who_may_abscond(child_ids: Iterable[UUID]) -> set[UUID]:
    """Those of these children of whom it is on record today that they run away."""
    found = sa.select(ConsentFlag.child_id).where(
        ConsentFlag.child_id.in_([*child_ids]),
        ConsentFlag.kind == FlagKind.ABSCONDING,
        ConsentFlag.holds_on(clock.london_today()),
    )
    return {*db.session().scalars(found)}


# --- consents ----------------------------------------------------------------------------------


class ConsentIn(TypedDict):
    """What is recorded: `schemas.ConsentIn`."""

    giver: Giver
    parent: Parent | None
    how: How
    starts_on: date
    ends_on: date | None


def record_consent(actor: Actor, child_id: UUID, body: ConsentIn) -> Row:
    """Record that somebody has said yes to nights away. Raises `NotFound`, `Forbidden`."""
    constellation_id = households.lock_child_to_manage(actor, child_id)
    consent = Consent(
        constellation_id=constellation_id,
        child_id=child_id,
        recorded_by=actor.account_id,
        **body,
    )
    db.session().add(consent)
    _written(actor, "consent:create", consent, body)
    return get_consent(actor, consent.id)


def end_consent(actor: Actor, consent_id: UUID, seen_version: int, ends_on: date | None) -> Row:
    """Record the first day on which a consent no longer holds; none for one that holds on.

    Raises `NotFound`, `Forbidden`, `StaleVersion`, or `Conflict`: an end before the start, one
    withdrawn already, or nights that a link didn't ask about.
    """
    consent = _consent_to_change(actor, consent_id, seen_version)
    consent.end(ends_on)
    _written(actor, "consent:end", consent, ["ends_on"])
    return get_consent(actor, consent.id)


def withdraw_consent(actor: Actor, consent_id: UUID, seen_version: int) -> Row:
    """Record that a consent was taken back: from tonight on it counts for nothing.

    Never refused because of what is booked. Raises `NotFound`, `Forbidden`, `StaleVersion`, or
    `Conflict` for one that is withdrawn or over already.
    """
    consent = _consent_to_change(actor, consent_id, seen_version)
    consent.withdraw()
    _written(actor, "consent:withdraw", consent, ["withdrawn_at"])
    return get_consent(actor, consent.id)


def _consent_to_change(actor: Actor, consent_id: UUID, seen_version: int) -> Consent:
    found = sa.select(Consent).where(Consent.id == consent_id, policy.visible_to(ASKING))
    consent = reads.find(actor, found)
    if not policy.can_manage(actor, consent.constellation_id):
        raise Forbidden
    households.lock_child_to_manage(actor, consent.child_id)
    db.lock_seen(consent, seen_version)
    return consent


def _consents() -> reads.Select:
    return sa.select(
        Consent.id,
        Consent.version,
        Consent.child_id,
        Consent.giver,
        Consent.parent,
        Consent.how,
        Consent.withdrawn_at,
        Consent.recorded_at,
        Consent.starts_on,
        Consent.ends_on,
    ).where(policy.visible_to(ASKING))


CONSENTS = reads.Read(_consents, key=Consent.id, child_id=Consent.child_id == _CHILD)


def list_consents(actor: Actor, child_id: UUID, page: PageArgs) -> Page:
    """A child's consents, past ones included. Raises `NotFound`, `Forbidden`."""
    households.look_into_child(actor, child_id)
    return CONSENTS.page(actor, page, child_id=child_id)


def get_consent(actor: Actor, consent_id: UUID) -> Row:
    """One consent. Raises `NotFound`."""
    return CONSENTS.one(actor, consent_id)


# --- flags -------------------------------------------------------------------------------------


class FlagIn(TypedDict):
    """What is recorded: `schemas.ConsentFlagIn`."""

    kind: FlagKind
    starts_on: date
    ends_on: date | None


def record_flag(actor: Actor, child_id: UUID, body: FlagIn) -> Row:
    """Record that the child's social worker is the one to ask, and why.

    Never refused because of what is booked. Raises `NotFound`, `Forbidden`, or `Conflict` when it
    is on record already.
    """
    constellation_id = households.lock_child_to_manage(actor, child_id)
    flag = ConsentFlag(
        constellation_id=constellation_id,
        child_id=child_id,
        recorded_by=actor.account_id,
        **body,
    )
    db.session().add(flag)
    _written(actor, "consent_flag:create", flag, body)
    return get_flag(actor, flag.id)


def end_flag(actor: Actor, flag_id: UUID, seen_version: int, ends_on: date) -> Row:
    """Record the day from which the placement plan decides again.

    Raises `NotFound`, `Forbidden`, `StaleVersion`, or `Conflict` for an end before the start.
    """
    found = sa.select(ConsentFlag).where(ConsentFlag.id == flag_id, policy.flags_visible_to(ASKING))
    flag = reads.find(actor, found)
    if not policy.can_manage(actor, flag.constellation_id):
        raise Forbidden
    households.lock_child_to_manage(actor, flag.child_id)
    db.lock_seen(flag, seen_version)
    flag.ends_on = ends_on
    _written(actor, "consent_flag:end", flag, ["ends_on"])
    return get_flag(actor, flag.id)


def _flags() -> reads.Select:
    return sa.select(
        ConsentFlag.id,
        ConsentFlag.version,
        ConsentFlag.child_id,
        ConsentFlag.kind,
        ConsentFlag.recorded_at,
        ConsentFlag.starts_on,
        ConsentFlag.ends_on,
    ).where(policy.flags_visible_to(ASKING))


FLAGS = reads.Read(_flags, key=ConsentFlag.id, child_id=ConsentFlag.child_id == _CHILD)


def list_flags(actor: Actor, child_id: UUID, page: PageArgs) -> Page:
    """What makes a child's social worker the one to ask, past ones included.

    Raises `NotFound`, `Forbidden`.
    """
    households.look_into_child(actor, child_id)
    return FLAGS.page(actor, page, child_id=child_id)


def get_flag(actor: Actor, flag_id: UUID) -> Row:
    """One flag. Raises `NotFound`."""
    return FLAGS.one(actor, flag_id)


# --- what every change leaves behind -------------------------------------------------------------


def _written(actor: Actor, action: str, row: Consent | ConsentFlag, changed: Iterable[str]) -> None:
    db.session().flush()
    audit.record(
        action,
        actor_id=actor.account_id,
        subject_id=row.id,
        constellation_id=row.constellation_id,
        changed=[*changed],
    )
    changes.announce(ConsentChanged(frozenset({row.child_id})))
