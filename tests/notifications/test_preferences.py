"""What somebody chooses about being told."""

import pytest
import sqlalchemy as sa

from hub_api import db
from hub_api.notifications.categories import Category, Severity

PATH = "/me/notification-preferences"
WANTED = {
    "quiet_hours": {"from": "21:30", "until": "06:30"},
    "time_zone": "Europe/Dublin",
    "mobile": "+44 7700 900123",
    "language": "en",
    "choices": [
        {"category": "request_withdrawn", "way": "push", "is_on": False},
        {"category": "request_submitted", "way": "email", "is_on": True},
        {"category": "sleepover_cancelled", "way": "email", "is_on": False},
        {"category": "sleepover_tomorrow", "way": "sms", "is_on": False},
    ],
}


def put(phone, etag=None, **changes):
    seen = etag or phone.get(PATH).headers["ETag"]
    return phone.send("PUT", PATH, {**WANTED, **changes}, If_Match=seen)


def ways(answer, category):
    (found,) = [one for one in answer.json["categories"] if one["category"] == category]
    return {way: found[way] for way in ("push", "email", "sms")}


class TestReading:
    def test_without_a_choice_shows_the_defaults(self, world):
        found = world.hub_carer.get(PATH)
        assert found.json["version"] == 0
        assert found.json["quiet_hours"] is None  # as the settings of the tests have it
        assert found.json["time_zone"] == "Europe/London"
        assert found.json["languages"] == ["en"]
        assert found.json["choices"] == []
        assert ways(found, "request_withdrawn") == {
            "push": "on", "email": "unused", "sms": "unused"
        }  # fmt: skip
        assert ways(found, "request_submitted") == {
            "push": "on", "email": "instead", "sms": "unused"
        }  # fmt: skip
        assert ways(found, "return_late") == {"push": "on", "email": "on", "sms": "on"}

    @pytest.mark.usefixtures("quiet")
    def test_quiet_hours_are_there_from_the_start(self, world):
        found = world.hub_carer.get(PATH).json
        assert found["quiet_hours"] == {"from": "22:00", "until": "07:00"}

    def test_shows_what_can_concern_oneself(self, world):
        for phone, role in ((world.carer, "satellite_carer"), (world.hub_carer, "hub_carer")):
            found = {one["category"] for one in phone.get(PATH).json["categories"]}
            assert found == {str(one) for one in Category if role in one.told}

    def test_says_what_can_not_be_turned_off(self, world):
        for one in world.hub_carer.get(PATH).json["categories"]:
            assert one["can_be_turned_off"] == (one["severity"] != "urgent")
            assert one["words"] == Category.of(one["category"]).words


class TestChoosing:
    def test_is_kept_whole(self, world):
        answer = put(world.hub_carer)
        assert (answer.status_code, answer.json["version"]) == (200, 1)
        kept = {**WANTED, "mobile": "+447700900123"}
        kept["choices"] = sorted(WANTED["choices"], key=lambda one: one["category"])
        assert {name: answer.json[name] for name in kept} == kept
        assert world.hub_carer.get(PATH).json == answer.json
        assert ways(answer, "request_withdrawn")["push"] == "off"
        assert ways(answer, "request_submitted")["email"] == "on"
        assert ways(answer, "sleepover_cancelled")["email"] == "off"
        assert ways(answer, "sleepover_tomorrow")["sms"] == "unused"

    def test_leaves_no_value_in_the_record(self, world, rows):
        put(world.hub_carer)
        put(world.hub_carer, mobile=None)
        action = "notification_preferences:change"
        first, second = rows(
            "select * from audit_events where action = :action order by id", action=action
        )
        assert first.changed == ["quiet_hours", "time_zone", "mobile", "choices"]
        assert second.changed == ["mobile"]
        assert first.actor_id == first.subject_id == world.here.hub_carer

    def test_replaces_what_was_there(self, world):
        put(world.hub_carer)
        nothing = {"quiet_hours": None, "mobile": None, "choices": []}
        answer = put(world.hub_carer, **nothing)
        assert (answer.status_code, answer.json["version"]) == (200, 2)
        assert {name: answer.json[name] for name in nothing} == nothing

    def test_is_one_s_own(self, world):
        put(world.hub_carer)
        assert world.carer.get(PATH).json["version"] == 0

    def test_needs_what_was_seen_last(self, world):
        phone = world.hub_carer
        assert phone.send("PUT", PATH, WANTED).status_code == 428
        seen = phone.get(PATH).headers["ETag"]
        assert put(phone, seen).status_code == 200
        assert put(phone, seen).status_code == 412  # nothing was there, and something is
        seen = phone.get(PATH).headers["ETag"]
        assert put(phone, seen).status_code == 200
        assert put(phone, seen).status_code == 412

    def test_needs_a_login(self, world):
        assert world.phone().get(PATH).status_code == 401
        assert world.phone().send("PUT", PATH, WANTED, If_Match='"0"').status_code == 401

    def test_what_was_taken_back_is_as_usual_again(self, world):
        """A person with no row and one who cleared every choice are told alike."""
        put(world.hub_carer, choices=[])
        usual = dict.fromkeys(("push",), "on") | {"email": "instead", "sms": "unused"}
        assert ways(world.hub_carer.get(PATH), "request_submitted") == usual


ONCE = {"category": "request_withdrawn", "way": "push", "is_on": False}


class TestRefusals:
    @pytest.mark.parametrize(
        ("field", "value", "words"),
        [
            ("time_zone", "Europe/Atlantis", "Europe/London"),
            ("time_zone", "", "Europe/London"),
            ("time_zone", None, "fill this in"),
            ("mobile", "07700 900123", "country code"),
            ("mobile", "+44770090012x", "country code"),
            ("mobile", "+٤٤٧٧٠٠٩٠٠١٢٣", "country code"),
            ("language", "tlh", "these languages: en"),
            ("quiet_hours", {"from": "22:00"}, "fill this in"),
            ("quiet_hours", {"from": "22:00", "until": "22:00"}, "two different times"),
            ("quiet_hours", {"from": "24:00", "until": "07:00"}, "such as 22:00"),
            ("quiet_hours", {"from": 22, "until": "07:00"}, "such as 22:00"),
            ("quiet_hours", "never", "object"),
            ("choices", [{**ONCE, "category": "weather"}], "choose one of"),
            ("choices", [{**ONCE, "way": "pigeon"}], "choose one of"),
            ("choices", [{**ONCE, "is_on": "no"}], "true or false"),
            ("choices", [ONCE, {**ONCE, "is_on": True}], "once"),
            ("choices", [{**ONCE, "category": "return_late"}], "can't be turned off"),
            ("choices", {"request_withdrawn": False}, "list"),
        ],
    )
    def test_say_what_is_wrong_and_where(self, world, field, value, words):
        answer = put(world.hub_carer, **{field: value})
        assert answer.status_code == 422
        assert set(answer.json["errors"]) == {field}
        assert words in str(answer.json["errors"][field])
        assert world.hub_carer.get(PATH).json["version"] == 0

    @pytest.mark.parametrize("field", WANTED)
    def test_of_a_document_that_is_not_whole(self, world, field):
        body = {name: value for name, value in WANTED.items() if name != field}
        answer = world.hub_carer.send("PUT", PATH, body, If_Match='"0"')
        assert (answer.status_code, set(answer.json["errors"])) == (422, {field})

    def test_every_urgent_category_is_refused(self, world):
        for category in Category:
            if category.severity is Severity.URGENT:
                answer = put(world.hub_carer, choices=[{**ONCE, "category": category}])
                assert answer.status_code == 422


class TestTheSecondWall:
    def test_nobody_reads_or_writes_anothers(self, world):
        put(world.hub_carer)
        with db.transaction(world.app.engine) as session:
            db.set_scope(world.here.family.carer, [world.here.id])
            read = sa.text("select 1 from notification_preferences")
            assert session.execute(read).all() == []
            write = sa.text("update notification_preferences set mobile = '+1'")
            assert session.execute(write).rowcount == 0
