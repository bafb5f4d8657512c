"""Looking at constellations, setting them up, and running them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hub_api.access import Permission
from hub_api.api import Blueprint, current_actor, page_response
from hub_api.constellations import absences, beds, hub_homes, members, service
from hub_api.constellations.schemas import (
    BedChangeIn,
    BedIn,
    BedSchema,
    BlockedNightsIn,
    BlockedNightsSchema,
    ConstellationIn,
    ConstellationSchema,
    EndIn,
    HubAppointmentIn,
    HubAppointmentSchema,
    HubHomeChangeIn,
    HubHomeDetailSchema,
    MembershipIn,
    MembershipSchema,
    TemporaryBedIn,
)
from hub_api.schemas import PageIn, page_of

if TYPE_CHECKING:
    from uuid import UUID

    from hub_api.reads import PageArgs

blp = Blueprint(
    "constellations",
    __name__,
    url_prefix="/constellations",
    description="Constellations, their hub homes, beds, blocked nights and members.",
)

_ONE = "/<uuid:constellation_id>"
_HOUSEHOLD = "01920000-0000-7000-8000-000000000001"

STAYS_AHEAD, NIGHTS_BOOKED = "stays_ahead", "nights_booked"
FOSTERING_LIMIT = "fostering_limit"
"""How those who listen to this slice's changes say that children would be without their bed, or too
many in one home."""

# --- constellations ----------------------------------------------------------------------------


@blp.route("", methods=["GET"])
@blp.allow(Permission.CONSTELLATION_READ)
@blp.arguments(PageIn(), location="query")
@blp.response(200, page_of(ConstellationSchema))
def list_constellations(page: PageArgs) -> Any:
    """List the constellations I have a role in."""
    return page_response(service.list_constellations(current_actor(), page))


@blp.route("", methods=["POST"])
@blp.allow(Permission.CONSTELLATION_SET_UP)
@blp.refuses("name_taken")
@blp.arguments(ConstellationIn(), example={"name": "Peckham"})
@blp.response(201, ConstellationSchema, replay=service.get_constellation)
def create_constellation(body: dict[str, str]) -> Any:
    """Begin a constellation."""
    return service.set_up_constellation(current_actor(), **body)


@blp.route(_ONE, methods=["GET"])
@blp.allow(Permission.CONSTELLATION_READ)
@blp.response(200, ConstellationSchema)
def get_constellation(constellation_id: UUID) -> Any:
    """Show a constellation with its hub home and liaison workers."""
    return service.get_constellation(current_actor(), constellation_id)


@blp.route(_ONE, methods=["PATCH"])
@blp.allow(Permission.CONSTELLATION_SET_UP)
@blp.refuses("name_taken")
@blp.if_match
@blp.arguments(ConstellationIn(), example={"name": "Peckham Rye"})
@blp.response(200, ConstellationSchema)
def change_constellation(body: dict[str, str], constellation_id: UUID, seen_version: int) -> Any:
    """Change a constellation's name."""
    actor = current_actor()
    return service.rename_constellation(actor, constellation_id, seen_version, **body)


@blp.route(f"{_ONE}/close", methods=["POST"])
@blp.allow(Permission.CONSTELLATION_SET_UP)
@blp.refuses("constellation_closed", "still_has_members", STAYS_AHEAD)
@blp.if_match
@blp.response(200, ConstellationSchema, replay=service.get_constellation)
def close_constellation(constellation_id: UUID, seen_version: int) -> Any:
    """End a constellation today; it can still be looked at."""
    return service.close_constellation(current_actor(), constellation_id, seen_version)


# --- hub homes ---------------------------------------------------------------------------------


@blp.route(f"{_ONE}/hub-homes/<uuid:hub_home_id>", methods=["GET"])
@blp.allow(Permission.CONSTELLATION_SET_UP)
@blp.response(200, HubHomeDetailSchema)
def get_hub_home(constellation_id: UUID, hub_home_id: UUID) -> Any:
    """Show a hub home that belongs to a constellation, be it serving or not."""
    return hub_homes.get_hub_home(current_actor(), constellation_id, hub_home_id)


@blp.route(f"{_ONE}/hub-homes/<uuid:hub_home_id>", methods=["PATCH"])
@blp.allow(Permission.CONSTELLATION_SET_UP)
@blp.refuses(FOSTERING_LIMIT)
@blp.if_match
@blp.arguments(HubHomeChangeIn(), example={"name": "Rye Lane, by the park"})
@blp.response(200, HubHomeDetailSchema)
def change_hub_home(
    body: hub_homes.HubHomeIn, constellation_id: UUID, hub_home_id: UUID, seen_version: int
) -> Any:
    """Rename a hub home, or record in which authority its carer lives now."""
    actor = current_actor()
    return hub_homes.change_hub_home(actor, constellation_id, hub_home_id, seen_version, body)


@blp.route(f"{_ONE}/hub-appointments", methods=["GET"])
@blp.allow(Permission.CONSTELLATION_SET_UP)
@blp.arguments(PageIn(), location="query")
@blp.response(200, page_of(HubAppointmentSchema))
def list_hub_appointments(page: PageArgs, constellation_id: UUID) -> Any:
    """List which hub homes served, serve and will serve a constellation."""
    found = hub_homes.list_appointments(current_actor(), constellation_id, page)
    return page_response(found)


# What it replaces is known by the day, and two at once are told apart by the database.
@blp.route(f"{_ONE}/hub-appointments", methods=["POST"])
@blp.allow(Permission.CONSTELLATION_SET_UP)
@blp.refuses(
    "constellation_closed",
    "ends_too_early",
    "household_closed",
    "hub_home_already",
    "hub_home_serves_already",
    "in_the_past",
    STAYS_AHEAD,
)
@blp.unversioned
@blp.arguments(
    HubAppointmentIn(),
    example={"household_id": _HOUSEHOLD, "name": "Rye Lane", "home_authority": "Kent"},
)
@blp.response(201, HubAppointmentSchema, replay=hub_homes.get_appointment)
def create_hub_appointment(body: hub_homes.AppointmentIn, constellation_id: UUID) -> Any:
    """Have a hub home serve a constellation; the one before it ends on that day."""
    return hub_homes.appoint(current_actor(), constellation_id, body)


# An appointment has one thing to change, and no part that could change unseen with it.
@blp.route(f"{_ONE}/hub-appointments/<uuid:appointment_id>", methods=["PATCH"])
@blp.allow(Permission.CONSTELLATION_SET_UP)
@blp.refuses("ends_too_early", "hub_home_serves_already", "wrong_state", STAYS_AHEAD)
@blp.unversioned
@blp.arguments(EndIn(), example={"ends_on": "2030-01-01"})
@blp.response(200, HubAppointmentSchema)
def change_hub_appointment(
    body: dict[str, Any], constellation_id: UUID, appointment_id: UUID
) -> Any:
    """Say on which day a hub home ends serving a constellation."""
    actor = current_actor()
    return hub_homes.end_appointment(actor, constellation_id, appointment_id, **body)


# It is there or it is not: there is no part of it that could change unseen.
@blp.route(f"{_ONE}/hub-appointments/<uuid:appointment_id>", methods=["DELETE"])
@blp.allow(Permission.CONSTELLATION_SET_UP)
@blp.refuses("wrong_state", STAYS_AHEAD)
@blp.unversioned
@blp.response(204)
def withdraw_hub_appointment(constellation_id: UUID, appointment_id: UUID) -> None:
    """Take back the appointment of a hub home that has not begun to serve."""
    hub_homes.withdraw_appointment(current_actor(), constellation_id, appointment_id)


# --- beds --------------------------------------------------------------------------------------


@blp.route(f"{_ONE}/beds", methods=["GET"])
@blp.allow(Permission.CONSTELLATION_READ)
@blp.arguments(PageIn(), location="query")
@blp.response(200, page_of(BedSchema))
def list_beds(page: PageArgs, constellation_id: UUID) -> Any:
    """List the guest beds of the hub home that serves a constellation today."""
    return page_response(beds.list_beds(current_actor(), constellation_id, page))


@blp.route(f"{_ONE}/beds", methods=["POST"])
@blp.allow(Permission.CONSTELLATION_MANAGE)
@blp.refuses("constellation_closed", "in_the_past", "label_taken", "no_hub_home")
@blp.unversioned  # another bed overwrites nothing
@blp.arguments(BedIn(), example={"label": "Blue room"})
@blp.response(201, BedSchema, replay=beds.get_bed)
def create_bed(body: beds.BedIn, constellation_id: UUID) -> Any:
    """Add a guest bed to the hub home."""
    return beds.add_bed(current_actor(), constellation_id, body)


@blp.route(f"{_ONE}/beds/<uuid:bed_id>", methods=["PATCH"])
@blp.allow(Permission.CONSTELLATION_MANAGE)
@blp.refuses("ends_too_early", "label_taken", "wrong_state", NIGHTS_BOOKED)
@blp.if_match
@blp.arguments(BedChangeIn(), example={"label": "Blue room, by the window"})
@blp.response(200, BedSchema)
def change_bed(
    body: beds.BedChangeIn, constellation_id: UUID, bed_id: UUID, seen_version: int
) -> Any:
    """Rename a guest bed, move it to another bedroom, or take it out of use."""
    return beds.change_bed(current_actor(), constellation_id, bed_id, seen_version, body)


@blp.route(f"{_ONE}/temporary-beds", methods=["POST"])
@blp.allow(Permission.BED_ADD_TEMPORARY)
@blp.refuses("constellation_closed", "in_the_past", "label_taken", "no_hub_home")
@blp.unversioned  # another bed overwrites nothing
@blp.arguments(
    TemporaryBedIn(),
    example={
        "label": "Folding bed",
        "first_night": "2030-01-04",
        "last_night": "2030-01-05",
        "reason": "siblings_together",
    },
)
@blp.response(201, BedSchema, replay=beds.get_bed)
def create_temporary_bed(body: beds.TemporaryBedIn, constellation_id: UUID) -> Any:
    """Add a guest bed for some nights, in my name and for a reason."""
    return beds.add_temporary_bed(current_actor(), constellation_id, body)


# --- blocked nights ----------------------------------------------------------------------------


@blp.route(f"{_ONE}/blocked-nights", methods=["GET"])
@blp.allow(Permission.HUB_BLOCK_NIGHTS)
@blp.arguments(PageIn(), location="query")
@blp.response(200, page_of(BlockedNightsSchema))
def list_blocked_nights(page: PageArgs, constellation_id: UUID) -> Any:
    """List the nights on which the hub home takes no guests."""
    return page_response(absences.list_blocked_nights(current_actor(), constellation_id, page))


@blp.route(f"{_ONE}/blocked-nights", methods=["POST"])
@blp.allow(Permission.HUB_BLOCK_NIGHTS)
@blp.refuses("constellation_closed", "in_the_past", "no_hub_home", NIGHTS_BOOKED)
@blp.unversioned  # more nights overwrite nothing
@blp.arguments(
    BlockedNightsIn(),
    example={"first_night": "2030-01-04", "last_night": "2030-01-05", "reason": "leave"},
)
@blp.response(201, BlockedNightsSchema, replay=absences.get_blocked_nights)
def create_blocked_nights(body: absences.BlockedNightsIn, constellation_id: UUID) -> Any:
    """Let no guests come on some nights."""
    return absences.block_nights(current_actor(), constellation_id, body)


# They are blocked or they are not: there is no part of them that could change unseen.
@blp.route(f"{_ONE}/blocked-nights/<uuid:absence_id>", methods=["DELETE"])
@blp.allow(Permission.HUB_BLOCK_NIGHTS)
@blp.refuses("in_the_past")
@blp.unversioned
@blp.response(204)
def delete_blocked_nights(constellation_id: UUID, absence_id: UUID) -> None:
    """Let guests come again on nights that were blocked."""
    absences.unblock_nights(current_actor(), constellation_id, absence_id)


# --- members -----------------------------------------------------------------------------------


@blp.route(f"{_ONE}/memberships", methods=["GET"])
@blp.allow(Permission.CONSTELLATION_READ)
@blp.arguments(PageIn(), location="query")
@blp.response(200, page_of(MembershipSchema))
def list_memberships(page: PageArgs, constellation_id: UUID) -> Any:
    """List which households belong to a constellation, and since when."""
    return page_response(members.list_memberships(current_actor(), constellation_id, page))


@blp.route(f"{_ONE}/memberships", methods=["POST"])
@blp.allow(Permission.CONSTELLATION_MANAGE)
@blp.refuses("already_a_member", "constellation_closed", "household_closed", "in_the_past")
@blp.unversioned  # another member overwrites nothing
@blp.arguments(MembershipIn(), example={"household_id": _HOUSEHOLD})
@blp.response(201, MembershipSchema, replay=members.get_membership)
def create_membership(body: dict[str, Any], constellation_id: UUID) -> Any:
    """Let a household join the constellation it is in."""
    return members.let_join(current_actor(), constellation_id, **body)


# A membership has one thing to change, and no part that could change unseen with it.
@blp.route(f"{_ONE}/memberships/<uuid:membership_id>", methods=["PATCH"])
@blp.allow(Permission.CONSTELLATION_MANAGE)
@blp.refuses("already_a_member", "ends_too_early", "wrong_state", STAYS_AHEAD)
@blp.unversioned
@blp.arguments(EndIn(), example={"ends_on": "2030-01-01"})
@blp.response(200, MembershipSchema)
def change_membership(body: dict[str, Any], constellation_id: UUID, membership_id: UUID) -> Any:
    """Say on which day a household leaves a constellation."""
    actor = current_actor()
    return members.end_membership(actor, constellation_id, membership_id, **body)


# It is there or it is not: there is no part of it that could change unseen.
@blp.route(f"{_ONE}/memberships/<uuid:membership_id>", methods=["DELETE"])
@blp.allow(Permission.CONSTELLATION_MANAGE)
@blp.refuses("wrong_state", STAYS_AHEAD)
@blp.unversioned
@blp.response(204)
def withdraw_membership(constellation_id: UUID, membership_id: UUID) -> None:
    """Take back a membership that has not begun."""
    members.withdraw_membership(current_actor(), constellation_id, membership_id)
