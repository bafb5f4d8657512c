"""Who was told that a child is missing: earlier, later, mistyped, and put right."""

from datetime import datetime, timedelta

import pytest

from hub_api import child_keys, clock, db
from hub_api.care.told import RANG_WHILE_LOOKING
from tests.care.conftest import HOUR

MINUTE = timedelta(minutes=1)
ALL = ("police_at", "edt_at", "social_worker_at")


def all_at(instant):
    return dict.fromkeys(ALL, instant.isoformat())


@pytest.fixture
def missing(care):
    """A child who is missed since now, and how to say an hour later who was told."""
    episode = care.post("missing-episodes", {}).json["id"]

    def tell(body, by="carer", minutes=60):
        at = care.now + minutes * MINUTE
        return care.post(f"/missing-episodes/{episode}/told", body, by=by, at=at)

    return tell


@pytest.fixture
def states(tasks):
    return lambda: [state for state, _ in tasks("missing_child")]


def log_of(care):
    return [entry["text"] for entry in care.get("log-entries", at=care.now + HOUR).json["items"]]


class TestWhoWasTold:
    def test_is_noted_and_the_earlier_time_stands(self, care, tasks):
        episode = care.post("missing-episodes", {}).json["id"]
        path = f"/missing-episodes/{episode}/told"
        early, late = (care.now + n * MINUTE for n in (5, 10))
        at = care.now + HOUR
        for moment in (late, early, late):
            answer = care.post(path, {"police_at": moment.isoformat()}, by="carer", at=at)
            assert answer.status_code == 200
        assert datetime.fromisoformat(answer.json["police_at"]) == early
        assert [state for state, _ in tasks("missing_child")] == ["open"]
        rest = {"edt_at": early.isoformat(), "social_worker_at": early.isoformat()}
        assert care.post(path, rest, at=at).status_code == 200
        assert [state for state, _ in tasks("missing_child")] == ["settled"]

    def test_hours_before_the_child_was_missed_is_a_slip(self, care, missing, states):
        for earlier in (timedelta(days=300), RANG_WHILE_LOOKING + MINUTE):
            refused = missing(all_at(care.now - earlier))
            assert (refused.status_code, refused.json["code"]) == (409, "too_early")
            assert "report it again" in refused.json["detail"]
        assert states() == ["open"]
        assert missing(all_at(care.now - RANG_WHILE_LOOKING)).status_code == 200
        assert states() == ["settled"]

    def test_too_early_in_a_report_is_left_open_and_keeps_nobody_from_reporting(self, care, states):
        long_ago = care.now - timedelta(days=300)
        first = care.post("missing-episodes", all_at(long_ago))
        again = care.post("missing-episodes", all_at(long_ago), by="carer")
        for answer in (first, again):
            assert answer.status_code == 201
            assert [answer.json[name] for name in ALL] == [None] * 3
        assert states() == ["open"]
        kept = log_of(care)
        assert len(kept) == 2
        for text in kept:
            assert f"The police were told at {clock.spoken_instant(long_ago)}." in text


class TestATimeThatWasWrong:
    @pytest.mark.parametrize("by", ["carer", "hub_carer", "liaison_worker"])
    def test_gives_way_to_the_right_one_and_is_kept(self, care, missing, rows, by):
        wrong, right = care.now, care.now + 10 * MINUTE
        missing({"police_at": wrong.isoformat()})
        answer = missing({"police_at": right.isoformat(), "corrects": ["police_at"]}, by=by)
        assert answer.status_code == 200, answer.json
        assert datetime.fromisoformat(answer.json["police_at"]) == right
        (text,) = log_of(care)
        assert text == (
            f"This was wrong: The police were told at {clock.spoken_instant(wrong)}.\n"
            f"The police were told at {clock.spoken_instant(right)}."
        )
        (event,) = rows("select * from audit_events where action = 'missing:correct'")
        assert (event.changed, event.actor_id) == (["police_at"], care.account(by))

    def test_is_taken_back_and_somebody_has_to_see_to_it_again(self, care, missing, states):
        missing(all_at(care.now))
        assert states() == ["settled"]
        later = (care.now + 10 * MINUTE).isoformat()
        assert missing({"police_at": later, "corrects": ["police_at"]}).status_code == 200
        assert states() == ["settled"]
        for _ in range(2):
            answer = missing({"corrects": ["edt_at"]})
            assert (answer.status_code, answer.json["edt_at"]) == (200, None)
            assert states() == ["settled", "open"]
        assert missing({"edt_at": later}).status_code == 200
        assert states() == ["settled", "settled"]

    def test_of_a_child_who_is_back_is_nobodys_task(self, care, missing, states):
        answer = missing(all_at(care.now))
        care.post(f"/missing-episodes/{answer.json['id']}/returned", {}, at=care.now + HOUR)
        assert missing({"corrects": ["edt_at"]}).json["edt_at"] is None
        assert states() == ["settled"]

    def test_is_put_right_where_no_words_can_be_kept(self, world, care, missing, owner, rows):
        missing({"police_at": care.now.isoformat()})
        with db.transaction(owner):
            child_keys.erase(world.here.family.children[0], world.here.id)
        assert missing({"corrects": ["police_at"]}).json["police_at"] is None
        assert rows("select from stay_entries") == []

    def test_is_one_of_the_three(self, missing):
        assert missing({"corrects": ["noticed_at"]}).status_code == 422
