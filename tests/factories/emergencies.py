"""Emergencies as people raise and answer them."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from hub_api import clock
from hub_api.sleepovers.sharing import SharedAccess
from tests.phone import Phone, in_days


def plea(world: Any, **changes: Any) -> dict[str, Any]:
    """What the family here sends when its second child needs a bed tonight."""
    body = {
        "household_id": str(world.here.family.id),
        "children": [str(world.here.family.children[1])],
        "until": in_days(1, hour=10),
        "reason": "carer_unwell",
    }
    return {**body, **changes}


def raised(world: Any, by: Phone | None = None, **changes: Any) -> dict[str, Any]:
    """An emergency of the family here."""
    answer = (by or world.carer).post("/emergencies", plea(world, **changes))
    assert answer.status_code == 201, answer.json
    return answer.json


def ids_of(emergency: dict[str, Any]) -> dict[str, list[UUID]]:
    """An emergency and what its own hub was asked, by the name a path gives them."""
    asks = [UUID(ask["id"]) for ask in emergency["asks"]]
    return {"emergency_id": [UUID(emergency["id"])], "ask_id": asks}


def answer(phone: Phone, ask: dict[str, Any], word: str) -> Any:
    """Say `accept` or `decline` to what a hub is asked."""
    return phone.post(f"/emergency-asks/{ask['id']}/{word}")


def share(place: Any, stay: Any) -> SharedAccess:
    """The child of a stay in its own constellation's sight, which changes nothing."""
    now = clock.now()
    return SharedAccess(
        sleepover_id=stay.id,
        child_id=stay.child_id,
        constellation_id=place.id,
        starts_at=now,
        ends_at=now + timedelta(days=1),
    )


def put_off(connection: sa.Connection, emergency_id: str, days: int) -> None:
    """Have an emergency be about a night so many days ahead, where nobody else sleeps."""
    night = in_days(days)[:10]
    times = {
        "id": emergency_id,
        "arrives": in_days(days),
        "departs": in_days(days + 1, hour=10),
        "nights": [night],
    }
    for table, column, more in (
        ("respite_requests", "id", ", expires_at = :departs"),
        ("emergencies", "id", ""),
        ("emergency_asks", "emergency_id", ""),
    ):
        connection.execute(
            sa.text(
                f"update {table} set arrives_at = :arrives, departs_at = :departs,"
                f" nights = cast(:nights as date[]){more} where {column} = :id"
            ),
            times,
        )


def make_due(connection: sa.Connection, emergency_id: str) -> None:
    """The time to answer is over."""
    connection.execute(
        sa.text("update emergencies set next_step_at = now() - :a_moment where id = :id"),
        {"id": emergency_id, "a_moment": timedelta(seconds=1)},
    )
