"""A large load, made small: held to every rule by queries that know nothing of how it was made."""

from collections import Counter
from dataclasses import replace
from random import Random

import pytest
import sqlalchemy as sa

from hub_api import child_keys, clock, create_app, db
from hub_api.encryption import Ciphertext
from hub_api.respite.models import RespiteRequest
from hub_api.sleepovers.models import CheckOverride, SleepoverState
from seed import southwark
from tests.phone import Phone
from tests.running.program import addresses, hub_in_process
from tests.seed.invariants import BROKEN, broken

CONSTELLATIONS, MONTHS = 5, 6
BEGUN = """
    update sleepovers set state = 'in_stay', arrived_at = arrives_at
     where id in (select id from sleepovers where state = 'confirmed')"""
HANDED = """
    insert into handovers (id, version, constellation_id, sleepover_id, child_id, kind, happened_at,
                           written_by, written_at, family_confirmed_by, family_confirmed_at,
                           hub_confirmed_by, hub_confirmed_at)
    select gen_random_uuid(), 1, s.constellation_id, s.id, s.child_id, '{kind}', now(),
           h, now(), {family}, case when {family} is not null then now() end,
           {hub}, case when {hub} is not null then now() end
      from sleepovers s join medicines m using (child_id)
      join lateral (select account_id as h from role_grants g where g.role = 'hub_carer'
                       and g.constellation_id = s.constellation_id) g on true limit 1"""
"""Writes down a handover; `h` is the hub carer."""
HARMS = {
    "a bed holds two children": """
        alter table bed_nights drop constraint uq_bed_night;
        update bed_nights a set bed_id = b.bed_id from bed_nights b
         where (a.hub_home_id, a.night) = (b.hub_home_id, b.night) and a.child_id <> b.child_id""",
    "a child is in two places": """
        alter table bed_nights drop constraint uq_child_night;
        insert into bed_nights (bed_id, night, child_id, request_id, sleepover_id, hub_home_id,
                                constellation_id)
        select b.id, n.night, n.child_id, n.request_id, n.sleepover_id, n.hub_home_id,
               n.constellation_id
          from bed_nights n join beds b using (hub_home_id)
         where not exists (select from bed_nights x where (x.bed_id, x.night) = (b.id, n.night))
         limit 1""",
    "two stays of a child overlap": """
        update sleepovers set arrived_at = arrived_at - interval '3 years' where state = 'closed'
        """,
    "a request awaiting approval without its nights": """
        update respite_requests set state = 'awaiting_approval', decline_reason = null
         where state = 'declined'""",
    "a decision without every check": """
        update respite_decisions set checks = (
            select json_agg(c) from json_array_elements(checks) c where c ->> 'code' <> 'timing')
         where id = (select min(id::text)::uuid from respite_decisions)""",
    "a decision that is still to come": """
        update respite_decisions set decided_at = now() + interval '1 hour'
         where id = (select min(id::text)::uuid from respite_decisions)""",
    "a request past its expiry": """
        update respite_requests set state = 'submitted' where state = 'expired'""",
    "a live stay whose nights are not its own": """
        delete from bed_nights where ctid = (select min(ctid) from bed_nights)""",
    "a bed-night without a live stay or hold": """
        update sleepovers set state = 'cancelled', cancelled_at = now(), cancel_reason = 'other',
               arrived_at = null, returned_at = null, closed_at = null, early_end_reason = null
         where id = (select sleepover_id from bed_nights where sleepover_id is not null limit 1)""",
    "more fostered children than the usual limit": """
        update children set legal_status = 'section_31', sibling_group_id = null,
               household_id = (select household_id from hub_homes order by id limit 1)
         where id in (select id from children order by id limit 4)""",
    "beyond the terms of approval": "update approvals set max_age = 9",
    # It runs out on the third anniversary, which here is the last night of all.
    "a certificate out of date": """
        update adults a set dbs_issued_on = (
            select max(n.night) - interval '3 years' from bed_nights n
              join hub_homes h on h.id = n.hub_home_id where h.household_id = a.household_id)""",
    "kept apart and yet together": """
        insert into kept_apart (id, version, constellation_id, starts_on, child_id, other_child_id,
                                reason, recorded_by, recorded_at)
        select gen_random_uuid(), 1, a.constellation_id, date '2020-1-1', a.child_id, b.child_id,
               'other', (select id from accounts limit 1), now()
          from bed_nights a join bed_nights b using (hub_home_id, night)
         where a.child_id < b.child_id limit 1""",
    "a shared bedroom without both agreements": "update beds set bedroom = 'one room'",
    "a night without the consent it takes": "update consents set withdrawn_at = '2020-1-1'",
    "a guest of whom something is not written down": f"""
        {BEGUN};
        delete from pack_sections where section = 'pets'""",
    "a dose that was not for this child on this day": f"""
        {BEGUN};
        insert into medication_records (id, constellation_id, sleepover_id, child_id, medicine_id,
                                        outcome, given_at, written_by, written_at)
        select gen_random_uuid(), s.constellation_id, s.id, s.child_id, m.id, 'given',
               now() - interval '1 day', m.recorded_by, now()
          from sleepovers s join medicines m using (child_id) limit 1""",
    "a dose given twice": """
        insert into medication_records (id, constellation_id, sleepover_id, child_id, medicine_id,
                                        outcome, given_at, due_at, attempt, written_by, written_at)
        select gen_random_uuid(), s.constellation_id, s.id, s.child_id, m.id, 'given', now(), now(),
               n, m.recorded_by, now()
          from sleepovers s join medicines m using (child_id) cross join generate_series(1, 2) n
         order by s.id, m.id, n limit 2""",
    "a dose given while the child was elsewhere": """
        insert into medication_records (id, constellation_id, sleepover_id, child_id, medicine_id,
                                        outcome, given_at, written_by, written_at)
        select gen_random_uuid(), s.constellation_id, s.id, s.child_id, m.id, 'given',
               s.arrived_at - interval '1 minute', m.recorded_by, now()
          from sleepovers s join medicines m using (child_id) where s.arrived_at is not null
         limit 1""",
    "a correction of something else": """
        insert into medication_records (id, constellation_id, sleepover_id, child_id, medicine_id,
                                        outcome, given_at, due_at, written_by, written_at)
        select m.id, s.constellation_id, s.id, s.child_id, m.id, 'given', now(), now(),
               m.recorded_by, now()
          from sleepovers s join medicines m using (child_id) limit 1;
        insert into medication_records (id, constellation_id, sleepover_id, child_id, medicine_id,
                                        outcome, given_at, due_at, corrects, why, written_by,
                                        written_at)
        select gen_random_uuid(), constellation_id, sleepover_id, child_id, medicine_id, 'given',
               now(), now() - interval '1 day', id, '', written_by, now()
          from medication_records""",
    "medicines that nobody can account for and nobody is asked about": f"""
        {HANDED.format(kind="return", family="null", hub="h")};
        insert into medicine_counts (handover_id, medicine_id, child_id, constellation_id, counted)
        select h.id, m.id, m.child_id, m.constellation_id, 1
          from handovers h join medicines m using (child_id) limit 1""",
    "a handover that one home confirmed for the other": HANDED.format(
        kind="handover", family="h", hub="h"
    ),
    "a longer stay that nobody approved": "delete from check_overrides",
    "a guest while the hub is away": "update hub_absences set first_night = '2020-1-1'",
    "a bed that is not there": "update beds set ends_on = starts_on",
    "a request whose nights are miscounted": """
        update respite_requests set nights = nights || current_date""",
    "an accepted request without a stay for each child": """
        update respite_requests set state = 'expired' where state = 'accepted'""",
    "a request that was never decided as its state says": "delete from respite_decisions",
    "an event others must know of without a task": """
        insert into incidents (id, version, constellation_id, sleepover_id, child_id, written_by,
                               written_at, kind, account, happened_at, notify_by)
        select gen_random_uuid(), 1, s.constellation_id, s.id, s.child_id,
               (select id from accounts limit 1), now(), 'absconded', '', now(), now()
          from sleepovers s limit 1""",
    "a concern that nobody is asked to look into": """
        delete from tasks where kind = 'concern_raised'""",
    "a concern that somebody hears of from whom it is kept": """
        update tasks set hidden_from = null where kind = 'concern_raised'""",
    "a state that is not of its date": """
        update sleepovers set confirmed_at = now() + interval '1 hour'""",
}
"""What breaks a rule, to see that the rule's query notices."""


@pytest.fixture(scope="module")
def loaded(settings, make_database):
    """The settings of a database of its own with five constellations and half a year."""
    found = replace(settings, database=make_database("hub_loaded"))
    loading = southwark.Loading(found, constellations=CONSTELLATIONS, months=MONTHS)
    assert len(list(loading.towns())) == CONSTELLATIONS
    loading.finish()
    return found


@pytest.fixture(scope="module")
def engine(loaded):
    found = db.make_engine(loaded.required_database().migration, connections=2)
    yield found
    found.dispose()


@pytest.fixture(scope="module")
def ask(engine):
    def read(statement, **values):
        with engine.connect() as connection:
            return list(connection.execute(sa.text(statement), values).all())

    return read


@pytest.fixture(scope="module")
def loaded_app(loaded):
    app = create_app(loaded)
    app.testing = False
    yield app
    app.engine.dispose()


class TestEveryRule:
    @pytest.mark.parametrize("rule", BROKEN)
    def test_holds(self, ask, rule):
        assert broken(ask, clock.now(), {rule: BROKEN[rule]}) == {}

    @pytest.mark.parametrize(("rule", "harm"), HARMS.items())
    def test_would_be_seen_to_be_broken(self, engine, rule, harm):
        with engine.connect() as connection:
            connection.execute(sa.text(harm))

            def ask(statement, **values):
                return list(connection.execute(sa.text(statement), values).all())

            assert set(broken(ask, clock.now(), {rule: BROKEN[rule]})) == {rule}
            connection.rollback()

    def test_has_something_that_breaks_it(self):
        assert set(HARMS) == set(BROKEN)


class TestWhatIsLoaded:
    def test_is_as_full_as_a_constellation_is(self, ask):
        for row in ask(
            "select c.name, count(distinct h.id) as homes, count(distinct k.id) as children,"
            " (select count(*) from sleepovers s where s.constellation_id = c.id) as stays,"
            " (select count(*) from beds b where b.constellation_id = c.id"
            "   and b.temporary_reason is null) as beds"
            " from constellations c join households h on h.constellation_id = c.id"
            " left join hub_homes x on x.household_id = h.id"
            " left join children k on k.household_id = h.id and x.id is null group by c.id"
        ):
            assert 8 <= row.homes <= 10
            assert 10 <= row.children <= 17
            assert 2 <= row.beds <= 3
            assert 3 * MONTHS <= row.stays <= 10 * (MONTHS + 2)

    def test_has_no_authority_s_word_for_another_s_child(self, ask):
        (row,) = ask(
            "select count(*) as agreements,"
            " count(*) filter (where c.responsible_authority <> a.authority) as wrong"
            " from sharing_agreements a join children c on c.id = a.child_id"
        )
        assert row.agreements > 0
        assert row.wrong == 0
        assert (
            ask(
                "select 1 from fostering_exemptions e join hub_homes h using (household_id)"
                " where h.home_authority <> e.authority"
            )
            == []
        )

    def test_is_as_full_at_its_beginning_as_at_its_end(self, ask):
        counts = dict(
            ask(
                "select (current_date - arrives_at::date) / 30 as months_ago, count(*)"
                " from sleepovers where arrives_at < current_date group by 1"
            )
        )
        # The first children come ten days after a constellation has begun.
        for months_ago in range(MONTHS - 1):
            assert 3 <= counts[months_ago] / CONSTELLATIONS <= 10, counts

    def test_has_children_as_southwark_has(self, ask):
        (row,) = ask(
            "select avg((born_on < current_date - interval '11 years')::int) as grown,"
            " avg((legal_status = 'section_20' and gender in ('male', 'female')"
            " and born_on < current_date - interval '15 years')::int) as asylum from children"
        )
        assert row.grown > 0.8
        assert row.asylum > 0.1

    def test_has_requests_and_stays_that_went_every_way(self, ask):
        states = Counter(dict(ask("select state, count(*) from respite_requests group by 1")))
        assert {"accepted", "declined", "withdrawn", "expired", "submitted"} <= set(states)
        assert states["accepted"] > 0.6 * states.total()
        stays = dict(ask("select state, count(*) from sleepovers group by 1"))
        # Who has just gone home, and if that is closed already, is up to the dice: `test_lives.py`.
        assert {*stays} | {"returned"} == {*SleepoverState}
        assert ask("select from sleepovers where early_end_reason is not null")
        assert ask(
            "select from sleepovers group by request_id having count(*) > 1"
        )  # siblings together

    def test_names_everybody_once(self, ask):
        names = [name for (name,) in ask("select display_name from accounts")]
        assert len(names) == len(set(names))
        places = ask(
            "select count(*), count(distinct first_name) from children group by constellation_id"
        )
        assert all(count == different for count, different in places)

    def test_is_the_same_for_the_same_dice(self, loaded, make_database, ask):
        again = replace(loaded, database=make_database("hub_again"))
        loading = southwark.Loading(again, constellations=2, months=MONTHS)
        list(loading.towns())
        engine = loading.engine
        with engine.connect() as connection:
            for table, columns in {
                "children": "id, first_name, born_on, legal_status",
                "respite_requests": "id, arrives_at, departs_at, reason",
                "bed_nights": "bed_id, night, child_id",
            }.items():
                made = connection.execute(sa.text(f"select {columns} from {table}")).all()
                assert len(made) > 20
                assert {*made} <= {*ask(f"select {columns} from {table}")}
        engine.dispose()

    def test_has_notes_that_open(self, ask, engine):
        children = "(select array_agg(child_id) from requested_children where request_id = r.id)"
        notes = ask(f"select id, note, {children} from respite_requests r where note is not null")
        reasons = ask(
            f"select o.id, o.reason, {children} from check_overrides o"
            " join respite_requests r on r.id = o.request_id"
        )
        assert notes
        assert reasons
        with db.transaction(engine):
            for column, sealed in (
                (RespiteRequest.note, notes),
                (CheckOverride.reason, reasons),
            ):
                for row_id, text, child_ids in sealed:
                    opened = child_keys.reveal(column, row_id, child_ids, Ciphertext(bytes(text)))
                    assert opened is not None


class TestThroughTheApi:
    def test_everybody_sees_their_own(self, ask, loaded_app):
        people = ask(
            "select account_id, role, household_id from role_grants where role in"
            " ('satellite_carer', 'hub_carer', 'liaison_worker', 'programme_manager')"
        )
        for account_id, role, household_id in Random(2).sample(people, 12):
            phone = Phone(loaded_app, account_id)
            for path in ("households", "constellations", "respite-requests", "sleepovers"):
                answer = phone.get(f"/{path}?limit=200")
                assert answer.status_code == 200, (role, path)
                items = answer.json["items"]
                if role == "satellite_carer" and path in ("respite-requests", "sleepovers"):
                    assert {item["household_id"] for item in items} <= {str(household_id)}
                if items:
                    assert phone.get(f"/{path}/{items[0]['id']}").status_code == 200

    def test_a_concern_is_there_for_whoever_wrote_it_and_not_for_whom_it_is_about(
        self, ask, loaded_app
    ):
        rows = ask(
            "select c.id, c.written_by, c.about_account_id, a.written_by as handler from concerns c"
            " join concern_addenda a on a.concern_id = c.id"
        )
        assert len(rows) == CONSTELLATIONS
        concern = rows[0]
        for who, status in (
            (concern.written_by, 200),
            (concern.handler, 200),
            (concern.about_account_id, 404),
        ):
            phone = Phone(loaded_app, who)
            answer = phone.get(f"/concerns/{concern.id}")
            assert answer.status_code == status
            listed = [item["id"] for item in phone.get("/concerns").json["items"]]
            assert (str(concern.id) in listed) is (status == 200)
        assert (
            "supper"
            in Phone(loaded_app, concern.handler)
            .get(f"/concerns/{concern.id}")
            .json["what_happened"]
        )


class TestTheCommand:
    def test_loads_into_an_empty_database_only(self, make_database, tmp_path):
        settings = {"HUB_DATA_DIR": tmp_path, **addresses(make_database("hub_command"))}
        command = ("seed", "--constellations", "3", "--months", "1", "--seed", "7")
        done = hub_in_process(*command, **settings)
        assert done.exit_code == 0, done.output
        assert "Demo data added; the logins are in" in done.stdout
        again = hub_in_process(*command, **settings)
        assert again.exit_code == 1
        assert again.stderr == "Error: The database is not empty, so no demo data was added.\n"
