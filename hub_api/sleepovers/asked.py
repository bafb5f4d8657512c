"""What the slices above know and this one asks: it keeps no copy of it.

Why a stay was asked for, by which the checks judge a carer's holiday when it is to last longer; and
how much of a child's pack there is, without which nobody comes.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping
    from uuid import UUID

    Answer = Callable[[UUID], str]
    PackAnswer = Callable[[Collection[UUID]], Mapping[UUID, "PackState"]]

_answers: list[Answer] = []
_kind_answers: list[Answer] = []
_pack_answers: list[PackAnswer] = []

EMERGENCY = "emergency"
"""The kind of request whose stay may begin with the minimum of a pack (domain.md, section 3)."""


class PackState(StrEnum):
    """How much of a child's pack there is."""

    COMPLETE = "complete"
    TO_CONFIRM = "to_confirm"
    """All of it, but somebody should look whether it is still right."""
    MINIMUM = "minimum"
    """Enough for an emergency to begin with."""
    LESS = "less"


def knows_reasons(answer: Answer) -> Answer:
    """Have this function asked for the reason of a request, by its id."""
    _answers.append(answer)
    return answer


def reason_of(request_id: UUID) -> str:
    """Why the stays of a request were asked for. Raises `RuntimeError` when nobody knows."""
    if len(_answers) != 1:
        raise RuntimeError(f"{len(_answers)} functions know the reasons of requests, and not one.")
    return _answers[0](request_id)


def knows_kinds(answer: Answer) -> Answer:
    """Have this function asked for the kind of a request, by its id."""
    _kind_answers.append(answer)
    return answer


def is_emergency(request_id: UUID) -> bool:
    """Whether the stays of a request are an emergency's. Raises `RuntimeError` as above."""
    if len(_kind_answers) != 1:
        raise RuntimeError(f"{len(_kind_answers)} functions know the kinds of requests.")
    return _kind_answers[0](request_id) == EMERGENCY


def knows_packs(answer: PackAnswer) -> PackAnswer:
    """Have this function asked how much there is of some children's packs."""
    _pack_answers.append(answer)
    return answer


def packs_of(child_ids: Collection[UUID]) -> Mapping[UUID, PackState]:
    """How much there is of each of these children's packs. Raises `RuntimeError` as above."""
    if len(_pack_answers) != 1:
        raise RuntimeError(f"{len(_pack_answers)} functions know packs, and not one.")
    return _pack_answers[0](child_ids)
