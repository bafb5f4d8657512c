"""Session, account and roles are looked up again on every request."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from hub_api import clock

YESTERDAY = timedelta(days=-1)
TODAY = timedelta()
TOMORROW = timedelta(days=1)


class TestTheSession:
    def test_that_was_ended_is_refused(self, world, change):
        phone = world.hub_carer
        assert phone.get("/me").status_code == 200
        change("update sessions set ended_at = :now, end_reason = 'logout'", now=clock.now())
        assert phone.get("/me").status_code == 401

    @pytest.mark.parametrize(("left", "status"), [(60, 200), (0, 401), (-60, 401)])
    def test_that_ran_out_is_refused_though_the_token_is_young(self, world, change, left, status):
        with time_machine.travel(clock.now(), tick=False):
            phone = world.hub_carer
            change("update sessions set expires_at = :at", at=clock.now() + timedelta(seconds=left))
            assert phone.get("/me").status_code == status

    def test_stays_alive_while_the_phone_comes_back(self, world, refresh, settings):
        almost = settings.session_lifetime - timedelta(minutes=1)
        with time_machine.travel(clock.now(), tick=False) as moved:
            token = world.hub_carer.tokens["refresh_token"]
            for _ in range(3):
                moved.shift(almost)
                answer = refresh(token)
                assert answer.status_code == 200
                token = answer.json["refresh_token"]
            moved.shift(settings.session_lifetime)
            assert refresh(token).status_code == 401

    def test_ends_with_its_access_token_after_ten_minutes(self, world):
        with time_machine.travel(clock.now(), tick=False) as moved:
            phone = world.hub_carer
            moved.shift(599)
            assert phone.get("/me").status_code == 200
            moved.shift(1)
            assert phone.get("/me").status_code == 401


class TestTheAccount:
    def test_that_was_closed_is_refused(self, world, change, refresh):
        phone = world.hub_carer
        assert phone.get("/me").status_code == 200
        change("update accounts set is_active = false where id = :id", id=world.here.hub_carer)
        assert phone.get("/me").status_code == 401
        assert refresh(phone.tokens["refresh_token"]).status_code == 401

    def test_that_was_closed_does_not_close_others(self, world, change):
        phone = world.carer
        change("update accounts set is_active = false where id = :id", id=world.here.hub_carer)
        assert phone.get("/me").status_code == 200


class TestARole:
    @pytest.mark.parametrize(
        ("starts", "ends", "holds"),
        [
            (TODAY, None, True),
            (TOMORROW, None, False),
            (YESTERDAY, TODAY, False),
            (YESTERDAY, TOMORROW, True),
        ],
    )
    def test_is_held_from_its_first_day_up_to_its_last(self, world, change, starts, ends, holds):
        phone, today = world.hub_carer, clock.london_today()
        change(
            "update role_grants set starts_on = :starts, ends_on = :ends where account_id = :id",
            starts=today + starts,
            ends=None if ends is None else today + ends,
            id=world.here.hub_carer,
        )
        assert phone.get("/households").status_code == (200 if holds else 403)

    def test_that_ended_leaves_seeing_who_i_am_and_logging_out(self, world, change):
        phone, today = world.hub_carer, clock.london_today()
        change(
            "update role_grants set starts_on = :starts, ends_on = :ends where account_id = :id",
            starts=today + YESTERDAY,
            ends=today,
            id=world.here.hub_carer,
        )
        mine = phone.get("/me")
        assert (mine.status_code, mine.json.get("roles")) == (200, [])
        assert phone.post("/auth/logout").status_code == 204

    def test_begins_at_midnight_in_london(self, world, change):
        midnight = datetime(clock.now().year + 1, 7, 1, 23, tzinfo=UTC)
        change(
            "update role_grants set starts_on = :day where account_id = :id",
            day=midnight.date() + timedelta(days=1),
            id=world.here.hub_carer,
        )
        with time_machine.travel(midnight - timedelta(seconds=1), tick=False) as moved:
            phone = world.hub_carer
            assert phone.get("/households").status_code == 403
            moved.shift(1)
            assert phone.get("/households").status_code == 200

    def test_follows_the_household_out_of_the_constellation(self, world, change):
        phone = world.carer
        assert phone.get(f"/constellations/{world.here.id}").status_code == 200
        change(
            "update memberships set ends_on = :today where household_id = :id",
            today=clock.london_today(),
            id=world.here.family.id,
        )
        assert phone.get(f"/constellations/{world.here.id}").status_code == 404
        assert phone.get("/households").json["items"] == []
