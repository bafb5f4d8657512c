"""Incidents of a stay, and the duty to tell others of some of them within a day (Sch 7, NMS 29)."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict

import sqlalchemy as sa

from hub_api import clock, db, reads, settings
from hub_api.access import Role
from hub_api.accounts import service as accounts
from hub_api.care import policy, stays, telling
from hub_api.care.models import ABOUT_CARERS, NOTIFIABLE, Incident
from hub_api.notifications import service as notifications
from hub_api.notifications.categories import Category
from hub_api.reads import Page
from hub_api.tasks import service as tasks
from hub_api.tasks.kinds import TaskKind

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import datetime
    from uuid import UUID

    from hub_api.access import Actor
    from hub_api.care.models import IncidentKind, MustKnow
    from hub_api.reads import PageArgs, Row


class IncidentIn(TypedDict):
    """What is recorded: `schemas.IncidentIn`."""

    kind: IncidentKind
    account: str
    happened_at: datetime | None


def record_incident(actor: Actor, sleepover_id: UUID, body: IncidentIn) -> Row:
    """Record what happened to a child during a stay. The child's carers and the liaison worker are
    told; an event of Schedule 7 is the liaison worker's task until others know, due a day after it
    happened, on weekends too. What may be about the hub's carers is hidden from them and their
    household, unless one of them writes it.

    Raises `NotFound`, `Forbidden`, or `Conflict`: not begun, closed, or a time that can't be.
    """
    stay = stays.to_write(actor, sleepover_id, *stays.THERE)
    at = body["happened_at"] or clock.now()
    stays.refuse_outside(stay, at)
    must_notify = body["kind"] in NOTIFIABLE
    notify_by = at + settings.current().care.notify_within if must_notify else None
    hidden_from = _kept_from(actor, stay) if body["kind"] in ABOUT_CARERS else []
    incident = stays.add(
        actor,
        stay,
        Incident,
        {Incident.account: body["account"]},
        kind=body["kind"],
        happened_at=at,
        notify_by=notify_by,
        hidden_from=hidden_from or None,
    )
    if notify_by is not None:
        tasks.raise_task(
            TaskKind.INCIDENT_TO_NOTIFY,
            constellation_id=stay.constellation_id,
            subject_id=incident.id,
            no_later_than=notify_by,
            hidden_from=hidden_from,
        )
    _tell(actor, stay, incident.id, hidden_from)
    stays.note(actor, "incident:record", incident, hidden_from=hidden_from)
    return get_incident(actor, incident.id)


def _tell(actor: Actor, stay: stays.Stay, incident_id: UUID, hidden_from: Sequence[UUID]) -> None:
    told = telling.carers_and_liaison(stay.household_id, stay.constellation_id)
    notifications.notify(
        told - {actor.account_id, *hidden_from},
        Category.INCIDENT_RECORDED,
        incident_id,
        constellation_id=stay.constellation_id,
        household_id=stay.household_id,
        hidden_from=hidden_from,
    )


def _kept_from(actor: Actor, stay: stays.Stay) -> list[UUID]:
    """The hub's carers and whoever lives with them, accounts and households; nobody where one of
    them is who writes."""
    carers = accounts.accounts_holding(Role.HUB_CARER, constellation_id=stay.run_by)
    hidden_from: list[UUID] = db.session().scalars(_HUB, {"carers": carers}).one()
    return [] if {*actor.known_as()} & {*hidden_from} else hidden_from


_HUB = sa.text("""
    select array(
      select distinct whose from unnest(cast(:carers as uuid[])) as carer,
             unnest(kept_from(carer, null)) as whose order by 1)
""")


def tell_of_incident(
    actor: Actor,
    incident_id: UUID,
    seen_version: int,
    notified_to: Collection[MustKnow],
    notified_at: datetime | None,
) -> Row:
    """Record that the fostering service has told others of an event of Schedule 7.

    Raises `NotFound`, `Forbidden`, `StaleVersion`, or `Conflict`: nobody had to be told, somebody
    has recorded it already, or a time that can't be.
    """
    incident = stays.take(actor, Incident, incident_id, policy.can_answer_for, seen_version)
    at = notified_at or clock.now()
    stays.refuse_future(at)
    incident.notify(at, notified_to, actor.account_id)
    tasks.settle(TaskKind.INCIDENT_TO_NOTIFY, incident.id)
    changed = ("notified_at", "notified_to")
    stays.note(actor, "incident:notify", incident, *changed, hidden_from=incident.hidden_from)
    return get_incident(actor, incident.id)


def _incidents() -> reads.Select:
    return stays.of_stays(
        [
            Incident.id,
            Incident.version,
            Incident.sleepover_id,
            Incident.child_id,
            Incident.kind,
            Incident.account,
            Incident.happened_at,
            Incident.notify_by,
            Incident.notified_at,
            Incident.notified_to,
            Incident.notified_by,
            Incident.written_by,
            Incident.written_at,
        ],
        Incident,
    )


INCIDENTS = reads.Read(
    _incidents, key=Incident.id, sleepover_id=Incident.sleepover_id == stays.STAY
)


def list_incidents(actor: Actor, sleepover_id: UUID, page: PageArgs) -> Page:
    """The incidents of a stay, newest first. Raises `NotFound`."""
    found = stays.page_of(INCIDENTS, actor, sleepover_id, page)
    return Page(stays.reveal(Incident.account, found.rows), found.next_key)


def get_incident(actor: Actor, incident_id: UUID) -> Row:
    """One incident. Raises `NotFound`."""
    row = INCIDENTS.one(actor, incident_id, **stays.window())
    return stays.reveal(Incident.account, [row])[0]
