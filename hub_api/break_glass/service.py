"""Opening a child's record in an emergency, and looking at it afterwards."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import sqlalchemy as sa
from uuid_utils.compat import uuid7

from hub_api import child_keys, clock, db, reads, settings
from hub_api.access import Role
from hub_api.accounts import service as accounts
from hub_api.audit import service as audit
from hub_api.break_glass import policy
from hub_api.break_glass.models import BreakGlass, Finding
from hub_api.break_glass.policy import is_open_to
from hub_api.encryption import Ciphertext
from hub_api.errors import Conflict, Forbidden, NotFound
from hub_api.households import service as households
from hub_api.notifications import service as notifications
from hub_api.notifications.categories import Category
from hub_api.reads import ASKING, Page, parameter
from hub_api.tasks import service as tasks
from hub_api.tasks.kinds import TaskKind

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from hub_api.access import Actor
    from hub_api.reads import PageArgs, Row

__all__ = ["get_opening", "is_open_to", "list_openings", "open_record", "review_opening"]


def open_record(actor: Actor, child_id: UUID, reason: str) -> Row:
    """Let the actor read a child's pack for a while. Others are told at once, and one of them is to
    look at why within a day.

    Raises `NotFound`, and `Conflict` where nobody could be told, or for a child whose texts were
    erased: there is nothing to read.
    """
    constellation_id = _constellation_of(actor, child_id)
    told = _others(actor, constellation_id)
    if not told:
        raise _nobody_to_tell()
    now, rules, opening_id = clock.now(), settings.current().packs, uuid7()
    db.session().add(
        BreakGlass(
            id=opening_id,
            constellation_id=constellation_id,
            child_id=child_id,
            opened_by=actor.account_id,
            opened_at=now,
            expires_at=now + rules.glass_broken_for,
            reason=child_keys.protect(BreakGlass.reason, opening_id, [child_id], reason),
        )
    )
    db.session().flush()
    _audit(actor, "open", opening_id, constellation_id, "child_id", "reason", "expires_at")
    tasks.raise_task(
        TaskKind.BREAK_GLASS_REVIEW,
        constellation_id=constellation_id,
        subject_id=opening_id,
        no_later_than=now + rules.review_within,
    )
    notifications.notify(
        told,
        Category.RECORD_OPENED,
        opening_id,
        constellation_id=constellation_id,
    )
    return get_opening(actor, opening_id)


def _constellation_of(actor: Actor, child_id: UUID) -> UUID:
    for row in CHILDREN.rows(actor, child_id=child_id):
        return cast("UUID", row["constellation_id"])
    raise NotFound


def _children() -> reads.Select:
    child = households.children_in_sight().c
    return sa.select(child.constellation_id).where(
        child.child_id == parameter("child_id", sa.Uuid()),
        policy.can_open(ASKING, child.constellation_id),
    )


CHILDREN = reads.Query(_children)


def _others(actor: Actor, constellation_id: UUID) -> set[UUID]:
    """Whoever answers for the child besides: its liaison workers and the programme managers; while
    there are none, whoever is on call."""
    workers = accounts.accounts_holding(Role.LIAISON_WORKER, constellation_id=constellation_id)
    managers = accounts.accounts_holding(Role.PROGRAMME_MANAGER)
    others = {*workers, *managers} - {actor.account_id}
    return others or {*accounts.accounts_holding(Role.ON_CALL_MANAGER)} - {actor.account_id}


def _nobody_to_tell() -> Conflict:
    """A second person is told at once (security.md, Audit): without one, it isn't opened."""
    telephone = settings.current().emergencies.edt_telephone
    number = f" on {telephone}" if telephone else ""
    return Conflict(
        "The hub can't open this now: a second person must be told at once, and there is nobody it "
        f"could tell. Please ring the emergency duty team{number}, who can look at the child's "
        "file, and ask your system administrator to give the constellation a liaison worker.",
        code="nobody_to_tell",
    )


def review_opening(actor: Actor, opening_id: UUID, seen_version: int, finding: Finding) -> Row:
    """Say whether it was right to open a record. If it wasn't, it is closed from now on.

    Raises `NotFound`, `Forbidden` for the one who opened, `StaleVersion`, or `Conflict` when it was
    reviewed already.
    """
    found = sa.select(BreakGlass).where(BreakGlass.id == opening_id, policy.visible_to(ASKING))
    opening = reads.find(actor, found)
    if not policy.can_review(actor, opening):
        raise Forbidden("You opened this record yourself, so somebody else is to look at why.")
    db.lock_seen(opening, seen_version)
    closes_at = opening.expires_at
    opening.review(finding, actor.account_id)
    db.session().flush()
    tasks.settle(TaskKind.BREAK_GLASS_REVIEW, opening.id)
    changed = ["finding"] if opening.expires_at == closes_at else ["finding", "expires_at"]
    _audit(actor, "review", opening.id, opening.constellation_id, *changed)
    return get_opening(actor, opening.id)


def _audit(
    actor: Actor, verb: str, opening_id: UUID, constellation_id: UUID, *changed: str
) -> None:
    audit.record(
        f"break_glass:{verb}",
        actor_id=actor.account_id,
        subject_id=opening_id,
        constellation_id=constellation_id,
        changed=[*changed],
    )


# --- reading ---------------------------------------------------------------------------------


def _openings() -> reads.Select:
    return sa.select(
        BreakGlass.id,
        BreakGlass.version,
        BreakGlass.constellation_id,
        BreakGlass.child_id,
        BreakGlass.opened_by,
        BreakGlass.opened_at,
        BreakGlass.expires_at,
        BreakGlass.reason,
        BreakGlass.reviewed_at,
        BreakGlass.reviewed_by,
        BreakGlass.finding,
    ).where(policy.visible_to(ASKING))


OPENINGS = reads.Read(_openings, key=BreakGlass.id)


def list_openings(actor: Actor, page: PageArgs) -> Page:
    """The openings the actor may see, newest first."""
    found = OPENINGS.page(actor, page)
    return Page(_with_reasons(found.rows), found.next_key)


def get_opening(actor: Actor, opening_id: UUID) -> Row:
    """One opening. Raises `NotFound`."""
    return _with_reasons([OPENINGS.one(actor, opening_id)])[0]


def _with_reasons(rows: Sequence[Row]) -> list[Row]:
    reasons = child_keys.reveal_all(
        BreakGlass.reason,
        [(row["id"], [row["child_id"]], Ciphertext(row["reason"])) for row in rows],
    )
    return [{**row, "reason": reason} for row, reason in zip(rows, reasons, strict=True)]
