"""The requests and stays of the table's world, each family's with its letter."""

from dataclasses import replace
from typing import Any

import sqlalchemy as sa

from tests.conftest import World as People
from tests.factories.emergencies import put_off
from tests.factories.todays_stays import bring_to
from tests.factories.world import Family, Neighbourhood
from tests.phone import in_days

KEY = "a-key-of-the-carer"
Ids = dict[str, dict[str, str]]
"""Kind → letter → id."""

LISTS = {
    "listOverrides": """
        select o.id, r.household_id from check_overrides o
          join respite_requests r on r.id = o.request_id
    """,
    "listEmergencies": "select id, household_id from emergencies",
    "listEmergencyAsks": """
        select a.id, e.household_id from emergency_asks a
          join emergencies e on e.id = a.emergency_id
    """,
}
"""See `LISTS` in world.py."""

STAYS = ("arriving", "staying", "returned")


def asking(household: Any, child: Any, days: int, hour: int = 17) -> dict[str, Any]:
    return {
        "household_id": str(household),
        "children": [str(child)],
        "kind": "planned",
        "arrives_at": in_days(days, hour),
        "departs_at": in_days(days + 1, hour=10),
        "reason": "rest_for_carer",
    }


def pleading(household: Any, child: Any) -> dict[str, Any]:
    return {
        "household_id": str(household),
        "children": [str(child)],
        "until": in_days(1, hour=10),
        "reason": "carer_unwell",
    }


def make_respite(
    app: Any, owner: sa.Engine, here: Neighbourhood, elsewhere: Neighbourhood
) -> tuple[Ids, dict[str, Any]]:
    """Requests and stays in every state, by kind and letter; and the body sent with `KEY`.

    No two stays of a constellation are on one night.
    """
    families = {
        "H": (here, here.family, 7, 17),
        "N": (here, here.neighbours, 17, 17),
        # At another hour, so that not even an instant of theirs is the same.
        "E": (elsewhere, elsewhere.family, 27, 18),
    }
    found: Ids = {}
    for letter, (home, family, days, hour) in families.items():
        side = People(app, replace(home, family=family), home, {})
        made = {
            **_make_ordinary(side, family, days, hour),
            **_make_stays(side, owner, family, days),
            **_make_longer(side, family, days, hour),
            **_make_emergency(side, owner, family, days),
        }
        for kind, id_ in made.items():
            found.setdefault(kind, {})[letter] = id_
    body = asking(here.family.id, here.family.children[0], days=13)
    with_key = People(app, here, elsewhere, {}).carer.post(
        "/respite-requests", body, Idempotency_Key=KEY
    )
    assert with_key.status_code == 201
    return found, body


def _make_ordinary(side: People, family: Family, days: int, hour: int) -> dict[str, str]:
    """A stay to come, a request that was sent, and a draft."""
    child = family.children[0]
    return {
        "sleepover": _booked(side, asking(family.id, child, days, hour)),
        "request": side.asked(**asking(family.id, child, days + 2, hour))["id"],
        "draft": side.asked(**asking(family.id, child, days + 4, hour), draft=True)["id"],
    }


def _make_emergency(side: People, owner: sa.Engine, family: Family, days: int) -> dict[str, str]:
    """One that waits, about a night that nobody else has, so that it can be answered."""
    found = side.carer.post("/emergencies", pleading(family.id, family.children[1]))
    assert found.status_code == 201, found.json
    with owner.begin() as connection:
        put_off(connection, found.json["id"], days + 45)
    return {"emergency": found.json["id"], "emergency_ask": found.json["asks"][0]["id"]}


def _booked(side: People, body: dict[str, Any]) -> str:
    """The stay of a request that was sent and accepted."""
    request_id = side.asked(**body)["id"]
    path = f"/respite-requests/{request_id}"
    accepted = side.hub_carer.post_seen(path, verb="accept")
    assert accepted.status_code == 200, accepted.json
    stays = side.carer.get("/sleepovers?limit=200").json["items"]
    (found,) = (stay["id"] for stay in stays if stay["request_id"] == request_id)
    return str(found)


def _make_stays(side: People, owner: sa.Engine, family: Family, days: int) -> dict[str, str]:
    """One that begins now, one that goes on, and one that is over."""
    made = {}
    for number, state in enumerate(STAYS):
        body = asking(family.id, family.children[0], days + 60 + 2 * number)
        made[state] = _booked(side, body)
        with owner.begin() as connection:
            bring_to(connection, made[state], state)
    return made


def _make_longer(side: People, family: Family, days: int, hour: int) -> dict[str, str]:
    """A longer request whose beds are held, and one that was accepted with its length set aside."""
    made = {}
    for kind, since in (("held", days + 100), ("taken", days + 140)):
        longer = {"arrives_at": in_days(since, hour), "departs_at": in_days(since + 4, hour=10)}
        body = asking(family.id, family.children[0], days, hour)
        made[kind] = side.asked(**{**body, **longer})["id"]
        path = f"/respite-requests/{made[kind]}"
        if kind == "taken":
            why = {"code": "length", "reason": f"Because of {side.here.family.id}."}
            worker = side.phone(side.here.liaison_worker)
            assert worker.post_seen(path, why, verb="overrides").status_code == 201
        accepted = side.hub_carer.post_seen(path, verb="accept")
        assert accepted.status_code == 200, accepted.json
    return made
