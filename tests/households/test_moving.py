"""A household that moves to another constellation: what goes with it, and what stays."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
import time_machine

from hub_api import child_keys, clock, db
from hub_api.access import Role
from hub_api.encryption import Ciphertext, Unreadable
from hub_api.households.changes import HouseholdLeaves
from hub_api.respite.models import RespiteRequest
from tests.households.test_pairs import apart, sharing
from tests.households.test_terms import TERMS, exemption
from tests.phone import Phone
from tests.platform.test_statements import counted
from tests.sleepovers.stays import brought_to


@pytest.fixture
def path(world):
    return f"/households/{world.here.family.id}"


@pytest.fixture
def move(world, path, manager) -> Callable[..., Any]:
    """Move the family here to the constellation elsewhere."""

    def run(phone: Phone = manager, at: str = path, **body: Any) -> Any:
        to = {"constellation_id": str(world.elsewhere.id), **body}
        return phone.post(f"{at}/move", to, If_Match=manager.get(at).headers["ETag"])

    return run


@pytest.fixture
def both(world, grant) -> Phone:
    """The liaison worker here, who covers elsewhere as well."""
    grant(world.here.liaison_worker, Role.LIAISON_WORKER, constellation_id=world.elsewhere.id)
    return world.phone(world.here.liaison_worker)


class TestMoving:
    def test_is_for_the_programme_manager(self, world, path, move, liaison, rows):
        assert move(liaison).status_code == 404  # she can't see where to
        answer = move()
        assert (answer.status_code, answer.json["constellation_id"]) == (
            200,
            str(world.elsewhere.id),
        )
        assert world.hub_carer.get(path).status_code == 404
        assert world.phone(world.elsewhere.hub_carer).get(path).status_code == 200
        shown, moved = world.carer.get(path).json, answer.json
        assert shown["adults"][0].pop("account_id") is None
        assert moved["adults"][0].pop("account_id") == str(world.here.family.carer)
        assert shown == moved
        memberships = rows(
            "select * from memberships where household_id = :id order by starts_on",
            id=world.here.family.id,
        )
        today = clock.london_today()
        assert [(m.constellation_id, m.ends_on) for m in memberships] == [
            (world.here.id, today),
            (world.elsewhere.id, None),
        ]
        assert memberships[1].starts_on == today
        (audited,) = rows("select * from audit_events where action = 'household:move'")
        assert (audited.subject_id, audited.changed) == (world.here.family.id, ["constellation_id"])

    def test_is_for_a_liaison_worker_of_both(self, move, both):
        assert move(both).status_code == 200

    def test_is_not_for_one_who_only_runs_the_hub_there(self, world, move, liaison, grant):
        grant(world.here.liaison_worker, Role.HUB_CARER, constellation_id=world.elsewhere.id)
        assert move(liaison).status_code == 403

    def test_takes_everything_on_record_along(self, world, path, move, manager, rows):
        one, two = world.here.family.children
        neighbour = world.here.neighbours.children[0]
        for kind, body in (
            (f"{path}/approvals", TERMS),
            (f"{path}/fostering-exemptions", exemption(one)),
            (f"/children/{one}/kept-apart", apart(neighbour)),
            (f"/children/{neighbour}/kept-apart", apart(two)),
            (f"/children/{one}/sharing-agreements", sharing(two)),
        ):
            assert manager.post(kind, body).status_code == 201
        assert move().status_code == 200
        about = {
            "households": "id = :home",
            "adults": "household_id = :home",
            "children": "household_id = :home",
            "child_keys": "child_id = any (:children)",
            "approvals": "household_id = :home",
            "fostering_exemptions": "household_id = :home",
            "kept_apart": "child_id = any (:children) or other_child_id = any (:children)",
            "sharing_agreements": "child_id = any (:children)",
        }
        for table, condition in about.items():
            found = rows(
                f"select distinct constellation_id from {table} where {condition}",
                home=world.here.family.id,
                children=[one, two],
            )
            assert (table, found) == (table, [(world.elsewhere.id,)])
        (left,) = rows("select distinct constellation_id from children where household_id = :home",
                       home=world.here.neighbours.id)  # fmt: skip
        assert left.constellation_id == world.here.id

    def test_is_refused_for_a_hub_home_and_where_it_makes_no_sense(
        self, world, move, hub_household, owner
    ):
        answer = move(at=f"/households/{hub_household}")
        assert (answer.status_code, answer.json["code"]) == (409, "is_hub_home")
        answer = move(constellation_id=str(world.here.id))
        assert (answer.status_code, answer.json["code"]) == (409, "wrong_state")
        assert move().status_code == 200
        answer = move(constellation_id=str(world.here.id))
        assert (answer.status_code, answer.json["code"]) == (409, "joined_today")
        with owner.begin() as connection:
            connection.exec_driver_sql("update constellations set closed_on = current_date")
        answer = move(constellation_id=str(world.here.id))
        assert (answer.status_code, answer.json["code"]) == (409, "constellation_closed")

    def test_whoever_knows_of_something_ahead_may_refuse(self, world, path, move, manager, listens):
        before = manager.get(path).json
        heard = listens(HouseholdLeaves, refuse=True)
        answer = move()
        assert (answer.status_code, answer.json["code"]) == (409, "stays_ahead")
        assert heard == [HouseholdLeaves(world.here.family.id)]
        assert manager.get(path).json == before

    def test_waits_for_whoever_is_asking_for_its_children(self, world, move):
        with counted(world.app.engine) as asking:
            request = world.asked()
        assert any("FROM households" in s and s.endswith("FOR KEY SHARE") for s in asking)
        taken_back = world.carer.post_seen(
            f"/respite-requests/{request['id']}", {"reason": "no_longer_needed"}, verb="withdraw"
        )
        assert taken_back.status_code == 200
        with counted(world.app.engine) as moving:
            assert move().status_code == 200
        locks = [s.split("FROM ")[1].split()[0] for s in moving if s.endswith("FOR UPDATE")]
        assert locks == ["households", "children", "memberships"]


@dataclass(frozen=True)
class Moved:
    """What there was to see of the family's respite before it moved, and by whom."""

    request: str
    sleepover: str
    hub_carer: Phone
    carer: Phone


class TestWhatHappened:
    """It stays with the old constellation, without the children and what is written about them."""

    @pytest.fixture
    def moved(self, world, move, both, owner) -> Moved:
        children = [str(child) for child in world.here.family.children[:1]]
        with owner.begin() as connection:
            connection.exec_driver_sql("update role_grants set starts_on = starts_on - 30")
        with time_machine.travel(clock.now() - timedelta(days=9), tick=False):
            stay = brought_to(world, "closed", children=children, note="Sleeps badly.")
        found = Moved(
            f"/respite-requests/{stay['request_id']}",
            f"/sleepovers/{stay['id']}",
            world.hub_carer,
            world.carer,
        )
        for phone in (found.hub_carer, found.carer, both):
            shown = phone.get(found.request).json
            assert (shown["note"], len(shown["children"])) == ("Sleeps badly.", 1)
            shown = phone.get(found.sleepover).json
            assert (shown["state"], shown["child"]["id"]) == ("closed", children[0])
            assert len(shown["bed_nights"]) == 2
        assert move().status_code == 200
        return found

    def test_is_shown_there_without_the_children(self, moved):
        shown = moved.hub_carer.get(moved.request)
        assert shown.status_code == 200
        assert (shown.json["children"], shown.json["note"]) == ([], None)
        slept = moved.hub_carer.get(moved.sleepover).json
        assert (slept["state"], slept["child"], len(slept["bed_nights"])) == ("closed", None, 2)
        for path in ("/respite-requests", "/sleepovers"):
            (listed,) = moved.hub_carer.get(path).json["items"]
            assert listed.get("children", listed.get("child")) in ([], None)

    def test_is_no_longer_the_carers(self, world, moved):
        for path in (moved.request, moved.sleepover):
            assert moved.carer.get(path).status_code == 404
        for path in ("/respite-requests", "/sleepovers"):
            assert moved.carer.get(path).json["items"] == []
        # Their own household, and whatever they ask for from now on, is.
        asked = world.asked(days=20, note="Sleeps well.")
        assert asked["constellation_id"] == str(world.elsewhere.id)
        there = world.phone(world.elsewhere.hub_carer)
        assert there.get(f"/respite-requests/{asked['id']}").json["note"] == "Sleeps well."
        assert there.get(moved.request).status_code == 404

    def test_is_whole_for_one_who_covers_both(self, world, moved):
        both = world.phone(world.here.liaison_worker)
        shown = both.get(moved.request).json
        assert (shown["note"], len(shown["children"])) == ("Sleeps badly.", 1)

    def test_is_no_carers_by_the_policies_alone(self, world, moved, owner, monkeypatch):
        """The first wall says what the second does: under the owner's role there is no second."""
        monkeypatch.setattr(world.app, "engine", owner)
        for path in (moved.request, moved.sleepover):
            assert moved.carer.get(path).status_code == 404

    @pytest.mark.usefixtures("moved")
    def test_with_the_key_of_a_child_who_is_there_gone_is_an_error_still(self, world, owner):
        with owner.begin() as connection:
            connection.exec_driver_sql("delete from child_keys")
        child, sealed = world.here.family.children[0], Ciphertext(b"\x01")

        def read(place):
            with world.app.app_context(), db.transaction(world.app.engine):
                db.set_scope(place.hub_carer, [place.id])
                return child_keys.reveal(RespiteRequest.note, child, [child], sealed)

        assert read(world.here) is None
        with pytest.raises(Unreadable):
            read(world.elsewhere)

    def test_reading_it_takes_at_most_four_statements(self, world, moved):
        with counted(world.app.engine) as sent:
            moved.hub_carer.get(moved.request)
        assert len(sent) <= 4
