"""GET /audit-events: who reads which events, by what, at what cost; and reading is recorded."""

from dataclasses import replace
from datetime import timedelta
from urllib.parse import urlencode

import pytest
import sqlalchemy as sa
from uuid_utils.compat import uuid7

from hub_api import clock, db
from hub_api.access import Actor, Grant, Role
from hub_api.accounts import service as accounts
from hub_api.audit import policy, reading
from tests.platform.test_statements import counted

LIST = "/audit-events"


@pytest.fixture
def manager(world):
    return world.phone(world.staff[Role.PROGRAMME_MANAGER])


@pytest.fixture
def administrator(world):
    return world.phone(world.staff[Role.SYSTEM_ADMINISTRATOR])


@pytest.fixture
def liaison_worker(world):
    return world.phone(world.here.liaison_worker)


def seen(phone, **filters):
    return phone.get(f"{LIST}?{urlencode({'limit': 200, **filters})}").json["items"]


def constellations(items):
    return {item["constellation_id"] for item in items}


class TestWhoReadsWhat:
    @pytest.fixture(autouse=True)
    def _two_sides(self, world):
        world.booked()
        replace(world, here=world.elsewhere).booked()

    def test_a_liaison_worker_their_constellation(self, world, liaison_worker):
        items = seen(liaison_worker)
        assert constellations(items) == {str(world.here.id)}
        assert "respite_request:accept" in {item["action"] for item in items}

    def test_a_programme_manager_everything(self, world, manager):
        expected = {str(world.here.id), str(world.elsewhere.id), None}
        assert constellations(seen(manager)) == expected

    def test_a_system_administrator_the_service_alone(self, administrator):
        items = seen(administrator)
        assert constellations(items) == {None}
        assert {item["action"] for item in items} == {"session:start"}

    @pytest.mark.parametrize("who", ["carer", "hub_carer"])
    def test_nobody_else(self, world, who, rows):
        assert getattr(world, who).get(LIST).status_code == 403
        (refused,) = rows("select * from audit_events where outcome = 'refused'")
        assert (refused.action, refused.constellation_id) == ("audit:read", None)

    def test_a_liaison_worker_nothing_of_where_they_are_only_a_carer(self, world, grant):
        grant(world.here.liaison_worker, Role.HUB_CARER, constellation_id=world.elsewhere.id)
        assert constellations(seen(world.phone(world.here.liaison_worker))) == {str(world.here.id)}

    @pytest.mark.usefixtures("compiled_anew")
    def test_the_database_keeps_the_services_own_from_a_liaison_worker(
        self, liaison_worker, monkeypatch
    ):
        monkeypatch.setattr(policy, "visible_to", lambda _: sa.true())
        assert None not in constellations(seen(liaison_worker))

    @pytest.mark.usefixtures("compiled_anew")
    def test_the_database_keeps_children_from_a_system_administrator(
        self, administrator, monkeypatch
    ):
        monkeypatch.setattr(policy, "visible_to", lambda _: sa.true())
        assert constellations(seen(administrator)) == {None}


class TestWhatIsShown:
    def test_ids_names_of_fields_and_of_staff_and_never_values(self, world, rows, manager):
        stay = world.booked()
        (item,) = seen(manager, action="respite_request:accept")
        (account,) = rows("select * from accounts where id = :id", id=world.here.hub_carer)
        assert item["actor"] == account.display_name
        assert item["subject_id"] == stay["request_id"]
        assert set(item) == {
            "id", "at", "actor_id", "actor", "action", "outcome", "subject_id",
            "constellation_id", "request_id", "changed",
        }  # fmt: skip

    def test_an_event_without_an_actor(self, world, manager):
        world.phone().post("/auth/login", {"email": "x@test.example", "password": "wrong"})
        (item,) = seen(manager, outcome="refused")
        assert (item["actor_id"], item["actor"], item["subject_id"]) == (None, None, None)

    def test_by_filter(self, world, manager):
        stay = world.booked()
        for filters in (
            {"subject_id": stay["request_id"]},
            {"actor_id": str(world.here.hub_carer)},
            {"action": "session:start"},
            {"outcome": "done"},
        ):
            ((name, value),) = filters.items()
            items = seen(manager, **filters)
            assert items
            assert {item[name] for item in items} == {value}
        assert seen(manager, outcome="refused") == []
        assert seen(manager, subject_id=str(uuid7())) == []

    def test_by_time(self, world, manager):
        world.booked()
        items = [item for item in seen(manager) if item["action"] != "audit:read"]
        middle = items[len(items) // 2]["at"]
        later = [i for i in seen(manager, since=middle) if i["action"] != "audit:read"]
        assert {i["id"] for i in later} == {i["id"] for i in items if i["at"] >= middle}
        earlier = seen(manager, until=middle)
        assert {i["id"] for i in earlier} == {i["id"] for i in items if i["at"] < middle}
        hour = timedelta(hours=1)
        assert seen(manager, since=(clock.now() + hour).isoformat()) == []
        assert seen(manager, until=(clock.now() - hour).isoformat()) == []

    def test_newest_first_page_by_page(self, world, manager):
        world.booked()
        first = manager.get(f"{LIST}?limit=2&action=session:start").json
        path = f"{LIST}?limit=200&action=session:start&cursor={first['next_cursor']}"
        second = manager.get(path).json
        ids = [item["id"] for item in first["items"] + second["items"]]
        assert ids == sorted(ids, reverse=True)
        assert ids == [item["id"] for item in seen(manager, action="session:start")]

    @pytest.mark.parametrize(
        "query", ["outcome=maybe", "since=yesterday", "actor_id=7", "email=x", "action="]
    )
    def test_a_filter_that_is_none_is_refused(self, manager, query):
        assert manager.get(f"{LIST}?{query}").status_code == 422


class TestReading:
    def test_leaves_one_row_a_request(self, world, manager, rows):
        world.booked()
        subject = uuid7()
        assert len(seen(manager)) > 3
        seen(manager, subject_id=str(subject))
        found = rows("select * from audit_events where action = 'audit:read' order by id")
        assert [row.subject_id for row in found] == [None, subject]
        assert {row.actor_id for row in found} == {world.staff[Role.PROGRAMME_MANAGER]}

    def test_fails_when_it_can_not_be_recorded(self, world, manager, owner, rows):
        world.booked()
        trigger = """
            create function refuse() returns trigger language plpgsql as
                $$ begin raise exception 'the disk is full'; end $$;
            create trigger refuse before insert on audit_events
                for each row when (new.action = 'audit:read') execute function refuse()
        """
        with owner.begin() as connection:
            connection.execute(sa.text(trigger))
        try:
            client = world.app.test_client()
            answer = client.get(f"/api/v1{LIST}", headers=manager.headers)
        finally:
            with owner.begin() as connection:
                connection.execute(sa.text("drop function refuse cascade"))
        assert answer.status_code == 500
        assert "items" not in answer.json
        assert rows("select from audit_events where action = 'audit:read'") == []

    def test_takes_at_most_four_statements(self, world, manager):
        world.booked()
        with counted(world.app.engine) as sent:
            assert manager.get(LIST).json["items"]
        assert len(sent) <= 4


MANY = 50_000
MANY_EVENTS = """
    insert into audit_events (id, at, actor_id, action, outcome, subject_id, constellation_id,
                              request_id, changed)
    select (lpad(to_hex((extract(epoch from at) * 1000)::bigint), 12, '0')
             || '7' || substr(hash, 1, 3) || '8' || substr(hash, 4, 15))::uuid,
           at,
           case when n % 500 = 0 then :carer else gen_random_uuid() end,
           case when n % 400 = 0 then 'audit:read' else 'sleepover:cancel' end,
           case when n % 300 = 0 then 'refused' else 'done' end,
           gen_random_uuid(),
           case n % 10 when 0 then null when 1 then :here else gen_random_uuid() end,
           '', '{}'
      from (select n, md5(n::text) as hash, now() - n * interval '1 minute' as at
              from generate_series(1, :many) n) numbered
"""
"""One a minute. The carer did every 500th; every tenth is the service's, every tenth from here."""


class TestAmongManyEvents:
    @pytest.fixture
    def plan_of(self, world, owner):
        """How the database finds a page among `MANY` events, as the API's role and this person."""
        with owner.begin() as connection:
            people = {"carer": world.here.family.carer, "here": world.here.id}
            connection.execute(sa.text("set local statement_timeout = 0"))
            connection.execute(sa.text(MANY_EVENTS), {**people, "many": MANY})
        with owner.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(sa.text("vacuum analyze audit_events"))

        def plan(actor, **filters):
            query = dict.fromkeys(reading.Query.__annotations__) | {"limit": 50} | filters
            sent = []
            with db.transaction(world.app.engine):
                accounts.set_scope(actor)
                connection = db.connection()
                sa.event.listen(
                    connection, "before_cursor_execute", lambda _c, _u, *sql: sent.append(sql[:2])
                )
                reading.list_events(actor, query)
                select, values = sent[0]
                explain = f"explain (analyze, format json) {select}"
                return connection.exec_driver_sql(explain, values).scalar()[0]["Plan"]

        return plan

    def test_a_page_is_found_by_an_index(self, world, plan_of):
        now, nobody = clock.now(), uuid7()
        people = {
            Role.LIAISON_WORKER: [Grant(Role.LIAISON_WORKER, world.here.id, None)],
            Role.PROGRAMME_MANAGER: [
                Grant(Role.PROGRAMME_MANAGER, side.id, None)
                for side in (world.here, world.elsewhere)
            ],
            Role.SYSTEM_ADMINISTRATOR: [Grant(Role.SYSTEM_ADMINISTRATOR, None, None)],
        }
        long_ago = now - timedelta(days=30)
        for role, grants in people.items():
            actor = Actor(nobody, nobody, tuple(grants))
            for filters in (
                {},
                {"subject_id": nobody},
                {"actor_id": world.here.family.carer},
                {"action": "audit:read"},
                {"outcome": "refused"},
                {"since": long_ago, "until": long_ago + timedelta(hours=1)},
            ):
                plan = plan_of(actor, **filters)
                told = (role, filters, [*scans(plan)])
                assert not any(kind == "Seq Scan" for kind, _, _ in scans(plan)), told
                assert sum(looked_at for _, _, looked_at in scans(plan)) <= MANY / 5, told


def scans(plan):
    """Every scan of the audit events: its kind, its index, and the rows it looked at."""
    if plan.get("Relation Name") == "audit_events":
        removed = plan.get("Rows Removed by Filter", 0) + plan.get(
            "Rows Removed by Index Recheck", 0
        )
        yield plan["Node Type"], plan.get("Index Name"), plan["Actual Rows"] + removed
    for part in plan.get("Plans", []):
        yield from scans(part)
