"""Terms of approval, and exemptions from the fostering limit."""

from datetime import timedelta

import pytest

from hub_api import clock, nights
from hub_api.households.changes import HubResidentsChanged
from tests.households.conftest import change

TODAY = clock.london_today()
TERMS = {
    "starts_on": "2024-01-05",
    "max_children": 3,
    "min_age": 5,
    "max_age": 17,
    "genders": ["female", "male"],
    "review_due_on": "2027-01-04",
}


@pytest.fixture
def approvals(world):
    return f"/households/{world.here.family.id}/approvals"


@pytest.fixture
def exemptions(world):
    return f"/households/{world.here.family.id}/fostering-exemptions"


def exemption(*children, **changes):
    body = {"authority": "Kent", "children": [str(child) for child in children]}
    return {**body, "starts_on": "2026-01-01", **changes}


class TestApproval:
    def test_new_terms_end_those_that_held_without_end(self, world, approvals, liaison, rows):
        first = liaison.post(approvals, TERMS)
        assert first.status_code == 201
        assert first.json | TERMS == first.json
        second = liaison.post(approvals, TERMS | {"starts_on": "2025-06-07", "max_children": 2})
        assert second.status_code == 201
        newest, oldest = world.carer.get(approvals).json["items"]
        assert (newest["starts_on"], newest["ends_on"]) == ("2025-06-07", None)
        assert (oldest["ends_on"], oldest["version"]) == ("2025-06-07", 2)
        assert len(rows("select from audit_events where action = 'approval:create'")) == 2

    @pytest.mark.parametrize("starts_on", ["2024-01-05", "2023-12-31"])
    def test_two_never_hold_on_the_same_day(self, approvals, liaison, starts_on):
        assert liaison.post(approvals, TERMS).status_code == 201
        answer = liaison.post(approvals, TERMS | {"starts_on": starts_on})
        assert (answer.status_code, answer.json["code"]) == (409, "approval_overlaps")
        before = TERMS | {"starts_on": "2023-01-01", "ends_on": "2024-01-05"}
        assert liaison.post(approvals, before).status_code == 201

    def test_terms_are_changed_and_ended(self, approvals, liaison, rows):
        made = liaison.post(approvals, TERMS).json
        path = f"/approvals/{made['id']}"
        answer = change(liaison, path, made, {"max_children": 2, "ends_on": "2026-01-01"})
        assert (answer.json["max_children"], answer.json["ends_on"]) == (2, "2026-01-01")
        assert change(liaison, path, made, {"max_children": 1}).status_code == 412
        for body, code in (
            ({"ends_on": "2024-01-05"}, "ends_too_early"),
            ({"ends_on": "2023-12-31"}, "ends_too_early"),
            ({"max_age": 4}, "ages_out_of_order"),
        ):
            refused = change(liaison, path, answer.json, body)
            assert (refused.status_code, refused.json["code"]) == (409, code)
        (audited,) = rows("select changed from audit_events where action = 'approval:change'")
        assert sorted(audited.changed) == ["ends_on", "max_children"]

    @pytest.mark.parametrize(
        ("changes", "field"),
        [
            ({"max_children": 0}, "max_children"),
            ({"max_children": True}, "max_children"),
            ({"max_children": "3"}, "max_children"),
            ({"min_age": -1}, "min_age"),
            ({"max_age": 26}, "max_age"),
            ({"max_age": 4}, "max_age"),
            ({"genders": []}, "genders"),
            ({"genders": ["boy"]}, "genders"),
            ({"ends_on": "2024-01-05"}, "ends_on"),
        ],
    )
    def test_terms_that_make_no_sense_are_refused(self, approvals, liaison, changes, field):
        answer = liaison.post(approvals, TERMS | changes)
        assert (answer.status_code, [*answer.json["errors"]]) == (422, [field])

    def test_the_hub_carer_does_not_see_a_family_s_terms(self, world, approvals, liaison):
        made = liaison.post(approvals, TERMS).json
        assert world.hub_carer.get(approvals).status_code == 403
        assert world.phone(world.here.neighbours.carer).get(approvals).status_code == 404
        assert change(world.carer, f"/approvals/{made['id']}", made, TERMS).status_code == 403


class TestExemption:
    def test_names_its_children_and_is_ended(self, world, exemptions, liaison, rows):
        children = world.here.neighbours.children
        answer = liaison.post(exemptions, exemption(*children))
        assert answer.status_code == 201
        assert answer.json["children"] == sorted(str(child) for child in children)
        assert answer.json in liaison.get(exemptions).json["items"]
        path = f"/fostering-exemptions/{answer.json['id']}"
        early = change(liaison, path, answer.json, {"ends_on": "2026-01-01"})
        assert (early.status_code, early.json["code"]) == (409, "ends_too_early")
        ended = change(liaison, path, answer.json, {"ends_on": "2026-02-01"})
        assert (ended.status_code, ended.json["ends_on"]) == (200, "2026-02-01")
        actions = [row.action for row in rows("select action from audit_events order by id")]
        assert [a for a in actions if a.startswith("fostering")] == [
            "fostering_exemption:create",
            "fostering_exemption:end",
        ]
        (by,) = rows("select recorded_by from fostering_exemptions")
        assert by.recorded_by == world.here.liaison_worker

    def test_is_never_a_carers_to_see(self, world, exemptions):
        for phone in (world.carer, world.hub_carer):
            assert phone.get(exemptions).status_code == 403

    def test_names_nobody_who_can_t_be_seen(self, world, exemptions, liaison, manager):
        body = exemption(world.elsewhere.family.children[0])
        assert liaison.post(exemptions, body).status_code == 404
        assert manager.post(exemptions, body).status_code == 201

    @pytest.mark.parametrize("many", [0, 2])
    def test_names_each_child_once_and_one_at_least(self, world, exemptions, liaison, many):
        body = exemption(*[world.here.family.children[0]] * many)
        assert [*liaison.post(exemptions, body).json["errors"]] == ["children"]


class TestOfAHubHome:
    @pytest.fixture
    def home(self, hub_household):
        return f"/households/{hub_household}"

    @pytest.mark.parametrize(
        ("lives_in", "code"), [("Kent", None), (" kent", None), (None, None), ("Southwark", 409)]
    )
    def test_an_exemption_is_by_the_authority_where_the_carer_lives(
        self, world, home, liaison, owner, lives_in, code
    ):
        with owner.begin() as connection:
            connection.exec_driver_sql("update hub_homes set home_authority = %s", (lives_in,))
        child = world.here.family.children[0]
        answer = liaison.post(f"{home}/fostering-exemptions", exemption(child))
        if code is None:
            assert answer.status_code == 201
        else:
            assert (answer.status_code, answer.json["code"]) == (409, "wrong_authority")
            assert "Southwark" in answer.json["detail"]

    def test_terms_and_exemptions_are_announced(self, world, home, liaison, listens):
        heard = listens(HubResidentsChanged)
        (approval,) = liaison.get(f"{home}/approvals").json["items"]
        change(liaison, f"/approvals/{approval['id']}", approval, {"max_children": 2})
        later = str(TODAY + timedelta(5))
        liaison.post(f"{home}/approvals", TERMS | {"starts_on": later})
        child = world.here.family.children[0]
        made = liaison.post(f"{home}/fostering-exemptions", exemption(child)).json
        change(liaison, f"/fostering-exemptions/{made['id']}", made, {"ends_on": later})
        tonight = nights.first_not_over()
        assert heard == [HubResidentsChanged(world.here.hub_home, tonight)] * 4

    def test_guests_who_stand_in_the_way_undo_it(self, home, liaison, listens):
        listens(HubResidentsChanged, refuse=True)
        (approval,) = liaison.get(f"{home}/approvals").json["items"]
        path = f"/approvals/{approval['id']}"
        answer = change(liaison, path, approval, {"max_children": 2})
        assert (answer.status_code, answer.json["code"]) == (409, "fostering_limit")
        assert liaison.get(f"{home}/approvals").json["items"] == [approval]
