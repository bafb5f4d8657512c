"""The log of a stay: who writes and reads it, when, and that nothing in it is ever changed."""

from datetime import timedelta

import psycopg
import pytest
import sqlalchemy as sa
import time_machine
from psycopg import errors as pg
from sqlalchemy.exc import IntegrityError
from uuid_utils.compat import uuid7

from tests.care.conftest import HOUR, Care
from tests.sleepovers.stays import act, arrival, brought_to, departure

SECOND = timedelta(seconds=1)
ATE = {"text": "Ate well, and slept till seven."}


class TestAnEntry:
    def test_is_read_by_both_homes_and_the_liaison_worker(self, care):
        written = care.post("log-entries", {**ATE, "kind": "opinion"})
        assert written.status_code == 201
        assert written.json["written_by"] == str(care.account("hub_carer"))
        assert written.json["happened_at"] == care.now.isoformat().replace("+00:00", "Z")
        for by in ("carer", "hub_carer", "liaison_worker"):
            (entry,) = care.get("log-entries", by=by).json["items"]
            assert entry == written.json

    def test_is_sealed_under_the_childs_key(self, care, rows, owner):
        care.post("log-entries", ATE)
        (row,) = rows("select text, child_id from stay_entries")
        assert b"slept" not in bytes(row.text)
        with owner.begin() as connection:
            connection.execute(
                sa.text(
                    "update child_keys set wrapped_key = null, key_id = null, erased_at = now()"
                    " where child_id = :id"
                ),
                {"id": row.child_id},
            )
        assert [e["text"] for e in care.get("log-entries").json["items"]] == [None]
        refused = care.post("log-entries", ATE)
        assert (refused.status_code, refused.json["code"]) == (409, "child_erased")

    def test_leaves_a_row_in_the_record(self, care, rows):
        entry = care.post("log-entries", ATE).json
        found = rows("select * from audit_events where action = 'stay_entry:write'")
        assert [(str(r.subject_id), r.actor_id) for r in found] == [
            (entry["id"], care.account("hub_carer"))
        ]

    def test_is_corrected_by_another(self, care):
        first = care.post("log-entries", ATE).json
        second = care.post("log-entries", {"text": "It was eight.", "adds_to": first["id"]}).json
        assert second["adds_to"] == first["id"]
        assert [e["id"] for e in care.get("log-entries").json["items"]] == [
            second["id"],
            first["id"],
        ]

    def test_of_another_stay_is_not_there_to_be_added_to(self, world, care):
        other = Care(world, brought_to(world, "in_stay", days=30))
        elsewhere = other.post("log-entries", ATE).json["id"]
        answers = {
            care.post("log-entries", {**ATE, "adds_to": id_}).status_code
            for id_ in (elsewhere, uuid7())
            for id_ in [str(id_)]
        }
        assert answers == {404}

    def test_sent_twice_is_written_once(self, care):
        first = care.post("log-entries", ATE, Idempotency_Key="log-entry-1")
        again = care.post("log-entries", ATE, Idempotency_Key="log-entry-1")
        assert first.json == again.json
        assert len(care.get("log-entries").json["items"]) == 1

    @pytest.mark.parametrize(("hours", "code"), [(-3, "before_arrival"), (2, "in_the_future")])
    def test_is_about_the_stay_so_far(self, care, hours, code):
        at = (care.now + hours * HOUR).isoformat()
        refused = care.post("log-entries", {**ATE, "happened_at": at})
        assert (refused.status_code, refused.json["code"]) == (409, code)

    def test_is_not_for_the_childs_carers_to_write(self, care):
        assert care.post("log-entries", ATE, by="carer").status_code == 403


class TestWhen:
    @pytest.mark.parametrize(
        ("state", "status"),
        [("confirmed", 409), ("in_stay", 201), ("returned", 201), ("closed", 409)],
    )
    def test_something_new_is_written(self, world, state, status):
        care = Care(world, brought_to(world, state))
        assert care.post("log-entries", ATE, at=departure(care.stay) + HOUR).status_code == status

    def test_something_is_added_once_it_is_closed(self, world):
        care = Care(world, brought_to(world, "in_stay"))
        first = care.post("log-entries", ATE).json["id"]
        leaves = departure(care.stay)
        assert act(world, care.stay, "return", {}, at=leaves).status_code == 200
        assert act(world, care.stay, "close", at=leaves).status_code == 200
        later = leaves + HOUR
        added = care.post("log-entries", {**ATE, "adds_to": first}, at=later)
        assert added.status_code == 201

    def test_the_hub_carer_reads_until_a_week_after_the_return(self, world):
        care = Care(world, brought_to(world, "returned"))
        closes = departure(care.stay) + timedelta(days=7)
        for at, status in ((closes - SECOND, 200), (closes, 404)):
            assert care.get("log-entries", at=at).status_code == status
        for by in ("carer", "liaison_worker"):
            assert (
                care.get("log-entries", by=by, at=closes + timedelta(days=300)).status_code == 200
            )

    def test_the_hub_carer_reads_until_a_week_after_a_stay_that_nobody_began(self, world):
        care = Care(world, brought_to(world, "confirmed"))
        closes = departure(care.stay) + timedelta(days=7)
        for at, status in ((closes - SECOND, 200), (closes, 404)):
            assert care.get("log-entries", at=at).status_code == status

    def test_the_hub_carer_reads_nothing_of_a_stay_that_was_called_off(self, world):
        care = Care(world, brought_to(world, "cancelled"))
        at = arrival(care.stay) - timedelta(hours=1)
        assert care.get("log-entries", at=at).status_code == 404
        assert care.get("log-entries", by="carer", at=at).status_code == 200

    def test_nobody_above_the_constellation_reads_it(self, world, care):
        for account in world.staff.values():
            with time_machine.travel(care.now, tick=False):
                assert world.phone(account).get(f"{care.path}/log-entries").status_code == 403


APPEND_ONLY = {"stay_entries", "medication_records", "medicine_counts", "debriefs"}
"""What nobody changes once it is written: putting it right is another row beside it."""


class TestTheDatabase:
    @pytest.mark.usefixtures("app")
    @pytest.mark.parametrize("table", sorted(APPEND_ONLY))
    @pytest.mark.parametrize("change", ["update {} set child_id = child_id", "delete from {}"])
    def test_changes_nothing_that_is_only_added_to(self, settings, table, change):
        url = settings.required_database().api
        with psycopg.connect(url) as connection, pytest.raises(pg.InsufficientPrivilege):
            connection.execute(change.format(table))

    @pytest.mark.parametrize("column", ["child_id", "adds_to"])
    def test_holds_an_entry_to_its_stay_and_child(self, world, care, owner, column):
        other = Care(world, brought_to(world, "in_stay", days=30))
        care.post("log-entries", ATE)
        foreign = other.post("log-entries", ATE).json["id"]
        value = world.here.family.children[1] if column == "child_id" else foreign
        change = sa.text(f"update stay_entries set {column} = :v where sleepover_id = :s")
        with owner.connect() as connection, pytest.raises(IntegrityError):
            connection.execute(change, {"v": value, "s": care.stay["id"]})
