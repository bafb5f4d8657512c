"""A hub of another constellation looks after a child as its own hub would: the pack, the log, the
medicines and what else is written about the stay, as long as the child is there and a week more.

Over HTTP for the first wall; the second is asked by itself, as the API's role.
"""

from datetime import timedelta
from uuid import UUID

import pytest
import sqlalchemy as sa
import time_machine

from hub_api import clock, db
from hub_api.access import Role
from hub_api.packs import contents
from hub_api.sleepovers.models import Sleepover
from tests.emergencies.conftest import asked_of
from tests.factories.accounts import make_account
from tests.factories.care import make_care
from tests.factories.emergencies import answer, raised
from tests.factories.packs import make_medicine, make_pack
from tests.phone import in_days

WEEK = timedelta(days=7)
WRITTEN = (
    "log-entries",
    "incidents",
    "missing-episodes",
    "medication",
    "handovers",
    "debrief",
)
BY_TABLE = (
    "pack_sections", "medicines", "child_keys", "stay_entries", "incidents", "missing_episodes",
    "medication_records", "handovers", "medicine_counts", "debriefs",
)  # fmt: skip


@pytest.fixture
def packed(world, owner):
    """The child who needs a bed, with the minimum pack and a medicine."""
    here = world.here
    child = here.family.children[1]
    with owner.begin() as connection:
        connection.execute(sa.text("delete from pack_sections where child_id = :id"), {"id": child})
    with db.transaction(owner):
        make_pack(child, here.family.carer, contents.MINIMUM)
        make_medicine(child, here.family.carer, times_of_day=[])
    return child


@pytest.fixture
def stay(packed, looking, host):  # noqa: ARG001 - before the host says yes
    """The stay at the other constellation's hub."""
    assert answer(host, asked_of(host)[0], "accept").status_code == 200
    (stay,) = host.get("/sleepovers").json["items"]
    return stay


@pytest.fixture
def begun(stay, host):
    assert host.post_seen(f"/sleepovers/{stay['id']}", {}, verb="handover").status_code == 200
    return stay


@pytest.fixture
def written(begun, world, owner):
    """Everything there can be written about a stay, and about one at the own hub beside it."""
    own = UUID(world.booked(arrives_at=in_days(40), departs_at=in_days(41, hour=10))["id"])
    with db.transaction(owner) as session:
        for id_ in (UUID(begun["id"]), own):
            make_care(session.get_one(Sleepover, id_), world.here.hub_carer)
    return begun


@pytest.fixture
def host_liaison(world, owner):
    with db.transaction(owner):
        there = make_account(Role.LIAISON_WORKER, constellation_id=world.elsewhere.id)
    return world.phone(there.id)


class TestTheHost:
    def test_reads_the_pack_and_writes_the_log(self, begun, packed, host, rows):
        pack = host.get(f"/children/{packed}/pack")
        assert pack.status_code == 200
        assert len(pack.json["medicines"]) == 1
        (read,) = rows("select * from audit_events where action = 'child:read_pack'")
        assert read.subject_id == packed
        path = f"/sleepovers/{begun['id']}"
        assert host.post(f"{path}/log-entries", {"text": "Asleep at last."}).status_code == 201
        (entry,) = host.get(f"{path}/log-entries").json["items"]
        assert entry["text"] == "Asleep at last."

    def test_begins_with_the_minimum_and_the_rest_is_due_in_a_day(self, begun, packed, rows, world):
        assert begun["state"] == "confirmed"
        (task,) = rows("select * from tasks where kind = 'pack_due'")
        assert (task.subject_id, task.constellation_id) == (packed, world.here.id)
        assert task.due_at - task.created_at <= timedelta(days=1)
        (told,) = rows("select * from notifications where category = 'pack_due'")
        assert (told.account_id, told.subject_id) == (world.here.family.carer, packed)

    def test_does_not_begin_without_the_minimum(self, stay, packed, host, owner):
        with owner.begin() as connection:
            gone = "delete from pack_sections where child_id = :id and section = 'contacts'"
            connection.execute(sa.text(gone), {"id": packed})
        refused = host.post_seen(f"/sleepovers/{stay['id']}", {}, verb="handover")
        assert (refused.status_code, refused.json["code"]) == (409, "minimum_pack_missing")

    def test_reports_a_child_who_is_missing(self, begun, host, rows, world):
        path = f"/sleepovers/{begun['id']}/missing-episodes"
        said = host.post(path, {"noticed_at": clock.now().isoformat()})
        assert said.status_code == 201, said.json
        (task,) = rows("select * from tasks where kind = 'missing_child'")
        assert task.constellation_id == world.here.id
        told = rows("select account_id from notifications where category = 'missing_reported'")
        assert {row.account_id for row in told} >= {
            world.here.family.carer,
            world.here.liaison_worker,
        }

    def test_reads_no_enquiry_that_may_be_about_it(self, begun, host, host_liaison, world):
        path = f"/sleepovers/{begun['id']}/incidents"
        body = {"kind": "child_protection_enquiry", "account": "An allegation about the hub."}
        liaison = world.phone(world.here.liaison_worker)
        assert liaison.post(path, body).status_code == 201
        assert host.get(path).json["items"] == []
        assert len(host_liaison.get(path).json["items"]) == 1

    def test_reads_what_is_written_and_so_does_its_liaison_worker(
        self, written, packed, host, host_liaison
    ):
        for phone in (host, host_liaison):
            for kind in WRITTEN:
                found = phone.get(f"/sleepovers/{written['id']}/{kind}")
                assert (kind, found.status_code) == (kind, 200)
                assert found.json["items"], kind
            assert phone.get(f"/children/{packed}/pack").status_code == 200

    def test_of_the_own_hub_reads_none_of_it(self, written, packed, world):
        for kind in WRITTEN:
            assert world.hub_carer.get(f"/sleepovers/{written['id']}/{kind}").status_code == 404
        assert world.hub_carer.get(f"/children/{packed}/pack").status_code == 404

    def test_reads_nothing_of_what_was_called_off(self, stay, packed, host, rows):
        body = {"reason": "did_not_come"}
        gone = host.post_seen(f"/sleepovers/{stay['id']}", body, verb="cancel")
        assert gone.status_code == 200, gone.json
        assert host.get(f"/children/{packed}/pack").status_code == 404
        assert host.get(f"/sleepovers/{stay['id']}/log-entries").status_code == 404
        (shared,) = rows("select * from shared_access")
        assert shared.ends_at <= clock.now()

    def test_reads_the_pack_for_a_week_after_the_return(self, begun, packed, host, world, rows):
        body = {"reason": "carer_ready"}
        ended = host.post_seen(f"/sleepovers/{begun['id']}", body, verb="end-early")
        assert ended.status_code == 200
        (shared,) = rows("select * from shared_access")
        (row,) = rows("select returned_at from sleepovers")
        assert shared.ends_at == row.returned_at + WEEK
        assert host.get(f"/children/{packed}/pack").status_code == 200
        with time_machine.travel(shared.ends_at + timedelta(minutes=1), tick=False):
            late = world.phone(world.elsewhere.hub_carer)
            assert late.get(f"/children/{packed}/pack").status_code == 404
            assert late.get(f"/sleepovers/{begun['id']}/log-entries").status_code == 404


class TestTheSecondWall:
    """What the database shows whatever the program asks."""

    @pytest.fixture
    def seen_from(self, settings):
        engine = db.make_engine(settings.required_database().api, connections=1)

        def look(account_id, place, table):
            with db.transaction(engine) as session:
                db.set_scope(account_id, [place])
                found = sa.text(f"select child_id from {table}")
                return {*session.scalars(found)}

        yield look
        engine.dispose()

    def test_opens_the_guest_to_the_host_and_nobody_elses_child(
        self, written, packed, world, third, seen_from
    ):
        theirs = {*world.here.family.children, *world.here.neighbours.children}
        assert written["child"]["id"] == str(packed)
        for table in BY_TABLE:
            place = world.elsewhere
            assert (table, seen_from(place.hub_carer, place.id, table) & theirs) == (
                table,
                {packed},
            )
            assert (table, seen_from(third.hub_carer, third.id, table) & theirs) == (table, set())

    @pytest.mark.usefixtures("written")
    def test_closes_the_pack_when_the_time_is_over(self, packed, world, owner, seen_from):
        with owner.begin() as connection:
            connection.execute(
                sa.text(
                    "update shared_access set starts_at = now() - interval '2 days',"
                    " ends_at = now() - interval '1 day'"
                )
            )
        for table in ("pack_sections", "medicines"):
            seen = seen_from(world.elsewhere.hub_carer, world.elsewhere.id, table)
            assert packed not in seen


def test_somebody_with_an_emergency_of_their_own_hub_needs_no_other(world, packed, rows):
    """The real kind, at the own hub: the minimum is enough, and the rest is a task."""
    found = raised(world)
    assert answer(world.hub_carer, found["asks"][0], "accept").status_code == 200
    (stay,) = world.hub_carer.get("/sleepovers").json["items"]
    begun = world.hub_carer.post_seen(f"/sleepovers/{stay['id']}", {}, verb="handover")
    assert (begun.status_code, begun.json["state"]) == (200, "in_stay")
    (task,) = rows("select * from tasks where kind = 'pack_due'")
    assert task.subject_id == packed
