"""Adding to a concern, saying what came of it, and what its writer sees of that."""

import pytest

from hub_api import db
from hub_api.concerns import policy
from hub_api.households import service as households
from tests.concerns.conftest import CONCERNS

WHY = {"outcome": "other", "words": "Talked it over with both."}
REFERRED = {"outcome": "lado_referral", "referred_on": "2026-01-05", "words": "Referred to LADO."}


@pytest.fixture
def path(cast):
    """A concern that the carer has written about the hub carer."""
    return f"{CONCERNS}/{cast.raised('carer', 'hub_carer')}"


def addenda(phone, path):
    return phone.get(f"{path}/addenda").json["items"]


class TestAdding:
    def test_adds_and_tells_who_handles_it(self, cast, path, told):
        answer = cast.phone("carer").post(f"{path}/addenda", {"words": "And again today."})
        assert answer.status_code == 201, answer.json
        assert addenda(cast.phone("carer"), path) == [answer.json]
        assert addenda(cast.phone("worker"), path) == [answer.json]
        handlers = {"worker", "second_worker", "manager", "second_manager", "managing_neighbour"}
        assert told("concern_added_to") == {cast.people[who] for who in handlers}

    def test_shows_its_writer_their_own_alone(self, cast, path, told):
        cast.phone("worker").post(f"{path}/addenda", {"words": "I have rung LADO."})
        assert addenda(cast.phone("carer"), path) == []
        assert len(addenda(cast.phone("manager"), path)) == 1
        assert cast.people["carer"] not in told("concern_added_to")

    def test_is_done_once(self, cast, path):
        phone, body = cast.phone("carer"), {"words": "And again today."}
        sent = [
            phone.post(f"{path}/addenda", body, Idempotency_Key="only-once-please")
            for _ in range(2)
        ]
        assert sent[0].json == sent[1].json
        assert len(addenda(phone, path)) == 1

    @pytest.mark.parametrize("who", ["hub_carer", "neighbour", "elsewhere"])
    def test_is_not_for_who_does_not_see_it(self, cast, path, who):
        answer = cast.phone(who).post(f"{path}/addenda", {"words": "Not so."})
        assert answer.status_code == 404
        assert cast.phone(who).get(f"{path}/addenda").status_code == 404

    def test_does_not_tell_who_has_come_to_live_with_the_person(self, cast, told, grant):
        path = f"{CONCERNS}/{cast.raised('hub_carer', 'neighbour')}"
        home = cast.world.here.neighbours.id
        grant(cast.people["second_manager"], "satellite_carer", household_id=home)
        cast.phone("hub_carer").post(f"{path}/addenda", {"words": "And again today."})
        assert cast.people["second_manager"] not in told("concern_added_to")


class TestTheOutcome:
    def test_closes_it_and_settles_the_task(self, cast, path):
        worker = cast.phone("worker")
        answer = worker.post_seen(path, REFERRED, verb="outcome")
        assert answer.status_code == 200, answer.json
        assert (answer.json["state"], answer.json["outcome"]) == ("closed", "lado_referral")
        assert answer.json["referred_on"] == "2026-01-05"
        (added,) = addenda(worker, path)
        assert (added["outcome"], added["words"]) == ("lado_referral", "Referred to LADO.")
        assert worker.get("/tasks").json["items"] == []
        (settled,) = worker.get("/tasks?state=settled").json["items"]
        assert settled["kind"] == "concern_raised"

    def test_can_be_another_later(self, cast, path):
        for body in (REFERRED, WHY, WHY):
            answer = cast.phone("manager").post_seen(path, body, verb="outcome")
            assert answer.status_code == 200, answer.json
        assert (answer.json["outcome"], answer.json["referred_on"]) == ("other", None)
        assert len(addenda(cast.phone("worker"), path)) == 3

    def test_is_said_of_what_was_seen(self, cast, path):
        worker = cast.phone("worker")
        etag = worker.get(path).headers["ETag"]
        assert worker.post(f"{path}/outcome", WHY, If_Match=etag).status_code == 200
        assert worker.post(f"{path}/outcome", WHY, If_Match=etag).status_code == 412
        assert worker.post(f"{path}/outcome", WHY).status_code == 428

    def test_is_not_shown_to_its_writer(self, cast, path):
        cast.phone("worker").post_seen(path, REFERRED, verb="outcome")
        found = cast.phone("carer").get(path).json
        assert (found["state"], found["outcome"], found["referred_on"]) == ("closed", None, None)

    def test_is_not_for_its_writer_to_say(self, cast, path):
        assert cast.phone("carer").post_seen(path, WHY, verb="outcome").status_code == 403

    @pytest.mark.usefixtures("compiled_anew")
    def test_is_for_those_who_handle_it(self, cast, monkeypatch):
        """A liaison worker who wrote about another sees it, and has no say in it."""
        path = f"{CONCERNS}/{cast.raised('second_worker', 'worker')}"
        answer = cast.phone("second_worker").post_seen(path, WHY, verb="outcome")
        assert answer.status_code == 403
        monkeypatch.setattr(policy, "can_follow_up", lambda *_: True)
        assert cast.phone("second_worker").post_seen(path, WHY, verb="outcome").status_code == 200

    @pytest.mark.parametrize(
        "body",
        [
            {**REFERRED, "referred_on": None},
            {**WHY, "referred_on": "2026-01-05"},
            {**WHY, "words": "Short"},
            {**WHY, "outcome": "dismissed"},
        ],
    )
    def test_has_a_shape(self, cast, path, body):
        assert cast.phone("worker").post_seen(path, body, verb="outcome").status_code == 422

    def test_is_no_referral_of_tomorrow(self, cast, path):
        body = {**REFERRED, "referred_on": "2099-01-05"}
        answer = cast.phone("worker").post_seen(path, body, verb="outcome")
        assert (answer.status_code, answer.json["code"]) == (409, "in_the_future")


class TestWhatIsErased:
    def test_is_not_read_and_not_added_to(self, cast, path, owner):
        cast.phone("carer").post(f"{path}/addenda", {"words": "And again today."})
        with db.transaction(owner):
            households.erase_texts(cast.world.here.family.children[0])
        worker = cast.phone("worker")
        assert worker.get(path).json["what_happened"] is None
        assert [item["words"] for item in addenda(worker, path)] == [None]
        for sent in (
            worker.post(f"{path}/addenda", {"words": "More."}),
            worker.post_seen(path, WHY, verb="outcome"),
            worker.post(CONCERNS, cast.body("hub_carer")),
            worker.post(f"{CONCERNS}?dry_run=true", cast.body("hub_carer")),
        ):
            assert (sent.status_code, sent.json["code"]) == (409, "child_erased")
