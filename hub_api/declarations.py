"""What every route and every slice must say of itself: without it, the app does not start."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from hub_api.access import PUBLIC
from hub_api.openapi import marks

if TYPE_CHECKING:
    from collections.abc import Iterable


class UndeclaredRoute(Exception):
    """A route that says neither who may call it nor that anybody may. The app does not start."""


def refuse_undeclared_routes(app: Any) -> None:
    """Raise `UndeclaredRoute` unless every route says who may call it, and how it is replayed.

    POSTs without a login are exempt from the second: nobody is known to keep a key for.
    """
    for rule in app.url_map.iter_rules():
        declared = marks(app.view_functions[rule.endpoint])
        permission = declared.get("permission")
        view = app.view_functions[rule.endpoint]
        if permission is None:
            raise UndeclaredRoute(f"{rule.rule} declares no permission: add @blp.allow(...).")
        if permission != PUBLIC and getattr(view, "hub_guard", None) is not view:
            raise UndeclaredRoute(f"{rule.rule}: @blp.allow(...) must come right after the route.")
        methods = rule.methods or set()
        if permission != PUBLIC and "POST" in methods and "replay" not in declared:
            raise UndeclaredRoute(f"{rule.rule} can't be replayed: add replay= to @blp.response.")
        is_versioned = "if_match" in declared or "unversioned" in declared
        decides = permission != PUBLIC and "POST" in methods and "<" in rule.rule
        if (methods & {"PUT", "PATCH", "DELETE"} or decides) and not is_versioned:
            raise UndeclaredRoute(f"{rule.rule} overwrites unseen changes: add @blp.if_match.")


def refuse_undeclared_slices(blueprints: Iterable[Any]) -> None:
    """Raise `UndeclaredRoute` unless each slice's policy says who sees its rows."""
    for blueprint in blueprints:
        policy = import_module(f"{blueprint.import_name.rpartition('.')[0]}.policy")
        if not callable(getattr(policy, "visible_to", None)):
            raise UndeclaredRoute(f"{policy.__name__} has no visible_to().")
