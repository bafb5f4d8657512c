"""/readyz, /metrics and `hub doctor` about channels and what waits to be sent."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from hub_api import settings as hub_settings
from hub_api.notifications.categories import Category
from hub_api.notifications.models import ChannelName
from hub_api.settings import Channels
from tests.notifications.sending import REVOKED

OFF = "off: no credentials"


@pytest.fixture(autouse=True)
def _phone(town, world):
    town.phone(world.here.hub_carer)


@pytest.fixture
def with_google(settings, app):  # noqa: ARG001 - which makes the usual settings the current ones
    """The API's settings, in which push to phones is set up."""
    channels = Channels(fcm_credentials_file=Path("account.json"))
    hub_settings.use(replace(settings, channels=channels))
    yield
    hub_settings.use(settings)


@pytest.fixture
def long_due(told, owner):
    """Something that should have been sent so many seconds ago."""

    def make(seconds):
        told()
        with owner.begin() as connection:
            connection.execute(
                sa.text("update deliveries set next_attempt_at = next_attempt_at - :ago"),
                {"ago": timedelta(seconds=seconds)},
            )

    return make


def ready(world):
    answer = world.app.test_client().get("/readyz")
    return answer.status_code, answer.json["checks"], answer.json["channels"]


def figures(world):
    """The lines of /metrics that are about telling people."""
    text = world.app.test_client().get("/metrics").text
    words = ("hub_deliver", "hub_oldest_delivery", "hub_channel", "hub_worker")
    return {
        name: float(value)
        for name, value in (line.rsplit(" ", 1) for line in text.splitlines())
        if name.startswith(words)
    }


class TestReadyz:
    def test_says_that_a_channel_is_off_and_is_ready_all_the_same(self, world):
        status, checks, channels = ready(world)
        assert (status, checks["deliveries"]) == (200, "ok")
        assert channels == dict.fromkeys(("fcm", "webpush", "email", "sms"), OFF)

    @pytest.mark.usefixtures("with_google")
    def test_says_that_a_channel_is_on(self, world):
        assert ready(world)[2]["fcm"] == "ok"

    @pytest.mark.usefixtures("with_google")
    def test_says_that_a_channel_is_at_fault_and_since_when(self, world, post, told):
        post.fcm.always = REVOKED
        told()
        post.send_due()
        status, checks, channels = ready(world)
        assert (status, checks["deliveries"]) == (200, "ok")
        assert channels["fcm"].startswith("at fault since ")
        assert "key_revoked" in channels["fcm"]

    def test_is_not_ready_when_nobody_sends(self, world, long_due):
        long_due(25)
        assert ready(world)[0] == 200
        long_due(40)
        status, checks, _ = ready(world)
        assert status == 503
        assert "by fcm has been due for" in checks["deliveries"]

    @pytest.mark.usefixtures("with_google")
    def test_is_ready_when_what_waits_waits_for_a_channel_at_fault(
        self, world, post, told, long_due
    ):
        post.fcm.always = REVOKED
        told()
        post.send_due()
        long_due(40)
        assert ready(world)[0] == 200


class TestMetrics:
    def test_show_deliveries_by_channel_and_state(self, world, post, told, long_due):
        told()
        post.send_due()
        long_due(40)
        found = figures(world)
        assert found['hub_deliveries_recent{channel="fcm",state="accepted"}'] == 1
        assert found['hub_deliveries_recent{channel="fcm",state="queued"}'] == 1
        assert 40 <= found['hub_oldest_delivery_due_seconds{channel="fcm"}'] < 60
        assert found['hub_oldest_delivery_due_seconds{channel="sms"}'] == 0

    def test_tell_the_oldest_of_urgent_ones_and_others(self, world, told, long_due):
        long_due(40)
        told(Category.RETURN_LATE)
        assert 40 <= figures(world)['hub_oldest_delivery_due_seconds{channel="fcm"}'] < 60

    def test_show_which_channel_is_at_fault(self, world, post, told):
        post.fcm.always = REVOKED
        told()
        post.send_due()
        found = figures(world)
        assert found['hub_channel_at_fault{channel="fcm"}'] == 1
        assert found['hub_channel_at_fault{channel="email"}'] == 0

    def test_show_how_long_no_worker_was_heard_of(self, world, owner):
        with owner.begin() as connection:
            connection.execute(
                sa.text(
                    "insert into jobs.procrastinate_workers (last_heartbeat)"
                    " values (now() - interval '90 seconds')"
                )
            )
        try:
            assert 90 <= figures(world)["hub_worker_silent_seconds"] < 120
        finally:
            with owner.begin() as connection:
                connection.execute(sa.text("delete from jobs.procrastinate_workers"))


def test_every_channel_is_named(world):
    assert set(ready(world)[2]) == set(ChannelName)
