"""What happens to requests that slices above may have to act on: see `hub_api.changes`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from uuid import UUID


@dataclass(frozen=True, slots=True)
class EmergencyEnds:
    """An emergency that still waited was taken back, or nobody has answered until it was over.

    Announced under the hub home's mutex and the request's lock, once the request has its new state.
    """

    request_id: UUID
