"""What the consents slice announces: see `hub_api.changes`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from uuid import UUID


@dataclass(frozen=True, slots=True)
class ConsentChanged:
    """There is more or less that allows these children's nights away than there was. Announced
    after the rows are written, with the children locked, and never to be refused."""

    child_ids: frozenset[UUID]
