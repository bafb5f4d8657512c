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

    # Or before the child comes. A stay may have to be called off or moved, or a paper renewed.
    SLEEPOVER_IN_DOUBT = (
        "sleepover_in_doubt",
        "What is on record by now speaks against this sleepover. Please look at it.",
        Role.LIAISON_WORKER,
        timedelta(days=1),
    )

    # Or before the child comes: a stay without consent is not one that may go on.
    CONSENT_MISSING = (
        "consent_missing",
        "The consent for a sleepover is missing. Please ask for it, or call the sleepover off.",
        Role.LIAISON_WORKER,
        timedelta(days=1),
    )

    # A day (domain.md, section 3): the child is there already, with the least that must be known.
    PACK_DUE = (
        "pack_due",
        "A child came in an emergency. Please see that the rest of the pack is written.",
        Role.LIAISON_WORKER,
        timedelta(days=1),
    )

    # A day, weekends too (security.md, Audit); whoever opened it is not the one to look at it.
    BREAK_GLASS_REVIEW = (
        "break_glass_review",
        "Somebody opened a child's record in an emergency. Please look at why.",
        Role.LIAISON_WORKER,
        timedelta(days=1),
    )

    # Within 24 hours of the event, weekends too (NMS 29): the event itself says until when.
    INCIDENT_TO_NOTIFY = (
        "incident_to_notify",
        "Something serious happened during a sleepover. Please tell those who must know of it.",
        Role.LIAISON_WORKER,
        timedelta(days=1),
    )

    # At once: whoever is with the child rings; this sees to it that all three know (NMS 5).
    MISSING_CHILD = (
        "missing_child",
        "A child is missing. Please see that police, EDT and the child's social worker know.",
        Role.LIAISON_WORKER,
        timedelta(hours=1),
    )

    # Within 72 hours of the child's return; the episode itself says until when.
    RETURN_INTERVIEW = (
        "return_interview",
        "A child who was missing is back. Please see to the return interview.",
        Role.LIAISON_WORKER,
        timedelta(hours=72),
    )

    # The same day: while both homes remember, and the medicines are still there to be counted.
    MEDICINES_DIFFER = (
        "medicines_differ",
        "Medicines were counted, and the record doesn't explain the difference. Please ask.",
        Role.LIAISON_WORKER,
        timedelta(hours=12),
    )

    # Within the day, as for whatever the fostering service must notify (Fostering Services
    # Regulations 2011, Sch 7). For the programme managers where it is about a liaison worker.
    CONCERN_RAISED = (
        "concern_raised",
        "Somebody has written down a concern. Please read it and say what is done about it.",
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

    # Or before the child comes: somebody who may say no has said it, and something else says yes.
    CONSENT_REFUSED = (
        "consent_refused",
        "Somebody has said no to nights that another consent still allows. Please ask what counts.",
        Role.LIAISON_WORKER,
        timedelta(days=1),
    )
