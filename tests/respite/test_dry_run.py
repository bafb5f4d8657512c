"""Trying out what would come of asking."""

import pytest

from tests.conftest import changed
from tests.factories.requests import LONG, stay
from tests.respite.test_transitions import LOGGING_IN

TRY = "/respite-requests?dry_run=true"


class TestADryRun:
    @pytest.mark.parametrize(
        ("nights", "can_be_asked", "decided_by"),
        [(1, True, "hub_carer"), (LONG, True, "liaison_worker"), (8, False, None)],
    )
    def test_says_what_would_come_of_asking(self, world, nights, can_be_asked, decided_by):
        answer = world.carer.post(TRY, world.ask_body(nights=nights))
        assert answer.status_code == 200
        assert len(answer.json["nights"]) == nights
        assert answer.json["can_be_asked"] is can_be_asked
        assert answer.json["decided_by"] == decided_by
        assert "length" in {check["code"] for check in answer.json["checks"]}

    def test_saves_nothing_at_all(self, world, everything):
        phone, before = world.carer, everything()
        body = world.ask_body(note="Sleeps badly.")
        for _ in "12":
            assert phone.post(TRY, body, Idempotency_Key="the-same-key").status_code == 200
        assert changed(before, everything()) - LOGGING_IN == set()
        asked = phone.post("/respite-requests", body, Idempotency_Key="the-same-key")
        assert asked.status_code == 201, "the key is still free"

    def test_shows_what_would_block(self, world):
        world.booked()
        answer = world.carer.post(TRY, world.ask_body())
        blocks = {c["code"] for c in answer.json["checks"] if c["outcome"] == "block"}
        assert {"guest_bed", "child_one_place"} <= blocks
        assert answer.json["can_be_asked"] is False

    def test_refuses_what_asking_refuses(self, world):
        theirs = str(world.here.neighbours.id)
        for changes, status in (
            ({"household_id": theirs}, 404),
            (stay(-2), 409),
            ({"children": []}, 422),
        ):
            assert world.carer.post(TRY, world.ask_body(**changes)).status_code == status
        assert world.hub_carer.post(TRY, world.ask_body()).status_code == 403

    @pytest.mark.parametrize("flag", ["yes", "1", "", "True"])
    def test_takes_true_or_false(self, world, flag, rows):
        answer = world.carer.post(f"/respite-requests?dry_run={flag}", world.ask_body())
        assert (answer.status_code, [*answer.json["errors"]]) == (422, ["dry_run"])
        false = world.carer.post("/respite-requests?dry_run=false", world.ask_body())
        assert false.status_code == 201
        assert len(rows("select 1 from respite_requests")) == 1
