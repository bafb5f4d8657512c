"""Handover and return, as one home writes them down and the other confirms."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, TypedDict

import orjson
import sqlalchemy as sa

from hub_api import clock, db, reads
from hub_api.care import corrections, counts, policy, stays, telling
from hub_api.care.handover_models import Handover, HandoverKind, Side
from hub_api.care.medicine_models import MedicineCount
from hub_api.errors import Conflict, Forbidden, NotFound
from hub_api.notifications import service as notifications
from hub_api.notifications.categories import Category
from hub_api.packs import prescribed
from hub_api.reads import Page, json_list, json_object

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from uuid import UUID

    from hub_api.access import Actor
    from hub_api.reads import PageArgs, Row


class CountIn(TypedDict):
    """Doses of one medicine: `schemas.MedicineCountIn`."""

    medicine_id: UUID
    counted: int


class HandoverIn(TypedDict):
    """What is written: `schemas.CareHandoverIn`."""

    kind: HandoverKind
    happened_at: datetime | None
    place: str | None
    belongings: str | None
    collection_at: datetime | None
    collection_place: str | None
    note: str | None
    counts: list[CountIn]
    corrects: UUID | None
    why: str | None


EARLY = timedelta(days=1)
"""How long before a stay something may go over the doorstep: our assumption, against slips."""

DETAILS = ("place", "belongings", "collection_at", "collection_place", "note", "why")


def record_handover(actor: Actor, sleepover_id: UUID, body: HandoverIn) -> Row:
    """Write down how a child was handed over, or went home, with every medicine counted; or write
    it anew, as it was: both stay. The other home is asked to confirm it.

    A correction may come once the stay is closed. Raises `NotFound`, for a medicine that isn't this
    child's and a record of another stay or way as well, `Forbidden`, or `Conflict`: called off or
    closed, written or corrected already, a medicine nobody counted, a time that can't be, or so
    late that the other home can't confirm a correction any more.
    """
    stay = stays.find(actor, sleepover_id)
    side = _side(actor, stay)
    stay = stays.hold(stay)
    stays.refuse_unless(stay, *_states(body))
    known_at = _happened_at(stay, body)
    at = body["happened_at"] or known_at
    _refuse_far_off(stay, at, body["kind"])
    _refuse_uncounted(stay, at, body)
    confirmed = {f"{side}_confirmed_at": clock.now(), f"{side}_confirmed_by": actor.account_id}
    handover = stays.add(
        actor,
        stay,
        Handover,
        {Handover.details: _as_one(body)},
        kind=body["kind"],
        corrects=body["corrects"],
        happened_at=at,
        **confirmed,
    )
    _keep_counts(handover, body["counts"])
    stays.note(actor, f"care_handover:{'correct' if body['corrects'] else 'record'}", handover)
    counts.look_into(stay)
    _ask_to_confirm(actor, stay, side)
    return get_handover(actor, handover.id)


def _states(body: HandoverIn) -> tuple[str, ...]:
    """The states of a stay in which this may be written."""
    early = () if body["kind"] == HandoverKind.RETURN else ("confirmed",)
    late = () if body["corrects"] is None else ("closed",)
    return (*early, *stays.THERE, *late)


def _happened_at(stay: stays.Stay, body: HandoverIn) -> datetime:
    """Now or, of a correction, when it was by the record that it puts right.

    Raises `NotFound`, and `Conflict` once the hub carer, who would have to confirm it, reads no
    more of the stay.
    """
    if body["corrects"] is None:
        return clock.now()
    if stay.returned_at is not None and stay.returned_at <= stays.window()["ended_after"]:
        raise Conflict(
            "This stay was so long ago that the other home can't confirm a correction any more. "
            "Please tell your liaison worker.",
            code="too_late",
        )
    found = sa.select(Handover.happened_at).where(
        Handover.id == body["corrects"],
        Handover.sleepover_id == stay.id,
        Handover.kind == body["kind"],
    )
    at = db.session().scalar(found)
    if at is None:
        raise NotFound
    return at


def _ask_to_confirm(actor: Actor, stay: stays.Stay, side: Side) -> None:
    told = telling.home(Side.HUB if side is Side.FAMILY else Side.FAMILY, stay)
    notifications.notify(
        told - {actor.account_id},
        Category.HANDOVER_WRITTEN,
        stay.id,
        constellation_id=stay.run_by,
        household_id=stay.household_id,
    )


def _as_one(body: HandoverIn) -> str | None:
    """Everything in words as one text; None where there is none."""
    said: Mapping[str, Any] = body
    details = {name: said[name] for name in DETAILS}
    return orjson.dumps(details).decode() if any(details.values()) else None


def _keep_counts(handover: Handover, counted: Sequence[CountIn]) -> None:
    db.session().add_all(
        MedicineCount(
            handover_id=handover.id,
            child_id=handover.child_id,
            constellation_id=handover.constellation_id,
            **count,
        )
        for count in counted
    )
    db.session().flush()


def _side(actor: Actor, stay: stays.Stay) -> Side:
    """The home that somebody speaks for. Raises `Forbidden` for neither."""
    if policy.is_of_family(actor, stay.household_id):
        return Side.FAMILY
    if policy.is_of_hub(actor, stay.run_by):
        return Side.HUB
    raise Forbidden


def _refuse_uncounted(stay: stays.Stay, at: datetime, body: HandoverIn) -> None:
    """Every medicine that the child is to have is counted, each way; and none of another's."""
    medicines = {medicine.id for medicine in prescribed.medicines_of(stay.child_id)}
    counted = [count["medicine_id"] for count in body["counts"]]
    if not medicines >= {*counted}:
        raise NotFound
    if len(counted) > len(set(counted)):
        raise Conflict("One medicine is counted twice. Please check.", code="counted_twice")
    if _to_count(stay, at, body["kind"]) - {*counted}:
        raise Conflict(
            "Please count every medicine, also those of which there are none.",
            code="medicines_uncounted",
        )


def _to_count(stay: stays.Stay, at: datetime, kind: HandoverKind) -> set[UUID]:
    """As the child is handed over, every medicine given then or before the child is expected; as
    the child goes home, every one that went along or, where nobody wrote that down, every one given
    since."""
    if kind == HandoverKind.RETURN:
        went = counts.on_record(stay.id).get(HandoverKind.HANDOVER)
        if went is not None:
            return {*went}
        first, last = stay.arrived_at or stay.arrives_at, at
    else:
        first, last = at, max(at, stay.arrived_at or stay.arrives_at)
    medicines = prescribed.medicines_of(stay.child_id)
    return {medicine.id for medicine in medicines if medicine.holds_between(first, last)}


def _refuse_far_off(stay: stays.Stay, at: datetime, kind: HandoverKind) -> None:
    """Raise `Conflict` for a time at which a child can't have been on the way to this stay, or home
    from it: on another day other medicines would count."""
    stays.refuse_future(at)
    if kind == HandoverKind.RETURN:
        stays.refuse_outside(stay, at)
        return
    if at < min(stay.arrives_at, stay.arrived_at or stay.arrives_at) - EARLY:
        raise Conflict(
            "That is more than a day before this sleepover. Please check the time.",
            code="too_early",
        )
    if stay.returned_at is not None and at > stay.returned_at:
        raise Conflict(
            "The child had gone home by then. Please give the time when the child was handed over.",
            code="after_return",
        )


def confirm_handover(actor: Actor, handover_id: UUID, seen_version: int) -> Row:
    """Confirm what the other home wrote down.

    Raises `NotFound`, `Forbidden` for the home that wrote it and for neither home, `StaleVersion`,
    or `Conflict` when it is confirmed already or was corrected since.
    """
    handover = stays.take(actor, Handover, handover_id, seen_version=seen_version)
    side = _side(actor, stays.find(actor, handover.sleepover_id))
    if handover.is_written_by(side):
        raise Forbidden
    if handover.is_confirmed_by(side):
        raise Conflict("This is confirmed already.", code="wrong_state")
    if _is_corrected(handover):
        raise Conflict(
            "This was corrected since. Please look at the newer record.", code="wrong_state"
        )
    handover.confirm(side, clock.now(), actor.account_id)
    stays.note(actor, "care_handover:confirm", handover, f"{side}_confirmed_at")
    return get_handover(actor, handover.id)


def _is_corrected(handover: Handover) -> bool:
    found = sa.select(Handover.id).where(Handover.corrects == handover.id)
    return db.session().scalar(found) is not None


def _handovers() -> reads.Select:
    count = json_object(medicine_id=MedicineCount.medicine_id, counted=MedicineCount.counted)
    counted = (
        sa.select(json_list(count, MedicineCount.medicine_id))
        .where(MedicineCount.handover_id == Handover.id)
        .scalar_subquery()
    )
    columns: list[Any] = [
        Handover.id,
        Handover.version,
        Handover.sleepover_id,
        Handover.child_id,
        Handover.kind,
        Handover.corrects,
        corrections.corrected_by(Handover),
        Handover.happened_at,
        Handover.details,
        Handover.family_confirmed_at,
        Handover.family_confirmed_by,
        Handover.hub_confirmed_at,
        Handover.hub_confirmed_by,
        Handover.written_by,
        Handover.written_at,
        counted.label("counts"),
    ]
    return stays.of_stays(columns, Handover)


HANDOVERS = reads.Read(
    _handovers, key=Handover.id, sleepover_id=Handover.sleepover_id == stays.STAY
)


def list_handovers(actor: Actor, sleepover_id: UUID, page: PageArgs) -> Page:
    """How a child was handed over, and went home again, newest first. Raises `NotFound`."""
    found = stays.page_of(HANDOVERS, actor, sleepover_id, page)
    return Page(_opened(found.rows), found.next_key)


def get_handover(actor: Actor, handover_id: UUID) -> Row:
    """One handover or return. Raises `NotFound`."""
    return _opened([HANDOVERS.one(actor, handover_id, **stays.window())])[0]


def _opened(rows: Sequence[Row]) -> list[Row]:
    """Rows with each of the details by its name; null where nothing was written, or it can't be
    read any more."""
    opened = []
    for row in stays.reveal(Handover.details, rows):
        text = row.pop("details")
        said = orjson.loads(text) if text else {}
        if at := said.get("collection_at"):
            said["collection_at"] = datetime.fromisoformat(at)
        opened.append({**row, **dict.fromkeys(DETAILS), **said})
    return opened
