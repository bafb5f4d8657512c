"""Consents and flags: what is written, ended and taken back, and what it does to a yes."""

from datetime import time, timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from hub_api import clock
from tests.consents.conftest import PLAN, PROCEEDINGS, change, withdraw
from tests.factories.requests import decide

DAY = timedelta(days=1)


def accept(world, request):
    answer = decide(world.hub_carer, request, "accept")
    return answer.status_code, answer.json.get("code", answer.json.get("state"))


class TestAConsent:
    def test_is_recorded_ended_and_taken_back(self, liaison, child, plan, rows):
        path = f"/children/{child}/consents"
        made = liaison.post(path, {**PLAN, "giver": "social_worker", "how": "by_telephone"})
        assert made.status_code == 201
        consent = made.json
        assert (consent["parent"], consent["ends_on"], consent["withdrawn_at"]) == (None,) * 3
        assert liaison.get(path).json["items"] == [consent, plan]
        own = f"/consents/{consent['id']}"
        early = change(liaison, own, consent, ends_on="2026-01-01")
        assert (early.status_code, early.json["code"]) == (409, "ends_too_early")
        ended = change(liaison, own, consent, ends_on="2099-01-01")
        assert (ended.status_code, ended.json["ends_on"]) == (200, "2099-01-01")
        assert change(liaison, own, consent, ends_on=None).status_code == 412
        taken_back = withdraw(liaison, ended.json)
        assert taken_back.status_code == 200
        assert taken_back.json["withdrawn_at"] is not None
        for again in (
            withdraw(liaison, taken_back.json),
            change(liaison, own, taken_back.json, ends_on=None),
        ):
            assert (again.status_code, again.json["code"]) == (409, "wrong_state")
        audited = "select action, changed from audit_events where subject_id = :id order by id"
        assert rows(audited, id=consent["id"]) == [
            ("consent:create", ["starts_on", "ends_on", "giver", "parent", "how"]),
            ("consent:end", ["ends_on"]),
            ("consent:withdraw", ["withdrawn_at"]),
        ]

    def test_is_not_taken_back_when_it_is_over(self, liaison, child):
        today = str(clock.london_today())
        over = liaison.post(f"/children/{child}/consents", {**PLAN, "ends_on": today}).json
        answer = withdraw(liaison, over)
        assert (answer.status_code, answer.json["code"]) == (409, "wrong_state")

    @pytest.mark.parametrize(
        ("wrong", "field"),
        [
            ({"giver": "delegated_by_parent"}, "parent"),
            ({"parent": "mother"}, "parent"),
            ({"how": "by_link"}, "how"),
            ({"giver": "carer"}, "giver"),
            ({"ends_on": "2026-01-01"}, "ends_on"),
        ],
    )
    def test_names_its_parent_and_no_other(self, liaison, child, wrong, field):
        answer = liaison.post(f"/children/{child}/consents", {**PLAN, **wrong})
        assert (answer.status_code, [*answer.json["errors"]]) == (422, [field])

    def test_names_its_parent_in_the_database_too(self, owner, plan):
        with owner.connect() as connection, pytest.raises(IntegrityError, match="names_parent"):
            connection.execute(
                sa.text("update consents set giver = 'delegated_by_parent' where id = :id"),
                {"id": plan["id"]},
            )

    def test_is_for_its_own_carers_to_see_and_not_for_others(self, world, child, plan):
        path = f"/children/{child}/consents"
        assert world.carer.get(path).json["items"] == [plan]
        assert world.phone(world.here.neighbours.carer).get(path).status_code == 404
        assert world.hub_carer.get(path).status_code == 403
        assert withdraw(world.carer, plan).status_code == 403


class TestAFlag:
    def test_is_recorded_and_ended(self, world, liaison, child):
        path = f"/children/{child}/consent-flags"
        flag = liaison.post(path, PROCEEDINGS).json
        again = liaison.post(path, PROCEEDINGS)
        assert (again.status_code, again.json["code"]) == (409, "already_recorded")
        own = f"/consent-flags/{flag['id']}"
        early = change(liaison, own, flag, ends_on="2026-01-01")
        assert (early.status_code, early.json["code"]) == (409, "ends_too_early")
        ended = change(liaison, own, flag, ends_on="2026-02-01")
        assert (ended.status_code, ended.json["ends_on"]) == (200, "2026-02-01")
        assert world.carer.get(path).json["items"] == [ended.json]
        assert world.hub_carer.get(path).status_code == 403


class TestTheDatabase:
    @pytest.mark.parametrize(
        ("table", "changed"),
        [
            ("consents", {"version", "ends_on", "withdrawn_at"}),
            ("consent_flags", {"version", "ends_on"}),
        ],
    )
    def test_lets_the_api_change_when_it_ends_and_nothing_else(self, rows, table, changed):
        able = """
            select attname from pg_attribute
             where attrelid = cast(:table as regclass) and attnum > 0 and not attisdropped
               and has_column_privilege('hub_api', attrelid, attnum, 'update')
        """
        assert {name for (name,) in rows(able, table=table)} == changed


class TestAYes:
    def test_takes_the_consent_and_asking_takes_none(self, world, liaison, plan):
        assert withdraw(liaison, plan).status_code == 200
        request = world.asked()
        assert accept(world, request) == (409, "consent")
        social_worker = {**PLAN, "giver": "social_worker", "how": "by_telephone"}
        assert liaison.post(f"/children/{plan['child_id']}/consents", social_worker).json
        assert accept(world, request) == (200, "accepted")

    def test_takes_the_social_worker_s_while_there_are_proceedings(self, world, liaison, child):
        request = world.asked()
        flag = liaison.post(f"/children/{child}/consent-flags", PROCEEDINGS).json
        assert accept(world, request) == (409, "consent")
        change(liaison, f"/consent-flags/{flag['id']}", flag, ends_on=str(clock.london_today()))
        assert accept(world, request) == (200, "accepted")

    def test_counts_what_was_withdrawn_today_for_no_night_from_tonight_on(
        self, world, liaison, plan, owner
    ):
        """The night before keeps its consent: the day is London's."""
        request = world.asked()
        night = clock.london_today() + timedelta(days=7)
        assert withdraw(liaison, plan).status_code == 200
        statement = sa.text("update consents set withdrawn_at = :at where id = :id")
        for day, wanted in ((night, (409, "consent")), (night + DAY, (200, "accepted"))):
            with owner.begin() as connection:
                at = clock.london_instant(day, time(0, 10))
                connection.execute(statement, {"at": at, "id": plan["id"]})
            assert accept(world, request) == wanted

    def test_is_refused_in_words_for_the_hub_carer(self, world, liaison, plan):
        withdraw(liaison, plan)
        refused = decide(world.hub_carer, world.asked(), "accept").json
        (check,) = refused["checks"]
        assert (check["code"], check["override"]) == ("consent", None)
        assert refused["nights"] == check["nights"]
        assert "delegat" not in refused["detail"]
        assert "withdrawn" not in refused["detail"]


class TestAHouseholdThatMoves:
    def test_takes_its_children_s_consents_along(self, world, liaison, child, plan, rows):
        liaison.post(f"/children/{child}/consent-flags", PROCEEDINGS)
        manager = world.phone(next(a for r, a in world.staff.items() if r == "programme_manager"))
        home, there = world.here.family.id, world.elsewhere.id
        answer = manager.post_seen(
            f"/households/{home}", {"constellation_id": str(there)}, verb="move"
        )
        assert answer.status_code == 200, answer.json
        for table in ("consents", "consent_flags"):
            places = f"select distinct constellation_id from {table} where child_id = :child"
            assert rows(places, child=child) == [(there,)]
        assert liaison.get(f"/children/{child}/consents").status_code == 404
        other = world.phone(world.elsewhere.liaison_worker)
        assert other.get(f"/children/{child}/consents").json["items"] == [plan]
        assert withdraw(other, plan).status_code == 200
