"""Checks set aside for a request and its stays: who, in which role, why, and until when."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

import sqlalchemy as sa
from uuid_utils.compat import uuid7

from hub_api import child_keys, clock, db
from hub_api.access import Role
from hub_api.sleepovers import checks
from hub_api.sleepovers.checks import Waiver
from hub_api.sleepovers.models import CheckOverride

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence
    from datetime import datetime
    from uuid import UUID

    from hub_api.encryption import Ciphertext
    from hub_api.sleepovers.checks import Pairs

check_overrides = CheckOverride.__table__
"""For the selects of the slice above: it shows them to whoever sees the request."""


@dataclass(frozen=True, slots=True)
class SetAside:
    """One check set aside for one request. The reason is about these children."""

    constellation_id: UUID
    request_id: UUID
    code: str
    reason: str
    about: Sequence[UUID]
    given_by: UUID
    expires_at: datetime
    pairs: Pairs = frozenset()
    """Where the check is about pairs of children: those it is set aside for."""


def set_aside(override: SetAside) -> UUID:
    """Write an override down, its reason sealed under the keys of its children; returns its id."""
    override_id, about = uuid7(), sorted(override.about)
    db.session().add(
        CheckOverride(
            id=override_id,
            constellation_id=override.constellation_id,
            request_id=override.request_id,
            code=override.code,
            role=checks.OVERRIDABLE[override.code],
            reason=child_keys.protect(CheckOverride.reason, override_id, about, override.reason),
            child_ids=about,
            pairs=sorted(sorted(pair) for pair in override.pairs),
            given_by=override.given_by,
            expires_at=override.expires_at,
        )
    )
    db.session().flush()
    return override_id


def overrides_in_force(request_id: UUID) -> dict[str, Waiver]:
    """The checks that are set aside for a request now: by which role, and for which pairs."""
    return overrides_of([request_id]).get(request_id, {})


def overrides_of(request_ids: Collection[UUID]) -> dict[UUID, dict[str, Waiver]]:
    """The same of several requests, at one statement."""
    found = db.session().execute(
        sa.select(
            CheckOverride.request_id, CheckOverride.code, CheckOverride.role, CheckOverride.pairs
        )
        .where(CheckOverride.request_id.in_(request_ids), CheckOverride.expires_at > clock.now())
        .order_by(CheckOverride.id)
    )
    in_force: dict[UUID, dict[str, Waiver]] = defaultdict(dict)
    for row in found:
        of_request, pairs = in_force[row.request_id], frozenset(map(frozenset, row.pairs))
        if row.code in of_request:
            pairs |= of_request[row.code].pairs
        of_request[row.code] = Waiver(Role(row.role), pairs)
    return in_force


def end_overrides(request_id: UUID) -> None:
    """End what was set aside for a request: it was for other children or other nights."""
    _end(CheckOverride.request_id == request_id)


def end_overrides_about(pair: frozenset[UUID]) -> None:
    """End what was set aside for two children: there is more to it now."""
    _end(CheckOverride.pairs.contains(sa.cast([*pair], sa.ARRAY(sa.Uuid()))))


def _end(these: sa.ColumnElement[bool]) -> None:
    now = clock.now()
    db.session().execute(
        sa.update(CheckOverride)
        .where(these, CheckOverride.expires_at > now)
        # An instant after it was given, should that have been this very moment.
        .values(
            expires_at=sa.func.greatest(
                sa.literal(now, db.UtcDateTime()),
                CheckOverride.given_at + sa.text("interval '1 microsecond'"),
            )
        )
        .execution_options(synchronize_session=False)
    )


def override_reasons(
    sealed: Sequence[tuple[UUID, Iterable[UUID], Ciphertext | None]],
) -> list[str | None]:
    """The reasons of several overrides, by id, children and ciphertext, at one statement."""
    return child_keys.reveal_all(CheckOverride.reason, sealed)
