"""Managing accounts: inviting, roles, closing; by those who may, and about others only."""

from datetime import timedelta

import pytest
from uuid_utils.compat import uuid7

from hub_api import clock
from hub_api.access import Role

NEW = {"email": "new@test.example", "display_name": "New"}


@pytest.fixture
def administrator(world):
    return world.phone(world.staff[Role.SYSTEM_ADMINISTRATOR])


@pytest.fixture
def manager(world):
    return world.phone(world.staff[Role.PROGRAMME_MANAGER])


@pytest.fixture
def path(world):
    """The address of the hub carer's account."""
    return f"/accounts/{world.here.hub_carer}"


def in_days(days):
    return (clock.london_today() + timedelta(days=days)).isoformat()


class TestAccounts:
    def test_are_listed_for_those_who_manage_them(self, administrator, manager):
        for phone in (administrator, manager):
            page = phone.get("/accounts?limit=200").json
            assert len(page["items"]) == 11
            assert {account["state"] for account in page["items"]} == {"active"}

    @pytest.mark.parametrize("who", ["carer", "hub_carer"])
    def test_are_nobody_elses_business(self, world, who, path):
        phone = getattr(world, who)
        assert phone.get("/accounts").status_code == 403
        assert phone.get(path).status_code == 403
        assert phone.post("/accounts", NEW).status_code == 403

    def test_change_name_and_address(self, manager, path):
        etag = manager.get(path).headers["ETag"]
        body = {"email": "Grace.New@test.example", "display_name": "Grace"}
        answer = manager.send("PATCH", path, body, If_Match=etag)
        assert answer.status_code == 200
        assert (answer.json["email"], answer.json["display_name"], answer.json["version"]) == (
            "grace.new@test.example", "Grace", 2,
        )  # fmt: skip

    def test_refuse_an_address_that_is_taken(self, manager, path, rows):
        ((taken,),) = rows("select email from accounts order by id limit 1")
        answer = manager.post("/accounts", {**NEW, "email": taken.upper()})
        assert (answer.status_code, answer.json["code"]) == (409, "email_taken")
        etag = manager.get(path).headers["ETag"]
        mine = manager.get(path).json["email"]
        other = next(
            a["email"] for a in manager.get("/accounts").json["items"] if a["email"] != mine
        )
        answer = manager.send("PATCH", path, {"email": other}, If_Match=etag)
        assert (answer.status_code, answer.json["code"]) == (409, "email_taken")

    @pytest.mark.parametrize(
        "body",
        [
            {},
            {"email": "not an address"},
            {"email": "a@b@c"},
            {"display_name": "   "},
            {"display_name": "x" * 101},
            {"is_active": False},
            {"password_hash": "x"},
            {"version": 7},
        ],
    )
    def test_refuse_what_is_no_change(self, manager, path, body, rows):
        before = rows("select * from accounts order by id")
        etag = manager.get(path).headers["ETag"]
        assert manager.send("PATCH", path, body, If_Match=etag).status_code == 422
        assert rows("select * from accounts order by id") == before

    def test_need_the_version_that_was_seen(self, manager, path):
        body = {"display_name": "Grace"}
        assert manager.send("PATCH", path, body).status_code == 428
        assert manager.send("PATCH", path, body, If_Match='"7"').status_code == 412


class TestMyOwnName:
    def test_is_mine_to_change(self, world):
        carer = world.carer
        etag = carer.get("/me").headers["ETag"]
        answer = carer.send("PATCH", "/me", {"display_name": "Mo"}, If_Match=etag)
        assert (answer.status_code, answer.json["display_name"]) == (200, "Mo")
        again = carer.send("PATCH", "/me", {"display_name": "Jo"}, If_Match=etag)
        assert again.status_code == 412

    @pytest.mark.parametrize("field", ["email", "roles", "id", "version", "is_active"])
    def test_is_all_i_may_change(self, world, field):
        body = {"display_name": "Mo", field: "x"}
        answer = world.carer.send("PATCH", "/me", body, If_Match='"1"')
        assert answer.status_code == 422
        assert field in answer.json["errors"]


class TestClosingAnAccount:
    def test_ends_its_sessions_and_opens_again(self, world, administrator, manager, path, log_in):
        hub_carer = world.hub_carer
        assert administrator.post_seen(path, verb="close").json["state"] == "closed"
        assert hub_carer.get("/me").status_code == 401
        assert log_in(world.here.hub_carer).status_code == 401
        assert administrator.post_seen(path, verb="close").json["code"] == "wrong_state"
        assert manager.post_seen(path, verb="invite").json["code"] == "wrong_state"
        assert administrator.post_seen(path, verb="reopen").json["state"] == "active"
        assert administrator.post_seen(path, verb="reopen").json["code"] == "wrong_state"
        assert hub_carer.get("/me").status_code == 401, "what has ended stays ended"
        assert log_in(world.here.hub_carer).status_code == 200

    @pytest.mark.parametrize("verb", ["close", "reopen", "invite"])
    def test_is_not_for_oneself(self, world, administrator, verb):
        mine = f"/accounts/{world.staff[Role.SYSTEM_ADMINISTRATOR]}"
        assert administrator.post_seen(mine, verb=verb).status_code == 403
        assert administrator.get("/me").status_code == 200

    def test_of_a_lost_phone_only_logs_it_out(self, world, administrator, path, log_in):
        hub_carer = world.hub_carer
        assert administrator.post(f"{path}/log-out").status_code == 204
        assert hub_carer.get("/me").status_code == 401
        assert log_in(world.here.hub_carer).status_code == 200
        assert administrator.post(f"/accounts/{uuid7()}/log-out").status_code == 404


class TestRoles:
    def give(self, phone, path, **role):
        return phone.post_seen(path, role, verb="roles")

    def test_several_are_held_by_one_person(self, world, manager, path):
        """A hub carer is often a carer as well, and may cover for a liaison worker elsewhere."""
        before = world.hub_carer
        assert before.post("/respite-requests", world.ask_body()).status_code == 403
        for role in (
            {"role": "satellite_carer", "household_id": str(world.here.family.id)},
            {"role": "liaison_worker", "constellation_id": str(world.elsewhere.id)},
        ):
            assert self.give(manager, path, **role).status_code == 200
        after = world.hub_carer
        assert len(after.get("/me").json["roles"]) == 3
        assert after.post("/respite-requests", world.ask_body()).status_code == 201
        homes = {home["id"] for home in after.get("/households").json["items"]}
        assert str(world.elsewhere.family.id) in homes

    def test_from_a_later_day_do_not_hold_yet(self, world, manager, path):
        scope = {"constellation_id": str(world.elsewhere.id)}
        self.give(manager, path, role="hub_carer", starts_on=in_days(1), **scope)
        assert len(world.hub_carer.get("/me").json["roles"]) == 1

    def test_that_end_today_hold_no_more_at_once(self, world, manager, path):
        hub_carer = world.hub_carer
        account = manager.get(path)
        (role,) = account.json["roles"]
        end = f"/roles/{role['id']}/end"
        answer = manager.post(end, {}, If_Match=account.headers["ETag"])
        assert answer.status_code == 200
        assert answer.json["roles"][0]["ends_on"] == in_days(0)
        assert hub_carer.get("/respite-requests").status_code == 403
        again = manager.post(end, {}, If_Match=answer.headers["ETag"])
        assert (again.status_code, again.json["code"]) == (409, "wrong_state")

    def test_end_on_a_later_day(self, world, manager, path):
        account = manager.get(path)
        end = f"/roles/{account.json['roles'][0]['id']}/end"
        etag = account.headers["ETag"]
        early = manager.post(end, {"ends_on": in_days(-1)}, If_Match=etag)
        assert (early.status_code, early.json["code"]) == (409, "ends_too_early")
        assert manager.post(end, {"ends_on": in_days(2)}, If_Match=etag).status_code == 200
        assert world.hub_carer.get("/respite-requests").status_code == 200

    def test_given_by_mistake_can_be_ended_before_they_begin(self, manager, path, world):
        scope = {"constellation_id": str(world.elsewhere.id)}
        given = self.give(manager, path, role="hub_carer", starts_on=in_days(5), **scope)
        role = given.json["roles"][-1]
        answer = manager.post(f"/roles/{role['id']}/end", {}, If_Match=given.headers["ETag"])
        assert answer.status_code == 200
        assert answer.json["roles"][-1]["ends_on"] == role["starts_on"]

    @pytest.mark.parametrize(
        ("role", "code"),
        [
            ({"role": "hub_carer"}, "wrong_place"),
            ({"role": "satellite_carer"}, "wrong_place"),
            ({"role": "home_duty_staff", "constellation_id": "here"}, "wrong_place"),
            ({"role": "hub_carer", "constellation_id": str(uuid7())}, "no_such_place"),
            ({"role": "satellite_carer", "household_id": str(uuid7())}, "no_such_place"),
        ],
    )
    def test_belong_where_such_roles_belong(self, world, manager, path, role, code):
        if role.get("constellation_id") == "here":
            role = {**role, "constellation_id": str(world.here.id)}
        answer = self.give(manager, path, **role)
        assert (answer.status_code, answer.json["code"]) == (409, code)
        assert len(manager.get(path).json["roles"]) == 1

    def test_are_not_for_oneself(self, world, administrator, manager):
        for phone, role in (
            (administrator, "SYSTEM_ADMINISTRATOR"),
            (manager, "PROGRAMME_MANAGER"),
        ):
            mine = f"/accounts/{world.staff[Role[role]]}"
            scope = {"constellation_id": str(world.here.id)}
            assert self.give(phone, mine, role="hub_carer", **scope).status_code == 403

    def test_are_given_by_those_who_may_see_what_they_see(
        self, world, administrator, manager, path
    ):
        """A system administrator sees no child's record, and makes nobody who does."""
        here = {"constellation_id": str(world.here.id)}
        home = {"household_id": str(world.here.family.id)}
        for role in (
            {"role": "hub_carer", **here},
            {"role": "liaison_worker", **here},
            {"role": "satellite_carer", **home},
            {"role": "home_duty_staff"},
            {"role": "programme_manager"},
        ):
            assert self.give(administrator, path, **role).status_code == 403
            body = {**NEW, "roles": [role]}
            assert administrator.post("/accounts", body).status_code == 403
            assert self.give(manager, path, **role).status_code == 200
        own = {"role": "system_administrator"}
        assert self.give(manager, path, **own).status_code == 403
        newcomer = administrator.post("/accounts", {**NEW, "roles": [own]})
        assert newcomer.status_code == 201

    def test_are_ended_by_those_who_give_them(self, world, administrator, manager):
        for phone, other in (
            (administrator, "programme_manager"),
            (manager, "system_administrator"),
        ):
            theirs = phone.get(f"/accounts/{world.staff[Role(other)]}")
            end = f"/roles/{theirs.json['roles'][0]['id']}/end"
            answer = phone.post(end, {}, If_Match=theirs.headers["ETag"])
            assert answer.status_code == 403

    @pytest.mark.parametrize("verb", ["invite", "roles"])
    def test_protect_their_holders(self, world, administrator, manager, path, verb):
        """An invitation is a login, and whoever sends it holds the code."""
        body = {"role": "home_duty_staff"} if verb == "roles" else None
        others = (
            (administrator, f"/accounts/{world.staff[Role.PROGRAMME_MANAGER]}"),
            (administrator, path),
            (manager, f"/accounts/{world.staff[Role.SYSTEM_ADMINISTRATOR]}"),
        )
        for phone, theirs in others:
            assert phone.post_seen(theirs, body, verb=verb).status_code == 403
            etag = phone.get(theirs).headers["ETag"]
            change = {"email": "mine@test.example"}
            assert phone.send("PATCH", theirs, change, If_Match=etag).status_code == 403

    def test_to_come_protect_as_well(self, world, administrator, manager):
        newcomer = administrator.post("/accounts", NEW).json
        path = f"/accounts/{newcomer['id']}"
        assert administrator.post_seen(path, verb="invite").status_code == 200
        later = {"role": "hub_carer", "constellation_id": str(world.here.id)}
        given = manager.post_seen(path, {**later, "starts_on": in_days(3)}, verb="roles")
        assert given.status_code == 200
        assert administrator.post_seen(path, verb="invite").status_code == 403

    def test_that_nobody_gave_are_not_there_to_end(self, administrator):
        answer = administrator.post(f"/roles/{uuid7()}/end", {}, If_Match='"1"')
        assert answer.status_code == 404
