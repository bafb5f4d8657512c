"""No change is missed, whoever writes while a phone reads; what can't be told starts anew."""

import base64

import orjson
import pytest
import sqlalchemy as sa

from hub_api import db
from hub_api.access import Role
from hub_api.accounts.models import RoleGrant
from hub_api.clock import london_today
from tests.factories.tasks import make_task
from tests.sync.phones import CopyingPhone, all_lists, new

RENAME = sa.text("update households set name = :name, version = version + 1 where id = :id")


@pytest.fixture
def phone(world):
    copy = CopyingPhone(world.hub_carer)
    copy.catch_up()
    return copy


def decoded(cursor):
    return orjson.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))


def encoded(parts):
    return base64.urlsafe_b64encode(orjson.dumps(parts)).decode().rstrip("=")


class TestWritingMeanwhile:
    """A transaction that begins before a round and is committed after it."""

    @pytest.fixture
    def overlapped(self, world, owner, phone):
        """Begins to rename one household, renames another, syncs, and only then commits the first.
        The ids of both, and the greatest number the phone has seen of changes."""
        slow, quick = world.here.family.id, world.here.neighbours.id
        with owner.connect() as connection:
            connection.execute(RENAME, {"name": "Slow", "id": slow})
            with owner.begin() as other:
                other.execute(RENAME, {"name": "Quick", "id": quick})
            (answer,) = phone.catch_up()
            assert str(quick) in new(answer)["households"]
            assert phone.kept["households"][str(slow)]["name"] != "Slow"
            connection.commit()
        return str(slow), str(quick)

    def test_is_sent_by_the_next_round(self, phone, overlapped):
        (answer,) = phone.catch_up()
        assert overlapped[0] in new(answer)["households"]
        assert phone.kept == all_lists(phone.phone)

    def test_holds_back_others_no_longer_than_it_lasts(self, phone, overlapped):
        (again,) = phone.catch_up()
        assert new(again)["households"] >= set(overlapped), "what came meanwhile is sent twice"
        phone.settle()

    @pytest.mark.parametrize("order", ["id", "xid"])
    def test_would_be_missed_by_whoever_goes_on_behind_the_last_change_seen(
        self, rows, overlapped, order
    ):
        """The control: by number or by transaction, the slow one lies behind what was seen."""
        found = rows(
            f"select object_id, max({order}) as place from sync_entries where kind = 'households'"
            " group by object_id"
        )
        places = {str(row.object_id): row.place for row in found}
        slow, quick = overlapped
        assert places[slow] < places[quick]


class TestPaging:
    def test_holds_while_things_change(self, world, owner):
        with db.transaction(owner):
            for _ in range(5):
                make_task(world.here.id)
        phone = CopyingPhone(world.phone(world.here.liaison_worker), limit=2)
        is_more, turn = True, 0
        while is_more:
            is_more = phone.ask()["more"]
            turn += 1
            if turn % 3 == 0 and turn < 30:
                with owner.begin() as connection:
                    name = {"name": f"Name {turn}", "id": world.here.family.id}
                    connection.execute(RENAME, name)
        phone.catch_up()
        assert phone.kept == all_lists(phone.phone)


class TestAnotherCourseOfChanges:
    """After it, a cursor's numbers mean nothing; the phone is told so and never left with a gap."""

    @pytest.mark.parametrize(
        ("part", "change"),
        [
            (2, lambda _: "0" * 32),  # another cluster, timeline, database or table
            (3, lambda floor: floor + 1_000_000),  # numbers that are yet to come
            (8, lambda xid: xid + 1_000_000),
            (0, lambda version: version + 1),  # another version of the hub
            (4, lambda _: ["2020-01-01", "2020-01-01T12:00:00Z"]),  # long ago
            (4, lambda _: ["2120-01-01", "2120-01-01T12:00:00Z"]),  # yet to come
        ],
    )
    def test_starts_anew(self, phone, part, change):
        parts = decoded(phone.cursor)
        parts[part] = change(parts[part])
        phone.cursor = encoded(parts)
        phone.catch_up()
        assert phone.resets == 2
        assert phone.kept == all_lists(phone.phone)

    def test_is_noticed_when_the_entries_are_loaded_anew(self, phone, owner):
        """As a dump restored into the same database does."""
        with owner.begin() as connection:
            connection.exec_driver_sql("create temporary table kept as table sync_entries")
            connection.exec_driver_sql("truncate sync_entries")
            connection.exec_driver_sql(
                "insert into sync_entries overriding system value select * from kept"
            )
        phone.catch_up()
        assert phone.resets == 2

    def test_is_known_by_cluster_timeline_database_and_table(self, rows):
        found = rows("""
            select sync_place(), s.system_identifier::text, c.timeline_id::text
              from pg_control_system() s, pg_control_checkpoint() c
        """)[0]
        parts = found[0].split(".")
        assert parts[:2] == [found[1], found[2]]
        assert len(parts) == 5


class TestAnotherScope:
    def test_of_another_account_starts_anew(self, world, phone):
        other = CopyingPhone(world.phone(world.here.liaison_worker))
        other.cursor = phone.cursor
        other.catch_up()
        assert other.resets == 1
        assert other.kept == all_lists(other.phone)

    def test_of_a_role_that_ends_takes_everything_away(self, world, owner, phone):
        with owner.begin() as connection:
            connection.execute(
                sa.update(RoleGrant)
                .where(RoleGrant.account_id == world.here.hub_carer)
                .values(ends_on=london_today())
            )
        phone.catch_up()
        assert phone.resets == 2
        assert {kind for kind, kept in phone.kept.items() if kept} <= {"notifications"}

    def test_of_a_role_that_begins_brings_what_it_shows(self, world, grant, phone):
        grant(world.here.hub_carer, Role.HUB_CARER, constellation_id=world.elsewhere.id)
        phone.catch_up()
        assert str(world.elsewhere.family.id) in phone.kept["households"]
        assert phone.kept == all_lists(phone.phone)


class TestACursor:
    def test_has_each_step_once(self, phone):
        """Or a cursor of one's own making would have the hub read the same lists 150 times."""
        parts = decoded(phone.cursor)
        parts[6], parts[-1] = ["all:tasks"] * 2, False
        assert phone.phone.get(f"/sync?cursor={encoded(parts)}").status_code == 422

    def test_holds_nothing_of_anybody(self, phone, world):
        text = orjson.dumps(decoded(phone.cursor)).decode()
        known = [world.here.hub_carer, world.here.id, world.here.family.id]
        assert not any(str(id_) in text or id_.hex in text for id_ in known)

    @pytest.mark.parametrize(
        "cursor",
        ["x", "%00", "é", "A" * 3000, "bnVsbA", "W10", "e30", "WzFd", encoded([1] * 11)],
    )
    def test_that_is_none_of_ours_is_refused(self, world, cursor):
        answer = world.carer.get(f"/sync?cursor={cursor}")
        assert (answer.status_code, [*answer.json["errors"]]) == (422, ["cursor"])

    @pytest.mark.parametrize("part", range(11))
    @pytest.mark.parametrize(
        "wrong",
        [None, -1, 2**63, "x", [], {}, ["0001-01-01", "0001-01-01T00:00:00+14:00"], [["a"]], 1.5],
    )
    def test_that_is_spoilt_is_refused_or_starts_anew(self, phone, part, wrong):
        parts = decoded(phone.cursor)
        parts[part] = wrong
        answer = phone.phone.get(f"/sync?cursor={encoded(parts)}")
        assert answer.status_code in {200, 422}, (part, wrong)

    @pytest.mark.parametrize("limit", ["0", "501", "x", "-1"])
    def test_takes_so_many_at_most(self, world, limit):
        assert world.carer.get(f"/sync?limit={limit}").status_code == 422
