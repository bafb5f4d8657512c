"""A hub home of one constellation that serves the next one as well: what is seen of it there."""

import pytest

from hub_api import clock, db
from hub_api.constellations.models import HubAbsence, HubAppointment
from tests.constellations.conftest import date_in, day
from tests.factories.homes import beds_of
from tests.factories.world import make_bed


@pytest.fixture
def serve(world, owner):
    """Have the other constellation's hub home serve here between two days, counted from today."""

    def begin(first, last):
        with db.transaction(owner) as session:
            session.execute(
                HubAppointment.__table__.delete().where(
                    HubAppointment.constellation_id == world.here.id
                )
            )
            session.add(
                HubAppointment(
                    constellation_id=world.here.id,
                    hub_home_id=world.elsewhere.hub_home,
                    starts_on=date_in(first),
                    ends_on=date_in(last),
                )
            )

    return begin


@pytest.fixture
def interim(world, owner, serve) -> None:
    """It serves today, and takes no guests on some nights."""
    serve(0, 9)
    with db.transaction(owner) as session:
        session.add(
            HubAbsence(
                constellation_id=world.elsewhere.id,
                hub_home_id=world.elsewhere.hub_home,
                first_night=date_in(4),
                last_night=date_in(5),
                reason="illness",
                added_by=world.elsewhere.hub_carer,
            )
        )


def people(world):
    return (world.here.family.carer, world.here.hub_carer, world.here.liaison_worker)


@pytest.mark.usefixtures("interim")
class TestOneThatServesToday:
    def test_shows_its_name_and_its_beds(self, world, here):
        for person in people(world):
            phone = world.phone(person)
            home = {"id": str(world.elsewhere.hub_home), "name": "Elsewhere hub"}
            assert phone.get(here).json["hub_home"] == home
            beds = phone.get(f"{here}/beds").json["items"]
            assert [bed["id"] for bed in beds] == [str(bed) for bed in world.elsewhere.beds]

    @pytest.mark.parametrize(
        "part", ["", "/beds", "/memberships", "/blocked-nights", "/hub-appointments"]
    )
    def test_shows_nothing_of_its_own_constellation(self, world, next_door, part):
        for person in people(world):
            assert world.phone(person).get(f"{next_door}{part}").status_code in {403, 404}

    def test_shows_no_household_of_its_own_constellation(self, world):
        for person in people(world):
            phone = world.phone(person)
            ids = {home["id"] for home in phone.get("/households").json["items"]}
            assert str(world.elsewhere.family.id) not in ids
            assert {
                home["constellation_id"] for home in phone.get("/households").json["items"]
            } == {str(world.here.id)}
            (mine,) = phone.get("/constellations").json["items"]
            assert mine["id"] == str(world.here.id)

    def test_does_not_say_when_or_why_it_takes_no_guests(self, world, here, next_door):
        for person in (world.here.hub_carer, world.here.liaison_worker):
            assert world.phone(person).get(f"{here}/blocked-nights").json["items"] == []
        own = world.phone(world.elsewhere.hub_carer).get(f"{next_door}/blocked-nights")
        assert len(own.json["items"]) == 1

    def test_is_changed_by_nobody_it_only_serves(self, world, liaison, here, rows):
        blocked = {"first_night": day(1), "last_night": day(2), "reason": "other"}
        (absence,) = rows("select id from hub_absences")
        (bed,) = world.elsewhere.beds
        hub_carer = world.hub_carer
        assert liaison.post(f"{here}/beds", {"label": "Mine"}).status_code == 403
        change = liaison.send("PATCH", f"{here}/beds/{bed}", {"label": "Mine"}, If_Match='"1"')
        assert change.status_code == 403
        assert hub_carer.post(f"{here}/blocked-nights", blocked).status_code == 403
        delete = hub_carer.send("DELETE", f"{here}/blocked-nights/{absence.id}")
        assert delete.status_code == 404

    def test_is_run_by_those_it_belongs_to(self, world, next_door, here):
        liaison = world.phone(world.elsewhere.liaison_worker)
        assert liaison.post(f"{next_door}/beds", {"label": "New"}).status_code == 201
        labels = {bed["label"] for bed in world.carer.get(f"{here}/beds").json["items"]}
        assert labels == {"bed 0", "New"}


class TestOneThatDoesNotServeToday:
    @pytest.mark.parametrize(("first", "last"), [(-9, 0), (1, 9)])
    def test_shows_nothing(self, world, serve, here, first, last):
        serve(first, last)
        for person in people(world):
            phone = world.phone(person)
            assert phone.get(here).json["hub_home"] is None
            assert phone.get(f"{here}/beds").json["items"] == []

    @pytest.mark.parametrize(("first", "last"), [(-9, 0), (1, 9)])
    def test_shows_no_bed_by_its_id(self, world, serve, liaison, here, first, last):
        serve(first, last)
        (bed,) = world.elsewhere.beds
        change = liaison.send("PATCH", f"{here}/beds/{bed}", {"label": "Mine"}, If_Match='"1"')
        assert change.status_code == 404


class TestWhatIsOverOrToCome:
    """Roles, memberships and appointments count on their own days only."""

    @pytest.mark.parametrize(("first", "last"), [(-9, 0), (1, 9)])
    def test_no_role(self, world, owner, here, first, last):
        with owner.begin() as connection:
            connection.exec_driver_sql(
                "update role_grants set starts_on = %s, ends_on = %s",
                (date_in(first), date_in(last)),
            )
        for person in people(world):
            assert world.phone(person).get(here).status_code == 403

    @pytest.mark.parametrize(("first", "last"), [(-9, 0), (1, 9)])
    def test_no_membership(self, world, owner, here, first, last):
        with owner.begin() as connection:
            connection.exec_driver_sql(
                "update memberships set starts_on = %s, ends_on = %s",
                (date_in(first), date_in(last)),
            )
        assert world.carer.get(here).status_code == 404
        assert world.carer.get("/constellations").json["items"] == []

    def test_no_liaison_worker_by_name(self, world, owner, here):
        with owner.begin() as connection:
            connection.exec_driver_sql(
                "update role_grants set starts_on = %s, ends_on = %s where role = 'liaison_worker'",
                (date_in(-9), clock.london_today()),
            )
        assert world.carer.get(here).json["liaison_workers"] == []

    def test_no_bed_to_come_is_there_today(self, world, owner):

        with db.transaction(owner) as session:
            session.add(make_bed(world.here, "to come", starts_on=date_in(1)))
            session.flush()
            assert beds_of(world.here.hub_home) == world.here.beds
            assert len(beds_of(world.here.hub_home, date_in(1))) == 2
