"""What is written about a stay: looking at it, and writing it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypedDict

from hub_api.access import Permission
from hub_api.api import Blueprint, current_actor, page_response
from hub_api.care import schemas, service
from hub_api.schemas import PageIn, page_of

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from hub_api.care.models import MustKnow
    from hub_api.care.service import (
        DebriefIn,
        EntryIn,
        HandoverIn,
        IncidentIn,
        MedicationIn,
        MissingIn,
        ToldIn,
    )
    from hub_api.reads import PageArgs


class IncidentTold(TypedDict):
    """`schemas.IncidentToldIn`."""

    notified_to: list[MustKnow]
    notified_at: datetime | None


blp = Blueprint("care", __name__, description="What is written about a child's stay.")

_STAY = "/sleepovers/<uuid:sleepover_id>"
_A_MEDICINE = "01920000-0000-7000-8000-000000000009"
_WHEN = ("wrong_state", "in_the_future", "before_arrival")


# --- log -------------------------------------------------------------------------------------


@blp.route(f"{_STAY}/log-entries", methods=["GET"])
@blp.allow(Permission.CARE_READ)
@blp.arguments(PageIn(), location="query")
@blp.response(200, page_of(schemas.StayEntrySchema))
def list_stay_entries(page: PageArgs, sleepover_id: UUID) -> Any:
    """List what was written in the log of a stay, newest first."""
    return page_response(service.list_entries(current_actor(), sleepover_id, page))


# Nothing is overwritten: an entry stands beside those that are there.
@blp.route(f"{_STAY}/log-entries", methods=["POST"])
@blp.allow(Permission.CARE_WRITE)
@blp.refuses(*_WHEN, "child_erased")
@blp.unversioned
@blp.arguments(
    schemas.StayEntryIn(), example={"kind": "fact", "text": "Ate well, and slept till seven."}
)
@blp.response(201, schemas.StayEntrySchema, replay=service.get_entry)
def write_stay_entry(body: EntryIn, sleepover_id: UUID) -> Any:
    """Write an entry into the log of a stay, or add to one that is there."""
    return service.write_entry(current_actor(), sleepover_id, body)


# --- incidents -------------------------------------------------------------------------------


@blp.route(f"{_STAY}/incidents", methods=["GET"])
@blp.allow(Permission.CARE_READ)
@blp.arguments(PageIn(), location="query")
@blp.response(200, page_of(schemas.IncidentSchema))
def list_incidents(page: PageArgs, sleepover_id: UUID) -> Any:
    """List what happened during a stay, newest first."""
    return page_response(service.list_incidents(current_actor(), sleepover_id, page))


# As for the log.
@blp.route(f"{_STAY}/incidents", methods=["POST"])
@blp.allow(Permission.CARE_WRITE)
@blp.refuses(*_WHEN, "child_erased")
@blp.unversioned
@blp.arguments(
    schemas.IncidentIn(),
    example={"kind": "accident", "account": "Fell off the swing; a graze, washed and covered."},
)
@blp.response(201, schemas.IncidentSchema, replay=service.get_incident)
def record_incident(body: IncidentIn, sleepover_id: UUID) -> Any:
    """Record what happened to the child during a stay."""
    return service.record_incident(current_actor(), sleepover_id, body)


@blp.route("/incidents/<uuid:incident_id>/notified", methods=["POST"])
@blp.allow(Permission.CARE_WRITE)
@blp.refuses("wrong_state", "nothing_to_notify", "in_the_future", "before_incident")
@blp.if_match
@blp.arguments(
    schemas.IncidentToldIn(), example={"notified_to": ["ofsted", "responsible_authority"]}
)
@blp.response(200, schemas.IncidentSchema, replay=service.get_incident)
def tell_of_incident(body: IncidentTold, incident_id: UUID, seen_version: int) -> Any:
    """Say that the fostering service has told others of what happened."""
    return service.tell_of_incident(current_actor(), incident_id, seen_version, **body)


# --- missing ---------------------------------------------------------------------------------


@blp.route(f"{_STAY}/missing-episodes", methods=["GET"])
@blp.allow(Permission.CARE_READ)
@blp.arguments(PageIn(), location="query")
@blp.response(200, page_of(schemas.MissingEpisodeSchema))
def list_missing_episodes(page: PageArgs, sleepover_id: UUID) -> Any:
    """List when the child was missing during a stay, newest first."""
    return page_response(service.list_episodes(current_actor(), sleepover_id, page))


# Nobody should meet a refusal at three in the morning: reported twice, it is one episode.
@blp.route(f"{_STAY}/missing-episodes", methods=["POST"])
@blp.allow(Permission.CARE_SHARE)
@blp.refuses("in_the_future")
@blp.unversioned
@blp.arguments(schemas.MissingIn(), example={"circumstances": "Went out to the shop at four."})
@blp.response(201, schemas.MissingEpisodeSchema, replay=service.get_episode)
def report_missing(body: MissingIn, sleepover_id: UUID) -> Any:
    """Report that the child is missing, at once and whatever else is known."""
    return service.report_missing(current_actor(), sleepover_id, body)


# As for the report.
@blp.route("/missing-episodes/<uuid:episode_id>/told", methods=["POST"])
@blp.allow(Permission.CARE_SHARE)
@blp.refuses("in_the_future", "too_early")
@blp.unversioned
@blp.arguments(schemas.MissingToldIn(), example={"police_at": "2025-11-20T17:40:00Z"})
@blp.response(200, schemas.MissingEpisodeSchema, replay=service.get_episode)
def tell_of_missing(body: ToldIn, episode_id: UUID) -> Any:
    """Say when police, the emergency duty team or the child's social worker were told, or put it
    right."""
    return service.tell_of_missing(current_actor(), episode_id, body)


# As for the report.
@blp.route("/missing-episodes/<uuid:episode_id>/returned", methods=["POST"])
@blp.allow(Permission.CARE_SHARE)
@blp.refuses("wrong_state", "in_the_future", "too_early")
@blp.unversioned
@blp.arguments(schemas.ReturnedIn(), example={})
@blp.response(200, schemas.MissingEpisodeSchema, replay=service.get_episode)
def end_missing(body: dict[str, datetime | None], episode_id: UUID) -> Any:
    """Say that the child is back."""
    return service.end_missing(current_actor(), episode_id, **body)


@blp.route("/missing-episodes/<uuid:episode_id>/interview", methods=["POST"])
@blp.allow(Permission.CARE_WRITE)
@blp.refuses("wrong_state", "in_the_future", "too_early")
@blp.if_match
@blp.arguments(schemas.InterviewIn(), example={})
@blp.response(200, schemas.MissingEpisodeSchema, replay=service.get_episode)
def hold_return_interview(
    body: dict[str, datetime | None], episode_id: UUID, seen_version: int
) -> Any:
    """Say that somebody has talked with the child about being missing."""
    return service.hold_interview(current_actor(), episode_id, seen_version, **body)


# --- outings ---------------------------------------------------------------------------------


@blp.route(f"{_STAY}/outings", methods=["GET"])
@blp.allow(Permission.CARE_READ)
@blp.arguments(PageIn(), location="query")
@blp.response(200, page_of(schemas.OutingSchema))
def list_outings(page: PageArgs, sleepover_id: UUID) -> Any:
    """List when the child was out during a stay, newest first."""
    return page_response(service.list_outings(current_actor(), sleepover_id, page))


# As for the log: another time agreed is another row.
@blp.route(f"{_STAY}/outings", methods=["POST"])
@blp.allow(Permission.CARE_WRITE)
@blp.refuses("wrong_state", "in_the_past")
@blp.unversioned
@blp.arguments(schemas.OutingIn(), example={"agreed_back_at": "2090-11-20T19:00:00Z"})
@blp.response(201, schemas.OutingSchema, replay=service.get_outing)
def begin_outing(body: dict[str, datetime], sleepover_id: UUID) -> Any:
    """Say that the child goes out, and when to be back: after that the hub asks where they are."""
    return service.begin_outing(current_actor(), sleepover_id, **body)


# As for the report of a child who is missing.
@blp.route("/outings/<uuid:outing_id>/back", methods=["POST"])
@blp.allow(Permission.CARE_WRITE)
@blp.refuses("wrong_state", "in_the_future", "too_early")
@blp.unversioned
@blp.arguments(schemas.BackIn(), example={})
@blp.response(200, schemas.OutingSchema, replay=service.get_outing)
def end_outing(body: dict[str, datetime | None], outing_id: UUID) -> Any:
    """Say that the child is back from being out."""
    return service.end_outing(current_actor(), outing_id, **body)


# --- medicines -------------------------------------------------------------------------------


@blp.route(f"{_STAY}/medication", methods=["GET"])
@blp.allow(Permission.CARE_READ)
@blp.arguments(PageIn(), location="query")
@blp.response(200, page_of(schemas.MedicationRecordSchema))
def list_medication(page: PageArgs, sleepover_id: UUID) -> Any:
    """List what medicines were given, missed or refused during a stay, newest first."""
    return page_response(service.list_records(current_actor(), sleepover_id, page))


# As for the log.
@blp.route(f"{_STAY}/medication", methods=["POST"])
@blp.allow(Permission.CARE_WRITE)
@blp.refuses(
    *_WHEN,
    "not_prescribed",
    "not_due_then",
    "after_return",
    "too_late",
    "already_recorded",
    "already_corrected",
    "another_dose",
    "child_erased",
)
@blp.unversioned
@blp.arguments(
    schemas.MedicationIn(),
    example={
        "medicine_id": _A_MEDICINE,
        "outcome": "given",
        "given_at": "2025-11-20T18:05:00Z",
    },
)
@blp.response(201, schemas.MedicationRecordSchema, replay=service.get_record)
def record_medication(body: MedicationIn, sleepover_id: UUID) -> Any:
    """Record that a dose was given, missed or refused, or correct such a record by another.

    A dose that was missed or refused and is taken later is recorded as given beside it: it needs no
    correction.
    """
    return service.record_medication(current_actor(), sleepover_id, body)


# --- handover and return ---------------------------------------------------------------------


@blp.route(f"{_STAY}/handovers", methods=["GET"])
@blp.allow(Permission.CARE_READ)
@blp.arguments(PageIn(), location="query")
@blp.response(200, page_of(schemas.CareHandoverSchema))
def list_handovers(page: PageArgs, sleepover_id: UUID) -> Any:
    """List how the child was handed over, and went home again, newest first.

    The record of what went over the doorstep, not the verb `/handover`, which begins the stay.
    """
    return page_response(service.list_handovers(current_actor(), sleepover_id, page))


# One of each kind: there is nothing to overwrite.
@blp.route(f"{_STAY}/handovers", methods=["POST"])
@blp.allow(Permission.CARE_SHARE)
@blp.refuses(
    "wrong_state",
    "in_the_future",
    "too_early",
    "before_arrival",
    "after_return",
    "already_recorded",
    "already_corrected",
    "too_late",
    "medicines_uncounted",
    "counted_twice",
    "child_erased",
)
@blp.unversioned
@blp.arguments(
    schemas.CareHandoverIn(),
    example={"kind": "handover", "place": "At the school gate", "belongings": "Bag, bear, bike"},
)
@blp.response(201, schemas.CareHandoverSchema, replay=service.get_handover)
def record_care_handover(body: HandoverIn, sleepover_id: UUID) -> Any:
    """Write down a handover or a return, with the medicines counted, or correct what was.

    This is the record of what went over the doorstep, which the other home confirms. It neither
    begins nor ends the stay: `/handover` and `/return` of the stay do.
    """
    return service.record_handover(current_actor(), sleepover_id, body)


@blp.route("/handovers/<uuid:handover_id>/confirm", methods=["POST"])
@blp.allow(Permission.CARE_SHARE)
@blp.refuses("wrong_state")
@blp.if_match
@blp.response(200, schemas.CareHandoverSchema, replay=service.get_handover)
def confirm_handover(handover_id: UUID, seen_version: int) -> Any:
    """Confirm what the other home wrote down of a handover or a return."""
    return service.confirm_handover(current_actor(), handover_id, seen_version)


# --- debrief ---------------------------------------------------------------------------------


@blp.route(f"{_STAY}/debrief", methods=["GET"])
@blp.allow(Permission.CARE_READ)
@blp.arguments(PageIn(), location="query")
@blp.response(200, page_of(schemas.DebriefSchema))
def list_debriefs(page: PageArgs, sleepover_id: UUID) -> Any:
    """Show what the child said after a stay: one debrief, or none yet."""
    return page_response(service.list_debriefs(current_actor(), sleepover_id, page))


# There is one, and nothing to overwrite.
@blp.route(f"{_STAY}/debrief", methods=["POST"])
@blp.allow(Permission.CARE_SHARE)
@blp.refuses("wrong_state", "already_recorded", "child_erased")
@blp.unversioned
@blp.arguments(
    schemas.DebriefIn(),
    example={"would_come_again": "yes", "own_words": "The dog slept on my feet."},
)
@blp.response(201, schemas.DebriefSchema, replay=service.get_debrief)
def write_debrief(body: DebriefIn, sleepover_id: UUID) -> Any:
    """Write down what the child says after a stay, in the child's own words."""
    return service.write_debrief(current_actor(), sleepover_id, body)
