"""The nights on which a hub home takes no guests."""

import pytest
from uuid_utils.compat import uuid7

from hub_api.access import Role
from hub_api.constellations.changes import NightsBlocked
from tests.constellations.conftest import date_in, day, heard, one_in_the_morning, outcome, seq_of


@pytest.fixture
def path(here) -> str:
    return f"{here}/blocked-nights"


def nights(first=4, last=6, **changes):
    return {"first_night": day(first), "last_night": day(last), "reason": "leave", **changes}


class TestBlocking:
    @pytest.mark.parametrize("who", ["hub_carer", "liaison_worker"])
    def test_is_kept_and_listed(self, world, path, audited, rows, who):
        phone = world.phone(getattr(world.here, who))
        answer = phone.post(path, nights())
        assert answer.status_code == 201
        assert answer.json == {
            "id": answer.json["id"],
            "hub_home_id": str(world.here.hub_home),
            **nights(),
        }
        assert phone.get(path).json["items"] == [answer.json]
        (kept,) = rows("select * from hub_absences")
        assert kept.added_by == getattr(world.here, who)
        assert audited() == ["blocked_nights:create"]

    def test_is_announced_under_the_mutex(self, world, path, rows):
        before = seq_of(rows, world.here.hub_home)
        with heard(NightsBlocked) as changes:
            world.hub_carer.post(path, nights())
        assert changes == [NightsBlocked(world.here.hub_home, date_in(4), date_in(6))]
        assert seq_of(rows, world.here.hub_home) == before + 1

    def test_is_refused_when_somebody_knows_of_guests(self, world, path, rows):
        with heard(NightsBlocked, refuses=True):
            assert outcome(world.hub_carer.post(path, nights())) == (409, "nights_booked")
        assert rows("select 1 from hub_absences") == []

    def test_is_not_in_the_past(self, world, path):
        assert outcome(world.hub_carer.post(path, nights(-2, 6))) == (409, "in_the_past")

    def test_at_one_in_the_morning_may_begin_with_this_night(self, world, path):
        body = nights(0, 0)
        with one_in_the_morning():
            assert world.hub_carer.post(path, body).status_code == 201

    def test_lasts_a_year_at_most(self, world, path):
        assert world.hub_carer.post(path, nights(4, 4 + 366)).status_code == 422
        assert world.hub_carer.post(path, nights(4, 4 + 365)).status_code == 201

    @pytest.mark.parametrize(
        "body", [{}, nights(6, 4), nights(reason="bored"), nights(reason=None)]
    )
    def test_needs_nights_in_order_and_a_reason(self, world, path, body):
        assert world.hub_carer.post(path, body).status_code == 422

    def test_needs_a_hub_home(self, world, path, owner):
        with owner.begin() as connection:
            connection.exec_driver_sql("update hub_appointments set ends_on = now()::date")
        assert outcome(world.hub_carer.post(path, nights())) == (409, "no_hub_home")

    def test_is_listed_where_it_is(self, world, path, next_door, grant):
        grant(world.here.liaison_worker, Role.LIAISON_WORKER, constellation_id=world.elsewhere.id)
        liaison = world.phone(world.here.liaison_worker)
        blocked = liaison.post(f"{next_door}/blocked-nights", nights()).json
        assert liaison.get(path).json["items"] == []
        assert liaison.get(f"{next_door}/blocked-nights").json["items"] == [blocked]

    def test_is_not_for_carers_or_the_programme_manager(self, world, manager, path):
        for phone in (world.carer, manager):
            assert phone.post(path, nights()).status_code == 403
            assert phone.get(path).status_code == 403

    def test_is_not_for_hub_carers_of_elsewhere_who_foster_here(self, world, path, grant):
        grant(world.here.family.carer, Role.HUB_CARER, constellation_id=world.elsewhere.id)
        assert world.carer.post(path, nights()).status_code == 403
        assert world.carer.get(path).status_code == 403


class TestUnblocking:
    @pytest.fixture
    def blocked(self, world, path) -> str:
        return f"{path}/{world.hub_carer.post(path, nights()).json['id']}"

    def test_lets_guests_come_again(self, world, path, blocked, audited, rows):
        before = seq_of(rows, world.here.hub_home)
        assert world.hub_carer.send("DELETE", blocked).status_code == 204
        assert world.hub_carer.get(path).json["items"] == []
        assert audited()[-1] == "blocked_nights:delete"
        assert seq_of(rows, world.here.hub_home) == before + 1

    def test_happens_once(self, world, blocked):
        answers = [world.hub_carer.send("DELETE", blocked).status_code for _ in range(2)]
        assert answers == [204, 404]

    def test_leaves_what_was_on_record(self, world, blocked, owner):
        with owner.begin() as connection:
            connection.exec_driver_sql(
                "update hub_absences set first_night = first_night - 9, last_night = last_night - 9"
            )
        assert outcome(world.hub_carer.send("DELETE", blocked)) == (409, "in_the_past")

    def test_is_found_under_its_own_constellation_only(self, world, next_door, blocked, grant):
        grant(world.here.hub_carer, Role.HUB_CARER, constellation_id=world.elsewhere.id)
        theirs = f"{next_door}/blocked-nights/{blocked.rpartition('/')[2]}"
        assert world.hub_carer.send("DELETE", theirs).status_code == 404

    def test_of_nothing_is_not_found(self, world, path):
        assert world.hub_carer.send("DELETE", f"{path}/{uuid7()}").status_code == 404

    def test_is_not_for_carers_or_the_programme_manager(self, world, manager, blocked):
        for phone in (world.carer, manager):
            assert phone.send("DELETE", blocked).status_code == 403
