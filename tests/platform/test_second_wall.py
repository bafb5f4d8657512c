"""Row-level security holds on its own, whatever the code above it forgets."""

import importlib
import inspect
import pkgutil
from contextlib import contextmanager
from dataclasses import replace

import psycopg
import pytest
import sqlalchemy as sa
from psycopg import errors as pg
from uuid_utils.compat import uuid7

import hub_api
from hub_api import db, models
from hub_api.access import Actor, Role
from tests.phone import contract, in_days
from tests.platform.policies import DEFINERS, POLICIES, THE_SERVICES_LISTS, WITHHELD

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
def busy_world(world):
    """Both constellations with a sleepover, a request that was sent and a draft."""
    for side in (world, replace(world, here=world.elsewhere)):
        side.booked()
        for draft in (False, True):
            side.asked(arrives_at=in_days(20), departs_at=in_days(21, hour=10), draft=draft)
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


class TestWriting:
    @pytest.fixture
    def ours(self, bare, busy_world):
        ask_for(bare, busy_world.here.id, busy_world.here.hub_carer)
        return bare

    def test_touches_no_row_of_another_constellation(self, ours, able, busy_world):
        tables = able("update")
        assert tables == {"respite_requests", "sleepovers"}
        for table in tables:
            touch = f"update {table} set version = version where constellation_id = %s"
            changed = ours.execute(touch, [busy_world.elsewhere.id])
            assert (table, changed.rowcount) == (table, 0)

    def test_deletes_no_row_of_another_constellation(self, ours, rows, able, busy_world):
        assert able("delete") == {"bed_nights"}
        (before,) = rows("select count(*) from bed_nights")
        delete = "delete from bed_nights where constellation_id = %s"
        ours.execute(delete, [busy_world.elsewhere.id])
        ours.commit()
        assert rows("select count(*) from bed_nights") == [before]

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


OWN_ACCOUNT = "/api/v1/me"
"""Accounts are outside the policies: the actor must be found before anybody is known."""

ROLES = [role for role in Role if role is not Role.PROGRAMME_MANAGER]
"""Everybody but the programme manager, who sees every constellation by right."""


def conditions():
    """Every function of a policy that returns a condition on rows, with its module."""
    for found in pkgutil.walk_packages(hub_api.__path__, "hub_api."):
        if found.name.endswith(".policy"):
            module = importlib.import_module(found.name)
            for name, function in inspect.getmembers(module, inspect.isfunction):
                returns = str(inspect.signature(function).return_annotation)
                if function.__module__ == found.name and "ColumnElement" in returns:
                    yield module, name


@pytest.fixture
def forgetful(monkeypatch, compiled_anew):  # noqa: ARG001 - reads forget the real conditions
    """The first wall gone: everybody may everything and every row is for everybody."""
    for module, name in conditions():
        if module.__name__ != "hub_api.accounts.policy":
            monkeypatch.setattr(module, name, lambda *_: sa.true())
    monkeypatch.setattr(Actor, "may", lambda _actor, _permission: True)


@contextmanager
def without_row_level_security(owner, tables):
    def alter(verb):
        with owner.begin() as connection:
            for table in tables:
                connection.execute(sa.text(f"alter table {table} {verb} row level security"))

    alter("disable")
    try:
        yield
    finally:
        alter("enable")


@pytest.fixture
def foreign(busy_world, rows):
    """Every id and name by which the other constellation could be told."""
    there = busy_world.elsewhere
    marks = {"Elsewhere", str(there.id)}
    for table in models.Base.metadata.sorted_tables:
        if "constellation_id" in table.columns:
            for key in (key.name for key in table.primary_key if isinstance(key.type, sa.Uuid)):
                select = f"select {key} from {table.name} where constellation_id = :id"
                marks |= {str(value) for (value,) in rows(select, id=there.id)}
    people = [there.hub_carer, there.family.carer]
    told = rows("select id from notifications where account_id = any (:people)", people=people)
    return marks | {str(value) for (value,) in told}


@pytest.fixture
def ids(busy_world, rows):
    """An object of the other constellation, by the name a path gives its id."""
    there = busy_world.elsewhere
    (stay, *_) = rows("select * from sleepovers where constellation_id = :id", id=there.id)
    return {
        "constellation_id": there.id,
        "household_id": there.family.id,
        "request_id": stay.request_id,
        "sleepover_id": stay.id,
    }


def phone_of(world, role):
    if role is Role.SATELLITE_CARER:
        return world.carer
    return world.phone(world.staff.get(role) or getattr(world.here, role))


def reads():
    """Every list and every get, but for one's own account."""
    return [
        path
        for path, operations in contract()["paths"].items()
        if "get" in operations and path.startswith("/api/v1/") and path != OWN_ACCOUNT
    ]


def read_all(world, role, ids):
    """What everybody reads, by path."""
    phone = phone_of(world, role)
    return {
        path: phone.get(path.removeprefix("/api/v1").format(**ids)).get_data(as_text=True)
        for path in reads()
    }


def showing(answers, marks):
    return {path for path, text in answers.items() if any(mark in text for mark in marks)}


def do_all(world, role, ids):
    """The status of doing everything to an object of the other constellation, by path."""
    phone = phone_of(world, role)
    return {
        path: phone.post(
            path.removeprefix("/api/v1").format(**ids), _example(operations["post"]), If_Match='"1"'
        ).status_code
        for path, operations in contract()["paths"].items()
        if "post" in operations and "{" in path
    }


def _example(operation):
    if "requestBody" in operation:
        return operation["requestBody"]["content"]["application/json"]["example"]
    return None


class TestWithTheFirstWallGone:
    def test_no_condition_was_overlooked(self):
        found = {(module.__name__.split(".")[1], name) for module, name in conditions()}
        slices = "accounts", "constellations", "households", "notifications", "respite"
        assert found >= {(slice_, "visible_to") for slice_ in (*slices, "sleepovers")}
        assert ("constellations", "beds_visible_to") in found

    @pytest.mark.usefixtures("forgetful")
    @pytest.mark.parametrize("role", ROLES)
    def test_nothing_of_another_constellation_is_read(self, busy_world, role, ids, foreign):
        answers = read_all(busy_world, role, ids)
        assert len(answers) >= 10
        assert showing(answers, foreign) == set()

    @pytest.mark.usefixtures("forgetful")
    @pytest.mark.parametrize("role", ROLES)
    def test_nothing_of_another_constellation_is_changed(self, busy_world, role, ids):
        statuses = do_all(busy_world, role, ids)
        assert len(statuses) >= 3
        assert set(statuses.values()) == {404}

    @pytest.mark.usefixtures("forgetful")
    @pytest.mark.parametrize("role", [Role.HOME_DUTY_STAFF, Role.SYSTEM_ADMINISTRATOR])
    def test_nothing_at_all_is_listed_for_staff_without_a_constellation(self, busy_world, role):
        for path in reads():
            if "{" not in path:
                items = phone_of(busy_world, role).get(path.removeprefix("/api/v1")).json["items"]
                if role is Role.SYSTEM_ADMINISTRATOR and path in THE_SERVICES_LISTS:
                    assert {item["constellation_id"] for item in items} == {None}
                else:
                    assert items == []

    @pytest.mark.usefixtures("forgetful")
    def test_ones_own_constellation_is_still_read(self, busy_world):
        for path in ("/households", "/respite-requests", "/sleepovers", "/constellations"):
            assert busy_world.hub_carer.get(path).json["items"] != []


class TestWithBothWallsGone:
    """The control: what the second wall hides is there, and asking for it would show it."""

    @pytest.mark.usefixtures("forgetful")
    @pytest.mark.parametrize("role", ROLES)
    def test_everything_of_another_constellation_is_read(
        self, busy_world, role, ids, foreign, owner, guarded
    ):
        with without_row_level_security(owner, guarded):
            answers = read_all(busy_world, role, ids)
        assert showing(answers, foreign) == set(reads())

    @pytest.mark.usefixtures("forgetful")
    def test_objects_of_another_constellation_are_found(self, busy_world, ids, owner, guarded):
        with without_row_level_security(owner, guarded):
            statuses = do_all(busy_world, Role.HUB_CARER, ids)
        assert 404 not in statuses.values()

    def test_the_first_wall_alone_hides_them_too(self, busy_world, ids, foreign, owner, guarded):
        with without_row_level_security(owner, guarded):
            shown = {role: showing(read_all(busy_world, role, ids), foreign) for role in ROLES}
        # A refusal names the id that was sent, and what was refused belongs to the service.
        assert shown.pop(Role.SYSTEM_ADMINISTRATOR) <= THE_SERVICES_LISTS
        assert set().union(*shown.values()) == set()
