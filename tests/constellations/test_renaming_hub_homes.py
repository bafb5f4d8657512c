"""A hub home's name, and the authority where its carer lives."""

from datetime import timedelta

import pytest
import sqlalchemy as sa

from hub_api import clock, db
from hub_api.constellations.changes import HomeAuthorityChanged
from hub_api.households.models import Child, FosteringExemption, LegalStatus
from tests.constellations.conftest import day, heard, outcome, seq_of
from tests.phone import in_days


@pytest.fixture
def path(world, here) -> str:
    return f"{here}/hub-homes/{world.here.hub_home}"


def change(phone, path, version=1, **body):
    return phone.send("PATCH", path, body, If_Match=f'"{version}"')


class TestAHubHome:
    def test_is_renamed(self, manager, here, path, audited):
        answer = change(manager, path, name="Rye Lane")
        assert (answer.status_code, answer.json["name"]) == (200, "Rye Lane")
        assert answer.json["version"] == 2
        assert manager.get(path).json == answer.json
        assert manager.get(here).json["hub_home"]["name"] == "Rye Lane"
        assert audited() == ["hub_home:change"]

    def test_is_recorded_by_the_names_of_fields_alone(self, manager, path, rows):
        change(manager, path, name="Rye Lane", home_authority="Kent")
        (row,) = rows("select changed from audit_events where action = 'hub_home:change'")
        assert sorted(row.changed) == ["home_authority", "name"]

    def test_is_changed_under_its_mutex(self, world, manager, path, rows):
        before = seq_of(rows, world.here.hub_home)
        with heard(HomeAuthorityChanged) as changes:
            change(manager, path, name="Rye Lane")
            change(manager, path, 2, home_authority="Kent")
            change(manager, path, 3, home_authority="Kent")
        assert changes == [HomeAuthorityChanged(world.here.hub_home)]
        assert seq_of(rows, world.here.hub_home) == before + 3

    def test_is_not_changed_unseen(self, manager, path):
        assert change(manager, path, name="Rye Lane").status_code == 200
        assert outcome(change(manager, path, name="Peckham")) == (412, "changed_meanwhile")
        assert manager.send("PATCH", path, {"name": "Peckham"}).status_code == 428

    def test_keeps_its_version_when_a_night_is_booked(self, world, manager, path):
        world.booked()
        assert manager.get(path).json["version"] == 1

    @pytest.mark.parametrize("body", [{}, {"name": ""}, {"name": None}, {"home_authority": " "}])
    def test_has_a_name_and_an_authority(self, manager, path, body):
        assert change(manager, path, **body).status_code == 422

    def test_is_found_where_it_belongs_alone(self, world, manager, next_door):
        path = f"{next_door}/hub-homes/{world.here.hub_home}"
        assert manager.get(path).status_code == 404
        assert change(manager, path, name="Rye Lane").status_code == 404

    def test_is_the_programme_manager_s(self, world, liaison, path):
        for phone in (liaison, world.hub_carer, world.carer):
            assert phone.get(path).status_code == 403
            assert change(phone, path, name="Rye Lane").status_code == 403


class TestWhoseExemptionCounts:
    @pytest.fixture(autouse=True)
    def three_more(self, world, owner):
        """The hub carer fosters three children, and Kent exempts them with the family's."""
        with db.transaction(owner) as session:
            home = sa.text("select household_id from hub_homes where id = :id")
            household = session.scalar(home, {"id": world.here.hub_home})
            own = [
                Child(
                    constellation_id=world.here.id,
                    household_id=household,
                    first_name=f"Own {number}",
                    born_on=clock.london_today() - timedelta(days=9 * 366),
                    gender="female",
                    legal_status=LegalStatus.SECTION_31,
                )
                for number in range(3)
            ]
            session.add_all(own)
            session.flush()
            named = [*(child.id for child in own), *world.here.family.children]
            session.add(
                FosteringExemption(
                    constellation_id=world.here.id,
                    household_id=household,
                    authority="Kent",
                    child_ids=sorted(named),
                    starts_on=clock.london_today(),
                    recorded_by=world.here.liaison_worker,
                )
            )

    def says(self, world):
        answer = world.carer.post("/respite-requests?dry_run=true", world.ask_body())
        return {check["code"]: check["outcome"] for check in answer.json["checks"]}[
            "fostering_limit"
        ]

    @pytest.mark.parametrize(
        ("authority", "found"), [("Kent", "pass"), (" KENT", "pass"), ("Bexley", "block")]
    )
    def test_is_decided_by_where_the_hub_carer_lives(self, world, manager, path, authority, found):
        assert self.says(world) == "pass"
        assert change(manager, path, home_authority=authority).status_code == 200
        assert self.says(world) == found

    def test_does_not_change_while_guests_need_it(self, world, manager, path, rows):
        assert change(manager, path, home_authority="Kent").status_code == 200
        world.booked(arrives_at=in_days(10), departs_at=in_days(11, hour=10))
        answer = change(manager, path, 2, home_authority="Bexley")
        assert outcome(answer) == (409, "fostering_limit")
        assert answer.json["nights"] == [day(10)]
        assert change(manager, path, 2, name="Rye Lane").status_code == 200
        (home,) = rows("select home_authority from hub_homes where name = 'Rye Lane'")
        assert home.home_authority == "Kent"
