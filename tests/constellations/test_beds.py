"""The guest beds of a hub home: those that stay, and those for a while."""

import pytest
from uuid_utils.compat import uuid7

from hub_api import db
from hub_api.access import Role
from hub_api.constellations.changes import BedEnds
from tests.constellations.conftest import date_in, day, heard, one_in_the_morning, outcome, seq_of
from tests.factories.homes import beds_of
from tests.factories.world import make_bed

FOLDING = {
    "label": "Folding bed",
    "first_night": 4,
    "last_night": 5,
    "reason": "siblings_together",
}


def folding(**changes):
    sent = {**FOLDING, **changes}
    return {key: day(value) if isinstance(value, int) else value for key, value in sent.items()}


@pytest.fixture
def bed(world, here) -> str:
    """The path of the one bed here."""
    return f"{here}/beds/{world.here.beds[0]}"


@pytest.fixture
def change(liaison, rows):
    """Change a bed as its liaison worker sees it now."""

    def send(path, body, phone=liaison):
        bed_id = path.rpartition("/")[2]
        (seen,) = rows("select version from beds where id = :id", id=bed_id)
        return phone.send("PATCH", path, body, If_Match=f'"{seen.version}"')

    return send


class TestSeeing:
    def test_shows_days_bedroom_and_why_it_is_there(self, world, manager, here):
        manager.post(f"{here}/temporary-beds", folding())
        added, first = world.carer.get(f"{here}/beds").json["items"]
        assert (first["label"], first["bedroom"], first["ends_on"]) == ("bed 0", "bed 0", None)
        assert (first["starts_on"], first["temporary_reason"]) == (day(-30), None)
        assert (added["starts_on"], added["ends_on"]) == (day(4), day(6))
        assert added["temporary_reason"] == "siblings_together"

    def test_leaves_out_what_was_taken_out_of_use(self, liaison, here, bed, change):
        assert change(bed, {"ends_on": day(0)}).status_code == 200
        assert liaison.get(f"{here}/beds").json["items"] == []

    def test_is_of_the_hub_home_of_today(self, world, manager, here):
        new = {"household_id": str(world.here.family.id), "name": "New", "home_authority": "Kent"}
        manager.post(f"{here}/hub-appointments", new)
        assert world.carer.get(f"{here}/beds").json["items"] == []


class TestAdding:
    def test_adds_one_with_a_room_of_its_own(self, world, liaison, here, audited, rows):
        before = seq_of(rows, world.here.hub_home)
        answer = liaison.post(f"{here}/beds", {"label": "Blue room"})
        assert answer.status_code == 201
        made = answer.json
        assert (made["label"], made["bedroom"]) == ("Blue room", "Blue room")
        assert (made["starts_on"], made["ends_on"]) == (day(0), None)
        assert made["hub_home_id"] == str(world.here.hub_home)
        assert audited() == ["bed:create"]
        assert seq_of(rows, world.here.hub_home) == before + 1

    def test_adds_one_to_a_shared_room_from_a_day_on(self, liaison, here):
        body = {"label": "bed 1", "bedroom": "bed 0", "starts_on": day(3)}
        made = liaison.post(f"{here}/beds", body).json
        assert (made["bedroom"], made["starts_on"]) == ("bed 0", day(3))

    def test_is_to_the_hub_home_of_that_day(self, world, manager, here):
        new = {"household_id": str(world.here.family.id), "name": "New", "home_authority": "Kent"}
        appointed = manager.post(f"{here}/hub-appointments", {**new, "starts_on": day(5)}).json
        made = manager.post(f"{here}/beds", {"label": "Blue room", "starts_on": day(5)}).json
        assert made["hub_home_id"] == appointed["hub_home_id"]

    def test_a_label_is_given_once_in_a_home(self, liaison, here):
        assert outcome(liaison.post(f"{here}/beds", {"label": "bed 0"})) == (409, "label_taken")

    def test_is_not_in_the_past(self, liaison, here):
        answer = liaison.post(f"{here}/beds", {"label": "Blue", "starts_on": day(-1)})
        assert outcome(answer) == (409, "in_the_past")

    def test_needs_a_hub_home(self, liaison, here, owner):
        with owner.begin() as connection:
            connection.exec_driver_sql("update hub_appointments set ends_on = now()::date")
        assert outcome(liaison.post(f"{here}/beds", {"label": "Blue"})) == (409, "no_hub_home")

    @pytest.mark.parametrize("body", [{}, {"label": ""}, {"label": "a", "bedroom": ""}])
    def test_needs_a_label(self, liaison, here, body):
        assert liaison.post(f"{here}/beds", body).status_code == 422

    def test_is_not_for_carers(self, world, here):
        for phone in (world.carer, world.hub_carer):
            assert phone.post(f"{here}/beds", {"label": "Mine"}).status_code == 403

    def test_is_not_for_liaison_workers_of_elsewhere_who_foster_here(self, world, here, grant):
        grant(world.here.family.carer, Role.LIAISON_WORKER, constellation_id=world.elsewhere.id)
        assert world.carer.post(f"{here}/beds", {"label": "Mine"}).status_code == 403


class TestAddingForAWhile:
    def test_is_dated_and_signed(self, world, manager, here, audited, rows):
        before = seq_of(rows, world.here.hub_home)
        answer = manager.post(f"{here}/temporary-beds", folding())
        assert answer.status_code == 201
        (kept,) = rows("select * from beds where id = :id", id=answer.json["id"])
        assert str(kept.added_by) == manager.get("/me").json["id"]
        assert (kept.starts_on, kept.ends_on) == (date_in(4), date_in(6))
        assert audited() == ["temporary_bed:create"]
        assert seq_of(rows, world.here.hub_home) == before + 1

    def test_is_there_on_its_nights_only(self, world, manager, here, owner):
        made = manager.post(f"{here}/temporary-beds", folding()).json["id"]
        with db.transaction(owner):
            found = [
                made in map(str, beds_of(world.here.hub_home, date_in(days)))
                for days in (3, 4, 5, 6)
            ]
        assert found == [False, True, True, False]

    def test_is_for_the_programme_manager(self, world, liaison, here):
        for phone in (liaison, world.hub_carer, world.carer):
            assert phone.post(f"{here}/temporary-beds", folding()).status_code == 403

    @pytest.mark.parametrize(
        "changes",
        [
            {"last_night": 3},
            {"last_night": 4 + 366},
            {"reason": "because"},
            {"reason": None},
            {"first_night": None},
        ],
    )
    def test_needs_its_nights_and_a_reason(self, manager, here, changes):
        assert manager.post(f"{here}/temporary-beds", folding(**changes)).status_code == 422

    def test_may_last_a_year(self, manager, here):
        answer = manager.post(f"{here}/temporary-beds", folding(last_night=4 + 365))
        assert answer.status_code == 201

    def test_is_not_in_the_past(self, manager, here):
        answer = manager.post(f"{here}/temporary-beds", folding(first_night=-2))
        assert outcome(answer) == (409, "in_the_past")

    def test_at_one_in_the_morning_may_still_be_for_this_night(self, world, here):
        body = folding(first_night=0, last_night=0)
        with one_in_the_morning():
            manager = world.phone(world.staff[Role.PROGRAMME_MANAGER])
            assert manager.post(f"{here}/temporary-beds", body).status_code == 201

    def test_is_made_longer_by_a_programme_manager_only(self, manager, liaison, here, change):
        made = manager.post(f"{here}/temporary-beds", folding()).json
        path, longer = f"{here}/beds/{made['id']}", {"ends_on": day(20)}
        assert change(path, longer, liaison).status_code == 403
        assert change(path, longer, manager).json["ends_on"] == day(20)


class TestChanging:
    def test_renames_it(self, bed, change, audited):
        answer = change(bed, {"label": "Blue room"})
        assert (answer.status_code, answer.json["label"]) == (200, "Blue room")
        assert answer.json["version"] == 2
        assert audited() == ["bed:change"]

    def test_takes_it_out_of_use_from_a_day_on(self, world, bed, change, owner):
        assert change(bed, {"ends_on": day(3)}).json["ends_on"] == day(3)
        with db.transaction(owner):
            assert beds_of(world.here.hub_home, date_in(2)) == world.here.beds
            assert beds_of(world.here.hub_home, date_in(3)) == []

    def test_takes_one_added_by_mistake_out_at_once(self, liaison, here, change):
        made = liaison.post(f"{here}/beds", {"label": "Oops", "starts_on": day(5)}).json
        path = f"{here}/beds/{made['id']}"
        assert outcome(change(path, {"ends_on": day(4)})) == (409, "ends_too_early")
        assert change(path, {"ends_on": day(5)}).status_code == 200

    def test_announces_its_end_when_it_comes_sooner_only(self, world, bed, change, rows):
        before = seq_of(rows, world.here.hub_home)
        with heard(BedEnds) as changes:
            for days in (9, 5, 7):
                change(bed, {"ends_on": day(days)})
        home, (first,) = world.here.hub_home, world.here.beds
        assert changes == [BedEnds(home, first, date_in(9)), BedEnds(home, first, date_in(5))]
        assert seq_of(rows, home) == before + 3

    def test_announces_that_it_shares_a_room_from_now_on(self, world, bed, change, owner):
        with db.transaction(owner) as session:
            session.add(make_bed(world.here, "other"))
        with heard(BedEnds) as changes:
            assert change(bed, {"bedroom": "attic"}).status_code == 200
            assert changes == []
            assert change(bed, {"bedroom": "other"}).json["bedroom"] == "other"
            assert change(bed, {"bedroom": "other"}).status_code == 200
        assert changes == [BedEnds(world.here.hub_home, world.here.beds[0], date_in(0))]

    def test_shares_no_room_with_a_bed_that_is_gone(self, world, bed, change, owner):
        with db.transaction(owner) as session:
            session.add(make_bed(world.here, "other", ends_on=date_in(0)))
        with heard(BedEnds) as changes:
            change(bed, {"bedroom": "other"})
        assert changes == []

    @pytest.mark.parametrize("body", [{"ends_on": 3}, {"bedroom": "other"}])
    def test_is_refused_when_somebody_knows_of_guests(self, world, bed, change, owner, rows, body):
        with db.transaction(owner) as session:
            session.add(make_bed(world.here, "other"))
        sent = {key: day(value) if value == 3 else value for key, value in body.items()}
        with heard(BedEnds, refuses=True):
            assert outcome(change(bed, sent)) == (409, "nights_booked")
        (kept,) = rows("select * from beds where id = :id", id=world.here.beds[0])
        assert (kept.bedroom, kept.ends_on) == ("bed 0", None)

    def test_is_not_in_the_past(self, bed, change):
        assert outcome(change(bed, {"ends_on": day(-1)})) == (409, "ends_too_early")

    def test_is_over_once_it_is_out_of_use(self, bed, change):
        assert change(bed, {"ends_on": day(0)}).status_code == 200
        assert outcome(change(bed, {"ends_on": day(9)})) == (409, "wrong_state")

    def test_a_label_is_given_once_in_a_home(self, world, bed, change, owner):
        with db.transaction(owner) as session:
            session.add(make_bed(world.here, "other"))
        assert outcome(change(bed, {"label": "other"})) == (409, "label_taken")

    def test_needs_the_version_seen(self, liaison, bed):
        assert liaison.send("PATCH", bed, {"label": "Blue"}).status_code == 428
        assert liaison.send("PATCH", bed, {"label": "Blue"}, If_Match='"7"').status_code == 412

    @pytest.mark.parametrize("body", [{}, {"label": None}, {"ends_on": None}, {"reason": "x"}])
    def test_needs_something_to_change(self, bed, change, body):
        assert change(bed, body).status_code == 422

    def test_is_found_under_its_own_constellation_only(self, manager, next_door, bed, change):
        theirs = f"{next_door}/beds/{bed.rpartition('/')[2]}"
        assert change(theirs, {"label": "Blue"}, manager).status_code == 404

    def test_of_no_bed_is_not_found(self, liaison, here):
        path = f"{here}/beds/{uuid7()}"
        assert liaison.send("PATCH", path, {"label": "Blue"}, If_Match='"1"').status_code == 404

    def test_is_not_for_carers(self, world, bed, change):
        for phone in (world.carer, world.hub_carer):
            assert change(bed, {"label": "Mine"}, phone).status_code == 403
