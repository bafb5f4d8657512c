"""Changes that a slice announces before it makes them, so that slices above it may refuse.

A slice knows those below it and never those above (architecture.md, section 2). Yet a night with a
guest must not be blocked, and a family with a stay ahead must not move: whoever knows of the stay
listens to the change and raises `Conflict`. Changes are small frozen dataclasses in the announcing
slice's `changes.py`; listeners are in the `guards.py` of those above.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

Change = TypeVar("Change")

_listeners: dict[type[Any], list[Callable[[Any], None]]] = defaultdict(list)


def before(kind: type[Change]) -> Callable[[Callable[[Change], None]], Callable[[Change], None]]:
    """Have a function called before every change of this kind; what it raises prevents it."""

    def register(listener: Callable[[Change], None]) -> Callable[[Change], None]:
        _listeners[kind].append(listener)
        return listener

    return register


def announce(change: object) -> None:
    """Ask everybody who listens. The caller holds whatever lock keeps the answer true."""
    for listener in _listeners[type(change)]:
        listener(change)
