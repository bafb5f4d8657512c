"""Concerns about people."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from uuid_utils.compat import uuid7

from hub_api import clock, db
from hub_api.access import Role
from hub_api.child_keys import protect
from hub_api.concerns.models import Concern, ConcernAddendum, ConcernOutcome

if TYPE_CHECKING:
    from tests.conftest import World
    from tests.factories.world import Neighbourhood


def concern_body(child_id: Any, **about: Any) -> dict[str, Any]:
    """What is sent to write one down: `about_adult_id=` or `about_account_id=`."""
    return {
        **{name: str(id_) for name, id_ in about.items()},
        "children": [str(child_id)],
        "what_happened": "He shouted at her until she cried.",
        "happened_at": (clock.now() - timedelta(hours=2)).isoformat(),
    }


def concern_of(world: World) -> UUID:
    """What the hub carer has written about the family's carer."""
    family = world.here.family
    body = concern_body(family.children[0], about_account_id=family.carer)
    return UUID(world.hub_carer.post("/concerns", body).json["id"])


def make_concern(
    place: Neighbourhood, child_id: UUID, written_by: UUID, about: UUID, **changes: Any
) -> Concern:
    """A concern about an account, hidden from it alone, with what came of it; nobody is told."""
    concern_id, addendum_id = uuid7(), uuid7()
    concern = Concern(
        **{
            "id": concern_id,
            "constellation_id": place.id,
            "about_account_id": about,
            "child_ids": [child_id],
            "what_happened": protect(Concern.what_happened, concern_id, [child_id], "Shouting."),
            "happened_at": clock.now(),
            "written_by": written_by,
            "handled_by": Role.LIAISON_WORKER,
            "hidden_from": [about],
            "outcome": ConcernOutcome.OTHER,
            **changes,
        }
    )
    db.session().add(concern)
    db.session().flush()
    db.session().add(
        ConcernAddendum(
            id=addendum_id,
            constellation_id=place.id,
            concern_id=concern_id,
            outcome=ConcernOutcome.OTHER,
            words=protect(ConcernAddendum.words, addendum_id, [child_id], "Talked it over."),
            written_by=written_by,
        )
    )
    db.session().flush()
    return concern
