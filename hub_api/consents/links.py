"""Asking somebody without an account, behind a link that can be answered once.

The link is 128 random bits, kept as a fingerprint. Its page shows a first name, an age, nights and
the constellation's name. Whatever is wrong with a link, it answers alike.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any, TypedDict
from uuid import UUID

import sqlalchemy as sa
from uuid_utils.compat import uuid7

from hub_api import changes, child_keys, clock, db, nights, reads, settings, throttles
from hub_api.access import Role
from hub_api.accounts import service as accounts
from hub_api.accounts import sessions
from hub_api.audit import service as audit
from hub_api.consents import policy
from hub_api.consents.changes import ConsentChanged
from hub_api.consents.models import Answer, Consent, ConsentLink, Giver, How
from hub_api.encryption import Ciphertext
from hub_api.errors import Conflict, Forbidden, NotFound
from hub_api.households import service as households
from hub_api.notifications import service as notifications
from hub_api.notifications.categories import Category
from hub_api.reads import ASKING
from hub_api.tasks import service as tasks
from hub_api.tasks.kinds import TaskKind

if TYPE_CHECKING:
    from hub_api.access import Actor
    from hub_api.reads import Page, PageArgs, Row

TOKEN_BYTES = 16
NOBODY = UUID(int=0)
"""Row-level security knows by it that whoever answers has no account."""

# --- asking --------------------------------------------------------------------------------------


class LinkIn(TypedDict):
    """What is asked: `schemas.ConsentLinkIn`."""

    giver: Giver
    first_night: date
    last_night: date


def ask_by_link(actor: Actor, child_id: UUID, body: LinkIn) -> Row:
    """Make a link that asks for consent to these nights. Its token is told here, once.

    Raises `NotFound`, `Forbidden` for anybody but the liaison worker, or `Conflict` for nights that
    are over, or a child whose texts were erased.
    """
    constellation_id = households.lock_child_to_manage(actor, child_id)
    if not policy.can_ask(actor, constellation_id):
        raise Forbidden
    if body["first_night"] < clock.london_today():
        raise Conflict("That night has already passed. Please choose another.", code="in_the_past")
    child_keys.refuse_erased([child_id])  # nobody's answer could be written down
    token = secrets.token_urlsafe(TOKEN_BYTES)
    link = ConsentLink(
        constellation_id=constellation_id,
        child_id=child_id,
        token_hash=_fingerprint(token),
        asked_by=actor.account_id,
        expires_at=min(
            clock.now() + settings.current().link_lifetime, nights.ends_at(body["last_night"])
        ),
        **body,
    )
    db.session().add(link)
    db.session().flush()
    _record("create", link, actor.account_id, ["giver", "first_night", "last_night"])
    return {**get_link(actor, link.id), "token": token}


def take_back(actor: Actor, link_id: UUID) -> None:
    """Let a link end now: it may have gone to the wrong person. Raises `NotFound`, `Forbidden`, or
    `Conflict` when it was answered or has run out."""
    found = sa.select(ConsentLink).where(ConsentLink.id == link_id, policy.links_visible_to(ASKING))
    link = reads.find(actor, found)
    if not policy.can_ask(actor, link.constellation_id):
        raise Forbidden
    db.lock(link)
    if not link.is_open(clock.now()):
        raise Conflict("This link has been answered, or has run out.", code="wrong_state")
    link.expires_at = clock.now()
    db.session().flush()
    _record("take_back", link, actor.account_id, ["expires_at"])


# --- answering ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Question:
    """All that the page behind a link shows; and its ids, which it doesn't."""

    id: UUID
    constellation_id: UUID
    child_id: UUID
    giver: str
    first_night: date
    last_night: date
    expires_at: datetime
    first_name: str
    born_on: date
    constellation_name: str

    @property
    def age(self) -> int:
        """Whole years, today."""
        return clock.whole_years(self.born_on, clock.london_today())


def question_behind(token: str, address: str) -> Question:
    """What a link asks. Raises `NotFound` for one that is unknown, answered, or out of date, all of
    them alike, and `TooManyRequests` after many of those from one network."""
    taken = sessions.attempts("consent-link-address"), sessions.network_of(address)
    throttles.take(taken)
    shown = db.connection().execute(_SHOWN, {"fingerprint": _fingerprint(token), "at": clock.now()})
    row = shown.mappings().one_or_none()
    if row is None:
        raise NotFound
    throttles.give_back(taken)
    return Question(**row)


_SHOWN = sa.text("select * from consent_link_shown(:fingerprint, :at)").columns(
    id=sa.Uuid(), constellation_id=sa.Uuid(), child_id=sa.Uuid()
)


def answer_question(question: Question, answer: Answer, name: str) -> None:
    """Keep what somebody has said, once. A yes is a consent to the nights that were asked about; a
    no takes back whatever the same giver said about any of them before, behind a link or otherwise.

    Raises `NotFound` when somebody else was faster, and as for any link that is no more.
    """
    db.set_scope(NOBODY, [question.constellation_id])
    households.lock_child(question.child_id, question.constellation_id)
    link = db.session().get(ConsentLink, question.id, with_for_update=True)
    now = clock.now()
    if link is None or not link.is_open(now):
        raise NotFound
    try:
        sealed = child_keys.protect(ConsentLink.answered_by, link.id, [link.child_id], name)
    except Conflict:
        raise NotFound from None  # everything about the child was erased meanwhile
    link.answered_at, link.answer, link.answered_by = now, answer, sealed
    db.session().flush()
    _record("answer", link, None, ["answered_at", "answer", "answered_by"])
    workers = accounts.accounts_holding(Role.LIAISON_WORKER, constellation_id=link.constellation_id)
    notifications.notify(
        workers, Category.LINK_ANSWERED, link.id, constellation_id=link.constellation_id
    )
    if answer == Answer.YES:
        _consent(link)
    else:
        _take_back_consents(link)
        _ask_about_what_stands(link)


def _consent(link: ConsentLink) -> None:
    consent = Consent(
        id=uuid7(),
        constellation_id=link.constellation_id,
        child_id=link.child_id,
        giver=link.giver,
        how=How.BY_LINK,
        # Of a question that goes back: nobody allows now what has already been.
        starts_on=max(link.first_night, nights.first_not_over()),
        ends_on=link.last_night + timedelta(days=1),
    )
    db.session().add(consent)
    db.session().flush()
    audit.record(
        "consent:create",
        subject_id=consent.id,
        constellation_id=consent.constellation_id,
        changed=["giver", "how", "starts_on", "ends_on"],
    )
    changes.announce(ConsentChanged(frozenset({link.child_id})))


def _take_back_consents(link: ConsentLink) -> None:
    found = sa.select(Consent).where(
        Consent.child_id == link.child_id,
        Consent.giver == link.giver,
        Consent.ends_on.is_not(None),
        _stands_for(link),
    )
    given = db.session().scalars(found.with_for_update()).all()
    for consent in given:
        consent.withdraw()
        db.session().flush()
        audit.record(
            "consent:withdraw",
            subject_id=consent.id,
            constellation_id=consent.constellation_id,
            changed=["withdrawn_at"],
        )
    if given:
        changes.announce(ConsentChanged(frozenset({link.child_id})))


def _ask_about_what_stands(link: ConsentLink) -> None:
    """Have the liaison worker find out what counts: a plan that delegates the say is not the
    social worker's to take back with one night, nor is another's word theirs."""
    standing = sa.select(Consent.id).where(Consent.child_id == link.child_id, _stands_for(link))
    if db.session().scalar(sa.select(standing.exists())):
        tasks.raise_task(
            TaskKind.CONSENT_REFUSED,
            constellation_id=link.constellation_id,
            subject_id=link.id,
            no_later_than=max(clock.now(), nights.starts_at(link.first_night)),
        )


def _stands_for(link: ConsentLink) -> sa.ColumnElement[bool]:
    """Consents that count, today or later, for a night that the link asked about."""
    return sa.and_(
        Consent.withdrawn_at.is_(None),
        Consent.starts_on <= link.last_night,
        sa.func.coalesce(Consent.ends_on, sa.literal("infinity", sa.Date()))
        > max(link.first_night, clock.london_today()),
    )


def _fingerprint(token: str) -> bytes:
    """SHA-256: the token is random, so nothing slower is needed."""
    return hashlib.sha256(token.encode()).digest()


def _record(verb: str, link: ConsentLink, by: UUID | None, changed: list[str]) -> None:
    audit.record(
        f"consent_link:{verb}",
        actor_id=by,
        subject_id=link.id,
        constellation_id=link.constellation_id,
        changed=changed,
    )


# --- what was asked and answered -----------------------------------------------------------------


def _links() -> reads.Select:
    return sa.select(
        ConsentLink.id,
        ConsentLink.child_id,
        ConsentLink.giver,
        ConsentLink.first_night,
        ConsentLink.last_night,
        ConsentLink.asked_at,
        ConsentLink.expires_at,
        ConsentLink.answered_at,
        ConsentLink.answer,
        ConsentLink.answered_by,
    ).where(policy.links_visible_to(ASKING))


LINKS = reads.Read(
    _links,
    key=ConsentLink.id,
    child_id=ConsentLink.child_id == reads.parameter("child_id", sa.Uuid()),
)


def list_links(actor: Actor, child_id: UUID, page: PageArgs) -> Page:
    """The links that asked about a child, and what came of them. Raises `NotFound`, `Forbidden`."""
    if not policy.can_manage(actor, households.look_into_child(actor, child_id)):
        raise Forbidden
    found = LINKS.page(actor, page, child_id=child_id)
    return reads.Page(_with_names(found.rows), found.next_key)


def get_link(actor: Actor, link_id: UUID) -> Row:
    """One link, without its token, which nobody can tell again. Raises `NotFound`."""
    return _with_names([LINKS.one(actor, link_id)])[0]


def _with_names(rows: Any) -> list[Row]:
    """The same, each with the name of whoever has answered, and without a token."""
    sealed = [
        (
            row["id"],
            [row["child_id"]],
            None if row["answered_by"] is None else Ciphertext(row["answered_by"]),
        )
        for row in rows
    ]
    names = child_keys.reveal_all(ConsentLink.answered_by, sealed)
    return [
        {**row, "answered_by": name, "token": None} for row, name in zip(rows, names, strict=True)
    ]
