"""Every kind of notification, declared in one place.

The words are constant and say nothing about anybody: the app fetches the rest when it is opened.
"""

from __future__ import annotations

from enum import StrEnum


class Category(StrEnum):
    REQUEST_SUBMITTED = "request_submitted"
    REQUEST_ACCEPTED = "request_accepted"
    SLEEPOVER_CANCELLED = "sleepover_cancelled"


WORDS: dict[Category, str] = {
    Category.REQUEST_SUBMITTED: "A carer has asked for a sleepover.",
    Category.REQUEST_ACCEPTED: "Good news: a sleepover you asked for is confirmed.",
    Category.SLEEPOVER_CANCELLED: "A sleepover has been cancelled.",
}
"""What the inbox says."""
