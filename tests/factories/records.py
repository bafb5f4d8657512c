"""What is on record about a hub home and a family, one of each kind."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from hub_api import clock
from hub_api.break_glass.models import BreakGlass
from hub_api.consents.models import ConsentFlag, FlagKind
from hub_api.constellations.models import AbsenceReason, HubAbsence
from hub_api.encryption import Ciphertext
from hub_api.households.models import (
    FosteringExemption,
    KeptApart,
    KeptApartReason,
    SharingAgreement,
)
from hub_api.packs.models import Medicine, PackSection, Says, Section
from hub_api.sleepovers.models import CheckOverride
from tests.factories.consents import make_link
from tests.factories.world import Neighbourhood


def make_records(place: Neighbourhood, request_id: UUID) -> list[Any]:
    """A blocked night, an exemption, two children kept apart, an agreement about them, what is kept
    of one of them, and a check set aside for a request, sealed by nobody; not yet saved."""
    today, by = clock.london_today(), place.liaison_worker
    one, other = sorted(place.family.children[:2])
    signed = {"constellation_id": place.id, "starts_on": today, "recorded_by": by}
    return [
        HubAbsence(
            constellation_id=place.id,
            hub_home_id=place.hub_home,
            first_night=today,
            last_night=today,
            reason=AbsenceReason.LEAVE,
            added_by=by,
        ),
        FosteringExemption(
            household_id=place.family.id, authority="Kent", child_ids=[one], **signed
        ),
        KeptApart(child_id=one, other_child_id=other, reason=KeptApartReason.OTHER, **signed),
        SharingAgreement(child_id=one, with_child_id=other, authority="Kent", **signed),
        ConsentFlag(child_id=one, kind=FlagKind.ABSCONDING, **signed),
        make_link(one, place.id, by),
        *_of_a_child(place, one),
        CheckOverride(
            constellation_id=place.id,
            request_id=request_id,
            code="length",
            role="liaison_worker",
            reason=Ciphertext(b"\x01"),
            child_ids=[one],
            given_by=by,
            expires_at=clock.now() + timedelta(days=1),
        ),
    ]


def _of_a_child(place: Neighbourhood, child_id: UUID) -> list[Any]:
    """A section of a pack, a medicine, and somebody who opened the pack in an emergency."""
    by, now = place.liaison_worker, clock.now()
    about = {"constellation_id": place.id, "child_id": child_id}
    return [
        PackSection(
            section=Section.DIET,
            version=2,
            says=Says.DETAILS,
            content=Ciphertext(b"\x01"),
            confirmed_on=now.date(),
            written_by=by,
            **about,
        ),
        Medicine(
            details=Ciphertext(b"\x01"),
            times_of_day=[],
            as_needed=True,
            is_controlled=False,
            starts_on=now.date(),
            recorded_by=by,
            **about,
        ),
        BreakGlass(
            opened_by=by,
            expires_at=now + timedelta(days=1),
            reason=Ciphertext(b"\x01"),
            **about,
        ),
    ]
