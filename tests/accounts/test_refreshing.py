"""Refresh tokens: one exchange each, honest double taps forgiven, copies found out."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from time import monotonic, sleep

import pytest
import sqlalchemy as sa
import time_machine

from hub_api import clock

DEAD = "select count(*) from sessions where end_reason = 'refresh_token_reused'"


@pytest.fixture
def still():
    """Time that only moves when told to."""
    with time_machine.travel(clock.now(), tick=False) as moved:
        yield moved


@pytest.fixture
def session(world, still):  # noqa: ARG001 - the tokens are issued in time that stands still
    """A hub carer's fresh tokens."""
    return world.hub_carer.tokens


@pytest.fixture
def dead(rows):
    """How many sessions ended because a token was used again."""
    return lambda: rows(DEAD)[0][0]


@pytest.fixture
def waiting_for_a_lock(rows):
    """Come back when a connection of the API waits for a row."""

    def wait():
        waiting = """
            select from pg_locks join pg_stat_activity using (pid)
             where not granted and usename = 'hub_api' and datname = current_database()
        """
        deadline = monotonic() + 2
        while not rows(waiting):
            assert monotonic() < deadline, "nobody waits"
            sleep(0.01)

    return wait


def at_once(send, tokens):
    """The answers when all of these are sent in the same moment."""
    ready = Barrier(len(tokens))

    def work(token):
        ready.wait()
        return send(token)

    with ThreadPoolExecutor(len(tokens)) as pool:
        return list(pool.map(work, tokens))


class TestRefresh:
    def test_gives_a_new_pair_that_works(self, session, refresh, status_with):
        response = refresh(session["refresh_token"])
        assert response.status_code == 200
        assert response.json["refresh_token"] != session["refresh_token"]
        assert status_with(response.json["access_token"]) == 200

    def test_goes_on_for_as_long_as_the_phone_is_used(self, session, refresh, still):
        token = session["refresh_token"]
        seen = {token}
        for _ in range(5):
            still.shift(600)
            answer = refresh(token)
            assert answer.status_code == 200
            token = answer.json["refresh_token"]
            seen.add(token)
        assert len(seen) == 6

    def test_of_one_phone_has_nothing_to_do_with_another(self, world, refresh, dead):
        """Everybody's first refresh token has no parent, and they are no siblings for it."""
        phones = [world.hub_carer, world.hub_carer, world.carer]
        answers = [refresh(phone.tokens["refresh_token"]) for phone in phones]
        assert [answer.status_code for answer in answers] == [200, 200, 200]
        assert dead() == 0

    def test_gives_no_token_for_an_unknown_one(self, session, refresh, dead, status_with):
        response = refresh("x" * 43)
        assert (response.status_code, response.json["code"]) == (401, "not_logged_in")
        assert response.headers["WWW-Authenticate"] == "Bearer"
        assert dead() == 0
        assert status_with(session["access_token"]) == 200

    def test_does_not_take_an_access_token(self, session, refresh):
        assert refresh(session["access_token"][:200]).status_code == 401
        assert refresh(session["access_token"]).status_code == 422


class TestADoubleTap:
    @pytest.mark.parametrize("seconds", [0, 5, 10])
    def test_gets_a_pair_of_its_own_and_both_work(
        self, session, refresh, still, status_with, seconds
    ):
        first = refresh(session["refresh_token"])
        still.shift(seconds)
        second = refresh(session["refresh_token"])
        assert (first.status_code, second.status_code) == (200, 200)
        assert first.json["refresh_token"] != second.json["refresh_token"]
        assert status_with(first.json["access_token"]) == 200
        assert status_with(second.json["access_token"]) == 200

    @pytest.mark.parametrize("chosen", [0, 1])
    def test_may_go_on_with_either_pair(self, session, refresh, still, chosen):
        pairs = [refresh(session["refresh_token"]).json for _ in range(2)]
        still.shift(600)
        assert refresh(pairs[chosen]["refresh_token"]).status_code == 200

    def test_may_itself_be_tapped_twice(self, session, refresh, still, dead):
        pairs = [refresh(session["refresh_token"]).json for _ in range(2)]
        still.shift(600)
        for seconds in (0, 9):
            still.shift(seconds)
            assert refresh(pairs[1]["refresh_token"]).status_code == 200
        assert dead() == 0


class TestReuse:
    def test_is_an_old_token_after_the_grace(self, session, refresh, still, dead):
        refresh(session["refresh_token"])
        still.shift(10.001)
        assert refresh(session["refresh_token"]).status_code == 401
        assert dead() == 1

    def test_is_not_put_off_by_tapping_on(self, session, refresh, still, dead):
        for status in (200, 200, 401):
            assert refresh(session["refresh_token"]).status_code == status
            still.shift(6)
        assert dead() == 1

    def test_is_an_old_token_whose_child_was_used(self, session, refresh, dead):
        child = refresh(session["refresh_token"]).json
        assert refresh(child["refresh_token"]).status_code == 200
        assert refresh(session["refresh_token"]).status_code == 401
        assert dead() == 1

    @pytest.mark.parametrize(("used", "late"), [(0, 1), (1, 0)])
    def test_is_a_token_whose_sibling_was_used(self, session, refresh, dead, used, late):
        pairs = [refresh(session["refresh_token"]).json for _ in range(2)]
        assert refresh(pairs[used]["refresh_token"]).status_code == 200
        assert dead() == 0
        assert refresh(pairs[late]["refresh_token"]).status_code == 401
        assert dead() == 1

    def test_is_a_grandparent_however_soon(self, session, refresh, dead):
        tokens = [session["refresh_token"]]
        for _ in range(3):
            tokens.append(refresh(tokens[-1]).json["refresh_token"])
        assert refresh(tokens[1]).status_code == 401
        assert dead() == 1


@pytest.fixture
def family(session, refresh, still):
    """Every pair of one session, then its first token sent again by somebody who copied it."""
    pairs = [session, *(refresh(session["refresh_token"]).json for _ in range(2))]
    pairs.append(refresh(pairs[1]["refresh_token"]).json)
    still.shift(11)
    pairs.append(refresh(pairs[3]["refresh_token"]).json)
    return pairs


class TestReuseEndsTheFamily:
    def test_and_every_token_of_it(self, family, refresh, status_with):
        assert {status_with(pair["access_token"]) for pair in family} == {200}
        response = refresh(family[0]["refresh_token"])
        assert (response.status_code, response.json["code"]) == (401, "not_logged_in")
        assert {status_with(pair["access_token"]) for pair in family} == {401}
        assert {refresh(pair["refresh_token"]).status_code for pair in family} == {401}

    def test_and_says_why_although_the_request_was_rolled_back(self, world, family, refresh, rows):
        before = rows("select id, used_at from refresh_tokens order by id")
        response = refresh(family[0]["refresh_token"])
        (session,) = rows("select * from sessions")
        assert (session.end_reason, session.ended_at) == ("refresh_token_reused", clock.now())
        (audited,) = rows("select * from audit_events where outcome = 'refused'")
        assert audited.action == "session:refresh"
        assert (audited.actor_id, audited.subject_id) == (world.here.hub_carer, session.id)
        assert audited.request_id == response.json["instance"]
        assert rows("select id, used_at from refresh_tokens order by id") == before

    def test_and_no_other(self, world, family, refresh):
        same_person, somebody_else = world.hub_carer, world.carer
        refresh(family[0]["refresh_token"])
        for phone in (same_person, somebody_else):
            assert phone.get("/me").status_code == 200
            assert refresh(phone.tokens["refresh_token"]).status_code == 200

    def test_for_good(self, family, refresh, rows):
        for pair in (family[0], family[0], family[-1]):
            assert refresh(pair["refresh_token"]).status_code == 401
        assert len(rows("select 1 from audit_events where outcome = 'refused'")) == 3
        assert len(rows("select 1 from sessions where ended_at is not null")) == 1


class TestManyAtOnce:
    def test_taps_of_one_token_are_all_honest(self, world, refresh, status_with, rows, dead):
        token = world.hub_carer.tokens["refresh_token"]
        answers = at_once(refresh, [token] * 64)
        assert [answer.status_code for answer in answers] == [200] * 64
        assert len({answer.json["refresh_token"] for answer in answers}) == 64
        assert {status_with(answer.json["access_token"]) for answer in answers} == {200}
        ((parent, children),) = rows(
            "select parent_id, count(*) from refresh_tokens where parent_id is not null"
            " group by parent_id"
        )
        ((root,),) = rows("select id from refresh_tokens where parent_id is null")
        assert (parent, children) == (root, 64)
        assert refresh(answers[7].json["refresh_token"]).status_code == 200
        assert dead() == 0
        assert refresh(answers[8].json["refresh_token"]).status_code == 401
        assert dead() == 1

    def test_siblings_are_told_apart_by_who_comes_first(
        self, world, refresh, status_with, rows, dead
    ):
        token = world.hub_carer.tokens["refresh_token"]
        siblings = [answer.json for answer in at_once(refresh, [token] * 8)]
        answers = at_once(refresh, [pair["refresh_token"] for pair in siblings])
        assert sorted(answer.status_code for answer in answers) == [200] + [401] * 7
        assert dead() == 1
        assert {status_with(pair["access_token"]) for pair in siblings} == {401}
        ((used,),) = rows(
            "select count(*) from refresh_tokens where parent_id is not null"
            " and used_at is not null"
        )
        assert used == 1

    def test_a_tap_that_had_to_wait_reads_its_token_again(
        self, world, refresh, owner, waiting_for_a_lock
    ):
        token = world.hub_carer.tokens["refresh_token"]
        long_ago = clock.now() - timedelta(minutes=1)
        with ThreadPoolExecutor(1) as pool, owner.begin() as first:
            first.execute(sa.text("select from sessions for update"))
            second = pool.submit(refresh, token)
            waiting_for_a_lock()
            first.execute(sa.text("update refresh_tokens set used_at = :at"), {"at": long_ago})
            first.commit()
            assert second.result(timeout=5).status_code == 401

    def test_copies_of_an_old_token_are_all_refused(self, session, refresh, still, rows, dead):
        refresh(session["refresh_token"])
        still.shift(11)
        answers = at_once(refresh, [session["refresh_token"]] * 64)
        assert {answer.status_code for answer in answers} == {401}
        assert dead() == 1
        assert len(rows("select 1 from refresh_tokens")) == 2
        assert rows("select 1 from audit_events where action = 'session:refresh'") != []
