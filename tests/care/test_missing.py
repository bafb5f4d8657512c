"""A child who is missing: the report nobody refuses, who is told, the return and the interview."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa
import time_machine

from hub_api import child_keys, clock, db
from hub_api import settings as hub_settings
from hub_api.care import backstop, missing
from hub_api.care_settings import CareSettings
from hub_api.consents.models import ConsentFlag, FlagKind
from tests.care.conftest import HOUR, Care
from tests.phone import in_days
from tests.sleepovers.stays import arrival, brought_to, departure

EVERYBODY = {"carer", "hub_carer", "liaison_worker"}
MINUTE = timedelta(minutes=1)


def seen(answer):
    return f'"{answer.json["version"]}"'


class TestReporting:
    @pytest.mark.parametrize("by", sorted(EVERYBODY))
    def test_takes_nothing_but_saying_so(self, care, by, told, tasks):
        answer = care.post("missing-episodes", {}, by=by)
        assert answer.status_code == 201
        assert datetime.fromisoformat(answer.json["noticed_at"]) == care.now
        assert told("missing_reported") == EVERYBODY - {by}
        assert tasks("missing_child") == [("open", care.now + HOUR)]

    @pytest.mark.parametrize("state", ["confirmed", "in_stay", "returned", "closed"])
    def test_is_possible_at_any_time(self, world, state):
        care = Care(world, brought_to(world, state))
        at = departure(care.stay) + HOUR
        assert care.post("missing-episodes", {}, at=at).status_code == 201

    def test_twice_is_one_episode(self, care, rows, tasks):
        first = care.post("missing-episodes", {"circumstances": "Went to the shop."})
        again = care.post("missing-episodes", {"police_at": care.now.isoformat()}, by="carer")
        assert again.status_code == 201
        assert again.json["id"] == first.json["id"]
        assert again.json["police_at"] is not None
        assert again.json["circumstances"] == "Went to the shop."
        assert len(tasks("missing_child")) == 1
        reports = rows("select actor_id from audit_events where action = 'missing:report'")
        assert {row.actor_id for row in reports} == {
            care.account("hub_carer"),
            care.account("carer"),
        }

    @pytest.mark.parametrize("by", ["carer", "liaison_worker"])
    def test_twice_keeps_since_when_both_say_the_child_is_missed(self, care, by, rows):
        first = care.post("missing-episodes", {}).json
        earlier, agreed = care.now - HOUR, care.now - 2 * HOUR
        times = {"noticed_at": earlier.isoformat(), "agreed_at": agreed.isoformat()}
        again = care.post("missing-episodes", times, by=by, at=care.now + MINUTE)
        assert (again.status_code, again.json["id"]) == (201, first["id"])
        assert datetime.fromisoformat(again.json["noticed_at"]) == earlier
        assert datetime.fromisoformat(again.json["agreed_at"]) == agreed
        changed = rows("select changed from audit_events where action = 'missing:report'")
        assert ["noticed_at", "agreed_at"] in [row.changed for row in changed]
        (entry,) = care.get("log-entries", at=care.now + MINUTE).json["items"]
        assert entry["written_by"] == str(care.account(by))
        assert entry["text"] == (
            f"The child was missed at {clock.spoken_instant(earlier)}.\n"
            f"The child was to be back at {clock.spoken_instant(agreed)}."
        )

    @pytest.mark.parametrize("change", [timedelta(days=-300), MINUTE])
    def test_twice_and_later_or_long_before_is_kept_in_the_log_alone(self, care, change):
        agreed, at = care.now - HOUR, care.now + HOUR
        care.post("missing-episodes", {"agreed_at": agreed.isoformat()})
        said = care.now + change
        times = dict.fromkeys(("noticed_at", "agreed_at"), said.isoformat())
        again = care.post("missing-episodes", times, by="carer", at=at)
        assert datetime.fromisoformat(again.json["noticed_at"]) == care.now
        assert datetime.fromisoformat(again.json["agreed_at"]) == agreed
        (entry,) = care.get("log-entries", at=at).json["items"]
        assert entry["text"].count(clock.spoken_instant(said)) == 2

    def test_twice_counts_what_is_early_from_when_the_child_was_first_missed(self, care):
        """Rung in the evening, written down in the morning."""
        care.post("missing-episodes", {})
        rung = (care.now - 12 * HOUR).isoformat()
        care.post("missing-episodes", {"noticed_at": rung}, by="carer")
        again = care.post("missing-episodes", {"police_at": rung}, by="carer")
        assert again.json["police_at"] == again.json["noticed_at"]
        assert datetime.fromisoformat(again.json["police_at"]) == care.now - 12 * HOUR

    @pytest.mark.parametrize("by", ["carer", "liaison_worker"])
    def test_twice_keeps_what_both_wrote(self, care, rows, by):
        first = care.post("missing-episodes", {"circumstances": "Went to the shop."})
        words = {"circumstances": "She rang me from the station."}
        again = care.post("missing-episodes", words, by=by, at=care.now + MINUTE)
        assert (again.status_code, again.json["id"]) == (201, first.json["id"])
        assert again.json["circumstances"] == "Went to the shop."
        (entry,) = care.get("log-entries", at=care.now + MINUTE).json["items"]
        assert entry["text"] == words["circumstances"]
        assert entry["written_by"] == str(care.account(by))
        assert datetime.fromisoformat(entry["happened_at"]) == care.now + MINUTE
        assert b"station" not in bytes(rows("select text from stay_entries")[0].text)

    def test_is_taken_without_its_words_where_none_can_be_kept(
        self, world, care, owner, rows, told, tasks
    ):
        with db.transaction(owner):
            child_keys.erase(world.here.family.children[0], world.here.id)
        words = {"circumstances": "Ran off at the station.", "police_at": care.now.isoformat()}
        first = care.post("missing-episodes", words)
        assert first.status_code == 201, first.json
        assert first.json["circumstances"] is None
        assert told("missing_reported") == EVERYBODY - {"hub_carer"}
        assert len(tasks("missing_child")) == 1
        again = care.post("missing-episodes", {**words, "edt_at": care.now.isoformat()}, by="carer")
        assert (again.status_code, again.json["id"]) == (201, first.json["id"])
        assert again.json["edt_at"] is not None
        assert rows("select 1 from stay_entries") == []

    def test_is_taken_without_its_words_of_a_child_on_other_books(self, world, care, owner):
        """The family has moved to another constellation, and its child is still at the hub."""
        with owner.begin() as connection:
            connection.execute(
                sa.text("update children set constellation_id = :there where id = :id"),
                {"there": world.elsewhere.id, "id": world.here.family.children[0]},
            )
        answer = care.post("missing-episodes", {"circumstances": "Ran off."})
        assert (answer.status_code, answer.json["circumstances"]) == (201, None)

    def test_while_the_open_one_ends_is_a_new_one(self, care, owner, monkeypatch, tasks):
        first = care.post("missing-episodes", {}).json["id"]
        take_open = missing._take_open

        def ended(stay):
            with owner.begin() as other:
                other.execute(
                    sa.text(
                        "update missing_episodes set returned_at = noticed_at, "
                        "interview_due_at = noticed_at where returned_at is null"
                    )
                )
            return take_open(stay)

        monkeypatch.setattr(missing, "_take_open", ended)
        second = care.post("missing-episodes", {}, by="carer")
        assert second.status_code == 201
        assert second.json["id"] != first
        assert len(tasks("missing_child")) == 2

    def test_gives_up_where_one_is_open_that_nobody_finds(self, care, monkeypatch):
        care.post("missing-episodes", {})
        turns = []
        monkeypatch.setattr(missing, "_take_open", turns.append)
        answer = care.post("missing-episodes", {}, by="carer")
        assert (answer.status_code, answer.json["code"]) == (503, "busy")
        assert "police" in answer.json["detail"]
        assert len(turns) == missing.TRIES

    def test_of_a_time_to_come_is_a_slip(self, care):
        ahead = {"noticed_at": (care.now + HOUR).isoformat()}
        refused = care.post("missing-episodes", ahead)
        assert (refused.status_code, refused.json["code"]) == (409, "in_the_future")

    def test_is_not_for_those_next_door(self, world, care):
        with time_machine.travel(care.now, tick=False):
            phone = world.phone(world.here.neighbours.carer)
            assert phone.post(f"{care.path}/missing-episodes", {}).status_code == 404
            assert phone.get(f"{care.path}/missing-episodes").status_code == 404


class TestTheReturn:
    def test_is_followed_by_an_interview_within_three_days(self, care, tasks, told):
        episode = care.post("missing-episodes", {}).json["id"]
        path, back = f"/missing-episodes/{episode}", care.now + 2 * HOUR
        answer = care.post(f"{path}/returned", {}, at=back)
        assert answer.status_code == 200
        due = back + timedelta(hours=72)
        assert datetime.fromisoformat(answer.json["interview_due_at"]) == due
        assert tasks("return_interview") == [("open", due)]
        assert [state for state, _ in tasks("missing_child")] == ["settled"]
        assert told("missing_returned") == EVERYBODY - {"hub_carer"}
        held = {"at": back + HOUR, "If_Match": seen(answer)}
        assert care.post(f"{path}/interview", {}, **held).status_code == 403
        done = care.post(f"{path}/interview", {}, by="liaison_worker", **held)
        assert done.status_code == 200
        assert [state for state, _ in tasks("return_interview")] == ["settled"]

    def test_counts_from_when_the_child_was_back(self, care, tasks):
        """Said late, the time left is what is left."""
        path = f"/missing-episodes/{care.post('missing-episodes', {}).json['id']}/returned"
        back = care.now + HOUR
        care.post(path, {"returned_at": back.isoformat()}, at=back + 30 * HOUR)
        assert tasks("return_interview") == [("open", back + 72 * HOUR)]

    def test_is_said_once_and_in_order(self, care):
        first = care.post("missing-episodes", {})
        path = f"/missing-episodes/{first.json['id']}"
        liaison = {"by": "liaison_worker", "at": care.now + HOUR}
        early = care.post(f"{path}/interview", {}, If_Match=seen(first), **liaison)
        assert (early.status_code, early.json["code"]) == (409, "wrong_state")
        before = {"returned_at": (care.now - HOUR).isoformat()}
        assert care.post(f"{path}/returned", before).json["code"] == "too_early"
        back = care.post(f"{path}/returned", {})
        again = care.post(f"{path}/returned", {}, by="carer")
        assert (again.status_code, again.json["code"]) == (409, "wrong_state")
        sooner = {"held_at": (care.now - HOUR).isoformat()}
        refused = care.post(f"{path}/interview", sooner, If_Match=seen(back), **liaison)
        assert refused.json["code"] == "too_early"

    def test_lets_the_next_report_be_another_episode(self, care):
        first = care.post("missing-episodes", {}).json["id"]
        care.post(f"/missing-episodes/{first}/returned", {})
        second = care.post("missing-episodes", {}, at=care.now + HOUR).json["id"]
        assert second != first
        listed = care.get("missing-episodes", at=care.now + HOUR).json["items"]
        assert [episode["id"] for episode in listed] == [second, first]


# --- the clocks that ask ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("age", "is_high_risk", "hours"),
    [(0, False, 1), (11, False, 1), (12, False, 2), (17, False, 2), (5, True, 0), (17, True, 0)],
)
def test_the_hub_waits_by_age_and_risk(age, is_high_risk, hours):
    assert backstop.patience(age, CareSettings(), is_high_risk=is_high_risk) == hours * HOUR


@pytest.fixture
def ask(owner, settings):
    """Run the worker's job at this instant, by these rules."""

    def run(at, **rules):
        hub_settings.use(replace(settings, care=CareSettings(**rules)))
        with time_machine.travel(at, tick=False), db.transaction(owner):
            backstop.ask_where_they_are()
        hub_settings.use(settings)

    return run


def born(owner, world, years):
    with owner.begin() as connection:
        connection.execute(
            sa.text("update children set born_on = current_date - :d where id = :id"),
            {"d": years * 366, "id": world.here.family.children[0]},
        )


def test_no_setting_waits_until_nobody_is_asked_or_seen():
    """An interview later than domain.md has it; a clock that runs until the hub asks no more."""
    slowest = CareSettings.read(lambda _name, _default, _least, most: most)
    assert slowest.interview_within == 72 * HOUR
    asks = (slowest.ask_under_twelve, slowest.ask_over_twelve, slowest.ask_at_high_risk)
    assert max(asks) < backstop.WORTH_ASKING


class TestTheClock:
    @pytest.mark.parametrize(("years", "hours"), [(8, 1), (14, 2)])
    def test_asks_once_where_a_child_is_who_has_not_come(
        self, world, owner, told, rows, ask, years, hours
    ):
        born(owner, world, years)
        agreed = arrival(world.booked())
        ask(agreed + hours * HOUR)
        assert told("sleepover_awaited") == set()
        for later in (MINUTE, HOUR):
            ask(agreed + hours * HOUR + later)
            assert told("sleepover_awaited") == EVERYBODY
        assert len(rows("select from notifications where category = 'sleepover_awaited'")) == 3

    def test_asks_where_a_child_is_who_should_be_home(self, world, owner, told, ask):
        born(owner, world, 14)
        stay = brought_to(world, "in_stay")
        ask(departure(stay) + 2 * HOUR)
        assert told("sleepover_awaited") == set()
        ask(departure(stay) + 2 * HOUR + MINUTE)
        assert told("sleepover_awaited") == EVERYBODY

    def test_leaves_it_to_the_late_return_that_is_told_of_at_that_time(
        self, world, owner, told, ask
    ):
        born(owner, world, 8)
        stay = brought_to(world, "in_stay")
        ask(departure(stay) + 3 * HOUR)
        assert told("sleepover_awaited") == set()

    def test_asks_at_once_about_a_child_who_was_missing_lately(self, world, care, owner, told, ask):
        born(owner, world, 14)
        episode = care.post("missing-episodes", {}).json["id"]
        care.post(f"/missing-episodes/{episode}/returned", {})
        agreed = departure(care.stay)
        ask(agreed + MINUTE, high_risk_for=timedelta(0))
        assert told("sleepover_awaited") == set()
        ask(agreed + MINUTE)
        assert told("sleepover_awaited") == EVERYBODY

    def test_asks_at_once_about_a_child_who_is_known_to_abscond(self, world, owner, told, ask):
        born(owner, world, 14)
        stay = brought_to(world, "in_stay")
        with db.transaction(owner):
            flag = ConsentFlag(
                constellation_id=world.here.id,
                child_id=stay["child"]["id"],
                kind=FlagKind.ABSCONDING,
                starts_on=departure(stay).date(),
                recorded_by=world.here.liaison_worker,
            )
            db.session().add(flag)
        ask(departure(stay) + MINUTE)
        assert told("sleepover_awaited") == EVERYBODY

    def test_asks_about_nobody_who_is_reported_missing(self, world, care, owner, told, ask):
        """Not home by the time agreed either; asked about again once the child is back."""
        born(owner, world, 14)
        out_until = {"agreed_back_at": (care.now + HOUR).isoformat()}
        assert care.post("outings", out_until).status_code == 201
        episode = care.post("missing-episodes", {}).json["id"]
        agreed = departure(care.stay)
        for at in (care.now + 4 * HOUR, agreed + 3 * HOUR):
            ask(at)
            assert told("sleepover_awaited") == set()
        assert care.post(f"/missing-episodes/{episode}/returned", {}).status_code == 200
        ask(agreed + 3 * HOUR)
        assert told("sleepover_awaited") == EVERYBODY

    def test_asks_about_nobody_who_is_there_or_called_off(self, world, told, ask):
        brought_to(world, "cancelled")
        stay = brought_to(world, "returned", days=20)
        for at in (arrival(stay), departure(stay)):
            ask(at + 5 * HOUR)
        assert told("sleepover_awaited") == set()


class TestAnOuting:
    def out(self, care, hours, by="hub_carer", at=None):
        agreed = care.now + hours * HOUR
        return care.post("outings", {"agreed_back_at": agreed.isoformat()}, by=by, at=at)

    def test_has_a_time_to_be_back_and_ends_with_it(self, care):
        made = self.out(care, 3)
        assert made.status_code == 201, made.json
        assert made.json["back_at"] is None
        assert self.out(care, 3, by="carer").status_code == 403
        path = f"/outings/{made.json['id']}/back"
        early = care.post(path, {"back_at": (care.now - HOUR).isoformat()})
        assert (early.status_code, early.json["code"]) == (409, "too_early")
        back = care.post(path, {}, at=care.now + HOUR)
        assert back.status_code == 200, back.json
        again = care.post(path, {}, at=care.now + HOUR)
        assert (again.status_code, again.json["code"]) == (409, "wrong_state")
        assert care.get("outings", by="carer").json["items"] == [back.json]

    def test_is_of_a_child_who_is_there_and_ends_later(self, world, care):
        past = self.out(care, -1)
        assert (past.status_code, past.json["code"]) == (409, "in_the_past")
        other = Care(world, world.booked(arrives_at=in_days(30), departs_at=in_days(31)))
        early = self.out(other, 3)
        assert (early.status_code, early.json["code"]) == (409, "wrong_state")

    @pytest.mark.parametrize(("years", "hours"), [(8, 1), (14, 2)])
    def test_that_is_over_has_the_hub_ask_where_the_child_is(
        self, world, care, owner, told, rows, ask, years, hours
    ):
        born(owner, world, years)
        self.out(care, 3)
        ask(care.now + (3 + hours) * HOUR)
        assert told("sleepover_awaited") == set()
        for later in (MINUTE, HOUR):
            ask(care.now + (3 + hours) * HOUR + later)
            assert told("sleepover_awaited") == EVERYBODY
        assert len(rows("select from notifications where category = 'sleepover_awaited'")) == 3

    def test_asks_about_nobody_who_is_back_or_may_stay_out_longer(self, care, told, ask):
        first = self.out(care, 3).json["id"]
        self.out(care, 6, at=care.now + 2 * HOUR)
        ask(care.now + 5 * HOUR + MINUTE)
        assert told("sleepover_awaited") == set()
        assert care.post(f"/outings/{first}/back", {}).status_code == 200
        ask(care.now + 8 * HOUR + MINUTE)
        assert told("sleepover_awaited") == EVERYBODY

    def test_asks_about_nobody_who_is_back(self, care, told, ask):
        path = f"/outings/{self.out(care, 3).json['id']}/back"
        assert care.post(path, {}, at=care.now + 3 * HOUR).status_code == 200
        ask(care.now + 6 * HOUR)
        assert told("sleepover_awaited") == set()
