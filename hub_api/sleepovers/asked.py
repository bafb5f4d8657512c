"""Why a stay was asked for: the slice above knows, this one asks.

The checks judge a carer's holiday by it when a stay is to last longer. A stay keeps no copy.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from uuid import UUID

    Answer = Callable[[UUID], str]

_answers: list[Answer] = []


def knows_reasons(answer: Answer) -> Answer:
    """Have this function asked for the reason of a request, by its id."""
    _answers.append(answer)
    return answer


def reason_of(request_id: UUID) -> str:
    """Why the stays of a request were asked for. Raises `RuntimeError` when nobody knows."""
    if len(_answers) != 1:
        raise RuntimeError(f"{len(_answers)} functions know the reasons of requests, and not one.")
    return _answers[0](request_id)
