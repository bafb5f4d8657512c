"""Refusals leave a row, and what is recorded is recorded with what it is about."""

import pytest
from uuid_utils.compat import uuid7

from hub_api import db
from hub_api.access import PUBLIC, ROLE_PERMISSIONS, Role
from hub_api.audit import service as audit
from hub_api.errors import Conflict
from hub_api.openapi import marks
from tests.audit.conftest import record_some

PART = {"section": "diet"}
"""What is named in a path by a word rather than an id."""


class TestARefusal:
    def test_is_recorded_for_every_route_without_a_constellation(self, world, rows):
        """As home duty staff, who may do nothing but use their own account."""
        phone = world.phone(world.staff[Role.HOME_DUTY_STAFF])
        assert ROLE_PERMISSIONS[Role.HOME_DUTY_STAFF] == frozenset()
        guarded, expected = world.app.url_map.iter_rules(), []
        for rule in guarded:
            permission = marks(world.app.view_functions[rule.endpoint])["permission"]
            if permission in (PUBLIC, "own_account:use"):
                continue
            subject = uuid7()
            values = {**dict.fromkeys(rule.arguments, subject), **PART}
            values = {name: values[name] for name in rule.arguments}
            _, path = rule.build(values)
            (method,) = rule.methods - {"HEAD", "OPTIONS"}
            assert phone.send(method, path.removeprefix("/api/v1")).status_code == 403
            expected.append((permission, subject if values else None))
        found = rows("select * from audit_events where outcome = 'refused' order by id")
        assert len(expected) >= 10
        assert [(row.action, row.subject_id) for row in found] == expected
        assert {row.constellation_id for row in found} == {None}
        assert {row.actor_id for row in found} == {world.staff[Role.HOME_DUTY_STAFF]}

    def test_by_policy_is_recorded_without_a_constellation(self, world, rows, grant):
        stay = world.booked()
        grant(world.elsewhere.hub_carer, Role.PROGRAMME_MANAGER)
        phone = world.phone(world.elsewhere.hub_carer)
        path = f"/sleepovers/{stay['id']}"
        assert phone.post_seen(path, {"reason": "other"}, verb="cancel").status_code == 403
        (row,) = rows("select * from audit_events where outcome = 'refused'")
        assert (str(row.subject_id), row.constellation_id) == (stay["id"], None)

    def test_of_a_refresh_is_recorded_for_a_session_and_not_for_a_made_up_token(self, world, rows):
        """Recorded, made-up tokens would let strangers fill the trail."""
        phone = world.carer
        token = {"refresh_token": phone.tokens["refresh_token"]}
        phone.post("/auth/logout", Idempotency_Key="good-night")
        for sent in (token, {"refresh_token": "made-up"}):
            assert phone.post("/auth/refresh", sent).status_code == 401
        (session,) = rows("select id from sessions")
        found = rows("select * from audit_events where outcome = 'refused' order by id")
        assert [(row.action, row.subject_id) for row in found] == [("session:refresh", session.id)]
        assert {row.constellation_id for row in found} == {None}

    def test_of_what_is_not_there_leaves_nothing(self, world, rows):
        assert world.carer.get(f"/sleepovers/{uuid7()}").status_code == 404
        assert rows("select from audit_events where outcome = 'refused'") == []


def test_recording_belongs_to_the_transaction(app, rows):
    """The second half of "if it can't be written, it isn't done"."""

    def work():
        with db.transaction(app.engine):
            audit.record("session:start")
            raise Conflict

    with pytest.raises(Conflict):
        work()
    assert rows("select from audit_events") == []
    record_some(app.engine, 1)
    assert len(rows("select from audit_events")) == 1
