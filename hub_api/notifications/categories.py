"""Every kind of notification, declared in one place.

A slice adds one by one member here and one migration of `notification_category_known`. The words
are constant and say nothing about anybody: the app fetches the rest when it is opened. What a phone
shows on its locked screen says even less, only the topic (`words.py`).
"""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from hub_api.access import Role

if TYPE_CHECKING:
    from collections.abc import Iterable


class Severity(StrEnum):
    """How much it matters that somebody hears of it, and so by which ways; the server decides."""

    ROUTINE = "routine"
    """The inbox and the phone."""
    IMPORTANT = "important"
    """By e-mail instead, when it reaches no phone."""
    URGENT = "urgent"
    """By e-mail and text message as well, in quiet hours too: a child may be waiting."""


class Topic(StrEnum):
    """What a locked screen may say a notification is about; its title is in `words.py`."""

    BOOKING = "booking"
    RECORD = "record"
    CARE = "care"
    WORK = "work"
    PHONE = "phone"
    DIGEST = "digest"


DAY = timedelta(days=1)

CARERS = (Role.SATELLITE_CARER,)
HUB = (Role.HUB_CARER,)
LIAISON = (Role.LIAISON_WORKER,)
OVERSEERS = (Role.LIAISON_WORKER, Role.PROGRAMME_MANAGER)
BOTH_HOMES = (Role.SATELLITE_CARER, Role.HUB_CARER)
ALL_THREE = (*BOTH_HOMES, Role.LIAISON_WORKER)
MANAGERS = (Role.ON_CALL_MANAGER, Role.PROGRAMME_MANAGER)


class Category(StrEnum):
    """What there can be to tell: its topic, how much it matters, for how long it is worth sending,
    to whom, and the words for the inbox."""

    topic: Topic
    severity: Severity
    lasts: timedelta
    """After this nobody is disturbed with it any more; it stays in the inbox."""
    told: tuple[Role, ...]
    words: str

    def __new__(
        cls,
        category: str,
        topic: Topic,
        severity: Severity,
        lasts: timedelta,
        told: tuple[Role, ...],
        words: str,
    ) -> Category:
        member = str.__new__(cls, category)
        member._value_ = category
        member.topic, member.severity, member.lasts = topic, severity, lasts
        member.told, member.words = told, words
        return member

    @classmethod
    def of(cls, category: str) -> Category:
        """The category of a word, as the database has it."""
        return cls(category)  # type: ignore[call-arg]

    def concerns(self, roles: Iterable[Role]) -> bool:
        """Whether it is for somebody who holds these roles."""
        return not set(roles).isdisjoint(self.told)

    # One a row, so that they read as a table.
    # fmt: off

    # --- what becomes of what was asked for

    REQUEST_SUBMITTED = (
        "request_submitted", Topic.BOOKING, Severity.IMPORTANT, 2 * DAY, (*HUB, *LIAISON),
        "A carer has asked for a sleepover.",
    )
    REQUEST_ACCEPTED = (
        "request_accepted", Topic.BOOKING, Severity.IMPORTANT, 3 * DAY, CARERS,
        "Good news: a sleepover you asked for is confirmed.",
    )
    REQUEST_APPROVED = (
        "request_approved", Topic.BOOKING, Severity.IMPORTANT, 3 * DAY, HUB,
        "A longer sleepover has been approved and is confirmed.",
    )
    REQUEST_DECLINED = (
        "request_declined", Topic.BOOKING, Severity.IMPORTANT, 3 * DAY, BOTH_HOMES,
        "A sleepover that was asked for can't happen this time.",
    )
    REQUEST_WITHDRAWN = (
        "request_withdrawn", Topic.BOOKING, Severity.ROUTINE, 3 * DAY, (*HUB, *LIAISON),
        "A carer no longer needs a sleepover they had asked for.",
    )
    REQUEST_CHANGED = (
        "request_changed", Topic.BOOKING, Severity.IMPORTANT, 3 * DAY, BOTH_HOMES,
        "A sleepover that was asked for has been changed.",
    )
    REQUEST_EXPIRED = (
        "request_expired", Topic.BOOKING, Severity.IMPORTANT, 3 * DAY, BOTH_HOMES,
        "A sleepover that was asked for was not answered in time.",
    )
    APPROVAL_NEEDED = (
        "approval_needed", Topic.BOOKING, Severity.IMPORTANT, 2 * DAY, LIAISON,
        "A longer sleepover needs your approval.",
    )

    # --- stays

    SLEEPOVER_CANCELLED = (
        "sleepover_cancelled", Topic.BOOKING, Severity.IMPORTANT, 3 * DAY, BOTH_HOMES,
        "A sleepover has been cancelled.",
    )
    SLEEPOVER_EXTENDED = (
        "sleepover_extended", Topic.BOOKING, Severity.IMPORTANT, 3 * DAY, BOTH_HOMES,
        "A sleepover will last longer.",
    )
    SLEEPOVER_ENDED_EARLY = (
        "sleepover_ended_early", Topic.BOOKING, Severity.IMPORTANT, 3 * DAY, BOTH_HOMES,
        "A sleepover has ended early.",
    )
    SLEEPOVER_TOMORROW = (
        "sleepover_tomorrow", Topic.BOOKING, Severity.ROUTINE, DAY, BOTH_HOMES,
        "A sleepover begins tomorrow.",
    )
    HANDOVER_DUE = (
        "handover_due", Topic.BOOKING, Severity.IMPORTANT, DAY / 2, BOTH_HOMES,
        "A sleepover has begun. Please confirm the handover when the child has arrived.",
    )
    RETURN_DUE = (
        "return_due", Topic.BOOKING, Severity.IMPORTANT, DAY / 2, BOTH_HOMES,
        "A sleepover ends today. Please confirm when the child is home.",
    )
    RETURN_LATE = (
        "return_late", Topic.BOOKING, Severity.URGENT, DAY / 2, ALL_THREE,
        "A child should be home by now. Please check, and ring if you are worried.",
    )
    CONSENT_MISSING = (
        "consent_missing", Topic.BOOKING, Severity.IMPORTANT, 3 * DAY, ALL_THREE,
        "The consent for a sleepover is missing. It can't go ahead until it has been given.",
    )
    LINK_ANSWERED = (
        "link_answered", Topic.BOOKING, Severity.IMPORTANT, 3 * DAY, LIAISON,
        "Somebody has answered whether a child may sleep over.",
    )

    # --- children's records

    # At night as well: that somebody else knows at once is what keeps it to emergencies.
    RECORD_OPENED = (
        "record_opened", Topic.RECORD, Severity.URGENT, DAY, (*LIAISON, *MANAGERS),
        "A child's record was opened in an emergency. Please look at why.",
    )

    # Before the day is over (domain.md, section 3); not at night, when nobody can look a thing up.
    PACK_DUE = (
        "pack_due", Topic.RECORD, Severity.IMPORTANT, DAY, CARERS,
        "A child went in an emergency. Please write down the rest of their pack within a day.",
    )

    # --- care

    HANDOVER_WRITTEN = (
        "handover_written", Topic.CARE, Severity.IMPORTANT, DAY, BOTH_HOMES,
        "The other home has written down a handover. Please look at it, and confirm it.",
    )
    INCIDENT_RECORDED = (
        "incident_recorded", Topic.CARE, Severity.IMPORTANT, 3 * DAY, (*CARERS, *LIAISON),
        "Something happened during a sleepover. Please open the app and read about it.",
    )
    MISSING_REPORTED = (
        "missing_reported", Topic.CARE, Severity.URGENT, DAY, ALL_THREE,
        "A child has been reported missing. Please open the app now, and ring each other.",
    )
    MISSING_RETURNED = (
        "missing_returned", Topic.CARE, Severity.URGENT, DAY, ALL_THREE,
        "A child who was reported missing is back.",
    )
    SLEEPOVER_AWAITED = (
        "sleepover_awaited", Topic.CARE, Severity.URGENT, DAY / 2, ALL_THREE,
        "A child should be there by now. If nobody knows where they are, please report it.",
    )

    # --- what must be looked into

    CONCERN_RAISED = (
        "concern_raised", Topic.WORK, Severity.URGENT, DAY, OVERSEERS,
        "Somebody has written down a concern. Please read it in the hub.",
    )
    CONCERN_ADDED_TO = (
        "concern_added_to", Topic.WORK, Severity.IMPORTANT, 3 * DAY, OVERSEERS,
        "Somebody has added to a concern. Please read it in the hub.",
    )

    # --- the telling itself

    DEVICE_STOPPED = (
        "device_stopped", Topic.PHONE, Severity.IMPORTANT, 7 * DAY, tuple(Role),
        "Your phone has stopped receiving. Please open the app on it, or log in again.",
    )
    DEVICE_TAKEN_OVER = (
        "device_taken_over", Topic.PHONE, Severity.IMPORTANT, 7 * DAY, tuple(Role),
        "Somebody else has logged in on your phone: nothing for you reaches it until you log in.",
    )
    MORNING_DIGEST = (
        "morning_digest", Topic.DIGEST, Severity.IMPORTANT, DAY, tuple(Role),
        "Some things came in while it was quiet. They are in your inbox.",
    )
    PUSH_TEST = (
        "push_test", Topic.PHONE, Severity.ROUTINE, DAY / 24, tuple(Role),
        "A test: your phone receives what the hub sends.",
    )

    # --- emergencies

    EMERGENCY_ASKED = (
        "emergency_asked", Topic.BOOKING, Severity.URGENT, DAY / 2, HUB,
        "A child needs a bed tonight. Please say at once whether you can help.",
    )
    EMERGENCY_RAISED = (
        "emergency_raised", Topic.BOOKING, Severity.URGENT, DAY / 2, (*LIAISON, *MANAGERS),
        "An emergency sleepover is being looked for.",
    )
    EMERGENCY_PLACED = (
        "emergency_placed", Topic.BOOKING, Severity.URGENT, DAY / 2,
        (*ALL_THREE, *MANAGERS),
        "A bed has been found for an emergency.",
    )
    EMERGENCY_SETTLED = (
        "emergency_settled", Topic.BOOKING, Severity.IMPORTANT, DAY / 2, HUB,
        "An emergency that you were asked about is settled. You need do nothing more.",
    )
    EMERGENCY_UNPLACED = (
        "emergency_unplaced", Topic.BOOKING, Severity.URGENT, DAY / 2,
        (*CARERS, *LIAISON, *MANAGERS),
        "No bed has been found for an emergency yet. Please ring the emergency duty team.",
    )
    # fmt: on
