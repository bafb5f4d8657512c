"""What a household is approved for as foster carers, and exemptions from the fostering limit."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict

import sqlalchemy as sa

from hub_api import db, reads
from hub_api.constellations import service as constellations
from hub_api.errors import Conflict
from hub_api.households import policy, records
from hub_api.households.models import Approval, FosteringExemption, Household
from hub_api.reads import ASKING

if TYPE_CHECKING:
    from datetime import date
    from uuid import UUID

    from hub_api.access import Actor
    from hub_api.reads import Page, PageArgs, Row

_HOUSEHOLD = reads.parameter("household_id", sa.Uuid())

# --- terms of approval -------------------------------------------------------------------------


class ApprovalIn(TypedDict, total=False):
    """What is recorded: `schemas.ApprovalIn`, `schemas.ApprovalChangeIn`."""

    starts_on: date
    ends_on: date | None
    max_children: int
    min_age: int
    max_age: int
    genders: list[str]
    review_due_on: date


def approve(actor: Actor, household_id: UUID, body: ApprovalIn) -> Row:
    """Record new terms of approval; those that hold without end, end with the day these begin.

    Raises `NotFound`, `Forbidden`, or `Conflict`: a closed household, others that hold on one of
    these days, or a hub home with guests booked that would then be over a limit.
    """
    household = records.household_to_manage(actor, household_id)
    with records.changing_hub_residents([household.id]):
        records.keep_open(household)
        _end_open_approval(household.id, body["starts_on"])
        approval = Approval(
            constellation_id=household.constellation_id, household_id=household.id, **body
        )
        db.session().add(approval)
    records.audit_change(actor, "approval:create", approval, body)
    return get_approval(actor, approval.id)


def _end_open_approval(household_id: UUID, on: date) -> None:
    still_open = db.session().scalar(
        sa.select(Approval).where(
            Approval.household_id == household_id,
            Approval.ends_on.is_(None),
            Approval.starts_on < on,
        )
    )
    if still_open is not None:
        still_open.ends_on = on
        db.session().flush()  # before the new one comes, which would overlap


def change_approval(actor: Actor, approval_id: UUID, seen_version: int, body: ApprovalIn) -> Row:
    """Change terms of approval, or end them. Raises as `approve()` does, and `StaleVersion`."""
    found = sa.select(Approval).join(Household, Household.id == Approval.household_id)
    approval = reads.find(actor, found.where(Approval.id == approval_id, policy.visible_to(ASKING)))
    records.may_manage(actor, approval)
    with records.changing_hub_residents([approval.household_id]):
        db.lock_seen(approval, seen_version)
        records.write(approval, body)
    records.audit_change(actor, "approval:change", approval, body)
    return get_approval(actor, approval.id)


def _approvals() -> reads.Select:
    return (
        sa.select(
            Approval.id,
            Approval.version,
            Approval.household_id,
            Approval.max_children,
            Approval.min_age,
            Approval.max_age,
            Approval.genders,
            Approval.review_due_on,
            Approval.starts_on,
            Approval.ends_on,
        )
        .join(Household, Household.id == Approval.household_id)
        .where(policy.visible_to(ASKING))
    )


APPROVALS = reads.Read(
    _approvals, key=Approval.id, household_id=Approval.household_id == _HOUSEHOLD
)


def list_approvals(actor: Actor, household_id: UUID, page: PageArgs) -> Page:
    """A household's terms of approval, past ones included. Raises `NotFound`, `Forbidden`."""
    records.household_to_look_into(actor, household_id)
    return APPROVALS.page(actor, page, household_id=household_id)


def get_approval(actor: Actor, approval_id: UUID) -> Row:
    """Terms of approval. Raises `NotFound`."""
    return APPROVALS.one(actor, approval_id)


# --- exemptions from the fostering limit -------------------------------------------------------


class ExemptionIn(TypedDict):
    """What is recorded: `schemas.FosteringExemptionIn`."""

    authority: str
    children: list[UUID]
    starts_on: date
    ends_on: date | None


def exempt(actor: Actor, household_id: UUID, body: ExemptionIn) -> Row:
    """Record a written exemption from the fostering limit for named children.

    It comes from the authority where the carer lives (Children Act 1989 Sch 7 para 4). Raises
    `NotFound`, for a child not to be seen as well, `Forbidden`, or `Conflict`: a closed household,
    another authority than the hub home's.
    """
    household = records.household_to_manage(actor, household_id)
    for child_id in body["children"]:
        records.child_to_manage(actor, child_id)
    with records.changing_hub_residents([household.id]):
        records.keep_open(household)
        _refuse_other_authority(household.id, body["authority"])
        exemption = FosteringExemption(
            constellation_id=household.constellation_id,
            household_id=household.id,
            authority=body["authority"],
            child_ids=sorted(body["children"]),
            starts_on=body["starts_on"],
            ends_on=body["ends_on"],
            recorded_by=actor.account_id,
        )
        db.session().add(exemption)
    records.audit_change(actor, "fostering_exemption:create", exemption, body)
    return get_exemption(actor, exemption.id)


def _refuse_other_authority(household_id: UUID, authority: str) -> None:
    hub_home = constellations.hub_home_of(household_id)
    if hub_home is None or hub_home.home_authority is None:
        return
    if not records.is_same_authority(hub_home.home_authority, authority):
        raise Conflict(
            "An exemption comes from the authority where the carer lives. For this hub home that "
            f"is {hub_home.home_authority}.",
            code="wrong_authority",
        )


def end_exemption(actor: Actor, exemption_id: UUID, seen_version: int, ends_on: date) -> Row:
    """End an exemption on a day.

    Raises `NotFound`, `Forbidden`, `StaleVersion`, or `Conflict`: an end before the start, or
    guests booked on its strength.
    """
    found = sa.select(FosteringExemption).join(
        Household, Household.id == FosteringExemption.household_id
    )
    exemption = reads.find(
        actor, found.where(FosteringExemption.id == exemption_id, policy.visible_to(ASKING))
    )
    records.may_manage(actor, exemption)
    with records.changing_hub_residents([exemption.household_id]):
        db.lock_seen(exemption, seen_version)
        exemption.ends_on = ends_on
    records.audit_change(actor, "fostering_exemption:end", exemption, ["ends_on"])
    return get_exemption(actor, exemption.id)


def _exemptions() -> reads.Select:
    return (
        sa.select(
            FosteringExemption.id,
            FosteringExemption.version,
            FosteringExemption.household_id,
            FosteringExemption.authority,
            FosteringExemption.child_ids.label("children"),
            FosteringExemption.recorded_at,
            FosteringExemption.starts_on,
            FosteringExemption.ends_on,
        )
        .join(Household, Household.id == FosteringExemption.household_id)
        .where(policy.visible_to(ASKING))
    )


EXEMPTIONS = reads.Read(
    _exemptions,
    key=FosteringExemption.id,
    household_id=FosteringExemption.household_id == _HOUSEHOLD,
)


def list_exemptions(actor: Actor, household_id: UUID, page: PageArgs) -> Page:
    """A household's exemptions, past ones included. Raises `NotFound`, `Forbidden`."""
    records.household_to_manage(actor, household_id)
    return EXEMPTIONS.page(actor, page, household_id=household_id)


def get_exemption(actor: Actor, exemption_id: UUID) -> Row:
    """An exemption. Raises `NotFound`."""
    return EXEMPTIONS.one(actor, exemption_id)
