"""The grown-ups of a household: their DBS dates, and who has left."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict

import sqlalchemy as sa

from hub_api import db, reads
from hub_api.access import Role
from hub_api.accounts import service as accounts
from hub_api.errors import Conflict
from hub_api.households import policy, records
from hub_api.households.models import Adult, Household
from hub_api.reads import ASKING

if TYPE_CHECKING:
    from datetime import date
    from uuid import UUID

    from hub_api.access import Actor
    from hub_api.reads import Page, PageArgs, Row


class AdultIn(TypedDict, total=False):
    """What is recorded: `schemas.AdultIn`, `schemas.AdultChangeIn`."""

    name: str
    dbs_issued_on: date | None
    left_on: date | None
    account_id: UUID | None


def add_adult(actor: Actor, household_id: UUID, body: AdultIn) -> Row:
    """Record somebody who lives in a household.

    Raises `NotFound`, `Forbidden`, or `Conflict` for a DBS of the future or a closed household.
    """
    household = records.household_to_manage(actor, household_id)
    records.refuse_future(body["dbs_issued_on"])
    with records.changing_hub_checks(household.id):
        records.keep_open(household)
        adult = Adult(
            constellation_id=household.constellation_id, household_id=household.id, **body
        )
        db.session().add(adult)
    records.audit_change(actor, "adult:create", adult, body)
    return get_adult(actor, adult.id)


def change_adult(actor: Actor, adult_id: UUID, seen_version: int, body: AdultIn) -> Row:
    """Change somebody's name, DBS date, the day they left, or the account they log in with.

    Raises `NotFound`, `Forbidden`, `StaleVersion`, or `Conflict`: a DBS of the future, an account
    that is no carer's of this household, or another adult's already.
    """
    found = sa.select(Adult).join(Household, Household.id == Adult.household_id)
    adult = reads.find(actor, found.where(Adult.id == adult_id, policy.adults_visible_to(ASKING)))
    records.may_manage(actor, adult)
    records.refuse_future(body.get("dbs_issued_on"))
    with records.changing_hub_checks(adult.household_id):
        db.lock_seen(adult, seen_version)
        _refuse_other_account(adult, body.get("account_id"))
        records.write(adult, body)
    records.audit_change(actor, "adult:change", adult, body)
    return get_adult(actor, adult.id)


def _refuse_other_account(adult: Adult, account_id: UUID | None) -> None:
    """It decides who is kept from what is said about them, so it is a carer's of the household."""
    if account_id is None or account_id == adult.account_id:
        return
    carers = accounts.accounts_holding(Role.SATELLITE_CARER, household_id=adult.household_id)
    if account_id not in carers:
        raise Conflict(
            "This account doesn't belong to a carer of this household. Please invite them as its "
            "carer first.",
            code="not_its_carer",
        )


def _adults() -> reads.Select:
    return (
        sa.select(
            Adult.id,
            Adult.version,
            Adult.household_id,
            Adult.name,
            policy.account_of_adult(ASKING).label("account_id"),
            Adult.dbs_issued_on,
            Adult.left_on,
        )
        .join(Household, Household.id == Adult.household_id)
        .where(policy.adults_visible_to(ASKING))
    )


_HOUSEHOLD = reads.parameter("household_id", sa.Uuid())
ADULTS = reads.Read(_adults, key=Adult.id, household_id=Adult.household_id == _HOUSEHOLD)


def list_adults(actor: Actor, household_id: UUID, page: PageArgs) -> Page:
    """The grown-ups of a household. Raises `NotFound`, `Forbidden`."""
    records.household_to_look_into(actor, household_id)
    return ADULTS.page(actor, page, household_id=household_id)


def get_adult(actor: Actor, adult_id: UUID) -> Row:
    """One grown-up. Raises `NotFound`."""
    return ADULTS.one(actor, adult_id)
