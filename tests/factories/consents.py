"""Consents put straight into the database, without anybody recording them."""

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from uuid_utils.compat import uuid7

from hub_api import clock, db
from hub_api.consents.models import Consent, ConsentLink, Giver, How, Parent
from hub_api.consents.service import usual_giver
from hub_api.households.models import LegalStatus
from tests.phone import Phone

LONG_AGO = date(2020, 1, 1)


def make_consent(child_id: UUID, constellation_id: UUID, giver: Giver, **changes: Any) -> Consent:
    """Somebody's word for every night there is."""
    consent = _consent(child_id, constellation_id, giver, **changes)
    db.session().add(consent)
    db.session().flush()
    return consent


def _consent(child_id: UUID, constellation_id: UUID, giver: Giver, **changes: Any) -> Consent:
    found = {
        "parent": Parent.MOTHER if giver is Giver.DELEGATED_BY_PARENT else None,
        "how": How.PLACEMENT_PLAN,
        "starts_on": LONG_AGO,
    }
    return Consent(
        child_id=child_id,
        constellation_id=constellation_id,
        giver=giver,
        **{**found, **changes},
    )


def make_consents(
    child_ids: Iterable[UUID], constellation_id: UUID, legal_status: LegalStatus
) -> None:
    """What it takes for children of this legal status, if anything."""
    giver = usual_giver(legal_status)
    if giver is not None:
        db.session().add_all(_consent(id_, constellation_id, giver) for id_ in child_ids)
        db.session().flush()


def make_link(child_id: UUID, constellation_id: UUID, asked_by: UUID) -> ConsentLink:
    """A link that waits for an answer, its token told to nobody; not yet saved."""
    today = clock.london_today()
    return ConsentLink(
        child_id=child_id,
        constellation_id=constellation_id,
        giver=Giver.SOCIAL_WORKER,
        first_night=today,
        last_night=today,
        token_hash=uuid7().bytes,
        asked_by=asked_by,
        expires_at=clock.now() + timedelta(days=1),
    )


def consents_of(liaison: Phone, child: str) -> dict[str, Any]:
    """What a liaison worker records of the child with this path, one answer of each kind: a
    consent, a flag that is over, and a link."""
    given = {"giver": "social_worker", "how": "in_writing", "starts_on": "2026-01-01"}
    night = str(clock.london_today())
    link = {"giver": "social_worker", "first_night": night, "last_night": night}
    flag = {"kind": "absconding", "starts_on": "2026-01-01", "ends_on": "2026-02-01"}
    return {
        "consent_id": liaison.post(f"{child}/consents", given),
        "flag_id": liaison.post(f"{child}/consent-flags", flag),
        "link_id": liaison.post(f"{child}/consent-links", link),
    }
