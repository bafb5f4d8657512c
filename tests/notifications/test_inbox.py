"""The inbox, and the job that makes its notifications ready."""

from uuid import UUID

import pytest
from sqlalchemy.exc import ProgrammingError

from hub_api import clock, db, jobs
from hub_api.notifications import planning
from hub_api.notifications.categories import Category
from hub_api.notifications.jobs import make_ready
from tests.factories.notifications import make_notification


class TestInbox:
    def test_shows_my_own_in_words_that_say_nothing_about_anybody(self, world):
        request = world.asked()
        (told,) = world.hub_carer.get("/notifications").json["items"]
        assert told["category"] == "request_submitted"
        assert told["words"] == Category.REQUEST_SUBMITTED.words
        assert told["subject_id"] == request["id"]
        assert told["ready_at"] is None
        for account in (world.here.family.carer, world.here.liaison_worker):
            assert world.phone(account).get("/notifications").json["items"] == []

    def test_says_how_much_each_matters_and_what_it_is_about(self, world):
        world.asked()
        (told,) = world.hub_carer.get("/notifications").json["items"]
        assert (told["topic"], told["severity"]) == ("booking", "important")
        assert (told["opened_at"], told["acknowledged_at"]) == (None, None)

    def test_says_what_i_have_opened(self, world):
        world.asked()
        phone = world.hub_carer
        (told,) = phone.get("/notifications").json["items"]
        phone.post(f"/notifications/{told['id']}/acknowledged")
        (told,) = phone.get("/notifications").json["items"]
        assert told["opened_at"] == told["acknowledged_at"] is not None

    def test_needs_a_login(self, world):
        assert world.phone().get("/notifications").status_code == 401

    def test_every_category_has_words(self):
        assert all(category.words for category in Category)


class TestTheUnreadCount:
    @pytest.fixture
    def told(self, world, owner):
        def make(count, account_id=None, **changes):
            with db.transaction(owner):
                for _ in range(count):
                    make_notification(account_id or world.here.family.carer, **changes)

        return make

    def test_is_of_mine_that_i_have_not_opened(self, world, told):
        told(2)
        told(1, opened_at=clock.now())
        told(4, world.here.neighbours.carer)
        assert world.carer.get("/notifications").json["unread_count"] == 2

    def test_is_the_same_on_every_page(self, world, told):
        told(3)
        phone = world.carer
        first = phone.get("/notifications?limit=2").json
        second = phone.get(f"/notifications?limit=2&cursor={first['next_cursor']}").json
        assert (first["unread_count"], second["unread_count"]) == (3, 3)

    def test_goes_down_when_one_is_opened_and_not_when_it_is_received(self, world, told):
        told(2)
        phone, counts = world.carer, []
        (one, _) = phone.get("/notifications").json["items"]
        for receipt in ("received", "opened", "opened"):
            phone.post(f"/notifications/{one['id']}/{receipt}")
            counts.append(phone.get("/notifications").json["unread_count"])
        assert counts == [2, 1, 1]

    def test_stops_at_a_hundred(self, world, told):
        told(99)
        assert world.carer.get("/notifications").json["unread_count"] == 99
        told(5)
        assert world.carer.get("/notifications").json["unread_count"] == 100

    def test_is_none_for_somebody_new(self, world):
        assert world.carer.get("/notifications").json["unread_count"] == 0


class TestMakeReady:
    def test_marks_a_notification_once(self, world, settings, rows):
        world.asked()
        (told,) = rows("select id from notifications")
        engine = db.make_engine(settings.required_database().worker, connections=1)
        jobs.use_engine(engine)
        try:
            make_ready([str(told.id)])
            (first,) = rows("select ready_at from notifications")
            make_ready([str(told.id)])
            (second,) = rows("select ready_at from notifications")
        finally:
            engine.dispose()
        assert first.ready_at is not None
        assert second == first

    def test_the_api_role_can_not_mark_it(self, world, app):
        world.asked()
        (told,) = world.hub_carer.get("/notifications").json["items"]

        def mark():
            with db.transaction(app.engine):
                db.set_scope(world.here.hub_carer, [world.here.id])
                planning.make_ready([UUID(told["id"])])

        with pytest.raises(ProgrammingError):
            mark()
