"""Handover and return by both homes, medicines counted out and in, and the debrief."""

from datetime import datetime, timedelta
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from hub_api.care.counts import differences
from tests.care.conftest import HOUR, Care
from tests.care.test_medication import dose, medicine
from tests.sleepovers.stays import act, arrival, brought_to, departure

__all__ = ["medicine"]

BAG = {"kind": "handover", "place": "At the school gate", "belongings": "Bag and bear"}
HOME = {"kind": "return"}
SECOND = timedelta(seconds=1)


def counting(medicine_id, counted):
    return {"counts": [{"medicine_id": medicine_id, "counted": counted}]}


def confirm(care, handover, by, **changes):
    path = f"/handovers/{handover['id']}/confirm"
    return care.post(path, None, by=by, If_Match=f'"{handover["version"]}"', **changes)


class TestAHandover:
    @pytest.mark.parametrize(("writer", "other"), [("carer", "hub_carer"), ("hub_carer", "carer")])
    def test_is_written_by_one_home_and_confirmed_by_the_other(self, care, told, writer, other):
        written = care.post("handovers", BAG, by=writer)
        assert written.status_code == 201, written.json
        side = {"carer": "family", "hub_carer": "hub"}
        assert written.json[f"{side[writer]}_confirmed_by"] == str(care.account(writer))
        assert written.json[f"{side[other]}_confirmed_at"] is None
        assert told("handover_written") == {other}
        assert confirm(care, written.json, writer).status_code == 403
        assert confirm(care, written.json, "liaison_worker").status_code == 403
        done = confirm(care, written.json, other)
        assert done.status_code == 200
        assert done.json[f"{side[other]}_confirmed_by"] == str(care.account(other))
        again = confirm(care, done.json, other)
        assert (again.status_code, again.json["code"]) == (409, "wrong_state")
        for by in ("carer", "hub_carer", "liaison_worker"):
            assert care.get("handovers", by=by).json["items"] == [done.json]

    def test_is_sealed(self, care, rows):
        shown = care.post("handovers", BAG).json
        assert (shown["place"], shown["note"]) == (BAG["place"], None)
        assert b"school" not in bytes(rows("select details from handovers")[0].details)

    def test_says_when_and_where_the_child_is_collected(self, care):
        at = departure(care.stay)
        agreed = {"collection_at": at.isoformat(), "collection_place": "From school, by Gran"}
        shown = care.post("handovers", BAG | agreed).json
        assert datetime.fromisoformat(shown["collection_at"]) == at
        assert shown["collection_place"] == agreed["collection_place"]
        assert care.get("handovers", by="carer").json["items"] == [shown]
        for name, said in agreed.items():
            refused = care.post("handovers", HOME | {name: said}, by="carer")
            assert (refused.status_code, [*refused.json["errors"]]) == (422, [name])

    def test_is_written_once_each_way(self, care):
        assert care.post("handovers", BAG).status_code == 201
        again = care.post("handovers", BAG, by="carer")
        assert (again.status_code, again.json["code"]) == (409, "already_recorded")
        assert care.post("handovers", HOME, by="carer").status_code == 201

    @pytest.mark.parametrize(
        ("state", "kind", "status"),
        [
            ("confirmed", "handover", 201),
            ("confirmed", "return", 409),
            ("in_stay", "return", 201),
            ("returned", "return", 201),
            ("closed", "return", 409),
        ],
    )
    def test_is_of_its_time(self, world, state, kind, status):
        care = Care(world, brought_to(world, state))
        answer = care.post("handovers", {"kind": kind}, by="carer", at=departure(care.stay) + HOUR)
        assert answer.status_code == status

    def test_is_not_for_the_liaison_worker_to_write(self, care):
        assert care.post("handovers", BAG, by="liaison_worker").status_code == 403


class TestMedicines:
    def test_are_all_counted(self, care, medicine):
        syrup = medicine(care)
        refused = care.post("handovers", BAG)
        assert (refused.status_code, refused.json["code"]) == (409, "medicines_uncounted")
        twice = {"counts": counting(syrup, 1)["counts"] * 2}
        assert care.post("handovers", BAG | twice).json["code"] == "counted_twice"
        assert care.post("handovers", BAG | counting(str(uuid4()), 1)).status_code == 404
        answer = care.post("handovers", BAG | counting(syrup, 6))
        assert answer.json["counts"] == [{"medicine_id": syrup, "counted": 6}]
        assert care.post("handovers", HOME).json["code"] == "medicines_uncounted"

    def test_are_those_of_the_stay_whenever_it_is_said_to_have_been(self, care, medicine):
        today = arrival(care.stay).date()
        medicine(care, starts_on=today)
        for earlier, code in (
            (timedelta(days=1), "medicines_uncounted"),
            (timedelta(days=1, seconds=1), "too_early"),
            (timedelta(days=400), "too_early"),
        ):
            body = BAG | {"happened_at": (arrival(care.stay) - earlier).isoformat()}
            refused = care.post("handovers", body)
            assert (refused.status_code, refused.json["code"]) == (409, code), earlier

    def test_are_not_of_a_time_when_the_child_was_elsewhere(self, world, care):
        leaves = departure(care.stay)
        assert act(world, care.stay, "return", {}, at=leaves).status_code == 200
        before = (arrival(care.stay) - SECOND).isoformat()
        late = care.post("handovers", BAG, at=leaves + SECOND)
        assert (late.status_code, late.json["code"]) == (409, "after_return")
        early = care.post("handovers", HOME | {"happened_at": before}, at=leaves)
        assert (early.status_code, early.json["code"]) == (409, "before_arrival")

    @pytest.mark.parametrize("came_back", [0, 6])
    def test_that_come_back_uncounted_as_they_went_are_looked_into(
        self, care, medicine, tasks, came_back
    ):
        syrup = medicine(care)
        refused = care.post("handovers", HOME)
        assert (refused.status_code, refused.json["code"]) == (409, "medicines_uncounted")
        assert care.post("handovers", HOME | counting(syrup, came_back)).status_code == 201
        assert [state for state, _ in tasks("medicines_differ")] == ["open"]
        assert care.post("handovers", BAG | counting(syrup, came_back)).status_code == 201
        assert [state for state, _ in tasks("medicines_differ")] == ["settled"]

    def test_that_are_over_are_not_counted(self, care, medicine):
        today = arrival(care.stay).date()
        medicine(care, ends_on=today)
        assert care.post("handovers", BAG).status_code == 201

    @pytest.mark.parametrize(("came_back", "is_asked"), [(5, False), (6, True), (4, True)])
    def test_that_differ_are_looked_into(self, care, medicine, tasks, came_back, is_asked):
        syrup = medicine(care)
        care.post("handovers", BAG | counting(syrup, 6), by="carer")
        assert care.post("medication", dose(syrup)).status_code == 201
        back = care.post("handovers", HOME | counting(syrup, came_back), at=care.now + HOUR)
        assert back.status_code == 201
        assert bool(tasks("medicines_differ")) == is_asked

    def test_that_a_later_record_explains_are_settled(self, care, medicine, tasks):
        syrup = medicine(care)
        care.post("handovers", BAG | counting(syrup, 6), by="carer")
        care.post("handovers", HOME | counting(syrup, 5))
        assert [state for state, _ in tasks("medicines_differ")] == ["open"]
        given = care.post("medication", dose(syrup))
        assert given.status_code == 201
        assert [state for state, _ in tasks("medicines_differ")] == ["settled"]

    def test_of_another_child_can_not_be_counted(self, world, care, medicine, owner):
        sister = str(world.here.family.children[1])
        other = Care(world, brought_to(world, "in_stay", days=30, children=[sister]))
        theirs = medicine(other)
        care.post("handovers", BAG | counting(medicine(care), 1))
        assert care.post("handovers", HOME | counting(theirs, 1)).status_code == 404
        change = sa.text("update medicine_counts set medicine_id = :id")
        with owner.connect() as connection, pytest.raises(IntegrityError):
            connection.execute(change, {"id": theirs})


class TestACorrection:
    def test_of_a_count_is_the_record_anew_and_both_confirm_it(self, care, medicine, tasks, told):
        syrup = medicine(care)
        first = care.post("handovers", BAG | counting(syrup, 60), by="carer").json
        care.post("handovers", HOME | counting(syrup, 6))
        assert [state for state, _ in tasks("medicines_differ")] == ["open"]
        anew = BAG | counting(syrup, 6) | {"corrects": first["id"], "why": "A slip: six."}
        written = care.post("handovers", anew, by="hub_carer", at=care.now + HOUR)
        assert written.status_code == 201, written.json
        assert [state for state, _ in tasks("medicines_differ")] == ["settled"]
        assert written.json["happened_at"] == first["happened_at"]
        assert (written.json["why"], first["why"]) == ("A slip: six.", None)
        assert "carer" in told("handover_written")
        shown = care.get("handovers", by="carer", at=care.now + HOUR).json["items"]
        assert shown[0] == written.json
        assert shown[-1] == first | {"corrected_by": written.json["id"]}
        # What was corrected is nobody's to confirm any more; the new one is.
        late = confirm(care, first, "hub_carer", at=care.now + HOUR)
        assert (late.status_code, late.json["code"]) == (409, "wrong_state")
        assert confirm(care, written.json, "carer", at=care.now + HOUR).status_code == 200
        again = care.post("handovers", anew, by="carer", at=care.now + HOUR)
        assert (again.status_code, again.json["code"]) == (409, "already_corrected")

    def test_says_why_and_is_of_the_same_way(self, care):
        first = care.post("handovers", BAG).json["id"]
        silent = care.post("handovers", BAG | {"corrects": first})
        assert silent.json["errors"].keys() == {"why"}
        reason = {"why": "Another bag."}
        other_way = care.post("handovers", HOME | reason | {"corrects": first})
        assert other_way.status_code == 404

    def test_may_come_while_the_other_home_can_confirm_it(self, world, care):
        first, leaves = care.post("handovers", BAG).json["id"], departure(care.stay)
        for verb, body in (("return", {}), ("close", None)):
            assert act(world, care.stay, verb, body, at=leaves).status_code == 200
        assert care.post("handovers", BAG, by="carer", at=leaves + HOUR).status_code == 409
        anew = BAG | {"corrects": first, "why": "Another bag."}
        closes_at = leaves + timedelta(days=7)
        late = care.post("handovers", anew, by="carer", at=closes_at)
        assert (late.status_code, late.json["code"]) == (409, "too_late")
        written = care.post("handovers", anew, by="carer", at=closes_at - SECOND)
        assert written.status_code == 201
        done = confirm(care, written.json, "hub_carer", at=closes_at - SECOND)
        assert done.status_code == 200


ONE, OTHER = UUID(int=1), UUID(int=2)


@pytest.mark.parametrize(
    ("went", "given", "came_back", "wrong"),
    [
        ({ONE: 6}, {ONE: 2}, {ONE: 4}, set()),
        ({ONE: 6}, {}, {ONE: 5}, {ONE}),
        ({ONE: 6}, {ONE: 6}, {}, set()),
        ({ONE: 6, OTHER: 1}, {ONE: 6}, {}, {OTHER}),
        ({}, {ONE: 1}, {}, {ONE}),
        ({}, {}, {ONE: 1}, {ONE}),
        ({}, {}, {}, set()),
    ],
)
def test_what_went_less_what_was_given_is_what_came_back(went, given, came_back, wrong):
    assert differences(went, given, came_back) == wrong


class TestTheDebrief:
    WORDS = {"would_come_again": "no", "own_words": "It was too loud."}  # noqa: RUF012

    @pytest.mark.parametrize(("shared", "seen"), [(False, None), (True, "It was too loud.")])
    def test_is_the_hubs_to_read_where_the_family_shares_it(self, world, rows, shared, seen):
        care = Care(world, brought_to(world, "returned"))
        at = departure(care.stay) + HOUR
        written = care.post("debrief", {**self.WORDS, "is_shared": shared}, by="carer", at=at)
        assert written.status_code == 201, written.json
        shown = {
            by: care.get("debrief", by=by, at=at).json["items"][0]
            for by in ("carer", "liaison_worker", "hub_carer")
        }
        assert shown["carer"] == shown["liaison_worker"] == written.json
        assert shown["hub_carer"] == {**written.json, "own_words": seen}
        assert b"loud" not in bytes(rows("select own_words from debriefs")[0].own_words)

    def test_is_written_by_the_childs_carers_once_the_child_is_home(self, world):
        care = Care(world, brought_to(world, "in_stay"))
        early = care.post("debrief", self.WORDS, by="carer")
        assert (early.status_code, early.json["code"]) == (409, "wrong_state")
        leaves = departure(care.stay)
        assert act(world, care.stay, "return", {}, at=leaves).status_code == 200
        for by, status in (
            ("hub_carer", 403), ("liaison_worker", 403), ("carer", 201), ("carer", 409)
        ):  # fmt: skip
            answer = care.post("debrief", self.WORDS, by=by, at=leaves + SECOND)
            assert (by, answer.status_code) == (by, status)
