"""The inbox, and the job that makes its notifications ready."""

from uuid import UUID

import pytest
from sqlalchemy.exc import ProgrammingError

from hub_api import db, jobs
from hub_api.notifications import planning
from hub_api.notifications.categories import Category
from hub_api.notifications.jobs import make_ready


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

    def test_needs_a_login(self, world):
        assert world.phone().get("/notifications").status_code == 401

    def test_every_category_has_words(self):
        assert all(category.words for category in Category)


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
