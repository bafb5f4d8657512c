"""What can't be asked for, each with the code for the program and the sentence for the carer."""

import pytest

from hub_api import clock
from tests.factories.requests import decide, stay
from tests.phone import in_days

UNKNOWN = "01920000-0000-7000-8000-000000000009"


def theirs(world):
    return str(world.here.neighbours.children[0])


def mine(world):
    return str(world.here.family.children[0])


BAD = {
    "departure before arrival": (
        lambda _: {"arrives_at": in_days(9), "departs_at": in_days(8)},
        422,
        "departs_at",
        "Please choose a time after the arrival.",
    ),
    "past dates": (
        lambda _: stay(-2),
        409,
        "in_the_past",
        "That time has already passed. Please choose another.",
    ),
    "8 nights": (
        lambda _: stay(7, 8),
        409,
        "stay_too_long",
        "please ask your supervising social worker about formal respite",
    ),
    "another household's child": (
        lambda world: {"children": [theirs(world)]},
        404,
        "not_found",
        "We can't find that, or it isn't shared with you.",
    ),
    "another household's child beside one's own": (
        lambda world: {"children": [mine(world), theirs(world)]},
        404,
        "not_found",
        "We can't find that, or it isn't shared with you.",
    ),
    "an unknown child": (
        lambda _: {"children": [UNKNOWN]},
        404,
        "not_found",
        "We can't find that, or it isn't shared with you.",
    ),
    "the same child twice": (
        lambda world: {"children": [mine(world), mine(world)]},
        422,
        "children",
        "Please name each child once.",
    ),
    "no children": (
        lambda _: {"children": []},
        422,
        "children",
        "Please name one to ten children.",
    ),
}


def said(answer):
    """The code and the sentence, or the field's of a form."""
    if answer.status_code == 422:
        ((field, words),) = answer.json["errors"].items()
        return field, " ".join(words)
    return answer.json["code"], answer.json["detail"]


class TestBadAsking:
    @pytest.mark.parametrize("dry_run", ["false", "true"])
    @pytest.mark.parametrize("what", BAD)
    def test_is_refused_kindly_and_saves_nothing(self, world, rows, what, dry_run):
        changes, status, code, words = BAD[what]
        body = world.ask_body(**changes(world))
        answer = world.carer.post(f"/respite-requests?dry_run={dry_run}", body)
        if what == "8 nights" and dry_run == "true":
            (length,) = [c for c in answer.json["checks"] if c["code"] == "length"]
            assert answer.json["can_be_asked"] is False
            assert words in length["sentence"]
        else:
            assert answer.status_code == status
            found_code, found_words = said(answer)
            assert found_code == code
            assert words in found_words
        assert rows("select 1 from respite_requests") == []

    def test_in_a_closed_constellation(self, world, owner, rows):
        with owner.begin() as connection:
            connection.exec_driver_sql(
                "update constellations set closed_on = %s where id = %s",
                (clock.london_today(), world.here.id),
            )
        answer = world.carer.post("/respite-requests", world.ask_body())
        assert (answer.status_code, answer.json["code"]) == (409, "constellation_closed")
        assert "The liaison worker can say who" in answer.json["detail"]
        assert rows("select 1 from respite_requests") == []

    def test_of_a_hub_without_a_hub_home(self, world, owner):
        with owner.begin() as connection:
            connection.exec_driver_sql("update hub_appointments set ends_on = current_date")
        answer = world.carer.post("/respite-requests", world.ask_body())
        assert (answer.status_code, answer.json["code"]) == (409, "no_hub_home")

    def test_of_a_hub_with_no_beds_may_wait_for_one(self, world, owner):
        with owner.begin() as connection:
            connection.exec_driver_sql("update beds set ends_on = starts_on")
        request = world.asked()
        (guest_bed,) = [check for check in request["checks"] if check["code"] == "guest_bed"]
        assert guest_bed["outcome"] == "block"
        assert guest_bed["sentence"].startswith("This hub home has no guest beds at the moment.")
        answer = decide(world.hub_carer, request, "accept")
        assert (answer.status_code, answer.json["code"]) == (409, "nights_taken")


class TestLists:
    def test_by_state(self, world):
        draft, asked = world.asked(draft=True), world.asked()
        taken = world.booked(**stay(20))["request_id"]
        for state, ids in (
            ("draft", [draft["id"]]),
            ("submitted", [asked["id"]]),
            ("accepted", [taken]),
            ("expired", []),
        ):
            found = world.carer.get(f"/respite-requests?state={state}").json["items"]
            assert [request["id"] for request in found] == ids
        assert world.carer.get("/respite-requests?state=waiting").status_code == 422

    def test_by_household(self, world):
        asked = world.asked()
        for household, ids in (
            (world.here.family.id, [asked["id"]]),
            (world.here.neighbours.id, []),
            (UNKNOWN, []),
        ):
            page = world.hub_carer.get(f"/respite-requests?household_id={household}").json
            assert [request["id"] for request in page["items"]] == ids
        neighbour = world.phone(world.here.neighbours.carer)
        mine_only = neighbour.get(f"/respite-requests?household_id={world.here.family.id}")
        assert mine_only.json["items"] == []

    def test_by_both_and_page_by_page(self, world):
        asked = [world.asked(**stay(days))["id"] for days in (10, 20, 30)]
        path = f"/respite-requests?state=submitted&household_id={world.here.family.id}&limit=2"
        first = world.hub_carer.get(path)
        rest = world.hub_carer.get(f"{path}&cursor={first.json['next_cursor']}").json["items"]
        found = [request["id"] for request in [*first.json["items"], *rest]]
        assert found == sorted(asked, reverse=True)
        assert "state=submitted" in first.headers["Link"]
