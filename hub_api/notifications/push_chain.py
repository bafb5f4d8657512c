"""A person's whole chain from account to phone, link by link; `push_test.py` pulls at it.

For the operator (`hub push-test`), in plain words. An address is never said in full: whoever reads
over a shoulder, or finds it in a terminal's history, could send to it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

import sqlalchemy as sa

from hub_api import clock, db
from hub_api.accounts import reaching
from hub_api.notifications import devices, opening, preferences
from hub_api.notifications.categories import Category
from hub_api.notifications.conditions import StopReason
from hub_api.notifications.models import (
    ChannelFault,
    Device,
    channel_of,
)
from hub_api.notifications.preferences import Way, WaySetting

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from hub_api.accounts.reaching import Standing
    from hub_api.settings import Channels

SHOWN_FOR = timedelta(days=90)
"""A phone that was dropped longer ago is not spoken of."""


class Verdict(StrEnum):
    """How one link is."""

    HOLDS = "ok"
    BROKEN = "broken"


@dataclass(frozen=True, slots=True)
class Link:
    """One link of the chain."""

    verdict: Verdict
    part: str
    words: str

    def __str__(self) -> str:
        return f"{self.verdict:<7} {self.part:<12} {self.words}"


@dataclass(slots=True)
class Chain:
    """What was found: every link, whom a test would go to, and to which of their phones."""

    links: list[Link] = field(default_factory=list)
    account_id: UUID | None = None
    phones: list[Device] = field(default_factory=list)

    def say(self, verdict: Verdict, part: str, says: str) -> None:
        self.links.append(Link(verdict, part, says))


# --- looking ---------------------------------------------------------------------------------


def examine(email: str, given: Channels) -> Chain:
    """Look at every link, in the running transaction, as the owner of the database."""
    now = clock.now()
    chain = Chain()
    found = reaching.standing(email, now)
    if found is None:
        chain.say(Verdict.BROKEN, "account", "There is no account with that e-mail address.")
        return chain
    _account(chain, found)
    _session(chain, found)
    _phones(chain, found, now)
    _preferences(chain, found, now)
    _channels(chain, given)
    return chain


def _account(chain: Chain, found: Standing) -> None:
    if not found.is_open:
        chain.say(Verdict.BROKEN, "account", "The account is closed: nothing is sent.")
        return
    if not found.has_password:
        chain.say(
            Verdict.BROKEN, "account", "The invitation is not answered: they can't log in yet."
        )
        return
    chain.account_id = found.account_id
    chain.say(Verdict.HOLDS, "account", "The account is open.")
    held = reaching.roles_held([found.account_id])[found.account_id]
    if not Category.PUSH_TEST.concerns(one.role for one in held):
        chain.say(Verdict.BROKEN, "role", "They hold no role today, so there is nothing to tell.")


def _session(chain: Chain, found: Standing) -> None:
    if not found.logins:
        chain.say(Verdict.BROKEN, "session", "They are logged in nowhere: ask them to log in.")
        return
    chain.say(Verdict.HOLDS, "session", f"They are logged in on {_many(found.logins, 'device')}.")


def _phones(chain: Chain, found: Standing, now: datetime) -> None:
    rows = sa.select(Device, devices.stop_reason(now)).order_by(Device.id)
    theirs = db.session().execute(rows.where(Device.account_id == found.account_id))
    # One row a login: an installation is spoken of by its newest.
    newest = {phone.installation_id: (phone, reason) for phone, reason in theirs}
    known = [
        (phone, reason)
        for phone, reason in newest.values()
        if phone.dropped_at is None or phone.dropped_at > now - SHOWN_FOR
    ]
    for phone, reason in known:
        if reason in {None, StopReason.SILENT}:
            chain.phones.append(phone)
        verdict = Verdict.HOLDS if reason is None else Verdict.BROKEN
        chain.say(verdict, "phone", f"{_described(phone, now)} {_why_stopped(phone, reason, now)}")
    if not known:
        chain.say(
            Verdict.BROKEN,
            "phone",
            "No phone or browser is registered: did they open the app and allow notifications?",
        )


_STOPPED = {
    "removed": "Its person took it away.",
    "taken_over": "Somebody else logged in on it.",
    "unregistered": "The push service says that the app is gone from it.",
    "wrong_sender": "Its address belongs to another app's sender: is it an app of this hub?",
    "bad_address": "The push service says that there can be no such address.",
    "login_ran_out": "Nobody is logged in on it any more.",
    "unused": "It has been silent for over a month: ask them to open the app.",
    "silent": "It is sent to, and nothing arrives: ask them to open the app and to let it notify.",
}
"""To the operator, of a `DropReason` or a `StopReason`."""


def _why_stopped(phone: Device, reason: str | None, now: datetime) -> str:
    if reason is None:
        return "It is sent to."
    since = f"Stopped {_ago(phone.dropped_at, now)}: " if phone.dropped_at is not None else ""
    return f"{since}{_STOPPED[reason]}"


def _described(phone: Device, now: datetime) -> str:
    version = f" {phone.app_version}" if phone.app_version else ""
    return (
        f"{phone.platform.capitalize()}, app{version or ' of unknown version'}, reached by"
        f" {phone.kind}{end_of(phone.address)}, last proven {_ago(phone.proven_at, now)}."
    )


LONG_ENOUGH = 16


def end_of(address: str) -> str:
    """Enough of an address to tell two apart, and nothing of a short one."""
    return f" ending in {address[-4:]}" if len(address) >= LONG_ENOUGH else ""


def _preferences(chain: Chain, found: Standing, now: datetime) -> None:
    chosen = preferences.of([found.account_id])[found.account_id]
    if chosen.setting(Category.PUSH_TEST, Way.PUSH) is not WaySetting.ON:
        chain.say(Verdict.BROKEN, "preferences", "They have turned tests off for their phones.")
    until = chosen.quiet_end(now)
    if until is None:
        chain.say(Verdict.HOLDS, "quiet hours", "It is not in their quiet hours.")
    else:
        at = until.astimezone(clock.LONDON)
        chain.say(
            Verdict.BROKEN,
            "quiet hours",
            f"Their quiet hours last until {at:%H:%M} (London): only urgent things come through.",
        )


def _channels(chain: Chain, given: Channels) -> None:
    needed = {channel_of(phone.kind) for phone in chain.phones}
    is_on = opening.configured(given)
    faults = {fault.channel: fault for fault in db.session().scalars(sa.select(ChannelFault))}
    for name in sorted(needed):
        fault = faults.get(name)
        if name not in is_on:
            says = f"{name} is {opening.OFF} here (docs/operator.md)."
        elif fault is not None:
            says = (
                f"{name} is set up wrongly ({fault.reason}, since {_ago(fault.opened_at)});"
                f" nothing is sent by it but a probe, the next {_ahead(fault.probe_at)}."
            )
        else:
            chain.say(Verdict.HOLDS, "channel", f"{name} is set up, and its circuit is closed.")
            continue
        chain.say(Verdict.BROKEN, "channel", says)


def _many(count: int, thing: str) -> str:
    return f"{count} {thing}{'' if count == 1 else 's'}"


def _ago(then: datetime, now: datetime | None = None) -> str:
    return f"{_span((now or clock.now()) - then)} ago"


def _ahead(then: datetime) -> str:
    return f"in {_span(then - clock.now())}"


def _span(length: timedelta) -> str:
    seconds = max(0, int(length.total_seconds()))
    for size, unit in ((86400, "day"), (3600, "hour"), (60, "minute")):
        if seconds >= size:
            return _many(seconds // size, unit)
    return _many(seconds, "second")
