"""Writing a concern down: about whom, who is told, what is refused, and what it costs."""

from datetime import timedelta

import pytest
from uuid_utils.compat import uuid7

from hub_api import clock
from hub_api.access import Role
from tests.concerns.conftest import CONCERNS
from tests.conftest import changed
from tests.factories.concerns import concern_body
from tests.platform.test_not_yours import answers

RAISED = "concern_raised"


def seen_by(cast, concern_id):
    """Who of the cast reads a concern."""
    found = {who: cast.phone(who).get(f"{CONCERNS}/{concern_id}") for who in cast.people}
    return {who for who, answer in found.items() if answer.status_code == 200}


EVERY_HANDLER = {"worker", "second_worker", "manager", "second_manager", "managing_neighbour"}
MANAGERS = {"manager", "second_manager", "managing_neighbour"}


class TestWhoSeesIt:
    """Its writer and who handles it, but for the person and whoever lives with them."""

    @pytest.mark.parametrize(
        ("by", "about", "handlers"),
        [
            ("carer", "hub_carer", EVERY_HANDLER),
            ("carer", "hub_adult", EVERY_HANDLER),
            ("carer", "neighbour", EVERY_HANDLER - {"managing_neighbour"}),
            ("hub_carer", "partner", EVERY_HANDLER - {"managing_neighbour"}),
            ("hub_carer", "managing_neighbour", EVERY_HANDLER - {"managing_neighbour"}),
            ("carer", "worker", MANAGERS),
            ("second_worker", "worker", MANAGERS),
            ("worker", "manager", EVERY_HANDLER - {"manager"}),
            ("hub_carer", "duty", EVERY_HANDLER),
        ],
    )
    def test_and_is_told(self, cast, told, rows, by, about, handlers):
        concern_id = cast.raised(by, about)
        assert seen_by(cast, concern_id) == handlers | {by}
        assert told(RAISED) == {cast.people[who] for who in handlers - {by}}
        (task,) = rows("select * from tasks")
        assert (str(task.subject_id), task.kind) == (concern_id, RAISED)
        shown = {who for who in EVERY_HANDLER if cast.phone(who).get("/tasks").json["items"]}
        assert shown == handlers

    def test_as_its_writer_was_told_before(self, cast, everything):
        phone, before = cast.phone("carer"), None
        for about, handlers, role in (
            ("hub_carer", EVERY_HANDLER, Role.LIAISON_WORKER),
            ("worker", MANAGERS, Role.PROGRAMME_MANAGER),
        ):
            before = before or everything()
            answer = phone.post(f"{CONCERNS}?dry_run=true", cast.body(about))
            assert answer.status_code == 200, answer.json
            assert len(answer.json["readers"]) == len(handlers)
            assert answer.json["handled_by"] == role
            assert answer.json["is_shown_to_me"] is True
        assert changed(before, everything()) == set()

    def test_without_a_writer_who_lives_with_the_person(self, cast):
        body = concern_body(
            cast.world.here.neighbours.children[0], about_adult_id=cast.adults["partner"]
        )
        phone = cast.phone("neighbour")
        assert phone.post(f"{CONCERNS}?dry_run=true", body).json["is_shown_to_me"] is False
        sent = [phone.post(CONCERNS, body, Idempotency_Key="only-once-please") for _ in range(2)]
        assert [answer.status_code for answer in sent] == [201, 201]
        assert sent[0].json == sent[1].json
        concern_id = sent[0].json["id"]
        assert phone.get(CONCERNS).json["items"] == []
        assert phone.get(f"{CONCERNS}/{concern_id}").status_code == 404
        assert seen_by(cast, concern_id) == EVERY_HANDLER - {"managing_neighbour"}

    def test_without_whoever_comes_to_live_there_later(self, cast, grant):
        concern_id = cast.raised("hub_carer", "neighbour")
        home = cast.world.here.neighbours.id
        grant(cast.people["second_manager"], Role.SATELLITE_CARER, household_id=home)
        handlers = EVERY_HANDLER - {"managing_neighbour", "second_manager"}
        assert seen_by(cast, concern_id) == {"hub_carer", *handlers}
        assert cast.phone("second_manager").get("/tasks").json["items"] == []

    def test_without_the_next_liaison_worker_where_it_is_about_one(self, cast, grant):
        concern_id = cast.raised("carer", "worker")
        grant(cast.people["duty"], Role.LIAISON_WORKER, constellation_id=cast.world.here.id)
        assert seen_by(cast, concern_id) == {"carer", *MANAGERS}

    def test_without_other_homes_staff(self, cast, grant):
        """Duty staff count as of one home, whatever else one of them does."""
        grant(cast.people["second_manager"], Role.HOME_DUTY_STAFF)
        concern_id = cast.raised("carer", "duty")
        assert seen_by(cast, concern_id) == {"carer", *EVERY_HANDLER} - {"second_manager"}


class TestAConcern:
    def test_is_shown_as_it_was_written(self, cast):
        concern_id, here = cast.raised("carer", "hub_carer"), cast.world.here
        found = cast.phone("worker").get(f"{CONCERNS}/{concern_id}").json
        assert found["what_happened"] == "He shouted at her until she cried."
        assert [child["id"] for child in found["children"]] == [str(here.family.children[0])]
        assert (found["state"], found["outcome"]) == ("open", None)
        assert found["about"]
        assert found["written_by"] == str(here.family.carer)
        (listed,) = cast.phone("worker").get(f"{CONCERNS}?state=open").json["items"]
        assert listed == {name: found[name] for name in listed}
        assert "what_happened" not in listed
        assert cast.phone("worker").get(f"{CONCERNS}?state=closed").json["items"] == []

    def test_is_sealed_and_recorded_without_its_words(self, cast, rows):
        concern_id = cast.raised("carer", "hub_carer")
        (row,) = rows("select * from concerns")
        assert b"shouted" not in bytes(row.what_happened)
        (event,) = rows("select * from audit_events where action = 'concern:create'")
        assert (str(event.subject_id), event.changed) == (concern_id, [])
        assert cast.people["hub_carer"] in event.hidden_from

    def test_that_is_read_leaves_a_row(self, cast, rows):
        concern_id = cast.raised("carer", "manager")
        cast.phone("worker").get(f"{CONCERNS}/{concern_id}")
        (event,) = rows("select * from audit_events where action = 'concern:read'")
        assert event.actor_id == cast.people["worker"]
        assert cast.people["manager"] in event.hidden_from

    def test_can_not_be_lost_to_the_person_by_the_database(self, cast, owner):
        cast.raised("carer", "hub_carer")
        with owner.connect() as connection, pytest.raises(Exception, match="ck_concern_is_hidden"):
            connection.exec_driver_sql("update concerns set hidden_from = '{}'")


class TestRefusals:
    def test_of_oneself(self, cast):
        answer = cast.phone("carer").post(CONCERNS, cast.body("carer"))
        assert (answer.status_code, answer.json["code"]) == (409, "about_oneself")

    def test_of_what_is_yet_to_come(self, cast):
        later = (clock.now() + timedelta(hours=1)).isoformat()
        answer = cast.phone("carer").post(CONCERNS, cast.body("hub_carer", happened_at=later))
        assert (answer.status_code, answer.json["code"]) == (409, "in_the_future")

    @pytest.mark.parametrize(
        "changes",
        [
            {"about_adult_id": str(uuid7())},
            {"about_account_id": None},
            {"children": []},
            {"what_happened": "  "},
        ],
    )
    def test_of_an_odd_shape(self, cast, changes):
        answer = cast.phone("carer").post(CONCERNS, cast.body("hub_carer", **changes))
        assert answer.status_code == 422

    def test_of_one_that_nobody_could_look_into(self, cast, owner):
        ends = "update role_grants set ends_on = starts_on where role in "
        with owner.begin() as connection:
            connection.exec_driver_sql(ends + "('programme_manager')")
        answer = cast.phone("carer").post(CONCERNS, cast.body("worker"))
        assert (answer.status_code, answer.json["code"]) == (409, "nobody_to_tell")

    @pytest.mark.parametrize("who", ["manager", "duty", "administrator"])
    def test_of_who_writes_none(self, cast, who):
        assert cast.phone(who).post(CONCERNS, cast.body("hub_carer")).status_code == 403

    def test_of_children_of_two_constellations(self, cast, grant):
        there = cast.world.elsewhere
        grant(cast.people["worker"], Role.LIAISON_WORKER, constellation_id=there.id)
        both = [str(side.family.children[0]) for side in (cast.world.here, there)]
        answer = cast.phone("worker").post(CONCERNS, cast.body("hub_carer", children=both))
        assert (answer.status_code, answer.json["code"]) == (409, "different_constellations")

    def test_of_a_child_where_one_only_oversees(self, cast, grant):
        """A programme manager who fosters elsewhere sees the child, and writes nothing there."""
        home = cast.world.elsewhere.family.id
        grant(cast.people["manager"], Role.SATELLITE_CARER, household_id=home)
        assert cast.phone("manager").post(CONCERNS, cast.body("hub_carer")).status_code == 403


class TestAnIdInTheBody:
    """Somebody else's child, or a person of elsewhere, is as if there were none."""

    @pytest.mark.parametrize("dry_run", ["", "?dry_run=true"])
    def test_is_as_if_it_did_not_exist(self, cast, dry_run):
        world, nobody = cast.world, str(uuid7())
        there, theirs = world.elsewhere, str(world.here.neighbours.children[0])
        for named, unknown in (
            ({"children": [theirs]}, {"children": [nobody]}),
            (
                {"children": [str(world.here.family.children[0]), theirs]},
                {"children": [str(world.here.family.children[0]), nobody]},
            ),
            ({"about_account_id": str(there.hub_carer)}, {"about_account_id": nobody}),
            ({"about_account_id": str(there.family.carer)}, {"about_account_id": nobody}),
            (
                {"about_account_id": str(world.staff[Role.SYSTEM_ADMINISTRATOR])},
                {"about_account_id": nobody},
            ),
        ):
            known, none = (
                answers(
                    cast.phone("carer"),
                    f"{CONCERNS}{dry_run}",
                    ("POST", CONCERNS, cast.body("hub_carer", **ids)),
                )
                for ids in (named, unknown)
            )
            assert known == none
            assert known[0][0] == 404

    def test_of_a_grown_up_of_elsewhere(self, cast, rows):
        (adult, *_) = rows(
            "select id from adults where constellation_id = :id", id=cast.world.elsewhere.id
        )
        child = cast.world.here.family.children[0]
        for phone in map(cast.phone, ("carer", "worker")):
            answer = phone.post(CONCERNS, concern_body(child, about_adult_id=adult.id))
            assert answer.status_code == 404


class TestThePeopleToName:
    def test_are_those_of_ones_constellation_and_the_services(self, cast, rows):
        items = cast.phone("carer").get(f"{CONCERNS}/people?limit=200").json["items"]
        found = {item["id"]: item for item in items}
        here = cast.world.here
        for who in ("hub_carer", "worker", "second_worker", "manager", "duty"):
            assert found[str(cast.people[who])]["kind"] == "account"
        grown_ups = rows("select id from adults where constellation_id = :id", id=here.id)
        adults = {item["id"] for item in items if item["kind"] == "adult"}
        assert adults == {str(row.id) for row in grown_ups}
        assert str(cast.people["elsewhere"]) not in found
        assert str(cast.people["administrator"]) not in found

    def test_can_all_be_named(self, cast):
        phone = cast.phone("carer")
        items = phone.get(f"{CONCERNS}/people?limit=200").json["items"]
        child = cast.world.here.family.children[0]
        answered = {
            phone.post(
                f"{CONCERNS}?dry_run=true",
                concern_body(child, **{f"about_{item['kind']}_id": item["id"]}),
            ).status_code
            for item in items
        }
        assert answered == {200, 409}, "everybody but oneself"

    def test_come_page_by_page(self, cast):
        phone, found, path = cast.phone("carer"), [], f"{CONCERNS}/people?limit=3"
        whole = phone.get(f"{CONCERNS}/people?limit=200").json["items"]
        cursor = ""
        while cursor is not None:
            page = phone.get(path + (f"&cursor={cursor}" if cursor else "")).json
            found += page["items"]
            cursor = page["next_cursor"]
        assert found == whole
