"""Two children kept apart, or allowed to share a bedroom."""

import pytest

from hub_api import clock
from tests.households.conftest import change


@pytest.fixture
def two(world):
    """A child of the family, and one of the neighbours."""
    return world.here.family.children[0], world.here.neighbours.children[0]


def apart(other, **changes):
    return {"other_child_id": str(other), "reason": "past_harm", **changes}


def sharing(other, **changes):
    return {
        "with_child_id": str(other),
        "authority": "Kent",
        "starts_on": "2026-01-01",
        **changes,
    }


class TestKeptApart:
    @pytest.mark.parametrize("first", [0, 1])
    def test_is_on_record_with_both_whoever_was_named_first(self, world, two, liaison, rows, first):
        one, other = two[first], two[1 - first]
        answer = liaison.post(f"/children/{one}/kept-apart", apart(other))
        assert answer.status_code == 201
        assert [answer.json["child_id"], answer.json["other_child_id"]] == sorted(map(str, two))
        assert answer.json["starts_on"] == str(clock.london_today())
        for child in two:
            assert liaison.get(f"/children/{child}/kept-apart").json["items"] == [answer.json]
        third = world.here.family.children[1]
        assert liaison.get(f"/children/{third}/kept-apart").json["items"] == []
        (audited,) = rows("select * from audit_events where action = 'kept_apart:create'")
        assert str(audited.subject_id) == answer.json["id"]
        again = liaison.post(f"/children/{other}/kept-apart", apart(one))
        assert (again.status_code, again.json["code"]) == (409, "already_recorded")

    def test_ends(self, two, liaison):
        made = liaison.post(
            f"/children/{two[0]}/kept-apart", apart(two[1], starts_on="2025-01-01")
        ).json
        path = f"/kept-apart/{made['id']}"
        early = change(liaison, path, made, {"ends_on": "2025-01-01"})
        assert (early.status_code, early.json["code"]) == (409, "ends_too_early")
        ended = change(liaison, path, made, {"ends_on": "2025-02-01"})
        assert (ended.status_code, ended.json["ends_on"]) == (200, "2025-02-01")
        assert change(liaison, path, made, {"ends_on": "2025-03-01"}).status_code == 412
        assert liaison.post(f"/children/{two[0]}/kept-apart", apart(two[1])).status_code == 201

    def test_is_never_a_carers_to_see(self, world, two, liaison, grant):
        made = liaison.post(f"/children/{two[0]}/kept-apart", apart(two[1])).json
        grant(world.here.hub_carer, "satellite_carer", household_id=world.here.family.id)
        for phone in (world.carer, world.hub_carer):
            assert phone.get(f"/children/{two[0]}/kept-apart").status_code == 403
            assert change(phone, f"/kept-apart/{made['id']}", made, {}).status_code == 403

    def test_names_another_child_who_can_be_seen(self, world, two, liaison, manager):
        path, stranger = f"/children/{two[0]}/kept-apart", world.elsewhere.family.children[0]
        answer = liaison.post(path, apart(two[0]))
        assert (answer.status_code, answer.json["code"]) == (409, "same_child")
        assert liaison.post(path, apart(stranger)).status_code == 404
        assert manager.post(path, apart(stranger)).status_code == 201
        theirs = world.phone(world.elsewhere.liaison_worker)
        assert theirs.post(path, apart(stranger)).status_code == 404


class TestSharing:
    def test_each_authority_gives_its_own_word(self, two, liaison, rows):
        one, other = two
        answers = [
            liaison.post(f"/children/{one}/sharing-agreements", sharing(other)),
            liaison.post(f"/children/{other}/sharing-agreements", sharing(one, authority="Bexley")),
        ]
        assert [answer.status_code for answer in answers] == [201, 201]
        for child, answer in zip(two, answers, strict=True):
            listed = liaison.get(f"/children/{child}/sharing-agreements").json["items"]
            assert listed == [answer.json]
        again = liaison.post(f"/children/{one}/sharing-agreements", sharing(other))
        assert (again.status_code, again.json["code"]) == (409, "already_recorded")
        assert len(rows("select from audit_events where action = 'sharing_agreement:create'")) == 2

    def test_ends(self, two, liaison):
        made = liaison.post(f"/children/{two[0]}/sharing-agreements", sharing(two[1])).json
        path = f"/sharing-agreements/{made['id']}"
        early = change(liaison, path, made, {"ends_on": "2026-01-01"})
        assert (early.status_code, early.json["code"]) == (409, "ends_too_early")
        ended = change(liaison, path, made, {"ends_on": "2026-02-01"})
        assert (ended.status_code, ended.json["ends_on"]) == (200, "2026-02-01")

    @pytest.mark.parametrize(
        ("known", "status"), [("Kent", 201), (" KENT ", 201), (None, 201), ("Bexley", 409)]
    )
    def test_is_the_word_of_the_authority_that_holds_the_care_plan(
        self, two, liaison, owner, known, status
    ):
        with owner.begin() as connection:
            is_known = "update children set responsible_authority = %s where id = %s"
            connection.exec_driver_sql(is_known, (known, two[0]))
            connection.exec_driver_sql(is_known, ("Bexley", two[1]))
        answer = liaison.post(f"/children/{two[0]}/sharing-agreements", sharing(two[1]))
        assert answer.status_code == status
        if status == 409:
            assert answer.json["code"] == "wrong_authority"
            assert "On record that is Bexley." in answer.json["detail"]

    def test_is_with_another_child_who_can_be_seen(self, world, two, liaison):
        path = f"/children/{two[0]}/sharing-agreements"
        answer = liaison.post(path, sharing(two[0]))
        assert (answer.status_code, answer.json["code"]) == (409, "same_child")
        assert liaison.post(path, sharing(world.elsewhere.family.children[0])).status_code == 404
        assert world.carer.get(path).status_code == 403
        answer = liaison.post(path, sharing(two[1], ends_on="2026-01-01"))
        assert [*answer.json["errors"]] == ["ends_on"]
