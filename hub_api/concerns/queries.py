"""Reading concerns: column selects shaped like their schema."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from hub_api import reads
from hub_api.accounts import service as accounts
from hub_api.concerns import policy
from hub_api.concerns.models import Concern, ConcernAddendum, ConcernState
from hub_api.households import service as households
from hub_api.reads import ASKING


def _concerns() -> reads.Select:
    """Concerns without what was written. What came of one is for those who handle it."""
    children = households.child_summaries(
        sa.select(sa.func.unnest(Concern.child_ids)).correlate(Concern)
    )
    handled = policy.handled_through(ASKING)
    return sa.select(
        Concern.id,
        Concern.version,
        Concern.constellation_id,
        Concern.about_adult_id,
        Concern.about_account_id,
        sa.func.coalesce(
            households.name_of_adult(Concern.about_adult_id),
            accounts.name_of(Concern.about_account_id),
        ).label("about"),
        children.label("children"),
        Concern.happened_at,
        Concern.written_at,
        Concern.written_by,
        accounts.name_of(Concern.written_by).label("writer"),
        Concern.handled_by,
        sa.case(
            (Concern.outcome.is_(None), str(ConcernState.OPEN)), else_=str(ConcernState.CLOSED)
        ).label("state"),
        _for_handlers(handled, Concern.outcome).label("outcome"),
        _for_handlers(handled, Concern.referred_on).label("referred_on"),
    ).where(policy.visible_to(ASKING))


def _for_handlers(handled: sa.ColumnElement[bool], column: Any) -> sa.ColumnElement[Any]:
    return sa.case((handled, column))


def _details() -> reads.Select:
    """The same with what was written as it is stored, sealed, and from whom it is hidden."""
    return _concerns().add_columns(Concern.what_happened, Concern.child_ids, Concern.hidden_from)


def _addenda() -> reads.Select:
    return (
        sa.select(
            ConcernAddendum.id,
            ConcernAddendum.concern_id,
            ConcernAddendum.outcome,
            ConcernAddendum.referred_on,
            ConcernAddendum.words,
            ConcernAddendum.written_at,
            ConcernAddendum.written_by,
            accounts.name_of(ConcernAddendum.written_by).label("writer"),
            Concern.child_ids,
        )
        .join(Concern, Concern.id == ConcernAddendum.concern_id)
        .where(policy.addenda_visible_to(ASKING))
    )


CONCERNS = reads.Read(
    _concerns,
    key=Concern.id,
    open=Concern.outcome.is_(None),
    closed=Concern.outcome.is_not(None),
)
DETAILS = reads.Read(_details, key=Concern.id)
ADDENDA = reads.Read(
    _addenda,
    key=ConcernAddendum.id,
    concern_id=ConcernAddendum.concern_id == reads.parameter("concern_id", sa.Uuid()),
)
