"""Every kind of notification, declared in one place.

The words are constant and say nothing about anybody: the app fetches the rest when it is opened.
"""

from __future__ import annotations

from enum import StrEnum


class Category(StrEnum):
    REQUEST_SUBMITTED = "request_submitted"
    REQUEST_ACCEPTED = "request_accepted"
    REQUEST_APPROVED = "request_approved"
    REQUEST_DECLINED = "request_declined"
    REQUEST_WITHDRAWN = "request_withdrawn"
    REQUEST_CHANGED = "request_changed"
    REQUEST_EXPIRED = "request_expired"
    APPROVAL_NEEDED = "approval_needed"
    SLEEPOVER_CANCELLED = "sleepover_cancelled"
    SLEEPOVER_EXTENDED = "sleepover_extended"
    SLEEPOVER_ENDED_EARLY = "sleepover_ended_early"


WORDS: dict[Category, str] = {
    Category.REQUEST_SUBMITTED: "A carer has asked for a sleepover.",
    Category.REQUEST_ACCEPTED: "Good news: a sleepover you asked for is confirmed.",
    Category.REQUEST_APPROVED: "A longer sleepover has been approved and is confirmed.",
    Category.REQUEST_DECLINED: "A sleepover that was asked for can't happen this time.",
    Category.REQUEST_WITHDRAWN: "A carer no longer needs a sleepover they had asked for.",
    Category.REQUEST_CHANGED: "A sleepover that was asked for has been changed.",
    Category.REQUEST_EXPIRED: "A sleepover that was asked for was not answered in time.",
    Category.APPROVAL_NEEDED: "A longer sleepover needs your approval.",
    Category.SLEEPOVER_CANCELLED: "A sleepover has been cancelled.",
    Category.SLEEPOVER_EXTENDED: "A sleepover will last longer.",
    Category.SLEEPOVER_ENDED_EARLY: "A sleepover has ended early.",
}
"""What the inbox says."""
