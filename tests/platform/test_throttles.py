"""How often somebody may do something: counted in the database, for all processes alike."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
import time_machine

from hub_api import clock, db, throttles
from hub_api.errors import Conflict, TooManyRequests

LIMIT = throttles.Limit("test", 10, timedelta(minutes=5))


@pytest.fixture
def take(app):
    """Try once, as this person; whether there was room."""

    def attempt(who="jo"):
        try:
            with db.transaction(app.engine):
                throttles.take((LIMIT, who))
        except TooManyRequests:
            return False
        return True

    return attempt


class TestAThrottle:
    def test_lets_its_quota_through_at_once_and_no_more(self, take):
        assert [take() for _ in range(12)] == [True] * 10 + [False] * 2

    def test_lets_one_more_through_when_one_is_forgotten(self, take):
        with time_machine.travel(clock.now(), tick=False) as clock_:
            assert [take() for _ in range(10)] == [True] * 10
            clock_.shift(29)
            assert not take()
            clock_.shift(1)
            assert take()
            assert not take()

    def test_is_empty_after_its_window(self, take):
        with time_machine.travel(clock.now(), tick=False) as clock_:
            assert [take() for _ in range(10)] == [True] * 10
            clock_.shift(300)
            assert [take() for _ in range(11)] == [True] * 10 + [False]

    def test_of_one_person_says_nothing_of_another(self, take):
        assert [take() for _ in range(11)][-1] is False
        assert take("mo")

    def test_says_how_long_to_wait_and_is_right(self, take, app):
        with time_machine.travel(clock.now(), tick=False) as clock_:
            assert [take() for _ in range(10)] == [True] * 10
            with pytest.raises(TooManyRequests) as refused, db.transaction(app.engine):
                throttles.take((LIMIT, "jo"))
            seconds = int(refused.value.headers["Retry-After"])
            assert seconds == 30
            assert f"wait {seconds} seconds" in refused.value.detail
            clock_.shift(seconds)
            assert take()

    def test_counts_even_when_what_follows_is_refused(self, app, take):
        def fail():
            with db.transaction(app.engine):
                throttles.take((LIMIT, "jo"))
                raise Conflict

        for _ in range(10):
            with pytest.raises(Conflict):
                fail()
        assert not take()

    def test_takes_back_what_turned_out_well(self, app, take):
        for _ in range(30):
            with db.transaction(app.engine):
                throttles.take((LIMIT, "jo"))
                throttles.give_back((LIMIT, "jo"))
        assert take()

    def test_does_not_outlive_a_clock_that_was_set_back(self, take):
        with time_machine.travel(clock.now() + timedelta(hours=1), tick=False):
            assert [take() for _ in range(11)][-1] is False
        assert take(), "an hour of being kept out for a clock"

    def test_lets_exactly_its_quota_through_when_all_come_at_once(self, take):
        with ThreadPoolExecutor(32) as pool:
            passed = sum(pool.map(lambda _: take(), range(64)))
        assert passed == 10

    def test_is_not_counted_where_another_limit_has_no_room(self, app, take):
        other = throttles.Limit("other", 3, timedelta(minutes=5))
        assert [take() for _ in range(10)] == [True] * 10

        def both():
            with db.transaction(app.engine):
                throttles.take((other, "jo"), (LIMIT, "jo"))

        for _ in range(5):
            with pytest.raises(TooManyRequests):
                both()
        with db.transaction(app.engine):
            throttles.take((other, "jo"))
            throttles.take((other, "jo"))

    def test_is_never_counted_in_the_middle_of_something(self, app):
        """What stands or falls together must not be committed by half for its sake."""
        with pytest.raises(RuntimeError, match="stand or fall"), db.transaction(app.engine):
            _count_in_the_middle()

    def test_keeps_no_name(self, take, rows):
        take("jo@test.example")
        ((key, _),) = rows("select key, empty_at from throttles")
        assert b"jo" not in bytes(key)
        assert len(key) == 32

    def test_that_is_empty_is_forgotten(self, take, owner, rows):
        take()
        with time_machine.travel(clock.now() + timedelta(hours=1)), db.transaction(owner):
            throttles.forget_empty()
        assert rows("select * from throttles") == []


def _count_in_the_middle():
    db.end_whole()
    throttles.take((LIMIT, "jo"))


class TestChangingThings:
    def test_says_how_much_is_left(self, world):
        answer = world.carer.post("/respite-requests", world.ask_body(draft=True))
        assert answer.headers["RateLimit-Policy"] == '"writes";q=100000;w=300'
        assert answer.headers["RateLimit"] == '"writes";r=99999;t=1'

    def test_is_slowed_for_a_runaway_phone_alone(self, world, fewer_writes):
        fewer_writes(3)
        phone, body = world.carer, world.ask_body(draft=True)
        found = [phone.post("/respite-requests", body) for _ in range(5)]
        assert [answer.status_code for answer in found] == [201] * 3 + [429] * 2
        refused = found[-1]
        assert refused.json["code"] == "too_many_requests"
        assert 95 <= int(refused.headers["Retry-After"]) <= 100
        assert refused.headers["RateLimit"].startswith('"writes";r=0;')
        assert phone.get("/respite-requests").status_code == 200
        assert world.carer.post("/auth/logout").status_code == 204, "nor the owner's other phone"

    def test_counts_what_is_refused_as_well(self, world, fewer_writes):
        fewer_writes(3)
        phone = world.carer
        found = [phone.post("/respite-requests", {}).status_code for _ in range(4)]
        assert found == [422, 422, 422, 429]

    def test_does_not_count_reading(self, world, fewer_writes):
        fewer_writes(1)
        phone = world.carer
        assert {phone.get("/me").status_code for _ in range(5)} == {200}
        assert "RateLimit" not in phone.get("/me").headers

    def test_is_seen_in_the_figures(self, world, fewer_writes):
        fewer_writes(1)
        phone = world.carer
        for _ in range(2):
            phone.post("/respite-requests", {})
        figures = world.app.test_client().get("/metrics").text
        assert 'hub_throttled_total{limit="writes"}' in figures


@pytest.fixture
def fewer_writes(settings):
    """Let an account change only so much."""
    from dataclasses import replace

    from hub_api import settings as hub_settings

    def let(count):
        hub_settings.use(replace(settings, writes_allowed=count))

    yield let
    hub_settings.use(settings)
