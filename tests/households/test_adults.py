"""The grown-ups of a household, and their DBS dates."""

from datetime import timedelta

import pytest
from uuid_utils.compat import uuid7

from hub_api import clock
from tests.households.conftest import change


@pytest.fixture
def path(world):
    return f"/households/{world.here.family.id}/adults"


class TestSee:
    def test_carers_see_their_own_in_full_and_the_hub_carer_by_name_alone(self, world, path):
        (shown,) = world.carer.get(path).json["items"]
        assert shown.keys() == {
            "id", "version", "household_id", "name", "account_id", "dbs_issued_on", "left_on"
        }  # fmt: skip
        assert world.hub_carer.get(path).status_code == 403
        assert world.phone(world.here.neighbours.carer).get(path).status_code == 404

    def test_who_has_left_is_listed_to_those_who_keep_records(self, world, path, liaison):
        (adult,) = liaison.get(path).json["items"]
        today = clock.london_today()
        for days, left, listed in ((1, today + timedelta(1), 1), (0, today, 0)):
            answer = change(liaison, f"/adults/{adult['id']}", adult, {"left_on": str(left)})
            assert answer.status_code == 200, days
            adult = answer.json
            assert len(world.carer.get(path).json["items"]) == listed
            assert len(liaison.get(path).json["items"]) == 1


class TestRecord:
    def test_somebody_who_lives_there(self, path, liaison, rows):
        body = {"name": "Jo", "dbs_issued_on": "2025-01-02"}
        answer = liaison.post(path, body)
        assert answer.status_code == 201
        assert answer.json | body == answer.json
        (audited,) = rows("select * from audit_events where action = 'adult:create'")
        assert sorted(audited.changed) == ["dbs_issued_on", "name"]
        changed = change(
            liaison, f"/adults/{answer.json['id']}", answer.json, {"dbs_issued_on": None}
        )
        assert (changed.json["dbs_issued_on"], changed.json["version"]) == (None, 2)
        assert change(
            liaison, f"/adults/{answer.json['id']}", answer.json, {"name": "Joe"}
        ).status_code == 412  # fmt: skip

    def test_not_with_a_certificate_of_the_future(self, path, liaison):
        day = clock.london_today() + timedelta(1)
        answer = liaison.post(path, {"name": "Jo", "dbs_issued_on": str(day)})
        assert (answer.status_code, answer.json["code"]) == (409, "in_the_future")
        (adult,) = liaison.get(path).json["items"]
        answer = change(liaison, f"/adults/{adult['id']}", adult, {"dbs_issued_on": str(day)})
        assert (answer.status_code, answer.json["code"]) == (409, "in_the_future")
        ok = change(
            liaison, f"/adults/{adult['id']}", adult, {"dbs_issued_on": str(clock.london_today())}
        )
        assert ok.status_code == 200

    @pytest.mark.parametrize("body", [{}, {"left_on": "1999-01-01"}, {"account_id": "me"}])
    def test_not_what_makes_no_sense(self, path, liaison, body):
        (adult,) = liaison.get(path).json["items"]
        assert change(liaison, f"/adults/{adult['id']}", adult, body).status_code == 422

    def test_sent_twice_is_done_once(self, path, liaison):
        answers = [liaison.post(path, {"name": "Jo"}, Idempotency_Key="just-the-one") for _ in "12"]
        assert answers[0].json == answers[1].json
        assert len(liaison.get(path).json["items"]) == 2


class TestAnAccount:
    """Links a grown-up with the login of a carer of the household."""

    @pytest.fixture
    def unlinked(self, world, path, liaison):
        """The carer on record as a grown-up without an account."""
        (adult,) = liaison.get(path).json["items"]
        assert adult["account_id"] == str(world.here.family.carer)
        answer = change(liaison, f"/adults/{adult['id']}", adult, {"account_id": None})
        assert (answer.status_code, answer.json["account_id"]) == (200, None)
        return answer.json

    def test_of_its_carer_is_recorded(self, world, liaison, unlinked, rows):
        body = {"account_id": str(world.here.family.carer)}
        answer = change(liaison, f"/adults/{unlinked['id']}", unlinked, body)
        assert (answer.status_code, answer.json["account_id"]) == (200, body["account_id"])
        events = rows("select changed from audit_events where action = 'adult:change'")
        assert [event.changed for event in events] == [["account_id"]] * 2

    @pytest.mark.parametrize("whose", ["neighbour", "liaison worker", "nobody"])
    def test_of_somebody_else_is_not(self, world, liaison, unlinked, whose):
        account = {
            "neighbour": world.here.neighbours.carer,
            "liaison worker": world.here.liaison_worker,
            "nobody": uuid7(),
        }[whose]
        body = {"account_id": str(account)}
        answer = change(liaison, f"/adults/{unlinked['id']}", unlinked, body)
        assert (answer.status_code, answer.json["code"]) == (409, "not_its_carer")

    def test_is_one_adults_alone(self, world, path, liaison):
        other = liaison.post(path, {"name": "Jo", "dbs_issued_on": None}).json
        body = {"account_id": str(world.here.family.carer)}
        answer = change(liaison, f"/adults/{other['id']}", other, body)
        assert (answer.status_code, answer.json["code"]) == (409, "account_taken")

    def test_is_not_for_carers_to_say(self, world, unlinked):
        body = {"account_id": str(world.here.family.carer)}
        answer = change(world.carer, f"/adults/{unlinked['id']}", unlinked, body)
        assert answer.status_code == 403
