"""The worker seals what is finished, in one chain, however many workers there are."""

import os
import threading
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
import sqlalchemy as sa
from psycopg import errors as pg
from uuid_utils.compat import uuid7

from hub_api import db
from hub_api.audit import anchor, chain, sealing, verifying
from hub_api.audit.models import AuditEvent
from hub_api.audit.sealing import Sealer
from hub_api.data_keys import Ring
from tests.audit.conftest import record_some

pytestmark = pytest.mark.usefixtures("app")

UNSEALED = """
    select e.id from audit_events e
     where not exists (select from audit_seals s where s.event_id = e.id)
"""


class TestSealing:
    def test_seals_every_event_once_in_order(self, app, rows, seal_all, verify):
        record_some(app.engine, 10)
        assert seal_all() == 10
        events = [row.id for row in rows("select id from audit_events order by xid, id")]
        seals = rows("select seq, event_id from audit_seals order by seq")
        assert [(seal.seq, seal.event_id) for seal in seals] == [*enumerate(events, 1)]
        report = verify()
        assert (report.problems, report.verified, report.waiting) == ([], 10, 0)

    def test_goes_on_where_it_stopped(self, app, rows, seal_all, verify):
        for count in (4, 0, 5):
            record_some(app.engine, count)
            assert seal_all() == count
        assert rows("select count(*), max(seq) from audit_seals") == [(9, 9)]
        assert verify().problems == []

    def test_takes_many_in_batches_that_may_end_within_a_transaction(
        self, app, rows, seal_all, verify, anchor_path
    ):
        record_some(app.engine, 21)
        assert seal_all(batch=2) == 21
        assert verify().problems == []
        assert len(anchor.read(anchor_path).heads) > 10
        assert rows(UNSEALED) == []

    def test_covers_every_column(self):
        assert set(chain.EVENT_COLUMNS) == {column.name for column in AuditEvent.__table__.columns}

    def test_tells_what_waits(self, app, verify, seal_all):
        record_some(app.engine, 3)
        seal_all()
        record_some(app.engine, 2)
        report = verify()
        assert (report.problems, report.verified, report.waiting) == ([], 3, 2)
        assert 0 <= report.oldest_waiting < 30

    def test_makes_new_seals_with_the_current_key_and_believes_the_older(
        self, app, ring, seal_all, worker_engine, anchor_path, verify
    ):
        record_some(app.engine, 3)
        seal_all()
        record_some(app.engine, 3)
        newer = Ring(2, {**ring.keys, 2: os.urandom(32)})
        while Sealer(newer, anchor_path).seal_finished() == 0:
            pass
        with worker_engine.connect() as connection:
            heads = anchor.read(anchor_path).heads
            assert verifying.examine(connection, heads, newer).problems == []
        assert {problem.kind for problem in verify().problems} == {"key_unknown"}


class TestATransactionThatCommitsLate:
    def test_holds_back_what_came_after_it_and_is_not_overtaken(
        self, app, rows, seal_all, make_sealer, verify
    ):
        record_some(app.engine, 2)
        seal_all()
        with psycopg.connect(app_url(app)) as late:
            insert(late)
            record_some(app.engine, 4)
            assert make_sealer().seal_finished() == 0
            assert len(rows(UNSEALED)) == 4
            late.commit()
        assert seal_all() == 5
        places = [tuple(row) for row in rows("select xid, event_id from audit_seals order by seq")]
        assert places == sorted(places)
        assert verify().problems == []

    def test_that_is_rolled_back_holds_nothing_back(self, app, rows, seal_all):
        with psycopg.connect(app_url(app)) as late:
            insert(late)
            record_some(app.engine, 3)
            late.rollback()
        assert seal_all() == 3
        assert rows(UNSEALED) == []

    def test_would_be_overtaken_without_the_rule(self, app, owner, verify):
        """The control: sealing whatever is seen leaves the late event behind the head."""
        with psycopg.connect(app_url(app)) as late:
            insert(late)
            record_some(app.engine, 1)
            with owner.begin() as connection:
                connection.execute(
                    sa.text("""insert into audit_seals
                        select 1, id, xid, 1, sha256('')::bytea, now() from audit_events""")
                )
            late.commit()
        assert "event_inserted" in {problem.kind for problem in verify().problems}


def app_url(app):
    return app.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)


def insert(connection):
    """An event as the API adds it, in a transaction that stays open."""
    connection.execute(
        """insert into audit_events (id, at, action, outcome, request_id, changed)
           values (%s, now(), 'session:start', 'done', 'late', '{}')""",
        [uuid7()],
    )


class TestSeveralSealers:
    def test_make_one_chain_while_events_are_written(self, app, make_sealer, seal_all, verify):
        done = threading.Event()

        def seal():
            sealer = make_sealer(batch=7)
            while not done.is_set():
                sealer.seal_finished()

        with ThreadPoolExecutor(5) as pool:
            sealers = [pool.submit(seal) for _ in range(3)]
            try:
                writers = [pool.submit(record_some, app.engine, 120) for _ in range(2)]
                for writer in writers:
                    writer.result(timeout=60)
            finally:
                done.set()
            for sealer in sealers:
                sealer.result(timeout=60)
        seal_all()
        report = verify()
        assert (report.problems, report.verified, report.waiting) == ([], 240, 0)

    def test_take_turns(self, app, worker_engine, make_sealer, rows):
        record_some(app.engine, 3)
        with db.transaction(worker_engine) as session:
            lock = "select pg_advisory_xact_lock(hashtextextended('hub.audit_seals', 0))"
            session.execute(sa.text(lock))
            assert make_sealer().seal_finished() == 0
        assert rows("select from audit_seals") == []

    def test_with_an_anchor_each_agree(self, app, make_sealer, seal_all, tmp_path):
        record_some(app.engine, 3)
        seal_all()
        other = tmp_path / "other.log"
        assert make_sealer(path=other).seal_finished() == 0
        assert anchor.last(other) == anchor.last(tmp_path / "anchor.log")


class TestTheMetrics:
    @staticmethod
    def figure(app, name):
        lines = app.test_client().get("/metrics").text.splitlines()
        ((_, value),) = [line.split() for line in lines if line.startswith(f"{name} ")]
        return float(value)

    def test_tell_how_far_the_sealing_is(self, app, seal_all):
        record_some(app.engine, 3)
        assert self.figure(app, "hub_audit_unsealed_age_seconds") > 0
        assert self.figure(app, "hub_audit_sealed_total") == 0
        seal_all()
        assert self.figure(app, "hub_audit_sealed_total") == 3
        assert self.figure(app, "hub_audit_unsealed_age_seconds") == 0


class TestWhoMayTouchASeal:
    SEAL = """insert into audit_seals select 99, id, xid, 1, '', now() from audit_events limit 1"""

    @pytest.mark.parametrize(
        "statement", ["select * from audit_seals", SEAL, "delete from audit_seals"]
    )
    def test_the_api_may_not_at_all(self, app, statement):
        with psycopg.connect(app_url(app)) as connection, pytest.raises(pg.InsufficientPrivilege):
            connection.execute(statement)

    @pytest.mark.parametrize(
        "statement",
        [
            "update audit_seals set mac = ''",
            "delete from audit_seals",
            "truncate audit_seals",
            "update audit_events set action = ''",
        ],
    )
    def test_the_worker_changes_none(self, settings, statement):
        url = settings.required_database().worker
        with psycopg.connect(url) as connection, pytest.raises(pg.InsufficientPrivilege):
            connection.execute(statement)

    @pytest.mark.parametrize("role", ["api", "worker"])
    def test_nobody_gives_an_event_a_past(self, settings, role):
        url = getattr(settings.required_database(), role)
        with psycopg.connect(url) as connection, pytest.raises(pg.InsufficientPrivilege):
            connection.execute(
                """insert into audit_events (id, at, action, outcome, request_id, changed, xid)
                   values (gen_random_uuid(), now(), '', 'done', '', '{}', 1)"""
            )


class TestTheAnchor:
    def test_is_there_before_the_first_seal(self, make_sealer, anchor_path):
        make_sealer().seal_finished()
        assert anchor.read(anchor_path).heads == {0: chain.START}

    def test_is_made_up_for_after_a_death_between_commit_and_anchor(
        self, app, make_sealer, seal_all, verify, anchor_path, monkeypatch
    ):
        seal_all()
        record_some(app.engine, 3)
        with monkeypatch.context() as patch:
            patch.setattr(anchor, "append", lambda *_: None)  # died before it got there
            seal_all()
        assert anchor.last(anchor_path).seq == 0
        report = verify()
        assert (report.problems, report.verified) == ([], 3)
        assert make_sealer().seal_finished() == 0
        assert anchor.last(anchor_path).seq == 3
        assert verify().problems == []

    def test_gets_no_line_when_nothing_is_new(self, app, make_sealer, seal_all, anchor_path):
        record_some(app.engine, 3)
        seal_all()
        before = anchor_path.read_bytes()
        make_sealer().seal_finished()
        assert anchor_path.read_bytes() == before

    def test_survives_a_line_cut_short(self, app, seal_all, anchor_path, verify):
        record_some(app.engine, 3)
        seal_all()
        with anchor_path.open("ab") as file:
            file.write(b"7 00ab")
        assert verify().problems == []
        record_some(app.engine, 3)
        seal_all()
        found = anchor.read(anchor_path)
        assert (found.unreadable, max(found.heads)) == (1, 6)
        assert verify().problems == []

    def test_is_for_its_owner_alone(self, seal_all, anchor_path):
        seal_all()
        assert anchor_path.stat().st_mode & 0o777 == 0o600

    def test_that_is_ahead_of_the_chain_is_said(
        self, app, owner, make_sealer, seal_all, monkeypatch
    ):
        said = []
        record_some(app.engine, 3)
        seal_all()
        with owner.begin() as connection:
            connection.execute(sa.text("delete from audit_seals where seq = 3"))
        monkeypatch.setattr(sealing.log, "error", lambda *words, **_: said.append(words))
        make_sealer().seal_finished()
        assert said == [("audit_chain_behind_anchor",)]
