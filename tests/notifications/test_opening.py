"""Which channels a worker opens, and that a slip in setting one up is not taken for a choice."""

from dataclasses import replace

import pytest
import structlog

from hub_api.notifications import opening
from hub_api.notifications.models import ChannelName
from hub_api.settings import Channels, SettingsError
from tests.standins import govuk_notify, web_push

TEMPLATE = govuk_notify.EMAIL_TEMPLATE


def test_without_settings_nothing_is_open_and_the_log_says_so():
    with structlog.testing.capture_logs() as lines:
        assert opening.open_channels(Channels()) == {}
    assert [line["channel"] for line in lines] == [*ChannelName]


@pytest.mark.parametrize(
    ("half", "says"),
    [
        ({"vapid_contact": web_push.CONTACT}, "HUB_VAPID_KEY_FILE is not"),
        ({"notify_email_template": TEMPLATE}, "HUB_NOTIFY_KEY_FILE is not"),
        ({"notify_sms_template": TEMPLATE}, "HUB_NOTIFY_KEY_FILE is not"),
    ],
)
def test_what_is_half_set_stops_the_worker(half, says):
    with pytest.raises(SettingsError, match=says):
        opening.open_channels(Channels(**half))


class TestGovukNotify:
    @pytest.fixture
    def given(self, tmp_path):
        with govuk_notify.GovukNotify() as stand_in:
            yield stand_in.channels(tmp_path)

    def test_is_one_channel_for_both_ways(self, given):
        opened = opening.open_channels(given)
        assert {*opened} == {ChannelName.EMAIL, ChannelName.SMS}
        assert opened[ChannelName.EMAIL] is opened[ChannelName.SMS]

    def test_opens_the_way_that_has_a_template(self, given):
        opened = opening.open_channels(replace(given, notify_sms_template=""))
        assert {*opened} == {ChannelName.EMAIL}

    def test_without_any_template_stops_the_worker(self, given):
        half = replace(given, notify_email_template="", notify_sms_template="")
        with pytest.raises(SettingsError, match="neither HUB_NOTIFY_EMAIL_TEMPLATE nor"):
            opening.open_channels(half)
