"""Stays as they are looked at, begun, changed and ended, and the hub's calendar."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypedDict

from hub_api.access import Permission
from hub_api.api import Blueprint, current_actor, page_response
from hub_api.schemas import page_of
from hub_api.sleepovers import service
from hub_api.sleepovers.checks import REFUSALS
from hub_api.sleepovers.schemas import (
    CalendarIn,
    CalendarSchema,
    CancelIn,
    EndEarlyIn,
    ExtendIn,
    HandoverIn,
    ReturnIn,
    SleepoverSchema,
    SleepoversIn,
)

if TYPE_CHECKING:
    from datetime import date, datetime
    from uuid import UUID

    from hub_api.sleepovers.models import CancelReason, EarlyEndReason
    from hub_api.sleepovers.queries import Query


class EndEarly(TypedDict):
    """`schemas.EndEarlyIn`."""

    ended_at: datetime | None
    reason: EarlyEndReason


class Extend(TypedDict):
    """`schemas.ExtendIn`."""

    departs_at: datetime
    reason: str | None


class Nights(TypedDict):
    """`schemas.CalendarIn`."""

    first_night: date | None
    until: date | None


blp = Blueprint(
    "sleepovers",
    __name__,
    url_prefix="/sleepovers",
    description="Children's stays at the hub.",
)


calendar = Blueprint(
    "calendar",
    __name__,
    url_prefix="/constellations",
    description="Which beds are free on which nights.",
)


@blp.route("", methods=["GET"])
@blp.allow(Permission.SLEEPOVER_READ)
@blp.arguments(SleepoversIn(), location="query")
@blp.response(200, page_of(SleepoverSchema))
def list_sleepovers(query: Query) -> Any:
    """List the sleepovers I may see, newest first."""
    return page_response(service.list_sleepovers(current_actor(), query))


@blp.route("/<uuid:sleepover_id>", methods=["GET"])
@blp.allow(Permission.SLEEPOVER_READ)
@blp.response(200, SleepoverSchema)
def get_sleepover(sleepover_id: UUID) -> Any:
    """Show a sleepover and the nights it holds."""
    return service.get_sleepover(current_actor(), sleepover_id)


@blp.route("/<uuid:sleepover_id>/cancel", methods=["POST"])
@blp.allow(Permission.SLEEPOVER_CANCEL)
@blp.refuses("wrong_state", "already_begun", "not_yet_begun")
@blp.if_match
@blp.arguments(CancelIn(), example={"reason": "child_unwell"})
@blp.response(200, SleepoverSchema, replay=service.get_sleepover)
def cancel_sleepover(body: dict[str, CancelReason], sleepover_id: UUID, seen_version: int) -> Any:
    """Call a sleepover off and free its nights."""
    return service.cancel_sleepover(current_actor(), sleepover_id, seen_version, **body)


@blp.route("/<uuid:sleepover_id>/handover", methods=["POST"])
@blp.allow(Permission.SLEEPOVER_RUN)
@blp.refuses("wrong_state", "in_the_future", "too_early", "too_late")
@blp.refuses("consent_missing", "pack_incomplete", "minimum_pack_missing")
@blp.if_match
@blp.arguments(HandoverIn(), example={})
@blp.response(200, SleepoverSchema, replay=service.get_sleepover)
def hand_over_sleepover(
    body: dict[str, datetime | None], sleepover_id: UUID, seen_version: int
) -> Any:
    """Say that the child has come to the hub.

    This begins the stay. What came along, with the medicines counted, is `POST /handovers` of the
    stay.
    """
    return service.hand_over(current_actor(), sleepover_id, seen_version, **body)


@blp.route("/<uuid:sleepover_id>/return", methods=["POST"])
@blp.allow(Permission.SLEEPOVER_RUN)
@blp.refuses("wrong_state", "in_the_future", "before_arrival", "ends_early")
@blp.if_match
@blp.arguments(ReturnIn(), example={})
@blp.response(200, SleepoverSchema, replay=service.get_sleepover)
def return_sleepover(
    body: dict[str, datetime | None], sleepover_id: UUID, seen_version: int
) -> Any:
    """Say that the child has gone home, on the day agreed or later.

    This ends the stay. What went home again, with the medicines counted, is `POST /handovers` of
    the stay, with `kind` `return`.
    """
    return service.record_return(current_actor(), sleepover_id, seen_version, **body)


@blp.route("/<uuid:sleepover_id>/end-early", methods=["POST"])
@blp.allow(Permission.SLEEPOVER_RUN)
@blp.refuses("wrong_state", "in_the_future", "before_arrival", "not_early")
@blp.if_match
@blp.arguments(EndEarlyIn(), example={"reason": "child_unwell"})
@blp.response(200, SleepoverSchema, replay=service.get_sleepover)
def end_sleepover_early(body: EndEarly, sleepover_id: UUID, seen_version: int) -> Any:
    """Say that the child has gone home before the day agreed, and free the nights that remain."""
    return service.end_early(current_actor(), sleepover_id, seen_version, **body)


@blp.route("/<uuid:sleepover_id>/extend", methods=["POST"])
@blp.allow(Permission.SLEEPOVER_RUN)
@blp.refuses(
    "wrong_state",
    "not_later",
    "in_the_past",
    "reason_needed",
    "hosted_elsewhere",
    "no_hub_home",
    "membership_ends",
    "other_hub_home",
    "child_erased",
    *REFUSALS,
)
@blp.if_match
@blp.arguments(ExtendIn(), example={"departs_at": "2026-12-06T10:00:00Z", "reason": None})
@blp.response(200, SleepoverSchema, replay=service.get_sleepover)
def extend_sleepover(body: Extend, sleepover_id: UUID, seen_version: int) -> Any:
    """Let the child stay until later; for a long stay the liaison worker says why."""
    return service.extend_sleepover(current_actor(), sleepover_id, seen_version, **body)


@blp.route("/<uuid:sleepover_id>/close", methods=["POST"])
@blp.allow(Permission.SLEEPOVER_RUN)
@blp.refuses("wrong_state")
@blp.if_match
@blp.response(200, SleepoverSchema, replay=service.get_sleepover)
def close_sleepover(sleepover_id: UUID, seen_version: int) -> Any:
    """Say that everything about the stay is done."""
    return service.close_sleepover(current_actor(), sleepover_id, seen_version)


@calendar.route("/<uuid:constellation_id>/bed-nights", methods=["GET"])
@calendar.allow(Permission.SLEEPOVER_READ)
@calendar.arguments(CalendarIn(), location="query")
@calendar.response(200, CalendarSchema)
def get_bed_nights(query: Nights, constellation_id: UUID) -> Any:
    """Show every bed of the constellation's hub home on every night."""
    return service.bed_nights(current_actor(), constellation_id, **query)
