"""Changes that a slice announces as it makes them, so that slices above it may refuse or act.

A slice knows those below it and never those above (architecture.md, section 2). Yet a night with a
guest must not be blocked, and a family with a stay ahead must not move: whoever knows of the stay
listens to the change and raises `Conflict`, or a task where it must never be refused. Changes are
small frozen dataclasses in the announcing slice's `changes.py`, where each says whether its rows
are written by then; a refusal undoes them. Listeners are in the `guards.py` of those
above.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

Change = TypeVar("Change")

_listeners: dict[type[Any], list[Callable[[Any], None]]] = defaultdict(list)


def on(
    kind: type[Change],
) -> Callable[[Callable[[Change], None]], Callable[[Change], None]]:
    """Have a function called at every change of this kind; what it raises prevents it."""

    def register(listener: Callable[[Change], None]) -> Callable[[Change], None]:
        _listeners[kind].append(listener)
        return listener

    return register


def announce(change: object) -> None:
    """Ask everybody who listens. The caller holds whatever lock keeps the answer true.

    Raises `RuntimeError` where nobody does: then the process has not imported `hub_api.guards`, and
    the change would be made unasked.
    """
    listeners = _listeners[type(change)]
    if not listeners:
        raise RuntimeError(f"Nobody listens to {type(change).__name__}: import hub_api.guards.")
    for listener in listeners:
        listener(change)
