"""Incidents, and the duty to tell others within a day (Fostering Services Regulations, Sch 7)."""

from datetime import datetime, timedelta
from importlib import import_module

import pytest
import sqlalchemy as sa
import time_machine
from sqlalchemy.exc import IntegrityError

from hub_api.access import Role
from hub_api.care import policy
from hub_api.care.models import ABOUT_CARERS, NOTIFIABLE, IncidentKind
from tests.care.conftest import HOUR

FELL = {"kind": "serious_accident", "account": "Fell from the climbing frame; to hospital."}
HIDE_FROM_HUBS = import_module("migrations.versions.0034_care_constellation").HIDE_FROM_HUBS
TOLD = {"notified_to": ["ofsted", "responsible_authority"]}
DAY = timedelta(days=1)


def told_of(care, incident, body=TOLD, by="liaison_worker", **changes):
    path = f"/incidents/{incident['id']}/notified"
    version = incident["version"]
    return care.post(path, body, by=by, If_Match=f'"{version}"', **changes)


class TestAnEventOfScheduleSeven:
    def test_is_to_be_told_within_a_day_of_when_it_happened(self, care, tasks, told):
        happened = care.now - HOUR / 2
        answer = care.post("incidents", {**FELL, "happened_at": happened.isoformat()})
        assert answer.status_code == 201
        assert datetime.fromisoformat(answer.json["notify_by"]) == happened + DAY
        assert tasks("incident_to_notify") == [("open", happened + DAY)]
        assert told("incident_recorded") == {"carer", "liaison_worker"}

    def test_is_done_with_once_others_know(self, care, tasks):
        incident = care.post("incidents", FELL).json
        answer = told_of(care, incident, at=care.now + HOUR)
        assert answer.status_code == 200, answer.json
        assert answer.json["notified_to"] == TOLD["notified_to"]
        assert answer.json["notified_by"] == str(care.account("liaison_worker"))
        assert [state for state, _ in tasks("incident_to_notify")] == ["settled"]
        again = told_of(care, answer.json, at=care.now + HOUR)
        assert (again.status_code, again.json["code"]) == (409, "wrong_state")

    def test_is_for_the_liaison_worker_to_tell(self, care):
        incident = care.post("incidents", FELL).json
        assert told_of(care, incident, by="hub_carer").status_code == 403
        assert told_of(care, incident, by="carer").status_code == 403
        assert told_of(care, {**incident, "version": 7}).status_code == 412

    @pytest.mark.parametrize(("hours", "code"), [(-2, "before_incident"), (3, "in_the_future")])
    def test_is_told_after_it_happened(self, care, hours, code):
        incident = care.post("incidents", FELL).json
        at = (care.now + hours * HOUR).isoformat()
        refused = told_of(care, incident, {**TOLD, "notified_at": at})
        assert (refused.status_code, refused.json["code"]) == (409, code)


class TestAnythingElse:
    def test_is_recorded_and_nobody_outside_has_to_know(self, care, tasks):
        graze = {"kind": "accident", "account": "A graze."}
        incident = care.post("incidents", graze, by="liaison_worker").json
        assert incident["notify_by"] is None
        assert tasks("incident_to_notify") == []
        refused = told_of(care, incident)
        assert (refused.status_code, refused.json["code"]) == (409, "nothing_to_notify")
        for by in ("carer", "hub_carer"):
            assert care.get("incidents", by=by).json["items"] == [incident]

    def test_is_not_for_the_childs_carers_to_write(self, care):
        assert care.post("incidents", FELL, by="carer").status_code == 403

    def test_leaves_no_words_behind(self, care, rows):
        care.post("incidents", FELL)
        stored = str(rows("select i::text, a::text from incidents i, audit_events a"))
        assert "climbing" not in stored


ENQUIRY = {"kind": "child_protection_enquiry", "account": "An allegation about the hub carer."}


class TestWhatMayBeAboutTheHub:
    @pytest.mark.parametrize("kind", sorted(ABOUT_CARERS))
    def test_is_hidden_from_it(self, care, kind, rows, told):
        answer = care.post("incidents", {**ENQUIRY, "kind": kind}, by="liaison_worker")
        assert answer.status_code == 201
        incident = answer.json
        assert care.get("incidents").json["items"] == []
        assert told_of(care, incident, by="hub_carer").status_code == 404
        for by in ("liaison_worker", "carer"):
            assert care.get("incidents", by=by).json["items"] == [incident]
        assert told("incident_recorded") == {"carer"}
        assert told_of(care, incident).status_code == 200
        for table in ("tasks", "notifications", "audit_events"):
            traces = rows(f"select * from {table} where subject_id = :id", id=incident["id"])
            assert traces, table
            assert all(care.account("hub_carer") in row.hidden_from for row in traces), table

    def test_is_shown_to_it_where_one_of_them_wrote_it(self, care):
        incident = care.post("incidents", ENQUIRY).json
        for by in ("hub_carer", "liaison_worker", "carer"):
            assert care.get("incidents", by=by).json["items"] == [incident]

    def test_is_hidden_from_the_household_and_who_comes_to_it(self, world, care, rows, grant):
        care.post("incidents", ENQUIRY, by="liaison_worker")
        (home,) = rows("select household_id from hub_homes where id = :id", id=world.here.hub_home)
        (row,) = rows("select hidden_from from incidents")
        assert home.household_id in row.hidden_from
        newcomer = world.here.neighbours.carer
        grant(newcomer, Role.HUB_CARER, constellation_id=world.here.id)
        with time_machine.travel(care.now, tick=False):
            found = world.phone(newcomer).get(f"{care.path}/incidents")
        assert (found.status_code, found.json["items"]) == (200, [])

    def test_is_hidden_where_it_was_there_before(self, care, owner, rows):
        """What the migration does about those that nobody of the hub wrote."""
        for by in ("liaison_worker", "hub_carer"):
            care.post("incidents", ENQUIRY, by=by)
        care.post("incidents", FELL, by="liaison_worker")
        found = "select hidden_from from incidents order by id"
        before = rows(found)
        with owner.begin() as connection:
            connection.exec_driver_sql("update incidents set hidden_from = null")
            connection.exec_driver_sql(HIDE_FROM_HUBS)
        assert rows(found) == before
        assert [row.hidden_from is None for row in before] == [False, True, True]

    def test_tells_nobody_of_it_who_is_a_carer_of_the_child_as_well(self, world, care, grant, told):
        grant(care.account("hub_carer"), Role.SATELLITE_CARER, household_id=world.here.family.id)
        care.post("incidents", ENQUIRY, by="liaison_worker")
        assert "hub_carer" not in told("incident_recorded")

    @pytest.mark.usefixtures("compiled_anew")
    def test_is_hidden_by_the_database_alone(self, care, monkeypatch):
        monkeypatch.setattr(policy, "is_shown", lambda *_: sa.true())
        care.post("incidents", ENQUIRY, by="liaison_worker")
        assert care.get("incidents").json["items"] == []
        assert len(care.get("incidents", by="liaison_worker").json["items"]) == 1

    @pytest.mark.usefixtures("compiled_anew")
    def test_is_hidden_by_the_policy_alone(self, care, owner):
        try:
            with owner.begin() as connection:
                connection.exec_driver_sql("alter table incidents disable row level security")
            incident = care.post("incidents", ENQUIRY, by="liaison_worker").json
            assert care.get("incidents").json["items"] == []
            assert told_of(care, incident, by="hub_carer").status_code == 404
        finally:
            with owner.begin() as connection:
                connection.exec_driver_sql("alter table incidents enable row level security")


class TestTheDatabase:
    @pytest.mark.parametrize(
        "values",
        [
            "notified_at = now()",
            "notified_at = now(), notified_by = written_by, notified_to = '{}'",
            "notified_at = now(), notified_by = written_by, notified_to = '{a_friend}'",
            "notify_by = null, notified_at = now(), notified_by = id, notified_to = '{police}'",
        ],
    )
    def test_holds_what_was_told_together(self, care, owner, values):
        care.post("incidents", FELL)
        with owner.connect() as connection, pytest.raises(IntegrityError):
            connection.execute(sa.text(f"update incidents set {values}"))


def test_the_events_of_schedule_seven_are_ten():
    assert len(NOTIFIABLE) == 10
    assert not {IncidentKind.ACCIDENT, IncidentKind.ILLNESS, IncidentKind.OTHER} & NOTIFIABLE
