"""Logging in, who I am, and logging out."""

import pytest

from hub_api.access import Role
from hub_api.accounts import service, sessions
from tests.factories.accounts import PASSWORD

UNKNOWN = {"email": "nobody@test.example", "password": PASSWORD}


def _but_for_its_id(response):
    return {name: value for name, value in response.json.items() if name != "instance"}


class TestLogIn:
    def test_gives_a_pair_of_tokens_that_work(self, world, log_in, refresh, status_with):
        response = log_in(world.here.hub_carer)
        assert response.status_code == 200
        assert response.json["expires_in"] == 600
        assert status_with(response.json["access_token"]) == 200
        assert refresh(response.json["refresh_token"]).status_code == 200

    def test_leaves_an_audit_row(self, world, log_in, rows):
        log_in(world.here.hub_carer)
        (session,) = rows("select * from sessions")
        (audited,) = rows("select * from audit_events")
        assert (audited.action, audited.outcome) == ("session:start", "done")
        assert (audited.actor_id, audited.subject_id) == (world.here.hub_carer, session.id)

    def test_does_not_care_about_capitals_or_spaces_around_the_address(self, world, rows):
        ((email,),) = rows("select email from accounts where id = :id", id=world.here.hub_carer)
        body = {"email": f" {email.upper()} ", "password": PASSWORD}
        assert world.phone().post("/auth/login", body).status_code == 200

    def test_keeps_the_refresh_token_only_as_a_fingerprint(self, world, log_in, rows):
        token = log_in(world.here.hub_carer).json["refresh_token"]
        (kept,) = rows("select * from refresh_tokens")
        assert token not in str(kept)
        assert token.encode() not in bytes(kept.token_hash)

    def test_an_account_made_with_capitals_in_its_address_can_log_in(self, world, owner):
        from hub_api import db

        with db.transaction(owner):
            service.create_account(" Jo.Bloggs@Test.Example ", "Jo", PASSWORD)
        body = {"email": "jo.bloggs@test.example", "password": PASSWORD}
        assert world.phone().post("/auth/login", body).status_code == 200


class TestLogInIsRefused:
    @pytest.mark.parametrize(
        "password", ["kettle-garden-door", PASSWORD.upper(), f"{PASSWORD} ", PASSWORD[:-1]]
    )
    def test_with_a_wrong_password(self, world, log_in, password):
        response = log_in(world.here.hub_carer, password)
        assert (response.status_code, response.json["code"]) == (401, "wrong_login")
        assert response.headers["WWW-Authenticate"] == "Bearer"

    def test_alike_for_a_wrong_password_an_unknown_address_and_a_closed_account(
        self, world, log_in, change
    ):
        wrong = log_in(world.here.hub_carer, "kettle-garden-door")
        change("delete from throttles")
        unknown = world.phone().post("/auth/login", UNKNOWN)
        change("delete from throttles")
        change("update accounts set is_active = false where id = :id", id=world.here.liaison_worker)
        closed = log_in(world.here.liaison_worker)
        answers = [wrong, unknown, closed]
        assert {answer.status_code for answer in answers} == {401}
        assert _but_for_its_id(wrong) == _but_for_its_id(unknown) == _but_for_its_id(closed)
        headers = [
            [(name, value) for name, value in answer.headers if name != "X-Request-ID"]
            for answer in answers
        ]
        assert headers[0] == headers[1] == headers[2]

    def test_alike_down_to_checking_a_password_for_nobody(self, world, log_in, change, monkeypatch):
        """An answer that skips the hash is an answer that comes sooner."""
        checked = []
        is_password = sessions.is_password
        monkeypatch.setattr(
            sessions, "is_password", lambda *given: checked.append(given) or is_password(*given)
        )
        world.phone().post("/auth/login", UNKNOWN)
        change("update accounts set is_active = false where id = :id", id=world.here.hub_carer)
        log_in(world.here.hub_carer)
        assert checked == [(PASSWORD, None), (PASSWORD, None)]

    def test_and_leaves_its_audit_row_and_nothing_else(self, world, log_in, rows):
        log_in(world.here.hub_carer, "kettle-garden-door")
        (audited,) = rows("select * from audit_events")
        assert (audited.action, audited.outcome) == ("session:start", "refused")
        assert (audited.actor_id, audited.subject_id) == (None, world.here.hub_carer)
        assert rows("select 1 from sessions") == []

    def test_and_the_audit_row_of_an_unknown_address_does_not_keep_it(self, world, rows):
        response = world.phone().post("/auth/login", UNKNOWN)
        (audited,) = rows("select * from audit_events")
        assert (audited.outcome, audited.subject_id) == ("refused", None)
        assert audited.request_id == response.json["instance"]
        assert UNKNOWN["email"] not in str(audited)


class TestMe:
    def test_shows_my_name_and_my_roles(self, world, rows):
        mine = world.carer.get("/me").json
        ((email, name),) = rows(
            "select email, display_name from accounts where id = :id", id=world.here.family.carer
        )
        assert mine == {
            "id": str(world.here.family.carer),
            "version": 1,
            "email": email,
            "display_name": name,
            "roles": [
                {
                    "role": "satellite_carer",
                    "constellation_id": str(world.here.id),
                    "household_id": str(world.here.family.id),
                }
            ],
        }

    def test_shows_the_programme_manager_every_constellation(self, world):
        mine = world.phone(world.staff[Role.PROGRAMME_MANAGER]).get("/me").json
        assert {role["constellation_id"] for role in mine["roles"]} == {
            str(world.here.id),
            str(world.elsewhere.id),
        }

    @pytest.mark.parametrize("role", [Role.HOME_DUTY_STAFF, Role.SYSTEM_ADMINISTRATOR])
    def test_shows_other_staff_a_role_without_a_place(self, world, role):
        mine = world.phone(world.staff[role]).get("/me").json
        assert mine["roles"] == [{"role": role, "constellation_id": None, "household_id": None}]

    def test_is_for_those_who_are_logged_in(self, world):
        response = world.phone().get("/me")
        assert (response.status_code, response.json["code"]) == (401, "not_logged_in")


class TestLogOut:
    def test_ends_both_tokens_at_once(self, world, refresh):
        phone = world.hub_carer
        assert phone.get("/me").status_code == 200
        assert phone.post("/auth/logout").status_code == 204
        assert phone.get("/me").status_code == 401
        assert refresh(phone.tokens["refresh_token"]).status_code == 401

    def test_ends_tokens_refreshed_before(self, world, refresh, status_with):
        phone = world.hub_carer
        later = refresh(phone.tokens["refresh_token"]).json
        phone.post("/auth/logout")
        assert status_with(later["access_token"]) == 401
        assert refresh(later["refresh_token"]).status_code == 401

    def test_leaves_the_persons_other_phone_alone(self, world, refresh):
        lost, kept = world.hub_carer, world.hub_carer
        lost.post("/auth/logout")
        assert kept.get("/me").status_code == 200
        assert refresh(kept.tokens["refresh_token"]).status_code == 200

    def test_is_audited_and_is_no_reuse(self, world, refresh, rows):
        phone = world.hub_carer
        phone.post("/auth/logout")
        refresh(phone.tokens["refresh_token"])
        (session,) = rows("select * from sessions")
        assert session.end_reason == "logout"
        audited, refused = rows(
            "select * from audit_events where action <> 'session:start' order by id"
        )
        assert (audited.action, audited.outcome) == ("session:end", "done")
        assert (audited.actor_id, audited.subject_id) == (world.here.hub_carer, session.id)
        assert (refused.action, refused.outcome) == ("session:refresh", "refused")

    def test_a_second_time_needs_a_login(self, world):
        phone = world.hub_carer
        phone.post("/auth/logout")
        assert phone.post("/auth/logout").status_code == 401
