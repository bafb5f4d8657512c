"""What is on record about each household of the table's world, and what is sent to change it."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from uuid_utils.compat import uuid7

from hub_api import clock, db
from hub_api.consents.models import Consent, ConsentFlag, ConsentLink, FlagKind, Giver, How
from hub_api.households.models import (
    Adult,
    Approval,
    Child,
    FosteringExemption,
    KeptApart,
    KeptApartReason,
    SharingAgreement,
)
from tests.authorisation.matrix import NOBODYS
from tests.factories.consents import make_link
from tests.factories.world import SINCE, make_approval

Ids = dict[str, dict[str, str]]
"""Kind → letter → id."""

FAMILIES = {
    "createHousehold",
    "moveHousehold",
    "createApproval",
    "createFosteringExemption",
    "createSharingAgreement",
    "keepApart",
    "setSiblings",
    "letChildLeave",
    "breakGlass",
}
"""Operations whose body names what is in the world."""


def body_of(world: Any, operation: str, whose: str, example: dict[str, Any]) -> dict[str, Any]:
    """What would be done if it may be: with a child or a constellation that is there."""
    objects = world.objects
    other_child = objects["other_child"].get(whose, str(uuid7()))
    there = objects["constellation"]["C" if whose == "X" else "X"]
    changes = {
        "createHousehold": {"constellation_id": objects["constellation"].get(whose, "")},
        "moveHousehold": {"constellation_id": there},
        # After those that hold, which it ends.
        "createApproval": {
            "starts_on": str(clock.london_today()),
            "review_due_on": str(clock.london_today() + timedelta(days=365)),
        },
        "createFosteringExemption": {"children": [other_child]},
        "createSharingAgreement": {"with_child_id": other_child},
        "keepApart": {"other_child_id": other_child},
        "setSiblings": {"children": [other_child]},
        "breakGlass": {"child_id": objects["child"].get(whose, str(uuid7()))},
        "letChildLeave": {"left_on": str(clock.london_today())},
    }
    return {**example, **changes[operation]}


# --- the world ---------------------------------------------------------------------------------


def add_records(objects: Ids, by: UUID) -> tuple[Ids, dict[str, dict[str, set[str]]]]:
    """Put one of everything on record about each household, by its letter."""
    made: Ids = {kind: {NOBODYS: str(uuid7())} for kind in MADE}
    for letter, household_id in objects["household"].items():
        if letter != NOBODYS:
            for kind, row in _records(UUID(household_id), by).items():
                made[kind][letter] = str(row.id)
    return made, _lists(objects)


MADE = {
    "adult",
    "approval",
    "exemption",
    "kept_apart",
    "agreement",
    "consent",
    "consent_flag",
    "consent_link",
    "other_child",
}


def _records(household_id: UUID, by: UUID) -> dict[str, Any]:
    session = db.session()
    child = session.scalars(
        sa.select(Child).where(Child.household_id == household_id).order_by(Child.id).limit(1)
    ).one()
    place, since = child.constellation_id, clock.london_today() - SINCE
    known = {"constellation_id": place, "starts_on": since}
    approval = session.scalar(sa.select(Approval).where(Approval.household_id == household_id))
    # Two children who come only for this: nothing stands in the way of a pair with another.
    third, fourth = (_another_child(child, name) for name in ("Third", "Fourth"))
    found = {
        "adult": session.scalars(
            sa.select(Adult).where(Adult.household_id == household_id).order_by(Adult.id)
        ).first(),
        "approval": approval or make_approval(place, household_id),
        "exemption": FosteringExemption(
            household_id=household_id,
            authority=f"Authority {uuid7()}",
            child_ids=[third.id],
            recorded_by=by,
            **known,
        ),
        **_pairs(child, third, {**known, "recorded_by": by}),
        **_consents(third, {**known, "recorded_by": by}),
        "consent_link": make_link(third.id, place, by),
        "other_child": fourth,
    }
    session.add_all([*found.values(), *_about_to_come(child, by)])
    session.flush()
    return found


def _pairs(child: Child, other: Child, known: dict[str, Any]) -> dict[str, Any]:
    """Both kinds of record about two children, the older one first."""
    return {
        "kept_apart": KeptApart(
            child_id=child.id,
            other_child_id=other.id,
            reason=KeptApartReason.OTHER,
            **known,
        ),
        "agreement": SharingAgreement(
            child_id=child.id,
            with_child_id=other.id,
            authority=f"Authority {uuid7()}",
            **known,
        ),
    }


def _consents(child: Child, known: dict[str, Any]) -> dict[str, Any]:
    """A consent, and what hands the say to the social worker: of a child who asks for nothing."""
    return {
        "consent": Consent(
            child_id=child.id, giver=Giver.DELEGATED_BY_AUTHORITY, how=How.PLACEMENT_PLAN, **known
        ),
        "consent_flag": ConsentFlag(child_id=child.id, kind=FlagKind.ABSCONDING, **known),
    }


def _about_to_come(child: Child, by: UUID) -> list[Any]:
    """What is on record about the child of the table itself, and changes nothing that it does."""
    later = clock.london_today() + timedelta(days=900)
    flag = ConsentFlag(
        constellation_id=child.constellation_id,
        child_id=child.id,
        kind=FlagKind.RISKY_NETWORKS,
        starts_on=later,
        recorded_by=by,
    )
    return [flag, make_link(child.id, child.constellation_id, by)]


def _another_child(child: Child, name: str) -> Child:
    made = Child(
        constellation_id=child.constellation_id,
        household_id=child.household_id,
        first_name=f"{name} {uuid7()}",
        born_on=child.born_on,
        gender=child.gender,
        legal_status=child.legal_status,
    )
    db.session().add(made)
    db.session().flush()
    return made


LISTED: dict[str, tuple[Any, Any, str]] = {
    "listAdults": (Adult, Adult.household_id, "household"),
    "listChildren": (Child, Child.household_id, "household"),
    "listApprovals": (Approval, Approval.household_id, "household"),
    "listFosteringExemptions": (
        FosteringExemption,
        FosteringExemption.household_id,
        "household",
    ),
    "listKeptApart": (KeptApart, KeptApart.child_id, "child"),
    "listConsents": (Consent, Consent.child_id, "child"),
    "listConsentFlags": (ConsentFlag, ConsentFlag.child_id, "child"),
    "listConsentLinks": (ConsentLink, ConsentLink.child_id, "child"),
    "listSharingAgreements": (SharingAgreement, SharingAgreement.child_id, "child"),
}
"""Operation → what it lists, of which object of what kind."""


def _lists(objects: Ids) -> dict[str, dict[str, set[str]]]:
    return {
        operation: {
            letter: {
                str(id_)
                for id_ in db.session().scalars(sa.select(kind.id).where(column == UUID(of)))
            }
            for letter, of in objects[about].items()
        }
        for operation, (kind, column, about) in LISTED.items()
    }
