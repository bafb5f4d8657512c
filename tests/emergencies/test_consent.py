"""A child in need is placed first, and whose consent is missing is looked into at once."""

from datetime import timedelta

import pytest
import sqlalchemy as sa

from hub_api import clock
from tests.emergencies.conftest import asked_of
from tests.factories.emergencies import answer, raised


@pytest.fixture
def unsaid(world, owner):
    """Nobody has said that the child may sleep away."""
    child = world.here.family.children[1]
    with owner.begin() as connection:
        connection.execute(sa.text("delete from consents where child_id = :id"), {"id": child})
    return child


def tasks(rows):
    return rows("select * from tasks where kind = 'consent_missing'")


@pytest.mark.parametrize("where", ["own", "elsewhere"])
def test_places_the_child_and_asks_for_the_consent(world, unsaid, host, rows, told, where):
    found = raised(world)
    if where == "own":
        said = answer(world.hub_carer, found["asks"][0], "accept")
    else:
        answer(world.hub_carer, found["asks"][0], "decline")
        said = answer(host, asked_of(host)[0], "accept")
    assert said.status_code == 200, said.json
    (stay,) = world.carer.get("/sleepovers").json["items"]
    (task,) = tasks(rows)
    assert (str(task.subject_id), task.constellation_id) == (stay["id"], world.here.id)
    assert task.state == "open"
    assert world.here.liaison_worker in told("consent_missing")
    liaison = world.phone(world.here.liaison_worker)
    consent = {
        "giver": "delegated_by_authority",
        "how": "placement_plan",
        "starts_on": "2026-01-01",
    }
    given = liaison.post(f"/children/{unsaid}/consents", consent)
    assert given.status_code == 201, given.json
    (task,) = tasks(rows)
    assert task.state == "settled"


def test_moves_no_child_on_remand_without_the_court(world, unsaid, owner):
    with owner.begin() as connection:
        remand = sa.text("update children set legal_status = 'remand' where id = :id")
        connection.execute(remand, {"id": unsaid})
    ask = raised(world)["asks"][0]
    refused = answer(world.hub_carer, ask, "accept")
    assert (refused.status_code, refused.json["code"]) == (409, "consent")
    liaison = world.phone(world.here.liaison_worker)
    today = str(clock.london_today() - timedelta(days=1))
    cleared = {"giver": "youth_offending_team", "how": "by_telephone", "starts_on": today}
    assert liaison.post(f"/children/{unsaid}/consents", cleared).status_code == 201
    assert answer(world.hub_carer, ask, "accept").status_code == 200


@pytest.mark.usefixtures("unsaid")
def test_a_stay_that_was_planned_still_waits_for_it(world):
    child = str(world.here.family.children[1])
    request = world.asked(children=[child])
    refused = world.hub_carer.post_seen(f"/respite-requests/{request['id']}", {}, verb="accept")
    assert (refused.status_code, refused.json["code"]) == (409, "consent")


@pytest.mark.usefixtures("looking")
def test_what_is_on_record_may_change_while_the_child_is_elsewhere(world, host):
    """No record is refused because its own people can't see the hub where the child sleeps."""
    assert answer(host, asked_of(host)[0], "accept").status_code == 200
    first, second = map(str, world.here.family.children[:2])
    liaison = world.phone(world.here.liaison_worker)
    body = {"other_child_id": first, "reason": "other"}
    answered = liaison.post(f"/children/{second}/kept-apart", body)
    assert answered.status_code == 201, answered.json
