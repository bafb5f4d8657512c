"""What a hub carer sees before deciding: enough to say yes or no, and no more."""

import pytest

from hub_api import db
from tests.factories.packs import make_medicine, section_body
from tests.packs.conftest import reads

SHOWN = {"allergies", "risks_to_child", "risks_from_child"}


@pytest.fixture
def ask(world):
    """Ask for the summary of a request, as the hub carer unless told otherwise."""

    def get(request, by=None):
        phone = world.phone(by or world.here.hub_carer)
        return phone.get(f"/respite-requests/{request['id']}/matching-summary")

    return get


def put(world, path, section, body):
    answer = world.carer.send("PUT", f"{path}/{section}", body, If_Match='"0"')
    assert answer.status_code == 200, answer.json


NOTHING = {"says": "nothing_to_tell"}


def test_shows_these_and_nothing_else(world, child, path, ask):
    for section in ("allergies", "risks_to_child", "risks_from_child", "health", "contacts"):
        put(world, path, section, section_body(section, f"About {section}."))
    request = world.asked()
    answer = ask(request)
    assert answer.status_code == 200
    (shown,) = answer.json["children"]
    named = {"id", "first_name", "age", "gender", "takes_medication"}
    assert set(shown) == named | SHOWN
    assert shown["id"] == str(child)
    for section in SHOWN:
        body = section_body(section, f"About {section}.")
        assert shown[section] == {name: body[name] for name in ("says", "text", "chosen")}
    said = answer.get_data(as_text=True)
    assert "About health" not in said
    assert "020 7946" not in said


@pytest.mark.usefixtures("child")
def test_says_what_nobody_has_written(world, ask):
    (shown,) = ask(world.asked()).json["children"]
    assert {shown[name] for name in (*SHOWN, "takes_medication")} == {None}


@pytest.mark.parametrize(
    ("medication", "emergency", "takes"),
    [
        (NOTHING, NOTHING, False),
        (NOTHING, None, None),
        (section_body("medication"), NOTHING, True),
        (NOTHING, section_body("emergency_medication"), True),
    ],
)
def test_says_whether_there_is_medication(world, path, ask, medication, emergency, takes):
    put(world, path, "medication", medication)
    if emergency is not None:
        put(world, path, "emergency_medication", emergency)
    (shown,) = ask(world.asked()).json["children"]
    assert shown["takes_medication"] is takes


def test_says_yes_of_a_medicine_and_not_which(world, owner, child, ask):
    with db.transaction(owner):
        make_medicine(child, world.here.family.carer)
    answer = ask(world.asked())
    assert answer.json["children"][0]["takes_medication"] is True
    assert "Melatonin" not in answer.get_data(as_text=True)


def test_is_recorded_for_each_child(world, ask, rows):
    both = world.here.family.children
    assert ask(world.asked(children=[str(child) for child in both])).status_code == 200
    found = reads(rows, "child:read_summary")
    assert sorted(event.subject_id for event in found) == sorted(both)
    assert {event.actor_id for event in found} == {world.here.hub_carer}


def test_is_there_while_the_request_waits(world, ask):
    request = world.asked()
    world.carer.post_seen(
        f"/respite-requests/{request['id']}", {"reason": "no_longer_needed"}, verb="withdraw"
    )
    answer = ask(request)
    assert (answer.status_code, answer.json["code"]) == (409, "wrong_state")


def test_is_for_the_hub_carer_who_decides(world, ask):
    request = world.asked()
    assert ask(request, world.here.liaison_worker).status_code == 403
    assert ask(request, world.here.family.carer).status_code == 403
    assert ask(request, world.elsewhere.hub_carer).status_code == 404


def test_is_not_there_for_a_draft(world, ask):
    assert ask(world.asked(draft=True)).status_code == 404
