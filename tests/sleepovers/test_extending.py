"""A stay that lasts longer than agreed."""

from datetime import datetime, timedelta

import pytest

from hub_api import child_keys, db
from hub_api.access import Role
from hub_api.encryption import Ciphertext
from hub_api.sleepovers.checks import Waiver
from hub_api.sleepovers.models import CheckOverride
from hub_api.sleepovers.service import overrides_in_force
from tests.factories.world import make_bed
from tests.phone import in_days
from tests.sleepovers.stays import act, arrival, begun, departure, nights

DAY = timedelta(days=1)


def until(days, **more):
    return {"departs_at": in_days(days, hour=10), **more}


class TestExtend:
    @pytest.mark.parametrize("made", ["confirmed", "in_stay"])
    def test_adds_the_nights_in_the_same_bed_and_tells_both_homes(self, world, rows, owner, made):
        with db.transaction(owner) as session:
            session.add(make_bed(world.here, "a spare one"))
        stay = begun(world) if made == "in_stay" else world.booked()
        answer = act(world, stay, "extend", until(10), at=arrival(stay) + DAY / 4)
        assert (answer.status_code, answer.json["state"]) == (200, made)
        assert (
            datetime.fromisoformat(answer.json["departs_at"]).day == (departure(stay) + 2 * DAY).day
        )
        assert len(nights(answer.json)) == 3
        assert len({held["bed_id"] for held in answer.json["bed_nights"]}) == 1
        told = rows("select account_id from notifications where category = 'sleepover_extended'")
        assert {row.account_id for row in told} == {world.here.family.carer}

    def test_keeps_the_checks_with_the_request(self, world, rows):
        stay = begun(world)
        act(world, stay, "extend", until(10), at=arrival(stay) + DAY / 4)
        (decision,) = rows("select * from respite_decisions where decision = 'extended'")
        assert (decision.decided_by, str(decision.request_id)) == (
            world.here.hub_carer,
            stay["request_id"],
        )
        assert {check["code"] for check in decision.checks} >= {"length", "guest_bed"}
        (audited,) = rows("select * from audit_events where action = 'sleepover:extend'")
        assert audited.changed == ["departs_at", "bed_nights"]

    def test_into_the_afternoon_holds_no_night_more(self, world):
        stay = begun(world)
        body = {"departs_at": in_days(8, hour=18)}
        answer = act(world, stay, "extend", body, at=arrival(stay) + DAY / 4)
        assert (answer.status_code, nights(answer.json)) == (200, nights(stay))

    def test_changes_the_bed_when_that_is_the_only_way(self, world, owner):
        stay = begun(world)
        _neighbour_takes_the_bed(world, 8)
        with db.transaction(owner) as session:
            spare = make_bed(world.here, "a spare one")
            session.add(spare)
            session.flush()
            spare_id = str(spare.id)
        answer = act(world, stay, "extend", until(10), at=arrival(stay) + DAY / 4)
        assert answer.json["bed_nights"][0] == stay["bed_nights"][0], "the old night stays"
        assert [held["bed_id"] for held in answer.json["bed_nights"][1:]] == [spare_id, spare_id]

    def test_is_refused_without_a_bed(self, world, rows):
        stay = begun(world)
        _neighbour_takes_the_bed(world, 8)
        answer = act(world, stay, "extend", until(9), at=arrival(stay) + DAY / 4)
        assert (answer.status_code, answer.json["code"]) == (409, "nights_taken")
        assert len(rows("select 1 from bed_nights")) == 2

    def test_is_refused_when_it_is_not_later_or_has_passed(self, world):
        stay = begun(world)
        body = {"departs_at": stay["departs_at"]}
        answer = act(world, stay, "extend", body, at=arrival(stay))
        assert (answer.status_code, answer.json["code"]) == (409, "not_later")
        answer = act(world, stay, "extend", until(9), at=arrival(stay) + 3 * DAY)
        assert (answer.status_code, answer.json["code"]) == (409, "in_the_past")

    def test_is_refused_for_a_slip_of_the_finger(self, world):
        stay = begun(world)
        body = {"departs_at": "2099-01-01T10:00:00Z"}
        answer = act(world, stay, "extend", body, at=arrival(stay), by="liaison_worker")
        assert (answer.status_code, answer.json["code"]) == (409, "stay_too_long")

    def test_is_refused_where_another_hub_home_serves_by_then(self, world, owner):
        stay = begun(world)
        with owner.begin() as connection:
            connection.exec_driver_sql(
                "update hub_appointments set ends_on = %s where constellation_id = %s",
                (arrival(stay).date() + DAY, world.here.id),
            )
        answer = act(world, stay, "extend", until(9), at=arrival(stay) + DAY / 4)
        assert (answer.status_code, answer.json["code"]) == (409, "no_hub_home")
        with owner.begin() as connection:
            connection.exec_driver_sql(
                "insert into hub_appointments (id, constellation_id, hub_home_id, starts_on)"
                " values (gen_random_uuid(), %s, %s, %s)",
                (world.here.id, world.elsewhere.hub_home, arrival(stay).date() + DAY),
            )
        answer = act(world, stay, "extend", until(9), at=arrival(stay) + DAY / 4)
        assert (answer.status_code, answer.json["code"]) == (409, "other_hub_home")

    def test_is_refused_where_another_hub_home_serves_in_between(self, world, owner):
        stay = begun(world)
        night = arrival(stay).date()
        with owner.begin() as connection:
            connection.exec_driver_sql(
                "update hub_appointments set ends_on = %s where constellation_id = %s",
                (night + DAY, world.here.id),
            )
            for home, first, last in (
                (world.elsewhere.hub_home, night + DAY, night + DAY * 2),
                (world.here.hub_home, night + DAY * 2, None),
            ):
                connection.exec_driver_sql(
                    "insert into hub_appointments"
                    " (id, constellation_id, hub_home_id, starts_on, ends_on)"
                    " values (gen_random_uuid(), %s, %s, %s, %s)",
                    (world.here.id, home, first, last),
                )
        answer = act(world, stay, "extend", until(10), at=arrival(stay) + DAY / 4)
        assert (answer.status_code, answer.json["code"]) == (409, "no_hub_home")

    def test_is_not_for_the_family(self, world):
        stay = begun(world)
        assert act(world, stay, "extend", until(9), at=arrival(stay), by="carer").status_code == 403


class TestTheTiersOfLength:
    WHY = {"reason": "Her carer is still in hospital."}  # noqa: RUF012 - never changed

    def test_a_hub_carer_extends_to_three_nights(self, world):
        stay = begun(world)
        assert act(world, stay, "extend", until(10), at=arrival(stay)).status_code == 200

    @pytest.mark.parametrize("body", [until(11), until(11, **WHY)])
    def test_beyond_it_is_not_for_the_hub_carer(self, world, body):
        stay = begun(world)
        answer = act(world, stay, "extend", body, at=arrival(stay))
        assert (answer.status_code, answer.json["code"]) == (409, "stay_too_long")

    def test_it_takes_the_liaison_worker_and_a_reason(self, world):
        stay = begun(world)
        answer = act(world, stay, "extend", until(14), at=arrival(stay), by="liaison_worker")
        assert (answer.status_code, answer.json["code"]) == (409, "reason_needed")
        body = until(14, **self.WHY)
        answer = act(world, stay, "extend", body, at=arrival(stay), by="liaison_worker")
        assert (answer.status_code, len(nights(answer.json))) == (200, 7)

    def test_beyond_seven_nights_it_is_refused_to_everybody(self, world):
        stay = begun(world)
        body = until(15, **self.WHY)
        answer = act(world, stay, "extend", body, at=arrival(stay), by="liaison_worker")
        assert (answer.status_code, answer.json["code"]) == (409, "stay_too_long")
        assert "supervising social worker" in answer.json["detail"]

    def test_the_reason_is_sealed_and_the_override_counts_until_the_child_leaves(
        self, world, rows, owner
    ):
        both = [str(child) for child in world.here.family.children]
        with db.transaction(owner) as session:
            session.add(make_bed(world.here, "a spare one"))
        stay = begun(world, children=both)
        body = until(12, **self.WHY)
        act(world, stay, "extend", body, at=arrival(stay), by="liaison_worker")
        (kept,) = rows("select * from check_overrides")
        assert (kept.code, kept.role, kept.given_by) == (
            "length",
            "liaison_worker",
            world.here.liaison_worker,
        )
        assert b"hospital" not in bytes(kept.reason)
        assert kept.expires_at == departure(stay) + 4 * DAY
        with db.transaction(owner):
            told = child_keys.reveal(
                CheckOverride.reason,
                kept.id,
                world.here.family.children,
                Ciphertext(kept.reason),
            )
            assert told == self.WHY["reason"]
            assert overrides_in_force(kept.request_id) == {"length": Waiver(Role.LIAISON_WORKER)}
        with owner.begin() as connection:
            connection.exec_driver_sql(
                "update check_overrides set given_at = '2026-01-01', expires_at = '2026-01-02'"
            )
        with db.transaction(owner):
            assert overrides_in_force(kept.request_id) == {}

    def test_an_approval_of_before_is_no_approval_of_more(self, world):
        stay = begun(world)
        body = until(11, **self.WHY)
        assert act(world, stay, "extend", body, at=arrival(stay), by="liaison_worker").json["state"]
        answer = act(world, stay, "extend", until(12), at=arrival(stay))
        assert (answer.status_code, answer.json["code"]) == (409, "stay_too_long")

    def test_a_reason_within_the_hub_carers_nights_overrides_nothing(self, world, rows):
        stay = begun(world)
        body = until(9, **self.WHY)
        answer = act(world, stay, "extend", body, at=arrival(stay), by="liaison_worker")
        assert answer.status_code == 200
        assert rows("select 1 from check_overrides") == []


def _neighbour_takes_the_bed(world, day):
    world.booked(
        children=[str(world.here.family.children[1])],
        arrives_at=in_days(day),
        departs_at=in_days(day + 1, hour=10),
    )
