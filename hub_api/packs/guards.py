"""What the slices below ask about packs: how much of one there is.

Asked by `sleepovers.asked`; `hub_api.guards` imports this.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import distinct_on

from hub_api import reads
from hub_api.packs import contents
from hub_api.packs.models import PackSection
from hub_api.packs.reading import is_to_confirm
from hub_api.reads import parameter
from hub_api.sleepovers import asked
from hub_api.sleepovers.asked import PackState

if TYPE_CHECKING:
    from collections.abc import Collection
    from uuid import UUID

    from hub_api.reads import Row


def _packs() -> reads.Select:
    """The sections of each of these packs, and when the oldest of them was confirmed."""
    newest = (
        sa.select(PackSection.child_id, PackSection.section, PackSection.confirmed_on)
        .where(PackSection.child_id == sa.any_(parameter("children", sa.ARRAY(sa.Uuid()))))
        .ext(distinct_on(PackSection.child_id, PackSection.section))
        .order_by(PackSection.child_id, PackSection.section, PackSection.version.desc())
        .subquery("newest")
    )
    return sa.select(
        newest.c.child_id,
        sa.func.array_agg(newest.c.section).label("sections"),
        sa.func.min(newest.c.confirmed_on).label("confirmed_on"),
    ).group_by(newest.c.child_id)


PACKS = reads.Query(_packs)


@asked.knows_packs
def packs_of(child_ids: Collection[UUID]) -> dict[UUID, PackState]:
    """How much there is of each of these packs; nothing of one that can't be seen here."""
    found = {row["child_id"]: row for row in PACKS.rows(children=[*child_ids])}
    return {child_id: _state(found.get(child_id)) for child_id in child_ids}


def _state(pack: Row | None) -> PackState:
    there = {*pack["sections"]} if pack else set()
    if contents.missing(there, contents.MINIMUM):
        return PackState.LESS
    if contents.missing(there):
        return PackState.MINIMUM
    is_old = pack is not None and is_to_confirm(pack["confirmed_on"])
    return PackState.TO_CONFIRM if is_old else PackState.COMPLETE
