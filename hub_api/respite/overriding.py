"""Setting a check aside for one request: by the one role that may, with a reason, for a time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hub_api import clock
from hub_api.constellations import service as constellations
from hub_api.encryption import Ciphertext
from hub_api.errors import Conflict, Forbidden, Invalid
from hub_api.reads import Page
from hub_api.respite import policy, queries, requests
from hub_api.respite.models import WAITING
from hub_api.sleepovers import checks
from hub_api.sleepovers import service as sleepovers

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

    from hub_api.access import Actor
    from hub_api.reads import PageArgs, Row
    from hub_api.respite.models import RespiteRequest
    from hub_api.sleepovers.checks import Pairs


def override_check(
    actor: Actor,
    request_id: UUID,
    seen_version: int,
    code: str,
    reason: str,
    expires_at: datetime | None,
) -> Row:
    """Set a check aside that stands in a waiting request's way.

    It holds until the stay's departure, or until `expires_at` before that. Raises `NotFound`,
    `Forbidden` for a role that may not, `StaleVersion`, `Invalid` for an expiry that is no use, and
    `Conflict` when nobody is to answer any more or the check is not in the way.
    """
    request = requests.find(actor, request_id)
    role = checks.OVERRIDABLE[code]
    if not policy.can_override(actor, _whose(request, code), role):
        raise Forbidden
    requests.lock(request, seen_version)
    request.refuse_unless(*WAITING)
    check = _in_the_way(request, code)
    override_id = add(actor, request, code, reason, _until(request, expires_at), check.pairs)
    return get_override(actor, override_id)


def add(
    actor: Actor,
    request: RespiteRequest,
    code: str,
    reason: str,
    expires_at: datetime,
    pairs: Pairs = frozenset(),
) -> UUID:
    """Write an override down, its reason sealed; returns its id. It holds for these pairs alone."""
    override_id = sleepovers.set_aside(
        sleepovers.SetAside(
            constellation_id=request.constellation_id,
            request_id=request.id,
            code=code,
            reason=reason,
            about=requests.child_ids(request),
            given_by=actor.account_id,
            expires_at=expires_at,
            pairs=pairs,
        )
    )
    together = [":".join(map(str, sorted(pair))) for pair in pairs]
    requests.record(actor, request, "override", [code, *sorted(together)])
    return override_id


def _whose(request: RespiteRequest, code: str) -> UUID:
    """The constellation whose people may set a check aside: an interim hub home's leave is for its
    own to give up."""
    if code == "hub_away":
        return constellations.constellation_of_hub_home(request.hub_home_id)
    return request.constellation_id


def _in_the_way(request: RespiteRequest, code: str) -> checks.Check:
    """What doesn't block today must not be waved through when it does tomorrow."""
    found, _ = requests.examine(request)
    blocks = (check for check in checks.blocking(found) if check.override is not None)
    check = next((check for check in blocks if check.code == code), None)
    if check is None:
        raise Conflict(
            "This check isn't in the way of the request, so there is nothing to set aside.",
            code="nothing_to_override",
        )
    return check


def _until(request: RespiteRequest, expires_at: datetime | None) -> datetime:
    until = expires_at or request.departs_at
    if until > request.departs_at:
        raise Invalid(errors={"expires_at": ["Please choose a time before the stay ends."]})
    if until <= clock.now():
        raise Invalid(errors={"expires_at": ["Please choose a time that is still to come."]})
    return until


# --- reading ---------------------------------------------------------------------------------


def list_overrides(actor: Actor, request_id: UUID, page: PageArgs) -> Page:
    """What was ever set aside for a request, newest first, reasons for those who may read them.

    Raises `NotFound`.
    """
    found = queries.OVERRIDES.page(actor, page, request_id=request_id)
    if not found.rows:
        queries.REQUESTS.one(actor, request_id)
    return Page(_with_reasons(actor, found.rows), found.next_key)


def get_override(actor: Actor, override_id: UUID) -> Row:
    """One override. Raises `NotFound`."""
    return _with_reasons(actor, [queries.OVERRIDES.one(actor, override_id)])[0]


def _with_reasons(actor: Actor, rows: Sequence[Row]) -> list[Row]:
    sealed = []
    for row in rows:
        about, text = row.pop("child_ids"), row.pop("reason")
        may_read = policy.can_read_note(actor, row.pop("household_id"), row.pop("constellation_id"))
        sealed.append((row["id"], about, Ciphertext(text) if may_read else None))
    reasons = sleepovers.override_reasons(sealed)
    return [{**row, "reason": reason} for row, reason in zip(rows, reasons, strict=True)]
