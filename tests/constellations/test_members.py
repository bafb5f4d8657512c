"""Households that join a constellation, leave it, or move to another."""

from uuid import UUID

import pytest
from uuid_utils.compat import uuid7

from hub_api import db
from hub_api.access import Role
from hub_api.constellations import service
from hub_api.constellations.changes import MembershipEnds
from hub_api.errors import Conflict
from hub_api.households import service as households
from tests.constellations.conftest import date_in, day, heard, outcome, seq_of


@pytest.fixture
def newcomers(world, owner) -> UUID:
    """A household here that belongs to the constellation not yet."""
    with db.transaction(owner):
        return households.add_household(world.here.id, "Newcomers").id


@pytest.fixture
def membership(world, here, rows) -> str:
    """The path of the family's membership."""
    (kept,) = rows("select id from memberships where household_id = :id", id=world.here.family.id)
    return f"{here}/memberships/{kept.id}"


def memberships_of(rows, household_id):
    found = rows(
        "select constellation_id, starts_on, ends_on from memberships"
        " where household_id = :id order by starts_on",
        id=household_id,
    )
    return [tuple(row) for row in found]


class TestJoining:
    def test_is_from_today_on_unless_said_otherwise(self, liaison, here, newcomers, audited):
        answer = liaison.post(f"{here}/memberships", {"household_id": str(newcomers)})
        assert answer.status_code == 201
        assert answer.json == {
            "id": answer.json["id"],
            "household_id": str(newcomers),
            "starts_on": day(0),
            "ends_on": None,
        }
        assert audited() == ["membership:create"]

    def test_may_be_later(self, manager, here, newcomers):
        body = {"household_id": str(newcomers), "starts_on": day(9)}
        assert manager.post(f"{here}/memberships", body).json["starts_on"] == day(9)

    def test_is_not_in_the_past(self, liaison, here, newcomers):
        body = {"household_id": str(newcomers), "starts_on": day(-1)}
        assert outcome(liaison.post(f"{here}/memberships", body)) == (409, "in_the_past")

    @pytest.mark.parametrize("starts_on", [0, 9])
    def test_is_done_once(self, world, liaison, here, starts_on):
        body = {"household_id": str(world.here.family.id), "starts_on": day(starts_on)}
        assert outcome(liaison.post(f"{here}/memberships", body)) == (409, "already_a_member")

    def test_of_a_household_elsewhere_is_not_found(self, world, liaison, manager, here):
        for phone in (liaison, manager):
            for household in (world.elsewhere.family.id, uuid7()):
                body = {"household_id": str(household)}
                assert phone.post(f"{here}/memberships", body).status_code == 404

    def test_of_one_that_has_left_the_service_is_refused(self, liaison, here, newcomers, owner):
        with owner.begin() as connection:
            closed = "update households set closed_on = now()::date where id = %s"
            connection.exec_driver_sql(closed, (newcomers,))
        answer = liaison.post(f"{here}/memberships", {"household_id": str(newcomers)})
        assert outcome(answer) == (409, "household_closed")

    def test_is_not_for_carers(self, world, here, newcomers):
        for phone in (world.carer, world.hub_carer):
            answer = phone.post(f"{here}/memberships", {"household_id": str(newcomers)})
            assert answer.status_code == 403

    def test_is_not_for_liaison_workers_of_elsewhere_who_foster_here(
        self, world, here, newcomers, grant
    ):
        grant(world.here.family.carer, Role.LIAISON_WORKER, constellation_id=world.elsewhere.id)
        answer = world.carer.post(f"{here}/memberships", {"household_id": str(newcomers)})
        assert answer.status_code == 403


class TestLeaving:
    def test_is_on_a_day(self, liaison, membership, audited):
        answer = liaison.send("PATCH", membership, {"ends_on": day(5)})
        assert (answer.status_code, answer.json["ends_on"]) == (200, day(5))
        assert audited() == ["membership:end"]

    def test_is_announced_under_the_mutex_when_it_comes_sooner_only(
        self, world, liaison, membership, rows
    ):
        before = seq_of(rows, world.here.hub_home)
        with heard(MembershipEnds) as changes:
            for days in (9, 5, 7):
                liaison.send("PATCH", membership, {"ends_on": day(days)})
        ends = [MembershipEnds(world.here.family.id, world.here.id, date_in(n)) for n in (9, 5)]
        assert changes == ends
        assert seq_of(rows, world.here.hub_home) == before + 3

    def test_is_refused_when_somebody_knows_of_stays(self, liaison, membership):
        with heard(MembershipEnds, refuses=True):
            answer = liaison.send("PATCH", membership, {"ends_on": day(5)})
        assert outcome(answer) == (409, "stays_ahead")

    def test_is_today_at_the_earliest(self, liaison, membership):
        answer = liaison.send("PATCH", membership, {"ends_on": day(-1)})
        assert outcome(answer) == (409, "ends_too_early")

    def test_is_not_on_the_day_of_joining(self, liaison, here, newcomers):
        joined = liaison.post(f"{here}/memberships", {"household_id": str(newcomers)}).json
        path = f"{here}/memberships/{joined['id']}"
        answer = liaison.send("PATCH", path, {"ends_on": day(0)})
        assert outcome(answer) == (409, "ends_too_early")
        assert liaison.send("PATCH", path, {"ends_on": day(1)}).status_code == 200

    def test_is_final(self, liaison, membership):
        assert liaison.send("PATCH", membership, {"ends_on": day(0)}).status_code == 200
        answer = liaison.send("PATCH", membership, {"ends_on": day(9)})
        assert outcome(answer) == (409, "wrong_state")

    def test_closes_the_constellation_to_its_carer(self, world, liaison, here, membership):
        assert world.carer.get(here).status_code == 200
        liaison.send("PATCH", membership, {"ends_on": day(0)})
        assert world.carer.get(here).status_code == 404

    def test_is_found_under_its_own_constellation_only(self, manager, next_door, membership):
        theirs = f"{next_door}/memberships/{membership.rpartition('/')[2]}"
        assert manager.send("PATCH", theirs, {"ends_on": day(5)}).status_code == 404

    def test_is_not_for_carers(self, world, membership):
        for phone in (world.carer, world.hub_carer):
            assert phone.send("PATCH", membership, {"ends_on": day(5)}).status_code == 403


class TestMoving:
    """What `POST /households/{id}/move` calls."""

    def move(self, owner, world, household_id, days=0):
        with db.transaction(owner):
            service.move_member(household_id, world.here.id, world.elsewhere.id, date_in(days))

    def test_ends_one_membership_and_begins_the_next(self, world, owner, rows):
        self.move(owner, world, world.here.family.id)
        assert memberships_of(rows, world.here.family.id) == [
            (world.here.id, date_in(-30), date_in(0)),
            (world.elsewhere.id, date_in(0), None),
        ]

    def test_ends_one_that_was_to_end_later(self, world, owner, rows):
        with owner.begin() as connection:
            connection.exec_driver_sql("update memberships set ends_on = now()::date + 9")
        self.move(owner, world, world.here.family.id)
        assert memberships_of(rows, world.here.family.id)[0][2] == date_in(0)

    def test_takes_in_a_household_that_belonged_nowhere(self, world, owner, newcomers, rows):
        self.move(owner, world, newcomers)
        assert memberships_of(rows, newcomers) == [(world.elsewhere.id, date_in(0), None)]

    @pytest.mark.parametrize("joined", [0, 3])
    def test_is_not_on_the_day_of_joining(self, world, owner, newcomers, rows, joined):
        with db.transaction(owner):
            service.add_member(world.here.id, newcomers, date_in(joined))
        with pytest.raises(Conflict) as refused:
            self.move(owner, world, newcomers)
        assert refused.value.code == "joined_today"
        assert len(memberships_of(rows, newcomers)) == 1

    def test_is_not_to_a_closed_constellation(self, world, owner, rows):
        with owner.begin() as connection:
            connection.exec_driver_sql("update constellations set closed_on = now()::date")
        with pytest.raises(Conflict) as refused:
            self.move(owner, world, world.here.family.id)
        assert refused.value.code == "constellation_closed"
        assert len(memberships_of(rows, world.here.family.id)) == 1


class TestTakingBack:
    @pytest.fixture
    def to_come(self, liaison, here, newcomers) -> str:
        body = {"household_id": str(newcomers), "starts_on": day(9)}
        return f"{here}/memberships/{liaison.post(f'{here}/memberships', body).json['id']}"

    def test_leaves_nothing_but_the_record_of_it(
        self, liaison, here, newcomers, to_come, audited, rows
    ):
        assert liaison.send("DELETE", to_come).status_code == 204
        assert memberships_of(rows, newcomers) == []
        assert audited() == ["membership:create", "membership:withdraw"]
        assert liaison.send("DELETE", to_come).status_code == 404
        again = {"household_id": str(newcomers)}
        assert liaison.post(f"{here}/memberships", again).status_code == 201

    def test_is_announced_under_the_mutex(self, world, manager, newcomers, to_come, rows):
        before = seq_of(rows, world.here.hub_home)
        with heard(MembershipEnds) as changes:
            manager.send("DELETE", to_come)
        assert changes == [MembershipEnds(newcomers, world.here.id, date_in(9))]
        assert seq_of(rows, world.here.hub_home) == before + 1

    def test_is_refused_when_somebody_knows_of_stays(self, liaison, to_come):
        with heard(MembershipEnds, refuses=True):
            assert outcome(liaison.send("DELETE", to_come)) == (409, "stays_ahead")

    def test_is_refused_once_it_has_begun(self, liaison, here, newcomers, membership):
        today = liaison.post(f"{here}/memberships", {"household_id": str(newcomers)}).json["id"]
        for path in (membership, f"{here}/memberships/{today}"):
            assert outcome(liaison.send("DELETE", path)) == (409, "wrong_state")

    def test_is_found_under_its_own_constellation_only(self, manager, next_door, to_come):
        elsewhere = f"{next_door}/memberships/{to_come.rpartition('/')[2]}"
        assert manager.send("DELETE", elsewhere).status_code == 404

    def test_is_not_for_carers(self, world, to_come):
        for phone in (world.carer, world.hub_carer):
            assert phone.send("DELETE", to_come).status_code == 403
