"""Which channels there are credentials for, and opening those: the worker sends, nobody else."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

from hub_api.notifications.models import ChannelName

if TYPE_CHECKING:
    from hub_api.notifications.channels import Channel
    from hub_api.settings import Channels

log = structlog.get_logger(__name__)

OFF = "off: no credentials"

CHANNELS = tuple(str(name) for name in ChannelName)
"""Every channel there could be, by name."""


def configured(given: Channels) -> frozenset[ChannelName]:
    """The channels that are set up. Whether their credentials are right, only sending shows."""
    has_key = {
        ChannelName.FCM: given.fcm_credentials_file,
        ChannelName.WEBPUSH: given.vapid_key_file,
        ChannelName.EMAIL: given.notify_key_file and given.notify_email_template,
        ChannelName.SMS: given.notify_key_file and given.notify_sms_template,
    }
    return frozenset(name for name, is_there in has_key.items() if is_there)


def open_channels(given: Channels) -> dict[ChannelName, Channel]:
    """Open every channel that is set up; the log says which are not. Raises `SettingsError`.

    Each is asked even where its credentials are missing: one that is half set is a slip and must
    not pass for one that is off.
    """
    govuk_notify = _govuk_notify(given)
    found = {
        ChannelName.FCM: _fcm(given),
        ChannelName.WEBPUSH: _web_push(given),
        ChannelName.EMAIL: govuk_notify,
        ChannelName.SMS: govuk_notify,
    }
    on = configured(given)
    for name in ChannelName:
        if name not in on:
            log.warning("channel_off", channel=str(name), words=OFF)
    return {name: channel for name, channel in found.items() if channel and name in on}


def _fcm(given: Channels) -> Channel | None:
    if given.fcm_credentials_file is None:
        return None
    from hub_api.notifications import fcm  # costs a second: only what sends imports it

    return fcm.from_settings(given)


def _web_push(given: Channels) -> Channel | None:
    from hub_api.notifications import web_push

    return web_push.from_settings(given)


def _govuk_notify(given: Channels) -> Channel | None:
    """The one that serves both ways, or the one of them that has a template."""
    from hub_api.notifications import govuk_notify

    return govuk_notify.from_settings(given)
