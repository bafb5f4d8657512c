"""From an invitation to a first login, and setting a forgotten password."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
import time_machine

from hub_api import clock
from hub_api.access import Role
from tests.factories.accounts import PASSWORD

NEW = {"email": "New.Carer@test.example", "display_name": "New Carer"}
WORDS = "three random words"


@pytest.fixture
def manager(world):
    return world.phone(world.staff[Role.PROGRAMME_MANAGER])


@pytest.fixture
def invited(world, manager):
    """Somebody just invited to be a carer of the family here."""
    role = {"role": "satellite_carer", "household_id": str(world.here.family.id)}
    answer = manager.post("/accounts", {**NEW, "roles": [role]})
    assert answer.status_code == 201, answer.json
    return answer.json


@pytest.fixture
def activate(world):
    def send(code, password=WORDS):
        return world.phone().post("/auth/activate", {"code": code, "password": password})

    return send


class TestAnInvitation:
    def test_leads_to_a_first_login_with_the_roles_given(
        self, world, invited, activate, status_with
    ):
        assert invited["state"] == "invited"
        tokens = activate(invited["invite_code"]).json
        assert status_with(tokens["access_token"]) == 200
        bearer = {"Authorization": f"Bearer {tokens['access_token']}"}
        me = world.phone().get("/me", **bearer).json
        assert me["email"] == "new.carer@test.example"
        assert [role["household_id"] for role in me["roles"]] == [str(world.here.family.id)]
        body = {"email": NEW["email"], "password": WORDS}
        assert world.phone().post("/auth/login", body).status_code == 200

    def test_may_be_typed_in_any_way(self, invited, activate):
        code = invited["invite_code"].lower().replace("-", " ")
        assert activate(f" {code} ").status_code == 200

    def test_may_be_read_with_digits_for_letters(self, invited, activate):
        code = invited["invite_code"].translate(str.maketrans("OIB", "018"))
        assert activate(code).status_code == 200

    def test_is_128_random_bits_and_kept_only_as_a_fingerprint(self, invited, rows):
        code = invited["invite_code"].replace("-", "")
        assert len(code) == 26
        (kept,) = rows("select * from invites")
        assert code not in str(kept)
        assert len(bytes(kept.code_hash)) == 32

    def test_lets_nobody_log_in_before_it_is_answered(self, world, invited):
        for password in (WORDS, invited["invite_code"]):
            body = {"email": invited["email"], "password": password}
            assert world.phone().post("/auth/login", body).status_code == 401

    def test_leaves_its_audit_rows(self, invited, activate, rows):
        activate(invited["invite_code"])
        found = rows("select action, actor_id::text from audit_events order by id")
        actions = [row.action for row in found]
        assert actions[-5:] == [
            "account:create", "account:give_role", "account:invite", "account:activate",
            "session:start",
        ]  # fmt: skip
        assert found[-2].actor_id == invited["id"]

    def test_sent_twice_with_one_key_is_one_invitation_and_shows_no_code_again(self, manager, rows):
        first, second = (
            manager.post("/accounts", NEW, Idempotency_Key="invite-once") for _ in range(2)
        )
        assert (first.status_code, second.status_code) == (201, 201)
        assert second.json == {**first.json, "invite_code": None}
        assert len(rows("select * from invites")) == 1


class TestAnInvitationIsRefused:
    def refused(self, answer):
        assert (answer.status_code, answer.json["code"]) == (401, "invite_not_valid")
        assert "ask for a new one" in answer.json["detail"]

    @pytest.mark.parametrize("code", ["AAAAA-AAAAA-AAAAA-AAAAA-AAAAA-A", "x", "----"])
    def test_when_it_is_no_code_of_ours(self, activate, code):
        self.refused(activate(code))

    def test_a_second_time(self, invited, activate):
        assert activate(invited["invite_code"]).status_code == 200
        self.refused(activate(invited["invite_code"], "other random words"))

    def test_after_two_days(self, invited, activate):
        with time_machine.travel(clock.now() + timedelta(hours=48, seconds=1)):
            self.refused(activate(invited["invite_code"]))

    def test_once_a_newer_one_was_sent(self, manager, invited, activate):
        newer = manager.post_seen(f"/accounts/{invited['id']}", verb="invite").json
        self.refused(activate(invited["invite_code"]))
        assert activate(newer["invite_code"]).status_code == 200

    def test_once_the_account_is_closed(self, manager, invited, activate):
        manager.post_seen(f"/accounts/{invited['id']}", verb="close")
        self.refused(activate(invited["invite_code"]))

    def test_to_all_but_one_of_eight_at_once(self, invited, activate, rows):
        with ThreadPoolExecutor(8) as pool:
            answers = pool.map(lambda _: activate(invited["invite_code"]), range(8))
        assert sorted(answer.status_code for answer in answers) == [200] + [401] * 7
        assert len(rows("select * from sessions where account_id = :id", id=invited["id"])) == 1

    def test_and_slows_down_who_guesses(self, activate):
        found = [activate(f"guess-{n}").status_code for n in range(12)]
        assert found == [401] * 10 + [429] * 2

    @pytest.mark.parametrize(
        ("password", "advice"),
        [
            ("short", "at least 10"),
            ("aaaaaaaaaaaa", "more different"),
            ("new.carer@test.example", "name and e-mail"),
            ("i am NEW CARER!", "name and e-mail"),
            ("Password1234", "easily guessed"),
        ],
    )
    def test_with_a_weak_password_and_can_be_tried_again(self, invited, activate, password, advice):
        answer = activate(invited["invite_code"], password)
        assert answer.status_code == 422
        assert advice in answer.json["errors"]["password"][0]
        assert activate(invited["invite_code"]).status_code == 200


class TestAnInvitationThatIsOut:
    """Answered later, it would undo what the person did to be safe."""

    def test_runs_out_when_the_password_is_changed(self, world, manager, activate):
        path = f"/accounts/{world.here.family.carer}"
        code = manager.post_seen(path, verb="invite").json["invite_code"]
        body = {"current_password": PASSWORD, "new_password": WORDS}
        assert world.carer.post("/auth/password", body).status_code == 204
        assert activate(code).status_code == 401

    def test_runs_out_when_the_address_changes_or_the_account_is_closed(
        self, world, manager, activate
    ):
        path = f"/accounts/{world.here.family.carer}"
        for change in ({"email": "moved@test.example"}, None):
            code = manager.post_seen(path, verb="invite").json["invite_code"]
            if change:
                etag = manager.get(path).headers["ETag"]
                assert manager.send("PATCH", path, change, If_Match=etag).status_code == 200
            else:
                manager.post_seen(path, verb="close")
                manager.post_seen(path, verb="reopen")
            assert activate(code).status_code == 401


class TestAForgottenPassword:
    def test_is_set_by_a_new_invitation_which_ends_every_session(
        self, world, manager, activate, log_in
    ):
        carer = world.carer
        account = f"/accounts/{world.here.family.carer}"
        code = manager.post_seen(account, verb="invite").json["invite_code"]
        assert carer.get("/me").status_code == 200, "until it is answered"
        assert log_in(world.here.family.carer).status_code == 200
        assert activate(code).status_code == 200
        assert carer.get("/me").status_code == 401
        assert log_in(world.here.family.carer, PASSWORD).status_code == 401
        assert log_in(world.here.family.carer, WORDS).status_code == 200
