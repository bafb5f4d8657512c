"""A child who is missing: the report, who was told, the return, and the interview (NMS 5)."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, TypedDict

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from uuid_utils.compat import uuid7

from hub_api import child_keys, clock, db, reads, settings
from hub_api.care import policy, stays, telling
from hub_api.care.models import MissingEpisode, StayEntry, StayEntryKind
from hub_api.errors import Busy, Conflict, NotFound
from hub_api.notifications.categories import Category
from hub_api.reads import Page
from hub_api.tasks import service as tasks
from hub_api.tasks.kinds import TaskKind

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from hub_api.access import Actor
    from hub_api.reads import PageArgs, Row


class ToldOf(TypedDict):
    """Who was told, and when: `schemas.MissingToldIn`."""

    police_at: datetime | None
    edt_at: datetime | None
    social_worker_at: datetime | None


class MissingIn(ToldOf):
    """What is reported: `schemas.MissingIn`."""

    noticed_at: datetime | None
    agreed_at: datetime | None
    circumstances: str | None


TRIES = 5
"""How often an open episode may end just as one looks for it: more often is no coincidence."""

NO_WORDS = (Conflict, NotFound)
"""What `child_keys.protect()` raises of a child whose texts were erased, or who is on another
constellation's books by now. Nobody who reports a child as missing is sent away for that."""


def report_missing(actor: Actor, sleepover_id: UUID, body: MissingIn) -> Row:
    """Report that a child is missing: at any time of a stay, by either home or the liaison worker.

    Nothing stands in the way. Reported twice it is one episode, so that two people who ring each
    other in the night are both answered with it; what the second one wrote is kept in the stay's
    log. Where words can't be kept, because the child's texts were erased or the child has moved on
    the books, the report is taken without them. Both homes and the liaison worker are told at once.
    Raises `NotFound`, `Busy`, or `Conflict` for a time still to come.
    """
    stay = stays.find(actor, sleepover_id)
    noticed_at = body["noticed_at"] or clock.now()
    told = _told_of(body)
    stays.refuse_future(noticed_at)
    for _ in range(TRIES):
        episode_id = _open(actor, stay, noticed_at, body, told)
        if episode_id is not None:
            _raise(actor, stay, episode_id)
            episode = db.session().get_one(MissingEpisode, episode_id)
            stays.note(actor, "missing:report", episode)
            return get_episode(actor, episode.id)
        # Whoever ends the open one between the two statements makes room for this one.
        open_one = _take_open(stay)
        if open_one is not None:
            return _report_again(actor, stay, open_one, noticed_at, body)
    raise Busy(
        "The hub couldn't take this report just now. Please ring the police and the emergency duty "
        "team if you haven't, and send it again."
    )


def _open(
    actor: Actor,
    stay: stays.Stay,
    noticed_at: datetime,
    body: MissingIn,
    told: dict[str, datetime | None],
) -> UUID | None:
    """Write an episode, unless the stay has one that isn't over: then None."""
    episode_id = uuid7()
    sealed = None
    if body["circumstances"]:
        with contextlib.suppress(*NO_WORDS):
            sealed = child_keys.protect(
                MissingEpisode.circumstances, episode_id, [stay.child_id], body["circumstances"]
            )
    return db.session().scalar(
        postgresql.insert(MissingEpisode)
        .values(
            id=episode_id,
            constellation_id=stay.constellation_id,
            sleepover_id=stay.id,
            child_id=stay.child_id,
            noticed_at=noticed_at,
            agreed_at=body["agreed_at"],
            circumstances=sealed,
            written_by=actor.account_id,
            **told,
        )
        .on_conflict_do_nothing()
        .returning(MissingEpisode.id)
    )


def _told_of(body: ToldOf) -> dict[str, datetime | None]:
    """Who was told, and when. Raises `Conflict` for a time still to come."""
    told = {
        "police_at": body["police_at"],
        "edt_at": body["edt_at"],
        "social_worker_at": body["social_worker_at"],
    }
    for at in told.values():
        if at is not None:
            stays.refuse_future(at)
    return told


def _take_open(stay: stays.Stay) -> MissingEpisode | None:
    """The episode of a stay that isn't over, locked."""
    is_open = sa.select(MissingEpisode).where(
        MissingEpisode.sleepover_id == stay.id, MissingEpisode.returned_at.is_(None)
    )
    return db.session().scalars(is_open.with_for_update()).one_or_none()


def _report_again(
    actor: Actor,
    stay: stays.Stay,
    episode: MissingEpisode,
    noticed_at: datetime,
    body: MissingIn,
) -> Row:
    """Somebody has reported it a moment ago: what is new of who was told is added, and the words
    of this report go into the stay's log, under the name of who wrote them."""
    if body["circumstances"]:
        _log(actor, stay, noticed_at, body["circumstances"])
    stays.note(actor, "missing:report", episode, *episode.tell(**_told_of(body)))
    _settle_when_all_know(episode)
    return get_episode(actor, episode.id)


def _log(actor: Actor, stay: stays.Stay, at: datetime, text: str) -> None:
    """Write it into the stay's log, where words about the child can be kept."""
    with contextlib.suppress(*NO_WORDS):
        entry = stays.add(
            actor,
            stay,
            StayEntry,
            {StayEntry.text: text},
            kind=StayEntryKind.FACT,
            happened_at=at,
        )
        stays.note(actor, "stay_entry:write", entry)


def _raise(actor: Actor, stay: stays.Stay, episode_id: UUID) -> None:
    """Tell everybody else who may know where the child is, and have somebody see that those are
    told who look for children."""
    telling.tell_everybody(
        stay.homes, Category.MISSING_REPORTED, episode_id, but={actor.account_id}
    )
    tasks.raise_task(
        TaskKind.MISSING_CHILD, constellation_id=stay.constellation_id, subject_id=episode_id
    )


def tell_of_missing(actor: Actor, episode_id: UUID, body: ToldOf) -> Row:
    """Note that police, the emergency duty team or the child's social worker were told.

    Of two times given for the same, the earlier one stands: nobody is refused. Raises `NotFound`,
    or `Conflict` for a time still to come.
    """
    told = _told_of(body)
    episode = stays.take(actor, MissingEpisode, episode_id)
    stays.note(actor, "missing:tell", episode, *episode.tell(**told))
    _settle_when_all_know(episode)
    return get_episode(actor, episode.id)


def _settle_when_all_know(episode: MissingEpisode) -> None:
    if None not in (episode.police_at, episode.edt_at, episode.social_worker_at):
        tasks.settle(TaskKind.MISSING_CHILD, episode.id)


def end_missing(actor: Actor, episode_id: UUID, returned_at: datetime | None) -> Row:
    """The child is back, now or at the time given: everybody hears of it, and the liaison worker
    has the return interview to see to, within 72 hours of the return.

    Raises `NotFound`, or `Conflict`: on record already, or a time that can't be.
    """
    episode = stays.take(actor, MissingEpisode, episode_id)
    at = returned_at or clock.now()
    stays.refuse_future(at)
    episode.come_back(at, at + settings.current().care.interview_within)
    tasks.settle(TaskKind.MISSING_CHILD, episode.id)
    tasks.raise_task(
        TaskKind.RETURN_INTERVIEW,
        constellation_id=episode.constellation_id,
        subject_id=episode.id,
        no_later_than=episode.interview_due_at,
    )
    stay = stays.find(actor, episode.sleepover_id)
    telling.tell_everybody(
        stay.homes, Category.MISSING_RETURNED, episode.id, but={actor.account_id}
    )
    stays.note(actor, "missing:return", episode, "returned_at", "interview_due_at")
    return get_episode(actor, episode.id)


def hold_interview(
    actor: Actor, episode_id: UUID, seen_version: int, held_at: datetime | None
) -> Row:
    """Record that somebody independent has talked with the child about being missing.

    Raises `NotFound`, `Forbidden`, `StaleVersion`, or `Conflict`: not back yet, on record already,
    or a time that can't be.
    """
    episode = stays.take(actor, MissingEpisode, episode_id, policy.can_answer_for, seen_version)
    at = held_at or clock.now()
    stays.refuse_future(at)
    episode.hold_interview(at)
    tasks.settle(TaskKind.RETURN_INTERVIEW, episode.id)
    stays.note(actor, "missing:interview", episode, "interview_held_at")
    return get_episode(actor, episode.id)


def _episodes() -> reads.Select:
    return stays.of_stays(
        [
            MissingEpisode.id,
            MissingEpisode.version,
            MissingEpisode.sleepover_id,
            MissingEpisode.child_id,
            MissingEpisode.agreed_at,
            MissingEpisode.noticed_at,
            MissingEpisode.circumstances,
            MissingEpisode.police_at,
            MissingEpisode.edt_at,
            MissingEpisode.social_worker_at,
            MissingEpisode.returned_at,
            MissingEpisode.interview_due_at,
            MissingEpisode.interview_held_at,
            MissingEpisode.written_by,
            MissingEpisode.written_at,
        ],
        MissingEpisode,
    )


EPISODES = reads.Read(
    _episodes,
    key=MissingEpisode.id,
    sleepover_id=MissingEpisode.sleepover_id == stays.STAY,
)


def list_episodes(actor: Actor, sleepover_id: UUID, page: PageArgs) -> Page:
    """When the child was missing during a stay, newest first. Raises `NotFound`."""
    found = stays.page_of(EPISODES, actor, sleepover_id, page)
    return Page(stays.reveal(MissingEpisode.circumstances, found.rows), found.next_key)


def get_episode(actor: Actor, episode_id: UUID) -> Row:
    """One time a child was missing. Raises `NotFound`."""
    row = EPISODES.one(actor, episode_id, **stays.window())
    return stays.reveal(MissingEpisode.circumstances, [row])[0]
