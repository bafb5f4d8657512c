"""Stays to tell the checks about, by the number of days ahead."""

from datetime import date, timedelta
from uuid import UUID

from hub_api import clock
from hub_api.sleepovers.facts import Stay
from tests.conftest import World
from tests.phone import in_days

DAY = timedelta(days=1)


def day(number: int) -> date:
    return clock.london_today() + number * DAY


def stay_at(world: World, *children: UUID, first: int = 10, nights: int = 2) -> Stay:
    """Nights asked for by the family here."""
    held = tuple(day(first + n) for n in range(nights))
    return Stay(
        hub_home_id=world.here.hub_home,
        children=children or (world.here.family.children[0],),
        arrives_at=clock.now() + first * DAY,
        departs_at=clock.now() + (first + nights) * DAY,
        nights=held,
        reason="rest_for_carer",
    )


def book(world: World, family, child: UUID, first: int, nights: int = 1, **changes) -> UUID:
    """A sleepover of any family here; the id of its request."""
    body = world.ask_body(
        household_id=str(family.id),
        children=[str(child)],
        arrives_at=in_days(first),
        departs_at=in_days(first + nights, hour=10),
        **changes,
    )
    asked = world.phone(family.carer).post("/respite-requests", body)
    assert asked.status_code == 201, asked.json
    path = f"/respite-requests/{asked.json['id']}"
    accepted = world.hub_carer.post_seen(path, verb="accept")
    assert accepted.status_code == 200, accepted.json
    return UUID(asked.json["id"])
