"""Finding a pack that somebody may read, and writing down that they read it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import distinct_on

from hub_api import clock, reads
from hub_api.audit import service as audit
from hub_api.errors import NotFound
from hub_api.packs import policy
from hub_api.packs.models import PackSection
from hub_api.packs.policy import CHILD
from hub_api.reads import ASKING, parameter
from hub_api.sleepovers import service as sleepovers

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from hub_api.access import Actor
    from hub_api.reads import Row

_CHILD_ID = parameter("child_id", sa.Uuid())
SECTION_COLUMNS = (
    PackSection.id,
    PackSection.section,
    PackSection.version,
    PackSection.says,
    PackSection.content,
    PackSection.confirmed_on,
    PackSection.written_at,
    PackSection.written_by,
)


def newest_sections(child_id: Any) -> sa.Subquery:
    """The version that counts of each section of a child's pack."""
    return (
        sa.select(*SECTION_COLUMNS)
        .where(PackSection.child_id == child_id)
        .ext(distinct_on(PackSection.section))
        .order_by(PackSection.section, PackSection.version.desc())
        .subquery("newest")
    )


def _pack() -> reads.Select:
    """A row for each section of a pack, at least one, with the child beside it."""
    newest = newest_sections(_CHILD_ID)
    child = CHILD.child_id.table
    return (
        sa.select(
            CHILD.child_id,
            CHILD.household_id,
            CHILD.constellation_id,
            CHILD.first_name,
            CHILD.age,
            CHILD.gender,
            *newest.c,
        )
        .select_from(child.outerjoin(newest, sa.true()))
        .where(CHILD.child_id == _CHILD_ID, policy.visible_to(ASKING))
    )


PACK = reads.Query(_pack)


def instants() -> dict[str, datetime]:
    """What `policy.visible_to()` goes by: the clock."""
    return {"now": clock.now(), **sleepovers.hub_window()}


def find_pack(actor: Actor, child_id: UUID) -> list[Row]:
    """A pack as it is stored, and nothing opened of it. Raises `NotFound`."""
    rows = PACK.rows(actor, child_id=child_id, **instants())
    if not rows:
        raise NotFound
    return rows


def note_reading(actor: Actor, action: str, child_id: UUID, constellation_id: UUID) -> None:
    """Write down who reads what of a child. Where that can't be, nothing is read."""
    audit.record(
        action, actor_id=actor.account_id, subject_id=child_id, constellation_id=constellation_id
    )
