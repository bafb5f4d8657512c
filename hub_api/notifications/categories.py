"""Every kind of notification, declared in one place.

The words are constant and say nothing about anybody: the app fetches the rest when it is opened.
"""

from __future__ import annotations

from enum import StrEnum


class Category(StrEnum):
    REQUEST_SUBMITTED = "request_submitted"
    REQUEST_ACCEPTED = "request_accepted"
    SLEEPOVER_CANCELLED = "sleepover_cancelled"
    SLEEPOVER_EXTENDED = "sleepover_extended"
    SLEEPOVER_ENDED_EARLY = "sleepover_ended_early"


WORDS: dict[Category, str] = {
    Category.REQUEST_SUBMITTED: "A carer has asked for a sleepover.",
    Category.REQUEST_ACCEPTED: "Good news: a sleepover you asked for is confirmed.",
    Category.SLEEPOVER_CANCELLED: "A sleepover has been cancelled.",
    Category.SLEEPOVER_EXTENDED: "A sleepover will last longer.",
    Category.SLEEPOVER_ENDED_EARLY: "A sleepover has ended early.",
}
"""What the inbox says."""
