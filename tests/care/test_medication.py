"""The medication record: as prescribed, to the child it is prescribed to, once (NMS 6)."""

from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID

import psycopg
import pytest
import sqlalchemy as sa
from psycopg import errors as pg
from sqlalchemy.exc import IntegrityError
from uuid_utils.compat import uuid7

from hub_api import clock, db
from hub_api.care.medication import refuse_other_times
from hub_api.errors import Conflict
from hub_api.packs.prescribed import Prescribed
from hub_api.sleepovers.models import Sleepover
from tests.care.conftest import HOUR, Care
from tests.factories.packs import make_medicine
from tests.sleepovers.stays import act, arrival, brought_to, departure

DAY = timedelta(days=1)


@pytest.fixture
def medicine(owner):
    """A medicine of the child of a stay: as needed, unless its changes say when."""

    def make(care, **changes):
        with db.transaction(owner) as session:
            stay = session.get_one(Sleepover, UUID(care.stay["id"]))
            since = clock.london_date(stay.arrives_at) - 30 * DAY
            prescribed = {"times_of_day": [], "starts_on": since} | changes
            return str(make_medicine(stay.child_id, care.account("carer"), **prescribed).id)

    return make


@pytest.fixture
def nightly(medicine):
    """One that is given at ten at night in London."""
    return lambda care, **changes: medicine(care, times_of_day=[time(22)], **changes)


def due(care, hour=22):
    return clock.london_instant(clock.london_date(arrival(care.stay)), time(hour))


def dose(medicine_id, **changes):
    found = {"medicine_id": medicine_id, "outcome": "given", **changes}
    return {k: v.isoformat() if isinstance(v, datetime) else v for k, v in found.items()}


def refused(answer):
    return (answer.status_code, answer.json.get("code"))


class TestADose:
    def test_is_given_as_prescribed(self, care, nightly):
        at = due(care)
        body = dose(nightly(care), due_at=at)
        answer = care.post("medication", body, at=at + HOUR / 6)
        assert answer.status_code == 201, answer.json
        assert datetime.fromisoformat(answer.json["given_at"]) == at + HOUR / 6
        assert answer.json["written_by"] == str(care.account("hub_carer"))
        for by in ("carer", "liaison_worker", "hub_carer"):
            assert care.get("medication", by=by, at=at + HOUR).json["items"] == [answer.json]

    def test_is_given_as_needed_any_number_of_times(self, care, medicine):
        syrup = medicine(care)
        for _ in range(2):
            assert care.post("medication", dose(syrup)).status_code == 201

    @pytest.mark.parametrize("outcome", ["missed", "refused"])
    def test_that_was_not_given_says_why(self, care, nightly, rows, outcome):
        at, tablet = due(care), nightly(care)
        body = dose(tablet, due_at=at, outcome=outcome)
        assert care.post("medication", body, at=at + HOUR).status_code == 422
        said = {**body, "why": "Was asleep already."}
        timed = {**said, "given_at": at.isoformat()}
        assert care.post("medication", timed, at=at + HOUR).status_code == 422
        answer = care.post("medication", said, at=at + HOUR)
        assert (answer.status_code, answer.json["why"]) == (201, "Was asleep already.")
        assert b"asleep" not in bytes(rows("select why from medication_records")[0].why)

    def test_is_recorded_once(self, care, nightly):
        at, tablet = due(care), nightly(care)
        assert care.post("medication", dose(tablet, due_at=at), at=at).status_code == 201
        again = care.post("medication", dose(tablet, due_at=at), by="liaison_worker", at=at + HOUR)
        assert refused(again) == (409, "already_recorded")

    @pytest.mark.parametrize("outcome", ["missed", "refused"])
    def test_that_is_taken_after_all_is_recorded_beside_it(self, care, nightly, outcome):
        at, tablet = due(care), nightly(care)
        body = dose(tablet, due_at=at, outcome=outcome, why="Spat it out.")
        first = care.post("medication", body, at=at).json
        again = care.post("medication", body, at=at)
        assert refused(again) == (409, "already_recorded")
        assert again.json["record_id"] == first["id"]
        taken = care.post("medication", dose(tablet, due_at=at), at=at + HOUR)
        assert taken.status_code == 201, taken.json
        shown = care.get("medication", at=at + HOUR).json["items"]
        assert shown == [taken.json, first]
        for sent in (dose(tablet, due_at=at), body):
            third = care.post("medication", sent, at=at + HOUR)
            assert refused(third) == (409, "already_recorded")
            assert third.json["record_id"] == taken.json["id"]
        # Nor does a correction of the first say that it was given twice.
        both = dose(tablet, due_at=at, given_at=at, corrects=first["id"], why="It was given.")
        twice = care.post("medication", both, at=at + HOUR)
        assert refused(twice) == (409, "already_recorded")
        assert twice.json["record_id"] == taken.json["id"]

    def test_of_another_stay_is_not_named_but_stands_in_the_way(self, world, care, nightly, owner):
        at, tablet = due(care), nightly(care)
        other = Care(world, brought_to(world, "in_stay", days=30))
        care.post("medication", dose(tablet, due_at=at), at=at)
        with owner.begin() as connection:
            move = sa.text("update medication_records set sleepover_id = :id")
            connection.execute(move, {"id": other.stay["id"]})
        again = care.post("medication", dose(tablet, due_at=at), at=at)
        assert refused(again) == (409, "already_recorded")
        assert "record_id" not in again.json

    def test_is_not_for_the_childs_carers_to_record(self, care, medicine):
        assert care.post("medication", dose(medicine(care)), by="carer").status_code == 403


class TestACorrection:
    WRONG = {"outcome": "missed", "why": "Was asleep: I ticked the wrong box."}  # noqa: RUF012

    def test_stands_beside_what_it_corrects_and_counts_from_then_on(self, care, nightly):
        at, tablet = due(care), nightly(care)
        first = care.post("medication", dose(tablet, due_at=at), at=at).json
        body = dose(tablet, due_at=at, corrects=first["id"]) | self.WRONG
        second = care.post("medication", body, by="liaison_worker", at=at + HOUR)
        assert second.status_code == 201, second.json
        assert (second.json["corrects"], second.json["corrected_by"]) == (first["id"], None)
        shown = care.get("medication", by="carer", at=at + HOUR).json["items"]
        assert shown == [second.json, first | {"corrected_by": second.json["id"]}]
        again = care.post("medication", body, at=at + HOUR)
        assert refused(again) == (409, "already_corrected")
        # What turns out to have been right after all corrects the correction.
        right = dose(tablet, due_at=at, corrects=second.json["id"], given_at=at, why="It was.")
        assert care.post("medication", right, at=at + HOUR).status_code == 201
        assert care.post("medication", dose(tablet, due_at=at), at=at + HOUR).status_code == 409

    def test_says_why(self, care, medicine):
        syrup = medicine(care)
        first = care.post("medication", dose(syrup)).json["id"]
        silent = dose(syrup, corrects=first)
        assert care.post("medication", silent).json["errors"].keys() == {"why"}
        about_nothing = dose(syrup, outcome="recorded_in_error", why="Twice.")
        assert care.post("medication", about_nothing).json["errors"].keys() == {"corrects"}

    def test_in_error_leaves_room_for_the_dose(self, care, nightly):
        at, tablet = due(care), nightly(care)
        early = dose(tablet, due_at=at, given_at=at - HOUR / 2)
        slip = care.post("medication", early, at=at - HOUR / 2).json
        never = {"outcome": "recorded_in_error", "why": "Not yet.", "corrects": slip["id"]}
        error = care.post("medication", dose(tablet, due_at=at) | never, at=at - HOUR / 3)
        assert error.status_code == 201
        real = care.post("medication", dose(tablet, due_at=at), at=at)
        assert real.status_code == 201, real.json
        # The error stays one: the dose is given once.
        back = dose(tablet, due_at=at, corrects=error.json["id"], why="It was, though.")
        assert refused(care.post("medication", back, at=at)) == (409, "already_recorded")
        gone = dose(tablet, due_at=at) | never | {"corrects": real.json["id"]}
        assert care.post("medication", gone, at=at).status_code == 201
        assert care.post("medication", back, at=at).status_code == 201

    def test_may_come_once_the_stay_is_closed_and_says_there_was_no_dose(
        self, world, care, medicine, tasks
    ):
        syrup, leaves = medicine(care), departure(care.stay)
        for kind, counted in (("handover", 6), ("return", 6)):
            body = {"kind": kind, "counts": [{"medicine_id": syrup, "counted": counted}]}
            assert care.post("handovers", body, by="carer").status_code == 201
        first = care.post("medication", dose(syrup)).json
        assert [state for state, _ in tasks("medicines_differ")] == ["open"]
        for verb, body in (("return", {}), ("close", None)):
            assert act(world, care.stay, verb, body, at=leaves).status_code == 200
        never = dose(syrup, outcome="recorded_in_error", why="Twice.", corrects=first["id"])
        assert care.post("medication", never, at=leaves + HOUR).status_code == 201
        assert [state for state, _ in tasks("medicines_differ")] == ["settled"]

    def test_is_about_the_same_dose(self, world, care, medicine, nightly):
        syrup, tablet, at = medicine(care), nightly(care), due(care)
        first = care.post("medication", dose(tablet, due_at=at), at=at).json["id"]
        for body in (
            dose(syrup, corrects=first, why="Wrong one.", given_at=at),
            dose(tablet, due_at=at + DAY, corrects=first, why="Wrong day."),
        ):
            assert refused(care.post("medication", body, at=at + DAY)) == (409, "another_dose")
        other = Care(world, brought_to(world, "in_stay", days=30))
        elsewhere = dose(tablet, due_at=due(other), corrects=first, why="Wrong stay.")
        assert other.post("medication", elsewhere, at=due(other)).status_code == 404


class TestAMedicineOfAnotherChild:
    def test_is_not_there(self, world, care, medicine):
        sister = str(world.here.family.children[1])
        other = Care(world, brought_to(world, "in_stay", days=30, children=[sister]))
        theirs = medicine(other)
        assert care.post("medication", dose(theirs)).status_code == 404
        assert care.post("medication", dose(str(uuid7()))).status_code == 404
        assert other.post("medication", dose(theirs)).status_code == 201

    @pytest.mark.parametrize("column", ["child_id", "medicine_id", "sleepover_id"])
    def test_can_not_be_in_the_database(self, world, care, medicine, owner, column):
        sister = str(world.here.family.children[1])
        other = Care(world, brought_to(world, "in_stay", days=30, children=[sister]))
        care.post("medication", dose(medicine(care)))
        values = {
            "child_id": sister, "medicine_id": medicine(other), "sleepover_id": other.stay["id"]
        }  # fmt: skip
        change = sa.text(f"update medication_records set {column} = :value")
        with owner.connect() as connection, pytest.raises(IntegrityError):
            connection.execute(change, {"value": values[column]})


class TestWhatIsNotPrescribed:
    def test_for_that_time_is_refused(self, care, nightly, medicine):
        tablet, at = nightly(care), due(care)
        for when in (at + HOUR, None):
            answer = care.post("medication", dose(tablet, due_at=when), at=at + HOUR)
            assert refused(answer) == (409, "not_due_then")
        needed = dose(medicine(care), due_at=at)
        assert refused(care.post("medication", needed, at=at)) == (409, "not_due_then")

    def test_for_that_day_is_refused(self, care, medicine):
        today = clock.london_date(care.now)
        for dates, status in (
            ({"starts_on": today}, 201),
            ({"starts_on": today + DAY}, 409),
            ({"starts_on": today - DAY, "ends_on": today}, 409),
            ({"starts_on": today, "ends_on": today}, 409),
            ({"starts_on": today - DAY, "ends_on": today + DAY}, 201),
        ):
            answer = care.post("medication", dose(medicine(care, **dates)))
            assert (dates, answer.status_code) == (dates, status)

    @pytest.mark.parametrize(
        ("late", "wanted"),
        [(timedelta(hours=12), (201, None)), (timedelta(hours=12, seconds=1), (409, "too_late"))],
    )
    def test_given_late_is_refused_but_recorded_as_missed(self, care, nightly, late, wanted):
        at, tablet = due(care), nightly(care)
        given = care.post("medication", dose(tablet, due_at=at), at=at + late)
        assert refused(given) == wanted
        if given.status_code == 409:
            assert "pharmacist" in given.json["detail"]
            missed = dose(tablet, due_at=at, outcome="missed", why="We forgot; 111 said to wait.")
            assert care.post("medication", missed, at=at + late).status_code == 201

    def test_given_on_a_day_after_its_last_is_refused(self, care, nightly):
        at = due(care)
        last = nightly(care, ends_on=clock.london_date(at) + DAY)
        answer = care.post("medication", dose(last, due_at=at), at=at + 3 * HOUR)
        assert refused(answer) == (409, "not_prescribed")

    def test_after_it_was_stopped_that_day_is_refused_and_before_is_not(self, care, medicine):
        """The child's carer stops it at once; what was given that day is still put down, or put
        right."""
        one, two = medicine(care), medicine(care)
        done = care.post("medication", dose(one)).json
        given_at, stopped_at = care.now - HOUR / 2, care.now + HOUR
        today = {"ends_on": clock.london_date(stopped_at).isoformat()}
        for id_ in (one, two):
            path = f"/medicines/{id_}/end"
            stop = care.post(path, today, by="carer", at=stopped_at, If_Match='"1"')
            assert stop.status_code == 200, stop.json
        later = stopped_at + HOUR / 2
        assert refused(care.post("medication", dose(two), at=later)) == (409, "not_prescribed")
        earlier = care.post("medication", dose(two, given_at=given_at), at=later)
        assert earlier.status_code == 201
        gone = dose(one, outcome="recorded_in_error", why="Spat it out.", corrects=done["id"])
        assert care.post("medication", gone, at=later).status_code == 201

    def test_a_correction_comes_after_the_medicine_ended_as_well(self, care, nightly, owner):
        at, tablet = due(care), nightly(care)
        done = care.post("medication", dose(tablet, due_at=at), at=at).json
        with owner.begin() as connection:
            connection.execute(sa.text("update medicines set ends_on = starts_on"))
        spat = dose(tablet, due_at=at, outcome="refused", why="Spat it.", corrects=done["id"])
        assert care.post("medication", spat, at=at + HOUR).status_code == 201

    def test_before_it_is_due_or_outside_the_stay_is_refused(self, care, nightly):
        tablet, at = nightly(care), due(care)
        early = care.post("medication", dose(tablet, due_at=at), at=at - 2 * HOUR)
        assert refused(early) == (409, "in_the_future")
        before = dose(tablet, due_at=at - DAY, given_at=care.now)
        assert refused(care.post("medication", before)) == (409, "before_arrival")
        missed = dose(tablet, due_at=at, outcome="missed", why="Asleep.")
        assert refused(care.post("medication", missed)) == (409, "in_the_future")

    def test_after_the_child_went_home_is_refused(self, world, care, nightly):
        tablet, leaves = nightly(care), departure(care.stay)
        assert act(world, care.stay, "return", {}, at=leaves).status_code == 200
        later = due(care) + DAY
        answer = care.post("medication", dose(tablet, due_at=later), at=later)
        assert refused(answer) == (409, "after_return")

    def test_given_after_the_child_went_home_is_refused(self, world, care, medicine):
        syrup, leaves = medicine(care), departure(care.stay)
        assert act(world, care.stay, "return", {}, at=leaves).status_code == 200
        late = care.post("medication", dose(syrup), at=leaves + HOUR)
        assert refused(late) == (409, "after_return")
        then = dose(syrup, given_at=leaves)
        assert care.post("medication", then, at=leaves + HOUR).status_code == 201

    def test_before_the_stay_is_refused(self, world, medicine):
        care = Care(world, world.booked())
        answer = care.post("medication", dose(medicine(care)), at=arrival(care.stay))
        assert refused(answer) == (409, "wrong_state")


@pytest.mark.parametrize(
    ("day", "hour_in_utc"),
    [(date(2026, 3, 29), 7), (date(2026, 3, 28), 8), (date(2026, 10, 25), 8)],
)
def test_times_of_the_day_are_londons_when_the_clocks_change(day, hour_in_utc):
    morning = Prescribed(uuid7(), date(2026, 1, 1), None, (time(8),), as_needed=False)
    at = datetime.combine(day, time(hour_in_utc), tzinfo=UTC)
    refuse_other_times(morning, at, at)
    with pytest.raises(Conflict):
        refuse_other_times(morning, at + HOUR, at)


def test_nobody_changes_a_record(care, medicine, settings):
    care.post("medication", dose(medicine(care)))
    for change in ("update medication_records set outcome = 'given'", "delete from debriefs"):
        url = settings.required_database().api
        with psycopg.connect(url) as connection, pytest.raises(pg.InsufficientPrivilege):
            connection.execute(change)
