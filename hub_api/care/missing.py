"""A child who is missing: the report, who was told, the return, and the interview (NMS 5)."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from uuid_utils.compat import uuid7

from hub_api import child_keys, clock, db, reads, settings
from hub_api.care import policy, stays, telling
from hub_api.care.models import MissingEpisode, StayEntry, StayEntryKind
from hub_api.care.told import ToldOf, in_words, refuse_slips, slips_of, times_of
from hub_api.errors import Busy, Conflict, NotFound
from hub_api.notifications.categories import Category
from hub_api.reads import Page
from hub_api.tasks import service as tasks
from hub_api.tasks.kinds import TaskKind

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from hub_api.access import Actor
    from hub_api.care.told import Times
    from hub_api.reads import PageArgs, Row


class ToldIn(ToldOf):
    """What is noted of who was told: `schemas.MissingToldIn`."""

    corrects: list[str]


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
    log. So is a time at which somebody is said to have been told hours before the child was missed,
    for it would settle who was never rung. Where words can't be kept, because the child's texts
    were erased or the child is on other books by now, the report is taken without them. Both homes
    and the liaison worker are told at once.

    Raises `NotFound`, `Busy`, or `Conflict` for a time still to come.
    """
    stay = stays.find(actor, sleepover_id)
    noticed_at = body["noticed_at"] or clock.now()
    told = times_of(body)
    stays.refuse_future(noticed_at)
    slips = slips_of(told, noticed_at)
    for _ in range(TRIES):
        episode_id = _open(actor, stay, noticed_at, body, {**told, **dict.fromkeys(slips)})
        if episode_id is not None:
            _raise(actor, stay, episode_id)
            _log(actor, stay, noticed_at, _to_check(slips))
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
    told: Times,
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
    """Somebody has reported it a moment ago: what is new of who was told is added, and since when
    the child was missed. The words of this report, and its times, go into the stay's log, under
    the name of who wrote them."""
    times = {name: body[name] for name in ("noticed_at", "agreed_at")}
    changed = episode.notice(**times)
    told = times_of(body)
    slips = slips_of(told, episode.noticed_at)
    words = [body["circumstances"]] if body["circumstances"] else []
    _log(actor, stay, noticed_at, [*words, *in_words(times), *_to_check(slips)])
    changed += episode.tell(**{**told, **dict.fromkeys(slips)})
    stays.note(actor, "missing:report", episode, *changed)
    _settle_when_all_know(episode)
    return get_episode(actor, episode.id)


def _to_check(slips: Times) -> list[str]:
    return [f"Please check the time: {words}" for words in in_words(slips)]


def _log(actor: Actor, stay: stays.Stay, at: datetime, said: list[str]) -> None:
    """Write what was said into the stay's log, where words about the child can be kept."""
    if not said:
        return
    with contextlib.suppress(*NO_WORDS):
        entry = stays.add(
            actor,
            stay,
            StayEntry,
            {StayEntry.text: "\n".join(said)},
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
    _see_to_it(stay.constellation_id, episode_id)


def _see_to_it(constellation_id: UUID, episode_id: UUID) -> None:
    """Have somebody see that all three know; once, while that is open."""
    tasks.raise_task(
        TaskKind.MISSING_CHILD, constellation_id=constellation_id, subject_id=episode_id
    )


def tell_of_missing(actor: Actor, episode_id: UUID, body: ToldIn) -> Row:
    """Note that police, the emergency duty team or the child's social worker were told.

    Of two times given for the same, the earlier one stands: nobody is refused for saying it twice.
    A time that is named in `corrects` was wrong, and what is given, or nothing, takes its place;
    what stood there is kept in the stay's log. Raises `NotFound`, or `Conflict` for a time still to
    come, or hours before the child was missed.
    """
    told = times_of(body)
    episode = stays.take(actor, MissingEpisode, episode_id)
    refuse_slips(told, episode.noticed_at)
    wrong = episode.correct({name: told[name] for name in body["corrects"]})
    if wrong:
        said = [f"This was wrong: {words}" for words in in_words(wrong)]
        right = in_words({name: told[name] for name in wrong})
        _log(actor, stays.find(actor, episode.sleepover_id), clock.now(), [*said, *right])
    action = "missing:correct" if wrong else "missing:tell"
    stays.note(actor, action, episode, *wrong, *episode.tell(**told))
    _settle_when_all_know(episode)
    if wrong and not episode.is_known_to_all() and episode.returned_at is None:
        _see_to_it(episode.constellation_id, episode.id)
    return get_episode(actor, episode.id)


def _settle_when_all_know(episode: MissingEpisode) -> None:
    if episode.is_known_to_all():
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
