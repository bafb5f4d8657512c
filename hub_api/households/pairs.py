"""What is on record about two children: kept apart, or allowed to share a bedroom."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict

import sqlalchemy as sa

from hub_api import changes, clock, db, reads
from hub_api.errors import Conflict
from hub_api.households import policy, records
from hub_api.households.changes import KeptApartRecorded, SharingChanged
from hub_api.households.models import Child, KeptApart, SharingAgreement
from hub_api.reads import ASKING

if TYPE_CHECKING:
    from datetime import date
    from uuid import UUID

    from hub_api.access import Actor
    from hub_api.households.models import KeptApartReason
    from hub_api.reads import Page, PageArgs, Row

_CHILD = reads.parameter("child_id", sa.Uuid())


def _two(actor: Actor, child_id: UUID, other_id: UUID) -> Child:
    """The first of two children whose records the actor keeps. Raises `NotFound`, `Forbidden`, and
    `Conflict` for one and the same."""
    child = records.child_to_manage(actor, child_id)
    if child_id == other_id:
        raise Conflict("Please name another child.", code="same_child")
    records.child_to_manage(actor, other_id)
    return child


def _lock(*child_ids: UUID) -> None:
    """Lock both children, before any row about them: whoever decides on a stay of theirs has done
    so, or waits (`households.service.hold_children()`)."""
    found = sa.select(Child.id).where(Child.id.in_(child_ids)).order_by(Child.id)
    db.session().execute(found.with_for_update())


# --- kept apart --------------------------------------------------------------------------------


class KeptApartIn(TypedDict):
    """What is recorded: `schemas.KeptApartIn`."""

    other_child_id: UUID
    reason: KeptApartReason
    starts_on: date | None


def keep_apart(actor: Actor, child_id: UUID, body: KeptApartIn) -> Row:
    """Record that two children are not to be together, by default from today.

    Never refused because of what is booked: whoever knows of it has somebody look into it. Raises
    `NotFound`, `Forbidden`, or `Conflict` when it is on record already.
    """
    other_id = body["other_child_id"]
    child = _two(actor, child_id, other_id)
    first, second = sorted((child_id, other_id))
    _lock(first, second)
    pair = KeptApart(
        constellation_id=child.constellation_id,
        child_id=first,
        other_child_id=second,
        reason=body["reason"],
        starts_on=body["starts_on"] or clock.london_today(),
        recorded_by=actor.account_id,
    )
    db.session().add(pair)
    db.session().flush()
    _announce(pair)
    records.audit_change(actor, "kept_apart:create", pair, ["reason", "starts_on"])
    return get_kept_apart(actor, pair.id)


def end_kept_apart(actor: Actor, kept_apart_id: UUID, seen_version: int, ends_on: date) -> Row:
    """Record the day from which two children may be together again.

    Raises `NotFound`, `StaleVersion`, or `Conflict` for an end before the start.
    """
    found = sa.select(KeptApart).where(
        KeptApart.id == kept_apart_id, policy.kept_apart_visible_to(ASKING)
    )
    pair = records.may_manage(actor, reads.find(actor, found))
    _lock(pair.child_id, pair.other_child_id)
    db.lock_seen(pair, seen_version)
    records.write(pair, {"ends_on": ends_on})
    _announce(pair)  # it may be later than was said before
    records.audit_change(actor, "kept_apart:end", pair, ["ends_on"])
    return get_kept_apart(actor, pair.id)


def _announce(pair: KeptApart) -> None:
    both = frozenset({pair.child_id, pair.other_child_id})
    changes.announce(KeptApartRecorded(both))


def _kept_apart() -> reads.Select:
    return sa.select(
        KeptApart.id,
        KeptApart.version,
        KeptApart.child_id,
        KeptApart.other_child_id,
        KeptApart.reason,
        KeptApart.recorded_at,
        KeptApart.starts_on,
        KeptApart.ends_on,
    ).where(policy.kept_apart_visible_to(ASKING))


KEPT_APART = reads.Read(
    _kept_apart,
    key=KeptApart.id,
    child_id=sa.or_(KeptApart.child_id == _CHILD, KeptApart.other_child_id == _CHILD),
)


def list_kept_apart(actor: Actor, child_id: UUID, page: PageArgs) -> Page:
    """Who a child is kept apart from, past ones included. Raises `NotFound`, `Forbidden`."""
    records.child_to_manage(actor, child_id)
    return KEPT_APART.page(actor, page, child_id=child_id)


def get_kept_apart(actor: Actor, kept_apart_id: UUID) -> Row:
    """Two children kept apart. Raises `NotFound`."""
    return KEPT_APART.one(actor, kept_apart_id)


# --- sharing a bedroom -------------------------------------------------------------------------


class AgreementIn(TypedDict):
    """What is recorded: `schemas.SharingAgreementIn`."""

    with_child_id: UUID
    authority: str
    starts_on: date
    ends_on: date | None


def agree_to_sharing(actor: Actor, child_id: UUID, body: AgreementIn) -> Row:
    """Record a responsible authority's written word that its child may share a bedroom with another
    (NMS 10.6). The other child's authority gives its own.

    Raises `NotFound`, `Forbidden`, or `Conflict`: on record already, or another authority than the
    one that holds the child's care plan.
    """
    child = _two(actor, child_id, body["with_child_id"])
    _lock(child.id, body["with_child_id"])
    db.session().refresh(child)
    _refuse_other_authority(child, body["authority"])
    agreement = SharingAgreement(
        constellation_id=child.constellation_id,
        child_id=child.id,
        recorded_by=actor.account_id,
        **body,
    )
    db.session().add(agreement)
    db.session().flush()
    _announce_sharing(agreement)
    records.audit_change(actor, "sharing_agreement:create", agreement, body)
    return get_agreement(actor, agreement.id)


def _refuse_other_authority(child: Child, authority: str) -> None:
    known = child.responsible_authority
    if known is not None and not records.is_same_authority(known, authority):
        raise Conflict(
            "The agreement has to come from the authority that holds this child's care plan. On "
            f"record that is {known}. If that has changed, please change the child's record first.",
            code="wrong_authority",
        )


def end_agreement(actor: Actor, agreement_id: UUID, seen_version: int, ends_on: date) -> Row:
    """Record the day from which an agreement no longer holds.

    Never refused because of what is booked: an authority's word is its own to take back. Raises
    `NotFound`, `StaleVersion`, or `Conflict` for an end before the start.
    """
    found = sa.select(SharingAgreement).where(
        SharingAgreement.id == agreement_id, policy.agreements_visible_to(ASKING)
    )
    agreement = records.may_manage(actor, reads.find(actor, found))
    _lock(agreement.child_id, agreement.with_child_id)
    db.lock_seen(agreement, seen_version)
    records.write(agreement, {"ends_on": ends_on})
    _announce_sharing(agreement)
    records.audit_change(actor, "sharing_agreement:end", agreement, ["ends_on"])
    return get_agreement(actor, agreement.id)


def _announce_sharing(agreement: SharingAgreement) -> None:
    both = frozenset({agreement.child_id, agreement.with_child_id})
    changes.announce(SharingChanged(both))


def _agreements() -> reads.Select:
    return sa.select(
        SharingAgreement.id,
        SharingAgreement.version,
        SharingAgreement.child_id,
        SharingAgreement.with_child_id,
        SharingAgreement.authority,
        SharingAgreement.recorded_at,
        SharingAgreement.starts_on,
        SharingAgreement.ends_on,
    ).where(policy.agreements_visible_to(ASKING))


AGREEMENTS = reads.Read(
    _agreements, key=SharingAgreement.id, child_id=SharingAgreement.child_id == _CHILD
)


def list_agreements(actor: Actor, child_id: UUID, page: PageArgs) -> Page:
    """Whom a child may share a bedroom with. Raises `NotFound`, `Forbidden`."""
    records.child_to_manage(actor, child_id)
    return AGREEMENTS.page(actor, page, child_id=child_id)


def get_agreement(actor: Actor, agreement_id: UUID) -> Row:
    """One agreement. Raises `NotFound`."""
    return AGREEMENTS.one(actor, agreement_id)
