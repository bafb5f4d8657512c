"""Where somebody is logged in, logging a phone out, and changing the password."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from hub_api import create_app
from hub_api import settings as hub_settings
from hub_api.access import Role
from hub_api.accounts import sessions
from tests.factories.accounts import PASSWORD
from tests.phone import hold_to_contract

WORDS = "three random words"


@pytest.fixture
def behind_proxy(app, settings):
    """Log in from an address, as the proxy before the hub tells it; the status."""
    assert app.engine, "the database is empty"
    behind = create_app(replace(settings, trusted_proxies=1))

    def log_in(body, address):
        headers = {"X-Forwarded-For": address}
        return (
            behind.test_client().post("/api/v1/auth/login", json=body, headers=headers).status_code
        )

    yield log_in
    behind.engine.dispose()
    hub_settings.use(settings)


@pytest.fixture
def change_password():
    def send(phone, current=PASSWORD, new=WORDS, **headers):
        body = {"current_password": current, "new_password": new}
        return phone.post("/auth/password", body, **headers)

    return send


class TestMySessions:
    def test_are_listed_newest_first_with_what_they_are_on(self, world, rows):
        first = world.carer
        ((email,),) = rows("select email from accounts where id = :id", id=world.here.family.carer)
        body = {"email": email, "password": PASSWORD}
        world.phone().post("/auth/login", body, User_Agent="Carers' phone \x07 3")
        found = first.get("/auth/sessions").json["items"]
        assert [session["device"] for session in found] == ["Carers' phone  3", ""]
        assert [session["is_this_one"] for session in found] == [False, True]

    def test_are_mine_alone(self, world):
        _other = world.hub_carer
        assert len(world.carer.get("/auth/sessions").json["items"]) == 1

    def test_that_ended_are_not_listed(self, world):
        first, second = world.carer, world.carer
        second.post("/auth/logout")
        assert len(first.get("/auth/sessions").json["items"]) == 1

    def test_that_ran_out_are_not_listed(self, world, change):
        first, _second = world.carer, world.carer
        change("update sessions set expires_at = now() where id = (select max(id::text)::uuid "
               "from sessions)")  # fmt: skip
        assert len(first.get("/auth/sessions").json["items"]) == 1

    def test_move_along_when_they_are_refreshed(self, world, refresh, rows):
        refresh(world.carer.tokens["refresh_token"])
        (session,) = rows("select * from sessions")
        assert session.seen_at > session.started_at


class TestLoggingAPhoneOut:
    def lost(self, phone):
        (found,) = [
            session["id"]
            for session in phone.get("/auth/sessions").json["items"]
            if not session["is_this_one"]
        ]
        return f"/auth/sessions/{found}"

    def test_ends_it_at_once(self, world, refresh, rows):
        lost, kept = world.carer, world.carer
        answer = kept.send("DELETE", self.lost(kept))
        assert answer.status_code == 204
        assert lost.get("/me").status_code == 401
        assert refresh(lost.tokens["refresh_token"]).status_code == 401
        assert kept.get("/me").status_code == 200
        assert {row.end_reason for row in rows("select * from sessions")} == {None, "revoked"}

    def test_leaves_an_audit_row(self, world, rows):
        _lost, kept = world.carer, world.carer
        kept.send("DELETE", self.lost(kept))
        (last,) = rows("select * from audit_events order by id desc limit 1")
        assert (last.action, last.actor_id) == ("session:end", world.here.family.carer)

    def test_twice_says_it_is_gone(self, world):
        _lost, kept = world.carer, world.carer
        path = self.lost(kept)
        assert [kept.send("DELETE", path).status_code for _ in range(2)] == [204, 404]

    def test_of_somebody_else_is_as_if_it_were_not_there(self, world):
        _mine, another = world.carer, world.carer
        theirs = self.lost(another)
        for phone in (world.hub_carer, world.phone(world.here.neighbours.carer)):
            assert phone.send("DELETE", theirs).status_code == 404
        assert another.send("DELETE", theirs).status_code == 204

    def test_needs_a_login(self, world):
        _lost, kept = world.carer, world.carer
        answer = world.phone().send("DELETE", self.lost(kept))
        hold_to_contract("DELETE", "/api/v1" + self.lost(kept), answer)
        assert answer.status_code == 401


class TestChangingThePassword:
    def test_ends_every_other_session(self, world, change_password, log_in, rows):
        other, mine = world.carer, world.carer
        assert change_password(mine).status_code == 204
        assert (mine.get("/me").status_code, other.get("/me").status_code) == (200, 401)
        assert log_in(world.here.family.carer).status_code == 401
        assert log_in(world.here.family.carer, WORDS).status_code == 200
        assert {row.end_reason for row in rows("select * from sessions")} == {
            None,
            "password_changed",
        }

    def test_leaves_others_people_alone(self, world, change_password):
        hub_carer = world.hub_carer
        change_password(world.carer)
        assert hub_carer.get("/me").status_code == 200

    def test_needs_the_one_before(self, world, change_password, rows):
        other, mine = world.carer, world.carer
        answer = change_password(mine, current="kettle-garden-door")
        assert answer.status_code == 422
        assert answer.json["errors"].keys() == {"current_password"}
        assert other.get("/me").status_code == 200
        (last,) = rows("select * from audit_events order by id desc limit 1")
        assert (last.action, last.outcome) == ("account:change_password", "refused")

    def test_needs_one_that_is_hard_to_guess(self, world, change_password, log_in):
        assert change_password(world.carer, new="password").status_code == 422
        assert log_in(world.here.family.carer).status_code == 200

    def test_slows_down_who_guesses_it_from_a_phone_left_open(self, world, change_password):
        phone = world.carer
        found = [change_password(phone, current=f"guess {n}").status_code for n in range(12)]
        assert found == [422] * 10 + [429] * 2

    def test_sent_twice_with_one_key_is_one_change(self, world, change_password):
        phone = world.carer
        key = {"Idempotency_Key": "change-it-once"}
        assert [change_password(phone, **key).status_code for _ in range(2)] == [204, 204]
        answer = change_password(phone, new="other random words", **key)
        assert (answer.status_code, answer.json["code"]) == (422, "key_reused")

    @pytest.mark.parametrize("wrong", [{"current": "kettle-garden-door"}, {"new": "password"}])
    def test_that_was_refused_is_refused_again(self, world, change_password, wrong):
        """Answered as done, somebody would think a stolen password was gone."""
        phone, key = world.carer, {"Idempotency_Key": "change-it-once"}
        found = [change_password(phone, **wrong, **key).status_code for _ in range(3)]
        assert found == [422, 422, 422]
        assert change_password(phone, **key).status_code == 204

    def test_is_not_held_up_by_a_stolen_phone(self, world, change_password):
        thief, owner = world.carer, world.carer
        found = [change_password(thief, current=f"guess {n}").status_code for n in range(11)]
        assert found[-1] == 429
        assert change_password(owner).status_code == 204
        assert thief.get("/me").status_code == 401

    def test_keeps_nothing_to_guess_the_password_from(self, world, change_password, rows):
        """A fast hash of a body that holds a password would be one to try guesses against."""
        import hashlib
        import json

        phone = world.carer
        change_password(phone, Idempotency_Key="change-it-once")
        ((kept,),) = rows("select fingerprint from idempotency_keys")
        body = json.dumps({"current_password": PASSWORD, "new_password": WORDS})
        for text in (body, body.replace(": ", ":").replace(", ", ",")):
            sent = b"\0".join((b"POST", b"/api/v1/auth/password?", text.encode()))
            assert hashlib.sha256(sent).digest() != bytes(kept)

    def test_by_two_phones_at_once_leaves_one_of_them_logged_in(self, world, change_password):
        phones = [world.carer, world.carer]
        with ThreadPoolExecutor(2) as pool:
            answers = [*pool.map(change_password, phones)]
        assert sorted(answer.status_code for answer in answers)[0] == 204
        still_in = [phone.get("/me").status_code for phone in phones]
        assert sorted(still_in) == [200, 401]


class TestLoggingInMeanwhile:
    """A login that began with the old password must not outlive its change."""

    @pytest.fixture
    def proven(self, world, log_in, monkeypatch):
        """Log in, and do this once the password is proved and before the session begins."""

        def start(meanwhile):
            is_password = sessions.is_password

            def slowly(*given):
                found = is_password(*given)
                monkeypatch.setattr(sessions, "is_password", is_password)
                meanwhile()
                return found

            monkeypatch.setattr(sessions, "is_password", slowly)
            return log_in(world.here.family.carer)

        return start

    def test_is_refused_once_the_password_has_changed(self, world, proven, change_password, rows):
        phone = world.carer
        answer = proven(lambda: change_password(phone))
        assert (answer.status_code, answer.json["code"]) == (401, "wrong_login")
        assert len(rows("select from sessions where ended_at is null")) == 1

    def test_is_refused_once_the_account_is_closed(self, world, proven, rows):
        manager = world.phone(world.staff[Role.PROGRAMME_MANAGER])
        path = f"/accounts/{world.here.family.carer}"
        answer = proven(lambda: manager.post_seen(path, verb="close"))
        assert answer.status_code == 401
        mine = "select from sessions where account_id = :id and ended_at is null"
        assert rows(mine, id=world.here.family.carer) == []


class TestFailedLogins:
    def test_of_strangers_never_keep_somebody_out_where_they_have_logged_in(
        self, world, rows, behind_proxy
    ):
        ((email,),) = rows("select email from accounts where id = :id", id=world.here.hub_carer)
        right, wrong = ({"email": email, "password": word} for word in (PASSWORD, "guess"))
        assert behind_proxy(right, "192.0.2.1") == 200
        for n in range(40):
            behind_proxy(wrong, f"198.51.100.{n}")
            if n % 10 == 9:
                assert behind_proxy(right, "192.0.2.1") == 200
        assert behind_proxy(right, "203.0.113.9") == 429, "from anywhere else, not just now"

    def test_of_one_household_are_counted_together_in_ipv6(self, behind_proxy):
        found = [
            behind_proxy({"email": f"a{n}@x.example", "password": "x"}, f"2001:db8:1:2::{n:x}")
            for n in range(12)
        ]
        assert found == [401] * 10 + [429] * 2
        other = {"email": "b@x.example", "password": "x"}
        assert behind_proxy(other, "2001:db8:1:3::1") == 401

    def test_slow_down_and_never_lock_out(self, world, log_in):
        import time_machine

        from hub_api import clock

        with time_machine.travel(clock.now(), tick=False) as clock_:
            found = [log_in(world.here.hub_carer, f"guess {n}") for n in range(11)]
            assert [answer.status_code for answer in found] == [401] * 10 + [429]
            assert "Retry-After" in found[-1].headers
            assert log_in(world.here.hub_carer).status_code == 429, "nor with the right one"
            clock_.shift(int(found[-1].headers["Retry-After"]))
            assert log_in(world.here.hub_carer).status_code == 200

    def test_say_the_same_of_an_account_that_does_not_exist(self, world, change):
        def answers(email):
            body = {"email": email, "password": "no such thing"}
            found = [world.phone().post("/auth/login", body) for _ in range(12)]
            change("delete from throttles")
            return [(a.status_code, a.headers["RateLimit"].split(", ")[-1][:20]) for a in found]

        known = "person@test.example"
        change("update accounts set email = :known where id = :id", known=known,
               id=world.here.hub_carer)  # fmt: skip
        assert answers(known) == answers("nobody@test.example")

    def test_from_one_address_slow_that_address_whoever_is_guessed_at(self, world):
        found = [
            world.phone().post("/auth/login", {"email": f"a{n}@x.example", "password": "x"})
            for n in range(12)
        ]
        assert [answer.status_code for answer in found] == [401] * 10 + [429] * 2

    def test_count_by_capitals_and_spaces_alike(self, world):
        found = [
            world.phone().post("/auth/login", {"email": email, "password": "x"})
            for email in ("jo@x.example", " JO@x.example", "Jo@X.example ") * 4
        ]
        assert found[-1].status_code == 429
        assert found[-1].headers["RateLimit-Policy"].count("login") >= 1

    def test_do_not_count_logins_that_worked(self, world, log_in):
        assert {log_in(world.here.hub_carer).status_code for _ in range(25)} == {200}
