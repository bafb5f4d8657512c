"""Incidents, and the duty to tell others within a day (Fostering Services Regulations, Sch 7)."""

from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from hub_api.care.models import NOTIFIABLE, IncidentKind
from tests.care.conftest import HOUR

FELL = {"kind": "serious_accident", "account": "Fell from the climbing frame; to hospital."}
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
