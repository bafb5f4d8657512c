"""The migrations make what the models say, and can be undone."""

import hashlib
from importlib.resources import files

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session
from uuid_utils.compat import uuid7

from hub_api import clock, db, migrate, models
from hub_api.access import Role
from hub_api.accounts.models import Account, RoleGrant
from hub_api.constellations.models import Constellation
from hub_api.notifications.categories import Category
from hub_api.notifications.models import ChannelName, Delivery, Notification
from hub_api.tasks.kinds import TaskKind
from hub_api.tasks.models import Task

FROZEN = "6bb16ebaa04458b51b81ea4d31dc059b838ba66667ce89c0c35656ca7b26f8c1"


@pytest.fixture
def owner_of_fresh(make_database):
    urls = make_database("hub_migrations")
    engine = db.make_engine(urls.migration, connections=2, options="-csearch_path=public")
    yield urls.migration, engine
    engine.dispose()


def tables(engine: sa.Engine) -> set[str]:
    with engine.connect() as connection:
        return set(sa.inspect(connection).get_table_names())


def schema(engine: sa.Engine) -> list[tuple[str, ...]]:
    """Everything that matters about the schema, to compare two of them."""
    statement = """
        select 'column', table_name, column_name, data_type, is_nullable, ''
          from information_schema.columns where table_schema = 'public'
        union all
        select 'constraint', conrelid::regclass::text, conname, pg_get_constraintdef(oid), '', ''
          from pg_constraint where connamespace = 'public'::regnamespace
        union all
        select 'index', tablename, indexname, indexdef, '', '' from pg_indexes
         where schemaname = 'public'
        union all
        select 'policy', tablename, policyname, coalesce(qual, ''), coalesce(with_check, ''),
               array_to_string(roles, ',') from pg_policies
        union all
        select 'grant', table_name, grantee, privilege_type, '', ''
          from information_schema.table_privileges where table_schema in ('public', 'jobs')
        order by 1, 2, 3, 4
    """
    with engine.connect() as connection:
        return [tuple(row) for row in connection.execute(sa.text(statement))]


class TestMigrations:
    def test_go_up_down_and_up_to_the_same_schema(self, owner_of_fresh):
        url, engine = owner_of_fresh
        first = schema(engine)
        migrate.move(url, "base")
        assert tables(engine) == {"alembic_version"}
        migrate.move(url)
        assert schema(engine) == first

    def test_can_each_be_undone_and_done_again(self, owner_of_fresh):
        url, engine = owner_of_fresh
        whole = schema(engine)
        scripts = ScriptDirectory.from_config(migrate.config()).walk_revisions()
        newest_first = [script.revision for script in scripts]
        for revision in (*newest_first[1:], "base"):
            migrate.move(url, revision)
            assert (migrate.current(url) or "base") == revision
        for revision in reversed(newest_first):
            migrate.move(url, revision)
        assert schema(engine) == whole

    def test_can_be_undone_after_every_word_was_used(self, owner_of_fresh):
        """To the release before, which has no word for some: what says them goes, and its checks
        hold of the rest."""
        url, engine = owner_of_fresh
        use_every_word(engine)
        released = ScriptDirectory.from_config(migrate.config()).walk_revisions(RELEASED, "head")
        for script in released:
            migrate.move(url, script.revision)
        assert migrate.current(url) == RELEASED
        with engine.connect() as connection:
            assert left(connection, "tasks", "kind") == KINDS
            assert left(connection, "notifications", "category") >= {"device_stopped", "return_due"}
            assert left(connection, "notifications", "category").isdisjoint(NEW_CATEGORIES)
            assert left(connection, "pg_constraint", "convalidated") == {True}

    def test_give_the_audit_events_that_are_there_their_transaction(self, owner_of_fresh):
        url, engine = owner_of_fresh
        add = sa.text("""
            insert into audit_events (id, at, action, outcome, request_id, changed)
            select gen_random_uuid(), now(), 'session:start', 'done', '', '{}'
              from generate_series(1, 3)
        """)
        xids = sa.text("select xid, count(*) from audit_events group by xid order by xid")
        migrate.move(url, "0008")
        with engine.begin() as connection:
            connection.execute(add)
        migrate.move(url)
        with engine.begin() as connection:
            connection.execute(add)
        with engine.connect() as connection:
            older, newer = connection.execute(xids).all()
            assert (older.count, newer.count) == (3, 3)
        migrate.move(url, "0008")
        migrate.move(url)
        with engine.connect() as connection:
            ((_, count),) = connection.execute(xids).all()
            assert count == 6

    def test_make_what_the_models_say(self, owner_of_fresh):
        _url, engine = owner_of_fresh
        with engine.connect() as connection:
            context = MigrationContext.configure(connection, opts={"compare_type": True})
            assert compare_metadata(context, models.Base.metadata) == []

    def test_write_the_models_constraints_and_indexes_to_the_letter(self, owner_of_fresh):
        """Alembic compares no check constraints: a new word in a list would pass unnoticed."""
        _url, engine = owner_of_fresh
        with engine.begin() as connection:
            written = definitions(connection, "public")
            connection.exec_driver_sql("create schema scratch")
            connection.exec_driver_sql("set local search_path to scratch")
            models.Base.metadata.create_all(connection)
            assert written == definitions(connection, "scratch")

    def test_keep_their_helper_as_it_was(self):
        """Its functions are part of every migration that calls them: add some, change none."""
        source = (migrate.ROOT / "migrations" / "rls.py").read_bytes()
        assert hashlib.sha256(source).hexdigest() == FROZEN

    def test_apply_every_migration_the_job_queue_brings(self):
        steps = [step.name for step in files("procrastinate.sql.migrations").iterdir()]
        newest = max(step for step in steps if step.endswith(".sql"))
        sources = (migrate.ROOT / "migrations" / "versions").glob("*.py")
        assert any(newest in source.read_text() for source in sources)


RELEASED = "0027"
"""The last migration of the release before: what is newer can be taken back."""
KINDS = {
    TaskKind.HUB_CARER_MISSING,
    TaskKind.APPROVAL_NEEDED,
    TaskKind.RETURN_LATE,
    TaskKind.SLEEPOVER_IN_DOUBT,
    TaskKind.DEVICE_STOPPED,
}
NEW_CATEGORIES = {Category.CONSENT_MISSING, Category.RECORD_OPENED, Category.MISSING_REPORTED}


def use_every_word(engine: sa.Engine) -> None:
    """A task and a notification of every kind, each told by e-mail; and the role that is new."""
    account_id, constellation_id = uuid7(), uuid7()
    now = clock.now()
    task = {"constellation_id": constellation_id, "role": Role.LIAISON_WORKER, "due_at": now}
    told = [
        Notification(
            id=uuid7(),
            account_id=account_id,
            category=category,
            severity=category.severity,
            subject_id=uuid7(),
            expires_at=now,
        )
        for category in Category
    ]
    grant = {"id": uuid7(), "account_id": account_id, "starts_on": clock.london_today()}
    with Session(engine) as session:
        session.add(Account(id=account_id, email="a@example.org", display_name="A"))
        session.add(Constellation(id=constellation_id, name="Elm"))
        session.flush()
        session.add_all(Task(kind=kind, subject_id=uuid7(), **task) for kind in TaskKind)
        session.add_all(told)
        session.flush()
        session.add_all(
            Delivery(
                notification_id=one.id,
                account_id=account_id,
                channel=ChannelName.EMAIL,
                next_attempt_at=now,
            )
            for one in told
        )
        session.add(RoleGrant(role=Role.ON_CALL_MANAGER, **grant))
        session.commit()


def left(connection: sa.Connection, table: str, column: str) -> set[object]:
    found = connection.exec_driver_sql(f"select distinct {column} from {table}")
    return {*found.scalars()}


def definitions(connection: sa.Connection, schema: str) -> set[tuple[str, ...]]:
    """Constraints and indexes by name, as PostgreSQL words them, without the schema's name."""
    found = connection.execute(
        sa.text("""
            select conrelid::regclass::text, conname, pg_get_constraintdef(oid)
              from pg_constraint where connamespace = to_regnamespace(:schema)
            union all
            select tablename, indexname, indexdef from pg_indexes where schemaname = :schema
        """),
        {"schema": schema},
    )
    plain = {tuple(part.replace(f"{schema}.", "") for part in row) for row in found}
    return {row for row in plain if row[0] != "alembic_version"}


class TestConstraints:
    @pytest.mark.parametrize(
        ("statement", "constraint"),
        [
            ("update sleepovers set departs_at = arrives_at", "ck_sleepover_departs_after_arrival"),
            ("update sleepovers set state = 'lost'", "ck_sleepover_state_known"),
            ("update sleepovers set state = 'cancelled'", "ck_sleepover_cancelled_with_reason"),
            ("update respite_requests set nights = '{}'", "ck_request_has_nights"),
            ("update accounts set email = upper(email)", "ck_account_email_lower_case"),
            (
                """insert into role_grants (id, account_id, role, starts_on)
                select gen_random_uuid(), id, 'satellite_carer', now() from accounts limit 1""",
                "ck_role_grant_satellite_carer_has_household",
            ),
            (
                """insert into memberships (id, constellation_id, household_id, starts_on)
                select gen_random_uuid(), constellation_id, household_id, now()
                from memberships limit 1""",
                "membership_overlaps",
            ),
        ],
    )
    def test_refuse_by_name(self, world, owner, statement, constraint):
        world.booked()
        with pytest.raises(IntegrityError, match=constraint), owner.begin() as connection:
            connection.execute(sa.text(statement))

    def test_refuse_a_bed_of_another_hub_home(self, world, owner):
        world.booked()
        with pytest.raises(IntegrityError, match="fk_bed_night_bed"), owner.begin() as connection:
            connection.execute(
                sa.text("update bed_nights set bed_id = :bed"), {"bed": world.elsewhere.beds[0]}
            )
