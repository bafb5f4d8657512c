"""Every kind of task, declared in one place.

A slice adds a kind by one member here and one migration of `task_kind_known`. The words are
constant and say nothing about anybody: `subject_id` says what the task is about.
"""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum

from hub_api.access import Role


class TaskKind(StrEnum):
    """What there can be to do: its words for the person, who should do it, and how soon."""

    words: str
    role: Role
    due_within: timedelta

    def __new__(cls, kind: str, words: str, role: Role, due_within: timedelta) -> TaskKind:
        member = str.__new__(cls, kind)
        member._value_ = kind
        member.words, member.role, member.due_within = words, role, due_within
        return member

    # Within a day: carers ask about a week ahead, and most of the time before a sleepover belongs
    # to whoever will have to get the bed ready.
    HUB_CARER_MISSING = (
        "hub_carer_missing",
        "A carer has asked for a sleepover and no hub carer is there to answer. Please find one.",
        Role.LIAISON_WORKER,
        timedelta(days=1),
    )

    # The beds are held meanwhile, so nobody else can have them.
    APPROVAL_NEEDED = (
        "approval_needed",
        "A hub carer has said yes to a longer sleepover. It needs your approval.",
        Role.LIAISON_WORKER,
        timedelta(days=2),
    )

    # The same day: the child is most likely safe with the hub carer, and somebody should make sure.
    RETURN_LATE = (
        "return_late",
        "A child came home late from a sleepover, or isn't home yet. Please ring the hub carer.",
        Role.LIAISON_WORKER,
        timedelta(hours=1),
    )

    # Or before the child comes. One of the two stays may have to be called off or moved.
    SLEEPOVER_IN_DOUBT = (
        "sleepover_in_doubt",
        "What is on record about two children speaks against this sleepover. Please look at it.",
        Role.LIAISON_WORKER,
        timedelta(days=1),
    )

    # A day: e-mail and the inbox still reach them, and most find out themselves.
    DEVICE_STOPPED = (
        "device_stopped",
        "A carer's phone has stopped receiving. Please ask them to open the app and log in again.",
        Role.LIAISON_WORKER,
        timedelta(days=1),
    )

    # At once: everybody who was asked has said no, or nobody has answered.
    EMERGENCY_UNPLACED = (
        "emergency_unplaced",
        "An emergency has no bed yet. Please ring the emergency duty team and the carer now.",
        Role.LIAISON_WORKER,
        timedelta(minutes=15),
    )
