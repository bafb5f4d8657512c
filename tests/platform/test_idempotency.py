"""The same POST sent twice is done once."""

import threading

import pytest
from flask import Flask

from hub_api import clock, db
from hub_api.access import Permission, Role
from hub_api.accounts import service
from hub_api.api import Blueprint
from hub_api.declarations import UndeclaredRoute, refuse_undeclared_routes

KEY = "11111111-2222-4333-8444-555555555555"


class TestTheSameKey:
    def test_with_the_same_body_gives_the_same_answer_and_one_request(self, world, rows):
        body, phone = world.ask_body(), world.carer
        first = phone.post("/respite-requests", body, Idempotency_Key=KEY)
        again = phone.post("/respite-requests", body, Idempotency_Key=KEY)
        assert (again.status_code, again.json) == (201, first.json)
        assert again.headers["ETag"] == first.headers["ETag"]
        assert len(rows("select 1 from respite_requests")) == 1
        assert len(rows("select 1 from notifications")) == 1

    def test_is_looked_up_before_the_version(self, world, rows):
        request = world.asked()
        path, seen = f"/respite-requests/{request['id']}/accept", f'"{request["version"]}"'
        phone = world.hub_carer
        first = phone.post(path, Idempotency_Key=KEY, If_Match=seen)
        again = phone.post(path, Idempotency_Key=KEY, If_Match=seen)
        assert (first.status_code, again.status_code) == (200, 200)
        assert again.json == first.json
        assert len(rows("select 1 from sleepovers")) == 1

    def test_shows_the_object_as_it_is_now(self, world):
        stay = world.booked()
        body, phone = world.ask_body(days=20), world.carer
        asked = phone.post("/respite-requests", body, Idempotency_Key=KEY).json
        world.hub_carer.post_seen(f"/respite-requests/{asked['id']}", verb="accept")
        again = phone.post("/respite-requests", body, Idempotency_Key=KEY)
        assert (again.status_code, again.json["state"]) == (201, "accepted")
        assert stay["id"] != asked["id"]

    def test_with_another_body_is_refused(self, world, rows):
        phone = world.carer
        phone.post("/respite-requests", world.ask_body(), Idempotency_Key=KEY)
        other = phone.post("/respite-requests", world.ask_body(days=9), Idempotency_Key=KEY)
        assert (other.status_code, other.json["code"]) == (422, "key_reused")
        assert len(rows("select 1 from respite_requests")) == 1

    def test_of_somebody_else_is_another_key(self, world, rows):
        neighbour = world.here.neighbours
        body = world.ask_body(household_id=str(neighbour.id), children=[str(neighbour.children[0])])
        world.carer.post("/respite-requests", world.ask_body(), Idempotency_Key=KEY)
        answer = world.phone(neighbour.carer).post("/respite-requests", body, Idempotency_Key=KEY)
        assert answer.status_code == 201
        assert len(rows("select 1 from respite_requests")) == 2

    def test_after_a_refusal_does_the_work(self, world, rows):
        first = world.booked()
        phone, body = world.carer, world.ask_body()
        refused = phone.post("/respite-requests", body, Idempotency_Key=KEY)
        assert refused.status_code == 409
        assert rows("select 1 from idempotency_keys") == []
        reason = {"reason": "child_unwell"}
        phone.post_seen(f"/sleepovers/{first['id']}", reason, verb="cancel")
        assert phone.post("/respite-requests", body, Idempotency_Key=KEY).status_code == 201

    def test_gives_nothing_to_who_may_no_longer_see_it(self, world, owner):
        body, phone = world.ask_body(), world.carer
        phone.post("/respite-requests", body, Idempotency_Key=KEY)
        with owner.begin() as connection:
            connection.exec_driver_sql(
                "update role_grants set starts_on = now()::date - 2, ends_on = now()::date - 1"
                " where role = 'satellite_carer'"
            )
        assert phone.post("/respite-requests", body, Idempotency_Key=KEY).status_code == 403
        with db.transaction(owner):
            service.grant_role(
                world.here.family.carer,
                Role.SATELLITE_CARER,
                starts_on=clock.london_today(),
                household_id=world.here.neighbours.id,
            )
        assert phone.post("/respite-requests", body, Idempotency_Key=KEY).status_code == 404

    @pytest.mark.parametrize("key", ["short", "x" * 101, "caf\u00e9-caf\u00e9"])
    def test_must_be_plain(self, world, key):
        answer = world.carer.post("/respite-requests", world.ask_body(), Idempotency_Key=key)
        assert (answer.status_code, answer.json["code"]) == (422, "malformed_key")


class TestSixteenAtOnce:
    def test_are_one_request(self, world, rows):
        phones = [world.carer for _ in range(16)]
        body, answers = world.ask_body(), []
        threads = [
            threading.Thread(
                target=lambda phone: answers.append(
                    phone.post("/respite-requests", body, Idempotency_Key=KEY)
                ),
                args=[phone],
            )
            for phone in phones
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert {answer.status_code for answer in answers} == {201}
        assert len({answer.json["id"] for answer in answers}) == 1
        assert len(rows("select 1 from respite_requests")) == 1

    def test_meet_still_working_when_the_first_takes_too_long(self, world, owner):
        with owner.begin() as connection:
            connection.exec_driver_sql(
                "insert into idempotency_keys (account_id, key, fingerprint, created_at)"
                f" values ('{world.here.family.carer}', '{KEY}', 'x', now())"
            )
            answer = world.carer.post("/respite-requests", world.ask_body(), Idempotency_Key=KEY)
        assert (answer.status_code, answer.json["code"]) == (409, "still_working")
        assert answer.headers["Retry-After"]


class TestEveryPost:
    def test_says_how_it_is_replayed_or_the_app_does_not_start(self):
        slice_ = Blueprint("careless", __name__)

        @slice_.route("/once", methods=["POST"])
        @slice_.allow(Permission.OWN_ACCOUNT)
        @slice_.response(204)
        def do_it():
            """Do it as often as asked."""

        careless = Flask("careless", static_folder=None)
        careless.register_blueprint(slice_)
        with pytest.raises(UndeclaredRoute, match="replay"):
            refuse_undeclared_routes(careless)
