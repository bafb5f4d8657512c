"""Row-level security as it stands in the database, and on a connection of the API's role.

That it holds on its own, whatever the code above it forgets: tests/authorisation.
"""

import json
from dataclasses import replace
from uuid import UUID

import psycopg
import pytest
from psycopg import errors as pg
from uuid_utils.compat import uuid7

from hub_api import db
from hub_api.sleepovers.models import Sleepover
from tests.factories.care import make_ask, make_care
from tests.factories.concerns import make_concern
from tests.factories.emergencies import raised, share
from tests.factories.notifications import (
    make_delivery,
    make_device,
    make_notification,
    make_preferences,
)
from tests.factories.records import make_records
from tests.factories.tasks import make_task
from tests.phone import in_days
from tests.platform.policies import DEFINERS, POLICIES, TABLES_OF_A_STAY, WITHHELD

OUR_ROLES = ["hub_api", "hub_worker"]


@pytest.fixture
def guarded(rows):
    """The tables that row-level security is for."""
    names = {name for (name,) in rows("select tablename from pg_tables where schemaname='public'")}
    return sorted(names - db.OUTSIDE_POLICIES)


@pytest.fixture
def askable(guarded):
    """Those of them that the API's role may read at all."""
    return sorted(set(guarded) - WITHHELD)


class TestTheCatalogue:
    def test_every_table_has_row_level_security(self, rows, guarded):
        enabled = rows("select * from pg_class where relrowsecurity order by relname")
        assert [table.relname for table in enabled] == guarded
        assert not any(table.relforcerowsecurity for table in enabled), "the owner must dump"

    def test_every_table_outside_is_there(self, rows):
        names = {row.tablename for row in rows("select tablename from pg_tables")}
        assert names >= db.OUTSIDE_POLICIES

    def test_every_policy_for_the_api_is_one_of_ours(self, rows, guarded):
        found = {table: set() for table in guarded}
        for row in rows("select * from pg_policies where 'hub_api' = any (roles)"):
            found[row.tablename].add((row.cmd, row.qual, row.with_check))
        assert found == {table: POLICIES.get(table, POLICIES["households"]) for table in guarded}

    def test_no_policy_is_for_anybody_else(self, rows, guarded):
        policies = rows("select *, roles::text[] as whose from pg_policies")
        assert {tuple(row.whose) for row in policies} == {("hub_api",), ("hub_worker",)}
        assert {row.permissive for row in policies} == {"PERMISSIVE"}
        assert {row.tablename for row in policies} == set(guarded)

    def test_nothing_but_tables_holds_rows(self, rows):
        others = """
            select relname from pg_class
             where relnamespace = 'public'::regnamespace and (relkind in ('m', 'f') or relkind = 'v'
               and not coalesce('security_invoker=true' = any (reloptions), false))
        """
        assert rows(others) == []

    def test_functions_above_their_caller_are_known(self, rows):
        definers = rows("""
            select proname, proconfig from pg_proc where prosecdef
               and pronamespace in ('public'::regnamespace, 'jobs'::regnamespace)
        """)
        assert {row.proname for row in definers} == DEFINERS
        assert all(row.proconfig for row in definers), "a fixed search_path"


@pytest.mark.parametrize("role", OUR_ROLES)
class TestTheRole:
    def test_is_nobody_special(self, rows, role):
        (found,) = rows("select * from pg_roles where rolname = :role", role=role)
        powers = "super", "bypassrls", "createrole", "createdb", "replication"
        assert not any(getattr(found, f"rol{power}") for power in powers)
        assert rows("select from pg_auth_members where member = :oid", oid=found.oid) == []

    def test_owns_nothing(self, rows, role):
        owned = """
            select classid::regclass, objid from pg_shdepend
             where deptype = 'o' and refobjid = cast(:role as regrole)
        """
        assert rows(owned, role=role) == []
        assert rows(owned, role="hub_owner") != []

    def test_makes_and_empties_nothing(self, rows, role):
        able = """
            select c.relname from pg_class c
             where c.relkind in ('r', 'p', 'v') and c.relnamespace = 'public'::regnamespace
               and has_table_privilege(:role, c.oid, 'truncate, references, trigger')
        """
        assert rows(able, role=role) == []
        adding = "select has_schema_privilege(:role, 'public', 'create')"
        assert rows(adding, role=role) == [(False,)]

    def test_never_changes_the_audit_trail(self, rows, settings, role):
        able = "select has_any_column_privilege(:role, 'audit_events', 'update')"
        assert rows(able, role=role) == [(False,)]
        urls = settings.required_database()
        url = {"hub_api": urls.api, "hub_worker": urls.worker}[role]
        for change in ("update audit_events set outcome = ''", "delete from audit_events"):
            with psycopg.connect(url) as connection, pytest.raises(pg.InsufficientPrivilege):
                connection.execute(change)


@pytest.fixture
def busy_world(world, owner):
    """Both constellations with a stay, a request sent, a draft, a task, records, a phone."""
    for side in (world, replace(world, here=world.elsewhere)):
        with db.transaction(owner):
            make_task(side.here.id)
            told = make_notification(side.here.hub_carer)
            make_delivery(told, make_device(side.here.hub_carer))
            make_preferences(side.here.hub_carer)
        stay = side.booked()
        with db.transaction(owner) as session:
            session.add_all(make_records(side.here, UUID(stay["request_id"])))
            there = session.get_one(Sleepover, UUID(stay["id"]))
            make_care(there, side.here.hub_carer)
            make_ask(there)
            session.add(share(side.here, there))
            home = side.here.family
            make_concern(side.here, home.children[0], side.here.liaison_worker, home.carer)
        for draft in (False, True):
            side.asked(arrives_at=in_days(20), departs_at=in_days(21, hour=10), draft=draft)
        raised(side)
        side.hub_carer.post("/auth/logout", Idempotency_Key="goodbye-for-now")
    return world


@pytest.fixture
def bare(settings, busy_world):  # noqa: ARG001 - in a world with rows to be seen
    """A connection as the API's role that says nothing about who asks."""
    with psycopg.connect(settings.required_database().api) as connection:
        yield connection


def ask_for(connection, constellation_id, account_id=None):
    scope = f"{{{constellation_id or ''}}}", str(account_id or "")
    setting = (
        "select set_config('hub.constellations', %s, true), set_config('hub.account', %s, true)"
    )
    connection.execute(setting, scope)


def count(connection, table):
    return connection.execute(f"select count(*) from {table}").fetchone()[0]


class TestWithoutSayingWhoAsks:
    def test_there_are_no_rows(self, bare, askable, rows):
        there = {table: rows(f"select count(*) from {table}")[0][0] for table in askable}
        assert all(there.values()), "every table holds something to be hidden"
        assert {table: count(bare, table) for table in askable} == dict.fromkeys(askable, 0)

    @pytest.mark.parametrize("table", sorted(WITHHELD))
    def test_some_tables_are_not_even_asked(self, bare, table):
        with pytest.raises(pg.InsufficientPrivilege, match="permission denied for table"):
            count(bare, table)

    def test_there_are_no_rows_on_a_connection_used_before(self, bare, askable, busy_world):
        ask_for(bare, busy_world.here.id, busy_world.here.hub_carer)
        assert all(count(bare, table) for table in askable)
        bare.commit()
        assert bare.execute("select current_setting('hub.constellations')").fetchone() == ("",)
        assert not any(count(bare, table) for table in askable)

    def test_there_are_no_rows_for_nobodys_scope(self, bare, askable):
        ask_for(bare, None)
        assert not any(count(bare, table) for table in askable)


@pytest.fixture
def able(rows):
    """The tables of a constellation on which the API's role has a privilege."""

    def find(privilege):
        tables = """
            select p.tablename from pg_policies p
             where p.policyname = p.tablename || '_constellation' and p.cmd = 'ALL'
               and has_table_privilege('hub_api', p.tablename, :privilege)
        """
        return {table for (table,) in rows(tables, privilege=privilege)}

    return find


VERSIONED = {
    "adults", "approvals", "beds", "children", "consent_flags", "consents", "emergencies",
    "emergency_asks", "fostering_exemptions", "households", "kept_apart", "respite_requests",
    "sharing_agreements", "sleepovers", "tasks",
}  # fmt: skip
"""Tables of a constellation whose rows the API may change."""

IN_PART = {"consents", "consent_flags"}
"""Those of them of which the API may change some columns only."""


class TestWriting:
    @pytest.fixture
    def ours(self, bare, busy_world):
        ask_for(bare, busy_world.here.id, busy_world.here.hub_carer)
        return bare

    def test_touches_no_row_of_another_constellation(self, ours, able, busy_world):
        assert able("update") == VERSIONED - IN_PART
        for table in VERSIONED:
            touch = f"update {table} set version = version where constellation_id = %s"
            changed = ours.execute(touch, [busy_world.elsewhere.id])
            assert (table, changed.rowcount) == (table, 0)

    def test_deletes_no_row_of_another_constellation(self, ours, rows, able, busy_world):
        tables = able("delete")
        assert tables == {"bed_nights", "hub_absences", "requested_children"}
        before = {table: rows(f"select count(*) from {table}") for table in tables}
        for table in tables:
            delete = f"delete from {table} where constellation_id = %s"
            ours.execute(delete, [busy_world.elsewhere.id])
        ours.commit()
        assert {table: rows(f"select count(*) from {table}") for table in tables} == before

    def test_moves_no_row_into_another_constellation(self, ours, able, busy_world):
        for table in able("update"):
            move = f"update {table} set constellation_id = %s"
            with pytest.raises(pg.InsufficientPrivilege, match="security"), ours.transaction():
                ours.execute(move, [busy_world.elsewhere.id])

    def test_adds_no_row_to_another_constellation(self, ours, busy_world):
        add = """insert into respite_decisions
            select %s, %s, request_id, decision, decided_by, decided_at, checks
              from respite_decisions limit 1"""
        with pytest.raises(pg.InsufficientPrivilege, match="security"), ours.transaction():
            ours.execute(add, [uuid7(), busy_world.elsewhere.id])
        ours.execute(add, [uuid7(), busy_world.here.id])

    @pytest.mark.parametrize("table", [*TABLES_OF_A_STAY, "medicine_counts"])
    def test_writes_nothing_of_its_own_about_a_stay_of_another(
        self, ours, owner, busy_world, table
    ):
        """A row just like theirs, and ours: it would stand in the way of theirs, unseen."""
        theirs = f"select to_jsonb(r)::text from {table} r where constellation_id = %s limit 1"
        with owner.begin() as connection:
            there = (busy_world.elsewhere.id,)
            row = connection.exec_driver_sql(theirs, there).scalar_one()
            for gone in ("medicine_counts", table):
                connection.exec_driver_sql(f"delete from {gone} where constellation_id = %s", there)
        add = f"insert into {table} select * from jsonb_populate_record(null::{table}, %s::jsonb)"
        planted = json.dumps({**json.loads(row), "constellation_id": str(busy_world.here.id)})
        with pytest.raises(pg.ForeignKeyViolation), ours.transaction():
            ours.execute(add, [planted])


class TestAnInterimHubHome:
    """What belongs to a hub home is shown to those it serves, and for a month after."""

    @pytest.mark.parametrize("table", ["beds", "hub_absences"])
    @pytest.mark.parametrize(("days_ago", "is_shown"), [(5, True), (29, True), (30, False)])
    def test_is_closed_to_those_it_served_long_ago(
        self, bare, busy_world, owner, table, days_ago, is_shown
    ):
        theirs = busy_world.elsewhere.hub_home
        with owner.begin() as connection:
            connection.exec_driver_sql("update hub_appointments set starts_on = current_date")
            connection.exec_driver_sql(
                "insert into hub_appointments (id, constellation_id, hub_home_id, starts_on,"
                " ends_on) values (%s, %s, %s, current_date - 400, current_date - %s::int)",
                (uuid7(), busy_world.here.id, theirs, days_ago),
            )
        ask_for(bare, busy_world.here.id)
        seen = bare.execute(f"select from {table} where hub_home_id = %s", [theirs])
        assert (seen.rowcount > 0) == is_shown
