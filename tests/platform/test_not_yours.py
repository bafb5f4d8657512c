"""Somebody else's object answers byte for byte like one that does not exist, for every role."""

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from uuid_utils.compat import uuid7

from hub_api import db
from hub_api.access import Role
from tests.conftest import World
from tests.factories.care import care_of
from tests.factories.concerns import concern_of
from tests.factories.emergencies import ids_of, raised
from tests.factories.notifications import make_notification, phone_body
from tests.factories.tasks import make_task
from tests.phone import Phone, contract, in_days, may_ask
from tests.platform.recorded import records_of

PREFIX = "/api/v1"
BY_PERMISSION = ("{account_id}", "{role_id}")
"""Whoever may ask after these at all may see them all, so there is nothing to tell apart."""

OF_ONE_PERSON = ("{session_id}", "{installation_id}", "{notification_id}")
"""What nobody sees but the person whose it is, however much they oversee."""

PART = {"section": "diet"}
"""What a path names that is no object."""

Objects = dict[str, list[UUID]]
"""Ids by the name a path gives them."""


def routes() -> list[tuple[str, str, Any]]:
    """Method, path and example body of every operation with an id in its path. Calling a stay off
    comes last: the hub reads nothing more of it."""
    found = [
        (method.upper(), path.removeprefix(PREFIX), _example(operation))
        for path, operations in contract()["paths"].items()
        for method, operation in operations.items()
        if path.startswith(PREFIX) and method in {"get", "post", "put", "patch", "delete"}
        and "{" in path and not any(kind in path for kind in BY_PERMISSION)
    ]  # fmt: skip
    return sorted(found, key=lambda route: route[1].endswith("/cancel"))


def _example(operation: dict[str, Any]) -> Any:
    body = operation.get("requestBody", {"content": {"application/json": {"example": None}}})
    return body["content"]["application/json"]["example"]


def needing(*permissions: str) -> set[str]:
    """The routes that ask for one of these permissions, as `METHOD path`."""
    return {
        f"{method.upper()} {path.removeprefix(PREFIX)}"
        for path, operations in contract()["paths"].items()
        for method, operation in operations.items()
        if method != "parameters"
        and any(f"`{permission}`" in operation.get("description", "") for permission in permissions)
    }


def naming_another() -> set[str]:
    """The routes whose example names one more object, which is never there: always a 404."""
    return {f"{method} {path}" for method, path, body in routes() if "01920000" in str(body)}


def kinds() -> set[str]:
    return {kind for _, path, _ in routes() for kind in re.findall(r"{(\w+_id)}", path)}


def objects_of(world: World, days: int = 7) -> Objects:
    """What the family in `world.here` has, by kind: sent, accepted and kept to itself."""
    sleepover = world.booked(arrives_at=in_days(days), departs_at=in_days(days + 1, hour=10))
    later = {"arrives_at": in_days(days + 7), "departs_at": in_days(days + 8, hour=10)}
    requests = [
        sleepover["request_id"],
        *(world.asked(**later, draft=d)["id"] for d in (False, True)),
    ]
    with db.transaction(world.app.engine):
        db.set_scope(world.here.family.carer, [world.here.id])
        task = make_task(world.here.id)
    return {
        **records_of(world),
        **ids_of(raised(world)),
        "constellation_id": [world.here.id],
        **_places_of(world),
        "household_id": [world.here.family.id],
        "request_id": [UUID(request) for request in requests],
        "sleepover_id": [UUID(sleepover["id"])],
        **care_of(world, sleepover["id"]),
        "task_id": [task],
        "concern_id": [concern_of(world)],
        "session_id": [UUID(world.carer.get("/auth/sessions").json["items"][0]["id"])],
        **_phones_of(world),
    }


def _phones_of(world: World) -> Objects:
    """The carer's phone, and something the carer was told."""
    phone, installation = world.carer, uuid7()
    assert phone.send("PUT", f"/devices/{installation}", phone_body()).status_code == 204
    with db.transaction(world.app.engine):
        db.set_scope(world.here.family.carer, [world.here.id])
        told = make_notification(world.here.family.carer).id
    return {"installation_id": [installation], "notification_id": [told]}


def _places_of(world: World) -> Objects:
    """What a constellation has that is neither a family's nor a task."""
    path = f"/constellations/{world.here.id}"
    manager = world.phone(world.staff[Role.PROGRAMME_MANAGER])
    nights = {"first_night": in_days(300)[:10], "last_night": in_days(300)[:10], "reason": "leave"}
    blocked = world.hub_carer.post(f"{path}/blocked-nights", nights).json["id"]
    appointed, joined = (
        [UUID(item["id"]) for item in manager.get(f"{path}/{part}").json["items"]]
        for part in ("hub-appointments", "memberships")
    )
    return {
        "appointment_id": appointed,
        "hub_home_id": [world.here.hub_home],
        "bed_id": [*world.here.beds],
        "absence_id": [UUID(blocked)],
        "membership_id": joined,
    }


NAMING_A_HOUSEHOLD = {("POST", "memberships"), ("POST", "hub-appointments")}
"""Whose example is about a household that is nowhere."""

SHARED = (
    "constellation_id", "appointment_id", "hub_home_id", "bed_id", "absence_id", "membership_id",
    "task_id",
    "break_glass_id",
)  # fmt: skip
"""What two households of one constellation have in common."""


def draft_of(world: World) -> UUID:
    return UUID(world.asked(draft=True)["id"])


@pytest.fixture
def elsewhere(world) -> Objects:
    return objects_of(replace(world, here=world.elsewhere))


@pytest.fixture
def next_door(world) -> Objects:
    """What the neighbours in the same constellation have; itself and its tasks are shared."""
    neighbours = replace(world, here=replace(world.here, family=world.here.neighbours))
    return {**objects_of(neighbours), **{kind: [] for kind in SHARED}}


OUTSIDERS = [
    "satellite_carer",
    "hub_carer",
    "liaison_worker",
    "home_duty_staff",
    "system_administrator",
    "nobody",
]


def phone_of(world: World, role: str) -> Phone:
    people = {
        "satellite_carer": world.here.family.carer,
        "hub_carer": world.here.hub_carer,
        "liaison_worker": world.here.liaison_worker,
        "nobody": None,
        **world.staff,
    }
    return world.phone(people[role])


SEEN = [{}, {"If-Match": '"1"'}, {"If-Match": '"2"'}, {"If-None-Match": '"1"'}]
"""What a caller may claim to have seen: nothing, or a version the object may or may not have."""


OF_ONE_S_OWN = {"Date", "RateLimit"}
"""The time of day, and how much one has asked: they say nothing of an object."""


def answers(phone: Phone, path: str, route: tuple[str, str, Any]) -> list[tuple[Any, ...]]:
    """Everything a route says about an object, but for the time of day."""
    method, _, body = route
    client = phone.app.test_client()
    said = [
        client.open(
            f"{PREFIX}{path}",
            method=method,
            json=sent,
            headers={**phone.headers, **seen, "X-Request-ID": "the-same-id"},
        )
        for seen in SEEN
        for sent in ([None] if body is None else [body, {}])
    ]
    return [
        (
            response.status_code,
            [(name, value) for name, value in response.headers if name not in OF_ONE_S_OWN],
            response.data,
        )
        for response in said
    ]


def told_apart(phone: Phone, hidden: Objects) -> Iterator[str]:
    """The routes that say more about a hidden object than about nothing."""
    for route in routes():
        method, template, _ = route
        *around, kind = re.findall(r"{(\w+_id)}", template)
        if not hidden[kind]:
            continue
        unknown = {name: uuid7() for name in (*around, kind)}
        nothing = answers(phone, template.format(**unknown, **PART), route)
        for found in hidden[kind]:
            known = {name: hidden[name][0] for name in around}
            path = template.format(**known, **PART, **{kind: found})
            if answers(phone, path, route) != nothing:
                yield f"{method} {template}"


class TestTheListOfRoutes:
    def test_names_no_kind_of_id_that_is_unknown_here(self, elsewhere):
        """Add the new kind to `objects_of`, so that its routes are held to the rule too."""
        assert kinds() == set(elsewhere)

    def test_has_one_id_in_each_path_or_that_of_a_constellation_before_it(self):
        inside = "/constellations/{constellation_id}/"
        ids = {path.removeprefix(inside).count("_id}") for _, path, _ in routes()}
        assert ids == {0, 1}

    def test_is_not_empty(self):
        assert ("GET", "/respite-requests/{request_id}", None) in routes()
        assert len(routes()) >= 9


class TestOfAnotherConstellation:
    @pytest.mark.parametrize("role", OUTSIDERS)
    def test_is_as_if_it_did_not_exist(self, world, elsewhere, role):
        assert list(told_apart(phone_of(world, role), elsewhere)) == []

    @pytest.mark.parametrize("role", ["satellite_carer", "hub_carer", "liaison_worker"])
    def test_is_not_found(self, world, elsewhere, role):
        phone = phone_of(world, role)
        for method, template, _ in routes():
            *_, kind = re.findall(r"{(\w+_id)}", template)
            ids, holder = elsewhere[kind], Role(role)
            if method == "GET" and may_ask(holder, f"{PREFIX}{template}", method):
                found = [phone.get(template.format(**PART, **{kind: id_})) for id_ in ids]
                assert {response.status_code for response in found} == {404}

    def test_is_there_for_its_own_hub_carer(self, world, elsewhere):
        """The control: the objects exist, so that hiding them means something."""
        phone = world.phone(world.elsewhere.hub_carer)
        assert set(told_apart(phone, elsewhere)) == {
            f"{method} {path}"
            for method, path, _ in routes()
            if may_ask(Role.HUB_CARER, f"{PREFIX}{path}", method)
            and not any(kind in path for kind in OF_ONE_PERSON)
        }

    def test_is_there_for_its_own_liaison_worker(self, world, elsewhere):
        phone = world.phone(world.elsewhere.liaison_worker)
        tasks = {"GET /tasks/{task_id}", "POST /tasks/{task_id}/done"}
        kept = needing("household:manage", "child:read") - naming_another() - {"POST /households"}
        assert set(told_apart(phone, elsewhere)) >= tasks | kept

    def test_is_there_for_its_own_carer(self, world, elsewhere):
        phone = world.phone(world.elsewhere.family.carer)
        mine = {"POST /respite-requests/{request_id}/submit", "DELETE /auth/sessions/{session_id}"}
        assert set(told_apart(phone, elsewhere)) >= mine


class TestOfTheHouseholdNextDoor:
    def test_is_as_if_it_did_not_exist_for_a_carer(self, world, next_door):
        assert list(told_apart(world.carer, next_door)) == []

    def test_is_there_for_those_who_oversee_both(self, world, next_door):
        for role in ("hub_carer", "liaison_worker", Role.PROGRAMME_MANAGER):
            assert any(told_apart(phone_of(world, role), next_door))


class TestADraft:
    @pytest.mark.parametrize("role", ["hub_carer", "liaison_worker", Role.PROGRAMME_MANAGER])
    def test_is_as_if_it_did_not_exist_for_those_who_oversee(self, world, role):
        hidden = {kind: [] for kind in kinds()} | {"request_id": [draft_of(world)]}
        assert list(told_apart(phone_of(world, role), hidden)) == []


class TestForTheProgrammeManager:
    def test_everything_that_was_sent_is_there(self, world, elsewhere):
        """Nothing but drafts and packs is hidden from them, so nothing else can be told apart."""
        phone = phone_of(world, Role.PROGRAMME_MANAGER)
        there = {
            f"{method} {path}"
            for method, path, _ in routes()
            if may_ask(Role.PROGRAMME_MANAGER, f"{PREFIX}{path}", method)
            and not any(kind in path for kind in (*OF_ONE_PERSON, "{child_id}/pack"))
            and (method, path.rpartition("/")[2]) not in NAMING_A_HOUSEHOLD
        }
        assert set(told_apart(phone, elsewhere)) - naming_another() == there - naming_another()


class TestAnIdInABody:
    """Somebody else's household or child, named in what is sent."""

    def test_is_of_a_kind_known_here(self):
        assert {found for found in _ids_in_bodies() if "{" not in found[1]} == {
            ("post", "/respite-requests", "household_id"),
            ("post", "/respite-requests", "children"),
            ("post", "/emergencies", "household_id"),
            ("post", "/emergencies", "children"),
            ("post", "/households", "constellation_id"),
            ("post", "/access/break-glass", "child_id"),
            # With tests of their own: tests/concerns/test_writing.py.
            ("post", "/concerns", "children"),
            ("post", "/concerns", "about_adult_id"),
            ("post", "/concerns", "about_account_id"),
        }

    def test_inside_a_constellation_is_of_a_kind_known_here(self):
        """Only programme managers appoint hub homes, and they see all households; of others'
        memberships tests/constellations/test_members.py has the tests."""
        assert {found for found in _ids_in_bodies() if "{constellation_id}" in found[1]} == {
            ("post", f"/constellations/{{constellation_id}}/{part}", name)
            for part, name in (
                ("hub-appointments", "household_id"),
                ("hub-appointments", "hub_home_id"),
                ("memberships", "household_id"),
            )
        }

    @pytest.mark.parametrize("draft", [False, True])
    @pytest.mark.parametrize("whose", ["elsewhere", "next_door"])
    def test_is_as_if_it_did_not_exist(self, world, whose, draft):
        family = {"elsewhere": world.elsewhere.family, "next_door": world.here.neighbours}[whose]
        child, mine = str(family.children[0]), str(world.here.family.children[0])
        for named, unknown in (
            ({"household_id": str(family.id)}, {"household_id": str(uuid7())}),
            (
                {"household_id": str(family.id), "children": [child]},
                {"household_id": str(uuid7()), "children": [str(uuid7())]},
            ),
            ({"children": [child]}, {"children": [str(uuid7())]}),
            ({"children": [mine, child]}, {"children": [mine, str(uuid7())]}),
        ):
            theirs, nobodys = (
                answers(
                    world.carer,
                    "/respite-requests",
                    ("POST", "/respite-requests", world.ask_body(draft=draft, **changes)),
                )
                for changes in (named, unknown)
            )
            assert theirs == nobodys
            assert theirs[0][0] == 404


def _ids_in_bodies() -> Iterator[tuple[str, str, str]]:
    for path, operations in contract()["paths"].items():
        for method, operation in operations.items():
            if "requestBody" in operation:
                schema = operation["requestBody"]["content"]["application/json"]["schema"]
                name = schema["$ref"].rpartition("/")[2]
                for field, shape in contract()["components"]["schemas"][name]["properties"].items():
                    if "uuid" in (shape.get("format"), shape.get("items", {}).get("format")):
                        yield method, path.removeprefix(PREFIX), field
