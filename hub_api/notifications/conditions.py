"""How a phone is doing, in words its person understands."""

from __future__ import annotations

from enum import StrEnum


class _InWords(StrEnum):
    """A word for the program, and a sentence for the person."""

    words: str

    def __new__(cls, value: str, words: str) -> _InWords:
        member = str.__new__(cls, value)
        member._value_, member.words = value, words
        return member


class Condition(_InWords):
    """Whether what is sent to a phone arrives, as far as anybody knows."""

    RECEIVING = "receiving", "This phone receives what the hub sends."
    STOPPED = "stopped", "This phone has stopped receiving."
    UNKNOWN = "unknown", "Nothing has reached this phone yet, so we can't say whether it receives."


class StopReason(_InWords):
    """Why a phone has stopped receiving. The first three are as the push service says."""

    UNREGISTERED = (
        "unregistered",
        "The app is no longer on this phone. Please install it and log in again.",
    )
    WRONG_SENDER = (
        "wrong_sender",
        "The app on this phone belongs to another service. Please install it again and log in.",
    )
    BAD_ADDRESS = (
        "bad_address",
        "This phone can't be reached any more. Please open the app on it and log in again.",
    )
    LOGIN_RAN_OUT = (
        "login_ran_out",
        "The login on this phone has run out. Please open the app on it and log in again.",
    )
    UNUSED = (
        "unused",
        "We haven't heard from this phone for a month. Please open the app on it.",
    )
    SILENT = (
        "silent",
        "What we send to this phone doesn't arrive. Please open the app on it to check.",
    )
