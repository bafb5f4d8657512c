"""Each child's data key: made once, bound to the child, rotated and erased by the owner alone."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from threading import Event

import psycopg
import pytest
import sqlalchemy as sa
from psycopg import errors as pg
from sqlalchemy.exc import IntegrityError

from hub_api import child_keys, data_keys, db, encryption
from hub_api.encryption import Unreadable
from hub_api.errors import NotFound
from hub_api.respite.models import RespiteRequest
from hub_api.settings import SettingsError
from tests.running.program import wait_until

NOTE = RespiteRequest.note
WAITING = "select from pg_locks where not granted"


@pytest.fixture
def as_api(world):
    """A transaction as the API's role, for somebody of the constellation here."""

    @contextmanager
    def begin():
        with world.app.app_context(), db.transaction(world.app.engine) as session:
            db.set_scope(world.here.hub_carer, [world.here.id])
            yield session

    return begin


@pytest.fixture
def change(owner):
    """Change the database as its owner; returns how many rows."""

    def run(statement, **values):
        with owner.begin() as connection:
            return connection.execute(sa.text(statement), values).rowcount

    return run


def look(world, request):
    """What a request shows now: its note, or that something went wrong."""
    path = f"/api/v1/respite-requests/{request['id']}"
    answer = world.app.test_client().get(path, headers=world.hub_carer.headers)
    return answer.json["note"] if answer.status_code == 200 else answer.status_code


class TestAKey:
    @pytest.mark.usefixtures("world")
    def test_is_made_with_the_child_and_shared_with_nobody(self, rows):
        keys = rows("select * from child_keys")
        children = {child for (child,) in rows("select id from children")}
        assert {key.child_id for key in keys} == children
        opened = {
            encryption.unwrap(
                data_keys.key("children", key.key_id),
                f"child_keys.wrapped_key:{key.child_id}",
                key.wrapped_key,
            )
            for key in keys
        }
        assert len(opened) == len(children) == 8
        assert {len(key) for key in opened} == {32}

    def test_is_made_by_the_first_text_where_it_is_missing(self, world, change, rows):
        assert change("delete from child_keys") == 8
        both = [str(child) for child in world.here.family.children]
        request = world.asked(children=both, note="Sleeps badly.")
        assert {str(row.child_id) for row in rows("select * from child_keys")} == set(both)
        assert look(world, request) == "Sleeps badly."

    def test_is_not_made_by_reading(self, world, change, rows):
        request = world.asked(note="Sleeps badly.")
        change("delete from child_keys")
        assert look(world, request) == 500
        assert rows("select 1 from child_keys") == []

    def test_is_made_once_by_32_first_texts_at_the_same_moment(self, world, change, rows):
        change("delete from child_keys")
        one, other = (str(child) for child in world.here.family.children)
        orders = [[one, other], [other, one], [one], [other]]
        phone = world.carer

        def ask(number):
            body = world.ask_body(children=orders[number % 4], note=f"note {number}", draft=True)
            return phone.app.test_client().post(
                "/api/v1/respite-requests", json=body, headers=phone.headers
            )

        with ThreadPoolExecutor(32) as threads:
            answers = list(threads.map(ask, range(32)))
        assert {answer.status_code for answer in answers} == {201}
        assert len(rows("select 1 from child_keys")) == 2
        notes = [
            phone.get(f"/respite-requests/{answer.json['id']}").json["note"] for answer in answers
        ]
        assert notes == [f"note {number}" for number in range(32)]

    @pytest.mark.parametrize("first_commits", [True, False])
    def test_is_that_of_whoever_comes_first(self, world, as_api, change, rows, first_commits):
        """The second waits for the first, and takes its key or, if it fails, makes one."""
        change("delete from child_keys")
        child, made, end = world.here.family.children[0], Event(), Event()

        def first():
            with as_api() as session:
                child_keys.make([child])
                made.set()
                assert end.wait(10)
                if not first_commits:
                    session.rollback()

        def second():
            assert made.wait(10)
            with as_api():
                sealed = child_keys.protect(NOTE, child, [child], "text")
                return child_keys.reveal(NOTE, child, [child], sealed)

        with ThreadPoolExecutor(2) as threads:
            one, other = threads.submit(first), threads.submit(second)
            try:
                wait_until(lambda: rows(WAITING))
            finally:
                end.set()
            one.result()
            assert other.result() == "text"
        assert len(rows("select 1 from child_keys")) == 1

    def test_goes_with_the_child_to_another_constellation(self, world, change, rows):
        child = world.here.family.children[0]
        move = "update children set constellation_id = :there where id = :child"
        change(move, there=world.elsewhere.id, child=child)
        (key,) = rows("select * from child_keys where child_id = :child", child=child)
        assert key.constellation_id == world.elsewhere.id


class TestWhatTheApiMayDo:
    @pytest.mark.usefixtures("world")
    def test_is_neither_to_change_nor_to_erase_a_key(self, settings):
        with psycopg.connect(settings.required_database().api) as connection:
            for statement in ("update child_keys set key_id = 1", "delete from child_keys"):
                with pytest.raises(pg.InsufficientPrivilege), connection.transaction():
                    connection.execute(statement)

    def test_is_nothing_for_a_child_of_another_constellation(self, world, as_api, change, rows):
        stranger = world.elsewhere.family.children[0]
        with pytest.raises(NotFound), as_api():
            child_keys.protect(NOTE, stranger, [stranger], "text")
        change("delete from child_keys where child_id = :child", child=stranger)
        squat = child_keys.ChildKey(
            child_id=stranger, constellation_id=world.here.id, wrapped_key=b"mine", key_id=1
        )
        with pytest.raises(IntegrityError, match="fk_child_key_child"), as_api() as session:
            session.add(squat)
        assert rows("select 1 from child_keys where child_id = :child", child=stranger) == []

    @pytest.mark.usefixtures("world")
    def test_the_worker_sees_no_key_at_all(self, settings):
        with (
            psycopg.connect(settings.required_database().worker) as connection,
            pytest.raises(pg.InsufficientPrivilege),
        ):
            connection.execute("select from child_keys")

    def test_is_to_seal_for_a_column_of_sealed_text_only(self, world, as_api):
        child = world.here.family.children[0]
        with pytest.raises(TypeError, match="no column for sealed text"), as_api():
            child_keys.protect(RespiteRequest.reason, child, [child], "text")

    def test_is_never_to_seal_about_nobody(self, world, as_api):
        with pytest.raises(ValueError, match="at least one child"), as_api():
            child_keys.protect(NOTE, world.here.id, [], "text")


class TestMoved:
    """What somebody with the database, but without the ring, could try."""

    @pytest.fixture
    def two(self, world):
        one, other = (str(child) for child in world.here.family.children)
        return (
            world.asked(children=[one], note="about one"),
            world.asked(days=20, children=[one], note="about one again"),
            world.asked(days=30, children=[other], note="about the other"),
        )

    @pytest.mark.parametrize(("source", "target"), [(0, 1), (0, 2), (2, 0)])
    def test_a_text_does_not_open_in_another_row(self, world, two, change, source, target):
        move = """update respite_requests set note =
            (select note from respite_requests where id = :source) where id = :target"""
        assert change(move, source=two[source]["id"], target=two[target]["id"]) == 1
        assert look(world, two[target]) == 500
        assert look(world, two[source]) in {"about one", "about the other"}

    def test_a_text_does_not_open_for_another_child(self, world, two, change):
        """Not even for one who is asked for beside the first."""
        other = world.here.family.children[1]
        add = "insert into requested_children values (:request, :child, :here)"
        change(add, request=two[0]["id"], child=other, here=world.here.id)
        assert look(world, two[0]) == 500

    def test_a_wrapped_key_does_not_open_for_another_child(self, world, two, change, as_api):
        one, other = world.here.family.children
        move = """
            update child_keys set wrapped_key =
                   (select wrapped_key from child_keys where child_id = :source)
             where child_id = :target"""
        assert change(move, source=one, target=other) == 1
        assert [look(world, request) for request in two] == ["about one", "about one again", 500]
        # Nor is anything new written under it: erasing the other would leave that readable.
        with pytest.raises(Unreadable), as_api():
            child_keys.protect(NOTE, other, [other], "text")

    def test_a_key_does_not_open_under_another_key_of_the_ring(self, world, two, change, settings):
        data_keys.rotate_secret(settings.data_keys_path, "children")
        change("update child_keys set key_id = key_id + 1")
        assert [look(world, request) for request in two] == [500] * 3
        change("update child_keys set key_id = 255")
        assert [look(world, request) for request in two] == [500] * 3

    def test_a_missing_key_is_no_erasure(self, world, two, change, as_api):
        change("delete from child_keys where child_id = :one", one=world.here.family.children[0])
        sealed = encryption.Ciphertext(b"\x01")
        with pytest.raises(Unreadable), as_api():
            child_keys.reveal(NOTE, world.here.id, world.here.family.children, sealed)
        assert look(world, two[0]) == 500


class TestRotation:
    def test_wraps_every_key_anew_and_touches_no_text(
        self, world, settings, rows, change, monkeypatch
    ):
        monkeypatch.setattr(child_keys, "BATCH", 3)
        request = world.asked(note="before")
        erased = world.elsewhere.family.children[0]
        change(
            "update child_keys set wrapped_key = null, key_id = null, erased_at = now()"
            " where child_id = :child",
            child=erased,
        )
        kept = "select child_id, wrapped_key from child_keys order by child_id"
        before, texts = rows(kept), rows("select note from respite_requests")
        key_id, count = child_keys.rotate(settings)
        assert count == 7
        assert rows("select distinct key_id from child_keys where wrapped_key is not null") == [
            (key_id,)
        ]
        assert rows("select note from respite_requests") == texts
        changed = {old.child_id for old, new in zip(before, rows(kept), strict=True) if old != new}
        assert changed == {row.child_id for row in before} - {erased}
        assert look(world, request) == "before"
        assert look(world, world.asked(days=20, note="after")) == "after"

    def test_is_followed_by_a_process_that_knew_the_old_ring(self, world, settings, monkeypatch):
        request = world.asked(note="before")
        monkeypatch.setattr(data_keys, "forget", lambda: None)
        known = data_keys.ring("children").current_id
        # What another process does: this one goes on with what it has read.
        data_keys.rotate_secret(settings.data_keys_path, "children")
        with monkeypatch.context() as elsewhere:
            elsewhere.setattr(data_keys, "_kept", {})
            engine = db.make_engine(settings.required_database().migration, connections=1)
            child_keys.rewrap(engine)
            engine.dispose()
        assert data_keys.ring("children").current_id == known
        assert look(world, request) == "before"
        assert data_keys.ring("children").current_id > known

    @pytest.mark.usefixtures("world")
    def test_of_a_database_without_its_file_is_refused(self, settings, tmp_path):
        elsewhere = replace(settings, data_keys_file=tmp_path / "data-keys.json")
        for command in (child_keys.rotate, child_keys.provide_secrets):
            with pytest.raises(SettingsError, match="Restore the file from its backup"):
                command(elsewhere)
        assert not elsewhere.data_keys_path.exists()
        data_keys.make_secrets(elsewhere.data_keys_path)
        fresh = elsewhere.data_keys_path.read_bytes()
        for command in (child_keys.rotate, child_keys.provide_secrets):
            with pytest.raises(SettingsError, match="not those of this database"):
                command(elsewhere)
        assert elsewhere.data_keys_path.read_bytes() == fresh


class TestAConstraint:
    @pytest.mark.parametrize(
        ("statement", "name"),
        [
            ("update child_keys set erased_at = now()", "ck_child_key_or_erased"),
            ("update child_keys set wrapped_key = null, key_id = null", "ck_child_key_or_erased"),
            ("update child_keys set key_id = null", "ck_child_key_names_its_ring_key"),
            ("update child_keys set key_id = 0", "ck_child_key_id_is_a_byte"),
            ("update child_keys set key_id = 256", "ck_child_key_id_is_a_byte"),
        ],
    )
    @pytest.mark.usefixtures("world")
    def test_refuses_half_a_row(self, change, statement, name):
        with pytest.raises(IntegrityError, match=name):
            change(statement)
