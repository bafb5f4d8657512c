"""What somebody sees of their phones: whether each receives, and why not."""

from uuid import UUID

import pytest
import sqlalchemy as sa

from tests.notifications.phones import listed, register


class TestTheList:
    def test_does_not_know_a_new_phone_yet(self, world):
        phone = world.carer
        register(phone)
        (mine,) = listed(phone)
        assert (mine["state"], mine["reason"]) == ("unknown", None)
        assert "can't say" in mine["words"]

    def test_knows_a_phone_that_has_sent_a_receipt(self, world):
        world.asked()
        phone = world.hub_carer
        register(phone)
        (told,) = phone.get("/notifications").json["items"]
        phone.post(f"/notifications/{told['id']}/received")
        (mine,) = listed(phone)
        assert (mine["state"], mine["reason"]) == ("receiving", None)
        assert mine["received_at"] is not None

    @pytest.mark.parametrize(
        ("changes", "reason"),
        [
            (
                "dropped_at = now(), drop_reason = 'unregistered', stopped_at = now()",
                "unregistered",
            ),
            (
                "dropped_at = now(), drop_reason = 'wrong_sender', stopped_at = now()",
                "wrong_sender",
            ),
            ("dropped_at = now(), drop_reason = 'bad_address', stopped_at = now()", "bad_address"),
            ("proven_at = now() - interval '30 days'", "unused"),
            ("stopped_at = now()", "silent"),
        ],
    )
    def test_says_that_it_has_stopped_and_why(self, world, owner, changes, reason):
        phone = world.carer
        register(phone)
        with owner.begin() as connection:
            connection.execute(sa.text(f"update devices set {changes}"))
        (mine,) = listed(phone)
        assert (mine["state"], mine["reason"]) == ("stopped", reason)
        assert mine["words"].endswith(".")

    def test_says_that_a_login_has_run_out(self, world, owner):
        old, new = world.carer, world.carer
        register(old)
        with owner.begin() as connection:
            first = sa.text(
                "update sessions set expires_at = started_at where id ="
                " (select session_id from devices)"
            )
            connection.execute(first)
        (mine,) = listed(new)
        assert (mine["state"], mine["reason"]) == ("stopped", "login_ran_out")
        assert not mine["is_this_one"]

    def test_shows_ones_own_alone(self, world):
        register(world.hub_carer)
        assert listed(world.carer) == []

    def test_comes_by_pages(self, world):
        for _ in range(3):
            phone = world.carer
            register(phone)
        path = "/devices?limit=2"
        first = phone.get(path).json
        second = phone.get(f"{path}&cursor={first['next_cursor']}").json
        ids = {item["id"] for page in (first, second) for item in page["items"]}
        assert len(ids) == 3
        assert all(UUID(id_) for id_ in ids)
