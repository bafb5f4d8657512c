"""The hub's calendar, as each person may see it."""

from datetime import date, timedelta

import pytest
import sqlalchemy as sa

from hub_api import clock, db
from hub_api.access import Role
from hub_api.constellations.models import HubAbsence, HubAppointment
from tests.conftest import World
from tests.factories.world import make_bed
from tests.phone import in_days
from tests.platform.test_statements import counted


def day(days: int) -> str:
    return (clock.london_today() + timedelta(days=days)).isoformat()


def path(world: World, first: int = 7, until: int = 9) -> str:
    return f"/constellations/{world.here.id}/bed-nights?from={day(first)}&until={day(until)}"


def states(answer) -> list[str]:
    return [night["state"] for night in answer.json["bed_nights"]]


def block(world: World, owner, night: date) -> None:
    with db.transaction(owner) as session:
        session.add(
            HubAbsence(
                constellation_id=world.here.id,
                hub_home_id=world.here.hub_home,
                first_night=night,
                last_night=night,
                reason="leave",
                added_by=world.here.hub_carer,
            )
        )


class TestTheCalendar:
    def test_has_every_bed_on_every_night(self, world, owner):
        with db.transaction(owner) as session:
            session.add(make_bed(world.here, "attic"))
        answer = world.hub_carer.get(path(world, 7, 10))
        shown = [(night["night"], night["label"]) for night in answer.json["bed_nights"]]
        assert shown == [(day(d), label) for d in (7, 8, 9) for label in ("bed 0", "attic")]
        assert set(states(answer)) == {"free"}

    def test_shows_four_weeks_from_today_unless_asked(self, world):
        answer = world.hub_carer.get(f"/constellations/{world.here.id}/bed-nights")
        assert (answer.json["from"], answer.json["until"]) == (day(0), day(28))
        assert len(answer.json["bed_nights"]) == 28

    @pytest.mark.parametrize(("until", "status"), [(69, 200), (70, 422), (7, 422), (6, 422)])
    def test_shows_62_nights_at_most_and_one_at_least(self, world, until, status):
        assert world.hub_carer.get(path(world, 7, until)).status_code == status

    def test_tells_taken_held_and_blocked_from_free(self, world, owner):
        world.booked(nights=1)
        block(world, owner, clock.london_today() + timedelta(days=8))
        assert states(world.hub_carer.get(path(world, 7, 10))) == ["taken", "blocked", "free"]
        with owner.begin() as connection:
            connection.exec_driver_sql("update bed_nights set sleepover_id = null")
        assert states(world.hub_carer.get(path(world))) == ["held", "blocked"]

    def test_leaves_out_a_bed_that_is_not_there(self, world, owner):
        today = clock.london_today()
        with db.transaction(owner) as session:
            later = {"starts_on": today + timedelta(days=8), "ends_on": today + timedelta(days=9)}
            session.add(make_bed(world.here, "for one night", **later))
        answer = world.hub_carer.get(path(world, 7, 10))
        assert len(states(answer)) == 4

    def test_is_nobodys_in_another_constellation(self, world):
        assert world.phone(world.elsewhere.hub_carer).get(path(world)).status_code == 404


class TestWhoseItIs:
    @pytest.fixture
    def stay(self, world):
        return world.booked()

    def whose(self, world, account):
        (first, _) = world.phone(account).get(path(world)).json["bed_nights"]
        assert first["state"] in {"taken", "held"}
        return first["child"] and first["child"]["id"], first["sleepover_id"]

    @pytest.mark.parametrize("who", ["hub_carer", "liaison_worker", "manager", "carer"])
    def test_is_told_to_the_family_and_to_those_who_oversee(self, world, stay, who):
        people = {
            "manager": world.staff[Role.PROGRAMME_MANAGER],
            "carer": world.here.family.carer,
        }
        account = people.get(who) or getattr(world.here, who)
        assert self.whose(world, account) == (stay["child"]["id"], stay["id"])

    @pytest.mark.usefixtures("stay")
    def test_is_not_told_to_the_neighbours(self, world):
        assert self.whose(world, world.here.neighbours.carer) == (None, None)

    def test_is_told_of_held_nights_as_well(self, world, stay, owner):
        with owner.begin() as connection:
            connection.exec_driver_sql("update bed_nights set sleepover_id = null")
        told = {
            who: self.whose(world, who)
            for who in (world.here.family.carer, world.here.hub_carer, world.here.neighbours.carer)
        }
        assert [*told.values()] == [(stay["child"]["id"], None)] * 2 + [(None, None)]


class TestAnInterimHub:
    @pytest.fixture
    def shared(self, world, owner):
        """The other constellation's hub home serves this one too, from tomorrow on."""
        tomorrow = clock.london_today() + timedelta(days=1)
        with db.transaction(owner) as session:
            session.execute(
                sa.update(HubAppointment)
                .where(HubAppointment.constellation_id == world.here.id)
                .values(ends_on=tomorrow)
            )
            session.add(
                HubAppointment(
                    constellation_id=world.here.id,
                    hub_home_id=world.elsewhere.hub_home,
                    starts_on=tomorrow,
                )
            )
        return World(world.app, world.elsewhere, world.here, world.staff)

    def test_shows_the_beds_of_whichever_home_serves(self, world, shared):
        answer = world.hub_carer.get(path(world, 0, 2))
        beds = [night["bed_id"] for night in answer.json["bed_nights"]]
        assert beds == [str(world.here.beds[0]), str(shared.here.beds[0])]

    def test_is_taken_by_the_other_constellation_without_saying_whose(self, world, shared):
        theirs = shared.booked()
        for who in (world.here.hub_carer, world.here.liaison_worker, world.here.family.carer):
            (first, second) = world.phone(who).get(path(world)).json["bed_nights"]
            assert (first["state"], first["child"], first["sleepover_id"]) == ("taken", None, None)
            assert second["state"] == "free"
        (first, _) = shared.hub_carer.get(path(shared)).json["bed_nights"]
        assert first["sleepover_id"] == theirs["id"]

    def test_has_ours_as_taken_for_them(self, world, shared):
        ours = world.booked()
        (first, _) = shared.hub_carer.get(path(shared)).json["bed_nights"]
        assert (first["state"], first["child"]) == ("taken", None)
        (first, _) = world.hub_carer.get(path(world)).json["bed_nights"]
        assert first["sleepover_id"] == ours["id"]


class TestSeenBefore:
    def test_is_not_sent_again_until_something_changes(self, world):
        phone = world.hub_carer
        seen = phone.get(path(world)).headers["ETag"]
        assert phone.get(path(world), If_None_Match=seen).status_code == 304
        world.booked()
        again = phone.get(path(world), If_None_Match=seen)
        assert (again.status_code, states(again)) == (200, ["taken", "free"])


class TestWhatItCosts:
    def test_takes_four_statements_however_many_nights_and_beds(self, world, owner):
        phone = world.hub_carer
        with counted(world.app.engine) as few:
            phone.get(path(world, 7, 8))
        with db.transaction(owner) as session:
            session.add_all(make_bed(world.here, f"extra {n}") for n in range(4))
        for days in range(7, 37, 3):
            world.booked(arrives_at=in_days(days), departs_at=in_days(days + 1, hour=10))
        with counted(world.app.engine) as many:
            assert len(phone.get(path(world, 7, 69)).json["bed_nights"]) == 62 * 5
        assert len(few) == len(many) <= 4

    def test_looks_nights_up_by_bed_and_night_and_never_through_the_table(self, world, owner):
        """The plan of the function's own select, on a table too big to read through."""
        world.booked()
        with owner.begin() as connection:
            body = (
                connection.scalar(sa.text("select pg_get_functiondef('bed_calendar'::regproc)"))
                .partition("BEGIN ATOMIC")[2]
                .rpartition("END")[0]
                .rstrip()
                .removesuffix(";")
            )
            for name, value in (
                ("constellation", f"'{world.here.id}'::uuid"),
                ("first_night", "current_date"),
                ("last_night", "(current_date + 62)"),
            ):
                body = body.replace(f"bed_calendar.{name}", value)
            connection.exec_driver_sql("set local enable_seqscan = off")
            plan = "\n".join(connection.scalars(sa.text(f"explain {body}")))
        assert "Seq Scan on bed_nights" not in plan
        assert "uq_bed_night" in plan or "ix_bed_nights_hub_home_id_night" in plan
