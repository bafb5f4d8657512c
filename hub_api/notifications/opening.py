"""Which channels there are credentials for, and opening those: the worker sends, nobody else."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

from hub_api.notifications.models import ChannelName

if TYPE_CHECKING:
    from collections.abc import Callable

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
    """Open every channel that is set up; the log says which are not. Raises `SettingsError`."""
    found = configured(given)
    opened: dict[ChannelName, Channel] = {}
    for name in ChannelName:
        channel = _OPENERS[name](given) if name in found else None
        if channel is None:
            log.warning("channel_off", channel=str(name), words=OFF)
        else:
            opened[name] = channel
    return opened


def _open_fcm(given: Channels) -> Channel | None:
    from hub_api.notifications import fcm  # costs a second: only what sends imports it

    return fcm.open_fcm(given)


def _open_web_push(given: Channels) -> Channel | None:
    from hub_api.notifications import web_push

    return web_push.from_settings(given)


def _open_govuk_notify(given: Channels) -> Channel | None:
    from hub_api.notifications import govuk_notify

    return govuk_notify.from_settings(given)


_OPENERS: dict[ChannelName, Callable[[Channels], Channel | None]] = {
    ChannelName.FCM: _open_fcm,
    ChannelName.WEBPUSH: _open_web_push,
    ChannelName.EMAIL: _open_govuk_notify,
    ChannelName.SMS: _open_govuk_notify,
}
